"""What Google tells of a stack: alerts, backups, certificates and versions, by its REST APIs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.signals.model import Alert, Severity
from ops.google_checks.access import IMPERSONATED, TOKEN, Json
from ops.report import alerts, backups, certificates, versions
from ops.report.cloud import Cloud, Managed
from ops.report.model import Mark, NotKnownError
from tests.ops import google_server
from tests.ops.google_server import Project, off, serving

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HERE = "/v1/projects/my-project/locations/europe-west4"
CLUSTER = "projects/my-project/locations/europe-west4/clusters/kotaemon-prod"


@pytest.fixture
def project() -> Project:
    return Project()


@pytest.fixture
def cloud(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Google, and a token for it in the environment."""
    monkeypatch.delenv(IMPERSONATED, raising=False)
    monkeypatch.setenv(TOKEN, google_server.TOKEN)
    with serving(project) as url:
        yield Cloud("my-project", "europe-west4", google_server.endpoints(url))


# Metrics and alerts ---------------------------------------------------------------------------------------


def test_google_s_prometheus_is_asked_for_series(cloud: Cloud, project: Project) -> None:
    project.resources["/v1/projects/my-project/location/global/prometheus/api/v1/query"] = {
        "status": "success",
        "data": {
            "resultType": "vector",
            "result": [
                {"metric": {"namespace": "kotaemon"}, "value": [1.0, "0.5"]},
                {"metric": {"namespace": "kotaemon"}, "value": [1.0, "NaN"]},
            ],
        },
    }
    (sample,) = Managed(cloud).query("up")
    assert (sample.labels, sample.value) == ({"namespace": "kotaemon"}, 0.5)


def policy(name: str, severity: str, stack: str = "prod") -> Json:
    return {
        "displayName": f"Kotaemon {stack}: {name}",
        "severity": "CRITICAL",
        "userLabels": {"stack": "prod", "namespace": "kotaemon", "severity": severity},
    }


def test_open_alerts_are_those_of_the_stack_s_policies(cloud: Cloud, project: Project) -> None:
    """Others' policies are in the project, too; what opened them is their business."""
    url = "/v3/projects/my-project/alerts"
    opened = "2026-11-21T11:00:00Z"
    project.resources[url] = {
        "alerts": [
            {"state": "OPEN", "openTime": opened, "policy": policy("PartDown (qdrant)", "ticket")},
            {"state": "OPEN", "openTime": opened, "policy": policy("EssentialPartDown (kotaemon)", "page")},
            {"state": "CLOSED", "openTime": opened, "policy": policy("LatencyMissed", "ticket")},
        ],
        "nextPageToken": "two",
    }
    project.resources[f"{url}?pageToken=two"] = {
        "alerts": [
            {"state": "OPEN", "policy": policy("PartDown", "ticket", stack="dev")},
            {"state": "OPEN", "policy": {"displayName": "Somebody's disk is full", "severity": "CRITICAL"}},
        ]
    }
    found = alerts.ask(Managed(cloud), "prod", "kotaemon")
    assert [(one.name, one.severity) for one in found] == [
        ("EssentialPartDown", "page"),
        ("PartDown", "ticket"),
    ]
    line = found[0].line(NOW)
    assert line.mark is Mark.BAD
    assert line.found == "EssentialPartDown (page, for 1 h)"
    assert line.advice == ("docs/runbooks/essential-part-down.md",)


@pytest.mark.parametrize(
    "name", ["EssentialPartDown", "PrometheusNotConnectedToAlertmanager", "PodOOMKilled"]
)
def test_a_runbook_is_found_by_the_name_that_all_others_find_it_by(
    cloud: Cloud, project: Project, name: str
) -> None:
    project.resources["/v3/projects/my-project/alerts"] = {
        "alerts": [{"state": "OPEN", "policy": policy(name, "page")}]
    }
    (found,) = Managed(cloud).firing()
    same = Alert(name=name, expr="1", severity=Severity.PAGE, summary="")
    assert found.runbook == f"docs/runbooks/{same.runbook}"


