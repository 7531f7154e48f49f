"""What is on a dashboard, free of who draws it: sections of tiles, left to right, top to bottom."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from components.signals.model import Panel, Query

COLUMNS = 24
"""A dashboard's width, in Grafana's columns."""
REQUESTED, LIMIT = "requested", "limit"
"""Legends of what isn't measured but allowed; drawn as broken lines."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Words on a dashboard."""

    title: str
    description: str
    markdown: str


@dataclass(frozen=True, kw_only=True)
class Tile:
    """A panel or a note, and the room it takes."""

    content: Panel | Note
    width: int
    """Columns."""
    height: int = 8
    """Rows of 30 pixels."""
    warn_below: float | None = None
    """Below it the panel's value is shown as doubtful."""
    bad_below: float | None = None
    """Below it the panel's value is shown as bad."""
    empty: str = ""
    """What stands there while no series has a value."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Tiles under one heading; the first section of a dashboard may do without."""

    title: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, kw_only=True)
class Board:
    """A dashboard."""

    name: str
    """overview, capacity, or the component's name: its file's and its address' first part."""
    title: str
    description: str
    """The question that it answers."""
    sections: tuple[Section, ...]

    def panels(self) -> Iterator[Panel]:
        """Its panels, in order; notes aside."""
        for section in self.sections:
            for tile in section.tiles:
                if isinstance(tile.content, Panel):
                    yield tile.content

    def queries(self) -> Iterator[tuple[str, Query]]:
        """Each query with its panel's title. They hold no variables: a server answers them as they stand."""
        for panel in self.panels():
            for query in panel.queries:
                yield panel.title, query


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a tile lies: column and row of its upper left corner, and its size."""

    x: int
    y: int
    width: int
    height: int


def table_height(rows: int) -> int:
    """Rows of a dashboard that a table of so many rows takes, its header and a line below it included."""
    return 4 + ceil(rows * 5 / 6)


def places(tiles: tuple[Tile, ...], top: int = 0) -> tuple[Place, ...]:
    """Lays tiles out as words in lines: a line is as high as its highest tile."""
    found = list[Place]()
    x, y, line = 0, top, 0
    for tile in tiles:
        if x + tile.width > COLUMNS:
            x, y, line = 0, y + line, 0
        found.append(Place(x=x, y=y, width=tile.width, height=tile.height))
        x, line = x + tile.width, max(line, tile.height)
    return tuple(found)
