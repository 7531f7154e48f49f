"""Outages: what becomes of the series when a part is gone, and who is told what then."""

from collections.abc import Iterable
from dataclasses import dataclass

from components.monitoring.definition import Inhibition, Matcher

from .series import DAY, GIB, Series, gone, grow, hold

Labels = frozenset[tuple[str, str]]


def alert(name: str, component: str, **labels: str) -> Labels:
    """An alert, by the labels that tell it from others."""
    return frozenset({"alertname": name, "component": component, **labels}.items())


@dataclass(frozen=True, kw_only=True)
class Outage:
    """What changes on a healthy stack, and which alerts fire in the end."""

    changes: Series
    told: frozenset[Labels]
    """Those that people hear of."""
    silenced: frozenset[Labels] = frozenset()
    """Those that follow from them."""
    missing: tuple[str, ...] = ()
    """Series that aren't told at all any more, by a part of their text."""
    minutes: int = 20


def uninhibited(firing: Iterable[Labels], rules: Iterable[Inhibition]) -> frozenset[Labels]:
    """The alerts that no other inhibits, as Alertmanager decides it: a label that is missing is an empty one."""
    alerts, rules = [dict(one) for one in firing], list(rules)
    return frozenset(
        frozenset(target.items())
        for target in alerts
        if not any(
            _matches(rule.target, target)
            and _matches(rule.source, source)
            and source is not target
            and all(source.get(label, "") == target.get(label, "") for label in rule.equal)
            for rule in rules
            for source in alerts
        )
    )


def _matches(matchers: tuple[Matcher, ...], labels: dict[str, str]) -> bool:
    return all(
        labels.get(one.label, "") in one.value.split("|")
        if one.regex
        else labels.get(one.label, "") == one.value
        for one in matchers
    )


def _down(probe: str, minutes: float, after: float = 0) -> Series:
    series = f'probe_success{{probe="{probe}"}}'
    return {series: hold(1, after).hold(0, minutes) if after else hold(0, minutes)}


def _not_ready(kind: str, name: str, minutes: float = 20) -> Series:
    ready = "replicas_available" if kind == "deployment" else "replicas_ready"
    return {f'kube_{kind}_status_{ready}{{{kind}="{name}"}}': hold(0, minutes)}


_KOTAEMON = {"pod": "kotaemon-5d9c7b-x2x4z", "container": "kotaemon"}
_POD = 'pod="kotaemon-5d9c7b-x2x4z",container="kotaemon"'
_CRASHING = f'kube_pod_container_status_waiting_reason{{{_POD},reason="CrashLoopBackOff"}}'
_RESTARTS = f"kube_pod_container_status_restarts_total{{{_POD}}}"
_CLAIM = "data-postgres-0"

_POSTGRES_DOWN = alert("EssentialPartDown", "postgres", probe="postgres")
_APPLICATION_DOWN = alert("EssentialPartDown", "kotaemon", probe="application")
_DOOR_DOWN = alert("EssentialPartDown", "edge", probe="front-door")

