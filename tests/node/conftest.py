"""A cluster whose pods a node can run."""

from collections.abc import Iterator

import pytest

from sandbox import build, cluster, components
from sandbox.cluster import Cluster
from sandbox.paths import Home
from tests.node import container
from tests.node.manifests import NAMESPACE
from tests.node.spec import Objects


@pytest.fixture(scope="package")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Of its own, with an empty namespace; pods in it are Ready, and nothing runs."""
    if reason := container.obstacle():
        pytest.skip(reason)
    build.ensure(components.NAMES)
    home = Home(tmp_path_factory.mktemp("node") / "sandbox")
    started = cluster.start(home)
    try:
        Objects(started).ask("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
        yield started
    finally:
        cluster.stop(home)
        cluster.purge(home)
