"""Who is told by Google: notification channels from the same settings.

Google sends by itself, so a mail server and who a mail comes from aren't asked for. What it can't do is refused in
the configuration (components/config/rules/google_alerts.py).
Source: docs.cloud.google.com/monitoring/support/notification-options.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_gcp as gcp

from components.config import SecretName
from components.config.monitoring import Alerts
from components.signals.model import Severity


@dataclass(frozen=True, kw_only=True)
class Channels:
    """Everybody who is told, by the names of their channels."""

    pagerduty: tuple[pulumi.Output[str], ...]
    mail: tuple[pulumi.Output[str], ...]
    webhook: tuple[pulumi.Output[str], ...]

    def of(self, severity: Severity) -> list[pulumi.Input[str]]:
        """Pages go to all, tickets to all but PagerDuty."""
        paged = self.pagerduty if severity is Severity.PAGE else ()
        return [*paged, *self.mail, *self.webhook]


def channels(
    alerts: Alerts,
    supplied: Mapping[SecretName, pulumi.Output[str]],
    *,
    stack: str,
    prefix: str,
    project: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> Channels:
    """Register a channel for each receiver; `supplied` are the secrets of the stack's file."""

    def channel(
        name: str,
        kind: str,
        title: str,
        labels: Mapping[str, pulumi.Input[str]],
        sensitive: gcp.monitoring.NotificationChannelSensitiveLabelsArgs | None = None,
    ) -> pulumi.Output[str]:
        return gcp.monitoring.NotificationChannel(
            f"{prefix}-{name}",
            project=project,
            type=kind,
            display_name=f"Kotaemon {stack}: {title}",
            labels=dict(labels),
            sensitive_labels=sensitive,
            opts=opts,
        ).name

    pagerduty, webhook = [], []
    if alerts.pagerduty is not None:
        key = gcp.monitoring.NotificationChannelSensitiveLabelsArgs(
            service_key=supplied[SecretName.PAGERDUTY]
        )
        pagerduty.append(channel("pagerduty", "pagerduty", "PagerDuty", {}, key))
    if alerts.webhook is not None:
        # Google shows the URL to whoever may see the project's channels.
        url = supplied[SecretName.ALERT_WEBHOOK]
        webhook.append(channel("webhook", "webhook_tokenauth", "a webhook", {"url": url}))
    return Channels(
        pagerduty=tuple(pagerduty),
        mail=tuple(
            channel(f"mail-{address}", "email", address, {"email_address": address})
            for address in (alerts.mail.to if alerts.mail else ())
        ),
        webhook=tuple(webhook),
    )
