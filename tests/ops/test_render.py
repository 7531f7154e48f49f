"""Manifests for a GitOps repository."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from ops import paths, recording, render
from ops.errors import OpsError
from ops.paths import Project
from ops.recording import MARK, Recording

from .conftest import write_stack

CIPHERTEXT = "v1:0123456789abcdef:AAAABBBBCCCCDDDDEEEEFFFF"


def written(project: Project, stack: str = "local") -> Mapping[str, str]:
    return render.files(recording.record(project, stack), stack, "kotaemon")


def documents(found: Mapping[str, str]) -> dict[str, dict[str, object]]:
    loaded = [yaml.safe_load(text) for name, text in found.items() if name[0].isdigit()]
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in loaded}


def test_every_object_is_a_file_and_kustomize_knows_them_all(project: Project) -> None:
    found = written(project)
    kinds = {name.split("/")[0] for name in documents(found)}
    assert kinds == {"Namespace", "ExternalSecret", "ConfigMap", "Deployment"}
    listed = yaml.safe_load(found["kustomization.yaml"])["resources"]
    assert listed == sorted(name for name in found if name[0].isdigit())


def test_no_secret_value_is_in_any_file(project: Project) -> None:
    """Neither one that the program generates nor one that the user set, nor its encrypted form."""
    write_stack(project, openaiApiKey=f"{{secure: '{CIPHERTEXT}'}}")
    found = written(project)
    together = "\n".join(found.values())
    assert MARK not in together
    assert CIPHERTEXT not in together
    assert not re.search(r"^kind: Secret$", together, re.MULTILINE)


def test_secrets_are_references_to_a_store(project: Project) -> None:
    write_stack(project, openaiApiKey=f"{{secure: '{CIPHERTEXT}'}}")
    external = documents(written(project))["ExternalSecret/admin"]
    assert external["apiVersion"] == "external-secrets.io/v1"
    spec = external["spec"]
    assert isinstance(spec, dict)
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "kotaemon"}
    assert {one["secretKey"]: one["remoteRef"]["key"] for one in spec["data"]} == {
        key: f"tiny/admin/{key}" for key in ("key", "password", "url")
    }


def test_the_list_of_secrets_says_where_each_comes_from(project: Project) -> None:
    write_stack(project, openaiApiKey=f"{{secure: '{CIPHERTEXT}'}}")
    page = written(project)["SECRETS.md"]
    assert "| `tiny/admin/password` | generated | 16 letters and digits |" in page
    assert "| `tiny/admin/url` | composed | `postgresql://app:${admin-result}@db/app` |" in page
    assert "| `tiny/admin/key` | supplied | what `kotaemon:openaiApiKey` holds |" in page


def test_a_secret_outside_of_a_secret_stops_the_render(project: Project) -> None:
    program = project.program.read_text()
    project.program.write_text(program.replace('own.get("word") or "hello"', "password.result"))
    with pytest.raises(OpsError, match=r"ConfigMap settings-[0-9a-f]+ holds a secret"):
        written(project)


def test_the_same_input_gives_the_same_bytes(project: Project) -> None:
    assert written(project) == written(project)


def test_a_changed_config_map_gets_a_new_name_and_every_reference_follows(project: Project) -> None:
    """So that its pods roll, as they do under Pulumi."""

    def name_and_reference() -> tuple[str, str]:
        found = documents(written(project))
        name = next(name for name in found if name.startswith("ConfigMap/")).split("/")[1]
        return name, str(re.findall(r"'settings-[0-9a-f]+'", str(found["Deployment/app"]))[0]).strip("'")

    first = name_and_reference()
    write_stack(project, word="other")
    second = name_and_reference()
    assert first[0] == first[1]
    assert second[0] == second[1]
    assert first[0] != second[0]


def test_stale_files_go_and_others_files_stay(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said: list[str] = []
    render.render(project, "local", out, "kotaemon", said.append)
    first = {path.name for path in out.iterdir()}
    (out / "README.md").write_text("mine")
    write_stack(project, word="other")
    render.render(project, "local", out, "kotaemon", said.append)
    second = {path.name for path in out.iterdir()}
    assert (out / "README.md").read_text() == "mine"
    assert [name.rsplit("-", 1)[0] for name in first - second] == ["13-configmap-settings"]


def test_a_folder_that_somebody_else_filled_is_left_alone(project: Project, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(OpsError, match="wasn't written by `make render`"):
        render.render(project, "local", tmp_path / "out", "kotaemon", print)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_nothing_is_written_where_the_program_fails(project: Project, tmp_path: Path) -> None:
    project.program.write_text("import pulumi\nraise pulumi.RunError('Pulumi.local.yaml has 1 problem')")
    with pytest.raises(OpsError, match=r"^Pulumi.local.yaml has 1 problem$"):
        render.render(project, "local", tmp_path / "out", "kotaemon", print)
    assert not (tmp_path / "out").exists()


def test_a_bug_of_the_program_is_one_line(project: Project) -> None:
    project.program.write_text("1 / 0")
    with pytest.raises(OpsError) as caught:
        written(project)
    assert caught.value.what == "The program failed: ZeroDivisionError: division by zero"


def test_what_is_no_kubernetes_object_is_told(project: Project) -> None:
    """A render of a stack that makes its own cluster is still of use for what runs on it."""
    program = project.program.read_text()
    project.program.write_text(
        program
        + "\npulumi.CustomResource('gcp:storage/bucket:Bucket', 'backups', {}, pulumi.ResourceOptions())\n"
    )
    assert recording.record(project, "local").others == ["gcp:storage/bucket:Bucket backups"]


def test_two_objects_of_one_name_are_refused() -> None:
    """One file would silently take the place of the other."""
    twice: dict[str, object] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    with pytest.raises(OpsError, match="Two objects are called ConfigMap a"):
        render.files(Recording(objects=[twice, dict(twice)]), "local", "kotaemon")


def test_a_large_object_is_applied_on_the_servers_side() -> None:
    """By client-side apply it would be refused: its copy doesn't fit into an annotation."""
    large: dict[str, object] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    large["data"] = {"f": "x" * 300_000}
    found = documents(render.files(Recording(objects=[large]), "local", "kotaemon"))
    assert "ServerSideApply=true" in str(found["ConfigMap/a"]["metadata"])


