"""The doctor, the bootstrap, the Makefile and the command line."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ops import __main__ as main
from ops import bootstrap, doctor, paths
from ops.check import State
from ops.doctor import Machine, checks
from ops.engine import Kind

WELL = Machine(
    python=(3, 12),
    system="Linux",
    uv=Path("/bin/uv"),
    engine_on_path="3.272.0",
    engine_installed=False,
    engine_built=False,
    cluster_built=False,
    forced=None,
    online=True,
    plugins_missing=(),
    kubectl=True,
    go=None,
    contexts=("minikube",),
    kubeconfig_problem=None,
    cluster="minikube, a local cluster",
    cluster_fails=False,
    needs_sandbox=False,
    disk=100.0,
    memory=16.0,
    real="minikube start",
)
CLOSED = replace(
    WELL,
    engine_on_path=None,
    online=False,
    plugins_missing=("kubernetes", "random"),
    kubectl=False,
    contexts=(),
    cluster="sandbox, stopped",
    needs_sandbox=True,
)


def missing(machine: Machine) -> list[str]:
    return [check.name for check in checks(machine) if check.state is State.MISSING]


def test_a_machine_with_everything_lacks_nothing() -> None:
    assert {check.state for check in checks(WELL)} == {State.OK}


def test_a_closed_network_is_enough() -> None:
    """The sandbox is for that; whatever it lacks, it makes."""
    assert missing(CLOSED) == []


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (replace(WELL, python=(3, 10)), "Python"),
        (replace(WELL, engine_on_path="/bin/pulumi doesn't run"), "pulumi"),
        (replace(CLOSED, forced=Kind.PATH), "pulumi"),
        (replace(CLOSED, forced=Kind.INSTALL), "pulumi"),
        (replace(CLOSED, system="Windows"), "pulumi"),
        (replace(WELL, cluster_fails=True, cluster="away\n  start it"), "cluster"),
        (replace(CLOSED, disk=3.0), "disk"),
    ],
)
def test_what_makes_up_impossible_is_missing_and_has_a_remedy(machine: Machine, expected: str) -> None:
    assert missing(machine) == [expected]
    assert all(check.command for check in checks(machine) if check.state is State.MISSING)


def test_little_disk_is_enough_once_everything_is_built() -> None:
    assert missing(replace(CLOSED, disk=3.0, engine_built=True, cluster_built=True)) == []


def test_the_doctor_only_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked on a machine that somebody worries about, it must not begin to build."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    doctor.examine(paths.Project(), "local", {"KOTAEMON_CLUSTER": "sandbox", "HOME": str(tmp_path)})
    assert not (tmp_path / "cache").exists()
    assert not (tmp_path / "state").exists()


def make(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=paths.PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_alone_lists_every_command() -> None:
    makefile = (paths.PROJECT / "Makefile").read_text()
    phony = re.search(r"\.PHONY:((?:.*\\\n)*.*)", makefile)
    assert phony
    declared = set(phony.group(1).replace("\\", " ").split())
    listed = {line.split()[0] for line in make().stdout.splitlines() if line.startswith("  ")}
    assert listed == declared
    assert set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) == declared


def test_every_command_of_the_package_has_its_make_target() -> None:
    commands = re.search(r"\{([a-z,-]+)\}|COMMAND", main.parser().format_usage())
    assert commands
    listed = {line.split()[0] for line in make().stdout.splitlines() if line.startswith("  ")}
    choices = next(
        action.choices
        for action in main.parser()._actions
        if isinstance(action.choices, dict) and action.choices
    )
    assert set(choices) <= listed


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["up"], "-m ops up --stack local"),
        (["diff", "STACK=dev", "ARGS=--refresh"], "-m ops diff --stack dev --refresh"),
        (["down", "YES=1"], "-m ops down --stack local --yes"),
        (["open", "PORT=8080"], "-m ops open --stack local --port 8080"),
        (["render", "STACK=prod", "OUT=/tmp/x"], "-m ops render --stack prod --out '/tmp/x'"),
        (["render"], "-m ops render --stack local --out 'out/local'"),
        (["pulumi", "ARGS=config set --path a.b 3"], "-m ops pulumi --stack local -- config set --path a.b 3"),
    ],
)  # fmt: skip
def test_variables_reach_the_command(arguments: list[str], expected: str) -> None:
    said = make("--dry-run", *arguments).stdout
    assert expected in " ".join(said.split())


def test_the_bootstrap_needs_the_standard_library_alone() -> None:
    """It runs before anything is installed, in isolation from what may be."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import runpy; runpy.run_path({str(bootstrap.__file__)!r})"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_installing_packages_leaves_stdout_to_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make status ARGS=--json` on a fresh checkout installs first, and its reader wants JSON alone."""
    (tmp_path / ".venv").mkdir()
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "find_uv", lambda: Path("/bin/true"))
    monkeypatch.setattr(sys, "argv", ["bootstrap.py"])
    bootstrap.main()
    said = capsys.readouterr()
    assert said.out == ""
    assert "Installing the pinned packages" in said.err


def test_without_uv_and_pip_the_bootstrap_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    assert bootstrap.find_uv() is None
    with pytest.raises(SystemExit, match=r"neither uv nor pip(?s:.*)astral.sh(?s:.*)apt install python3-pip"):
        bootstrap.install_uv()


def test_a_failed_download_of_uv_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\n[ "$3" = --version ] && exit 0\necho "no network" >&2\nexit 1\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(SystemExit, match=r"couldn't get uv [0-9.]+: no network"):
        bootstrap.install_uv()
    assert not (tmp_path / "kotaemon-sandbox").exists() or not list((tmp_path / "kotaemon-sandbox").iterdir())


def test_a_uv_on_the_path_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy("/bin/true", tmp_path / "uv")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bootstrap.find_uv() == tmp_path / "uv"


@pytest.mark.parametrize("arguments", [["--help"], ["up", "--help"], ["doctor", "--help"]])
def test_help_is_quick_because_it_imports_nothing_heavy(arguments: list[str]) -> None:
    """The Automation API and grpc take a second."""
    program = (
        "import sys; from ops.__main__ import main\n"
        f"try: main({arguments!r})\nexcept SystemExit: pass\n"
        "print(sorted({'pulumi', 'grpc', 'kubernetes', 'rich', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=paths.PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["status", "doctor"])
def test_looking_is_quick_because_it_needs_no_automation_api(command: str) -> None:
    program = f"import sys; import ops.{command}; print(sorted({{'pulumi', 'grpc', 'kubernetes'}} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=paths.PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(options: object) -> None:
        raise OSError(28, "No space left on device", "/state/x")

    monkeypatch.setattr(main, "_up", full)
    assert main.main(["up"]) == 1
    assert capsys.readouterr().err == "error: No space left on device: /state/x\n"
