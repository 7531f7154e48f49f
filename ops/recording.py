"""Run the program without engine, cluster or secrets, and record what it would make.

Every secret is a placeholder here, the generated ones and the user's own alike, so that nothing
which is written afterwards can hold a real one.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pulumi
import yaml
from pulumi.runtime import mocks
from pulumi.runtime.stack import run_pulumi_func

from components.config.supplied import STAND_IN
from ops.clusters import config_of
from ops.errors import OpsError
from ops.paths import Project
from ops.registrations import Monitor
from ops.stack import program
from policies.graph import Graph, Resource, graph_of

MARK = STAND_IN
"""What every placeholder begins with; no manifest may hold it."""

CONTENT_NAMED = frozenset({"ConfigMap", "Job"})
"""Kinds whose generated name follows their content, so that a change rolls what reads or runs them."""

SPECIAL = "4dabf18193072939515e22adb298388d"
"""The key that marks a value as a secret, on its way to the engine."""

GENERATED = {
    "random:index/randomPassword:RandomPassword": ("result", "bcryptHash"),
    "random:index/randomString:RandomString": ("result",),
    "random:index/randomBytes:RandomBytes": ("base64", "hex"),
    "random:index/randomId:RandomId": ("b64Std", "b64Url", "hex", "dec"),
    "random:index/randomUuid:RandomUuid": ("result",),
}
"""What a provider would make up, by resource type."""


@dataclass
class Recording:
    """What a program would make."""

    objects: list[dict[str, object]] = field(default_factory=list)
    """Kubernetes objects, as their manifests."""
    generated: dict[str, str] = field(default_factory=dict)
    """Placeholder -> what must be generated, in words."""
    supplied: dict[str, str] = field(default_factory=dict)
    """Placeholder -> the configuration key that holds it."""
    others: list[str] = field(default_factory=list)
    """Resources that no manifest can hold, such as Google Cloud's."""
    assumed: dict[str, str] = field(default_factory=dict)
    """What only Google knows, made up here -> whose it is."""
    registered: list[Resource] = field(default_factory=list)
    """Every resource, with its options."""
    production: bool = False
    """Whether the stack's file says that losing it would hurt."""

    @property
    def graph(self) -> Graph:
        """All of it, as the policies see it."""
        return graph_of(self.registered, production=self.production)


def placeholder(*parts: str) -> str:
    """A word that stands for a secret."""
    return "-".join((MARK, *parts, "END"))


class _Recorder(mocks.Mocks):
    def __init__(self, recording: Recording, places: Mapping[str, str]) -> None:
        self.recording = recording
        self._places = places
        """Google's project and region."""

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, object]]:
        state = dict(args.inputs)
        if args.typ.startswith("kubernetes:helm.sh/"):
            self.recording.others.append(f"{args.typ} {args.name}")
        elif args.typ.startswith("kubernetes:"):
            if "/" in args.typ.split(":")[1] and isinstance(state.get("kind"), str):
                return self._object(args.name, state)
            raise OpsError(f"{args.typ} ({args.name}) is no single object, so it can't be rendered.")
        if args.typ in GENERATED:
            for output in GENERATED[args.typ]:
                word = placeholder("generated", args.name, output)
                self.recording.generated[word] = _recipe(args.typ, state)
                state[output] = word
        elif args.custom and not args.typ.startswith("pulumi:"):
            self.recording.others.append(f"{args.typ} {args.name}")
        if args.typ.startswith("gcp:"):
            return self._google(args)
        return args.name, state

    def _google(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, object]]:
        """What Google would say of it, made up."""
        from sandbox.providers.gcp import pretend
        from sandbox.providers.gcp.computed import merged

        name = {} if "name" in args.inputs else {"name": f"{args.name}-{content_hash(args.inputs)[:7]}"}
        identity, outputs = pretend.resource(args.typ, {**name, **args.inputs}, self._places)
        for path, value in _texts({**name, **outputs}):
            self.recording.assumed[value] = f"{path} of {args.typ.rpartition(':')[2]} {args.name}"
        whole = merged({**name, **args.inputs}, outputs)
        assert isinstance(whole, dict)  # noqa: S101 both are mappings
        return identity, dict(whole)

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, object], list[tuple[str, str]] | None]:
        if args.token.startswith("gcp:"):
            from sandbox.providers.gcp import pretend

            found = pretend.function(args.token, args.args, self._places)
            if found is not None:
                return dict(found), []
        raise OpsError(f"The program asks {args.token} while it runs, so it can't be rendered.")

    def _object(self, name: str, state: dict[str, object]) -> tuple[str, dict[str, object]]:
        manifest = clean(state)
        assert isinstance(manifest, dict)  # noqa: S101 clean keeps a mapping a mapping
        metadata = manifest.setdefault("metadata", {})
        if not metadata.get("name"):
            suffix = f"-{content_hash(manifest)}" if manifest["kind"] in CONTENT_NAMED else ""
            metadata["name"] = f"{name}{suffix}"
        self.recording.objects.append(manifest)
        # What refers to it sees the name it has in the manifests.
        return name, {**state, "metadata": metadata}


