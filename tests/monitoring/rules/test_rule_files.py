"""The rule files of every way of watching, read by the real promtool."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from components.monitoring.rules.render import rule_file

from .definitions import VARIANTS, builtin
from .promtool import FIRING, Expected, check, run
from .series import healthy


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("pace", [1, 60])
def test_promtool_accepts_the_rules(tmp_path: Path, name: str, pace: float) -> None:
    """A rule file that Prometheus refuses leaves it with the old one, or with none."""
    said = check(tmp_path, rule_file(VARIANTS[name], pace=pace))
    assert re.search(r"SUCCESS: \d\d+ rules found", said)


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_fires_on_a_healthy_stack(tmp_path: Path, name: str) -> None:
    """An alert that fires without a reason teaches people not to look."""
    definition = VARIANTS[name]
    expected = Expected(expr=FIRING, at=timedelta(minutes=70), samples=[])
    run(tmp_path, definition, [(healthy(definition, 72), [expected])])


def test_the_same_definition_gives_the_same_text() -> None:
    """A file that changes by itself rolls pods and fills previews."""
    assert rule_file(builtin()) == rule_file(builtin())
