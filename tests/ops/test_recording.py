"""What a render and the policies know of a program without engine or cloud."""

import pytest

from ops.paths import Project
from ops.recording import record
from ops.render import assumptions, files

ADDRESS = """
import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as k8s
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

cluster = k8s.Provider("cluster", kubeconfig="none")
address = gcp.compute.GlobalAddress("door", opts=pulumi.ResourceOptions(protect=True, retain_on_delete=True))
k8s.core.v1.ConfigMap(
    "where",
    metadata=ObjectMetaArgs(name="where"),
    data={"address": address.address, "name": address.name},
    opts=pulumi.ResourceOptions(provider=cluster, depends_on=[address]),
)
"""


CERTIFICATES = """
import pulumi
import pulumi_gcp as gcp
import pulumi_kubernetes as k8s

cluster = k8s.Provider("cluster", kubeconfig="none")
own = pulumi.ResourceOptions(provider=cluster)
database = gcp.sql.DatabaseInstance("database", database_version="POSTGRES_18")
ca = database.server_ca_certs.apply(lambda found: found[0].cert)
k8s.core.v1.ConfigMap("marked", data={"ca": ca}, opts=own)
k8s.core.v1.ConfigMap("plain", data={"ca": pulumi.Output.unsecret(ca)}, opts=own)
"""


@pytest.fixture
def door(project: Project) -> Project:
    project.program.write_text(ADDRESS)
    return project


def test_every_resource_is_recorded_with_its_options(door: Project) -> None:
    """Mocks alone see none of them, and a resource without its provider goes to somebody else's cluster."""
    found = {one.name: one for one in record(door, "local").graph.resources}
    assert found["door"].protect
    assert found["door"].retain
    assert found["where"].provider == found["cluster"].urn
    assert found["where"].dependencies == (found["door"].urn,)
    assert found["where"].inputs["kind"] == "ConfigMap"


def test_secrets_are_recorded_by_place_and_not_by_value(project: Project) -> None:
    (secret,) = [one for one in record(project, "local").graph.resources if one.kind == "Secret"]
    assert secret.secrets >= {"stringData", "stringData.password", "stringData.url"}


def test_what_a_provider_calls_secret_is_recorded_as_such(project: Project) -> None:
    """As by the engine: a database's certificates are, until the program says that they aren't."""
    project.program.write_text(CERTIFICATES)
    found = {one.name: one for one in record(project, "local").graph.resources}
    assert found["plain"].secrets == frozenset()
    assert found["marked"].secrets == {"data.ca"}


def test_a_value_that_only_google_knows_is_named(door: Project) -> None:
    """Else a GitOps repository would send everybody to an address that nobody has."""
    recording = record(door, "local")
    first, *named = assumptions(recording, files(recording, "local", "kotaemon"))
    assert first.startswith("Made up")
    assert sorted(line.partition("(")[2] for line in named) == [
        "address of GlobalAddress door)",
        "name of GlobalAddress door)",
    ]


def test_nothing_is_said_where_nothing_is_made_up(project: Project) -> None:
    recording = record(project, "local")
    assert assumptions(recording, files(recording, "local", "kotaemon")) == []
