"""The lines about Google Cloud for one stack's file: the plugin, the file itself, then what Google says."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version as installed_version
from pathlib import Path

from components.config import ConfigError
from ops.check import Check, State
from ops.stack_settings import settings_of

from .checks import google_checks


def of_stack(config: Mapping[str, object], stack: str, root: Path, *, stands_in: bool) -> Iterator[Check]:
    """All of them; `stands_in` says whether a stand-in would run in place of the provider."""
    if stands_in:
        yield Check(
            "gcp plugin",
            State.MISSING,
            "a stand-in, which only previews",
            f"with Pulumi installed: pulumi plugin install resource gcp {installed_version('pulumi-gcp')}",
        )
    try:
        settings = settings_of(config, stack, root)
    except ConfigError as error:
        number = len(error.problems)
        yield Check(
            "configuration",
            State.MISSING,
            f"Pulumi.{stack}.yaml has {number} problem{'' if number == 1 else 's'}",
            f"make preview STACK={stack}",
        )
        return
    yield from google_checks(settings, stack)
