"""What a stack says of itself after an update."""

from pathlib import Path

import pytest

from components.gke.kubeconfig import kubeconfig
from ops.backend import Backend
from ops.clusters import Cluster, Source
from ops.engine import Engine, Kind
from ops.errors import OpsError
from ops.kubeconfig import Context
from ops.outputs import cluster_of
from ops.paths import Project
from ops.stack import Session
from ops.up import guidance

RECORDS = [
    "docs.example.org. A 203.0.113.7",
    "_acme.docs.example.org. CNAME x.authorize.certificatemanager.goog.",
]


def session(project: Project, cluster: Cluster) -> Session:
    engine = Engine(Kind.PATH, Path("/usr/bin/pulumi"), "3.272.0")
    return Session(project, "prod", {}, engine, cluster, Backend("file:///x"), {})


def test_a_cluster_that_the_stack_made_is_reached_as_the_stack_says(project: Project) -> None:
    """Nobody has to fetch credentials before `make status`."""
    made = session(project, Cluster(Source.PROGRAM))
    context = cluster_of(made, {"kubeconfig": kubeconfig("prod", "gke-1.europe-west4.gke.goog")})
    assert (context.name, context.server) == ("prod", "https://gke-1.europe-west4.gke.goog")


def test_a_cluster_that_was_chosen_comes_first(project: Project) -> None:
    chosen = Context("mine", None)
    found = cluster_of(
        session(project, Cluster(Source.ASKED, chosen)), {"kubeconfig": kubeconfig("prod", "other")}
    )
    assert found is chosen


@pytest.mark.parametrize("outputs", [{}, {"kubeconfig": {"ciphertext": "v1:x"}}], ids=["none", "encrypted"])
def test_without_a_cluster_it_says_what_to_type(project: Project, outputs: dict[str, object]) -> None:
    with pytest.raises(OpsError, match="make up STACK=prod"):
        cluster_of(session(project, Cluster(Source.PROGRAM)), outputs)


def test_where_to_look_and_who_is_told_is_said_where_something_runs(project: Project) -> None:
    """A stack whose alerts go to nobody says so before there is one."""
    outputs = {
        "grafana": "kubectl -n kotaemon port-forward service/grafana 3000:3000",
        "alertsGoTo": "nobody: alerts can be seen, and are sent to no one (kotaemon:monitoring.alerts)",
    }
    lines = guidance(outputs, session(project, Cluster(Source.PROGRAM)))
    assert f"Watch      {outputs['grafana']}" in lines
    assert f"Alerts to  {outputs['alertsGoTo']}" in lines
    simulated = guidance(outputs, session(project, Cluster(Source.SANDBOX, simulated=3)))
    assert not [line for line in simulated if line.startswith(("Watch", "Alerts"))]


def test_after_the_first_update_the_records_to_set_are_named(project: Project) -> None:
    """Without them there is no certificate, and the page doesn't open."""
    lines = guidance(
        {"url": "https://docs.example.org", "dnsRecords": RECORDS}, session(project, Cluster(Source.PROGRAM))
    )
    assert lines[:3] == [
        "Open       https://docs.example.org",
        *(f"Set        {record}" for record in RECORDS),
    ]
