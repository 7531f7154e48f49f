"""What components hand to each other: frozen, and free of how the other side is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import pulumi


@dataclass(frozen=True, kw_only=True)
class SecretRef:
    """A key of a Secret in the stack's namespace."""

    name: pulumi.Input[str]
    key: str


@dataclass(frozen=True, kw_only=True)
class ConfigMapRef:
    """A key of a ConfigMap in the stack's namespace."""

    name: pulumi.Input[str]
    key: str


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The other side of a network flow: pods by their labels, or addresses.

    Exactly one of `labels`, `namespace` and `cidr` says who it is.
    """

    labels: Mapping[str, str] | None = None
    """Pods in the stack's own namespace."""
    namespace: str | None = None
    """Every pod of another namespace."""
    cidr: str | None = None
    """IPv4 addresses outside the cluster."""
    excluded: tuple[str, ...] = ()
    """Parts of `cidr` that are left out."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a server answers, and who it is to a network policy."""

    host: str
    port: int
    peer: Peer

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class DatabaseProxy:
    """Cloud SQL's proxy, beside the application: it signs in as the pod and opens the connection."""

    instance: pulumi.Input[str]
    """The instance's connection name, PROJECT:REGION:NAME."""
    account: pulumi.Input[str]
    """E-mail of the Google service account that the pod becomes."""


@dataclass(frozen=True, kw_only=True)
class DatabaseAccess:
    """A PostgreSQL database that one application owns."""

    endpoint: Endpoint
    database: str
    username: pulumi.Input[str]
    password: SecretRef | None
    """None where a proxy signs in."""
    ssl_mode: str
    """As libpq names it: disable, require, verify-ca or verify-full."""
    ca: ConfigMapRef | None = None
    """Authority of the server's certificate; the system's ones without it."""
    proxy: DatabaseProxy | None = None
    """What must run beside the application; the endpoint is the proxy's then."""


class VectorStore(StrEnum):
    """Kinds of vector store, by the names that the mounted settings module knows."""

    QDRANT = "qdrant"
    CHROMA = "chroma-http"
    PGVECTOR = "pgvector"


@dataclass(frozen=True, kw_only=True)
class VectorAccess:
    """Where embeddings are kept. `endpoint` is None where that is the application's own database."""

    kind: VectorStore
    endpoint: Endpoint | None = None
    api_key: SecretRef | None = None


class DocumentStore(StrEnum):
    """Kinds of document store, by the names that the mounted settings module knows."""

    LANCEDB = "lancedb"
    POSTGRES = "postgres"
    ELASTICSEARCH = "elasticsearch"


@dataclass(frozen=True, kw_only=True)
class DocumentAccess:
    """Where the text of documents is kept. `endpoint` is None where no server of its own is needed."""

    kind: DocumentStore
    endpoint: Endpoint | None = None
    username: str | None = None
    password: SecretRef | None = None
    language: str = "english"
    """Whose word stems PostgreSQL's full-text search uses."""


@dataclass(frozen=True, kw_only=True)
class SignIn:
    """oauth2-proxy, in front of an application in the same pod."""

    domain: str
    issuer: str
    client_id: str
    client_secret: SecretRef
    cookie_secret: SecretRef
    """Key of the cookies that hold the sessions: 32 characters."""
    email_domains: tuple[str, ...]
    emails: tuple[str, ...]
    groups: tuple[str, ...]
    session_hours: int


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Traffic that is allowed. Its name is the network policy's: who talks to whom."""

    name: str
    source: Mapping[str, str] = field(default_factory=dict)
    """Labels of the pods that open the connection; none where it comes from outside the namespace."""
    origins: tuple[Peer, ...] = ()
    """Who opens it, where that is somebody outside the namespace."""
    destination: Peer
    ports: tuple[int, ...]
    """TCP ports."""
