"""The custom resources of a front door, typed: the fields of their CRDs that are used here, and no others.

Sources: gateway-api.sigs.k8s.io/reference/spec; cert-manager.io/docs/reference/api-docs;
cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources;
gateway.envoyproxy.io/docs/api/extension_types.
"""

from typing import Literal, NotRequired, TypedDict

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes import meta

Text = pulumi.Input[str]


class Target(TypedDict):
    """What a policy is about."""

    group: str
    kind: str
    name: Text


# --- gateway.networking.k8s.io/v1 ----------------------------------------------------------------


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


# --- networking.gke.io/v1 ------------------------------------------------------------------------


class Draining(TypedDict):
    """How long a pod that leaves may finish its answers."""

    drainingTimeoutSec: int


class CookieAffinity(TypedDict):
    """How a person's requests keep reaching one pod."""

    type: Literal["GENERATED_COOKIE"]
    cookieTtlSec: int


class BackendLogging(TypedDict):
    """Requests in Cloud Logging; 1000000 is every one."""

    enabled: bool
    sampleRate: int


class SecretName(TypedDict):
    """A Secret of the namespace, by its name."""

    name: Text


class IapConfig(TypedDict):
    """Identity-Aware Proxy, with Google's OAuth client or one's own."""

    enabled: bool
    clientID: NotRequired[str]
    oauth2ClientSecret: NotRequired[SecretName]


class BackendDefault(TypedDict):
    """How the load balancer treats a Service."""

    timeoutSec: int
    connectionDraining: Draining
    sessionAffinity: CookieAffinity
    logging: BackendLogging
    securityPolicy: NotRequired[Text]
    iap: NotRequired[IapConfig]


class BackendPolicySpec(TypedDict):
    """A GCPBackendPolicy."""

    targetRef: Target
    default: BackendDefault


class HttpHealthCheck(TypedDict):
    """What is asked."""

    portSpecification: Literal["USE_SERVING_PORT"]
    requestPath: str


class HealthCheckConfig(TypedDict):
    """How a pod is asked."""

    type: Literal["HTTP"]
    httpHealthCheck: HttpHealthCheck


class HealthCheckLog(TypedDict):
    """Changes of health in Cloud Logging."""

    enabled: bool


class HealthCheckDefault(TypedDict):
    """Which pods get requests."""

    checkIntervalSec: int
    timeoutSec: int
    healthyThreshold: int
    unhealthyThreshold: int
    logConfig: HealthCheckLog
    config: HealthCheckConfig


class HealthCheckSpec(TypedDict):
    """A HealthCheckPolicy."""

    targetRef: Target
    default: HealthCheckDefault


class GatewayDefault(TypedDict):
    """What holds for a Gateway."""

    sslPolicy: Text


class GatewayPolicySpec(TypedDict):
    """A GCPGatewayPolicy."""

    targetRef: Target
    default: GatewayDefault


# --- cert-manager.io/v1 --------------------------------------------------------------------------


class GatewayHttpRoute(TypedDict):
    """A challenge that the Gateway answers."""

    parentRefs: list[ParentRef]


class Http01(TypedDict):
    """A challenge over HTTP."""

    gatewayHTTPRoute: GatewayHttpRoute


class Solver(TypedDict):
    """How the domain is shown to be ours."""

    http01: Http01


class Acme(TypedDict):
    """Let's Encrypt."""

    server: str
    privateKeySecretRef: SecretName
    solvers: list[Solver]
    email: NotRequired[str]


class OwnCa(TypedDict):
    """An authority of one's own."""

    secretName: str


class IssuerSpec(TypedDict):
    """An Issuer: exactly one of these."""

    acme: NotRequired[Acme]
    ca: NotRequired[OwnCa]


class IssuerRef(TypedDict):
    """Who issues."""

    kind: Literal["Issuer"]
    name: Text


class PrivateKey(TypedDict):
    """A new key with each certificate."""

    algorithm: Literal["ECDSA"]
    size: Literal[256]
    rotationPolicy: Literal["Always"]


class CertificateSpec(TypedDict):
    """A Certificate."""

    secretName: str
    dnsNames: list[str]
    issuerRef: IssuerRef
    privateKey: PrivateKey


# --- gateway.envoyproxy.io/v1alpha1 --------------------------------------------------------------


class EnvoyCookie(TypedDict):
    """The cookie that keeps a person on one pod."""

    name: str
    ttl: str


class ConsistentHash(TypedDict):
    """By cookie."""

    type: Literal["Cookie"]
    cookie: EnvoyCookie


class LoadBalancer(TypedDict):
    """Which pod a request goes to."""

    type: Literal["ConsistentHash"]
    consistentHash: ConsistentHash


class BackendTrafficSpec(TypedDict):
    """A BackendTrafficPolicy."""

    targetRefs: list[Target]
    loadBalancer: LoadBalancer


class EnvoyTls(TypedDict):
    """What clients must speak."""

    minVersion: Literal["1.2"]


class ClientTrafficSpec(TypedDict):
    """A ClientTrafficPolicy."""

    targetRefs: list[Target]
    tls: EnvoyTls


Spec = (
    GatewaySpec
    | HttpRouteSpec
    | GatewayClassSpec
    | BackendPolicySpec
    | HealthCheckSpec
    | GatewayPolicySpec
    | IssuerSpec
    | CertificateSpec
    | BackendTrafficSpec
    | ClientTrafficSpec
)

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
    "ClientTrafficPolicy": "gateway.envoyproxy.io/v1alpha1",
}


def custom(
    name: str, kind: str, metadata: meta.v1.ObjectMetaArgs, spec: Spec, opts: pulumi.ResourceOptions
) -> k8s.apiextensions.CustomResource:
    """Register a custom resource of one of these kinds."""
    return k8s.apiextensions.CustomResource(
        name, api_version=_VERSIONS[kind], kind=kind, metadata=metadata, spec=spec, opts=opts
    )
