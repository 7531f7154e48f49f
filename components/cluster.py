"""Which cluster a stack is on, and the provider that reaches it."""

import os
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_kubernetes as k8s
import yaml

from .config import ConfigError, StackConfig
from .config.problems import Problem

_LOCAL_NAMES = ("minikube", "docker-desktop", "rancher-desktop", "colima", "orbstack", "kotaemon-sandbox")
_LOCAL_PREFIXES = ("kind-", "k3d-", "colima-")


@dataclass(frozen=True, kw_only=True)
class ClusterChoice:
    """A kubeconfig (path or content) and the context in it; None where there is none to choose from."""

    kubeconfig: str
    context: str | None


def is_local(context: str) -> bool:
    """Whether a context's name is one that tools for clusters on one's own machine give."""
    return context in _LOCAL_NAMES or context.startswith(_LOCAL_PREFIXES)


def choose(config: StackConfig, kubeconfigs: tuple[Path, ...]) -> ClusterChoice:
    """The cluster of a stack: the one its file names, else the current one if that is a local cluster.

    `kubeconfigs` are the files to look in. Raises ConfigError rather than take another cluster unasked: it may
    be somebody's production.
    """
    if config.kubeconfig is not None:
        given = (
            str(Path(config.kubeconfig).expanduser()) if "\n" not in config.kubeconfig else config.kubeconfig
        )
        return ClusterChoice(kubeconfig=given, context=config.context or _current(given))
    files = [path for path in kubeconfigs if path.is_file()]
    if config.context is not None:
        for path in files:
            if config.context in _contexts(path):
                return ClusterChoice(kubeconfig=str(path), context=config.context)
        if files:
            raise _wrong(config, sorted({name for path in files for name in _contexts(path)}))
    for path in files:
        current = _current(str(path))
        if current and is_local(current):
            return ClusterChoice(kubeconfig=str(path), context=current)
        if current:
            raise _unasked(config, current)
    return ClusterChoice(kubeconfig=str(kubeconfigs[0]), context=config.context)


def default_kubeconfigs() -> tuple[Path, ...]:
    """Where kubectl looks: $KUBECONFIG, else ~/.kube/config."""
    named = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return tuple(named) or (Path.home() / ".kube" / "config",)


def provider(
    config: StackConfig, opts: pulumi.ResourceOptions, own: tuple[str, pulumi.Output[str]] | None = None
) -> k8s.Provider:
    """The provider of a stack's Kubernetes objects.

    `own` is the cluster that the stack makes or looks up, by its name and kubeconfig. A cluster that the
    stack's file names comes first: perhaps the same one, reached in another way.
    """
    if own is not None and config.kubeconfig is None and config.context is None:
        name, kubeconfig = own
        return k8s.Provider("cluster", kubeconfig=kubeconfig, cluster_identifier=name, opts=opts)
    choice = choose(config, default_kubeconfigs())
    return k8s.Provider(
        "cluster",
        # Content holds credentials; a path doesn't.
        kubeconfig=pulumi.Output.secret(choice.kubeconfig)
        if "\n" in choice.kubeconfig
        else choice.kubeconfig,
        context=choice.context,
        # Without it, a kubeconfig that moved or was renewed would replace every object.
        cluster_identifier=choice.context or config.stack,
        opts=opts,
    )


def _load(kubeconfig: str) -> dict[str, object]:
    text = kubeconfig
    if "\n" not in kubeconfig:
        path = Path(kubeconfig)
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
    loaded = yaml.safe_load(text)
    return loaded if isinstance(loaded, dict) else {}


def _current(kubeconfig: str) -> str | None:
    current = _load(kubeconfig).get("current-context")
    return current if isinstance(current, str) and current else None


def _contexts(path: Path) -> list[str]:
    entries = _load(str(path)).get("contexts")
    return [entry["name"] for entry in entries] if isinstance(entries, list) else []


def _wrong(config: StackConfig, known: list[str]) -> ConfigError:
    return ConfigError(
        config.stack,
        [
            Problem(
                key="kubernetes:context",
                value=config.context,
                allowed=f"is in no kubeconfig; there are: {', '.join(known) or 'none'}",
                remedy=f"pulumi config set kubernetes:context {known[0] if known else '<context>'}",
            )
        ],
    )


def _unasked(config: StackConfig, current: str) -> ConfigError:
    return ConfigError(
        config.stack,
        [
            Problem(
                key="kubernetes:context",
                allowed=f"is not set, and kubectl's current cluster ({current}) isn't a local one: "
                "it is not used unasked",
                remedy=f"pulumi config set kubernetes:context {current}",
            )
        ],
    )
