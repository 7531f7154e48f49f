"""Rules that run faster than real time: tests against real processes can't wait for hours."""

import re
from datetime import timedelta

from components.signals.model import span

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = r"(?:\d+(?:ms|[smhdw]))+"
_PLACES = re.compile(rf"(?<=\[)({_DURATION})(:{_DURATION})?(?=\])|(?<=\boffset )({_DURATION})")
_FORECAST = re.compile(r"(predict_linear\((?:[^()]|\([^()]*\))*, )(\d+(?:\.\d+)?)\)")


def length(text: str) -> timedelta:
    """The duration that PromQL writes so: 1h30m."""
    return timedelta(seconds=sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"(\d+)(ms|[smhdw])", text)))


def faster(duration: timedelta, pace: float) -> timedelta:
    """`duration` divided by `pace`, to whole milliseconds, and never nothing unless it was nothing."""
    if not duration:
        return duration
    return max(timedelta(milliseconds=round(duration / timedelta(milliseconds=1) / pace)), _SHORTEST)


_SHORTEST = timedelta(milliseconds=1)


def paced(expr: str, pace: float) -> str:
    """`expr` with all its windows, offsets and forecasts divided by `pace`."""
    if pace == 1:
        return expr

    def shorter(match: re.Match[str]) -> str:
        window, step, offset = match.groups()
        if offset:
            return _shorter(offset, pace)
        return _shorter(window, pace) + (f":{_shorter(step[1:], pace)}" if step else "")

    expr = _PLACES.sub(shorter, expr)
    return _FORECAST.sub(lambda match: f"{match[1]}{float(match[2]) / pace:g})", expr)


def _shorter(text: str, pace: float) -> str:
    return span(faster(length(text), pace))
