"""The node: starts chosen pods of a sandbox's cluster as processes, and lets its Services answer."""

import http.client
import socket
import ssl
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path

import pytest

from sandbox.cluster import Cluster
from tests.node.container import Container, Mount, Rights, obstacle
from tests.node.network import Network
from tests.node.spec import Edits, Image, Json, Objects, Spec, port_of

DOMAIN = "svc.cluster.local"


class Pod:
    """A pod whose chosen containers run."""

    def __init__(self, node: "Node", pod: Json) -> None:
        self.name: str = pod["metadata"]["name"]
        self.address: str = pod["status"]["podIP"]
        self.labels: Mapping[str, str] = pod["metadata"].get("labels", {})
        self.namespace: str = pod["metadata"]["namespace"]
        self.spec: Json = pod["spec"]
        self.containers: dict[str, Container] = {}
        self._node = node
        self._read = Spec(node.objects, pod, node.folder, node.edits)
        self._network = node.network.attach(self.address)

    def start(self, names: Collection[str] = ()) -> None:
        """Start these containers, or all whose image is known; first, and to their end, what initialises."""
        first = self.spec.get("initContainers", [])
        for container in (*first, *self.spec["containers"]):
            wanted = container["name"] in names if names else container["image"] in self._node.images
            if not wanted:
                continue
            running = self._start(container)
            if container in first and container.get("restartPolicy") != "Always":
                code = running.wait(60)
                assert code == 0, f"{running.name} of {self.name} ended with {code}:\n{running.log[-3000:]}"

    def _start(self, container: Json) -> Container:
        name = container["name"]
        image = self._node.images[container["image"]]
        environment = self._read.environment(container, image)
        folder = self._node.folder / "containers" / self.name
        folder.mkdir(parents=True, exist_ok=True)
        (users := folder / f"{name}.passwd").write_text(image.passwd)
        if name not in self.containers:
            rights = Rights.of(self._read.context, container, image)
            self.containers[name] = Container(
                name=name, network=self._network.path, rights=rights, host=self.name,
                folder=folder,
            )  # fmt: skip
        mounts = [
            Mount(source=self._node.hosts, target="/etc/hosts"),
            Mount(source=users, target="/etc/passwd"),
            *(Mount(source=source, target=path, read_only=True) for path, source in image.files.items()),
        ]
        for one in container.get("volumeMounts", ()):
            source = self._read.volume(one["name"]) / one.get("subPath", "")
            mounts.append(Mount(source=source, target=one["mountPath"], read_only=one.get("readOnly", False)))
        command = self._read.command(container, image, environment)
        self.containers[name].start(command, environment, mounts, container.get("workingDir", image.folder))
        return self.containers[name]

    def stop(self, *names: str, grace: float = 5.0) -> None:
        """End these containers, or all; the pod keeps its address, where nobody answers any more."""
        for name in names or tuple(self.containers):
            self.containers[name].stop(grace=grace)

    def report(self, *, ready: bool) -> None:
        """Tell the API server, as a kubelet does: nobody looks at the processes but the test."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"
        pod = self._node.objects.ask(path)
        for condition in pod["status"]["conditions"]:
            if condition["type"] in {"Ready", "ContainersReady"}:
                condition["status"] = str(ready)
        for status in pod["status"].get("containerStatuses", ()):
            status["ready"] = ready
        self._node.objects.ask(f"{path}/status", pod, method="PUT")

    def volume(self, name: str) -> Path:
        """The folder of a volume, on this machine."""
        return self._read.volume(name)

    def log(self, container: str) -> str:
        """All that a container wrote."""
        return self.containers[container].log if container in self.containers else ""

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Until each container that runs answers its readiness probe as a kubelet would ask it."""
        deadline = time.monotonic() + seconds
        for container in (*self.spec.get("initContainers", ()), *self.spec["containers"]):
            name = container["name"]
            probe = container.get("readinessProbe") or container.get("startupProbe")
            while name in self.containers and probe and not self._answers(container, probe):
                log = self.containers[name].log[-3000:]
                assert self.containers[name].running, f"{name} of {self.name} ended:\n{log}"
                assert time.monotonic() < deadline, f"{name} of {self.name} isn't ready: {probe}\n{log}"
                time.sleep(0.2)

    def _answers(self, container: Json, probe: Json) -> bool:
        if command := probe.get("exec"):
            return self.containers[container["name"]].execute(*command["command"]).returncode == 0
        asked = probe.get("httpGet") or probe["tcpSocket"]
        port = port_of(self.spec["containers"], asked["port"])
        timeout = probe.get("timeoutSeconds", 1)
        with suppress(OSError, http.client.HTTPException):
            connection = self._node.network.node.connect((self.address, port), timeout)
            with connection:
                return "tcpSocket" in probe or _healthy(connection, self.address, asked)
        return False


