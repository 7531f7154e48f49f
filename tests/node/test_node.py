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

from sandbox import build, cluster, components
from sandbox.cluster import Cluster
from sandbox.paths import Home
from tests.node import container, node
from tests.node.node import Node
from tests.node.spec import Image, Json, Objects, amount, expanded

NAMESPACE = "works"
RESTRICTED = {"runAsNonRoot": True, "runAsUser": 4711, "runAsGroup": 4712, "fsGroup": 4713}
LOCKED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
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


def meta(name: str) -> dict[str, object]:
    return {"name": name, "namespace": NAMESPACE, "labels": {"app.kubernetes.io/name": name}}


def pod(name: str, image: str, port: int, **more: object) -> dict[str, Any]:
    container = {
        "name": name,
        "image": image,
        "ports": [{"name": "metrics", "containerPort": port}],
        "readinessProbe": {"httpGet": {"path": "/metrics", "port": "metrics"}},
        "securityContext": LOCKED,
        **more,
    }
    return {"metadata": meta(name), "spec": {"containers": [container], "securityContext": RESTRICTED}}


def service(name: str, port: int) -> dict[str, Any]:
    ports = [{"port": port, "targetPort": "metrics"}]
    return {"metadata": meta(name), "spec": {"selector": {"app.kubernetes.io/name": name}, "ports": ports}}


def web() -> list[tuple[str, Json]]:
    """A pod with everything that a kubelet fills in, behind a Service on another port."""
    variables = [
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "web", "key": "password"}}},
        {"name": "ADDRESS", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "GREETING", "value": "$(PASSWORD)!"},
    ]
    mounts = [{"name": "files", "mountPath": "/etc/web"}, {"name": "data", "mountPath": "/data"}]
    one = pod("web", "web:1", 8080, args=["$(PORT)"], env=[*variables, {"name": "PORT", "value": "8080"}])
    one["spec"]["containers"][0]["args"] = ["8080"]
    one["spec"]["containers"][0]["volumeMounts"] = mounts
    one["spec"]["volumes"] = [
        {"name": "files", "configMap": {"name": "web"}},
        {"name": "data", "emptyDir": {}},
    ]
    return [
        ("configmaps", {"metadata": meta("web"), "data": {"greeting": "hello"}}),
        ("secrets", {"metadata": meta("web"), "stringData": {"password": "s3cret"}}),
        ("pods", one),
        ("services", service("web", 80)),
    ]


def prometheus() -> list[tuple[str, Json]]:
    """It may look at pods, and at nothing else."""
    one = pod("prometheus", "prom/prometheus:v1", 9090, args=["--config.file=/etc/prometheus/prometheus.yml"])
    one["spec"]["serviceAccountName"] = "prometheus"
    one["spec"]["containers"][0] |= {
        "args": ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"],
        "readinessProbe": {"httpGet": {"path": "/-/ready", "port": 9090}},
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/prometheus"},
            {"name": "data", "mountPath": "/prometheus"},
        ],
    }
    one["spec"]["volumes"] = [
        {"name": "config", "configMap": {"name": "prometheus"}},
        {"name": "data", "emptyDir": {}},
    ]
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "prometheus"}
    subjects = [{"kind": "ServiceAccount", "name": "prometheus", "namespace": NAMESPACE}]
    return [
        ("serviceaccounts", {"metadata": meta("prometheus")}),
        ("roles", {"metadata": meta("prometheus"), "rules": [rule]}),
        ("rolebindings", {"metadata": meta("prometheus"), "roleRef": role, "subjects": subjects}),
        ("configmaps", {"metadata": meta("prometheus"), "data": {"prometheus.yml": CONFIG}}),
        ("pods", one),
        ("services", service("prometheus", 9090)),
    ]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of its own with both pods, Ready and nothing running."""
    if reason := container.obstacle():
        pytest.skip(reason)
    build.ensure(components.NAMES)
    home = Home(tmp_path_factory.mktemp("node") / "sandbox")
    started = cluster.start(home)
    objects = Objects(started)
    objects.ask("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    for kind, body in (*web(), *prometheus()):
        group = "apis/rbac.authorization.k8s.io/v1" if kind.startswith("role") else "api/v1"
        objects.ask(f"/{group}/namespaces/{NAMESPACE}/{kind}", body)
    yield started
    cluster.stop(home)
    cluster.purge(home)


@pytest.fixture
def works(running: Cluster, tmp_path: Path) -> Iterator[Node]:
    """A node that knows both pods' images."""
    images = {
        "web:1": Image(
            files={"/srv/web": Path(sys.executable).resolve().parents[1]},
            entrypoint=("/srv/web/bin/python3", "-c", SERVER),
        ),
        # Debian's can't discover pods.
        "prom/prometheus:v1": Image(
            files={"/bin/prometheus": build.ensure(["prometheus"])["prometheus"]},
            entrypoint=("/bin/prometheus",),
        ),
    }
    with node.opened(running, images, tmp_path / "node") as opened:
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
    assert seen["ids"] == [4711, 4712, [4713]]
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
