"""Before a stack is watched: an operator that isn't there, another's dashboards, deaf receivers."""

import base64
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from components.config import Settings
from components.config.supplied import STAND_IN
from components.monitoring.dashboards import StackName
from ops import receivers, watchers
from ops.api import Api
from ops.backend import Backend
from ops.check import Check, State
from ops.clusters import Cluster, Source
from ops.comment.scratch import PLACEHOLDER
from ops.engine import Engine, Kind
from ops.errors import OpsError
from ops.kubeconfig import Context
from ops.paths import Project
from ops.receivers import Receiver
from ops.recording import placeholder
from ops.stack import Session
from tests.config_rows import RECEIVERS
from tests.ops.conftest import write_stack
from tests.ops.prometheus_server import FORBIDDEN, api_server
from tests.test_config import read

KINDS = {
    "/apis/monitoring.coreos.com/v1": {
        "resources": [
            {"name": name} for name in ("podmonitors", "probes", "prometheusrules", "servicemonitors")
        ]
    },
    "/apis/monitoring.coreos.com/v1alpha1": {"resources": [{"name": "alertmanagerconfigs"}]},
}
EVERYBODY = {
    "slack": {"channel": "#kotaemon"},
    "pagerduty": {},
    "mail": {
        "to": ["ops@example.com"],
        "server": {"sender": "a@example.com", "host": "smtp.example.com", "port": 465},
    },
    "webhook": {},
    "deadMansSwitch": {},
}

Serve = Callable[[dict[str, Any]], Context]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """An API server that has these objects, by path."""
    with ExitStack() as stack:
        yield lambda objects: stack.enter_context(api_server(objects))


def session(project: Project, context: Context | None, *, simulated: int = 0) -> Session:
    cluster = Cluster(Source.STACK_FILE, context, simulated=simulated)
    engine = Engine(Kind.PATH, Path("/usr/bin/pulumi"), "3.272.0")
    config = {"kotaemon:monitoring": {"kind": "operator"}}
    return Session(project, "prod", config, engine, cluster, Backend("file:///x"), {})


def settings(kind: str, alerts: dict[str, Any] | None = None, **keys: Any) -> Settings:
    secrets = {
        name: RECEIVERS[name]
        for name, receiver in (
            ("slackWebhook", "slack"),
            ("pagerdutyKey", "pagerduty"),
            ("alertWebhook", "webhook"),
            ("deadMansSwitch", "deadMansSwitch"),
        )
        if receiver in (alerts or {}) and name not in keys.get("secrets", {})
    }
    return read({"monitoring": {"kind": kind, "alerts": alerts or {}}, **keys}, secrets)


# The operator -------------------------------------------------------------------------------------------


def test_an_operator_that_is_not_there_is_refused_before_anything_is_touched(
    project: Project, serve: Serve
) -> None:
    """The engine would find out at the first PodMonitor, with half of the stack made."""
    with pytest.raises(OpsError) as caught:
        watchers.before_up(session(project, serve({})))
    assert "no Prometheus operator is on this cluster" in caught.value.what
    assert "podmonitors.monitoring.coreos.com/v1, probes" in caught.value.what
    assert "alertmanagerconfigs" not in caught.value.what, "nobody is told, so nothing needs it"
    assert caught.value.what.endswith("nothing was touched.")
    assert "make pulumi STACK=prod ARGS='config set --path monitoring.kind builtin'" in caught.value.remedy


def test_an_operator_that_is_there_is_used_without_a_word(project: Project, serve: Serve) -> None:
    assert watchers.before_up(session(project, serve(KINDS))) == []


def test_an_old_operator_lacks_what_tells_people(serve: Serve) -> None:
    """AlertmanagerConfig is in a version of its own: an operator may have been installed without."""
    objects = {path: kinds for path, kinds in KINDS.items() if path.endswith("v1")}
    with Api(serve(objects)) as api:
        assert watchers.missing_kinds(api, settings("operator")) == []
        assert watchers.missing_kinds(api, settings("operator", {"webhook": {}})) == [
            "alertmanagerconfigs.monitoring.coreos.com/v1alpha1"
        ]


@pytest.mark.parametrize(("objects", "simulated", "told"), [(KINDS, 0, 1), ({}, 0, 0), (KINDS, 3, 0)])
def test_a_stack_of_its_own_is_told_of_an_operator_that_it_could_use(
    project: Project, serve: Serve, objects: dict[str, Any], simulated: int, told: int
) -> None:
    """Two Prometheus side by side are a choice; the sandbox only knows the kinds."""
    one = session(project, serve(objects), simulated=simulated)
    lines = watchers.before_up(
        Session(**{**vars(one), "config": {"kotaemon:monitoring": {"kind": "builtin"}}})
    )
    assert len(lines) == told
    assert all("monitoring.kind operator" in line for line in lines)


