"""What a picture says, before anybody knows where it goes: boxes, frames around them, arrows between them."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class Lane(IntEnum):
    """The rows of a picture, from the top: a request goes down through them."""

    OUTSIDE = 0
    FRONT = 1
    APPLICATION = 2
    STORES = 3
    WATCHING = 4
    NETWORK = 5
    SERVICES = 6


class Scope(IntEnum):
    """The frames of a picture, from the outermost."""

    NONE = 0
    PROJECT = 1
    VPC = 2
    CLUSTER = 3
    NAMESPACE = 4


class Kind(StrEnum):
    """What a box is, which decides its colour and its pictogram."""

    PEOPLE = "people"
    WORLD = "world"
    FRONT = "front"
    APPLICATION = "application"
    DATABASE = "database"
    DISK = "disk"
    SECRET = "secret"  # noqa: S105  a word, not one
    BACKUP = "backup"
    SERVICE = "service"


@dataclass(frozen=True, kw_only=True)
class Box:
    """A component as a person knows it."""

    id: str
    kind: Kind
    lane: Lane
    scope: Scope
    title: str
    version: str = ""
    """Image, tier or class: what exactly runs."""
    facts: tuple[str, ...] = ()
    """What decides, a line each; long ones are wrapped."""
    foot: str = ""
    """The small resources that belong to it, counted."""
    copies: int = 1
    """More than one is drawn as a stack of cards."""


class Line(StrEnum):
    """What an arrow means."""

    FLOW = "flow"
    """An allowed network flow, from who opens the connection."""
    DATA = "data"
    """Anything else that one has of the other: a mounted volume, a secret, a backup."""


@dataclass(frozen=True, kw_only=True)
class Arrow:
    """From box to box; `source` may also name a frame, by its scope's name."""

    source: str
    target: str
    label: str
    line: Line = Line.FLOW


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A boundary."""

    scope: Scope
    title: str
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Everything that one picture says."""

    title: str
    subtitle: str
    boxes: tuple[Box, ...]
    frames: tuple[Frame, ...] = ()
    arrows: tuple[Arrow, ...] = ()
