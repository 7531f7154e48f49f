"""Composes the components of one stack; the only module that imports them all."""

from collections.abc import Mapping

import pulumi

from .cluster import provider
from .config import SecretName, StackConfig
from .config.settings import Chroma as ChromaSettings
from .config.settings import Elasticsearch as ElasticsearchSettings
from .config.settings import ExternalPostgres, PostgresDocuments
from .config.settings import Qdrant as QdrantSettings
from .contracts import DatabaseAccess, DocumentAccess, DocumentStore, Flow, VectorAccess, VectorStore
from .docstore import Elasticsearch, ElasticsearchArgs
from .kotaemon import Kotaemon, KotaemonArgs
from .namespace import Namespace, NamespaceArgs
from .network import NetworkFlows, NetworkFlowsArgs
from .postgres import ExistingPostgres, ExistingPostgresArgs, Postgres, PostgresArgs
from .secrets import SuppliedSecrets, SuppliedSecretsArgs
from .text import identifier
from .vector_db import Chroma, ChromaArgs, Qdrant, QdrantArgs

RELEASE = "kotaemon"


class Platform(pulumi.ComponentResource):
    """Everything of one stack: namespace and secrets, data stores, Kotaemon, and who may talk to whom."""

    outputs: Mapping[str, pulumi.Input[object]]
    """What a person needs: how to open it, where each database is, who the administrator is."""

    def __init__(self, name: str, config: StackConfig, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Platform", name, None, opts)
        settings = config.settings
        self.config = config
        self.production = settings.production
        cluster = provider(config, pulumi.ResourceOptions(parent=self))
        self.child = pulumi.ResourceOptions(parent=self, providers={"kubernetes": cluster})
        self.namespace = Namespace(
            "namespace", NamespaceArgs(settings=settings.namespace, protect=self.production), self.child
        ).name
        self.secrets = SuppliedSecrets(
            "supplied",
            SuppliedSecretsArgs(
                namespace=self.namespace, supplied=config.supplied, existing=settings.secrets
            ),
            self.child,
        ).refs
        database, database_flows = self._postgres()
        vectors, vector_flows = self._vector_db()
        documents = self._docstore()
        graph_settings = settings.app.graph_rag.settings_file
        kotaemon = Kotaemon(
            RELEASE,
            KotaemonArgs(
                app=settings.app,
                models=settings.models,
                namespace=self.namespace,
                prefix=settings.app.collection_prefix or identifier(settings.namespace.name),
                database=database,
                vectors=vectors,
                documents=documents,
                secrets=self.secrets,
                graph_settings=(
                    (config.root / graph_settings).read_text(encoding="utf-8") if graph_settings else None
                ),
                protect=self.production,
            ),
            self.child,
        )
        NetworkFlows(
            "network",
            NetworkFlowsArgs(namespace=self.namespace, flows=database_flows + vector_flows + kotaemon.flows),
            self.child,
        )
        self.outputs = self._summary(kotaemon, database, vectors, documents)
        self.register_outputs({})

    def _postgres(self) -> tuple[DatabaseAccess, tuple[Flow, ...]]:
        settings = self.config.settings.postgres
        if isinstance(settings, ExternalPostgres):
            existing = ExistingPostgres(
                "postgres",
                ExistingPostgresArgs(
                    settings=settings, namespace=self.namespace, password=self.secrets[SecretName.POSTGRES]
                ),
                self.child,
            )
            return existing.access[settings.database], existing.flows
        own = Postgres(
            "postgres",
            PostgresArgs(
                settings=settings, namespace=self.namespace, databases=(RELEASE,), protect=self.production
            ),
            self.child,
        )
        return own.access[RELEASE], own.flows

    def _vector_db(self) -> tuple[VectorAccess, tuple[Flow, ...]]:
        settings = self.config.settings.vector_db
        if isinstance(settings, QdrantSettings):
            qdrant = Qdrant(
                "qdrant",
                QdrantArgs(settings=settings, namespace=self.namespace, protect=self.production),
                self.child,
            )
            return qdrant.access, qdrant.flows
        if isinstance(settings, ChromaSettings):
            chroma = Chroma(
                "chroma",
                ChromaArgs(settings=settings, namespace=self.namespace, protect=self.production),
                self.child,
            )
            return chroma.access, chroma.flows
        return VectorAccess(kind=VectorStore.PGVECTOR), ()

    def _docstore(self) -> DocumentAccess:
        settings = self.config.settings.docstore
        if isinstance(settings, ElasticsearchSettings):
            return Elasticsearch(
                "elasticsearch",
                ElasticsearchArgs(settings=settings, namespace=self.namespace, protect=self.production),
                self.child,
            ).access
        if isinstance(settings, PostgresDocuments):
            return DocumentAccess(kind=DocumentStore.POSTGRES, language=settings.language)
        return DocumentAccess(kind=DocumentStore.LANCEDB)

    def _summary(
        self, kotaemon: Kotaemon, database: DatabaseAccess, vectors: VectorAccess, documents: DocumentAccess
    ) -> Mapping[str, pulumi.Input[object]]:
        settings = self.config.settings
        service = f"{kotaemon.endpoint.host} 7860:{kotaemon.endpoint.port}"
        in_postgres = f"in the same PostgreSQL ({database.database})"
        return {
            "namespace": self.namespace,
            "open": pulumi.Output.concat("kubectl -n ", self.namespace, f" port-forward service/{service}"),
            "adminUsername": settings.app.admin.username,
            "adminPassword": kotaemon.generated_password
            or self.config.supplied.get(SecretName.ADMIN)
            or f"in the Secret {settings.secrets[SecretName.ADMIN].name}",
            "databases": {
                "metadata": f"postgresql://{database.endpoint.address}/{database.database}",
                "vectors": f"{vectors.kind.value} at {vectors.endpoint.address}"
                if vectors.endpoint
                else in_postgres,
                "documents": (
                    f"{documents.kind.value} at {documents.endpoint.address}"
                    if documents.endpoint
                    else in_postgres
                    if documents.kind is DocumentStore.POSTGRES
                    else "LanceDB on Kotaemon's volume"
                ),
            },
        }
