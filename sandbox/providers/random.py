"""Stand-in for the random provider: values that are made once and kept in the state.

It matches pulumi-random 4.21.4 in inputs, outputs, ids and stored state. Every property of these
resources is forced: a change makes a new value. Randomness comes from `secrets`.
"""

import base64
import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from . import protocol, server, wire
from .base import Failure, Provider
from .protocol import Difference, ResourceRequest
from .wire import UNKNOWN, Properties, Secret, Value

_DIGITS = "0123456789"
_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()
_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
# bcrypt reads no more of a password than this many bytes.
_BCRYPT_LIMIT = 72


@dataclass(frozen=True)
class _Kind:
    """One type of resource."""

    make: Callable[[Properties], tuple[str, Properties]]
    adopt: Callable[[str], tuple[str, Properties]]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    required: tuple[str, ...] = ()
    defaults: Properties = field(default_factory=dict)
    schema_version: int = 0


def password(settings: Properties) -> str:
    """A string that meets the minimum of each class of characters."""
    special = str(settings.get("overrideSpecial") or _SPECIAL)
    classes = (
        ("upper", "minUpper", _UPPER),
        ("lower", "minLower", _LOWER),
        ("numeric", "minNumeric", _DIGITS),
        ("special", "minSpecial", special),
    )
    pool = "".join(characters for flag, _, characters in classes if settings[flag])
    if not pool:
        raise Failure("the character set specified is empty")
    chosen = [
        secrets.choice(characters)
        for _, least, characters in classes
        for _ in range(_number(settings[least]))
    ]
    chosen += [secrets.choice(pool) for _ in range(_number(settings["length"]) - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _number(value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Failure(f"expected a whole number, got {value!r}")
    return int(value)


def bcrypt_hash(text: str) -> str:
    """The bcrypt hash of a password, at the cost that the official plugin uses."""
    import bcrypt

    return bcrypt.hashpw(text.encode()[:_BCRYPT_LIMIT], bcrypt.gensalt(10, prefix=b"2a")).decode()


def _make_password(settings: Properties) -> tuple[str, Properties]:
    result = password(settings)
    return "none", {"result": Secret(result), "bcryptHash": Secret(bcrypt_hash(result))}


def _adopt_password(identity: str) -> tuple[str, Properties]:
    length: Properties = {"length": len(identity)}
    return "none", {**length, "result": Secret(identity), "bcryptHash": Secret(bcrypt_hash(identity))}


def _make_string(settings: Properties) -> tuple[str, Properties]:
    result = password(settings)
    return result, {"result": result}


def _id_outputs(raw: bytes, prefix: str) -> Properties:
    url = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return {
        "b64Url": prefix + url,
        "b64Std": prefix + base64.b64encode(raw).decode(),
        "hex": prefix + raw.hex(),
        "dec": f"{prefix}{int.from_bytes(raw)}",
    }


def _make_id(settings: Properties) -> tuple[str, Properties]:
    raw = secrets.token_bytes(_number(settings["byteLength"]))
    return str(_id_outputs(raw, "")["b64Url"]), _id_outputs(raw, str(settings.get("prefix") or ""))


def _adopt_id(identity: str) -> tuple[str, Properties]:
    prefix, _, encoded = identity.rpartition(",")
    raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    given: Properties = {"byteLength": len(raw), **({"prefix": prefix} if prefix else {})}
    return encoded, {**given, **_id_outputs(raw, prefix)}


def _make_uuid(_: Properties) -> tuple[str, Properties]:
    result = str(uuid.UUID(bytes=secrets.token_bytes(16)))
    return result, {"result": result}


def _make_uuid4(_: Properties) -> tuple[str, Properties]:
    result = str(uuid.uuid4())
    return result, {"result": result}


def _adopt_uuid(identity: str) -> tuple[str, Properties]:
    result = str(uuid.UUID(identity))
    return result, {"result": result}


def _bytes_outputs(raw: bytes) -> tuple[str, Properties]:
    # The official plugin, too, uses the value as the id, in plain text.
    encoded = base64.b64encode(raw).decode()
    return encoded, {"base64": Secret(encoded), "hex": Secret(raw.hex())}


def _make_bytes(settings: Properties) -> tuple[str, Properties]:
    return _bytes_outputs(secrets.token_bytes(_number(settings["length"])))


def _adopt_bytes(identity: str) -> tuple[str, Properties]:
    raw = base64.b64decode(identity)
    length: Properties = {"length": len(raw)}
    return identity, {**length, **_bytes_outputs(raw)[1]}


def _make_integer(settings: Properties) -> tuple[str, Properties]:
    if settings.get("seed"):
        raise Failure("a seed gives another number here than with the official plugin: leave it out")
    low, high = _number(settings["min"]), _number(settings["max"])
    if high < low:
        raise Failure(f"min ({low}) must not be greater than max ({high})")
    number = low + secrets.randbelow(high - low + 1)
    return str(number), {"result": number}


def _adopt_integer(identity: str) -> tuple[str, Properties]:
    parts = identity.split(",")
    if len(parts) not in (3, 4):
        raise Failure("import a RandomInteger as result,min,max or result,min,max,seed")
    result, low, high = (int(part) for part in parts[:3])
    seed: Properties = {"seed": parts[3]} if parts[3:] else {}
    return parts[0], {"result": result, "min": low, "max": high, **seed}


_STRING_DEFAULTS: Properties = {
    **dict.fromkeys(("lower", "numeric", "number", "special", "upper"), True),
    **dict.fromkeys(("minLower", "minNumeric", "minSpecial", "minUpper"), 0),
}
_STRING_INPUTS = ("keepers", "length", "overrideSpecial", *_STRING_DEFAULTS)

KINDS = {
    "random:index/randomPassword:RandomPassword": _Kind(
        _make_password,
        _adopt_password,
        _STRING_INPUTS,
        ("bcryptHash", "result"),
        ("length",),
        _STRING_DEFAULTS,
        3,
    ),
    "random:index/randomString:RandomString": _Kind(
        _make_string,
        lambda identity: (identity, {"length": len(identity), "result": identity}),
        _STRING_INPUTS,
        ("result",),
        ("length",),
        _STRING_DEFAULTS,
        2,
    ),
    "random:index/randomId:RandomId": _Kind(
        _make_id,
        _adopt_id,
        ("keepers", "byteLength", "prefix"),
        ("b64Std", "b64Url", "dec", "hex"),
        ("byteLength",),
    ),
    "random:index/randomUuid:RandomUuid": _Kind(_make_uuid, _adopt_uuid, ("keepers",), ("result",)),
    "random:index/randomUuid4:RandomUuid4": _Kind(_make_uuid4, _adopt_uuid, ("keepers",), ("result",)),
    "random:index/randomBytes:RandomBytes": _Kind(
        _make_bytes, _adopt_bytes, ("keepers", "length"), ("base64", "hex"), ("length",)
    ),
    "random:index/randomInteger:RandomInteger": _Kind(
        _make_integer, _adopt_integer, ("keepers", "min", "max", "seed"), ("result",), ("min", "max")
    ),
}


def _settings(kind: _Kind, inputs: Properties) -> Properties:
    """The inputs with their defaults; `number` is the old name of `numeric`."""
    given = {key: value for key, value in inputs.items() if value is not None and key in kind.inputs}
    if "numeric" in kind.defaults:
        for name, other in (("numeric", "number"), ("number", "numeric")):
            if name not in given and other in given:
                given[name] = given[other]
    return {**kind.defaults, **given}


class Random(Provider):
    """The random provider."""

    name, version = "random", "4.21.4"

    def _kind(self, request: ResourceRequest) -> _Kind:
        token = protocol.urn_type(request.urn)
        if token not in KINDS:
            raise self.refuse(f"the resource type {token}")
        return KINDS[token]

    def check(self, request: ResourceRequest) -> tuple[Properties, dict[str, str]]:
        """Name what is missing, unknown or impossible."""
        kind, inputs = self._kind(request), wire.decode(request.news)
        failures = {key: f"Missing required property '{key}'" for key in kind.required if key not in inputs}
        failures |= {
            key: f"unknown property; allowed: {', '.join(sorted(kind.inputs))}"
            for key in inputs
            if key not in kind.inputs and not key.startswith("__")
        }
        plain = wire.reveal(_settings(kind, inputs))
        if not failures and "minUpper" in kind.defaults and isinstance(plain, dict):
            least = [plain[key] for key in ("minUpper", "minLower", "minNumeric", "minSpecial")]
            if not wire.has_unknowns([plain["length"], *least]):
                wanted = max(1, sum(_number(value) for value in least))
                if _number(plain["length"]) < wanted:
                    failures["length"] = f"must be at least {wanted}, the sum of all minimums"
        return inputs, failures

    def diff(self, request: ResourceRequest) -> Difference:
        """Whatever differs from the stored value replaces it."""
        kind = self._kind(request)
        olds = wire.reveal(wire.decode(request.olds))
        news = wire.reveal(_settings(kind, wire.decode(request.news)))
        if not isinstance(olds, dict) or not isinstance(news, dict):
            raise TypeError("properties must be maps")
        result = Difference()
        for key in kind.inputs:
            for path, old, new in _leaves(key, olds.get(key), news.get(key)):
                if old == new or (not old and not new and key in ("keepers", "overrideSpecial")):
                    continue
                if any(
                    path == ignored or path.startswith(f"{ignored}.") for ignored in request.ignoreChanges
                ):
                    continue
                result.detail[path] = (
                    protocol.ADD_REPLACE
                    if old is None
                    else protocol.DELETE_REPLACE
                    if new is None
                    else protocol.UPDATE_REPLACE
                )
                result.replaces.append(path)
        return result

    def create(self, request: ResourceRequest) -> tuple[str, Properties]:
        """Make the value; a preview knows everything but the value."""
        kind, inputs = self._kind(request), wire.decode(request.properties)
        settings = _settings(kind, inputs)
        if request.preview:
            return "", {**settings, **dict.fromkeys(kind.outputs, UNKNOWN)}
        plain = wire.reveal(settings)
        if not isinstance(plain, dict):
            raise TypeError("properties must be maps")
        identity, outputs = kind.make(plain)
        return identity, _state(kind, identity, {**settings, **outputs})

    def read(self, request: ResourceRequest) -> tuple[str, Properties, Properties] | None:
        """A value exists only in the state; without one, the id is imported."""
        kind, state = self._kind(request), wire.decode(request.properties)
        if any(key in state for key in kind.outputs):
            return request.id, state, wire.decode(request.inputs)
        try:
            identity, found = kind.adopt(request.id)
        except ValueError as error:
            raise Failure(
                f"{request.id!r} can't be imported as {protocol.urn_type(request.urn)}: {error}"
            ) from None
        inputs = {key: value for key, value in {**kind.defaults, **found}.items() if key in kind.inputs}
        return identity, _state(kind, identity, {**kind.defaults, **found}), inputs

    def update(self, request: ResourceRequest) -> Properties:
        """Only what doesn't change the value gets here; keep the value."""
        kind, olds = self._kind(request), wire.decode(request.olds)
        kept = {key: value for key, value in olds.items() if key not in kind.inputs}
        return {**_settings(kind, wire.decode(request.news)), **kept}

    def delete(self, request: ResourceRequest) -> None:
        """Nothing exists outside the state."""


def _state(kind: _Kind, identity: str, values: Properties) -> Properties:
    meta: Properties = {}
    if kind.schema_version:
        meta["__meta"] = json.dumps({"schema_version": str(kind.schema_version)}, separators=(",", ":"))
    return {**meta, **values, "id": identity}


def _leaves(path: str, old: Value, new: Value) -> list[tuple[str, Value, Value]]:
    """Pairs of old and new values, a map's by key."""
    if isinstance(old, dict) and isinstance(new, dict):
        return [(f"{path}.{key}", old.get(key), new.get(key)) for key in {**old, **new}]
    return [(path, old, new)]


if __name__ == "__main__":
    protocol.light_imports()
    server.serve(Random)
