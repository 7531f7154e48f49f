"""Pydantic's errors in the words of a stack's file."""

import difflib
import types
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .problems import Problem, remove_command, set_command
from .settings import Settings


def explain(error: ValidationError, prefix: str) -> list[Problem]:
    """One problem for each error, in the order of the file."""
    return [_problem(details, prefix) for details in error.errors(include_url=False)]


def located(location: tuple[int | str, ...]) -> list[str]:
    """The keys that lead to an error in the user's file."""
    return _locate(location)[0]


def without(sections: dict[str, object], path: list[str]) -> dict[str, object]:
    """`sections` without what stands at `path`, or without the innermost part of it that is there."""
    head, *rest = path
    inner = sections.get(head)
    if rest and isinstance(inner, dict) and rest[0] in inner:
        return {**sections, head: without(inner, rest)}
    return {key: value for key, value in sections.items() if key != head}


def _problem(details: ErrorDetails, prefix: str) -> Problem:
    path, owner, field = _locate(details["loc"])
    where = ".".join(path)
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    remedy = set_command(where, _example(field))
    if kind == "extra_forbidden" and owner is not None:
        known = [info.alias or name for name, info in owner.model_fields.items()]
        close = difflib.get_close_matches(path[-1], known, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        allowed = f"is not a key{meant or '.'} Allowed: {', '.join(known)}"
        remedy = remove_command(where)
    elif kind == "missing":
        value, allowed = None, f"is missing: {_description(field)}"
    elif kind in ("union_tag_invalid", "union_tag_not_found"):
        expected = ", ".join(f"'{tag}'" for tag in _tags(field))
        given = value.get("kind") if isinstance(value, dict) else value
        where, value = f"{where}.kind", given
        allowed = f"must be one of {expected}"
        remedy = set_command(where, expected.split("'")[1])
    elif kind in ("enum", "literal_error"):
        allowed = f"must be {context['expected']}"
        remedy = set_command(where, str(context["expected"]).split("'")[1])
    elif kind == "value_error":
        allowed = str(context["error"])
    elif kind == "model_type" or kind == "model_attributes_type" or kind == "dict_type":
        allowed = f"must be a mapping of keys: {_description(field)}"
    else:
        message = details["msg"].removeprefix("Input ").removeprefix("should ")
        allowed = f"must {message}" if details["msg"].startswith("Input should") else details["msg"]
    if "such as " in allowed and remedy.endswith("<value>"):
        remedy = set_command(where, allowed.split("such as ")[1].split()[0].strip('",'))
    return Problem(key=f"{prefix}:{where}", value=value, allowed=allowed, remedy=remedy)


def _locate(location: tuple[int | str, ...]) -> tuple[list[str], type[BaseModel] | None, FieldInfo | None]:
    """The path without union tags, the section that holds its last key, and that key's field."""
    path: list[str] = []
    owner: type[BaseModel] | None = Settings
    field: FieldInfo | None = None
    holder = owner
    for part in location:
        if field is not None and str(part) in _tags(field):
            owner = _tags(field)[str(part)]
            continue
        if part == "[key]":
            continue
        path.append(str(part))
        holder = owner
        field = _field(owner, str(part))
        owner = _section(field.annotation) if field is not None else None
    return path, holder, field


def _field(owner: type[BaseModel] | None, key: str) -> FieldInfo | None:
    if owner is None:
        return None
    return next((info for name, info in owner.model_fields.items() if key in (name, info.alias)), None)


def _members(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(member for part in get_args(annotation) for member in _members(part))
    return (annotation,)


def _section(annotation: Any) -> type[BaseModel] | None:
    sections = [m for m in _members(annotation) if isinstance(m, type) and issubclass(m, BaseModel)]
    return sections[0] if len(sections) == 1 else None


def _tags(field: FieldInfo | None) -> dict[str, type[BaseModel]]:
    if field is None or field.discriminator is None:
        return {}
    return {get_args(m.model_fields["kind"].annotation)[0]: m for m in _members(field.annotation)}


def _description(field: FieldInfo | None) -> str:
    return (field.description or "").split("\n")[0] if field is not None else ""


def _example(field: FieldInfo | None) -> str:
    default = None if field is None or field.is_required() else field.default
    if isinstance(default, bool):
        return str(default).lower()
    return str(default) if isinstance(default, str | int) else "<value>"
