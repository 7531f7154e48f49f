"""Inputs as they travel between program and engine: marks for secrets and for what isn't known yet."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from google.protobuf import json_format  # type: ignore[import-untyped]  # it comes without types
from pulumi.runtime import rpc

from policies.values import UNKNOWN

UNKNOWNS = frozenset(
    {
        rpc.UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)  # fmt: skip
"""Texts that stand for a value which isn't known. Source: sdk/go/common/resource/plugin/rpc.go."""

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 a mark
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


def decoded(properties: object) -> tuple[dict[str, object], frozenset[str]]:
    """The inputs in a protobuf Struct without marks, and the paths of those that are secret."""
    plain = json_format.MessageToDict(properties)
    return {key: _value(one) for key, one in plain.items()}, frozenset(_secrets(plain, ""))


class Struct(Protocol):
    """google.protobuf.Struct, as far as it is changed here."""

    def update(self, values: Mapping[str, object]) -> None:
        """Set some fields."""


def mark_secret(properties: Struct, names: Iterable[str]) -> None:
    """Mark some of the properties as secret, unless they are."""
    plain = json_format.MessageToDict(properties)
    for name in names:
        value = plain.get(name)
        if value is not None and not (isinstance(value, dict) and _SIGNATURE in value):
            properties.update({name: {_SIGNATURE: _SECRET, "value": value}})


def paths(value: object, word: str, path: str = "") -> Iterator[str]:
    """Where in a value that word is part of a text."""
    if isinstance(value, str):
        if word in value:
            yield path
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from paths(one, word, _join(path, str(key)))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from paths(one, word, f"{path}[{index}]")


def _value(value: object) -> object:
    if isinstance(value, str):
        return UNKNOWN if value in UNKNOWNS else value
    if isinstance(value, float) and value.is_integer():
        return int(value)  # the protocol has floats alone
    if isinstance(value, list):
        return [_value(one) for one in value]
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return _value(value.get("value"))
        if value.get(_SIGNATURE) == _OUTPUT:
            return _value(value["value"]) if "value" in value else UNKNOWN
        return {key: _value(one) for key, one in value.items()}
    return value


def _secrets(value: object, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _secrets(one, f"{path}[{index}]")
    elif isinstance(value, dict):
        signature = value.get(_SIGNATURE)
        if signature == _SECRET or (signature == _OUTPUT and value.get("secret")):
            yield path
        elif signature == _OUTPUT:
            yield from _secrets(value.get("value"), path)
        else:
            for key, one in value.items():
                yield from _secrets(one, _join(path, key))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
