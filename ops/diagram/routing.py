"""Which way arrows go: out of a box, along the channel above a row, down into the next; never through a box."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .model import Arrow, Lane

Point = tuple[float, float]
_CORNER, _CLEAR = 16, 12
_TRACK, _LABEL_ROOM = 9, 38
"""Pixels between two arrows of one channel, and below the last of them for labels and arrowheads."""


@dataclass(frozen=True, kw_only=True)
class Rect:
    """Where something is."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        """Its right side."""
        return self.x + self.w

    @property
    def bottom(self) -> float:
        """Its lower side."""
        return self.y + self.h


@dataclass(frozen=True, kw_only=True)
class Span:
    """Where a box begins and ends in its row."""

    lane: Lane
    left: float
    right: float

    @property
    def middle(self) -> float:
        """Between its ends."""
        return (self.left + self.right) / 2

    def holds(self, x: float) -> bool:
        """Whether an arrow at x meets its side, clear of the corners."""
        return self.left + _CORNER <= x <= self.right - _CORNER

    def port(self, n: int, of: int) -> float:
        """The n-th of several places on its side."""
        return self.left + (self.right - self.left) * (0.14 + 0.72 * (n + 0.5) / of)


@dataclass(frozen=True, kw_only=True)
class Leg:
    """An arrow between an upper and a lower box, and the horizontal positions that it takes on its way down."""

    arrow: Arrow
    upper: str
    lower: str
    lanes: tuple[Lane, Lane]
    leaves: float = 0
    """Where it touches the upper box."""
    via: float | None = None
    """Where it passes the rows between, if there are any."""
    enters: float = 0
    """Where it touches the lower box."""
    outward: int | None = None
    """Its place, from the top, on the lower box's right side, from where it goes to the outside."""

    @property
    def beside(self) -> bool:
        """Whether both boxes are in one row."""
        return self.lanes[0] is self.lanes[1]


@dataclass(frozen=True, kw_only=True)
class Ways:
    """All arrows' ways."""

    legs: tuple[Leg, ...]
    tracks: Mapping[tuple[Leg, Lane], int]
    """The place, from the top, that an arrow has in the channel above a row when it turns there."""

    def channel(self, lane: Lane) -> int:
        """Pixels that the arrows need above a row."""
        turning = [track for (_, above), track in self.tracks.items() if above is lane]
        if turning:
            return _LABEL_ROOM + _TRACK * max(turning) + 16
        arriving = any(leg.lanes[1] is lane and not leg.beside and leg.outward is None for leg in self.legs)
        return _LABEL_ROOM + 8 if arriving else 14


def ways(arrows: Sequence[Arrow], spans: Mapping[str, Span], frames: Mapping[str, Span]) -> Ways:
    """The ways of all arrows between boxes, or from a frame's lower side to a box."""
    known = {**spans, **frames}
    drafts: list[Leg] = []
    for arrow in arrows:
        ends = sorted((arrow.source, arrow.target), key=lambda name: known[name].lane)
        upper, lower = ends
        drafts.append(
            Leg(arrow=arrow, upper=upper, lower=lower, lanes=(known[upper].lane, known[lower].lane))
        )
    out = [leg for leg in drafts if leg.arrow.target == leg.upper and leg.lanes[0] is Lane.OUTSIDE]
    down = [leg for leg in drafts if leg not in out and not leg.beside]
    beside = [leg for leg in drafts if leg.beside]
    found = (*_outward(out, spans), *_downward(down, spans, frames), *beside)
    return Ways(legs=found, tracks=_tracks(found, sorted({span.lane for span in spans.values()})))


def _between(leg: Leg, spans: Mapping[str, Span]) -> list[Span]:
    """The boxes of the rows that a leg passes."""
    return [span for span in spans.values() if leg.lanes[0] < span.lane < leg.lanes[1]]


def _free(wish: float, blocks: Iterable[Span], taken: Iterable[float], within: tuple[float, float]) -> float:
    """The position nearest to the wish that no box is at and no other arrow has."""
    blocks, taken = list(blocks), list(taken)
    steps = sorted(range(int(within[0]), int(within[1]) + 1, 2), key=lambda x: (abs(x - wish), x))
    return next(
        (
            float(x)
            for x in steps
            if not any(block.left - _CLEAR < x < block.right + _CLEAR for block in blocks)
            and all(abs(x - other) >= _CLEAR for other in taken)
        ),
        wish,
    )


def _outward(legs: Sequence[Leg], spans: Mapping[str, Span]) -> list[Leg]:
    """To the outside: from the right side of the lower box, then up."""
    found: list[Leg] = []
    for leg in sorted(legs, key=lambda one: (spans[one.upper].left, one.arrow.label)):
        target, source = spans[leg.upper], spans[leg.lower]
        blocks = [source, *_between(leg, spans)]
        x = _free(
            target.middle,
            blocks,
            [one.leaves for one in found],
            (target.left + _CORNER, target.right - _CORNER),
        )
        # The one that goes farther right starts lower, so that it crosses no other.
        place = sum(one.lower == leg.lower for one in found)
        found.append(replace(leg, leaves=x, enters=source.right, outward=place))
    return found


