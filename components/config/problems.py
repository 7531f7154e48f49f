"""How a wrong configuration is reported: every problem at once, each with its remedy."""

from dataclasses import dataclass

import pulumi

from ..text import shorten


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong in a stack's file.

    `key` is what the user wrote or should write (`kotaemon:app.replicas`), `value` what stands
    there, `allowed` what may stand there and why, `remedy` what to type next.
    """

    key: str
    value: object = None
    allowed: str
    remedy: str

    def __str__(self) -> str:
        shown = "" if self.value is None else f" = {shorten(self.value)}"
        return f"{self.key}{shown}\n      {self.allowed}\n      type: {self.remedy}"


class ConfigError(pulumi.RunError):
    """All problems of one stack's file. A RunError: the engine prints it without a traceback."""

    def __init__(self, stack: str, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        noun = "problem" if len(problems) == 1 else "problems"
        listed = "\n\n".join(f"  {n}. {problem}" for n, problem in enumerate(problems, 1))
        super().__init__(
            f"Pulumi.{stack}.yaml has {len(problems)} {noun}; nothing was touched.\n\n{listed}\n\n"
            f"  (with -s {stack}; without a pulumi CLI: make pulumi ARGS='config set …')"
        )


def set_command(path: str, value: str) -> str:
    """The command that sets `path` (below `kotaemon:`) to `value`."""
    flag = "--path " if "." in path else ""
    return f"pulumi config set {flag}{path} {value}"


def remove_command(path: str) -> str:
    """The command that removes `path` (below `kotaemon:`)."""
    flag = "--path " if "." in path else ""
    return f"pulumi config rm {flag}{path}"
