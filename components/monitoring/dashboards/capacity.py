"""Capacity and what costs: is there enough, what is paid for and not used, what grows."""

from collections.abc import Sequence

from components.monitoring.definition import Definition
from components.signals.model import Panel, PanelKind, Query, Scope, Unit, Watch, Workload

from .board import LIMIT, REQUESTED, Board, Section, Tile, table_height
from .workload import allowed, pods, used_cpu, used_memory, volume_tiles, wanted_and_ready

ANSWERS_PER_REPLICA = 60
"""Answers a minute that one replica gave with eight people at once, on two cores, with a model that answers at once."""
_APPLICATION = "kotaemon"


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
            Section(title="Room", tiles=_room_tiles(scope)),
            Section(title="Volumes", tiles=(*volume_tiles(str(scope), sized=False), *_claim_tiles(scope))),
            Section(title="Watching itself", tiles=_watching_tiles(scope)),
        ),
    )


def _workloads(watches: Sequence[Watch]) -> list[tuple[str, Workload]]:
    """What runs in the cluster, by its title."""
    return [(watch.title, watch.workload) for watch in watches if watch.workload]


def _answer_tiles(definition: Definition) -> tuple[Tile, ...]:
    scope = definition.scope
    workloads = _workloads(definition.watches)
    found = [
        watch.workload for watch in definition.watches if watch.component == _APPLICATION and watch.workload
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
                        expr=f"{ANSWERS_PER_REPLICA} * {wanted_and_ready(scope, workload)[1]}",
                        legend="most answers a minute",
                    ),
                ),
            ),
        )
        for workload in found
    )
    return (
        *answers,
        Tile(
            width=8,
            content=Panel(
                title="Replicas",
                description="Pods that are ready, of each part.",
                unit=Unit.COUNT,
                queries=tuple(
                    Query(expr=wanted_and_ready(scope, workload)[1], legend=title)
                    for title, workload in workloads
                ),
            ),
        ),
        Tile(
            width=8,
            empty="no autoscaler",
            content=Panel(
                title="Autoscaling",
                description="Replicas that the autoscaler wants, and the most that it may ask for. There people wait.",
                unit=Unit.COUNT,
                queries=(
                    Query(
                        expr="max by (horizontalpodautoscaler) "
                        f"(kube_horizontalpodautoscaler_status_desired_replicas{{{scope}}})",
                        legend="{{horizontalpodautoscaler}}",
                        needs_data=False,
                    ),
                    Query(
                        expr=f"max(kube_horizontalpodautoscaler_spec_max_replicas{{{scope}}})",
                        legend=LIMIT,
                        needs_data=False,
                    ),
                ),
            ),
        ),
    )


def _use_tiles(definition: Definition) -> tuple[Tile, ...]:
    """A row for each workload: what it requests is reserved and paid for, what it uses needn't be as much."""
    scope, workloads = definition.scope, _workloads(definition.watches)

    def table(title: str, unit: Unit, used: dict[str, str], resource: str) -> Tile:
        def column(what: str) -> str:
            return _by_part({name: allowed(pods(scope, load), what, resource) for name, load in workloads})

        return Tile(
            width=12,
            height=table_height(len(workloads)),
            content=Panel(
                title=title,
                description="Requested is reserved and paid for. Much less used is waste; nearly as much, too little.",
                kind=PanelKind.TABLE,
                unit=unit,
                queries=(
                    Query(expr=_by_part(used), legend="used"),
                    Query(expr=column("requests"), legend=REQUESTED),
                    Query(expr=column("limits"), legend=LIMIT),
                ),
            ),
        )

    return (
        table("CPU", Unit.CORES, {name: used_cpu(pods(scope, load)) for name, load in workloads}, "cpu"),
        table(
            "Memory", Unit.BYTES, {name: used_memory(pods(scope, load)) for name, load in workloads}, "memory"
        ),
        _total("CPU of everything", Unit.CORES, scope, "cpu"),
        _total("Memory of everything", Unit.BYTES, scope, "memory"),
    )


