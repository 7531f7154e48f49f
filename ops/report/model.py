"""What the parts of the report are made of: marks, lines, and words for times."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum


class Mark(StrEnum):
    """How a part stands, as `make status` shows it."""

    WELL = "ok"
    LOOK = "! "
    """Somebody should look into it; people can use it."""
    BAD = "!!"
    """People can't use it, or soon will not: `make status` ends with 1."""
    UNKNOWN = "--"
    """Not known, or not there."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the report, and what to do about it."""

    mark: Mark
    name: str
    found: str
    advice: tuple[str, ...] = ()


class NotKnownError(Exception):
    """Why something can't be told; `advice` is what would change that."""

    def __init__(self, why: str, *advice: str) -> None:
        super().__init__(why)
        self.why = why
        self.advice = advice


@dataclass(frozen=True, kw_only=True)
class Unknown:
    """A part that nobody can tell of."""

    why: str
    advice: tuple[str, ...] = ()


def moment(text: object) -> datetime | None:
    """A time as Kubernetes, Prometheus and Google write it (RFC 3339); None where it isn't one."""
    if not isinstance(text, str):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def written(time: datetime | None) -> str | None:
    """A time as the JSON has it: RFC 3339 in UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time else None


def shown(time: datetime) -> str:
    """A time as people read it."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def words(length: timedelta) -> str:
    """A duration in its two largest units: 3 h 18 min, 12 d 4 h, 40 s."""
    seconds = round(abs(length.total_seconds()))
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds >= size or (unit == "s" and not parts):
            parts.append(f"{seconds // size} {unit}")
        elif parts:
            break
        seconds %= size
    return " ".join(parts[:2])
