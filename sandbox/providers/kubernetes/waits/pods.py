"""Pods and Jobs: why a pod isn't ready, in the words of its conditions and containers."""

from sandbox.providers.base import INFO, WARNING
from sandbox.providers.kubernetes.objects import condition, dig, name_of, namespace_of, number, rows, text
from sandbox.providers.wire import Value

from .scene import Scene, Verdict


def full_name(obj: Value) -> str:
    """`namespace/name`, without the default namespace."""
    namespace = namespace_of(obj)
    return name_of(obj) if namespace in ("", "default") else f"{namespace}/{name_of(obj)}"


def trouble(pod: Value) -> str:
    """Why a pod isn't ready, in one message; empty while there is nothing to say."""
    for kind in ("PodScheduled", "Initialized", "Ready"):
        found = condition(pod, kind)
        if text(found, "status") == "True":
            continue
        if not found or (kind == "Ready" and text(pod, "status", "phase") == "Succeeded"):
            return ""
        said = text(found, "message") if text(found, "reason") else ""
        containers = [] if kind == "PodScheduled" else _containers(pod)
        return f"[Pod {full_name(pod)}]: {said}" + "\n".join(containers) if said or containers else ""
    return ""


def _containers(pod: Value) -> list[str]:
    found = []
    for status in [*rows(pod, "status", "initContainerStatuses"), *rows(pod, "status", "containerStatuses")]:
        if dig(status, "ready") is True:
            continue
        name = text(status, "name")
        reason, message = (
            text(status, "state", "waiting", "reason"),
            text(status, "state", "waiting", "message"),
        )
        if reason not in ("", "ContainerCreating", "PodInitializing"):
            found.append(f"[{reason}] {_trimmed(message)}".rstrip())
        if ended := text(status, "state", "terminated", "reason"):
            message = text(status, "state", "terminated", "message")
            code = number(status, "state", "terminated", "exitCode")
            if message:
                found.append(f"[{ended}] {_trimmed(message)}")
            elif code:
                found.append(f'container "{name}" completed with exit code {code}')
        if dig(status, "lastState", "terminated") is not None:
            when, why, code = (
                text(status, "lastState", "terminated", "finishedAt"),
                text(status, "lastState", "terminated", "reason"),
                number(status, "lastState", "terminated", "exitCode"),
            )
            found.append(f'container "{name}" terminated at {when} ({why}: exit code {code})')
            if message := text(status, "lastState", "terminated", "message"):
                found.append(message)
    return found


def _trimmed(message: str) -> str:
    message = message.removeprefix("rpc error: code = Unknown desc = Error response from daemon: ")
    return message.removesuffix(": manifest unknown")


def troubles(pods: list[Value]) -> list[str]:
    """The messages of several pods, none twice."""
    return list(dict.fromkeys(filter(None, map(trouble, pods))))


def pod(scene: Scene) -> Verdict:
    """A pod is ready when it is scheduled, initialised and ready, or has succeeded."""
    live = scene.live()
    if live is None:
        return Verdict(shown=[(INFO, f'Waiting for Pod "{full_name(scene.outputs)}" to be scheduled')])
    name = full_name(live)
    for kind, goal in (("PodScheduled", "scheduled"), ("Initialized", "initialized"), ("Ready", "ready")):
        if text(condition(live, kind), "status") != "True":
            if kind == "Ready" and text(live, "status", "phase") == "Succeeded":
                continue
            why = trouble(live)
            shown = [(INFO, f'Waiting for Pod "{name}" to be {goal}')]
            return Verdict(
                shown=shown + ([(WARNING, why)] if why else []),
                reasons=[why] if why else [],
                pods=[scene.uid],
            )
    return Verdict(done=True)


def job(scene: Scene) -> Verdict:
    """A job is done when it is complete, and has failed when it says that it gives up."""
    live = scene.live()
    if live is None or not text(live, "status", "startTime"):
        return Verdict(shown=[(INFO, f'Waiting for Job "{full_name(scene.outputs)}" to start')])
    failed = condition(live, "Failed")
    pods: list[Value] = [*scene.owned("v1", "pods")]
    why = troubles(pods)
    uids = [text(pod, "metadata", "uid") for pod in pods]
    if text(failed, "status") == "True" and text(failed, "reason") in (
        "BackoffLimitExceeded",
        "DeadlineExceeded",
    ):
        message = f"[{text(failed, 'reason')}] {text(failed, 'message')}"
        return Verdict(fatal=True, reasons=[message, *why], pods=uids)
    if text(condition(live, "Complete"), "status") == "True":
        return Verdict(done=True)
    counts = (
        f"(Active: {number(live, 'status', 'active')} | Succeeded: {number(live, 'status', 'succeeded')}"
        f" | Failed: {number(live, 'status', 'failed')})"
    )
    shown = [(INFO, f'Waiting for Job "{full_name(live)}" to succeed {counts}')]
    return Verdict(shown=shown + [(WARNING, message) for message in why], reasons=why, pods=uids)
