"""Forward a local port to a pod, through the API server.

Each connection is a stream of its own to a pod that is ready at that moment, so that a restarted
pod costs a reload in the browser and not the port-forward. It takes no kubectl.
"""

import contextlib
import errno
import select
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import yaml

from ops import kubeconfig
from ops.errors import OpsError
from ops.kubeconfig import Context

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

CHUNK = 65536


class Stream(Protocol):
    """What is pumped: a socket, or what behaves as one."""

    def fileno(self) -> int: ...  # noqa: D102
    def recv(self, size: int, /) -> bytes: ...  # noqa: D102
    def sendall(self, data: bytes, /) -> object: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


def listen(wanted: int | None, usual: int) -> socket.socket:
    """A listening socket on 127.0.0.1: on the wanted port or not at all, else on the usual one or a free one.

    Raises OpsError where the wanted port can't be had.
    """
    for port in [wanted] if wanted is not None else [usual, 0]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            listener.close()
            if wanted is None:
                continue
            if getattr(error, "errno", None) == errno.EADDRINUSE:
                raise OpsError(
                    f"Port {port} is in use.", "Another one, or none for a free one: PORT=8081"
                ) from error
            raise OpsError(f"Port {port} can't be used: {error}", "Another one: PORT=8080") from error
        listener.listen()
        return listener
    raise OpsError("No local port is free.")


def serve(
    listener: socket.socket,
    context: Context,
    namespace: str,
    target: Callable[[], tuple[str, int]],
    say: Callable[[str], object],
) -> None:
    """Accept connections until interrupted; what goes wrong with one of them is said and ends only that one."""
    core = client(context)
    opening = threading.Lock()  # the client swaps its own transport while it opens a stream

    def handle(connection: socket.socket) -> None:
        with contextlib.closing(connection):
            try:
                pod, port = target()
                with opening:
                    remote = _open(core, namespace, pod, port)
            except (
                Exception
            ) as error:  # any kind: this runs in a thread of its own, and must not end the others
                say(
                    f"That connection failed: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
                )
                return
            with contextlib.closing(remote):
                pump(connection, remote)

    with listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=handle, args=(connection,), daemon=True).start()


def client(context: Context) -> "CoreV1Api":
    """The official client for a context; its import takes a second, so it isn't at the top."""
    from kubernetes import client as kubernetes
    from kubernetes import config

    api: kubernetes.ApiClient
    if context.file:
        api = config.new_client_from_config(  # type: ignore[no-untyped-call]  # its stubs leave it out
            config_file=str(context.file), context=context.name
        )
    else:
        api = config.new_client_from_config_dict(  # type: ignore[no-untyped-call]  # the same
            yaml.safe_load(kubeconfig.text_of(context))
        )
    return kubernetes.CoreV1Api(api)


def _open(core: "CoreV1Api", namespace: str, pod: str, port: int) -> Stream:
    from kubernetes.stream import portforward

    opened = portforward(core.connect_get_namespaced_pod_portforward, pod, namespace, ports=str(port))
    remote: Stream = opened.socket(port)
    return remote


def pump(left: Stream, right: Stream) -> None:
    """Copy both ways until either side ends."""
    other = {left: right, right: left}
    with contextlib.suppress(OSError, ValueError):
        while True:
            readable, _, _ = select.select(list(other), [], [])
            for stream in readable:
                data = stream.recv(CHUNK)
                if not data:
                    return
                other[stream].sendall(data)
