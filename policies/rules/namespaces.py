"""Namespaces: what may run in them, and how much."""

from collections.abc import Iterator

from policies.graph import Graph, Resource
from policies.podspec import makes_pods, pods_of
from policies.rule import Rule, Scope, Subject, Violation, of_kind
from policies.rules.pods import READS_NODE
from policies.values import absent, at, could_be, differs, entry, lacks, present, shown

_POD_SECURITY = "pod-security.kubernetes.io"
_QUOTA = ("requests.cpu", "requests.memory", "pods")


def _is_for_readers_of_logs(graph: Graph, resource: Resource) -> bool:
    """Whether a namespace says that pods in it read the node's files, and there are some that say so, too.

    Pod Security knows no level between: that they read logs alone, and all else is restricted, is POD-01 to POD-09's.
    """
    inside = [
        pods
        for one in graph.resources
        if (pods := pods_of(one)) and could_be(one.namespace, resource.object_name)
    ]
    said = [entry(at(pods.metadata, "annotations"), READS_NODE) for pods in inside]
    return present(entry(at(resource.inputs, "metadata.annotations"), READS_NODE)) and any(map(present, said))


def _enforces_pod_security(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if _is_for_readers_of_logs(graph, resource):
        return
    allowed = ("restricted",) if graph.production else ("restricted", "baseline")
    for mode, levels in (
        ("enforce", allowed),
        ("audit", ("restricted", "baseline")),
        ("warn", ("restricted", "baseline")),
    ):
        level = entry(resource.labels, f"{_POD_SECURITY}/{mode}")
        if differs(level, *levels):
            yield Violation(
                f"metadata.labels.{_POD_SECURITY}/{mode}", f"is {shown(level)}, must be {' or '.join(levels)}"
            )


def _has_a_quota(graph: Graph, resource: Resource) -> Iterator[Violation]:
    quotas = [one for one in graph.of("ResourceQuota") if could_be(one.namespace, resource.object_name)]
    if not quotas:
        yield Violation("", "has no ResourceQuota")
    for quota in quotas:
        missing = lacks(at(quota.inputs, "spec.hard") or {}, _QUOTA)
        if missing:
            yield Violation("", f"has no limit of {', '.join(map(str, missing))} in {quota.label}")


def _is_in_its_own(graph: Graph, resource: Resource) -> Iterator[Violation]:
    space = resource.namespace
    if absent(space) or space == "default" or str(space).startswith("kube-"):
        yield Violation("metadata.namespace", f"is {shown(space)}, which has no rules of ours")


RULES = (
    Rule(
        id="NS-01", subject=Subject.NAMESPACES, title="namespaces enforce Pod Security", applies=of_kind("Namespace"),
        check=_enforces_pod_security, scope=Scope.STACK,
        reason="The API server then refuses what these rules would, whoever creates it. `baseline` lets pods run as "
        "root, which production doesn't.",
        remedy=f"set the labels {_POD_SECURITY}/enforce, audit and warn to restricted (kotaemon:namespace.podSecurity)",
    ),
    Rule(
        id="NS-02", subject=Subject.NAMESPACES, title="namespaces have a quota", applies=of_kind("Namespace"),
        check=_has_a_quota, scope=Scope.STACK,
        reason="A loop that makes pods must not take the whole cluster, nor the bill.",
        remedy=f"add a ResourceQuota of {', '.join(_QUOTA)} (kotaemon:namespace.quota)",
    ),
    Rule(
        id="NS-03", subject=Subject.NAMESPACES, title="pods are in a namespace of their own", applies=makes_pods,
        check=_is_in_its_own,
        reason="`default` and `kube-*` have no quota, no network policy and no Pod Security level.",
        remedy="set metadata.namespace",
    ),
)  # fmt: skip
