"""Google Cloud's project and data services: what belongs together, and what production can't do without."""

import re
from collections.abc import Iterator

from components.config.app import FilestoreTier
from components.config.edge import GoogleEdge
from components.config.fields import amount
from components.config.google import (
    Availability,
    CloudSql,
    Edition,
    ExistingGke,
    GkeCluster,
    GoogleBackup,
)
from components.config.problems import Problem, remove_command, set_command
from components.config.regions import region_of
from components.config.section import AccessMode
from components.config.settings import Settings
from components.config.traces import CloudTrace, CollectorTraces

from .rule import Stack, problem

# Source: gcp-filestore-csi-driver, pkg/csi_driver/controller.go of June 2026. Older drivers round up to 1Ti.
_FILESTORE_LEAST = {
    FilestoreTier.STANDARD: "100Gi",
    FilestoreTier.ZONAL: "1Ti",
    FilestoreTier.REGIONAL: "100Gi",
}
_MOST_CORES = 96


def uses_of_google(settings: Settings) -> dict[str, str]:
    """The keys that need Google Cloud, and what each is."""
    found = {
        "cluster.kind": isinstance(settings.cluster, GkeCluster | ExistingGke) and "a GKE cluster",
        "postgres.kind": isinstance(settings.postgres, CloudSql) and "Cloud SQL",
        "edge.kind": isinstance(settings.edge, GoogleEdge) and "Google's load balancer",
        "backup.kind": isinstance(settings.backup, GoogleBackup) and "a bucket and Backup for GKE",
        "app.storage.filestore": settings.app.storage.filestore is not None and "Filestore",
        "secretManager": bool(settings.secret_manager) and "Secret Manager",
        "traces.to.kind": isinstance(settings.traces, CollectorTraces)
        and isinstance(settings.traces.to, CloudTrace)
        and "Cloud Trace",
    }
    return {key: what for key, what in found.items() if what}


def google_project(stack: Stack) -> Iterator[Problem]:
    """Whatever is Google's needs to know whose project, and where."""
    used = uses_of_google(stack.settings)
    if used and stack.settings.google is None:
        key, what = next(iter(used.items()))
        yield problem(
            "google.project",
            None,
            f"is missing: {what} (kotaemon:{key}) is in a project of Google Cloud, which `make init STACK=… "
            "PROJECT=…` writes here",
            set_command("google.project", "my-project"),
            *used,
            "google",
        )
    if stack.settings.google is not None and not used:
        yield problem(
            "google",
            None,
            "is set, but nothing of this stack is Google's: no cluster, say, of kind gke",
            remove_command("google"),
            "cluster", "postgres", "edge", "backup", "app.storage", "secretManager", "traces",
        )  # fmt: skip


def on_gke(stack: Stack) -> Iterator[Problem]:
    """Private addresses, workload identity and load balancers reach GKE's pods alone."""
    settings = stack.settings
    if isinstance(settings.cluster, GkeCluster | ExistingGke):
        return
    for key, what in uses_of_google(settings).items():
        yield problem(
            key,
            None if key == "secretManager" else _value(settings, key),
            f"needs a GKE cluster: kotaemon:cluster.kind gke, or gke-existing. {what} reaches no other's pods",
            set_command("cluster.kind", "gke"),
            "cluster",
        )


def _value(settings: Settings, key: str) -> object:
    section, *rest = key.split(".")
    value: object = getattr(settings, section)
    for part in rest:
        value = getattr(value, part)
    return value


def existing_gke(stack: Stack) -> Iterator[Problem]:
    """A database in another region is a slow one."""
    cluster, google = stack.settings.cluster, stack.settings.google
    if isinstance(cluster, ExistingGke) and google and region_of(cluster.location) != google.region:
        yield problem(
            "google.region",
            google.region,
            f"must be the cluster's region ({region_of(cluster.location)}): what is beside it belongs there",
            set_command("google.region", region_of(cluster.location)),
            "cluster.location",
        )


