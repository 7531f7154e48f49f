"""What Google is told of a stack."""

import pulumi

from components.config import SecretName
from components.config.monitoring import Alerts, GoogleMonitoring, PagerDuty, Webhook
from components.contracts import Flow
from components.monitoring.exporters import TARGETS
from components.monitoring.google.component import GoogleMonitor, GoogleMonitorArgs
from components.monitoring.google.managed import BackupPlan, Database, LoadBalancer, Managed
from components.monitoring.names import KUBE_STATE_METRICS
from tests.monitoring.watched import MAIL, NAMESPACE, watched_by
from tests.program import ROOT, SENTINEL, Evaluation, registered

PREFIX, PROJECT, DOMAIN = "kotaemon-prod", "my-project", "rag.example.com"
SOMEBODY = Alerts(pagerduty=PagerDuty(), mail=MAIL, webhook=Webhook(), repeat_hours=48)
DATABASE = Database(name="kotaemon-prod-postgres-0123abc", connections=200, standby=True)
ARMOR, PLAN = "kotaemon-prod-armor-0123abc", "kotaemon-prod-0123abc"
ERRORS = f"logging.googleapis.com/user/{PREFIX}-errors"
MANAGED = Managed(
    database=DATABASE,
    load_balancer=LoadBalancer(gateway="edge", armor=ARMOR),
    errors=ERRORS,
    backup_plan=BackupPlan(name=PLAN, schedule="0 3 * * *"),
)
EXPORTERS = tuple(target for job, target in TARGETS.items() if job != KUBE_STATE_METRICS)


def settings_of(alerts: Alerts = SOMEBODY, *, minimal: bool = False) -> GoogleMonitoring:
    """The stack's file's part."""
    return GoogleMonitoring(kind="google", alerts=alerts, minimal=minimal)


def monitored(
    settings: GoogleMonitoring | None = None,
    *,
    domain: str | None = DOMAIN,
    managed: Managed = MANAGED,
    preview: bool = False,
) -> tuple[Evaluation, tuple[Flow, ...]]:
    """What is registered, and the flows."""
    watching = settings or settings_of()
    flows: list[Flow] = []

    def program() -> None:
        made = GoogleMonitor(
            "monitoring",
            GoogleMonitorArgs(
                settings=watching,
                definition=watched_by(watching),
                namespace=NAMESPACE,
                exporters=EXPORTERS,
                supplied={
                    name: pulumi.Output.secret(f"{SENTINEL}-{name.value}")
                    for name in (SecretName.PAGERDUTY, SecretName.ALERT_WEBHOOK)
                },
                prefix=PREFIX,
                project=PROJECT,
                project_id=PROJECT,
                domain=domain,
                managed=managed,
                root=ROOT,
            ),
        )
        flows.extend(made.flows)

    return registered(program, stack="prod", preview=preview), tuple(flows)
