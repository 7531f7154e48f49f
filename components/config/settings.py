"""The platform's part of a stack's file: cluster, namespace and data stores."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from .app import App, Models
from .edge import GatewayEdge, GoogleEdge, NoEdge
from .fields import WHOLE, Cpu, Host, Label, Memory, ObjectName, Port, SecretKey, SqlName
from .google import (
    CloudSql,
    ExistingCluster,
    ExistingGke,
    GkeCluster,
    Google,
    GoogleBackup,
    ManagedSecret,
    NoBackup,
)
from .logs import Logs, NoLogs
from .monitoring import Monitoring, NoMonitoring
from .secret_names import SecretName
from .section import Resources, Section, Storage, usually
from .traces import NoTraces, Traces


class PodSecurity(StrEnum):
    """Levels of the Pod Security Standards that the namespace can enforce."""

    RESTRICTED = "restricted"
    BASELINE = "baseline"


class Quota(Section):
    """The most that all pods of the namespace may request together."""

    cpu: Cpu = "24"
    """Cores."""
    memory: Memory = "64Gi"
    """Memory."""
    storage: Memory = "1Ti"
    """Persistent storage."""
    pods: Annotated[int, Field(ge=5, le=1000), WHOLE] = 60
    """Number of pods."""


class Namespace(Section):
    """The namespace that holds everything."""

    name: Label = "kotaemon"
    """Its name; two stacks on one cluster need two names."""
    pod_security: PodSecurity = PodSecurity.RESTRICTED
    """The Pod Security level that the API server enforces."""
    quota: Quota = Quota()
    """The most that its pods may request together."""


class InClusterPostgres(Section):
    """PostgreSQL with pgvector in the namespace: one pod, one volume."""

    kind: Literal["in-cluster"] = "in-cluster"
    """PostgreSQL with pgvector in the namespace."""
    storage: Storage = Storage(size="10Gi")
    """Where its data lies."""
    resources: Resources = Resources(cpu="250m", memory="1Gi", cpu_limit="2")
    """What its pod may use. shared_buffers is a quarter of the memory."""
    max_connections: Annotated[int, Field(ge=20, le=1000), WHOLE] = 100
    """Most connections at a time; each Kotaemon replica holds up to 30."""


class SslMode(StrEnum):
    """How far the server's certificate is checked, as libpq names it."""

    DISABLE = "disable"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"


class ExternalPostgres(Section):
    """A PostgreSQL server that is there already; a pooler must keep sessions. Its password is `postgresPassword`."""

    kind: Literal["external"]
    """A PostgreSQL server that is there already."""
    host: Host
    """Its host name."""
    port: Port = 5432
    """Its port."""
    database: SqlName = "kotaemon"
    """The database; for pgvector it must hold the extension, 0.8 or later (CREATE EXTENSION vector)."""
    username: SqlName = "kotaemon"
    """The role that owns the database."""
    ssl_mode: SslMode = SslMode.VERIFY_FULL
    """How far its certificate is checked."""
    ca_certificate: str | None = None
    """PEM of the authority that signed its certificate; the system's ones where it isn't given."""


class Qdrant(Section):
    """Qdrant in the namespace, one node or a cluster. The default."""

    kind: Literal["qdrant"] = "qdrant"
    """Qdrant in the namespace."""
    replicas: Annotated[int, Field(ge=1, le=15), WHOLE] = 1
    """Nodes: one, or at least three (its consensus needs a majority)."""
    replication_factor: Annotated[int, Field(ge=1, le=5), WHOLE] = 1
    """On how many nodes each new collection's shards lie."""
    storage: Storage = Storage(size="10Gi")
    """Where each node's data lies: block storage, never a network file system."""
    resources: Resources = Resources(cpu="250m", memory="1Gi", cpu_limit="2")
    """What each node may use."""


class Chroma(Section):
    """A Chroma server in the namespace, of the line that Kotaemon's client speaks."""

    kind: Literal["chroma"]
    """A Chroma server in the namespace."""
    storage: Storage = Storage(size="10Gi")
    """Where its data lies."""
    resources: Resources = Resources(cpu="250m", memory="1Gi", cpu_limit="2")
    """What it may use."""


