"""Capacity and what costs: is there enough, what is paid for and not used, what grows."""

from collections.abc import Callable, Sequence

from components.monitoring.definition import Definition
from components.signals import kotaemon
from components.signals.model import Panel, PanelKind, Query, Scope, Unit, Watch, Workload

from .board import LIMIT, REQUESTED, Board, Section, Tile, table_height
from .pods import Allowance, Pods, Resource, counted, pods_of
from .volumes import claim_tiles, volume_tiles

ANSWERS_PER_REPLICA = 60
"""Answers a minute that one replica gave with eight people at once, on two cores, with a model that answers at once."""


def capacity(definition: Definition) -> Board:
    """The dashboard for whoever plans and pays."""
    scope = definition.scope
    return Board(
        name="capacity",
        title="capacity and cost",
        description="Is there enough of everything; what is paid for and not used; what grows.",
        sections=(
            Section(title="", tiles=_answer_tiles(definition)),
            Section(title="CPU and memory", tiles=_use_tiles(definition)),
            Section(title="Room", tiles=_room_tiles(definition)),
            Section(title="Volumes", tiles=(*volume_tiles(str(scope), sized=False), *claim_tiles(scope))),
            Section(title="Watching itself", tiles=_watching_tiles(definition)),
        ),
    )


def _workloads(watches: Sequence[Watch]) -> list[tuple[str, Workload]]:
    """What runs in the cluster, by its title."""
    return [(watch.title, watch.workload) for watch in watches if watch.workload]


def _answer_tiles(definition: Definition) -> tuple[Tile, ...]:
    scope = definition.scope
    application = [
        watch.workload
        for watch in definition.watches
        if watch.component == kotaemon.COMPONENT and watch.workload
    ]
    answers = tuple(
        Tile(
            width=8,
            content=Panel(
                title="Answers a minute",
                description="Answers that the replicas can give, if the models keep up: about "
                f"{ANSWERS_PER_REPLICA} a minute each. More people than that wait.",
                unit=Unit.NONE,
                queries=(
                    Query(
                        expr=f"{ANSWERS_PER_REPLICA} * {counted(scope, workload)[1]}",
                        legend="most answers a minute",
                    ),
                ),
            ),
        )
        for workload in application
    )
    replicas = Tile(
        width=8,
        content=Panel(
            title="Replicas",
            description="Pods that are ready, of each part.",
            unit=Unit.COUNT,
            queries=tuple(
                Query(expr=counted(scope, workload)[1], legend=title)
                for title, workload in _workloads(definition.watches)
            ),
        ),
    )
    return (*answers, replicas, _autoscaling(scope))


def _autoscaling(scope: Scope) -> Tile:
    by, metric = "max by (horizontalpodautoscaler)", "kube_horizontalpodautoscaler"
    return Tile(
        width=8,
        empty="no autoscaler",
        content=Panel(
            title="Autoscaling",
            description="Replicas that the autoscaler has made, and the most that it may. There people wait.",
            unit=Unit.COUNT,
            queries=(
                Query(
                    expr=f"{by} ({metric}_status_current_replicas{{{scope}}})",
                    legend="{{horizontalpodautoscaler}}",
                    needs_data=False,
                ),
                Query(expr=f"max({metric}_spec_max_replicas{{{scope}}})", legend=LIMIT, needs_data=False),
            ),
        ),
    )


def _use_tiles(definition: Definition) -> tuple[Tile, ...]:
    """What is requested is reserved and paid for; what is used needn't be as much."""
    return (
        _parts(definition, "CPU", Unit.CORES, Resource.CPU),
        _parts(definition, "Memory", Unit.BYTES, Resource.MEMORY),
        _total(definition, "CPU of everything", Unit.CORES, Resource.CPU),
        _total(definition, "Memory of everything", Unit.BYTES, Resource.MEMORY),
    )


def _parts(definition: Definition, title: str, unit: Unit, resource: Resource) -> Tile:
    """A row for each workload."""
    pods = {name: pods_of(definition, workload) for name, workload in _workloads(definition.watches)}

    def column(legend: str, expression: Callable[[Pods], str]) -> Query:
        # One series for each part, with its title as a label.
        return Query(
            expr=" or ".join(
                f'label_replace(sum({expression(own)}), "part", "{name}", "", "")'
                for name, own in pods.items()
            ),
            legend=legend,
        )

    return Tile(
        width=12,
        height=table_height(len(pods)),
        content=Panel(
            title=title,
            description="Requested is reserved and paid for. Much less used is waste; nearly as much, too little.",
            kind=PanelKind.TABLE,
            unit=unit,
            queries=(
                column("used", lambda own: own.used(resource)),
                column(REQUESTED, lambda own: own.allowed(Allowance.REQUESTED, resource)),
                column(LIMIT, lambda own: own.allowed(Allowance.MOST, resource)),
            ),
        ),
    )