def cloud_sql(stack: Stack) -> Iterator[Problem]:
    """Combinations that Cloud SQL refuses, and one zone in production."""
    database = stack.settings.postgres
    if not isinstance(database, CloudSql):
        return
    if stack.settings.production and database.availability is Availability.ZONAL:
        yield problem(
            "postgres.availability",
            database.availability,
            "must be regional in production: a zonal database is gone with its zone",
            set_command("postgres.availability", Availability.REGIONAL),
            "production",
        )
    plus = database.edition is Edition.ENTERPRISE_PLUS
    if database.point_in_time_days > 7 and not plus:
        yield problem(
            "postgres.pointInTimeDays",
            database.point_in_time_days,
            "must be at most 7 in the enterprise edition; enterprise-plus keeps 35",
            set_command("postgres.pointInTimeDays", 7),
            "postgres.edition",
        )
    yield from _tier(stack, database, plus)


def _tier(stack: Stack, database: CloudSql, plus: bool) -> Iterator[Problem]:
    fits = (
        not database.tier.startswith("db-custom")
        and "micro" not in database.tier
        and "small" not in database.tier
    )
    if fits != plus:
        yield problem(
            "postgres.tier",
            database.tier,
            f"isn't one of the edition {database.edition}, whose tiers are such as "
            f"{'db-perf-optimized-N-2' if plus else 'db-custom-2-8192'}",
            set_command("postgres.tier", "db-perf-optimized-N-2" if plus else "db-custom-2-8192"),
            "postgres.edition",
        )
    elif stack.settings.production and database.tier in ("db-f1-micro", "db-g1-small"):
        yield problem(
            "postgres.tier",
            database.tier,
            "shares its core and has no service level; production needs a core of its own",
            set_command("postgres.tier", "db-custom-2-8192"),
            "production",
        )
    elif match := re.fullmatch(r"db-custom-([0-9]+)-([0-9]+)", database.tier):
        cores, memory = int(match[1]), int(match[2])
        usable = min(cores + cores % 2, _MOST_CORES) if cores > 1 else 1
        least, most = max(3840, -(-usable * 922 // 256) * 256), usable * 6656
        if cores != usable or memory % 256 or not least <= memory <= most:
            yield problem(
                "postgres.tier",
                database.tier,
                f"isn't possible: cores are 1 or even and at most {_MOST_CORES}, memory is a multiple of 256 MiB, with "
                f"{usable} core(s) from {least} to {most}",
                set_command(
                    "postgres.tier", f"db-custom-{usable}-{min(max(memory // 256 * 256, least), most)}"
                ),
            )


def filestore(stack: Stack) -> Iterator[Problem]:
    """A share is for many readers, large, and makes its own class."""
    storage = stack.settings.app.storage
    if storage.filestore is None:
        return
    if storage.access_mode is not AccessMode.READ_WRITE_MANY:
        yield problem(
            "app.storage.accessMode",
            storage.access_mode,
            "must be ReadWriteMany on Filestore, which is there for just that",
            set_command("app.storage.accessMode", AccessMode.READ_WRITE_MANY),
            "app.storage.filestore",
        )
    if storage.class_name is not None:
        yield problem(
            "app.storage.className",
            storage.class_name,
            "is made by the stack with app.storage.filestore: keep one of the two",
            remove_command("app.storage.className"),
            "app.storage.filestore",
        )
    least = _FILESTORE_LEAST[storage.filestore]
    if amount(storage.size) < amount(least):
        yield problem(
            "app.storage.size",
            storage.size,
            f"must be at least {least} on Filestore ({storage.filestore}), which gives no less",
            set_command("app.storage.size", least),
            "app.storage.filestore",
        )
    if stack.settings.production and storage.filestore is FilestoreTier.STANDARD:
        yield problem(
            "app.storage.filestore",
            storage.filestore,
            "has no snapshots and no service level for its data; production needs zonal or regional",
            set_command("app.storage.filestore", FilestoreTier.REGIONAL),
            "production",
        )


def backups(stack: Stack) -> Iterator[Problem]:
    """Production on Google Cloud is backed up, since that is one switch there."""
    settings = stack.settings
    on_google = isinstance(settings.cluster, GkeCluster | ExistingGke)
    if settings.production and on_google and not isinstance(settings.backup, GoogleBackup):
        yield problem(
            "backup.kind",
            settings.backup.kind,
            "must be google in production: volumes and vectors would be lost for good",
            set_command("backup.kind", "google"),
            "production",
            "cluster.kind",
        )
