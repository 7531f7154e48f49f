"""Where the sandbox keeps things: binaries in a cache, a cluster's state in a home of its own."""

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOME_VARIABLE = "KOTAEMON_SANDBOX_HOME"
"""Moves the cluster's state (not the binaries), so that several clusters can share one build."""


def cache() -> Path:
    """What takes minutes to make again and no cluster changes: built binaries, a Go toolchain."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser().absolute() / "kotaemon-sandbox"


@dataclass(frozen=True)
class Home:
    """The folder of one cluster."""

    root: Path

    @classmethod
    def default(cls) -> "Home":
        """The folder that KOTAEMON_SANDBOX_HOME names, else the cache folder."""
        chosen = os.environ.get(HOME_VARIABLE)
        return cls(Path(chosen).expanduser().absolute() if chosen else cache())

    @property
    def run(self) -> Path:
        """All state of the cluster; `purge` removes exactly this folder."""
        return self.root / "run"

    @property
    def logs(self) -> Path:
        """One log per process."""
        return self.run / "logs"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.run / "pki"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig; it holds its certificates and needs no other file."""
        return self.run / "kubeconfig"

    @property
    def ports(self) -> Path:
        """The ports in use, as JSON."""
        return self.run / "ports.json"

    @property
    def lock(self) -> Path:
        """Held by whoever starts, stops or purges; outside `run`, which purge removes."""
        return self.root / "run.lock"


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold an exclusive lock on a file; the system releases it however the process ends.

    `what` completes the line that a second process prints while it waits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another process that {what} (lock: {path})", file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, complete or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    temporary.replace(path)