def test_configuration_is_handed_over_as_the_engine_does(project: Project) -> None:
    """Objects as JSON, everything else as text; Pulumi.yaml's defaults where the stack says nothing."""
    (project.root / "Pulumi.yaml").write_text(
        "name: kotaemon\nruntime: python\nconfig:\n  app: {type: object, default: {replicas: 1}}\n"
        "  production: {type: boolean, default: false}\n"
    )
    write_stack(project, production="true", models="{openai: {key: {secure: 'v1:x'}}}")
    found = Recording()
    values, secrets = recording.configuration(project, "local", found)
    assert values["kotaemon:production"] == "true"
    assert values["kotaemon:app"] == '{"replicas": 1}'
    assert secrets == ["kotaemon:models"]
    assert found.supplied == {
        recording.placeholder("supplied", "kotaemon-models.openai.key"): "kotaemon:models.openai.key"
    }


@pytest.mark.parametrize("stack", Project().stacks())
def test_every_stack_of_ours_renders_without_a_secret(stack: str) -> None:
    project = Project(paths.PROJECT)
    found = written(project, stack)
    assert len(found) > 10
    assert MARK not in "\n".join(found.values())


def test_this_machines_kubeconfig_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipeline there may be none, or one whose current cluster is somebody's production."""
    project = Project(paths.PROJECT)
    without = written(project)
    production = tmp_path / "kubeconfig"
    production.write_text(
        "current-context: prod\ncontexts: [{name: prod, context: {cluster: prod, user: prod}}]\n"
        "clusters: [{name: prod, cluster: {server: 'https://prod.invalid'}}]\nusers: [{name: prod, user: {}}]\n"
    )
    monkeypatch.setenv("KUBECONFIG", str(production))
    assert written(project) == without
