"""Panels that every component has that runs in the cluster: its pods, what they use, and their volumes.

The metrics are kube-state-metrics', cAdvisor's and the kubelet's.
Source: github.com/kubernetes/kube-state-metrics/tree/main/docs.
"""

from components.signals.model import Panel, PanelKind, Query, Scope, Unit, Watch, Workload, WorkloadKind

from .board import LIMIT, REQUESTED, Tile

_SUFFIX = {
    WorkloadKind.DEPLOYMENT: "-[a-z0-9]+-[a-z0-9]{5}",
    WorkloadKind.STATEFUL_SET: "-[0-9]+",
    WorkloadKind.DAEMON_SET: "-[a-z0-9]{5}",
}
"""What Kubernetes puts after the workload's name to name its pods."""
_CONTAINERS = 'container!="",container!="POD"'
"""The series of whole pods and of what holds a pod's network count the same again."""
_COUNTED = {
    WorkloadKind.DEPLOYMENT: (
        "kube_deployment_spec_replicas",
        "kube_deployment_status_replicas_available",
        "deployment",
    ),
    WorkloadKind.STATEFUL_SET: (
        "kube_statefulset_replicas",
        "kube_statefulset_status_replicas_ready",
        "statefulset",
    ),
    WorkloadKind.DAEMON_SET: (
        "kube_daemonset_status_desired_number_scheduled",
        "kube_daemonset_status_number_ready",
        "daemonset",
    ),
}
"""Metrics of the pods that are wanted and ready, and the label that names the workload."""


def pods(scope: Scope, workload: Workload) -> str:
    """Matchers of the series of the workload's pods."""
    return f'{_scope(scope, workload)},pod=~"{workload.name}{_SUFFIX[workload.kind]}"'


def wanted_and_ready(scope: Scope, workload: Workload) -> tuple[str, str]:
    """Expressions of how many pods there should be, and how many are ready."""
    wanted, ready, label = _COUNTED[workload.kind]
    own = f'{{{_scope(scope, workload)},{label}="{workload.name}"}}'
    return f"max({wanted}{own})", f"max({ready}{own})"


def used_cpu(selected: str) -> str:
    """Cores that the containers of the pods take, by pod."""
    return f"sum by (pod) (rate(container_cpu_usage_seconds_total{{{selected},{_CONTAINERS}}}[5m]))"


def used_memory(selected: str) -> str:
    """Memory of the pods' containers that can't be taken back, by pod."""
    return f"sum by (pod) (container_memory_working_set_bytes{{{selected},{_CONTAINERS}}})"


def allowed(selected: str, what: str, resource: str) -> str:
    """What the pods request (`requests`) or may take at most (`limits`) of `cpu` or `memory`, by pod."""
    return f'sum by (pod) (kube_pod_container_resource_{what}{{{selected},resource="{resource}"}})'


def _scope(scope: Scope, workload: Workload) -> Scope:
    return Scope(namespace=workload.namespace) if workload.namespace else scope


def pod_tiles(scope: Scope, workload: Workload) -> tuple[Tile, ...]:
    """Are the pods there, do they start again and again, and do they get what they need."""
    wanted, ready = wanted_and_ready(scope, workload)
    selected = pods(scope, workload)
    return (
        Tile(
            width=6,
            content=Panel(
                title="Pods",
                description="Pods that are ready, and how many are wanted. Fewer for long: see Waiting and Restarts.",
                unit=Unit.COUNT,
                queries=(Query(expr=ready, legend="ready"), Query(expr=wanted, legend=REQUESTED)),
            ),
        ),
        Tile(
            width=6,
            content=Panel(
                title="Restarts",
                description="Containers that ended and were started again, in an hour. More than one is a fault; "
                "out of memory means that the limit is too low.",
                unit=Unit.COUNT,
                bad_above=3,
                queries=(
                    Query(
                        expr=f"sum by (pod) (increase(kube_pod_container_status_restarts_total{{{selected}}}[1h]))",
                        legend="{{pod}}",
                    ),
                    Query(
                        expr="sum by (pod) (kube_pod_container_status_last_terminated_reason"
                        f'{{{selected},reason="OOMKilled"}})',
                        legend="{{pod}} out of memory",
                        needs_data=False,
                    ),
                ),
            ),
        ),
        Tile(
            width=6,
            content=_use_panel(
                "CPU", "Above the limit it is slowed down.", Unit.CORES, used_cpu(selected), selected
            ),
        ),
        Tile(
            width=6,
            content=_use_panel(
                "Memory", "At the limit it is killed.", Unit.BYTES, used_memory(selected), selected
            ),
        ),
    )


