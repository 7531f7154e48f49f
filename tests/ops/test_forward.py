"""Opening Kotaemon: ports, pods, and copying between sockets."""

import socket
import threading
from collections.abc import Iterator

import pytest

from ops import forward, open
from ops.errors import OpsError

from . import objects as k8s


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port that somebody else listens on."""
    listener = socket.create_server(("127.0.0.1", 0))
    yield listener
    listener.close()


def test_the_usual_port_gives_way_to_a_free_one(taken: socket.socket) -> None:
    usual = taken.getsockname()[1]
    with forward.listen(None, usual) as listener:
        assert listener.getsockname()[1] != usual


def test_a_port_that_was_asked_for_is_had_or_nothing_is(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    with pytest.raises(OpsError, match=rf"^Port {port} is in use\.\n"):
        forward.listen(port, 7860)


@pytest.mark.parametrize("port", [-1, 70000])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(OpsError, match=f"Port {port} can't be used"):
        forward.listen(port, 7860)


def test_only_this_machine_can_connect() -> None:
    with forward.listen(None, 0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


def test_both_ways_are_copied_until_either_side_ends() -> None:
    browser, ours = socket.socketpair()
    theirs, pod = socket.socketpair()
    copying = threading.Thread(target=forward.pump, args=(ours, theirs))
    copying.start()
    data = b"x" * 1_000_000
    threading.Thread(target=browser.sendall, args=(data,)).start()
    received = b""
    while len(received) < len(data):
        received += pod.recv(65536)
    pod.sendall(b"answer")
    assert browser.recv(100) == b"answer"
    pod.close()
    copying.join(5)
    assert not copying.is_alive()
    for each in (browser, ours, theirs):
        each.close()


def test_a_ready_pod_is_chosen() -> None:
    slices = [
        k8s.endpoint_slice("kotaemon", ready=False, pod_name="a"),
        k8s.endpoint_slice("kotaemon", pod_name="b"),
    ]
    assert open.choose(slices) == "b"


def test_without_a_ready_pod_it_says_where_to_look() -> None:
    with pytest.raises(OpsError, match=r"isn't ready yet(?s:.*)make status"):
        open.choose([k8s.endpoint_slice("kotaemon", ready=False)])


def test_the_password_is_named_and_never_shown() -> None:
    lines = open.welcome("http://localhost:7860", {"adminUsername": "ada", "adminPassword": "hunter2"}, "")
    assert "hunter2" not in "\n".join(lines)
    assert lines[-1].endswith("make pulumi ARGS='stack output adminPassword --show-secrets'")


@pytest.mark.parametrize(
    ("environment", "expected"), [({}, False), ({"DISPLAY": ":0"}, True), ({"BROWSER": "firefox"}, True)]
)
def test_no_browser_is_opened_where_there_is_no_screen(
    environment: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a server, a text browser would take over the terminal."""
    monkeypatch.setattr("sys.platform", "linux")
    assert open.has_browser(environment) is expected
