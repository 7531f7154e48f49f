"""Processes that outlive the command that started them, and are found again without pid files.

A pid file can be missing (killed between the start and the write) or stale (the pid belongs to
somebody else by now). The list of processes can be neither: a process is ours when its whole
command line is one that we would start, and that holds a path below the cluster's own folder.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """A running process."""

    pid: int
    command: str
    """Its command line, arguments joined by blanks."""
    age: float
    """Seconds since it started."""


def listing() -> list[Process]:
    """All processes of this user; those that ended but weren't waited for don't count."""
    if Path("/proc/self/cmdline").exists():
        return _linux()
    return _ps()


def spawn(command: list[str], folder: Path, log: Path) -> None:
    """Start a process in a session of its own: neither Ctrl-C nor the terminal's end reaches it."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".previous.log"))  # one is kept: why the last one ended
    environment = {key: os.environ[key] for key in ("PATH", "TMPDIR", "TZ", "LANG") if key in os.environ}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment | {"HOME": str(folder)},  # no settings from the user's own dot files
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    # For a moment after exec Linux shows an empty command line, which looks like none of ours.
    while process.poll() is None and process.pid not in {other.pid for other in listing()}:
        time.sleep(0.01)


def end(processes: Iterable[Process], patience: float) -> None:
    """Ask these processes to end, and kill those that still run after `patience` seconds."""
    waiting = list(processes)
    for process in waiting:
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while waiting and time.monotonic() < deadline:
        time.sleep(0.05)
        waiting = _still(waiting)
    for process in waiting:
        _signal(process, signal.SIGKILL)
    while waiting:  # SIGKILL can't be refused; this waits for the system to tidy up
        time.sleep(0.02)
        waiting = _still(waiting)


def tail(log: Path, lines: int = 20) -> str:
    """The last lines of a log, indented, to show in a message."""
    if not log.exists():
        return "  (no log)"
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - 20_000))
        text = handle.read().decode(errors="replace")
    return "\n".join(f"  {line[:400]}" for line in text.splitlines()[-lines:])


def _still(processes: list[Process]) -> list[Process]:
    alive = {(process.pid, process.command) for process in listing()}
    return [process for process in processes if (process.pid, process.command) in alive]


def _signal(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(process.pid, number)


def _linux() -> list[Process]:
    ticks = os.sysconf("SC_CLK_TCK")
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            arguments = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            if not arguments[0] or folder.stat().st_uid != os.getuid():
                continue
            # The name, in parentheses, may hold blanks: count the fields after it.
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if fields[0] in "ZX":
            continue
        command = b" ".join(arguments).decode(errors="replace")
        found.append(Process(int(folder.name), command, max(0.0, uptime - int(fields[19]) / ticks)))
    return found


def _ps() -> list[Process]:
    """Where there is no /proc, as on macOS."""
    answer = subprocess.run(
        ["ps", "-xww", "-U", str(os.getuid()), "-o", "pid=,stat=,etime=,command="],
        capture_output=True,
        text=True,
        check=True,
    )
    found = []
    for line in answer.stdout.splitlines():
        pid, state, elapsed, command = line.split(None, 3)
        if not state.startswith("Z"):
            found.append(Process(int(pid), command, _seconds(elapsed)))
    return found


def _seconds(elapsed: str) -> float:
    """What `ps` calls etime, [[days-]hours:]minutes:seconds, as seconds."""
    days, _, clock = elapsed.rpartition("-")
    total = 0
    for part in clock.split(":"):
        total = total * 60 + int(part)
    return float(int(days or 0) * 86400 + total)
