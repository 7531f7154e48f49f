"""Composes the components of one stack."""

from collections.abc import Mapping
from dataclasses import replace

import pulumi

from .cluster import provider
from .compose.base import RELEASE, Base
from .compose.cloud import backups, cluster_outputs, google_cloud, secrets
from .compose.collecting import logs, traces
from .compose.door import front_door, sign_in
from .compose.stores import database, documents, files_class, vectors
from .compose.watching import watched
from .config import StackConfig
from .kotaemon import Kotaemon, KotaemonArgs
from .namespace import Namespace, NamespaceArgs
from .network import NetworkFlows, NetworkFlowsArgs
from .outputs import Stores, administrator, databases, how_to_open
from .text import identifier


class Platform(pulumi.ComponentResource):
    """Everything of one stack: namespace and secrets, data stores, Kotaemon, who watches, who may talk to whom."""

    outputs: Mapping[str, pulumi.Input[object]]
    """What a person needs: how to open it, where each database is, who the administrator is."""

    def __init__(self, name: str, config: StackConfig, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Platform", name, None, opts)
        settings = config.settings
        base = self._base(config)
        collected, traced = logs(base), traces(base)
        metadata, embeddings, texts = database(base), vectors(base, traced.access), documents(base)
        signs_in = sign_in(base)
        graph_settings = settings.app.graph_rag.settings_file
        kotaemon = Kotaemon(
            RELEASE,
            KotaemonArgs(
                app=settings.app,
                models=settings.models,
                namespace=base.namespace,
                prefix=settings.app.collection_prefix or identifier(settings.namespace.name),
                database=metadata.access,
                vectors=embeddings.access,
                documents=texts.access,
                secrets=base.secrets,
                graph_settings=(
                    (config.root / graph_settings).read_text(encoding="utf-8") if graph_settings else None
                ),
                protect=base.protect,
                sign_in=signs_in,
                storage_class=files_class(base),
                scope=base.scope,
            ),
            base.child,
        )
        door = front_door(base, kotaemon, traced.access)
        # In the order in which they need each other.
        said = (
            *metadata.watches, *embeddings.watches, *texts.watches, kotaemon.watch, *door.watches,
            *collected.watches, *traced.watches,
        )  # fmt: skip
        saved = backups(base)
        made = {**metadata.made, **door.made, **collected.made, **saved.made}
        watching = watched(base, said, logs=collected.access, others=collected.spaces, made=made)
        parts = (metadata, embeddings, texts, door, watching, collected, traced)
        NetworkFlows(
            "network",
            NetworkFlowsArgs(
                namespace=base.namespace,
                flows=kotaemon.flows + tuple(flow for part in parts for flow in part.flows),
            ),
            base.child,
        )
        stores = Stores(database=metadata.access, vectors=embeddings.access, documents=texts.access)
        self.outputs = {
            "namespace": base.namespace,
            "open": how_to_open(base.namespace, kotaemon.endpoint.host, behind_sign_in=signs_in is not None),
            **administrator(config, kotaemon.generated_password),
            "databases": databases(stores),
            **door.outputs,
            **watching.outputs,
            **collected.outputs,
            **saved.outputs,
            **cluster_outputs(base.cloud),
        }
        self.register_outputs({})

    def _base(self, config: StackConfig) -> Base:
        """The cluster with its provider, the namespace, and the secrets in it."""
        cloud, providers = google_cloud(config, self)
        own = (cloud.cluster_name, cloud.kubeconfig) if cloud else None
        providers["kubernetes"] = provider(config, pulumi.ResourceOptions(parent=self), own)
        child = pulumi.ResourceOptions(parent=self, providers=providers)
        namespace = Namespace(
            "namespace",
            NamespaceArgs(settings=config.settings.namespace, protect=config.settings.production),
            child,
        ).name
        base = Base(config=config, child=child, namespace=namespace, cloud=cloud)
        return replace(base, secrets=secrets(base))
