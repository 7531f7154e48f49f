"""What of Google's there is: the project, the network and the cluster as frames, its services as boxes."""

from collections.abc import Callable, Mapping

from policies.graph import Resource
from policies.values import at, items, mapping, number, text

from .index import Index
from .model import Box, Frame, Kind, Lane, Scope
from .objects import application_variables, holdings
from .text import counted, joined

CLUSTER = "gcp:container/cluster:Cluster"
EXISTING = "kotaemon:index:ExistingCluster"
CHART = "kubernetes:helm.sh/v3:Release"
NODE_POOL = "gcp:container/nodePool:NodePool"
NETWORK = "gcp:compute/network:Network"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
NAT = "gcp:compute/routerNat:RouterNat"
SQL = "gcp:sql/databaseInstance:DatabaseInstance"
BUCKET = "gcp:storage/bucket:Bucket"
RING = "gcp:kms/keyRing:KeyRing"
KEY = "gcp:kms/cryptoKey:CryptoKey"
PLAN = "gcp:gkebackup/backupPlan:BackupPlan"

_PROVIDER = "pulumi:providers:gcp"
_DAY = 24 * 3600


def _name(one: Resource) -> str:
    return text(one.inputs.get("name")) or one.name


def project(index: Index) -> Frame | None:
    """The project that holds all of it; None where nothing is Google's."""
    ours = [one for one in index.resources if one.type.startswith("gcp:")]
    if not ours:
        return None
    providers = [one.inputs for one in index.resources if one.type == _PROVIDER]
    named = [text(inputs.get("project")) for inputs in (*providers, *(one.inputs for one in ours))]
    regions = [text(inputs.get("region")) for inputs in (*providers, *(one.inputs for one in ours))]
    apis = len(index.of("gcp:projects/service:Service"))
    roles = [one for one in ours if "iam" in one.type.lower() and one.kind.endswith(("Member", "Binding"))]
    accounts = len(index.of("gcp:serviceaccount/account:Account"))
    return Frame(
        scope=Scope.PROJECT,
        title=f"Google Cloud project {next(filter(None, named), '')}".strip(),
        facts=tuple(
            filter(None, [
                joined([
                    next(filter(None, regions), ""),
                    counted(apis, "API") if apis else "",
                    counted(accounts, "service account") if accounts else "",
                    counted(len(roles), "IAM role") if roles else "",
                ]),
            ])
        ),
    )  # fmt: skip


def network(index: Index) -> Frame | None:
    """The stack's own network."""
    found = index.of(NETWORK)
    if not found:
        return None
    ranges = []
    for subnet in index.of(SUBNETWORK):
        ranges.append(f"nodes {subnet.inputs.get('ipCidrRange')}")
        ranges += [
            f"{str(at(each, 'rangeName')).rsplit('-', 1)[-1]} {at(each, 'ipCidrRange')}"
            for each in items(subnet.inputs.get("secondaryIpRanges"))
        ]
    nats = [counted(max(1, len(items(one.inputs.get("natIps")))), "fixed address") for one in index.of(NAT)]
    return Frame(
        scope=Scope.VPC,
        title=f"VPC {_name(found[0])}",
        facts=tuple(filter(None, [joined(ranges), *(f"out by Cloud NAT, {text}" for text in nats)])),
    )


def cluster(index: Index) -> Frame:
    """The cluster; one that is there already has no more than its name."""
    found, charts = index.of(CLUSTER), index.of(CHART)
    runs = [f"{one.name} {text(one.inputs.get('version')) or ''}".strip() for one in charts]
    operators = [f"with {', '.join(runs)}"] if runs else []
    if not found:
        title = "GKE cluster" if index.of(EXISTING) else "Kubernetes cluster"
        there = "one that is there" + ("" if index.of(EXISTING) else ": minikube, kind, any other")
        return Frame(scope=Scope.CLUSTER, title=title, facts=(there, *operators))
    inputs = found[0].inputs
    channel = text(at(inputs, "releaseChannel.channel")) or ""
    traits = [
        "Autopilot" if inputs.get("enableAutopilot") else "",
        _zones(inputs),
        "private nodes" if at(inputs, "privateClusterConfig.enablePrivateNodes") else "",
        "no IP endpoint" if at(inputs, "controlPlaneEndpointsConfig.ipEndpointsConfig.enabled") is False else "",
        "Dataplane V2" if inputs.get("datapathProvider") == "ADVANCED_DATAPATH" else "",
        "Workload Identity" if mapping(inputs.get("workloadIdentityConfig")) else "",
        "secrets under KMS" if at(inputs, "databaseEncryption.state") == "ENCRYPTED" else "",
        "Binary Authorization" if "ENFORCE" in (text(at(inputs, "binaryAuthorization.evaluationMode")) or "") else "",
        f"{channel.lower()} channel" if channel else "",
    ]  # fmt: skip
    return Frame(
        scope=Scope.CLUSTER,
        title=f"GKE {_name(found[0])}",
        facts=(joined(traits), *_pools(index), *operators),
    )


