"""Where state lies, what unlocks it, and locks."""

import json
import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from ops import backend, paths
from ops.backend import Backend
from ops.clusters import Cluster, Source
from ops.engine import Engine, Kind
from ops.errors import OpsError
from ops.kubeconfig import Context
from ops.paths import Project
from ops.stack import with_config

OWN = Engine(Kind.SANDBOX, Path("/x/pulumi"), "3.259.0")
OFFICIAL = Engine(Kind.PATH, Path("/x/pulumi"), "3.259.0")
MINIKUBE = Cluster(Source.LOCAL, Context("minikube", None, {"server": "https://1.2.3.4"}), uid="uid-1")


def lock(found: Backend, pid: int, host: str | None = None) -> Path:
    assert found.folder
    path = found.folder / ".pulumi" / "locks" / "organization" / "kotaemon" / "local" / "1.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "pid": pid,
        "hostname": host or socket.gethostname(),
        "username": "ada",
        "timestamp": "2026-01-02T03:04:05.6Z",
    }
    path.write_text(json.dumps(content))
    path.with_name("1.json.attrs").write_text("{}")
    return path


def save(found: Backend, resources: list[dict[str, object]]) -> None:
    assert found.folder
    path = found.folder / ".pulumi" / "stacks" / "kotaemon" / "local.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": resources}}}))


