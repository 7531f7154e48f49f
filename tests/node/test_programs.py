"""The pinned images' programs in pods: PostgreSQL and who tells of it, of Kubernetes and of the nodes."""

import http.client
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components import images
from sandbox.cluster import Cluster
from tests.node import node
from tests.node.kubelet import Kubelet
from tests.node.manifests import NAMESPACE, RBAC, create, empty, meta, pod, reader, service
from tests.node.node import Node
from tests.node.programs import programs
from tests.node.spec import Json, Objects

pytestmark = pytest.mark.sandbox
ADDRESS = "10.253.0.1"
SIGN_IN = [
    {"name": "DATA_SOURCE_URI", "value": "postgres/postgres?sslmode=disable"},
    {"name": "DATA_SOURCE_USER", "value": "postgres"},
    {"name": "DATA_SOURCE_PASS", "value": "s3cret"},
]
OF_PODS = {"rules": [{"apiGroups": [""], "resources": ["nodes/metrics"], "verbs": ["get"]}]}


def postgres() -> list[tuple[str, Json]]:
    """The server and its exporter."""
    volumes, mounts = zip(
        empty("data", "/var/lib/postgresql"),
        empty("run", "/var/run/postgresql"),
        empty("tmp", "/tmp"),  # noqa: S108  in the container
        strict=True,
    )
    given: dict[str, Any] = {
        "readinessProbe": {"exec": {"command": ["pg_isready", "--quiet", "--host=127.0.0.1"]}},
        "env": [{"name": "POSTGRES_PASSWORD", "value": "s3cret"}],
        "volumeMounts": mounts,
        # Whom the image knows, as initdb wants.
        "spec": {
            "volumes": volumes,
            "securityContext": {"runAsUser": 999, "runAsGroup": 999, "fsGroup": 999},
        },
    }
    return [
        ("pods", pod("postgres", images.POSTGRES, 5432, **given)),
        ("services", service("postgres", 5432)),
        ("pods", pod("postgres-exporter", images.POSTGRES_EXPORTER, 9187, "/", env=SIGN_IN)),
        ("services", service("postgres-exporter", 9187)),
    ]


def state() -> list[tuple[str, Json]]:
    """kube-state-metrics, which may list pods and nothing else."""
    own = {"serviceAccountName": "state"}
    arguments = [f"--namespaces={NAMESPACE}", "--resources=pods", "--port=8080", "--telemetry-port=8081"]
    return [
        *reader("state", groups=[""], resources=["pods"], verbs=["list", "watch"]),
        ("pods", pod("state", images.KUBE_STATE_METRICS, 8080, args=arguments, spec=own)),
        ("services", service("state", 8080)),
    ]


@pytest.fixture(scope="module")
def works(simulated: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node for them."""
    create(Objects(simulated), (*postgres(), *state()))
    known = programs([images.POSTGRES, images.POSTGRES_EXPORTER, images.KUBE_STATE_METRICS])
    with node.opened(simulated, known, tmp_path_factory.mktemp("node")) as opened:
        yield opened


def metrics(address: str) -> str:
    host, _, port = address.partition(":")
    client = http.client.HTTPConnection(host, int(port), timeout=15)
    client.request("GET", "/metrics")
    return client.getresponse().read().decode()


def told(address: str, line: str) -> None:
    """Waits for a line of an exporter."""
    deadline = time.monotonic() + 20
    while line not in (found := metrics(address)).splitlines():
        assert time.monotonic() < deadline, f"no {line} in:\n{found[-3000:]}"
        time.sleep(0.2)


def test_an_exporter_tells_whether_postgresql_is_there(works: Node) -> None:
    """With the stop of the process itself, as an outage does it; its data stay."""
    server = works.start(NAMESPACE, "postgres")
    server.wait_ready()
    works.start(NAMESPACE, "postgres-exporter").wait_ready()
    exporter = works.forward("postgres-exporter.works", 9187)

    told(exporter, "pg_up 1")
    assert 'datname="postgres"' in metrics(exporter), "its statistics, too"
    server.stop(grace=0)
    told(exporter, "pg_up 0")
    server.start()
    told(exporter, "pg_up 1")
    assert server.log("postgres").count("initdb") <= 1


def test_kube_state_metrics_tells_of_pods(works: Node) -> None:
    """By its service account's rights, on the real API server."""
    works.start(NAMESPACE, "state").wait_ready()
    assert f'kube_pod_status_phase{{namespace="{NAMESPACE}",pod="postgres"' in metrics(
        works.forward("state.works", 8080)
    )


def test_a_kubelet_tells_of_real_processes_to_who_may_ask(
    works: Node, simulated: Cluster, tmp_path: Path
) -> None:
    """Else a scrape that RBAC forbids would go unnoticed here, and fail on every real cluster."""
    server = works.start(NAMESPACE, "postgres")
    name = str(server.spec["nodeName"])
    kubelet = Kubelet(simulated, works, name, ADDRESS)
    port = works.objects.ask(f"/api/v1/nodes/{name}")["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"]

    def asked(path: str, token: str) -> tuple[int, str]:
        context = ssl.create_default_context(cafile=str(simulated.home / "run" / "pki" / "ca.crt"))
        host, _, number = works.forward(ADDRESS, port).partition(":")
        client = http.client.HTTPSConnection(host, int(number), context=context, timeout=15)
        client.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        answer = client.getresponse()
        return answer.status, answer.read().decode()

    try:
        account = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/state/token"
        token = works.objects.ask(account, {"spec": {"expirationSeconds": 3600}})["status"]["token"]
        assert asked("/metrics/cadvisor", "nobody's")[0] == 403
        assert asked("/metrics/cadvisor", token)[0] == 403
        subjects = [{"kind": "ServiceAccount", "name": "state", "namespace": NAMESPACE}]
        role = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "nodes"}
        group = f"/apis/{RBAC}/v1"
        works.objects.ask(f"{group}/clusterroles", {"metadata": {"name": "nodes"}, **OF_PODS})
        binding = {"metadata": meta("nodes"), "roleRef": role, "subjects": subjects}
        works.objects.ask(f"{group}/clusterrolebindings", binding)

        deadline = time.monotonic() + 10
        while (answer := asked("/metrics/cadvisor", token))[0] == 403 and time.monotonic() < deadline:
            time.sleep(0.2)  # the API server hears of it a moment later
        lines = dict(line.rsplit(" ", 1) for line in answer[1].splitlines())
        of = f'{{namespace="{NAMESPACE}",pod="postgres",container="postgres"}}'
        assert float(lines[f"container_memory_working_set_bytes{of}"]) > 5e6, server.log("postgres")
        assert asked("/metrics", token)[0] == 200
    finally:
        kubelet.close()
