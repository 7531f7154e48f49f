"""Where a stack's state lies, what unlocks its secrets, and locks that a killed run left behind."""

import json
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from ops import orphans, paths
from ops.clusters import SANDBOX, Cluster, Source
from ops.engine import Engine, Kind
from ops.errors import OpsError
from ops.paths import Project

PROJECT = "kotaemon"


@dataclass(frozen=True)
class Backend:
    """Where the state lies."""

    url: str | None
    """None: where the user's own pulumi is logged in."""
    folder: Path | None = None
    """The folder of a backend that these commands made, on this machine alone."""

    @property
    def local(self) -> Path | None:
        """The folder of a file backend, whoever made it."""
        if self.folder:
            return self.folder
        if self.url and self.url.startswith("file://"):
            return Path(self.url.removeprefix("file://").split("?")[0]).expanduser()
        return None

    @property
    def runs(self) -> Path | None:
        """Where the engines that run are noted."""
        return self.folder / "runs" if self.folder else None

    def environment(self) -> dict[str, str]:
        """What tells the engine."""
        return {"PULUMI_BACKEND_URL": self.url} if self.url else {}

    def has(self, stack: str) -> bool | None:
        """Whether the stack is there; None where only the engine can tell."""
        if self.local is None:
            return None
        folder = self.local / ".pulumi" / "stacks"
        return any(
            path.name in {f"{stack}.json", f"{stack}.json.gz"} for path in folder.rglob(f"{stack}.json*")
        )


def choose(project: Project, engine: Engine, cluster: Cluster, environment: Mapping[str, str]) -> Backend:
    """The backend: the user's own, or a folder that belongs to the cluster.

    State describes one cluster. A folder for each means that a cluster which was deleted and made
    anew starts empty instead of with a state that isn't true of it.
    """
    if url := environment.get("PULUMI_BACKEND_URL"):
        return Backend(url)
    if url := _project_backend(project):
        return Backend(url)
    if engine.kind is not Kind.SANDBOX and _logged_in(environment):
        return Backend(None)
    folder = paths.state() / "state" / (cluster.uid or remembered(cluster) or "no-cluster")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if cluster.uid:
        paths.write_private(folder / "cluster.json", json.dumps(_description(cluster)))
    return Backend(f"file://{folder}", folder)


def _description(cluster: Cluster) -> dict[str, str]:
    """What a cluster is recognised by while it doesn't answer."""
    if cluster.source is Source.SANDBOX:  # its port may change, its folder doesn't
        return {"context": SANDBOX, "server": str(cluster.kubeconfig)}
    context = cluster.context
    return {"context": context.name, "server": context.server} if context else {}


def remembered(cluster: Cluster) -> str | None:
    """The identity that a cluster had when it last answered; None where it never did."""
    wanted = _description(cluster)
    folders = sorted((paths.state() / "state").glob("*/cluster.json"), key=lambda path: -path.stat().st_mtime)
    for path in folders if wanted else ():
        try:
            if json.loads(path.read_text(encoding="utf-8")) == wanted:
                return path.parent.name
        except (OSError, ValueError):
            continue
    return None


def elsewhere(stack: str, here: Backend) -> list[str]:
    """The contexts of other clusters on which the stack is up, by this machine's own state."""
    found = []
    for folder in sorted((paths.state() / "state").glob("*")):
        other = Backend(f"file://{folder}", folder)
        if folder != here.folder and other.has(stack) and resources(other, stack):
            try:
                found.append(
                    str(json.loads((folder / "cluster.json").read_text(encoding="utf-8"))["context"])
                )
            except (OSError, ValueError, KeyError):
                continue
    return found


def resources(backend: Backend, stack: str) -> int | None:
    """How many resources the stack's state holds; None where only the engine can tell."""
    found = checkpoint(backend, stack)
    return None if found is None else len(found.get("resources") or [])


