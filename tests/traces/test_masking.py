"""What the real collector lets nobody see."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from components.config.traces import CollectorTraces, Jaeger
from components.traces.masking import LONGEST
from tests.traces.running import Collector, Destination, until
from tests.traces.spans import Value, request, span

pytestmark = pytest.mark.sandbox

SECRET = "s3cr3t-Wert-0815"
KEYS: tuple[str, ...] = (
    "http.request.header.authorization",
    "http.request.header.cookie",
    "http.response.header.set-cookie",
    "http.request.header.x-forwarded-access-token",
    "rpc.grpc.request.metadata.authorization",
    "authorization",
    "Cookie",
    "db.password",
    "app.api_key",
    "api-key",
    "x.secret.value",
    "session_hash",
    "access_token",
    "url.query",
    "db.statement",
    "db.query.text",
    "db.query.parameter.0",
    "db.operation.parameter.name",
    "gen_ai.prompt",
    "gen_ai.prompt.0.content",
    "gen_ai.completion.0.content",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.call.arguments",
    "llm.input_messages.0.message.content",
    "llm.prompt_template.template",
    "retrieval.documents.3.document.content",
    "embedding.text",
    "input.value",
    "output.value",
    "traceloop.entity.input",
    "tool.parameters",
    "prompt",
    "question",
    "answer",
    "document",
    "where_document",
    "rag.chunk",
    "file_name",
    "enduser.id",
    "user.email",
)
VALUES: tuple[str, ...] = (
    f"Authorization: Bearer {SECRET}.abc",
    f"basic {SECRET}==",
    f"postgresql://kotaemon:{SECRET}@postgres:5432/kotaemon",
    f"https://kotaemon.example.com/oauth2/callback?code={SECRET}&state=x",
    f"/queue/data?session_hash={SECRET}",
    f'{{"password": "{SECRET}"}}',
    f"api_key={SECRET}",
    f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
    f"sk-{SECRET}",
    f"eyJhbGciOiJIUzI1NiJ9.{SECRET}.x",
    f"duplicate key\n[SQL: INSERT INTO t VALUES (%s)]\n[parameters: ('{SECRET}',)]",  # noqa: S608  what SQLAlchemy tells
)
HARMLESS: dict[str, Value] = {
    "http.method": "GET",
    "http.status_code": 200,
    "http.route": "/api/v2/collections/{collection_id}/query",
    "http.request.body.size": 17,
    "db.system": "postgresql",
    "db.operation.name": "SELECT",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 812,
    "gen_ai.response.finish_reasons": ["stop"],
    "collection_id": "4b0b7e2a-6a53-4d7c-9f3e-0d5a3c1c2b1a",
    "n_results": 10,
    "service.instance.id": "chroma-0",
    "exception.type": "ValueError",
    "exception.message": "Collection index_1 does not exist.",
    "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)",
}


def through(tmp_path: Path, *spans: Span, resource: Mapping[str, Value] | None = None) -> str:
    """Spans that went through the collector, as text."""
    kept = Destination()
    settings = CollectorTraces(kind="collector", to=Jaeger(kind="jaeger", url="http://jaeger:4318"))
    with Collector(tmp_path, settings, kept.url) as collector:
        assert collector.send(request(spans, resource)) == 200
        until(lambda: kept.requests, lambda: collector.log[-2000:])
    kept.close()
    (arrived,) = kept.requests
    return str(arrived)


def test_no_secret_no_statement_and_nothing_that_people_wrote_leaves(tmp_path: Path) -> None:
    """Whoever may look at traces may not therefore read documents, nor sign in as others."""
    given: dict[str, Value] = dict.fromkeys(KEYS, f"{SECRET}\nand {SECRET}")
    given |= {f"http.request.header.x-{number}": [SECRET, "b"] for number in range(2)}
    given |= {f"note.{number}": value for number, value in enumerate(VALUES)}
    arrived = through(tmp_path, span(failed="no", has=given, events={"e": given}), resource=given)
    assert arrived.count('"note.0"') == 3, "attributes stay, without what they held"
    assert SECRET not in arrived


def test_no_secret_leaves_in_a_spans_name_or_in_what_went_wrong(tmp_path: Path) -> None:
    """Python's tracing puts an exception's text there."""
    arrived = through(tmp_path, *(span(value, failed=value) for value in VALUES))
    assert SECRET not in arrived
    assert arrived.count("****") >= 2 * len(VALUES)


def test_what_helps_and_harms_nobody_stays_as_it_is(tmp_path: Path) -> None:
    """Masked traces that say nothing are no use."""
    told = "Collection index_1 does not exist."
    found = through(
        tmp_path,
        span("GET /api/v2/collections", failed=told, has=HARMLESS, events={"exception": HARMLESS}),
        resource=HARMLESS,
    )
    assert "****" not in found
    assert found.count('"service.instance.id"') == 3, "span, event and resource"
    assert found.count(told) == 4


def test_no_text_is_long_enough_to_be_a_document(tmp_path: Path) -> None:
    """An attribute that nobody thought of may hold one."""
    long = "Ä" + "word " * 4000
    given: dict[str, Value] = {"some.thing": long, "some.things": ["a", *["word "] * 4000]}
    sent = span(long, failed=long, has=given, events={"happened": given})
    arrived = through(tmp_path, sent, resource=given)
    assert arrived.count("Äword word") == 5, "name, status, span, event and resource keep how it began"
    assert len(arrived) < 5 * LONGEST + 3000
