"""The collector's pod as the stack describes it, with the real program in it: its user, files, memory and probes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from components import images
from sandbox import build
from sandbox.cluster import Cluster
from tests.node import node
from tests.node.conftest import simulated as simulated
from tests.node.manifests import NAMESPACE, create, meta
from tests.node.node import Node
from tests.node.spec import Image, Objects
from tests.traces.spans import request, span
from tests.traces.test_component import graph

pytestmark = pytest.mark.sandbox


@pytest.fixture
def running(simulated: Cluster, tmp_path: Path) -> Iterator[Node]:
    """A node with the pod and the Service."""
    made = graph("jaeger")
    template: Any = made.one("Deployment", "traces").inputs["spec"]
    service: Any = made.one("Service", "traces").inputs["spec"]
    pod = template["template"]["spec"]
    (volume,) = [one["configMap"]["name"] for one in pod["volumes"] if "configMap" in one]
    (config,) = made.of("ConfigMap")
    labels = template["template"]["metadata"]["labels"]
    create(
        Objects(simulated),
        (
            ("configmaps", {"metadata": meta(volume), "data": config.inputs["data"]}),
            ("pods", {"metadata": {**meta("traces"), "labels": labels}, "spec": pod}),
            ("services", {"metadata": meta("traces"), "spec": service}),
        ),
    )
    program = build.ensure(["otel-collector"])["otel-collector"]
    image = Image(files={"/otelcol-contrib": program}, entrypoint=("/otelcol-contrib",), user=10001)
    with node.opened(simulated, {images.OTEL_COLLECTOR: image}, tmp_path / "node") as opened:
        yield opened


def test_its_pod_gets_ready_takes_traces_by_its_service_and_ends_in_time(running: Node) -> None:
    """With a root that it can't write to, as nobody, and with the memory that its file counts with."""
    pod = running.start(NAMESPACE, "traces")
    pod.wait_ready()
    taken = httpx.post(
        f"http://{running.forward('traces.works', 4318)}/v1/traces",
        content=request([span()]).SerializeToString(),
        headers={"Content-Type": "application/x-protobuf"},
    )
    assert taken.status_code == 200
    assert (
        "otelcol_receiver_accepted_spans_total"
        in httpx.get(f"http://{running.forward(pod.address, 8888)}/metrics").text
    )
    pod.stop(grace=20)
    assert "Shutdown complete" in pod.log("traces")
