"""The data stores that a stack's file chooses, each behind its contract."""

import pulumi

from components.config import SecretName
from components.config.google import CloudSql
from components.config.monitoring import NoMonitoring
from components.config.rules.replicas import most_replicas
from components.config.rules.sizes import PER_REPLICA
from components.config.settings import Chroma as ChromaSettings
from components.config.settings import Elasticsearch as ElasticsearchSettings
from components.config.settings import ExternalPostgres, PostgresDocuments
from components.config.settings import Qdrant as QdrantSettings
from components.contracts import (
    DatabaseAccess,
    DocumentAccess,
    DocumentStore,
    Endpoint,
    VectorAccess,
    VectorStore,
)
from components.docstore import Elasticsearch, ElasticsearchArgs
from components.postgres import ExistingPostgres, ExistingPostgresArgs, Postgres, PostgresArgs
from components.traces.senders import chroma_environment
from components.vector_db import Chroma, ChromaArgs, Qdrant, QdrantArgs

from .base import RELEASE, Base, Made, Part


def database(base: Base) -> Part[DatabaseAccess]:
    """PostgreSQL: in the namespace, Cloud SQL, or a server that is there."""
    settings = base.settings.postgres
    if isinstance(settings, ExternalPostgres):
        existing = ExistingPostgres(
            "postgres",
            ExistingPostgresArgs(
                settings=settings,
                namespace=base.namespace,
                scope=base.scope,
                password=base.secrets[SecretName.POSTGRES],
            ),
            base.child,
        )
        return Part(
            access=existing.access[settings.database], flows=existing.flows, watches=(existing.watch,)
        )
    if isinstance(settings, CloudSql):
        return _cloud_sql(base, settings)
    own = Postgres(
        "postgres",
        PostgresArgs(
            settings=settings,
            namespace=base.namespace,
            databases=(RELEASE,),
            scope=base.scope,
            monitored=_monitored(base),
            protect=base.protect,
        ),
        base.child,
    )
    return Part(access=own.access[RELEASE], flows=own.flows, watches=(own.watch,))


def _cloud_sql(base: Base, settings: CloudSql) -> Part[DatabaseAccess]:
    from components.postgres.cloud_sql import CloudSqlPostgres
    from components.postgres.cloud_sql_instance import CloudSqlArgs

    cloud = base.google
    managed = CloudSqlPostgres(
        "postgres",
        CloudSqlArgs(
            settings=settings,
            prefix=cloud.prefix,
            project=cloud.project.id,
            project_id=cloud.google.project,
            region=cloud.google.region,
            network=cloud.services_network,
            addresses=cloud.services_addresses,
            namespace=base.namespace,
            namespace_name=base.settings.namespace.name,
            identities=cloud.identities,
            databases=(RELEASE,),
            connections=connections(base),
            scope=base.scope,
            monitored=_monitored(base),
            protect=base.protect,
        ),
        base.child,
    )
    return Part(
        access=managed.access[RELEASE],
        flows=managed.flows,
        watches=(managed.watch,),
        made={Made.DATABASE: managed.instance},
    )


def connections(base: Base) -> int:
    """Most connections that the applications hold together."""
    return PER_REPLICA * most_replicas(base.settings.app)


def _monitored(base: Base) -> bool:
    """Whether somebody reads the database's statistics."""
    monitoring = base.settings.monitoring
    return not isinstance(monitoring, NoMonitoring) and not monitoring.minimal


def vectors(base: Base, traces: Endpoint | None) -> Part[VectorAccess]:
    """Where embeddings are kept; `traces` is where they are sent by whoever emits some."""
    settings = base.settings.vector_db
    if isinstance(settings, QdrantSettings):
        qdrant = Qdrant(
            "qdrant",
            QdrantArgs(settings=settings, namespace=base.namespace, scope=base.scope, protect=base.protect),
            base.child,
        )
        return Part(access=qdrant.access, flows=qdrant.flows, watches=(qdrant.watch,))
    if isinstance(settings, ChromaSettings):
        chroma = Chroma(
            "chroma",
            ChromaArgs(
                settings=settings,
                namespace=base.namespace,
                tracing=chroma_environment(traces) if traces else {},
                protect=base.protect,
            ),
            base.child,
        )
        return Part(access=chroma.access, flows=chroma.flows, watches=(chroma.watch,))
    return Part(access=VectorAccess(kind=VectorStore.PGVECTOR))


def documents(base: Base) -> Part[DocumentAccess]:
    """Where the text of documents is kept."""
    settings = base.settings.docstore
    if isinstance(settings, ElasticsearchSettings):
        elasticsearch = Elasticsearch(
            "elasticsearch",
            ElasticsearchArgs(
                settings=settings, namespace=base.namespace, scope=base.scope, protect=base.protect
            ),
            base.child,
        )
        return Part(access=elasticsearch.access, flows=elasticsearch.flows, watches=(elasticsearch.watch,))
    if isinstance(settings, PostgresDocuments):
        return Part(access=DocumentAccess(kind=DocumentStore.POSTGRES, language=settings.language))
    return Part(access=DocumentAccess(kind=DocumentStore.LANCEDB))


def files_class(base: Base) -> pulumi.Output[str] | None:
    """The storage class of Kotaemon's volume, where it is a share of Filestore."""
    tier = base.settings.app.storage.filestore
    if tier is None:
        return None
    from components.gke.filestore import filestore_class

    return filestore_class(
        f"{base.settings.namespace.name}-filestore",
        tier,
        base.google.services_network,
        base.protect,
        base.child,
    )
