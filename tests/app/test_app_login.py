"""Logging in to a real PostgreSQL: passwords, TLS, pool, and the tables that upstream gets wrong."""

import pytest

from conftest import Cases, Certificates

WHO = """
from ktem.db.engine import engine
from sqlalchemy import text
with engine.connect() as db:
    answer = [db.execute(text("SELECT current_user")).scalar(),
              db.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar(),
              db.execute(text("SHOW application_name")).scalar(), engine.pool.size()]
"""


def test_a_password_with_every_special_character_logs_in_over_verified_tls(cases: Cases) -> None:
    """KOTAEMON_PG_SSLMODE isn't set: without it the certificate is verified in full."""
    outcome = cases(WHO, KOTAEMON_PG_POOL="7")
    assert outcome.answer == ["kotaemon", True, "kotaemon", 7], outcome.error


def test_the_socket_sends_at_once(cases: Cases) -> None:
    """A vector is sent in pieces: without this each search waits 40 ms for the acknowledgement of the first."""
    code = """
import socket
from ktem.db.engine import engine
with engine.connect() as db:
    answer = db.connection.dbapi_connection._usock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
"""
    assert cases(code).answer == 1
    assert cases(code, KOTAEMON_PG_SSLMODE="disable").answer == 1


def test_verify_full_refuses_a_certificate_of_another_authority(
    cases: Cases, certificates: Certificates
) -> None:
    error = cases(WHO, KOTAEMON_PG_CA=str(certificates.other_ca)).error
    assert "kotaemon_settings: KOTAEMON_PG_HOST='localhost': can't log in" in error
    assert "CERTIFICATE_VERIFY_FAILED" in error


def test_verify_full_refuses_a_certificate_for_another_name(cases: Cases) -> None:
    error = cases(WHO, KOTAEMON_PG_HOST="127.0.0.1").error
    assert "IP address mismatch" in error


@pytest.mark.parametrize(("mode", "tls"), [("verify-ca", True), ("require", True), ("disable", False)])
def test_weaker_modes_take_another_name(cases: Cases, mode: str, tls: bool) -> None:
    outcome = cases(WHO, KOTAEMON_PG_HOST="127.0.0.1", KOTAEMON_PG_SSLMODE=mode)
    assert outcome.answer[:2] == ["kotaemon", tls], outcome.error


def test_require_takes_any_authority_and_verify_ca_only_the_right_one(
    cases: Cases, certificates: Certificates
) -> None:
    wrong = {"KOTAEMON_PG_CA": str(certificates.other_ca)}
    assert cases(WHO, KOTAEMON_PG_SSLMODE="require", **wrong).answer[:2] == ["kotaemon", True]
    assert "CERTIFICATE_VERIFY_FAILED" in cases(WHO, KOTAEMON_PG_SSLMODE="verify-ca", **wrong).error


def test_a_wrong_password_ends_in_one_line(cases: Cases) -> None:
    error = cases(WHO, KOTAEMON_PG_PASSWORD="wrong").error
    assert error.startswith("SystemExit: kotaemon_settings: KOTAEMON_PG_HOST="), error
    assert "password authentication failed" in error
    assert "\n" not in error


def test_a_password_with_a_line_break_ends_in_one_line(cases: Cases) -> None:
    """The driver refuses it with an error of its own."""
    error = cases(WHO, KOTAEMON_PG_PASSWORD="s3cret\n").error
    assert error.startswith("SystemExit: kotaemon_settings: KOTAEMON_PG_PASSWORD holds a character"), error
    assert "s3cret" not in error


def test_a_file_that_is_no_certificate_is_named(cases: Cases) -> None:
    assert cases(WHO, KOTAEMON_PG_CA=__file__).error.startswith(
        "SystemExit: kotaemon_settings: KOTAEMON_PG_CA: not"
    )


TABLES = """
import sqlalchemy as sa
from ktem.db.engine import engine
from sqlalchemy.orm import declarative_base
Base = declarative_base()
for number in (1, 2):
    for kind in ("source", "group"):
        type(f"{kind}{number}", (Base,), {
            "__tablename__": f"index__{number}__{kind}", "id": sa.Column(sa.String, primary_key=True),
            "name": sa.Column(sa.String), "user": sa.Column(sa.String),
            "__table_args__": (sa.UniqueConstraint("name", "user", name="_name_user_uc"),)})
Base.metadata.create_all(engine)
with engine.connect() as db:
    answer = sorted(db.execute(sa.text(
        "SELECT conname FROM pg_constraint WHERE contype = 'u' AND conname LIKE '%name_user%'")).scalars())
Base.metadata.drop_all(engine)
"""


def test_tables_that_share_a_constraint_s_name_are_created(cases: Cases) -> None:
    """Upstream names the constraint "_name_user_uc" in each: the second table fails on PostgreSQL."""
    outcome = cases(TABLES)
    assert outcome.answer == [f"uq_index__{n}__{k}_name_user" for n in (1, 2) for k in ("group", "source")], (
        outcome.error
    )


def test_without_the_listener_postgresql_refuses_them(cases: Cases) -> None:
    """The check of the check: the trouble that the listener mends is real."""
    unlisten = (
        "import kotaemon_settings as s; from sqlalchemy import UniqueConstraint, event\n"
        "event.remove(UniqueConstraint, 'after_parent_attach', s._unique_per_table)\n"
    )
    assert '"_name_user_uc" already exists' in cases(unlisten + TABLES).error
