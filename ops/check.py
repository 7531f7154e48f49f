"""What a check of `make doctor` comes to, and the table of them."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How a check came out."""

    OK = "ok"
    OPTIONAL = "optional"
    """It isn't there, and `make up` works without."""
    MISSING = "missing"
    """`make up` can't work without."""


@dataclass(frozen=True)
class Check:
    """One line of the table."""

    name: str
    state: State
    found: str
    command: str = ""
    """What to type, where something could be better."""


def table(found: list[Check]) -> list[str]:
    """The checks as aligned lines."""
    name = max(len(check.name) for check in found)
    state = max(len(check.state) for check in found)
    lines = []
    for check in found:
        arrow = f"   → {check.command}" if check.command else ""
        lines.append(f"{check.state:{state}}  {check.name:{name}}  {check.found}{arrow}")
    return lines