def checkpoint(backend: Backend, stack: str) -> dict[str, list[dict[str, object]]] | None:
    """The latest state of a file backend's stack, secrets encrypted; None where it isn't a file backend."""
    if backend.local is None:
        return None
    for path in (backend.local / ".pulumi" / "stacks").rglob(f"{stack}.json"):
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        latest = document.get("checkpoint", {}).get("latest") if isinstance(document, dict) else None
        return latest if isinstance(latest, dict) else {}
    return {}


def passphrase(environment: Mapping[str, str]) -> tuple[dict[str, str], str | None]:
    """What unlocks the stack's secrets, as environment; and a line to say once, where it was just made."""
    if "PULUMI_CONFIG_PASSPHRASE" in environment or "PULUMI_CONFIG_PASSPHRASE_FILE" in environment:
        return {}, None
    path = paths.state() / "passphrase"
    said = None
    if not path.exists():
        paths.write_private(path, secrets.token_urlsafe(32) + "\n")
        said = f"Made a passphrase for this machine's stacks: {path}. Keep a copy: it unlocks their secrets."
    return {"PULUMI_CONFIG_PASSPHRASE_FILE": str(path)}, said


def _project_backend(project: Project) -> str | None:
    try:
        settings = yaml.safe_load(project.settings.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise OpsError(f"{project.settings} can't be read: {error}") from error
    backend = settings.get("backend") if isinstance(settings, dict) else None
    return str(backend["url"]) if isinstance(backend, dict) and backend.get("url") else None


def _logged_in(environment: Mapping[str, str]) -> bool:
    if environment.get("PULUMI_ACCESS_TOKEN"):
        return True
    home = Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        credentials = json.loads((home / "credentials.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(credentials.get("current")) if isinstance(credentials, dict) else False


@dataclass(frozen=True)
class Lock:
    """A lock on a stack in a file backend."""

    path: Path
    pid: int
    host: str
    user: str
    since: str

    @property
    def dead(self) -> bool:
        """Whether the process that took it is gone: on this host, and no pulumi runs under its number."""
        return self.host == socket.gethostname() and not orphans.runs(self.pid, b"pulumi")


def locks(backend: Backend, stack: str) -> list[Lock]:
    """The locks on a stack; none where only the engine can tell."""
    if backend.local is None:
        return []
    found = []
    for path in sorted((backend.local / ".pulumi" / "locks").rglob(f"{stack}/*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            found.append(
                Lock(
                    path,
                    int(content["pid"]),
                    str(content["hostname"]),
                    str(content["username"]),
                    str(content["timestamp"])[:19].replace("T", " "),
                )
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue  # being written, or gone already
    return found


def heal(backend: Backend, stack: str) -> list[str]:
    """End engines and remove locks that killed runs left, and say so. Raises OpsError where a run is going on."""
    said = orphans.end(backend.runs)
    for lock in locks(backend, stack):
        if not lock.dead:
            where = "" if lock.host == socket.gethostname() else f" on {lock.host}"
            raise OpsError(
                f"Stack {stack} is locked by a run that is going on: process {lock.pid}{where}, "
                f"started by {lock.user} at {lock.since}.",
                f"Wait for it to end. If it is gone: make pulumi STACK={stack} ARGS='cancel --yes'",
            )
        for path in (lock.path, lock.path.with_name(f"{lock.path.name}.attrs")):
            path.unlink(missing_ok=True)
        said.append(f"Removed the lock of a run that was killed (process {lock.pid}, {lock.since}).")
    for path in cut_short(backend, stack):
        path.unlink(missing_ok=True)
        said.append(f"Removed {path.name}, which a killed run left half-written.")
    return said


def cut_short(backend: Backend, stack: str) -> list[Path]:
    """Files beside the state that a killed run didn't finish: "failed to load checkpoint: EOF" with them.

    The state itself is written elsewhere and renamed; its attributes (a checksum) aren't, and may be absent.
    """
    if backend.local is None:
        return []
    found = []
    for path in sorted((backend.local / ".pulumi" / "stacks").rglob(f"{stack}.json*.attrs")):
        try:
            json.loads(path.read_bytes())
        except ValueError:
            found.append(path)
    return found
