"""The init container's program against real servers: what it waits for, what it says, how it ends."""

import base64
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import servers
from conftest import FILES, PASSWORD, Certificates, _connect, login_variables

PROGRAM = FILES / "kotaemon_wait.py"


def begin(**variables: str) -> "subprocess.Popen[str]":
    """The program with these variables alone."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("KOTAEMON_")}
    return subprocess.Popen(
        [sys.executable, PROGRAM],
        env={"KOTAEMON_WAIT_SECONDS": "0", **clean, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(**variables: str) -> tuple[int, str, str]:
    """Its exit code, output and errors, none of which may hold a secret."""
    process = begin(**variables)
    out, err = process.communicate(timeout=60)
    for name, value in variables.items():
        assert not name.endswith(("PASSWORD", "TOKEN", "KEY")) or value not in out + err, name
    assert "Traceback" not in err, err
    return process.returncode, out, err


@pytest.fixture
def login(server: Any) -> dict[str, str]:
    """The variables of a release on PostgreSQL 18, with pgvector."""
    return {
        **login_variables(server, "stores"),
        "KOTAEMON_PG_SSLMODE": "disable",
        "KOTAEMON_VECTORSTORE": "pgvector",
    }


@contextmanager
def database(server: Any, *statements: str) -> Iterator[str]:
    """A database in a certain state."""
    with _connect(server, "postgres") as admin:
        admin.run("CREATE DATABASE waited OWNER kotaemon")
    try:
        with _connect(server, "waited") as admin:
            for statement in statements:
                admin.run(statement)
        yield "waited"
    finally:
        with _connect(server, "postgres") as admin:
            admin.run("DROP DATABASE waited")


def test_nothing_to_wait_for_is_fine() -> None:
    assert run() == (0, "", "")


def test_a_database_that_takes_the_password_is_found(login: dict[str, str]) -> None:
    assert run(**login) == (0, "postgres answers\n", "")


def test_a_wrong_password_is_told_as_the_last_reason(login: dict[str, str]) -> None:
    code, _, err = run(**{**login, "KOTAEMON_PG_PASSWORD": "wr0ng-secret"})
    assert (code, err) == (1, 'gave up: postgres: password authentication failed for user "kotaemon"\n')


def test_a_password_with_a_line_break_is_told(login: dict[str, str]) -> None:
    """Made by `echo secret | kubectl create secret …`: the driver refuses it before the server could."""
    code, _, err = run(**{**login, "KOTAEMON_PG_PASSWORD": PASSWORD + "\n"})
    assert code == 1
    assert err.startswith(
        "gave up: postgres: a character of the password can't be used: control characters"
    ), err


def test_a_database_that_does_not_exist_is_told(login: dict[str, str]) -> None:
    code, _, err = run(**{**login, "KOTAEMON_PG_DATABASE": "nowhere"})
    assert (code, err) == (1, 'gave up: postgres: database "nowhere" does not exist\n')


def test_a_missing_extension_is_told_with_what_to_do(login: dict[str, str], server: Any) -> None:
    """The set-up may have failed, or an administrator forgot it: Kotaemon would fail at the first upload."""
    with database(server) as name:
        code, _, err = run(**{**login, "KOTAEMON_PG_DATABASE": name})
        assert (code, "CREATE EXTENSION vector, as a superuser" in err) == (1, True), err
        assert run(**{**login, "KOTAEMON_PG_DATABASE": name, "KOTAEMON_VECTORSTORE": "qdrant"})[0] == 0


def test_an_old_extension_is_told_with_what_to_do(login: dict[str, str], server: Any) -> None:
    """0.8 brought the iterative scan, without which each search fails."""
    old = "UPDATE pg_extension SET extversion = '0.7.4' WHERE extname = 'vector'"
    with database(server, "CREATE EXTENSION vector", old) as name:
        code, _, err = run(**{**login, "KOTAEMON_PG_DATABASE": name})
    assert code == 1
    assert "pgvector is 0.7.4, but 0.8 is needed: ALTER EXTENSION vector UPDATE" in err


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, ""),
        ({"KOTAEMON_PG_HOST": "127.0.0.1"}, "IP address mismatch"),
        ({"KOTAEMON_PG_HOST": "127.0.0.1", "KOTAEMON_PG_SSLMODE": "verify-ca"}, ""),
        ({"KOTAEMON_PG_CA": "wrong"}, "CERTIFICATE_VERIFY_FAILED"),
        ({"KOTAEMON_PG_CA": "wrong", "KOTAEMON_PG_SSLMODE": "require"}, ""),
        ({"KOTAEMON_PG_CA": "/nonexistent"}, "No such file"),
    ],
)
def test_certificates_are_verified_as_the_application_verifies_them(
    tls_server: Any, certificates: Certificates, variables: dict[str, str], reason: str
) -> None:
    files = {"wrong": str(certificates.other_ca)}
    code, _, err = run(
        **{
            **login_variables(tls_server, "settings", host="localhost"),
            "KOTAEMON_PG_CA": str(certificates.ca),
            **{k: files.get(v, v) for k, v in variables.items()},
        }
    )
    assert (code, reason in err) == (1 if reason else 0, True), err


def test_a_server_without_tls_is_refused_unless_told(login: dict[str, str]) -> None:
    code, _, err = run(**{k: v for k, v in login.items() if k != "KOTAEMON_PG_SSLMODE"})
    assert (code, err) == (1, "gave up: postgres: Server refuses SSL\n")


def test_chroma_needs_its_token(chroma: Any) -> None:
    where = {"KOTAEMON_CHROMA_HOST": chroma.host, "KOTAEMON_CHROMA_PORT": str(chroma.port)}
    assert run(**where, KOTAEMON_CHROMA_TOKEN=chroma.token) == (0, "chroma answers\n", "")
    for wrong in ({"KOTAEMON_CHROMA_TOKEN": "wr0ng-token"}, {}):
        code, _, err = run(**where, **wrong)
        assert code == 1
        assert err.startswith("gave up: chroma: HTTP Error 40"), err


class Guarded(BaseHTTPRequestHandler):
    """Qdrant or Elasticsearch, as far as the paths and credentials of one request go."""

    accepted: tuple[tuple[str, str, str], ...] = (
        ("/collections", "api-key", "qdrant-secret"),
        ("/_cluster/health", "authorization", "ApiKey es-secret"),
        ("/_cluster/health", "authorization", "Basic " + base64.b64encode(b"elastic:pass:word").decode()),
    )

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        good = any(path == p and self.headers.get(h) == v for p, h, v in self.accepted)
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def guarded(port: int = 0, tls: tuple[Path, Path] | None = None) -> Iterator[str]:
    """The host and port of a server that asks for credentials."""
    with ThreadingHTTPServer(("127.0.0.1", port), Guarded) as web:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            web.socket = context.wrap_socket(web.socket, server_side=True)
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield f"localhost:{web.server_port}"
        web.shutdown()


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("qdrant", {"KOTAEMON_QDRANT_API_KEY": "qdrant-secret"}),
        ("elasticsearch", {"KOTAEMON_ES_API_KEY": "es-secret"}),
        ("elasticsearch", {"KOTAEMON_ES_USER": "elastic", "KOTAEMON_ES_PASSWORD": "pass:word"}),
    ],
)
def test_the_others_are_asked_with_their_credentials(name: str, variables: dict[str, str]) -> None:
    """Stand-ins: neither server is on a package registry."""
    url = "KOTAEMON_QDRANT_URL" if name == "qdrant" else "KOTAEMON_ES_URL"
    with guarded() as address:
        assert run(**{url: f"http://{address}"}, **variables) == (0, f"{name} answers\n", "")
        wrong = {k: v if k.endswith("USER") else "wr0ng-secret" for k, v in variables.items()}
        code, _, err = run(**{url: f"http://{address}"}, **wrong)
    assert (code, err) == (1, f"gave up: {name}: HTTP Error 401: Unauthorized\n")


def test_elasticsearch_s_certificate_is_verified_by_its_authority(
    certificates: Certificates, tmp_path: Path
) -> None:
    files = []
    for name, pem in zip(("crt", "key"), certificates.server):
        files.append(tmp_path / name)
        files[-1].write_text(pem)
    with guarded(tls=(files[0], files[1])) as address:
        common = {"KOTAEMON_ES_URL": f"https://{address}", "KOTAEMON_ES_API_KEY": "es-secret"}
        assert run(**common, KOTAEMON_ES_CA=str(certificates.ca))[0] == 0
        code, _, err = run(**common)
    assert code == 1
    assert "CERTIFICATE_VERIFY_FAILED" in err


def test_a_port_that_speaks_something_else_is_a_reason_too(login: dict[str, str]) -> None:
    code, _, err = run(KOTAEMON_QDRANT_URL=f"http://127.0.0.1:{login['KOTAEMON_PG_PORT']}")
    assert code == 1
    assert err.startswith("gave up: qdrant: "), err


def test_the_last_reason_of_each_database_is_told_when_the_time_is_over(
    login: dict[str, str], chroma: Any
) -> None:
    code, out, err = run(
        **login,
        KOTAEMON_QDRANT_URL=f"http://127.0.0.1:{servers.free_port()}",
        KOTAEMON_CHROMA_HOST=chroma.host,
        KOTAEMON_CHROMA_PORT=str(chroma.port),
        KOTAEMON_CHROMA_TOKEN="wr0ng-token",
        KOTAEMON_WAIT_SECONDS="3",
    )
    assert code == 1
    assert "postgres answers" in out
    assert out.count("waiting for qdrant: ") == 1, "each reason once, not once a second"
    (line,) = err.splitlines()
    assert line.startswith("gave up: qdrant: ")
    assert "Connection refused" in line
    assert "; chroma: HTTP Error 40" in line
    assert "postgres" not in line


def test_servers_that_come_up_later_are_found(login: dict[str, str]) -> None:
    """A new stack starts everything at once; the database needs longest."""
    ports = servers.free_port(), servers.free_port()
    waiting = begin(
        **{**login, "KOTAEMON_PG_PORT": str(ports[0]), "KOTAEMON_VECTORSTORE": "qdrant"},
        KOTAEMON_QDRANT_URL=f"http://127.0.0.1:{ports[1]}",
        KOTAEMON_QDRANT_API_KEY="qdrant-secret",
        KOTAEMON_WAIT_SECONDS="60",
    )
    time.sleep(2)
    with servers.postgres({"port": str(ports[0])}) as late, guarded(ports[1]):
        with _connect(
            servers.Postgres(late.host, ports[0], late.superuser, late.password), "postgres"
        ) as admin:
            time.sleep(1.5)  # the role isn't there yet, as before the set-up's end
            admin.run("CREATE DATABASE stores")
            admin.run("CREATE ROLE kotaemon LOGIN PASSWORD " + _literal(PASSWORD))
        out, err = waiting.communicate(timeout=60)
    assert (waiting.returncode, err) == (0, ""), out
    assert "waiting for postgres: Can't create a connection" in out
    assert 'waiting for postgres: password authentication failed for user "kotaemon"' in out
    assert {"postgres answers", "qdrant answers"} <= set(out.splitlines())


def _literal(value: str) -> str:
    import pg8000.native

    return str(pg8000.native.literal(value))
