"""Kubernetes objects, as an API server lists them."""

from typing import Any

Json = dict[str, Any]  # JSON, as tests build it


def meta(name: str, uid: str = "", owner: str = "") -> Json:
    owners = [{"uid": owner, "kind": "x", "name": "x"}] if owner else []
    return {"name": name, "uid": uid or f"uid-{name}", "ownerReferences": owners, "generation": 1}


def deployment(name: str = "kotaemon", *, wanted: int = 1, ready: int = 0, **status: Any) -> Json:
    return {
        "metadata": meta(name),
        "spec": {"replicas": wanted},
        "status": {"readyReplicas": ready, "updatedReplicas": ready, "observedGeneration": 1, **status},
    }


def replica_set(of: str = "kotaemon", *, wanted: int = 1, have: int = 1) -> Json:
    return {
        "metadata": meta(f"{of}-rs", owner=f"uid-{of}"),
        "spec": {"replicas": wanted},
        "status": {"replicas": have},
    }


def stateful_set(name: str, *, wanted: int = 1, ready: int = 0) -> Json:
    return {"metadata": meta(name), "spec": {"replicas": wanted}, "status": {"readyReplicas": ready}}


def pod(
    name: str = "kotaemon-1", *, owner: str = "uid-kotaemon-rs", ready: bool = False, **status: Any
) -> Json:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}, *status.pop("conditions", [])]
    return {
        "metadata": meta(name, owner=owner),
        "status": {"phase": "Running" if ready else "Pending", "conditions": conditions, **status},
    }


def waiting(reason: str, message: str = "", *, restarts: int = 0, last: Json | None = None) -> list[Json]:
    return [
        {
            "name": "app",
            "ready": False,
            "restartCount": restarts,
            "state": {"waiting": {"reason": reason, "message": message}},
            "lastState": {"terminated": last} if last else {},
        }
    ]


def running(*, restarts: int = 0) -> list[Json]:
    return [
        {"name": "app", "ready": False, "restartCount": restarts, "state": {"running": {"startedAt": "x"}}}
    ]


def event(kind: str, name: str, reason: str, message: str, at: str = "2026-01-01T00:00:00Z") -> Json:
    return {
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": at,
        "involvedObject": {"kind": kind, "name": name},
    }


def claim(name: str, phase: str = "Pending", storage_class: str | None = None) -> Json:
    return {
        "metadata": meta(name),
        "spec": {"resources": {"requests": {"storage": "10Gi"}}, "storageClassName": storage_class},
        "status": {"phase": phase},
    }


def service(name: str, *, selector: bool = True) -> Json:
    return {
        "metadata": meta(name),
        "spec": {"selector": {"a": "b"} if selector else None, "ports": [{"port": 80}]},
    }


def endpoint_slice(of: str, *, ready: bool | None = True, pod_name: str = "kotaemon-1") -> Json:
    return {
        "metadata": {"name": f"{of}-x", "labels": {"kubernetes.io/service-name": of}},
        "ports": [{"port": 7860}],
        "endpoints": [{"conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": pod_name}}],
    }
