"""Spans as applications send them."""

import secrets
import time
from collections.abc import Iterable, Mapping

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

Value = str | int | list[str]


def attributes(values: Mapping[str, Value]) -> list[KeyValue]:
    """As OTLP has them."""
    return [KeyValue(key=name, value=_value(value)) for name, value in values.items()]


def span(
    name: str = "GET /",
    *,
    seconds: float = 0.01,
    trace: bytes | None = None,
    parent: bytes = b"",
    failed: str | None = None,
    has: Mapping[str, Value] | None = None,
    events: Mapping[str, Mapping[str, Value]] | None = None,
) -> Span:
    """A span that ended just now."""
    end = time.time_ns()
    return Span(
        trace_id=trace or secrets.token_bytes(16),
        span_id=secrets.token_bytes(8),
        parent_span_id=parent,
        name=name,
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=end - int(seconds * 1e9),
        end_time_unix_nano=end,
        attributes=attributes(has or {}),
        events=[
            Span.Event(name=event, time_unix_nano=end, attributes=attributes(given))
            for event, given in (events or {}).items()
        ],
        status=Status() if failed is None else Status(code=Status.STATUS_CODE_ERROR, message=failed),
    )


def request(spans: Iterable[Span], resource: Mapping[str, Value] | None = None) -> ExportTraceServiceRequest:
    """What an application sends."""
    given = {"service.name": "test", **(resource or {})}
    return ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(
                resource=Resource(attributes=attributes(given)),
                scope_spans=[ScopeSpans(scope=InstrumentationScope(name="test"), spans=list(spans))],
            )
        ]
    )


def _value(value: Value) -> AnyValue:
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[_value(one) for one in value]))
    return AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value)
