"""What the operator is told of a stack."""

from components.config.monitoring import Alerts, OperatorMonitoring
from components.contracts import Endpoint, Flow, Peer
from components.kubernetes import selector
from components.monitoring.exporters import TARGETS
from components.monitoring.names import BLACKBOX, KUBE_STATE_METRICS
from components.monitoring.operator.component import OperatorMonitor, OperatorMonitorArgs
from tests.monitoring.watched import EVERYBODY, NAMESPACE, SECRETS, watched_by
from tests.program import Evaluation, registered

LABELS = {"release": "kube-prometheus-stack"}
PROBER = Endpoint(host=BLACKBOX, port=9115, peer=Peer(labels=selector(BLACKBOX)))
EXPORTERS = tuple(target for job, target in TARGETS.items() if job != KUBE_STATE_METRICS)


def monitored(
    *, alerts: Alerts = EVERYBODY, minimal: bool = False, stack: str = "prod"
) -> tuple[Evaluation, tuple[Flow, ...]]:
    """What is registered, and the flows."""
    settings = OperatorMonitoring(
        kind="operator", labels=LABELS, namespace="observability", alerts=alerts, minimal=minimal
    )
    flows: list[Flow] = []

    def program() -> None:
        made = OperatorMonitor(
            "monitoring",
            OperatorMonitorArgs(
                settings=settings,
                definition=watched_by(settings, stack=stack),
                namespace=NAMESPACE,
                exporters=EXPORTERS,
                prober=PROBER,
                secrets=SECRETS,
            ),
        )
        flows.extend(made.flows)

    return registered(program), tuple(flows)
