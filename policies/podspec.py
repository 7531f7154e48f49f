"""The pods that objects make, and the containers in them."""

from collections.abc import Iterator
from dataclasses import dataclass

from policies.graph import Graph, Resource
from policies.values import UNKNOWN, at, contains, could_be, entry, items, number, text

SERVERS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
"""Kinds whose pods run for ever."""
_TEMPLATES = {
    **dict.fromkeys((*SERVERS, "Job"), "spec.template"),
    "CronJob": "spec.jobTemplate.spec.template",
}
_GROUPS = ("core/v1", "apps/v1", "batch/v1")


@dataclass(frozen=True)
class Container:
    """A container, and where it stands in its object."""

    path: str
    """Such as `spec.template.spec.containers[app]`."""
    body: object
    lasting: bool
    """Whether it runs as long as its pod: no init container, unless it is a sidecar."""

    def at(self, path: str) -> object:
        """What stands at a path in it."""
        return at(self.body, path)


@dataclass(frozen=True)
class PodSpec:
    """What an object says of its pods."""

    path: str
    """Where the pods' spec stands in the object, such as `spec.template.spec`."""
    body: object
    metadata: object
    owner: Resource

    def at(self, path: str) -> object:
        """What stands at a path in it."""
        return at(self.body, path)

    @property
    def labels(self) -> object:
        """The pods' labels."""
        return at(self.metadata, "labels")

    @property
    def serves(self) -> bool:
        """Whether the pods run for ever."""
        return self.owner.kind in SERVERS

    def containers(self) -> Iterator[Container]:
        """Every container, init containers included."""
        for group in ("initContainers", "containers"):
            for index, body in enumerate(items(self.at(group))):
                name = text(at(body, "name")) or index
                lasting = group == "containers" or at(body, "restartPolicy") == "Always"
                yield Container(f"{self.path}.{group}[{name}]", body, lasting)

    def volumes(self) -> Iterator[tuple[str, object]]:
        """Path and body of every volume."""
        for index, body in enumerate(items(self.at("volumes"))):
            yield f"{self.path}.volumes[{text(at(body, 'name')) or index}]", body


def pods_of(resource: Resource) -> PodSpec | None:
    """The pods that a resource makes; None where it makes none."""
    if not resource.is_object or resource.group not in _GROUPS:
        return None
    if resource.kind == "Pod":
        return PodSpec("spec", at(resource.inputs, "spec"), at(resource.inputs, "metadata"), resource)
    path = _TEMPLATES.get(resource.kind)
    if path is None:
        return None
    template = at(resource.inputs, path)
    return PodSpec(f"{path}.spec", at(template, "spec"), at(template, "metadata"), resource)


def podspec(resource: Resource) -> PodSpec:
    """The pods of a resource that makes some."""
    pods = pods_of(resource)
    assert pods is not None  # noqa: S101 asked of such resources alone
    return pods


def makes_pods(graph: Graph, resource: Resource) -> bool:
    """Applies to whatever makes pods."""
    return pods_of(resource) is not None


def serves(graph: Graph, resource: Resource) -> bool:
    """Applies to whatever makes pods that run for ever."""
    pods = pods_of(resource)
    return pods is not None and pods.serves


def selected(selector: object, labels: object) -> bool:
    """Whether a label selector selects pods with these labels, or may once both are known."""
    for one in items(at(selector, "matchExpressions")):
        value, operator = entry(labels, text(at(one, "key")) or ""), at(one, "operator")
        among, there = value in items(at(one, "values")), value is not None
        holds = {"In": among, "NotIn": not among, "Exists": there, "DoesNotExist": not there}
        if value is not UNKNOWN and not holds.get(str(operator), True):
            return False
    return contains(labels, at(selector, "matchLabels"))


def replicas(graph: Graph, resource: Resource) -> int:
    """How many pods a resource runs at least; an autoscaler's minimum where there is one, 1 where it isn't known."""
    for scaler in graph.of("HorizontalPodAutoscaler"):
        target = at(scaler.inputs, "spec.scaleTargetRef")
        if (
            at(target, "kind") == resource.kind
            and could_be(scaler.namespace, resource.namespace)
            and could_be(at(target, "name"), resource.object_name)
        ):
            return int(number(at(scaler.inputs, "spec.minReplicas")) or 1)
    return int(number(at(resource.inputs, "spec.replicas")) or 1)
