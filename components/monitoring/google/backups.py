"""Backups that Google makes: whether one failed, and whether a good one came within its time.

Alerts look back a day and no further, which Google has always allowed. So age is judged where backups are made each
day: none within a day, and that for some hours more. A stack that is younger has had no time to make one.
Sources: cloud.google.com/kubernetes-engine/docs/add-on/backup-for-gke/how-to/monitoring-metrics;
cloud.google.com/sql/docs/postgres/backup-recovery/view-audit-logs-for-automated-backups.
"""

from dataclasses import dataclass
from datetime import timedelta

import pulumi
import pulumi_gcp as gcp

from components.monitoring.definition import Group
from components.signals.model import Alert, Scope, Severity

from .own import Signals, series

GKE = Group(name="gke-backups", component=None, interval=timedelta(minutes=5), rules=())
CLOUD_SQL = Group(name="cloud-sql-backups", component="postgres", interval=timedelta(minutes=5), rules=())
_LATE = timedelta(hours=6)
"""How much later in its day a backup may end than the one before; Cloud SQL's window alone has four hours."""
_SUCCEEDED, _TRIED_AGAIN = "STATUS_SUCCEEDED", "STATUS_ATTEMPT_FAILED"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan of Backup for GKE."""

    name: str
    schedule: str
    """As cron says it."""

    @property
    def daily(self) -> bool:
        """Whether it is due every day at least."""
        return self.schedule.split()[2:] == ["*", "*", "*"]


def of_gke(plan: Plan, scope: Scope) -> Signals:
    """Backup for GKE counts each backup that ends, by how it ended."""

    def ended(state: str) -> str:
        return series(
            "gkebackup/backup_completion_times_count",
            "gkebackup.googleapis.com/BackupPlan",
            f'backup_plan_id="{plan.name}"',
            f'state="{state}"',
        )

    failed = Alert(
        name="GkeBackupFailed",
        expr=_some(ended("FAILED")),
        lasting=timedelta(0),
        severity=Severity.TICKET,
        summary="A backup of the cluster's objects and volumes failed.",
    )
    missing = Alert(
        name="GkeBackupMissing",
        expr=_none(ended("SUCCEEDED"), scope),
        lasting=_LATE,
        severity=Severity.TICKET,
        summary="For more than a day no backup of the cluster's objects and volumes has succeeded.",
    )
    return Signals(group=GKE, alerts=(failed, missing) if plan.daily else (failed,))


def of_cloud_sql(metric: str, scope: Scope) -> Signals:
    """Cloud SQL has no metric of its backups: `metric` is the name of the one made of its audit log."""

    def ended(matcher: str) -> str:
        return series(f"logging/user/{metric}", "cloudsql_database", matcher)

    return Signals(
        group=CLOUD_SQL,
        alerts=(
            Alert(
                name="CloudSqlBackupFailed",
                # What is neither: failed, skipped, and what Google may call it some day.
                expr=_some(ended(f'status!~"{_SUCCEEDED}|{_TRIED_AGAIN}"')),
                lasting=timedelta(0),
                severity=Severity.TICKET,
                summary="Cloud SQL's automatic backup failed, or was left out.",
            ),
            Alert(
                name="CloudSqlBackupMissing",
                expr=_none(ended(f'status="{_SUCCEEDED}"'), scope),
                lasting=_LATE,
                severity=Severity.TICKET,
                summary="For more than a day no automatic backup of Cloud SQL has succeeded.",
            ),
        ),
    )


def _some(counter: str) -> str:
    """It stays true for some hours, so that what was told of one isn't over at once."""
    return f"sum(increase({counter}[6h])) > 0.5"


def _none(counter: str, scope: Scope) -> str:
    watched = f"count(probe_success{{{scope}}} offset 1d)"
    return f"(sum(increase({counter}[1d])) or vector(0)) < 0.5 and {watched} > 0"


def cloud_sql_metric(
    name: str, database_id: pulumi.Input[str], project: pulumi.Input[str]
) -> gcp.logging.MetricArgs:
    """Counts the ends of an instance's automatic backups by their status; `database_id` is PROJECT:NAME."""
    logging = gcp.logging
    return logging.MetricArgs(
        project=project,
        name=name,
        description="Automatic backups of Cloud SQL, by how they ended",
        filter=pulumi.Output.format(
            'log_id("cloudaudit.googleapis.com/system_event") AND resource.type="cloudsql_database" AND '
            'resource.labels.database_id="{0}" AND '
            'protoPayload.methodName="cloudsql.instances.automatedBackup"',
            database_id,
        ),
        label_extractors={"status": "EXTRACT(protoPayload.metadata.windowStatus)"},
        metric_descriptor=logging.MetricMetricDescriptorArgs(
            metric_kind="DELTA",
            value_type="INT64",
            unit="1",
            display_name="Cloud SQL's backups",
            labels=[
                logging.MetricMetricDescriptorLabelArgs(
                    key="status", value_type="STRING", description="How it ended"
                )
            ],
        ),
    )
