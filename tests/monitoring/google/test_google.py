"""What Google is told: the same definition, within what managed Prometheus and Cloud Monitoring can do."""

import json
import re
from functools import cache
from typing import Any

import pulumi
import pytest
from google.cloud.monitoring_dashboard_v1 import Dashboard
from google.cloud.monitoring_v3 import AlertPolicy, UptimeCheckConfig

from components.config.monitoring import Alerts
from components.contracts import Peer
from components.monitoring.google import cloud_sql, uptime
from components.monitoring.google.channels import Channels
from components.monitoring.google.component import recorded
from components.monitoring.google.managed import Managed
from components.monitoring.google.policies import LONGEST_TEXT, words
from components.monitoring.google.scraping import COLLECTORS
from components.monitoring.names import WATCHDOG
from components.monitoring.rules.render import rule_groups
from components.signals.model import Alert, Recording, Scope, Severity
from policies.graph import Resource
from policies.values import at, items, mapping, text
from tests.monitoring.google.monitored import (
    DATABASE,
    DOMAIN,
    EXPORTERS,
    MANAGED,
    PROJECT,
    monitored,
    settings_of,
)
from tests.monitoring.watched import NAMESPACE, watched_by
from tests.program import SENTINEL, Evaluation

PROTECTED = {"project_id", "location", "cluster", "namespace", "job", "instance", "__address__"}
"""Labels that the operator of managed Prometheus lets nobody write."""
POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
CHECK = "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig"
METRIC = "gcp:logging/metric:Metric"
DASHBOARD = "gcp:monitoring/dashboard:Dashboard"


@cache
def graph() -> Evaluation:
    return monitored()[0]


def endpoints() -> list[tuple[str, object]]:
    """Every page that is read, by its PodMonitoring's name."""
    return [
        (str(one.object_name), endpoint)
        for one in graph().of("PodMonitoring")
        for endpoint in items(at(one.inputs, "spec.endpoints"))
    ]


def promql(one: Resource) -> Any:
    (condition,) = items(one.inputs["conditions"])
    return at(condition, "conditionPrometheusQueryLanguage")


def own_alerts() -> tuple[Alert, ...]:
    """Those on what Google measures by itself."""
    sources = MANAGED.sources(project_id=PROJECT, scope=Scope(namespace=NAMESPACE), backups_metric="backups")
    return tuple(alert for source in sources for alert in source.signals("name").alerts)


def policies() -> list[Resource]:
    """Those in PromQL."""
    return [one for one in graph().of(POLICY) if promql(one)]


def test_series_get_the_job_that_the_rules_select() -> None:
    """Google takes it from the PodMonitoring's name, and from nowhere else."""
    definition = watched_by(settings_of())
    names = {name for name, _ in endpoints()}
    assert {target.job for target in (*definition.targets, *EXPORTERS)} <= names
    expressions = [rule.expr for group in definition.groups for rule in group.rules]
    jobs = {job for expr in expressions for job in re.findall(r'job="([^"]*)"', expr)}
    assert jobs
    assert jobs <= names


def test_no_two_endpoints_of_one_port_stand_in_one_podmonitoring() -> None:
    """The operator refuses the whole of it ("duplicated job name"), after the API server has accepted it."""
    seen = [(name, at(endpoint, "port")) for name, endpoint in endpoints()]
    assert len(set(seen)) == len(seen)


def test_no_label_is_written_that_google_protects() -> None:
    """The operator refuses it; the API server doesn't look."""
    written = {
        at(rule, "targetLabel")
        for _, endpoint in endpoints()
        for rule in items(at(endpoint, "metricRelabeling"))
        if at(rule, "action") == "replace"
    }
    assert written == {"component", "probe", "part", "essential"}
    assert written.isdisjoint(PROTECTED)


def test_every_question_is_asked_with_its_module_and_target() -> None:
    definition = watched_by(settings_of())
    for probe in definition.probes:
        (found,) = [endpoint for name, endpoint in endpoints() if name == f"probes-{probe.name}"]
        assert at(found, "path") == "/probe"
        assert at(found, "params") == {"module": [probe.module.value], "target": [probe.target]}
        labels = {
            at(rule, "targetLabel"): at(rule, "replacement")
            for rule in items(at(found, "metricRelabeling"))
            if at(rule, "action") == "replace"
        }
        assert labels["probe"] == probe.name


