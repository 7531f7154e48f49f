"""Prometheus, Alertmanager and Grafana of the stack's own, in its namespace."""
