"""Panels of the backups: how old the last good one is, and how large."""

from collections.abc import Sequence

from components.monitoring.definition import BackupSignal, Definition
from components.signals.model import Panel, PanelKind, Query, Scope, Unit

from .board import Tile


def backup_tiles(definition: Definition, backups: Sequence[BackupSignal], *, width: int) -> tuple[Tile, ...]:
    """Each backup's age and, where there is such a metric, its size.

    Nothing where nothing is backed up, and with Google's own metrics, which tell nothing of CronJobs.
    """
    if not backups or definition.managed:
        return ()
    sizes = tuple(
        Query(expr=f"max({backup.size})", legend=backup.cron_job) for backup in backups if backup.size
    )
    limit = min(backup.max_age for backup in backups).total_seconds()
    age = Tile(
        width=width,
        height=6,
        empty="none yet",
        content=Panel(
            title="Age of the last backup",
            description="Time since the last good backup: what is lost now is lost for so long.",
            kind=PanelKind.NUMBER,
            unit=Unit.SECONDS,
            warn_above=limit * 0.9,
            bad_above=limit,
            queries=tuple(_age(definition.scope, backup) for backup in backups),
        ),
    )
    size = Tile(
        width=width,
        height=6,
        content=Panel(
            title="Size of the backups",
            description="Bytes of each backup. One that shrinks to half has probably lost something.",
            unit=Unit.BYTES,
            queries=sizes,
        ),
    )
    return (age, size) if sizes else (age,)


def _age(scope: Scope, backup: BackupSignal) -> Query:
    own = f'{{{scope},cronjob="{backup.cron_job}"}}'
    return Query(
        expr=f"time() - max(kube_cronjob_status_last_successful_time{own})",
        legend=backup.cron_job,
        needs_data=False,  # none before the first
    )
