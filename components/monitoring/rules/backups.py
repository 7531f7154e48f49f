"""How old the last good backup is, and whether it shrank. Google's package of metrics tells nothing of CronJobs."""

from datetime import timedelta

from components.monitoring.subject import BackupSignal, Group, Subject
from components.signals.model import Alert, Scope, Severity, span


def backup_groups(subject: Subject) -> tuple[Group, ...]:
    """A group for each backup."""
    if subject.managed:
        return ()
    return tuple(
        Group(
            name=f"backup-{backup.cron_job}",
            component=backup.component,
            interval=timedelta(minutes=5),
            rules=(_old(subject.scope, backup), *_small(subject.scope, backup)),
        )
        for backup in subject.backups
    )


def _old(scope: Scope, backup: BackupSignal) -> Alert:
    chosen = f'{{{scope},cronjob="{backup.cron_job}"}}'
    last = f"max by (namespace, cronjob) (kube_cronjob_status_last_successful_time{chosen})"
    # One that never succeeded is as old as its CronJob.
    since = f"({last} or max by (namespace, cronjob) (kube_cronjob_created{chosen}))"
    return Alert(
        name="BackupTooOld",
        expr=f"time() - {since} > {round(backup.max_age.total_seconds())}",
        severity=Severity.TICKET,
        summary=f"The last good backup by {backup.cron_job} is {{{{ $value | humanizeDuration }}}} old: "
        "whatever is lost now, is lost for longer than was meant.",
    )


def _small(scope: Scope, backup: BackupSignal) -> tuple[Alert, ...]:
    if backup.size is None:
        return ()
    week = span(timedelta(days=7))
    return (
        Alert(
            name="BackupShrank",
            expr=f"({backup.size}) / max_over_time(({backup.size})[{week}:1h]) < 0.5",
            severity=Severity.TICKET,
            summary=f"The last backup by {backup.cron_job} has {{{{ $value | humanizePercentage }}}} "
            "of the size of last week's largest: something may be missing in it.",
        ),
    )
