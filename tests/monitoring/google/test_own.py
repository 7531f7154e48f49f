"""What Google measures by itself: the alerts on it fire when they should, and read the stack's own alone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from components.monitoring.google import backups, load_balancer, logged
from components.monitoring.google.load_balancer import url_map
from components.monitoring.google.own import Signals
from components.signals.model import Scope
from policies.values import at, items, mapping
from tests.monitoring.google.monitored import ARMOR, DATABASE, ERRORS, PLAN, PROJECT, monitored
from tests.monitoring.google.test_google import METRIC
from tests.monitoring.rules.definitions import google
from tests.monitoring.rules.promtool import Expected, run
from tests.monitoring.rules.series import Series, grow, hold

SCOPE = Scope(namespace="kotaemon")
DOOR = load_balancer.signals(load_balancer.Door(namespace="kotaemon", gateway="edge", armor=ARMOR))
GKE = backups.of_gke(backups.Plan(name=PLAN, schedule="0 3 * * *"), SCOPE)
SQL = backups.of_cloud_sql("kotaemon-prod-sql-backups", SCOPE)
LOGS = logged.signals(ERRORS)
HOUR = 60
PER_DAY = 1 / 2880
"""A step each half minute that makes one a day."""


def _requests(code: str, url: str = "gkegw1-nv9e-kotaemon-edge-z33kukono48t") -> str:
    return (
        'loadbalancing_googleapis_com:https_request_count{monitored_resource="https_lb_rule",'
        f'url_map_name="{url}",response_code_class="{code}"}}'
    )


def _errors(container: str) -> str:
    return (
        'logging_googleapis_com:user_kotaemon_prod_errors{monitored_resource="k8s_container",'
        f'container_name="{container}",pod_name="{container}-0"}}'
    )


def _of_gke(state: str, plan: str = PLAN) -> str:
    return (
        "gkebackup_googleapis_com:backup_completion_times_count{"
        f'monitored_resource="gkebackup.googleapis.com/BackupPlan",backup_plan_id="{plan}",state="{state}"}}'
    )


def _of_sql(status: str) -> str:
    return (
        "logging_googleapis_com:user_kotaemon_prod_sql_backups{"
        f'monitored_resource="cloudsql_database",status="{status}"}}'
    )


def _watched(minutes: float) -> Series:
    return {'probe_success{namespace="kotaemon",probe="application"}': hold(1, minutes)}


@dataclass(frozen=True, kw_only=True)
class Case:
    """What makes an alert fire, and what comes near and must not."""

    signals: Signals
    minutes: float
    fires: Series
    quiet: tuple[Series, ...]


_LONG = 31 * HOUR
CASES: Mapping[str, Case] = {
    "LoadBalancerErrors": Case(
        signals=DOOR,
        minutes=30,
        # Most requests of a quiet stack are the uptime check's, which are refused.
        fires={
            _requests("200"): grow(0, 1, 30),
            _requests("400"): grow(0, 90, 30),
            _requests("500"): grow(0, 1, 30),
        },
        quiet=(
            {_requests("200"): grow(0, 97, 30), _requests("500"): grow(0, 3, 30)},
            {
                _requests("200"): grow(0, 90, 30),
                _requests("500", "gkegw1-nv9e-another-edge-z33kukono48t"): grow(0, 90, 30),
            },
            {},
        ),
    ),
    "ErrorsInLogs": Case(
        signals=LOGS,
        minutes=30,
        fires={_errors("kotaemon"): grow(0, 6, 30), _errors("qdrant"): grow(0, 1, 30)},
        quiet=(
            {_errors("kotaemon"): grow(0, 4, 30), _errors("qdrant"): grow(0, 4, 30)},
            # A burst of ten minutes.
            {_errors("kotaemon"): hold(0, 10).grow(0, 60, 10).hold(1200, 10)},
        ),
    ),
    "GkeBackupFailed": Case(
        signals=GKE,
        minutes=HOUR,
        fires={_of_gke("FAILED"): hold(0, 30).hold(1, 30)},
        quiet=({_of_gke("FAILED", "another"): hold(0, 30).hold(1, 30)}, {_of_gke("FAILED"): hold(4, 60)}),
    ),
    "GkeBackupMissing": Case(
        signals=GKE,
        minutes=_LONG,
        fires={**_watched(_LONG), _of_gke("SUCCEEDED", "another"): grow(0, PER_DAY, _LONG)},
        quiet=({**_watched(_LONG), _of_gke("SUCCEEDED"): grow(0, PER_DAY, _LONG)}, {}),
    ),
    "CloudSqlBackupFailed": Case(
        signals=SQL,
        minutes=HOUR,
        fires={_of_sql("STATUS_FAILED"): hold(0, 30).hold(1, 30)},
        quiet=(
            {
                _of_sql(status): hold(0, 30).hold(1, 30)
                for status in ("STATUS_SUCCEEDED", "STATUS_ATTEMPT_FAILED")
            },
        ),
    ),
    "CloudSqlBackupMissing": Case(
        signals=SQL,
        minutes=_LONG,
        fires={**_watched(_LONG), _of_sql("STATUS_FAILED"): grow(0, PER_DAY, _LONG)},
        quiet=({**_watched(_LONG), _of_sql("STATUS_SUCCEEDED"): grow(0, PER_DAY, _LONG)}, {}),
    ),
}


def test_every_alert_has_a_case() -> None:
    """An alert that nobody has seen fire may never do so."""
    assert {alert.name for signals in (DOOR, GKE, SQL, LOGS) for alert in signals.alerts} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_alert_fires_and_stays_quiet(tmp_path: Path, name: str) -> None:
    """By Prometheus' understanding of it; Google's own wasn't asked."""
    case = CASES[name]
    group = replace(case.signals.group, rules=case.signals.alerts)
    at_last = timedelta(minutes=case.minutes) - timedelta(seconds=30)
    expr = f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
    tests = [
        (case.fires, [Expected(expr=expr, at=at_last, samples=[({}, 1)])]),
        *((series, [Expected(expr=expr, at=at_last, samples=[])]) for series in case.quiet),
    ]
    run(tmp_path, replace(google(), groups=(group,)), tests)


