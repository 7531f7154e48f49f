"""Pods that start at the same time start one by one: a lock in PostgreSQL, held until the page is served.

Kotaemon creates its tables and first rows as it starts, and two first starts at once collide. The lock
belongs to its connection, so that a process that dies gives it back.
"""

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio
import gradio.http_server
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

_LOCK = "hashtext('kotaemon'), hashtext('boot')"  # two keys; the stores' own locks have one
_SESSION = {
    # A node that is lost closes no connection: the server would keep it, and so the lock, for two hours.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "client_connection_check_interval": "5s",  # the same for one that still waits
    # An administrator's limits for queries would end the wait, or the lock.
    "statement_timeout": "0",
    "idle_session_timeout": "0",
}
_LOCK_NOT_AVAILABLE = "55P03"


def serves() -> bool:
    """Whether this process will serve the page: shells and GraphRAG's processes load the settings too."""
    main = getattr(sys.modules["__main__"], "__file__", None) or ""
    return Path(main).name == "app.py" or not {"sso_app", "sso_app_demo"}.isdisjoint(sys.modules)


def take(db: Connection, seconds: int) -> bool:
    """Wait for the lock, which this connection then holds until it closes; False when the time is over."""
    wanted = {**_SESSION, "lock_timeout": f"{seconds}s"}
    known = db.execute(text("SELECT name FROM pg_settings")).scalars().all()
    for name in wanted.keys() & known:
        db.execute(text("SELECT set_config(:name, :value, false)"), {"name": name, "value": wanted[name]})
    if db.execute(text(f"SELECT pg_try_advisory_lock({_LOCK})")).scalar():
        return True
    print(f"kotaemon_boot: another pod is starting; waiting for it, at most {seconds} s", flush=True)
    try:
        db.execute(text(f"SELECT pg_advisory_lock({_LOCK})"))
    except DBAPIError as error:
        if _LOCK_NOT_AVAILABLE not in str(error.orig):
            raise
        return False
    return True


def when_served(release: Callable[[], None]) -> None:
    """Call `release` once the server listens (app.py), or once the page is mounted on one that will (sso_app.py)."""

    def then(step: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(step)
        def both(*args: Any, **kwargs: Any) -> Any:
            result = step(*args, **kwargs)
            release()
            return result

        return both

    gradio.http_server.start_server = then(gradio.http_server.start_server)
    gradio.mount_gradio_app = then(gradio.mount_gradio_app)
