"""The real collector with the stack's configuration, on free ports, and what it sends its traces to."""

import gzip
import json
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from components.config.traces import CollectorTraces
from components.traces.configuration import collector_config, sizes
from sandbox import build
from tests.sandbox.sign_in.front_door import free_port

PATIENCE = 30.0
"""Seconds until something that should happen is given up."""


class Destination:
    """What takes OTLP over HTTP, as Jaeger and Tempo do, and keeps it."""

    def __init__(self, port: int = 0) -> None:
        kept: list[ExportTraceServiceRequest] = []
        headers: list[Mapping[str, str]] = []

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                headers.append(
                    {"path": self.path, **{name.lower(): value for name, value in self.headers.items()}}
                )
                kept.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.requests, self.headers = kept, headers
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Taking)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def spans(self) -> list[Span]:
        """All that arrived."""
        return [
            span
            for request in tuple(self.requests)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def traces(self) -> set[bytes]:
        """The ids of all that arrived."""
        return {span.trace_id for span in self.spans}

    def close(self) -> None:
        """It is away."""
        self._server.shutdown()
        self._server.server_close()


class Collector:
    """The pod's process, with its own file but for ports, patience and the destination's address."""

    def __init__(
        self,
        folder: Path,
        settings: CollectorTraces,
        destination: str | None,
        *,
        wait: float = 1.0,
        token: Path | None = None,
        queue: int | None = None,
        sending: Mapping[str, object] | None = None,
    ) -> None:
        self.grpc, self.http, self.metrics_port, self.health = (free_port() for _ in range(4))
        config: dict[str, Any] = json.loads(collector_config(settings, "my-project"))
        protocols = config["receivers"]["otlp"]["protocols"]
        protocols["grpc"]["endpoint"] = f"127.0.0.1:{self.grpc}"
        protocols["http"]["endpoint"] = f"127.0.0.1:{self.http}"
        config["extensions"]["health_check"]["endpoint"] = f"127.0.0.1:{self.health}"
        reader = config["service"]["telemetry"]["metrics"]["readers"][0]["pull"]["exporter"]["prometheus"]
        reader.update(host="127.0.0.1", port=self.metrics_port)
        config["processors"]["tail_sampling"]["decision_wait_after_root_received"] = f"{wait}s"
        (exporter,) = config["exporters"].values()
        exporter["sending_queue"]["batch"]["flush_timeout"] = "100ms"
        if destination:
            exporter["endpoint"] = destination
            exporter["retry_on_failure"].update(initial_interval="200ms", max_interval="500ms")
        exporter["sending_queue"]["queue_size"] = queue or exporter["sending_queue"]["queue_size"]
        exporter.update(sending or {})
        if token:
            config["extensions"]["bearertokenauth"]["filename"] = str(token)
        self.file = folder / "collector.json"
        self.file.write_text(json.dumps(config, indent=2))
        self._log = folder / "collector.log"
        self._client = httpx.Client(timeout=10)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [build.ensure(["otel-collector"])["otel-collector"], f"--config={self.file}"],
                env={"HOME": str(folder), "NO_GCE_CHECK": "true", "GOMEMLIMIT": str(sizes(settings).heap)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self) -> str:
        """All that it wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        """Ready, as the pod's probe asks."""
        until(self.healthy, lambda: self.log[-3000:])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        self.process.kill()
        self.process.wait()
        self._client.close()

    def healthy(self) -> bool:
        """What the pod's probes ask."""
        assert self.process.poll() is None, self.log[-3000:]
        try:
            return self._client.get(f"http://127.0.0.1:{self.health}/").status_code == 200
        except httpx.TransportError:
            return False

    def send(self, request: ExportTraceServiceRequest) -> int:
        """Over HTTP; the answer's status."""
        return self._client.post(
            f"http://127.0.0.1:{self.http}/v1/traces",
            content=request.SerializeToString(),
            headers={"Content-Type": "application/x-protobuf"},
        ).status_code

    def metrics(self) -> dict[str, float]:
        """Its own metrics: each name's sum over all labels."""
        text = self._client.get(f"http://127.0.0.1:{self.metrics_port}/metrics").text
        found: dict[str, float] = {}
        for name, value in re.findall(r"^(\w+)(?:\{.*\})? (\S+)$", text, re.MULTILINE):
            found[name] = found.get(name, 0.0) + float(value)
        return found


def until(true: Any, why: Any = lambda: "") -> None:
    """Wait for something that should happen soon."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)
