"""Pydantic's errors in the words of a stack's file."""

import difflib
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .locate import Location, keys, locate, tags, texts
from .problems import Problem, property_path, remove_command, secret_command, set_command
from .redact import looks_secret, visible
from .secret_names import SecretName

_WHAT = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "string": 'text; put it in quotes ("…")',
    "list": "a list",
    "tuple": "a list",
    "dict": "a mapping of keys",
    "model": "a mapping of keys",
}


def explain(error: ValidationError, prefix: str) -> list[Problem]:
    """One problem for each error. A list isn't too short because its entries are wrong."""
    return [
        _problem(details, prefix)
        for details in error.errors(include_url=False)
        if not (details["type"] == "too_short" and details["input"])
    ]


def _problem(details: ErrorDetails, prefix: str) -> Problem:
    at = locate(details["loc"])
    where = property_path(at.path)
    value: object = visible(details["input"])
    kind = details["type"]
    if kind == "extra_forbidden" and at.owner is not None:
        value, allowed, remedy = _unknown(at, keys(at.owner), details["input"])
    elif at.is_key and kind == "enum":
        value, allowed, remedy = _unknown(at, list(SecretName), None)
    elif at.is_key:
        value, allowed, remedy = None, str(details["ctx"]["error"]), remove_command(where)
    elif kind == "missing":
        value, allowed = None, f"is missing: {_reason(details, at)}"
        remedy = _set_example(at, where)
        if at.section is not None and "kind" in keys(at.section):
            remedy = set_command(f"{where}.kind", _example(at.section.model_fields["kind"]))
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        return _kind(at, details["input"], prefix)
    elif kind in ("enum", "literal_error"):
        options = [_in_yaml(option) for option in _options(str(details["ctx"]["expected"]))]
        allowed = f"must be {_either(options)}"
        if at.path[-1] == "kind":
            allowed += f": {_reason(details, at)}"
        remedy = set_command(where, _closest(str(details["input"]), options, _example(at.field)))
    elif kind in ("greater_than_equal", "less_than_equal"):
        least, most = _bounds(at.field)
        number = "a number" if at.field is not None and at.field.annotation is float else "a whole number"
        allowed = f"must be {number} from {least} to {most}"
        remedy = set_command(where, least if kind == "greater_than_equal" else most)
    elif kind == "value_error":
        allowed, remedy = str(details["ctx"]["error"]), _repair(at, where)
        if meant := _meant(at.field, details["input"]):
            remedy = set_command(where, meant)
    elif kind == "too_short":
        allowed = "must have at least one entry; without the key it has its default"
        remedy = remove_command(where)
        if at.field is not None and at.field.is_required():
            allowed, remedy = "must have at least one entry", _set_example(at, where)
    else:
        value, allowed, remedy = _wrong_type(at, where, details)
    return Problem(key=f"{prefix}:{where}", value=value, allowed=allowed, remedy=remedy)


def _reason(details: ErrorDetails, at: Location) -> str:
    """What a key is for. The `kind` of a section that has but one is there for what the section is for."""
    return _description(locate(details["loc"][:-1]).field if at.path[-1] == "kind" else at.field)


def _unknown(at: Location, known: Iterable[str], value: object) -> tuple[object, str, str]:
    """For a key that nobody knows: perhaps a slip, a forgotten --path, or a password."""
    last = at.path[-1]
    known = [*known, *SecretName] if len(at.path) == 1 else list(known)
    if len(at.path) == 1 and last.split(".")[0] in known:
        remedy = f"pulumi config rm {last} && pulumi config set --path {last} {visible(value)}"
        return visible(value, last), "is a path: it is set with --path", remedy
    close = difflib.get_close_matches(last, known, n=1)
    meant = f"; did you mean {close[0]}?" if close else "."
    allowed = f"is not a key{meant} Allowed: {', '.join(known)}"
    remedy = remove_command(property_path(at.path)) if len(at.path) > 1 else f"pulumi config rm {last}"
    if value is not None and not isinstance(value, bool | dict | list) and looks_secret(last, value):
        name = secret_for(at.path)
        allowed = (
            f"{allowed}. If it is a password: none is ever a literal here; it has been in a file, "
            f"so change it where it was issued"
        )
        remedy = f"{remedy} && {secret_command(name)}"
    return visible(value, last), allowed, remedy