class Node:
    """Runs pods; everything is gone with it."""

    def __init__(self, cluster: Cluster, images: Mapping[str, Image], folder: Path, edits: Edits) -> None:
        self.objects = Objects(cluster)
        self.edits = edits
        self.images = images
        self.folder = folder
        self.hosts = folder / "hosts"
        self.network = Network()
        self.pods: dict[str, Pod] = {}
        self._names: dict[str, str] = {}
        self._owners: dict[str, str] = {}
        self.refresh()

    def pod(self, namespace: str, component: str) -> Pod:
        """The one pod of a component by its name label, waited for until it has an address; not started."""
        deadline = time.monotonic() + 30
        path = f"/api/v1/namespaces/{namespace}/pods?labelSelector=app.kubernetes.io/name%3D{component}"
        while time.monotonic() < deadline:
            found = [
                one for one in self.objects.ask(path)["items"] if not one["metadata"].get("deletionTimestamp")
            ]
            if len(found) == 1 and found[0].get("status", {}).get("podIP"):
                uid = found[0]["metadata"]["uid"]
                if uid not in self.pods:
                    self.pods[uid] = Pod(self, found[0])
                return self.pods[uid]
            time.sleep(0.2)
        raise AssertionError(f"not one pod of {component} with an address in {namespace}")

    def start(self, namespace: str, component: str, *containers: str) -> Pod:
        """Start a component's pod: these containers, or all whose image is known."""
        pod = self.pod(namespace, component)
        self.refresh()
        pod.start(containers)
        return pod

    def refresh(self) -> None:
        """Take up new Services and addresses: into /etc/hosts, and as what answers."""
        lines = ["127.0.0.1 localhost"]
        for service in self.objects.ask("/api/v1/services")["items"]:
            name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
            address = service["spec"].get("clusterIP", "None")
            if address == "None":
                backends = self._backends(service)
                address = backends[0].address if backends else None
            else:
                self._serve(service, address)
            if address:
                full = [f"{name}.{namespace}", f"{name}.{namespace}.svc", f"{name}.{namespace}.{DOMAIN}"]
                # In another namespace's pods the short name means something else: the first one has it.
                first = self._owners.setdefault(name, namespace) == namespace
                names = [*full, name] if first else full
                self._names |= dict.fromkeys(names, address)
                lines.append(" ".join((address, *names)))
        # In place: it is bound into the containers.
        self.hosts.write_text("\n".join(lines) + "\n")

    def _backends(self, service: Json) -> list[Pod]:
        selector = service["spec"].get("selector") or {}
        return [
            pod
            for pod in tuple(self.pods.values())
            if selector and pod.namespace == service["metadata"]["namespace"]
            and selector.items() <= pod.labels.items()
        ]  # fmt: skip

    def _serve(self, service: Json, address: str) -> None:
        def dial(port: Json) -> socket.socket:
            if service["metadata"]["name"] == "kubernetes" and not service["spec"].get("selector"):
                return socket.create_connection(("127.0.0.1", self.objects.port), 5)
            for pod in self._backends(service):
                with suppress(OSError):
                    target = port_of(pod.spec["containers"], port.get("targetPort", port["port"]))
                    return self.network.node.connect((pod.address, target), 5)
            raise ConnectionRefusedError(service["metadata"]["name"])

        for port in service["spec"].get("ports", ()):
            if port.get("protocol", "TCP") == "TCP":
                self.network.serve(address, port["port"], partial(dial, port))

    def forward(self, host: str, port: int) -> str:
        """Where a Service (`name.namespace`) or a pod's address answers to this process: `127.0.0.1:number`."""
        address = self._names.get(host, host)
        return f"127.0.0.1:{self.network.expose(lambda: self.network.node.connect((address, port)))}"

    def close(self) -> None:
        """End everything."""
        for pod in self.pods.values():
            pod.stop(grace=0)
        self.network.close()


@contextmanager
def opened(
    cluster: Cluster, images: Mapping[str, Image], folder: Path, edits: Edits | None = None
) -> Iterator[Node]:
    """A node for the pods of a cluster, or a skip where the machine can't have one."""
    if reason := obstacle():
        pytest.skip(reason)
    folder.mkdir(parents=True, exist_ok=True)
    node = Node(cluster, images, folder, edits or {})
    try:
        yield node
    finally:
        node.close()


def _healthy(connection: socket.socket, host: str, asked: Json) -> bool:
    if asked.get("scheme") == "HTTPS":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # a kubelet doesn't look, either
        connection = context.wrap_socket(connection, server_hostname=host)
    client = http.client.HTTPConnection(host)
    client.sock = connection
    headers = {one["name"]: one["value"] for one in asked.get("httpHeaders", ())}
    client.request("GET", asked.get("path", "/"), headers=headers)
    return HTTPStatus.OK <= client.getresponse().status < HTTPStatus.BAD_REQUEST
