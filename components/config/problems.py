"""How a wrong configuration is reported: every problem at once, each with its remedy."""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.text import shorten


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong in a stack's file.

    `key` is what the user wrote or should write (`kotaemon:app.replicas`), `value` what stands
    there, `allowed` what may stand there and why, `remedy` what to type next, `about` the further
    keys that the judgement rests on: where one of those is malformed, there is nothing to judge.
    """

    key: str
    value: object = None
    allowed: str
    remedy: str
    about: tuple[str, ...] = ()

    def __str__(self) -> str:
        shown = "" if self.value is None else f" = {shorten(_yaml(self.value))}"
        return f"{self.key}{shown}\n      {self.allowed}\n      type: {self.remedy}"


class ConfigError(pulumi.RunError):
    """All problems of one stack's file. A RunError: the engine prints it without a traceback."""

    def __init__(self, stack: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        noun = "problem" if len(problems) == 1 else "problems"
        listed = "\n\n".join(f"  {n}. {problem}" for n, problem in enumerate(problems, 1))
        super().__init__(
            f"Pulumi.{stack}.yaml has {len(problems)} {noun}; nothing was touched.\n\n{listed}\n\n"
            f"  (with -s {stack}; without a pulumi CLI: make pulumi ARGS='config set …')"
        )


# The CLI refuses what it takes for a secret by such a name, though it be one's name.
_TAKEN_FOR_SECRET = re.compile("pass|pwd|secret|token", re.IGNORECASE)


def set_command(path: str, value: object) -> str:
    """The command that sets `path` (below `kotaemon:`) to `value`."""
    plainly = "--plaintext " if isinstance(value, str) and _TAKEN_FOR_SECRET.search(path) else ""
    return f"pulumi config set {plainly}{_argument(path)} {shlex.quote(_yaml(value))}"


def remove_command(path: str) -> str:
    """The command that removes `path` (below `kotaemon:`)."""
    return f"pulumi config rm {_argument(path)}"


def secret_command(name: str) -> str:
    """The command that asks for the value of a secret and stores it encrypted."""
    return f"pulumi config set --secret {name}"


def property_path(parts: Sequence[str]) -> str:
    """Keys as `pulumi config --path` writes them: a.b, a[0], a["with.dot"]; a lone key as it is."""
    if len(parts) == 1:
        return parts[0]
    path = ""
    for part in parts:
        if part.isdigit() and path:
            path += f"[{part}]"
        elif re.fullmatch(r"[A-Za-z0-9_-]+", part):
            path += f".{part}" if path else part
        else:
            path += f'["{part}"]'
    return path


def in_file_order(problems: Sequence[Problem], sections: Mapping[str, object], prefix: str) -> list[Problem]:
    """`problems` as a reader of the file meets them; what isn't in the file stands last."""
    places = {
        f"{prefix}:{property_path(path)}": number for number, path in enumerate(_paths(sections), start=1)
    }

    def place(problem: Problem) -> int:
        key = problem.key
        while key not in places and (shorter := re.sub(r"(\.[^.\[\]]+|\[[^\]]*\])$", "", key)) != key:
            key = shorter
        return places.get(key, len(places) + 1)

    return sorted(problems, key=place)


def _paths(value: object, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner: list[tuple[str, object]] = []
    if isinstance(value, dict):
        inner = [(str(key), child) for key, child in value.items()]
    elif isinstance(value, list):
        # From the end: an entry that a remedy takes out leaves the places of those that come next.
        inner = [(str(number), child) for number, child in reversed(list(enumerate(value)))]
    return [found for key, child in inner for found in ((*path, key), *_paths(child, (*path, key)))]


def _argument(path: str) -> str:
    return f"--path {shlex.quote(path)}" if re.search(r"[.\[]", path) else shlex.quote(path)


def _yaml(value: object) -> str:
    """`value` as it stands in the file."""
    return str(value).lower() if isinstance(value, bool) else str(value)
