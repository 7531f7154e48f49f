"""What is rendered from a definition, read back."""

from typing import Any

import yaml

from components.monitoring.builtin.alertmanager import alertmanager_file
from components.monitoring.builtin.prometheus import prometheus_file
from components.monitoring.definition import Definition


def prometheus_settings(definition: Definition, *, pace: float = 1) -> Any:
    """Prometheus' settings."""
    return yaml.safe_load(prometheus_text(definition, pace=pace))


def prometheus_text(definition: Definition, *, pace: float = 1) -> str:
    """Prometheus' file, with the probes' targets known."""
    return prometheus_file(definition, [str(probe.target) for probe in definition.probes], pace=pace)


def alertmanager_settings(definition: Definition, *, pace: float = 1) -> Any:
    """Alertmanager's settings."""
    return yaml.safe_load(alertmanager_file(definition, pace=pace))
