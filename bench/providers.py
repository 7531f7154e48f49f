"""How long the engine takes with the stand-in providers, against figures of the official plugins.

    python -m bench.providers [COUNT...]        (default: 1 10 100 Deployments, and 5 other resources)

The official figures were measured on 2 cores (docs of the sandbox); a machine that is slower or busy shifts
every ratio alike, so compare ratios between phases, and with an earlier run of this, before anything else.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes
import pulumi_random
from pulumi import automation

from bench.measure import machine
from sandbox import build, cluster
from sandbox.paths import HOME_VARIABLE, Home
from sandbox.providers import install

PHASES = ("preview", "up", "no-change up", "destroy")
# Seconds with the official plugins: kubernetes 4.34.2, random 4.21.4, the same engine and control plane.
OFFICIAL = {10: (2.0, 3.1, 1.4, 9.2), 100: (2.6, 26.4, 2.8, 43.8)}


def program(kubeconfig: str, count: int) -> Callable[[], None]:
    """A namespace, a password, a Secret with it, a ConfigMap, a Service, and `count` Deployments."""

    def run() -> None:
        provider = kubernetes.Provider("cluster", kubeconfig=kubeconfig, cluster_identifier="bench")
        options = pulumi.ResourceOptions(provider=provider)
        namespace = kubernetes.core.v1.Namespace("bench", opts=options).metadata.name
        metadata = kubernetes.meta.v1.ObjectMetaArgs(namespace=namespace)
        password = pulumi_random.RandomPassword("password", length=20)
        kubernetes.core.v1.Secret(
            "secret", metadata=metadata, string_data={"password": password.result}, opts=options
        )
        kubernetes.core.v1.ConfigMap("settings", metadata=metadata, data={"a": "b"}, opts=options)
        kubernetes.core.v1.Service(
            "service",
            metadata=metadata,
            spec=kubernetes.core.v1.ServiceSpecArgs(
                cluster_ip="None", ports=[kubernetes.core.v1.ServicePortArgs(port=80)]
            ),
            opts=options,
        )
        for index in range(count):
            labels = {"app": f"app-{index}"}
            kubernetes.apps.v1.Deployment(
                f"app-{index}",
                metadata=metadata,
                spec=kubernetes.apps.v1.DeploymentSpecArgs(
                    replicas=1,
                    selector=kubernetes.meta.v1.LabelSelectorArgs(match_labels=labels),
                    template=kubernetes.core.v1.PodTemplateSpecArgs(
                        metadata=kubernetes.meta.v1.ObjectMetaArgs(labels=labels),
                        spec=kubernetes.core.v1.PodSpecArgs(
                            containers=[kubernetes.core.v1.ContainerArgs(name="app", image="app:1")]
                        ),
                    ),
                ),
                opts=options,
            )

    return run


def measure(folder: Path, kubeconfig: str, count: int) -> tuple[float, ...]:
    """Seconds of each phase, with a state of its own."""
    engine = build.ensure(["pulumi"])["pulumi"]
    work, state = folder / f"work-{count}", folder / "state"
    work.mkdir()
    state.mkdir(exist_ok=True)
    stack = automation.create_stack(
        stack_name=f"bench-{count}",
        project_name="bench",
        program=program(kubeconfig, count),
        opts=automation.LocalWorkspaceOptions(
            work_dir=str(work),
            pulumi_command=automation.PulumiCommand(str(engine.parent.parent)),
            env_vars={
                "PATH": f"{install(folder / 'plugins')}{os.pathsep}{os.environ['PATH']}",
                "PULUMI_BACKEND_URL": state.as_uri(),
                "PULUMI_CONFIG_PASSPHRASE": "bench",
                "PULUMI_HOME": str(folder / "pulumi"),
                "PULUMI_SKIP_UPDATE_CHECK": "1",
            },
        ),
    )
    seconds = []
    try:
        for phase in (stack.preview, stack.up, stack.up, stack.destroy):
            start = time.monotonic()
            phase()
            seconds.append(time.monotonic() - start)
    except BaseException:
        stack.destroy()
        raise
    return tuple(seconds)


def main() -> None:
    """Measure, and print a table."""
    counts = [int(argument) for argument in sys.argv[1:]] or [1, 10, 100]
    print(machine())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Home(Path(os.environ.get(HOME_VARIABLE) or Path(folder, "sandbox")))
        running = cluster.start(home)
        try:
            print(f"{'n':>4}  " + "".join(f"{phase:>22}" for phase in PHASES))
            for count in counts:
                found = measure(Path(folder), running.kubeconfig.read_text(), count)
                row = ""
                for index, seconds in enumerate(found):
                    official = OFFICIAL.get(count)
                    ratio = f" ({seconds / official[index]:.2f} x)" if official else ""
                    row += f"{f'{seconds:.1f} s{ratio}':>22}"
                print(f"{count:>4}  {row}", flush=True)
        finally:
            if HOME_VARIABLE not in os.environ:
                cluster.stop(home)


if __name__ == "__main__":
    main()
