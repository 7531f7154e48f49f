"""Definitions for each way of watching, and what the whole set of receivers needs."""

from components.config import SecretName
from components.config.monitoring import Alerts, DeadMansSwitch, Mail, PagerDuty, Slack, Webhook
from components.contracts import SecretRef
from components.monitoring.definition import Definition, Watching, define
from components.signals.model import Scope
from tests.monitoring.dashboards.definitions import watches

NAMESPACE = "kotaemon-prod"
MAIL = Mail(to=("ops@example.com", "boss@example.com"), sender="rag@example.com", host="smtp.example.com")
EVERYBODY = Alerts(
    slack=Slack(channel="#kotaemon"),
    pagerduty=PagerDuty(eu=True),
    mail=MAIL.model_copy(update={"username": "rag"}),
    webhook=Webhook(resolved=False),
    dead_mans_switch=DeadMansSwitch(minutes=5),
)
SECRETS = {
    name: SecretRef(name="supplied", key=name.value)
    for name in (
        SecretName.SLACK_WEBHOOK,
        SecretName.PAGERDUTY,
        SecretName.SMTP,
        SecretName.ALERT_WEBHOOK,
        SecretName.DEAD_MANS_SWITCH,
    )
}


def watched_by(watching: Watching, *, stack: str = "prod", namespace: str = NAMESPACE) -> Definition:
    """A stack with a component of each kind."""
    scope = Scope(namespace=namespace)
    return define(stack=stack, scope=scope, watches=watches(scope), watching=watching, production=True)
