"""Every query of every dashboard, asked of a real Prometheus' engine: Debian's 2.42, the oldest that it must do on."""

import re
from datetime import timedelta
from pathlib import Path

from components.monitoring.dashboards import boards
from components.monitoring.definition import Definition
from components.monitoring.rules.components import ESSENTIAL_PART_DOWN
from components.signals.model import Query, Scope, Watch, WorkloadKind
from tests.monitoring.rules.definitions import builtin, google
from tests.monitoring.rules.promtool import Expected, run
from tests.monitoring.rules.series import GIB, Values, grow, healthy, hold, overlaid
from tests.monitoring.rules.test_sources import OF_GOOGLE

DEFINITION = builtin()
MINUTES = 60
"""Long enough for the slowest group of rules, and for growth to show."""
NOW = timedelta(minutes=MINUTES)
RECORDINGS = ("objectives", "errors", "budget")
"""Groups of the rules whose series dashboards show."""


def sources(definition: Definition) -> dict[str, Values]:
    """What a healthy stack's sources tell, beyond what its alerts read."""
    own = str(definition.scope)
    found = {f"{name}{{{own},{labels}}}": hold(value, MINUTES) for (name, labels), value in LEVELS.items()}
    found |= {
        f"{name}{{{own},{labels}}}": grow(1, step, MINUTES) for (name, labels), step in COUNTERS.items()
    }
    for watch in definition.watches:
        found |= pods(definition, watch) | volumes(definition, watch)
    return found


def pods(definition: Definition, watch: Watch) -> dict[str, Values]:
    """A workload with one pod, in the namespace that it runs in."""
    if watch.workload is None:
        return {}
    kind, name = watch.workload.kind, watch.workload.name
    pod = f'pod="{name}-{ENDINGS[kind]}"'
    own = Scope(namespace=watch.workload.namespace) if watch.workload.namespace else definition.scope
    container = f'{own},{pod},container="{name}"'
    resources = {"cpu": 1, "memory": GIB}
    return {
        **{f'{metric}{{{own},{kind}="{name}"}}': hold(1, MINUTES) for metric in REPLICAS[kind]},
        **{
            f'kube_pod_container_resource_{what}{{{container},resource="{resource}"}}': hold(most, MINUTES)
            for resource, most in resources.items()
            for what in ("requests", "limits")
        },
        f"container_cpu_usage_seconds_total{{{container}}}": grow(0, 6, MINUTES),
        f"container_memory_working_set_bytes{{{container}}}": hold(GIB, MINUTES),
        f"kube_pod_container_status_restarts_total{{{container}}}": hold(0, MINUTES),
        f"container_network_transmit_bytes_total{{{own},{pod}}}": grow(0, 900, MINUTES),
    }


def volumes(definition: Definition, watch: Watch) -> dict[str, Values]:
    """The first of a component's volumes, slowly filling."""
    if not watch.claims:
        return {}
    own = f'{{{definition.scope},persistentvolumeclaim="{watch.claims.replace("[0-9]+", "0")}"}}'
    return {
        f"kubelet_volume_stats_used_bytes{own}": grow(2 * GIB, 1000, MINUTES),
        f"kubelet_volume_stats_capacity_bytes{own}": hold(10 * GIB, MINUTES),
        f"kubelet_volume_stats_available_bytes{own}": grow(8 * GIB, -1000, MINUTES),
        f"kube_persistentvolumeclaim_resource_requests_storage_bytes{own}": hold(10 * GIB, MINUTES),
    }


