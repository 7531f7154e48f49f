"""Definitions whose alerts go to some receivers, and programs of the images' versions."""

from dataclasses import replace
from pathlib import Path

from components.config.monitoring import (
    Alerts,
    BuiltinMonitoring,
    DeadMansSwitch,
    Mail,
    MailServer,
    PagerDuty,
    Slack,
    Webhook,
)
from components.monitoring.definition import Definition
from sandbox import build
from tests.monitoring.rules.definitions import builtin

SLACK = Slack(channel="#kotaemon")
MAIL = Mail(
    to=("ops@example.com", "boss@example.com"),
    server=MailServer(sender="kotaemon@example.com", host="mail.example.com"),
)
EVERYBODY = Alerts(
    slack=SLACK,
    pagerduty=PagerDuty(eu=True),
    mail=Mail(
        to=MAIL.to,
        server=MailServer(sender="kotaemon@example.com", host="mail.example.com", username="kotaemon"),
    ),
    webhook=Webhook(),
    dead_mans_switch=DeadMansSwitch(),
)


def telling(alerts: Alerts) -> Definition:
    """A stack whose alerts go to these."""
    return replace(builtin(), watching=BuiltinMonitoring(kind="builtin", alerts=alerts))


def program(name: str) -> Path:
    """A program of the image's version, built where it isn't yet."""
    return build.ensure([name])[name]
