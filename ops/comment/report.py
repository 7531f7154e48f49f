"""What a change would do to one stack, as plain text without secrets: all that the comment is made of.

It travels as JSON between the job that previews and the one that comments. The second trusts nothing in it.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ops.errors import OpsError


class Operation(StrEnum):
    """What would be done with a resource, in the engine's words."""

    DELETE = "delete"
    REPLACE = "replace"
    UPDATE = "update"
    CREATE = "create"
    IMPORT = "import"


LOSING = frozenset({Operation.DELETE, Operation.REPLACE})
"""After these the resource is gone, if only for a moment."""


class Verdict(StrEnum):
    """What became of a policy."""

    PASS = "pass"  # noqa: S105 no password
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"


_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True)
class Changed:
    """One changed property."""

    __pydantic_config__ = _STRICT
    path: str
    old: str | None = None
    """None where it wasn't there."""
    new: str | None = None
    lines: tuple[str, ...] = ()
    """Of a text of several lines: the changed ones, each with its + or -."""
    replaces: bool = False
    """Whether this is why the resource can't be updated in place."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One resource that would change."""

    __pydantic_config__ = _STRICT
    operation: Operation
    kind: str
    name: str
    component: str
    """The part of the platform that it belongs to, in words."""
    called: str = ""
    """Its name in the cluster where that is another, with the namespace."""
    stake: str = ""
    """What would be lost with it; empty where nothing would."""
    kept: bool = False
    """Whether a delete only makes Pulumi forget it."""
    changed: tuple[Changed, ...] = ()

    @property
    def losing(self) -> bool:
        """Whether it would be gone."""
        return self.operation in LOSING


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One rule, and whether it holds."""

    __pydantic_config__ = _STRICT
    id: str
    severity: str
    title: str
    state: Verdict
    where: tuple[str, ...] = ()
    remedy: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One stack."""

    __pydantic_config__ = _STRICT
    stack: str
    against: str = ""
    """What it is compared with, in words."""
    items: tuple[Item, ...] = ()
    unchanged: int | None = None
    """How many resources stay as they are; None where that isn't known."""
    policies: tuple[Policy, ...] | None = None
    """None where they weren't checked."""
    errors: tuple[str, ...] = ()
    """Why the preview failed; what `items` holds is then not all."""
    warnings: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether nobody knows what the change would do."""
        return bool(self.errors)

    @property
    def quiet(self) -> bool:
        """Whether it is known to change nothing."""
        return not self.failed and not self.items

    def count(self, operation: Operation) -> int:
        """How many resources of one operation."""
        return sum(item.operation is operation for item in self.items)

    def broken(self) -> tuple[Policy, ...]:
        """The policies that don't hold."""
        return tuple(one for one in self.policies or () if one.state is Verdict.FAIL)


_REPORTS = TypeAdapter(tuple[Report, ...])


def to_json(reports: tuple[Report, ...]) -> str:
    """For the job that comments."""
    return _REPORTS.dump_json(reports, indent=2).decode() + "\n"


def from_json(text: str, source: Path) -> tuple[Report, ...]:
    """Reports that `to_json` wrote. Raises OpsError where it is something else."""
    try:
        return _REPORTS.validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise OpsError(f"{source} holds no report: {where}: {first['msg']}") from error
