"""The whole program under mocks: what a stack registers, with which options.

Pulumi's mocks don't see resource options and accept a repeated URN, so the monitor here records the
registration requests themselves. Mocks apply no schema: computed outputs are made here.
"""

import json
import runpy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, rpc
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func
from pulumi.runtime.sync_await import _sync_await

from sandbox.providers.gcp import pretend
from sandbox.providers.gcp.computed import merged

_PLACES = {"project": "example-project", "region": "europe-west4", "location": "europe-west4"}
ROOT = Path(__file__).resolve().parents[1]
PROJECT = "kotaemon"
SENTINEL = "s3ntinel-secret"
"""Part of every secret value that a test supplies or a mock generates: it must appear in Secrets alone."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One resource as the program registered it."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    """Secrets included, in plain text."""
    encrypted: frozenset[str]
    """Inputs that the engine encrypts in its state."""
    parent: str
    provider: str
    protect: bool
    custom: bool
    dependencies: tuple[str, ...]

    @property
    def kind(self) -> str:
        """The last part of its type: Deployment, Secret …"""
        return self.type.rsplit(":", 1)[-1]

    @property
    def is_kubernetes(self) -> bool:
        """Whether it is an object of the cluster."""
        return self.type.startswith("kubernetes:")

    @property
    def pod_spec(self) -> Mapping[str, Any] | None:
        """The spec of the pods that it makes; None where it makes none."""
        template = self.inputs.get("spec", {}).get("template") if self.is_kubernetes else None
        return template["spec"] if template else None


@dataclass(kw_only=True)
class Graph:
    """Everything that one evaluation registered."""

    registrations: list[Registration] = field(default_factory=list)
    outputs: Mapping[str, Any] = field(default_factory=dict)

    def of(self, kind: str) -> list[Registration]:
        """The resources of one kind."""
        return [one for one in self.registrations if one.kind == kind]

    def one(self, kind: str, name: str) -> Registration:
        """The resource of that kind and Pulumi name."""
        found = [one for one in self.of(kind) if one.name == name]
        assert len(found) == 1, f"{len(found)} {kind} named {name}: {[one.name for one in self.of(kind)]}"
        return found[0]

    @property
    def kubernetes(self) -> list[Registration]:
        """The objects of the cluster."""
        return [one for one in self.registrations if one.is_kubernetes]

    def containers(self) -> Iterator[tuple[Registration, Mapping[str, Any]]]:
        """Every container of every pod, init containers included, with its owner."""
        for one in self.registrations:
            for group in ("initContainers", "containers"):
                for container in (one.pod_spec or {}).get(group) or []:
                    yield one, container


class _ComputedOutputs(pulumi.runtime.Mocks):
    """What the providers would add: generated passwords and automatic names."""

    def __init__(self, *, preview: bool) -> None:
        self._preview = preview

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Id and state of a new resource."""
        state = dict(args.inputs)
        if args.typ == "random:index/randomPassword:RandomPassword":
            state["result"] = f"{SENTINEL}-{args.name}"
        if args.typ.startswith("gcp:"):
            state.setdefault("name", f"{args.name}-0123abc")
            identity, outputs = pretend.resource(args.typ, state, _PLACES)
            whole = merged(state, outputs)
            assert isinstance(whole, dict)
            return identity, dict(whole)
        if args.typ.startswith("kubernetes:") and "metadata" in state:
            metadata = dict(state["metadata"])
            metadata.setdefault("name", f"{args.name}-0123abcd")
            state["metadata"] = metadata
        return f"{args.name}-id", state

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """What is looked up at Google; nothing else may be read."""
        found = pretend.function(args.token, args.args, _PLACES)
        if found is None:
            raise AssertionError(f"the program called {args.token}")
        return found, []


class _Recorder(mocks.MockMonitor):
    """Records each registration and refuses a URN that is there already."""

    def __init__(self, computed: pulumi.runtime.Mocks, graph: Graph) -> None:
        super().__init__(computed)
        self._graph = graph

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802  gRPC's name
        urn = self.make_urn(request.parent, request.type, request.name)
        if urn in self.resources:
            raise AssertionError(f"registered twice: {urn}")
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]  # pulumi's mocks are untyped
        if request.type != "pulumi:pulumi:Stack":
            inputs = rpc.deserialize_properties(request.object, keep_unknowns=False)
            self._graph.registrations.append(
                Registration(
                    urn=urn,
                    type=request.type,
                    name=request.name,
                    inputs=_revealed(inputs),
                    encrypted=frozenset(key for key, value in inputs.items() if rpc.is_rpc_secret(value)),
                    parent=request.parent,
                    provider=request.provider,
                    protect=bool(request.protect),
                    custom=request.custom,
                    dependencies=tuple(request.dependencies),
                )
            )
        return answer


def _revealed(value: Any) -> Any:
    """`value` with every secret in it in plain text, and whole numbers as such: the protocol has floats alone."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if rpc.is_rpc_secret(value):
        return _revealed(rpc.unwrap_rpc_secret(value))
    if isinstance(value, dict):
        return {key: _revealed(inner) for key, inner in value.items()}
    return [_revealed(inner) for inner in value] if isinstance(value, list) else value


def stack_config(stack: str) -> dict[str, object]:
    """The `config` of a stack's real file."""
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text).get("config") or {})


def evaluate(
    config: Mapping[str, object] | None = None,
    *,
    stack: str = "local",
    secrets: Mapping[str, str] | None = None,
    preview: bool = False,
) -> Graph:
    """Runs the real `__main__.py` under mocks.

    `config` replaces keys of the stack's file (`kotaemon:app` …); `secrets` are Pulumi secrets by name.
    """
    values = {**stack_config(stack), **(config or {})}
    if "kotaemon:cluster" not in values:
        values["kubernetes:context"] = "mocked"
    flat = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
        if not (isinstance(value, dict) and "secure" in value)
    }
    secret = {f"{PROJECT}:{name}": value for name, value in (secrets or {}).items()}
    graph = Graph()
    computed = _ComputedOutputs(preview=preview)
    mocks.set_mocks(
        computed, project=PROJECT, stack=stack, preview=preview, monitor=_Recorder(computed, graph)
    )
    pulumi.runtime.set_all_config({**flat, **secret}, secret_keys=list(secret))
    root = get_root_resource()
    assert isinstance(root, Stack)
    root.outputs.clear()

    def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    _sync_await(run_pulumi_func(program))
    graph.registrations.sort(key=lambda one: one.urn)
    graph.outputs = dict(root.outputs)
    return graph


def resolved(output: object) -> Any:
    """The value of an output, secrets included."""
    return _sync_await(pulumi.Output.from_input(output).future())
