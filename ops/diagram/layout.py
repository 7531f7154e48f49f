"""Where everything goes: rows from the top down, frames around them, arrows along channels between the rows.

The picture's rows are always the same ones, so no general graph layout is needed, and a reader finds each
thing where it is in every other stack's picture. First all horizontal positions are decided, then the
vertical ones: how many arrows share a channel decides how high it is.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .model import Arrow, Box, Frame, Lane, Picture, Scope
from .routing import Point, Rect, Span, Ways, points, ways
from .text import width, wrap

WIDTH = 940
"""Pixels: what a README shows without scaling."""
AXIS = WIDTH / 2
_EDGE, _INSET, _GAP, _BESIDE = 16, 14, 28, 56
_TOP = 20
CARD = 4
"""Pixels that each card of a stack is moved by; there are at most three."""
_LEGEND, _PEOPLE = 34, 150
TITLE, VERSION, FACT, FOOT, LABEL = 14.0, 11.5, 12.0, 10.5, 11.0
"""Font sizes: in a box, and on an arrow."""
_STEP = {TITLE: 18, VERSION: 15, FACT: 16, FOOT: 14}
_USUAL, _WIDTHS = 240, {Lane.FRONT: 390, Lane.APPLICATION: 310, Lane.NETWORK: 330}


@dataclass(frozen=True, kw_only=True)
class Text:
    """A line of text in a box or in a frame's head; `y` is its baseline."""

    text: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, kw_only=True)
class PlacedBox:
    """A box, its place and its text."""

    box: Box
    rect: Rect
    texts: tuple[Text, ...]


@dataclass(frozen=True, kw_only=True)
class PlacedFrame:
    """A frame, its place and the text in its head."""

    frame: Frame
    rect: Rect
    texts: tuple[Text, ...]


@dataclass(frozen=True, kw_only=True)
class Route:
    """An arrow's way, and the middle and size of its label."""

    arrow: Arrow
    points: tuple[Point, ...]
    label: Rect


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A picture with every place decided."""

    picture: Picture
    boxes: tuple[PlacedBox, ...]
    frames: tuple[PlacedFrame, ...]
    routes: tuple[Route, ...]
    height: float


def lay_out(picture: Picture) -> Plan:
    """Every place in a picture; the same for the same picture."""
    deepest = max(box.scope for box in picture.boxes)
    picture = replace(picture, frames=tuple(one for one in picture.frames if one.scope <= deepest))
    rows: dict[Lane, list[Box]] = defaultdict(list)
    for box in sorted(picture.boxes, key=lambda one: one.lane):
        rows[box.lane].append(box)
    spans = {name: span for lane, row in rows.items() for name, span in _across(picture, lane, row).items()}
    frame_spans = {frame.scope.name: _frame_span(picture, frame.scope, rows) for frame in picture.frames}
    return _down(picture, rows, spans, ways(picture.arrows, spans, frame_spans))


def _depth(picture: Picture, scope: Scope) -> int:
    """How many frames are around what is in a scope."""
    return sum(frame.scope <= scope for frame in picture.frames)


def _inner(picture: Picture, scope: Scope) -> tuple[float, float]:
    """Left and right end of what is in a scope."""
    side = _EDGE + (_depth(picture, scope) + (scope > Scope.NONE)) * _INSET
    return side, WIDTH - side


def _frame_span(picture: Picture, scope: Scope, rows: dict[Lane, list[Box]]) -> Span:
    """A frame as what an arrow may leave from: its lower side."""
    left, right = _inner(picture, scope)
    last = max(lane for lane, row in rows.items() if row[0].scope >= scope)
    return Span(lane=last, left=left - _INSET, right=right + _INSET)


def _across(picture: Picture, lane: Lane, row: Sequence[Box]) -> dict[str, Span]:
    """Where a row's boxes begin and end."""
    left, right = _inner(picture, row[0].scope)
    if lane is Lane.OUTSIDE:
        return _outside(row, right - _INSET)
    if lane is Lane.APPLICATION:
        return _application(row, left)
    each = min(_WIDTHS.get(lane, _USUAL), (right - left - _GAP * (len(row) - 1)) / len(row))
    start = AXIS - (each * len(row) + _GAP * (len(row) - 1)) / 2
    return {
        box.id: Span(lane=lane, left=start + n * (each + _GAP), right=start + n * (each + _GAP) + each)
        for n, box in enumerate(row)
    }


def _outside(row: Sequence[Box], right: float) -> dict[str, Span]:
    """The people above the application, the rest of the world at the right."""
    people, *world = row
    found = {people.id: Span(lane=Lane.OUTSIDE, left=AXIS - _PEOPLE / 2, right=AXIS + _PEOPLE / 2)}
    room = right - (AXIS + _PEOPLE / 2 + _GAP)
    each = min(250.0, (room - 16 * (len(world) - 1)) / max(1, len(world)))
    for n, box in enumerate(reversed(world)):
        end = right - n * (each + 16)
        found[box.id] = Span(lane=Lane.OUTSIDE, left=end - each, right=end)
    return found


