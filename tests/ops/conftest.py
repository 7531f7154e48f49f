"""A project with a small program, and a home of its own for each test."""

from pathlib import Path

import pytest

from ops.paths import Project

PULUMI_YAML = "name: kotaemon\nruntime: python\n"

PROGRAM = '''
"""A small program: a namespace, a generated password, a Secret, a ConfigMap and a Deployment that reads it."""

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi_kubernetes.core.v1 import (
    ConfigMapEnvSourceArgs, ContainerArgs, EnvFromSourceArgs, PodSpecArgs, PodTemplateSpecArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

cluster, own = pulumi.Config("kubernetes"), pulumi.Config("kotaemon")
provider = k8s.Provider(
    "cluster", kubeconfig=cluster.get("kubeconfig"), context=cluster.get("context"), cluster_identifier="tests"
)
space = k8s.core.v1.Namespace(
    "space",
    metadata=ObjectMetaArgs(name=own.get("space") or "tiny"),
    opts=pulumi.ResourceOptions(provider=provider),
)
inside = pulumi.ResourceOptions(provider=provider, parent=space)
name = space.metadata.name
password = random.RandomPassword("admin", length=16, special=False)
k8s.core.v1.Secret(
    "admin",
    metadata=ObjectMetaArgs(namespace=name),
    string_data={
        "password": password.result,
        "url": pulumi.Output.concat("postgresql://app:", password.result, "@db/app"),
        "key": own.get_secret("openaiApiKey") or "none",
    },
    opts=inside,
)
settings = k8s.core.v1.ConfigMap(
    "settings", metadata=ObjectMetaArgs(namespace=name), data={"word": own.get("word") or "hello"}, opts=inside
)
k8s.apps.v1.Deployment(
    "app",
    # Named by Pulumi, as most objects are: what a killed run made must not stay behind.
    metadata=ObjectMetaArgs(namespace=name),
    spec=k8s.apps.v1.DeploymentSpecArgs(
        replicas=1,
        selector=LabelSelectorArgs(match_labels={"app": "app"}),
        template=PodTemplateSpecArgs(
            metadata=ObjectMetaArgs(labels={"app": "app"}),
            spec=PodSpecArgs(
                node_selector={"no": "such-node"} if own.get_bool("stuck") else None,
                containers=[
                    ContainerArgs(
                        name="app",
                        image="example.com/app:1",
                        env_from=[
                            EnvFromSourceArgs(config_map_ref=ConfigMapEnvSourceArgs(name=settings.metadata.name))
                        ],
                    )
                ],
            ),
        ),
    ),
    opts=inside,
)
pulumi.export("namespace", name)
pulumi.export("adminUsername", "admin")
pulumi.export("adminPassword", password.result)
'''


def write_stack(project: Project, stack: str = "local", **config: object) -> None:
    """Write a stack's file; `a__b` is the key `a:b`, others are `kotaemon:`."""
    lines = [
        f"  {key.replace('__', ':') if '__' in key else f'kotaemon:{key}'}: {value}"
        for key, value in config.items()
    ]
    project.stack_file(stack).write_text("config:\n" + "\n".join(lines) + "\n" if lines else "config: {}\n")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose program needs no more than the two providers of every stack."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "Pulumi.yaml").write_text(PULUMI_YAML)
    (root / "__main__.py").write_text(PROGRAM)
    found = Project(root)
    write_stack(found)
    return found


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees, or touches, the state, the kubeconfig or the login of whoever runs it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "no-kubeconfig"))
    for name in (
        "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_ACCESS_TOKEN",
        "KOTAEMON_CLUSTER", "KOTAEMON_ENGINE",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
