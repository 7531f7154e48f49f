"""The commands as people type them, on the real engine and a real API server, with a small program.

What the whole platform does there is tests/sandbox/test_stack.py's; this is about the commands:
what they say, what they end with, and what is left when something goes wrong in between.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from ops import paths
from ops.api import Api
from ops.kubeconfig import read
from ops.paths import Project
from sandbox import build, cluster, components
from sandbox.paths import HOME_VARIABLE, Home

from .conftest import write_stack

pytestmark = pytest.mark.sandbox


@dataclass(frozen=True)
class Commands:
    """`python -m ops` in a project and a state of the test's own."""

    project: Project
    environment: Mapping[str, str]
    cluster: cluster.Cluster

    def start(self, command: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "ops", command, "--project", str(self.project.root), *arguments],
            cwd=paths.PROJECT,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, command: str, *arguments: str, code: int = 0, **environment: str) -> str:
        process = self.start(command, *arguments, **environment)
        said, _ = process.communicate(timeout=180)
        assert process.returncode == code, f"{command} ended with {process.returncode}:\n{said}"
        assert "Traceback" not in said, said
        return said

    def until(self, process: "subprocess.Popen[str]", word: str) -> str:
        """What a command says until it says a word."""
        said = ""
        assert process.stdout
        for line in process.stdout:
            said += line
            if word in line:
                return said
        raise AssertionError(f"never said {word!r}:\n{said}")

    def names(self, group: str, plural: str) -> list[str]:
        """The names of the program's objects of a kind."""
        context = next(one for one in read(self.cluster.kubeconfig) if one.name == self.cluster.context)
        with Api(context) as api:
            items = api.items(f"/{group}/namespaces/{self.space}/{plural}")
        return [one["metadata"]["name"] for one in items]  # type: ignore[index]  # JSON

    @property
    def space(self) -> str:
        return f"tiny-{self.project.root.parent.name.replace('_', '-').lower()}"[:60].rstrip("-")

    def configure(self, **config: object) -> None:
        write_stack(self.project, "local", space=self.space, **config)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cluster.Cluster]:
    build.ensure([*components.NAMES, "pulumi"])  # here, where it may take its minutes
    home = Home(tmp_path_factory.mktemp("sandbox"))
    yield cluster.start(home)
    cluster.stop(home)
    cluster.purge(home)


@pytest.fixture
def commands(project: Project, running: cluster.Cluster, tmp_path: Path) -> Iterator[Commands]:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "KOTAEMON_"))
    }
    environment |= {
        HOME_VARIABLE: str(running.home),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "KOTAEMON_CLUSTER": "sandbox",
        "KOTAEMON_ENGINE": "sandbox",
    }
    found = Commands(project, environment, running)
    found.configure()
    yield found
    found.configure()
    found.start("down", "--yes").communicate(timeout=180)  # ends with 1 where nothing is left


def test_from_nothing_to_up_and_down_again(commands: Commands) -> None:
    preview = commands.run("preview")
    assert "5 to create" in preview
    up = commands.run("up")
    assert re.search(
        r"^engine: sandbox build \(pulumi 3\.\S+\)   cluster: sandbox, 3 simulated nodes .*stack: local$",
        up,
        re.M,
    )
    assert "Up: 5 created" in up
    assert "Log in as  admin" in up
    assert "stack output adminPassword --show-secrets" in up
    assert "no container runs" in up
    password = commands.run("pulumi", "--", "stack", "output", "adminPassword", "--show-secrets").split()[-1]
    assert re.fullmatch("[A-Za-z0-9]{16}", password)
    assert password not in up
    assert "nothing changed" in commands.run("up")

    commands.configure(word="other")
    diff = commands.run("diff")
    assert "data.word: hello → other" in diff
    assert "1 to replace, 1 to update, 3 unchanged" in diff
    assert "nothing runs" not in commands.run("status").lower()
    assert "1/1 ready" in commands.run("status")

    refused = commands.run("down", code=1)
    assert "Namespace/space" in refused
    assert "nothing was deleted" in refused
    assert commands.names("apis/apps/v1", "deployments")
    down = commands.run("down", "--yes")
    assert "Down: 5 deleted" in down
    assert "make sandbox-stop" in down
    assert commands.names("apis/apps/v1", "deployments") == []


def test_the_users_own_files_are_edited_and_their_secrets_reach_the_program(commands: Commands) -> None:
    """The engine works on a copy; what the user sets must be in the original, encrypted, and readable there."""
    commands.run("up")
    commands.run("pulumi", "--", "config", "set", "--secret", "openaiApiKey", "sk-sentinel")
    commands.run("pulumi", "--", "config", "set", "--path", "app.replicas", "3")
    file = commands.project.stack_file("local").read_text()
    assert "sk-sentinel" not in file
    assert yaml.safe_load(file)["config"]["kotaemon:app"] == {"replicas": 3}
    assert "kubernetes:" not in file
    assert "Secret/admin" in commands.run("diff")
    commands.run("up")
    context = next(one for one in read(commands.cluster.kubeconfig) if one.name == commands.cluster.context)
    with Api(context) as api:
        (secret,) = api.items(f"/api/v1/namespaces/{commands.space}/secrets")
    assert secret["data"]["key"] == "c2stc2VudGluZWw="  # type: ignore[index]  # JSON; sk-sentinel in base64
    state = "".join(path.read_text() for path in Path(commands.environment["XDG_STATE_HOME"]).rglob("*.json"))
    assert "sk-sentinel" not in state