def _application(row: Sequence[Box], left: float) -> dict[str, Span]:
    """The application on the axis, at its left what it is given, at its right whatever else runs."""
    main, *others = row
    half, lane = _WIDTHS[Lane.APPLICATION] / 2, Lane.APPLICATION
    found = {main.id: Span(lane=lane, left=AXIS - half, right=AXIS + half)}
    room = AXIS - half - _BESIDE - left
    for n, box in enumerate(others):
        each = room if n == 0 else (room + _GAP) / (len(others) - 1) - _GAP
        start = left if n == 0 else AXIS + half + _BESIDE + (n - 1) * (each + _GAP)
        found[box.id] = Span(lane=lane, left=start, right=start + each)
    return found


def _box_texts(box: Box, span: Span) -> tuple[list[Text], float]:
    """A box's lines, below its upper side, and the height that they need."""
    x, room = span.left + 12, span.right - span.left - 24
    texts: list[Text] = []
    y = 9.0
    blocks = [(TITLE, [box.title]), (VERSION, [box.version]), (FACT, list(box.facts)), (FOOT, [box.foot])]
    for size, lines in blocks:
        indent = 24 if size == TITLE else 0
        for line in filter(None, lines):
            y += 3 if size == FOOT or len(texts) == 1 else 0
            for piece in wrap(line, size, room - indent, bold=size == TITLE):
                y += _STEP[size]
                texts.append(Text(text=piece, x=x + indent, y=y - 3, size=size))
    return texts, y + 9


def _head(frame: Frame, left: float) -> tuple[list[Text], float]:
    """The lines in a frame's head, left of the axis where the arrows come down."""
    room = AXIS - left - 24
    texts = [Text(text=frame.title, x=left + 12, y=20, size=13)]
    for fact in filter(None, frame.facts):
        for piece in wrap(fact, VERSION, room):
            texts.append(Text(text=piece, x=left + 12, y=20 + 15 * len(texts), size=VERSION))
    return texts, 12 + 15.0 * len(texts)


def _down(picture: Picture, rows: dict[Lane, list[Box]], spans: dict[str, Span], found: Ways) -> Plan:
    """The vertical places, from the top."""
    boxes: list[PlacedBox] = []
    done: list[PlacedFrame] = []
    opened: list[tuple[Frame, float, list[Text]]] = []
    rects: dict[str, Rect] = {}
    tops: dict[Lane, float] = {}
    y = float(_TOP)

    def close(above: Scope) -> None:
        nonlocal y
        while opened and opened[-1][0].scope > above:
            frame, top, texts = opened.pop()
            left, right = _inner(picture, frame.scope)
            y += _INSET
            rect = Rect(x=left - _INSET, y=top, w=right - left + 2 * _INSET, h=y - top)
            rects[frame.scope.name] = rect
            done.append(PlacedFrame(frame=frame, rect=rect, texts=tuple(texts)))

    for lane, row in rows.items():
        close(row[0].scope)
        if lane is not Lane.OUTSIDE:
            y += 8
        for frame in sorted(picture.frames, key=lambda one: one.scope):
            if frame.scope <= row[0].scope and frame not in [one for one, _, _ in opened]:
                left, _ = _inner(picture, frame.scope)
                texts, height = _head(frame, left - _INSET)
                opened.append((frame, y + 8, [_moved(text, y + 8) for text in texts]))
                y += 8 + height
        y += found.channel(lane)
        tops[lane] = y
        measured = [(box, *_box_texts(box, spans[box.id])) for box in row]
        height = max(tall for _, _, tall in measured)
        for box, texts, _ in measured:
            span = spans[box.id]
            rects[box.id] = Rect(x=span.left, y=y, w=span.right - span.left, h=height)
            boxes.append(
                PlacedBox(box=box, rect=rects[box.id], texts=tuple(_moved(text, y) for text in texts))
            )
        y += height
    close(Scope.NONE)
    routes: list[Route] = []
    hulls = {**rects, **{one.box.id: _hull(one) for one in boxes}}
    for leg in found.legs:
        way, (x, middle) = points(found, leg, hulls, tops)
        w = width(leg.arrow.label, LABEL) + 12 if leg.arrow.label else 0
        label = Rect(x=x - w / 2, y=middle - 9, w=w, h=18)
        routes.append(Route(arrow=leg.arrow, points=tuple(way), label=label))
    # The outermost first: each frame is painted over the one around it.
    return Plan(
        picture=picture,
        boxes=tuple(boxes),
        frames=tuple(sorted(done, key=lambda one: one.frame.scope)),
        routes=tuple(routes),
        height=y + _LEGEND,
    )


def _hull(placed: PlacedBox) -> Rect:
    """A box with the cards behind it."""
    by, rect = CARD * min(2, placed.box.copies - 1), placed.rect
    return Rect(x=rect.x, y=rect.y - by, w=rect.w + by, h=rect.h + by)


def _moved(text: Text, by: float) -> Text:
    return Text(text=text.text, x=text.x, y=text.y + by, size=text.size)
