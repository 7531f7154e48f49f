"""Some pods, and the PromQL that tells of them: who runs them, what they use and what they may use.

Sources: kube-state-metrics' and cAdvisor's own pages. Google's managed packages of both lack restarts, requests,
limits and the network; GKE's system metrics have them, and name pods otherwise:
docs.cloud.google.com/monitoring/api/metrics_kubernetes.
"""

from dataclasses import dataclass
from enum import StrEnum

from components.monitoring.definition import Definition
from components.signals.model import Scope, Workload, WorkloadKind

_SUFFIX = {
    WorkloadKind.DEPLOYMENT: "-[a-z0-9]+-[a-z0-9]{5}",
    WorkloadKind.STATEFUL_SET: "-[0-9]+",
    WorkloadKind.DAEMON_SET: "-[a-z0-9]{5}",
}
"""What Kubernetes puts after the workload's name to name its pods."""
_COUNTED = {
    WorkloadKind.DEPLOYMENT: ("kube_deployment_spec_replicas", "kube_deployment_status_replicas_available"),
    WorkloadKind.STATEFUL_SET: ("kube_statefulset_replicas", "kube_statefulset_status_replicas_ready"),
    WorkloadKind.DAEMON_SET: (
        "kube_daemonset_status_desired_number_scheduled",
        "kube_daemonset_status_number_ready",
    ),
}
"""Metrics of the pods that are wanted and ready; the label that names the workload is its kind."""
_CONTAINERS = 'container!="",container!="POD"'
"""The series of whole pods and of what holds a pod's network count the same again."""


class Resource(StrEnum):
    """What pods share."""

    CPU = "cpu"
    MEMORY = "memory"


class Allowance(StrEnum):
    """How much of it they get."""

    REQUESTED = "request"
    MOST = "limit"


@dataclass(frozen=True, kw_only=True)
class Pods:
    """The pods of a namespace, or those of one workload in it."""

    scope: Scope
    workload: Workload | None = None
    managed: bool = False
    """Whether only what Google collects is there."""

    @property
    def _pattern(self) -> str:
        return f"{self.workload.name}{_SUFFIX[self.workload.kind]}" if self.workload else ""

    @property
    def matchers(self) -> str:
        """Matchers of their series, inside braces."""
        return f'{self.scope},pod=~"{self._pattern}"' if self.workload else str(self.scope)

    @property
    def legend(self) -> str:
        """What a series of `restarts` or `sent` is called."""
        return "{{pod_name}}" if self.managed else "{{pod}}"

    def _of_google(self, resource: str) -> str:
        named = f',pod_name=~"{self._pattern}"' if self.workload else ""
        return f'{{monitored_resource="{resource}",namespace_name="{self.scope.namespace}"{named}}}'

    def used(self, resource: Resource) -> str:
        """Cores that their containers take, or bytes that can't be taken back from them, by pod."""
        own = f"{{{self.matchers},{_CONTAINERS}}}"
        if resource == Resource.CPU:
            return f"sum by (pod) (rate(container_cpu_usage_seconds_total{own}[5m]))"
        return f"sum by (pod) (container_memory_working_set_bytes{own})"

    def allowed(self, allowance: Allowance, resource: Resource) -> str:
        """Cores or bytes that they request, or may take at most, by pod."""
        if self.managed:
            unit = "cores" if resource == Resource.CPU else "bytes"
            metric = f"kubernetes_io:container_{resource}_{allowance}_{unit}"
            return f"sum by (pod_name) ({metric}{self._of_google('k8s_container')})"
        metric = f"kube_pod_container_resource_{allowance}s"
        return f'sum by (pod) ({metric}{{{self.matchers},resource="{resource}"}})'

    def restarts(self) -> str:
        """How often their containers were started again within an hour, by pod."""
        if self.managed:
            metric = f"kubernetes_io:container_restart_count{self._of_google('k8s_container')}"
            return f"sum by (pod_name) (increase({metric}[1h]))"
        return f"sum by (pod) (increase(kube_pod_container_status_restarts_total{{{self.matchers}}}[1h]))"

    def sent(self) -> str:
        """Bytes a second that they send, by pod."""
        if self.managed:
            metric = f"kubernetes_io:pod_network_sent_bytes_count{self._of_google('k8s_pod')}"
            return f"sum by (pod_name) (rate({metric}[5m]))"
        return f"sum by (pod) (rate(container_network_transmit_bytes_total{{{self.matchers}}}[5m]))"

    def slowed(self) -> str:
        """Share of the time in which their CPU limit held them back, by pod."""
        own = f"{{{self.matchers},{_CONTAINERS}}}"
        slowed, all_periods = (
            f"sum by (pod) (rate(container_cpu_cfs_{kind}periods_total{own}[5m]))"
            for kind in ("throttled_", "")
        )
        return f"{slowed} / ({all_periods} > 0)"


def pods_of(definition: Definition, workload: Workload | None = None) -> Pods:
    """The stack's pods, or a workload's, which may be in another namespace."""
    elsewhere = workload and workload.namespace
    scope = Scope(namespace=elsewhere) if elsewhere else definition.scope
    return Pods(scope=scope, workload=workload, managed=definition.managed)


def counted(scope: Scope, workload: Workload) -> tuple[str, str]:
    """How many pods of a workload there should be, and how many are ready."""
    wanted, ready = _COUNTED[workload.kind]
    own = Scope(namespace=workload.namespace) if workload.namespace else scope
    chosen = f'{{{own},{workload.kind}="{workload.name}"}}'
    return f"max({wanted}{chosen})", f"max({ready}{chosen})"
