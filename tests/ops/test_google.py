"""Which stacks need Google Cloud, and what is refused for them without it."""

from importlib.metadata import version
from pathlib import Path

import pytest

from ops import engine, internet
from ops.engine import Engine, Kind
from ops.errors import OpsError
from ops.google import PRETEND, refuse_stand_in, uses_google
from sandbox.providers import PROVIDERS
from sandbox.providers.gcp import provider


@pytest.mark.parametrize(
    "config",
    [
        {"kotaemon:google": {"project": "p", "region": "r"}},
        {"kotaemon:cluster": {"kind": "gke"}},
        {"kotaemon:cluster": {"kind": "gke-existing"}},
        {"kotaemon:postgres": {"kind": "cloud-sql"}},
        {"kotaemon:edge": {"kind": "google"}},
        {"kotaemon:backup": {"kind": "google"}},
        {"kotaemon:secretManager": {"openaiApiKey": {"secret": "key"}}},
    ],
)
def test_a_stack_with_anything_of_googles_needs_google(config: dict[str, object]) -> None:
    assert uses_google(config)


@pytest.mark.parametrize(
    "config",
    [{}, {"kotaemon:cluster": {"kind": "existing"}}, {"kotaemon:postgres": {"kind": "in-cluster"}}],
)
def test_a_stack_without_needs_none(config: dict[str, object]) -> None:
    """So that a missing gcp plugin costs the local stack nothing."""
    assert not uses_google(config)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with the sandbox's engine and no plugin."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engine, "_sandbox", lambda: (Path("/cache/pulumi"), "3.259.0"))
    monkeypatch.setattr(internet, "reachable", lambda: False)


@pytest.mark.usefixtures("offline")
def test_the_stand_in_for_google_is_there_only_for_stacks_that_need_it(tmp_path: Path) -> None:
    environment = {"KOTAEMON_ENGINE": "sandbox", "PULUMI_HOME": str(tmp_path)}
    assert not engine.choose(environment).stands_in("gcp")
    found = engine.choose(environment, google=True)
    assert found.stands_in("gcp")
    assert found.stands_in("kubernetes")


@pytest.mark.usefixtures("offline")
def test_an_installed_plugin_is_never_hidden(tmp_path: Path) -> None:
    (tmp_path / "plugins" / f"resource-gcp-v{version('pulumi-gcp')}").mkdir(parents=True)
    environment = {"KOTAEMON_ENGINE": "sandbox", "PULUMI_HOME": str(tmp_path)}
    found = engine.choose(environment, google=True)
    assert found.stands_in("kubernetes")
    assert not found.stands_in("gcp")


@pytest.fixture
def stand_in(tmp_path: Path) -> Engine:
    (tmp_path / "pulumi-resource-gcp").touch()
    return Engine(Kind.SANDBOX, Path("/cache/pulumi"), "3.259.0", tmp_path)


def test_what_would_change_google_is_refused_with_what_to_type(stand_in: Engine) -> None:
    with pytest.raises(OpsError, match=r"only previews; nothing was touched") as refused:
        refuse_stand_in(stand_in, "prod", "up")
    assert "gcloud auth application-default login && make up STACK=prod" in refused.value.remedy


def test_the_official_plugin_and_tests_are_let_through(
    stand_in: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_stand_in(Engine(Kind.PATH, Path("/bin/pulumi"), "3.272.0"), "prod", "up")
    monkeypatch.setenv(*PRETEND)
    refuse_stand_in(stand_in, "prod", "up")


def test_command_and_plugin_mean_the_same_by_pretending() -> None:
    assert PRETEND == (provider.VARIABLE, provider.PRETEND)


def test_the_stand_in_is_of_the_version_that_the_program_uses() -> None:
    """Its facts and forms are that version's."""
    assert "gcp" in PROVIDERS
    assert provider.Gcp.version == version("pulumi-gcp")
