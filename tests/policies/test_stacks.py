"""Every stack keeps every mandatory rule, in a preview and in an update."""

from collections.abc import Mapping

import pytest

from ops.paths import PROJECT, Project
from ops.recording import record
from policies.check import check
from policies.graph import Graph, Resource
from policies.graph import graph_of as graph_from
from policies.rules import RULES
from policies.wire import paths
from tests.program import SENTINEL, Registration, stack_config
from tests.stacks import VARIANTS, graph_of


def broken(graph: Graph) -> list[str]:
    return [str(found) for one in check(graph, RULES) if one.blocks for found in one.findings]


def judged(graph: Graph) -> set[str]:
    return {one.rule.id for one in check(graph, RULES) if one.judged}


def resource(one: Registration) -> Resource:
    inputs: Mapping[str, object] = one.inputs
    return Resource(
        urn=one.urn, type=one.type, name=one.name, inputs=inputs, parent=one.parent, protect=one.protect,
        custom=one.custom, dependencies=one.dependencies, provider=one.provider.rpartition("::")[0],
        secrets=one.encrypted | frozenset(paths(inputs, SENTINEL)),
    )  # fmt: skip


@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_keeps_the_rules(variant: str, preview: bool) -> None:
    config = {**stack_config(VARIANTS[variant].stack), **VARIANTS[variant].config}
    registered = graph_of(variant, preview=preview).registrations
    graph = graph_from(
        map(resource, registered), production=config.get("kotaemon:production") in ("true", True)
    )
    assert broken(graph) == []
    assert judged(graph) >= {"POD-01", "NS-01", "NET-01", "SEC-01", "DATA-04", "STR-01", "EDGE-01"}


@pytest.mark.parametrize("stack", Project(PROJECT).stacks())
def test_every_stack_of_ours_keeps_the_rules(stack: str) -> None:
    """As `make policy` sees it: without engine, cluster and credentials."""
    assert broken(record(Project(PROJECT), stack).graph) == []


def test_replicas_are_judged_where_there_are_some() -> None:
    registered = graph_of("several-replicas").registrations
    assert judged(graph_from(map(resource, registered), production=True)) >= {"POD-22", "POD-23", "DATA-01"}
