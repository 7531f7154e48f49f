"""Reading a resource's inputs where any part may be missing, or not known before an update."""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final


class Unknown(Enum):
    """The type of `UNKNOWN`."""

    VALUE = "not known before an update"


UNKNOWN: Final = Unknown.VALUE
"""Stands for a value that isn't known in a preview: it can't be judged, so it breaks no rule."""


def at(value: object, path: str) -> object:
    """What lies below `value` at a path such as `spec.template`; None where it is missing."""
    for key in path.split("."):
        value = entry(value, key)
    return value


def entry(value: object, key: str) -> object:
    """What stands under one key, which may have dots in it; None where it is missing."""
    if value is UNKNOWN:
        return UNKNOWN
    return value.get(key) if isinstance(value, Mapping) else None


def items(value: object) -> list[object]:
    """The entries of a list; none where it is missing or not known."""
    return list(value) if isinstance(value, list | tuple) else []


def mapping(value: object) -> Mapping[str, object]:
    """A mapping as such; an empty one where it is missing or not known."""
    return value if isinstance(value, Mapping) else {}


def text(value: object) -> str | None:
    """A text as such; None where it is missing or not known."""
    return value if isinstance(value, str) else None


def number(value: object) -> float | None:
    """A number as such, also one that stands in a text; None where it is none or not known."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def absent(value: object) -> bool:
    """Whether nothing stands there: missing or empty, and known to be."""
    return value is None or (isinstance(value, str | list | tuple | Mapping) and not value)


def present(value: object) -> bool:
    """Whether something stands there, and is known to."""
    return value is not UNKNOWN and not absent(value)


def could_be(one: object, other: object) -> bool:
    """Whether two values are equal, or may be once they are known."""
    return UNKNOWN in (one, other) or one == other


def differs(value: object, *allowed: object) -> bool:
    """Whether a value is known and none of the allowed ones; None allows that it is missing."""
    return value is not UNKNOWN and value not in allowed


def below(value: object, least: float) -> bool:
    """Whether a value is known and no number of at least `least`."""
    found = number(value)
    return value is not UNKNOWN and (found is None or found < least)


def contains(whole: object, part: object) -> bool:
    """Whether a mapping has all the entries of another, or may have once they are known."""
    return all(could_be(entry(whole, key), value) for key, value in mapping(part).items())


def lacks(value: object, wanted: Iterable[object]) -> list[object]:
    """What isn't in a list, or under no key of a mapping; nothing where it, or an entry of it, isn't known."""
    there = list(value) if isinstance(value, Mapping) else items(value)
    if value is UNKNOWN or UNKNOWN in there:
        return []
    return [one for one in wanted if one not in there]


def shown(value: object) -> str:
    """A value in a message."""
    if value is None:
        return "not set"
    if value is UNKNOWN:
        return "not known yet"
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
