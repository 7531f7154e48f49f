"""Run the Pulumi CLI so that Ctrl-C cancels it cleanly, and a second one ends it at once."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType
from typing import IO

from pulumi import automation as auto
from pulumi.automation._cmd import CommandResult  # not exported, but in the signature to override
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from ops import orphans
from ops.engine import Engine
from ops.errors import OpsError

Print = Callable[[str], object]


class Cli(auto.PulumiCommand):
    """The engine's CLI in a process group of its own.

    A terminal sends Ctrl-C to its whole foreground group; an engine that got it from there and from
    us would take it for two, and the second one means "end at once".
    """

    def __init__(self, engine: Engine, runs: Path | None = None) -> None:
        # Without super(): it would run `pulumi version`, which is known already.
        self.command = str(engine.command)
        self.version = VersionInfo.parse(engine.version)
        self._runs = runs
        self._running: subprocess.Popen[str] | None = None
        self.cancelled = False

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Print | None = None,
        on_error: Print | None = None,
    ) -> CommandResult:
        """Run a command to its end. Raises auto.CommandError where it fails, OpsError where it is killed."""
        process = subprocess.Popen(
            [self.command, "--non-interactive", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env={**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"},
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
        self._running = process
        output: list[str] = []
        errors: list[str] = []
        readers = [
            threading.Thread(target=_read, args=(process.stdout, output, on_output), daemon=True),
            threading.Thread(target=_read, args=(process.stderr, errors, on_error), daemon=True),
        ]
        for reader in readers:
            reader.start()
        with orphans.noted(self._runs, process.pid):
            code = process.wait()
        for reader in readers:
            reader.join(5)  # a plugin that outlives a killed engine may hold the pipe open
        self._running = None
        result = CommandResult(stdout="\n".join(output), stderr="\n".join(errors), code=code)
        if code < 0 and not self.cancelled:
            raise OpsError(
                f"The engine was killed (signal {-code}).",
                "The same command again heals what is left and goes on",
            )
        if code != 0:
            raise create_command_error(result)
        return result

    def interrupt(self) -> None:
        """Ask the running command to stop after what is in flight; asked again, end it at once."""
        process = self._running
        if process is None:
            raise KeyboardInterrupt
        if not self.cancelled:
            self.cancelled = True
            process.send_signal(signal.SIGINT)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    @contextlib.contextmanager
    def cancellable(self) -> Iterator[None]:
        """Let Ctrl-C and a termination request reach the engine instead of breaking us in the middle."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def handle(number: int, frame: FrameType | None) -> None:
            again = self.cancelled
            self.interrupt()
            print(
                "\nEnding it at once; the next run heals what is left."
                if again
                else "\nCancelling: what is in flight is finished first. Ctrl-C again ends it at once.",
                file=sys.stderr,
                flush=True,
            )

        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _read(stream: IO[str] | None, lines: list[str], callback: Print | None) -> None:
    for line in stream or ():
        stripped = line.rstrip()
        lines.append(stripped)
        if callback:
            callback(stripped)
