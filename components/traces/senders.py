"""Who sends traces to the collector, and how each is told to.

Kotaemon, Qdrant and oauth2-proxy aren't among them: they emit none (docs/traces.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict

from components.config.edge import GatewayEdge, GoogleEdge, NoEdge
from components.config.settings import Chroma, PgVector, Qdrant
from components.contracts import Endpoint, Flow, Peer
from components.kubernetes import selector

CHROMA = "chroma"
ENVOY = "edge"


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Somebody who sends traces."""

    name: str
    peer: Peer


def senders_of(
    vector_db: Qdrant | Chroma | PgVector, edge: NoEdge | GoogleEdge | GatewayEdge, proxies: str
) -> tuple[Sender, ...]:
    """Those of a stack. `proxies` is the namespace in which Envoy Gateway starts its proxies, if not told another."""
    found: list[Sender] = []
    if isinstance(vector_db, Chroma):
        found.append(Sender(name=CHROMA, peer=Peer(labels=selector(CHROMA))))
    if isinstance(edge, GatewayEdge) and edge.controller.envoy:
        found.append(Sender(name=ENVOY, peer=Peer(namespace=edge.controller.namespace or proxies)))
    return tuple(found)


def sending(sender: Sender, collector: Endpoint) -> Flow:
    """The flow from it to the collector."""
    inside = sender.peer.labels
    return Flow(
        name=f"{sender.name}-to-{collector.host}",
        source=inside or {},
        origins=() if inside else (sender.peer,),
        destination=collector.peer,
        ports=(collector.port,),
    )


def chroma_environment(collector: Endpoint) -> Mapping[str, str]:
    """What tells a Chroma server of 0.5 to trace each call and what it does in its segments.

    It speaks gRPC, without TLS where the address begins with http. Source: chromadb/telemetry/opentelemetry of 0.5.16.
    """
    return {
        "CHROMA_OTEL_COLLECTION_ENDPOINT": f"http://{collector.address}",
        "CHROMA_OTEL_GRANULARITY": "operation_and_segment",
        "CHROMA_OTEL_SERVICE_NAME": CHROMA,
    }


class CollectorRef(TypedDict):
    """The collector's Service."""

    name: str
    port: int


class TracingProvider(TypedDict):
    """What takes the traces."""

    type: Literal["OpenTelemetry"]
    backendRefs: list[CollectorRef]
    serviceName: str


class Tracing(TypedDict):
    """How a proxy traces."""

    samplingRate: int
    provider: TracingProvider


class Telemetry(TypedDict):
    """What a proxy tells of itself."""

    tracing: Tracing


class EnvoyProxySpec(TypedDict):
    """gateway.envoyproxy.io/v1alpha1 EnvoyProxy: how the proxies of a Gateway run."""

    telemetry: Telemetry


class ParametersRef(TypedDict):
    """The EnvoyProxy of a Gateway, in the same namespace."""

    group: Literal["gateway.envoyproxy.io"]
    kind: Literal["EnvoyProxy"]
    name: str


class Infrastructure(TypedDict):
    """What a Gateway says of the proxies that serve it."""

    parametersRef: ParametersRef


def envoy_proxy_spec(collector: Endpoint) -> EnvoyProxySpec:
    """Proxies that trace every request: which traces are kept is decided when they are over.

    Source: gateway.envoyproxy.io/docs/tasks/observability/proxy-trace.
    """
    return EnvoyProxySpec(
        telemetry=Telemetry(
            tracing=Tracing(
                samplingRate=100,
                provider=TracingProvider(
                    type="OpenTelemetry",
                    backendRefs=[CollectorRef(name=collector.host, port=collector.port)],
                    serviceName=ENVOY,
                ),
            )
        )
    )


def infrastructure(name: str) -> Infrastructure:
    """What goes into a Gateway's spec so that the EnvoyProxy `name` is about its proxies, and no other Gateway's."""
    return Infrastructure(
        parametersRef=ParametersRef(group="gateway.envoyproxy.io", kind="EnvoyProxy", name=name)
    )
