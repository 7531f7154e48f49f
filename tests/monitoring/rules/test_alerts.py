"""Each alert fires when it should, and not when something merely comes near."""

from datetime import timedelta
from pathlib import Path

import pytest

from components.monitoring.names import WATCHDOG

from .cases import CASES
from .definitions import VARIANTS, builtin
from .promtool import Expected, newest, run
from .series import healthy, overlaid, without


def test_every_alert_has_a_case() -> None:
    """An alert that nobody has seen fire may never do so."""
    names = {alert.name for definition in VARIANTS.values() for _, alert in definition.alerts}
    assert names == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_alert_fires_and_stays_quiet(tmp_path: Path, name: str) -> None:
    """Its condition, for as long as it must last; and what is almost it."""
    _see(tmp_path, name)


@pytest.mark.sandbox
@pytest.mark.parametrize("name", CASES)
def test_alert_fires_on_the_version_that_runs(tmp_path: Path, name: str) -> None:
    """Prometheus 3 counts the ends of a window differently, and reads some expressions anew."""
    _see(tmp_path, name, newest())


def _see(folder: Path, name: str, program: Path | None = None) -> None:
    case = CASES[name]
    definition = builtin(objectives=case.objectives)
    base = healthy(definition, case.minutes + 1)
    at = timedelta(minutes=case.minutes) - timedelta(seconds=30)
    expr = f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
    fires = Expected(expr=expr, at=at, samples=[({}, case.count)])
    quiet = Expected(expr=expr, at=at, samples=[])
    tests = [(overlaid(definition, without(base, case.lost), case.fires), [fires])]
    if name != WATCHDOG:
        tests.append((overlaid(definition, base, case.quiet), [quiet]))
    own = {group.name for group, alert in definition.alerts if alert.name == name}
    run(folder, definition, tests, groups=[*case.groups, *own], program=program)
