"""An update that never ends by itself: one of its pods asks for more than any node has. To be killed."""

import sys
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from tests.sandbox.providers.conftest import Engine


def program(kubeconfig: Path, cpu: str) -> None:
    """A named and a generated Deployment, and a ConfigMap."""
    provider = kubernetes.Provider("cluster", kubeconfig=kubeconfig.read_text(), cluster_identifier="test")
    options = pulumi.ResourceOptions(provider=provider)
    namespace = kubernetes.core.v1.Namespace(
        "killed", metadata={"name": "killed"}, opts=options
    ).metadata.name
    for name in ("named", "generated"):
        metadata = kubernetes.meta.v1.ObjectMetaArgs(
            namespace=namespace, name="named" if name == "named" else None
        )
        kubernetes.apps.v1.Deployment(name, metadata=metadata, spec=deployment(name, cpu), opts=options)
    kubernetes.core.v1.ConfigMap("settings", metadata={"namespace": namespace}, data={"a": "b"}, opts=options)


def deployment(label: str, cpu: str, image: str = "app:1") -> kubernetes.apps.v1.DeploymentSpecArgs:
    """One pod that asks for that much CPU."""
    labels = {"app": label}
    container = kubernetes.core.v1.ContainerArgs(
        name="app",
        image=image,
        env=[kubernetes.core.v1.EnvVarArgs(name="EMPTY", value="")],
        resources=kubernetes.core.v1.ResourceRequirementsArgs(requests={"cpu": cpu}),
    )
    return kubernetes.apps.v1.DeploymentSpecArgs(
        replicas=1,
        selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=labels),
        template=kubernetes.core.v1.PodTemplateSpecArgs(
            metadata=kubernetes.meta.v1.ObjectMetaArgs(labels=labels),
            spec=kubernetes.core.v1.PodSpecArgs(containers=[container], host_network=False),
        ),
    )


if __name__ == "__main__":
    folder, config, binary = (Path(argument) for argument in sys.argv[1:])
    Engine(folder, config, binary).up(lambda: program(config, cpu="1000"))
