"""Which cluster a stack runs on. Never one that nobody asked for: it may be somebody's production."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ops import engine, kubeconfig, paths
from ops.api import Api, UnreachableError
from ops.errors import OpsError
from ops.kubeconfig import Context
from ops.paths import Project

VARIABLE = "KOTAEMON_CLUSTER"
SANDBOX = "sandbox"
LOCAL_STACK = "local"
"""The only stack that may take a local cluster, or the sandbox, by itself."""

LOCAL_CONTEXTS = re.compile(
    r"minikube|kind-.+|k3d-.+|docker-desktop|docker-for-desktop|rancher-desktop|colima(-.+)?|orbstack"
)
"""Contexts that the tools for clusters on one's own machine make."""

MAKERS = {
    "minikube": "minikube start",
    "kind": "kind create cluster",
    "k3d": "k3d cluster create",
    "colima": "colima start --kubernetes",
}
"""The command that gives a real cluster, for each tool that may be installed."""


class Source(StrEnum):
    """Why this cluster was chosen."""

    STACK_FILE = "set in the stack's file"
    ASKED = f"asked for by {VARIABLE}"
    LOCAL = "a local cluster"
    SANDBOX = "the sandbox"
    PROGRAM = "made by the stack itself"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Cluster:
    """The cluster of a stack."""

    source: Source
    context: Context | None = None
    """How to reach it; None while it isn't there (the stack makes it, or the sandbox is stopped)."""
    kubeconfig: Path | None = None
    """What `kubernetes:kubeconfig` is set to, where the stack's file doesn't say."""
    uid: str | None = None
    """The cluster's identity, where it answered."""
    simulated: int = 0
    """How many simulated nodes it has; on them nothing runs."""

    def __str__(self) -> str:
        if self.source is Source.SANDBOX:
            state = f"{self.simulated} simulated nodes (they run nothing)" if self.context else "stopped"
            return f"sandbox, {state}"
        if self.context is None:
            return self.source.value
        return f"{self.context.name}, {self.source.value}"

    def real_cluster_hint(self, option: str = "") -> str:
        """How to get a cluster on which things run."""
        return f"For a real cluster: {real_cluster_command()}, then make up{option}."

    def injected(self) -> dict[str, str]:
        """What to add to the stack's configuration so that the program finds this cluster."""
        if self.kubeconfig is None or self.context is None:
            return {}
        return {"kubernetes:kubeconfig": str(self.kubeconfig), "kubernetes:context": self.context.name}


def choose(
    stack: str, config: Mapping[str, object], environment: Mapping[str, str], *, start: bool
) -> Cluster:
    """The cluster of a stack, by the order in the documentation; `start` lets the sandbox start for it.

    `config` is what stands under `config:` in the stack's file. Raises OpsError where there is
    none, or it doesn't answer.
    """
    asked = environment.get(VARIABLE, "").strip()
    if asked == SANDBOX:
        return _sandbox(start, environment)
    if asked:
        return _answering(_named(asked, environment), Source.ASKED)
    if "kubernetes:context" in config or "kubernetes:kubeconfig" in config:
        return _answering(from_config(config, environment), Source.STACK_FILE)
    if makes_its_own(config):
        return Cluster(Source.PROGRAM)
    if stack != LOCAL_STACK:
        raise OpsError(unsaid(stack, [context.name for context in contexts(environment)]))
    for context in local(contexts(environment)):
        if (uid := answer(context)) is not None:
            return Cluster(Source.LOCAL, context, _file_of(context), uid)
    return _sandbox(start, environment)


def choose_absent(stack: str, config: Mapping[str, object], environment: Mapping[str, str]) -> Cluster:
    """The same, for commands that don't talk to the cluster: it may be unreachable, or not even named yet."""
    try:
        return choose(stack, config, environment, start=False)
    except OpsError:
        pass
    try:
        asked = environment.get(VARIABLE, "").strip()
        context = _named(asked, environment) if asked else from_config(config, environment)
        return Cluster(Source.ASKED if asked else Source.STACK_FILE, context)
    except OpsError:
        return Cluster(Source.UNKNOWN)


def makes_its_own(config: Mapping[str, object]) -> bool:
    """Whether the stack's program creates its cluster (kotaemon:cluster with a kind that isn't `existing`)."""
    cluster = config.get("kotaemon:cluster")
    return isinstance(cluster, Mapping) and str(cluster.get("kind", "existing")) != "existing"


def contexts(environment: Mapping[str, str]) -> list[Context]:
    """All contexts of all kubeconfig files; of two with the same name the first counts, as for kubectl."""
    found: dict[str, Context] = {}
    for path in kubeconfig.files(environment):
        for context in kubeconfig.read(path):
            found.setdefault(context.name, context)
    return list(found.values())


