"""`make pulumi`: the engine's own CLI on the user's own files, with backend, passphrase and stack set."""

import os
import subprocess
from collections.abc import Callable, Sequence

from ops.engine import Kind
from ops.errors import OpsError, ReportedError
from ops.stack import Session

RUN_THE_PROGRAM = {
    "up": "make up", "update": "make up", "preview": "make preview", "pre": "make preview",
    "destroy": "make down", "down": "make down", "refresh": "make preview ARGS=--refresh", "watch": "make up",
}  # fmt: skip
"""Commands that need the language host, which the sandbox's build comes without."""

NEEDS_NO_STACK = {
    "version",
    "plugin",
    "about",
    "help",
    "login",
    "logout",
    "whoami",
    "--help",
    "--version",
    "-h",
}


def passthrough(session: Session, arguments: Sequence[str], say: Callable[[str], object]) -> None:
    """Run one command of the CLI in the project's folder; its exit code is ours. Raises OpsError, ReportedError."""
    given = list(arguments[1:] if arguments[:1] == ["--"] else arguments)
    if not given:
        raise OpsError("Which command? For example: make pulumi ARGS='config set --path app.replicas 3'")
    command = given[0]
    if session.engine.kind is Kind.SANDBOX and command in RUN_THE_PROGRAM:
        raise OpsError(
            f"The sandbox's engine runs the program through make alone: {RUN_THE_PROGRAM[command]}.",
            f"With the official Pulumi CLI on PATH, `pulumi {command}` works by itself",
        )
    if command not in NEEDS_NO_STACK and command != "cancel":
        from ops.operations import opened  # a second of imports

        with opened(session) as operations:
            operations.prepare(say)
    environment = {**os.environ, **session.environment()}
    done = subprocess.run([session.engine.command, *given], cwd=session.project.root, env=environment)
    if done.returncode:
        raise ReportedError(done.returncode if done.returncode > 0 else 128 - done.returncode)
