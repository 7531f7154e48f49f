"""The prober itself, with the modules that are rendered, on servers that answer well, badly, late and not at all."""

import re
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest

from components.monitoring.exporters import blackbox_spec
from components.monitoring.probes import modules_file
from components.signals.model import ProbeModule
from tests.program import plain
from tests.sandbox.sign_in.front_door import free_port

from .receivers import program
from .sinks import certificate, until

pytestmark = pytest.mark.sandbox

CONTAINER = plain(blackbox_spec("config"))["template"]["spec"]["containers"][0]
DAY = 24 * 3600


class Page(BaseHTTPRequestHandler):
    """Answers with the status that the path names; /moved leads to a page of its own, /slow takes long."""

    def do_GET(self) -> None:
        name = self.path.strip("/")
        if name == "slow":
            time.sleep(4)
        status = {"moved": 302, "slow": 200, "away": 302}.get(name) or int(name)
        self.send_response(status)
        if name == "moved":
            self.send_header("Location", "/200")
        elif status in (302, 303, 307):
            self.send_header("Location", "https://accounts.example.com/sign-in")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def web(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A web server's port, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Prober:
    """A running one."""

    port: int

    def ask(self, module: ProbeModule, target: str, *, timeout: float = 3) -> dict[str, float]:
        """The probe's metrics, as Prometheus gets them that waits for `timeout` seconds."""
        query = urllib.parse.urlencode({"module": module.value, "target": target})
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/probe?{query}",
            headers={"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)},
        )
        with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310  loopback
            lines = answer.read().decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}


@pytest.fixture(scope="module")
def prober(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prober]:
    """The container's process, on a free port and with its settings in another folder."""
    folder = tmp_path_factory.mktemp("blackbox")
    (folder / "blackbox.yml").write_text(modules_file())
    port = free_port()
    arguments = [one.replace("/etc/blackbox", str(folder)) for one in cast(list[str], CONTAINER["args"])]
    with (folder / "log").open("wb") as out:
        process = subprocess.Popen(
            [program("blackbox-exporter"), *arguments, f"--web.listen-address=127.0.0.1:{port}"],
            stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until(lambda: healthy(port), why=(folder / "log").read_text)
        yield Prober(port)
    finally:
        process.terminate()
        process.wait(20)


def healthy(port: int) -> bool:
    """As the pod's probes ask."""
    path = CONTAINER["readiness_probe"]["http_get"]["path"]
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.mark.parametrize(
    ("module", "well", "badly"),
    [
        (ProbeModule.PAGE, ("200", "204", "moved"), ("401", "403", "404", "500", "503")),
        (ProbeModule.ANSWERS, ("200", "302", "401", "404", "429"), ("500", "502", "503")),
        # A page where a sign-in belongs is a door that stands open.
        (ProbeModule.SIGN_IN, ("302", "303", "307", "401", "403"), ("200", "404", "500", "503")),
    ],
)
def test_each_module_takes_for_success_what_it_should(
    prober: Prober, module: ProbeModule, well: tuple[str, ...], badly: tuple[str, ...]
) -> None:
    """Too kind, and an outage isn't seen; too strict, and people are woken by nothing."""
    with web() as port:
        found = {
            path: prober.ask(module, f"http://127.0.0.1:{port}/{path}")["probe_success"] == 1
            for path in (*well, *badly)
        }
    assert found == {**dict.fromkeys(well, True), **dict.fromkeys(badly, False)}


def test_a_sign_in_elsewhere_isnt_followed(prober: Prober) -> None:
    """The identity provider's outage would look like the door's."""
    with web() as port:
        found = prober.ask(ProbeModule.SIGN_IN, f"http://127.0.0.1:{port}/away")
    assert (found["probe_success"], found["probe_http_status_code"]) == (1, 302)


def test_a_server_that_hangs_is_down_in_time(prober: Prober) -> None:
    """An answer after the scrape's end would be a gap, not a failure."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        found = prober.ask(ProbeModule.PAGE, f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=2)
    assert found["probe_success"] == 0
    assert time.monotonic() - begun < 2


def test_how_long_an_answer_took_is_told(prober: Prober) -> None:
    """The objective for latency is counted by it."""
    with web() as port:
        found = prober.ask(ProbeModule.PAGE, f"http://127.0.0.1:{port}/slow", timeout=8)
    assert found["probe_success"] == 1
    assert 4 <= found["probe_duration_seconds"] < 6


def test_a_connection_is_all_that_tcp_asks(prober: Prober) -> None:
    """It is for servers that speak something else."""
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
        assert prober.ask(ProbeModule.TCP, f"127.0.0.1:{port}")["probe_success"] == 1
    assert prober.ask(ProbeModule.TCP, f"127.0.0.1:{port}")["probe_success"] == 0


def test_a_name_is_asked_by_its_ipv4_address(prober: Prober) -> None:
    """Clusters without IPv6 know names that have both."""
    with web() as port:
        found = prober.ask(ProbeModule.PAGE, f"http://localhost:{port}/200")
    assert (found["probe_success"], found["probe_ip_protocol"]) == (1, 4)


@pytest.mark.parametrize("days", [3, 40])
def test_the_last_day_of_a_certificate_is_told(prober: Prober, tmp_path: Path, days: int) -> None:
    """Weeks before browsers refuse it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path, days=days))
    with web(context) as port:
        target = f"https://localhost:{port}/302"
        known = prober.ask(ProbeModule.SIGN_IN, target)
        own = prober.ask(ProbeModule.SIGN_IN_OWN_CA, target)
    assert known["probe_success"] == 0, "nobody knows this authority"
    assert own["probe_success"] == 1
    left = own["probe_ssl_earliest_cert_expiry"] - time.time()
    assert (days - 1) * DAY < left < (days + 1) * DAY


def test_nothing_that_it_shows_is_a_secret() -> None:
    """Whoever reaches it may read its settings, and what it asked."""
    assert not re.search("(?i)authorization|password|bearer|header|body|cookie", modules_file())
