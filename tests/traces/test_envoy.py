"""A real Envoy, told to trace as Envoy Gateway tells it, and what of its traces is kept.

Source of the translation: internal/xds/translator/tracing.go of Envoy Gateway 1.9.
"""

import importlib.util
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from components.config.traces import CollectorTraces
from components.contracts import Endpoint, Peer
from components.traces.senders import ENVOY, envoy_proxy_spec
from tests.sandbox.sign_in.front_door import free_port
from tests.traces.running import Collector, Destination, until

FOUND = importlib.util.find_spec("envoy")
pytestmark = [
    pytest.mark.sandbox,
    pytest.mark.skipif(FOUND is None, reason="Envoy's package is for Linux"),
]
SECRET = "s3cr3t-Wert-0815"
KIND = "type.googleapis.com/envoy.{}"
SLOW = 2


class Application(BaseHTTPRequestHandler):
    """Answers with the status that its path begins with, some slowly."""

    def do_GET(self) -> None:
        time.sleep(SLOW + 0.5 if "slow" in self.path else 0)
        self.send_response(int(self.path[1:4]) if self.path[1:4].isdigit() else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def cluster(name: str, port: int, **more: object) -> dict[str, object]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    return {"name": name, "load_assignment": {"cluster_name": name, "endpoints": endpoints}, **more}


def bootstrap(port: int, application: int, collector: Endpoint) -> dict[str, object]:
    """What Envoy Gateway makes of the EnvoyProxy, of one listener and one route."""
    tracing = envoy_proxy_spec(collector)["telemetry"]["tracing"]
    options = KIND.format("extensions.upstreams.http.v3.HttpProtocolOptions")
    manager = {
        "@type": KIND.format("extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "http",
        "use_remote_address": True,
        "tracing": {
            "client_sampling": {"value": 0},
            "overall_sampling": {"value": 100},
            "random_sampling": {"value": tracing["samplingRate"]},
            "spawn_upstream_span": True,
            "provider": {
                "name": "envoy.tracers.opentelemetry",
                "typed_config": {
                    "@type": KIND.format("config.trace.v3.OpenTelemetryConfig"),
                    "grpc_service": {
                        "envoy_grpc": {"cluster_name": "traces", "authority": "traces.kotaemon"}
                    },
                    "service_name": tracing["provider"]["serviceName"],
                },
            },
        },
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "application"}}],
                }
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": KIND.format("extensions.filters.http.router.v3.Router")},
            }
        ],
    }
    return {
        "static_resources": {
            "listeners": [
                {
                    "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": [
                cluster("application", application),
                cluster(
                    "traces",
                    collector.port,
                    typed_extension_protocol_options={
                        options.partition("/")[2]: {
                            "@type": options,
                            "explicit_http_config": {"http2_protocol_options": {}},
                        }
                    },
                ),
            ],
        }
    }


@contextmanager
def front_door(folder: Path, collector: Endpoint) -> Iterator[httpx.Client]:
    """Envoy before an application."""
    assert FOUND
    assert FOUND.origin
    application = ThreadingHTTPServer(("127.0.0.1", 0), Application)
    threading.Thread(target=application.serve_forever, daemon=True).start()
    port, log = free_port(), folder / "envoy.log"
    (folder / "envoy.json").write_text(json.dumps(bootstrap(port, application.server_port, collector)))
    with log.open("wb") as out:
        process = subprocess.Popen(
            [Path(FOUND.origin).parent / "_bin" / "envoy", "-c", "envoy.json", "--concurrency", "1",
             "--log-level", "warning", "--use-dynamic-base-id"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    headers = {"Cookie": f"__Host-kotaemon={SECRET}", "Authorization": f"Bearer {SECRET}"}
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=30)

    def answers() -> bool:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            return client.get("/app_id").is_success
        except httpx.TransportError:
            return False

    try:
        until(answers, lambda: log.read_text()[-2000:])
        yield client
    finally:
        client.close()
        process.kill()
        process.wait()
        application.shutdown()
        application.server_close()


def address(span: Span) -> str:
    """What was asked for; empty for the half that asks the application."""
    return "".join(one.value.string_value for one in span.attributes if one.key == "http.url")


def test_what_failed_or_was_slow_at_the_front_door_is_kept_and_no_stranger_fills_the_store(
    tmp_path: Path,
) -> None:
    """Envoy counts every 401 as an error of the half that asks: each try without a session would be kept."""
    kept = Destination()
    settings = CollectorTraces.model_validate(
        {
            "kind": "collector",
            "to": {"kind": "jaeger", "url": "http://jaeger:4318"},
            "samplePercent": 0,
            "slowSeconds": SLOW,
        }
    )
    with Collector(tmp_path, settings, kept.url, wait=6) as collector:
        endpoint = Endpoint(host="127.0.0.1", port=collector.grpc, peer=Peer(cidr="127.0.0.1/32"))
        with front_door(tmp_path, endpoint) as client:
            for path in ("/", "/401/api", "/404/wp-login", "/heartbeat/slow", "/503/x", "/slow"):
                client.get(path, params={"code": SECRET, "session_hash": SECRET})
            until(lambda: len(kept.traces) >= 2, lambda: collector.log[-2000:])
            # Each trace came in two halves, and all came at once.
            assert collector.metrics()["otelcol_receiver_accepted_spans_total"] >= 2 * 7
    kept.close()
    asked = {address(span).partition("****")[0].rpartition(":")[2].partition("/")[2] for span in kept.spans}
    assert asked - {""} == {"503/x", "slow"}
    assert len(kept.spans) == 4, "whole: what was asked, and what Envoy asked for it"
    told = "".join(map(str, kept.requests))
    assert f'string_value: "{ENVOY}"' in told
    assert SECRET not in told