OUTAGES = {
    # Kotaemon's own page answers without it.
    "PostgreSQL stopped": Outage(
        changes={**_down("postgres", 20), **_not_ready("statefulset", "postgres"), "pg_up": hold(0, 20)},
        missing=("pg_stat", "pg_settings"),
        told=frozenset({_POSTGRES_DOWN}),
        silenced=frozenset({alert("WorkloadNotReady", "postgres")}),
    ),
    # A restart with a long log to replay: Kotaemon, started meanwhile, waits for it.
    "PostgreSQL and what needs it": Outage(
        changes={**_down("postgres", 20), **_down("application", 20), **_down("front-door", 20)},
        told=frozenset({_POSTGRES_DOWN}),
        silenced=frozenset({_APPLICATION_DOWN, _DOOR_DOWN}),
    ),
    "Qdrant stopped": Outage(
        changes={
            **_down("qdrant", 20),
            **_not_ready("statefulset", "qdrant"),
            'up{job="qdrant"}': hold(0, 20),
        },
        missing=("app_status", "cluster_pending", "rest_responses"),
        told=frozenset({alert("PartDown", "qdrant", probe="qdrant")}),
        silenced=frozenset(
            {alert("WorkloadNotReady", "qdrant"), alert("TargetDown", "qdrant", job="qdrant")}
        ),
    ),
    "Elasticsearch stopped": Outage(
        changes={**_down("elasticsearch", 20), **_not_ready("statefulset", "elasticsearch")},
        missing=("elasticsearch_",),
        told=frozenset({alert("EssentialPartDown", "elasticsearch", probe="elasticsearch")}),
        silenced=frozenset({alert("WorkloadNotReady", "elasticsearch")}),
    ),
    "Kotaemon ends at its start": Outage(
        changes={
            **_down("application", 20),
            **_down("front-door", 20),
            **_not_ready("deployment", "kotaemon"),
            _CRASHING: hold(1, 20),
            _RESTARTS: grow(0, 0.25, 20),
        },
        told=frozenset({_APPLICATION_DOWN, alert("PodCrashLooping", "kotaemon", **_KOTAEMON)}),
        silenced=frozenset(
            {
                _DOOR_DOWN,
                alert("WorkloadNotReady", "kotaemon"),
                alert("ContainerRestartsOften", "kotaemon", **_KOTAEMON),
            }
        ),
    ),
    "Kotaemon runs out of memory": Outage(
        changes={
            _CRASHING: hold(1, 20),
            _RESTARTS: grow(0, 0.25, 20),
            f'kube_pod_container_status_last_terminated_reason{{{_POD},reason="OOMKilled"}}': hold(1, 20),
            f"container_memory_working_set_bytes{{{_POD}}}": hold(2 * GIB, 20),
        },
        told=frozenset({alert("ContainerOutOfMemory", "kotaemon", **_KOTAEMON)}),
        silenced=frozenset(
            alert(name, "kotaemon", **_KOTAEMON)
            for name in ("PodCrashLooping", "ContainerRestartsOften", "ContainerNearMemoryLimit")
        ),
    ),
    # The old pods go on serving.
    "an update whose image isn't there": Outage(
        changes={
            **_not_ready("deployment", "kotaemon"),
            f'kube_pod_container_status_waiting_reason{{{_POD},reason="ImagePullBackOff"}}': hold(1, 20),
        },
        told=frozenset({alert("ImageCannotBePulled", "kotaemon", **_KOTAEMON)}),
        silenced=frozenset({alert("WorkloadNotReady", "kotaemon")}),
    ),
    "the front door is shut": Outage(changes=_down("front-door", 20), told=frozenset({_DOOR_DOWN})),
    "the front door is open": Outage(
        changes={
            **_down("front-door", 20),
            'probe_http_status_code{probe="front-door"}': hold(200, 20),
        },
        told=frozenset({alert("FrontDoorOpen", "edge", probe="front-door")}),
        silenced=frozenset({_DOOR_DOWN}),
    ),
    "the front door's certificate ends": Outage(
        changes={'probe_ssl_earliest_cert_expiry{probe="front-door"}': hold(2 * DAY, 90)},
        told=frozenset({alert("CertificateEnds", "edge", probe="front-door")}),
        minutes=90,
    ),
    "the model's provider is gone": Outage(
        changes=_down("model-openai", 20),
        told=frozenset({alert("OutsideServiceDown", "outside", probe="model-openai")}),
    ),
    "PostgreSQL's exporter is gone": Outage(
        changes={'up{job="postgres-exporter"}': gone(20), **_not_ready("deployment", "postgres-exporter")},
        missing=("pg_",),
        told=frozenset({alert("TargetDown", "postgres", job="postgres-exporter")}),
        silenced=frozenset({alert("WorkloadNotReady", "postgres-exporter")}),
    ),
    "the probes' exporter is gone": Outage(
        changes=_not_ready("deployment", "blackbox-exporter"),
        missing=("probe_",),
        told=frozenset({alert("ProbesMissing", "monitoring")}),
        silenced=frozenset(
            {alert("SomeProbesMissing", "monitoring"), alert("WorkloadNotReady", "blackbox-exporter")}
        ),
    ),
    "kube-state-metrics is gone": Outage(
        changes={}, missing=("kube_",), told=frozenset({alert("PodMetricsMissing", "monitoring")})
    ),
    "the nodes tell nothing of containers": Outage(
        changes={},
        missing=("container_", "kubelet_"),
        told=frozenset({alert("ContainerMetricsMissing", "monitoring")}),
    ),
    "Alertmanager is gone": Outage(
        changes={'up{job="alertmanager"}': hold(0, 20), **_not_ready("statefulset", "alertmanager")},
        missing=("alertmanager_",),
        told=frozenset({alert("AlertmanagerDown", "monitoring", job="alertmanager")}),
        silenced=frozenset({alert("WorkloadNotReady", "alertmanager")}),
    ),
    "a volume fills": Outage(
        changes={
            f'kubelet_volume_stats_available_bytes{{persistentvolumeclaim="{_CLAIM}"}}': grow(
                0.9 * GIB, -0.001 * GIB, 80
            )
        },
        told=frozenset({alert("VolumeNearlyFull", "postgres", persistentvolumeclaim=_CLAIM)}),
        silenced=frozenset({alert("VolumeFillsUp", "postgres", persistentvolumeclaim=_CLAIM)}),
        minutes=80,
    ),
    # Everything was on it.
    "the node is lost": Outage(
        changes={
            'kube_node_status_condition{node="node-1",condition="Ready",status="true"}': hold(0, 20),
            **{
                series: values
                for probe in ("postgres", "qdrant", "elasticsearch", "application", "front-door")
                for series, values in _down(probe, 20).items()
            },
            **_not_ready("deployment", "kotaemon"),
            **_not_ready("statefulset", "qdrant"),
            'up{job="qdrant"}': hold(0, 20),
            'up{job="sign-in"}': hold(0, 20),
        },
        told=frozenset(
            {
                _POSTGRES_DOWN,
                alert("EssentialPartDown", "elasticsearch", probe="elasticsearch"),
                alert("PartDown", "qdrant", probe="qdrant"),
                *(
                    alert("NodeNotReady", "cluster", node=node)
                    for node in ("node-1",)  # the others' node is none of ours
                ),
            }
        ),
        silenced=frozenset(
            {
                _APPLICATION_DOWN,
                _DOOR_DOWN,
                alert("WorkloadNotReady", "kotaemon"),
                alert("WorkloadNotReady", "qdrant"),
                alert("TargetDown", "qdrant", job="qdrant"),
                alert("TargetDown", "kotaemon", job="sign-in"),
            }
        ),
    ),
    "the node is short of disk": Outage(
        changes={
            'kube_node_status_condition{node="node-1",condition="DiskPressure",status="true"}': hold(1, 20)
        },
        told=frozenset({alert("NodeUnderPressure", "cluster", node="node-1")}),
    ),
    "no node has room": Outage(
        changes={
            'kube_pod_status_unschedulable{pod="qdrant-0"}': hold(1, 20),
            **_not_ready("statefulset", "qdrant"),
            **_down("qdrant", 20),
        },
        told=frozenset(
            {
                alert("PartDown", "qdrant", probe="qdrant"),
                alert("PodUnschedulable", "qdrant", pod="qdrant-0"),
            }
        ),
        silenced=frozenset({alert("WorkloadNotReady", "qdrant")}),
    ),
    # Ten minutes, and over: what of the budget is gone shows on the dashboard, and needs nobody at night.
    "an outage that is over": Outage(
        changes={'probe_success{probe="application"}': hold(1, 20).hold(0, 10).hold(1, 3)},
        told=frozenset(),
        minutes=33,
    ),
    # Its pods' names begin with another component's.
    "PostgreSQL's exporter ends at its start": Outage(
        changes={
            'kube_pod_container_status_waiting_reason{pod="postgres-exporter-7f-x2x4z",'
            'container="postgres-exporter",reason="CrashLoopBackOff"}': hold(1, 20),
            **_not_ready("deployment", "postgres-exporter"),
        },
        told=frozenset(
            {
                alert(
                    "PodCrashLooping",
                    "postgres-exporter",
                    pod="postgres-exporter-7f-x2x4z",
                    container="postgres-exporter",
                )
            }
        ),
        silenced=frozenset({alert("WorkloadNotReady", "postgres-exporter")}),
    ),
    "the first minutes of a new stack": Outage(
        changes={
            **{
                series: values.hold(1, 20)
                for probe in ("postgres", "qdrant", "elasticsearch", "application", "front-door")
                for series, values in _down(probe, 1.5).items()
            }
        },
        told=frozenset(),
    ),
}
