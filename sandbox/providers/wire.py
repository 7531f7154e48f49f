"""Property values as they travel between engine and provider.

In Python a property value is plain JSON data (numbers that are whole are `int`), plus `Secret` around
whatever is secret and `UNKNOWN` for what a preview doesn't know yet. Source: the signature keys and
sentinels of Pulumi's resource property protocol.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from . import protocol
from .protocol import Struct, StructValue

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a marker, not a secret
OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWNS = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        _UNKNOWN_STRING,
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # an array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


class Unknown:
    """The type of `UNKNOWN`, the only value of its kind."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that may only be stored encrypted. Its repr never shows the value."""

    value: "Value"

    def __repr__(self) -> str:
        return "Secret(...)"


Value: TypeAlias = bool | int | float | str | Secret | Unknown | list["Value"] | dict[str, "Value"] | None
Properties: TypeAlias = dict[str, Value]


def decode(struct: Struct) -> Properties:
    """Turn a message into property values."""
    return {key: _decode(value) for key, value in struct.fields.items()}


def _decode(value: StructValue) -> Value:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        text = value.string_value
        return UNKNOWN if len(text) == 36 and text in _UNKNOWNS else text
    if kind == "struct_value":
        fields = value.struct_value.fields
        if SIGNATURE in fields:
            return _decode_special(fields)
        return {key: _decode(item) for key, item in fields.items()}
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    if kind == "list_value":
        return [_decode(item) for item in value.list_value.values]
    if kind == "bool_value":
        return value.bool_value
    return None


def _decode_special(fields: Mapping[str, StructValue]) -> Value:
    signature = fields[SIGNATURE].string_value
    if signature == SECRET_SIGNATURE:
        return Secret(_decode(fields["value"]))
    if signature == OUTPUT_SIGNATURE:
        value = _decode(fields["value"]) if "value" in fields else UNKNOWN
        secret = "secret" in fields and fields["secret"].bool_value
        return Secret(value) if secret else value
    # Assets, archives and resource references are passed through as they came.
    return {key: _decode(item) for key, item in fields.items()}


def encode(properties: Mapping[str, Value]) -> Struct:
    """Turn property values into a message."""
    message = protocol.struct()
    message.update(_plain_map(properties))
    return message


def _plain_map(properties: Mapping[str, Value]) -> dict[str, object]:
    return {key: _plain(value) for key, value in properties.items()}


def _plain(value: Value) -> object:
    if isinstance(value, dict):
        return _plain_map(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET_SIGNATURE, "value": _plain(value.value)}
    if isinstance(value, Unknown):
        return _UNKNOWN_STRING
    return value


def reveal(value: Value) -> Value:
    """The value with every `Secret` in it unwrapped; unknowns stay."""
    if isinstance(value, Secret):
        return reveal(value.value)
    if isinstance(value, dict):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item) for item in value]
    return value


def has_unknowns(value: Value) -> bool:
    """Whether anything in it is not known yet."""
    return _any(value, lambda item: isinstance(item, Unknown))


def has_secrets(value: Value) -> bool:
    """Whether anything in it is secret."""
    return _any(value, lambda item: isinstance(item, Secret))


def _any(value: Value, test: Callable[[Value], bool]) -> bool:
    if test(value):
        return True
    if isinstance(value, Secret):
        return _any(value.value, test)
    if isinstance(value, dict):
        return any(_any(item, test) for item in value.values())
    if isinstance(value, list):
        return any(_any(item, test) for item in value)
    return False