def content_hash(manifest: Mapping[str, object]) -> str:
    """Ten hexadecimal digits that follow everything in a manifest."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()[:10]


def _texts(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a value, with its path; not short ones and choices such as PRIVATE, which are in everything."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _texts(one, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, path)
    elif isinstance(value, str) and len(value) > 6 and not value.isupper():
        yield path, value


def clean(value: object) -> object:
    """A value as a manifest holds it: no marks, no nulls, whole numbers whole, no annotations of Pulumi's own."""
    if isinstance(value, Mapping):
        if SPECIAL in value:
            return clean(value.get("value"))
        return {
            str(key): clean(one)
            for key, one in value.items()
            if one is not None and not str(key).startswith("pulumi.com/")
        }
    if isinstance(value, list | tuple):
        return [clean(one) for one in value if one is not None]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _recipe(kind: str, inputs: Mapping[str, object]) -> str:
    length = inputs.get("length")
    size = f"{int(length)} " if isinstance(length, int | float) else ""
    if "Password" in kind or "String" in kind:
        return f"{size}letters and digits" + (
            "" if inputs.get("special") is False else " and special characters"
        )
    return f"{size}random bytes ({kind.split(':')[-1]})"


def record(project: Project, stack: str) -> Recording:
    """What the program would make for a stack. Raises OpsError where its configuration is wrong."""
    recording = Recording()
    values, secrets = configuration(project, stack, recording)
    recording.production = values.get("kotaemon:production") == "true"
    recorder = _Recorder(recording, _places(values))
    monitor = Monitor(recorder, MARK)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    pulumi.runtime.set_mocks(recorder, project="kotaemon", stack=stack, preview=False, monitor=monitor)
    pulumi.runtime.set_all_config(values, secrets)
    try:
        loop.run_until_complete(run_pulumi_func(program(project)))
        recording.registered = monitor.registered
    except pulumi.RunError as error:
        raise OpsError(str(error)) from error
    except OpsError:
        raise
    except Exception as error:  # any bug of the program: one line, unless all of it is asked for
        if os.environ.get("KOTAEMON_DEBUG"):
            raise
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        if isinstance(cause, OpsError):
            raise cause from error
        raise OpsError(
            f"The program failed: {type(cause).__name__}: {cause}", "All of it: KOTAEMON_DEBUG=1"
        ) from error
    finally:
        asyncio.set_event_loop(None)
        loop.close()
    return recording


def configuration(project: Project, stack: str, recording: Recording) -> tuple[dict[str, str], list[str]]:
    """The stack's configuration as the engine would hand it over, and which keys are secret."""
    values: dict[str, str] = {}
    secrets: list[str] = []
    for key, given in {**_defaults(project), **config_of(project, stack)}.items():
        full = key if ":" in key else f"kotaemon:{key}"
        value = _unlocked(full, given, recording)
        if value != given:
            secrets.append(full)
        values[full] = value if isinstance(value, str) else json.dumps(value)
    # No cluster is looked at, so that this machine's kubeconfig can't change or stop a render.
    return {**values, "kubernetes:kubeconfig": "none", "kubernetes:context": "none"}, secrets


def _places(values: Mapping[str, str]) -> dict[str, str]:
    """Where things are at Google."""
    try:
        google = json.loads(values.get("kotaemon:google", "{}"))
    except json.JSONDecodeError:
        google = {}
    region = str(google.get("region", "region")) if isinstance(google, dict) else "region"
    project = str(google.get("project", "project")) if isinstance(google, dict) else "project"
    return {"project": project, "region": region, "location": region}


def _defaults(project: Project) -> dict[str, object]:
    """The defaults of Pulumi.yaml's `config`."""
    settings = yaml.safe_load(project.settings.read_text(encoding="utf-8"))
    declared = settings.get("config") if isinstance(settings, dict) else None
    return {
        str(key): one["default"]
        for key, one in (declared or {}).items()
        if isinstance(one, dict) and "default" in one
    }


def _unlocked(key: str, value: object, recording: Recording) -> object:
    """A value with a placeholder for every encrypted part of it."""
    if isinstance(value, dict):
        if set(value) == {"secure"}:
            word = placeholder("supplied", key.replace(":", "-"))
            recording.supplied[word] = key
            return word
        return {name: _unlocked(f"{key}.{name}", one, recording) for name, one in value.items()}
    if isinstance(value, list):
        return [_unlocked(f"{key}[{index}]", one, recording) for index, one in enumerate(value)]
    return value
