"""The front door is tried as a stranger would: by real requests, to servers that answer as real ones do."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ops.backend import Backend
from ops.clusters import Cluster, Source
from ops.door import State, knock, of_stack
from ops.engine import Engine, Kind
from ops.paths import Project
from ops.stack import Session

GOOGLE = "https://accounts.google.com/o/oauth2/v2/auth?client_id=x"


@contextmanager
def server(status: int, location: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """A server that answers so; its address, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{made.server_port}", asked
    finally:
        made.shutdown()
        made.server_close()


@pytest.mark.parametrize(
    ("status", "location", "state", "says"),
    [
        (302, GOOGLE, State.CLOSED, "302 to accounts.google.com"),
        (401, None, State.CLOSED, "asks for a sign-in (401)"),
        (403, None, State.CLOSED, "asks for a sign-in (403)"),
        (200, None, State.OPEN, "LETS IN WHOEVER COMES"),
        (204, None, State.OPEN, "LETS IN WHOEVER COMES"),
        (502, None, State.ABSENT, "answers 502"),
        (404, None, State.ABSENT, "answers 404"),
    ],
)
def test_what_a_stranger_is_answered_tells_how_the_door_stands(
    status: int, location: str | None, state: State, says: str
) -> None:
    """A redirect isn't followed: the provider's own page would answer 200."""
    with server(status, location) as (url, asked):
        found = knock(url, " STACK=prod")
    assert asked == ["/config"]
    assert found.state is state
    assert says in found.found


def test_an_open_door_is_cried_out_with_what_shuts_it() -> None:
    with server(200) as (url, _):
        lines = knock(url, " STACK=prod").lines()
    assert lines[0].startswith("!! ")
    assert "kubectl delete httproute" in lines[1]
    assert "STACK=prod" in lines[2]


def test_a_door_that_is_not_there_yet_is_no_open_one() -> None:
    """After the first update the name, the certificate and the load balancer take their time."""
    found = knock("http://127.0.0.1:9", "")
    assert found.state is State.ABSENT
    assert "doesn't answer yet" in found.found


def test_a_certificate_that_nobody_trusts_is_none() -> None:
    """A door is closed only if it is the right one that says so."""
    with server(302, GOOGLE) as (url, _):
        assert knock(url.replace("http:", "https:"), "").state is State.ABSENT


@pytest.mark.parametrize(
    ("outputs", "cluster"),
    [({}, Cluster(Source.PROGRAM)), ({"url": "http://127.0.0.1:9"}, Cluster(Source.SANDBOX, simulated=3))],
    ids=["no door", "nothing runs"],
)
def test_where_there_is_no_door_nobody_knocks(
    project: Project, outputs: dict[str, object], cluster: Cluster
) -> None:
    engine = Engine(Kind.PATH, Path("/usr/bin/pulumi"), "3.272.0")
    assert of_stack(outputs, Session(project, "prod", {}, engine, cluster, Backend("file:///x"), {})) is None
