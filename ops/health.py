"""What is ready in a namespace, what isn't and why: from API objects to a report. All pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from ops.advice import advice_for

Object = Mapping[str, object]

STARTING = frozenset({"ContainerCreating", "PodInitializing"})
"""Reasons to wait that pass by themselves."""


@dataclass(frozen=True)
class Item:
    """One workload, volume claim or service."""

    kind: str
    name: str
    ready: bool
    state: str
    """Such as `1/2 ready` or `Bound 10Gi`."""
    reasons: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """All of a namespace."""

    namespace: str
    items: tuple[Item, ...]
    simulated: int = 0

    @property
    def ready(self) -> bool:
        """Whether everything is."""
        return bool(self.items) and all(item.ready for item in self.items)


@dataclass
class Snapshot:
    """The objects of a namespace, as the API server lists them."""

    deployments: Sequence[Object] = ()
    replica_sets: Sequence[Object] = ()
    stateful_sets: Sequence[Object] = ()
    daemon_sets: Sequence[Object] = ()
    jobs: Sequence[Object] = ()
    pods: Sequence[Object] = ()
    claims: Sequence[Object] = ()
    services: Sequence[Object] = ()
    slices: Sequence[Object] = ()
    events: Sequence[Object] = ()
    simulated: int = 0
    _events: dict[tuple[str, str], list[Object]] = field(default_factory=dict)

    def warnings(self, kind: str, name: str) -> list[tuple[str, str]]:
        """Reason and message of the latest warnings about an object, one of each reason, newest first."""
        if not self._events:
            for event in sorted(self.events, key=event_time, reverse=True):
                about = part(event, "involvedObject")
                self._events.setdefault((str(about.get("kind")), str(about.get("name"))), []).append(event)
        found: dict[str, str] = {}
        for event in self._events.get((kind, name), []):
            if event.get("type") == "Warning":
                found.setdefault(str(event.get("reason")), " ".join(str(event.get("message", "")).split()))
        return list(found.items())[:3]


def part(item: object, *path: str) -> Object:
    """The mapping at a path; an empty one where there is none."""
    for key in path:
        item = item.get(key) if isinstance(item, Mapping) else None
    return item if isinstance(item, Mapping) else {}


def parts(item: object, *path: str) -> list[Object]:
    """The list of mappings at a path; empty where there is none."""
    found = part(item, *path[:-1]).get(path[-1])
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def number(item: Object, key: str, default: int = 0) -> int:
    """A whole number of an object."""
    value = item.get(key, default)
    return value if isinstance(value, int) else default


def name_of(item: Object) -> str:
    """An object's name."""
    return str(part(item, "metadata").get("name", ""))


def event_time(event: Object) -> str:
    """When an event last happened; RFC 3339, so that it sorts as text."""
    times = (
        part(event, "series").get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        part(event, "metadata").get("creationTimestamp"),
    )
    return str(next((time for time in times if time), ""))


def report(namespace: str, seen: Snapshot) -> Report:
    """What is ready and what isn't: workloads, then volume claims, then services."""
    items = [
        *(_deployment(one, seen) for one in seen.deployments),
        *(_set("StatefulSet", one, seen, "replicas") for one in seen.stateful_sets),
        *(_set("DaemonSet", one, seen, "desiredNumberScheduled") for one in seen.daemon_sets),
        *(_job(one, seen) for one in seen.jobs),
        *(_lone_pod(one, seen) for one in seen.pods if not parts(one, "metadata", "ownerReferences")),
        *(_claim(one, seen) for one in seen.claims),
        *(item for one in seen.services if (item := _service(one, seen))),
    ]
    return Report(namespace, tuple(items), seen.simulated)


def _item(kind: str, name: str, ready: bool, state: str, reasons: Sequence[tuple[str, str]]) -> Item:
    """Reasons are pairs of the API's word for it and a text; each word's advice is given once."""
    if ready:
        return Item(kind, name, True, state)
    texts = tuple(dict.fromkeys(text for _, text in reasons))
    tips = (advice_for(word, text) for word, text in reasons)
    return Item(kind, name, False, state, texts, tuple(dict.fromkeys(tip for tip in tips if tip)))


def _owned(items: Sequence[Object], uids: set[str]) -> list[Object]:
    return [
        item
        for item in items
        if any(str(owner.get("uid")) in uids for owner in parts(item, "metadata", "ownerReferences"))
    ]


def _uid(item: Object) -> str:
    return str(part(item, "metadata").get("uid", ""))


