"""The whole program under mocks: what a stack registers, with which options.

Mocks apply no schema: what a provider would add is made up here.
"""

import json
import runpy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks, rpc
from pulumi.runtime.settings import get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func
from pulumi.runtime.sync_await import _sync_await

from ops.registrations import Monitor
from policies.graph import Graph, Resource, graph_of
from policies.podspec import PodSpec, pods_of
from sandbox.providers.gcp import pretend
from sandbox.providers.gcp.computed import merged

_PLACES = {"project": "example-project", "region": "europe-west4", "location": "europe-west4"}
ROOT = Path(__file__).resolve().parents[1]
PROJECT = "kotaemon"
SENTINEL = "s3ntinelsecret"
"""Part of every secret value that a test supplies or a mock generates: it must appear in Secrets alone."""


@dataclass(frozen=True)
class Evaluation(Graph):
    """Everything that one evaluation registered, and what it exported."""

    outputs: Mapping[str, Any] = field(kw_only=True)
    """Secrets included, in plain text; None where one isn't known yet."""

    def one(self, kind: str, name: str) -> Resource:
        """The resource of that kind (any package's) and Pulumi name."""
        found = [one for one in self.resources if (one.kind, one.name) == (kind, name)]
        there = [one.name for one in self.resources if one.kind == kind]
        assert len(found) == 1, f"{len(found)} {kind} named {name}: {there}"
        return found[0]

    @property
    def objects(self) -> list[Resource]:
        """The objects of the cluster, without those that a chart makes."""
        return [one for one in self.resources if one.is_object]

    @property
    def pods(self) -> list[PodSpec]:
        """What makes pods."""
        return [pods for one in self.resources if (pods := pods_of(one)) is not None]


class _ComputedOutputs(mocks.Mocks):
    """What the providers would add: generated passwords and automatic names.

    In a preview they know the names, as they choose them beforehand, and nothing else.
    """

    def __init__(self, *, preview: bool) -> None:
        self._preview = preview

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Id and state of a new resource."""
        state = dict(args.inputs)
        if args.typ == "random:index/randomPassword:RandomPassword":
            state["result"] = rpc.UNKNOWN if self._preview else f"{SENTINEL}-{args.name}"
        if args.typ.startswith("gcp:"):
            state.setdefault("name", f"{args.name}-0123abc")
            identity, outputs = pretend.resource(args.typ, state, _PLACES)
            whole = merged(state, _unknown(outputs) if self._preview else outputs)
            assert isinstance(whole, dict)
            if self._preview:
                return None, {**whole, **args.inputs}
            return identity, dict(whole)
        if args.typ.startswith("kubernetes:") and "metadata" in state:
            metadata = dict(state["metadata"])
            metadata.setdefault("name", f"{args.name}-0123abcd")
            state["metadata"] = metadata
        return f"{args.name}-id", state

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """What is looked up at Google; nothing else may be read."""
        found = pretend.function(args.token, args.args, _PLACES)
        if found is None:
            raise AssertionError(f"the program called {args.token}")
        return found, []


def _unknown(value: object) -> Any:
    """What a provider would compute, before it does."""
    if isinstance(value, dict):
        return {key: _unknown(one) for key, one in value.items()}
    return rpc.UNKNOWN


def stack_config(stack: str) -> dict[str, object]:
    """The `config` of a stack's real file."""
    text = (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text).get("config") or {})


def evaluate(
    config: Mapping[str, object] | None = None,
    *,
    stack: str = "local",
    name: str | None = None,
    secrets: Mapping[str, str] | None = None,
    preview: bool = False,
) -> Evaluation:
    """Runs the real `__main__.py` under mocks.

    `config` replaces keys of the file of `stack` (`kotaemon:app` …); `name` is the stack's, where it isn't the
    file's; `secrets` are Pulumi secrets by name.
    """
    values = {**stack_config(stack), **(config or {})}
    if "kotaemon:cluster" not in values:
        values |= {"kubernetes:context": "mocked", "kubernetes:kubeconfig": "mocked"}
    flat = {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in values.items()
        if not (isinstance(value, dict) and "secure" in value)
    }
    secret = {f"{PROJECT}:{key}": value for key, value in (secrets or {}).items()}

    def program() -> None:
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    return registered(
        program,
        stack=name or stack,
        config={**flat, **secret},
        secret_keys=list(secret),
        production=flat.get("kotaemon:production") == "true",
        preview=preview,
    )


def registered(
    program: Callable[[], None],
    *,
    stack: str = "local",
    config: Mapping[str, str] | None = None,
    secret_keys: Sequence[str] = (),
    production: bool = False,
    preview: bool = False,
) -> Evaluation:
    """What a program registers, or a part of one."""
    computed = _ComputedOutputs(preview=preview)
    # Secrets by their marks alone, as the engine knows them; tests look for the word itself.
    monitor = Monitor(computed)
    mocks.set_mocks(computed, project=PROJECT, stack=stack, preview=preview, monitor=monitor)
    pulumi.runtime.set_all_config(dict(config or {}), secret_keys=list(secret_keys))
    root = get_root_resource()
    assert isinstance(root, Stack)
    root.outputs.clear()
    _sync_await(run_pulumi_func(program))
    graph = graph_of(monitor.registered, production=production)
    assert not graph.repeated, f"registered twice: {graph.repeated}"
    outputs = {key: _sync_await(pulumi.Output.from_input(one).future()) for key, one in root.outputs.items()}
    return Evaluation(graph.resources, production=production, outputs=outputs)


def plain(value: object) -> Any:
    """What a builder made, without its types: `*Args` become mappings, and what isn't set is left out."""
    if type(value).__name__.endswith("Args"):
        return {key: plain(one) for key, one in vars(value).items() if one is not None}
    return [plain(one) for one in value] if isinstance(value, list) else value
