"""cert-manager's and Envoy Gateway's resources, typed as their CRDs are.

Sources: cert-manager.io/docs/reference/api-docs; gateway.envoyproxy.io/docs/api/extension_types.
"""

from typing import Literal, NotRequired, TypedDict

from .custom import ParentRef, SecretName, Target, Text

ENVOY_NAMESPACE = "envoy-gateway-system"
"""Where Envoy Gateway, as the stack installs it, starts its proxies."""


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