def dead_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_state_is_for_its_owner_alone(project: Project) -> None:
    found = backend.choose(project, OWN, MINIKUBE, {})
    assert found.folder
    for folder in (paths.state(), found.folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_state_folder_that_others_could_read_is_closed() -> None:
    paths.state().chmod(0o755)
    assert stat.S_IMODE(paths.state().stat().st_mode) == 0o700


def test_a_cluster_that_was_made_anew_starts_with_an_empty_state(project: Project) -> None:
    """Else `make up` would find everything unchanged on an empty cluster."""
    first = backend.choose(project, OWN, MINIKUBE, {})
    save(first, [{"urn": "x"}])
    again = Cluster(Source.LOCAL, MINIKUBE.context, uid="uid-2")
    assert backend.resources(backend.choose(project, OWN, MINIKUBE, {}), "local") == 1
    assert backend.choose(project, OWN, again, {}).has("local") is False


def test_a_cluster_that_does_not_answer_is_known_by_its_address(project: Project) -> None:
    first = backend.choose(project, OWN, MINIKUBE, {})
    away = Cluster(Source.STACK_FILE, MINIKUBE.context)
    assert backend.choose(project, OWN, away, {}) == first
    stopped = Cluster(Source.SANDBOX, kubeconfig=Path("/home/x/kubeconfig"))
    running = Cluster(Source.SANDBOX, MINIKUBE.context, Path("/home/x/kubeconfig"), "uid-3", 3)
    assert backend.choose(project, OWN, stopped, {}) != backend.choose(project, OWN, running, {})
    assert backend.choose(project, OWN, stopped, {}) == backend.choose(project, OWN, running, {})


def test_where_a_stack_is_up_elsewhere_is_told(project: Project) -> None:
    save(backend.choose(project, OWN, MINIKUBE, {}), [{"urn": "x"}])
    here = backend.choose(project, OWN, Cluster(Source.SANDBOX, uid="uid-9", kubeconfig=Path("/k")), {})
    assert backend.elsewhere("local", here) == ["minikube"]


def test_the_users_own_backend_is_used(project: Project, tmp_path: Path) -> None:
    assert backend.choose(project, OWN, MINIKUBE, {"PULUMI_BACKEND_URL": "s3://bucket"}) == Backend(
        "s3://bucket"
    )
    (project.root / "Pulumi.yaml").write_text(
        "name: kotaemon\nruntime: python\nbackend: {url: gs://bucket}\n"
    )
    assert backend.choose(project, OWN, MINIKUBE, {}) == Backend("gs://bucket")


def test_a_login_counts_for_the_users_own_cli_alone(project: Project, tmp_path: Path) -> None:
    """The sandbox's engine is there because the network is closed: no service answers."""
    (tmp_path / "credentials.json").write_text('{"current": "https://api.pulumi.com"}')
    environment = {"PULUMI_HOME": str(tmp_path)}
    assert backend.choose(project, OFFICIAL, MINIKUBE, environment) == Backend(None)
    assert backend.choose(project, OWN, MINIKUBE, environment).folder


def test_a_passphrase_is_made_once_said_once_and_kept_private() -> None:
    unlocking, said = backend.passphrase({})
    path = Path(unlocking["PULUMI_CONFIG_PASSPHRASE_FILE"])
    first = path.read_text()
    assert said
    assert str(path) in said
    assert first.strip() not in said
    assert len(first.strip()) >= 40
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert backend.passphrase({}) == (unlocking, None)
    assert path.read_text() == first


@pytest.mark.parametrize("name", ["PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"])
def test_the_users_own_passphrase_is_used_even_an_empty_one(name: str) -> None:
    assert backend.passphrase({name: ""}) == ({}, None)
    assert not (paths.state() / "passphrase").exists()


def test_the_lock_of_a_killed_run_is_removed_and_said(project: Project) -> None:
    found = backend.choose(project, OWN, MINIKUBE, {})
    path = lock(found, dead_pid())
    assert "was killed" in backend.heal(found, "local")[0]
    assert list(path.parent.iterdir()) == []
    assert backend.heal(found, "local") == []


def test_a_lock_whose_number_belongs_to_another_program_by_now_is_removed(project: Project) -> None:
    """Numbers are given out again; this test's own process is no pulumi."""
    found = backend.choose(project, OWN, MINIKUBE, {})
    if b"pulumi" in Path("/proc/self/cmdline").read_bytes():
        pytest.skip("these tests run under a name with pulumi in it")
    lock(found, os.getpid())
    assert backend.heal(found, "local")


def test_the_lock_of_another_machine_is_left_and_explained(project: Project) -> None:
    found = backend.choose(project, OWN, MINIKUBE, {})
    path = lock(found, dead_pid(), "elsewhere")
    with pytest.raises(
        OpsError, match=r"on elsewhere, started by ada at 2026-01-02 03:04:05(?s:.*)cancel --yes"
    ):
        backend.heal(found, "local")
    assert path.exists()


def test_another_stacks_lock_does_not_matter(project: Project) -> None:
    found = backend.choose(project, OWN, MINIKUBE, {})
    lock(found, dead_pid(), "elsewhere")
    assert backend.heal(found, "dev") == []


def test_a_state_that_is_cut_off_is_not_taken_for_a_stack_with_resources(project: Project) -> None:
    found = backend.choose(project, OWN, MINIKUBE, {})
    save(found, [])
    assert found.folder
    (found.folder / ".pulumi" / "stacks" / "kotaemon" / "local.json").write_text('{"version": 3, "check')
    assert backend.resources(found, "local") == 0


def test_what_the_user_set_stays_when_the_cluster_is_added_to_the_copy() -> None:
    text = "encryptionsalt: v1:abc\nconfig:\n  kotaemon:key:\n    secure: v1:xyz\n"
    found = with_config(text, {"kubernetes:context": "minikube"})
    assert "encryptionsalt: v1:abc" in found
    assert "secure: v1:xyz" in found
    assert "kubernetes:context: minikube" in found
    assert with_config(text, {}) == text
    assert with_config("", {"a": "b"}) == "config:\n  a: b\n"


def test_a_half_written_file_beside_the_state_goes_and_the_state_stays(tmp_path: Path) -> None:
    """The engine answers "failed to load checkpoint: EOF" for ever with it."""
    found = Backend(f"file://{tmp_path}", tmp_path)
    save(found, [{"urn": "a"}])
    folder = tmp_path / ".pulumi" / "stacks" / "kotaemon"
    (folder / "local.json.attrs").write_text("")
    (folder / "local.json.bak.attrs").write_text('{"user.content_type": "text/plain"}')
    (folder / "other.json.attrs").write_text("")
    assert backend.heal(found, "local") == ["Removed local.json.attrs, which a killed run left half-written."]
    left = {path.name for path in folder.iterdir()}
    assert left == {"local.json", "local.json.bak.attrs", "other.json.attrs"}
    assert backend.resources(found, "local") == 1