def local(candidates: Sequence[Context]) -> list[Context]:
    """Those of clusters on one's own machine, in the given order (the current one comes first)."""
    return [context for context in candidates if LOCAL_CONTEXTS.fullmatch(context.name)]


def from_config(config: Mapping[str, object], environment: Mapping[str, str]) -> Context:
    """The context that a stack's file names. Raises OpsError where there is none such."""
    given, name = config.get("kubernetes:kubeconfig"), config.get("kubernetes:context")
    if isinstance(given, Mapping):
        raise OpsError(
            "kubernetes:kubeconfig is a secret, which only the engine can read.",
            "Give it as a path instead: make pulumi ARGS='config set kubernetes:kubeconfig ~/.kube/config'",
        )
    if given is None:
        candidates = contexts(environment)
    elif "\n" in str(given) or str(given).lstrip().startswith("{"):
        candidates = kubeconfig.parse(str(given), None)
    else:
        candidates = kubeconfig.read(Path(str(given)).expanduser())
    for context in candidates:
        if name is None or context.name == name:
            return context
    raise OpsError(
        f"The stack's file names the context {name or '(none)'}, but the kubeconfig has "
        f"{', '.join(context.name for context in candidates) or 'no context'}.",
        "Set one that is there: make pulumi ARGS='config set kubernetes:context NAME'",
    )


def unsaid(stack: str, known: Sequence[str]) -> str:
    """What to tell somebody whose stack names no cluster."""
    choice = f" (yours: {', '.join(known)})" if known else ""
    return (
        f"Stack {stack} names no cluster, and only {LOCAL_STACK} may pick one by itself.\n"
        f"  Name one{choice}: make pulumi STACK={stack} ARGS='config set kubernetes:context NAME'\n"
        f"  or try it on simulated nodes: {VARIABLE}={SANDBOX} make preview STACK={stack}"
    )


def real_cluster_command() -> str:
    """The one command that gives this machine a real cluster."""
    for tool, command in MAKERS.items():
        if shutil.which(tool):
            return command
    return "minikube start (https://minikube.sigs.k8s.io)"


def answer(context: Context, patience: float = 2.0) -> str | None:
    """The identity of the context's cluster; None where it doesn't answer, for whatever reason."""
    try:
        with Api(context, patience) as api:
            return api.uid()
    except OpsError:
        return None


def _named(name: str, environment: Mapping[str, str]) -> Context:
    known = contexts(environment)
    for context in known:
        if context.name == name:
            return context
    listed = ", ".join(context.name for context in known) or "none"
    raise OpsError(
        f"{VARIABLE}={name} is neither `{SANDBOX}` nor a context of the kubeconfig (there: {listed})."
    )


def _answering(context: Context, source: Source) -> Cluster:
    try:
        with Api(context) as api:
            uid = api.uid()
    except UnreachableError as error:
        raise OpsError(
            f"The cluster ({source.value}) can't be reached: {error.what}",
            "Start it or fix its kubeconfig, then the same command again; `make doctor` shows what is there",
        ) from error
    injected = _file_of(context) if source is Source.ASKED else None
    return Cluster(source, context, injected, uid)


def _file_of(context: Context) -> Path:
    """A kubeconfig file that is enough for this context, at a path that stays the same."""
    if context.file and any(found == context for found in kubeconfig.read(context.file)) and context.cluster:
        return context.file.absolute()
    path = paths.state() / f"kubeconfig-{re.sub(r'[^A-Za-z0-9.-]', '_', context.name)}"
    paths.write_private(path, kubeconfig.text_of(context))
    return path


def _sandbox(start: bool, environment: Mapping[str, str]) -> Cluster:
    from sandbox import build, cluster, components
    from sandbox.errors import SandboxError
    from sandbox.paths import Home

    try:
        if start and engine.comes_from_sandbox(environment):
            build.ensure([*components.NAMES, "pulumi"])  # together, so that it says how long all of it takes
        found = cluster.start() if start else cluster.running()
    except SandboxError as error:
        raise OpsError(str(error)) from error
    if found is None:
        return Cluster(Source.SANDBOX, kubeconfig=Home.default().kubeconfig)
    context = next(known for known in kubeconfig.read(found.kubeconfig) if known.name == found.context)
    return Cluster(
        Source.SANDBOX, context, found.kubeconfig, answer(context, 10.0), simulated=len(found.nodes)
    )


def config_of(project: Project, stack: str) -> Mapping[str, object]:
    """What stands under `config:` in a stack's file. Raises OpsError where it isn't there or isn't YAML."""
    import yaml

    path = project.stack_file(stack)
    if not path.is_file():
        raise OpsError(
            f"There is no stack {stack}: {path.name} isn't there.",
            f"Stacks that are: {', '.join(project.stacks()) or 'none'}",
        )
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise OpsError(f"{path.name} can't be read: {' '.join(str(error).split())}") from error
    config = document.get("config") if isinstance(document, dict) else None
    return config if isinstance(config, dict) else {}
