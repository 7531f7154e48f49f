"""Google Cloud: what belongs together, and what production can't do without."""

import ipaddress
import re
from collections.abc import Iterator
from datetime import date
from itertools import combinations

from components.config.app import FilestoreTier
from components.config.edge import GoogleEdge
from components.config.fields import amount
from components.config.google import (
    Availability,
    CloudSql,
    Edition,
    ExclusionScope,
    ExistingGke,
    GkeCluster,
    GoogleBackup,
    NodePool,
    NodePools,
)
from components.config.problems import Problem, remove_command, set_command
from components.config.regions import ZONES, region_of
from components.config.section import AccessMode
from components.config.settings import Settings

from .rule import Stack, problem

_WINDOW_HOURS, _WINDOW_WEEKS = 48, 4
_FILESTORE_LEAST = "1Ti"
_LONGEST_FREEZE, _MOST_FREEZES = 30, 3
_SMALLEST = {"nodes": 26, "pods": 21, "services": 24, "googleServices": 22}


def uses_of_google(settings: Settings) -> dict[str, str]:
    """The keys that need Google Cloud, and what each is."""
    found = {
        "cluster.kind": isinstance(settings.cluster, GkeCluster | ExistingGke) and "a GKE cluster",
        "postgres.kind": isinstance(settings.postgres, CloudSql) and "Cloud SQL",
        "edge.kind": isinstance(settings.edge, GoogleEdge) and "Google's load balancer",
        "backup.kind": isinstance(settings.backup, GoogleBackup) and "a bucket and Backup for GKE",
        "app.storage.filestore": settings.app.storage.filestore is not None and "Filestore",
        "secretManager": bool(settings.secret_manager) and "Secret Manager",
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
            f"is missing: {what} (kotaemon:{key}) is in a project of Google Cloud",
            f"make init STACK=… PROJECT=my-project, or {set_command('google.project', 'my-project')}",
            *used,
            "google",
        )
    if stack.settings.google is not None and not used:
        yield problem(
            "google",
            None,
            "is set, but nothing of this stack is Google's: a cluster, say, of kind gke",
            f"{remove_command('google')}, or {set_command('cluster.kind', 'gke')}",
            "cluster", "postgres", "edge", "backup", "app.storage", "secretManager",
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


def cluster_zones(stack: Stack) -> Iterator[Problem]:
    """Zones are the region's; in production one or two may not be enough to lose one."""
    cluster, google = stack.settings.cluster, stack.settings.google
    if not isinstance(cluster, GkeCluster) or google is None:
        return
    known = ZONES[google.region]
    for number, zone in enumerate(cluster.zones):
        if zone not in known:
            yield problem(
                f"cluster.zones[{number}]",
                zone,
                f"must be a zone of {google.region}: {', '.join(known)}",
                set_command(f"cluster.zones[{number}]", known[number % len(known)]),
                "google.region",
            )
        elif zone in cluster.zones[:number]:
            yield problem(
                f"cluster.zones[{number}]",
                zone,
                "stands there twice",
                remove_command(f"cluster.zones[{number}]"),
            )
    if stack.settings.production and cluster.zones and len(set(cluster.zones)) < 3:
        yield problem(
            "cluster.zones",
            ", ".join(cluster.zones),
            "must be three zones or more in production: with fewer, the loss of one takes down the whole or its "
            "majority; without the key they are the region's first three",
            remove_command("cluster.zones"),
            "production",
        )


def networks(stack: Stack) -> Iterator[Problem]:
    """Ranges of one network may not overlap, and must be large enough."""
    cluster = stack.settings.cluster
    if isinstance(cluster, ExistingGke) and cluster.google_services is not None:
        yield from _too_small("cluster.googleServices", cluster.google_services, _SMALLEST["googleServices"])
    if not isinstance(cluster, GkeCluster):
        return
    ranges = {
        "nodes": cluster.network.nodes,
        "pods": cluster.network.pods,
        "services": cluster.network.services,
        "googleServices": cluster.network.google_services,
    }
    for (one, a), (other, b) in combinations(ranges.items(), 2):
        if ipaddress.IPv4Network(a).overlaps(ipaddress.IPv4Network(b)):
            yield problem(
                f"cluster.network.{other}",
                b,
                f"overlaps cluster.network.{one} ({a}): every address has one meaning in a network",
                remove_command(f"cluster.network.{other}"),
                f"cluster.network.{one}",
            )
    for key, given in ranges.items():
        yield from _too_small(f"cluster.network.{key}", given, _SMALLEST[key])


def _too_small(key: str, given: str, smallest: int) -> Iterator[Problem]:
    network = ipaddress.IPv4Network(given)
    if network.prefixlen > smallest:
        yield problem(
            key,
            given,
            f"is too small: it must be a /{smallest} or larger, and can't grow later",
            set_command(key, f"{network.network_address}/{smallest}")
            if int(network.network_address) % 2 ** (32 - smallest) == 0
            else remove_command(key),
        )


def control_plane(stack: Stack) -> Iterator[Problem]:
    """A control plane that all the internet can knock at is one bug away from everybody."""
    cluster = stack.settings.cluster
    if not isinstance(cluster, GkeCluster) or not stack.settings.production:
        return
    for number, one in enumerate(cluster.control_plane.authorized_networks):
        if ipaddress.IPv4Network(one.cidr).prefixlen < 8:
            yield problem(
                f"cluster.controlPlane.authorizedNetworks[{number}].cidr",
                one.cidr,
                "makes the control plane's address public, which production may not: the DNS endpoint needs no "
                "address, since IAM checks each call",
                remove_command(f"cluster.controlPlane.authorizedNetworks[{number}]"),
                "production",
            )


def maintenance(stack: Stack) -> Iterator[Problem]:
    """GKE refuses windows that leave it too little time, and freezes that never end."""
    cluster = stack.settings.cluster
    if not isinstance(cluster, GkeCluster):
        return
    given, path = cluster.maintenance, "cluster.maintenance"
    days = len(set(given.days))
    if days * given.hours * _WINDOW_WEEKS < _WINDOW_HOURS:
        least = -(-_WINDOW_HOURS // (_WINDOW_WEEKS * days))
        yield problem(
            f"{path}.hours",
            given.hours,
            f"must be at least {least} with {days} day(s) a week: GKE wants 48 hours in 32 days",
            set_command(f"{path}.hours", least),
            f"{path}.days",
        )
    if len(given.exclusions) > _MOST_FREEZES:
        yield problem(
            f"{path}.exclusions",
            f"{len(given.exclusions)} entries",
            f"must be at most {_MOST_FREEZES}, as GKE keeps no more",
            remove_command(f"{path}.exclusions[{_MOST_FREEZES}]"),
        )
    for number, one in enumerate(given.exclusions):
        key = f"{path}.exclusions[{number}].end"
        try:
            length = (date.fromisoformat(one.end) - date.fromisoformat(one.start)).days
        except ValueError:
            yield problem(key, one.end, "and start must be days of the calendar", remove_command(key))
            continue
        if length <= 0:
            yield problem(key, one.end, f"must be after start ({one.start})", remove_command(key))
        elif one.scope is ExclusionScope.NO_UPGRADES and length > _LONGEST_FREEZE:
            yield problem(
                key,
                one.end,
                f"must be at most {_LONGEST_FREEZE} days after start with scope no-upgrades; longer ones hold back "
                "minor versions alone",
                set_command(f"{path}.exclusions[{number}].scope", ExclusionScope.NO_MINOR_UPGRADES),
                f"{path}.exclusions[{number}].scope",
            )


def node_pools(stack: Stack) -> Iterator[Problem]:
    """Nodes whose number is possible, and that stay where data is."""
    cluster = stack.settings.cluster
    if not isinstance(cluster, GkeCluster):
        return
    pools = cluster.node_pools
    if cluster.autopilot:
        if pools != NodePools():
            yield problem(
                "cluster.nodePools",
                None,
                "isn't used with Autopilot, which makes nodes for the pods that there are",
                remove_command("cluster.nodePools"),
                "cluster.autopilot",
            )
        return
    named: dict[str, NodePool | None] = {"main": pools.main, "spot": pools.spot, "gpu": pools.gpu}
    for name, pool in named.items():
        if pool is not None and pool.min_nodes > pool.max_nodes:
            yield problem(
                f"cluster.nodePools.{name}.minNodes",
                pool.min_nodes,
                f"must be at most maxNodes ({pool.max_nodes})",
                set_command(f"cluster.nodePools.{name}.minNodes", pool.max_nodes),
                f"cluster.nodePools.{name}.maxNodes",
            )
    zones = 3 if not cluster.zones else len(set(cluster.zones))
    if stack.settings.production and pools.main.max_nodes < zones:
        yield problem(
            "cluster.nodePools.main.maxNodes",
            pools.main.max_nodes,
            f"must be at least {zones} in production, one node for each zone",
            set_command("cluster.nodePools.main.maxNodes", zones),
            "production",
            "cluster.zones",
        )
    if stack.settings.production and pools.main.spot:
        yield problem(
            "cluster.nodePools.main.spot",
            True,
            "puts data on nodes that Google takes back at 30 seconds' notice, all at once if it needs them; "
            "production keeps it on nodes that stay. Spot nodes can stand beside: cluster.nodePools.spot",
            set_command("cluster.nodePools.main.spot", False),
            "production",
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
        usable = max(1, cores + cores % 2 if cores > 1 else 1)
        least, most = max(3840, -(-usable * 922 // 256) * 256), usable * 6656
        if cores != usable or memory % 256 or not least <= memory <= most:
            yield problem(
                "postgres.tier",
                database.tier,
                f"isn't possible: cores are 1 or even, memory is a multiple of 256 MiB, with {usable} core(s) from "
                f"{least} to {most}",
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
    if amount(storage.size) < amount(_FILESTORE_LEAST):
        yield problem(
            "app.storage.size",
            storage.size,
            f"must be at least {_FILESTORE_LEAST} on Filestore ({storage.filestore}), which gives no less",
            set_command("app.storage.size", _FILESTORE_LEAST),
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
            "cluster",
        )
