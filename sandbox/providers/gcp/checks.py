"""Whether a resource's inputs fit its type: names, what is required, basic types."""

from collections.abc import Iterator, Mapping

from sandbox.providers import paths, wire
from sandbox.providers.paths import Path
from sandbox.providers.wire import Properties, Unknown, Value

from . import sdk
from .sdk import ListOf, MapOf, Nested, Property, Scalar, Type


def check(inputs: Properties, allowed: Mapping[str, Property]) -> dict[str, str]:
    """What is wrong with the inputs, by property path."""
    plain = wire.reveal(inputs)
    return {paths.write(path): why for path, why in _object((), plain, allowed)}


def _object(path: Path, value: Value, allowed: Mapping[str, Property]) -> Iterator[tuple[Path, str]]:
    if not isinstance(value, dict):
        yield path, f"expected an object, got {_said(value)}"
        return
    for key, item in value.items():
        if key.startswith("__"):
            continue
        if key not in allowed:
            yield (*path, key), f"unknown property; allowed: {', '.join(sorted(allowed)) or 'none'}"
        elif item is not None:
            yield from _value((*path, key), item, allowed[key].type)
    for key, one in allowed.items():
        if one.required and value.get(key) is None:
            yield (*path, key), f"Missing required property '{key}'"


def _value(path: Path, value: Value, wanted: Type) -> Iterator[tuple[Path, str]]:
    if isinstance(value, Unknown) or value is None:
        return
    if isinstance(wanted, Nested):
        yield from _object(path, value, sdk.nested(wanted))
    elif isinstance(wanted, ListOf):
        if not isinstance(value, list):
            yield path, f"expected a list, got {_said(value)}"
            return
        for index, item in enumerate(value):
            yield from _value((*path, index), item, wanted.item)
    elif isinstance(wanted, MapOf):
        if not isinstance(value, dict):
            yield path, f"expected a map, got {_said(value)}"
            return
        for key, item in value.items():
            yield from _value((*path, key), item, wanted.item)
    elif not _fits(value, wanted):
        yield path, f"expected a {wanted}, got {_said(value)}"


def _fits(value: Value, wanted: Scalar) -> bool:
    """Whether the official plugin can read it as this type: text that spells a number will do."""
    if wanted is Scalar.ANY:
        return True
    if isinstance(value, dict | list):
        return False
    if wanted is Scalar.STRING:
        return True
    if wanted is Scalar.BOOLEAN:
        return isinstance(value, bool) or value in ("true", "false")
    if isinstance(value, bool):
        return False
    try:
        number = float(str(value))
    except ValueError:
        return False
    return wanted is Scalar.NUMBER or number.is_integer()


def _said(value: Value) -> str:
    """What it is, without the value: it may be a secret."""
    names = {dict: "an object", list: "a list", bool: "a boolean", str: "text"}
    return names.get(type(value), "a number")
