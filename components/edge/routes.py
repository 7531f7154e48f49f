"""A Gateway with two listeners, and its routes: HTTP sends everybody to HTTPS, HTTPS goes to Kotaemon."""

from collections.abc import Sequence

from components.traces.senders import Infrastructure

from .custom import (
    AllowedRoutes,
    BackendRef,
    GatewayAddress,
    GatewaySpec,
    HttpRouteSpec,
    Listener,
    ListenerTls,
    ParentRef,
    Redirect,
    RedirectFilter,
    RouteRule,
    Text,
    Timeouts,
)

HTTP, HTTPS = "http", "https"
_SAME_NAMESPACE = AllowedRoutes(namespaces={"from": "Same"})
ANSWER_SECONDS = 3600
"""How long an answer may be streamed."""


def gateway_spec(
    class_name: str,
    domain: str,
    *,
    tls: ListenerTls | None = None,
    addresses: Sequence[GatewayAddress] = (),
    infrastructure: Infrastructure | None = None,
) -> GatewaySpec:
    """A Gateway for one domain; without `tls` the certificate is found by an annotation."""
    https = Listener(name=HTTPS, protocol="HTTPS", port=443, hostname=domain, allowedRoutes=_SAME_NAMESPACE)
    if tls is not None:
        https["tls"] = tls
    spec = GatewaySpec(
        gatewayClassName=class_name,
        listeners=[
            Listener(name=HTTP, protocol="HTTP", port=80, hostname=domain, allowedRoutes=_SAME_NAMESPACE),
            https,
        ],
    )
    if addresses:
        spec["addresses"] = list(addresses)
    if infrastructure is not None:
        spec["infrastructure"] = infrastructure
    return spec


def redirect_spec(gateway: Text, domain: str) -> HttpRouteSpec:
    """Whoever comes by HTTP is sent to HTTPS."""
    return HttpRouteSpec(
        parentRefs=[ParentRef(name=gateway, sectionName=HTTP)],
        hostnames=[domain],
        rules=[
            RouteRule(
                filters=[
                    RedirectFilter(
                        type="RequestRedirect", requestRedirect=Redirect(scheme="https", statusCode=301)
                    )
                ]
            )
        ],
    )


def route_spec(gateway: Text, domain: str, service: str, port: int, *, timeout: bool) -> HttpRouteSpec:
    """Everything goes to one Service; `timeout` where the route itself says how long an answer may take."""
    rule = RouteRule(backendRefs=[BackendRef(name=service, port=port)])
    if timeout:
        rule["timeouts"] = Timeouts(request=f"{ANSWER_SECONDS}s")
    return HttpRouteSpec(
        parentRefs=[ParentRef(name=gateway, sectionName=HTTPS)], hostnames=[domain], rules=[rule]
    )
