"""Run the rules over a graph."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from policies.graph import Graph, Resource
from policies.rule import Rule, Severity, Violation


class Verdict(StrEnum):
    """What became of a rule."""

    PASS = "pass"  # noqa: S105 no password
    FAIL = "fail"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Finding:
    """A rule that doesn't hold, and where."""

    rule: Rule
    resource: Resource
    violation: Violation

    def __str__(self) -> str:
        where = f" {self.violation.where}" if self.violation.where else ""
        return f"{self.resource.label}{where} {self.violation.what}"


@dataclass(frozen=True)
class Outcome:
    """One rule over a whole graph."""

    rule: Rule
    judged: tuple[Resource, ...]
    """The resources that it was checked on."""
    exempt: tuple[tuple[Resource, str], ...]
    """Those that needn't follow it, and why."""
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> Verdict:
        """Whether it holds."""
        if self.findings:
            return Verdict.FAIL
        return Verdict.PASS if self.judged else Verdict.NOT_APPLICABLE

    @property
    def blocks(self) -> bool:
        """Whether nothing may be deployed."""
        return bool(self.findings) and self.rule.severity is Severity.MANDATORY


def outcome(rule: Rule, graph: Graph, resources: Iterable[Resource]) -> Outcome:
    """One rule over some resources of a graph."""
    concerned = [(one, rule.exempt(graph, one)) for one in resources if rule.applies(graph, one)]
    judged = tuple(one for one, reason in concerned if reason is None)
    return Outcome(
        rule,
        judged,
        tuple((one, reason) for one, reason in concerned if reason is not None),
        tuple(
            Finding(rule, one, violation)
            for one in judged
            for violation in dict.fromkeys(rule.check(graph, one))
        ),
    )


def check(graph: Graph, rules: Iterable[Rule]) -> list[Outcome]:
    """Every rule over every resource."""
    return [outcome(rule, graph, graph.resources) for rule in rules]
