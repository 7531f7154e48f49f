"""Google Cloud's part of a stack's file: project, cluster, Cloud SQL, backups, Secret Manager."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from .cloud_fields import (
    Accelerator,
    Cidr,
    ClockTime,
    Cron,
    Date,
    Location,
    MachineType,
    PrivateCidr,
    ProjectId,
    Region,
    SecretId,
    SqlTier,
    Zone,
)
from .fields import EACH_ONCE, WHOLE, Label, Memory
from .section import Section

EXAMPLE_PROJECT = "example-project"
"""What the committed stack files name: enough for a preview, and nobody's."""


class Google(Section):
    """Google Cloud. Needed where the cluster, a data service or the front door is Google's."""

    project: ProjectId
    """The project's id."""
    region: Region
    """Where everything is; a region can't be changed later."""


class ExistingCluster(Section):
    """A cluster that is there: `kubernetes:context` names it."""

    kind: Literal["existing"] = "existing"
    """A cluster that is there, by `kubernetes:context`."""


class ClusterNetwork(Section):
    """The stack's own network. None of it can be changed without building the cluster anew."""

    nodes: PrivateCidr = "10.10.0.0/20"
    """Addresses of nodes and internal load balancers."""
    pods: PrivateCidr = "10.20.0.0/16"
    """Addresses of pods: a /24 for each node, so a /16 holds 256 nodes."""
    services: PrivateCidr = "10.30.0.0/20"
    """Addresses of Services."""
    google_services: PrivateCidr = "10.40.0.0/20"
    """Addresses of Cloud SQL and Filestore, reserved for Google; /20 or larger leaves room for both."""
    nat_addresses: Annotated[int, Field(ge=1, le=16), WHOLE] = 1
    """Static addresses that the cluster's own requests come from; each serves 64,000 connections a destination."""


class AuthorizedNetwork(Section):
    """Addresses that may reach the control plane."""

    name: Label
    """Whose they are."""
    cidr: Cidr
    """The addresses."""


class ControlPlane(Section):
    """Who reaches the Kubernetes API."""

    external: bool = True
    """Whether its DNS name answers outside the network; every call is checked by IAM first, wherever from."""
    authorized_networks: tuple[AuthorizedNetwork, ...] = ()
    """Addresses that may also use its IP endpoint; without any it has none."""


class ReleaseChannel(StrEnum):
    """How soon Google upgrades the cluster."""

    RAPID = "rapid"
    REGULAR = "regular"
    STABLE = "stable"
    EXTENDED = "extended"


class Day(StrEnum):
    """Days of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class ExclusionScope(StrEnum):
    """What Google doesn't do meanwhile."""

    NO_UPGRADES = "no-upgrades"
    NO_MINOR_UPGRADES = "no-minor-upgrades"
    NO_MINOR_OR_NODE_UPGRADES = "no-minor-or-node-upgrades"


class Exclusion(Section):
    """Days on which nothing is upgraded."""

    name: Label
    """What it is for."""
    start: Date
    """First day."""
    end: Date
    """Day on which upgrades may happen again; no-upgrades lasts at most 30 days."""
    scope: ExclusionScope = ExclusionScope.NO_UPGRADES
    """What is held back."""


class Maintenance(Section):
    """When Google may upgrade control plane and nodes: at least 48 hours in 32 days."""

    days: Annotated[
        tuple[Day, ...], Field(min_length=1, json_schema_extra={"uniqueItems": True}), EACH_ONCE
    ] = (Day.SATURDAY, Day.SUNDAY)
    """On which days."""
    start: ClockTime = "02:00"
    """From when, in UTC."""
    hours: Annotated[int, Field(ge=4, le=24), WHOLE] = 8
    """For how long."""
    exclusions: tuple[Exclusion, ...] = ()
    """Days that are left out."""


class NodePool(Section):
    """Nodes of one kind, over all zones."""

    machine_type: MachineType = "e2-standard-4"
    """Machine."""
    min_nodes: Annotated[int, Field(ge=0, le=1000), WHOLE] = 1
    """Fewest nodes, over all zones."""
    max_nodes: Annotated[int, Field(ge=1, le=1000), WHOLE] = 6
    """Most nodes, over all zones."""
    disk_size: Memory = "100Gi"
    """Boot disk; Kotaemon's image takes 5 to 15 GiB of it."""
    spot: bool = False
    """Cheap nodes that Google takes back at 30 seconds' notice. Never for data in production."""


class SpotPool(NodePool):
    """Spot nodes that only what tolerates `cloud.google.com/gke-spot` is put on."""

    min_nodes: Annotated[int, Field(ge=0, le=1000), WHOLE] = 0
    """Fewest nodes, over all zones."""
    spot: Literal[True] = True
    """Always spot."""