def test_no_scrape_waits_longer_than_until_the_next_one() -> None:
    for _, endpoint in endpoints():
        seconds = [int(str(at(endpoint, key)).rstrip("sm")) for key in ("timeout", "interval")]
        unit = str(at(endpoint, "interval"))[-1]
        assert seconds[0] <= seconds[1] * (60 if unit == "m" else 1)


def test_googles_collectors_may_read_the_one_secret_that_they_need() -> None:
    """Without the right they scrape nothing; with a wider one they would read every password."""
    (role,) = graph().of("Role")
    (rule,) = items(role.inputs["rules"])
    assert at(rule, "resources") == ["secrets"]
    assert at(rule, "resourceNames") == ["secret"]
    (binding,) = graph().of("RoleBinding")
    assert {at(one, "namespace") for one in items(binding.inputs["subjects"])} == set(COLLECTORS)


def test_only_googles_collectors_may_read_metrics() -> None:
    _, flows = monitored()
    assert {flow.origins for flow in flows} == {tuple(Peer(namespace=one) for one in COLLECTORS)}


def test_what_is_computed_is_computed_in_the_cluster_and_alerts_are_not() -> None:
    (rules,) = graph().of("Rules")
    groups = items(at(rules.inputs, "spec.groups"))
    kept = [rule for group in groups for rule in items(at(group, "rules"))]
    assert kept
    assert all(at(rule, "record") and not at(rule, "alert") for rule in kept)
    definition = watched_by(settings_of())
    wanted = [rule for group in definition.groups for rule in group.rules if isinstance(rule, Recording)]
    assert [at(rule, "record") for rule in kept] == [rule.record for rule in wanted]


def test_rules_read_only_their_own_namespace() -> None:
    """Google's operator adds the namespace to every selector: another one there would select nothing."""
    text_of = str(recorded(watched_by(settings_of())))
    assert set(re.findall(r'namespace="([^"]*)"', text_of)) == {NAMESPACE}


def test_every_alert_has_a_policy_with_the_rules_own_condition() -> None:
    definition = watched_by(settings_of())
    wanted = {
        (rule["alert"], rule["expr"])
        for group in rule_groups(definition)
        for rule in group["rules"]  # type: ignore[attr-defined]  # a rule file's content
        if "alert" in rule and rule["alert"] != WATCHDOG
    }
    found = {(at(promql(one), "alertRule"), at(promql(one), "query")) for one in policies()}
    assert wanted <= found
    extra = {name for name, _ in found - wanted}
    assert extra == {alert.name for alert in own_alerts()}


def test_nobody_is_told_by_the_alert_that_always_fires() -> None:
    assert [one.name for one in policies() if WATCHDOG.lower() in one.name] == []


def test_policies_can_be_made_before_the_first_metric_is_there() -> None:
    """Google looks each metric up otherwise, and refuses the policies of a new stack."""
    assert {at(promql(one), "disableMetricValidation") for one in policies()} == {True}


def test_policies_are_evaluated_at_steps_that_google_takes() -> None:
    for one in policies():
        seconds = int(str(at(promql(one), "evaluationInterval")).removesuffix("s"))
        assert seconds > 0
        assert seconds % 30 == 0
        assert re.fullmatch(r"\d+s", str(at(promql(one), "duration")))


def test_pages_go_to_all_and_tickets_not_to_pagerduty() -> None:
    there = Channels(
        pagerduty=(pulumi.Output.from_input("pager"),),
        mail=(pulumi.Output.from_input("mail"),),
        webhook=(pulumi.Output.from_input("webhook"),),
    )
    assert there.of(Severity.PAGE) == [*there.pagerduty, *there.mail, *there.webhook]
    assert there.of(Severity.TICKET) == [*there.mail, *there.webhook]
    for one in graph().of(POLICY):
        paged = one.inputs["severity"] == "CRITICAL"
        assert len(items(one.inputs["notificationChannels"])) == 3 + paged, one.name


def test_a_page_is_told_again_by_mail_within_googles_limits() -> None:
    """At most a day, though the stack's file says two."""
    for one in graph().of(POLICY):
        again = items(at(one.inputs, "alertStrategy.notificationChannelStrategies"))
        assert [at(strategy, "renotifyInterval") for strategy in again] == (
            ["86400s"] if one.inputs["severity"] == "CRITICAL" else []
        )


