"""Composes the components of one stack; the only module that imports them all."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi

from .cluster import provider
from .config import SecretName, StackConfig
from .config.edge import Certificates, GatewayEdge, GoogleEdge, NoEdge, Oauth2Proxy
from .config.google import CloudSql, GoogleBackup
from .config.monitoring import NoMonitoring
from .config.rules.replicas import most_replicas
from .config.rules.sizes import PER_REPLICA
from .config.settings import Chroma as ChromaSettings
from .config.settings import Elasticsearch as ElasticsearchSettings
from .config.settings import ExternalPostgres, PostgresDocuments
from .config.settings import Qdrant as QdrantSettings
from .contracts import (
    DatabaseAccess,
    DocumentAccess,
    DocumentStore,
    Flow,
    SecretRef,
    SignIn,
    VectorAccess,
    VectorStore,
)
from .docstore import Elasticsearch, ElasticsearchArgs
from .kotaemon import Kotaemon, KotaemonArgs
from .kotaemon.sidecars import HEALTH
from .namespace import Namespace, NamespaceArgs
from .network import NetworkFlows, NetworkFlowsArgs
from .outputs import Outputs, Stores, administrator, databases, how_to_open
from .postgres import ExistingPostgres, ExistingPostgresArgs, Postgres, PostgresArgs
from .secrets import GeneratedSecret, GeneratedSecretArgs, SuppliedSecrets, SuppliedSecretsArgs
from .signals.door import door_watch
from .signals.model import Scope, Watch
from .text import identifier
from .vector_db import Chroma, ChromaArgs, Qdrant, QdrantArgs

if TYPE_CHECKING:
    from .gke.cloud import GoogleCloud

RELEASE = "kotaemon"


class Platform(pulumi.ComponentResource):
    """Everything of one stack: namespace and secrets, data stores, Kotaemon, and who may talk to whom."""

    outputs: Mapping[str, pulumi.Input[object]]
    """What a person needs: how to open it, where each database is, who the administrator is."""

    def __init__(self, name: str, config: StackConfig, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Platform", name, None, opts)
        settings = config.settings
        self.config = config
        self.scope = Scope(namespace=settings.namespace.name)
        self.watches: list[Watch] = []
        self.production = settings.production
        providers: dict[str, pulumi.ProviderResource] = {}
        self.cloud = self._google(providers)
        own = (self.cloud.cluster_name, self.cloud.kubeconfig) if self.cloud else None
        providers["kubernetes"] = provider(config, pulumi.ResourceOptions(parent=self), own)
        self.child = pulumi.ResourceOptions(parent=self, providers=providers)
        self.namespace = Namespace(
            "namespace", NamespaceArgs(settings=settings.namespace, protect=self.production), self.child
        ).name
        self.secrets = self._secrets()
        database, database_flows = self._postgres()
        vectors, vector_flows = self._vector_db()
        documents = self._docstore()
        sign_in = self._sign_in()
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
                sign_in=sign_in,
                storage_class=self._storage_class(),
                scope=self.scope,
            ),
            self.child,
        )
        self.watches.append(kotaemon.watch)
        door, door_flows = self._edge(kotaemon)
        NetworkFlows(
            "network",
            NetworkFlowsArgs(
                namespace=self.namespace,
                flows=database_flows + vector_flows + kotaemon.flows + door_flows,
            ),
            self.child,
        )
        self.outputs = {
            "namespace": self.namespace,
            "open": how_to_open(self.namespace, kotaemon.endpoint.host, behind_sign_in=sign_in is not None),
            **administrator(config, kotaemon.generated_password),
            "databases": databases(Stores(database=database, vectors=vectors, documents=documents)),
            **door,
            **self._backups(),
            **self._cluster_outputs(),
        }
        self.register_outputs({})

    def _google(self, providers: dict[str, pulumi.ProviderResource]) -> "GoogleCloud | None":
        """Project, network, keys and cluster, where the stack is on Google Cloud; its provider is added."""
        google = self.config.settings.google
        if google is None:
            return None
        # The Google SDK takes its time, and most local stacks never need it.
        from .gke.cloud import GoogleCloud, GoogleCloudArgs
        from .gke.project import google_provider

        providers["gcp"] = google_provider(google, pulumi.ResourceOptions(parent=self))
        return GoogleCloud(
            "google",
            GoogleCloudArgs(google=google, settings=self.config.settings, stack=self.config.stack),
            pulumi.ResourceOptions(parent=self, providers=providers),
        )

    def _secrets(self) -> Mapping[SecretName, SecretRef]:
        """The secrets that a user supplies, wherever each is."""
        settings = self.config.settings
        refs = SuppliedSecrets(
            "supplied",
            SuppliedSecretsArgs(
                namespace=self.namespace, supplied=self.config.supplied, existing=settings.secrets
            ),
            self.child,
        ).refs
        if not settings.secret_manager:
            return refs
        from .secret_manager import ManagedSecrets, ManagedSecretsArgs

        cloud = self._cloud()
        managed = ManagedSecrets(
            "managed",
            ManagedSecretsArgs(
                secrets=settings.secret_manager,
                project=cloud.project.id,
                project_id=cloud.google.project,
                project_number=cloud.project.number,
                namespace=self.namespace,
                namespace_name=settings.namespace.name,
                identities=cloud.identities,
            ),
            self.child,
        )
        return {**refs, **managed.refs}

    def _postgres(self) -> tuple[DatabaseAccess, tuple[Flow, ...]]:
        settings = self.config.settings.postgres
        if isinstance(settings, ExternalPostgres):
            existing = ExistingPostgres(
                "postgres",
                ExistingPostgresArgs(
                    settings=settings,
                    namespace=self.namespace,
                    scope=self.scope,
                    password=self.secrets[SecretName.POSTGRES],
                ),
                self.child,
            )
            self.watches.append(existing.watch)
            return existing.access[settings.database], existing.flows
        if isinstance(settings, CloudSql):
            from .postgres.cloud_sql import CloudSqlPostgres
            from .postgres.cloud_sql_instance import CloudSqlArgs

            cloud = self._cloud()
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
                    namespace=self.namespace,
                    namespace_name=self.config.settings.namespace.name,
                    identities=cloud.identities,
                    databases=(RELEASE,),
                    connections=PER_REPLICA * most_replicas(self.config.settings.app),
                    scope=self.scope,
                    monitored=self._monitored(),
                    protect=self.production,
                ),
                self.child,
            )
            self.watches.append(managed.watch)
            return managed.access[RELEASE], managed.flows
        own = Postgres(
            "postgres",
            PostgresArgs(
                settings=settings,
                namespace=self.namespace,
                databases=(RELEASE,),
                scope=self.scope,
                monitored=self._monitored(),
                protect=self.production,
            ),
            self.child,
        )
        self.watches.append(own.watch)
        return own.access[RELEASE], own.flows

    def _monitored(self) -> bool:
        """Whether somebody reads the databases' statistics."""
        monitoring = self.config.settings.monitoring
        return not isinstance(monitoring, NoMonitoring) and not monitoring.minimal

    def _cloud(self) -> "GoogleCloud":
        if self.cloud is None:
            raise ValueError("what is Google's needs kotaemon:google")
        return self.cloud

    def _vector_db(self) -> tuple[VectorAccess, tuple[Flow, ...]]:
        settings = self.config.settings.vector_db
        if isinstance(settings, QdrantSettings):
            qdrant = Qdrant(
                "qdrant",
                QdrantArgs(
                    settings=settings, namespace=self.namespace, scope=self.scope, protect=self.production
                ),
                self.child,
            )
            self.watches.append(qdrant.watch)
            return qdrant.access, qdrant.flows
        if isinstance(settings, ChromaSettings):
            chroma = Chroma(
                "chroma",
                ChromaArgs(settings=settings, namespace=self.namespace, protect=self.production),
                self.child,
            )
            self.watches.append(chroma.watch)
            return chroma.access, chroma.flows
        return VectorAccess(kind=VectorStore.PGVECTOR), ()

    def _docstore(self) -> DocumentAccess:
        settings = self.config.settings.docstore
        if isinstance(settings, ElasticsearchSettings):
            elasticsearch = Elasticsearch(
                "elasticsearch",
                ElasticsearchArgs(
                    settings=settings, namespace=self.namespace, scope=self.scope, protect=self.production
                ),
                self.child,
            )
            self.watches.append(elasticsearch.watch)
            return elasticsearch.access
        if isinstance(settings, PostgresDocuments):
            return DocumentAccess(kind=DocumentStore.POSTGRES, language=settings.language)
        return DocumentAccess(kind=DocumentStore.LANCEDB)

    def _sign_in(self) -> SignIn | None:
        """oauth2-proxy in front of Kotaemon, where the front door asks for it."""
        door = self.config.settings.edge
        if isinstance(door, NoEdge) or not isinstance(door.auth, Oauth2Proxy):
            return None
        cookies = GeneratedSecret(
            "sign-in-cookies",
            GeneratedSecretArgs(namespace=self.namespace, component=RELEASE, key="cookie-secret"),
            self.child,
        )
        return SignIn(
            domain=door.domain,
            issuer=door.auth.issuer,
            client_id=door.auth.client_id,
            client_secret=self.secrets[SecretName.OIDC_CLIENT],
            cookie_secret=cookies.ref,
            email_domains=door.auth.email_domains,
            emails=door.auth.emails,
            groups=door.auth.groups,
            session_hours=door.auth.session_hours,
        )

    def _storage_class(self) -> pulumi.Output[str] | None:
        """The class of Kotaemon's volume, where it is a share of Filestore."""
        tier = self.config.settings.app.storage.filestore
        if tier is None:
            return None
        from .gke.filestore import filestore_class

        return filestore_class(
            f"{self.config.settings.namespace.name}-filestore",
            tier,
            self._cloud().services_network,
            self.production,
            self.child,
        )

    def _edge(self, kotaemon: Kotaemon) -> tuple[Outputs, tuple[Flow, ...]]:
        """The front door."""
        settings = self.config.settings.edge
        if isinstance(settings, GoogleEdge):
            from .edge.google import GoogleFrontDoor, GoogleFrontDoorArgs

            cloud = self._cloud()
            google = GoogleFrontDoor(
                "edge",
                GoogleFrontDoorArgs(
                    settings=settings,
                    prefix=cloud.prefix,
                    project=cloud.project.id,
                    namespace=self.namespace,
                    application=kotaemon.endpoint,
                    serving_port=kotaemon.serving_port,
                    health_path=HEALTH,
                    client_secret=self.secrets.get(SecretName.OIDC_CLIENT),
                ),
                self.child,
            )
            self.watches.append(door_watch(self.scope, settings.domain))
            records = {} if google.records is None else {"dnsRecords": google.records}
            return {"url": google.url, **records}, google.flows
        if isinstance(settings, GatewayEdge):
            from .edge.gateway import FrontDoor, FrontDoorArgs

            door = FrontDoor(
                "edge",
                FrontDoorArgs(
                    settings=settings,
                    namespace=self.namespace,
                    application=kotaemon.endpoint,
                    serving_port=kotaemon.serving_port,
                ),
                self.child,
            )
            trusted = settings.cert_manager.issuer is Certificates.LETSENCRYPT
            self.watches.append(door_watch(self.scope, settings.domain, known_authority=trusted))
            return {"url": door.url}, door.flows
        return {}, ()

    def _backups(self) -> Outputs:
        settings = self.config.settings.backup
        if not isinstance(settings, GoogleBackup):
            return {}
        from .backup import Backups, BackupsArgs
        from .gke.cloud import BACKUP_KEY

        cloud = self._cloud()
        backups = Backups(
            "backup",
            BackupsArgs(
                settings=settings,
                prefix=cloud.prefix,
                project=cloud.project.id,
                region=cloud.google.region,
                cluster=cloud.cluster,
                namespace=self.namespace,
                key=cloud.keys[BACKUP_KEY],
                protect=self.production,
                shared_files=self.config.settings.app.storage.filestore is not None,
            ),
            self.child,
        )
        return {"backupBucket": backups.bucket}

    def _cluster_outputs(self) -> Outputs:
        if self.cloud is None:
            return {}
        outputs = {"cluster": self.cloud.cluster, "kubeconfig": self.cloud.kubeconfig}
        if self.cloud.nat_addresses is not None:
            return {**outputs, "natAddresses": self.cloud.nat_addresses}
        return outputs
