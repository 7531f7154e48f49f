"""Definitions for each way of watching, and what the whole set of receivers needs."""

from components.config import SecretName
from components.config.monitoring import Alerts, DeadMansSwitch, Mail, MailServer, PagerDuty, Slack, Webhook
from components.contracts import SecretRef
from components.monitoring.definition import Definition, Watching, define
from tests.monitoring.rules.definitions import NAMESPACE, SCOPE, builtin

__all__ = ["EVERYBODY", "MAIL", "NAMESPACE", "SECRETS", "watched_by"]
SMTP = MailServer(sender="rag@example.com", host="smtp.example.com")
MAIL = Mail(to=("ops@example.com", "boss@example.com"), server=SMTP)
EVERYBODY = Alerts(
    slack=Slack(channel="#kotaemon"),
    pagerduty=PagerDuty(eu=True),
    mail=Mail(to=MAIL.to, server=SMTP.model_copy(update={"username": "rag"})),
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


def watched_by(watching: Watching, *, stack: str = "prod") -> Definition:
    """A stack with a component of each kind."""
    return define(stack=stack, scope=SCOPE, watches=builtin().watches, watching=watching, production=True)