@pytest.mark.parametrize("config", [{}, {"kotaemon:monitoring": {"kind": "oprator"}}])
def test_what_is_not_watched_or_not_valid_is_not_asked_for(
    project: Project, config: dict[str, object]
) -> None:
    """A wrong file is told by the program, with all that is wrong in it."""
    nowhere = Context(name="x", file=None, cluster={"server": "http://127.0.0.1:9"})
    one = session(project, nowhere)
    assert watchers.before_up(Session(**{**vars(one), "config": config})) == []


def test_a_cluster_that_is_still_to_be_made_is_warned_about(project: Project) -> None:
    """It comes without an operator; that up would fail there nobody can know before."""
    (line,) = watchers.before_up(session(project, None))
    assert line.startswith("warning: ")
    assert "builtin and google need none" in line


@pytest.mark.parametrize(
    "word", [STAND_IN, placeholder("supplied", "kotaemon-slackWebhook"), f"{PLACEHOLDER}-0123456789abcdef"]
)
def test_what_stands_for_a_secret_is_held_to_no_form(word: str) -> None:
    """Render, policy and a pull request's comment evaluate files whose secrets they can't unlock."""
    config = {"monitoring": {"kind": "builtin", "alerts": {"slack": {"channel": "#kotaemon"}}}}
    assert read(config, {"slackWebhook": word}).monitoring.kind == "builtin"


# Dashboards ---------------------------------------------------------------------------------------------


def dashboards(namespace: str, name: str, uid: str, *tags: str) -> dict[str, Any]:
    board = json.dumps({"uid": uid, "title": "Overview", "tags": tags})
    return {
        "metadata": {"name": name, "namespace": namespace},
        "data": {"overview.json": board, "notes.txt": "no dashboard"},
    }


@pytest.mark.parametrize(
    ("other", "clash"),
    [
        (dashboards("old", "left-behind", "overview-1"), True),
        (
            dashboards("old", "left-behind", "another", StackName(stack="prod", namespace="kotaemon").tag),
            True,
        ),
        (dashboards("old", "theirs", "overview-2", StackName(stack="prod", namespace="old").tag), False),
    ],
    ids=["same address", "same stack", "another stack"],
)
def test_dashboards_that_grafana_cannot_tell_apart_are_told(
    serve: Serve, other: dict[str, Any], clash: bool
) -> None:
    """Grafana loads either of two with one address, and which changes from one start to the next."""
    own = dashboards("kotaemon", "dashboard-overview", "overview-1", "prod/kotaemon")
    with Api(serve({"/api/v1/configmaps": {"items": [own, other]}})) as api:
        told = list(watchers.same_dashboards(api, settings("operator"), "prod"))
    assert len(told) == clash
    assert all("kubectl delete configmap -n old left-behind" in line for line in told)


def test_who_may_not_read_other_namespaces_can_bring_up_the_own_one(serve: Serve) -> None:
    with Api(serve({"/api/v1/configmaps": FORBIDDEN})) as api:
        assert list(watchers.same_dashboards(api, settings("operator"), "prod")) == []


# The doctor ---------------------------------------------------------------------------------------------


def checked(found: Settings, context: Context | None) -> list[Check]:
    cluster = Cluster(Source.STACK_FILE, context) if context else None
    return list(watchers.checks(found, "prod", cluster))


def test_the_doctor_finds_an_operator_missing(serve: Serve) -> None:
    first = checked(settings("operator"), serve({}))[0]
    assert (first.name, first.state) == ("monitoring", State.MISSING)
    assert "monitoring.kind builtin" in first.command


def test_the_doctor_asks_nothing_where_nobody_or_google_watches() -> None:
    """Google's messages don't come from the cluster, nor from here."""
    told = {"mail": EVERYBODY["mail"]}
    assert checked(Settings.model_validate({"monitoring": {"kind": "none"}}), None) == []
    assert checked(Settings.model_validate({"monitoring": {"kind": "google", "alerts": told}}), None) == []


@pytest.mark.parametrize("kind", ["builtin", "operator", "google"])
def test_an_alert_that_nobody_gets_is_told(serve: Serve, kind: str) -> None:
    found = checked(Settings.model_validate({"monitoring": {"kind": kind}}), serve(KINDS))
    assert "nobody is told" in [one.found for one in found]