def test_a_channels_secret_is_marked_and_stands_nowhere_else() -> None:
    marked = {one.name: set(one.secrets) for one in graph().of(CHANNEL) if one.secrets}
    assert marked == {
        "kotaemon-prod-pagerduty": {"sensitiveLabels.serviceKey"},
        "kotaemon-prod-webhook": {"labels.url"},
    }
    others = [one for one in graph().resources if one.type != CHANNEL]
    assert SENTINEL not in str([one.inputs for one in others])


def test_policies_have_googles_own_shape() -> None:
    """The mocks and the sandbox know the names of inputs, not what Google makes of them."""
    for one in graph().of(POLICY):
        body = {key: value for key, value in one.inputs.items() if key != "project"}
        strategy = dict(mapping(body["alertStrategy"]))
        # The provider's plural.
        strategy["notificationChannelStrategy"] = strategy.pop("notificationChannelStrategies", [])
        body["alertStrategy"] = strategy
        AlertPolicy.from_json(json.dumps(body), ignore_unknown_fields=False)


def test_the_check_has_googles_own_shape() -> None:
    (check,) = graph().of(CHECK)
    body = {key: value for key, value in check.inputs.items() if key != "project"}
    UptimeCheckConfig.from_json(json.dumps(body), ignore_unknown_fields=False)


def test_dashboards_have_googles_own_shape() -> None:
    """It takes no field that it doesn't know."""
    for one in graph().of(DASHBOARD):
        content = str(one.inputs["dashboardJson"])
        assert Dashboard.from_json(content, ignore_unknown_fields=False).mosaic_layout.tiles


def test_people_read_words_that_google_fills_in() -> None:
    """It shows Prometheus' templates as they stand."""
    for one in graph().of(POLICY):
        content = str(at(one.inputs, "documentation.content"))
        assert "{{" not in content.split("\n")[0]
        assert "{{" not in str(at(one.inputs, "documentation.subject"))
        assert len(content) <= LONGEST_TEXT


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ $labels.pod }} is gone", "${metric_or_resource.label.pod} is gone"),
        ("{{ $value | humanizePercentage }} of", "${metric.label.value} (1 is all) of"),
        ('{{ $value | printf "%.0f" }} times', "${metric.label.value} times"),
        ("{{$value}}", "${metric.label.value}"),
    ],
)
def test_templates_become_variables(template: str, said: str) -> None:
    assert words(template) == said


def test_a_template_without_a_counterpart_is_refused() -> None:
    with pytest.raises(ValueError, match="externalURL"):
        words("{{ $externalURL }}")


def test_the_front_door_is_asked_so_that_only_a_closed_one_passes() -> None:
    """A check follows redirects: without the headers it would judge Google's sign-in page, which is always well."""
    (check,) = graph().of(CHECK)
    http = mapping(check.inputs["httpCheck"])
    statuses = {at(one, "statusValue") for one in items(http["acceptedResponseStatusCodes"])}
    assert statuses == {401, 403}
    assert http["headers"] == uptime.HEADERS
    assert (http["useSsl"], http["validateSsl"]) == (True, True)
    assert at(check.inputs, "monitoredResource.labels") == {"project_id": PROJECT, "host": DOMAIN}
    assert len(items(check.inputs["selectedRegions"])) >= 3, "Google wants three places at least"


def test_a_single_place_that_does_not_reach_it_wakes_nobody() -> None:
    one = graph().one("AlertPolicy", "kotaemon-prod-front-door-unreachable")
    (condition,) = items(one.inputs["conditions"])
    threshold = at(condition, "conditionThreshold")
    assert (at(threshold, "comparison"), at(threshold, "thresholdValue")) == ("COMPARISON_GT", 1)
    (aggregation,) = items(at(threshold, "aggregations"))
    assert at(aggregation, "crossSeriesReducer") == "REDUCE_COUNT_FALSE"
    assert "check_id" in str(at(threshold, "filter"))


def test_without_a_door_or_an_instance_nothing_asks_for_them() -> None:
    found, _ = monitored(domain=None, managed=Managed())
    assert found.of(CHECK) == []
    assert found.of(METRIC) == []
    said = str([promql(one) for one in found.of(POLICY)])
    for service in ("cloudsql", "loadbalancing", "logging", "gkebackup"):
        assert f"{service}_googleapis_com" not in said


