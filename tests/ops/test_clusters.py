"""Which cluster a stack runs on."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from ops import clusters, kubeconfig
from ops.clusters import Cluster, Source
from ops.errors import OpsError
from ops.kubeconfig import Context
from ops.paths import Project

from .conftest import write_stack


def write_kubeconfig(path: Path, *names: str, current: str | None = None) -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current or (names[0] if names else ""),
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.invalid"}} for name in names],
        "users": [{"name": name, "user": {"token": "t"}} for name in names],
    }
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The contexts whose cluster answers; a test fills it."""
    names: set[str] = set()
    monkeypatch.setattr(
        clusters, "answer", lambda context, patience=2.0: "uid" if context.name in names else None
    )
    monkeypatch.setattr(clusters, "_sandbox", lambda start, environment: Cluster(Source.SANDBOX, simulated=3))
    return names


def choose(environment: Mapping[str, str], stack: str = "local", **config: object) -> Cluster:
    return clusters.choose(stack, config, environment, start=False)


@pytest.mark.parametrize(
    "name",
    [
        "minikube",
        "kind-dev",
        "k3d-dev",
        "docker-desktop",
        "rancher-desktop",
        "colima",
        "colima-x",
        "orbstack",
    ],
)
def test_a_local_cluster_that_answers_is_taken(tmp_path: Path, answering: set[str], name: str) -> None:
    path = write_kubeconfig(tmp_path / "config", "production", name)
    answering |= {"production", name}
    found = choose({"KUBECONFIG": str(path)})
    assert found.source is Source.LOCAL
    assert found.injected() == {"kubernetes:kubeconfig": str(path), "kubernetes:context": name}


@pytest.mark.parametrize(
    "name", ["production", "gke_p_r_kind-prod", "my-minikube", "kind", "arn:aws:eks:x/kind-a"]
)
def test_no_other_context_is_taken_unasked_even_if_it_is_the_current_one(
    tmp_path: Path, answering: set[str], name: str
) -> None:
    """It may be somebody's production."""
    path = write_kubeconfig(tmp_path / "config", name)
    answering.add(name)
    assert choose({"KUBECONFIG": str(path)}).source is Source.SANDBOX


def test_a_local_cluster_that_is_stopped_is_passed_over(tmp_path: Path, answering: set[str]) -> None:
    path = write_kubeconfig(tmp_path / "config", "minikube", "kind-dev")
    answering.add("kind-dev")
    found = choose({"KUBECONFIG": str(path)})
    assert found.context
    assert found.context.name == "kind-dev"


def test_of_two_local_clusters_the_current_one_is_taken(tmp_path: Path, answering: set[str]) -> None:
    path = write_kubeconfig(tmp_path / "config", "kind-a", "kind-b", current="kind-b")
    answering |= {"kind-a", "kind-b"}
    found = choose({"KUBECONFIG": str(path)})
    assert found.context
    assert found.context.name == "kind-b"


def test_several_kubeconfig_files_are_read_as_kubectl_does(tmp_path: Path, answering: set[str]) -> None:
    first = write_kubeconfig(tmp_path / "a", "production")
    second = write_kubeconfig(tmp_path / "b", "minikube")
    answering.add("minikube")
    found = choose({"KUBECONFIG": f"{first}:{tmp_path / 'missing'}:{second}"})
    assert found.kubeconfig == second


def test_the_sandbox_can_be_asked_for(tmp_path: Path, answering: set[str]) -> None:
    path = write_kubeconfig(tmp_path / "config", "minikube")
    answering.add("minikube")
    environment = {"KUBECONFIG": str(path), "KOTAEMON_CLUSTER": "sandbox"}
    assert choose(environment).source is Source.SANDBOX
    assert choose(environment, "dev").source is Source.SANDBOX


def test_only_the_local_stack_picks_a_cluster_by_itself(tmp_path: Path, answering: set[str]) -> None:
    path = write_kubeconfig(tmp_path / "config", "minikube")
    answering.add("minikube")
    with pytest.raises(
        OpsError, match=r"Stack dev names no cluster(?s:.*)minikube(?s:.*)config set kubernetes:context"
    ):
        choose({"KUBECONFIG": str(path)}, "dev")


def test_a_context_that_is_not_there_names_those_that_are(tmp_path: Path, answering: set[str]) -> None:
    path = write_kubeconfig(tmp_path / "config", "minikube", "kind-a")
    with pytest.raises(OpsError, match="names the context nope, but the kubeconfig has minikube, kind-a"):
        choose({"KUBECONFIG": str(path)}, **{"kubernetes:context": "nope"})
    with pytest.raises(OpsError, match="KOTAEMON_CLUSTER=nope is neither"):
        choose({"KUBECONFIG": str(path), "KOTAEMON_CLUSTER": "nope"})


