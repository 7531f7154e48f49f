"""Which engine is chosen, and with which plugins."""

from pathlib import Path

import pytest

from ops import engine, internet
from ops.engine import Engine, Kind
from ops.errors import OpsError


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, object]:
    """A machine whose engines and network a test decides; nothing is installed, built or asked."""
    there: dict[str, object] = {
        "path": None,
        "official": None,
        "online": False,
        "missing": ["kubernetes", "random"],
    }
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(engine, "_on_path", lambda: there["path"])
    monkeypatch.setattr(engine, "_official", lambda: there["official"])
    monkeypatch.setattr(engine, "_sandbox", lambda: (Path("/cache/pulumi"), "3.259.0"))
    monkeypatch.setattr(engine, "missing_plugins", lambda environment: there["missing"])
    monkeypatch.setattr(internet, "reachable", lambda: there["online"])
    return there


def test_the_users_own_pulumi_comes_first(machine: dict[str, object]) -> None:
    machine |= {"path": (Path("/bin/pulumi"), "3.272.0"), "official": (Path("/x"), "3.272.0")}
    assert engine.choose({}).kind is Kind.PATH


def test_then_the_official_installer_then_the_sandbox(machine: dict[str, object]) -> None:
    assert engine.choose({}).kind is Kind.SANDBOX
    machine["official"] = (Path("/x"), "3.272.0")
    assert engine.choose({}).kind is Kind.INSTALL


@pytest.mark.parametrize("kind", list(Kind))
def test_one_can_be_asked_for(machine: dict[str, object], kind: Kind) -> None:
    machine |= {"path": (Path("/bin/pulumi"), "3.272.0"), "official": (Path("/x"), "3.272.0")}
    assert engine.choose({"KOTAEMON_ENGINE": kind.value}).kind is kind


def test_one_that_is_asked_for_and_not_there_is_not_replaced(machine: dict[str, object]) -> None:
    with pytest.raises(OpsError, match="Install Pulumi"):
        engine.choose({"KOTAEMON_ENGINE": "path"})
    with pytest.raises(OpsError, match=r"get\.pulumi\.com can't be reached"):
        engine.choose({"KOTAEMON_ENGINE": "install"})
    with pytest.raises(OpsError, match="must be one of: path, install, sandbox"):
        engine.choose({"KOTAEMON_ENGINE": "nope"})


def test_stand_ins_are_used_only_where_the_official_plugins_cannot_be_had(machine: dict[str, object]) -> None:
    own = engine.choose({})
    assert own.stand_ins
    assert {path.name for path in own.stand_ins.iterdir()} >= {
        "pulumi-resource-kubernetes",
        "pulumi-resource-random",
    }
    machine |= {"path": (Path("/bin/pulumi"), "3.272.0"), "online": True}
    assert engine.choose({}).stand_ins is None
    machine |= {"online": False, "missing": []}
    assert engine.choose({}).stand_ins is None
    assert engine.choose({"KOTAEMON_ENGINE": "sandbox"}).stand_ins is None


def test_a_stand_in_never_hides_an_installed_plugin(machine: dict[str, object]) -> None:
    machine["missing"] = ["random"]
    folder = engine.choose({}).stand_ins
    assert folder
    names = {path.name for path in folder.iterdir()}
    assert "pulumi-resource-random" in names
    assert "pulumi-resource-kubernetes" not in names


def test_stand_ins_come_before_the_rest_of_the_path() -> None:
    found = Engine(Kind.SANDBOX, Path("/e/bin/pulumi"), "3.259.0", Path("/s")).environment(
        {"PATH": "/usr/bin"}
    )
    assert found["PATH"] == "/s:/e/bin:/usr/bin"


def test_an_engine_that_does_not_run_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "pulumi"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(OpsError, match="doesn't run"):
        engine.version_of(broken)


def test_whether_it_comes_from_the_sandbox_is_known_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(internet, "reachable", lambda: False)
    assert engine.comes_from_sandbox({})
    assert not engine.comes_from_sandbox({"KOTAEMON_ENGINE": "path"})
    monkeypatch.setattr(internet, "reachable", lambda: True)
    assert not engine.comes_from_sandbox({})
    assert engine.comes_from_sandbox({"KOTAEMON_ENGINE": "sandbox"})
    monkeypatch.setattr(internet, "reachable", lambda: False)
    (tmp_path / "pulumi").write_text("")
    (tmp_path / "pulumi").chmod(0o700)
    assert not engine.comes_from_sandbox({})
