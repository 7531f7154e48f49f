"""Which Pulumi engine runs the program: the user's own, the official installer's, or the sandbox's build."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version as installed_version
from pathlib import Path

from ops import internet, paths
from ops.errors import OpsError

VARIABLE = "KOTAEMON_ENGINE"
PLUGINS = {"kubernetes": "pulumi-kubernetes", "random": "pulumi-random"}
"""Plugin of every stack -> the Python package whose version it must have."""
GOOGLE_PLUGINS = {"gcp": "pulumi-gcp"}
"""The same for what a stack on Google Cloud needs beside them."""


class Kind(StrEnum):
    """Where an engine comes from; the values of KOTAEMON_ENGINE."""

    PATH = "path"
    INSTALL = "install"
    SANDBOX = "sandbox"


NAMES = {
    Kind.PATH: "pulumi on PATH",
    Kind.INSTALL: "official pulumi",
    Kind.SANDBOX: "sandbox build",
}


@dataclass(frozen=True)
class Engine:
    """A Pulumi CLI, and what it needs beside it."""

    kind: Kind
    command: Path
    version: str
    stand_ins: Path | None = None
    """The folder of stand-in plugins, where the official ones are neither installed nor within reach."""

    def __str__(self) -> str:
        extra = ", stand-in plugins" if self.stand_ins and self.kind is not Kind.SANDBOX else ""
        return f"{NAMES[self.kind]} (pulumi {self.version}{extra})"

    def stands_in(self, plugin: str) -> bool:
        """Whether a stand-in runs in place of this official plugin."""
        return self.stand_ins is not None and (self.stand_ins / f"pulumi-resource-{plugin}").exists()

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """What the engine needs in its environment, besides backend and passphrase."""
        folders = [str(self.command.parent)]
        if self.stand_ins:
            folders.insert(0, str(self.stand_ins))
        return {
            "PATH": os.pathsep.join([*folders, base.get("PATH", "")]),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER": "true",
        }


def forced(environment: Mapping[str, str]) -> Kind | None:
    """What KOTAEMON_ENGINE asks for. Raises OpsError where that is no engine."""
    value = environment.get(VARIABLE, "").strip().lower()
    if not value:
        return None
    try:
        return Kind(value)
    except ValueError:
        raise OpsError(f"{VARIABLE}={value} is not an engine; it must be one of: {', '.join(Kind)}") from None


def order(wanted: Kind | None) -> tuple[Kind, ...]:
    """Which engines to try, in order."""
    return (wanted,) if wanted else tuple(Kind)


def choose(environment: Mapping[str, str], *, google: bool = False) -> Engine:
    """The engine for this machine, installed or built first where that is needed. Raises OpsError.

    With `google`, for a stack that needs the plugin for Google Cloud, too.
    """
    wanted = forced(environment)
    finders: dict[Kind, Callable[[], tuple[Path, str] | None]] = {
        Kind.PATH: _on_path,
        Kind.INSTALL: _official,
        Kind.SANDBOX: _sandbox,
    }
    for kind in order(wanted):
        if found := finders[kind]():
            command, version = found
            return Engine(kind, command, version, _stand_ins(kind, environment, google))
    raise OpsError(
        f"There is no engine of the kind that {VARIABLE}={wanted} asks for.",
        "Install Pulumi (https://www.pulumi.com/docs/install/) and put it on PATH"
        if wanted is Kind.PATH
        else f"https://get.pulumi.com can't be reached from here; unset {VARIABLE} to use the sandbox's build",
    )


def comes_from_sandbox(environment: Mapping[str, str]) -> bool:
    """Whether the sandbox's build will be chosen."""
    wanted = forced(environment)
    if wanted is None:
        return not (shutil.which("pulumi") or _official_command().exists() or internet.reachable())
    return wanted is Kind.SANDBOX


def official_root() -> Path:
    """Where `auto.PulumiCommand.install()` puts the CLI of the SDK's version."""
    return Path.home() / ".pulumi" / "versions" / installed_version("pulumi")


def _official_command() -> Path:
    return official_root() / "bin" / "pulumi"


def version_of(command: Path) -> str:
    """The CLI's version. Raises OpsError where it doesn't run."""
    try:
        found = subprocess.run(
            [command, "version"],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise OpsError(
            f"{command} doesn't run: {error}", f"Reinstall it, or: {VARIABLE}=sandbox make up"
        ) from error
    return found.stdout.strip().removeprefix("v")


def _on_path() -> tuple[Path, str] | None:
    found = shutil.which("pulumi")
    return (Path(found).absolute(), version_of(Path(found))) if found else None


def _official() -> tuple[Path, str] | None:
    command = _official_command()
    if not command.exists():
        if not internet.reachable():
            return None
        from pulumi import automation as auto

        print(f"Installing Pulumi {installed_version('pulumi')} into {official_root()} (once) …", flush=True)
        try:
            auto.PulumiCommand.install()
        except (OSError, subprocess.SubprocessError) as error:
            # Half a network is no network: the sandbox needs none.
            print(f"That didn't work ({error}).", flush=True)
            return None
    return command, version_of(command)


def _sandbox() -> tuple[Path, str]:
    from sandbox import build
    from sandbox.errors import SandboxError

    try:
        command = build.ensure(["pulumi"])["pulumi"]
    except SandboxError as error:
        raise OpsError(str(error)) from error
    return command, build.BINARIES["pulumi"].version


def missing_plugins(environment: Mapping[str, str], plugins: Mapping[str, str] = PLUGINS) -> list[str]:
    """Which official plugins aren't installed at the version that the program needs."""
    home = Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return [
        name
        for name, package in plugins.items()
        if not (home / "plugins" / f"resource-{name}-v{installed_version(package)}").is_dir()
        and not shutil.which(f"pulumi-resource-{name}")
    ]


def _stand_ins(kind: Kind, environment: Mapping[str, str], google: bool) -> Path | None:
    """Stand-ins for exactly the plugins that are missing and can't be had; None where there are none such."""
    missing = missing_plugins(environment)
    if google:
        missing = [*missing, *missing_plugins(environment, GOOGLE_PLUGINS)]
    if not missing or (kind is not Kind.SANDBOX and internet.reachable()):
        return None
    from sandbox import providers

    # A folder for each choice: what stands on PATH hides what is installed.
    return providers.install(paths.cache() / f"stand-ins-{'-'.join(missing)}", missing)
