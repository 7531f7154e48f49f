"""Typed, validated settings of a stack; the only reader of `pulumi.Config`.

`load()` turns the stack's file into frozen objects, or raises `ConfigError` with everything that is
wrong in it, before a single resource is registered.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG

from .app import Keyed, Models, OpenAi, Voyage
from .problems import ConfigError, Problem, in_file_order
from .rules import broken_rules
from .secret_names import SecretName
from .settings import Settings
from .supplied import check_secret, misplaced_secrets
from .validate import unjudged, validated

PROJECT = "kotaemon"

_TURNED_ON_BY_KEY = {
    SecretName.OPENAI: ("openai", OpenAi()),
    SecretName.GOOGLE: ("google", Keyed()),
    SecretName.COHERE: ("cohere", Keyed()),
    SecretName.MISTRAL: ("mistral", Keyed()),
    SecretName.VOYAGE: ("voyage", Voyage()),
    SecretName.TAVILY: ("tavily", Keyed()),
}


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """Everything that decides what a stack is."""

    stack: str
    root: Path
    """The project's folder, which paths in the stack's file are relative to."""
    settings: Settings
    supplied: Mapping[SecretName, pulumi.Output[str]]
    """Values set with `pulumi config set --secret`."""
    kubeconfig: str | None
    """Path or content, from `kubernetes:kubeconfig`."""
    context: str | None
    """From `kubernetes:context`."""


def load() -> StackConfig:
    """The settings of the stack that is being evaluated.

    Raises ConfigError with every problem of its file.
    """
    stack = pulumi.get_stack()
    values = {
        key.removeprefix(f"{PROJECT}:"): value
        for key, value in CONFIG.get().items()
        if key.startswith(f"{PROJECT}:")
    }
    config = pulumi.Config(PROJECT)
    supplied = {name: secret for name in SecretName if (secret := config.get_secret(name)) is not None}
    encrypted = {key for key in values if pulumi.runtime.is_config_secret(f"{PROJECT}:{key}")}
    if unread := unread_keys(CONFIG.get()):
        raise ConfigError(stack, unread)
    kubernetes = pulumi.Config("kubernetes")
    root = Path(pulumi.runtime.get_root_directory() or ".")
    return StackConfig(
        stack=stack,
        root=root,
        settings=parse(values, encrypted=encrypted, stack=stack, root=root),
        supplied=supplied,
        kubeconfig=kubernetes.get("kubeconfig"),
        context=kubernetes.get("context"),
    )


def unread_keys(keys: Collection[str]) -> list[Problem]:
    """Problems of `gcp:…` keys: they are for a provider that this program doesn't use."""
    return [
        Problem(
            key=key,
            allowed="isn't read: kotaemon:google says project and region; credentials are gcloud's, or in the "
            "environment (GOOGLE_APPLICATION_CREDENTIALS, GOOGLE_IMPERSONATE_SERVICE_ACCOUNT)",
            remedy=f"pulumi config rm {key}",
        )
        for key in sorted(keys)
        if key.startswith("gcp:")
    ]


def parse(
    values: Mapping[str, str], *, encrypted: Collection[str], stack: str, root: Path = Path()
) -> Settings:
    """Settings from the raw values of a stack's file (keys without `kotaemon:`; objects as JSON).

    `encrypted` names the keys that hold Pulumi secrets; `root` is what paths are relative to.
    Raises ConfigError with every problem.
    """
    names = {name.value for name in SecretName}
    problems: list[Problem] = []
    hidden: set[str] = set()
    supplied = set()
    sections: dict[str, object] = {}
    for key, value in values.items():
        if key in names:
            supplied.add(SecretName(key))
            problems += check_secret(SecretName(key), value, key in encrypted, PROJECT)
        elif key in encrypted:
            hidden.add(f"{PROJECT}:{key}")
            problems += misplaced_secrets(key, _json(value), PROJECT)
        else:
            sections[key] = _json(value)
    settings, malformed, left_out = validated(sections, PROJECT)
    settings = _with_models_of(settings, supplied | set(settings.secrets) | set(settings.secret_manager))
    problems += malformed
    problems += [
        problem
        for problem in broken_rules(settings, supplied, root)
        if not unjudged(problem, left_out | hidden)
    ]
    if problems:
        raise ConfigError(
            stack, in_file_order(problems, {key: _json(values[key]) for key in values}, PROJECT)
        )
    return settings


def _json(value: str) -> object:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _with_models_of(settings: Settings, available: Collection[SecretName]) -> Settings:
    """A provider whose key is there is on, with its defaults."""
    on = {
        field: section
        for name, (field, section) in _TURNED_ON_BY_KEY.items()
        if name in available and getattr(settings.models, field) is None
    }
    models: Models = settings.models.model_copy(update=on)
    return settings.model_copy(update={"models": models})


__all__ = ["PROJECT", "ConfigError", "SecretName", "Settings", "StackConfig", "load", "parse"]
