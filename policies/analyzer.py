"""The rules behind the engine's analyzer protocol.

PyPI's `pulumi-policy` speaks it too, but it takes the marks off secrets, skips a whole policy at the first value
that isn't known, and holds protobuf back by a major version.
"""

import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import grpc  # type: ignore[import-untyped]  # it comes without types
from google.protobuf import empty_pb2  # type: ignore[import-untyped]  # it comes without types
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

from policies.check import Finding, outcome
from policies.graph import PROVIDERS, Graph, Resource, graph_of
from policies.rule import Rule, Scope, Severity
from policies.wire import decoded

NAME = "kotaemon"
VERSION = "1.0.0"
"""As in PulumiPolicy.yaml."""
PRODUCTION = "kotaemon:production"
"""The key of the stack's file that says so."""

_LEVELS = {
    Severity.MANDATORY: analyzer_pb2.MANDATORY,
    Severity.ADVISORY: analyzer_pb2.ADVISORY,
}
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Analyzer(analyzer_pb2_grpc.AnalyzerServicer):
    """Answers the engine: each resource before it is touched, and the whole stack when all are known."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules = tuple(rules)
        self._production = False
        self._seen: dict[str, Resource] = {}
        self._levels: Mapping[str, int] = {}

    def Handshake(  # noqa: N802 gRPC's name
        self, request: analyzer_pb2.AnalyzerHandshakeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerHandshakeResponse:
        """The engine says where it is, which isn't needed."""
        return analyzer_pb2.AnalyzerHandshakeResponse()

    def GetPluginInfo(  # noqa: N802 gRPC's name
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        """The pack's version."""
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetAnalyzerInfo(  # noqa: N802 gRPC's name
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerInfo:
        """What the pack holds."""
        return analyzer_pb2.AnalyzerInfo(
            name=NAME,
            version=VERSION,
            supportsConfig=True,
            policies=[
                analyzer_pb2.PolicyInfo(
                    name=rule.id,
                    displayName=f"{rule.id}: {rule.title}",
                    description=rule.reason,
                    message=rule.remedy,
                    enforcementLevel=_LEVELS[rule.severity],
                    policy_type=(
                        analyzer_pb2.POLICY_TYPE_RESOURCE
                        if rule.scope is Scope.RESOURCE
                        else analyzer_pb2.POLICY_TYPE_STACK
                    ),
                )
                for rule in self._rules
            ],
        )

    def Configure(  # noqa: N802 gRPC's name
        self, request: analyzer_pb2.ConfigureAnalyzerRequest, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Other levels for some rules, from `--policy-pack-config`."""
        self._levels = {name: one.enforcementLevel for name, one in request.policyConfig.items()}
        return empty_pb2.Empty()

    def ConfigureStack(  # noqa: N802 gRPC's name
        self, request: analyzer_pb2.AnalyzerStackConfigureRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzerStackConfigureResponse:
        """The stack's configuration."""
        self._production = request.config.get(PRODUCTION) == "true"
        return analyzer_pb2.AnalyzerStackConfigureResponse()

    def Analyze(  # noqa: N802 gRPC's name
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        """The rules that need a resource alone. What it is given is kept: it is the inputs, not what became of them."""
        resource = _resource(request, request.options.parent)
        self._seen[resource.urn] = resource
        return self._response(Scope.RESOURCE, graph_of([resource], production=self._production))

    def AnalyzeStack(  # noqa: N802 gRPC's name
        self, request: analyzer_pb2.AnalyzeStackRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.AnalyzeResponse:
        """The rules that need other resources too."""
        resources = []
        for one in request.resources:
            seen = self._seen.get(one.urn)
            inputs = (seen.inputs, seen.secrets) if seen else None
            resources.append(_resource(one, one.parent, tuple(one.dependencies), inputs))
        return self._response(Scope.STACK, graph_of(resources, production=self._production))

    def Remediate(  # noqa: N802 gRPC's name
        self, request: analyzer_pb2.AnalyzeRequest, context: grpc.ServicerContext
    ) -> analyzer_pb2.RemediateResponse:
        """Nothing is changed behind the author's back."""
        return analyzer_pb2.RemediateResponse()

    def Cancel(  # noqa: N802 gRPC's name
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> empty_pb2.Empty:
        """Nothing takes long enough to be cancelled."""
        return empty_pb2.Empty()

    def _response(self, scope: Scope, graph: Graph) -> analyzer_pb2.AnalyzeResponse:
        answer = analyzer_pb2.AnalyzeResponse()
        for rule in self._rules:
            level = self._levels.get(rule.id, _LEVELS[rule.severity])
            if rule.scope is scope and level != analyzer_pb2.DISABLED:
                found = outcome(rule, graph, graph.resources).findings
                answer.diagnostics.extend(_diagnostic(one, level) for one in found)
        return answer


def _diagnostic(finding: Finding, level: int) -> analyzer_pb2.AnalyzeDiagnostic:
    rule = finding.rule
    return analyzer_pb2.AnalyzeDiagnostic(
        policyName=rule.id,
        policyPackName=NAME,
        policyPackVersion=VERSION,
        description=rule.title,
        message=f"{finding}.\nWhy: {rule.reason}\nTo mend it: {rule.remedy}",
        enforcementLevel=analyzer_pb2.EnforcementLevel.Name(level),
        urn=finding.resource.urn,
    )


def _resource(
    given: analyzer_pb2.AnalyzeRequest | analyzer_pb2.AnalyzerResource,
    parent: str,
    dependencies: tuple[str, ...] = (),
    known: tuple[Mapping[str, object], frozenset[str]] | None = None,
) -> Resource:
    """A resource as the engine describes it; `known` are its inputs where those were seen before."""
    inputs, secrets = known or decoded(given.properties)
    return Resource(
        urn=given.urn,
        type=given.type,
        name=given.name,
        inputs=inputs,
        secrets=secrets,
        parent=parent,
        provider=given.provider.urn if given.HasField("provider") else "",
        protect=given.options.protect,
        # Not told: whatever a provider makes has one, if only the default one.
        custom=given.HasField("provider") or given.type.startswith(PROVIDERS),
        dependencies=dependencies,
    )


def serve(rules: Iterable[Rule]) -> None:
    """Print a port and answer there until the engine ends this process, or is gone."""
    server = grpc.server(ThreadPoolExecutor(8), options=_UNLIMITED)
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Analyzer(rules), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    parent = os.getppid()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # An engine that was killed can't tell; its child notices that it has another parent.
    while not stopping.wait(0.5) and os.getppid() == parent:
        pass
    server.stop(grace=1).wait(1)
