"""What managed Prometheus reads: a PodMonitoring for each job, and one for each question.

It has no kind for probes, and takes no two endpoints of one port in one PodMonitoring, so each question has its
own; their series' `job` is that one's name, and no rule goes by it.
Source: docs.cloud.google.com/stackdriver/docs/managed-prometheus/setup-managed.
"""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes import meta, rbac

from components.contracts import Flow, Peer, SecretRef
from components.kubernetes import labels
from components.monitoring.builtin.prometheus import OF_PROBES
from components.monitoring.exporters import TARGETS
from components.monitoring.names import BLACKBOX, PROBES
from components.monitoring.probes import PATIENCE
from components.signals.model import Probe, ScrapeTarget, span

from .kinds import (
    Authorization,
    Credentials,
    Endpoint,
    PodMonitoringSpec,
    Relabeling,
    SecretKey,
    Selector,
    TargetLabels,
)

COLLECTORS = ("gmp-system", "gke-gmp-system")
"""Where Google's collectors run: the second on Autopilot and on newer clusters."""
_ACCOUNT = "collector"
_TIMEOUT = "10s"
# Who gives up before the prober does sees nothing of a slow answer.
_PROBE_TIMEOUT = f"{round(PATIENCE.total_seconds()) + 2}s"


def target_spec(target: ScrapeTarget) -> PodMonitoringSpec:
    """A page of metrics that pods serve."""
    endpoint = Endpoint(
        port=target.port_name, path=target.path, interval=span(target.interval), timeout=_TIMEOUT
    )
    if target.bearer is not None:
        secret = SecretKey(name=target.bearer.name, key=target.bearer.key)
        endpoint["authorization"] = Authorization(type="Bearer", credentials=Credentials(secret=secret))
    if target.keep:
        endpoint["metricRelabeling"] = [_keep(target.keep)]
    return _spec(target.pods, endpoint)


def probe_name(probe: Probe) -> str:
    """The question's PodMonitoring."""
    return f"{PROBES}-{probe.name}"


def probe_spec(probe: Probe, component: str) -> PodMonitoringSpec:
    """A question; what the prober would be told by Prometheus' relabeling stands in the address here."""
    prober = TARGETS[BLACKBOX]
    return _spec(
        prober.pods,
        Endpoint(
            port=prober.port_name,
            path="/probe",
            interval=span(probe.interval),
            timeout=_PROBE_TIMEOUT,
            params={"module": [probe.module.value], "target": [probe.target]},
            metricRelabeling=[
                _keep(OF_PROBES),
                *(
                    Relabeling(action="replace", targetLabel=label, replacement=value)
                    for label, value in (
                        ("component", component),
                        ("probe", probe.name),
                        ("part", probe.part),
                        ("essential", str(probe.essential).lower()),
                    )
                ),
            ],
        ),
    )


def _spec(pods: Mapping[str, str], endpoint: Endpoint) -> PodMonitoringSpec:
    return PodMonitoringSpec(
        selector=Selector(matchLabels=dict(pods)),
        endpoints=[endpoint],
        targetLabels=TargetLabels(metadata=["pod", "container"]),
    )


def _keep(patterns: tuple[str, ...]) -> Relabeling:
    return Relabeling(action="keep", sourceLabels=["__name__"], regex="|".join(patterns))


def flows(targets: tuple[ScrapeTarget, ...]) -> tuple[Flow, ...]:
    """From Google's collectors to the pods that they read; asking the prober is one of them."""
    return tuple(
        Flow(
            name=f"collectors-to-{target.job}",
            origins=tuple(Peer(namespace=namespace) for namespace in COLLECTORS),
            destination=Peer(labels=target.pods),
            ports=(target.port,),
        )
        for target in targets
    )


def may_read(
    name: str, secret: SecretRef, namespace: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> rbac.v1.RoleBinding:
    """Let Google's collectors read one Secret: they have no right to any.

    Source: the project's own end-to-end tests (e2e/authorization_test.go).
    """
    metadata = meta.v1.ObjectMetaArgs(
        name=f"collectors-of-{name}", namespace=namespace, labels=labels("monitoring")
    )
    role = rbac.v1.Role(
        f"collectors-of-{name}",
        metadata=metadata,
        rules=[
            rbac.v1.PolicyRuleArgs(
                api_groups=[""],
                resources=["secrets"],
                resource_names=[secret.name],
                verbs=["get", "list", "watch"],
            )
        ],
        opts=opts,
    )
    return rbac.v1.RoleBinding(
        f"collectors-of-{name}",
        metadata=metadata,
        role_ref=rbac.v1.RoleRefArgs(
            api_group="rbac.authorization.k8s.io", kind="Role", name=role.metadata.name
        ),
        subjects=[
            rbac.v1.SubjectArgs(kind="ServiceAccount", name=_ACCOUNT, namespace=collectors)
            for collectors in COLLECTORS
        ],
        opts=opts,
    )
