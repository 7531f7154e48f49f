"""`make policy`: a table, what is wrong, and an exit code."""

import json
from pathlib import Path

import pytest

from ops import policy
from ops.__main__ import main
from ops.errors import ReportedError
from ops.paths import PROJECT, Project
from policies.check import check
from policies.graph import Graph
from policies.rule import Rule, Severity, Subject, Violation
from policies.rules import RULES

from .cases import changed, set_to

_ADVICE = Rule(
    id="ADV-01", subject=Subject.PODS, title="advice", reason="It is advice.", remedy="take it",
    severity=Severity.ADVISORY, applies=lambda graph, resource: True,
    check=lambda graph, resource: [Violation("", "could be better")],
)  # fmt: skip


def said(graph: Graph) -> str:
    outcomes = check(graph, RULES)
    return "\n".join([policy.table(outcomes), *policy.explained(outcomes), policy.summary(outcomes, "prod")])


def test_the_table_has_a_line_for_each_rule() -> None:
    lines = policy.table(check(changed(), RULES)).splitlines()
    assert lines[0].split() == ["id", "severity", "rule", "verdict", "where"]
    assert [line.split()[0] for line in lines[1:]] == [rule.id for rule in RULES]


def test_what_is_wrong_is_said_with_place_reason_and_remedy() -> None:
    text = said(changed(set_to("Deployment/app", "spec/template/spec/containers/0/image", "app:latest")))
    assert (
        "  Deployment/app spec.template.spec.containers[app].image is app:latest: neither a digest nor"
        in text
    )
    assert "  why:    A floating tag is another program after the next restart" in text
    assert "  remedy: name a digest" in text
    assert text.endswith("Again: make policy STACK=prod")


def test_who_is_exempt_is_said_with_the_reason() -> None:
    text = said(changed(set_to("Cluster/gke", "enableAutopilot", True)))
    (line,) = [line for line in text.splitlines() if line.startswith("GKE-07 ")]
    assert "NodePool" not in line
    assert "2 resources" not in line
    (fixed,) = [line for line in text.splitlines() if line.startswith("GKE-04 ")]
    assert fixed.endswith("not applicable  Cluster/gke: Autopilot: always Dataplane V2")


def test_the_local_stack_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "--stack", "local", "--project", str(PROJECT)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("Stack local: ")


def test_it_is_there_for_other_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy", "--json", "--project", str(PROJECT)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["id"] for one in found] == [rule.id for rule in RULES]
    assert {one["verdict"] for one in found} <= {"pass", "not applicable"}


def test_a_broken_rule_ends_with_1_and_advice_with_0(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: kotaemon\nruntime: python\n")
    (tmp_path / "Pulumi.local.yaml").write_text("config: {}\n")
    (tmp_path / "__main__.py").write_text(
        "import pulumi_random\npulumi_random.RandomPassword('outside', length=16)\n"
    )
    project, lines = Project(tmp_path), list[str]()
    policy.policy(project, "local", lines.append, as_json=False, rules=[_ADVICE])
    assert "ADV-01 advice (advisory)" in lines
    with pytest.raises(ReportedError):
        policy.policy(project, "local", lines.append, as_json=False, rules=RULES)
    assert "  RandomPassword/outside is in no component" in lines
