"""`make open`'s way to a pod, through a real API server: kwok stands in for the kubelet alone.

It forwards the stream to a web server of the test's own, where a kubelet would enter the pod.
"""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from ops import forward, kubeconfig
from ops.api import Api
from ops.errors import OpsError
from ops.kubeconfig import Context
from ops.open import target
from sandbox import build, cluster, components
from sandbox.paths import Home

pytestmark = pytest.mark.sandbox
SPACE = "default"
PAGE = b"the page " * 100_000  # larger than any buffer on the way


@pytest.fixture(scope="module")
def app() -> Iterator[int]:
    """The port of a web server, in the application's place."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory, app: int) -> Iterator[Context]:
    """A cluster whose kwok forwards port 7860 of every pod to the web server."""
    folder = tmp_path_factory.mktemp("open")
    config = folder / "kwok.yaml"
    way = {"ports": [7860], "target": {"address": "127.0.0.1", "port": app}}
    config.write_text(
        json.dumps(
            {
                "apiVersion": "kwok.x-k8s.io/v1alpha1",
                "kind": "ClusterPortForward",
                "metadata": {"name": "app"},
                "spec": {"forwards": [way]},
            }
        )
    )
    plain = components._kwok

    def kwok(home: Home, ports: Mapping[str, int]) -> list[str]:
        return [*plain(home, ports), f"--config={config}"]

    home = Home(folder / "sandbox")
    build.ensure(components.NAMES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(components, "_kwok", kwok)
        running = cluster.start(home)
        yield next(one for one in kubeconfig.read(Path(running.kubeconfig)) if one.name == running.context)
        cluster.stop(home)
        cluster.purge(home)


@pytest.fixture(scope="module")
def address(context: Context) -> Iterator[str]:
    """A Deployment behind the Service kotaemon, and a forwarded local port."""
    labels = {"app": "kotaemon"}
    container = {"name": "app", "image": "app:1", "ports": [{"name": "http", "containerPort": 7860}]}
    with Api(context) as api:
        with pytest.raises(OpsError, match="no Service kotaemon"):
            target(api, SPACE)
        _create(
            context,
            f"/api/v1/namespaces/{SPACE}/services",
            {
                "metadata": {"name": "kotaemon"},
                "spec": {"selector": labels, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
            },
        )
        _until(lambda: _refused(api))
        _create(
            context,
            f"/apis/apps/v1/namespaces/{SPACE}/deployments",
            {
                "metadata": {"name": "kotaemon"},
                "spec": {
                    "replicas": 1,
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
                },
            },
        )
        _until(lambda: not _refused(api))
        said: list[str] = []
        listener = forward.listen(None, 0)
        threading.Thread(
            target=forward.serve,
            args=(listener, context, SPACE, lambda: target(api, SPACE), said.append),
            daemon=True,
        ).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        assert said == []


def test_the_page_comes_whole_through_the_forwarded_port(address: str) -> None:
    assert httpx.get(address, timeout=20).content == PAGE


def test_several_connections_at_once_each_get_their_own(address: str) -> None:
    """A browser opens six."""
    pages: list[bytes] = []

    def fetch() -> None:
        pages.append(httpx.get(address, timeout=20).content)

    threads = [threading.Thread(target=fetch) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert pages == [PAGE] * 6


def test_a_replaced_pod_costs_a_reload_and_not_the_forward(address: str, context: Context) -> None:
    with Api(context) as api:
        before = target(api, SPACE)
        with _client(context) as client:
            client.delete(f"/api/v1/namespaces/{SPACE}/pods/{before[0]}").raise_for_status()
        _until(lambda: not _refused(api) and target(api, SPACE) != before)
    assert httpx.get(address, timeout=20).content == PAGE


def _refused(api: Api) -> bool:
    """Whether it is said that no pod is ready behind the Service."""
    try:
        target(api, SPACE)
    except OpsError as error:
        return "isn't ready yet" in str(error)
    return False


def _client(context: Context) -> httpx.Client:
    return httpx.Client(base_url=context.server, verify=kubeconfig.tls(context))


def _create(context: Context, path: str, body: Mapping[str, object]) -> None:
    with _client(context) as client:
        client.post(path, json=body).raise_for_status()


def _until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)
