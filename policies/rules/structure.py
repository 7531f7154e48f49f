"""Structure: what every resource has, so that it can be found and ends up where it belongs."""

from collections.abc import Iterator

from policies.graph import PROVIDERS, STACK, Graph, Resource
from policies.podspec import makes_pods, podspec
from policies.rule import Rule, Scope, Subject, Violation
from policies.values import lacks

LABELS = tuple(
    f"app.kubernetes.io/{name}" for name in ("name", "instance", "component", "part-of", "managed-by")
)
"""The recommended labels. Source: kubernetes.io, "Recommended Labels"."""
_EXPLICIT = ("kubernetes", "gcp")
_DEFAULT = "::default"


def _is_object(graph: Graph, resource: Resource) -> bool:
    return resource.is_object


def _is_labelled(graph: Graph, resource: Resource) -> Iterator[Violation]:
    missing = lacks(resource.labels or {}, LABELS)
    if missing:
        yield Violation("metadata.labels", f"lacks {', '.join(map(str, missing))}")


def _labels_its_pods(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = podspec(resource)
    missing = lacks(pods.labels or {}, LABELS)
    if missing:
        where = f"{pods.path.removesuffix('spec')}metadata.labels"
        yield Violation(where, f"lacks {', '.join(map(str, missing))}")


def _belongs_somewhere(graph: Graph, resource: Resource) -> bool:
    return resource.type != STACK and not _is_default_provider(resource)


def _is_default_provider(resource: Resource) -> bool:
    """The engine's own, of packages that need no credentials."""
    return resource.type.startswith(PROVIDERS) and resource.name.startswith("default")


def _has_a_parent(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if not resource.parent:
        yield Violation("", "has no parent")
    elif resource.custom and f"::{STACK}::" in resource.parent:
        yield Violation("", "is in no component")


def _is_unique(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if resource.urn in graph.repeated:
        yield Violation("", f"is registered twice: {resource.urn}")


def _needs_a_provider(graph: Graph, resource: Resource) -> bool:
    return resource.custom and resource.package in _EXPLICIT


def _names_its_provider(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if not resource.provider or _DEFAULT in resource.provider:
        yield Violation("", "goes to whatever cluster or project the machine has selected")


def _everything(graph: Graph, resource: Resource) -> bool:
    return True


RULES = (
    Rule(
        id="STR-01", subject=Subject.STRUCTURE, title="objects have the recommended labels", applies=_is_object,
        check=_is_labelled,
        reason="Everything of one release can be listed, and its costs told apart.",
        remedy="use metadata or labels of components/kubernetes.py",
    ),
    Rule(
        id="STR-02", subject=Subject.STRUCTURE, title="pods have the recommended labels", applies=makes_pods,
        check=_labels_its_pods,
        reason="Network policies, budgets and dashboards select by them.",
        remedy="use pod of components/kubernetes.py",
    ),
    Rule(
        id="STR-03", subject=Subject.STRUCTURE, title="resources are in a component", applies=_belongs_somewhere,
        check=_has_a_parent,
        reason="Without a parent the tree can't be read, and options aren't inherited.",
        remedy="pass ResourceOptions(parent=self)",
    ),
    Rule(
        id="STR-04", subject=Subject.STRUCTURE, title="URNs are unique", applies=_everything, check=_is_unique,
        scope=Scope.STACK,
        reason="The engine refuses the second one, in the middle of an update.",
        remedy="give one of them another name",
    ),
    Rule(
        id="STR-05", subject=Subject.STRUCTURE, title="the provider is explicit", applies=_needs_a_provider,
        check=_names_its_provider,
        reason="A default provider takes kubectl's current cluster or gcloud's project: somebody's production.",
        remedy="pass the stack's own provider, or a parent that has it",
    ),
)  # fmt: skip
