"""The resources that a program registers, as the rules see them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from policies.values import absent, at, mapping

PROVIDERS = "pulumi:providers:"
STACK = "pulumi:pulumi:Stack"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registered resource."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, object]
    """In the engine's spelling (camelCase); UNKNOWN where an input isn't known yet."""
    secrets: frozenset[str] = frozenset()
    """Paths of the inputs that are secret, such as `stringData.password`."""
    parent: str = ""
    """URN."""
    provider: str = ""
    """URN of the provider; empty where none was named."""
    protect: bool = False
    retain: bool = False
    """Whether it is left where it is when it leaves the program."""
    custom: bool = True
    """Whether a provider makes it; components are made of others."""
    dependencies: tuple[str, ...] = ()
    """URNs."""

    @cached_property
    def kind(self) -> str:
        """The last part of its type: Deployment, Cluster …"""
        return self.type.rsplit(":", 1)[-1]

    @cached_property
    def package(self) -> str:
        """The provider's name: kubernetes, gcp …; `pulumi` for providers themselves."""
        return self.type.split(":", 1)[0]

    @cached_property
    def group(self) -> str:
        """The API group and version of a Kubernetes object, such as apps/v1."""
        return self.type.split(":")[1] if self.package == "kubernetes" else ""

    @property
    def label(self) -> str:
        """How a person calls it: Deployment/kotaemon."""
        return f"{self.kind}/{self.name}"

    @cached_property
    def is_object(self) -> bool:
        """Whether it is an object of a Kubernetes cluster, and not a chart that makes others."""
        return self.package == "kubernetes" and self.custom and not self.group.startswith("helm.sh/")

    @property
    def namespace(self) -> object:
        """The namespace of an object; UNKNOWN or None where it isn't known or not set."""
        return at(self.inputs, "metadata.namespace")

    @property
    def object_name(self) -> object:
        """`metadata.name`, or UNKNOWN or None."""
        return at(self.inputs, "metadata.name")

    @property
    def labels(self) -> object:
        """The labels of an object, or UNKNOWN or None."""
        return at(self.inputs, "metadata.labels")

    @property
    def is_named(self) -> bool:
        """Whether the program, and not Pulumi, names the object; also where that isn't known yet."""
        annotations = mapping(at(self.inputs, "metadata.annotations"))
        return not absent(self.object_name) and "pulumi.com/autonamed" not in annotations


@dataclass(frozen=True)
class Graph:
    """Everything that one evaluation of a stack registered."""

    resources: tuple[Resource, ...]
    production: bool = field(kw_only=True)
    """Whether the stack's file says that losing or exposing it would hurt."""

    def of(self, *kinds: str) -> list[Resource]:
        """The resources of these types, or the Kubernetes objects of these kinds."""
        return [one for one in self.resources if one.type in kinds or (one.is_object and one.kind in kinds)]

    @cached_property
    def repeated(self) -> frozenset[str]:
        """URNs that more than one resource has."""
        urns = [one.urn for one in self.resources]
        return frozenset(urn for urn in urns if urns.count(urn) > 1)


def graph_of(resources: Iterable[Resource], *, production: bool) -> Graph:
    """A graph in the order of its URNs."""
    return Graph(tuple(sorted(resources, key=lambda one: one.urn)), production=production)
