"""`pulumi preview --policy-pack policies` on a real engine."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes
import pytest
from pulumi import automation
from pulumi_kubernetes import core, meta

from ops.paths import PROJECT, Project
from ops.stack import program, with_config
from sandbox import analyzer, build, cluster, components, providers
from sandbox.paths import Home

pytestmark = pytest.mark.sandbox


@dataclass
class Workplace:
    """An engine, and a cluster for what is previewed on it."""

    folder: Path
    kubeconfig: Path

    def preview(
        self, run: Callable[[], None], config: Mapping[str, str] | None = None, stack: str = "local"
    ) -> str:
        """What the engine prints of a preview with our policies; `preview failed` where it did."""
        work = self.folder / f"work-{len(list(self.folder.iterdir()))}"
        work.mkdir()
        shutil.copyfile(PROJECT / "Pulumi.yaml", work / "Pulumi.yaml")
        # The Google stacks make their own cluster.
        cluster = {"kubernetes:kubeconfig": str(self.kubeconfig)} if stack == "local" else {}
        file = PROJECT / f"Pulumi.{stack}.yaml"
        (work / file.name).write_text(with_config(file.read_text(), {**cluster, **(config or {})}))
        binary = build.ensure(["pulumi"])["pulumi"]
        state = work / "state"
        state.mkdir()
        workspace = automation.LocalWorkspace(
            work_dir=str(work),
            program=run,
            pulumi_command=automation.PulumiCommand(str(binary.parent.parent)),
            env_vars={
                "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
                "PULUMI_BACKEND_URL": state.as_uri(),
                "PULUMI_CONFIG_PASSPHRASE": "test",
                "PULUMI_HOME": str(self.folder / "home"),
                "PULUMI_SKIP_UPDATE_CHECK": "1",
            },
        )
        lines: list[str] = []
        try:
            automation.Stack.create_or_select(stack, workspace).preview(
                policy_packs=[str(PROJECT / "policies")], on_output=lines.append
            )
        except automation.CommandError as error:
            lines.append(f"preview failed: {error}")
        return "\n".join(lines)


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workplace]:
    build.ensure([*components.NAMES, "pulumi"])
    folder = tmp_path_factory.mktemp("pack")
    home = Home(tmp_path_factory.mktemp("cluster"))
    providers.install(folder / "bin")
    analyzer.install(folder / "bin")
    yield Workplace(folder, cluster.start(home).kubeconfig)
    cluster.stop(home)
    cluster.purge(home)


@pytest.mark.parametrize("stack", Project(PROJECT).stacks())
def test_every_stack_of_ours_is_let_through(workplace: Workplace, stack: str) -> None:
    """Every rule on the whole program, as the engine sees it, with all that isn't known before an update."""
    said = workplace.preview(program(Project(PROJECT)), stack=stack)
    assert "kotaemon@v1.0.0" in said
    assert "[mandatory]" not in said
    assert "preview failed" not in said


def test_a_bad_program_is_stopped_with_reason_and_remedy(workplace: Workplace) -> None:
    def bad() -> None:
        provider = kubernetes.Provider("cluster", kubeconfig=workplace.kubeconfig.read_text())
        core.v1.Pod(
            "bad",
            metadata=meta.v1.ObjectMetaArgs(namespace="default"),
            spec=core.v1.PodSpecArgs(
                containers=[core.v1.ContainerArgs(name="bad", image="example.com/app:latest")]
            ),
            opts=pulumi.ResourceOptions(provider=provider),
        )
        core.v1.ConfigMap(
            "leak",
            data={"password": pulumi.Output.secret("hunter2")},
            opts=pulumi.ResourceOptions(provider=provider),
        )

    said = workplace.preview(bad)
    assert "preview failed" in said
    for rule in ("POD-01", "POD-10", "POD-20", "NS-03", "STR-03", "SEC-01", "NET-01"):
        assert f"[mandatory]  {rule}" in said, rule
    assert "image is example.com/app:latest" in said
    assert "Why: A floating tag is another program" in said
    assert "To mend it: name a digest" in said
    assert "hunter2" not in said


def test_production_is_told_by_the_stacks_configuration(workplace: Workplace) -> None:
    def unprotected() -> None:
        provider = kubernetes.Provider("cluster", kubeconfig=workplace.kubeconfig.read_text())
        core.v1.Namespace("bare", opts=pulumi.ResourceOptions(provider=provider))

    assert "DATA-01" not in workplace.preview(unprotected)
    assert "DATA-01" in workplace.preview(unprotected, {"kotaemon:production": "true"})
