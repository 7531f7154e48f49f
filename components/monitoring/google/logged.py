"""Errors in logs, counted by Cloud Logging: what nobody reads until something is wrong."""

from datetime import timedelta

from components.monitoring.dashboards import Board, Section, Tile
from components.monitoring.definition import Group
from components.signals.model import Alert, Panel, Query, Severity, Unit

from .own import Signals, series

GROUP = Group(name="errors-in-logs", component=None, interval=timedelta(minutes=1), rules=())
MANY = 10
"""Lines a minute of one container. A failed answer writes one to three; so for a quarter of an hour several people
fail every minute, or something tries again without end. A single person's mistakes don't come to that."""


def signals(metric: str) -> Signals:
    """`metric` is the log-based one, as logging.googleapis.com/user/NAME."""
    counted = series(f"logging/{metric.partition('/')[2]}", "k8s_container")

    def panel(title: str, label: str, bad_above: float | None = None) -> Tile:
        query = Query(
            expr=f"60 * sum by ({label}) (rate({counted}[5m]))", legend=f"{{{{{label}}}}}", needs_data=False
        )
        return Tile(
            width=12,
            content=Panel(
                title=title,
                description="Lines a minute that tell of an error: ERROR and worse, and tracebacks.",
                unit=Unit.COUNT,
                queries=(query,),
                bad_above=bad_above,
            ),
        )

    return Signals(
        group=GROUP,
        alerts=(
            Alert(
                name="ErrorsInLogs",
                expr=f"60 * sum by (container_name) (rate({counted}[5m])) > {MANY}",
                lasting=timedelta(minutes=15),
                severity=Severity.TICKET,
                summary='{{ $labels.container_name }} writes {{ $value | printf "%.0f" }} errors a minute to its log, '
                "for a quarter of an hour.",
            ),
        ),
        board=Board(
            name="errors-in-logs",
            title="Errors in logs",
            description="Which part complains, and since when.",
            sections=(
                Section(
                    title="",
                    tiles=(
                        panel("By container", "container_name", bad_above=MANY),
                        panel("By pod", "pod_name"),
                    ),
                ),
            ),
        ),
    )
