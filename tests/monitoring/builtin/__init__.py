"""The stack's own Prometheus, Alertmanager and Grafana, and the exporters."""
