"""The local stack with real processes: what it says of itself, and who is told when a part ends.

What `up` made is run as it is: PostgreSQL, the exporters, Prometheus and Alertmanager are the pinned programs, with the
stack's own settings made 15 times as fast. Kotaemon and Qdrant are stand-ins that answer.
"""

import json
import re
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from sandbox import cluster
from sandbox.paths import Home
from tests.node import container, node
from tests.node.kubelet import Kubelet
from tests.node.node import Node, Pod
from tests.node.pace import edits
from tests.node.programs import programs
from tests.node.stand_ins import stand_ins
from tests.sandbox.workplace import opened

pytestmark = pytest.mark.sandbox
NAMESPACE = "kotaemon"
PACE = 15.0
WATCHERS = ("blackbox-exporter", "postgres-exporter", "kube-state-metrics", "alertmanager", "prometheus")
SETTLED = 6.0
AFTERMATH = ("Availability", "Latency")
"""How alerts begin that look back: they tell of earlier outages, too, and of the machine's other work."""


QUIET = {
    "OOMKilled|waiting_reason|unschedulable": "nothing of the kind happened",
    r"ALERTS|== 0\)\[": "no alert fires, and no outage was",
    "deriv|predict_linear": "no volume fills up",
    "horizontalpodautoscaler": "one replica",
    "fluentbit_": "no logs are collected on a laptop",
    "rest_responses|memory_allocated_bytes": "a stand-in has no requests",
    'pod=~"grafana-': "Grafana isn't run",
}
"""Queries of dashboards that may find nothing here, and why."""


@dataclass(frozen=True)
class Outage:
    """A component whose process ends, and what people are told of then: alerts with their component."""

    component: str
    told: frozenset[tuple[str, str]]
    minutes: float
    """Until all of them are told, by the stack's own pace."""


OUTAGES = (
    Outage("postgres-exporter", frozenset({("TargetDown", "postgres")}), 10),
    Outage("kube-state-metrics", frozenset({("PodMetricsMissing", "monitoring")}), 15),
    Outage("blackbox-exporter", frozenset({("ProbesMissing", "monitoring")}), 10),
    Outage("qdrant", frozenset({("PartDown", "qdrant")}), 5),
    Outage("postgres", frozenset({("EssentialPartDown", "postgres")}), 2),
    Outage("kotaemon", frozenset({("EssentialPartDown", "kotaemon")}), 2),
)


class Watched:
    """The stack, seen by its own Prometheus and Alertmanager."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._prometheus = node.forward("prometheus.kotaemon", 9090)
        self._alertmanager = node.forward("alertmanager.kotaemon", 9093)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series of an instant query."""
        found = _get(self._prometheus, f"/api/v1/query?query={urllib.parse.quote(expression)}")
        return list(found["data"]["result"])

    def targets(self) -> dict[str, str]:
        """Each target and what is wrong with it."""
        found = _get(self._prometheus, "/api/v1/targets")["data"]["activeTargets"]
        return {one["scrapeUrl"]: one["lastError"] for one in found}

    def rules(self) -> list[dict[str, Any]]:
        """All rules with their health."""
        return [
            one
            for group in _get(self._prometheus, "/api/v1/rules")["data"]["groups"]
            for one in group["rules"]
        ]

    def shown(self) -> Iterator[str]:
        """What the dashboards' panels ask, as a person's browser would for the last minutes."""
        for one in self.node.objects.ask(f"/api/v1/namespaces/{NAMESPACE}/configmaps")["items"]:
            for name, text in (one.get("data") or {}).items():
                document = json.loads(text) if name.endswith(".json") and text.startswith("{") else {}
                for panel in _panels(document.get("panels", ())):
                    for target in panel.get("targets", ()):
                        yield re.sub(r"\$__\w+", "1m", target["expr"])

    def told(self) -> set[tuple[str, str]]:
        """Alerts that people hear of now: those that no other silences."""
        found = _get(self._alertmanager, "/api/v2/alerts?active=true&inhibited=false")
        labels = [one["labels"] for one in found]
        return {
            (one["alertname"], one.get("component", ""))
            for one in labels
            if one["alertname"] != "Watchdog" and not one["alertname"].startswith(AFTERMATH)
        }


def _panels(panels: Iterable[Any]) -> Iterator[Any]:
    for panel in panels:
        yield panel
        yield from _panels(panel.get("panels", ()))


def _get(address: str, path: str) -> Any:
    with urllib.request.urlopen(f"http://{address}{path}", timeout=20) as answer:
        return json.load(answer)


