"""Small pure helpers for names and for what people read."""

import hashlib


def shorten(value: object, limit: int = 60) -> str:
    """`value` on one line of at most `limit` characters."""
    line = " ".join(str(value).split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def identifier(name: str, limit: int = 24) -> str:
    """A Kubernetes name as an SQL and collection identifier: a letter first, at most `limit` characters.

    Distinct names stay distinct: what doesn't fit, or begins with a digit, carries a hash.
    """
    plain = name.replace("-", "_")
    if len(plain) <= limit and plain[0].isalpha():
        return plain
    return f"n{plain[: limit - 10]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