def test_cloud_sqls_alerts_read_the_instance_of_the_stack_alone() -> None:
    queries = [str(at(promql(one), "query")) for one in policies()]
    of_google = [query for query in queries if "cloudsql_googleapis_com" in query]
    assert of_google
    assert all(f'database_id="{PROJECT}:{DATABASE.name}"' in query for query in of_google)


def test_an_instance_without_a_standby_is_not_said_to_lack_one() -> None:
    alone = cloud_sql.Instance(database_id="p:i", connections=200, standby=False)
    assert "CloudSqlStandbyMissing" not in {alert.name for alert in cloud_sql.alerts(alone)}


def test_every_alert_of_googles_own_has_a_runbook() -> None:
    for alert in (uptime.ALERT, *own_alerts()):
        one = graph().one("AlertPolicy", f"kotaemon-prod-{alert.runbook.removesuffix('.md')}")
        content = text(at(one.inputs, "documentation.content")) or ""
        assert "## Diagnosis" in content, alert.runbook
        assert "## Remedy" in content, alert.runbook


def test_dashboards_are_drawn_with_the_panels_own_queries() -> None:
    from components.monitoring.dashboards import boards

    definition = watched_by(settings_of())
    drawn = {one.name: json.loads(str(one.inputs["dashboardJson"])) for one in graph().of(DASHBOARD)}
    own = {"cloud-sql", "load-balancer", "errors-in-logs"}
    assert set(drawn) == {
        f"kotaemon-prod-{name}" for name in own | {board.name for board in boards(definition)}
    }
    for board in boards(definition):
        found = drawn[f"kotaemon-prod-{board.name}"]
        asked = re.findall(r'"prometheusQuery": ("(?:[^"\\]|\\.)*")', json.dumps(found))
        wanted = [query.expr for _, query in board.queries() if "ALERTS" not in query.expr]
        assert sorted(json.loads(one) for one in asked) == sorted(wanted)


def test_widgets_neither_overlap_nor_stick_out() -> None:
    """Google refuses a dashboard for either."""
    for one in graph().of(DASHBOARD):
        layout = json.loads(str(one.inputs["dashboardJson"]))["mosaicLayout"]
        taken: set[tuple[int, int]] = set()
        for tile in layout["tiles"]:
            assert tile["xPos"] + tile["width"] <= layout["columns"]
            cells = {
                (x, y)
                for x in range(tile["xPos"], tile["xPos"] + tile["width"])
                for y in range(tile["yPos"], tile["yPos"] + tile["height"])
            }
            assert taken.isdisjoint(cells), (one.name, tile["widget"].get("title"))
            taken |= cells


def test_incidents_take_the_place_of_prometheus_alerts() -> None:
    """Google's policies leave no series of themselves."""
    (one,) = [one for one in graph().of(DASHBOARD) if one.name.endswith("-overview")]
    widgets = [
        tile["widget"] for tile in json.loads(str(one.inputs["dashboardJson"]))["mosaicLayout"]["tiles"]
    ]
    (incidents,) = [widget["incidentList"] for widget in widgets if "incidentList" in widget]
    assert len(incidents["policyNames"]) == len(graph().of(POLICY))
    assert all(re.fullmatch(r"alertPolicies/[^/]+", name) for name in incidents["policyNames"])


def test_minimal_leaves_what_tells_whether_people_can_use_it() -> None:
    found, _ = monitored(settings_of(minimal=True))
    assert found.of(DASHBOARD) == []
    names = {str(one.object_name) for one in found.of("PodMonitoring")}
    assert {name for name, _ in endpoints() if name.startswith("probes-")} <= names
    assert found.of("Role") == []


def test_a_preview_makes_what_the_update_makes() -> None:
    """The instance's name and the check's id are known only then."""
    planned = monitored(preview=True)[0]
    assert {one.urn for one in planned.resources} == {one.urn for one in graph().resources}


def test_nobody_is_told_where_nobody_is_named() -> None:
    found, _ = monitored(settings_of(Alerts()))
    assert found.of(CHANNEL) == []
    assert {len(items(one.inputs.get("notificationChannels"))) for one in found.of(POLICY)} == {0}
