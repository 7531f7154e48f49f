"""What watching needs: a window that is kept, and a cloud where it is the cloud's."""

from collections.abc import Iterator

from components.config.google import ExistingCluster
from components.config.logs import GoogleLogs
from components.config.monitoring import BuiltinMonitoring, GoogleMonitoring, NoMonitoring
from components.config.problems import Problem, set_command

from .rule import Stack, problem


def window(stack: Stack) -> Iterator[Problem]:
    """An objective is judged over series that are still there."""
    monitoring = stack.settings.monitoring
    if isinstance(monitoring, BuiltinMonitoring) and monitoring.retention_days < monitoring.objectives.days:
        yield problem(
            "monitoring.retentionDays",
            monitoring.retention_days,
            f"must be at least {monitoring.objectives.days}, the window of the objectives "
            "(kotaemon:monitoring.objectives.days)",
            set_command("monitoring.retentionDays", monitoring.objectives.days),
            "monitoring.objectives.days",
        )


def mail_server(stack: Stack) -> Iterator[Problem]:
    """Alertmanager has no mail server of its own."""
    monitoring = stack.settings.monitoring
    if isinstance(monitoring, NoMonitoring | GoogleMonitoring) or monitoring.alerts.mail is None:
        return
    if monitoring.alerts.mail.server is None:
        yield problem(
            "monitoring.alerts.mail.server",
            None,
            "is missing: the mail server that takes Alertmanager's mails, and whom they come from",
            set_command("monitoring.alerts.mail.server.host", "smtp.example.com"),
            "monitoring.kind",
        )


def on_google(stack: Stack) -> Iterator[Problem]:
    """Google watches and keeps what runs on its clusters."""
    settings = stack.settings
    for key, section, instead in (
        ("monitoring", isinstance(settings.monitoring, GoogleMonitoring), "builtin"),
        ("logs", isinstance(settings.logs, GoogleLogs), "fluent-bit"),
    ):
        if section and isinstance(settings.cluster, ExistingCluster):
            yield problem(
                f"{key}.kind",
                "google",
                "needs a cluster of Google's that the stack knows as one: kotaemon:cluster of kind gke or "
                f"gke-existing; elsewhere {instead} serves",
                set_command(f"{key}.kind", instead),
                "cluster",
            )
