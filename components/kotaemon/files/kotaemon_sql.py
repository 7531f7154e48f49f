"""What the PostgreSQL stores share: ktem's engine, JSON that PostgreSQL accepts, a lock for the schema."""

import hashlib
import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ktem.db.engine import engine
from sqlalchemy import text
from sqlalchemy.engine import Connection

__all__ = ["IDS", "ID_ROWS", "clean", "engine", "exists", "schema_lock", "table_name", "to_json"]

# Lists travel as one JSON string: pg8000 escapes arrays character by character (slow).
ID_ROWS = "SELECT json_array_elements_text(CAST(:ids AS json))"
IDS = f"ANY(ARRAY({ID_ROWS}))"


def clean(value: Any) -> Any:
    """A copy without what PostgreSQL rejects: NUL, lone surrogates, NaN (PDF and XLSX files have them)."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {clean(str(k)): clean(v) for k, v in value.items()}
    return [clean(v) for v in value] if isinstance(value, (list, tuple)) else value


def to_json(value: object) -> str:
    """JSON that PostgreSQL accepts; values that JSON doesn't know (dates, paths) become text."""
    return json.dumps(clean(value), ensure_ascii=False, default=str)


@contextmanager
def schema_lock() -> Iterator[Connection]:
    """A transaction in which no other process changes the schema: two pods may boot at once."""
    with engine.begin() as db:
        db.execute(text("SELECT pg_advisory_xact_lock(hashtext('kotaemon_stores'))"))
        yield db


def exists(db: Connection, table: str) -> bool:
    """Whether the table is there; another pod may have dropped it."""
    return bool(db.execute(text("SELECT to_regclass(:t)"), {"t": table}).scalar())


def table_name(prefix: str, collection: str) -> str:
    """A distinct, valid, unquoted name of at most 50 bytes for the collection's table."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,29}", prefix):
        raise ValueError(f"prefix {prefix!r}: allowed are 1 to 30 of a-z, 0-9 and _, a letter first")
    name = prefix + re.sub(r"[^a-z0-9_]", "_", collection.lower())
    if name == prefix + collection and len(name) <= 40:
        return name
    return f"{name[:40]}_{hashlib.sha256(collection.encode()).hexdigest()[:8]}"
