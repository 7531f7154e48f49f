"""Network policies: nothing talks but who must. Source: kubernetes.io, "Network Policies"."""

import ipaddress
from collections.abc import Iterable, Iterator

from policies.front import (
    KOTAEMON,
    NAME,
    PROBER,
    PROXIES,
    SCRAPERS,
    is_prober_pod,
    is_proxy_pod,
    kotaemon,
    proxied,
)
from policies.graph import Graph, Resource
from policies.podspec import PodSpec, makes_pods, pods_of, selected
from policies.rule import Rule, Scope, Subject, Violation, of_kind
from policies.values import UNKNOWN, absent, at, could_be, entry, items, mapping, number, present, text

GOOGLE_PROXIES = tuple(map(ipaddress.IPv4Network, ("35.191.0.0/16", "130.211.0.0/22")))
"""Where Google's load balancers and their health checks come from. Source: Google Cloud, "Firewall rules"."""

_METADATA = ipaddress.IPv4Network("169.254.169.254/32")
_METADATA_PORTS = {80, 988}
_DIRECTIONS = (("ingress", "from"), ("egress", "to"))


def _is_denied_by_default(graph: Graph, resource: Resource) -> Iterator[Violation]:
    types: set[object] = set()
    for policy in graph.of("NetworkPolicy"):
        spec = at(policy.inputs, "spec")
        selector = at(spec, "podSelector")
        everybody = selector is UNKNOWN or absent(selector)
        allows = present(at(spec, "ingress")) or present(at(spec, "egress"))
        if could_be(policy.namespace, resource.namespace) and everybody and not allows:
            found = at(spec, "policyTypes")
            types |= {UNKNOWN} if found is UNKNOWN else set(items(found))
    missing = [] if UNKNOWN in types else [one for one in ("Ingress", "Egress") if one not in types]
    if missing:
        yield Violation(
            "",
            f"is in a namespace where no NetworkPolicy denies all {' and '.join(missing).lower()} by default",
        )


def _rules(policy: Resource) -> Iterator[tuple[str, str, object]]:
    """Path, direction and body of each rule of a network policy."""
    for direction, _ in _DIRECTIONS:
        for index, body in enumerate(items(at(policy.inputs, f"spec.{direction}"))):
            yield f"spec.{direction}[{index}]", direction, body


def _peers(direction: str, body: object) -> object:
    return at(body, dict(_DIRECTIONS)[direction])


