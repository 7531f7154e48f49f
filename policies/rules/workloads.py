"""Workloads: pods that the scheduler, the kubelet and a drained node can handle."""

from collections.abc import Iterator

from policies.graph import Graph, Resource
from policies.podspec import makes_pods, podspec, replicas, selected, serves
from policies.rule import Rule, Scope, Subject, Violation
from policies.values import UNKNOWN, absent, at, could_be, items, lacks, number, text

_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_SPREAD = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
GRACE_SECONDS = (5, 600)
"""Enough to end a request; not more than Google's nodes wait."""
_UNITS = {
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "": 1,
}


def _says_what_it_needs(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for container in podspec(resource).containers():
        for side in ("requests", "limits"):
            missing = lacks(container.at(f"resources.{side}") or {}, _RESOURCES)
            if missing:
                yield Violation(f"{container.path}.resources.{side}", f"lacks {', '.join(map(str, missing))}")


def _has_probes(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for container in podspec(resource).containers():
        if container.lasting:
            missing = [probe for probe in _PROBES if absent(container.at(probe))]
            if missing:
                yield Violation(container.path, f"lacks {', '.join(missing)}")


def _several(graph: Graph, resource: Resource) -> bool:
    return (
        resource.kind in ("Deployment", "StatefulSet")
        and serves(graph, resource)
        and replicas(graph, resource) > 1
    )


def _is_spread(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = podspec(resource)
    constraints = pods.at("topologySpreadConstraints")
    if constraints is UNKNOWN:
        return
    keys = {
        at(one, "topologyKey")
        for one in items(constraints)
        if selected(at(one, "labelSelector"), pods.labels) and not absent(at(one, "labelSelector"))
    }
    missing = [key for key in _SPREAD if not {key, UNKNOWN} & keys]
    if missing:
        yield Violation(
            f"{pods.path}.topologySpreadConstraints",
            f"doesn't spread its own pods over {' and '.join(missing)}",
        )


def _has_a_budget(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = podspec(resource)
    for budget in graph.of("PodDisruptionBudget"):
        spec = at(budget.inputs, "spec")
        if not could_be(budget.namespace, resource.namespace):
            continue
        if not selected(at(spec, "selector"), pods.labels):
            continue
        if str(at(spec, "maxUnavailable")) in ("0", "0%") or str(at(spec, "minAvailable")) == "100%":
            yield Violation(
                "", f"can never be evicted: {budget.label} allows none, so no node can be drained"
            )
        return
    yield Violation("", "has several replicas and no PodDisruptionBudget")


def _ends_in_time(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = podspec(resource)
    seconds = number(pods.at("terminationGracePeriodSeconds"))
    least, most = GRACE_SECONDS
    if seconds is not None and not least <= seconds <= most:
        yield Violation(
            f"{pods.path}.terminationGracePeriodSeconds", f"is {seconds:g}, must be {least} to {most} seconds"
        )


def _scratch_is_bounded(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for path, volume in podspec(resource).volumes():
        folder = at(volume, "emptyDir")
        if folder is not None and absent(at(folder, "sizeLimit")):
            yield Violation(f"{path}.emptyDir.sizeLimit", "isn't set")


def _scratch_fits(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = podspec(resource)
    folders = [at(volume, "emptyDir") for _, volume in pods.volumes()]
    sizes = [
        _bytes(at(one, "sizeLimit")) for one in folders if one is not None and at(one, "medium") != "Memory"
    ]
    limits = [
        _bytes(one.at("resources.limits.ephemeral-storage")) for one in pods.containers() if one.lasting
    ]
    known = [one for one in sizes if one is not None]
    if not known or not limits or None in limits:
        return
    if sum(known) >= sum(one for one in limits if one is not None):
        yield Violation(
            f"{pods.path}.volumes", "may fill more than the containers' limits of ephemeral-storage together"
        )


def _bytes(value: object) -> float | None:
    """A Kubernetes quantity in bytes; None where it is missing or not known."""
    plain = number(value)
    if plain is not None:
        return plain
    quantity = text(value) or ""
    for unit, factor in _UNITS.items():
        found = number(quantity.removesuffix(unit)) if quantity.endswith(unit) else None
        if found is not None:
            return found * factor
    return None


RULES = (
    Rule(
        id="POD-20", subject=Subject.PODS, title="containers have requests and limits", applies=makes_pods,
        check=_says_what_it_needs,
        reason="Without them one pod starves its node, and the scheduler packs by guess.",
        remedy="set requests and limits of cpu, memory and ephemeral-storage; see requirements in "
        "components/kubernetes.py",
    ),
    Rule(
        id="POD-21", subject=Subject.PODS, title="servers have all three probes", applies=serves, check=_has_probes,
        reason="Without them a hung server keeps its traffic, and a slow start is taken for a hang.",
        remedy="add startupProbe, readinessProbe and livenessProbe; see probes in components/kubernetes.py",
    ),
    Rule(
        id="POD-22", subject=Subject.PODS, title="replicas are spread over zones and nodes", applies=_several,
        check=_is_spread, scope=Scope.STACK,
        reason="Several replicas on one node fall together.",
        remedy="add topologySpreadConstraints for zone and hostname that select the pods; see spread in "
        "components/kubernetes.py",
    ),
    Rule(
        id="POD-23", subject=Subject.PODS, title="replicas have a disruption budget", applies=_several,
        check=_has_a_budget, scope=Scope.STACK,
        reason="A node upgrade may otherwise evict all replicas at once; a budget of none blocks it for ever.",
        remedy="add a PodDisruptionBudget with maxUnavailable: 1 that selects the pods",
    ),
    Rule(
        id="POD-24", subject=Subject.PODS, title="pods end in time", applies=serves, check=_ends_in_time,
        reason="Too short cuts requests and loses writes; too long holds up every upgrade.",
        remedy="set terminationGracePeriodSeconds to what the software takes to stop",
    ),
    Rule(
        id="POD-25", subject=Subject.PODS, title="scratch folders are bounded", applies=makes_pods,
        check=_scratch_is_bounded,
        reason="An unbounded one fills the node's disk, and the node evicts everybody.",
        remedy="set emptyDir.sizeLimit",
    ),
    Rule(
        id="POD-26", subject=Subject.PODS, title="scratch folders fit the limit that evicts", applies=makes_pods,
        check=_scratch_fits,
        reason="The kubelet counts them: a pod that may fill more than its limit is evicted while it does.",
        remedy="raise the ephemeral-storage limit above the sum of the emptyDirs, or make them smaller",
    ),
)  # fmt: skip