def test_a_cluster_that_the_file_names_and_that_does_not_answer_is_no_reason_to_take_another(
    tmp_path: Path, answering: set[str]
) -> None:
    """Else a stopped VPN would bring production up on a laptop."""
    path = tmp_path / "config"
    document = yaml.safe_load(write_kubeconfig(path, "mine", "minikube").read_text())
    document["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:1"
    path.write_text(yaml.safe_dump(document))
    answering.add("minikube")
    with pytest.raises(OpsError, match="can't be reached"):
        choose({"KUBECONFIG": str(path)}, **{"kubernetes:context": "mine"})


def test_a_command_that_needs_no_cluster_works_without(tmp_path: Path) -> None:
    """Else nobody could set the context of a stack whose context is wrong."""
    environment = {"KUBECONFIG": str(tmp_path / "none")}
    assert clusters.choose_absent("dev", {}, environment).source is Source.UNKNOWN
    path = write_kubeconfig(tmp_path / "config", "mine")
    found = clusters.choose_absent("dev", {"kubernetes:context": "mine"}, {"KUBECONFIG": str(path)})
    assert (found.source, found.uid) == (Source.STACK_FILE, None)


def test_a_stack_that_makes_its_own_cluster_needs_none() -> None:
    assert choose({}, "prod", **{"kotaemon:cluster": {"kind": "gke"}}).source is Source.PROGRAM


def test_a_kubeconfig_in_the_stack_file_may_be_a_path_or_the_text_itself(tmp_path: Path) -> None:
    path = write_kubeconfig(tmp_path / "config", "a", "b")
    for given in (str(path), path.read_text()):
        config = {"kubernetes:kubeconfig": given, "kubernetes:context": "b"}
        assert clusters.from_config(config, {}).server == "https://b.invalid"
    assert clusters.from_config({"kubernetes:kubeconfig": str(path)}, {}).name == "a"


def test_an_encrypted_kubeconfig_is_refused_with_the_way_out() -> None:
    with pytest.raises(OpsError, match="Give it as a path"):
        clusters.from_config({"kubernetes:kubeconfig": {"secure": "v1:x"}}, {})


@pytest.mark.parametrize("text", ["a: [", "[]", "just words"])
def test_what_is_no_kubeconfig_is_one_line_with_the_way_out(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(OpsError) as caught:
        kubeconfig.read(path)
    assert str(path) in caught.value.what
    assert "\n" not in caught.value.what
    assert "KOTAEMON_CLUSTER=sandbox" in caught.value.remedy


def test_an_empty_kubeconfig_has_no_contexts(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("")
    assert kubeconfig.read(tmp_path / "config") == []


def test_files_that_a_kubeconfig_names_are_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("abc\n")
    context = Context(
        "a", tmp_path / "config", {"server": "https://a"}, {"tokenFile": str(tmp_path / "token")}
    )
    assert kubeconfig.token(context) == "abc"
    missing = Context("a", tmp_path / "config", {"certificate-authority": "ca.crt"}, {})
    with pytest.raises(OpsError, match="certificate-authority can't be read"):
        kubeconfig.tls(missing)


def test_a_login_plugin_is_run_and_its_absence_told_with_its_own_hint(tmp_path: Path) -> None:
    plugin = tmp_path / "login"
    plugin.write_text('#!/bin/sh\necho "{\\"status\\": {\\"token\\": \\"$WHO-$1\\"}}"\n')
    plugin.chmod(0o755)
    user = {"exec": {"command": str(plugin), "args": ["x"], "env": [{"name": "WHO", "value": "me"}]}}
    assert kubeconfig.token(Context("a", None, {}, user)) == "me-x"
    gone = {"exec": {"command": str(tmp_path / "none"), "installHint": "gcloud components install it"}}
    with pytest.raises(OpsError, match=r"isn't here(?s:.*)gcloud components install it"):
        kubeconfig.token(Context("a", None, {}, gone))


def test_one_context_can_be_taken_out_of_a_kubeconfig(tmp_path: Path) -> None:
    context = kubeconfig.read(write_kubeconfig(tmp_path / "config", "a", "b"))[1]
    again = kubeconfig.parse(kubeconfig.text_of(context), None)
    assert [(one.name, one.server, one.user) for one in again] == [("b", "https://b.invalid", {"token": "t"})]


def test_a_stack_without_a_file_names_those_that_have_one(project: Project) -> None:
    write_stack(project, "dev")
    with pytest.raises(OpsError, match=r"no stack prod(?s:.*)dev, local"):
        clusters.config_of(project, "prod")


def test_a_stack_file_that_is_no_yaml_is_one_line(project: Project) -> None:
    project.stack_file("local").write_text("config: [")
    with pytest.raises(OpsError, match=r"Pulumi.local.yaml can't be read: [^\n]*$"):
        clusters.config_of(project, "local")


def test_what_the_sandbox_lacks_is_built_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or it would say "about 4 min", and then "about 8 min" once more."""
    asked: list[list[str]] = []
    monkeypatch.setattr("sandbox.build.ensure", lambda names: asked.append(list(names)))
    monkeypatch.setattr("sandbox.cluster.start", lambda: None)
    clusters.choose("local", {}, {"KOTAEMON_CLUSTER": "sandbox", "KOTAEMON_ENGINE": "sandbox"}, start=True)
    assert asked == [
        ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "pulumi"]
    ]
    clusters.choose("local", {}, {"KOTAEMON_CLUSTER": "sandbox", "KOTAEMON_ENGINE": "path"}, start=True)
    assert len(asked) == 1
