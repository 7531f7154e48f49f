"""What a real Prometheus, computing the stack's own rules, lets `make status` tell."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from components.config.monitoring import Objectives
from components.monitoring.definition import Definition
from components.monitoring.rules.components import ESSENTIAL_PART_DOWN as DOWN
from ops import forward, health
from ops.report import alerts, objectives, volumes
from ops.report.model import Mark, NotKnownError
from ops.report.series import Prometheus, Service, in_cluster
from tests.monitoring.rules.definitions import NAMESPACE, STACK, builtin
from tests.ops.prometheus_server import Told, api_server, behind, eventually, prometheus

PROMISED = Objectives(availability=99, latency_seconds=2, latency_share=95, days=30)
SERVICE = Service(namespace=NAMESPACE, name="prometheus", port=9090, made_by="make up")


def healthy(definition: Definition) -> dict[str, float]:
    """Every part answers, in half a second; volumes are half and nine tenths full."""
    told: dict[str, float] = {}
    for probe in definition.probes:
        labels = f'{{namespace="{NAMESPACE}",probe="{probe.name}",job="probes",essential="true"}}'
        told[f"probe_success{labels}"] = 1
        told[f"probe_duration_seconds{labels}"] = 0.5
    for claim, used in (("data-postgres-0", 5.0), ("data-qdrant-0", 9.0)):
        for namespace in (NAMESPACE, "another"):
            labels = f'{{namespace="{namespace}",persistentvolumeclaim="{claim}"}}'
            told[f"kubelet_volume_stats_used_bytes{labels}"] = used * 2**30
            told[f"kubelet_volume_stats_capacity_bytes{labels}"] = 10.0 * 2**30
    return told


@contextmanager
def watched(folder: Path) -> Iterator[tuple[Prometheus, Told]]:
    """The stack's Prometheus, reached as `make status` reaches it, and what it is told."""
    definition = builtin(objectives=PROMISED)
    told = Told(series=healthy(definition))
    with (
        prometheus(folder, definition, told) as url,
        api_server(behind(), url) as context,
    ):
        yield in_cluster(context, SERVICE), told


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Prometheus, Told]]:
    with watched(tmp_path_factory.mktemp("prometheus")) as found:
        yield found


def counted(asked: Prometheus) -> bool:
    try:
        return bool(objectives.ask(asked, NAMESPACE, PROMISED))
    except NotKnownError:
        return False


def test_a_stack_that_works_keeps_all_of_its_error_budget(running: tuple[Prometheus, Told]) -> None:
    """By the names under which the stack's own rules record it: a renamed series would be never known."""
    asked, _ = running
    eventually(lambda: counted(asked))
    available, fast = objectives.ask(asked, NAMESPACE, PROMISED)
    assert (available.name, available.wanted, available.achieved, available.budget) == (
        "availability", 0.99, 1, 1,
    )  # fmt: skip
    assert (fast.name, fast.wanted, fast.seconds, fast.budget) == ("latency", 0.95, 2, 1)
    assert 0 < available.observed < 0.1, (
        "it has been asked for seconds, of the twelve hours that stand for 30 days"
    )
    line = available.line()
    assert line.mark is Mark.WELL
    assert line.found.startswith("100 % in 30 days, ")
    assert line.found.endswith("100 % of the error budget left, 7 h 12 min")


def test_the_fullest_volumes_come_first_and_no_other_namespace_s(running: tuple[Prometheus, Told]) -> None:
    asked, _ = running
    eventually(lambda: bool(volumes.ask(asked, NAMESPACE)))
    found = volumes.ask(asked, NAMESPACE)
    assert [(one.claim, round(one.share, 2)) for one in found] == [
        ("data-qdrant-0", 0.9),
        ("data-postgres-0", 0.5),
    ]
    line = volumes.line(found)
    assert (line.mark, line.found) == (Mark.LOOK, "nearly full: data-qdrant-0 90 % of 10 GiB")
    assert volumes.line(found[1:]).mark is Mark.WELL


def test_an_outage_is_told_with_its_runbook_and_takes_of_the_budget(tmp_path: Path) -> None:
    """A page is what somebody must act on now: the command ends with 1, and leads to what to do."""
    with watched(tmp_path) as (asked, told):
        eventually(lambda: counted(asked))
        assert DOWN not in [one.name for one in alerts.ask(asked, STACK, NAMESPACE)]
        for name in told.series:
            if name.startswith("probe_success") and 'probe="application"' in name:
                told.series[name] = 0
        eventually(lambda: DOWN in [one.name for one in alerts.ask(asked, STACK, NAMESPACE)])
        down = next(one for one in alerts.ask(asked, STACK, NAMESPACE) if one.name == DOWN)
        assert down.severity == "page"
        assert down.runbook == "docs/runbooks/essential-part-down.md"
        assert down.since is not None
        assert down.summary
        assert alerts.ask(asked, "another", NAMESPACE) == ()
        assert alerts.ask(asked, STACK, "another") == ()
        eventually(lambda: objectives.ask(asked, NAMESPACE, PROMISED)[0].achieved < 1)