# Backups --------------------------------------------------------------------------------------------------


def backed_up(project: Project, *states: tuple[str, str]) -> None:
    """A plan of the stack's cluster with backups, each with its state and day; and another cluster's plan."""
    plan = f"{HERE.removeprefix('/v1/')}/backupPlans/kotaemon-prod-1234"
    project.resources[f"{HERE}/backupPlans"] = {
        "backupPlans": [
            {
                "name": plan,
                "cluster": CLUSTER,
                "backupConfig": {"selectedNamespaces": {"namespaces": ["kotaemon"]}},
            },
            {"name": f"{plan}-other", "cluster": "another", "backupConfig": {"allNamespaces": True}},
        ]
    }
    project.resources[f"/v1/{plan}/backups"] = {
        "backups": [
            {
                "state": state,
                "createTime": f"{day}T03:00:00Z",
                "completeTime": f"{day}T03:10:00Z",
                "sizeBytes": str(2**31),
            }
            for state, day in states
        ]
    }
    project.resources[f"{HERE}/restorePlans"] = {}


def test_backup_for_gke_tells_the_last_good_backup_of_the_namespace(cloud: Cloud, project: Project) -> None:
    backed_up(
        project, ("SUCCEEDED", "2026-11-19"), ("IN_PROGRESS", "2026-11-21"), ("SUCCEEDED", "2026-11-20")
    )
    (run,), drills = backups.of_gke(cloud, CLUSTER, "kotaemon")
    assert drills == ()
    line = run.line("Backup", NOW)
    assert line.mark is Mark.WELL
    assert line.found == "Backup for GKE kotaemon-prod-1234: 2026-11-20 03:10 UTC, 1 d 8 h ago, 2 GiB"


def test_a_failed_backup_is_told_beside_the_last_good_one(cloud: Cloud, project: Project) -> None:
    backed_up(project, ("SUCCEEDED", "2026-11-19"), ("FAILED", "2026-11-20"))
    (run,), _ = backups.of_gke(cloud, CLUSTER, "kotaemon")
    assert run.line("Backup", NOW).mark is Mark.LOOK
    assert run.line("Backup", NOW).found.endswith("; the last one failed")


def test_restores_by_a_plan_for_these_backups_are_the_drills(cloud: Cloud, project: Project) -> None:
    backed_up(project, ("SUCCEEDED", "2026-11-19"))
    where = f"{HERE.removeprefix('/v1/')}/restorePlans"
    of_plan = f"{HERE.removeprefix('/v1/')}/backupPlans/kotaemon-prod-1234"
    project.resources[f"{HERE}/restorePlans"] = {
        "restorePlans": [
            {"name": f"{where}/drill", "backupPlan": of_plan},
            {"name": f"{where}/elsewhere", "backupPlan": "another"},
        ]
    }
    project.resources[f"{HERE}/restorePlans/drill/restores"] = {
        "restores": [
            {
                "state": "SUCCEEDED",
                "createTime": "2026-11-15T04:00:00Z",
                "completeTime": "2026-11-15T04:30:00Z",
            }
        ]
    }
    _, (drill,) = backups.of_gke(cloud, CLUSTER, "kotaemon")
    assert drill.line("Restore drill", NOW).found == "restore plan drill: 2026-11-15 04:30 UTC, 6 d 7 h ago"


