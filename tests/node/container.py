"""One container: a process in its pod's network, with its own view of the machine's files."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.node.spec import Image, Json

TOOLS = ("chroot", "ip", "mount", "nsenter", "setpriv", "unshare")


@dataclass(frozen=True, kw_only=True)
class Mount:
    """A file or folder of this machine at a path in the container."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, kw_only=True)
class Rights:
    """Who the process is and what it may."""

    user: int
    group: int
    groups: tuple[int, ...]
    capable: bool
    gaining: bool
    read_only: bool

    @classmethod
    def of(cls, pod: Json, container: Json, image: Image) -> "Rights":
        """As the security contexts of the pod and of the container say."""
        context: Json = {**pod, **container.get("securityContext", {})}
        groups = (
            *context.get("supplementalGroups", ()),
            *([context["fsGroup"]] if "fsGroup" in context else ()),
        )
        user = context.get("runAsUser", image.user)
        if context.get("runAsNonRoot") and not user:
            raise PermissionError(f"container {container['name']} must not run as root, and its image does")
        return cls(
            user=user,
            group=context.get("runAsGroup", 0),
            groups=groups,
            capable="ALL" not in context.get("capabilities", {}).get("drop", ()),
            gaining=context.get("allowPrivilegeEscalation", True),
            read_only=context.get("readOnlyRootFilesystem", False),
        )

    def command(self) -> list[str]:
        """What a command is put behind."""
        given = ["--groups", ",".join(map(str, self.groups))] if self.groups else ["--clear-groups"]
        # The group first: one option after the other is applied, and the user's takes the right to change.
        ids = ["--regid", str(self.group), "--reuid", str(self.user), *given]
        less = [] if self.capable else ["--inh-caps=-all", "--bounding-set=-all"]
        return ["setpriv", *ids, *less, *([] if self.gaining else ["--no-new-privs"])]


def obstacle() -> str | None:
    """Why no container can run here, if so: for a test to be skipped with."""
    if not Path("/proc/self/ns").exists():
        return "namespaces are Linux's"
    if os.geteuid():
        return "only root may make namespaces for processes"
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        return f"without {', '.join(missing)} (util-linux, iproute2)"
    with tempfile.TemporaryDirectory() as folder:
        tried = subprocess.run(
            ["unshare", "--net", "--uts", "--mount", "sh", "-ec", _root(Path(folder))],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    return f"no namespaces or overlays here: {tried.stderr.strip()}" if tried.returncode else None


class Container:
    """A running process, or what is left of it."""

    def __init__(self, *, name: str, network: Path, folder: Path, rights: Rights, host: str) -> None:
        self.name = name
        self.rights = rights
        self._network = network
        self._host = host
        self._root = folder / f"{name}.root"
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._files = ""

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], mounts: Sequence[Mount], work: str
    ) -> None:
        """Run a command where nothing runs."""
        if self.running:
            return
        self._root.mkdir(parents=True, exist_ok=True)
        inside = _inside(mounts, self._host, read_only=self.rights.read_only)
        variables = [f"{name}={value}" for name, value in environment.items()]
        run = [*self.rights.command(), "--pdeathsig", "KILL", "env", "-i", *variables, *command]
        inside += f"cd {shlex.quote(work)}\nexec {shlex.join(run)}\n"
        outside = _root(self._root) + _sources(mounts) + f"exec chroot root sh -ec {shlex.quote(inside)}\n"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["nsenter", f"--net={self._network}", "unshare", "--mount", "--uts", "sh", "-ec", outside],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

        # Its view of the files is what tells its processes, also those that leave its session, from all others.
        ours = {"", _files(os.getpid())}
        self._files = ""
        while self.running and not self._files:
            found = _files(self._process.pid)
            self._files = "" if found in ours else found
            time.sleep(0.005)

    @property
    def running(self) -> bool:
        """The process hasn't ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def processes(self) -> list[int]:
        """The numbers of all processes in the container."""
        if not self._files:
            return []
        everywhere = [int(one.name) for one in Path("/proc").glob("[0-9]*")]
        return [pid for pid in everywhere if _files(pid) == self._files]

    @property
    def log(self) -> str:
        """All that it wrote, of every start."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def wait(self, seconds: float) -> int:
        """The exit code of a process that ends by itself."""
        assert self._process is not None, f"{self.name} was never started"
        return self._process.wait(seconds)

    def execute(self, *command: str, seconds: float = 30.0) -> "subprocess.CompletedProcess[str]":
        """Run another command in the container, with its user and its files."""
        assert self.running, f"{self.name} doesn't run:\n{self.log[-2000:]}"
        assert self._process is not None
        where = ["nsenter", "--target", str(self._process.pid), "--mount", "--net", "--uts", "--root", "--wd"]
        return subprocess.run(
            [*where, *self.rights.command(), *command],
            capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip

    def stop(self, *, grace: float = 5.0) -> None:
        """End it and what it started: asked first, killed after `grace` seconds (0: killed at once)."""
        if self._process is None:
            return
        if self.running and grace:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(grace)
        for pid in self.processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None


def _files(pid: int) -> str:
    """Which view of the machine's files a process has; empty where it has ended."""
    with suppress(OSError):
        return str(Path(f"/proc/{pid}/ns/mnt").readlink())
    return ""


def _root(folder: Path) -> str:
    """This machine's files with a layer of memory above them, so that no write reaches them."""
    return (
        f"mount -t tmpfs tmpfs {shlex.quote(str(folder))}\ncd {shlex.quote(str(folder))}\n"
        "mkdir upper work root\n"
        "mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root\n"
        "for one in dev proc sys; do mount --rbind /$one root/$one; done\n"
        "mkdir root/.mounts\n"
    )


def _sources(mounts: Sequence[Mount]) -> str:
    """Bound here, where every path means this machine's: in the new root a link may lead elsewhere."""
    script = ""
    for number, one in enumerate(mounts):
        place = f"root/.mounts/{number}"
        script += f"mkdir {place}\n" if one.source.is_dir() else f"touch {place}\n"
        script += f"mount --rbind {shlex.quote(str(one.source))} {place}\n"
    return script


def _inside(mounts: Sequence[Mount], host: str, *, read_only: bool) -> str:
    script = f"echo {shlex.quote(host)} > /proc/sys/kernel/hostname\n"
    for number, one in sorted(enumerate(mounts), key=lambda item: item[1].target):
        target = shlex.quote(one.target)
        make = (
            "mkdir -p"
            if one.source.is_dir()
            else f"mkdir -p {shlex.quote(str(Path(one.target).parent))} && touch"
        )
        script += f"[ -e {target} ] || {{ {make} {target}; }}\nmount --rbind /.mounts/{number} {target}\n"
        script += f"mount -o remount,bind,ro {target}\n" if one.read_only else ""
    return script + ("mount -o remount,ro /\n" if read_only else "")
