"""What collects the components' signals: metrics, objectives, alerts, dashboards."""
