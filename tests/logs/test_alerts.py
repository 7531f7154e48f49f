"""The agents' alerts, by promtool: an outage of the destination, lines that are lost, and what comes near."""

from datetime import timedelta
from pathlib import Path

from components.config.monitoring import BuiltinMonitoring
from components.logs.watch import agent_watch
from components.monitoring.definition import define
from components.signals.model import Scope
from tests.monitoring.rules.promtool import Expected, run
from tests.monitoring.rules.series import Series, grow, hold

MINUTES = 60


def series(namespace: str = "kotaemon", *, sent: float = 0, retried: float = 0, dropped: float = 0) -> Series:
    """An agent that sends, tries again and drops so many each half minute."""
    labels = f'{{namespace="{namespace}",job="fluent-bit",pod="fluent-bit-x2x4z",name="destination"}}'
    counters = {"proc_records": sent, "retries": retried, "dropped_records": dropped}
    return {
        f"fluentbit_output_{name}_total{labels}": grow(0, step, MINUTES) if step else hold(0, MINUTES)
        for name, step in counters.items()
    }


def firing(folder: Path, given: Series, *names: str) -> None:
    """Exactly these alerts of the agents' fire at the end."""
    definition = define(
        stack="prod",
        scope=Scope(namespace="kotaemon"),
        watches=(agent_watch("kotaemon", "kotaemon-logs"),),
        watching=BuiltinMonitoring(kind="builtin"),
        production=False,
    )
    expr = 'max by (alertname, pod) (ALERTS{alertstate="firing",alertname=~"Logs.*"})'
    samples = [({"alertname": name, "pod": "fluent-bit-x2x4z"}, 1.0) for name in names]
    run(folder, definition, [(given, [Expected(expr=expr, at=timedelta(minutes=MINUTES), samples=samples)])])


def test_a_destination_that_is_away_is_told_of(tmp_path: Path) -> None:
    """The series have the stack's namespace, wherever the agents are."""
    firing(tmp_path, series(retried=2), "LogsNotDelivered")


def test_lines_that_are_dropped_are_told_of(tmp_path: Path) -> None:
    firing(tmp_path, series(sent=100, dropped=50), "LogsLost")


def test_a_retry_now_and_then_is_not(tmp_path: Path) -> None:
    """A restart of Loki costs a few tries, and nothing is lost."""
    firing(tmp_path, series(sent=100, retried=1))


def test_a_quiet_stack_is_not_an_outage(tmp_path: Path) -> None:
    """At night nobody writes anything."""
    firing(tmp_path, series())


def test_other_stacks_agents_are_not_this_one_s(tmp_path: Path) -> None:
    firing(tmp_path, series("kotaemon-2", retried=2, dropped=5))