def secret_for(path: tuple[str, ...]) -> SecretName:
    """The secret that a password at `path` was probably meant to be."""
    section = {"postgres": SecretName.POSTGRES, "app": SecretName.ADMIN}
    said = "".join(path[-2:]).lower()
    named = [name for name in SecretName if name.lower().removesuffix("apikey") in said]
    close = difflib.get_close_matches(path[-1], list(SecretName), n=1)
    if named:
        return max(named, key=len)
    return SecretName(close[0]) if close and len(path) == 1 else section.get(path[0], SecretName.OPENAI)


def _kind(at: Location, given: object, prefix: str) -> Problem:
    """For a section of several kinds whose `kind` is missing or wrong."""
    members = tags(at.field)
    where = property_path((*at.path, "kind"))
    inner = given if isinstance(given, dict) else {}
    fitting = max(members, key=lambda tag: len(set(inner) & set(keys(members[tag]))))
    value = inner.get("kind")
    problem = "" if value is not None else " (it is missing)"
    return Problem(
        key=f"{prefix}:{where}",
        value=None if value is None else visible(value),
        allowed=f"must be {_either(members)}{problem}: {_description(at.field)}",
        remedy=set_command(where, fitting if value is None else _closest(str(value), list(members), fitting)),
    )


def _wrong_type(at: Location, where: str, details: ErrorDetails) -> tuple[object, str, str]:
    what = _WHAT.get(details["type"].split("_")[0])
    allowed = f"must be {what}" if what else details["msg"].replace("Input should", "must")
    value = visible(details["input"])
    named = {
        "secrets": "the name of an existing Secret and the key in it",
        "secretManager": "the id of a secret in Google's Secret Manager and its version",
    }.get(at.path[0])
    if isinstance(details["input"], str) and named and len(at.path) == 2:
        name = at.path[1]
        return (
            visible(details["input"], "secret"),
            f"must be a mapping with {named}; a value is set as a secret of its own",
            f"{remove_command(where)} && {secret_command(name)}",
        )
    if details["type"] in ("model_type", "model_attributes_type", "dict_type") and at.section is not None:
        allowed += f" ({', '.join(keys(at.section))})"
    if details["input"] is None:
        value = "null"
    return value, f"{allowed}: {_description(at.field)}", _repair(at, where)


def _set_example(at: Location, where: str) -> str:
    """Set an example; of a list, its first entry."""
    several = at.field is not None and get_origin(at.field.annotation) is tuple
    example = _example(at.field)
    return set_command(f"{where}[0]", example[0]) if several else set_command(where, example)


def _repair(at: Location, where: str) -> str:
    """Set an example where a single value is wanted, else take the wrong value out."""
    example = _example(at.field)
    if at.path[-1].isdigit() or example is None:
        return remove_command(where)
    return set_command(where, example)


def _meant(field: FieldInfo | None, value: object) -> str | None:
    """What was probably meant by a slip: 10Gi by 10."""
    if (
        field is None
        or isinstance(value, bool)
        or not isinstance(value, str | int)
        or looks_secret("", value)
    ):
        return None
    guesses = [meant for form in texts(field) if (meant := form.mended(str(value)))]
    # Of a value with two forms, a guess by one may still be wrong by the other.
    return next((meant for meant in guesses if meant != value), None)


def _example(field: FieldInfo | None) -> Any:
    """A value that is accepted: the default, else the field's or its type's example."""
    if field is None:
        return None
    if not field.is_required() and isinstance(field.default, bool | int | float | str):
        return field.default.value if isinstance(field.default, StrEnum) else field.default
    if field.examples:
        return field.examples[0]
    if get_origin(field.annotation) is Literal:
        return get_args(field.annotation)[0]
    found = texts(field)
    return found[0].example if found else None


def _bounds(field: FieldInfo | None) -> tuple[float, float]:
    least, most = 0.0, 0.0
    for part in field.metadata if field is not None else ():
        least, most = getattr(part, "ge", least), getattr(part, "le", most)
    return least, most


def _options(expected: str) -> list[str]:
    return expected.replace(" or ", ", ").split(", ")


def _in_yaml(option: str) -> str:
    """An option of pydantic's message, a Python literal, as the file spells it."""
    return option.lower() if option in ("True", "False") else option.strip("'")


def _either(options: Iterable[str]) -> str:
    *most, last = options
    return f"{', '.join(most)} or {last}" if most else last


def _closest(given: str, options: list[str], otherwise: Any) -> str:
    close = difflib.get_close_matches(given.lower(), options, n=1)
    if close:
        return close[0]
    return str(otherwise) if otherwise in options else options[0]


def _description(field: FieldInfo | None) -> str:
    return (field.description or "").split("\n")[0] if field is not None else ""
