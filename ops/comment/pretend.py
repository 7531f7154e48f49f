"""A kubernetes provider that touches no cluster: an object is what the program says it is.

Behind `make pr-comment`, whose scratch state is made by a real engine, real checks and real diffs, of
objects that nobody created. Run as the plugin `pulumi-resource-kubernetes`.
"""

import os
import shlex
import sys
from pathlib import Path

from sandbox import providers
from sandbox.providers import protocol, server, wire
from sandbox.providers.gcp import provider as gcp
from sandbox.providers.kubernetes import config, naming, normal, state
from sandbox.providers.kubernetes.catalog import Catalog
from sandbox.providers.kubernetes.objects import identity, text
from sandbox.providers.kubernetes.provider import Kubernetes
from sandbox.providers.protocol import ConfigureRequest, ResourceRequest
from sandbox.providers.wire import Properties

ROOT = Path(__file__).resolve().parents[2]


class Pretended(Kubernetes):
    """Checks and compares as the stand-in does; what it creates, updates and deletes is the state alone."""

    def configure(self, request: ConfigureRequest) -> None:
        """No server is looked for."""
        self._settings = config.read({**request.variables})
        self._namespace = self._settings.namespace
        self._unreachable = None
        self._catalog = Catalog(None)

    def create(self, request: ResourceRequest) -> tuple[str, Properties]:
        """The object as the program gives it, with a state that the real provider would understand."""
        given = wire.decode(request.properties)
        if wire.has_unknowns(given):
            return "", given
        inputs = state.to_object(given)
        stored = state.checkpoint(
            inputs, state.copy(inputs), given, text(inputs, "apiVersion"), naming.unique("pretended-")
        )
        return ("" if request.preview else identity(inputs)), stored

    def update(self, request: ResourceRequest) -> Properties:
        """The object as the program gives it now."""
        given, olds = wire.decode(request.news), wire.decode(request.olds)
        if wire.has_unknowns(given):
            return given
        inputs = normal.normalise(state.to_object(given))
        version = state.initial_api_version(olds, inputs)
        return state.checkpoint(inputs, state.copy(inputs), given, version, text(olds, state.FIELD_MANAGER))

    def read(self, request: ResourceRequest) -> tuple[str, Properties, Properties] | None:
        """What the state says."""
        return request.id, wire.decode(request.properties), wire.decode(request.inputs)

    def delete(self, request: ResourceRequest) -> None:
        """Nothing is there."""


def install(folder: Path) -> Path:
    """Write the plugins of a scratch state into `folder`: the stand-ins, and this one for kubernetes."""
    providers.install(folder)
    plugin = folder / "pulumi-resource-kubernetes"
    plugin.write_text(
        "#!/bin/sh\n"
        f"PYTHONPATH={shlex.quote(str(ROOT))} PYTHONSAFEPATH=1 "
        f'exec {shlex.quote(sys.executable)} -m ops.comment.pretend "$@"\n'
    )
    plugin.chmod(0o755)
    return folder


def environment() -> dict[str, str]:
    """What makes the stand-in for Google's provider pretend, too."""
    return {**os.environ, gcp.VARIABLE: gcp.PRETEND}


if __name__ == "__main__":
    protocol.light_imports()
    server.serve(Pretended)
