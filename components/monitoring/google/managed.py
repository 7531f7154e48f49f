"""What Google runs for a stack, and so measures itself."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi

from components.signals.model import Scope

from . import backups, cloud_sql, load_balancer, logged
from .own import Source


@dataclass(frozen=True, kw_only=True)
class Database:
    """A Cloud SQL instance."""

    name: pulumi.Input[str]
    connections: int
    """Most that it takes."""
    standby: bool
    """Whether another zone takes over."""


@dataclass(frozen=True, kw_only=True)
class LoadBalancer:
    """A Gateway of Google's class."""

    gateway: str
    armor: pulumi.Input[str] | None
    """The Cloud Armor policy's name, where there is one."""


@dataclass(frozen=True, kw_only=True)
class BackupPlan:
    """A plan of Backup for GKE."""

    name: pulumi.Input[str]
    schedule: str
    """As cron says it."""


@dataclass(frozen=True, kw_only=True)
class Managed:
    """What of it a stack has."""

    database: Database | None = None
    load_balancer: LoadBalancer | None = None
    errors: pulumi.Input[str] | None = None
    """The log-based metric that counts errors, where Google keeps the logs."""
    backup_plan: BackupPlan | None = None

    def sources(self, *, project_id: str, scope: Scope, backups_metric: str) -> Iterator[Source]:
        """Each with what its metrics tell; `backups_metric` is the log-based one of Cloud SQL's backups."""
        if (database := self.database) is not None:
            yield Source(
                name=database.name,
                signals=lambda name: cloud_sql.signals(
                    cloud_sql.Instance(
                        database_id=f"{project_id}:{name}",
                        connections=database.connections,
                        standby=database.standby,
                    )
                ),
            )
            yield Source(name=backups_metric, signals=lambda metric: backups.of_cloud_sql(metric, scope))
        if (balancer := self.load_balancer) is not None:
            yield Source(
                name=balancer.armor if balancer.armor is not None else "",
                signals=lambda armor: load_balancer.signals(
                    load_balancer.Door(
                        namespace=scope.namespace,
                        gateway=balancer.gateway,
                        armor=armor if balancer.armor is not None else None,
                    )
                ),
            )
        if self.errors is not None:
            yield Source(name=self.errors, signals=logged.signals)
        if (plan := self.backup_plan) is not None:
            yield Source(
                name=plan.name,
                signals=lambda name: backups.of_gke(backups.Plan(name=name, schedule=plan.schedule), scope),
            )
