"""Deployments, StatefulSets, DaemonSets and ReplicationControllers: has the rollout arrived?"""

from sandbox.providers.base import INFO, WARNING
from sandbox.providers.kubernetes.objects import annotation, condition, dig, number, rows, table, text
from sandbox.providers.wire import Properties, Value

from .pods import troubles
from .scene import Scene, Verdict, observed

_REVISION = "deployment.kubernetes.io/revision"


def deployment(scene: Scene) -> Verdict:
    """Ready when the controller reports it available and the current ReplicaSet has all its pods ready.

    `replicas` is read from the ReplicaSet, so that an autoscaler's number counts, not the program's.
    """
    live = scene.live()
    if live is None or not observed(live):
        return Verdict(reasons=["Minimum number of live Pods was not attained"])
    revision = annotation(live, _REVISION)
    sets = [
        found for found in scene.owned("apps/v1", "replicasets") if annotation(found, _REVISION) == revision
    ]
    current = sets[0] if sets and revision else None
    verdict, conditions = Verdict(), {}
    for kind in ("Progressing", "Available"):
        found = conditions[kind] = condition(live, kind)
        if found and text(found, "status") != "True" and text(found, "reason") and text(found, "message"):
            message = f"[{text(found, 'reason')}] {text(found, 'message')}"
            verdict.reasons.append(message)
            verdict.shown.append((WARNING, message))
    available = text(conditions["Available"], "status") == "True"
    progressed = (
        text(conditions["Progressing"], "status") == "True"
        and text(conditions["Progressing"], "reason") == "NewReplicaSetAvailable"
    )
    wanted = number(current, "spec", "replicas", default=1)
    ready = number(current, "status", "readyReplicas")
    rolled_out = current is not None and ready >= wanted
    claims = _unbound_claims(scene, live)
    # The first rollout isn't reported as a new ReplicaSet by every version of the controller.
    verdict.done = available and rolled_out and not claims and (progressed or revision == "1")
    if verdict.done:
        return verdict
    if not rolled_out:
        verdict.shown.insert(
            0, (INFO, f"Waiting for app ReplicaSet to be available ({ready}/{wanted} Pods available)")
        )
    if claims:
        verdict.reasons.append(f'Failed to bind PersistentVolumeClaim(s): "{",".join(claims)}"')
    if not available:
        verdict.reasons.append("Minimum number of live Pods was not attained")
    elif not progressed and revision != "1":
        verdict.reasons.append("Minimum number of Pods to consider the application live was not attained")
    elif not rolled_out:
        verdict.reasons.append(
            "Minimum number of Pods to consider the application live was not attained"
            if revision == "1"
            else "Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live"
        )
    _add_pods(verdict, [*scene.owned("v1", "pods", text(current, "metadata", "uid"))] if current else [])
    return verdict


def _unbound_claims(scene: Scene, live: Properties) -> list[str]:
    unbound = []
    for volume in rows(live, "spec", "template", "spec", "volumes"):
        if claim := text(volume, "persistentVolumeClaim", "claimName"):
            found = scene.related("v1", "persistentvolumeclaims", claim)
            if found and text(found.obj, "status", "phase") != "Bound":
                unbound.append(claim)
    return unbound


def _add_pods(verdict: Verdict, pods: list[Value]) -> None:
    for message in troubles(pods):
        verdict.reasons.append(message)
        verdict.shown.append((WARNING, message))
    verdict.pods = [text(pod, "metadata", "uid") for pod in pods if not _is_ready(pod)]


def _is_ready(pod: Value) -> bool:
    return text(condition(pod, "Ready"), "status") == "True"


def stateful_set(scene: Scene) -> Verdict:
    """Ready when all replicas are, and belong to the newest revision."""
    live = scene.live()
    if live is None or not observed(live):
        return Verdict(reasons=["0 out of 0 replicas succeeded readiness checks"])
    status = table(live, "status")
    wanted, ready = number(live, "spec", "replicas"), number(status, "readyReplicas")
    old, new = text(status, "currentRevision"), text(status, "updateRevision")
    counts = number(status, "replicas") == wanted == ready
    if (
        number(live, "metadata", "generation") > 1
        and text(live, "spec", "updateStrategy", "type") == "OnDelete"
    ):
        revision_ready, replicas_ready = True, counts
    else:
        revision_ready = bool(old) and old == new
        replicas_ready = counts and number(status, "currentReplicas") == wanted
    verdict = Verdict(done=revision_ready and replicas_ready)
    if verdict.done:
        return verdict
    now = ready if revision_ready else min(ready, number(status, "updatedReplicas"))
    if number(live, "metadata", "generation") <= 1:
        step = f"[1/2] Waiting for StatefulSet to create Pods ({now}/{wanted} Pods ready)"
    elif not replicas_ready:
        step = f"[1/3] Waiting for StatefulSet update to roll out ({now}/{wanted} Pods ready)"
    else:
        step = "[2/3] Waiting for StatefulSet to update .status.currentRevision"
    verdict.shown.append((INFO, step))
    if not replicas_ready:
        verdict.reasons.append(f"{now} out of {wanted} replicas succeeded readiness checks")
    if not revision_ready:
        verdict.reasons.append(
            f'StatefulSet controller failed to advance from revision "{old}" to revision "{new}"'
        )
    _add_pods(verdict, [*scene.owned("v1", "pods")])
    return verdict


def daemon_set(scene: Scene) -> Verdict:
    """Ready when every node that should have a pod has a current, available one."""
    live = scene.live()
    if live is None or not observed(live):
        return Verdict(shown=[(INFO, "Waiting for the DaemonSet controller")])
    status = table(live, "status")
    wanted = number(status, "desiredNumberScheduled", default=-1)
    if wanted < 0:
        return Verdict(shown=[(INFO, "Missing .status.desiredNumberScheduled")])
    for label, key in (
        ("Current", "currentNumberScheduled"),
        ("Updated", "updatedNumberScheduled"),
        ("Available", "numberAvailable"),
        ("Ready", "numberReady"),
    ):
        if (count := number(status, key)) < wanted:
            message = f"{label}: {count}/{wanted}"
            verdict = Verdict(shown=[(INFO, message)], reasons=[message])
            _add_pods(verdict, [*scene.owned("v1", "pods")])
            return verdict
    return Verdict(done=True)


def replication_controller(scene: Scene) -> Verdict:
    """Ready when as many replicas are available as are wanted."""
    live = scene.live()
    wanted = dig(live, "spec", "replicas")
    available = number(live, "status", "availableReplicas")
    if live is not None and wanted == available:
        return Verdict(done=True)
    return Verdict(reasons=[f"{available} out of {wanted} replicas are available"])
