"""What the real collector does with its destination, there and away, and when there is too much."""

import json
import subprocess
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path

import grpc  # type: ignore[import-untyped]  # it comes without types
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from components import images
from components.config.section import Resources
from components.config.traces import CloudTrace, CollectorTraces, Jaeger, Tempo
from components.traces.configuration import collector_config, sizes
from sandbox import build
from tests.sandbox.sign_in.front_door import free_port
from tests.traces.running import Collector, Destination, until
from tests.traces.spans import request, span

pytestmark = pytest.mark.sandbox

JAEGER = Jaeger(kind="jaeger", url="http://jaeger.observability.svc:4318")
TEMPO = Tempo(kind="tempo", url="https://tempo.example.com/otlp")
WRITE = "/google.devtools.cloudtrace.v2.TraceService/BatchWriteSpans"


def settings(to: Jaeger | Tempo | CloudTrace = JAEGER, **given: object) -> CollectorTraces:
    return CollectorTraces.model_validate({"kind": "collector", "to": to, "sample_percent": 100, **given})


@contextmanager
def cloud_trace() -> Iterator[tuple[str, list[bytes]]]:
    """Something that takes Cloud Trace's call; its address, and what it was sent."""
    taken: list[bytes] = []

    def write(message: bytes, _: grpc.ServicerContext) -> bytes:
        taken.append(message)
        return b""

    class Any(grpc.GenericRpcHandler):  # type: ignore[misc]  # it comes without types
        def service(self, details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes] | None":
            return grpc.unary_unary_rpc_method_handler(write) if details.method == WRITE else None

    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Any()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}", taken
    server.stop(None)


def test_what_runs_here_is_what_the_pod_runs() -> None:
    """Configurations go with versions."""
    assert images.OTEL_COLLECTOR.endswith(f":{build.BINARIES['otel-collector'].version}")


@pytest.mark.parametrize(
    "to",
    [
        JAEGER,
        TEMPO,
        Tempo(kind="tempo", url="https://tempo.example.com/${env:HOME}", tenant="(a)!", token=True),
        CloudTrace(kind="cloud-trace"),
    ],
    ids=lambda to: f"{to.kind}{'-token' if getattr(to, 'token', False) else ''}",
)
def test_the_collector_takes_every_configuration(tmp_path: Path, to: Jaeger | Tempo | CloudTrace) -> None:
    """It ends over a key that it doesn't know."""
    file = tmp_path / "collector.json"
    binary = build.ensure(["otel-collector"])["otel-collector"]

    def judged(config: str) -> "subprocess.CompletedProcess[str]":
        file.write_text(config)
        return subprocess.run(
            [binary, "validate", f"--config={file}"], capture_output=True, text=True, check=False
        )

    good = collector_config(settings(to), "my-project")
    assert (judged(good).returncode, judged(good).stderr) == (0, "")
    assert judged(good.replace("queue_size", "queue_length")).returncode != 0
    shown = subprocess.run(
        [binary, "print-config", f"--config={file}"], capture_output=True, text=True, check=False
    )
    assert "/root" not in shown.stdout, "nothing of the pod's environment gets into it"


def test_applications_reach_it_over_grpc(tmp_path: Path) -> None:
    """As Chroma, Envoy and every SDK send by default."""
    kept = Destination()
    with Collector(tmp_path, settings(), kept.url) as collector:
        provider = TracerProvider()
        sender = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{collector.grpc}")
        provider.add_span_processor(SimpleSpanProcessor(sender))
        with pytest.raises(ValueError, match="no"), provider.get_tracer("t").start_as_current_span("ask"):
            raise ValueError("no")
        provider.shutdown()
        until(lambda: kept.spans)
    kept.close()
    (arrived,) = kept.spans
    assert (arrived.name, arrived.events[0].name) == ("ask", "exception")