def test_the_sign_of_life_is_nobody_s_alert(running: tuple[Prometheus, Told]) -> None:
    """It fires always: a dead man's switch waits for it to stop."""
    asked, _ = running
    eventually(lambda: any(one.name == "Watchdog" for one in asked.firing()))
    assert not any(one.name == "Watchdog" for one in alerts.ask(asked, STACK, NAMESPACE))


def test_a_question_that_prometheus_refuses_is_told_in_its_words(running: tuple[Prometheus, Told]) -> None:
    asked, _ = running
    with pytest.raises(NotKnownError, match="parse error"):
        asked.query("up{")


def test_a_stack_that_never_answered_has_missed_one_objective_and_nobody_knows_of_the_other() -> None:
    """How fast it is can't be told; that nobody could use it can."""
    series = {"stack:achieved:ratio": 0.0, "stack:budget_remaining:ratio": -99.0, "stack:observed:ratio": 0.5}

    def get(path: str, **query: str) -> health.Object:
        metric = {"objective": "availability"}
        value = series[query["query"].partition("{")[0]]
        return {"status": "success", "data": {"result": [{"metric": metric, "value": [1, str(value)]}]}}

    (available,) = objectives.ask(Prometheus(get), NAMESPACE, PROMISED)
    assert (available.name, available.achieved) == ("availability", 0)
    nothing: health.Object = {"status": "success", "data": {"result": []}}
    with pytest.raises(NotKnownError, match="no count of it"):
        objectives.ask(Prometheus(lambda path, **query: nothing), NAMESPACE, PROMISED)


# Ways that lead nowhere -----------------------------------------------------------------------------


def test_a_prometheus_that_is_not_there_is_named_with_what_makes_it() -> None:
    with api_server({}) as context, pytest.raises(NotKnownError) as caught:
        in_cluster(context, SERVICE)
    assert caught.value.why == "there is no Service prometheus in namespace kotaemon"
    assert caught.value.advice == ("make up",)


def test_a_prometheus_without_a_pod_is_no_prometheus() -> None:
    objects = behind() | {f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices": {"items": []}}
    with api_server(objects) as context, pytest.raises(NotKnownError, match="no pod stands behind Service"):
        in_cluster(context, SERVICE)


def test_where_a_network_policy_stops_the_proxy_a_port_forward_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The namespace lets in nobody from outside, the API server included; a port-forward comes from inside."""
    definition, asked = builtin(objectives=PROMISED), list[tuple[str, int]]()

    def direct(listener: object, context: object, namespace: str, target: object, say: object) -> None:
        """In the place of the kubelet's stream: the same listener, pumped to the same port."""
        assert namespace == NAMESPACE
        asked.append(target())  # type: ignore[operator]  # as forward.serve takes it
        while True:
            connection, _ = listener.accept()  # type: ignore[attr-defined]  # the same
            import socket

            remote = socket.create_connection(upstream)
            threading.Thread(target=forward.pump, args=(connection, remote), daemon=True).start()

    monkeypatch.setattr(forward, "serve", direct)
    with prometheus(tmp_path, definition, Told(series={"up": 1})) as url, api_server(behind()) as context:
        host, port = url.removeprefix("http://").split(":")
        upstream = (host, int(port))
        found = in_cluster(context, SERVICE)
        assert [sample.value for sample in found.query("vector(7)")] == [7]
    assert asked == [("prometheus-0", 9090)]


def test_where_neither_way_leads_there_both_reasons_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def closing(listener: object, context: object, namespace: str, target: object, say: object) -> None:
        connection, _ = listener.accept()  # type: ignore[attr-defined]  # a socket
        say("no forward found")  # type: ignore[operator]  # as forward.serve takes it
        connection.close()

    monkeypatch.setattr(forward, "serve", closing)
    with api_server(behind()) as context, pytest.raises(NotKnownError) as caught:
        in_cluster(context, SERVICE)
    assert "i/o timeout" in caught.value.why
    assert "no forward found" in caught.value.why


# What is said of what was counted ---------------------------------------------------------------------

SPENT = objectives.Objective(
    name="availability",
    wanted=0.995,
    achieved=0.99996,
    budget=0.9,
    observed=1,
    window=timedelta(days=30),
)


@pytest.mark.parametrize(
    ("objective", "mark", "says"),
    [
        (
            SPENT,
            Mark.WELL,
            "99.99 % in 30 days (objective 99.5 %); 90 % of the error budget left, 3 h 14 min",
        ),
        (replace(SPENT, budget=0.2), Mark.LOOK, "20 % of the error budget left, 43 min"),
        (replace(SPENT, budget=-0.5), Mark.LOOK, "missed: the error budget is overdrawn by 1 h 48 min"),
        (replace(SPENT, observed=0.1), Mark.WELL, "in 30 days, 3 d of them known ("),
        (replace(SPENT, seconds=2.0), Mark.WELL, "99.99 % within 2 s in 30 days"),
    ],
)
def test_an_objective_says_how_much_may_still_go_wrong(
    objective: objectives.Objective, mark: Mark, says: str
) -> None:
    """99.996 % isn't 100 %: rounding up would hide that something went wrong."""
    line = objective.line()
    assert line.mark is mark
    assert says in line.found