def test_status_says_why_a_pod_is_not_ready_while_up_still_waits(commands: Commands) -> None:
    commands.configure(stuck="true")
    process = commands.start("up")
    commands.until(process, "waiting for + Deployment/app")
    said = commands.run("status", code=1)
    assert "!! Deployment app-" in said
    assert "no node takes it" in said
    assert "→ No node has the labels" in said
    report = json.loads(commands.run("status", "--json", code=1).partition("\n")[2])
    assert report["ready"] is False
    assert report["simulatedNodes"] == 3

    second = commands.run("up", code=1)
    assert "is locked by a run that is going on" in second
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Interrupted. The same command again goes on from there." in said
    commands.configure()
    commands.run("up")
    assert len(commands.names("apis/apps/v1", "deployments")) == 1


@pytest.mark.parametrize("victim", ["engine", "driver"])
def test_a_killed_up_goes_on_and_leaves_nothing_twice(commands: Commands, victim: str) -> None:
    """An out-of-memory kill leaves a lock, and objects that the state only knows as being created."""
    commands.configure(stuck="true")
    process = commands.start("up")
    commands.until(process, "waiting for + Deployment/app")
    if victim == "engine":
        (note,) = Path(commands.environment["XDG_STATE_HOME"]).glob("kotaemon/state/*/runs/*")
        assert int(note.read_text()) == process.pid
        os.kill(int(note.name), signal.SIGKILL)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "The engine was killed (signal 9)" in said
        assert "Traceback" not in said
    else:
        process.kill()
        process.communicate(timeout=60)
    left = commands.names("apis/apps/v1", "deployments")
    assert len(left) == 1
    commands.configure()
    commands.run("up")
    now = commands.names("apis/apps/v1", "deployments")
    assert len(now) == 1
    assert "No changes, 5 unchanged" in commands.run("diff")


def test_a_wrong_passphrase_is_one_clear_line(commands: Commands) -> None:
    commands.run("up", PULUMI_CONFIG_PASSPHRASE="right")
    for command in ("up", "diff"):
        said = commands.run(command, code=1, PULUMI_CONFIG_PASSPHRASE="wrong")
        assert (
            "error: The passphrase doesn't unlock stack local's secrets.\n  Set PULUMI_CONFIG_PASSPHRASE"
            in said
        )
    commands.run("down", "--yes", PULUMI_CONFIG_PASSPHRASE="right")


def test_a_cluster_that_cannot_be_reached_is_one_clear_line(commands: Commands, tmp_path: Path) -> None:
    away = tmp_path / "kubeconfig"
    away.write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:1", commands.cluster.kubeconfig.read_text()))
    commands.configure(kubernetes__kubeconfig=str(away))
    for command in ("up", "diff", "status", "open", "down"):
        said = commands.run(command, code=1, KOTAEMON_CLUSTER="")
        assert said.startswith(
            "error: The cluster (set in the stack's file) can't be reached: https://127.0.0.1:1"
        )
        assert len(said.splitlines()) == 2
    commands.run("pulumi", "--", "config", "rm", "kubernetes:kubeconfig", KOTAEMON_CLUSTER="")


def test_a_wrong_configuration_is_its_own_listing_and_touches_nothing(commands: Commands) -> None:
    listing = "Pulumi.local.yaml has 1 problem; nothing was touched.\\n\\n  1. kotaemon:app"
    program = commands.project.program.read_text()
    commands.project.program.write_text(f'import pulumi\nraise pulumi.RunError("{listing}")\n')
    for command in ("preview", "up"):
        said = commands.run(command, code=1)
        assert said.count("Pulumi.local.yaml has 1 problem") == 1
    commands.project.program.write_text(program)
    assert "Nothing to delete" in commands.run("down", "--yes")


def test_nothing_can_be_opened_on_simulated_nodes(commands: Commands) -> None:
    commands.run("up")
    said = commands.run("open", code=1)
    assert "error: Nothing runs on the sandbox's 3 simulated nodes" in said
    assert "For a real cluster: " in said


def test_what_is_not_up_says_so(commands: Commands) -> None:
    assert "isn't up on this cluster" in commands.run("status", code=1)
    assert "Nothing to delete" in commands.run("down", "--yes", code=1)


def test_the_sandboxs_engine_says_which_command_runs_the_program(commands: Commands) -> None:
    assert "make up" in commands.run("pulumi", "--", "up", code=1)
    assert "3." in commands.run("pulumi", "--", "version")
    assert 'unknown command "bogus"' in commands.run("pulumi", "--", "bogus", code=1)
