"""The sandbox's cluster, for real: processes, ports, and the API server's own verdicts.

The state is in a folder of the test's own, so that a cluster that you use isn't touched; the built
programs are shared. Without them the first run builds them, which takes minutes.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import build, cluster, components, processes
from sandbox.api import Api
from sandbox.errors import SandboxError
from sandbox.paths import HOME_VARIABLE, Home

pytestmark = pytest.mark.sandbox

Object = dict[str, object]
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    found = Home(tmp_path_factory.mktemp("sandbox"))
    build.ensure(components.NAMES)
    yield found
    cluster.stop(found)
    cluster.purge(found)


@pytest.fixture
def running(home: Home) -> cluster.Cluster:
    """The cluster, running and well, whatever the test before did to it."""
    return cluster.start(home)


@pytest.fixture
def api(home: Home, running: cluster.Cluster) -> Iterator[Api]:
    with Api(home.pki, int(running.server.rpartition(":")[2])) as found:
        yield found


def command(home: Home, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", *arguments],
        cwd=ROOT,
        env=os.environ | {HOME_VARIABLE: str(home.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished(process: "subprocess.Popen[str]") -> tuple[int, str]:
    output, _ = process.communicate(timeout=60)
    return process.returncode, output


def pids(home: Home) -> dict[str, int | None]:
    return {component.name: component.pid for component in cluster.status(home).components}


def processes_of(home: Home) -> list[str]:
    return [p.command for p in processes.listing() if f"={home.run}/" in p.command]


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def eventually(check: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "still not so"
        time.sleep(0.1)


def create(api: Api, path: str, body: Object) -> None:
    status, answer = api.request("POST", path, body)
    assert status == 201, answer.decode()


def namespace(api: Api, name: str, labels: dict[str, str] | None = None) -> str:
    """A new namespace's path; returns once pods can be created in it."""
    create(api, "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels or {}}})
    path = f"/api/v1/namespaces/{name}"
    eventually(lambda: api.healthy(f"{path}/serviceaccounts/default"))
    return path


def pod(name: str, security: Object | None = None, claim: str | None = None) -> Object:
    container: Object = {"name": "main", "image": "registry.invalid/nothing:1"}
    spec: Object = {"containers": [container]}
    if security:
        container["securityContext"] = security
        spec["securityContext"] = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if claim:
        container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
        spec["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]
    return {"metadata": {"name": name}, "spec": spec}


def has(api: Api, path: str, condition: str) -> Callable[[], bool]:
    """Whether an object has a condition, such as Ready, that is True."""

    def check() -> bool:
        status = json.loads(api.request("GET", path)[1]).get("status", {})
        return any(c["type"] == condition and c["status"] == "True" for c in status.get("conditions", []))

    return check


def phase(api: Api, path: str) -> object:
    return json.loads(api.request("GET", path)[1]).get("status", {}).get("phase")


def test_a_second_start_finds_the_same_cluster(home: Home, running: cluster.Cluster) -> None:
    """`make up` starts it each time: that must neither cost time nor disturb what runs."""
    before = pids(home)

    assert cluster.start(home) == running
    assert cluster.running(home) == running
    assert pids(home) == before


def test_the_kubeconfig_needs_no_other_file_and_is_its_owners_alone(running: cluster.Cluster) -> None:
    content = json.loads(running.kubeconfig.read_text())

    assert running.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert content["current-context"] == running.context == "kotaemon-sandbox"
    assert content["clusters"][0]["cluster"]["server"] == running.server
    assert str(running.home) not in running.kubeconfig.read_text()


def test_nobody_gets_in_without_a_certificate(running: cluster.Cluster) -> None:
    """Everybody on the machine reaches 127.0.0.1: neither the API nor its store may answer them."""
    ports = components.known_ports(Home(running.home))
    assert ports
    for name in ("kube-apiserver", "etcd", "etcd-peer"):
        stranger = http.client.HTTPSConnection(
            "127.0.0.1",
            ports[name],
            timeout=5,
            context=ssl._create_unverified_context(),  # noqa: S323  # a stranger doesn't check
        )
        try:
            stranger.request("GET", "/version")
            status = stranger.getresponse().status
        except ssl.SSLError:
            status = 0  # not even a handshake
        assert status in {0, 401}, name


def test_three_nodes_in_three_zones_are_ready(api: Api) -> None:
    """The zone rules of production must have something to act on."""
    nodes = api.items("/api/v1/nodes")
    zones = [n["metadata"]["labels"]["topology.kubernetes.io/zone"] for n in nodes]  # type: ignore[index]  # JSON

    assert sorted(zones) == ["sandbox-a", "sandbox-b", "sandbox-c"]
    for name in zones:
        eventually(has(api, f"/api/v1/nodes/{name}", "Ready"))


def test_pod_security_refuses_a_root_pod_and_admits_a_compliant_one(api: Api) -> None:
    """What the API server enforces here it enforces in production: that is what the sandbox is for."""
    path = namespace(api, "guarded", {"pod-security.kubernetes.io/enforce": "restricted"})
    secure: Object = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}

    status, answer = api.request("POST", f"{path}/pods", pod("as-root"))
    assert status == 403
    assert b'violates PodSecurity \\"restricted' in answer

    create(api, f"{path}/pods", pod("compliant", secure))
    eventually(has(api, f"{path}/pods/compliant", "Ready"))


def test_a_claim_binds_when_a_pod_wants_it(api: Api) -> None:
    path = namespace(api, "stored")
    create(
        api,
        f"{path}/persistentvolumeclaims",
        {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        },
    )
    assert phase(api, f"{path}/persistentvolumeclaims/data") == "Pending"

    create(api, f"{path}/pods", pod("user", claim="data"))
    eventually(lambda: phase(api, f"{path}/persistentvolumeclaims/data") == "Bound")
    eventually(has(api, f"{path}/pods/user", "Ready"))


def test_a_job_completes(api: Api) -> None:
    """Migrations and backups are Jobs; a program that waits for one must not wait for ever."""
    path = namespace(api, "jobs")
    template = {"spec": pod("x")["spec"]}
    template["spec"]["restartPolicy"] = "Never"  # type: ignore[index]  # JSON
    job: Object = {"metadata": {"name": "once"}, "spec": {"template": template}}
    create(api, f"/apis/batch/v1/namespaces/{path.rpartition('/')[2]}/jobs", job)

    eventually(has(api, "/apis/batch/v1/namespaces/jobs/jobs/once", "Complete"))


def test_a_deleted_namespace_goes_away(api: Api) -> None:
    """`destroy` waits for that: no pod may hang in Terminating."""
    path = namespace(api, "gone")
    create(api, f"{path}/pods", pod("inside"))
    eventually(has(api, f"{path}/pods/inside", "Ready"))

    api.request("DELETE", path)
    eventually(lambda: api.request("GET", path)[0] == 404)


def test_logs_of_a_simulated_pod_fail_at_once_and_say_why(api: Api) -> None:
    path = namespace(api, "silent")
    create(api, f"{path}/pods", pod("simulated"))
    eventually(has(api, f"{path}/pods/simulated", "Ready"))

    status, answer = api.request("GET", f"{path}/pods/simulated/log")
    assert status >= 400
    assert b"no logs found" in answer


@pytest.mark.parametrize("victim", components.NAMES)
def test_a_killed_process_is_noticed_and_healed(home: Home, running: cluster.Cluster, victim: str) -> None:
    before = pids(home)
    pid = before[victim]
    assert pid
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: not cluster.status(home).healthy)

    code, output = finished(command(home, "status"))
    assert code == 1
    assert any(victim in line and "not running" in line for line in output.splitlines()), output
    assert cluster.running(home) is None

    assert cluster.start(home) == running
    after = pids(home)
    assert after.pop(victim) != before.pop(victim)
    assert after == before, "only the dead process is started again"


