"""Where things lie: the project, the state (precious) and the cache (not)."""

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Project:
    """The folder of a Pulumi program."""

    root: Path = PROJECT

    @property
    def settings(self) -> Path:
        """Pulumi.yaml."""
        return self.root / "Pulumi.yaml"

    @property
    def program(self) -> Path:
        """The program that every stack runs."""
        return self.root / "__main__.py"

    def stack_file(self, stack: str) -> Path:
        """The user's file for one stack."""
        return self.root / f"Pulumi.{stack}.yaml"

    def stacks(self) -> list[str]:
        """The stacks that have a file."""
        return sorted(path.name.split(".")[1] for path in self.root.glob("Pulumi.*.yaml"))


def state() -> Path:
    """The folder of passphrase and state, made for its owner alone. Losing it loses every generated password."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    folder = Path(base).expanduser().absolute() / "kotaemon"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    return folder


def cache() -> Path:
    """What can be made again: downloads, stand-ins."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser().absolute() / "kotaemon-sandbox"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, all of it or nothing."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
