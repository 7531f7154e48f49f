"""`make open`: a port-forward to Kotaemon, and a browser on it."""

import os
import sys
import webbrowser
from collections.abc import Callable, Mapping, Sequence

from ops import forward, health
from ops.api import Api, RefusedError
from ops.errors import OpsError
from ops.health import part, parts
from ops.outputs import namespace, outputs
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
    if session.cluster.context is None:
        raise OpsError(f"The cluster ({session.cluster}) isn't there.", f"make up{option}")
    with Api(session.cluster.context) as api:
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
        forward.serve(listener, session.cluster.context, space, lambda: target(api, space), say)


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
    """A ready pod of Kotaemon, and the port that it listens on. Raises OpsError where there is none."""
    try:
        service = api.get(f"/api/v1/namespaces/{space}/services/{SERVICE}")
    except RefusedError as error:
        if error.status == 404:
            raise OpsError(f"There is no Service {SERVICE} in namespace {space}.", "make up") from error
        raise
    slices = api.items(
        f"/apis/discovery.k8s.io/v1/namespaces/{space}/endpointslices",
        labelSelector=f"kubernetes.io/service-name={SERVICE}",
    )
    return choose(service, slices)


def choose(service: health.Object, slices: Sequence[health.Object]) -> tuple[str, int]:
    """A ready pod behind a service, and its port. Raises OpsError where none is ready."""
    names = [port.get("name") for port in parts(service, "spec", "ports")]
    for one in slices:
        ports = [port.get("port") for port in parts(one, "ports") if port.get("name") in (*names, None, "")]
        for endpoint in parts(one, "endpoints"):
            pod = part(endpoint, "targetRef")
            if part(endpoint, "conditions").get("ready") is not False and pod.get("kind") == "Pod" and ports:
                return str(pod["name"]), int(str(ports[0]))
    raise OpsError("Kotaemon isn't ready yet: no ready pod stands behind its service.", "Why: make status")
