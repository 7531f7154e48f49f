"""Networks of a node and of its pods: real interfaces and routes, in namespaces of their own."""

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

GATEWAY = "169.254.1.1"
"""The node's end of each pod's link."""
CLONE_NEWNET = 0x40000000
HOLD = "ip link set lo up && echo up && exec sleep infinity"


class Namespace:
    """A network that lasts as long as the process that holds it: not longer than this one."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "sh", "-c", HOLD],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == "up\n", "no network namespace"
        # A socket stays where it was made, whoever uses it: one thread enters and makes them.
        self._maker = ThreadPoolExecutor(1, initializer=_enter, initargs=(self.path,))

    @property
    def pid(self) -> int:
        """The holder's."""
        return self._holder.pid

    @property
    def path(self) -> Path:
        """The file that is the namespace."""
        return Path(f"/proc/{self._holder.pid}/ns/net")

    def run(self, script: str) -> None:
        """A shell script inside."""
        subprocess.run(
            ["nsenter", f"--net={self.path}", "sh", "-ec", script],
            check=True,
            capture_output=True,
            timeout=30,
        )

    def endpoint(self) -> socket.socket:
        """A TCP socket inside, not connected yet."""
        return self._maker.submit(socket.socket).result()

    def connect(self, address: tuple[str, int], timeout: float = 10.0) -> socket.socket:
        """A connection from inside. Raises OSError."""
        made = self.endpoint()
        made.settimeout(timeout)
        try:
            made.connect(address)
        except OSError:
            made.close()
            raise
        return made

    def close(self) -> None:
        """Nothing may run inside any more, or it stays."""
        self._maker.shutdown()
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout:
            self._holder.stdout.close()


class Network:
    """The node's own, in the middle between its pods'."""

    def __init__(self) -> None:
        self.node = Namespace()
        self.pods: dict[str, Namespace] = {}
        self._listeners: dict[tuple[str, int], socket.socket] = {}
        # What nobody has is said to be unreachable at once, instead of after seconds.
        self.node.run("echo 1 > /proc/sys/net/ipv4/ip_forward; ip route add unreachable default")

    def attach(self, address: str) -> Namespace:
        """A network for the pod of that address."""
        if address not in self.pods:
            self.pods[address] = pod = Namespace()
            link = f"pod{len(self.pods)}"
            self.node.run(
                f"ip link add {link} type veth peer name eth0 netns {pod.pid}\n"
                f"ip addr add {GATEWAY}/32 dev {link}; ip link set {link} up; ip route add {address}/32 dev {link}"
            )
            pod.run(
                f"ip addr add {address}/32 dev eth0; ip link set eth0 up\n"
                f"ip route add {GATEWAY} dev eth0 scope link; ip route add default via {GATEWAY}"
            )
        return self.pods[address]

    def serve(self, address: str, port: int, dial: Callable[[], socket.socket]) -> None:
        """Let a Service's address answer, by what `dial` connects to."""
        if (address, port) not in self._listeners:
            self._listeners[address, port] = listener = self.listener(address, port)
            _forward(listener, dial)

    def listener(self, address: str, port: int) -> socket.socket:
        """A socket that listens on an address which the node gets by it."""
        self.node.run(f"ip route replace local {address}/32 dev lo")
        listener = self.node.endpoint()
        listener.bind((address, port))
        listener.listen(64)
        return listener

    def expose(self, dial: Callable[[], socket.socket]) -> int:
        """A port of 127.0.0.1 outside that leads to what `dial` connects to."""
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        port: int = listener.getsockname()[1]
        self._listeners["outside", port] = listener
        _forward(listener, dial)
        return port

    def close(self) -> None:
        """All of it, at once."""
        for listener in self._listeners.values():
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits on it
            listener.close()
        for namespace in (*self.pods.values(), self.node):
            namespace.close()


def _enter(namespace: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with namespace.open() as handle:
        if libc.setns(handle.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _forward(listener: socket.socket, dial: Callable[[], socket.socket]) -> None:
    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_carry, args=(client, dial), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _carry(client: socket.socket, dial: Callable[[], socket.socket]) -> None:
    """Both directions of one connection; one that can't be made is closed."""
    with client, suppress(OSError), dial() as server:
        server.settimeout(None)
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one, how in ((target, socket.SHUT_WR), (source, socket.SHUT_RD)):
        with suppress(OSError):
            one.shutdown(how)
