"""`make open`: a port-forward to Kotaemon, and a browser on it."""

import os
import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence

from ops import forward, health
from ops.api import Api, RefusedError
from ops.errors import OpsError
from ops.outputs import cluster_of, namespace, outputs
from ops.stack import Session, stack_option

SERVICE = "kotaemon"
PORT = 7860
"""The port that Kotaemon's documentation names."""


def open_app(session: Session, say: Callable[[str], object], *, port: int | None, browser: bool) -> None:
    """Serve Kotaemon on a local port until interrupted. Raises OpsError where it can't be reached."""
    found = outputs(session)
    option = stack_option(session.stack)
    if session.cluster.simulated:
        raise OpsError(
            f"Nothing runs on the sandbox's {session.cluster.simulated} simulated nodes, so there is nothing to open.",
            session.cluster.real_cluster_hint(option),
        )
    space = namespace(session, found)
    context = cluster_of(session, found)
    with Api(context) as api:
        pod = target(api, space)[0]
        listener = forward.listen(port, PORT)
        local = listener.getsockname()[1]
        if local != (port or PORT):
            say(f"Port {PORT} is in use; taking {local}. Another one: make open{option} PORT=8080")
        address = f"http://localhost:{local}"
        for line in welcome(address, found, option):
            say(line)
        if browser and has_browser(os.environ):
            webbrowser.open(address)
        say(f"Forwarding to {pod} in {space}. Ctrl-C ends it.")
        forward.serve(listener, context, space, lambda: target(api, space), say)


def welcome(address: str, found: Mapping[str, object], option: str) -> list[str]:
    """Where it is and how to log in; never the password itself."""
    lines = [f"Open       {address}"]
    if name := found.get("adminUsername"):
        lines.append(f"Log in as  {name}")
    if "adminPassword" in found:
        lines.append(f"Password   make pulumi{option} ARGS='stack output adminPassword --show-secrets'")
    return lines


def has_browser(environment: Mapping[str, str]) -> bool:
    """Whether there is a screen to open a browser on."""
    if sys.platform == "darwin":
        return not environment.get("SSH_CONNECTION")
    return bool(
        environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY") or environment.get("BROWSER")
    )


def target(api: Api, space: str) -> tuple[str, int]:
    """A ready pod of Kotaemon, and the port to forward to. Raises OpsError where there is none.

    That is Kotaemon's own, behind a sign-in too: who may forward ports has been asked by the cluster already.
    """
    try:
        api.get(f"/api/v1/namespaces/{space}/services/{SERVICE}")
    except RefusedError as error:
        if error.status == 404:
            raise OpsError(f"There is no Service {SERVICE} in namespace {space}.", "make up") from error
        raise
    slices = api.items(
        f"/apis/discovery.k8s.io/v1/namespaces/{space}/endpointslices",
        labelSelector=f"kubernetes.io/service-name={SERVICE}",
    )
    return choose(slices), PORT


def choose(slices: Sequence[health.Object]) -> str:
    """A ready pod behind a service. Raises OpsError where none is ready."""
    pod = health.pod_behind(slices)
    if pod is None:
        raise OpsError(
            "Kotaemon isn't ready yet: no ready pod stands behind its service.", "Why: make status"
        )
    return pod