ENDINGS = {
    WorkloadKind.DEPLOYMENT: "5d9c7b-x2x4z",
    WorkloadKind.STATEFUL_SET: "0",
    WorkloadKind.DAEMON_SET: "x2x4z",
}
"""How each controller names its pods."""
REPLICAS = {
    WorkloadKind.DEPLOYMENT: ("kube_deployment_spec_replicas", "kube_deployment_status_replicas_available"),
    WorkloadKind.STATEFUL_SET: ("kube_statefulset_replicas", "kube_statefulset_status_replicas_ready"),
    WorkloadKind.DAEMON_SET: (
        "kube_daemonset_status_desired_number_scheduled",
        "kube_daemonset_status_number_ready",
    ),
}
LEVELS = {
    ("scrape_samples_post_metric_relabeling", 'job="qdrant"'): 40.0,
    ("pg_database_size_bytes", 'datname="kotaemon"'): GIB,
    ("pg_locks_count", 'datname="kotaemon",mode="accesssharelock"'): 3,
    ("collections_vector_total", 'job="qdrant"'): 1738,
    ("memory_allocated_bytes", 'job="qdrant",pod="qdrant-0"'): GIB,
    ("elasticsearch_indices_docs", 'name="elasticsearch-0"'): 1738,
    ("oauth2_proxy_requests_in_flight", 'job="sign-in"'): 1,
    ("otelcol_exporter_queue_size", 'job="traces",exporter="otlp"'): 0,
    ("otelcol_exporter_queue_capacity", 'job="traces",exporter="otlp"'): 1000,
    ("fluentbit_storage_fs_chunks", 'job="fluent-bit",pod="fluent-bit-x2x4z"'): 1,
}
"""What the components' own panels show, as their exporters name it."""
COUNTERS = {
    ("pg_stat_database_xact_commit", 'datname="kotaemon"'): 30.0,
    ("pg_stat_database_xact_rollback", 'datname="kotaemon"'): 1,
    ("pg_stat_database_blks_hit", 'datname="kotaemon"'): 990,
    ("pg_stat_database_blks_read", 'datname="kotaemon"'): 10,
    ("elasticsearch_indices_search_query_total", 'name="elasticsearch-0"'): 10,
    ("fluentbit_input_records_total", 'job="fluent-bit",name="pods"'): 60,
    ("fluentbit_output_proc_records_total", 'job="fluent-bit",name="destination"'): 60,
    ("fluentbit_output_proc_bytes_total", 'job="fluent-bit",name="destination"'): 6000,
    **{
        ("oauth2_proxy_response_duration_seconds_bucket", f'job="sign-in",le="{bound}"'): step
        for bound, step in (("0.5", 50.0), ("1", 58), ("10", 60), ("+Inf", 60))
    },
}
"""Growth in half a minute."""
SYSTEM_METRICS = {
    "kubernetes_io:container_cpu_request_cores", "kubernetes_io:container_cpu_limit_cores",
    "kubernetes_io:container_memory_request_bytes", "kubernetes_io:container_memory_limit_bytes",
    "kubernetes_io:container_restart_count", "kubernetes_io:pod_network_sent_bytes_count",
    "logging_googleapis_com:byte_count",
}  # fmt: skip
"""What Google measures of every cluster by itself.

Source: docs.cloud.google.com/monitoring/api/metrics_kubernetes and …/metrics_gcp_i_o.
"""


def asked(definition: Definition) -> dict[str, tuple[str, Query]]:
    """Each query once, with the place where it stands."""
    return {
        query.expr: (f"{board.name}: {title}", query)
        for board in boards(definition)
        for title, query in board.queries()
    }


def test_every_query_finds_what_the_sources_tell(tmp_path: Path) -> None:
    """An empty panel looks as well as one that shows that all is well."""
    base = {**healthy(DEFINITION, MINUTES), **sources(DEFINITION)}
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


def test_google_has_what_its_dashboards_ask_for() -> None:
    """A panel on a metric that nobody writes stays empty for ever."""
    found = {name for expr in asked(google()) for name in re.findall(r"([a-zA-Z_:][\w:]*)(?=\{)", expr)}
    of_cluster = {name for name in found if name.startswith(("kube", "container_", "logging_"))}
    assert of_cluster <= OF_GOOGLE | SYSTEM_METRICS
    assert len(of_cluster & SYSTEM_METRICS) == len(SYSTEM_METRICS)
