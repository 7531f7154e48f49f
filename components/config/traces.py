"""Traces' part of a stack's file: whether they are collected, how many are kept, and where they go."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field

from .fields import Url
from .form import Text
from .logs import Tenant
from .section import Resources, Section, usually

_OTHERS = {
    3200: "where Tempo is asked for traces",
    4317: "OTLP over gRPC, and the collector speaks HTTP",
    9411: "Zipkin's",
    14250: "Jaeger's own protocol, which Jaeger 2 no longer speaks",
    14268: "Jaeger's own protocol, which Jaeger 2 no longer speaks",
    16686: "Jaeger's page",
}


def _otlp(value: str) -> None:
    port = urlsplit(value).port
    if port in _OTHERS:
        raise ValueError(
            f"must name the port that takes OTLP over HTTP, usually 4318: {port} is {_OTHERS[port]}"
        )
    if port is None and value.startswith("http://"):
        raise ValueError("must name the port that takes OTLP over HTTP, usually 4318")


OtlpUrl = Annotated[
    Url,
    Text(
        pattern=r"https?://[^/]+(/.*)?(?<!/)(?<!/v1/traces)",
        allowed="must be where OTLP over HTTP is taken, without a slash at its end and without /v1/traces, "
        "such as http://jaeger.observability.svc:4318",
        example="http://jaeger.observability.svc:4318",
        check=_otlp,
        mends=(lambda value: value.removesuffix("/").removesuffix("/v1/traces"),),
    ),
]
"""Where a server takes OTLP over HTTP."""


class NoTraces(Section):
    """Nobody collects traces, and nobody sends any."""

    kind: Literal["none"] = "none"
    """Nobody collects traces."""


class CloudTrace(Section):
    """Google's Cloud Trace, in the project of kotaemon:google."""

    kind: Literal["cloud-trace"]
    """Google's Cloud Trace."""


class Jaeger(Section):
    """A Jaeger, 1.35 or later, that is there already."""

    kind: Literal["jaeger"]
    """A Jaeger that is there already."""
    url: OtlpUrl
    """Where it takes OTLP over HTTP."""


class Tempo(Section):
    """A Tempo, or Grafana Cloud's, that is there already."""

    kind: Literal["tempo"]
    """A Tempo that is there already."""
    url: OtlpUrl
    """Where it takes OTLP over HTTP."""
    tenant: Tenant | None = None
    """The tenant, where it keeps several apart (X-Scope-OrgID)."""
    token: bool = False
    """Whether it wants a token, which is the secret `tracesToken`."""


class CollectorTraces(Section):
    """An OpenTelemetry collector in the namespace. It is one pod: whoever decides must see all of a trace."""

    kind: Literal["collector"]
    """An OpenTelemetry collector in the namespace."""
    to: Annotated[CloudTrace | Jaeger | Tempo, Field(discriminator="kind")]
    """Where they are sent."""
    sample_percent: Annotated[float, Field(ge=0, le=100)] = 10
    """Per cent of the traces that are kept. Those with an error and the slow ones are kept always."""
    slow_seconds: Annotated[float, Field(ge=0.1, le=600)] = 10
    """Seconds from which on a trace is slow."""
    resources: Resources = Resources(cpu="50m", memory="256Mi", cpu_limit="500m")
    """What it may use. Its buffers are parts of the memory: when that is full, it refuses more and says so."""


Traces = Annotated[NoTraces | CollectorTraces, Field(discriminator="kind"), usually(NoTraces)]
