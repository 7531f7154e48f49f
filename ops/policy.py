"""`make policy`: which rules a stack's resources keep, without engine, cluster or credentials."""

import json
import sys
from collections.abc import Callable, Sequence

from ops.errors import ReportedError
from ops.paths import Project
from ops.recording import record
from ops.stack import stack_option
from policies.check import Outcome, Verdict, check
from policies.rule import Rule
from policies.rules import RULES

_STYLES = {Verdict.PASS: "green", Verdict.FAIL: "bold red", Verdict.NOT_APPLICABLE: "dim"}
_HEADER = ("id", "severity", "rule", "verdict", "where")


def policy(
    project: Project,
    stack: str,
    say: Callable[[str], object],
    *,
    as_json: bool,
    rules: Sequence[Rule] = RULES,
) -> None:
    """Print what became of each rule. Raises OpsError, or ReportedError where a mandatory one doesn't hold."""
    outcomes = check(record(project, stack).graph, rules)
    if as_json:
        say(json.dumps([as_object(one) for one in outcomes], indent=2))
    else:
        if sys.stdout.isatty():
            _draw(outcomes)
        else:
            say(table(outcomes))
        for line in explained(outcomes):
            say(line)
        say(summary(outcomes, stack))
    if any(one.blocks for one in outcomes):
        raise ReportedError


def row(one: Outcome) -> tuple[str, str, str, str, str]:
    """A line of the table: id, severity, the rule, what became of it, and where."""
    rule = one.rule
    return rule.id, rule.severity.value, rule.title, one.verdict.value, where(one)


def where(one: Outcome) -> str:
    """The resources that break a rule, or how many keep it, or why none has to."""
    places = list(dict.fromkeys(finding.resource.label for finding in one.findings))
    if places:
        more = f" and {len(places) - 3} more" if len(places) > 3 else ""
        return ", ".join(places[:3]) + more
    if one.judged:
        return f"{len(one.judged)} {'resources' if len(one.judged) > 1 else 'resource'}"
    return next((f"{resource.label}: {reason}" for resource, reason in one.exempt), "")


def table(outcomes: Sequence[Outcome]) -> str:
    """The table for a file or another program."""
    rows = [_HEADER, *(row(one) for one in outcomes)]
    widths = [max(len(line[column]) for line in rows) for column in range(len(_HEADER) - 1)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]
        ).rstrip()
        for line in rows
    )


def _draw(outcomes: Sequence[Outcome]) -> None:
    """The table for a terminal."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*_HEADER, box=None, header_style="bold")
    for one in outcomes:
        *first, verdict, place = row(one)
        drawn.add_row(*first, Text(verdict, style=_STYLES[one.verdict]), place)
    Console().print(drawn)


def explained(outcomes: Sequence[Outcome]) -> list[str]:
    """For each rule that is broken: what is there, why that matters, and how to mend it."""
    lines = []
    for one in outcomes:
        if one.findings:
            rule = one.rule
            lines += ["", f"{rule.id} {rule.title}{'' if one.blocks else ' (advisory)'}"]
            lines += [f"  {finding}" for finding in one.findings]
            lines += [f"  why:    {rule.reason}", f"  remedy: {rule.remedy}"]
    return lines


def summary(outcomes: Sequence[Outcome], stack: str) -> str:
    """The last line: how many hold."""
    count = {verdict: sum(one.verdict is verdict for one in outcomes) for verdict in Verdict}
    blocking = sum(one.blocks for one in outcomes)
    said = f"{count[Verdict.PASS]} rules hold, {count[Verdict.NOT_APPLICABLE]} don't apply"
    if not count[Verdict.FAIL]:
        return f"\nStack {stack}: {said}."
    advisory = count[Verdict.FAIL] - blocking
    parts = [f"{blocking} fail" if blocking else "", f"{advisory} advisory" if advisory else ""]
    again = f" Again: make policy{stack_option(stack)}" if blocking else ""
    return f"\nStack {stack}: {', '.join(part for part in parts if part)}; {said}.{again}"


def as_object(one: Outcome) -> dict[str, object]:
    """An outcome for other programs."""
    rule = one.rule
    return {
        "id": rule.id,
        "severity": rule.severity.value,
        "subject": rule.subject.value,
        "rule": rule.title,
        "verdict": one.verdict.value,
        "judged": len(one.judged),
        "exempt": [{"urn": resource.urn, "reason": reason} for resource, reason in one.exempt],
        "findings": [
            {"urn": one.resource.urn, "where": one.violation.where, "what": one.violation.what}
            for one in one.findings
        ],
        "reason": rule.reason,
        "remedy": rule.remedy,
    }
