"""docs/policies.md, written from the rules: `python -m policies.page`."""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from policies.rule import Rule, Severity, Subject
from policies.rules import RULES

FILE = Path("docs") / "policies.md"
_HEADINGS = {
    Subject.PODS: "Pods",
    Subject.NAMESPACES: "Namespaces and network",
    Subject.SECRETS: "Secrets",
    Subject.DATA: "Data",
    Subject.STRUCTURE: "Structure",
    Subject.EDGE: "The front door",
    Subject.GKE: "GKE",
    Subject.GOOGLE: "Google Cloud",
}
_INTRODUCTION = """\
# Policies

<!-- Written from policies/rules by `python -m policies.page`; don't edit. -->

What must hold for every resource of a stack: {number} rules, each a plain function over the graph of resources that the
program registers. Each has a test that breaks it, and the committed stacks keep every mandatory one.

    make policy STACK=prod                # the table: rule, verdict, where; no engine, cluster or account
    make policy STACK=prod ARGS=--json    # the same for machines
    pulumi preview -s prod --policy-pack policies    # by the engine, with what it knows beyond the program

A broken rule is shown with what is there, why it matters and what mends it; the exit code is 0 only when no mandatory
one is broken. An *advisory* rule is said and stops nothing. A rule without any resource to judge doesn't apply; what
isn't known before the update (an address, say) breaks none. Some hold in production alone (`kotaemon:production`), and
on Autopilot those that Google keeps by itself don't apply. What each choice costs and buys:
[hardening.md](hardening.md).
"""


def page(rules: tuple[Rule, ...] = RULES) -> str:
    """The whole page, a table for each subject."""
    return "\n".join(_lines(rules))


def _lines(rules: tuple[Rule, ...]) -> Iterator[str]:
    yield _INTRODUCTION.format(number=len(rules))
    for subject, members in groupby(rules, lambda rule: rule.subject):
        yield f"## {_HEADINGS[subject]}\n"
        yield "| id | what holds | why |"
        yield "|---|---|---|"
        for rule in members:
            advisory = " (advisory)" if rule.severity is Severity.ADVISORY else ""
            yield f"| {rule.id} | {_cell(rule.title)}{advisory} | {_cell(rule.reason)} |"
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    Path(sys.argv[1] if len(sys.argv) > 1 else FILE).write_text(page(), encoding="utf-8")
