"""The node itself: that its processes see what a kubelet and a runtime would give them."""

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components import images
from sandbox.cluster import Cluster
from tests.node import container, node
from tests.node.manifests import (
    FS_GROUP,
    GID,
    NAMESPACE,
    UID,
    create,
    empty,
    files,
    meta,
    pod,
    reader,
    service,
)
from tests.node.node import Node
from tests.node.programs import programs
from tests.node.spec import Image, Json, Objects, amount, expanded

SERVER = """
import http.server, json, os, pathlib, socket, sys
def attempt(path):
    try:
        pathlib.Path(path).write_text("x")
        return "written"
    except OSError as error:
        return error.strerror
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        seen = {"up": 1, "env": dict(os.environ), "ids": [os.getuid(), os.getgid(), sorted(os.getgroups())],
                "file": pathlib.Path("/etc/web/greeting").read_text(), "host": socket.gethostname(),
                "root": attempt("/marker"), "data": attempt("/data/marker"), "config": attempt("/etc/web/greeting")}
        metrics = self.path == "/metrics"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain" if metrics else "application/json")
        self.end_headers()
        self.wfile.write(b"web_visits_total 7\\n" if metrics else json.dumps(seen).encode())
http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Page).serve_forever()
"""
CONFIG = """
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- job_name: pods
  kubernetes_sd_configs: [{role: pod, namespaces: {own_namespace: true}}]
  relabel_configs:
  - {source_labels: [__meta_kubernetes_pod_container_port_name], action: keep, regex: metrics}
  - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name], target_label: app}
"""


def web() -> list[tuple[str, Json]]:
    """A pod with everything that a kubelet fills in, behind a Service on another port."""
    variables = [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "web", "key": "password"}}},
        {"name": "ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "GREETING", "value": "$(PASSWORD)!"},
        {"name": "PORT", "value": "8080"},
    ]
    volumes, mounts = zip(files("web", "/etc/web"), empty("data", "/data"), strict=True)
    given: dict[str, Any] = {
        "args": ["$(PORT)"],
        "env": variables,
        "volumeMounts": mounts,
        "spec": {"volumes": volumes},
    }
    return [
        ("configmaps", {"metadata": meta("web"), "data": {"greeting": "hello"}}),
        ("secrets", {"metadata": meta("web"), "stringData": {"password": "s3cret"}}),
        ("pods", pod("web", "web:1", 8080, **given)),
        ("services", service("web", 80)),
    ]


def prometheus() -> list[tuple[str, Json]]:
    """It may look at pods, and at nothing else."""
    volumes, mounts = zip(files("prometheus", "/etc/prometheus"), empty("data", "/prometheus"), strict=True)
    own = {"serviceAccountName": "prometheus", "volumes": volumes}
    return [
        *reader("prometheus", groups=[""], resources=["pods"], verbs=["get", "list", "watch"]),
        ("configmaps", {"metadata": meta("prometheus"), "data": {"prometheus.yml": CONFIG}}),
        ("pods", pod("prometheus", images.PROMETHEUS, 9090, "/-/ready", volumeMounts=mounts, spec=own)),
        ("services", service("prometheus", 9090)),
    ]


@pytest.fixture(scope="module")
def running(simulated: Cluster) -> Cluster:
    """With both pods."""
    create(Objects(simulated), (*web(), *prometheus()))
    return simulated


@pytest.fixture
def works(running: Cluster, tmp_path: Path) -> Iterator[Node]:
    """A node that knows both pods' images."""
    web = {
        "web:1": Image(
            files={"/srv/web": Path(sys.executable).resolve().parents[1]},
            entrypoint=("/srv/web/bin/python3", "-c", SERVER),
        )
    }
    known = programs([images.PROMETHEUS]) | web
    with node.opened(running, known, tmp_path / "node") as opened:
        yield opened


def get(address: str, path: str = "/") -> Any:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
        return json.load(answer)


@pytest.mark.sandbox
def test_a_process_sees_what_its_pod_says(works: Node) -> None:
    """Else a test of the processes would say nothing of the manifests."""
    web = works.start(NAMESPACE, "web")
    web.wait_ready()
    seen = get(works.forward("web.works", 80))

    assert seen["env"]["GREETING"] == "s3cret!"
    assert seen["env"]["ADDRESS"] == web.address
    assert seen["file"] == "hello"
    assert seen["host"] == "web"
    assert seen["ids"] == [UID, GID, [FS_GROUP]]
    assert (seen["root"], seen["data"]) == ("Read-only file system", "written")
    assert seen["config"] != "written", "a ConfigMap's volume can't be written"
    assert not Path("/marker").exists()


@pytest.mark.sandbox
def test_a_stopped_process_is_missed_and_a_started_one_found(works: Node) -> None:
    """By Prometheus, with its service account's rights, and by its Service's callers."""
    web = works.start(NAMESPACE, "web")
    works.start(NAMESPACE, "prometheus").wait_ready()
    door = works.forward("web.works", 80)
    prometheus = works.forward("prometheus.works", 9090)

    def up(wanted: str) -> None:
        deadline = time.monotonic() + 30
        found = None
        while found != wanted and time.monotonic() < deadline:
            result = get(prometheus, "/api/v1/query?query=up%7Bapp%3D%22web%22%7D")["data"]["result"]
            found = result[0]["value"][1] if result else None
            time.sleep(0.3)
        assert found == wanted, works.pod(NAMESPACE, "prometheus").log("prometheus")[-3000:]

    up("1")
    web.stop()
    up("0")
    with pytest.raises(OSError, match=r"closed|reset|refused"):
        get(door)
    web.start()
    up("1")
    assert get(door)["up"] == 1


@pytest.mark.sandbox
def test_nothing_is_left_of_a_node(running: Cluster, tmp_path: Path) -> None:
    """Namespaces, mounts and interfaces would add up on the machine of whoever runs the tests."""

    def here() -> list[str]:
        mounts = Path("/proc/self/mounts").read_text()
        links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
        names = subprocess.run(
            ["lsns", "-n", "-t", "net", "-o", "NS"], capture_output=True, text=True, check=True
        )
        return [mounts, links, names.stdout]

    before = here()
    image = Image(files={}, entrypoint=("sleep", "600"))
    with node.opened(running, {"web:1": image}, tmp_path / "node") as works:
        web = works.start(NAMESPACE, "web")
        time.sleep(0.5)
        assert web.containers["web"].running, web.log("web")
        assert here()[:2] == before[:2], "not even while it runs"
    assert here() == before


def test_variables_are_expanded_as_kubernetes_does() -> None:
    known = {"NAME": "kotaemon"}
    assert expanded("$(NAME)-$(OTHER)-$$(NAME)", known) == "kotaemon-$(OTHER)-$(NAME)"


def test_quantities_are_read() -> None:
    assert (amount("500m"), amount("2Gi"), amount("3")) == (0.5, 2 * 2**30, 3)


def test_a_machine_that_cant_is_a_reason_to_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert container.obstacle() == "only root may make namespaces for processes"
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "")
    assert "without chroot, ip, mount" in (container.obstacle() or "")