def _zones(inputs: Mapping[str, object]) -> str:
    """`regional, nodes in europe-west4-a, b`: of a cluster in a region, which has a control plane in each zone."""
    place = text(inputs.get("location")) or ""
    zones = sorted(str(zone).removeprefix(f"{place}-") for zone in items(inputs.get("nodeLocations")))
    return f"regional, nodes in {place}-{', '.join(zones)}" if zones else place


def _pools(index: Index) -> list[str]:
    """The nodes, those that everything runs on first."""
    pools = sorted(index.of(NODE_POOL), key=lambda one: (not one.name.endswith("main"), one.name))
    return [_pool(one) for one in pools]


def _pool(one: Resource) -> str:
    scale = mapping(one.inputs.get("autoscaling"))
    least = scale.get("totalMinNodeCount", scale.get("minNodeCount"))
    most = scale.get("totalMaxNodeCount", scale.get("maxNodeCount"))
    count = f"{least} to {most}" if most is not None else text(one.inputs.get("nodeCount")) or ""
    node = mapping(one.inputs.get("nodeConfig"))
    gpu = ", ".join(
        f"{each} {at(card, 'type')}"
        for card in items(node.get("guestAccelerators"))
        if (each := at(card, "count"))
    )
    parts = [count, text(node.get("machineType")) or "", "spot" if node.get("spot") else "", gpu]
    return f"{_name(one).rsplit('-', 1)[-1]} nodes: {joined(parts, ', ')}"


def sql(index: Index, one: Resource) -> Box:
    """Cloud SQL."""
    settings = mapping(one.inputs.get("settings"))
    version = (text(one.inputs.get("databaseVersion")) or "").replace("POSTGRES_", "PostgreSQL ")
    regional = settings.get("availabilityType") == "REGIONAL"
    backup = mapping(settings.get("backupConfiguration"))
    kept = at(backup, "backupRetentionSettings.retainedBackups")
    days = number(backup.get("transactionLogRetentionDays"))
    private = at(settings, "ipConfiguration.ipv4Enabled") is False
    mode = text(at(settings, "ipConfiguration.sslMode")) or ""
    told = application_variables(index)
    held = holdings(told).get(told.get("KOTAEMON_PG_HOST", ""), [])
    encrypted = any(word in mode for word in ("ENCRYPTED_ONLY", "TRUSTED"))
    facts = [
        f"keeps {', '.join(held)}" if held else "",
        "regional: a standby in another zone" if regional else "zonal",
        joined(["private address" if private else "public address", "TLS only" if encrypted else ""], ", "),
        joined(
            [
                f"{kept} daily backups" if kept else "",
                f"any moment of {days:g} days" if days and backup.get("pointInTimeRecoveryEnabled") else "",
            ],
            ", ",
        ),
    ]
    return Box(
        id=one.urn,
        kind=Kind.DATABASE,
        lane=Lane.NETWORK,
        scope=Scope.VPC,
        title=f"Cloud SQL, {version}",
        version=joined([text(settings.get("tier")) or "", (text(settings.get("edition")) or "").lower()]),
        facts=tuple(filter(None, facts)),
        copies=2 if regional else 1,
    )


