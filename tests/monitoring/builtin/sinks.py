"""Those who are told, for real: a mail server with STARTTLS and a login, an HTTP server, and their certificate."""

import base64
import datetime
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

T = TypeVar("T")


def certificate(folder: Path, *, days: float = 30) -> tuple[Path, Path]:
    """A certificate of localhost that vouches for itself, and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "tls.crt", folder / "tls.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return public, private


def until(found: Callable[[], T], seconds: float = 20.0, why: Callable[[], str] = str) -> T:
    """What `found` gives, once it gives anything."""
    deadline = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < deadline, f"nothing within {seconds} s: {why()}"
        time.sleep(0.05)
    return value


@dataclass
class Hooks:
    """An HTTP server, and what was posted to it."""

    port: int = 0
    posted: list[tuple[str, Any]] = field(default_factory=list)
    """Path and JSON."""

    def at(self, path: str) -> list[Any]:
        """What was posted to `path`."""
        return [body for where, body in list(self.posted) if where == path]


@contextmanager
def hooks(listener: socket.socket | None = None) -> Iterator[Hooks]:
    """The server, until the block ends; on `listener`, where one is given."""
    seen = Hooks()

    class Page(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.posted.append((self.path, json.loads(body)))
            self.send_response(202 if "pagerduty" in self.path else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    if listener is not None:
        server.socket.close()
        server.socket = listener
    seen.port = server.socket.getsockname()[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Mails:
    """A mail server, and what it took."""

    port: int = 0
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    """Who signed in, as `user:password`, and the mail."""
    refused: list[str] = field(default_factory=list)
    """Mails in plain text, which it refuses."""


@contextmanager
def mails(public: Path, private: Path) -> Iterator[Mails]:
    """The server, until the block ends; it takes mail after STARTTLS and a login alone."""
    seen = Mails()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    listener = socket.create_server(("127.0.0.1", 0))
    seen.port = listener.getsockname()[1]

    def accept() -> None:
        with suppress(OSError):  # until it is closed
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=converse, args=(connection,), daemon=True).start()

    def converse(connection: socket.socket) -> None:
        with suppress(OSError):  # who is stopped while it talks hangs up
            _converse(connection, context, seen)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield seen
    finally:
        listener.close()


def _converse(connection: socket.socket, context: ssl.SSLContext, seen: Mails) -> None:
    """One conversation. Source: RFC 5321, RFC 3207, RFC 4616."""
    lines, login = connection.makefile("rb"), ""

    def say(text: str) -> None:
        connection.sendall(f"{text}\r\n".encode())

    say("220 here")
    while command := lines.readline().decode().strip():
        verb, _, rest = command.partition(" ")
        encrypted = isinstance(connection, ssl.SSLSocket)
        if verb in ("EHLO", "HELO"):
            say("250-here\r\n250 AUTH PLAIN" if encrypted else "250-here\r\n250 STARTTLS")
        elif verb == "STARTTLS":
            say("220 go on")
            connection = context.wrap_socket(connection, server_side=True)
            lines = connection.makefile("rb")
        elif verb == "AUTH":
            _, user, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
            login = f"{user}:{password}"
            say("235 welcome")
        elif verb == "MAIL" and not encrypted:
            seen.refused.append(command)
            say("530 STARTTLS first")
        elif verb == "DATA":
            say("354 go on")
            body = b""
            while (line := lines.readline()) != b".\r\n":
                body += line
            message = message_from_bytes(body, policy=policy.default)
            assert isinstance(message, EmailMessage)
            seen.taken.append((login, message))
            say("250 taken")
        elif verb == "QUIT":
            say("221 bye")
            return
        else:
            say("250 well")
