"""What `make policy` says of a stack, for the comment."""

import subprocess
import sys

from pydantic import BaseModel, TypeAdapter, ValidationError

from ops.comment.report import Policy, Verdict
from ops.paths import PROJECT, Project
from ops.progress import short

PATIENCE = 120
"""Seconds."""


class _Finding(BaseModel):
    urn: str
    where: str
    what: str

    def __str__(self) -> str:
        return f"{short(self.urn)}{f' {self.where}' if self.where else ''}: {self.what}"


class _Outcome(BaseModel):
    id: str
    severity: str
    rule: str
    verdict: Verdict
    findings: tuple[_Finding, ...]
    remedy: str


_OUTCOMES = TypeAdapter(tuple[_Outcome, ...])


def policies_of(project: Project, stack: str) -> tuple[Policy, ...] | None:
    """Every rule and whether it holds; None where that can't be told.

    In a process of its own, as the program's evaluation leaves its modules and its settings behind.
    """
    command = [
        sys.executable,
        "-m",
        "ops",
        "policy",
        "--project",
        str(project.root),
        "--stack",
        stack,
        "--json",
    ]
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE)
        return read(done.stdout)
    except (ValidationError, subprocess.TimeoutExpired):
        return None


def read(text: str) -> tuple[Policy, ...]:
    """The JSON of `make policy`. Raises ValidationError where it is something else."""
    return tuple(
        Policy(
            id=one.id,
            severity=one.severity,
            title=one.rule,
            state=one.verdict,
            where=tuple(str(finding) for finding in one.findings),
            remedy=one.remedy,
        )
        for one in _OUTCOMES.validate_json(text)
    )
