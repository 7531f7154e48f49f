"""A copy of the project with a cluster and a state of its own, for tests of the commands."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes import config, dynamic

from sandbox import build, cluster, components
from sandbox.paths import HOME_VARIABLE, Home
from tests.program import ROOT, stack_config


@dataclass(frozen=True)
class Workplace:
    """A copy of the project, with a cluster and a state of its own."""

    project: Path
    environment: Mapping[str, str]
    api: Any
    """A client of the cluster; the package's annotations are wrong about what it takes and gives."""
    stack: str = "local"
    namespace: str = "kotaemon"

    def run(self, command: str, *arguments: str, code: int = 0) -> str:
        """One command of `python -m ops`; fails unless it ends with `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "ops", command, *self._where, *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stdout + done.stderr

    def start(self, command: str, *arguments: str) -> "subprocess.Popen[str]":
        """A command in a process group of its own, to be killed with all that it started."""
        return subprocess.Popen(
            [sys.executable, "-m", "ops", command, *self._where, *arguments],
            cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip

    @property
    def _where(self) -> tuple[str, ...]:
        return "--project", str(self.project), "--stack", self.stack

    def configure(self, changes: Mapping[str, object] | None = None) -> None:
        """Writes the stack's file as it is in the project, with `changes` to its config."""
        document = {"config": {**stack_config(self.stack), **(changes or {})}}
        file = self.project / f"Pulumi.{self.stack}.yaml"
        file.write_text(yaml.safe_dump(document), encoding="utf-8")

    def objects(self) -> dict[str, str]:
        """uid of each object of ours, by kind and name, without the digits that Pulumi adds to names."""
        found = {}
        for kind, version in (
            ("Deployment", "apps/v1"), ("StatefulSet", "apps/v1"), ("Job", "batch/v1"), ("Service", "v1"),
            ("ConfigMap", "v1"), ("Secret", "v1"), ("PersistentVolumeClaim", "v1"), ("Pod", "v1"),
            ("NetworkPolicy", "networking.k8s.io/v1"), ("ResourceQuota", "v1"),
        ):  # fmt: skip
            for one in self.list(kind, version):
                if (one.metadata.labels or {}).get("app.kubernetes.io/part-of") == "kotaemon":
                    key = f"{kind}/{one.metadata.name}"
                    found[key] = one.metadata.uid
        return found

    def list(self, kind: str, version: str) -> list[Any]:
        """Every object of a kind in the namespace."""
        items = (
            self._dynamic.resources.get(api_version=version, kind=kind).get(namespace=self.namespace).items
        )
        return list(items)

    @property
    def _dynamic(self) -> Any:
        return dynamic.DynamicClient(self.api)  # type: ignore[no-untyped-call]

    def pod(self, component: str) -> Any:
        """The one live pod of a component."""
        pods = [
            one
            for one in self.list("Pod", "v1")
            if one.metadata.labels["app.kubernetes.io/name"] == component
            and not one.metadata.deletionTimestamp
        ]
        assert len(pods) == 1, f"{len(pods)} pods of {component}"
        return pods[0]


@contextmanager
def opened(folder: Path) -> Iterator[Workplace]:
    """A workplace of the local stack in `folder`; its cluster is gone afterwards."""
    home = Home(folder / "sandbox")
    build.ensure([*components.NAMES, "pulumi"])  # here, where it may take its minutes
    running = cluster.start(home)
    project = folder / "project"
    project.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, project / name)
    (project / "components").symlink_to(ROOT / "components")
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "KUBECONFIG"))},
        HOME_VARIABLE: str(home.root),
        "XDG_STATE_HOME": str(folder / "state"),
        "KOTAEMON_CLUSTER": "sandbox",
        "KOTAEMON_ENGINE": "sandbox",
    }
    api = config.new_client_from_config(str(running.kubeconfig), running.context)  # type: ignore[no-untyped-call]
    try:
        yield Workplace(project, environment, api)
    finally:
        cluster.stop(home)
        cluster.purge(home)
