"""Inputs in the form in which the API server would store them, so that only real changes differ."""

import base64
import binascii

from sandbox.providers import wire
from sandbox.providers.wire import Properties, Value

from .kinds import KNOWN_VERSIONS
from .objects import dig, drop, kind_of, put, table, text
from .quantity import canonical
from .state import copy

_READ_ONLY = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
# Maps of quantities, and single quantities, wherever they occur in built-in kinds.
_QUANTITY_MAPS = frozenset(
    [
        "requests",
        "limits",
        "hard",
        "capacity",
        "overhead",
        "allocatable",
        "default",
        "defaultRequest",
        "max",
        "min",
        "maxLimitRequestRatio",
    ]
)
_QUANTITIES = frozenset(["sizeLimit", "averageValue", "divisor"])


def is_known(obj: Value) -> bool:
    """Whether the object is of a built-in group and version."""
    return text(obj, "apiVersion") in KNOWN_VERSIONS


def is_crd(obj: Value) -> bool:
    """Whether the object defines a custom kind."""
    kind = kind_of(obj)
    return kind.kind == "CustomResourceDefinition" and kind.group == "apiextensions.k8s.io"


def normalise(obj: Properties) -> Properties:
    """A copy of an object's inputs, as the server would spell them. Unknowns leave it as it is."""
    result = copy(obj)
    if is_known(obj) and not wire.has_unknowns(obj):
        if is_crd(obj):
            if dig(result, "spec", "preserveUnknownFields") is False:
                drop(result, "spec", "preserveUnknownFields")
            drop(result, "status")
        elif text(obj, "kind") == "Secret":
            _secret(result)
        else:
            result = table({"": _typed(result)}, "")
    for key in _READ_ONLY:
        drop(result, "metadata", key)
    return result


def _secret(obj: Properties) -> None:
    """The server moves `stringData` into `data` and re-encodes what is there."""
    strings = {key: value for key, value in table(obj, "stringData").items() if isinstance(value, str)}
    data = {**table(obj, "data")}
    if strings and len(strings) == len(table(obj, "stringData")):
        data |= {key: base64.b64encode(value.encode()).decode() for key, value in strings.items()}
        put(obj, data, "data")
        drop(obj, "stringData")
    elif data:
        put(obj, {key: _reencoded(value) for key, value in data.items()}, "data")


def _reencoded(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64encode(base64.b64decode(value.replace("\n", ""), validate=True)).decode()
    except binascii.Error:
        return value  # The server refuses it, in better words.


def _typed(value: Value) -> Value:
    """Quantities in their canonical spelling, no nulls."""
    if isinstance(value, list):
        return [_typed(item) for item in value]
    if not isinstance(value, dict):
        return value
    result: Properties = {}
    for key, item in value.items():
        if item is None:
            continue
        if key in _QUANTITIES:
            result[key] = _quantity(item)
        elif key in _QUANTITY_MAPS and isinstance(item, dict) and all(map(_is_scalar, item.values())):
            result[key] = {name: _quantity(amount) for name, amount in item.items()}
        else:
            result[key] = _typed(item)
    return result


def _is_scalar(value: Value) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _quantity(value: Value) -> Value:
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return canonical(value) or value
    return value


def prune(live: Value, shape: Value) -> Value:
    """What a live value has in common with a shape: the parts that the inputs speak about."""
    if isinstance(live, dict) and isinstance(shape, dict):
        return {key: prune(value, shape[key]) for key, value in live.items() if key in shape}
    if isinstance(live, list) and isinstance(shape, list):
        if not live or not shape:
            return []
        if type(live[0]) is not type(shape[0]):
            return live
        return [prune(value, wanted) for value, wanted in zip(live, shape, strict=False)]
    return live


def _is_empty(value: Value) -> bool:
    return value is not None and not isinstance(value, wire.Unknown | wire.Secret) and not value


def without_omitted(new: Value, old: Value, live: Value) -> Value:
    """The new inputs without the empty values that the server doesn't store (`hostNetwork: false`).

    Those can't be told from unset ones by looking at the object: what was asked for before, too, and
    isn't in the live object, was such a value.
    """
    if isinstance(new, dict):
        old_map, live_map = table({"": old}, ""), table({"": live}, "")
        return {
            key: without_omitted(value, old_map.get(key), live_map.get(key))
            for key, value in new.items()
            if key in live_map or not (_is_empty(value) and key in old_map and old_map[key] == value)
        }
    if isinstance(new, list) and isinstance(old, list) and isinstance(live, list):
        paired = [
            without_omitted(value, before, now) for value, before, now in zip(new, old, live, strict=False)
        ]
        return paired + new[len(paired) :]
    return new
