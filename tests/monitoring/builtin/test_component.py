"""The whole program with monitoring of its own, under mocks: what is registered, and what people are told."""

import re
from typing import Any

import pytest

from components.config.fields import amount
from components.monitoring.builtin.component import builtin_watches
from policies.graph import Graph
from policies.values import at, items, mapping
from tests.program import ROOT, SENTINEL, evaluate
from tests.stacks import TOLD, TOLD_SECRETS, graph_of

WATCHED = "watched-with-receivers"
EXPORTERS = {"postgres-exporter", "elasticsearch-exporter"}
SERVERS = {"prometheus", "alertmanager", "grafana", "blackbox-exporter", "kube-state-metrics"}


def named(graph: Graph, kind: str) -> dict[str, Any]:
    """Specs of the objects of a kind, by their names; those that Pulumi names are left out."""
    return {str(one.object_name): at(one.inputs, "spec") for one in graph.of(kind) if one.is_named}


def test_the_least_leaves_out_grafana_and_what_databases_tell() -> None:
    """It is for laptops, and for who has a Grafana already."""
    graph = graph_of("watched-minimally")
    there = {*named(graph, "Deployment"), *named(graph, "StatefulSet")}
    assert not {"grafana", "postgres-exporter", "elasticsearch-exporter"} & there
    assert there >= SERVERS - {"grafana"}
    assert [watch.component for watch in builtin_watches(minimal=True)] == ["prometheus", "alertmanager"]


def test_whoever_watches_is_watched() -> None:
    """Each of its pods has a workload that an alert is about."""
    said = {watch.component for watch in builtin_watches(minimal=False)}
    rules = next(one for one in graph_of(WATCHED).of("ConfigMap") if one.name == "prometheus-rules")
    text = str(at(rules.inputs, "data"))
    for server in (
        *said,
        "blackbox-exporter",
        "postgres-exporter",
        "elasticsearch-exporter",
        "kube-state-metrics",
    ):
        assert f"component: {server}" in text, server


def test_a_change_of_settings_rolls_the_pods_that_read_them() -> None:
    """Nothing reloads them: a ConfigMap that changes in place would be read at the next start, some day."""
    own = ("prometheus", "alertmanager", "grafana", "blackbox-exporter")
    found = [one for one in graph_of(WATCHED).of("ConfigMap") if one.name.startswith(own)]
    assert {one.name for one in found} == {
        "prometheus", "prometheus-rules", "alertmanager", "grafana-provisioning", "grafana-dashboards",
        "blackbox-exporter",
    }  # fmt: skip
    for one in found:
        assert not one.is_named, one.name
        assert one.inputs["immutable"] is True, one.name


def test_the_receivers_secrets_are_mounted_by_name() -> None:
    """Each as the file that Alertmanager's settings name."""
    volumes = named(graph_of(WATCHED), "StatefulSet")["alertmanager"]["template"]["spec"]["volumes"]
    sources = next(one for one in volumes if one["name"] == "secrets")["projected"]["sources"]
    assert {item["path"] for one in sources for item in one["secret"]["items"]} == set(TOLD_SECRETS)


def test_nothing_of_it_can_be_reached_from_outside_the_cluster() -> None:
    """Prometheus and Alertmanager ask nobody who they are."""
    graph = graph_of(WATCHED)
    services = named(graph, "Service")
    assert services.keys() >= SERVERS
    assert {at(services[name], "type") for name in SERVERS} == {"ClusterIP"}
    into = [
        spec
        for name, spec in named(graph, "NetworkPolicy").items()
        if name.endswith("-ingress")
        and mapping(at(spec, "podSelector.matchLabels")).get("app.kubernetes.io/name") in SERVERS
    ]
    assert into
    for spec in into:
        for rule in spec["ingress"]:
            assert all(set(mapping(peer)) == {"podSelector"} for peer in rule["from"])


def test_its_rights_are_named_by_the_stack() -> None:
    """Two stacks may share a cluster."""
    graph = graph_of(WATCHED)
    for kind in ("ClusterRole", "ClusterRoleBinding"):
        assert {str(one.object_name) for one in graph.of(kind)} == {
            "kotaemon-prometheus",
            "kotaemon-kube-state-metrics",
        }


def test_no_right_reaches_a_secret_or_runs_a_command() -> None:
    """Whoever takes monitoring over must not have the rest."""
    graph = graph_of(WATCHED)
    roles = [one for kind in ("Role", "ClusterRole") for one in graph.of(kind)]
    rules: list[Any] = [rule for one in roles for rule in items(at(one.inputs, "rules"))]
    resources = {resource for rule in rules for resource in rule["resources"]}
    assert not resources & {"secrets", "configmaps", "nodes/proxy", "pods/exec", "pods/log", "*"}
    assert {verb for rule in rules for verb in rule["verbs"]} == {"get", "list", "watch"}


@pytest.mark.parametrize("alerts", [{}, TOLD])
def test_people_are_told_how_to_look_and_who_is_told(alerts: dict[str, object]) -> None:
    """In the outputs, which `up` prints."""
    outputs = evaluate(
        {"kotaemon:monitoring": {"kind": "builtin", "alerts": alerts}}, secrets=TOLD_SECRETS if alerts else {}
    ).outputs
    assert outputs["grafana"] == "kubectl -n kotaemon port-forward service/grafana 3000:3000"
    assert outputs["grafanaUsername"] == "admin"
    assert SENTINEL in outputs["grafanaPassword"]
    assert outputs["prometheus"] == "kubectl -n kotaemon port-forward service/prometheus 9090:9090"
    assert outputs["alertsGoTo"].startswith("#kotaemon in Slack, PagerDuty" if alerts else "nobody:")


@pytest.mark.parametrize(
    ("config", "row"),
    [({}, "all"), ({"minimal": True}, "all with `minimal: true`")],
)
def test_the_page_says_what_it_costs(config: dict[str, object], row: str) -> None:
    """Who has a small cluster decides by it."""
    graph = evaluate({"kotaemon:monitoring": {"kind": "builtin", **config}})
    pods = [
        one
        for one in graph.pods
        if mapping(one.labels).get("app.kubernetes.io/name") in {*SERVERS, *EXPORTERS}
    ]
    asked = {
        what: sum(
            amount(str(one.at(f"resources.requests.{what}"))) for pod in pods for one in pod.containers()
        )
        for what in ("cpu", "memory")
    }
    page = (ROOT / "docs" / "monitoring-builtin.md").read_text(encoding="utf-8")
    said = re.search(rf"^\| {re.escape(row)} \| (\S+) \| (\S+) \|", page, re.MULTILINE)
    assert said
    assert (amount(said[1]), amount(said[2])) == (asked["cpu"], asked["memory"])
