"""A stack of the program: its engine, cluster and backend together, ready to be operated on."""

import os
import runpy
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import yaml

from ops import backend as backends
from ops import clusters, google
from ops import engine as engines
from ops.backend import Backend
from ops.clusters import Cluster
from ops.engine import Engine
from ops.paths import Project


@dataclass(frozen=True)
class Session:
    """All choices of one command, made once."""

    project: Project
    stack: str
    config: Mapping[str, object]
    engine: Engine
    cluster: Cluster
    backend: Backend
    unlocking: Mapping[str, str]

    def __str__(self) -> str:
        return f"engine: {self.engine}   cluster: {self.cluster}   stack: {self.stack}"

    def environment(self) -> dict[str, str]:
        """The engine's environment beyond our own."""
        return {
            **self.engine.environment(os.environ),
            **self.backend.environment(),
            **self.unlocking,
            "PULUMI_STACK": self.stack,
        }


def open_session(
    project: Project,
    stack: str,
    environment: Mapping[str, str],
    *,
    start: bool = False,
    reach: bool = True,
    say: Callable[[str], object],
) -> Session:
    """Choose engine, cluster and backend, and say which in one line. Raises OpsError.

    `start` lets the sandbox start; without `reach` the cluster may be out of reach, or unknown.
    """
    config = clusters.config_of(project, stack)
    # The cluster first: where it can't be reached, nothing has to be built to say so.
    if reach:
        cluster = clusters.choose(stack, config, environment, start=start)
    else:
        cluster = clusters.choose_absent(stack, config, environment)
    engine = engines.choose(environment, google=google.uses_google(config))
    backend = backends.choose(project, engine, cluster, environment)
    unlocking, made = backends.passphrase(environment)
    session = Session(project, stack, config, engine, cluster, backend, unlocking)
    say(str(session))
    if made:
        say(made)
    return session


def with_config(text: str, extra: Mapping[str, str]) -> str:
    """A stack file's text with more keys under `config:`; all else, salts and secrets too, as it was."""
    if not extra:
        return text
    document = yaml.safe_load(text) or {}
    document["config"] = {**(document.get("config") or {}), **extra}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)


def program(project: Project) -> Callable[[], None]:
    """The project's `__main__.py` as a function, for the Automation API."""

    def run() -> None:
        if str(project.root) not in sys.path:
            sys.path.insert(0, str(project.root))
        runpy.run_path(str(project.program), run_name="__main__")

    return run


def stack_option(stack: str) -> str:
    """What to add to a make command for this stack."""
    return "" if stack == "local" else f" STACK={stack}"
