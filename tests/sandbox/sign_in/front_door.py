"""What stands around oauth2-proxy in tests: the application behind it, the browser and the Gateway before it."""

import contextlib
import hashlib
import http.client
import json
import os
import queue
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from components.contracts import SignIn
from components.kotaemon.sidecars import EMAILS, emails_file, sign_in_arguments
from sandbox import build
from tests.sandbox.sign_in.oidc import CLIENT_SECRET, Provider

DOMAIN = "rag.example.org"
COOKIE = "__Host-kotaemon"
ANN: dict[str, object] = {"sub": "1", "email": "ann@example.org", "email_verified": True}
COOKIE_SECRET = "abcdefghijklmnopqrstuvwxyz012345"  # as long, and of such characters, as the generated one
CALLBACK = f"https://{DOMAIN}/oauth2/callback"
GATEWAY = {"Host": DOMAIN, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
"""What the Gateway says of each request."""


@dataclass(frozen=True)
class Answer:
    """An answer, with its body."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def location(self) -> str:
        """Where it redirects to."""
        return self.headers.get("Location", "")


def ask(
    port: int,
    path: str,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    body: bytes | None = None,
) -> Answer:
    """A request through the Gateway; the path is sent as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, {**GATEWAY, **(headers or {})})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())


def refused(answer: Answer, issuer: str) -> bool:
    """Sent to the provider, or refused; a cleaned path (301) is asked for anew."""
    to_provider = answer.status == 302 and answer.location.startswith(f"{issuer}/authorize?")
    cleaned = answer.status == 301 and not answer.location.startswith("http")
    return to_provider or cleaned or answer.status in {400, 401, 403, 404, 405}


class Browser:
    """Somebody's browser: keeps cookies, refuses those that break the rules of their name, follows redirects."""

    def __init__(self, port: int, provider: Provider) -> None:
        self.port = port
        self.provider = provider
        self.cookies: dict[str, str] = {}
        self.scripts_see: set[str] = set()
        """Names of the cookies that a script in the page could read."""

    def ask(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        method: str = "GET",
        body: bytes | None = None,
    ) -> Answer:
        """A request with the cookies; those of the answer are kept."""
        kept = {"Cookie": self.header} if self.cookies else {}
        answer = ask(self.port, path, {**kept, **(headers or {})}, method=method, body=body)
        self._keep(answer)
        return answer

    @property
    def header(self) -> str:
        """The cookies as a request sends them."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def sign_in(self, path: str = "/") -> Answer:
        """Open a page, log in at the provider and come back: the answer to the callback."""
        return self.finish(self.ask(path))

    def finish(self, redirect: Answer) -> Answer:
        """Log in at the provider, where an earlier answer redirected to."""
        assert redirect.location.startswith(f"{self.provider.issuer}/authorize?"), redirect
        url = urlsplit(redirect.location)
        trusted = ssl.create_default_context(cafile=str(self.provider.ca))
        connection = http.client.HTTPSConnection(str(url.hostname), url.port, context=trusted, timeout=30)
        with contextlib.closing(connection):
            connection.request("GET", f"{url.path}?{url.query}")
            back = urlsplit(connection.getresponse().headers["Location"])
        assert f"{back.scheme}://{back.netloc}" == f"https://{DOMAIN}"
        return self.ask(f"{back.path}?{back.query}")

    def _keep(self, answer: Answer) -> None:
        for line in answer.headers.get_all("Set-Cookie", []):
            for name, cookie in SimpleCookie(line).items():
                # RFC 6265bis, 4.1.3.2: a browser drops a __Host- cookie that isn't so.
                assert name.startswith("__Host-")
                assert cookie["secure"]
                assert (cookie["path"], cookie["domain"]) == ("/", "")
                assert cookie["samesite"].lower() == "lax"
                self.scripts_see |= set() if cookie["httponly"] else {name}
                self.cookies.pop(name, None)
                if cookie["max-age"] != "0" and not _is_past(cookie["expires"]):
                    self.cookies[name] = cookie.value


def _is_past(expires: str) -> bool:
    return bool(expires) and parsedate_to_datetime(expires).timestamp() <= time.time()


@dataclass(frozen=True)
class Seen:
    """A request that reached the application."""

    method: str
    path: str
    headers: Mapping[str, str]
    """By names in lower case."""


@dataclass
class Upstream:
    """A running stand-in for Kotaemon: Gradio's paths that matter to a proxy."""

    port: int
    seen: list[Seen] = field(default_factory=list)
    events: "queue.Queue[str | None]" = field(default_factory=queue.Queue)
    """What /queue/data streams, each as soon as it is put here; None ends it."""


class _Application(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Upstream

    def do_GET(self) -> None:
        self._note()
        if not self.path.startswith("/queue/data"):
            self._answer({"app_id": 1})
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while (event := self.served.events.get()) is not None:
            data = f"data: {event}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self) -> None:
        self._note()
        data = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"sha256": hashlib.sha256(data).hexdigest()})

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every other method is answered as GET is, so that none passes unseen."""
        if name.startswith("do_"):
            return self.do_GET
        raise AttributeError(name)

    def _note(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.served.seen.append(Seen(self.command, self.path, headers))

    def _answer(self, body: Mapping[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing: requests are in the list."""


@contextmanager
def upstream() -> Iterator[Upstream]:
    """The application, until the block ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Application)
    server.daemon_threads = True
    running = _Application.served = Upstream(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Gate:
    """A process of oauth2-proxy with the arguments that its container has."""

    def __init__(self, given: SignIn, application: Upstream, ca: Path, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port, self.metrics_port = free_port(), free_port()
        self.log = folder / "log"
        for name, text in emails_file(given).items():
            (folder / name).write_text(str(text))
        here = {
            "--http-address": f"127.0.0.1:{self.port}",
            "--metrics-address": f"127.0.0.1:{self.metrics_port}",
            "--upstream": f"http://127.0.0.1:{application.port}",
            "--authenticated-emails-file": str(folder / EMAILS),
        }
        arguments = [
            f"{name}={here.get(name, value)}"
            for name, _, value in (argument.partition("=") for argument in sign_in_arguments(given))
        ]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [build.ensure(["oauth2-proxy"])["oauth2-proxy"], *arguments, f"--provider-ca-file={ca}"],
                env={
                    "OAUTH2_PROXY_CLIENT_SECRET": CLIENT_SECRET,
                    "OAUTH2_PROXY_COOKIE_SECRET": COOKIE_SECRET,
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def ready(self) -> "Gate":
        """Wait until it answers its probe. Raises AssertionError, with its log, where it ends instead."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError):
                if ask(self.port, "/oauth2/ping").status == 200:
                    return self
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def memory(self) -> int:
        """Bytes that it holds; on Linux."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def terminate(self) -> None:
        """What Kubernetes does first when the pod ends."""
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """Stop it, however it is."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running(given: SignIn, application: Upstream, identities: Provider, folder: Path) -> Iterator[Gate]:
    """A process of its own, ready, until the block ends."""
    gate = Gate(given, application, identities.ca, folder)
    try:
        yield gate.ready()
    finally:
        gate.end()


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
