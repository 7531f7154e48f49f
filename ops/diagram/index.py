"""A graph, looked up the ways a picture needs: who owns what, which pods a policy means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from policies.graph import Graph, Resource
from policies.values import at, items, mapping, text

_PODS = "spec.template.spec"


@dataclass(frozen=True)
class Index:
    """Lookups over one graph."""

    graph: Graph

    @cached_property
    def by_urn(self) -> Mapping[str, Resource]:
        """Every resource by its URN."""
        return {one.urn: one for one in self.graph.resources}

    @property
    def resources(self) -> tuple[Resource, ...]:
        """Every resource."""
        return self.graph.resources

    def of(self, *kinds: str) -> list[Resource]:
        """Resources of these types, or Kubernetes objects of these kinds."""
        return self.graph.of(*kinds)

    def ancestors(self, one: Resource) -> Iterator[Resource]:
        """What a resource belongs to, from its parent on."""
        while (parent := self.by_urn.get(one.parent)) is not None:
            yield parent
            one = parent

    @cached_property
    def workloads(self) -> list[Resource]:
        """What keeps pods running."""
        return self.of("Deployment", "StatefulSet", "DaemonSet")

    def selected(self, selector: object) -> list[Resource]:
        """Whose pods a label selector means; none for the one that means them all."""
        wanted = mapping(at(selector, "matchLabels"))
        return [
            one
            for one in (*self.workloads, *self.of("Job"))
            if wanted and wanted.items() <= mapping(at(one.inputs, "spec.template.metadata.labels")).items()
        ]


def object_name(one: Resource) -> str:
    """The name in the cluster, or the program's where the engine makes one up."""
    return text(one.object_name) or one.name


def containers(one: Resource) -> list[Mapping[str, object]]:
    """The containers of a workload's pods that keep running, the one that it is named after first."""
    found = [mapping(each) for each in items(at(one.inputs, f"{_PODS}.containers"))]
    beside = [mapping(each) for each in items(at(one.inputs, f"{_PODS}.initContainers"))]
    found += [each for each in beside if each.get("restartPolicy") == "Always"]
    return sorted(found, key=lambda each: each.get("name") != object_name(one))


def volumes(one: Resource) -> list[Mapping[str, object]]:
    """The volumes of a workload's pods."""
    return [mapping(each) for each in items(at(one.inputs, f"{_PODS}.volumes"))]


ELSEWHERE = "…"
"""What `variables` says of a value that a Secret or a ConfigMap holds."""


def variables(one: Resource) -> dict[str, str]:
    """The environment of a workload's first container."""
    first = next(iter(containers(one)), {})
    return {
        str(at(each, "name")): ELSEWHERE if at(each, "valueFrom") else text(at(each, "value")) or ""
        for each in items(first.get("env"))
    }


def secret_names(one: Resource) -> set[str]:
    """The Secrets that a workload's pods read."""
    found = {
        text(at(variable, "valueFrom.secretKeyRef.name"))
        for container in containers(one)
        for variable in items(container.get("env"))
    }
    found |= {text(at(each, "secret.secretName")) for each in volumes(one)}
    return {name for name in found if name}