def bucket(index: Index, one: Resource) -> Box:
    """A bucket: how long what is in it can't be deleted, under whose key."""
    retention = number(at(one.inputs, "retentionPolicy.retentionPeriod"))
    locked = at(one.inputs, "retentionPolicy.isLocked") is True
    keyed = mapping(one.inputs.get("encryption"))
    versions = at(one.inputs, "versioning.enabled") is True
    return Box(
        id=one.urn,
        kind=Kind.BACKUP,
        lane=Lane.SERVICES,
        scope=Scope.PROJECT,
        title="Bucket",
        version=joined([_name(one), (text(one.inputs.get("location")) or "").lower()], ", "),
        facts=tuple(filter(None, [
            f"nobody deletes for {retention / _DAY:g} days{', locked' if locked else ''}" if retention else "",
            joined(["our own key" if keyed else "", "versions kept" if versions else ""], ", "),
        ])),
    )  # fmt: skip


def plan(index: Index, one: Resource) -> Box:
    """Backup for GKE."""
    schedule = text(at(one.inputs, "backupSchedule.cronSchedule")) or ""
    days = number(at(one.inputs, "retentionPolicy.backupRetainDays"))
    config = mapping(one.inputs.get("backupConfig"))
    what = [
        "objects",
        "volumes" if config.get("includeVolumeData") else "",
        "Secrets" if config.get("includeSecrets") else "",
    ]
    return Box(
        id=one.urn,
        kind=Kind.BACKUP,
        lane=Lane.SERVICES,
        scope=Scope.PROJECT,
        title="Backup for GKE",
        version=joined([f"{schedule} UTC" if schedule else "", f"kept {days:g} days" if days else ""], ", "),
        facts=(joined(what, ", "), *(["under our own key"] if mapping(config.get("encryptionKey")) else [])),
    )


def keys(index: Index) -> Box | None:
    """All keys as one box."""
    found = index.of(KEY)
    if not found:
        return None
    periods = {number((text(one.inputs.get("rotationPeriod")) or "").rstrip("s")) for one in found} - {None}
    return Box(
        id="keys",
        kind=Kind.SECRET,
        lane=Lane.SERVICES,
        scope=Scope.PROJECT,
        title="Cloud KMS",
        version=counted(len(found), "key"),
        facts=(
            "for " + ", ".join(sorted(_use(index, one) for one in found)),
            *(f"new every {period / _DAY:g} days" for period in sorted(filter(None, periods))[:1]),
        ),
    )


def _use(index: Index, one: Resource) -> str:
    """What a key is for: its name without its ring's."""
    rings = [_name(ring) for ring in index.of(RING)]
    return next((_name(one).removeprefix(f"{ring}-") for ring in rings if ring in _name(one)), _name(one))


def secret_manager(index: Index) -> Box | None:
    """Google's Secret Manager, where supplied secrets come from it."""
    if not index.of("SecretSync"):
        return None
    return Box(
        id="secret-manager", kind=Kind.SECRET, lane=Lane.SERVICES, scope=Scope.PROJECT, title="Secret Manager",
        facts=("supplied secrets, each by its version",),
    )  # fmt: skip


def monitoring(index: Index) -> Box | None:
    """Cloud Monitoring: what is asked from outside, and who is told of what."""
    policies, checks, boards, channels = (
        len(index.of(f"gcp:monitoring/{kind[0].lower()}{kind[1:]}:{kind}"))
        for kind in ("AlertPolicy", "UptimeCheckConfig", "Dashboard", "NotificationChannel")
    )
    if not policies:
        return None
    return Box(
        id="monitoring",
        kind=Kind.SERVICE,
        lane=Lane.SERVICES,
        scope=Scope.PROJECT,
        title="Cloud Monitoring",
        version=joined([counted(policies, "alert"), counted(boards, "dashboard") if boards else ""]),
        facts=(
            *(["asks the front door from outside"] if checks else []),
            f"tells {counted(channels, 'channel')}" if channels else "tells nobody yet",
        ),
    )


def logging(index: Index) -> Box | None:
    """The log bucket of the stack's own."""
    buckets = index.of("gcp:logging/projectBucketConfig:ProjectBucketConfig")
    days = [number(one.inputs.get("retentionDays")) for one in buckets]
    if not buckets:
        return None
    return Box(
        id="logging",
        kind=Kind.SERVICE,
        lane=Lane.SERVICES,
        scope=Scope.PROJECT,
        title="Cloud Logging",
        facts=("logs of the namespace, without probes", *(f"kept {one:g} days" for one in days if one)),
    )


EACH: Mapping[str, Callable[[Index, Resource], Box]] = {
    SQL: sql,
    BUCKET: bucket,
    PLAN: plan,
}
"""Types of which every resource is a box."""
