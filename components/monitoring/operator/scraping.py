"""What the operator's Prometheus reads, and who is asked: PodMonitors and Probes from the one definition.

Series get the labels that the stack's own Prometheus would give them, since the rules go by them.
"""

import pulumi

from components.contracts import Endpoint, Flow, Peer
from components.monitoring.builtin.prometheus import OF_PROBES
from components.monitoring.names import PROBES
from components.monitoring.probes import PATIENCE
from components.signals.model import Probe, Scope, ScrapeTarget, span

from .kinds import (
    Authorization,
    NamespaceSelector,
    PodEndpoint,
    PodMonitorSpec,
    Prober,
    ProbeSpec,
    ProbeTargets,
    Relabeling,
    Selector,
    StaticTargets,
    secret_key,
)

_SCRAPE_TIMEOUT = "10s"
# Who gives up before the prober does sees nothing of a slow answer.
_PROBE_TIMEOUT = f"{round(PATIENCE.total_seconds()) + 2}s"


def pod_monitor_spec(target: ScrapeTarget, scope: Scope) -> PodMonitorSpec:
    """A page of metrics that pods serve; the operator itself adds `namespace` and `pod`."""
    endpoint = PodEndpoint(
        port=target.port_name,
        path=target.path,
        interval=span(target.interval),
        scrapeTimeout=_SCRAPE_TIMEOUT,
        relabelings=[
            Relabeling(action="replace", targetLabel="job", replacement=target.job),
            _copied("__meta_kubernetes_pod_label_app_kubernetes_io_name", "component"),
            # Not its address, which changes whenever it starts again.
            _copied("__meta_kubernetes_pod_name", "instance"),
        ],
    )
    if target.bearer is not None:
        endpoint["authorization"] = Authorization(type="Bearer", credentials=secret_key(target.bearer))
    if target.keep:
        endpoint["metricRelabelings"] = [_keep(target.keep)]
    spec = PodMonitorSpec(selector=Selector(matchLabels=dict(target.pods)), podMetricsEndpoints=[endpoint])
    if target.namespace is not None:
        spec["namespaceSelector"] = NamespaceSelector(matchNames=[target.namespace])
        endpoint["relabelings"].append(
            Relabeling(action="replace", targetLabel="namespace", replacement=scope.namespace)
        )
    return spec


def probe_spec(
    probe: Probe, component: str, scope: Scope, prober: Endpoint, namespace: pulumi.Input[str]
) -> ProbeSpec:
    """A question, asked by the prober's Service in the stack's namespace."""
    return ProbeSpec(
        jobName=PROBES,
        prober=Prober(
            url=pulumi.Output.concat(prober.host, ".", namespace, f".svc:{prober.port}"), path="/probe"
        ),
        module=probe.module.value,
        interval=span(probe.interval),
        scrapeTimeout=_PROBE_TIMEOUT,
        targets=ProbeTargets(
            staticConfig=StaticTargets(
                static=[probe.target],
                labels={
                    "namespace": scope.namespace,
                    "component": component,
                    "probe": probe.name,
                    "part": probe.part,
                    "essential": str(probe.essential).lower(),
                },
            )
        ),
        metricRelabelings=[_keep(OF_PROBES)],
    )


def flows(targets: tuple[ScrapeTarget, ...], namespace: str) -> tuple[Flow, ...]:
    """From the namespace of the operator's Prometheus to the pods that it reads; asking the prober is one of them."""
    return tuple(
        Flow(
            name=f"{namespace}-to-{target.job}",
            origins=(Peer(namespace=namespace),),
            destination=Peer(labels=target.pods),
            ports=(target.port,),
        )
        for target in targets
        if target.namespace is None  # elsewhere, whoever made the namespace lets them in
    )


def _copied(source: str, label: str) -> Relabeling:
    return Relabeling(action="replace", sourceLabels=[source], targetLabel=label)


def _keep(patterns: tuple[str, ...]) -> Relabeling:
    return Relabeling(action="keep", sourceLabels=["__name__"], regex="|".join(patterns))
