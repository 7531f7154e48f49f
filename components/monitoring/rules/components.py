"""What each component's contract promises: it answers, its pods are ready, its metrics come, its certificate holds."""

import re
from datetime import timedelta

from components.monitoring.subject import Group, Subject, export_job
from components.signals.model import (
    Alert,
    Probe,
    ProbeModule,
    Severity,
    Watch,
    Workload,
    WorkloadKind,
)

ESSENTIAL_PART_DOWN = "EssentialPartDown"
PART_DOWN = "PartDown"
OUTSIDE_SERVICE_DOWN = "OutsideServiceDown"
WORKLOAD_NOT_READY = "WorkloadNotReady"
TARGET_DOWN = "TargetDown"
OUTSIDE = "outside"
"""Component of what isn't the stack's: model providers, the identity provider."""
OUTAGE = timedelta(minutes=2)
"""How long an essential part fails before somebody is woken."""
_DAY = 86400
_REPLICAS = {
    WorkloadKind.DEPLOYMENT: ("kube_deployment_spec_replicas", "kube_deployment_status_replicas_available"),
    WorkloadKind.STATEFUL_SET: ("kube_statefulset_replicas", "kube_statefulset_status_replicas_ready"),
    WorkloadKind.DAEMON_SET: (
        "kube_daemonset_status_desired_number_scheduled",
        "kube_daemonset_status_number_ready",
    ),
}
"""How many pods there should be, and how many are ready. Google's package of metrics has these, too."""


def component_groups(subject: Subject) -> tuple[Group, ...]:
    """A group for each component, and one for what is outside."""
    found = [
        Group(name=watch.component, component=watch.component, rules=_alerts(subject, watch))
        for watch in subject.watches
    ]
    outside = tuple(probe for probe in subject.probes if not own(probe))
    if outside:
        found.append(Group(name=OUTSIDE, component=OUTSIDE, rules=(_outside(subject, outside),)))
    return tuple(group for group in found if group.rules)


def own(probe: Probe) -> bool:
    """Whether it asks a part of the stack, which somebody here can mend."""
    return probe.module is not ProbeModule.ANSWERS


def _alerts(subject: Subject, watch: Watch) -> tuple[Alert, ...]:
    probes = tuple(probe for probe in watch.probes if own(probe))
    return (
        *(_down(subject, watch, probe) for probe in probes),
        *(alert for probe in probes if not _bare(probe) for alert in _certificate(subject, probe)),
        *((_not_ready(subject, watch, watch.workload),) if watch.workload else ()),
        *(_silent(subject, watch, job) for job in _jobs(subject, watch)),
        *(alert for alert in watch.alerts if not subject.minimal or _seen_from_outside(alert)),
    )


def _seen_from_outside(alert: Alert) -> bool:
    """Whether it reads nothing of a component's inside, of which nothing is scraped where it is minimal."""
    metrics = re.findall(r"([a-z_][a-z0-9_]*)\{", alert.expr)
    return all(metric.startswith(("probe_", "kube_", "container_")) for metric in metrics)


def _bare(probe: Probe) -> bool:
    """Whether the connection is known to have no certificate."""
    return probe.module is ProbeModule.TCP or str(probe.target).startswith("http://")


def _jobs(subject: Subject, watch: Watch) -> tuple[str, ...]:
    if subject.minimal:
        return ()
    exported = (export_job(watch.export),) if watch.export else ()
    return (*(target.job for target in watch.targets), *exported)


def _failing(subject: Subject, *probes: Probe) -> str:
    names = "|".join(probe.name for probe in probes)
    return f'max by (namespace, probe) (probe_success{{{subject.scope},probe=~"{names}"}}) == 0'


def _down(subject: Subject, watch: Watch, probe: Probe) -> Alert:
    if probe.essential:
        return Alert(
            name=ESSENTIAL_PART_DOWN,
            expr=_failing(subject, probe),
            lasting=OUTAGE,
            severity=probe.severity,
            summary=f"People can't use Kotaemon: {probe.part} doesn't answer. Lost: {watch.loss}.",
        )
    return Alert(
        name=PART_DOWN,
        expr=_failing(subject, probe),
        severity=probe.severity,
        summary=f"{_first_upper(probe.part)} doesn't answer. Lost: {watch.loss}.",
    )


def _outside(subject: Subject, probes: tuple[Probe, ...]) -> Alert:
    severe = any(probe.severity is Severity.PAGE for probe in probes)
    return Alert(
        name=OUTSIDE_SERVICE_DOWN,
        expr=_failing(subject, *probes),
        lasting=timedelta(minutes=10),
        severity=Severity.PAGE if severe else Severity.TICKET,
        summary="No answer from {{ $labels.probe }}, which is outside: what needs it fails until it comes back.",
    )


def _certificate(subject: Subject, probe: Probe) -> tuple[Alert, Alert]:
    left = (
        "min by (namespace, probe) "
        f'(probe_ssl_earliest_cert_expiry{{{subject.scope},probe="{probe.name}"}}) - time()'
    )
    says = f"The certificate of {probe.part} ends in {{{{ $value | humanizeDuration }}}}"
    return (
        Alert(
            name="CertificateEndsSoon",
            # From three days on the page is the one that tells.
            expr=f"{left} < {14 * _DAY} >= {3 * _DAY}",
            lasting=timedelta(hours=1),
            severity=Severity.TICKET,
            summary=f"{says}: whoever renews it should have by now.",
        ),
        Alert(
            name="CertificateEnds",
            expr=f"{left} < {3 * _DAY}",
            severity=Severity.PAGE,
            summary=f"{says}; from then on nobody gets in.",
        ),
    )


def _not_ready(subject: Subject, watch: Watch, workload: Workload) -> Alert:
    wanted, ready = _REPLICAS[workload.kind]
    namespace = workload.namespace or subject.scope.namespace
    chosen = f'{{namespace="{namespace}",{workload.kind.value}="{workload.name}"}}'
    kept = f"max by (namespace, {workload.kind.value})"
    return Alert(
        name=WORKLOAD_NOT_READY,
        expr=f"{kept} ({wanted}{chosen}) - {kept} ({ready}{chosen}) > 0",
        lasting=timedelta(minutes=15),
        severity=Severity.TICKET,
        summary=f"{watch.title}: {{{{ $value }}}} of its pods should be ready and isn't. "
        f"When none is, people lose {watch.loss}.",
    )


def _silent(subject: Subject, watch: Watch, job: str) -> Alert:
    series = f'up{{{subject.scope},job="{job}"}}'
    return Alert(
        name=TARGET_DOWN,
        expr=f"{series} == 0 or absent({series})",
        lasting=timedelta(minutes=10),
        severity=Severity.TICKET,
        summary=f"No metrics come from {job}: nobody sees how {watch.title} is, "
        "and alerts that read them can't fire.",
    )


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
