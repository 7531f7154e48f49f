"""For each alert what makes it fire, and what comes near and must not."""

from dataclasses import dataclass, field

from components.config.monitoring import Objectives

from .series import DAY, GIB, Series, gone, grow, hold

_POD = 'pod="kotaemon-5d9c7b-x2x4z",container="kotaemon"'
_CLAIM = '{persistentvolumeclaim="data-postgres-0"}'
_FREE = f"kubelet_volume_stats_available_bytes{_CLAIM}"
_AGENT = '{job="fluent-bit",pod="fluent-bit-x2x4z",name="destination"}'
_AUTOSCALER = '{horizontalpodautoscaler="kotaemon"}'
_PROMETHEUS = '{job="prometheus"}'


@dataclass(frozen=True, kw_only=True)
class Case:
    """Changes to a healthy stack, for so many minutes; the alert is looked at when they are over."""

    fires: Series
    quiet: Series
    minutes: int
    lost: tuple[str, ...] = ()
    """For it to fire: series that aren't told at all, by a part of their text."""
    count: int = 1
    """How many of the alert fire."""
    groups: tuple[str, ...] = ()
    """Groups of rules that it needs beside its own."""
    objectives: Objectives = field(default_factory=Objectives)


def _probe(name: str, *, down: float, minutes: float) -> Series:
    """Answers at first, and doesn't for the last minutes."""
    series = f'probe_success{{probe="{name}"}}'
    return {series: hold(1, minutes - down).hold(0, down)}


def _waiting(reason: str, minutes: float, now_and_then: bool = False) -> Series:
    series = f'kube_pod_container_status_waiting_reason{{{_POD},reason="{reason}"}}'
    if not now_and_then:
        return {series: hold(1, minutes)}
    values = hold(1, 2)
    for _ in range(int(minutes / 6)):
        values = values.gone(3).hold(1, 3)
    return {series: values}


def _free(start: float, per_hour: float, minutes: float) -> Series:
    """Free bytes of PostgreSQL's volume, in GiB of its ten."""
    return {_FREE: grow(start * GIB, per_hour * GIB / 120, minutes)}


def _available(good: float, bad: float) -> Series:
    return {'probe_success{probe="application"}': hold(1, good).hold(0, bad)}


def _flapping(minutes: int, *, down: float, of: float) -> Series:
    """Down for a part of each stretch, too short for the page of an outage."""
    values = hold(1, of - down).hold(0, down)
    for _ in range(int(minutes / of)):
        values = values.hold(1, of - down).hold(0, down)
    return {'probe_success{probe="application"}': values}


def _slow(minutes: int, *, seconds: float, fast: float = 0) -> Series:
    series = 'probe_duration_seconds{probe="application"}'
    return {series: hold(0.1, fast).hold(seconds, minutes - fast) if fast else hold(seconds, minutes)}


_BURNING = ("objectives", "errors", "budget")

