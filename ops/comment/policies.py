"""What `make policy` says of a stack, for the comment."""

import subprocess
import sys

from pydantic import ValidationError

from ops.comment.report import POLICIES, Policy
from ops.paths import PROJECT, Project

PATIENCE = 300
"""Seconds."""


def policies_of(project: Project, stack: str) -> tuple[Policy, ...] | None:
    """Every rule and whether it holds; None where that can't be told, as when the program fails."""
    done = subprocess.run(
        [sys.executable, "-m", "ops", "policy", "--project", str(project.root), "--stack", stack, "--json"],
        cwd=PROJECT, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    try:
        return POLICIES.validate_json(done.stdout)
    except ValidationError:
        return None
