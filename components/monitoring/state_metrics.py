"""kube-state-metrics: the state of the namespace's objects as metrics, where the cluster has none that tells it."""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes import apps, core, rbac

from components import images
from components.config import overhead
from components.kubernetes import http, pod, probes, selector
from components.signals.model import ScrapeTarget

from .manifests import UID, USES_TOKEN, identity, one_pod, server, token_mount, token_volume
from .names import KUBE_STATE_METRICS as NAME

_PORT, _OWN_PORT = 8080, 8081
_METRICS, _OWN = "metrics", "own"
_STATE_OF = {
    "": ("persistentvolumeclaims", "pods", "resourcequotas"),
    "apps": ("daemonsets", "deployments", "statefulsets"),
    "autoscaling": ("horizontalpodautoscalers",),
    "batch": ("cronjobs", "jobs"),
    "policy": ("poddisruptionbudgets",),
}
"""What it tells of in the stack's namespace, by API group."""
_NODES = "nodes"

STATE_TARGET = ScrapeTarget(job=NAME, pods=selector(NAME), port=_PORT, port_name=_METRICS)


def state_spec(
    namespaces: Sequence[pulumi.Input[str]], account: pulumi.Input[str]
) -> apps.v1.DeploymentSpecArgs:
    """kube-state-metrics. Source: github.com/kubernetes/kube-state-metrics, docs/developer/cli-arguments.md."""
    resources = sorted([_NODES, *(one for group in _STATE_OF.values() for one in group)])
    container = server(
        NAME,
        images.KUBE_STATE_METRICS,
        [
            pulumi.Output.all(*namespaces).apply(
                lambda known: f"--namespaces={','.join(str(one) for one in known)}"
            ),
            f"--resources={','.join(resources)}",
            f"--port={_PORT}",
            f"--telemetry-port={_OWN_PORT}",
        ],
        overhead.KUBE_STATE_METRICS,
        # Its /livez asks the API server's: a pause there would end this pod.
        probes(http("/readyz", _OWN), http("/healthz", _METRICS)),
        ports=[(_METRICS, _PORT), (_OWN, _OWN_PORT)],
        mounts=[token_mount()],
    )
    return one_pod(
        NAME,
        pod(
            NAME,
            UID,
            containers=[container],
            volumes=[token_volume()],
            annotations={USES_TOKEN: "it lists the namespace's objects, whose state it tells"},
            grace_seconds=15,
            service_account=account,
        ),
    )


def state_rules() -> list[rbac.v1.PolicyRuleArgs]:
    """What it may read in its own namespace: no Secret, no ConfigMap."""
    return [
        rbac.v1.PolicyRuleArgs(api_groups=[group], resources=list(resources), verbs=["list", "watch"])
        for group, resources in _STATE_OF.items()
    ]


def state_account(
    namespace: pulumi.Input[str],
    others: Sequence[pulumi.Output[str]],
    cluster_name: str,
    parent: pulumi.Resource,
) -> tuple[core.v1.ServiceAccount, list[pulumi.Resource]]:
    """Register its identity below `parent`, and what gives it its rights; of the cluster, it may list nodes."""
    nodes = [rbac.v1.PolicyRuleArgs(api_groups=[""], resources=[_NODES], verbs=["list", "watch"])]
    return identity(
        NAME,
        namespace,
        others=others,
        own=state_rules(),
        cluster=nodes,
        cluster_name=cluster_name,
        parent=parent,
    )
