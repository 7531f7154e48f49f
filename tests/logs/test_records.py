"""What becomes of a line: where it is from, how serious it is, which request it is of; noise goes."""

import re

import pytest

from components.kotaemon.sidecars import ALIVE, HEALTH
from components.logs import noise

from .lua import Lua
from .samples import UVICORN

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def lua(tmp_path_factory: pytest.TempPathFactory) -> Lua:
    return Lua(tmp_path_factory.mktemp("lua"))


def test_where_a_line_is_from_is_read_from_its_file(lua: Lua) -> None:
    """Without asking the API server, for which the agent would need a token that reads all pods."""
    made = lua.processed({"log": "hello"})
    assert made is not None
    assert (made["namespace"], made["pod"], made["container"]) == (
        "kotaemon",
        "kotaemon-7d5f-abcde",
        "kotaemon",
    )
    assert (made["message"], made["stream"]) == ("hello", "stderr")


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("INFO:     Started server process [1]", "info"),
        ("WARNING:  Invalid HTTP request received.", "warning"),
        ("2026-11-21 21:30:00,123 ERROR ktem: no", "error"),
        ("2026-11-21T10:00:00.1Z  WARN qdrant::startup: no", "warning"),
        ("2026-11-21 21:30:00.123 UTC [71] FATAL:  no", "critical"),
        ("2026-11-21 21:30:00.123 UTC [71] LOG:  ready", "info"),
        ("\x1b[2m2026-11-21T10:00:00Z\x1b[0m \x1b[31mERROR\x1b[0m qdrant: no", "error"),
        ('level=warn ts=2026-11-21 caller=x msg="no"', "warning"),
        ("E1121 21:30:00.123456       1 reflector.go:158] no", "error"),
        (UVICORN, "error"),
        ('10.1.1.1 - - "GET / HTTP/1.1" 502 Bad Gateway', "error"),
        ('INFO:     10.1.1.1:5 - "POST /run HTTP/1.1" 500 Internal Server Error', "error"),
        ('INFO:     10.1.1.1:5 - "GET /ERROR HTTP/1.1" 200 OK', "info"),
        ("nothing of that kind", "info"),
    ],
)
def test_levels_are_the_same_for_all_programs(lua: Lua, line: str, level: str) -> None:
    """One query finds the errors of all of them."""
    made = lua.processed({"log": line})
    assert made is not None
    assert made["level"] == level


@pytest.mark.parametrize(
    ("record", "level"),
    [
        ({"severity": "INFO", "message": "ready"}, "info"),
        ({"level": "warn", "msg": "slow"}, "warning"),
        ({"log.level": "ERROR", "message": "no", "@timestamp": "2026-11-21T10:00:00Z"}, "error"),
        ({"level": 50, "msg": "pino"}, "error"),
        ({"message": "ERROR: no level of its own"}, "error"),
    ],
)
def test_json_lines_become_fields(lua: Lua, record: dict[str, object], level: str) -> None:
    """As the Cloud SQL proxy, Elasticsearch and most of Kubernetes' programs write them."""
    made = lua.processed(record)
    assert made is not None
    assert made["level"] == level
    assert made["message"] == record.get("message", record.get("msg"))
    assert "fields" not in made


@pytest.mark.parametrize(
    "record",
    [
        {"log": f"INFO traceparent: 00-{TRACE}-{SPAN}-01 asked"},
        {"log": f"INFO trace_id={TRACE} span_id={SPAN} asked"},
        {"log": f"INFO [trace_id={TRACE.upper()} span_id={SPAN}] asked"},
        {"log": f'INFO "traceId": "{TRACE}", "spanId": "{SPAN}"'},
        {"message": "asked", "trace_id": TRACE, "span_id": SPAN},
        {"message": "asked", "otelTraceID": TRACE, "otelSpanID": SPAN},
        {"message": "asked", "logging.googleapis.com/trace": f"projects/p/traces/{TRACE}", "spanId": SPAN},
    ],
)
def test_trace_ids_are_lifted(lua: Lua, record: dict[str, object]) -> None:
    """From a slow request to its lines is one query."""
    made = lua.processed(record)
    assert made is not None
    assert (made["trace_id"], made["span_id"]) == (TRACE, SPAN)


