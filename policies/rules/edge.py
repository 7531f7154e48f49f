"""The way in: Services, Gateways and routes. Kotaemon is reached through an authenticating proxy, or not at all."""

from collections.abc import Iterator

from policies.front import KOTAEMON, NAME, PROXIES, kotaemon, proxied
from policies.graph import Graph, Resource
from policies.rule import Rule, Scope, Subject, Violation, of_kind, unmet, want
from policies.values import (
    UNKNOWN,
    absent,
    at,
    below,
    contains,
    could_be,
    differs,
    items,
    mapping,
    present,
    shown,
    text,
)  # fmt: skip

STREAM_SECONDS = 3600
"""An answer is streamed as long as the model writes."""
_GOOGLE_CLASS = "gke-l7-"
_BACKEND = "default.{}"


def _stays_inside(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield from unmet(resource.inputs, want("spec.type", "ClusterIP", None))
    if present(at(resource.inputs, "spec.externalIPs")):
        yield Violation("spec.externalIPs", "takes addresses of the network")


def _is_no_ingress(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield Violation("", "is an Ingress")


def _listeners(gateway: Resource) -> list[object]:
    return items(at(gateway.inputs, "spec.listeners"))


def _speaks_tls(graph: Graph, resource: Resource) -> Iterator[Violation]:
    protocols = {at(one, "protocol") for one in _listeners(resource)}
    if not protocols & {"HTTPS", UNKNOWN} and at(resource.inputs, "spec.listeners") is not UNKNOWN:
        yield Violation("spec.listeners", "has no HTTPS listener")
    for one in _listeners(resource):
        if differs(at(one, "protocol"), "HTTPS", "HTTP", "TLS"):
            yield Violation("spec.listeners", f"speaks {at(one, 'protocol')}")


def _may_use_http(graph: Graph, route: Resource) -> bool:
    """Whether a route is attached to a listener that isn't encrypted."""
    return any(
        at(listener, "protocol") == "HTTP" and at(parent, "sectionName") in (None, at(listener, "name"))
        for parent, gateway in _gateways(graph, route)
        for listener in _listeners(gateway)
    )


def _http_only_redirects(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if not _may_use_http(graph, resource):
        return
    for index, rule in enumerate(items(at(resource.inputs, "spec.rules"))):
        filters = at(rule, "filters")
        redirects = filters is UNKNOWN or any(
            could_be(at(one, "type"), "RequestRedirect")
            and could_be(at(one, "requestRedirect.scheme"), "https")
            for one in items(filters)
        )
        if not redirects or present(at(rule, "backendRefs")):
            yield Violation(
                f"spec.rules[{index}]", "answers on the HTTP listener, and doesn't redirect to https"
            )


def _backends(route: Resource) -> Iterator[str]:
    """Names of the Services that a route leads to."""
    for rule in items(at(route.inputs, "spec.rules")):
        for one in items(at(rule, "backendRefs")):
            if at(one, "kind") in (None, "Service") and (name := text(at(one, "name"))):
                yield name


def _service(graph: Graph, name: str) -> Resource | None:
    return next((one for one in graph.of("Service") if one.object_name == name), None)


def _policies(graph: Graph, kind: str, service: str) -> list[Resource]:
    """The policies of Google's Gateway that are attached to a Service."""
    return [
        one
        for one in graph.of(kind)
        if could_be(at(one.inputs, "spec.targetRef.name"), service)
        and could_be(at(one.inputs, "spec.targetRef.kind"), "Service")
    ]


def _is_kotaemon(graph: Graph, name: str) -> bool:
    service = _service(graph, name)
    if service is None:
        return name == KOTAEMON[NAME]
    return contains(at(service.inputs, "spec.selector"), KOTAEMON)


def _asks_who_it_is(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for rule in items(at(resource.inputs, "spec.rules")):
        for backend in items(at(rule, "backendRefs")):
            name = text(at(backend, "name"))
            if (
                name is None
                or not _is_kotaemon(graph, name)
                or _leads_to_proxy(graph, name, at(backend, "port"))
            ):
                continue
            policies = _policies(graph, "GCPBackendPolicy", name)
            fronts = [at(one.inputs, "spec.default.iap.enabled") for one in policies]
            if not {True, UNKNOWN} & set(fronts):
                yield Violation(
                    "spec.rules", f"leads to Kotaemon's Service {name} without IAP or oauth2-proxy before it"
                )


def _leads_to_proxy(graph: Graph, name: str, port: object) -> bool:
    """Whether a port of Kotaemon's Service is that of a proxy beside Kotaemon."""
    service = _service(graph, name)
    for one in items(at(service.inputs, "spec.ports")) if service else ():
        if could_be(at(one, "port"), port):
            target = at(one, "targetPort")
            return proxied(kotaemon(graph), at(one, "port") if target is None else target)
    return False


def _gateways(graph: Graph, route: Resource) -> Iterator[tuple[object, Resource]]:
    """The Gateways that a route is attached to, each with the reference that says so."""
    for parent in items(at(route.inputs, "spec.parentRefs")):
        for gateway in graph.of("Gateway"):
            if could_be(at(parent, "name"), gateway.object_name):
                yield parent, gateway


def _is_googles(gateway: Resource) -> bool:
    """Whether Google's load balancer implements it."""
    return str(at(gateway.inputs, "spec.gatewayClassName")).startswith(_GOOGLE_CLASS)


def attached(graph: Graph, route: Resource, *, google: bool) -> bool:
    """Whether a route is, for all that is known, on a Gateway that is Google's load balancer, or on one that isn't."""
    return any(
        text(at(parent, "name")) == gateway.object_name
        and text(at(gateway.inputs, "spec.gatewayClassName")) is not None
        and _is_googles(gateway) is google
        for parent, gateway in _gateways(graph, route)
    )


def _is_route_on_google(graph: Graph, resource: Resource) -> bool:
    if not resource.is_object or resource.kind != "HTTPRoute":
        return False
    return attached(graph, resource, google=True)


def _has_backend_policies(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for name in dict.fromkeys(_backends(resource)):
        for kind in ("GCPBackendPolicy", "HealthCheckPolicy"):
            if not _policies(graph, kind, name):
                yield Violation("spec.rules", f"leads to Service {name}, which has no {kind}")


def _lets_answers_stream(graph: Graph, resource: Resource) -> Iterator[Violation]:
    spec = at(resource.inputs, "spec")
    seconds = at(spec, _BACKEND.format("timeoutSec"))
    if below(seconds, STREAM_SECONDS):
        yield Violation("spec.default.timeoutSec", f"is {shown(seconds)}, must be at least {STREAM_SECONDS}")


def _drains(graph: Graph, resource: Resource) -> Iterator[Violation]:
    path = "spec.default.connectionDraining.drainingTimeoutSec"
    if below(at(resource.inputs, path), 1):
        yield Violation(path, "is 0 or not set: a pod that ends cuts its answers")


def _keeps_sessions(graph: Graph, resource: Resource) -> Iterator[Violation]:
    name = text(at(resource.inputs, "spec.targetRef.name"))
    if name is not None and _is_kotaemon(graph, name):
        yield from unmet(
            resource.inputs,
            want("spec.default.sessionAffinity.type", "GENERATED_COOKIE", "CLIENT_IP", "HTTP_COOKIE"),
        )


def _logs(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield from unmet(resource.inputs, want("spec.default.logging.enabled", True))


def _has_armor(graph: Graph, resource: Resource) -> Iterator[Violation]:
    if absent(at(resource.inputs, "spec.default.securityPolicy")):
        yield Violation("spec.default.securityPolicy", "isn't set")


def _is_backend_policy_in_production(graph: Graph, resource: Resource) -> bool:
    return graph.production and resource.is_object and resource.kind == "GCPBackendPolicy"


def _checks_a_path(graph: Graph, resource: Resource) -> Iterator[Violation]:
    config = at(resource.inputs, "spec.default.config")
    bodies = [value for key, value in mapping(config).items() if key.endswith("HealthCheck")]
    if config is not UNKNOWN and all(absent(at(one, "requestPath")) for one in bodies):
        yield Violation("spec.default.config", "names no requestPath")


def _is_google_gateway(graph: Graph, resource: Resource) -> bool:
    return resource.is_object and resource.kind == "Gateway" and _is_googles(resource)


def _has_a_tls_policy(graph: Graph, resource: Resource) -> Iterator[Violation]:
    for policy in graph.of("GCPGatewayPolicy"):
        if could_be(at(policy.inputs, "spec.targetRef.name"), resource.object_name):
            if absent(at(policy.inputs, "spec.default.sslPolicy")):
                yield Violation("", f"{policy.label} names no sslPolicy")
            return
    yield Violation("", "has no GCPGatewayPolicy with an sslPolicy: Google's default still speaks TLS 1.0")


def _is_modern(graph: Graph, resource: Resource) -> Iterator[Violation]:
    yield from unmet(
        resource.inputs,
        want("minTlsVersion", "TLS_1_2", "TLS_1_3"),
        want("profile", "MODERN", "RESTRICTED", "FIPS_202205"),
    )


RULES = (
    Rule(
        id="EDGE-01", subject=Subject.EDGE, title="Services stay inside the cluster", applies=of_kind("Service"),
        check=_stays_inside,
        reason="A LoadBalancer or NodePort is a way in past the Gateway and its login.",
        remedy="set type: ClusterIP, and publish through kotaemon:edge",
    ),
    Rule(
        id="EDGE-02", subject=Subject.EDGE, title="no Ingress", applies=of_kind("Ingress"), check=_is_no_ingress,
        reason="ingress-nginx is retired, and an Ingress carries no login, TLS policy or time-outs of ours.",
        remedy="use a Gateway and HTTPRoutes (kotaemon:edge)",
    ),
    Rule(
        id="EDGE-03", subject=Subject.EDGE, title="Gateways speak HTTPS", applies=of_kind("Gateway"), check=_speaks_tls,
        reason="Questions, documents and session cookies would cross the internet in plain text.",
        remedy="add a listener with protocol HTTPS and a certificate",
    ),
    Rule(
        id="EDGE-04", subject=Subject.EDGE, title="HTTP only redirects", applies=of_kind("HTTPRoute"),
        check=_http_only_redirects, scope=Scope.STACK,
        reason="A page that also answers on HTTP is read, and changed, by whoever is in between.",
        remedy="name the HTTPS listener in parentRefs.sectionName; on HTTP, RequestRedirect to https alone",
    ),
    Rule(
        id="EDGE-05", subject=Subject.EDGE, title="Kotaemon has an authenticating front", applies=of_kind("HTTPRoute"),
        check=_asks_who_it_is, scope=Scope.STACK,
        reason="Whoever reaches Kotaemon can run commands without a login (upstream issues 842 and 844).",
        remedy="attach a GCPBackendPolicy with iap.enabled to its Service, or lead the route to "
        + " or ".join(sorted(PROXIES)),
    ),
    Rule(
        id="EDGE-06", subject=Subject.EDGE, title="Google's backends have their policies", applies=_is_route_on_google,
        check=_has_backend_policies, scope=Scope.STACK,
        reason="Without them Google cuts answers after 30 s and asks `/` whether the pod is well.",
        remedy="add a GCPBackendPolicy and a HealthCheckPolicy with the Service as targetRef",
    ),
    Rule(
        id="EDGE-07", subject=Subject.EDGE, title="answers may stream", applies=of_kind("GCPBackendPolicy"),
        check=_lets_answers_stream,
        reason="The default of 30 s cuts an answer while it is written.",
        remedy=f"set default.timeoutSec: {STREAM_SECONDS}",
    ),
    Rule(
        id="EDGE-08", subject=Subject.EDGE, title="connections are drained", applies=of_kind("GCPBackendPolicy"),
        check=_drains,
        reason="The default of 0 drops what is under way at each rollout.",
        remedy="set default.connectionDraining.drainingTimeoutSec",
    ),
    Rule(
        id="EDGE-09", subject=Subject.EDGE, title="sessions stay with one pod", applies=of_kind("GCPBackendPolicy"),
        check=_keeps_sessions, scope=Scope.STACK,
        reason="Kotaemon keeps a session's queue and uploads in one process.",
        remedy="set default.sessionAffinity.type: GENERATED_COOKIE",
    ),
    Rule(
        id="EDGE-10", subject=Subject.EDGE, title="requests are logged", applies=of_kind("GCPBackendPolicy"),
        check=_logs,
        reason="Without a log nobody can say who came in.",
        remedy="set default.logging.enabled: true",
    ),
    Rule(
        id="EDGE-11", subject=Subject.EDGE, title="Cloud Armor stands before the backends",
        applies=_is_backend_policy_in_production, check=_has_armor,
        reason="A rate limit and the usual attack patterns are refused before they cost a pod anything.",
        remedy="set default.securityPolicy (kotaemon:edge.armor)",
    ),
    Rule(
        id="EDGE-12", subject=Subject.EDGE, title="health checks ask the right path",
        applies=of_kind("HealthCheckPolicy"), check=_checks_a_path,
        reason="`/` renders the whole page, and redirects where there is a login.",
        remedy="set default.config.httpHealthCheck.requestPath",
    ),
    Rule(
        id="EDGE-13", subject=Subject.EDGE, title="Gateways have a TLS policy", applies=_is_google_gateway,
        check=_has_a_tls_policy, scope=Scope.STACK,
        reason="Google's default policy accepts TLS 1.0 and ciphers that are broken.",
        remedy="attach a GCPGatewayPolicy with default.sslPolicy to the Gateway",
    ),
    Rule(
        id="EDGE-14", subject=Subject.EDGE, title="TLS is 1.2 or later",
        applies=lambda graph, resource: resource.type == "gcp:compute/sSLPolicy:SSLPolicy", check=_is_modern,
        reason="TLS 1.0 and 1.1 are deprecated (RFC 8996).",
        remedy="set min_tls_version to TLS_1_2 and profile to MODERN or RESTRICTED",
    ),
)  # fmt: skip
