"""What a rule is."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from policies.graph import Graph, Resource
from policies.values import at, differs, shown


class Severity(StrEnum):
    """What a broken rule means."""

    MANDATORY = "mandatory"
    """Nothing is deployed."""
    ADVISORY = "advisory"
    """It is said."""


class Scope(StrEnum):
    """What a rule must know."""

    RESOURCE = "resource"
    """The resource alone: the engine asks before it touches it."""
    STACK = "stack"
    """Other resources too: the engine asks when all are known."""


class Subject(StrEnum):
    """What a rule is about."""

    PODS = "pods"
    NAMESPACES = "namespaces"
    SECRETS = "secrets"
    DATA = "data"
    STRUCTURE = "structure"
    EDGE = "edge"
    GKE = "gke"
    GOOGLE = "google"


@dataclass(frozen=True)
class Violation:
    """Where in a resource's inputs a rule doesn't hold, and what is there."""

    where: str
    """A path such as `spec.type`; empty for the resource itself."""
    what: str


Applies = Callable[[Graph, Resource], bool]
Check = Callable[[Graph, Resource], Iterable[Violation]]
Exempt = Callable[[Graph, Resource], str | None]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Something that must hold for each resource that it applies to."""

    id: str
    """Never given to another rule."""
    subject: Subject
    title: str
    """What holds, in a few words."""
    reason: str
    remedy: str
    applies: Applies
    check: Check
    severity: Severity = Severity.MANDATORY
    scope: Scope = Scope.RESOURCE
    exempt: Exempt = lambda graph, resource: None
    """Why a resource to which it would apply needn't follow it; None where it must."""


@dataclass(frozen=True)
class Want:
    """An input and the values that it may have; None among them allows that it isn't set."""

    path: str
    allowed: tuple[object, ...]


def want(path: str, *allowed: object) -> Want:
    """An input that must have one of these values."""
    return Want(path, allowed)


def unmet(value: object, *wants: Want, prefix: str = "") -> Iterator[Violation]:
    """A violation for each input that is known and has none of its values."""
    for one in wants:
        found = at(value, one.path)
        if differs(found, *one.allowed):
            allowed = " or ".join(shown(entry) for entry in one.allowed)
            yield Violation(f"{prefix}{one.path}", f"is {shown(found)}, must be {allowed}")


def of_type(*types: str) -> Applies:
    """Applies to resources of these types."""
    return lambda graph, resource: resource.type in types


def of_kind(*kinds: str) -> Applies:
    """Applies to Kubernetes objects of these kinds."""
    return lambda graph, resource: resource.is_object and resource.kind in kinds


def in_production(applies: Applies) -> Applies:
    """Applies in stacks whose loss would hurt alone."""
    return lambda graph, resource: graph.production and applies(graph, resource)
