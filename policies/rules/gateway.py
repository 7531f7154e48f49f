"""Front doors of clusters that aren't Google's: what their Gateway must be told, too."""

import re
from collections.abc import Iterator

from policies.graph import Graph, Resource
from policies.rule import Rule, Scope, Subject, Violation, of_kind, unmet, want
from policies.rules.edge import STREAM_SECONDS, attached
from policies.values import at, items, present, text

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def _is_route_elsewhere(graph: Graph, resource: Resource) -> bool:
    """Whether a route leads to a Service through a Gateway that isn't Google's load balancer."""
    if not resource.is_object or resource.kind != "HTTPRoute":
        return False
    behind = any(present(at(rule, "backendRefs")) for rule in items(at(resource.inputs, "spec.rules")))
    return behind and attached(graph, resource, google=False)


def _seconds(duration: str) -> float:
    """A duration of the Gateway API: 1h30m, 10s, 500ms; 0 is no time-out at all."""
    parts = re.findall(r"([0-9]+)(ms|s|m|h)", duration)
    found = sum(int(number) * _UNITS[unit] for number, unit in parts)
    return found or float("inf")


def _lets_answers_stream(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for number, rule in enumerate(items(at(resource.inputs, "spec.rules"))):
        if not present(at(rule, "backendRefs")):
            continue
        path, given = f"spec.rules[{number}].timeouts.request", at(rule, "timeouts.request")
        if given is None:
            yield Violation(path, f"isn't set, must be at least {STREAM_SECONDS}s")
        elif (duration := text(given)) is not None and _seconds(duration) < STREAM_SECONDS:
            yield Violation(path, f"is {duration}, must be at least {STREAM_SECONDS}s")


def _keeps_sessions(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield from unmet(
        resource.inputs,
        want("spec.loadBalancer.type", "ConsistentHash"),
        want("spec.loadBalancer.consistentHash.type", "Cookie", "SourceIP"),
    )


def _speaks_modern_tls(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield from unmet(resource.inputs, want("spec.tls.minVersion", "1.2", "1.3"))


RULES = (
    Rule(
        id="EDGE-15", subject=Subject.EDGE, title="answers may stream through any Gateway",
        applies=_is_route_elsewhere, check=_lets_answers_stream, scope=Scope.STACK,
        reason="A proxy's default of some seconds cuts an answer while it is written.",
        remedy=f"set rules[].timeouts.request: {STREAM_SECONDS}s",
    ),
    Rule(
        id="EDGE-16", subject=Subject.EDGE, title="Envoy keeps sessions with one pod",
        applies=of_kind("BackendTrafficPolicy"), check=_keeps_sessions,
        reason="Kotaemon keeps a session's queue and uploads in one process.",
        remedy="set loadBalancer: {type: ConsistentHash, consistentHash: {type: Cookie, ...}}",
    ),
    Rule(
        id="EDGE-17", subject=Subject.EDGE, title="Envoy speaks TLS 1.2 or later",
        applies=of_kind("ClientTrafficPolicy"), check=_speaks_modern_tls,
        reason="TLS 1.0 and 1.1 are deprecated (RFC 8996), and what isn't said may change.",
        remedy='set tls.minVersion: "1.2"',
    ),
)  # fmt: skip
