"""The random stand-in: what it makes, stores and replaces, as the official plugin does."""

import base64
import string

import pytest

from sandbox.providers.base import Failure
from sandbox.providers.random import KINDS, Random, password
from sandbox.providers.wire import UNKNOWN, Properties, Secret
from tests.sandbox.providers import requests

PASSWORD = "random:index/randomPassword:RandomPassword"
STRING = "random:index/randomString:RandomString"
ID = "random:index/randomId:RandomId"


@pytest.fixture
def provider() -> Random:
    return Random(requests.Host())


def test_a_stored_password_has_the_shape_that_the_official_plugin_stores(provider: Random) -> None:
    """Recorded from the official plugin: pulumi-random's own upgrade tests."""
    identity, state = provider.create(
        requests.create(PASSWORD, {"length": 16, "minLower": 2, "special": True})
    )
    result, bcrypt_hash = state.pop("result"), state.pop("bcryptHash")
    assert identity == "none"
    assert state == {
        "__meta": '{"schema_version":"3"}',
        "id": "none",
        "length": 16,
        "lower": True,
        "minLower": 2,
        "minNumeric": 0,
        "minSpecial": 0,
        "minUpper": 0,
        "number": True,
        "numeric": True,
        "special": True,
        "upper": True,
    }
    assert isinstance(result, Secret)
    assert isinstance(bcrypt_hash, Secret)
    assert str(bcrypt_hash.value).startswith("$2a$10$")


def test_a_string_is_its_own_id(provider: Random) -> None:
    identity, state = provider.create(requests.create(STRING, {"length": 8, "special": False}))
    assert identity == state["result"] == state["id"]
    assert state["__meta"] == '{"schema_version":"2"}'


def test_minimums_and_own_special_characters_hold() -> None:
    settings: Properties = {
        **KINDS[PASSWORD].defaults,
        "length": 12,
        "minUpper": 3,
        "minNumeric": 4,
        "minSpecial": 5,
        "lower": False,
        "overrideSpecial": "~",
    }
    made = password(settings)
    assert sum(letter in string.ascii_uppercase for letter in made) == 3
    assert sum(letter in string.digits for letter in made) == 4
    assert made.count("~") == 5


def test_no_characters_at_all_is_an_error() -> None:
    nothing: Properties = {
        **KINDS[PASSWORD].defaults,
        **dict.fromkeys(("upper", "lower", "numeric", "special"), False),
        "length": 5,
    }
    with pytest.raises(Failure, match="character set specified is empty"):
        password(nothing)


def test_an_id_gives_the_same_bytes_in_every_form(provider: Random) -> None:
    identity, state = provider.create(requests.create(ID, {"byteLength": 4, "prefix": "x-"}))
    raw = base64.urlsafe_b64decode(identity + "==")
    assert len(raw) == 4
    assert state["hex"] == f"x-{raw.hex()}"
    assert state["dec"] == f"x-{int.from_bytes(raw)}"
    assert state["b64Url"] == f"x-{identity}"


def test_an_imported_id_is_the_one_that_was_made(provider: Random) -> None:
    identity, state = provider.create(requests.create(ID, {"byteLength": 4, "prefix": "x-"}))
    found = provider.read(requests.read(ID, f"x-,{identity}"))
    assert found is not None
    assert found[1] == state


def test_a_refresh_keeps_the_value(provider: Random) -> None:
    identity, state = provider.create(requests.create(PASSWORD, {"length": 9}))
    found = provider.read(requests.read(PASSWORD, identity, state))
    assert found is not None
    assert found[1] == state


def test_a_preview_knows_all_but_the_value(provider: Random) -> None:
    identity, state = provider.create(requests.create(PASSWORD, {"length": 9}, preview=True))
    assert (identity, state["result"], state["upper"]) == ("", UNKNOWN, True)


def test_every_change_replaces(provider: Random) -> None:
    _, state = provider.create(requests.create(PASSWORD, {"length": 9, "keepers": {"a": "1"}}))
    found = provider.diff(requests.diff(PASSWORD, state, {"length": 10, "keepers": {"a": "2"}}))
    assert sorted(found.replaces) == ["keepers.a", "length"]


def test_writing_out_a_default_changes_nothing(provider: Random) -> None:
    _, state = provider.create(requests.create(PASSWORD, {"length": 9}))
    found = provider.diff(requests.diff(PASSWORD, state, {"length": 9, "special": True, "keepers": {}}))
    assert not found.detail


def test_number_is_the_old_name_of_numeric(provider: Random) -> None:
    _, state = provider.create(requests.create(PASSWORD, {"length": 9, "number": False}))
    assert state["numeric"] is False
    assert not provider.diff(requests.diff(PASSWORD, state, {"length": 9, "numeric": False})).detail


def test_a_length_below_the_minimums_is_refused(provider: Random) -> None:
    _, failures = provider.check(requests.check(PASSWORD, {"length": 3, "minUpper": 4}))
    assert failures == {"length": "must be at least 4, the sum of all minimums"}


def test_a_missing_length_is_refused(provider: Random) -> None:
    assert provider.check(requests.check(PASSWORD, {}))[1] == {"length": "Missing required property 'length'"}


def test_a_type_that_only_the_official_plugin_has_names_it(provider: Random) -> None:
    with pytest.raises(Failure, match=r"randomPet:RandomPet.*pulumi plugin install resource random"):
        provider.check(requests.check("random:index/randomPet:RandomPet", {}))
