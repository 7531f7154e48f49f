"""A real Prometheus with the stack's own rules, behind what an API server answers; metrics are what a test says."""

import json
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from components.monitoring.definition import Definition
from components.monitoring.rules.render import rule_file
from ops.forward import listen
from ops.kubeconfig import Context
from sandbox import debian
from sandbox.errors import SandboxError

PACE = 60.0
"""What takes a minute otherwise takes a second: rules are computed every half."""
PATIENCE = 60.0
FORBIDDEN = object()
"""What stands among an API server's objects for what one may not read."""


@dataclass(kw_only=True)
class Told:
    """What an exporter tells: a series and its value."""

    series: dict[str, float] = field(default_factory=dict)

    def page(self) -> str:
        """As Prometheus reads it."""
        return "".join(f"{name} {value}\n" for name, value in self.series.items())


@contextmanager
def serving(answer: Callable[[str], tuple[int, bytes]]) -> Iterator[str]:
    """A server on loopback that answers each path so; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def prometheus(folder: Path, definition: Definition, told: Told) -> Iterator[str]:
    """Prometheus on loopback, reading what is told every half second; its address. Skips where it can't be had."""
    try:
        program = debian.program("prometheus")
    except SandboxError as error:
        pytest.skip(str(error))
    with serving(lambda _: (200, told.page().encode())) as exporter, listen(None, 0) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
        (folder / "rules.yml").write_text(rule_file(definition, pace=PACE), encoding="utf-8")
        settings = {
            "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [
                {
                    "job_name": "told",
                    "honor_labels": True,
                    "static_configs": [{"targets": [urlsplit(exporter).netloc]}],
                }
            ],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
        free.close()
        process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=(folder / "log").open("w"),
        )
        try:
            eventually(lambda: _ready(f"http://{address}"), (folder / "log"))
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(20)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/-/ready", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def eventually(true: Callable[[], bool], log: Path | None = None) -> None:
    """Wait until it is; fails with the end of the log."""
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise AssertionError(log.read_text()[-2000:] if log else "it never came")
        time.sleep(0.2)


@contextmanager
def api_server(
    objects: dict[str, object], upstream: str | None = None, service: str = "kotaemon/prometheus:9090"
) -> Iterator[Context]:
    """An API server that has these objects, by path, and whose proxy leads to `upstream`; nowhere without."""
    namespace, name = service.split("/")
    proxied = f"/api/v1/namespaces/{namespace}/services/{name}/proxy"

    def answer(path: str) -> tuple[int, bytes]:
        if path.startswith(proxied):
            if upstream is None:
                return _refused(503, "error trying to reach service: dial tcp 10.0.0.9:9090: i/o timeout")
            try:
                with urllib.request.urlopen(upstream + path.removeprefix(proxied), timeout=10) as answered:  # noqa: S310
                    return answered.status, answered.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()
        found = objects.get(urlsplit(path).path)
        if found is FORBIDDEN:
            return _refused(403, "forbidden")
        return (200, json.dumps(found).encode()) if found is not None else _refused(404, "not found")

    with serving(answer) as url:
        yield Context(name="tests", file=None, cluster={"server": url})


def _refused(status: int, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"kind": "Status", "message": message}).encode()


def behind(
    namespace: str = "kotaemon", service: str = "prometheus", pod: str = "prometheus-0"
) -> dict[str, object]:
    """A Service of this name with a ready pod behind it, by path."""
    endpoint = {"conditions": {"ready": True}, "targetRef": {"kind": "Pod", "name": pod}}
    slices = [{"endpoints": [endpoint], "ports": [{"port": 9090}]}]
    return {
        f"/api/v1/namespaces/{namespace}/services/{service}": {"metadata": {"name": service}},
        f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices": {"items": slices},
    }
