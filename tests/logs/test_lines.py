"""Which lines are put together, by a state machine like Fluent Bit's; test_fluent_bit.py asks the real one."""

import re
from collections.abc import Iterable

import pytest

from components.logs.python_lines import RULES, Rule

from .samples import ALONE, SERVER, WHOLE

START = "start_state"


def joined(lines: Iterable[str]) -> list[str]:
    """Records as Fluent Bit makes them: a line that continues nothing starts something."""
    records: list[str] = []
    state: str | None = None
    for line in lines:
        rule = _next(state, line) if state else None
        if rule is not None:
            records[-1] += f"\n{line}"
        else:
            rule = next(one for one in RULES if START in one.states and re.search(one.regex, line))
            records.append(line)
        state = rule.then
    return [record.rstrip("\n") for record in records]


def _next(state: str, line: str) -> Rule | None:
    """The rule that goes on from `state`; one that starts a record never does."""
    ways = (rule for rule in RULES if state in rule.states and START not in rule.states)
    return next((rule for rule in ways if re.search(rule.regex, line)), None)


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
    states = {state for rule in RULES for state in rule.states}
    assert {rule.then for rule in RULES} == states - {START}


def test_expressions_are_the_same_to_onigmo_and_python() -> None:
    """Onigmo (Ruby) takes ^ and $ for a line's ends, Python for the text's: the same, for single lines."""
    for rule in RULES:
        re.compile(rule.regex)
        assert not re.search(r"\(\?P|\\[ZzAG]", rule.regex)
