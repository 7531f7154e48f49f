"""Which alerts follow from which: while the cause is told, what follows from it isn't.

The more general alert never silences the one that leads to the cause.
"""

from components.monitoring.names import ALERTMANAGER, BLACKBOX
from components.monitoring.subject import Inhibition, Matcher, Subject, export_job
from components.signals import door, kotaemon

from . import components as parts
from . import own, pods, volumes

_WHY_NOT_READY = (
    pods.POD_CRASH_LOOPING,
    pods.IMAGE_CANNOT_BE_PULLED,
    pods.CONTAINER_CANNOT_START,
    pods.POD_UNSCHEDULABLE,
    pods.CONTAINER_OUT_OF_MEMORY,
)
_OF_OBJECTIVES = (
    "AvailabilityBurnsFast",
    "AvailabilityBurnsSlowly",
    "LatencyBurnsFast",
    "LatencyBurnsSlowly",
)


def inhibitions(subject: Subject) -> tuple[Inhibition, ...]:
    """All of them, for Alertmanager; where nobody inhibits, people are told more."""
    same_part, same_container = ("stack", "component"), ("stack", "pod", "container")
    return (
        *_behind(subject),
        *_who_watches(subject),
        # A door that is open doesn't answer as it should either; that it is open is what matters.
        _rule(("FrontDoorOpen",), (parts.ESSENTIAL_PART_DOWN,), same_part),
        _rule((parts.ESSENTIAL_PART_DOWN,), (*_OF_OBJECTIVES, "RequestsFail")),
        _rule(
            (parts.ESSENTIAL_PART_DOWN, parts.PART_DOWN),
            (parts.WORKLOAD_NOT_READY, parts.TARGET_DOWN),
            same_part,
        ),
        _rule(_WHY_NOT_READY, (parts.WORKLOAD_NOT_READY, parts.TARGET_DOWN), same_part),
        _rule((pods.NODE_NOT_READY,), (parts.WORKLOAD_NOT_READY, parts.TARGET_DOWN, pods.POD_UNSCHEDULABLE)),
        _rule(
            (pods.CONTAINER_OUT_OF_MEMORY,),
            (pods.POD_CRASH_LOOPING, pods.CONTAINER_RESTARTS_OFTEN, pods.CONTAINER_NEAR_MEMORY_LIMIT),
            same_container,
        ),
        _rule((pods.POD_CRASH_LOOPING,), (pods.CONTAINER_RESTARTS_OFTEN,), same_container),
        _rule((volumes.VOLUME_NEARLY_FULL,), (volumes.VOLUME_FILLS_UP,), ("stack", "persistentvolumeclaim")),
        _rule((own.PROBES_MISSING,), (own.SOME_PROBES_MISSING,)),
        *(
            _rule((f"{objective}BurnsFast",), (f"{objective}BurnsSlowly",))
            for objective in ("Availability", "Latency")
        ),
    )


def _behind(subject: Subject) -> tuple[Inhibition, ...]:
    """What people pass through later fails with what it needs: databases, then the application, then the door."""
    needed = [
        watch.component
        for watch in subject.watches
        if watch.component not in {kotaemon.COMPONENT, door.COMPONENT}
        and any(probe.essential for probe in watch.probes)
    ]
    pairs = [(component, f"{kotaemon.COMPONENT}|{door.COMPONENT}") for component in needed]
    return tuple(
        Inhibition(
            source=(_named(parts.ESSENTIAL_PART_DOWN), Matcher(label="component", value=source)),
            target=(
                _named(parts.ESSENTIAL_PART_DOWN),
                Matcher(label="component", value=target, regex=True),
            ),
        )
        for source, target in (*pairs, (kotaemon.COMPONENT, door.COMPONENT))
    )


def _who_watches(subject: Subject) -> tuple[Inhibition, ...]:
    """What is missing is told; that the pod isn't ready that should have told it follows."""
    silent = [
        ((_named(parts.TARGET_DOWN), Matcher(label="job", value=export_job(export))), export_job(export))
        for export in subject.exports
    ]
    return tuple(
        Inhibition(
            source=source,
            target=(_named(parts.WORKLOAD_NOT_READY), Matcher(label="component", value=component)),
        )
        for source, component in (
            *silent,
            ((_named(own.PROBES_MISSING),), BLACKBOX),
            ((_named(own.ALERTMANAGER_DOWN),), ALERTMANAGER),
        )
    )


def _named(*alerts: str) -> Matcher:
    return Matcher(label="alertname", value="|".join(alerts), regex=len(alerts) > 1)


def _rule(
    source: tuple[str, ...], target: tuple[str, ...], equal: tuple[str, ...] = ("stack",)
) -> Inhibition:
    return Inhibition(source=(_named(*source),), target=(_named(*target),), equal=equal)
