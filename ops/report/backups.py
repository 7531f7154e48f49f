"""The last backups, and the last time that one was restored to see whether it can be."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ops.health import Object, name_of, part, parts

from .cloud import Cloud
from .model import Line, Mark, moment, shown, words

BACKUP, DRILL = "backup", "restore-drill"
"""What `app.kubernetes.io/component` of a CronJob or Job is, or ends in, that backs up or tries to restore."""
_DAILY = timedelta(hours=36)
"""The age from which on a daily backup is called late."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A backup that is made again and again, or a restore that is tried so: how its last runs went."""

    what: str
    succeeded: datetime | None
    """When the last good one was complete."""
    failed: bool = False
    """Whether the last one that ended failed."""
    size: int | None = None
    """Bytes of the last good one, where they are known."""
    longest: timedelta | None = None
    """The age of a good one from which on something is wrong, where that is known."""

    def late(self, now: datetime) -> bool:
        """Whether the last good one is too old."""
        return self.longest is not None and self.succeeded is not None and now - self.succeeded > self.longest

    def line(self, name: str, now: datetime) -> Line:
        """As people read it."""
        if self.succeeded is None:
            found = f"{self.what}: none has succeeded yet"
        else:
            size = f", {self.size / 2**30:.3g} GiB" if self.size else ""
            found = f"{self.what}: {shown(self.succeeded)}, {words(now - self.succeeded)} ago{size}"
        if self.failed:
            found += "; the last one failed"
        elif self.late(now):
            found += "; that is too old"
        wrong = self.failed or self.succeeded is None or self.late(now)
        return Line(mark=Mark.LOOK if wrong else Mark.WELL, name=name, found=found)


def in_cluster(cron_jobs: Sequence[Object], jobs: Sequence[Object], role: str) -> Iterator[Run]:
    """The CronJobs of this role, and the Jobs of none that somebody started."""
    mine = [one for one in cron_jobs if _role(one) == role]
    for cron in mine:
        yield _of_cron_job(cron)
    loose = [job for job in jobs if _role(job) == role and not parts(job, "metadata", "ownerReferences")]
    if loose:
        done = [time for job in loose if (time := moment(part(job, "status").get("completionTime")))]
        yield Run(
            what="a Job",
            succeeded=max(done, default=None),
            failed=_condition(max(loose, key=_started), "Failed"),
        )


def _role(item: Object) -> str:
    label = str(part(item, "metadata", "labels").get("app.kubernetes.io/component", ""))
    return next((role for role in (BACKUP, DRILL) if label == role or label.endswith(f"-{role}")), "")


def _of_cron_job(cron: Object) -> Run:
    status = part(cron, "status")
    good, last = moment(status.get("lastSuccessfulTime")), moment(status.get("lastScheduleTime"))
    under_way = bool(parts(cron, "status", "active"))
    return Run(
        what=f"CronJob {name_of(cron)}{' (suspended)' if part(cron, 'spec').get('suspend') is True else ''}",
        succeeded=good,
        failed=last is not None and not under_way and (good is None or good < last),
    )


def _started(job: Object) -> str:
    return str(part(job, "status").get("startTime") or part(job, "metadata").get("creationTimestamp") or "")


def _condition(job: Object, kind: str) -> bool:
    conditions = parts(job, "status", "conditions")
    return any(one.get("type") == kind and one.get("status") == "True" for one in conditions)


def of_gke(cloud: Cloud, cluster: str, namespace: str) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """Backup for GKE's backups of the namespace, and restores by its restore plans. Raises NotKnownError.

    Source: cloud.google.com/kubernetes-engine/docs/add-on/backup-for-gke/reference/rest.
    """
    base = f"{cloud.endpoints.gke_backup}/v1/projects/{cloud.project}/locations/{cloud.region}"
    backups, drills = list[Run](), list[Run]()
    for plan in cloud.listed(f"{base}/backupPlans", "backupPlans"):
        if plan.get("cluster") != cluster or not _holds(plan, namespace):
            continue
        made = cloud.listed(_url(cloud, plan, "backups"), "backups")
        off = " (deactivated)" if plan.get("deactivated") is True else ""
        backups.append(_latest(f"Backup for GKE {_short(plan)}{off}", made))
        for restoring in cloud.listed(f"{base}/restorePlans", "restorePlans"):
            if restoring.get("backupPlan") == plan.get("name"):
                restored = cloud.listed(_url(cloud, restoring, "restores"), "restores")
                drills.append(_latest(f"restore plan {_short(restoring)}", restored))
    return tuple(backups), tuple(drills)


def _url(cloud: Cloud, parent: Object, children: str) -> str:
    return f"{cloud.endpoints.gke_backup}/v1/{parent.get('name')}/{children}"


def _short(item: Object) -> str:
    return str(item.get("name", "")).rpartition("/")[2]


def _holds(plan: Object, namespace: str) -> bool:
    config = part(plan, "backupConfig")
    named = part(config, "selectedNamespaces").get("namespaces")
    return config.get("allNamespaces") is True or (isinstance(named, list) and namespace in named)


def _latest(what: str, runs: Iterable[Object]) -> Run:
    """Of backups or restores; those under way say nothing yet."""
    ended = [one for one in runs if one.get("state") in ("SUCCEEDED", "FAILED")]
    ended.sort(key=lambda one: str(one.get("createTime", "")), reverse=True)
    good = next((one for one in ended if one.get("state") == "SUCCEEDED"), None)
    return Run(
        what=what,
        succeeded=moment(good.get("completeTime")) if good else None,
        failed=bool(ended) and ended[0].get("state") == "FAILED",
        size=_size(good.get("sizeBytes")) if good else None,
    )


def _size(text: object) -> int | None:
    """64-bit numbers are text in Google's JSON."""
    return int(text) if isinstance(text, str) and text.isdigit() else None


def of_cloud_sql(cloud: Cloud, prefix: str) -> tuple[Run, ...]:
    """Daily backups of the stack's instances, whose names begin with `prefix`. Raises NotKnownError."""
    base = f"{cloud.endpoints.sql}/v1/projects/{cloud.project}/instances"
    return tuple(
        _of_instance(str(one["name"]), cloud.listed(f"{base}/{one['name']}/backupRuns", "items"))
        for one in cloud.listed(base, "items")
        if str(one.get("name", "")).startswith(prefix)
    )


def _of_instance(name: str, runs: Iterable[Object]) -> Run:
    ended = [one for one in runs if one.get("status") in ("SUCCESSFUL", "FAILED")]
    ended.sort(key=lambda one: str(one.get("enqueuedTime", "")), reverse=True)
    good = next((one for one in ended if one.get("status") == "SUCCESSFUL"), None)
    return Run(
        what=f"Cloud SQL {name}",
        succeeded=moment(good.get("endTime")) if good else None,
        failed=bool(ended) and ended[0].get("status") == "FAILED",
        longest=_DAILY,
    )