def _names_both_sides(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for path, direction, body in _rules(resource):
        if absent(_peers(direction, body)):
            yield Violation(path, "allows everybody: it names no peer")
        if absent(at(body, "ports")):
            yield Violation(path, "allows every port: it names none")
        for peer in items(_peers(direction, body)):
            if absent(peer):
                yield Violation(path, "allows everybody: a peer is empty")
            elif _is_every_namespace(peer):
                yield Violation(path, "allows every pod of every namespace")
            elif direction == "ingress" and at(peer, "ipBlock.cidr") in ("0.0.0.0/0", "::/0"):
                yield Violation(path, "lets every address in")


def _is_every_namespace(peer: object) -> bool:
    spaces, pods = at(peer, "namespaceSelector"), at(peer, "podSelector")
    return spaces is not None and absent(spaces) and absent(pods)


def _is_named(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if not resource.is_named:
        yield Violation("metadata.name", "isn't given: the flow has no name")


def _lets_in_to_kotaemon(graph: Graph, resource: Resource) -> bool:
    if (
        resource.kind != "NetworkPolicy"
        or not resource.is_object
        or absent(at(resource.inputs, "spec.ingress"))
    ):
        return False
    return bool(_kotaemons(graph, resource))


def _kotaemons(graph: Graph, policy: Resource) -> list[PodSpec]:
    """Kotaemon's pods among those that a network policy selects."""
    selector = at(policy.inputs, "spec.podSelector")
    if entry(at(selector, "matchLabels"), NAME) not in (None, KOTAEMON[NAME]):
        return []  # other pods, though their labels may not be known yet; or nobody knows which
    return [
        pods
        for pods in kotaemon(graph)
        if could_be(pods.owner.namespace, policy.namespace) and selected(selector, pods.labels)
    ]


def _only_proxies_come_in(graph: Graph, resource: Resource) -> Iterator[Violation]:
    pods = _kotaemons(graph, resource)
    for path, direction, body in _rules(resource):
        ports = [at(one, "port") for one in items(at(body, "ports"))]
        if direction == "egress" or (ports and all(proxied(pods, port) for port in ports)):
            continue
        for peer in items(at(body, "from")):
            if not _is_proxy(peer):
                yield Violation(path, f"lets {_who(peer)} reach Kotaemon, which has no login of its own")


def _is_proxy(peer: object) -> bool:
    if peer is UNKNOWN:
        return True
    block = at(peer, "ipBlock.cidr")
    if block is not None:
        network = _network(block)
        return block is UNKNOWN or (
            network is not None and any(network.subnet_of(one) for one in GOOGLE_PROXIES)
        )
    pods = at(peer, "podSelector.matchLabels")
    # Who may tell the prober what to ask is NET-07's.
    return is_proxy_pod(pods) or (absent(at(peer, "namespaceSelector")) and is_prober_pod(pods))


def _lets_in_to_the_prober(graph: Graph, resource: Resource) -> bool:
    return (
        resource.kind == "NetworkPolicy"
        and resource.is_object
        and present(at(resource.inputs, "spec.ingress"))
        and entry(at(resource.inputs, "spec.podSelector.matchLabels"), NAME) == PROBER
    )


def _only_scrapers_come_in(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for path, direction, body in _rules(resource):
        for peer in items(at(body, "from")) if direction == "ingress" else ():
            space = entry(at(peer, "namespaceSelector.matchLabels"), "kubernetes.io/metadata.name")
            scraper = entry(at(peer, "podSelector.matchLabels"), NAME)
            if peer is not UNKNOWN and absent(space) and scraper not in (*SCRAPERS, UNKNOWN):
                yield Violation(path, f"lets {_who(peer)} have it ask whatever it likes")


def _who(peer: object) -> str:
    if cidr := text(at(peer, "ipBlock.cidr")):
        return cidr
    chosen = [
        *mapping(at(peer, "namespaceSelector.matchLabels")).values(),
        *mapping(at(peer, "podSelector.matchLabels")).values(),
    ]
    return " ".join(map(str, chosen)) or "every pod of the namespace"


def _network(value: object) -> ipaddress.IPv4Network | None:
    try:
        return ipaddress.IPv4Network(text(value) or "")
    except ValueError:
        return None


def _metadata_server_is_out_of_reach(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for path, direction, body in _rules(resource):
        if direction != "egress" or not _reaches_its_ports(body):
            continue
        for peer in items(at(body, "to")):
            block = _network(at(peer, "ipBlock.cidr"))
            if block is None or block.prefixlen > 24 or not _METADATA.subnet_of(block):
                continue  # a narrow block names it on purpose
            excepted = at(peer, "ipBlock.except")
            if excepted is UNKNOWN or UNKNOWN in items(excepted):
                continue
            kept = [_network(one) for one in items(excepted)]
            if not any(one is not None and _METADATA.subnet_of(one) for one in kept):
                yield Violation(
                    path, f"reaches the metadata server: {block} without 169.254.0.0/16 among its exceptions"
                )


def _reaches_its_ports(body: object) -> bool:
    ports = items(at(body, "ports"))
    if not ports:
        return True
    for one in ports:
        first = number(at(one, "port"))
        last = number(at(one, "endPort")) or first
        if first is None and at(one, "port") is None:
            return True
        if first is not None and last is not None and any(first <= port <= last for port in _METADATA_PORTS):
            return True
    return False


def _leads_somewhere(graph: Graph, resource: Resource) -> Iterator[Violation]:
    selector = at(resource.inputs, "spec.podSelector")
    if present(selector) and entry(at(selector, "matchLabels"), NAME) is None:
        return  # pods that a controller makes, such as those that prove a domain to a certificate authority
    chosen = [
        pods
        for one in graph.resources
        if (pods := pods_of(one))
        and could_be(one.namespace, resource.namespace)
        and selected(selector, pods.labels)
    ]
    if not chosen:
        yield Violation("spec.podSelector", "selects no pod of the stack")
        return
    there = _open_ports(chosen)
    for path, direction, body in _rules(resource):
        if direction == "ingress" and UNKNOWN not in there:
            ports = [at(one, "port") for one in items(at(body, "ports"))]
            for port in ports:
                if port not in (None, UNKNOWN, *there):
                    yield Violation(path, f"opens port {port}, on which none of its pods listens")


def _open_ports(chosen: Iterable[PodSpec]) -> list[object]:
    """Numbers and names of the ports that pods listen on; UNKNOWN among them where some aren't known."""
    there: list[object] = []
    for pods in chosen:
        if UNKNOWN in (pods.body, pods.at("containers"), *items(pods.at("containers"))):
            there.append(UNKNOWN)
        for container in pods.containers():
            ports = container.at("ports")
            there += [ports] if ports is UNKNOWN else []
            there += [at(port, key) for port in items(ports) for key in ("containerPort", "name")]
    return there


RULES = (
    Rule(
        id="NET-01", subject=Subject.NAMESPACES, title="the network denies by default", applies=makes_pods,
        check=_is_denied_by_default, scope=Scope.STACK,
        reason="Without it each new pod talks to everything, and nobody notices.",
        remedy="add a NetworkPolicy with podSelector {}, policyTypes [Ingress, Egress] and no rules to the namespace",
    ),
    Rule(
        id="NET-02", subject=Subject.NAMESPACES, title="flows name both sides and their ports",
        applies=of_kind("NetworkPolicy"), check=_names_both_sides,
        reason="A rule without a peer or a port allows all of them.",
        remedy="name from or to, and ports",
    ),
    Rule(
        id="NET-03", subject=Subject.NAMESPACES, title="flows have names", applies=of_kind("NetworkPolicy"),
        check=_is_named,
        reason="The name is what one reads when traffic is refused: who may talk to whom.",
        remedy="set metadata.name: SOURCE-to-DESTINATION-egress or -ingress",
    ),
    Rule(
        id="NET-04", subject=Subject.NAMESPACES, title="only authenticating proxies reach Kotaemon",
        applies=_lets_in_to_kotaemon, check=_only_proxies_come_in, scope=Scope.STACK,
        reason="Whoever reaches its port can run commands without a login (upstream issues 842 and 844).",
        remedy=f"allow {', '.join(sorted(PROXIES))}, or Google's load balancers "
        f"({' and '.join(map(str, GOOGLE_PROXIES))}) behind IAP, the {PROBER}, and nothing else",
    ),
    Rule(
        id="NET-05", subject=Subject.NAMESPACES, title="the metadata server is out of reach",
        applies=of_kind("NetworkPolicy"), check=_metadata_server_is_out_of_reach,
        reason="It hands the node's credentials to whoever asks; an intruder asks it first.",
        remedy="put 169.254.0.0/16 among the exceptions of a wide ipBlock; see INTERNET in components/network.py",
    ),
    Rule(
        id="NET-06", subject=Subject.NAMESPACES, title="flows lead to pods and ports that exist",
        applies=of_kind("NetworkPolicy"), check=_leads_somewhere, scope=Scope.STACK,
        reason="A flow with a misspelt label or port is a time-out that takes an hour to understand.",
        remedy="correct podSelector or ports, or remove the policy",
    ),
    Rule(
        id="NET-07", subject=Subject.NAMESPACES, title="only scrapers reach the prober",
        applies=_lets_in_to_the_prober, check=_only_scrapers_come_in,
        reason="It asks any address that it is told, and may reach Kotaemon, which has no login of its own.",
        remedy=f"allow pods named {', '.join(sorted(SCRAPERS))}, or the one namespace of whoever scrapes",
    ),
)  # fmt: skip
