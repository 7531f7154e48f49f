"""Series as a healthy stack has them, and what an outage makes of them: input for promtool."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from components.monitoring.definition import Definition, export_job
from components.monitoring.rules.components import own
from components.signals.model import ProbeModule, Watch, WorkloadKind

EVERY = timedelta(seconds=30)
"""What lies between two samples."""
DAY = 86400
GIB = 2**30
Series = Mapping[str, "Values"]
"""Samples by series: `up{job="qdrant"}`."""


class Values:
    """Samples of a series: held, growing, or missing, one stretch after the other."""

    def __init__(self, stretches: tuple[str, ...] = (), last: float | None = None) -> None:
        self.stretches = stretches
        self.last = last

    def hold(self, value: float, minutes: float) -> "Values":
        """The same value for some minutes."""
        return self.grow(value, 0, minutes)

    def grow(self, value: float, step: float, minutes: float) -> "Values":
        """From `value` on, by `step` each half minute."""
        count = round(timedelta(minutes=minutes) / EVERY)
        more = f"{value:.10g}{step:+.10g}x{count - 1}" if count > 1 else f"{value:.10g}"
        return Values((*self.stretches, more), value + step * count)

    def gone(self, minutes: float) -> "Values":
        """Nothing is told for some minutes; Prometheus notes at once that a series has ended."""
        count = round(timedelta(minutes=minutes) / EVERY)
        more = ("stale", f"_x{count - 1}") if count > 1 else ("stale",)
        return Values((*self.stretches, *more), self.last)

    def __str__(self) -> str:
        return " ".join(self.stretches)


def hold(value: float, minutes: float) -> Values:
    """The same value for some minutes."""
    return Values().hold(value, minutes)


def grow(value: float, step: float, minutes: float) -> Values:
    """From `value` on, by `step` each half minute."""
    return Values().grow(value, step, minutes)


def gone(minutes: float) -> Values:
    """Nothing is told for some minutes."""
    return Values().gone(minutes)


def pod_of(watch: Watch) -> str:
    """A name as its controller would give it."""
    assert watch.workload
    ending = "0" if watch.workload.kind is WorkloadKind.STATEFUL_SET else "5d9c7b-x2x4z"
    return f"{watch.workload.name}-{ending}"


def healthy(definition: Definition, minutes: float) -> dict[str, Values]:
    """Everything as it should be, for so long."""
    found = {**_probes(definition), **_jobs(definition), **_special(), **_own(), **_cluster()}
    for watch in definition.watches:
        found |= _pods(watch)
    found |= _volumes()
    level = {_named(definition, name): hold(value, minutes) for name, value in found.items()}
    growing = {_named(definition, name): grow(0, step, minutes) for name, step in _counters().items()}
    return {**level, **growing}


def _named(definition: Definition, series: str) -> str:
    """With the stack's namespace among its labels."""
    name, _, labels = series.partition("{")
    return f'{name}{{namespace="{definition.scope.namespace}",{labels or "}"}'


def _probes(definition: Definition) -> dict[str, float]:
    found: dict[str, float] = {}
    for probe in definition.probes:
        found[f'probe_success{{probe="{probe.name}"}}'] = 1
        found[f'probe_duration_seconds{{probe="{probe.name}"}}'] = 0.1
        if probe.module is not ProbeModule.TCP:
            found[f'probe_http_status_code{{probe="{probe.name}"}}'] = 302
        if str(probe.target).startswith("https://"):
            found[f'probe_ssl_earliest_cert_expiry{{probe="{probe.name}"}}'] = 60 * DAY if own(probe) else DAY
    return found


def _jobs(definition: Definition) -> dict[str, float]:
    jobs = [target.job for target in definition.targets]
    jobs += [export_job(export) for export in definition.exports]
    return {f'up{{job="{job}"}}': 1 for job in (*jobs, "prometheus", "alertmanager")}


def _pods(watch: Watch) -> dict[str, float]:
    if watch.workload is None:
        return {}
    name, pod = watch.workload.name, pod_of(watch)
    wanted, ready = {
        WorkloadKind.DEPLOYMENT: ("spec_replicas", "status_replicas_available"),
        WorkloadKind.STATEFUL_SET: ("replicas", "status_replicas_ready"),
        WorkloadKind.DAEMON_SET: ("status_desired_number_scheduled", "status_number_ready"),
    }[watch.workload.kind]
    kind, where = watch.workload.kind.value, f'pod="{pod}",container="{name}"'
    return {
        f'kube_{kind}_{wanted}{{{kind}="{name}"}}': 1,
        f'kube_{kind}_{ready}{{{kind}="{name}"}}': 1,
        f'kube_pod_status_phase{{pod="{pod}",phase="Running"}}': 1,
        f'kube_pod_info{{pod="{pod}",node="node-1"}}': 1,
        f"kube_pod_container_status_restarts_total{{{where}}}": 0,
        f'kube_pod_container_resource_limits{{{where},resource="memory"}}': 2 * GIB,
        f"container_memory_working_set_bytes{{{where}}}": GIB,
        # The pod's own cgroup, which has no limit to compare with.
        f'container_memory_working_set_bytes{{pod="{pod}",container=""}}': 2 * GIB,
    }


