"""What the Prometheus operator is told: the same definition as for the stack's own Prometheus."""

import json
import re
from functools import cache
from typing import Any

import pytest
import yaml

from components.config.monitoring import Alerts, OperatorMonitoring
from components.contracts import Peer
from components.monitoring.builtin.alertmanager import alertmanager_file
from components.monitoring.builtin.prometheus import prometheus_file
from components.monitoring.names import PROBES
from components.monitoring.operator.alerting import alertmanager_spec
from components.monitoring.rules.render import rule_file
from policies.graph import Resource
from policies.values import at, items, mapping, text
from tests.monitoring.operator.monitored import EXPORTERS, LABELS, monitored
from tests.monitoring.watched import EVERYBODY, NAMESPACE, SECRETS, watched_by
from tests.program import Evaluation

SETTINGS = OperatorMonitoring(kind="operator", labels=LABELS, alerts=EVERYBODY)


@cache
def graph() -> Evaluation:
    return monitored()[0]


def scraped() -> dict[str, Any]:
    """The stack's own Prometheus' settings, by job."""
    definition = watched_by(SETTINGS)
    probed = [text(probe.target) or "" for probe in definition.probes]
    found = yaml.safe_load(prometheus_file(definition, probed))
    return {one["job_name"]: one for one in found["scrape_configs"]}


def spec(kind: str, name: str) -> Any:
    return graph().one(kind, name).inputs["spec"]


def labelled(one: Resource) -> dict[str, object]:
    return dict(mapping(one.labels))


def test_everything_carries_the_labels_that_the_operator_selects_by() -> None:
    """Its Prometheus would pass by whatever lacks them, and say nothing."""
    kinds = ("PodMonitor", "Probe", "PrometheusRule", "AlertmanagerConfig")
    found = [one for kind in kinds for one in graph().of(kind)]
    assert {one.kind for one in found} == set(kinds)
    assert [one.label for one in found if not LABELS.items() <= labelled(one).items()] == []
    assert {one.namespace for one in found} == {NAMESPACE}


def test_every_target_is_scraped_with_the_job_that_the_rules_select() -> None:
    definition = watched_by(SETTINGS)
    for target in (*definition.targets, *EXPORTERS):
        (endpoint,) = items(at(spec("PodMonitor", target.job), "podMetricsEndpoints"))
        assert at(endpoint, "port") == target.port_name
        jobs = [
            at(one, "replacement")
            for one in items(at(endpoint, "relabelings"))
            if at(one, "targetLabel") == "job"
        ]
        assert jobs == [target.job]


def test_only_the_metrics_that_somebody_reads_are_kept() -> None:
    for target in EXPORTERS:
        (endpoint,) = items(at(spec("PodMonitor", target.job), "podMetricsEndpoints"))
        (rule,) = items(at(endpoint, "metricRelabelings"))
        assert (at(rule, "action"), at(rule, "regex")) == ("keep", "|".join(target.keep))


def test_a_key_is_sent_to_qdrant_and_named_by_its_secret_alone() -> None:
    (endpoint,) = items(at(spec("PodMonitor", "qdrant"), "podMetricsEndpoints"))
    assert at(endpoint, "authorization.type") == "Bearer"
    assert set(mapping(at(endpoint, "authorization.credentials"))) == {"name", "key"}


def test_every_question_is_asked_as_the_stacks_own_prometheus_asks_it() -> None:
    """Labels, module, address: a rule that fires there has to fire here."""
    own = scraped()[PROBES]
    assert len(own["static_configs"]) == len(graph().of("Probe"))
    for config in own["static_configs"]:
        labels = {key: value for key, value in config["labels"].items() if not key.startswith("__")}
        probe = spec("Probe", labels["probe"])
        assert at(probe, "targets.staticConfig.labels") == labels
        assert at(probe, "targets.staticConfig.static") == config["targets"]
        assert at(probe, "module") == config["labels"]["__param_module"]
        assert at(probe, "jobName") == PROBES
        assert at(probe, "prober.url") == f"blackbox-exporter.{NAMESPACE}.svc:9115"


def test_the_prober_gives_up_before_prometheus_does() -> None:
    """Else a slow answer would look like a prober that is gone."""
    for one in graph().of("Probe"):
        seconds = int(str(at(one.inputs, "spec.scrapeTimeout")).removesuffix("s"))
        assert 10 < seconds <= 30


def test_the_rules_are_those_of_the_rule_file() -> None:
    """Promtool judges that file, and tests its alerts."""
    assert spec("PrometheusRule", "monitoring") == yaml.safe_load(rule_file(watched_by(SETTINGS)))


def test_every_alert_has_the_namespace_that_the_operator_routes_by() -> None:
    """It adds a matcher on it to each route of an AlertmanagerConfig: without, nobody would be told."""
    groups = items(at(spec("PrometheusRule", "monitoring"), "groups"))
    alerts = [rule for group in groups for rule in items(at(group, "rules")) if at(rule, "alert")]
    assert alerts
    assert {at(rule, "labels.namespace") for rule in alerts} == {NAMESPACE}


def told() -> tuple[Any, Any]:
    """Our AlertmanagerConfig, and the stack's own Alertmanager's settings."""
    definition = watched_by(SETTINGS)
    return alertmanager_spec(definition, SECRETS), yaml.safe_load(alertmanager_file(definition))


