"""Small pure helpers for names and for what people read."""

import hashlib
import re


def shorten(value: object, limit: int = 60) -> str:
    """`value` on one line of at most `limit` characters."""
    line = " ".join(str(value).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def identifier(name: str, limit: int = 24) -> str:
    """`name` as an SQL and collection identifier of at most `limit` characters.

    Distinct names stay distinct: what doesn't fit, or had to be changed, carries a hash.
    """
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    if len(plain) <= limit and plain == name.replace("-", "_"):
        return plain
    return f"{plain[: limit - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
