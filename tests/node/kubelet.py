"""The nodes' kubelets, as far as they tell metrics: of the processes and volumes that are really there."""

import os
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sandbox.cluster import Cluster
from sandbox.paths import Home
from tests.node.node import Node, Pod
from tests.node.spec import Objects, amount

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Kubelet:
    """One node's, at an address of its own; who asks must have the right to, by the API server's rules."""

    def __init__(self, cluster: Cluster, node: Node, name: str, address: str) -> None:
        self.name = name
        self._node = node
        self._objects = node.objects
        port = _move(node.objects, name, address)
        kubelet = self

        class Page(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                allowed = kubelet.allows(self.headers.get("Authorization", "").removeprefix("Bearer "))
                pages = {"/metrics/cadvisor": kubelet.containers, "/metrics": kubelet.volumes}
                page = pages.get(self.path)
                status = (
                    HTTPStatus.FORBIDDEN if not allowed else HTTPStatus.OK if page else HTTPStatus.NOT_FOUND
                )
                self.send_response(status)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.end_headers()
                if page and allowed:
                    self.wfile.write("".join(f"{line}\n" for line in page()).encode())

            def log_message(self, *_: object) -> None:
                """Nothing."""

        pki = Home(cluster.home).pki
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki / "server.crt", pki / "server.key")
        self._server = ThreadingHTTPServer((address, port), Page, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = context.wrap_socket(node.network.listener(address, port), server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """No answers any more."""
        self._server.shutdown()
        self._server.server_close()

    def allows(self, token: str) -> bool:
        """Whether the token's owner may read a node's metrics, as a kubelet asks the API server."""
        if not token:
            return False
        group = "/apis/authentication.k8s.io/v1/tokenreviews"
        status = self._objects.ask(group, {"kind": "TokenReview", "spec": {"token": token}})["status"]
        if not status.get("authenticated"):
            return False
        user = status["user"]
        wanted = {
            "user": user["username"],
            "groups": user.get("groups", []),
            "resourceAttributes": {
                "verb": "get", "resource": "nodes", "subresource": "metrics", "name": self.name,
            },
        }  # fmt: skip
        group = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        answer = self._objects.ask(group, {"kind": "SubjectAccessReview", "spec": wanted})
        return bool(answer["status"]["allowed"])

    def _pods(self) -> list[Pod]:
        return [pod for pod in tuple(self._node.pods.values()) if pod.spec.get("nodeName") == self.name]

    def containers(self) -> Iterator[str]:
        """What cAdvisor says of each container, and of each pod's network."""
        for pod in self._pods():
            of = f'namespace="{pod.namespace}",pod="{pod.name}"'
            running = [one for one in pod.containers.values() if one.running]
            for one in running:
                seconds, resident = _used(one.processes)
                labels = f'{{{of},container="{one.name}"}}'
                yield f"container_cpu_usage_seconds_total{labels} {seconds}"
                yield f"container_memory_working_set_bytes{labels} {resident}"
                yield f"container_oom_events_total{labels} 0"
                yield f"container_cpu_cfs_periods_total{labels} {int(time.monotonic() * 10)}"
                yield f"container_cpu_cfs_throttled_periods_total{labels} 0"
            if running:
                received, sent = _network(running[0].processes[0])
                yield f'container_network_receive_bytes_total{{{of},interface="eth0"}} {received}'
                yield f'container_network_transmit_bytes_total{{{of},interface="eth0"}} {sent}'

    def volumes(self) -> Iterator[str]:
        """How full the pods' claims are."""
        for pod in self._pods():
            for volume in pod.spec.get("volumes", ()):
                if not (claim := volume.get("persistentVolumeClaim", {}).get("claimName")):
                    continue
                path = f"/api/v1/namespaces/{pod.namespace}/persistentvolumeclaims/{claim}"
                asked = self._objects.ask(path)["spec"]["resources"]["requests"]["storage"]
                files = [one.lstat() for one in pod.volume(volume["name"]).rglob("*")]
                used, capacity = sum(one.st_blocks * 512 for one in files), int(amount(asked))
                labels = f'{{namespace="{pod.namespace}",persistentvolumeclaim="{claim}"}}'
                for name, value in (
                    ("used_bytes", used), ("capacity_bytes", capacity), ("available_bytes", capacity - used),
                    ("inodes_used", len(files)), ("inodes", 10**6), ("inodes_free", 10**6 - len(files)),
                ):  # fmt: skip
                    yield f"kubelet_volume_stats_{name}{labels} {value}"


def _move(objects: Objects, name: str, address: str) -> int:
    """Give a simulated node an address of its own, all have the same; its kubelet's port."""
    path = f"/api/v1/nodes/{name}"
    node = objects.ask(path)
    del node["metadata"]["resourceVersion"]  # whatever else was changed meanwhile
    node["status"]["addresses"] = [
        {"type": "InternalIP", "address": address},
        {"type": "Hostname", "address": name},
    ]
    objects.ask(f"{path}/status", node, method="PUT")
    return int(node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"])


def _used(processes: Sequence[int]) -> tuple[float, int]:
    """Seconds of CPU and bytes of memory."""
    seconds, resident = 0.0, 0
    for pid in processes:
        with suppress(OSError):  # it ended meanwhile
            fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
            seconds += (int(fields[11]) + int(fields[12])) / TICKS
            resident += int(fields[21]) * PAGE
    return seconds, resident


def _network(pid: int) -> tuple[int, int]:
    """Bytes received and sent by a process' pod."""
    for line in Path(f"/proc/{pid}/net/dev").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == "eth0":
            fields = numbers.split()
            return int(fields[0]), int(fields[8])
    return 0, 0
