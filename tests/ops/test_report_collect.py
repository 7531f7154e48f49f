"""Whom a stack's file makes `make status` ask, and what happens where one of them doesn't answer."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ops.api import Api
from ops.backend import Backend
from ops.clusters import Cluster, Source
from ops.engine import Engine, Kind
from ops.google_checks.access import IMPERSONATED, TOKEN, Endpoints
from ops.kubeconfig import Context
from ops.paths import Project
from ops.report.collect import Asked, HealthReport, collect
from ops.report.model import Unknown
from ops.report.versions import Versions
from ops.stack import Session
from tests.config_cloud_rows import GKE
from tests.ops import google_server
from tests.ops.prometheus_server import api_server, behind
from tests.ops.test_report_google import CLUSTER, HERE, backed_up

BUILTIN: Mapping[str, Any] = {"monitoring": {"kind": "builtin", "objectives": {"days": 7}}}
Report = Callable[..., HealthReport]


@pytest.fixture
def report(project: Project) -> Iterator[Report]:
    """The report on a stack with this file, whose cluster has these objects."""
    with ExitStack() as stack:

        def made(
            config: Mapping[str, Any],
            objects: dict[str, object] | None = None,
            *,
            service: str = "kotaemon/prometheus:9090",
            upstream: str | None = None,
            simulated: int = 0,
            outputs: Mapping[str, object] | None = None,
            endpoints: Endpoints | None = None,
            gone: bool = False,
        ) -> HealthReport:
            version = {"/version": {"gitVersion": "v1.34.4"}}
            context = stack.enter_context(api_server({**version, **(objects or {})}, upstream, service))
            if gone:
                context = Context(name="gone", file=None, cluster={"server": "http://127.0.0.1:9"})
            cluster = Cluster(Source.STACK_FILE, context, simulated=simulated)
            file = {f"kotaemon:{key}": value for key, value in config.items()}
            engine = Engine(Kind.PATH, Path("/usr/bin/pulumi"), "3.272.0")
            session = Session(project, "prod", file, engine, cluster, Backend("file:///x"), {})
            asked = Asked(
                session=session,
                outputs=outputs or {},
                namespace="kotaemon",
                api=stack.enter_context(Api(context)),
                pods=[],
                jobs=[],
                endpoints=endpoints,
            )
            return collect(asked)

        yield made


def why(part: object) -> str:
    assert isinstance(part, Unknown), part
    return part.why


@pytest.fixture
def counting() -> Iterator[str]:
    """A server that answers every question as Prometheus would, with an objective of each name in turn."""
    from tests.ops.prometheus_server import serving

    names = "availability", "latency"

    def answer(path: str) -> tuple[int, bytes]:
        series = ",".join(
            f'{{"metric": {{"objective": "{name}", "persistentvolumeclaim": "{name}"}}, "value": [1, "0.75"]}}'
            for name in names
        )
        return 200, f'{{"status": "success", "data": {{"result": [{series}], "alerts": []}}}}'.encode()

    with serving(answer) as url:
        yield url


@pytest.mark.parametrize(
    ("config", "namespace", "service"),
    [
        (BUILTIN, "kotaemon", "prometheus"),
        ({"monitoring": {"kind": "operator", "namespace": "watching"}}, "watching", "prometheus-operated"),
    ],
    ids=["builtin", "operator"],
)
def test_the_prometheus_of_the_stack_s_file_is_asked(
    report: Report, counting: str, config: Mapping[str, Any], namespace: str, service: str
) -> None:
    found = report(
        config, behind(namespace, service), service=f"{namespace}/{service}:9090", upstream=counting
    )
    assert not isinstance(found.measured.objectives, Unknown)
    assert [one.budget for one in found.measured.objectives] == [0.75, 0.75]
    assert found.measured.objectives[0].window.days == (7 if config is BUILTIN else 30)
    assert found.measured.alerts == ()
    assert not isinstance(found.measured.volumes, Unknown)


@pytest.mark.parametrize(
    ("config", "kind"), [({}, "builtin"), ({"monitoring": {"kind": "none"}}, "builtin"), (GKE, "google")]
)
def test_where_nobody_watches_the_key_is_named_that_changes_it(
    report: Report, config: Mapping[str, Any], kind: str
) -> None:
    objectives = report(config).measured.objectives
    assert why(objectives) == "nobody watches (kotaemon:monitoring.kind is none)"
    assert isinstance(objectives, Unknown)
    assert objectives.advice == (
        f"make pulumi STACK=prod ARGS='config set --path monitoring.kind {kind}' && make up STACK=prod",
    )


def test_a_wrong_file_keeps_nobody_from_what_it_is_not_about(report: Report) -> None:
    """Somebody may be editing it while the stack is down."""
    found = report({"monitoring": {"kind": "builtin", "retention": 3}}, outputs={"url": "http://127.0.0.1:9"})
    assert why(found.measured.alerts) == "Pulumi.prod.yaml has 1 problem"
    assert not isinstance(found.kept, Unknown)
    assert found.certificates == ()
    assert isinstance(found.versions, Versions)
    assert found.versions.kubernetes is not None


def test_an_api_server_that_is_gone_half_way_is_told_of_in_each_part(report: Report) -> None:
    """It answered a moment ago, when it was asked for the workloads."""
    found = report(BUILTIN, gone=True)
    for part in (found.measured.objectives, found.kept, found.certificates, found.versions):
        assert "doesn't answer" in why(part)


def test_simulated_nodes_measure_nothing_and_show_no_certificate(report: Report) -> None:
    found = report(BUILTIN, simulated=3, outputs={"url": "https://kotaemon.example.com"})
    assert (
        why(found.measured.objectives)
        == "nothing runs on the sandbox's 3 simulated nodes, so nothing is measured"
    )
    assert why(found.certificates).endswith("so nobody issues or shows one")


def test_a_backup_that_is_configured_and_not_made_is_not_called_unconfigured(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(IMPERSONATED, raising=False)
    monkeypatch.setenv(TOKEN, google_server.TOKEN)
    project = google_server.Project(resources={f"{HERE}/backupPlans": {}})
    with google_server.serving(project) as url:
        found = report(
            {**GKE, "backup": {"kind": "google"}},
            outputs={"cluster": CLUSTER},
            endpoints=google_server.endpoints(url),
        )
    assert not isinstance(found.kept, Unknown)
    (run,) = found.kept.backups
    assert (
        run.line("Backup", found.at).found == "Backup for GKE, of namespace kotaemon: none has succeeded yet"
    )


def test_on_google_every_part_is_asked_of_google(
    report: Report, counting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(IMPERSONATED, raising=False)
    monkeypatch.setenv(TOKEN, google_server.TOKEN)
    project = google_server.Project()
    backed_up(project, ("SUCCEEDED", "2026-11-20"))
    sql = "/v1/projects/my-project/instances"
    project.resources |= {
        sql: {"items": [{"name": "kotaemon-prod-postgres-12ab"}]},
        f"{sql}/kotaemon-prod-postgres-12ab/backupRuns": {"items": []},
        "/v1/projects/my-project/locations/europe-west4/clusters/kotaemon-prod": {
            "currentMasterVersion": "1.33.5-gke.1"
        },
        "/v1/projects/my-project/locations/europe-west4/serverConfig": {},
        "/v3/projects/my-project/alerts": {},
    }
    config = {
        **GKE,
        "postgres": {"kind": "cloud-sql"},
        "backup": {"kind": "google"},
        "monitoring": {"kind": "google"},
    }
    with google_server.serving(project) as url:
        found = report(config, outputs={"cluster": CLUSTER}, endpoints=google_server.endpoints(url))
    assert not isinstance(found.kept, Unknown)
    assert [run.what for run in found.kept.backups] == [
        "Backup for GKE kotaemon-prod-1234",
        "Cloud SQL kotaemon-prod-postgres-12ab",
    ]
    assert isinstance(found.versions, Versions)
    assert found.versions.kubernetes is not None
    assert found.versions.kubernetes.running == "1.33.5-gke.1"
    assert found.measured.alerts == ()
    assert "/v1/projects/my-project/location/global/prometheus/api/v1/query" in project.asked


def test_all_are_asked_at_the_same_time(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other would take four times as long where a network drops packets."""
    together = threading.Barrier(4, timeout=30)

    def asked(*_: object) -> tuple[()]:
        together.wait()
        return ()

    for name in ("_kept", "_versions", "_measured", "_certificates"):
        monkeypatch.setattr(f"ops.report.collect.{name}", asked)
    assert report({}).certificates == ()
