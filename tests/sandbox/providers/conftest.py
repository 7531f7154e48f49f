"""One cluster for these tests, and an engine with a state of each test's own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pulumi import automation

from sandbox import build, cluster, components
from sandbox.paths import Home
from sandbox.providers import install

PASSPHRASE = "test"


@dataclass
class Engine:
    """Runs programs against a cluster."""

    folder: Path
    kubeconfig: Path
    binary: Path
    said: list[str] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": f"{install(self.folder / 'plugins')}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": (self.folder / "state").as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_HOME": str(self.folder / "pulumi"),
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            **self.extra,
        }

    def stack(self, program: Callable[[], None]) -> automation.Stack:
        """The one stack of this engine, with a program; `said` gets what the engine prints."""
        (self.folder / "state").mkdir(exist_ok=True)
        (self.folder / "work").mkdir(exist_ok=True)
        return automation.create_or_select_stack(
            stack_name="test",
            project_name="test",
            program=program,
            opts=automation.LocalWorkspaceOptions(
                work_dir=str(self.folder / "work"),
                pulumi_command=automation.PulumiCommand(str(self.binary.parent.parent)),
                env_vars=self.environment,
            ),
        )

    def up(self, program: Callable[[], None]) -> automation.UpResult:
        """Bring the program about."""
        self.said.clear()
        return self.stack(program).up(on_output=self.said.append)

    def fails(self, program: Callable[[], None]) -> str:
        """What the engine says when the program can't be brought about."""
        with pytest.raises(automation.CommandError):
            self.up(program)
        return "\n".join(self.said)

    def resources(self) -> dict[str, dict[str, object]]:
        """The state's resources, by name."""
        deployment = self.stack(lambda: None).export_stack().deployment
        return {entry["urn"].rpartition("::")[2]: entry for entry in (deployment or {}).get("resources", [])}

    def state_files(self) -> str:
        """Everything that the engine has stored."""
        return "".join(path.read_text() for path in (self.folder / "state").rglob("*") if path.is_file())

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Look at the cluster, or meddle with it."""
        binary = build.ensure(["kubectl"])["kubectl"]
        return subprocess.run(
            [binary, f"--kubeconfig={self.kubeconfig}", *arguments],
            input=stdin, capture_output=True, text=True, check=True, timeout=60,
        ).stdout  # fmt: skip

    def command(self, module: str, *arguments: str) -> "subprocess.Popen[str]":
        """A program in a process of its own, to be killed."""
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **self.environment},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip


@pytest.fixture(scope="session")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    build.ensure(components.NAMES)
    home = Home(tmp_path_factory.mktemp("cluster"))
    yield cluster.start(home).kubeconfig
    cluster.stop(home)
    cluster.purge(home)


@pytest.fixture
def engine(tmp_path: Path, kubeconfig: Path) -> Iterator[Engine]:
    found = Engine(tmp_path, kubeconfig, build.ensure(["pulumi"])["pulumi"])
    yield found
    found.stack(lambda: None).destroy()
