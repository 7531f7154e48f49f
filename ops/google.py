"""Which stacks need Google Cloud, and what can't be done for them without it."""

import os
from collections.abc import Mapping
from importlib.metadata import version as installed_version

from ops.engine import GOOGLE_PLUGINS, Engine
from ops.errors import OpsError

_PLUGIN = "gcp"
# The values of `kind` in the stack's file that stand for something on Google Cloud.
_KINDS = {
    "cluster": ("gke", "gke-existing"),
    "postgres": ("cloud-sql",),
    "edge": ("google",),
    "backup": ("google",),
}
PRETEND = ("KOTAEMON_STAND_IN_GOOGLE", "pretend")
"""The variable, and its value, with which the stand-in makes Google's part up; for tests."""


def uses_google(config: Mapping[str, object]) -> bool:
    """Whether a stack makes or reads anything on Google Cloud; `config` is its file's."""
    if config.get("kotaemon:google") or config.get("kotaemon:secretManager"):
        return True
    sections = {name: config.get(f"kotaemon:{name}") for name in _KINDS}
    return any(
        isinstance(section, Mapping) and section.get("kind") in _KINDS[name]
        for name, section in sections.items()
    )


def refuse_stand_in(engine: Engine, stack: str, command: str) -> None:
    """Raises OpsError where the command would change something on Google Cloud, and only the stand-in is there."""
    variable, value = PRETEND
    if not engine.stands_in(_PLUGIN) or os.environ.get(variable) == value:
        return
    package = installed_version(GOOGLE_PLUGINS[_PLUGIN])
    raise OpsError(
        f"Stack {stack} is on Google Cloud, and the gcp plugin of this machine is a stand-in that only "
        "previews; nothing was touched.",
        "Install Pulumi (https://www.pulumi.com/docs/install/), then: "
        f"pulumi plugin install resource {_PLUGIN} {package} && gcloud auth application-default login && "
        f"make {command} STACK={stack}",
    )