def _counters() -> dict[str, float]:
    """Growth in half a minute."""
    throttled = 'pod="kotaemon-5d9c7b-x2x4z",container="kotaemon"'
    return {
        f"container_cpu_cfs_periods_total{{{throttled}}}": 300,
        f"container_cpu_cfs_throttled_periods_total{{{throttled}}}": 30,
        'oauth2_proxy_requests_total{job="sign-in",code="200"}': 60,
        'oauth2_proxy_requests_total{job="sign-in",code="502"}': 0,
        'rest_responses_total{job="qdrant",status="200"}': 60,
        'rest_responses_total{job="qdrant",status="500"}': 0,
        'pg_stat_database_deadlocks{datname="kotaemon"}': 0,
        'prometheus_rule_evaluation_failures_total{job="prometheus"}': 0,
        'alertmanager_notifications_failed_total{job="alertmanager",integration="slack"}': 0,
    }


def _special() -> dict[str, float]:
    """What the components' own alerts read."""
    return {
        "pg_up": 1,
        'pg_stat_database_numbackends{datname="kotaemon"}': 20,
        "pg_settings_max_connections": 100,
        'pg_stat_activity_max_tx_duration{datname="kotaemon"}': 2,
        'app_status_recovery_mode{job="qdrant",pod="qdrant-0"}': 0,
        'cluster_pending_operations_total{job="qdrant",pod="qdrant-0"}': 0,
        'elasticsearch_cluster_health_status{color="red"}': 0,
        'elasticsearch_jvm_memory_used_bytes{name="elasticsearch-0",area="heap"}': GIB // 2,
        'elasticsearch_jvm_memory_max_bytes{name="elasticsearch-0",area="heap"}': GIB,
    }


def _own() -> dict[str, float]:
    return {
        'prometheus_notifications_alertmanagers_discovered{job="prometheus"}': 1,
        'prometheus_tsdb_storage_blocks_bytes{job="prometheus"}': GIB,
        'prometheus_tsdb_wal_storage_size_bytes{job="prometheus"}': GIB // 8,
        'prometheus_tsdb_head_chunks_storage_size_bytes{job="prometheus"}': GIB // 8,
        'prometheus_config_last_reload_successful{job="prometheus"}': 1,
        'alertmanager_config_last_reload_successful{job="alertmanager"}': 1,
    }


def _cluster() -> dict[str, float]:
    return {
        'kube_resourcequota{resourcequota="quota",resource="requests.cpu",type="used"}': 4,
        'kube_resourcequota{resourcequota="quota",resource="requests.cpu",type="hard"}': 24,
        'kube_job_failed{job_name="postgres-setup-1",condition="true"}': 0,
        'kube_horizontalpodautoscaler_status_current_replicas{horizontalpodautoscaler="kotaemon"}': 2,
        'kube_horizontalpodautoscaler_spec_max_replicas{horizontalpodautoscaler="kotaemon"}': 4,
        'kube_cronjob_created{cronjob="postgres-backup"}': 0,
        'kube_cronjob_status_last_successful_time{cronjob="postgres-backup"}': 0,
        'backup_size_bytes{cronjob="postgres-backup"}': GIB,
        **{
            f'kube_node_status_condition{{node="{node}",condition="{condition}",status="true"}}': well
            for node in ("node-1", "node-of-others")
            for condition, well in (("Ready", 1.0), ("MemoryPressure", 0.0), ("DiskPressure", 0.0))
        },
    }


def _volumes() -> dict[str, float]:
    found: dict[str, float] = {}
    for claim in ("kotaemon-data", "data-postgres-0", "data-qdrant-0"):
        chosen = f'{{persistentvolumeclaim="{claim}"}}'
        found |= {
            f"kubelet_volume_stats_capacity_bytes{chosen}": 10 * GIB,
            f"kubelet_volume_stats_available_bytes{chosen}": 8 * GIB,
            f"kubelet_volume_stats_inodes{chosen}": 1000,
            f"kubelet_volume_stats_inodes_free{chosen}": 900,
            f'kube_persistentvolumeclaim_status_phase{{persistentvolumeclaim="{claim}",phase="Pending"}}': 0,
        }
    return found


def overlaid(definition: Definition, base: Series, changes: Series) -> dict[str, Values]:
    """`base` with some series replaced, added, or taken away for a while."""
    named = {_named(definition, name): values for name, values in changes.items()}
    return {**base, **named}


def without(base: Series, parts: Iterable[str]) -> dict[str, Values]:
    """`base` without the series that have one of `parts` in their text."""
    unwanted = tuple(parts)
    return {name: values for name, values in base.items() if not any(part in name for part in unwanted)}
