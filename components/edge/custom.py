"""The Gateway API's resources, typed: the fields of their CRDs that are used here, and no others.

Source: gateway-api.sigs.k8s.io/reference/spec. What is Google's alone is in google_kinds, the rest in gateway_kinds.
"""

from typing import Literal, NotRequired, TypedDict

import pulumi

from components.traces.senders import Infrastructure

Text = pulumi.Input[str]


class Target(TypedDict):
    """What a policy is about."""

    group: str
    kind: str
    name: Text


class SecretReference(TypedDict):
    """A Secret with a certificate."""

    kind: Literal["Secret"]
    name: Text


class ListenerTls(TypedDict):
    """TLS that ends at the Gateway."""

    mode: Literal["Terminate"]
    certificateRefs: list[SecretReference]


# `from` can't be a name in a class.
Routes = TypedDict("Routes", {"from": Literal["Same"]})
"""Namespaces whose routes a listener takes."""


class AllowedRoutes(TypedDict):
    """Which routes a listener takes."""

    namespaces: Routes


class Listener(TypedDict):
    """A port of the Gateway."""

    name: str
    protocol: Literal["HTTP", "HTTPS"]
    port: int
    hostname: NotRequired[str]
    tls: NotRequired[ListenerTls]
    allowedRoutes: AllowedRoutes


class GatewayAddress(TypedDict):
    """Where it listens."""

    type: Literal["NamedAddress", "IPAddress"]
    value: Text


class GatewaySpec(TypedDict):
    """A Gateway."""

    gatewayClassName: str
    listeners: list[Listener]
    addresses: NotRequired[list[GatewayAddress]]
    infrastructure: NotRequired[Infrastructure]


class ParentRef(TypedDict):
    """The listener that a route is attached to."""

    name: Text
    sectionName: str


class Redirect(TypedDict):
    """Where to go instead."""

    scheme: Literal["https"]
    statusCode: Literal[301]


class RedirectFilter(TypedDict):
    """An answer that needs no backend."""

    type: Literal["RequestRedirect"]
    requestRedirect: Redirect


class BackendRef(TypedDict):
    """The Service behind a route."""

    name: str
    port: int


class Timeouts(TypedDict):
    """How long an answer may take."""

    request: str


class RouteRule(TypedDict):
    """What becomes of a request."""

    filters: NotRequired[list[RedirectFilter]]
    backendRefs: NotRequired[list[BackendRef]]
    timeouts: NotRequired[Timeouts]


class HttpRouteSpec(TypedDict):
    """An HTTPRoute."""

    parentRefs: list[ParentRef]
    hostnames: list[str]
    rules: list[RouteRule]


class GatewayClassSpec(TypedDict):
    """A GatewayClass."""

    controllerName: str


class SecretName(TypedDict):
    """A Secret of the namespace, by its name."""

    name: Text
