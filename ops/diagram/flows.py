"""Who may talk to whom: the namespace's network policies as arrows between boxes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from policies.graph import Resource
from policies.values import at, items, mapping, text

from .index import Index, object_name

_UNSEEN = ("169.254.", "127.")
"""The node's own addresses (its metadata server, its DNS cache) and the pod's."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One allowed flow. A pod is named by the URN of what runs it."""

    name: str
    """As its policy is named, without the side: `kotaemon-to-postgres`."""
    source: Resource | None
    """None: from outside the namespace."""
    target: Resource | None
    """None: `place` says where."""
    place: str = ""
    """Addresses, or `namespace NAME`."""
    ports: tuple[str, ...]


def flows(index: Index) -> Iterator[Flow]:
    """Every allowed flow of named pods, once; what all pods may do (DNS) is none of them."""
    for policy in index.of("NetworkPolicy"):
        spec = mapping(policy.inputs.get("spec"))
        name = object_name(policy).removesuffix("-egress").removesuffix("-ingress")
        for pod in index.selected(spec.get("podSelector")):
            for rule in items(spec.get("egress")):
                yield from _outgoing(index, name, pod, mapping(rule))
            for rule in items(spec.get("ingress")):
                yield from _incoming(name, pod, mapping(rule))


def _outgoing(index: Index, name: str, pod: Resource, rule: Mapping[str, object]) -> Iterator[Flow]:
    for peer in items(rule.get("to")):
        place = _place(peer)
        if place:
            if not place.startswith(_UNSEEN):
                yield Flow(name=name, source=pod, target=None, place=place, ports=_ports(rule))
            continue
        for target in index.selected(at(peer, "podSelector")):
            yield Flow(name=name, source=pod, target=target, ports=_ports(rule))


def _incoming(name: str, pod: Resource, rule: Mapping[str, object]) -> Iterator[Flow]:
    """From outside the namespace alone: the flows within it are known from their other side."""
    places = [place for peer in items(rule.get("from")) if (place := _place(peer))]
    if places:
        yield Flow(name=name, source=None, target=pod, place=", ".join(places), ports=_ports(rule))


def _place(peer: object) -> str:
    labels = mapping(at(peer, "namespaceSelector.matchLabels"))
    if labels:
        return f"namespace {labels.get('kubernetes.io/metadata.name', '')}"
    return text(at(peer, "ipBlock.cidr")) or ""


def _ports(rule: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(str(at(port, "port")) for port in items(rule.get("ports")))


def label(found: Iterable[Flow]) -> str:
    """The ports of several flows, each once, in order."""
    ports = {port for one in found for port in one.ports}
    return ", ".join(sorted(ports, key=lambda port: (not port.isdigit(), port.zfill(5))))
