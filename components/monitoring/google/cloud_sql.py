"""What only Google knows of a Cloud SQL instance: alerts and a board on its own metrics.

They cost nothing and come every minute, some minutes late.
Source: docs.cloud.google.com/monitoring/api/metrics_gcp_c, cloudsql; …/promql/promql-mapping.
"""

from dataclasses import dataclass
from datetime import timedelta

from components.monitoring.dashboards import Board, Section, Tile
from components.monitoring.definition import Group
from components.signals.model import Alert, Panel, Query, Severity, Unit

from .own import Signals, series

COMPONENT = "postgres"
GROUP = Group(name="cloud-sql", component=COMPONENT, interval=timedelta(minutes=1), rules=())
"""What its alerts' policies say of where they come from."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A Cloud SQL instance of PostgreSQL."""

    database_id: str
    """PROJECT:NAME."""
    connections: int
    """Most that it takes."""
    standby: bool
    """Whether another zone takes over."""

    def series(self, metric: str) -> str:
        """A metric of it."""
        mine = f'database_id="{self.database_id}"'
        return series(f"cloudsql/database/{metric}", "cloudsql_database", mine)

    def worst(self, metric: str) -> str:
        """Its largest value, free of the labels that Google adds."""
        return f"max by (database_id) ({self.series(metric)})"


def signals(instance: Instance) -> Signals:
    """Alerts and the board."""
    return Signals(group=GROUP, alerts=alerts(instance), board=board(instance))


def alerts(instance: Instance) -> tuple[Alert, ...]:
    """What somebody must act on; which of them there are depends on `standby` alone."""
    taken = f"sum by (database_id) ({instance.series('postgresql_num_backends')}) / {instance.connections}"
    standby = Alert(
        name="CloudSqlStandbyMissing",
        expr=f"{instance.worst('available_for_failover')} < 1",
        lasting=timedelta(minutes=30),
        severity=Severity.TICKET,
        summary="Cloud SQL couldn't move PostgreSQL to its other zone: should this zone fail now, PostgreSQL does.",
    )
    return (
        Alert(
            name="CloudSqlDown",
            expr=f"{instance.worst('up')} < 1",
            lasting=timedelta(minutes=5),
            severity=Severity.TICKET,
            summary="Google says that the Cloud SQL instance doesn't run.",
        ),
        Alert(
            name="CloudSqlDiskNearlyFull",
            expr=f"{instance.worst('disk_utilization')} > 0.9",
            lasting=timedelta(minutes=15),
            severity=Severity.PAGE,
            summary="{{ $value | humanizePercentage }} of Cloud SQL's disk is used, and it hasn't grown by itself; "
            "when it is full, PostgreSQL stops.",
        ),
        Alert(
            name="CloudSqlCpuNearlyUsed",
            expr=f"{instance.worst('cpu_utilization')} > 0.9",
            lasting=timedelta(minutes=30),
            severity=Severity.TICKET,
            summary="Cloud SQL has used {{ $value | humanizePercentage }} of its CPU for half an hour: "
            "answers get slow.",
        ),
        Alert(
            name="CloudSqlMemoryNearlyUsed",
            expr=f"{instance.worst('memory_utilization')} > 0.95",
            lasting=timedelta(minutes=30),
            severity=Severity.TICKET,
            summary="Cloud SQL uses {{ $value | humanizePercentage }} of its memory; when it runs out, "
            "PostgreSQL starts anew and every connection breaks.",
        ),
        Alert(
            name="CloudSqlConnectionsNearlyUsed",
            expr=f"{taken} > 0.8",
            lasting=timedelta(minutes=10),
            severity=Severity.TICKET,
            summary="{{ $value | humanizePercentage }} of PostgreSQL's connections are taken; when all are, "
            "people get errors.",
        ),
        Alert(
            name="CloudSqlTransactionIdsNearlyUsed",
            expr=f"{instance.worst('postgresql_transaction_id_utilization')} > 0.7",
            lasting=timedelta(hours=1),
            severity=Severity.TICKET,
            summary="{{ $value | humanizePercentage }} of PostgreSQL's transaction ids are used up: vacuum doesn't "
            "keep up, and at the end PostgreSQL takes no more writes.",
        ),
        *((standby,) if instance.standby else ()),
    )


def board(instance: Instance) -> Board:
    """How the instance is."""

    def tile(
        title: str, description: str, unit: Unit, *queries: Query, bad_above: float | None = None
    ) -> Tile:
        panel = Panel(title=title, description=description, unit=unit, queries=queries, bad_above=bad_above)
        return Tile(width=8, content=panel)

    def share(title: str, description: str, metric: str, bad_above: float) -> Tile:
        query = Query(expr=instance.worst(metric), legend="used")
        return tile(title, description, Unit.SHARE, query, bad_above=bad_above)

    backends = f"sum by (database) ({instance.series('postgresql_num_backends')})"
    return Board(
        name="cloud-sql",
        title="Cloud SQL",
        description="How Google's PostgreSQL is: room, work, connections.",
        sections=(
            Section(
                title="",
                tiles=(
                    share("CPU", "Share of its CPU that is used.", "cpu_utilization", 0.9),
                    share("Memory", "Share of its memory that is used.", "memory_utilization", 0.95),
                    share(
                        "Disk", "Share of its disk that is used; it grows by itself.", "disk_utilization", 0.9
                    ),
                    tile(
                        "Connections",
                        "Open connections, by database.",
                        Unit.COUNT,
                        Query(expr=backends, legend="{{database}}"),
                        bad_above=0.8 * instance.connections,
                    ),
                    tile(
                        "Data",
                        "Bytes on its disk, and how large that is.",
                        Unit.BYTES,
                        Query(expr=instance.worst("disk_bytes_used"), legend="used"),
                        Query(expr=instance.worst("disk_quota"), legend="size"),
                    ),
                    tile(
                        "Transactions",
                        "Transactions that were committed or rolled back.",
                        Unit.PER_SECOND,
                        Query(
                            expr="sum by (transaction_type) (rate("
                            f"{instance.series('postgresql_transaction_count')}[5m]))",
                            legend="{{transaction_type}}",
                        ),
                    ),
                ),
            ),
        ),
    )
