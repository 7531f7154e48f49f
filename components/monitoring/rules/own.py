"""Whether monitoring itself works: what it sees nothing of it can't tell."""

from datetime import timedelta

from components.config.fields import amount
from components.config.monitoring import BuiltinMonitoring
from components.monitoring.names import ALERTMANAGER, PROMETHEUS, WATCHDOG
from components.monitoring.subject import Group, Subject
from components.signals.model import Alert, Scope, Severity

COMPONENT = "monitoring"
PROBES_MISSING = "ProbesMissing"
SOME_PROBES_MISSING = "SomeProbesMissing"
ALERTMANAGER_DOWN = "AlertmanagerDown"


def own_groups(subject: Subject) -> tuple[Group, ...]:
    """What all ways of watching have in common, and the health of the servers where they are the stack's own."""
    seeing = (*_probes(subject), *_cluster(subject))
    watching = subject.watching
    servers = _servers(watching, subject.scope) if isinstance(watching, BuiltinMonitoring) else ()
    return (
        Group(name=COMPONENT, component=COMPONENT, rules=(*seeing, *servers)),
        Group(name="watchdog", component=COMPONENT, rules=(_watchdog(),)),
    )


def _watchdog() -> Alert:
    return Alert(
        name=WATCHDOG,
        expr="vector(1)",
        lasting=timedelta(0),
        severity=Severity.TICKET,
        summary="Monitoring is alive. This always fires: it goes to the dead man's switch, never to people.",
    )


def _probes(subject: Subject) -> tuple[Alert, ...]:
    def fewer(names: list[str]) -> str:
        asked = f'probe_success{{{subject.scope},probe=~"{"|".join(names)}"}}'
        return f"(count(count by (probe) ({asked})) or vector(0)) < {len(names)}"

    essential = [probe.name for probe in subject.essential]
    others = [probe.name for probe in subject.probes if not probe.essential]
    return (
        *(
            (
                Alert(
                    name=PROBES_MISSING,
                    expr=fewer(essential),
                    lasting=timedelta(minutes=10),
                    severity=Severity.PAGE,
                    summary="Nobody knows whether people can use Kotaemon: nothing asks it any more.",
                ),
            )
            if essential
            else ()
        ),
        *(
            (
                Alert(
                    name=SOME_PROBES_MISSING,
                    expr=fewer(others),
                    lasting=timedelta(minutes=10),
                    severity=Severity.TICKET,
                    summary="Some of the questions that the parts are asked get no result at all, "
                    "neither good nor bad.",
                ),
            )
            if others
            else ()
        ),
    )


def _cluster(subject: Subject) -> tuple[Alert, Alert]:
    def missing(name: str, metric: str, lost: str) -> Alert:
        return Alert(
            name=name,
            expr=f"absent({metric}{{{subject.scope}}})",
            lasting=timedelta(minutes=15),
            severity=Severity.TICKET,
            summary=f"Nothing is told of {lost}: alerts on them can't fire.",
        )

    return (
        missing("PodMetricsMissing", "kube_pod_status_phase", "the state of pods, volumes and Jobs"),
        missing(
            "ContainerMetricsMissing",
            "container_memory_working_set_bytes",
            "what containers and volumes use",
        ),
    )


def _servers(settings: BuiltinMonitoring, scope: Scope) -> tuple[Alert, ...]:
    prometheus, alertmanager = f'{scope},job="{PROMETHEUS}"', f'{scope},job="{ALERTMANAGER}"'
    blocks = f"max by (namespace) (prometheus_tsdb_storage_blocks_bytes{{{prometheus}}})"
    kept = blocks + "".join(
        # Prometheus 2.42 tells of its blocks alone.
        f" + (max by (namespace) ({metric}{{{prometheus}}}) or 0 * {blocks})"
        for metric in (
            "prometheus_tsdb_wal_storage_size_bytes",
            "prometheus_tsdb_head_chunks_storage_size_bytes",
        )
    )
    size = int(amount(settings.storage.size))
    return (
        Alert(
            name="PrometheusRuleFailures",
            expr=f"sum by (namespace) "
            f"(increase(prometheus_rule_evaluation_failures_total{{{prometheus}}}[5m])) > 0",
            severity=Severity.TICKET,
            summary="Prometheus fails to compute some of its rules: their alerts can't fire.",
        ),
        Alert(
            name="PrometheusNotConnectedToAlertmanager",
            expr=f"max by (namespace) "
            f"(prometheus_notifications_alertmanagers_discovered{{{prometheus}}}) < 1",
            lasting=timedelta(minutes=10),
            severity=Severity.PAGE,
            summary="Prometheus knows no Alertmanager: nobody is told of anything.",
        ),
        Alert(
            name=ALERTMANAGER_DOWN,
            expr=f"up{{{alertmanager}}} == 0 or absent(up{{{alertmanager}}})",
            severity=Severity.PAGE,
            summary="Alertmanager doesn't answer: nobody is told of anything.",
        ),
        Alert(
            name="AlertmanagerNotificationsFailing",
            expr=f"sum by (namespace, integration) "
            f"(increase(alertmanager_notifications_failed_total{{{alertmanager}}}[10m])) > 0",
            severity=Severity.PAGE,
            summary="Alerts don't get through to {{ $labels.integration }}.",
        ),
        Alert(
            name="PrometheusStorageFilling",
            expr=f"({kept}) / {size} > 0.85",
            lasting=timedelta(minutes=30),
            severity=Severity.TICKET,
            summary="Prometheus' series take {{ $value | humanizePercentage }} of its volume; "
            "when it is full nothing is watched any more.",
        ),
        Alert(
            name="MonitoringConfigRejected",
            expr=f"max by (namespace, job) (prometheus_config_last_reload_successful{{{prometheus}}}) == 0 "
            f"or max by (namespace, job) (alertmanager_config_last_reload_successful{{{alertmanager}}}) == 0",
            severity=Severity.TICKET,
            summary="{{ $labels.job }} refuses its new configuration and goes on with the old one.",
        ),
    )