def test_alerts_take_the_same_ways_as_in_the_stacks_own_alertmanager() -> None:
    ours, own = told()
    assert ours["route"]["groupBy"] == own["route"]["group_by"]
    for mine, other in zip(ours["route"]["routes"], own["route"]["routes"], strict=True):
        matchers = [f'{one["name"]}{one["matchType"]}"{one["value"]}"' for one in mine["matchers"]]
        assert matchers == other["matchers"]
        assert mine["receiver"] == other["receiver"]
        for key, snake in (
            ("groupWait", "group_wait"),
            ("groupInterval", "group_interval"),
            ("repeatInterval", "repeat_interval"),
        ):
            assert mine.get(key) == other.get(snake), mine["receiver"]


def test_the_same_receivers_hear_of_the_same_severities() -> None:
    ours, own = told()

    def kinds(receivers: Any) -> dict[str, set[str]]:
        return {
            one["name"]: {re.sub(r"(?i)_?configs", "", key).lower() for key in one if key != "name"}
            for one in receivers
        }

    assert kinds(ours["receivers"]) == kinds(own["receivers"])


def test_people_read_the_same_words() -> None:
    """The templates of the cluster's Alertmanager are somebody else's: ours stand in the receiver itself."""
    ours, _ = told()
    (slack,) = next(one for one in ours["receivers"] if one["name"] == "pages")["slackConfigs"]
    assert "{{ template" not in str(ours)
    assert ".Annotations.summary" in slack["title"]
    assert ".Annotations.runbook_url" in slack["text"]
    assert slack["title"].count("{{ if") + slack["title"].count("{{ with") == slack["title"].count(
        "{{ end }}"
    )


def test_no_receivers_secret_stands_in_the_resource() -> None:
    ours, _ = told()
    (switch,) = next(one for one in ours["receivers"] if one["name"] == "dead-mans-switch")["webhookConfigs"]
    assert switch["urlSecret"] == {"name": "supplied", "key": "deadMansSwitch"}
    assert "url" not in switch


def test_what_is_inhibited_there_is_inhibited_here() -> None:
    ours, own = told()
    assert len(ours["inhibitRules"]) == len(own["inhibit_rules"])
    for mine, other in zip(ours["inhibitRules"], own["inhibit_rules"], strict=True):
        for key, snake in (("sourceMatch", "source_matchers"), ("targetMatch", "target_matchers")):
            assert [f'{one["name"]}{one["matchType"]}"{one["value"]}"' for one in mine[key]] == other[snake]


def test_who_names_no_receiver_leaves_it_to_the_clusters_alertmanager() -> None:
    """A route that ends nowhere would swallow alerts that the cluster's own routes send to somebody."""
    found, _ = monitored(alerts=Alerts())
    assert found.of("AlertmanagerConfig") == []


def test_dashboards_are_found_by_grafanas_label_and_lie_in_a_folder() -> None:
    maps = graph().of("ConfigMap")
    assert len(maps) > 5
    for one in maps:
        assert labelled(one)["grafana_dashboard"] == "1"
        assert at(one.inputs, "metadata.annotations") == {"grafana_folder": "Kotaemon"}
        (content,) = mapping(at(one.inputs, "data")).values()
        assert json.loads(str(content))["panels"]


def test_two_stacks_in_one_grafana_do_not_overwrite_each_others_dashboards() -> None:
    """Its sidecar writes all files into one folder: of two that have one name, one is gone."""

    def files(found: Evaluation) -> set[str]:
        return {key for one in found.of("ConfigMap") for key in mapping(at(one.inputs, "data"))}

    other, _ = monitored(stack="other")
    assert files(graph()).isdisjoint(files(other))


def test_minimal_leaves_the_questions_and_the_alerts() -> None:
    found, _ = monitored(minimal=True)
    assert found.of("ConfigMap") == []
    assert len(found.of("Probe")) == len(graph().of("Probe"))
    assert {one.name for one in found.of("PodMonitor")} == {target.job for target in EXPORTERS}


def test_only_the_operators_prometheus_may_read_metrics() -> None:
    _, flows = monitored()
    definition = watched_by(SETTINGS)
    assert {flow.origins for flow in flows} == {(Peer(namespace="observability"),)}
    reached = {(str(flow.destination.labels), port) for flow in flows for port in flow.ports}
    # Who is in a namespace of its own lets them in itself.
    here = [one for one in (*definition.targets, *EXPORTERS) if one.namespace is None]
    assert reached == {(str(dict(one.pods)), one.port) for one in here}


@pytest.mark.parametrize("receiver", ["slack", "pagerduty", "mail", "webhook", "dead_mans_switch"])
def test_one_receiver_alone_needs_its_own_secret_only(receiver: str) -> None:
    alerts = Alerts().model_copy(update={receiver: getattr(EVERYBODY, receiver)})
    settings = SETTINGS.model_copy(update={"alerts": alerts})
    needed = {
        "slack": "slackWebhook",
        "pagerduty": "pagerdutyKey",
        "mail": "smtpPassword",
        "webhook": "alertWebhook",
        "dead_mans_switch": "deadMansSwitch",
    }[receiver]
    there = {name: ref for name, ref in SECRETS.items() if name.value == needed}
    assert needed in str(alertmanager_spec(watched_by(settings), there))
