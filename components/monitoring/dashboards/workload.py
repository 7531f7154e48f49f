"""Panels of a component's pods: are they there, do they start again and again, do they get what they need."""

from components.monitoring.definition import Definition
from components.signals.model import Panel, PanelKind, Query, Unit, Workload

from .board import LIMIT, REQUESTED, Tile
from .pods import Allowance, Pods, Resource, counted, pods_of


def pod_tiles(definition: Definition, workload: Workload) -> tuple[Tile, ...]:
    """The workload's pods."""
    wanted, ready = counted(definition.scope, workload)
    pods = pods_of(definition, workload)
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
        Tile(width=6, content=_restarts(pods)),
        Tile(width=6, content=_use(pods, Resource.CPU)),
        Tile(width=6, content=_use(pods, Resource.MEMORY)),
        Tile(width=12, height=6, empty="nothing waits", content=_waiting(pods)),
        Tile(width=12, height=6, content=_slowed(pods)),
    )


def _restarts(pods: Pods) -> Panel:
    reason = f'kube_pod_container_status_last_terminated_reason{{{pods.matchers},reason="OOMKilled"}}'
    killed = Query(expr=f"sum by (pod) ({reason})", legend="{{pod}} out of memory", needs_data=False)
    return Panel(
        title="Restarts",
        description="Containers that ended and were started again, in an hour. More than one is a fault; "
        "out of memory means that the limit is too low.",
        unit=Unit.COUNT,
        bad_above=3,
        queries=(
            Query(expr=pods.restarts(), legend=pods.legend),
            *(() if pods.managed else (killed,)),
        ),
    )


def _use(pods: Pods, resource: Resource) -> Panel:
    title, end, unit = {
        Resource.CPU: ("CPU", "Above the limit it is slowed down.", Unit.CORES),
        Resource.MEMORY: ("Memory", "At the limit it is killed.", Unit.BYTES),
    }[resource]
    return Panel(
        title=title,
        description=f"{title} that each pod uses, and what one pod requests and may use. {end}",
        unit=unit,
        queries=(
            Query(expr=pods.used(resource), legend="{{pod}}"),
            Query(expr=f"max({pods.allowed(Allowance.REQUESTED, resource)})", legend=REQUESTED),
            Query(expr=f"max({pods.allowed(Allowance.MOST, resource)})", legend=LIMIT),
        ),
    )


def _waiting(pods: Pods) -> Panel:
    reason = f"kube_pod_container_status_waiting_reason{{{pods.matchers}}}"
    return Panel(
        title="Waiting",
        description="Containers that can't start, and why: ImagePullBackOff, CrashLoopBackOff, …",
        kind=PanelKind.TABLE,
        unit=Unit.COUNT,
        queries=(
            Query(
                expr=f"sum by (pod, container, reason) ({reason}) > 0",
                legend="containers",
                needs_data=False,
            ),
        ),
    )


def _slowed(pods: Pods) -> Panel:
    return Panel(
        title="Slowed down",
        description="Share of the time in which a pod's CPU limit held it back. Above a quarter people notice.",
        unit=Unit.SHARE,
        warn_above=0.25,
        bad_above=0.5,
        queries=(
            # A node without CPU limits counts no periods.
            Query(expr=pods.slowed(), legend="{{pod}}", needs_data=False),
        ),
    )