def test_a_cluster_that_does_not_answer_is_no_mistake_of_the_file() -> None:
    nowhere = Context(name="x", file=None, cluster={"server": "http://127.0.0.1:9"})
    first = checked(settings("builtin"), nowhere)[0]
    assert first.state is State.OPTIONAL
    assert first.found.startswith("not known: ")


def test_the_doctor_reads_the_stack_s_file(project: Project) -> None:
    write_stack(project, "prod")
    assert list(watchers.of_stack(project, "prod", {})) == []
    write_stack(project, "prod", monitoring="{kind: builtin, retention: 3}")
    (check,) = watchers.of_stack(project, "prod", {})
    assert check.found == "not known: Pulumi.prod.yaml has 1 problem"
    write_stack(project, "prod", monitoring="{kind: builtin}")
    (check,) = watchers.of_stack(project, "prod", {})
    assert check.found == "nobody is told"


# Receivers ----------------------------------------------------------------------------------------------


def secret(**values: str) -> dict[str, Any]:
    data = {name: base64.b64encode(value.encode()).decode() for name, value in values.items()}
    return {"metadata": {"name": "supplied-1a2b"}, "data": data}


def test_every_receiver_is_knocked_at_where_it_listens() -> None:
    watching = settings("builtin", EVERYBODY).monitoring
    assert watching.kind == "builtin"
    values = receivers.values(watching.alerts, {}, [secret(**RECEIVERS)])
    found = receivers.receivers(watching.alerts, values)
    assert [(one.name, one.host, one.port) for one in found] == [
        ("Slack", "hooks.slack.com", 443),
        ("PagerDuty", "events.pagerduty.com", 443),
        ("mail server", "smtp.example.com", 465),
        ("alertWebhook", "alerts.example.com", 8443),
        ("deadMansSwitch", "ping.example.com", 443),
    ]


def test_a_receiver_accepts_connections_or_the_reason_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        there = Receiver(name="there", host="127.0.0.1", port=port)
        away = Receiver(name="away", host="127.0.0.1", port=9)
        nobody = Receiver(name="nobody", host="no-such-host.invalid", port=443)
        problems = receivers.unreachable([there, away, nobody], patience=5)
    assert problems[0] == ""
    assert problems[1] == "Connection refused"
    assert problems[2]


def test_a_deaf_receiver_is_a_warning_that_tells_no_secret(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cluster may reach what this machine can't, behind a proxy for instance."""
    monkeypatch.setattr(receivers, "unreachable", lambda found: ["Connection refused"] * len(found))
    objects = {"/api/v1/namespaces/kotaemon/secrets": {"items": [secret(**RECEIVERS)]}}
    found = [one for one in checked(settings("builtin", EVERYBODY), serve(objects)) if one.name == "alerts"]
    assert {one.state for one in found} == {State.OPTIONAL}
    assert [one.found.partition(" can't")[0] for one in found] == [
        "Slack (hooks.slack.com:443)",
        "PagerDuty (events.pagerduty.com:443)",
        "mail server (smtp.example.com:465)",
        "alertWebhook",
        "deadMansSwitch",
    ]
    assert all(one.found.endswith("the cluster may reach it all the same") for one in found)
    for value in (*RECEIVERS.values(), "alerts.example.com", "ping.example.com"):
        assert value not in repr(found)


def test_an_address_that_only_the_cluster_knows_is_said_to_be_untried(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receivers, "unreachable", lambda found: [""] * len(found))
    found = checked(settings("builtin", {"webhook": {}}), serve({}))
    assert found[-1].found == "alertWebhook can't be read before make up: its receiver wasn't tried"


def test_a_secret_of_the_user_s_own_is_held_to_its_form_too(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is in no file of ours, so that nobody else looks at it before there is an alert to send."""
    monkeypatch.setattr(receivers, "unreachable", lambda found: [""] * len(found))
    own = {"metadata": {"name": "own"}, "data": {"url": base64.b64encode(b"http://alerts/XXXX").decode()}}
    objects = {"/api/v1/namespaces/kotaemon/secrets": {"items": [secret(**RECEIVERS), own]}}
    existing = {"secrets": {"alertWebhook": {"name": "own", "key": "url"}}}
    found = checked(settings("builtin", {"webhook": {}}, **existing), serve(objects))
    (wrong,) = [one for one in found if one.name == "alerts"]
    assert "must be https://HOST/" in wrong.found
    assert "XXXX" not in repr(found)
    assert wrong.command == "kubectl edit secret own"
