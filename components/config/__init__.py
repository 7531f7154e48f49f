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
from pydantic import ValidationError

from .app import Keyed, Models, OpenAi, Voyage
from .explain import explain, located, without
from .problems import ConfigError, Problem, set_command
from .rules import broken_rules
from .secret_names import SecretName
from .settings import Settings

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
    kubernetes = pulumi.Config("kubernetes")
    return StackConfig(
        stack=stack,
        settings=parse(
            values, encrypted=encrypted, stack=stack, root=Path(pulumi.runtime.get_root_directory() or ".")
        ),
        supplied=supplied,
        kubeconfig=kubernetes.get("kubeconfig"),
        context=kubernetes.get("context"),
    )


def parse(
    values: Mapping[str, str], *, encrypted: Collection[str], stack: str, root: Path = Path()
) -> Settings:
    """Settings from the raw values of a stack's file (keys without `kotaemon:`; objects as JSON).

    `encrypted` names the keys that hold Pulumi secrets; `root` is what paths are relative to.
    Raises ConfigError with every problem.
    """
    names = {name.value for name in SecretName}
    problems: list[Problem] = []
    supplied = set()
    sections: dict[str, object] = {}
    for key, value in values.items():
        if key in names:
            supplied.add(SecretName(key))
            problems += _literal_secret(key, value, key in encrypted)
        elif key in encrypted:
            problems.append(
                Problem(
                    key=f"{PROJECT}:{key}",
                    allowed=f"holds no secret; secrets have keys of their own: {', '.join(sorted(names))}",
                    remedy="pulumi config set --secret openaiApiKey",
                )
            )
        else:
            sections[key] = _json(value)
    settings, malformed = _validated(sections)
    problems += malformed
    settings = _with_models_of(settings, supplied | set(settings.secrets))
    wrong = {problem.key for problem in malformed}
    problems += [
        problem
        for problem in broken_rules(settings, supplied, root)
        if not any(
            f"{key}.".startswith(f"{problem.key}.") or f"{problem.key}.".startswith(f"{key}.")
            for key in wrong
        )
    ]
    if problems:
        raise ConfigError(stack, problems)
    return settings


def _validated(sections: dict[str, object]) -> tuple[Settings, list[Problem]]:
    """Settings of what is well-formed, so that the rules can still be checked, and what isn't."""
    problems: list[Problem] = []
    while True:
        try:
            return Settings.model_validate(sections), problems
        except ValidationError as error:
            problems += [problem for problem in explain(error, prefix=PROJECT) if problem not in problems]
            for details in error.errors(include_url=False):
                sections = without(sections, located(details["loc"]))


def _json(value: str) -> object:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def _literal_secret(key: str, value: str, encrypted: bool) -> list[Problem]:
    remedy = f"{set_command('--secret ' + key, '')}".rstrip()
    if not encrypted:
        return [
            Problem(
                key=f"{PROJECT}:{key}",
                value="(hidden)",
                allowed="is a password in plain text; it must be a Pulumi secret or an existing Secret. "
                "It has been in a file: change it where it was issued",
                remedy=remedy,
            )
        ]
    if not value.strip():
        return [
            Problem(
                key=f"{PROJECT}:{key}", allowed="is empty; it must hold the secret's value", remedy=remedy
            )
        ]
    return []


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
