"""A plan as SVG: the same bytes for the same plan, readable on a light page and on a dark one.

It stands on a white card of its own: a picture in a README can't know the page's colours.
"""

from collections.abc import Iterable
from xml.sax.saxutils import escape, quoteattr

from .layout import CARD, FOOT, LABEL, TITLE, VERSION, WIDTH, PlacedBox, PlacedFrame, Plan, Route, Text
from .model import Kind, Line, Scope
from .routing import Point

_FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans', sans-serif"
_INK, _MUTED, _WIRE, _DATA = "#1f2328", "#59636e", "#424a53", "#8250df"
_COLOURS = {
    Kind.PEOPLE: "#424a53",
    Kind.WORLD: "#424a53",
    Kind.FRONT: "#bc4c00",
    Kind.APPLICATION: "#0969da",
    Kind.DATABASE: "#1a7f37",
    Kind.DISK: "#1a7f37",
    Kind.SECRET: "#8250df",
    Kind.BACKUP: "#8250df",
    Kind.SERVICE: "#59636e",
}
_ICONS = {
    Kind.PEOPLE: "M8 8a3.2 3.2 0 1 0 0-6.4A3.2 3.2 0 0 0 8 8ZM2 15c0-3.3 2.6-5 6-5s6 1.7 6 5",
    Kind.WORLD: "M15 8A7 7 0 1 1 1 8a7 7 0 0 1 14 0ZM1 8h14M8 1c2.6 2 2.6 12 0 14M8 1C5.4 3 5.4 13 8 15",
    Kind.FRONT: "M8 1l6 2v5c0 3.5-2.5 6-6 7.5C4.5 14 2 11.5 2 8V3ZM5.3 8l2 2 3.6-4",
    Kind.APPLICATION: "M1.5 2.5h13v11h-13ZM1.5 6h13M4 4.3h.5M6.5 4.3H7",
    Kind.DATABASE: "M2 3.5c0-1.3 2.7-2.2 6-2.2s6 .9 6 2.2-2.7 2.2-6 2.2-6-.9-6-2.2Z"
    "M2 3.5v9c0 1.3 2.7 2.2 6 2.2s6-.9 6-2.2v-9M2 8c0 1.3 2.7 2.2 6 2.2s6-.9 6-2.2",
    Kind.DISK: "M1.5 9l2-6.5h9l2 6.5v4.5h-13ZM1.5 9h13M11 11.3h1.2",
    Kind.SECRET: "M7.5 8A3.2 3.2 0 1 1 1.1 8a3.2 3.2 0 0 1 6.4 0ZM7.5 8H15M12 8v3M14.8 8v2.5",
    Kind.BACKUP: "M1.5 2h13v3.5h-13ZM2.5 5.5V14h11V5.5M6 8.5h4",
    Kind.SERVICE: "M4 13a3.2 3.2 0 0 1-.3-6.4A4.5 4.5 0 0 1 12.3 6 3.5 3.5 0 0 1 12 13Z",
}
_FRAMES = {
    Scope.PROJECT: ("#fafbfc", "#afb8c1", "6 4"),
    Scope.VPC: ("#f4f6f8", "#afb8c1", ""),
    Scope.CLUSTER: ("#eef4fb", "#8cb4e8", ""),
    Scope.NAMESPACE: ("#f9fcff", "#54aeff", "6 4"),
}


