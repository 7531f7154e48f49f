"""Which traces the real collector keeps."""

import secrets
import time
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from components.config.traces import CollectorTraces, Jaeger
from tests.traces.running import Collector, Destination, until
from tests.traces.spans import Value, request, span

pytestmark = pytest.mark.sandbox


def settings(percent: float, slow: float = 2) -> CollectorTraces:
    jaeger = Jaeger(kind="jaeger", url="http://jaeger:4318")
    return CollectorTraces(kind="collector", to=jaeger, sample_percent=percent, slow_seconds=slow)


def ids(spans: list[Span]) -> set[bytes]:
    return {one.trace_id for one in spans}


def test_a_share_is_kept_and_every_failed_and_slow_trace(tmp_path: Path) -> None:
    """What somebody looks for is what went wrong; of the rest, a share tells how it usually is."""
    plain, failed = [span() for _ in range(2000)], [span(failed="no") for _ in range(40)]
    slow, quick = [span(seconds=2.1) for _ in range(40)], [span(seconds=1.9) for _ in range(400)]
    kept = Destination()
    with Collector(tmp_path, settings(25), kept.url) as collector:
        for spans in (plain, failed, slow, quick):
            assert collector.send(request(spans)) == 200
        until(lambda: ids(failed + slow) <= kept.traces, lambda: collector.log[-2000:])
    kept.close()
    assert 0.21 < len(kept.traces & ids(plain + quick)) / 2400 < 0.29


@pytest.mark.parametrize(("percent", "expected"), [(0, 0), (100, 300)])
def test_none_and_all_mean_it(tmp_path: Path, percent: float, expected: int) -> None:
    kept = Destination()
    with Collector(tmp_path, settings(percent), kept.url) as collector:
        collector.send(request([span() for _ in range(300)]))
        collector.send(request([failed := span(failed="no")]))
        until(lambda: failed.trace_id in kept.traces)
    kept.close()
    assert len(kept.traces) == expected + 1


def test_a_trace_is_kept_whole_though_one_span_failed_and_they_came_apart(tmp_path: Path) -> None:
    """Senders hold spans back for seconds, each its own: what was sent first must still be there."""
    trace, root = secrets.token_bytes(16), span(failed=None)
    root.trace_id = trace
    children = [span(f"child {number}", trace=trace, parent=root.span_id) for number in range(5)]
    wrong = span("child that failed", trace=trace, parent=root.span_id, failed="no")
    kept = Destination()
    with Collector(tmp_path, settings(0), kept.url, wait=2) as collector:
        collector.send(request(children, {"service.name": "store"}))
        time.sleep(0.5)
        collector.send(request([wrong], {"service.name": "store"}))
        time.sleep(0.5)
        collector.send(request([root], {"service.name": "door"}))
        until(lambda: trace in kept.traces)
    kept.close()
    assert len(kept.spans) == 7


def test_a_slow_trace_is_kept_whole_though_its_own_span_comes_last(tmp_path: Path) -> None:
    """An answer takes longer than each of its parts, and theirs are sent as they end."""
    answer = span("answer", seconds=60)
    part = span("part of it", trace=answer.trace_id, parent=answer.span_id)
    kept = Destination()
    with Collector(tmp_path, settings(0), kept.url) as collector:
        collector.send(request([part]))
        time.sleep(2.5)
        collector.send(request([answer]))
        until(lambda: answer.trace_id in kept.traces)
    kept.close()
    assert {one.name for one in kept.spans} == {"answer", "part of it"}


def test_what_comes_after_a_trace_was_kept_is_kept_too(tmp_path: Path) -> None:
    early = span(failed="no")
    kept = Destination()
    with Collector(tmp_path, settings(0), kept.url) as collector:
        collector.send(request([early]))
        until(lambda: early.trace_id in kept.traces)
        collector.send(request([span("comes after", trace=early.trace_id, parent=early.span_id)]))
        until(lambda: "comes after" in {one.name for one in kept.spans})
    kept.close()


ASKED: tuple[dict[str, Value], ...] = (
    {"http.url": "https://kotaemon.example.com/heartbeat/0a1b2c"},
    {"http.target": "/api/v2/heartbeat"},
    {"http.url": "http://chroma:8000/api/v2/heartbeat"},
    {"url.path": "/app_id"},
    {"url.full": "https://kotaemon.example.com/oauth2/ping?x=1"},
)


def test_what_is_asked_all_the_time_is_never_kept_unless_it_fails(tmp_path: Path) -> None:
    """Gradio's heartbeat stays open as long as a tab: each would be the slowest trace of the day."""
    quiet, wrong = (
        [span(seconds=3600, has=asked) for asked in ASKED],
        [span(failed="no", has=asked) for asked in ASKED],
    )
    answer: dict[str, Value] = {"http.url": "https://kotaemon.example.com/queue/data?session_hash=heartbeat"}
    real = span(has=answer)
    kept = Destination()
    with Collector(tmp_path, settings(100), kept.url) as collector:
        collector.send(request([*quiet, *wrong, real]))
        until(lambda: ids([*wrong, real]) <= kept.traces)
    kept.close()
    assert kept.traces == ids([*wrong, real])
