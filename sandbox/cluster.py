"""Start, stop and look at the sandbox's cluster."""

import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox import build, certs, components, crds, objects, processes
from sandbox.api import Api
from sandbox.components import Component
from sandbox.errors import SandboxError
from sandbox.paths import Home, locked, write_private
from sandbox.processes import Process
from sandbox.progress import Step

CONTEXT = "kotaemon-sandbox"
PATIENCE = 120.0
"""Seconds until a start that makes no progress is given up: ten times what 2 cores need."""

HEALTH = {"etcd": "/health", "kube-apiserver": "/readyz"}
"""Where a component says that it is well, if not at /healthz."""


@dataclass(frozen=True)
class Cluster:
    """A running cluster, and how to reach it."""

    kubeconfig: Path
    context: str
    server: str
    home: Path
    """The folder of its state."""
    nodes: tuple[str, ...] = tuple(f"{objects.REGION}-{zone}" for zone in objects.ZONES)
    """Simulated: pods on them are Running and Ready, but nothing runs."""


@dataclass(frozen=True)
class ComponentStatus:
    """One process of the cluster, running or not."""

    name: str
    port: int
    pid: int | None
    age: float
    """Seconds since it started."""
    problem: str | None
    """What is wrong with it, in words; None when it is well."""


@dataclass(frozen=True)
class Status:
    """The cluster's state at one moment."""

    components: tuple[ComponentStatus, ...]
    nodes_ready: int

    @property
    def stopped(self) -> bool:
        """No process of it runs."""
        return not any(component.pid for component in self.components)

    @property
    def healthy(self) -> bool:
        """All processes are well and all nodes Ready."""
        all_well = bool(self.components) and not any(component.problem for component in self.components)
        return all_well and self.nodes_ready >= len(objects.ZONES)


def start(home: Home | None = None) -> Cluster:
    """Make the cluster run, whatever state an earlier start, stop or crash left it in.

    Where it already runs this takes a moment and changes nothing. Raises SandboxError with the
    end of the log of the process that failed.
    """
    home = home or Home.default()
    binaries = build.ensure(components.NAMES)
    definitions = _definitions()
    with locked(home.lock, "starts or stops this sandbox"):
        home.run.mkdir(parents=True, exist_ok=True, mode=0o700)
        if certs.ensure(home.pki):
            _end(_ours(home))  # whatever runs trusts the old authority
        ports, missing = _prepare(home, binaries)
        if missing or not _complete(home, ports, definitions):
            _bring_up(home, ports, binaries, missing, definitions)
    return _cluster(home, ports)


def _definitions() -> tuple[crds.Definition, ...]:
    """The custom resources to define; none where they can't be had, since most stacks have none."""
    try:
        return crds.ensure()
    except SandboxError as error:
        print(f"Going on without custom resources: {error}", file=sys.stderr, flush=True)
        return ()


def _complete(home: Home, ports: dict[str, int], definitions: Sequence[crds.Definition]) -> bool:
    """All processes are well, all nodes Ready and all custom resources defined."""
    if not _status(home).healthy:
        return False
    with Api(home.pki, ports["kube-apiserver"]) as api:
        return not crds.lacking(api, definitions)


def stop(home: Home | None = None) -> bool:
    """End all processes of the cluster and keep its state; False if none ran."""
    home = home or Home.default()
    if not home.run.exists() and not _ours(home):
        return False
    with locked(home.lock, "starts or stops this sandbox"):
        ours = _ours(home)
        if ours:
            _remember_volumes(home)
            with Step("Stopping"):
                _end(ours)
    return bool(ours)


def status(home: Home | None = None) -> Status:
    """What runs, and whether it is well. Changes nothing and waits for nobody."""
    return _status(home or Home.default())


def running(home: Home | None = None) -> Cluster | None:
    """The cluster, if it runs and is well."""
    home = home or Home.default()
    ports = components.known_ports(home)
    return _cluster(home, ports) if ports and _status(home).healthy else None


def purge(home: Home | None = None) -> bool:
    """Remove the state of a stopped cluster; False if there is none. The binaries stay.

    Raises SandboxError while any process of it runs.
    """
    home = home or Home.default()
    if not home.run.exists():
        return False
    with locked(home.lock, "starts or stops this sandbox"):
        if _ours(home):
            raise SandboxError("The sandbox runs. Stop it first: python -m sandbox stop")
        for folder in _remembered_volumes(home):
            with suppress(OSError):  # not empty, or gone: somebody else's business
                folder.rmdir()
                folder.parent.rmdir()
        shutil.rmtree(home.run)
    return True


def _cluster(home: Home, ports: dict[str, int]) -> Cluster:
    return Cluster(home.kubeconfig, CONTEXT, components.server_url(ports), home.root)


def _ours(home: Home) -> dict[str, list[Process]]:
    """The processes of this home's cluster by component, whichever version or port they have."""
    found: dict[str, list[Process]] = {}
    for process in processes.listing():
        program = Path(process.command.split(" --", 1)[0])
        if program.is_absolute() and program.name in components.NAMES and f"={home.run}/" in process.command:
            found.setdefault(program.name, []).append(process)
    return found


def _end(ours: dict[str, list[Process]]) -> None:
    """End processes, those that write before those that they write to."""
    clients = [p for name in components.NAMES[2:] for p in ours.get(name, [])]
    processes.end(clients, patience=1.0)
    processes.end(ours.get("kube-apiserver", []), patience=1.5)
    processes.end(ours.get("etcd", []), patience=1.5)