def draw(plan: Plan) -> str:
    """The SVG file's text."""
    picture, height = plan.picture, round(plan.height)
    described = ". ".join(
        f"{_named(plan, one.arrow.source)} to {_named(plan, one.arrow.target)}"
        + (f", {one.arrow.label}" if one.arrow.label else "")
        for one in plan.routes
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
        f' viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title desc"'
        f' font-family="{_FONT}" fill="{_INK}">',
        f'<title id="title">{escape(f"{picture.title}, {picture.subtitle}")}</title>',
        f'<desc id="desc">{escape(described)}.</desc>',
        f"<defs>{_head('flow', _WIRE)}{_head('data', _DATA)}</defs>",
        f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="10" fill="#fff" stroke="#d1d9e0"/>',
        _text(Text(text=picture.title, x=22, y=36, size=20), weight=600),
        _text(Text(text=picture.subtitle, x=22, y=57, size=13), colour=_MUTED),
        *(_frame(one) for one in plan.frames),
        *(_route(one) for one in plan.routes),
        *(_box(one) for one in plan.boxes),
        *(_label(one) for one in plan.routes if one.arrow.label),
        *_legend(height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _named(plan: Plan, end: str) -> str:
    """What an arrow's end is called."""
    boxes = {one.box.id: one.box.title for one in plan.boxes}
    frames = {one.frame.scope.name: one.frame.title for one in plan.frames}
    return {**boxes, **frames}[end]


def _number(value: float) -> str:
    """Pixels with at most one digit after the point."""
    return f"{value:.1f}".removesuffix(".0")


def _head(name: str, colour: str) -> str:
    return (
        f'<marker id="{name}" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8"'
        f' markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5L8 4L0 7.5Z" fill="{colour}"/></marker>'
    )


def _text(text: Text, *, weight: int = 400, colour: str = _INK, anchor: str = "start") -> str:
    style = "" if weight == 400 else f' font-weight="{weight}"'
    style += "" if colour == _INK else f' fill="{colour}"'
    style += "" if anchor == "start" else f' text-anchor="{anchor}"'
    place = f'x="{_number(text.x)}" y="{_number(text.y)}" font-size="{_number(text.size)}"'
    return f"<text {place}{style}>{escape(text.text)}</text>"


def _frame(placed: PlacedFrame) -> str:
    fill, stroke, dashes = _FRAMES[placed.frame.scope]
    rect, (title, *facts) = placed.rect, placed.texts
    dashed = f" stroke-dasharray={quoteattr(dashes)}" if dashes else ""
    return "\n".join(
        [
            f'<rect x="{_number(rect.x)}" y="{_number(rect.y)}" width="{_number(rect.w)}"'
            f' height="{_number(rect.h)}" rx="8" fill="{fill}" stroke="{stroke}"{dashed}/>',
            _text(title, weight=600),
            *(_text(fact, colour=_MUTED) for fact in facts),
        ]
    )


def _box(placed: PlacedBox) -> str:
    box, rect, colour = placed.box, placed.rect, _COLOURS[placed.box.kind]
    w, h = _number(rect.w), _number(rect.h)
    cards = [
        f'<rect x="{_number(rect.x + by)}" y="{_number(rect.y - by)}" width="{w}" height="{h}" rx="6"'
        f' fill="#fff" stroke="{colour}" stroke-opacity="{0.7 if by else 1}"/>'
        for by in range(CARD * min(2, box.copies - 1), -1, -CARD)
    ]
    return "\n".join(
        [
            *cards,
            f'<path d="M{_number(rect.x + 1)} {_number(rect.y + 6)}a5 5 0 0 1 5-5h{_number(rect.w - 12)}'
            f'a5 5 0 0 1 5 5Z" fill="{colour}" fill-opacity="0.18"/>',
            f'<path transform="translate({_number(rect.x + 11)} {_number(rect.y + 11)})" d="{_ICONS[box.kind]}"'
            f' fill="none" stroke="{colour}" stroke-width="1.4" stroke-linejoin="round" stroke-linecap="round"/>',
            *(
                _text(
                    text,
                    weight=600 if text.size == TITLE else 400,
                    colour=_MUTED if text.size in (VERSION, FOOT) else _INK,
                )
                for text in placed.texts
            ),
        ]
    )


def _route(route: Route) -> str:
    data = route.arrow.line is Line.DATA
    style = f'stroke="{_DATA}" stroke-dasharray="5 4"' if data else f'stroke="{_WIRE}"'
    return (
        f'<path d="{_path(route.points)}" fill="none" {style} stroke-width="1.4"'
        f' marker-end="url(#{route.arrow.line.value})"/>'
    )


def _path(points: Iterable[Point], radius: float = 6) -> str:
    """A way with round corners."""
    start, *rest = points
    way, last = f"M{_number(start[0])} {_number(start[1])}", start
    for corner, after in zip(rest, [*rest[1:], None], strict=True):
        if after is None:
            way += f"L{_number(corner[0])} {_number(corner[1])}"
            continue
        before, behind = _towards(corner, last, radius), _towards(corner, after, radius)
        way += (
            f"L{_number(before[0])} {_number(before[1])}"
            f"Q{_number(corner[0])} {_number(corner[1])} {_number(behind[0])} {_number(behind[1])}"
        )
        last = corner
    return way


def _towards(corner: Point, other: Point, by: float) -> Point:
    """The point on the way from a corner to another point, at most half-way."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = max(abs(dx), abs(dy)) or 1
    share = min(by, length / 2) / length
    return corner[0] + dx * share, corner[1] + dy * share


def _label(route: Route) -> str:
    rect, data = route.label, route.arrow.line is Line.DATA
    return (
        f'<rect x="{_number(rect.x)}" y="{_number(rect.y)}" width="{_number(rect.w)}" height="{_number(rect.h)}"'
        f' rx="9" fill="#fff" stroke="{_DATA if data else "#8c959f"}" stroke-opacity="0.6"/>\n'
        + _text(
            Text(text=route.arrow.label, x=rect.x + rect.w / 2, y=rect.y + 13, size=LABEL),
            colour=_DATA if data else _INK,
            anchor="middle",
        )
    )


def _legend(height: int) -> list[str]:
    y = height - 14
    entries = [
        (22, f'stroke="{_WIRE}"', "flow", "network flow that a policy allows, with its TCP port"),
        (396, f'stroke="{_DATA}" stroke-dasharray="5 4"', "data", "volume, secret, backup"),
    ]
    found = []
    for x, style, head, words in entries:
        found.append(
            f'<path d="M{x} {y - 4}H{x + 30}" {style} stroke-width="1.4" marker-end="url(#{head})"/>'
        )
        found.append(_text(Text(text=words, x=x + 38, y=y, size=FOOT + 0.5), colour=_MUTED))
    words = "from the program's graph: make diagram"
    found.append(_text(Text(text=words, x=WIDTH - 22, y=y, size=FOOT + 0.5), colour=_MUTED, anchor="end"))
    return found
