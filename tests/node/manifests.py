"""Small pods, for tests of the node itself."""

from collections.abc import Iterable
from typing import Any

from tests.node.spec import Json, Objects

NAMESPACE = "works"
UID, GID, FS_GROUP = 4711, 4712, 4713
RESTRICTED = {"runAsNonRoot": True, "runAsUser": UID, "runAsGroup": GID, "fsGroup": FS_GROUP}
LOCKED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
RBAC = "rbac.authorization.k8s.io"


def meta(name: str) -> dict[str, object]:
    """Metadata of an object by which the node finds it."""
    return {"name": name, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/name": name}}


def pod(name: str, image: str, port: int, probe: str = "/metrics", **more: object) -> dict[str, Any]:
    """A pod of one container that says its metrics on a port; `more` of the container, and of the pod by `spec`."""
    spec = more.pop("spec", {})
    assert isinstance(spec, dict)
    container = {
        "name": name,
        "image": image,
        "ports": [{"name": "metrics", "containerPort": port}],
        "readinessProbe": {"httpGet": {"path": probe, "port": "metrics"}},
        "securityContext": LOCKED,
        **more,
    }
    return {
        "metadata": meta(name),
        "spec": {"containers": [container], "securityContext": RESTRICTED, **spec},
    }


def service(name: str, port: int) -> Json:
    """The Service of such a pod, on a port of its own."""
    ports = [{"port": port, "targetPort": "metrics"}]
    return {"metadata": meta(name), "spec": {"selector": {"app.kubernetes.io/name": name}, "ports": ports}}


def empty(name: str, path: str) -> tuple[Json, Json]:
    """An empty folder, and where it is mounted."""
    return {"name": name, "emptyDir": {}}, {"name": name, "mountPath": path}


def files(name: str, path: str) -> tuple[Json, Json]:
    """The files of the ConfigMap of a name, and where they are mounted."""
    return {"name": name, "configMap": {"name": name}}, {"name": name, "mountPath": path}


def reader(name: str, *, groups: list[str], resources: list[str], verbs: list[str]) -> list[tuple[str, Json]]:
    """A service account that may do this in its namespace."""
    rule = {"apiGroups": groups, "resources": resources, "verbs": verbs}
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}]
    role = {"apiGroup": RBAC, "kind": "Role", "name": name}
    return [
        ("serviceaccounts", {"metadata": meta(name)}),
        ("roles", {"metadata": meta(name), "rules": [rule]}),
        ("rolebindings", {"metadata": meta(name), "roleRef": role, "subjects": subjects}),
    ]


def create(objects: Objects, wanted: Iterable[tuple[str, Json]]) -> None:
    """Create objects of the namespace, each with the plural of its kind."""
    for kind, body in wanted:
        group = f"apis/{RBAC}/v1" if kind.startswith("role") else "api/v1"
        objects.ask(f"/{group}/namespaces/{NAMESPACE}/{kind}", body)
