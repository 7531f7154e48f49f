"""What Google's notification channels can't do: each receiver that wouldn't hear is refused with what does."""

from collections.abc import Iterator

from components.config.monitoring import Alerts, GoogleMonitoring
from components.config.problems import Problem, remove_command, set_command
from components.config.secret_names import SecretName

from .rule import Stack, problem

_ALERTS = "monitoring.alerts"


def google_alerts(stack: Stack) -> Iterator[Problem]:
    """Google's own channels, by the values that are in the stack's file."""
    monitoring = stack.settings.monitoring
    if not isinstance(monitoring, GoogleMonitoring):
        return
    alerts = monitoring.alerts
    yield from _cannot(alerts)
    for name, path, used in (
        (SecretName.PAGERDUTY, "pagerduty", alerts.pagerduty is not None),
        (SecretName.ALERT_WEBHOOK, "webhook", alerts.webhook is not None),
    ):
        named = next(
            (
                section
                for section, there in (
                    ("secrets", stack.settings.secrets),
                    ("secretManager", stack.settings.secret_manager),
                )
                if name in there
            ),
            None,
        )
        if used and named is not None:
            yield problem(
                f"{named}.{name}",
                None,
                f"must be in the stack's file instead, encrypted: Google is told the value itself for "
                f"kotaemon:{_ALERTS}.{path}, and reads no Secret",
                remove_command(f"{named}.{name}"),
                "monitoring.kind",
            )


def _cannot(alerts: Alerts) -> Iterator[Problem]:
    if alerts.slack is not None:
        yield problem(
            f"{_ALERTS}.slack",
            None,
            "can't be had by a webhook from Google, which signs in to Slack by a browser. The channel's own e-mail "
            f"address (Slack: Integrations, Send emails to this channel) as kotaemon:{_ALERTS}.mail reaches it, too",
            remove_command(f"{_ALERTS}.slack"),
            "monitoring.kind",
        )
    if alerts.dead_mans_switch is not None:
        yield problem(
            f"{_ALERTS}.deadMansSwitch",
            None,
            "can't be had with kotaemon:monitoring of kind google: an alert policy calls nobody while all is well. "
            "Google's alerting isn't in the cluster; it tells by itself when nothing comes from there any more",
            remove_command(f"{_ALERTS}.deadMansSwitch"),
            "monitoring.kind",
        )
    if alerts.pagerduty is not None and alerts.pagerduty.eu:
        yield problem(
            f"{_ALERTS}.pagerduty.eu",
            True,
            "must be false: Google's channel has no setting for PagerDuty's European region, whose keys the other one "
            f"doesn't take. PagerDuty's e-mail integration as kotaemon:{_ALERTS}.mail reaches it",
            set_command(f"{_ALERTS}.pagerduty.eu", False),
            "monitoring.kind",
        )
    if alerts.mail is not None and alerts.mail.server is not None:
        yield problem(
            f"{_ALERTS}.mail.server",
            None,
            "isn't used: Google sends mails by itself, from an address of its own",
            remove_command(f"{_ALERTS}.mail.server"),
            "monitoring.kind",
        )
    if alerts.webhook is not None and not alerts.webhook.resolved:
        yield problem(
            f"{_ALERTS}.webhook.resolved",
            False,
            "must be true: Google tells the end of an incident to all who heard of its beginning",
            set_command(f"{_ALERTS}.webhook.resolved", True),
            "monitoring.kind",
        )
