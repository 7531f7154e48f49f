"""Each alert fires when it should, and not when something merely comes near."""

from datetime import timedelta
from pathlib import Path

import pytest

from components.monitoring.names import WATCHDOG

from .cases import CASES
from .definitions import VARIANTS, builtin, google
from .promtool import Expected, newest, run
from .series import GIB, grow, healthy, hold, overlaid, without


def test_every_alert_has_a_case() -> None:
    """An alert that nobody has seen fire may never do so."""
    names = {alert.name for definition in VARIANTS.values() for _, alert in definition.alerts}
    assert names == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_alert_fires_and_stays_quiet(tmp_path: Path, name: str) -> None:
    """Its condition, for as long as it must last; and what is almost it."""
    _see(tmp_path, name)


@pytest.mark.sandbox
@pytest.mark.parametrize("name", CASES)
def test_alert_fires_on_the_version_that_runs(tmp_path: Path, name: str) -> None:
    """Prometheus 3 counts the ends of a window differently, and reads some expressions anew."""
    _see(tmp_path, name, newest())


def _see(folder: Path, name: str, program: Path | None = None) -> None:
    case = CASES[name]
    definition = builtin(objectives=case.objectives)
    base = healthy(definition, case.minutes + 1)
    at = timedelta(minutes=case.minutes) - timedelta(seconds=30)
    expr = f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
    fires = Expected(expr=expr, at=at, samples=[({}, case.count)])
    quiet = Expected(expr=expr, at=at, samples=[])
    tests = [(overlaid(definition, without(base, case.lost), case.fires), [fires])]
    if name != WATCHDOG:
        tests.append((overlaid(definition, base, case.quiet), [quiet]))
    own = {group.name for group, alert in definition.alerts if alert.name == name}
    run(folder, definition, tests, groups=[*case.groups, *own], program=program)


def test_on_google_gkes_own_metrics_tell_of_restarts_and_memory(tmp_path: Path) -> None:
    """Its package of kube-state-metrics has neither, and its own metrics name pods and containers otherwise."""
    definition = google()
    labels = 'monitored_resource="k8s_container",namespace_name="kotaemon",pod_name="qdrant-0",container_name="qdrant"'
    used = f'kubernetes_io:container_memory_limit_utilization{{{labels},memory_type="non-evictable"}}'
    cached = f'kubernetes_io:container_memory_limit_utilization{{{labels},memory_type="evictable"}}'
    restarts = f"kubernetes_io:container_restart_count{{{labels}}}"
    expr = (
        "count by (alertname, component, namespace, pod, container) "
        '(ALERTS{alertname=~"Container(RestartsOften|NearMemoryLimit)",alertstate="firing"})'
    )
    named = {"component": "qdrant", "namespace": "kotaemon", "pod": "qdrant-0", "container": "qdrant"}
    both = [
        ({"alertname": name, **named}, 1.0) for name in ("ContainerRestartsOften", "ContainerNearMemoryLimit")
    ]
    at = timedelta(minutes=19)
    run(
        tmp_path,
        definition,
        [
            ({used: hold(0.95, 20), restarts: grow(0, 0.2, 20)}, [Expected(expr=expr, at=at, samples=both)]),
            (
                {used: hold(0.5, 20), cached: hold(0.95, 20), restarts: hold(2, 20)},
                [Expected(expr=expr, at=at, samples=[])],
            ),
        ],
        groups=["pods"],
    )


def test_a_full_volume_of_prometheus_is_told_where_only_its_blocks_are_known(tmp_path: Path) -> None:
    """Prometheus 2.42 has no metric for its log: a sum with it would be nothing, and never too large."""
    definition = builtin()
    base = without(healthy(definition, 41), ["prometheus_tsdb_wal", "prometheus_tsdb_head"])
    blocks = {'prometheus_tsdb_storage_blocks_bytes{job="prometheus"}': hold(9 * GIB, 41)}
    expr = 'count(ALERTS{alertname="PrometheusStorageFilling",alertstate="firing"})'
    expected = Expected(expr=expr, at=timedelta(minutes=40), samples=[({}, 1)])
    run(tmp_path, definition, [(overlaid(definition, base, blocks), [expected])], groups=["monitoring"])
