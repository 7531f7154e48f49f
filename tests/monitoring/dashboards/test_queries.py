"""Every query of every dashboard, asked of a real Prometheus' engine: Debian's 2.42, the oldest that it must do on."""

from datetime import timedelta
from pathlib import Path

from components.monitoring.dashboards import boards
from components.monitoring.definition import Definition
from components.monitoring.rules.components import ESSENTIAL_PART_DOWN
from components.signals.model import Query
from tests.monitoring.rules.definitions import builtin
from tests.monitoring.rules.promtool import Expected, run
from tests.monitoring.rules.series import GIB, Series, Values, grow, healthy, hold, overlaid, pod_of

DEFINITION = builtin()
HOURS = 1
"""Long enough for the slowest group of rules, and for growth to show."""
NOW = timedelta(hours=HOURS)
RECORDINGS = ("objectives", "errors", "budget")
"""Groups of the rules whose series dashboards show."""


def sources(definition: Definition) -> Series:
    """What a healthy stack's sources tell, beyond what its alerts read."""
    found = dict[str, Values]()
    minutes = HOURS * 60
    for watch in definition.watches:
        if watch.workload:
            where = f'pod="{pod_of(watch)}",container="{watch.workload.name}"'
            found |= {
                f"container_cpu_usage_seconds_total{{{where}}}": grow(0, 6, minutes),
                f'kube_pod_container_resource_requests{{{where},resource="cpu"}}': hold(0.5, minutes),
                f'kube_pod_container_resource_limits{{{where},resource="cpu"}}': hold(1, minutes),
                f'kube_pod_container_resource_requests{{{where},resource="memory"}}': hold(GIB, minutes),
                f'container_network_transmit_bytes_total{{pod="{pod_of(watch)}"}}': grow(0, 900, minutes),
            }
        if watch.claims:
            claim = f'persistentvolumeclaim="{watch.claims.replace("[0-9]+", "0")}"'
            found |= {
                f"kubelet_volume_stats_used_bytes{{{claim}}}": grow(2 * GIB, 1000, minutes),
                f"kubelet_volume_stats_capacity_bytes{{{claim}}}": hold(10 * GIB, minutes),
                f"kubelet_volume_stats_available_bytes{{{claim}}}": grow(8 * GIB, -1000, minutes),
                f"kube_persistentvolumeclaim_resource_requests_storage_bytes{{{claim}}}": hold(GIB, minutes),
            }
    found |= {name: hold(value, minutes) for name, value in LEVELS.items()}
    found |= {name: grow(1, step, minutes) for name, step in COUNTERS.items()}
    return found


LEVELS = {
    'scrape_samples_post_metric_relabeling{job="qdrant"}': 40.0,
    'pg_database_size_bytes{datname="kotaemon"}': GIB,
    'pg_locks_count{datname="kotaemon",mode="accesssharelock"}': 3,
    'collections_vector_total{job="qdrant"}': 1738,
    'memory_allocated_bytes{job="qdrant",pod="qdrant-0"}': GIB,
    'elasticsearch_indices_docs{name="elasticsearch-0"}': 1738,
    'oauth2_proxy_requests_in_flight{job="sign-in"}': 1,
    'otelcol_exporter_queue_size{job="traces",exporter="otlp"}': 0,
    'otelcol_exporter_queue_capacity{job="traces",exporter="otlp"}': 1000,
}
"""What the components' own panels show, as their exporters name it."""
COUNTERS = {
    'pg_stat_database_xact_commit{datname="kotaemon"}': 30.0,
    'pg_stat_database_xact_rollback{datname="kotaemon"}': 1,
    'pg_stat_database_blks_hit{datname="kotaemon"}': 990,
    'pg_stat_database_blks_read{datname="kotaemon"}': 10,
    "elasticsearch_indices_search_query_total": 10,
    **{
        f'oauth2_proxy_response_duration_seconds_bucket{{job="sign-in",le="{bound}"}}': step
        for bound, step in (("0.5", 50.0), ("1", 58), ("10", 60), ("+Inf", 60))
    },
}
"""Growth in half a minute."""


def asked(definition: Definition) -> dict[str, tuple[str, Query]]:
    """Each query once, with the place where it stands."""
    return {
        query.expr: (f"{board.name}: {title}", query)
        for board in boards(definition)
        for title, query in board.queries()
    }


def test_every_query_finds_what_the_sources_tell(tmp_path: Path) -> None:
    """An empty panel looks as well as one that shows that all is well."""
    base = overlaid(DEFINITION, healthy(DEFINITION, HOURS * 60), sources(DEFINITION))
    # What has no data in a healthy stack must be answered all the same: an error would end the run.
    expected = [
        Expected(
            expr=f"count({query.expr}) > bool 0"
            if query.needs_data
            else f"absent({query.expr}) * 0 or vector(0)",
            at=NOW,
            samples=[({}, 1.0 if query.needs_data else 0.0)],
        )
        for _, query in asked(DEFINITION).values()
    ]
    run(tmp_path, DEFINITION, [(base, expected)], groups=RECORDINGS)


def shown(board: str, title: str) -> str:
    """The query of a panel that has one."""
    (found,) = (
        query.expr
        for one in boards(DEFINITION)
        if one.name == board
        for name, query in one.queries()
        if name == title
    )
    return found


def test_the_overview_says_since_when_people_can_t_use_it(tmp_path: Path) -> None:
    """And, when it is over, since when they can again."""
    begins, ends = timedelta(hours=1), timedelta(hours=2)
    probe = 'probe_success{probe="application"}'
    outage = overlaid(DEFINITION, healthy(DEFINITION, 240), {probe: hold(1, 60).hold(0, 60).hold(1, 120)})

    def at(moment: timedelta, usable: int, since: timedelta) -> list[Expected]:
        # The last moment at which it was otherwise, to the minute.
        last = 1000 * (since - timedelta(minutes=1)).total_seconds()
        return [
            Expected(expr=shown("overview", "People can use it"), at=moment, samples=[({}, usable)]),
            Expected(expr=shown("overview", "Since"), at=moment, samples=[({}, last)]),
        ]

    expected = [
        *at(begins + timedelta(minutes=20), 0, begins),
        *at(ends + timedelta(minutes=90), 1, ends),
    ]
    run(tmp_path, DEFINITION, [(outage, expected)], groups=("objectives",))


def test_the_overview_lists_what_fires_and_since_when(tmp_path: Path) -> None:
    """An outage's alerts, without the one that always fires."""
    minutes = 60
    broken = {'probe_success{probe="application"}': hold(1, 30).hold(0, minutes - 30)}
    outage = overlaid(DEFINITION, healthy(DEFINITION, minutes), broken)
    fires = Expected(
        expr=f"count by (alertname) ({shown('overview', 'Alerts that fire')})",
        at=timedelta(minutes=40),
        samples=[({"alertname": ESSENTIAL_PART_DOWN}, 1)],
    )
    silent = Expected(expr=shown("overview", "Alerts that fire"), at=timedelta(minutes=29), samples=[])
    run(tmp_path, DEFINITION, [(outage, [silent, fires])], groups=("kotaemon", "watchdog"))
