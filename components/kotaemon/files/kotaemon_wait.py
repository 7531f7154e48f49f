"""Waits until every database of this release answers a real login; run by the init container.

Kotaemon itself ends when one of them is down as it starts. Reads the variables that the settings module
reads; exits with 1, and the last reason of each, after KOTAEMON_WAIT_SECONDS (default 300).
"""

import base64
import contextlib
import http.client
import os
import ssl
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

_ATTEMPT_SECONDS = 5
_env = os.environ.get


class NotReadyError(Exception):
    """Why a database can't be used yet, in one line."""


def pg_ssl_context(mode: str, ca_file: str | None) -> ssl.SSLContext | bool:
    """What pg8000 wants for one of libpq's modes: disable, require, verify-ca or verify-full."""
    if mode == "disable":
        return False
    context = ssl.create_default_context(cafile=ca_file or None)
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    return context


def postgres() -> None:
    """Logs in; where vectors are kept there, the extension must be there too, since only a superuser may add it."""
    import pg8000.dbapi  # from the driver's zip, which only a release with PostgreSQL needs
    import scramp

    try:
        connection = pg8000.dbapi.connect(
            os.environ["KOTAEMON_PG_USER"],
            host=os.environ["KOTAEMON_PG_HOST"],
            port=int(_env("KOTAEMON_PG_PORT", "5432")),
            database=_env("KOTAEMON_PG_DATABASE", "kotaemon"),
            password=os.environ["KOTAEMON_PG_PASSWORD"],
            timeout=_ATTEMPT_SECONDS,
            ssl_context=pg_ssl_context(_env("KOTAEMON_PG_SSLMODE", "verify-full"), _env("KOTAEMON_PG_CA")),
        )
        with contextlib.closing(connection):
            if _env("KOTAEMON_VECTORSTORE") == "pgvector":
                _pgvector(connection.cursor())
    except scramp.ScramException as error:  # a line break at the end of the Secret, for example
        raise NotReadyError(f"a character of the password can't be used: {_reason(error)}") from None
    except (pg8000.dbapi.Error, OSError) as error:
        raise NotReadyError(_reason(error)) from None


def _pgvector(cursor: Any) -> None:
    cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    found = cursor.fetchone()
    if found is None:
        raise NotReadyError("the database lacks pgvector: CREATE EXTENSION vector, as a superuser")
    if [int(part) for part in found[0].split(".")[:2]] < [0, 8]:
        todo = "ALTER EXTENSION vector UPDATE, as a superuser"
        raise NotReadyError(f"pgvector is {found[0]}, but 0.8 is needed: {todo}")


def get(url: str, headers: dict[str, str], ca_file: str | None = None) -> None:
    """A GET that must succeed with the credentials."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  our own databases
    try:
        tls = ssl.create_default_context(cafile=ca_file or None)
        with urllib.request.urlopen(request, timeout=_ATTEMPT_SECONDS, context=tls) as answer:  # noqa: S310
            answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise NotReadyError(_reason(error)) from None


def qdrant() -> None:
    """Lists the collections, which needs the API key."""
    get(f"{os.environ['KOTAEMON_QDRANT_URL']}/collections", {"api-key": _env("KOTAEMON_QDRANT_API_KEY", "")})


def chroma() -> None:
    """Reads the default tenant, which needs the token."""
    scheme = "https" if _env("KOTAEMON_CHROMA_SSL", "false").lower() == "true" else "http"
    host, port = os.environ["KOTAEMON_CHROMA_HOST"], _env("KOTAEMON_CHROMA_PORT", "8000")
    headers = (
        {"Authorization": f"Bearer {os.environ['KOTAEMON_CHROMA_TOKEN']}"}
        if _env("KOTAEMON_CHROMA_TOKEN")
        else {}
    )
    get(f"{scheme}://{host}:{port}/api/v2/tenants/default_tenant", headers)


def elasticsearch() -> None:
    """Waits for a yellow cluster: every primary shard can be read and written."""
    headers = {}
    if _env("KOTAEMON_ES_API_KEY"):
        headers["Authorization"] = f"ApiKey {os.environ['KOTAEMON_ES_API_KEY']}"
    elif _env("KOTAEMON_ES_USER"):
        login = f"{os.environ['KOTAEMON_ES_USER']}:{os.environ['KOTAEMON_ES_PASSWORD']}"
        headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
    url = f"{os.environ['KOTAEMON_ES_URL']}/_cluster/health?wait_for_status=yellow&timeout=4s"
    get(url, headers, _env("KOTAEMON_ES_CA"))


def checks() -> Iterator[tuple[str, Callable[[], None]]]:
    """The databases that the environment names."""
    if _env("KOTAEMON_PG_HOST"):
        yield "postgres", postgres
    if _env("KOTAEMON_QDRANT_URL"):
        yield "qdrant", qdrant
    if _env("KOTAEMON_CHROMA_HOST"):
        yield "chroma", chroma
    if _env("KOTAEMON_ES_URL"):
        yield "elasticsearch", elasticsearch


def _reason(error: Exception) -> str:
    """One line; pg8000 puts the server's message into a dictionary."""
    detail = error.args[0] if error.args else None
    said = str(detail.get("M", detail) if isinstance(detail, dict) else error)
    return said.splitlines()[0] if said else type(error).__name__


def main() -> int:
    """0 once each database has answered, 1 when the time is over."""
    deadline = time.monotonic() + float(_env("KOTAEMON_WAIT_SECONDS", "300"))
    waiting = dict(checks())
    said: dict[str, str] = {}
    while waiting:
        for name in list(waiting):
            try:
                waiting[name]()
            except NotReadyError as error:
                if said.get(name) != str(error):  # each reason once, not once a second
                    said[name] = str(error)
                    print(f"waiting for {name}: {error}", flush=True)
            else:
                print(f"{name} answers", flush=True)
                del waiting[name]
        if waiting and time.monotonic() > deadline:
            print("gave up: " + "; ".join(f"{name}: {said[name]}" for name in waiting), file=sys.stderr)
            return 1
        if waiting:
            time.sleep(1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