@pytest.mark.parametrize(
    ("ended", "says"),
    [("2026-11-21T01:30:00Z", "10 h 30 min ago"), ("2026-11-18T01:30:00Z", "that is too old")],
)
def test_cloud_sql_s_daily_backup_must_not_be_older_than_a_day_and_a_half(
    cloud: Cloud, project: Project, ended: str, says: str
) -> None:
    base = "/v1/projects/my-project/instances"
    project.resources[base] = {"items": [{"name": "kotaemon-prod-postgres-12ab"}, {"name": "somebody-elses"}]}
    project.resources[f"{base}/kotaemon-prod-postgres-12ab/backupRuns"] = {
        "items": [{"status": "SUCCESSFUL", "enqueuedTime": ended, "endTime": ended, "type": "AUTOMATED"}]
    }
    (run,) = backups.of_cloud_sql(cloud, "kotaemon-prod-postgres")
    assert run.line("Backup", NOW).found.endswith(says)


# Certificates and versions --------------------------------------------------------------------------------


def test_certificate_manager_says_until_when_or_what_it_waits_for(cloud: Cloud, project: Project) -> None:
    domain = "kotaemon.example.com"
    project.resources["/v1/projects/my-project/locations/global/certificates"] = {
        "certificates": [
            {
                "managed": {"domains": [domain], "state": "ACTIVE"},
                "expireTime": "2027-01-01T00:00:00Z",
            },
            {
                "managed": {
                    "domains": [domain],
                    "state": "PROVISIONING",
                    "provisioningIssue": {"reason": "AUTHORIZATION_ISSUE"},
                }
            },
            {"managed": {"domains": ["another.example.com"], "state": "ACTIVE"}},
        ]
    }
    first, second = certificates.of_google(cloud, domain)
    assert first.line(NOW).mark is Mark.WELL
    assert second.line(NOW).found == f"{domain} (Certificate Manager): provisioning: AUTHORIZATION_ISSUE"


def test_a_cluster_s_version_is_held_to_its_release_channel(cloud: Cloud, project: Project) -> None:
    project.resources[f"{HERE}/clusters/kotaemon-prod"] = {
        "currentMasterVersion": "1.33.5-gke.1080000",
        "releaseChannel": {"channel": "REGULAR"},
        "nodePools": [{"version": "1.33.4-gke.1"}, {"version": "1.33.5-gke.1080000"}],
    }
    project.resources[f"{HERE}/serverConfig"] = {
        "channels": [
            {"channel": "RAPID", "defaultVersion": "1.35.1-gke.1"},
            {"channel": "REGULAR", "defaultVersion": "1.33.5-gke.1080000"},
        ]
    }
    found = versions.of_gke(cloud, "europe-west4", "kotaemon-prod")
    assert found.nodes == ("1.33.4-gke.1", "1.33.5-gke.1080000")
    assert found.offered == "1.33.5-gke.1080000"
    assert found.behind, "a node pool is behind"


# What Google doesn't tell ---------------------------------------------------------------------------------


def test_a_service_that_is_off_is_named(cloud: Cloud, project: Project) -> None:
    project.refusals[r"/backupPlans"] = off("gkebackup.googleapis.com")
    with pytest.raises(NotKnownError, match=r"gkebackup\.googleapis\.com is off"):
        backups.of_gke(cloud, CLUSTER, "kotaemon")


def test_without_credentials_the_command_that_gets_some_is_told(
    cloud: Cloud, project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(TOKEN)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setattr("google.auth.compute_engine._metadata._NO_GCE_CHECK", True)
    with pytest.raises(NotKnownError) as caught:
        cloud.get("http://127.0.0.1:9")
    assert caught.value.advice == ("gcloud auth application-default login",)


def test_a_google_that_does_not_answer_is_no_error(cloud: Cloud) -> None:
    with pytest.raises(NotKnownError, match="Google doesn't answer"):
        cloud.get("http://127.0.0.1:9/v1")


def test_a_token_is_never_told(cloud: Cloud, project: Project) -> None:
    project.refusals["."] = google_server.refusal(401, f"no such token {google_server.TOKEN}")
    with pytest.raises(NotKnownError) as caught:
        cloud.get(f"{cloud.endpoints.sql}/v1")
    assert google_server.TOKEN not in str(caught.value)