def until(what: Callable[[], object], seconds: float) -> bool:
    """Whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not (done := bool(what())) and time.monotonic() < deadline:
        time.sleep(0.5)
    return done


def begin(node: Node, component: str, *containers: str) -> Pod:
    """Start a component and wait until its probes answer."""
    pod = node.start(NAMESPACE, component, *containers)
    pod.wait_ready()
    return pod


def run_all(node: Node) -> Watched:
    """Start what the stack consists of, in the order of who needs whom."""
    begin(node, "postgres")
    setup = node.start(NAMESPACE, "postgres-setup")
    for one in setup.containers.values():
        assert one.wait(60) == 0, one.log
    begin(node, "qdrant")
    begin(node, "kotaemon", "kotaemon")
    for component in WATCHERS:
        begin(node, component)
    return Watched(node)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """The local stack, up and with its processes running."""
    if reason := container.obstacle():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("stack")
    known = programs()
    with opened(folder) as workplace:
        workplace.configure()
        workplace.run("up")
        running = cluster.running(Home(folder / "sandbox"))
        assert running is not None
        image = workplace.pod("kotaemon").spec.containers[0].image
        known |= stand_ins(image, folder / "stand-ins")
        with node.opened(running, known, folder / "node", edits(PACE)) as here:
            kubelets = [
                Kubelet(running, here, one, f"10.253.0.{n}") for n, one in enumerate(running.nodes, 1)
            ]
            yield run_all(here)
            for one in kubelets:
                one.close()


def test_everything_that_is_scraped_answers(watched: Watched) -> None:
    """A target that never answered would first be noticed when somebody needs its metrics."""
    assert until(lambda: len(watched.targets()) > 10 and not any(watched.targets().values()), 30), (
        watched.targets()
    )
    for expression in (
        'probe_success{probe="application"} == 1',
        'probe_success{probe="postgres"} == 1',
        "pg_up == 1",
        'container_memory_working_set_bytes{namespace="kotaemon",container="postgres"}',
        'kubelet_volume_stats_used_bytes{persistentvolumeclaim="data-postgres-0"} > 1e6',
        'kube_pod_status_phase{pod="postgres-0",phase="Running"} == 1',
        "alertmanager_alerts",
    ):
        assert until(partial(watched.query, expression), 30), expression


def test_every_rule_can_be_computed(watched: Watched) -> None:
    """What promtool takes may still find two series where it wants one."""
    assert until(lambda: all(rule["health"] == "ok" for rule in watched.rules()), 60), [
        (rule["name"], rule["lastError"]) for rule in watched.rules() if rule["health"] != "ok"
    ]


def test_nobody_is_told_of_anything_while_all_is_well(watched: Watched) -> None:
    """But the dead man's switch hears that monitoring lives."""
    assert until(lambda: not watched.told(), 60), watched.told()
    assert until(partial(watched.query, 'ALERTS{alertname="Watchdog",alertstate="firing"}'), 30)


def test_dashboards_show_data(watched: Watched) -> None:
    """An empty panel looks like peace, and may be a metric that nobody tells."""
    asked = set(watched.shown())
    assert len(asked) > 100
    excused = re.compile("|".join(QUIET))
    wanted = {one for one in asked if not excused.search(one)}

    def empty() -> list[str]:
        return sorted(one for one in wanted if not watched.query(one))

    assert until(lambda: not empty(), 60), "\n".join(empty())


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.component)
def test_an_outage_tells_exactly_what_it_should(watched: Watched, outage: Outage) -> None:
    """By really ending the process. One alert too few and nobody comes, one too many and nobody knows where to look."""
    assert until(lambda: not watched.told(), 90), watched.told()
    pod = watched.node.pod(NAMESPACE, outage.component)
    pod.stop(grace=0)
    pod.report(ready=False)
    try:
        seen: set[tuple[str, str]] = set()

        def complete() -> bool:
            seen.update(watched.told())
            return seen >= outage.told

        assert until(complete, outage.minutes * 60 / PACE + 20), f"{seen} instead of {set(outage.told)}"
        until(lambda: not complete(), SETTLED)  # what follows a moment later counts as well
        assert seen == outage.told
    finally:
        pod.start(["kotaemon"] if outage.component == "kotaemon" else ())
        pod.wait_ready()
        pod.report(ready=True)


def test_prometheus_notices_that_nobody_can_be_told(watched: Watched) -> None:
    """Alertmanager can't tell of itself: it shows in the dashboards, and at the dead man's switch."""
    pod = watched.node.pod(NAMESPACE, "alertmanager")
    pod.stop(grace=0)
    try:
        firing = 'ALERTS{alertname="AlertmanagerDown",alertstate="firing"}'
        assert until(partial(watched.query, firing), 5 * 60 / PACE + 20)
    finally:
        pod.start()
        pod.wait_ready()
