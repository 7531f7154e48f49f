"""Watching by Google Cloud: managed Prometheus, alert policies, an uptime check."""