def _by_part(expressions: dict[str, str]) -> str:
    """One series for each part, with its title as the label `part`."""
    return " or ".join(
        f'label_replace(sum({expr}), "part", "{title}", "", "")' for title, expr in expressions.items()
    )


def _total(title: str, unit: Unit, scope: Scope, resource: str) -> Tile:
    used = used_cpu(str(scope)) if resource == "cpu" else used_memory(str(scope))
    return Tile(
        width=12,
        content=Panel(
            title=title,
            description="All pods of the stack: what they use, and what is reserved for them.",
            unit=unit,
            queries=(
                Query(expr=f"sum({used})", legend="used"),
                Query(expr=f"sum({allowed(str(scope), 'requests', resource)})", legend=REQUESTED),
            ),
        ),
    )


def _room_tiles(scope: Scope) -> tuple[Tile, ...]:
    by = "max by (resource)"
    return (
        Tile(
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
                        expr=f'{by} (kube_resourcequota{{{scope},type="used"}}) / '
                        f'({by} (kube_resourcequota{{{scope},type="hard"}}) > 0)',
                        legend="{{resource}}",
                        needs_data=False,  # not every namespace has one
                    ),
                ),
            ),
        ),
        Tile(
            width=8,
            content=Panel(
                title="Nodes",
                description="Nodes that the stack's pods run on, and pods that wait because no node has room for them. "
                "Waiting for long: the node pool has reached its limit.",
                unit=Unit.COUNT,
                queries=(
                    Query(expr=f'count(count by (node) (kube_pod_info{{{scope},node!=""}}))', legend="nodes"),
                    Query(
                        expr=f"sum(kube_pod_status_unschedulable{{{scope}}})",
                        legend="pods that wait",
                        needs_data=False,
                    ),
                ),
            ),
        ),
        Tile(
            width=8,
            content=Panel(
                title="Sent",
                description="Bytes that the pods send: to models, people and each other. What leaves the region costs.",
                unit=Unit.BYTES_PER_SECOND,
                queries=(
                    Query(
                        expr=f"sum by (pod) (rate(container_network_transmit_bytes_total{{{scope}}}[5m]))",
                        legend="{{pod}}",
                    ),
                ),
            ),
        ),
    )


def _claim_tiles(scope: Scope) -> tuple[Tile, ...]:
    by = "by (persistentvolumeclaim)"
    return (
        Tile(
            width=12,
            content=Panel(
                title="Claimed",
                description="Bytes that each volume claim asks for: they are paid for, whether used or not.",
                unit=Unit.BYTES,
                queries=(
                    Query(
                        expr=f"max {by} (kube_persistentvolumeclaim_resource_requests_storage_bytes{{{scope}}})",
                        legend="{{persistentvolumeclaim}}",
                    ),
                ),
            ),
        ),
        Tile(
            width=12,
            content=Panel(
                title="Growth a day",
                description="Bytes by which each volume grew, or shrank, in a day, at the pace of the last six hours.",
                unit=Unit.BYTES,
                queries=(
                    Query(
                        expr=f"86400 * max {by} (deriv(kubelet_volume_stats_used_bytes{{{scope}}}[6h]))",
                        legend="{{persistentvolumeclaim}}",
                    ),
                ),
            ),
        ),
    )


def _watching_tiles(scope: Scope) -> tuple[Tile, ...]:
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
            empty="Fluent Bit doesn't collect them here",
            content=Panel(
                title="Logs",
                description="Bytes of logs a second, where Fluent Bit collects them.",
                unit=Unit.BYTES_PER_SECOND,
                queries=(
                    Query(
                        expr=f"sum by (name) (rate(fluentbit_input_bytes_total{{{scope}}}[5m]))",
                        legend="{{name}}",
                        needs_data=False,  # only with kotaemon:logs of kind fluent-bit
                    ),
                ),
            ),
        ),
    )
