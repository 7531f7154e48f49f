"""A real Jaeger, to which the real collector sends: what somebody finds there."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from components.config.traces import CollectorTraces
from sandbox import build
from tests.sandbox.sign_in.front_door import free_port
from tests.traces.running import Collector, until
from tests.traces.spans import request, span

pytestmark = pytest.mark.sandbox

SERVERS = (
    "collector.otlp.http", "collector.otlp.grpc", "collector.grpc-server", "collector.http-server",
    "query.http-server", "query.grpc-server", "admin.http",
)  # fmt: skip


@contextmanager
def jaeger(folder: Path) -> Iterator[tuple[str, httpx.Client]]:
    """Jaeger with its store in memory: where it takes OTLP over HTTP, and its page's interface."""
    ports = {server: free_port() for server in SERVERS}
    log = folder / "jaeger.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [build.ensure(["jaeger"])["jaeger"],
             *(f"--{server}.host-port=127.0.0.1:{port}" for server, port in ports.items())],
            env={"SPAN_STORAGE_TYPE": "memory"}, cwd=folder,
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    client = httpx.Client(base_url=f"http://127.0.0.1:{ports['query.http-server']}", timeout=10)

    def answers() -> bool:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            return client.get("/api/services").is_success
        except httpx.TransportError:
            return False

    try:
        until(answers, lambda: log.read_text()[-2000:])
        yield f"http://127.0.0.1:{ports['collector.otlp.http']}", client
    finally:
        client.close()
        process.terminate()
        process.wait(20)


def test_what_failed_is_found_in_jaeger_by_its_service_whole_and_masked(tmp_path: Path) -> None:
    """As docs/traces.md says: the service, and `error=true`."""
    settings = CollectorTraces.model_validate(
        {"kind": "collector", "to": {"kind": "jaeger", "url": "http://jaeger:4318"}, "samplePercent": 0}
    )
    root = span("POST /query", has={"http.request.header.authorization": "Bearer s3cr3t-Wert"})
    child = span("SegmentAPI._query", trace=root.trace_id, parent=root.span_id, failed="no such collection")
    with jaeger(tmp_path) as (address, page), Collector(tmp_path, settings, address) as collector:
        collector.send(request([root, child, span("well")], {"service.name": "chroma"}))

        def found() -> list[dict[str, Any]]:
            asked = {"service": "chroma", "tags": '{"error":"true"}'}
            return list(page.get("/api/traces", params=asked).json()["data"] or ())

        until(found, lambda: collector.log[-2000:])
        everything = page.get("/api/traces", params={"service": "chroma"}).json()["data"]
        (trace,) = found()
    assert {one["operationName"] for one in trace["spans"]} == {"POST /query", "SegmentAPI._query"}
    assert len(everything) == 1
    assert "s3cr3t" not in str(everything)
