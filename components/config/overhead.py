"""What those who watch request. No keys of a stack's file, but they count in the namespace's quota."""

from .section import Resources

EXPORTER = Resources(cpu="10m", memory="32Mi", cpu_limit="200m", memory_limit="96Mi")
"""The prober, and each database's exporter."""
KUBE_STATE_METRICS = Resources(cpu="10m", memory="64Mi", cpu_limit="200m", memory_limit="192Mi")
ALERTMANAGER = Resources(cpu="10m", memory="64Mi", cpu_limit="200m", memory_limit="192Mi")
ALERTMANAGER_VOLUME = "1Gi"
"""Silences, and whom it has told already."""
GRAFANA = Resources(cpu="50m", memory="192Mi", cpu_limit="500m", memory_limit="512Mi")
