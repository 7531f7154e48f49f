"""What of the objectives was kept: for a young stack, with gaps, and for objectives of every height."""

from datetime import timedelta
from pathlib import Path

import pytest

from components.config.monitoring import Objectives
from components.monitoring.names import ACHIEVED, AVAILABLE, BUDGET, ERRORS, FAST, OBSERVED
from components.monitoring.rules.objectives import Pair

from .definitions import NAMESPACE, STACK, builtin
from .promtool import Expected, run
from .series import Series, Values, healthy, hold, overlaid, without

_GROUPS = ("objectives", "errors", "budget", "burn-rates", "kotaemon")
_BURNING = 'count(ALERTS{alertname=~"AvailabilityBurns.*",alertstate="firing"})'


def _application(values: Values) -> Series:
    return {'probe_success{probe="application"}': values}


def _of(record: str, value: float, minutes: float, to: float = 0.001, **labels: str) -> Expected:
    """What a recorded series must be; rounded, for Prometheus 2 counts both ends of a window."""
    chosen = ",".join(f'{name}="{text}"' for name, text in labels.items())
    return Expected(
        expr=f"round({record}{{{chosen}}}, {to})",
        at=timedelta(minutes=minutes),
        samples=[({"namespace": NAMESPACE, "stack": STACK, **labels}, value)],
    )


def test_a_part_that_nobody_asked_is_neither_well_nor_down(tmp_path: Path) -> None:
    """A scrape that is missing isn't success; but one part that is known to fail is enough."""
    definition = builtin()
    base = healthy(definition, 10)
    unknown = Expected(expr=AVAILABLE, at=timedelta(minutes=9), samples=[])
    down = _of(AVAILABLE, 0, 9)
    without_one = without(base, ['probe_success{namespace="kotaemon",probe="postgres"}'])
    run(
        tmp_path,
        definition,
        [
            (base, [_of(AVAILABLE, 1, 9)]),
            (without_one, [unknown]),
            (overlaid(definition, without_one, _application(hold(0, 10))), [down]),
        ],
        groups=_GROUPS,
    )


def test_a_gap_counts_in_no_average(tmp_path: Path) -> None:
    """Half an hour of which nothing is known, and a quarter of what is known was bad."""
    definition = builtin()
    series = overlaid(
        definition, healthy(definition, 91), _application(hold(1, 45).gone(30).hold(0, 15).hold(1, 1))
    )
    run(
        tmp_path,
        definition,
        [
            (
                series,
                [
                    _of(ACHIEVED, 0.75, 90, 0.01, objective="availability"),
                    # 60 minutes of 30 days are known.
                    _of(OBSERVED, 0.001, 90),
                ],
            )
        ],
        groups=_GROUPS,
    )


def test_the_first_minutes_of_a_stack_are_no_days_of_outage(tmp_path: Path) -> None:
    """Five minutes of start-up are five minutes of the day, however few minutes of it there were yet."""
    definition = builtin()
    series = overlaid(definition, healthy(definition, 40), _application(hold(0, 5).hold(1, 35)))
    run(
        tmp_path,
        definition,
        [
            (
                series,
                [
                    _of(ERRORS, 0.083, 39.5, objective="availability", window="1h"),
                    _of(ERRORS, 0.003, 39.5, objective="availability", window="1d"),
                    # 5 of 216 minutes.
                    _of(BUDGET, 0.98, 39, 0.01, objective="availability"),
                    Expected(expr=_BURNING, at=timedelta(minutes=39), samples=[]),
                ],
            )
        ],
        groups=_GROUPS,
    )


def test_time_without_an_answer_is_not_slow(tmp_path: Path) -> None:
    """An outage is availability's; counted for latency, too, it would be told twice."""
    definition = builtin()
    series = overlaid(
        definition,
        healthy(definition, 20),
        {
            **_application(hold(1, 5).hold(0, 15)),
            'probe_duration_seconds{probe="application"}': hold(0.1, 5).hold(10, 15),
        },
    )
    run(
        tmp_path,
        definition,
        [(series, [_of(FAST, 1, 4), Expected(expr=FAST, at=timedelta(minutes=10), samples=[])])],
        groups=_GROUPS,
    )


def test_requests_count_too_where_they_are_counted(tmp_path: Path) -> None:
    """What people met with, as oauth2-proxy counts it; nobody at night is no error."""
    definition = builtin()
    errors = 'oauth2_proxy_requests_total{job="sign-in",code="502"}'
    series = overlaid(definition, healthy(definition, 61), {errors: Values().grow(0, 60 / 19, 61)})
    quiet = overlaid(
        definition,
        healthy(definition, 61),
        {'oauth2_proxy_requests_total{job="sign-in",code="200"}': hold(5, 61)},
    )
    chosen = 'objective="requests",window="1h"'
    run(
        tmp_path,
        definition,
        [
            (series, [_of(ERRORS, 0.05, 60, objective="requests", window="1h")]),
            (
                quiet,
                [Expected(expr=f"{ERRORS}{{{chosen}}}", at=timedelta(minutes=60), samples=[])],
            ),
        ],
        groups=_GROUPS,
    )


@pytest.mark.parametrize("availability", [90, 99, 99.9, 99.99])
def test_a_total_outage_burns_every_objective(tmp_path: Path, availability: float) -> None:
    """14.4 times a budget of 10 % is more than there is: without a bound the alert could never fire."""
    definition = builtin(objectives=Objectives(availability=availability))
    # Down for two thirds of the time, and never so long that an outage's own page is due.
    flapping = Values()
    for _ in range(47):
        flapping = flapping.hold(0, 1).hold(1, 0.5)
    series = overlaid(definition, healthy(definition, 70), _application(flapping))
    burning = 'count(ALERTS{alertname=~".*Burns.*",alertstate="firing"}) > bool 0'
    wanted = Expected(expr=burning, at=timedelta(minutes=69), samples=[({}, 1)])
    run(tmp_path, definition, [(series, [wanted])], groups=("objectives", "errors", "budget", "burn-rates"))


@pytest.mark.parametrize(
    ("days", "budget", "expected"),
    [
        (30, 0.001, 0.0144),  # the Site Reliability Workbook's own example
        (30, 0.005, 0.072),
        (30, 0.1, 0.55),  # 1.44 can't be
        (30, 0.5, 0.75),
        (7, 0.005, 0.0168),
        (90, 0.001, 0.0432),
    ],
)
def test_thresholds_are_the_workbooks(days: int, budget: float, expected: float) -> None:
    """2 % of the budget in an hour, whatever the window that it is for."""
    pair = Pair(share=0.02, long=timedelta(hours=1), short=timedelta(minutes=5))
    assert pair.threshold(budget, timedelta(days=days)) == pytest.approx(expected)


def test_a_rate_that_the_budget_stands_fires_nothing() -> None:
    """A tenth of a week's budget in three of its days is less than it allows."""
    pair = Pair(share=0.1, long=timedelta(days=3), short=timedelta(hours=6))
    assert pair.threshold(0.005, timedelta(days=7)) == 0.005
