"""The project and the domain that the committed stack files name: examples, which no real stack may use."""

from collections.abc import Mapping

from ops.engine import Engine
from ops.errors import OpsError
from ops.google import uses_google

EXAMPLES = {
    ("kotaemon:google", "project"): "example-project",
    ("kotaemon:edge", "domain"): "kotaemon.example.com",
}
"""Where they stand under `config:`. The settings have the same ones (components/config); those import Pulumi."""


def examples(config: Mapping[str, object]) -> list[str]:
    """The keys of a stack's `config:` that still hold an example."""
    found = []
    for (section, key), example in EXAMPLES.items():
        given = config.get(section)
        if isinstance(given, Mapping) and given.get(key) == example:
            found.append(f"{section}.{key}")
    return found


def refuse(engine: Engine, stack: str, config: Mapping[str, object]) -> None:
    """Raises OpsError where an example would reach the real Google Cloud. A stand-in previews with it."""
    if engine.stands_in("gcp") or not uses_google(config):
        return
    if left := examples(config):
        raise OpsError(
            f"Pulumi.{stack}.yaml still has the example of {' and '.join(left)}; yours: make init STACK={stack}"
        )
