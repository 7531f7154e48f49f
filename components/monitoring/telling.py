"""How people are told of alerts, whoever sends the messages: the stack's own Alertmanager or an operator's."""

from dataclasses import dataclass
from datetime import timedelta

from components.config.monitoring import Alerts, DeadMansSwitch
from components.signals.model import Severity

NOBODY, PAGES, TICKETS, SWITCH = "nobody", "pages", "tickets", "dead-mans-switch"
"""Receivers."""
PAGERDUTY_EU = "https://events.eu.pagerduty.com/v2/enqueue"
TICK = timedelta(seconds=30)
"""How often the sign of life is looked at."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """What becomes of the alerts of one severity."""

    severity: Severity
    receiver: str
    wait: timedelta
    """Before the first message, for what belongs to it."""
    interval: timedelta
    """Before the next, when something joins."""
    repeat: timedelta
    """Until it is told again, while it lasts."""


def ways(alerts: Alerts) -> tuple[Way, ...]:
    """Pages at once, and again as often as asked for; tickets in peace, and at most once a day."""
    repeat = timedelta(hours=alerts.repeat_hours)
    return (
        Way(
            severity=Severity.PAGE,
            receiver=PAGES,
            wait=timedelta(seconds=15),
            interval=timedelta(minutes=2),
            repeat=repeat,
        ),
        Way(
            severity=Severity.TICKET,
            receiver=TICKETS,
            wait=timedelta(minutes=2),
            interval=timedelta(minutes=15),
            repeat=max(repeat, timedelta(days=1)),
        ),
    )


def sign_of_life(switch: DeadMansSwitch) -> timedelta:
    """Between two signs: looked at once a tick, so a tick less, and it is never later than promised."""
    return timedelta(minutes=switch.minutes) - TICK


def slack_colour(severity: Severity) -> str:
    """A template of Alertmanager's: of the alert while it fires, green when it is over."""
    colour = "danger" if severity is Severity.PAGE else "warning"
    return f'{{{{ if eq .Status "firing" }}}}{colour}{{{{ else }}}}good{{{{ end }}}}'