def _total(definition: Definition, title: str, unit: Unit, resource: Resource) -> Tile:
    pods = pods_of(definition)
    return Tile(
        width=12,
        content=Panel(
            title=title,
            description="All pods of the stack: what they use, and what is reserved for them.",
            unit=unit,
            queries=(
                Query(expr=f"sum({pods.used(resource)})", legend="used"),
                Query(expr=f"sum({pods.allowed(Allowance.REQUESTED, resource)})", legend=REQUESTED),
            ),
        ),
    )


def _room_tiles(definition: Definition) -> tuple[Tile, ...]:
    scope, pods = definition.scope, pods_of(definition)
    waiting = Query(
        expr=f"sum(kube_pod_status_unschedulable{{{scope}}})", legend="pods that wait", needs_data=False
    )
    nodes = Query(expr=f'count(count by (node) (kube_pod_info{{{scope},node!=""}}))', legend="nodes")
    sent = Tile(
        width=8,
        content=Panel(
            title="Sent",
            description="Bytes that the pods send: to models, people and each other. What leaves the region costs.",
            unit=Unit.BYTES_PER_SECOND,
            queries=(Query(expr=pods.sent(), legend=pods.legend),),
        ),
    )
    room = Tile(
        width=8,
        empty="no pod waits",
        content=Panel(
            title="Nodes",
            description="Nodes that the stack's pods run on, where that is known, and pods that wait because no node "
            "has room for them. Waiting for long: the node pool has reached its limit.",
            unit=Unit.COUNT,
            queries=(waiting,) if definition.managed else (nodes, waiting),
        ),
    )
    # Google's own metrics tell nothing of quotas.
    return (room, sent) if definition.managed else (_quota(scope), room, sent)


def _quota(scope: Scope) -> Tile:
    def quota(kind: str) -> str:
        return f'max by (resource) (kube_resourcequota{{{scope},type="{kind}"}})'

    return Tile(
        width=8,
        empty="no quota",
        content=Panel(
            title="Quota",
            description="Share of the namespace's quota that is taken. At 100 % no further pod starts.",
            unit=Unit.SHARE,
            warn_above=0.8,
            bad_above=0.95,
            queries=(
                Query(
                    expr=f"{quota('used')} / ({quota('hard')} > 0)",
                    legend="{{resource}}",
                    needs_data=False,  # not every namespace has one
                ),
            ),
        ),
    )


def _watching_tiles(definition: Definition) -> tuple[Tile, ...]:
    scope = definition.scope
    return (
        Tile(
            width=12,
            content=Panel(
                title="Series",
                description="Series that each source adds to Prometheus: they cost memory, or money where managed.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr=f"sum by (job) (scrape_samples_post_metric_relabeling{{{scope}}})",
                        legend="{{job}}",
                    ),
                ),
            ),
        ),
        Tile(
            width=12,
            empty="" if definition.managed else "Fluent Bit doesn't collect them here",
            content=Panel(
                title="Logs",
                description="Bytes of logs a second, by who writes them: they are paid for where they are kept.",
                unit=Unit.BYTES_PER_SECOND,
                queries=(_logs(definition),),
            ),
        ),
    )


def _logs(definition: Definition) -> Query:
    """Source: docs.cloud.google.com/monitoring/api/metrics_gcp_i_o, logging; docs.fluentbit.io, Monitoring."""
    scope = definition.scope
    if definition.managed:
        own = f'monitored_resource="k8s_container",namespace_name="{scope.namespace}"'
        metric = f"logging_googleapis_com:byte_count{{{own}}}"
        return Query(expr=f"sum by (container_name) (rate({metric}[5m]))", legend="{{container_name}}")
    return Query(
        expr=f"sum by (name) (rate(fluentbit_input_bytes_total{{{scope}}}[5m]))",
        legend="{{name}}",
        needs_data=False,  # only with kotaemon:logs of kind fluent-bit
    )