CASES = {
    "EssentialPartDown": Case(
        fires=_probe("application", down=3, minutes=10),
        quiet=_probe("application", down=1.5, minutes=10),
        minutes=10,
    ),
    "PartDown": Case(
        fires=_probe("qdrant", down=6, minutes=10), quiet=_probe("qdrant", down=4, minutes=10), minutes=10
    ),
    "OutsideServiceDown": Case(
        fires=_probe("model-openai", down=11, minutes=15),
        quiet=_probe("model-openai", down=9, minutes=15),
        minutes=15,
    ),
    "FrontDoorOpen": Case(
        fires={'probe_http_status_code{probe="front-door"}': hold(200, 5)},
        quiet={'probe_http_status_code{probe="front-door"}': hold(403, 5)},
        minutes=5,
    ),
    "CertificateEndsSoon": Case(
        fires={'probe_ssl_earliest_cert_expiry{probe="front-door"}': hold(10 * DAY, 70)},
        # By then the page tells.
        quiet={'probe_ssl_earliest_cert_expiry{probe="front-door"}': hold(2 * DAY, 70)},
        minutes=70,
    ),
    "CertificateEnds": Case(
        fires={'probe_ssl_earliest_cert_expiry{probe="front-door"}': hold(2 * DAY, 10)},
        quiet={'probe_ssl_earliest_cert_expiry{probe="front-door"}': hold(10 * DAY, 10)},
        minutes=10,
    ),
    "WorkloadNotReady": Case(
        fires={'kube_deployment_status_replicas_available{deployment="kotaemon"}': hold(0, 20)},
        quiet={'kube_deployment_status_replicas_available{deployment="kotaemon"}': hold(0, 10).hold(1, 10)},
        minutes=20,
    ),
    "TargetDown": Case(
        fires={'up{job="qdrant"}': hold(1, 2).gone(18)},
        quiet={'up{job="qdrant"}': hold(1, 11).hold(0, 9)},
        minutes=20,
    ),
    "PodCrashLooping": Case(
        fires=_waiting("CrashLoopBackOff", 20, now_and_then=True),
        quiet=_waiting("ContainerCreating", 20),
        minutes=20,
    ),
    "ImageCannotBePulled": Case(
        fires=_waiting("ImagePullBackOff", 15), quiet=_waiting("ImagePullBackOff", 3), minutes=15
    ),
    "ContainerCannotStart": Case(
        fires=_waiting("CreateContainerConfigError", 10), quiet=_waiting("PodInitializing", 10), minutes=10
    ),
    "PodUnschedulable": Case(
        fires={'kube_pod_status_unschedulable{pod="qdrant-0"}': hold(1, 20)},
        quiet={'kube_pod_status_unschedulable{pod="qdrant-0"}': hold(1, 12).gone(8)},
        minutes=20,
    ),
    "AutoscalerAtItsLimit": Case(
        fires={f"kube_horizontalpodautoscaler_status_current_replicas{_AUTOSCALER}": hold(4, 40)},
        quiet={f"kube_horizontalpodautoscaler_status_current_replicas{_AUTOSCALER}": hold(4, 25).hold(3, 15)},
        minutes=40,
    ),
    "ContainerThrottled": Case(
        fires={f"container_cpu_cfs_throttled_periods_total{{{_POD}}}": grow(0, 200, 40)},
        quiet={f"container_cpu_cfs_throttled_periods_total{{{_POD}}}": grow(0, 100, 40)},
        minutes=40,
    ),
    "ContainerOutOfMemory": Case(
        fires={
            f"kube_pod_container_status_restarts_total{{{_POD}}}": hold(0, 10).hold(1, 10),
            f'kube_pod_container_status_last_terminated_reason{{{_POD},reason="OOMKilled"}}': gone(10).hold(
                1, 10
            ),
        },
        # Killed last week, and well since.
        quiet={
            f"kube_pod_container_status_restarts_total{{{_POD}}}": hold(1, 20),
            f'kube_pod_container_status_last_terminated_reason{{{_POD},reason="OOMKilled"}}': hold(1, 20),
        },
        minutes=20,
    ),
    "ContainerNearMemoryLimit": Case(
        fires={f"container_memory_working_set_bytes{{{_POD}}}": hold(1.9 * GIB, 20)},
        quiet={f"container_memory_working_set_bytes{{{_POD}}}": hold(1.9 * GIB, 10).hold(GIB, 10)},
        minutes=20,
    ),
    "ContainerRestartsOften": Case(
        fires={f"kube_pod_container_status_restarts_total{{{_POD}}}": hold(0, 5).grow(1, 0.2, 15)},
        quiet={f"kube_pod_container_status_restarts_total{{{_POD}}}": hold(0, 10).hold(2, 10)},
        minutes=20,
    ),
    "JobFailed": Case(
        fires={'kube_job_failed{job_name="postgres-setup-1",condition="true"}': hold(1, 10)},
        # A CronJob's: the next run may mend it.
        quiet={
            'kube_job_failed{job_name="postgres-backup-1",condition="true"}': hold(1, 10),
            'kube_job_owner{job_name="postgres-backup-1",owner_kind="CronJob"}': hold(1, 10),
        },
        minutes=10,
    ),
    "NodeNotReady": Case(
        fires={'kube_node_status_condition{node="node-1",condition="Ready",status="true"}': hold(0, 10)},
        quiet={
            'kube_node_status_condition{node="node-of-others",condition="Ready",status="true"}': hold(0, 10)
        },
        minutes=10,
    ),
    "NodeUnderPressure": Case(
        fires={
            'kube_node_status_condition{node="node-1",condition="DiskPressure",status="true"}': hold(1, 10)
        },
        quiet={
            'kube_node_status_condition{node="node-of-others",condition="DiskPressure",status="true"}': hold(
                1, 10
            )
        },
        minutes=10,
    ),
    "QuotaNearlyUsed": Case(
        fires={'kube_resourcequota{resourcequota="quota",resource="requests.cpu",type="used"}': hold(23, 20)},
        quiet={'kube_resourcequota{resourcequota="quota",resource="requests.cpu",type="used"}': hold(21, 20)},
        minutes=20,
    ),
    "VolumeFillsUp": Case(
        # 3.9 GiB are gone in 78 hours.
        fires=_free(3.9, -0.05, 90),
        # As fast, while most of it is free: the first days of a new volume.
        quiet=_free(8, -0.05, 90),
        minutes=75,
    ),
    "VolumeNearlyFull": Case(fires=_free(0.9, 0, 20), quiet=_free(1.1, 0, 20), minutes=15),
    "VolumeFilesNearlyUsed": Case(
        fires={f"kubelet_volume_stats_inodes_free{_CLAIM}": hold(50, 20)},
        # A file system without a fixed number says 0 of 0.
        quiet={
            f"kubelet_volume_stats_inodes_free{_CLAIM}": hold(0, 20),
            f"kubelet_volume_stats_inodes{_CLAIM}": hold(0, 20),
        },
        minutes=20,
    ),
    "VolumeNotBound": Case(
        fires={
            'kube_persistentvolumeclaim_status_phase{persistentvolumeclaim="data-postgres-0",phase="Pending"}': hold(
                1, 20
            )
        },
        quiet={
            'kube_persistentvolumeclaim_status_phase{persistentvolumeclaim="data-postgres-0",phase="Pending"}': hold(
                1, 10
            ).hold(0, 10)
        },
        minutes=20,
    ),
    "BackupTooOld": Case(
        # It never succeeded in 28 hours; and it did two hours ago.
        fires={
            'kube_cronjob_created{cronjob="postgres-backup"}': hold(-100_000, 10),
            'kube_cronjob_status_last_successful_time{cronjob="postgres-backup"}': gone(10),
        },
        quiet={
            'kube_cronjob_created{cronjob="postgres-backup"}': hold(-100_000, 10),
            'kube_cronjob_status_last_successful_time{cronjob="postgres-backup"}': hold(-7200, 10),
        },
        minutes=10,
    ),
    "BackupShrank": Case(
        fires={'backup_size_bytes{cronjob="postgres-backup"}': hold(GIB, 120).hold(GIB / 3, 30)},
        quiet={'backup_size_bytes{cronjob="postgres-backup"}': hold(GIB, 120).hold(GIB * 0.6, 30)},
        minutes=150,
    ),
    "ProbesMissing": Case(
        fires={'probe_success{probe="application"}': hold(1, 2).gone(18)},
        quiet={'probe_success{probe="application"}': hold(1, 2).gone(8).hold(1, 10)},
        minutes=20,
    ),
    "SomeProbesMissing": Case(
        fires={'probe_success{probe="qdrant"}': hold(1, 2).gone(18)},
        quiet={'probe_success{probe="application"}': hold(1, 2).gone(18)},
        minutes=20,
    ),
    "PodMetricsMissing": Case(
        fires={},
        lost=("kube_pod_status_phase",),
        quiet={'kube_pod_status_phase{pod="postgres-0",phase="Running"}': gone(20)},
        minutes=20,
    ),
    "ContainerMetricsMissing": Case(
        fires={},
        lost=("container_memory",),
        quiet={'container_memory_working_set_bytes{pod="postgres-0",container="postgres"}': gone(20)},
        minutes=20,
    ),
    "Watchdog": Case(fires={}, quiet={}, minutes=1),
    "PrometheusRuleFailures": Case(
        fires={f"prometheus_rule_evaluation_failures_total{_PROMETHEUS}": grow(0, 1, 15)},
        quiet={f"prometheus_rule_evaluation_failures_total{_PROMETHEUS}": hold(7, 15)},
        minutes=15,
    ),
    "PrometheusNotConnectedToAlertmanager": Case(
        fires={f"prometheus_notifications_alertmanagers_discovered{_PROMETHEUS}": hold(0, 15)},
        quiet={f"prometheus_notifications_alertmanagers_discovered{_PROMETHEUS}": hold(0, 8).hold(1, 7)},
        minutes=15,
    ),
    "AlertmanagerDown": Case(
        fires={'up{job="alertmanager"}': hold(0, 10)},
        quiet={'up{job="alertmanager"}': hold(1, 7).hold(0, 3)},
        minutes=10,
    ),
    "AlertmanagerNotificationsFailing": Case(
        fires={
            'alertmanager_notifications_failed_total{job="alertmanager",integration="slack"}': grow(
                0, 0.1, 20
            )
        },
        quiet={
            'alertmanager_notifications_failed_total{job="alertmanager",integration="slack"}': hold(3, 20)
        },
        minutes=20,
    ),
    "PrometheusStorageFilling": Case(
        fires={f"prometheus_tsdb_storage_blocks_bytes{_PROMETHEUS}": hold(9 * GIB, 40)},
        quiet={f"prometheus_tsdb_storage_blocks_bytes{_PROMETHEUS}": hold(8 * GIB, 40)},
        minutes=40,
    ),
    "MonitoringConfigRejected": Case(
        fires={'alertmanager_config_last_reload_successful{job="alertmanager"}': hold(0, 10)},
        quiet={'alertmanager_config_last_reload_successful{job="alertmanager"}': hold(0, 4).hold(1, 6)},
        minutes=10,
    ),
    "RequestsFail": Case(
        fires={'oauth2_proxy_requests_total{job="sign-in",code="502"}': grow(0, 6, 25)},
        quiet={'oauth2_proxy_requests_total{job="sign-in",code="403"}': grow(0, 60, 25)},
        minutes=25,
    ),
    "PostgresRefusesLogin": Case(
        fires={"pg_up": hold(0, 10)},
        # The page tells that it is gone.
        quiet={"pg_up": hold(0, 10), 'probe_success{probe="postgres"}': hold(0, 10)},
        minutes=10,
    ),
    "PostgresConnectionsNearlyUsed": Case(
        fires={'pg_stat_database_numbackends{datname="kotaemon"}': hold(85, 15)},
        quiet={'pg_stat_database_numbackends{datname="kotaemon"}': hold(75, 15)},
        minutes=15,
    ),
    "PostgresDeadlocks": Case(
        fires={'pg_stat_database_deadlocks{datname="kotaemon"}': grow(0, 0.1, 60)},
        quiet={'pg_stat_database_deadlocks{datname="kotaemon"}': hold(0, 30).hold(2, 30)},
        minutes=60,
    ),
    "PostgresLongTransaction": Case(
        fires={'pg_stat_activity_max_tx_duration{datname="kotaemon"}': hold(4000, 10)},
        quiet={'pg_stat_activity_max_tx_duration{datname="kotaemon"}': hold(3000, 10)},
        minutes=10,
    ),
    "QdrantInRecoveryMode": Case(
        fires={'app_status_recovery_mode{job="qdrant",pod="qdrant-0"}': hold(1, 5)},
        quiet={'app_status_recovery_mode{job="qdrant",pod="qdrant-0"}': hold(1, 1).hold(0, 4)},
        minutes=5,
    ),
    "QdrantOperationsPending": Case(
        fires={'cluster_pending_operations_total{job="qdrant",pod="qdrant-0"}': hold(3, 20)},
        quiet={'cluster_pending_operations_total{job="qdrant",pod="qdrant-0"}': hold(3, 12).hold(0, 8)},
        minutes=20,
    ),
    "QdrantErrors": Case(
        fires={'rest_responses_total{job="qdrant",status="500"}': grow(0, 6, 25)},
        quiet={'rest_responses_total{job="qdrant",status="404"}': grow(0, 60, 25)},
        minutes=25,
    ),
    "ElasticsearchRed": Case(
        fires={'elasticsearch_cluster_health_status{color="red"}': hold(1, 5)},
        quiet={'elasticsearch_cluster_health_status{color="yellow"}': hold(1, 5)},
        minutes=5,
    ),
    "ElasticsearchHeapFull": Case(
        fires={
            'elasticsearch_jvm_memory_used_bytes{name="elasticsearch-0",area="heap"}': hold(0.95 * GIB, 20)
        },
        quiet={
            'elasticsearch_jvm_memory_used_bytes{name="elasticsearch-0",area="heap"}': hold(
                0.95 * GIB, 10
            ).hold(0.5 * GIB, 10)
        },
        minutes=20,
    ),
    "LogsNotDelivered": Case(
        fires={f"fluentbit_output_retries_total{_AGENT}": grow(0, 1, 30)},
        # Slower than usual, and getting there.
        quiet={
            f"fluentbit_output_retries_total{_AGENT}": grow(0, 1, 30),
            f"fluentbit_output_proc_records_total{_AGENT}": grow(0, 10, 30),
        },
        minutes=30,
    ),
    "LogsLost": Case(
        fires={f"fluentbit_output_dropped_records_total{_AGENT}": grow(0, 5, 40)},
        quiet={f"fluentbit_output_dropped_records_total{_AGENT}": hold(0, 5).hold(5, 35)},
        minutes=40,
    ),
    "TracesNotDelivered": Case(
        fires={'otelcol_exporter_enqueue_failed_spans_total{job="traces"}': grow(0, 60, 25)},
        quiet={
            'otelcol_exporter_enqueue_failed_spans_total{job="traces"}': hold(60, 25),
            'otelcol_exporter_queue_size{job="traces"}': hold(4e6, 25),
            'otelcol_exporter_queue_capacity{job="traces"}': hold(1e7, 25),
        },
        minutes=25,
    ),
    "TracesRefused": Case(
        fires={'otelcol_receiver_refused_spans_total{job="traces",transport="grpc"}': grow(0, 60, 25)},
        quiet={'otelcol_receiver_refused_spans_total{job="traces",transport="grpc"}': hold(60, 25)},
        minutes=25,
    ),
    # 99.5 %: 7.2 % of an hour and of five minutes; a page for an outage would need two minutes at a stretch.
    "AvailabilityBurnsFast": Case(
        fires=_flapping(70, down=1, of=5), quiet=_flapping(70, down=0.5, of=15), minutes=68, groups=_BURNING
    ),
    # 99.9 %: 0.3 % of a day and of two hours, four minutes, spread over an evening.
    "AvailabilityBurnsSlowly": Case(
        fires=_flapping(115, down=1, of=20),
        quiet=_flapping(115, down=0.5, of=60),
        minutes=115,
        groups=_BURNING,
        objectives=Objectives(availability=99.9),
    ),
    # Ten minutes of seven days.
    "AvailabilityMissed": Case(
        fires=_available(10, 80),
        quiet=_available(80, 10),
        minutes=90,
        groups=_BURNING,
        objectives=Objectives(availability=99.9, days=7),
    ),
    # 95 %: half of an hour.
    "LatencyBurnsFast": Case(
        fires=_slow(60, seconds=5), quiet=_slow(60, seconds=5, fast=30), minutes=60, groups=_BURNING
    ),
    # 99.5 %: 1.5 % of a day, 22 minutes.
    "LatencyBurnsSlowly": Case(
        fires=_slow(60, seconds=5),
        quiet=_slow(60, seconds=1.9),
        minutes=60,
        groups=_BURNING,
        objectives=Objectives(latency_share=99.5),
    ),
    # Ten minutes of seven days.
    "LatencyMissed": Case(
        fires=_slow(90, seconds=5),
        quiet=_slow(90, seconds=5, fast=80),
        minutes=90,
        groups=_BURNING,
        objectives=Objectives(latency_share=99.9, days=7),
    ),
}
