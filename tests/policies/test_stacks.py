"""Every stack keeps every mandatory rule, in a preview and in an update."""

import pytest

from ops.paths import PROJECT, Project
from ops.recording import record
from policies.check import Outcome, check
from policies.graph import Graph
from policies.rules import RULES
from tests.stacks import VARIANTS, graph_of


def broken(outcomes: list[Outcome]) -> list[str]:
    return [str(found) for one in outcomes if one.blocks for found in one.findings]


def judged(outcomes: list[Outcome]) -> set[str]:
    return {one.rule.id for one in outcomes if one.judged}


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_keeps_the_rules(variant: str, preview: bool) -> None:
    outcomes = check(graph_of(variant, preview=preview), RULES)
    assert broken(outcomes) == []
    assert judged(outcomes) >= {"POD-01", "NS-01", "NET-01", "SEC-01", "DATA-04", "STR-01", "EDGE-01"}


@pytest.mark.parametrize("stack", Project(PROJECT).stacks())
def test_every_stack_of_ours_keeps_the_rules(stack: str) -> None:
    """As `make policy` sees it: without engine, cluster and credentials."""
    assert broken(check(record(Project(PROJECT), stack).graph, RULES)) == []


def test_replicas_are_judged_where_there_are_some() -> None:
    graph = graph_of("several-replicas")
    assert judged(check(Graph(graph.resources, production=True), RULES)) >= {"POD-22", "POD-23", "DATA-01"}