def _deployment(item: Object, seen: Snapshot) -> Item:
    name, status = name_of(item), part(item, "status")
    wanted = number(part(item, "spec"), "replicas", 1)
    have, updated = number(status, "readyReplicas"), number(status, "updatedReplicas")
    sets = _owned(seen.replica_sets, {_uid(item)})
    pods = _owned(seen.pods, {_uid(one) for one in sets})
    ready = have >= wanted and updated >= wanted and _observed(item)
    reasons = [
        (str(one.get("reason")), f"{one.get('reason')}: {one.get('message')}")
        for one in parts(item, "status", "conditions")
        if (one.get("type") == "ReplicaFailure" and one.get("status") == "True")
        or one.get("reason") == "ProgressDeadlineExceeded"
    ]
    for one in sets:
        if number(part(one, "spec"), "replicas") > number(part(one, "status"), "replicas"):
            reasons += _failed_creations("ReplicaSet", name_of(one), seen)
    reasons += _pods(pods, seen)
    if not reasons and have >= wanted and not ready:
        reasons.append(("RollingOut", f"rolling out: {updated} of {wanted} pods are of the new version"))
    return _item("Deployment", name, ready, f"{have}/{wanted} ready", reasons)


def _observed(item: Object) -> bool:
    """Whether the status is about the latest spec."""
    generation = number(part(item, "metadata"), "generation")
    return number(part(item, "status"), "observedGeneration", generation) >= generation


def _set(kind: str, item: Object, seen: Snapshot, wanted_key: str) -> Item:
    status = part(item, "status")
    source = status if kind == "DaemonSet" else part(item, "spec")
    wanted = number(source, wanted_key, 0 if kind == "DaemonSet" else 1)
    have = number(status, "numberReady" if kind == "DaemonSet" else "readyReplicas")
    pods = _owned(seen.pods, {_uid(item)})
    ready = have >= wanted and _observed(item)
    reasons = []
    if len(pods) < wanted:
        reasons += _failed_creations(kind, name_of(item), seen)
    reasons += _pods(pods, seen)
    return _item(kind, name_of(item), ready, f"{have}/{wanted} ready", reasons)


def _failed_creations(kind: str, name: str, seen: Snapshot) -> list[tuple[str, str]]:
    return [(reason, f"{reason}: {text}") for reason, text in seen.warnings(kind, name)]


def _job(item: Object, seen: Snapshot) -> Item:
    status, name = part(item, "status"), name_of(item)
    wanted = number(part(item, "spec"), "completions", 1)
    done = number(status, "succeeded")
    conditions = {
        str(one.get("type")): one for one in parts(status, "conditions") if one.get("status") == "True"
    }
    if "Complete" in conditions or done >= wanted:
        return Item("Job", name, True, "complete")
    reasons = _pods(_owned(seen.pods, {_uid(item)}), seen)
    if failed := conditions.get("Failed"):
        reasons.insert(0, (str(failed.get("reason")), f"{failed.get('reason')}: {failed.get('message')}"))
    state = (
        "failed" if failed else "suspended" if part(item, "spec").get("suspend") else f"{done}/{wanted} done"
    )
    return _item("Job", name, False, state, reasons or _failed_creations("Job", name, seen))


def _lone_pod(pod: Object, seen: Snapshot) -> Item:
    phase = str(part(pod, "status").get("phase", "Unknown"))
    ready = phase == "Succeeded" or pod_ready(pod)
    return _item("Pod", name_of(pod), ready, phase, pod_reasons(pod, seen))


def pod_ready(pod: Object) -> bool:
    """Whether it takes traffic."""
    conditions = parts(pod, "status", "conditions")
    going = part(pod, "metadata").get("deletionTimestamp")
    return not going and any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def pod_behind(slices: Sequence[Object]) -> str | None:
    """A ready pod behind a service, by its endpoint slices; None where there is none."""
    for one in slices:
        for endpoint in parts(one, "endpoints"):
            pod = part(endpoint, "targetRef")
            if part(endpoint, "conditions").get("ready") is not False and pod.get("kind") == "Pod":
                return str(pod["name"])
    return None


def _pods(pods: Sequence[Object], seen: Snapshot) -> list[tuple[str, str]]:
    """Why pods aren't ready; what several have in common is said once."""
    found: dict[tuple[str, str], list[str]] = {}
    for pod in pods:
        if part(pod, "status").get("phase") == "Succeeded" or pod_ready(pod):
            continue
        for reason in pod_reasons(pod, seen):
            found.setdefault(reason, []).append(name_of(pod))
    return [
        (word, f"{names[0] if len(names) == 1 else f'{len(names)} pods'}: {text}")
        for (word, text), names in found.items()
    ]