def test_tempo_gets_tenant_and_token_and_a_new_token_when_it_changes(tmp_path: Path) -> None:
    """A Secret's file changes while the pod runs."""
    token = tmp_path / "token"
    token.write_text("first")
    kept = Destination()
    tempo = Tempo(kind="tempo", url="https://tempo.example.com", tenant="team-a", token=True)
    with Collector(tmp_path, settings(tempo), kept.url, token=token) as collector:
        collector.send(request([span()]))
        until(lambda: kept.headers, lambda: collector.log[-2000:])
        token.write_text("second")
        until(lambda: bool(collector.send(request([span()]))) and len(kept.headers) > 1 and (
            kept.headers[-1]["authorization"] == "Bearer second"))  # fmt: skip
        assert "first" not in collector.log + collector.file.read_text()
    kept.close()
    first = kept.headers[0]
    assert (first["path"], first["authorization"]) == ("/v1/traces", "Bearer first")
    assert first["x-scope-orgid"] == "team-a"


def test_cloud_trace_gets_them_in_the_stacks_project(tmp_path: Path) -> None:
    """By Google's own call; who it is to Google is the pod's account, which only GKE gives."""
    with cloud_trace() as (address, taken):
        google = {"trace": {"endpoint": address, "use_insecure": True}}
        with Collector(tmp_path, settings(CloudTrace(kind="cloud-trace")), None, sending=google) as collector:
            collector.send(request([span("ask", failed="no")]))
            until(lambda: taken, lambda: collector.log[-3000:])
    assert b"projects/my-project/traces/" in taken[0]
    assert b"ask" in taken[0]


def test_without_googles_credentials_it_ends_and_says_so(tmp_path: Path) -> None:
    """Kubernetes starts it again, and the pod shows why it isn't ready."""
    collector = Collector(tmp_path, settings(CloudTrace(kind="cloud-trace")), None)
    assert collector.process.wait(30) != 0
    assert "credentials" in collector.log


def test_what_is_kept_waits_for_a_destination_that_is_away(tmp_path: Path) -> None:
    """Nobody should have to restart the collector because Tempo was."""
    port = free_port()
    with Collector(tmp_path, settings(), f"http://127.0.0.1:{port}") as collector:
        spans = [span() for _ in range(50)]
        for one in spans:
            assert collector.send(request([one])) == 200
        until(lambda: collector.metrics()["otelcol_exporter_queue_size"] > 0)
        time.sleep(2)
        assert collector.healthy()
        kept = Destination(port)
        until(lambda: len(kept.traces) == len(spans), lambda: collector.log[-3000:])
        until(lambda: collector.metrics()["otelcol_exporter_queue_size"] == 0)
        assert "otelcol_exporter_send_failed_spans_total" not in collector.metrics()
    kept.close()


def test_a_full_queue_loses_what_is_new_and_tells_how_much(tmp_path: Path) -> None:
    """Rather than all that is waiting, or the collector."""
    with Collector(tmp_path, settings(), f"http://127.0.0.1:{free_port()}", queue=2**20) as collector:
        body = {f"note{number}": "x" * 200 for number in range(100)}

        def lost() -> bool:
            collector.send(request([span(has=body) for _ in range(40)]))
            return "otelcol_exporter_enqueue_failed_spans_total" in collector.metrics()

        until(lost, lambda: json.dumps(collector.metrics(), indent=1))
        assert 0 < collector.metrics()["otelcol_exporter_queue_size"] <= 2**20
        assert collector.healthy()


def test_more_than_its_memory_holds_is_refused_and_it_lives(tmp_path: Path) -> None:
    """Killed for its memory, it would lose all that it holds; refused, senders try again."""
    small = settings(resources=Resources(cpu="50m", memory="128Mi"))
    body = {f"note{number}": "x" * 250 for number in range(1000)}
    with Collector(tmp_path, small, f"http://127.0.0.1:{free_port()}", wait=600) as collector:
        most = [0.0]

        def refused() -> bool:
            status = collector.send(request([span(has=body) for _ in range(8)]))
            most.append(collector.metrics()["otelcol_process_memory_rss_bytes"])
            return status == 503

        until(refused, lambda: json.dumps(collector.metrics(), indent=1))
        assert collector.metrics()["otelcol_receiver_refused_spans_total"] >= 8
        assert max(most) < sizes(small).limit
        assert collector.healthy()
