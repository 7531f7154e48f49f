"""How full volumes are, and when they will be. Source: the kubelet's kubelet_volume_stats_*, of CSI volumes only."""

from datetime import timedelta

from components.monitoring.subject import Group, Subject
from components.signals.model import Alert, Severity

from .label import of_claims

VOLUME_FILLS_UP = "VolumeFillsUp"
VOLUME_NEARLY_FULL = "VolumeNearlyFull"
_HOUR = 3600
_CLAIM = "max by (namespace, persistentvolumeclaim)"


def volume_groups(subject: Subject) -> tuple[Group, ...]:
    """Volume claims of the namespace."""
    return (
        Group(
            name="volumes",
            interval=timedelta(minutes=1),
            rules=(*_space(subject), _files(subject), _unbound(subject)),
        ),
    )


def _space(subject: Subject) -> tuple[Alert, Alert]:
    free = f"kubelet_volume_stats_available_bytes{{{subject.scope}}}"
    size = f"kubelet_volume_stats_capacity_bytes{{{subject.scope}}}"
    left = f"{_CLAIM} ({free}) / {_CLAIM} ({size})"

    def full_within(hours: int, window: str) -> str:
        return f"{_CLAIM} (predict_linear({free}[{window}], {hours * _HOUR})) < 0"

    return (
        Alert(
            name=VOLUME_FILLS_UP,
            # A volume that is nearly empty fills fast at first, and then no longer.
            expr=of_claims(subject, f"{left} < 0.4 and {full_within(4 * 24, '6h')}"),
            lasting=timedelta(hours=1),
            severity=Severity.TICKET,
            summary="The volume {{ $labels.persistentvolumeclaim }} will be full within four days; "
            "{{ $value | humanizePercentage }} is left.",
        ),
        Alert(
            name=VOLUME_NEARLY_FULL,
            expr=of_claims(subject, f"({left} < 0.1) or ({left} < 0.5 and {full_within(6, '1h')})"),
            # One large upload is over by then.
            lasting=timedelta(minutes=10),
            severity=Severity.PAGE,
            summary="The volume {{ $labels.persistentvolumeclaim }} is full soon "
            "({{ $value | humanizePercentage }} left); then nothing can be written to it.",
        ),
    )


def _files(subject: Subject) -> Alert:
    free = f"{_CLAIM} (kubelet_volume_stats_inodes_free{{{subject.scope}}})"
    most = f"{_CLAIM} (kubelet_volume_stats_inodes{{{subject.scope}}})"
    return Alert(
        name="VolumeFilesNearlyUsed",
        # Some file systems have no fixed number, and say 0.
        expr=of_claims(subject, f"{free} / ({most} > 0) < 0.1"),
        lasting=timedelta(minutes=15),
        severity=Severity.TICKET,
        summary="The volume {{ $labels.persistentvolumeclaim }} has room for few more files "
        "({{ $value | humanizePercentage }} left), whatever their size.",
    )


def _unbound(subject: Subject) -> Alert:
    phase = f'kube_persistentvolumeclaim_status_phase{{{subject.scope},phase=~"Pending|Lost"}}'
    return Alert(
        name="VolumeNotBound",
        expr=of_claims(subject, f"max by (namespace, persistentvolumeclaim, phase) ({phase}) == 1"),
        lasting=timedelta(minutes=15),
        severity=Severity.TICKET,
        summary="The claim {{ $labels.persistentvolumeclaim }} has no volume ({{ $labels.phase }}): "
        "the pod that needs it can't start.",
    )
