"""What the engine stores of an object: the live object, its inputs, and how it was made."""

from collections.abc import Mapping

from sandbox.providers import wire
from sandbox.providers.wire import Properties, Secret, Value

from .objects import dig, table, text

INPUTS = "__inputs"
API_VERSION = "__initialApiVersion"
FIELD_MANAGER = "__fieldManager"

# Properties can't have dashes in every language's SDK; these fields of CRDs do.
_DASHED = {
    f"x-kubernetes-{name}": f"x_kubernetes_{name.replace('-', '_')}"
    for name in (
        "embedded-resource",
        "int-or-string",
        "list-map-keys",
        "list-type",
        "map-type",
        "preserve-unknown-fields",
        "validations",
    )
}
_UNDERSCORED = {under: dashed for dashed, under in _DASHED.items()}


def _renamed(value: Value, names: Mapping[str, str]) -> Value:
    if isinstance(value, dict):
        return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return value


def to_object(properties: Properties) -> Properties:
    """The object that properties describe: secrets unwrapped, fields as the API names them."""
    return table({"": _renamed(wire.reveal(properties), _UNDERSCORED)}, "")


def to_properties(obj: Properties) -> Properties:
    """The properties that describe an object."""
    return table({"": _renamed(obj, _DASHED)}, "")


def mark_secrets(outputs: Properties, inputs: Properties) -> None:
    """Make secret in the outputs what is secret in the inputs, and the data of every Secret."""
    if outputs.get("kind") == "Secret":
        for key in ("data", "stringData"):
            if key in outputs and not isinstance(outputs[key], Secret):
                outputs[key] = Secret(outputs[key])
        return
    for key, given in inputs.items():
        if key not in outputs:
            continue
        found = outputs[key]
        if isinstance(found, dict) and isinstance(given, dict):
            mark_secrets(found, given)
        elif not isinstance(found, Secret) and wire.has_secrets(given):
            outputs[key] = Secret(found)


def checkpoint(
    inputs: Properties, live: Properties, given: Properties, api_version: str, manager: str
) -> Properties:
    """The state to store. `given` are the properties as they came, which say what is secret."""
    outputs, stored = to_properties(live), to_properties(inputs)
    mark_secrets(outputs, given)
    mark_secrets(stored, given)
    return {**outputs, INPUTS: stored, API_VERSION: api_version, FIELD_MANAGER: manager}


def parse(state: Properties) -> tuple[Properties, Properties]:
    """The inputs and the live object that a state holds."""
    live = to_object(state)
    inputs = table(live, INPUTS)
    live.pop(INPUTS, None)
    return inputs, live


def initial_api_version(state: Properties, inputs: Properties) -> str:
    """The apiVersion that the object was created with."""
    return text(state, API_VERSION) or text(inputs, "apiVersion")


def without_marks(live: Properties) -> Properties:
    """The live object without what the state adds to it."""
    return {key: value for key, value in live.items() if not key.startswith("__")}


def is_immutable(obj: Properties) -> bool:
    """Whether a Secret or ConfigMap declares itself immutable."""
    return dig(obj, "immutable") is True


def copy(obj: Properties) -> Properties:
    """A copy that shares nothing with the object."""
    return {key: _copied(value) for key, value in obj.items()}


def _copied(value: Value) -> Value:
    if isinstance(value, dict):
        return copy(value)
    return [_copied(item) for item in value] if isinstance(value, list) else value
