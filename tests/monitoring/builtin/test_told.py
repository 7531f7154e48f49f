"""The local stack with receivers, its monitoring's processes running: what gets to them when a part really ends.

Who is told of what is tests/node/test_local_stack.py's; here it is followed to the end.
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from components.compose import watching
from components.config import SecretName
from components.monitoring.dashboards import boards
from components.monitoring.definition import Definition, define
from components.monitoring.names import (
    ALERTMANAGER,
    BLACKBOX,
    CADVISOR,
    KUBE_STATE_METRICS,
    KUBELET,
    POSTGRES_EXPORTER,
    PROBES,
    PROMETHEUS,
)
from sandbox import cluster
from sandbox.paths import Home
from tests.node import container, node
from tests.node.kubelet import Kubelet
from tests.node.pace import edits
from tests.node.programs import programs
from tests.node.stand_ins import stand_ins
from tests.node.test_local_stack import NAMESPACE, PACE, Watched, run_all
from tests.program import evaluate
from tests.sandbox.workplace import opened

from .sinks import Hooks, hooks, until

pytestmark = pytest.mark.sandbox

RECEIVER, PORT = "10.253.0.99", 8080
RECEIVERS = {SecretName.ALERT_WEBHOOK: "told", SecretName.DEAD_MANS_SWITCH: "alive"}
CONFIG = {
    "kotaemon:monitoring": {"kind": "builtin", "alerts": {"webhook": {}, "deadMansSwitch": {"minutes": 1}}}
}
NOT_HERE = re.compile(r"\b(app|collections|memory|rest|cluster)_[a-z_]+\{|container_[a-z_]+\{[^}]*grafana")
"""Qdrant's metrics, of which its stand-in tells a few; and what Grafana uses, whose program isn't to be had."""
JOBS = {
    PROBES, "qdrant", PROMETHEUS, ALERTMANAGER, BLACKBOX, POSTGRES_EXPORTER, KUBE_STATE_METRICS, CADVISOR, KUBELET,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Told:
    """A stack, and what its receivers got."""

    watched: Watched
    hooks: Hooks

    def of(self, status: str) -> set[tuple[str, str]]:
        """Name and component of the alerts that the webhook was told of, `firing` or `resolved`."""
        return {
            (alert["labels"]["alertname"], alert["labels"]["component"])
            for message in self.hooks.at("/told")
            for alert in message["alerts"]
            if alert["status"] == status
        }

    def labels(self, expr: str) -> list[dict[str, str]]:
        """Labels of the series."""
        return [one["metric"] for one in self.watched.query(expr)]

    def why(self) -> str:
        """What is known while one waits."""
        return f"told {self.of('firing')}, targets {self.watched.targets()}"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """The stack, up and running, with its receivers on the node's network."""
    if reason := container.obstacle():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("told")
    known = programs()
    with ExitStack() as stack:
        place = stack.enter_context(opened(folder))
        place.configure(CONFIG)
        for name, path in RECEIVERS.items():
            place.run("pulumi", "--", "config", "set", "--secret", name, f"https://alerts.example.com/{path}")
        place.run("up")
        running = cluster.running(Home(folder / "sandbox"))
        assert running is not None
        known |= stand_ins(place.pod("kotaemon").spec.containers[0].image, folder / "stand-ins")

        def here(url: str) -> str:
            return url.replace("https://alerts.example.com", f"http://{RECEIVER}:{PORT}")

        changed = {**edits(PACE), **dict.fromkeys((name.value for name in RECEIVERS), here)}
        works = stack.enter_context(node.opened(running, known, folder / "node", changed))
        receiver = stack.enter_context(hooks(works.network.listener(RECEIVER, PORT)))
        for number, one in enumerate(running.nodes, 1):
            stack.callback(Kubelet(running, works, one, f"10.253.0.{number}").close)
        there = Told(watched=run_all(works), hooks=receiver)
        targets = there.watched.targets
        until(lambda: len(targets()) > 10 and not any(targets().values()), 60, there.why)
        yield there


def test_series_say_whose_they_are(told: Told) -> None:
    """Rules, dashboards and routes select by these labels, whichever way a series came."""
    until(lambda: {one["job"] for one in told.labels("up == 1")} >= JOBS, why=told.why)
    until(lambda: told.labels("kube_deployment_spec_replicas") and told.labels("pg_up"), why=told.why)
    assert {one["job"] for one in told.labels("up")} == JOBS
    assert {one["namespace"] for one in told.labels('{__name__=~".+"}') if "namespace" in one} == {NAMESPACE}
    assert told.labels('probe_success{probe="postgres"}')[0]["part"] == "PostgreSQL"
    assert told.labels("pg_up")[0]["component"] == POSTGRES_EXPORTER
    assert {"postgres-0", "qdrant-0", "prometheus-0"} <= {
        one["pod"] for one in told.labels('kube_pod_status_phase{phase="Running"} == 1')
    }
    assert not [one for one in told.labels("kube_deployment_spec_replicas") if "pod" in one]


@pytest.fixture
def definition(monkeypatch: pytest.MonkeyPatch) -> Definition:
    """What the program makes of the stack's file, before it is rendered."""
    found: list[Definition] = []

    def noted(**settings: Any) -> Definition:
        found.append(define(**settings))
        return found[-1]

    monkeypatch.setattr(watching, "define", noted)
    evaluate(CONFIG, secrets={name.value: f"https://alerts.example.com/{name.value}" for name in RECEIVERS})
    return found[0]


def test_every_panel_that_a_healthy_stack_fills_has_data(told: Told, definition: Definition) -> None:
    """From the exporters themselves: an empty panel is taken for a quiet one."""
    queries = [
        (board.name, title, query.expr)
        for board in boards(definition)
        for title, query in board.queries()
        if query.needs_data and not NOT_HERE.search(query.expr)
    ]
    assert len(queries) > 60

    def empty() -> list[tuple[str, str, str]]:
        return [one for one in queries if not told.watched.query(one[2])]

    left: list[tuple[str, str, str]] = []

    def filled() -> bool:
        left[:] = empty()
        return not left

    until(filled, 90, lambda: "\n".join(map(str, left)))


def test_an_outage_and_its_end_get_to_the_receiver_and_signs_of_life_to_the_switch(told: Told) -> None:
    """From the process that ends to the message, by nothing but what `up` made."""
    until(lambda: told.hooks.at("/alive"), 60, told.why)
    assert told.of("firing") == set()
    postgres = told.watched.node.pod(NAMESPACE, "postgres")
    postgres.stop(grace=0)
    until(lambda: told.of("firing"), 60, told.why)
    assert told.of("firing") == {("EssentialPartDown", "postgres")}
    first = told.hooks.at("/told")[0]["alerts"][0]
    assert first["annotations"]["summary"].startswith("People can't use Kotaemon: PostgreSQL")
    postgres.start()
    until(lambda: told.of("resolved"), 60, told.why)
    assert told.of("resolved") == {("EssentialPartDown", "postgres")}
    before = len(told.hooks.at("/alive"))
    until(lambda: len(told.hooks.at("/alive")) > before, 60, told.why)