class PgVector(Section):
    """Vectors in the same PostgreSQL as everything else."""

    kind: Literal["pgvector"]
    """Vectors in the same PostgreSQL as everything else."""


class LanceDb(Section):
    """Documents in files on Kotaemon's own volume: one replica only, no server. The default."""

    kind: Literal["lancedb"] = "lancedb"
    """Documents in files on Kotaemon's own volume."""


class PostgresDocuments(Section):
    """Documents in the same PostgreSQL, found by its full-text search."""

    kind: Literal["postgres"]
    """Documents in the same PostgreSQL."""
    language: Literal[
        "arabic", "danish", "dutch", "english", "finnish", "french", "german", "greek", "hungarian",
        "indonesian", "italian", "norwegian", "portuguese", "romanian", "russian", "spanish", "swedish", "turkish",
    ] = "english"  # fmt: skip
    """The language whose word stems the full-text search uses; fixed once documents are stored."""


class Elasticsearch(Section):
    """Documents in an Elasticsearch server in the namespace."""

    kind: Literal["elasticsearch"]
    """An Elasticsearch server in the namespace."""
    storage: Storage = Storage(size="10Gi")
    """Where its data lies."""
    resources: Resources = Resources(cpu="500m", memory="2Gi", cpu_limit="2")
    """What it may use. Half of the memory is the Java heap."""


class ExistingSecret(Section):
    """A key of a Kubernetes Secret that is in the namespace already."""

    name: Annotated[ObjectName, Field(examples=["kotaemon-keys"])]
    """The Secret's name."""
    key: SecretKey
    """The key in it."""


Cluster = Annotated[
    ExistingCluster | GkeCluster | ExistingGke, Field(discriminator="kind"), usually(ExistingCluster)
]
Postgres = Annotated[
    InClusterPostgres | CloudSql | ExternalPostgres, Field(discriminator="kind"), usually(InClusterPostgres)
]
VectorDb = Annotated[Qdrant | Chroma | PgVector, Field(discriminator="kind"), usually(Qdrant)]
Edge = Annotated[NoEdge | GoogleEdge | GatewayEdge, Field(discriminator="kind"), usually(NoEdge)]
Backup = Annotated[NoBackup | GoogleBackup, Field(discriminator="kind"), usually(NoBackup)]
Docstore = Annotated[
    LanceDb | PostgresDocuments | Elasticsearch, Field(discriminator="kind"), usually(LanceDb)
]


class Settings(Section):
    """A stack's file: one key for each component."""

    production: bool = False
    """Whether losing or exposing this stack would hurt: data is protected, tags must be fixed."""
    google: Google | None = None
    """Google Cloud: the project and the region."""
    cluster: Cluster = ExistingCluster()
    """The Kubernetes cluster."""
    namespace: Namespace = Namespace()
    """The namespace that holds everything."""
    postgres: Postgres = InClusterPostgres()
    """Where users, conversations and settings are kept."""
    vector_db: VectorDb = Qdrant()
    """Where embeddings are kept."""
    docstore: Docstore = LanceDb()
    """Where the text of documents is kept."""
    app: App = App()
    """The Kotaemon release."""
    models: Models = Models()
    """Model providers."""
    edge: Edge = NoEdge()
    """The front door: how people reach Kotaemon from outside the cluster."""
    backup: Backup = NoBackup()
    """What is kept beside the data services' own backups."""
    monitoring: Monitoring = NoMonitoring()
    """Who sees that it works, knows when it doesn't, and is told."""
    logs: Logs = NoLogs()
    """Who collects what the pods write, and where it is kept."""
    traces: Traces = NoTraces()
    """Who collects traces of requests, and where they go."""
    secrets: dict[SecretName, ExistingSecret] = {}
    """Secrets that are in the namespace already, by name; others are set by `pulumi config set --secret`."""
    secret_manager: dict[SecretName, ManagedSecret] = {}
    """Secrets that are in Google's Secret Manager, by name; the cluster keeps Kubernetes Secrets in step with them."""
