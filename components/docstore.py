"""Elasticsearch, for who has reasons to keep documents there; LanceDB and PostgreSQL need none."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apps, core

from . import images
from .config.fields import amount
from .config.section import Resources
from .config.settings import Elasticsearch as ElasticsearchSettings
from .contracts import DocumentAccess, DocumentStore, Endpoint, Flow, Peer, SecretRef
from .kubernetes import (
    container_security,
    environment,
    metadata,
    mount,
    pod,
    probes,
    requirements,
    scratch,
    selector,
    service_spec,
    stateful_set,
    tcp,
)
from .secrets import GeneratedSecret, GeneratedSecretArgs
from .signals.elasticsearch import elasticsearch_watch
from .signals.model import Scope, Watch

NAME = "elasticsearch"
_UID = 1000
_HOME = "/usr/share/elasticsearch"
_HTTP, _READINESS = 9200, 9399
_USER = "elastic"


def heap_mebibytes(settings: ElasticsearchSettings) -> int:
    """Half of the memory: the rest is the file cache, as Elastic's manual advises."""
    return int(amount(settings.resources.memory) / 2**20) // 2


def elasticsearch_spec(settings: ElasticsearchSettings, password: SecretRef) -> apps.v1.StatefulSetSpecArgs:
    """One Elasticsearch node and its volume. Source: elastic.co, "Install with Docker" (8.13)."""
    heap = heap_mebibytes(settings)
    copy_config = core.v1.ContainerArgs(
        # Elasticsearch writes its keystore beside its settings: give it a copy to write in.
        name="copy-config",
        image=images.ELASTICSEARCH,
        command=["cp", "--recursive", f"{_HOME}/config/.", "/config"],
        resources=requirements(Resources(cpu="50m", memory="64Mi", cpu_limit="500m")),
        security_context=container_security(),
        volume_mounts=[mount("config", "/config")],
    )
    node = core.v1.ContainerArgs(
        name=NAME,
        image=images.ELASTICSEARCH,
        env=environment(
            {
                "discovery.type": "single-node",
                "cluster.name": "kotaemon",
                # Without mmap no kernel setting of the node has to be raised.
                "node.store.allow_mmap": "false",
                "xpack.security.enabled": "true",
                "xpack.security.http.ssl.enabled": "false",
                "xpack.security.transport.ssl.enabled": "false",
                "xpack.ml.enabled": "false",
                "ingest.geoip.downloader.enabled": "false",
                "readiness.port": str(_READINESS),
                "ES_JAVA_OPTS": f"-Xms{heap}m -Xmx{heap}m",
                "ES_TMPDIR": "/tmp",  # noqa: S108  in the container
            },
            {"ELASTIC_PASSWORD": password},
        ),
        ports=[
            core.v1.ContainerPortArgs(name="http", container_port=_HTTP),
            core.v1.ContainerPortArgs(name="readiness", container_port=_READINESS),
        ],
        resources=requirements(settings.resources, disk="3Gi"),
        security_context=container_security(),
        # "readiness" is open exactly while the node can serve, and asks for no password.
        **probes(tcp("readiness"), tcp("http")),
        volume_mounts=[
            mount("data", f"{_HOME}/data"),
            mount("config", f"{_HOME}/config"),
            mount("logs", f"{_HOME}/logs"),
            mount("tmp", "/tmp"),  # noqa: S108  in the container
        ],
    )
    scratches = [scratch("config", size="16Mi"), scratch("logs", size="1Gi"), scratch("tmp", size="1Gi")]
    return stateful_set(
        NAME,
        pod(NAME, _UID, init=[copy_config], containers=[node], volumes=scratches, grace_seconds=120),
        settings.storage,
    )


@dataclass(frozen=True, kw_only=True)
class ElasticsearchArgs:
    """What `Elasticsearch` needs."""

    settings: ElasticsearchSettings
    namespace: pulumi.Input[str]
    scope: Scope
    protect: bool


class Elasticsearch(pulumi.ComponentResource):
    """One Elasticsearch node with a password; TLS-less, guarded by network policies."""

    access: DocumentAccess
    flows: tuple[Flow, ...] = ()
    watch: Watch

    def __init__(
        self, name: str, args: ElasticsearchArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:Elasticsearch", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        password = GeneratedSecret(
            f"{name}-password",
            GeneratedSecretArgs(namespace=args.namespace, component=NAME, protect=args.protect),
            child,
        ).ref
        core.v1.Service(
            name,
            metadata=metadata(NAME, args.namespace, name=NAME),
            spec=service_spec(NAME, [("http", _HTTP)], headless=True),
            opts=child,
        )
        apps.v1.StatefulSet(
            name,
            metadata=metadata(NAME, args.namespace, name=NAME),
            spec=elasticsearch_spec(args.settings, password),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        endpoint = Endpoint(host=NAME, port=_HTTP, peer=Peer(labels=selector(NAME)))
        self.access = DocumentAccess(
            kind=DocumentStore.ELASTICSEARCH, endpoint=endpoint, username=_USER, password=password
        )
        self.watch = elasticsearch_watch(args.scope, endpoint, self.access)
        self.register_outputs({})
