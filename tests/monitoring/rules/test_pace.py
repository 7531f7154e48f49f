"""The same rules, faster: what the tests against real processes run."""

from datetime import timedelta

import pytest

from components.monitoring.rules.pace import faster, paced
from components.monitoring.rules.render import rule_groups

from .definitions import builtin


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("rate(a[5m])", "rate(a[5s])"),
        ("max_over_time((a)[7d:1h])", "max_over_time((a)[168m:1m])"),
        ("a offset 1h", "a offset 1m"),
        ("predict_linear(a{b=\"c\"}[6h], 345600) < 0", "predict_linear(a{b=\"c\"}[6m], 5760) < 0"),
        ("sum_over_time(a[30s])", "sum_over_time(a[500ms])"),
        # A pattern's brackets are no window, and a threshold in seconds is no duration.
        ('a{pod=~"kotaemon-[0-9]+"} > 3600', 'a{pod=~"kotaemon-[0-9]+"} > 3600'),
    ],
)  # fmt: skip
def test_windows_and_forecasts_shrink(expr: str, expected: str) -> None:
    """A window that stayed as long would never be full in a test."""
    assert paced(expr, 60) == expected


def test_nothing_takes_no_time_by_going_faster() -> None:
    """A condition that must last would fire at once, and `for: 0s` means that."""
    assert faster(timedelta(seconds=1), 10_000) == timedelta(milliseconds=1)
    assert faster(timedelta(0), 60) == timedelta(0)


def test_the_real_pace_changes_nothing() -> None:
    """What runs in production is what the rules say."""
    assert rule_groups(builtin(), pace=1) == rule_groups(builtin())
