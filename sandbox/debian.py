"""Programs out of Debian's packages, unpacked into the cache: nothing is installed and no service starts.

For tests. The version is whatever the machine's release has, checked by apt against the signed lists.
"""

import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from sandbox import paths
from sandbox.errors import SandboxError

PATIENCE = 180.0
"""Seconds until a download is given up: 20 MB at most, and lists of packages where the machine has none."""

PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "amtool": "prometheus-alertmanager",
    "prometheus-blackbox-exporter": "prometheus-blackbox-exporter",
    "prometheus-postgres-exporter": "prometheus-postgres-exporter",
    "prometheus-elasticsearch-exporter": "prometheus-elasticsearch-exporter",
}
"""The package of each command. All of these need no library but libc."""


def program(command: str) -> Path:
    """The path of a command of `PACKAGES`, downloaded first where the cache hasn't got it.

    Raises SandboxError, whose text can be a skip's reason, where packages can't be had: on a system
    without apt, or without a mirror within reach. KeyError for a command not in `PACKAGES`.
    """
    package = PACKAGES[command]
    folder = paths.cache() / "debian" / _release() / package
    path = folder / "usr" / "bin" / command
    if not path.exists():
        for tool in ("apt-get", "dpkg-deb"):
            if not shutil.which(tool):
                raise SandboxError(
                    f"{command} comes out of Debian's package {package}, and here is no {tool}."
                )
        with paths.locked(paths.cache() / "debian.lock", "downloads Debian's packages"):
            if not path.exists():
                _unpack(package, folder)
    if not path.exists():
        raise SandboxError(f"The package {package} of this release has no /usr/bin/{command}.")
    return path


def _release() -> str:
    """A folder's name for what decides the version: the release and the kind of processor."""
    try:
        system = platform.freedesktop_os_release()
    except OSError:
        system = {"ID": platform.system().lower()}
    return f"{system['ID']}-{system.get('VERSION_ID', 'rolling')}-{platform.machine()}"


def _unpack(package: str, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder.parent) as temporary:
        archive = _download(package, Path(temporary))
        content = archive.with_name("content")
        problem = _run("dpkg-deb", "-x", str(archive), str(content))
        if problem:
            raise SandboxError(f"{archive.name} couldn't be unpacked: {problem}")
        # Renamed only when complete, so that an interrupted one is never taken for a program.
        shutil.rmtree(folder, ignore_errors=True)
        content.rename(folder)


def _download(package: str, folder: Path) -> Path:
    """By the machine's lists of packages, else by fresh ones in the cache: the machine's stay as they are."""
    lists = paths.cache() / "debian" / "apt"
    own = (f"Dir::State={lists / 'state'}", f"Dir::Cache={lists / 'cache'}", "Dir::State::status=/dev/null")
    problem = _apt(folder, (), "download", package)
    if problem:
        for part in ("state/lists/partial", "cache/archives/partial"):
            (lists / part).mkdir(parents=True, exist_ok=True)
        problem = _apt(folder, own, "update") or _apt(folder, own, "download", package)
    found = next(folder.glob("*.deb"), None)
    if problem or not found:
        raise SandboxError(f"Debian's package {package} can't be downloaded: {problem or 'apt gave no file'}")
    return found


def _apt(folder: Path, options: tuple[str, ...], *arguments: str) -> str:
    # As whoever runs this: apt's own user can't write into the folder.
    given = [argument for option in ("APT::Sandbox::User=root", *options) for argument in ("-o", option)]
    return _run("apt-get", "-q", *given, *arguments, folder=folder)


def _run(*command: str, folder: Path | None = None) -> str:
    """What went wrong, by the command's last line; empty where nothing did."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{command[0]} took more than {PATIENCE:.0f} s"
    words = done.stderr.strip() or done.stdout.strip() or f"{command[0]} ended with {done.returncode}"
    return words.splitlines()[-1] if done.returncode else ""
