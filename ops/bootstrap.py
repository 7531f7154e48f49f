"""Make .venv from uv.lock. Runs on any Python >= 3.11 with nothing installed: standard library only."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

UV = "0.13.9"
ROOT = Path(__file__).resolve().parent.parent
GET_UV = "curl -LsSf https://astral.sh/uv/install.sh | sh"


def cache() -> Path:
    """The user's cache folder for what these commands download."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser().absolute() / "kotaemon-sandbox"


def find_uv() -> Path | None:
    """A uv that is there already: on PATH, or from an earlier bootstrap."""
    if found := shutil.which("uv"):
        return Path(found)
    own = cache() / f"uv-{UV}" / "bin" / "uv"
    return own if own.exists() else None


def install_uv() -> Path:
    """The pinned uv, by pip, into the cache. Exits with one clear line where that can't be."""
    target = cache() / f"uv-{UV}"
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:
        sys.exit(
            f"error: neither uv nor pip is here, and one of them is needed.\n"
            f"  {GET_UV}   or on Debian and Ubuntu: apt install python3-pip"
        )
    print(f"Getting uv {UV} …", file=sys.stderr, flush=True)
    draft = target.with_name(f"{target.name}.{os.getpid()}")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    done = subprocess.run([*command, "--target", str(draft), f"uv=={UV}"], capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(draft, ignore_errors=True)
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        sys.exit(f"error: pip couldn't get uv {UV}: {last}\n  Or install uv yourself: {GET_UV}")
    # Renamed when complete, so that an interrupted download is never taken for a uv.
    shutil.rmtree(target, ignore_errors=True)
    draft.replace(target)
    return target / "bin" / "uv"


def main() -> None:
    """Make or update .venv, and stamp it."""
    if sys.version_info < (3, 11):  # noqa: UP036 that is what is being checked
        sys.exit(
            f"error: Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}.\n"
            "  Name another one: make PYTHON=python3.12 …"
        )
    project = ROOT / (sys.argv[1] if sys.argv[1:] else ".")
    uv = find_uv() or install_uv()
    where = os.path.relpath(project / ".venv", ROOT)
    # Not on stdout, where a program may expect the command's JSON alone.
    print(f"Installing the pinned packages into {where} …", file=sys.stderr, flush=True)
    command = [str(uv), "sync", "--frozen", "--quiet", "--project", str(project), "--python", sys.executable]
    # Not the virtual environment that may be active: the project has its own.
    environment = {key: value for key, value in os.environ.items() if key != "VIRTUAL_ENV"}
    if subprocess.run(command, cwd=project, env=environment).returncode:
        sys.exit("error: uv couldn't install the packages (see above).")
    (project / ".venv" / ".stamp").touch()


if __name__ == "__main__":
    main()
