"""Where in Settings a key of a stack's file belongs."""

import types
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from .form import Text
from .settings import Settings


@dataclass(frozen=True, kw_only=True)
class Location:
    """A place in a stack's file, without the marks that pydantic puts between its keys."""

    path: tuple[str, ...]
    owner: type[BaseModel] | None
    """The section that holds the last key."""
    field: FieldInfo | None
    """What Settings says of the last key."""
    section: type[BaseModel] | None
    """The section that stands at the last key."""
    is_key: bool
    """Whether it is the key itself that is meant, not its value."""


def locate(location: tuple[int | str, ...]) -> Location:
    """The place that an error of pydantic points to."""
    path: list[str] = []
    section: type[BaseModel] | None = Settings
    field: FieldInfo | None = None
    owner: type[BaseModel] | None = None
    entry: Any = None
    for part in location:
        if str(part) in tags(field):
            section = tags(field)[str(part)]
            continue
        if part == "[key]":
            continue
        path.append(str(part))
        owner = section
        if entry is not None:
            field, section, entry = FieldInfo.from_annotation(entry), section_of(entry), None
            continue
        field = None if owner is None else _field(owner, str(part))
        section = None if field is None else section_of(field.annotation)
        entry = None if field is None else entries(field.annotation)
    return Location(
        path=tuple(path), owner=owner, field=field, section=section, is_key=location[-1:] == ("[key]",)
    )


def keys(section: type[BaseModel]) -> list[str]:
    """The keys of a section, as the file spells them."""
    return [info.alias or name for name, info in section.model_fields.items()]


def tags(field: FieldInfo | None) -> dict[str, type[BaseModel]]:
    """The kinds of a section that comes in several, by name."""
    if field is None or field.discriminator is None:
        return {}
    return {get_args(m.model_fields["kind"].annotation)[0]: m for m in members(field.annotation)}


def texts(field: FieldInfo) -> list[Text]:
    """The forms of text that a field takes."""
    found = [part for part in field.metadata if isinstance(part, Text)]
    return found + [part for part in _metadata(field.annotation) if isinstance(part, Text)]


def members(annotation: Any) -> tuple[Any, ...]:
    """The types that an annotation allows."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return tuple(member for part in get_args(annotation) for member in members(part))
    return (annotation,)


def _metadata(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return list(annotation.__metadata__)
    if get_origin(annotation) in (Union, types.UnionType):
        return [found for part in get_args(annotation) for found in _metadata(part)]
    return []


def _field(owner: type[BaseModel], key: str) -> FieldInfo | None:
    return next((info for info in owner.model_fields.values() if info.alias == key), None)


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The section that an annotation allows, if it is one."""
    sections = [m for m in members(annotation) if isinstance(m, type) and issubclass(m, BaseModel)]
    return sections[0] if len(sections) == 1 else None


def entries(annotation: Any) -> Any:
    """What may stand under each key of a free mapping, or in each place of a list."""
    for member in members(annotation):
        if get_origin(member) is dict:
            return get_args(member)[1]
        if get_origin(member) is tuple:
            return get_args(member)[0]
    return None