def _prepare(home: Home, binaries: dict[str, Path]) -> tuple[dict[str, int], list[Component]]:
    """Choose ports, end what doesn't run as it should, and return what must be started."""
    ours = _ours(home)

    def right(ports: dict[str, int] | None) -> set[str]:
        """The names of the components whose one process has exactly the command line wanted."""
        wanted = components.all_components(home, ports) if ports else ()
        commands = {c.name: [" ".join(c.command(binaries[c.name]))] for c in wanted}
        return {name for name in commands if [p.command for p in ours.get(name, [])] == commands[name]}

    kept = right(components.known_ports(home))
    _end({name: ours[name] for name in ours if name not in kept})
    ports = components.choose_ports(home, kept)
    moved = kept - right(ports)  # talks to another whose port has just changed
    _end({name: ours[name] for name in moved})
    missing = [c for c in components.all_components(home, ports) if c.name not in kept - moved]
    if missing or not home.kubeconfig.exists():
        components.write_kubeconfigs(home, ports, CONTEXT)
    return ports, missing


def _bring_up(
    home: Home,
    ports: dict[str, int],
    binaries: dict[str, Path],
    missing: Sequence[Component],
    definitions: Sequence[crds.Definition],
) -> None:
    everything = components.all_components(home, ports)
    store, clients = everything[:2], everything[2:]

    def spawn(group: Sequence[Component]) -> None:
        for component in group:
            if component in missing:
                processes.spawn(component.command(binaries[component.name]), home.run, component.log)

    def settled() -> bool:
        """One round of what a fresh cluster lacks; the controllers begin while definitions are written."""
        begun = objects.create(api, ports["kwok"])
        with Api(home.pki, ports["kube-apiserver"], timeout=crds.PATIENCE) as patient:
            return crds.apply(patient, definitions) and begun and _status(home).healthy

    with Api(home.pki, ports["kube-apiserver"]) as api:
        spawn(store)
        _wait(home, "API server", store, usually=4, done=lambda: api.healthy("/readyz"))
        spawn(clients)  # after it: the controller manager gives up when the API isn't there
        _wait(
            home,
            "Three simulated nodes and custom resources",
            everything,
            usually=6,
            done=settled,
        )


def _wait(
    home: Home, label: str, needed: Sequence[Component], usually: float, done: Callable[[], bool]
) -> None:
    """Wait until something is done, unless a process that it needs ends."""
    deadline = time.monotonic() + PATIENCE
    with Step(label, usually) as step:
        while not done():
            step.tick()
            ours = _ours(home)
            for component in needed:
                if component.name not in ours:
                    raise _failure(component, "ended right after its start")
            if time.monotonic() > deadline:
                unwell = {c.name: c.problem for c in _status(home).components if c.problem}
                blamed = next((c for c in needed if c.name in unwell), needed[-1])
                raise _failure(blamed, f"isn't well after {PATIENCE:.0f} s")
            time.sleep(0.1)


def _failure(component: Component, what: str) -> SandboxError:
    # Writes aren't synced, so a crash of the machine (not of a process) can damage the data.
    lost = "\nIf its data is damaged, `stop` and `purge` it: that gives a fresh cluster."
    return SandboxError(
        f"{component.name} {what}. The end of its log:\n{processes.tail(component.log)}\n"
        f"All of it: {component.log}\n"
        "`python -m sandbox start` tries again, `python -m sandbox stop` ends what runs."
        + (lost if component.name == "etcd" else "")
    )


def _status(home: Home) -> Status:
    ports = components.known_ports(home)
    if not ports or not home.pki.exists():
        return Status((), 0)
    ours = _ours(home)
    found: dict[str, ComponentStatus] = {}
    for component in components.all_components(home, ports):
        name = component.name
        here = ours.get(name, [])
        problem = _problem(component, here)
        if not problem and name != "etcd" and (store := found["etcd"].problem):
            problem = f"etcd {store}"  # without its store the API server hangs: don't ask
        elif not problem:
            with Api(home.pki, component.port, timeout=3.0) as api:
                if not api.healthy(HEALTH.get(name, "/healthz")):
                    problem = f"doesn't say that it is well; log: {component.log}"
        first = here[0] if here else None
        found[name] = ComponentStatus(
            name, component.port, first.pid if first else None, first.age if first else 0.0, problem
        )
    if found["kube-apiserver"].problem:
        return Status(tuple(found.values()), 0)
    with Api(home.pki, ports["kube-apiserver"]) as api:
        return Status(tuple(found.values()), len(objects.ready_nodes(api)))


def _problem(component: Component, here: Sequence[Process]) -> str | None:
    """What is wrong with a component's processes, without asking them."""
    if not here:
        return "not running"
    wanted = " ".join(component.command(build.BINARIES[component.name].path))
    return None if [p.command for p in here] == [wanted] else "has other settings: `start` restarts it"


def _remember_volumes(home: Home) -> None:
    """Note which folders the volumes have, for `purge`, which can't ask the API any more."""
    ports = components.known_ports(home)
    if ports:
        with Api(home.pki, ports["kube-apiserver"], timeout=1.0) as api:
            folders = {*objects.volume_folders(api), *map(str, _remembered_volumes(home))}
        write_private(home.run / "volumes.json", json.dumps(sorted(folders)))


def _remembered_volumes(home: Home) -> list[Path]:
    try:
        return [Path(folder) for folder in json.loads((home.run / "volumes.json").read_text())]
    except (OSError, ValueError):
        return []
