"""GKE's policies for a Gateway and its Services (networking.gke.io/v1), typed as their CRDs are.

Source: cloud.google.com/kubernetes-engine/docs/how-to/configure-gateway-resources.
"""

from typing import Literal, NotRequired, TypedDict

from .custom import SecretName, Target, Text


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
