"""What Google measures by itself of what it runs for a stack: alerts and a board on metrics that nobody scrapes.

Source: docs.cloud.google.com/monitoring/promql/promql-mapping.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pulumi

from components.monitoring.dashboards import Board
from components.monitoring.definition import Group
from components.signals.model import Alert


@dataclass(frozen=True, kw_only=True)
class Signals:
    """What its metrics tell."""

    group: Group
    """What the alerts' policies say of where they come from."""
    alerts: tuple[Alert, ...]
    board: Board | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """Something that Google measures, whose name only Google knows before it is made."""

    name: pulumi.Input[str]
    signals: Callable[[str], Signals]
    """By its name; which alerts and panels there are doesn't depend on it."""


def series(metric: str, resource: str, *matchers: str) -> str:
    """A metric, by its path after `googleapis.com`'s service: `loadbalancing/https/request_count`."""
    service, _, path = metric.partition("/")
    name = f"{service}_googleapis_com:{re.sub(r'[^A-Za-z0-9_]', '_', path)}"
    chosen = ",".join((f'monitored_resource="{resource}"', *matchers))
    return f"{name}{{{chosen}}}"
