"""What fires now, and where its runbook is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from components.monitoring.names import WATCHDOG

from .model import Line, Mark, words
from .series import Firing, Prometheus

RUNBOOKS = "docs/runbooks/"
PAGE, TICKET = "page", "ticket"


@dataclass(frozen=True, kw_only=True)
class Alert:
    """An alert of the stack's that fires, for one thing or for several."""

    name: str
    severity: str
    summary: str
    runbook: str
    """The page's path in the project, or its address."""
    since: datetime | None
    """When it began; of several the earliest."""
    series: int
    """For how many things it fires."""

    def line(self, now: datetime) -> Line:
        """As people read it."""
        since = f", for {words(now - self.since)}" if self.since else ""
        several = f", {self.series} of them" if self.series > 1 else ""
        summary = f": {self.summary}" if self.summary else ""
        return Line(
            mark=Mark.BAD if self.severity == PAGE else Mark.LOOK,
            name="Alert",
            found=f"{self.name} ({self.severity}{since}{several}){summary}",
            advice=(self.runbook,) if self.runbook else (),
        )


def ask(prometheus: Prometheus, stack: str, namespace: str) -> tuple[Alert, ...]:
    """The stack's alerts that fire, pages first, then the oldest. Raises NotKnownError."""
    return grouped([one for one in prometheus.firing() if ours(one, stack, namespace)])


def ours(alert: Firing, stack: str, namespace: str) -> bool:
    """Whether it is this stack's, as others' may be in the same Prometheus; and no sign of life."""
    labels = alert.labels
    return (
        alert.name != WATCHDOG
        and alert.severity in (PAGE, TICKET)
        and labels.get("stack") == stack
        and labels.get("namespace", namespace) == namespace
    )


def grouped(firing: Sequence[Firing]) -> tuple[Alert, ...]:
    """One for each name."""
    names = dict.fromkeys(alert.name for alert in firing)
    found = [_alert([alert for alert in firing if alert.name == name]) for name in names]
    return tuple(
        sorted(found, key=lambda one: (one.severity != PAGE, one.since.timestamp() if one.since else 0))
    )


def _alert(same: Sequence[Firing]) -> Alert:
    page = next((one.runbook for one in same if one.runbook), "")
    times = [one.since for one in same if one.since]
    at = page.find(RUNBOOKS)
    return Alert(
        name=same[0].name,
        severity=PAGE if any(one.severity == PAGE for one in same) else TICKET,
        summary=same[0].summary,
        runbook=page if at < 0 else page[at:],
        since=min(times) if times else None,
        series=len(same),
    )
