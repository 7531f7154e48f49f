"""No secret leaves a node, and what isn't one stays readable."""

from pathlib import Path

import pytest

from .lua import Lua
from .samples import HARMLESS, SECRETS


@pytest.fixture(scope="module")
def lua(tmp_path_factory: pytest.TempPathFactory) -> Lua:
    return Lua(tmp_path_factory.mktemp("lua"))


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_masked_wherever_it_stands(lua: Lua, secret: str) -> None:
    """Whoever reads logs must not be able to sign in as the application, or as its users."""
    line = SECRETS[secret]
    masked = lua.masked(line)
    assert secret in line
    assert secret not in masked
    assert "[masked]" in masked


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_masked_in_the_middle_of_other_text(lua: Lua, secret: str) -> None:
    """A line is rarely alone: tracebacks hold them, and JSON does."""
    for text in (f"2026-11-21 ERROR x: {SECRETS[secret]}", f"first line\n    {SECRETS[secret]}\nlast line"):
        assert secret not in lua.masked(text)


@pytest.mark.parametrize("secret", SECRETS)
def test_masking_twice_changes_nothing_more(lua: Lua, secret: str) -> None:
    once = lua.masked(SECRETS[secret])
    assert lua.masked(once) == once


@pytest.mark.parametrize("line", HARMLESS)
def test_what_holds_no_secret_stays_as_it_is(lua: Lua, line: str) -> None:
    """Over-eager masks make logs useless, and are turned off."""
    assert lua.masked(line) == line


def test_what_stands_around_a_secret_stays(lua: Lua) -> None:
    """It says which credential was wrong, and where it was used."""
    assert lua.masked("DSN postgresql://kotaemon:S3cret@postgres:5432/kotaemon?sslmode=require") == (
        "DSN postgresql://kotaemon:[masked]@postgres:5432/kotaemon?sslmode=require"
    )
    assert lua.masked('{"api_key": "abc", "model": "gpt-4o"}') == '{"api_key": "[masked]", "model": "gpt-4o"}'
    assert lua.masked("Authorization: Bearer abc.def") == "Authorization: Bearer [masked]"


def test_fields_of_a_json_line_are_masked_by_their_name_and_by_their_look(lua: Lua) -> None:
    """Once unfolded, `password` and its value no longer stand in one text."""
    made = lua.processed(
        {
            "msg": "connecting",
            "password": "hunter2",
            "headers": {"Authorization": "Bearer abcdef", "accept": "*/*"},
            "urls": ["http://ann:hunter2@example.com"],
            "attempt": 3,
        }
    )
    assert made is not None
    assert "hunter2" not in str(made)
    assert "abcdef" not in str(made)
    assert made["fields"]["attempt"] == 3
    assert made["fields"]["headers"]["accept"] == "*/*"


@pytest.mark.parametrize("name", ["logs.lua", "mask.lua"])
def test_lua_uses_nothing_that_could_run_or_write_something(name: str) -> None:
    """Whatever a line holds, it stays text."""
    text = (Path(__file__).parents[2] / "components" / "logs" / "files" / name).read_text(encoding="utf-8")
    for word in ("os.execute", "io.", "loadstring", "load(", "require"):
        assert word not in text