@pytest.mark.parametrize("signals", [GKE, SQL], ids=["gke", "cloud-sql"])
def test_a_young_stack_is_not_said_to_lack_a_backup(tmp_path: Path, signals: Signals) -> None:
    """The first comes up to a day after it was made."""
    group = replace(signals.group, rules=signals.alerts)
    quiet = Expected(expr='count(ALERTS{alertstate="firing"})', at=timedelta(hours=29), samples=[])
    run(tmp_path, replace(google(), groups=(group,)), [(_watched(30 * HOUR), [quiet])])


@pytest.mark.parametrize("schedule", ["0 3 * * 0", "0 3 1 * *"])
def test_no_backup_is_missed_that_is_not_due_each_day(schedule: str) -> None:
    """Alerts look back a day: of a weekly one they would say each day that it is missing."""
    found = backups.of_gke(backups.Plan(name=PLAN, schedule=schedule), SCOPE)
    assert [alert.name for alert in found.alerts] == ["GkeBackupFailed"]


def test_no_alert_looks_back_further_than_google_lets_it() -> None:
    """25 hours; what a selector lacks for some minutes comes on top of an offset."""
    for signals in (DOOR, GKE, SQL, LOGS):
        for alert in signals.alerts:
            spans = re.findall(r"(?:\[|offset )(\d+)([mhd])", alert.expr)
            assert spans
            longest = max(int(number) * {"m": 1, "h": HOUR, "d": 24 * HOUR}[unit] for number, unit in spans)
            assert longest <= 24 * HOUR, alert.name


@pytest.mark.parametrize(
    ("namespace", "gateway", "name"),
    [
        ("exercises", "log-ping-app-gateway", "gkegw1-nv9e-exercises-log-ping-app-gateway-z33kukono48t"),
        ("kotaemon", "edge", "gkegw1-4v0d-kotaemon-edge-a1b2c3d4e5f6"),
        (
            "a-namespace-with-a-very-long-name-of-its-own",
            "edge",
            "gkegw1-4v0d-a-namespace-with-a-very-long-name-edg-a1b2c3d4e5f6",
        ),
    ],
)
def test_url_maps_are_known_by_namespace_and_gateway(namespace: str, gateway: str, name: str) -> None:
    """The first is a real one."""
    assert re.fullmatch(url_map(namespace, gateway), name)


def test_url_maps_of_others_are_not_the_stacks() -> None:
    for other in (
        "gkegw1-nv9e-kotaemon-edge-two-z33kukono48t",
        "gkegw1-nv9e-kotaemon-dev-edge-z33kukono48t",
        "kotaemon-edge",
    ):
        assert not re.fullmatch(url_map("kotaemon", "edge"), other), other


def test_what_cloud_armor_refuses_is_drawn_where_there_is_a_policy() -> None:
    bare = load_balancer.signals(load_balancer.Door(namespace="kotaemon", gateway="edge", armor=None))
    drawn = {name: signals.board for name, signals in (("with", DOOR), ("without", bare))}
    texts = {name: str(list(board.queries())) for name, board in drawn.items() if board}
    assert f'policy_name="{ARMOR}"' in texts["with"]
    assert "networksecurity" not in texts["without"]


def test_backups_of_the_stacks_instance_alone_are_counted_by_their_end() -> None:
    (metric,) = monitored()[0].of(METRIC)
    assert f'database_id="{PROJECT}:{DATABASE.name}"' in str(metric.inputs["filter"])
    declared = {at(one, "key") for one in items(at(metric.inputs, "metricDescriptor.labels"))}
    assert declared == set(mapping(metric.inputs["labelExtractors"])) == {"status"}