def test_google_s_header_names_a_trace(lua: Lua) -> None:
    made = lua.processed({"log": f"X-Cloud-Trace-Context: {TRACE}/67667974448284343;o=1"})
    assert made is not None
    assert made["trace_id"] == TRACE


def test_a_trace_that_is_none_is_not_lifted(lua: Lua) -> None:
    """OpenTelemetry writes zeros where there is no span; nor is any other hash a trace."""
    for line in (f"INFO [trace_id={'0' * 32} span_id={'0' * 16}] asked", f"etag {TRACE}"):
        made = lua.processed({"log": line})
        assert made is not None
        assert "trace_id" not in made


ANSWERED = (
    f'INFO:     10.0.0.1:44 - "GET {HEALTH} HTTP/1.1" 200 OK',
    f'INFO:     10.0.0.1:44 - "GET {ALIVE}?v=1 HTTP/1.1" 200 OK',
    '10.1.1.1 - 5f - - [2026/11/21 10:00:00] host GET - "/oauth2/ping" HTTP/1.1 "kube-probe/1.34" 200 3 0.000',
    '2026 INFO actix_web: 10.1.1.1 "GET /readyz HTTP/1.1" 200 27 "-" "kube-probe/1.34" 0.1',
    '35.191.0.1 - - [x] host GET - "/anything" HTTP/1.1 "GoogleHC/1.0" 200 3 0.0',
    'INFO:     10.1.1.1:1 - "GET /api/v2/heartbeat HTTP/1.1" 200',
    'INFO:     10.1.1.1:1 - "GET /metrics HTTP/1.1" 200 OK',
)
FAILED = (
    f'INFO:     10.0.0.1:44 - "GET {HEALTH} HTTP/1.1" 503 Service Unavailable',
    '2026 INFO actix_web: 10.1.1.1 "GET /readyz HTTP/1.1" 503 200 "-" "kube-probe/1.34" 0.1',
    '35.191.0.1 - - [x] host GET - "/anything" HTTP/1.1 "GoogleHC/1.0" 502 200 0.0',
)
ASKED_BY_PEOPLE = (
    'INFO:     10.0.0.1:44 - "GET / HTTP/1.1" 200 OK',
    f'INFO:     10.0.0.1:44 - "GET {HEALTH}x HTTP/1.1" 200 OK',
    'INFO:     10.0.0.1:44 - "GET /files/metrics HTTP/1.1" 200 OK',
    "the kube-probe/1.34 asked",
)


@pytest.mark.parametrize("line", ANSWERED)
def test_probes_that_were_answered_well_are_dropped(lua: Lua, line: str) -> None:
    """They are most of what an idle stack writes: 30,000 lines a day for each pod."""
    assert lua.processed({"log": line}) is None
    assert re.search(noise.expression(), line)


@pytest.mark.parametrize("line", [*FAILED, *ASKED_BY_PEOPLE])
def test_probes_that_failed_and_what_people_ask_for_are_kept(lua: Lua, line: str) -> None:
    """A probe that fails is what one looks for."""
    assert lua.processed({"log": line}) is not None
    assert not re.search(noise.expression(), line)


def test_a_line_longer_than_anybody_reads_is_cut_and_says_so(lua: Lua) -> None:
    """Loki refuses lines above 256 KB, and the whole request with them."""
    made = lua.processed({"log": "x" * 300_000 + " password=hunter2"})
    assert made is not None
    assert len(made["message"]) < 70_000
    assert made["message"].endswith(" bytes]")
    assert "hunter2" not in made["message"]


def test_empty_lines_are_dropped(lua: Lua) -> None:
    assert lua.processed({"log": "  \t "}) is None