class GpuPool(NodePool):
    """Nodes with a GPU for local models; only what asks for `nvidia.com/gpu` is put on them."""

    machine_type: MachineType = "g2-standard-8"
    """Machine; it must be one that takes the accelerator."""
    accelerator: Accelerator = "nvidia-l4"
    """Its GPU."""
    accelerators: Annotated[int, Field(ge=1, le=16), WHOLE] = 1
    """How many in each node."""
    min_nodes: Annotated[int, Field(ge=0, le=1000), WHOLE] = 0
    """Fewest nodes, over all zones."""
    max_nodes: Annotated[int, Field(ge=1, le=1000), WHOLE] = 1
    """Most nodes, over all zones."""


class NodePools(Section):
    """The cluster's nodes."""

    main: NodePool = NodePool()
    """Where everything runs that asks for nothing else."""
    spot: SpotPool | None = None
    """Spot nodes beside it, for what can be interrupted."""
    gpu: GpuPool | None = None
    """Nodes with GPUs, for local models."""


class GkeCluster(Section):
    """A GKE cluster that the stack makes: regional, private nodes, hardened."""

    kind: Literal["gke"]
    """A GKE cluster that the stack makes."""
    name: Annotated[Label, Field(max_length=30)] | None = None
    """Its name; kotaemon-STACK where it isn't given."""
    autopilot: bool = False
    """Google runs the nodes and bills pods; nodePools isn't used then."""
    zones: tuple[Zone, ...] = ()
    """Zones of its nodes; the region's first three where none is given."""
    network: ClusterNetwork = ClusterNetwork()
    """The stack's own network."""
    control_plane: ControlPlane = ControlPlane()
    """Who reaches the Kubernetes API."""
    release_channel: ReleaseChannel = ReleaseChannel.REGULAR
    """How soon Google upgrades it."""
    maintenance: Maintenance = Maintenance()
    """When Google may upgrade it."""
    binary_authorization: bool = True
    """Check each image against the project's Binary Authorization policy."""
    node_pools: NodePools = NodePools()
    """Its nodes."""


class ExistingGke(Section):
    """A GKE cluster that is there, by its name."""

    kind: Literal["gke-existing"]
    """A GKE cluster that is there."""
    name: Annotated[Label, Field(max_length=40, examples=["shared"])]
    """Its name."""
    location: Location
    """Its region, or its zone."""
    google_services: PrivateCidr | None = None
    """Addresses to reserve for Cloud SQL and Filestore; none where its network has such a range already."""


class Availability(StrEnum):
    """Whether a database outlives a zone."""

    ZONAL = "zonal"
    REGIONAL = "regional"


class Edition(StrEnum):
    """Cloud SQL's editions: 99.95 % without maintenance, or 99.99 % with it."""

    ENTERPRISE = "enterprise"
    ENTERPRISE_PLUS = "enterprise-plus"


class DatabaseLogin(StrEnum):
    """How an application shows who it is."""

    PASSWORD = "password"  # noqa: S105  a word, not one
    IAM = "iam"


class SqlMaintenance(Section):
    """When Google may restart the database."""

    day: Day = Day.SUNDAY
    """Day of the week."""
    hour: Annotated[int, Field(ge=0, le=23), WHOLE] = 3
    """Hour, in UTC."""


class CloudSql(Section):
    """Cloud SQL for PostgreSQL: private address, TLS enforced, pgvector, backups."""

    kind: Literal["cloud-sql"]
    """Cloud SQL, in the stack's network."""
    version: Literal[15, 16, 17] = 17
    """PostgreSQL's major version."""
    availability: Availability = Availability.ZONAL
    """Whether it outlives a zone; regional costs twice as much."""
    edition: Edition = Edition.ENTERPRISE
    """Edition."""
    tier: SqlTier = "db-custom-2-8192"
    """Cores and memory."""
    storage: Memory = "20Gi"
    """Disk; it grows by itself and never shrinks."""
    login: DatabaseLogin = DatabaseLogin.PASSWORD
    """By a generated password, or by IAM through Cloud SQL's proxy beside the application."""
    backups: Annotated[int, Field(ge=1, le=365), WHOLE] = 14
    """Daily backups that are kept."""
    point_in_time_days: Annotated[int, Field(ge=1, le=35), WHOLE] = 7
    """Days to any moment of which the database can be put back."""
    maintenance: SqlMaintenance = SqlMaintenance()
    """When Google may restart it."""


class NoBackup(Section):
    """No backup beside what the data services keep themselves."""

    kind: Literal["none"] = "none"
    """No backup."""


class GoogleBackup(Section):
    """A bucket for backups, and Backup for GKE."""

    kind: Literal["google"]
    """A bucket, and Backup for GKE."""
    schedule: Cron = "0 3 * * *"
    """When the cluster's objects and volumes are backed up, in UTC."""
    retention_days: Annotated[int, Field(ge=1, le=365), WHOLE] = 30
    """Days that a backup is kept; in production nobody can delete it meanwhile."""
    lock: bool = False
    """Whether the bucket's retention can never be shortened again, not even by its owner."""


class ManagedSecret(Section):
    """A version of a secret in Secret Manager."""

    secret: Annotated[SecretId, Field(examples=["openai-api-key"])]
    """Its id."""
    version: Annotated[int, Field(ge=1, le=100000, examples=[1]), WHOLE]
    """Its version. A new one is a change of the stack, which rolls what reads it."""
