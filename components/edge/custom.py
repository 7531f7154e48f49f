"""The Gateway API's resources, typed: the fields of their CRDs that are used here, and no others.

Source: gateway-api.sigs.k8s.io/reference/spec. What is Google's alone is in google_kinds, the rest in gateway_kinds.
"""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes import meta

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


_VERSIONS = {
    "Gateway": "gateway.networking.k8s.io/v1",
    "GatewayClass": "gateway.networking.k8s.io/v1",
    "HTTPRoute": "gateway.networking.k8s.io/v1",
    "GCPBackendPolicy": "networking.gke.io/v1",
    "HealthCheckPolicy": "networking.gke.io/v1",
    "GCPGatewayPolicy": "networking.gke.io/v1",
    "Issuer": "cert-manager.io/v1",
    "Certificate": "cert-manager.io/v1",
    "BackendTrafficPolicy": "gateway.envoyproxy.io/v1alpha1",
    "EnvoyProxy": "gateway.envoyproxy.io/v1alpha1",
    "ClientTrafficPolicy": "gateway.envoyproxy.io/v1alpha1",
}


def custom(
    name: str,
    kind: str,
    metadata: meta.v1.ObjectMetaArgs,
    spec: Mapping[str, object],
    opts: pulumi.ResourceOptions,
) -> k8s.apiextensions.CustomResource:
    """Register a custom resource of one of these kinds; `spec` is its typed dictionary."""
    return k8s.apiextensions.CustomResource(
        name, api_version=_VERSIONS[kind], kind=kind, metadata=metadata, spec=spec, opts=opts
    )
