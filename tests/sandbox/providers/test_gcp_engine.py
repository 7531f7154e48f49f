"""The gcp stand-in under the real engine, with pulumi-gcp's typed classes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as kubernetes
import pytest
from pulumi.automation import PreviewResult
from pulumi.automation.events import EngineEvent, OpType

from sandbox import build
from sandbox.providers.gcp.provider import PRETEND, VARIABLE
from tests.sandbox.providers.conftest import Engine

pytestmark = pytest.mark.sandbox

Program = Callable[[], None]


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Engine]:
    """An engine without any cluster."""
    found = Engine(tmp_path, tmp_path / "no-kubeconfig", build.ensure(["pulumi"])["pulumi"])
    yield found
    found.extra[VARIABLE] = PRETEND
    found.stack(lambda: None).destroy()


def provider() -> pulumi.ResourceOptions:
    made = gcp.Provider("google", project="proj", region="europe-west4", default_labels={"team": "x"})
    return pulumi.ResourceOptions(provider=made)


def cluster(options: pulumi.ResourceOptions, datapath: str, channel: str) -> gcp.container.Cluster:
    return gcp.container.Cluster(
        "cluster",
        name="main",
        location="europe-west4",
        datapath_provider=datapath,
        release_channel=gcp.container.ClusterReleaseChannelArgs(channel=channel),
        control_plane_endpoints_config=gcp.container.ClusterControlPlaneEndpointsConfigArgs(
            dns_endpoint_config=gcp.container.ClusterControlPlaneEndpointsConfigDnsEndpointConfigArgs(
                allow_external_traffic=True
            )
        ),
        opts=options,
    )


def platform(
    datapath: str = "ADVANCED_DATAPATH", channel: str = "REGULAR", kubeconfig: str | None = None
) -> Program:
    """A cluster, and an object in it; `kubeconfig` is what reaches it, once it is there."""

    def run() -> None:
        made = cluster(provider(), datapath, channel)
        endpoint = made.control_plane_endpoints_config.dns_endpoint_config.endpoint
        access = kubernetes.Provider(
            "cluster", kubeconfig=endpoint.apply(lambda host: kubeconfig or f"no kubeconfig of {host}")
        )
        options = pulumi.ResourceOptions(provider=access)
        namespace = kubernetes.core.v1.Namespace("namespace", opts=options)
        kubernetes.core.v1.ConfigMap(
            "settings",
            metadata=kubernetes.meta.v1.ObjectMetaArgs(namespace=namespace.metadata.name),
            data={"endpoint": endpoint},
            opts=options,
        )
        pulumi.export("endpoint", endpoint)

    return run


def planned(engine: Engine, program: Program) -> tuple[PreviewResult, dict[str, OpType]]:
    """A preview, and what it would do with each resource that changes."""
    events: list[EngineEvent] = []
    result = engine.stack(program).preview(on_event=events.append, on_output=engine.said.append)
    steps = [event.resource_pre_event.metadata for event in events if event.resource_pre_event]
    return result, {step.urn.rpartition("::")[2]: step.op for step in steps if step.op != OpType.SAME}


def test_a_platform_is_previewed_without_an_account_and_without_a_cluster(alone: Engine) -> None:
    """Nothing is reached, and what only Google and the cluster know stays unknown, also for the objects in it."""
    result, _ = planned(alone, platform())
    assert result.change_summary == {OpType.CREATE: 6}
    assert "endpoint: [unknown]" in " ".join("".join(alone.said).split())
    assert "unreachable" not in "".join(alone.said)


def test_a_mistake_stops_the_preview_with_its_path(alone: Engine) -> None:
    def program() -> None:
        secret = gcp.secretmanager.SecretReplicationArgs(auto="yes")  # type: ignore[arg-type] # the mistake
        gcp.secretmanager.Secret("secret", secret_id="s", replication=secret, opts=provider())

    with pytest.raises(Exception, match=r"replication\.auto.*expected an object"):
        planned(alone, program)


def test_an_update_without_google_changes_nothing_and_says_what_to_do(alone: Engine) -> None:
    def program() -> None:
        cluster(provider(), "ADVANCED_DATAPATH", "REGULAR")

    said = alone.fails(program)
    assert "can't create cluster (gcp:container/cluster:Cluster): that needs Google" in said
    assert "gcloud auth application-default login" in said
    assert "cluster" not in alone.resources()


def test_in_pretence_it_comes_up_and_a_change_is_an_update_or_a_replacement(
    engine: Engine, kubeconfig: Path
) -> None:
    """What `make pr-comment` rests on; the objects are on a real API server."""
    engine.extra[VARIABLE] = PRETEND
    given = kubeconfig.read_text()
    result = engine.up(platform(kubeconfig=given))
    assert str(result.outputs["endpoint"].value).endswith(".europe-west4.gke.goog")
    assert engine.up(platform(kubeconfig=given)).summary.resource_changes == {"same": 6}

    _, steps = planned(engine, platform(channel="STABLE", kubeconfig=given))
    assert steps == {"cluster": OpType.UPDATE}

    _, steps = planned(engine, platform(datapath="LEGACY_DATAPATH", kubeconfig=given))
    assert OpType.UPDATE not in steps.values()
    assert {"cluster", "namespace", "settings"} <= steps.keys()

    del engine.extra[VARIABLE]
    with pytest.raises(Exception, match=r"can't read projects/proj/locations/europe-west4/clusters/main"):
        engine.stack(lambda: None).refresh()
    engine.extra[VARIABLE] = PRETEND  # for the clearing up