def test_a_start_killed_half_way_is_healed_by_the_next(home: Home) -> None:
    cluster.stop(home)
    first = command(home, "start")
    eventually(lambda: len(processes_of(home)) >= 2)
    first.kill()
    first.wait()
    assert cluster.running(home) is None

    # Two at once, as two terminals may do.
    both = [command(home, "start"), command(home, "start")]
    assert [finished(process)[0] for process in both] == [0, 0]
    assert len(processes_of(home)) == len(components.NAMES)
    assert finished(command(home, "status"))[0] == 0


def test_stop_leaves_nothing_running_and_start_brings_the_state_back(home: Home, api: Api) -> None:
    namespace(api, "kept")
    ports = components.known_ports(home)
    assert ports

    with pytest.raises(SandboxError, match="sandbox stop"):
        cluster.purge(home)
    assert cluster.stop(home)
    assert processes_of(home) == []
    assert not [name for name, port in ports.items() if listening(port)]
    assert not cluster.stop(home)
    assert finished(command(home, "status"))[0] == 1

    cluster.start(home)
    assert components.known_ports(home) == ports, "a kubeconfig that was copied stays valid"
    path = "/api/v1/namespaces/kept/pods"
    with Api(home.pki, ports["kube-apiserver"]) as again:
        assert again.healthy("/api/v1/namespaces/kept")
        create(again, path, pod("after"))
        eventually(has(again, f"{path}/after", "Ready"))


def test_a_port_that_somebody_else_took_is_avoided(home: Home, running: cluster.Cluster) -> None:
    """Found while the rest still runs: those who talk to the moved one must follow it."""
    ports = components.known_ports(home)
    victim = pids(home)["kube-apiserver"]
    assert ports
    assert victim
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: not listening(ports["kube-apiserver"]))
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", ports["kube-apiserver"]))
        taken.listen()
        moved = cluster.start(home)

        assert moved.server != running.server
        assert json.loads(moved.kubeconfig.read_text())["clusters"][0]["cluster"]["server"] == moved.server
        assert cluster.status(home).healthy


def test_a_process_that_cannot_start_is_named_with_the_end_of_its_log(home: Home) -> None:
    cluster.stop(home)
    good = (home.pki / "service-account.key").read_text()
    (home.pki / "service-account.key").write_text("not a key")
    with pytest.raises(SandboxError, match=r"(?s)kube-apiserver ended.*service-account\.key.*All of it: "):
        cluster.start(home)
    (home.pki / "service-account.key").write_text(good)


def test_stop_finds_the_processes_even_when_their_folder_was_removed(
    home: Home, running: cluster.Cluster
) -> None:
    """Who removes the folder first must not be left with processes that no command finds."""
    shutil.rmtree(home.run)

    assert cluster.stop(home)
    assert processes_of(home) == []