def _downward(legs: Sequence[Leg], spans: Mapping[str, Span], frames: Mapping[str, Span]) -> list[Leg]:
    """From an upper box's lower side to a lower box's upper side."""
    known = {**spans, **frames}
    within = (
        max((one.left for one in frames.values()), default=0) + _CLEAR,
        min((one.right for one in frames.values()), default=max(one.right for one in spans.values()))
        - _CLEAR,
    )
    passed: list[Leg] = []
    for leg in legs:
        blocks, target = _between(leg, spans), known[leg.lower]
        taken = [one.via for one in passed if one.via is not None]
        via = _free(target.middle, blocks, taken, within)
        passed.append(replace(leg, via=via if blocks else None))
    by_upper: dict[str, list[Leg]] = defaultdict(list)
    for leg in passed:
        by_upper[leg.upper].append(leg)
    left: list[Leg] = []
    for name, group in by_upper.items():
        span = known[name]
        aims = sorted(group, key=lambda one: known[one.lower].middle if one.via is None else one.via)
        for n, leg in enumerate(aims):
            aim = known[leg.lower].middle if leg.via is None else leg.via
            alone = len(aims) == 1 or name not in spans
            left.append(replace(leg, leaves=aim if alone and span.holds(aim) else span.port(n, len(aims))))
    by_lower: dict[str, list[Leg]] = defaultdict(list)
    for leg in left:
        by_lower[leg.lower].append(leg)
    found: list[Leg] = []
    for name, group in by_lower.items():
        span = known[name]
        for n, leg in enumerate(sorted(group, key=lambda one: one.leaves if one.via is None else one.via)):
            x = leg.leaves if leg.via is None else leg.via
            straight = len(group) == 1 and span.holds(x)
            found.append(replace(leg, enters=x if straight else span.port(n, len(group))))
    return found


def _turns(leg: Leg, lanes: Sequence[Lane]) -> list[tuple[Lane, float, float]]:
    """Where a leg turns: the row below the channel, and from where to where."""
    if leg.beside or leg.outward is not None:
        return []
    found, x = [], leg.leaves
    for lane, stop in _stops(leg, lanes):
        if abs(stop - x) > 1:
            found.append((lane, min(x, stop), max(x, stop)))
        x = stop
    return found


def _stops(leg: Leg, lanes: Sequence[Lane]) -> list[tuple[Lane, float]]:
    """In the channels above which rows a leg may turn, and where it then goes down."""
    first = next(lane for lane in lanes if lane > leg.lanes[0])
    return [(first, leg.enters)] if leg.via is None else [(first, leg.via), (leg.lanes[1], leg.enters)]


def _tracks(legs: Sequence[Leg], lanes: Sequence[Lane]) -> dict[tuple[Leg, Lane], int]:
    """The longest turn of a channel goes at its top: the shorter ones below it then cross nothing."""
    found: dict[tuple[Leg, Lane], int] = {}
    placed: dict[Lane, list[tuple[int, float, float]]] = defaultdict(list)
    turns = [(leg, *turn) for leg in legs for turn in _turns(leg, lanes)]
    for leg, lane, left, right in sorted(turns, key=lambda one: one[2] - one[3]):
        beside = [n for n, a, b in placed[lane] if a - _CLEAR < right and left < b + _CLEAR]
        track = max(beside, default=-1) + 1
        placed[lane].append((track, left, right))
        found[leg, lane] = track
    return found


def points(
    found: Ways, leg: Leg, rects: Mapping[str, Rect], tops: Mapping[Lane, float]
) -> tuple[list[Point], Point]:
    """A leg's corners from source to target, and the middle of its label; `tops` are those of the rows."""
    upper, lower = rects[leg.upper], rects[leg.lower]
    if leg.beside:
        first, second = rects[leg.arrow.source], rects[leg.arrow.target]
        y = (max(first.y, second.y) + min(first.bottom, second.bottom)) / 2
        x1, x2 = (first.right, second.x) if first.x < second.x else (first.x, second.right)
        return [(x1, y), (x2, y)], ((x1 + x2) / 2, y - 15)
    if leg.outward is not None:
        of = sum(one.lower == leg.lower and one.outward is not None for one in found.legs)
        y = lower.y + (lower.bottom - lower.y) * (leg.outward + 1) / (of + 1)
        return [(lower.right, y), (leg.leaves, y), (leg.leaves, upper.bottom)], (leg.leaves, lower.y - 16)
    way: list[Point] = [(leg.leaves, upper.bottom)]
    x = leg.leaves
    for lane, stop in _stops(leg, sorted(tops)):
        if (track := found.tracks.get((leg, lane))) is not None:
            last = max(other for (_, above), other in found.tracks.items() if above is lane)
            y = tops[lane] - _LABEL_ROOM - _TRACK * (last - track)
            way += [(x, y), (stop, y)]
        x = stop
    way.append((leg.enters, lower.y))
    middle = (leg.enters, lower.y - 21)
    return (way if leg.arrow.target == leg.lower else way[::-1]), middle