def _use_panel(title: str, end: str, unit: Unit, used: str, selected: str) -> Panel:
    resource = "cpu" if unit == Unit.CORES else "memory"
    return Panel(
        title=title,
        description=f"{title} that each pod uses, and what one pod requests and may use. {end}",
        unit=unit,
        queries=(
            Query(expr=used, legend="{{pod}}"),
            Query(expr=f"max({allowed(selected, 'requests', resource)})", legend=REQUESTED),
            Query(expr=f"max({allowed(selected, 'limits', resource)})", legend=LIMIT),
        ),
    )


def waiting_tile(scope: Scope, workload: Workload) -> Tile:
    """Why containers don't start, and whether the CPU limit holds them back."""
    selected = pods(scope, workload)
    return Tile(
        width=12,
        height=6,
        empty="nothing waits",
        content=Panel(
            title="Waiting",
            description="Containers that can't start, and why: ImagePullBackOff, CrashLoopBackOff, …",
            kind=PanelKind.TABLE,
            unit=Unit.COUNT,
            queries=(
                Query(
                    expr="sum by (pod, container, reason) "
                    f"(kube_pod_container_status_waiting_reason{{{selected}}}) > 0",
                    legend="containers",
                    needs_data=False,
                ),
            ),
        ),
    )


def slowed_tile(scope: Scope, workload: Workload) -> Tile:
    """Whether the CPU limit holds the pods back."""
    own = f"{{{pods(scope, workload)},{_CONTAINERS}}}"
    return Tile(
        width=12,
        height=6,
        content=Panel(
            title="Slowed down",
            description="Share of the time in which a pod's CPU limit held it back. Above a quarter people notice.",
            unit=Unit.SHARE,
            warn_above=0.25,
            bad_above=0.5,
            queries=(
                Query(
                    expr=f"sum by (pod) (rate(container_cpu_cfs_throttled_periods_total{own}[5m])) / "
                    f"(sum by (pod) (rate(container_cpu_cfs_periods_total{own}[5m])) > 0)",
                    legend="{{pod}}",
                    needs_data=False,  # a node without CPU limits counts no periods
                ),
            ),
        ),
    )


def claims(scope: Scope, watch: Watch) -> str | None:
    """Matchers of the series of the component's volumes; None where it has none."""
    if not watch.claims:
        return None
    own = _scope(scope, watch.workload) if watch.workload else scope
    return f'{own},persistentvolumeclaim=~"{watch.claims}"'


def volume_tiles(selected: str, *, sized: bool = True) -> tuple[Tile, ...]:
    """How full the selected volumes are, and when they will be; `sized` where all have one size."""
    used, size = (f"kubelet_volume_stats_{what}_bytes{{{selected}}}" for what in ("used", "capacity"))
    free = f"kubelet_volume_stats_available_bytes{{{selected}}}"
    by = "max by (persistentvolumeclaim)"
    return (
        Tile(
            width=8,
            content=Panel(
                title="Volumes filled",
                description="Share of each volume that is used. Full, its server stops writing.",
                unit=Unit.SHARE,
                warn_above=0.8,
                bad_above=0.9,
                queries=(Query(expr=f"{by} ({used}) / {by} ({size})", legend="{{persistentvolumeclaim}}"),),
            ),
        ),
        Tile(
            width=8,
            content=Panel(
                title="Bytes on volumes",
                description="Bytes that are used, and each volume's size."
                if sized
                else "Bytes that are used.",
                unit=Unit.BYTES,
                queries=(
                    Query(expr=f"{by} ({used})", legend="{{persistentvolumeclaim}}"),
                    *((Query(expr=f"max({by} ({size}))", legend=LIMIT),) if sized else ()),
                ),
            ),
        ),
        Tile(
            width=8,
            empty="not growing",
            warn_below=604800,
            bad_below=86400,
            content=Panel(
                title="Time until full",
                description="Time until a volume is full, at the pace of the last six hours. Under a day: grow it now.",
                kind=PanelKind.NUMBER,
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=f"{by} ({free}) / ({by} (deriv({used.replace('}', '}[6h]')})) > 0)",
                        legend="{{persistentvolumeclaim}}",
                        needs_data=False,
                    ),
                ),
            ),
        ),
    )
