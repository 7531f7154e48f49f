"""Which lines are put together, by a state machine like Fluent Bit's; test_fluent_bit.py asks the real one."""

import re
from collections.abc import Iterable

import pytest

from components.logs.python_lines import RULES, Rule

from .samples import ALONE, SERVER, WHOLE


def joined(lines: Iterable[str]) -> list[str]:
    """Records as Fluent Bit would make them: a line that continues nothing and starts nothing stands alone."""
    records: list[str] = []
    state: str | None = None
    for line in lines:
        rule = _next(state, line) if state else None
        if rule is not None:
            records[-1] += f"\n{line}"
        else:
            rule = _next("start_state", line)
            records.append(line)
        state = rule.then if rule else None
    return [record.rstrip("\n") for record in records]


def _next(state: str, line: str) -> Rule | None:
    return next((rule for rule in RULES if rule.state == state and re.search(rule.regex, line)), None)


@pytest.mark.parametrize("name", WHOLE)
def test_a_traceback_stays_whole(name: str) -> None:
    """One error is one record, with its causes and the message above it."""
    text = WHOLE[name]
    assert joined([ALONE[0], *text.split("\n"), ALONE[1]]) == [ALONE[0], text, ALONE[1]]


@pytest.mark.parametrize("first", WHOLE)
@pytest.mark.parametrize("second", WHOLE)
def test_two_tracebacks_stay_two(first: str, second: str) -> None:
    """Each error is counted."""
    lines = [*WHOLE[first].split("\n"), *WHOLE[second].split("\n")]
    assert joined(lines) == [WHOLE[first], WHOLE[second]]


def test_lines_that_are_whole_stay_alone() -> None:
    assert joined(ALONE) == list(ALONE)


def test_a_statement_of_several_lines_stays_with_its_line() -> None:
    """PostgreSQL indents what goes on."""
    first, _, rest = SERVER.partition("\n")
    assert joined(SERVER.split("\n")) == [first, rest]


def test_every_state_has_a_way_in_and_a_rule() -> None:
    """Fluent Bit refuses a state that no rule starts from."""
    states = {rule.state for rule in RULES}
    assert {rule.then for rule in RULES} == states - {"start_state"}


def test_expressions_are_the_same_to_onigmo_and_python() -> None:
    """Onigmo (Ruby) takes ^ and $ for a line's ends, Python for the text's: the same, for single lines."""
    for rule in RULES:
        re.compile(rule.regex)
        assert not re.search(r"\(\?P|\\[ZzAG]", rule.regex)
