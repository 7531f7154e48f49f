"""Engines whose driver was killed. They can't finish, and hold the stack's lock for as long as they wait.

Each engine that we start leaves a note of who started it, so that the next run can tell an orphan
from a run that is going on.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE = 20.0
"""Seconds for an orphan to save its state and go, until it is ended at once."""


@contextlib.contextmanager
def noted(folder: Path | None, engine: int) -> Iterator[None]:
    """Note in a folder that this process runs an engine, for as long as it does."""
    if folder is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / str(engine)
    note.write_text(str(os.getpid()), encoding="utf-8")
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def end(folder: Path | None, patience: float = PATIENCE) -> list[str]:
    """End the engines whose driver is gone, and say so."""
    said = []
    for note in sorted(folder.iterdir()) if folder and folder.is_dir() else ():
        try:
            engine, driver = int(note.name), int(note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if runs(driver, b"ops"):
            continue
        if runs(engine, b"pulumi"):
            said.append(f"Ending what a run that was killed left behind (process {engine}) …")
            _end(engine, patience)
        note.unlink(missing_ok=True)
    return said


def _end(engine: int, patience: float) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(engine, signal.SIGINT)
        if not _wait(lambda: not runs(engine, b"pulumi"), patience):
            os.kill(engine, signal.SIGKILL)
            _wait(lambda: not runs(engine, b"pulumi"), 5.0)


def _wait(condition: Callable[[], bool], patience: float) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return False


def runs(pid: int, word: bytes) -> bool:
    """Whether a process runs under this number, and is the one meant: numbers are given out again.

    Where the system doesn't show command lines, any process counts.
    """
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    if not Path("/proc/self/cmdline").exists():
        return True
    try:
        return word in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
