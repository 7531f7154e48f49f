"""Waiting until an object works: the rules by kind, the loop, and the words when it doesn't."""

import threading
import time
from collections.abc import Callable

from sandbox.providers.base import Failure, Host
from sandbox.providers.kubernetes.client import ApiError, UnreachableError
from sandbox.providers.kubernetes.objects import annotation, is_true, kind_of, name_of, rows, text
from sandbox.providers.wire import Properties

from . import custom, network, pods, storage, workloads
from .scene import Scene, Verdict

Judge = Callable[[Scene], Verdict]

TIMEOUT = 600.0
# Kinds that are waited for, and for how long at most where that isn't up to the program.
_JUDGES: dict[str, tuple[Judge, float | None]] = {
    "apps/v1/DaemonSet": (workloads.daemon_set, None),
    "apps/v1/Deployment": (workloads.deployment, None),
    "apps/v1/StatefulSet": (workloads.stateful_set, None),
    "batch/v1/Job": (pods.job, None),
    "networking.k8s.io/v1/Ingress": (network.ingress, None),
    "v1/PersistentVolume": (storage.volume, 300),
    "v1/PersistentVolumeClaim": (storage.claim, 300),
    "v1/Pod": (pods.pod, None),
    "v1/ReplicationController": (workloads.replication_controller, 600),
    "v1/ResourceQuota": (storage.quota, 60),
    "v1/Secret": (storage.secret, 5),
    "v1/Service": (network.service, None),
}
# Kinds whose state is looked at again on a refresh.
_LOOKED_AT = {
    "apps/v1/DaemonSet",
    "apps/v1/Deployment",
    "apps/v1/StatefulSet",
    "batch/v1/Job",
    "networking.k8s.io/v1/Ingress",
    "v1/Pod",
    "v1/Service",
}
# Kinds that can be gone later than the program goes on, if it says so.
_LEFT_ALONE = {"Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job"}
_MAX_EVENTS = 5
_LOOK_SECONDS = 1.5


class NotReadyError(Exception):
    """The object is there but not ready. `live` is its last known state."""

    def __init__(self, message: str, reasons: list[str], live: Properties) -> None:
        super().__init__(message)
        self.reasons, self.live = reasons, live


def timeout(inputs: Properties, given: float) -> float | None:
    """How long to wait, in seconds: the resource's option, the annotation, or None."""
    if given:
        return given
    said = annotation(inputs, "pulumi.com/timeoutSeconds")
    return float(said) if said.isdigit() else None


def rule(inputs: Properties, outputs: Properties) -> tuple[Judge, float | None] | None:
    """How to tell that the object is ready; None if there is nothing to wait for."""
    if is_true(inputs, "pulumi.com/skipAwait"):
        return None
    if asked := annotation(outputs, "pulumi.com/waitFor"):
        wanted = custom.expressions(asked)
        return (lambda scene: custom.judge(scene, wanted)), None
    kind = kind_of(outputs)
    if kind.kind == "Secret" and text(outputs, "type") != "kubernetes.io/service-account-token":
        return None
    return _JUDGES.get(f"{kind.api_version}/{kind.kind}")


def until_ready(
    scene: Scene,
    found: tuple[Judge, float | None],
    limit: float | None,
    host: Host,
    urn: str,
    cancelled: threading.Event,
) -> Properties:
    """Wait, and return the object once it is ready. Raises `NotReadyError`."""
    judge, most = found
    deadline = scene.started + min(limit or most or TIMEOUT, most or float("inf"))
    said: set[tuple[int, str]] = set()
    try:
        while True:
            scene.wake.clear()
            verdict = judge(scene)
            if verdict.done:
                break
            left = deadline - time.monotonic()
            if verdict.fatal or cancelled.is_set() or left <= 0:
                if verdict.enough and not verdict.fatal:
                    break
                raise _not_ready(scene, verdict, cancelled.is_set())
            for line in verdict.shown:
                if line not in said:
                    said.add(line)
                    host.status(*line[:1], urn, line[1])
            # Cancelling sets no scene's `wake`: look up from time to time.
            scene.wake.wait(min(left, verdict.again or 1.0))
    finally:
        scene.close()
    if said:
        host.status(1, urn, "")
    return scene.live() or scene.outputs


def look(scene: Scene) -> Properties:
    """Look once, as a refresh does. Raises `NotReadyError` if the object isn't ready."""
    kind = kind_of(scene.outputs)
    key = f"{kind.api_version}/{kind.kind}"
    if key not in _LOOKED_AT:
        return scene.outputs
    judge, _ = _JUDGES[key]
    try:
        # The watches may be a moment behind what was just read.
        while not (verdict := judge(scene)).done and not verdict.enough:
            if time.monotonic() - scene.started > _LOOK_SECONDS:
                break
            scene.wake.wait(0.1)
            scene.wake.clear()
        live = scene.live() or scene.outputs
        if verdict.done or verdict.enough:
            return live
        message = f"Resource '{scene.name}' was created but failed to initialize"
        raise NotReadyError(message, verdict.reasons, live)
    finally:
        scene.close()


def until_gone(
    scene: Scene,
    inputs: Properties,
    limit: float | None,
    cancelled: threading.Event,
    is_there: Callable[[], bool],
) -> None:
    """Wait until the object is no longer there; `is_there` asks the server itself."""
    if is_true(inputs, "pulumi.com/skipAwait") and kind_of(inputs).kind in _LEFT_ALONE:
        return
    deadline = scene.started + (limit or TIMEOUT)
    try:
        while True:
            scene.wake.clear()
            # A watch can lag behind; it only says when to ask.
            if scene.gone() and not is_there():
                return
            left = deadline - time.monotonic()
            if left <= 0 or cancelled.is_set():
                live = scene.live() or scene.outputs
                held = [str(item) for item in rows(live, "metadata", "finalizers")]
                why = (
                    f"finalizers might be preventing deletion ({', '.join(held)})"
                    if held
                    else "it is still there"
                )
                gave_up = "was cancelled" if cancelled.is_set() else "timed out waiting for the condition"
                raise Failure(f"deletion of {name_of(live)} {gave_up}: {why}")
            scene.wake.wait(min(left, 1.0))
    finally:
        scene.close()


def _not_ready(scene: Scene, verdict: Verdict, cancelled: bool) -> NotReadyError:
    if cancelled:
        message = f'Resource operation was cancelled for "{scene.name}"'
    elif verdict.fatal:
        message = f"Resource '{scene.name}' was created but failed to initialize"
    else:
        message = f"'{scene.name}' timed out waiting to be Ready"
    reasons = list(dict.fromkeys([*verdict.reasons, *_events(scene, verdict)]))
    return NotReadyError(message, reasons, scene.live() or scene.outputs)


def _events(scene: Scene, verdict: Verdict) -> list[str]:
    """The warnings that the cluster has recorded about the object and its pods."""
    found: list[str] = []
    collection = f"/api/v1/namespaces/{scene.namespace or 'default'}/events"
    for uid in [scene.uid, *verdict.pods[:3]]:
        try:
            listed = scene.client.call(
                "GET", collection, {"fieldSelector": f"involvedObject.uid={uid},type=Warning"}
            )
        except (ApiError, UnreachableError):
            continue  # The reasons are good without them.
        found += [f"{text(event, 'reason')}: {text(event, 'message')}" for event in rows(listed, "items")]
    return list(dict.fromkeys(found))[-_MAX_EVENTS:]
