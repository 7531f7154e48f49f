"""One operation on a scratch state, in a process of its own: python -m ops.comment.scratch REQUEST RESULT.

A process of its own, because the base's program and this tree's have modules of the same names. Nothing
that is imported here may import `components`, or one program would run with the other's.
"""

import dataclasses
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml
from pulumi import automation as auto

from ops import clusters
from ops import engine as engines
from ops.backend import Backend
from ops.clusters import Cluster, Source
from ops.comment.evaluation import Evaluation, Previewer, failed
from ops.errors import OpsError
from ops.paths import Project
from ops.stack import Session

PLACEHOLDER = "KOTAEMON-SECRET-offline"  # begins as the program wants it of what stands for a secret
"""What every secret of the stack's file is replaced by, with a hash of its ciphertext: nobody can unlock it here."""


def run(project: Project, stack: str, folder: Path, *, bring_up: bool) -> Evaluation:
    """Make the program the scratch state, or say what it would change there. Raises OpsError."""
    config = clusters.config_of(project, stack)
    engine = dataclasses.replace(engines.choose(os.environ), stand_ins=folder / "plugins")
    state = folder / "state"
    state.mkdir(exist_ok=True)
    session = Session(
        project,
        stack,
        config,
        engine,
        Cluster(Source.UNKNOWN),
        Backend(f"file://{state}", state),
        {"PULUMI_CONFIG_PASSPHRASE": "scratch"},
    )
    with tempfile.TemporaryDirectory(dir=folder) as work:
        shutil.copyfile(project.settings, Path(work) / project.settings.name)
        plain, secrets = unlocked(config)
        if not clusters.makes_its_own(config):
            plain["kubernetes:kubeconfig"] = str(
                _kubeconfig(folder, str(config.get("kubernetes:context", "offline")))
            )
        text = yaml.safe_dump({"config": plain}, sort_keys=False, allow_unicode=True)
        (Path(work) / project.stack_file(stack).name).write_text(text, encoding="utf-8")
        operations = Previewer(session, Path(work))
        operations.prepare(lambda _: None)
        if secrets:
            given = [word for key, value in secrets.items() for word in ("--secret", f"{key}={value}")]
            operations.run("config", "set-all", "--stack", stack, "--path", *given)
        return operations.bring_up() if bring_up else operations.evaluate()


def unlocked(config: Mapping[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """The configuration without what only the stack's own key unlocks; and a placeholder for each such value."""
    secrets = {path: _placeholder(cipher) for path, cipher in _secure("", config)}
    return {key: one for key, value in config.items() if (one := _plain(value)) is not None}, secrets


def _placeholder(ciphertext: str) -> str:
    return f"{PLACEHOLDER}-{hashlib.sha256(ciphertext.encode()).hexdigest()[:16]}"


def _secure(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            yield path, str(value["secure"])
            return
        for key, one in value.items():
            yield from _secure(f"{path}.{key}" if path else str(key), one)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _secure(f"{path}[{index}]", one)


def _plain(value: object) -> object:
    """A value without its encrypted parts; None where nothing else is in it."""
    if isinstance(value, Mapping):
        if set(value) == {"secure"}:
            return None
        return {key: one for key, inner in value.items() if (one := _plain(inner)) is not None}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _kubeconfig(folder: Path, context: str) -> Path:
    """A kubeconfig whose context nobody answers for, so that no cluster of this machine is looked at."""
    path = folder / "kubeconfig"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        "clusters": [{"name": context, "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": context, "user": {}}],
    }
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return path


def main(arguments: list[str]) -> None:
    """Do what the first argument asks (JSON), and write the evaluation to the file that the second names."""
    asked, target = json.loads(arguments[0]), Path(arguments[1])
    try:
        found = run(
            Project(Path(asked["project"])), asked["stack"], Path(asked["folder"]), bring_up=asked["bring_up"]
        )
    except (OpsError, auto.CommandError) as error:
        found = failed(str(error))
    target.write_text(found.to_json(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
    sys.stdout.flush()
    # The Automation API's server threads would keep the process alive.
    os._exit(0)
