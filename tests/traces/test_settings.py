"""What a stack's file may say of traces."""

from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from components.config.rules.rule import Stack
from components.config.rules.traces import trace_destination, trace_memory
from components.config.settings import Settings
from components.config.traces import Traces

READ: TypeAdapter[Traces] = TypeAdapter(Traces)


def stack(
    to: dict[str, object], resources: dict[str, str] | None = None, *, production: bool = False
) -> Stack:
    given = {
        "kind": "collector",
        "to": to,
        "resources": {"cpu": "50m", "memory": "256Mi", **(resources or {})},
    }
    return Stack(
        settings=Settings.model_validate({"production": production, "traces": given}),
        supplied=frozenset(),
        root=Path(),
    )


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://jaeger:16686", "16686 is Jaeger's page"),
        ("http://jaeger.observability.svc:4317", "4317 is OTLP over gRPC"),
        ("http://jaeger.observability.svc:14268", "Jaeger's own protocol"),
        ("http://tempo.observability.svc:3200", "where Tempo is asked"),
        ("http://tempo.observability.svc", "must name the port"),
        ("http://tempo.observability.svc:4318/v1/traces", "without /v1/traces"),
        ("http://tempo.observability.svc:4318/", "without a slash"),
        ("tempo.observability.svc:4318", "http:// or https://"),
        ("grpc://tempo:4318", "http:// or https://"),
        ("https://user:password@tempo.example.com", "no user, password"),
        ("http://localhost:4318", "is the pod itself"),
    ],
)
def test_what_takes_no_otlp_over_http_is_refused(url: str, why: str) -> None:
    """The collector would start, and every trace be lost: nobody sees that until one is looked for."""
    with pytest.raises(ValidationError, match=why):
        READ.validate_python({"kind": "collector", "to": {"kind": "tempo", "url": url}})


@pytest.mark.parametrize(
    "given",
    [
        {"samplePercent": 101},
        {"samplePercent": -1},
        {"slowSeconds": 0},
        {"to": {"kind": "zipkin"}},
        {"replicas": 2},
    ],
)
def test_what_cannot_be_meant_is_refused(given: dict[str, object]) -> None:
    jaeger = {"kind": "jaeger", "url": "http://jaeger.observability.svc:4318"}
    with pytest.raises(ValidationError):
        READ.validate_python({"kind": "collector", "to": jaeger, **given})


@pytest.mark.parametrize(
    ("url", "token", "production", "refused"),
    [
        ("http://tempo.example.com:4318", True, False, True),
        ("http://tempo.example.com:4318", False, True, True),
        ("http://tempo.example.com:4318", False, False, False),
        ("http://tempo.observability.svc:4318", True, True, False),
        ("http://tempo.observability.svc.cluster.local:4318", True, True, False),
        ("https://tempo.example.com", True, True, False),
    ],
)
def test_a_token_does_not_leave_the_cluster_unencrypted(
    url: str, token: bool, production: bool, refused: bool
) -> None:
    given = stack({"kind": "tempo", "url": url, "token": token}, production=production)
    assert bool(list(trace_destination(given))) is refused


@pytest.mark.parametrize(
    ("resources", "refused"),
    [
        ({}, []),
        ({"memory": "64Mi"}, ["kotaemon:traces.resources.memory"]),
        ({"memory": "64Mi", "memoryLimit": "256Mi"}, []),
        ({"memoryLimit": "100Mi"}, ["kotaemon:traces.resources.memoryLimit"]),
        ({"memoryLimit": "200Mi"}, ["kotaemon:traces.resources.memoryLimit"]),
    ],
)
def test_there_is_memory_for_what_waits(resources: dict[str, str], refused: list[str]) -> None:
    """With less it would refuse every trace, or be killed."""
    given = stack({"kind": "jaeger", "url": "http://jaeger.observability.svc:4318"}, resources)
    assert [one.key for one in trace_memory(given)] == refused
