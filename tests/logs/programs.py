"""Real programs on loopback: Fluent Bit, where this machine has one, and a server that takes what it sends."""

import gzip
import json
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import pytest

from components.logs.fluent_bit import CONFIG, Destination, Places, fluent_bit, scripts

NAMESPACE = "kotaemon"
VARIABLE = "KOTAEMON_FLUENT_BIT"
T = TypeVar("T")


def program() -> str:
    """Fluent Bit's path; the test is skipped where there is none: no package registry has it."""
    found = os.environ.get(VARIABLE) or shutil.which("fluent-bit") or "/opt/fluent-bit/bin/fluent-bit"
    if not Path(found).exists():
        pytest.skip(f"Fluent Bit is neither on PATH nor named by {VARIABLE}")
    return found


def free_port() -> int:
    """A port of loopback that nobody has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def eventually(ask: Callable[[], T], what: str, seconds: float = 60) -> T:
    """What `ask` answers as soon as that is true."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if answer := ask():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass(kw_only=True)
class LogFiles:
    """The kubelet's folder of logs, as containerd writes it."""

    root: Path
    clock: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(minutes=5))

    def path(
        self, pod: str = "kotaemon-7d5f-abcde", container: str = "kotaemon", namespace: str = NAMESPACE
    ) -> Path:
        """A container's file."""
        file = self.root / f"{namespace}_{pod}_3f0c8a52-9f6e-4c3a-8a53-0d5b3ad3c1a7" / container / "0.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        return file

    def write(
        self, text: str, file: Path | None = None, *, stream: str = "stderr", width: int = 16384
    ) -> None:
        """Lines, each cut into parts of `width` characters as containerd does."""
        with (file or self.path()).open("a", encoding="utf-8") as log:
            for line in text.split("\n"):
                parts = [line[at : at + width] for at in range(0, len(line), width)] or [""]
                for number, part in enumerate(parts, start=1):
                    self.clock += timedelta(microseconds=100)
                    stamp = self.clock.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
                    log.write(f"{stamp} {stream} {'F' if number == len(parts) else 'P'} {part}\n")


@dataclass(kw_only=True)
class Receiver:
    """A server that takes all that is sent to it, as Loki and Elasticsearch do; it can be away for a while."""

    port: int
    away: bool = False
    requests: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    """Path, headers and body."""

    @property
    def text(self) -> str:
        """All bodies."""
        return "\n".join(body for _, _, body in self.requests)

    @property
    def records(self) -> list[dict[str, object]]:
        """Loki's lines, each with its labels, in the order of their time."""
        lines = [
            (int(at), {**stream["stream"], **json.loads(line)})
            for _, _, body in list(self.requests)
            for stream in json.loads(body)["streams"]
            for at, line in stream["values"]
        ]
        return [record for _, record in sorted(lines, key=lambda one: one[0])]


@contextmanager
def receiver() -> Iterator[Receiver]:
    """A `Receiver` on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            answer = b'{"errors": false, "items": []}'
            if not made.away:
                made.requests.append((self.path, dict(self.headers.items()), body.decode()))
            self.send_response(503 if made.away else (200 if self.path.endswith("_bulk") else 204))
            if self.path.endswith("_bulk"):
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            else:
                self.send_header("Content-Length", "0")
                self.end_headers()

        do_PUT = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Silence."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(port=server.server_port)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, kw_only=True)
class Running:
    """A running Fluent Bit."""

    process: subprocess.Popen[bytes]
    places: Places
    log: Path


@contextmanager
def running(
    folder: Path,
    to: Destination,
    url: str,
    *,
    buffer: int = 50_000_000,
    user: int | None = None,
    password: str = "s3cret",  # noqa: S107
) -> Iterator[Running]:
    """Fluent Bit with the stack's own configuration, but for its folders and addresses.

    As the one who runs the test, or as `user` of the group root, as in its pod.
    """
    binary = program()
    places = Places(
        pods=str(folder / "pods"),
        files=str(folder / "etc"),
        state=str(folder / "state"),
        certificates=str(folder / "ca"),
        listen="127.0.0.1",
        port=free_port(),
    )
    for one in ("pods", "etc", "state"):
        (folder / one).mkdir(exist_ok=True)
    for name, text in {**scripts(), CONFIG: fluent_bit(NAMESPACE, to, url, buffer, places)}.items():
        (folder / "etc" / name).write_text(text, encoding="utf-8")
    if user is not None:
        os.chown(folder / "state", user, user)
    log = folder / "fluent-bit.log"
    environment = {"NODE_NAME": "node-1", "LOGS_PASSWORD": password, "PATH": os.environ["PATH"]}
    with log.open("ab") as out:
        process = subprocess.Popen(
            [binary, "--config", str(folder / "etc" / CONFIG)],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            user=user,
            group=None if user is None else 0,
            extra_groups=None if user is None else [],
        )
    try:
        yield Running(process=process, places=places, log=log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