def pod_reasons(pod: Object, seen: Snapshot) -> list[tuple[str, str]]:
    """Why a pod isn't ready."""
    status, name = part(pod, "status"), name_of(pod)
    if part(pod, "metadata").get("deletionTimestamp"):
        return [("Terminating", "it is being ended")]
    reasons: list[tuple[str, str]] = []
    for one in parts(status, "conditions"):
        if one.get("type") == "PodScheduled" and one.get("status") == "False":
            reasons.append((str(one.get("reason")), f"no node takes it: {one.get('message')}"))
    if status.get("reason"):
        reasons.append((str(status["reason"]), f"{status['reason']}: {status.get('message', '')}"))
    warnings = dict(seen.warnings("Pod", name))
    for container in [*parts(status, "initContainerStatuses"), *parts(status, "containerStatuses")]:
        reasons += _container(container, warnings)
    if not reasons or {word for word, _ in reasons} <= STARTING:
        reasons += [(word, f"{word}: {text}") for word, text in warnings.items()]
    return reasons or [("Starting", f"{status.get('phase', 'Pending')}: starting")]


def _container(container: Object, warnings: Mapping[str, str]) -> list[tuple[str, str]]:
    name, restarts = container.get("name"), number(container, "restartCount")
    ended = part(container, "lastState", "terminated") or part(container, "state", "terminated")
    how = ""
    if ended and number(ended, "exitCode"):
        said = " ".join(str(ended.get("message") or "").split())[-200:]
        how = f" (ended by {ended.get('reason')}, exit code {ended.get('exitCode')}{f': {said}' if said else ''})"
    again = f", {restarts} restarts" if restarts else ""
    if waiting := part(container, "state", "waiting"):
        word = str(waiting.get("reason") or "Waiting")
        text = " ".join(str(waiting.get("message") or "").split())
        cause = str(ended.get("reason")) if ended and word == "CrashLoopBackOff" else ""
        found = [(word, f"container {name}: {word}{again}{how}{f': {text}' if text and not how else ''}")]
        return [("OOMKilled", found[0][1])] if cause == "OOMKilled" else found
    if terminated := part(container, "state", "terminated"):
        if not number(terminated, "exitCode"):
            return []
        return [(str(terminated.get("reason")), f"container {name}: ended{how}")]
    if part(container, "state", "running") and not container.get("ready"):
        probe = warnings.get("Unhealthy")
        text = f"container {name}: runs but isn't ready{again}{how}{f': {probe}' if probe else ''}"
        return [("Unhealthy" if probe else "Starting", text)]
    return []


def _claim(item: Object, seen: Snapshot) -> Item:
    name, phase = name_of(item), str(part(item, "status").get("phase", "Pending"))
    size = part(item, "status", "capacity").get("storage") or part(item, "spec", "resources", "requests").get(
        "storage"
    )
    reasons = [(reason, f"{reason}: {text}") for reason, text in seen.warnings("PersistentVolumeClaim", name)]
    if not reasons and phase == "Pending":
        kind = part(item, "spec").get("storageClassName")
        reasons = [
            ("NoVolume", f"no volume yet (storage class: {kind or 'the default one, and there is none'})")
        ]
    return _item("PersistentVolumeClaim", name, phase == "Bound", f"{phase} {size}", reasons)


def _service(item: Object, seen: Snapshot) -> Item | None:
    """A service with a selector is ready when a ready pod stands behind it; others aren't ours to judge."""
    name = name_of(item)
    if not part(item, "spec", "selector"):
        return None
    behind = [
        endpoint
        for one in seen.slices
        if part(one, "metadata", "labels").get("kubernetes.io/service-name") == name
        for endpoint in parts(one, "endpoints")
    ]
    ready = sum(part(endpoint, "conditions").get("ready") is not False for endpoint in behind)
    reasons = [("NoEndpoints", "no ready pod stands behind it")]
    return _item("Service", name, bool(ready), f"{ready} ready behind it", reasons)


def as_json(found: Report) -> dict[str, object]:
    """The report for other programs."""
    items = [cast(dict[str, object], vars(item)) for item in found.items]
    return {
        "namespace": found.namespace,
        "ready": found.ready,
        "simulatedNodes": found.simulated,
        "items": items,
    }
