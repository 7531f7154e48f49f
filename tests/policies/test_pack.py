"""The rules as a policy pack: the same process that the engine starts, and the engine itself."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc  # type: ignore[import-untyped]  # it comes without types
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2  # type: ignore[import-untyped]  # it comes without types
from pulumi.runtime import rpc
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from ops.paths import PROJECT
from policies.analyzer import VERSION
from policies.graph import Resource
from policies.rule import Scope
from policies.rules import RULES
from sandbox import analyzer

from .cases import CASES, Case, changed, set_to
from .sample import good, sample

SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}  # Pulumi's mark


POLICIES = PROJECT / "policies"
SCOPES = {rule.id: rule.scope for rule in RULES}
HANDED_OVER = [case for case in CASES if case.rule not in ("SEC-01", "STR-04")]
"""SEC-01's cases name places within a value; two resources of one URN are refused by the engine itself."""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    """The pack's process, started as the engine does: in the pack's folder, with the engine's address and `.`."""
    launcher = analyzer.install(tmp_path_factory.mktemp("bin")) / analyzer.NAME
    with subprocess.Popen(
        [launcher, "127.0.0.1:1", ".", "-virtualenv=../.venv"],
        cwd=POLICIES, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
        process.terminate()
        assert process.wait(10) is not None


def configured(pack: analyzer_pb2_grpc.AnalyzerStub, *, production: bool) -> None:
    config = {"kotaemon:production": "true"} if production else {}
    pack.ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack="s", project="p", config=config))


def properties(inputs: object) -> struct_pb2.Struct:
    return json_format.ParseDict(inputs, struct_pb2.Struct())


def request(one: Resource) -> analyzer_pb2.AnalyzeRequest:
    inputs = {
        key: {**SECRET, "value": value} if key in one.secrets else value for key, value in one.inputs.items()
    }
    default = f"urn:pulumi:s::p::pulumi:providers:{one.package}::default_1_0_0"
    return analyzer_pb2.AnalyzeRequest(
        urn=one.urn, type=one.type, name=one.name, properties=properties(inputs),
        options=analyzer_pb2.AnalyzerResourceOptions(parent=one.parent, protect=one.protect),
        provider=analyzer_pb2.AnalyzerProviderResource(urn=one.provider or default) if one.custom else None,
    )  # fmt: skip


def analyzed(
    pack: analyzer_pb2_grpc.AnalyzerStub, resources: tuple[Resource, ...]
) -> list[analyzer_pb2.AnalyzeDiagnostic]:
    """What the pack says of each resource, and then of all: their outputs, of which the engine shows the pack."""
    said: list[analyzer_pb2.AnalyzeDiagnostic] = []
    for one in resources:
        said += pack.Analyze(request(one)).diagnostics
    whole = [
        analyzer_pb2.AnalyzerResource(
            urn=one.urn, type=one.type, name=one.name, properties=properties({}), parent=one.parent,
            dependencies=list(one.dependencies), options=request(one).options, provider=request(one).provider,
        )
        for one in resources
    ]  # fmt: skip
    said += pack.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=whole)).diagnostics
    return said


@pytest.mark.parametrize(
    ("folder", "program"),
    [(POLICIES, "."), (PROJECT, str(POLICIES))],
    ids=["beside the official CLI", "by its language host"],
)
def test_the_pack_starts_as_the_official_cli_starts_it(folder: Path, program: str) -> None:
    """Also where Python puts the pack's own folder on its path, whose modules must hide nobody else's."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONSAFEPATH"}
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", program],
        cwd=folder, env=environment, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            info = analyzer_pb2_grpc.AnalyzerStub(channel).GetAnalyzerInfo(empty_pb2.Empty(), timeout=30)
        process.terminate()
        assert process.wait(10) == 0
    assert len(info.policies) == len(RULES)


def test_the_pack_has_every_rule(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    info = pack.GetAnalyzerInfo(empty_pb2.Empty())
    assert info.name == "kotaemon"
    assert [one.name for one in info.policies] == [rule.id for rule in RULES]
    assert {one.enforcementLevel for one in info.policies} == {
        analyzer_pb2.MANDATORY, analyzer_pb2.ADVISORY,
    }  # fmt: skip


def test_the_versions_of_the_pack_agree() -> None:
    """The engine shows that of PulumiPolicy.yaml."""
    assert f"version: {VERSION}\n" in (POLICIES / "PulumiPolicy.yaml").read_text()


def test_a_good_stack_is_let_through(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    configured(pack, production=True)
    assert [one.message for one in analyzed(pack, good().resources)] == []


@pytest.mark.parametrize("case", HANDED_OVER, ids=lambda case: f"{case.rule}: {case.title}")
def test_the_pack_notices_what_the_rules_do(pack: analyzer_pb2_grpc.AnalyzerStub, case: Case) -> None:
    """By another way: marks, numbers and options as the engine hands them over."""
    graph = case.graph()
    configured(pack, production=graph.production)
    shown = graph.resources
    if SCOPES[case.rule] is Scope.RESOURCE:
        # What a resource alone decides needs no others; those that are as in the good stack are let through.
        shown = tuple(one for one in shown if one not in good().resources) or shown
        said = [found for one in shown for found in pack.Analyze(request(one)).diagnostics]
    else:
        said = analyzed(pack, shown)
    assert case.rule in {one.policyName for one in said}


def test_a_secret_outside_of_a_secret_is_noticed_by_its_mark(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    (settings,) = [one for one in sample() if one.label == "ConfigMap/settings"]
    leaky = request(settings)
    leaky.properties.update({"data": {"word": {**SECRET, "value": "hunter2"}}})
    (found,) = pack.Analyze(leaky).diagnostics
    assert found.policyName == "SEC-01"
    assert found.urn == settings.urn
    assert found.message.startswith("ConfigMap/settings data.word holds a secret")
    assert "hunter2" not in found.message


def test_what_is_not_known_yet_is_let_through(pack: analyzer_pb2_grpc.AnalyzerStub) -> None:
    (app,) = [one for one in sample() if one.label == "Deployment/app"]
    waiting = request(app)
    waiting.properties.update({"spec": rpc.UNKNOWN})
    assert list(pack.Analyze(waiting).diagnostics) == []


def test_a_rule_can_be_turned_down_by_the_policy_packs_configuration(
    pack: analyzer_pb2_grpc.AnalyzerStub,
) -> None:
    (app,) = [
        one
        for one in changed(set_to("Deployment/app", "spec/template/spec/hostPID", True)).resources
        if one.label == "Deployment/app"
    ]
    for level in (analyzer_pb2.MANDATORY, analyzer_pb2.ADVISORY):
        config = {"POD-06": analyzer_pb2.PolicyConfig(enforcementLevel=level)}
        pack.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig=config))
        assert [one.enforcementLevel for one in pack.Analyze(request(app)).diagnostics] == [level]
    config = {"POD-06": analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.DISABLED)}
    pack.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig=config))
    assert list(pack.Analyze(request(app)).diagnostics) == []
    pack.Configure(analyzer_pb2.ConfigureAnalyzerRequest())
