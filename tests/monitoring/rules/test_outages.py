"""Each outage fires exactly the alerts that it should, and people are told of those that lead to its cause."""

from datetime import timedelta
from pathlib import Path

import pytest

from .definitions import builtin
from .outages import OUTAGES, alert, uninhibited
from .promtool import FIRING, Expected, newest, run
from .series import healthy, overlaid, without


@pytest.mark.parametrize("name", OUTAGES)
def test_outage_fires_exactly_its_alerts(tmp_path: Path, name: str) -> None:
    """One too few, and nobody comes; one too many, and nobody knows which to look at first."""
    _see(tmp_path, name)


@pytest.mark.sandbox
@pytest.mark.parametrize("name", OUTAGES)
def test_outage_fires_the_same_on_the_version_that_runs(tmp_path: Path, name: str) -> None:
    """Debian's Prometheus 2 is the oldest that the rules are for, and the image's the newest."""
    _see(tmp_path, name, newest())


def _see(folder: Path, name: str, program: Path | None = None) -> None:
    outage, definition = OUTAGES[name], builtin()
    base = without(healthy(definition, outage.minutes + 1), outage.missing)
    at = timedelta(minutes=outage.minutes) - timedelta(seconds=30)
    firing = outage.told | outage.silenced
    expected = Expected(expr=FIRING, at=at, samples=[(dict(one), 1) for one in firing])
    run(folder, definition, [(overlaid(definition, base, outage.changes), [expected])], program=program)


@pytest.mark.parametrize("name", OUTAGES)
def test_what_follows_is_silenced(name: str) -> None:
    """The rules that Alertmanager gets leave just those that people are told of."""
    outage = OUTAGES[name]
    assert uninhibited(outage.told | outage.silenced, builtin().inhibitions) == outage.told


def test_every_inhibition_names_alerts_that_are_there() -> None:
    """An alert that was renamed would silence nothing, and nobody would see it."""
    definition = builtin()
    names = {one.name for _, one in definition.alerts}
    for rule in definition.inhibitions:
        for matcher in (*rule.source, *rule.target):
            if matcher.label == "alertname":
                assert set(matcher.value.split("|")) <= names


def test_two_parts_that_fail_by_themselves_are_both_told() -> None:
    """Silence is for what follows: Elasticsearch doesn't need PostgreSQL."""
    both = frozenset(
        {
            alert("EssentialPartDown", "postgres", probe="postgres"),
            alert("EssentialPartDown", "elasticsearch", probe="elasticsearch"),
        }
    )
    assert uninhibited(both, builtin().inhibitions) == both
