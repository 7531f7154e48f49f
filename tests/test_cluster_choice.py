"""Which cluster a stack is put on: the one that was asked for, or a local one, never somebody's production."""

from pathlib import Path

import pytest
import yaml

from components.cluster import choose, is_local
from components.config import ConfigError, StackConfig
from components.config.settings import Settings


def _config(*, kubeconfig: str | None = None, context: str | None = None) -> StackConfig:
    return StackConfig(
        stack="local", root=Path(), settings=Settings(), supplied={}, kubeconfig=kubeconfig, context=context
    )


def _kubeconfig(folder: Path, current: str | None, *contexts: str) -> Path:
    path = folder / "config"
    document = {"current-context": current, "contexts": [{"name": name} for name in contexts]}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def test_the_stacks_file_decides(tmp_path: Path) -> None:
    path = _kubeconfig(tmp_path, "minikube", "minikube", "prod")
    choice = choose(_config(context="prod"), (path,))
    assert (choice.kubeconfig, choice.context) == (str(path), "prod")


def test_a_named_kubeconfig_brings_its_current_context(tmp_path: Path) -> None:
    path = _kubeconfig(tmp_path, "prod", "prod")
    assert choose(_config(kubeconfig=str(path)), ()).context == "prod"


def test_content_is_taken_as_it_is() -> None:
    content = "current-context: somewhere\ncontexts: []\n"
    choice = choose(_config(kubeconfig=content), ())
    assert (choice.kubeconfig, choice.context) == (content, "somewhere")


@pytest.mark.parametrize(
    "name", ["minikube", "kind-dev", "k3d-x", "docker-desktop", "orbstack", "colima-two"]
)
def test_a_current_local_cluster_is_taken_unasked(tmp_path: Path, name: str) -> None:
    assert choose(_config(), (_kubeconfig(tmp_path, name, name),)).context == name


@pytest.mark.parametrize("name", ["prod", "gke_acme_europe-west1_prod", "my-kind-cluster", "minikube-prod"])
def test_another_current_cluster_is_refused(tmp_path: Path, name: str) -> None:
    """It is what kubectl happens to point at: it may be a production that nobody meant."""
    assert not is_local(name)
    with pytest.raises(ConfigError, match=r"not used unasked[\s\S]*pulumi config set kubernetes:context"):
        choose(_config(), (_kubeconfig(tmp_path, name, name),))


def test_an_unknown_context_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="minikube, prod"):
        choose(_config(context="minkube"), (_kubeconfig(tmp_path, "prod", "prod", "minikube"),))


def test_without_any_kubeconfig_the_provider_says_what_it_cannot_reach(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    assert choose(_config(), (missing,)).kubeconfig == str(missing)
