"""Where embeddings are kept: Qdrant or a Chroma server; pgvector needs no server of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_kubernetes as k8s
from pulumi_kubernetes import apps, core

from . import images
from .config.settings import Chroma as ChromaSettings
from .config.settings import Qdrant as QdrantSettings
from .contracts import Endpoint, Flow, Peer, SecretRef, VectorAccess, VectorStore
from .kubernetes import (
    container_security,
    disruption_budget,
    environment,
    http,
    metadata,
    mount,
    pod,
    probes,
    requirements,
    scratch,
    selector,
    service_spec,
    stateful_set,
)
from .secrets import GeneratedSecret, GeneratedSecretArgs
from .signals.chroma import chroma_watch
from .signals.model import Scope, Watch
from .signals.qdrant import qdrant_watch

QDRANT, QDRANT_PEERS = "qdrant", "qdrant-peers"
CHROMA = "chroma"
_QDRANT_UID = 1000
_CHROMA_UID = 10001  # the image names no user; any one may read it
_HTTP, _PEERS = 6333, 6335
_CHROMA_PORT = 8000

_JOIN = f"""\
own="http://$HOSTNAME.{QDRANT_PEERS}:{_PEERS}"
first="http://{QDRANT}-0.{QDRANT_PEERS}:{_PEERS}"
if [ "$own" = "$first" ]; then exec ./entrypoint.sh --uri "$own"; fi
exec ./entrypoint.sh --bootstrap "$first" --uri "$own"
"""
"""The first node starts the cluster, the others join it: even one node is a cluster, so that it can grow."""


def qdrant_spec(settings: QdrantSettings, api_key: SecretRef) -> apps.v1.StatefulSetSpecArgs:
    """Qdrant's nodes, each with its volume. Source: qdrant.tech, "Distributed Deployment"."""
    node = core.v1.ContainerArgs(
        name=QDRANT,
        image=images.QDRANT,
        command=["sh", "-c", _JOIN],
        env=environment(
            {
                "QDRANT__CLUSTER__ENABLED": "true",
                "QDRANT__STORAGE__COLLECTION__REPLICATION_FACTOR": str(settings.replication_factor),
                "QDRANT__STORAGE__SNAPSHOTS_PATH": "/qdrant/storage/snapshots",
                "QDRANT_INIT_FILE_PATH": "/qdrant/init/.qdrant-initialized",
                "QDRANT__TELEMETRY_DISABLED": "true",
            },
            {"QDRANT__SERVICE__API_KEY": api_key},
        ),
        ports=[
            core.v1.ContainerPortArgs(name="http", container_port=_HTTP),
            core.v1.ContainerPortArgs(name="peers", container_port=_PEERS),
        ],
        resources=requirements(settings.resources),
        security_context=container_security(),
        **probes(http("/readyz", "http"), http("/livez", "http")),
        volume_mounts=[
            mount("data", "/qdrant/storage"),
            mount("init", "/qdrant/init"),
            mount("tmp", "/tmp"),  # noqa: S108  in the container
        ],
    )
    return stateful_set(
        QDRANT,
        pod(
            QDRANT,
            _QDRANT_UID,
            containers=[node],
            volumes=[scratch("init", size="1Mi"), scratch("tmp", size="1Gi")],
            spread_out=True,
        ),
        settings.storage,
        replicas=settings.replicas,
        service=QDRANT_PEERS,
        parallel=True,  # a cluster that lost its majority can't come back one by one
    )


def chroma_spec(
    settings: ChromaSettings, token: SecretRef, tracing: Mapping[str, str]
) -> apps.v1.StatefulSetSpecArgs:
    """The Chroma server. Source: docs.trychroma.com of 0.5, "Auth" and "Docker"."""
    server = core.v1.ContainerArgs(
        name=CHROMA,
        image=images.CHROMA,
        # The image's own command logs into a file in its root, which is read-only here.
        command=["uvicorn", "chromadb.app:app"],
        args=["--host=0.0.0.0", f"--port={_CHROMA_PORT}", "--workers=1", "--timeout-keep-alive=30"],
        env=environment(
            {
                "IS_PERSISTENT": "TRUE",
                "PERSIST_DIRECTORY": "/chroma/chroma",
                "ANONYMIZED_TELEMETRY": "False",
                "HOME": "/tmp",  # noqa: S108  in the container
                "CHROMA_SERVER_AUTHN_PROVIDER": "chromadb.auth.token_authn.TokenAuthenticationServerProvider",
                "CHROMA_AUTH_TOKEN_TRANSPORT_HEADER": "Authorization",
                **tracing,
            },
            {"CHROMA_SERVER_AUTHN_CREDENTIALS": token},
        ),
        ports=[core.v1.ContainerPortArgs(name="http", container_port=_CHROMA_PORT)],
        resources=requirements(settings.resources),
        security_context=container_security(),
        **probes(http("/api/v2/heartbeat", "http")),
        volume_mounts=[mount("data", "/chroma/chroma"), mount("tmp", "/tmp")],  # noqa: S108
    )
    return stateful_set(
        CHROMA,
        pod(CHROMA, _CHROMA_UID, containers=[server], volumes=[scratch("tmp", size="1Gi")]),
        settings.storage,
    )


@dataclass(frozen=True, kw_only=True)
class QdrantArgs:
    """What `Qdrant` needs."""

    settings: QdrantSettings
    namespace: pulumi.Input[str]
    scope: Scope
    protect: bool


class Qdrant(pulumi.ComponentResource):
    """Qdrant with an API key, one node or several over zones."""

    access: VectorAccess
    flows: tuple[Flow, ...]
    watch: Watch

    def __init__(self, name: str, args: QdrantArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Qdrant", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        api_key = GeneratedSecret(
            f"{name}-api-key",
            GeneratedSecretArgs(namespace=args.namespace, component=QDRANT, key="api-key"),
            child,
        ).ref
        core.v1.Service(
            f"{name}-peers",
            metadata=metadata(QDRANT, args.namespace, name=QDRANT_PEERS),
            spec=service_spec(QDRANT, [("peers", _PEERS)], headless=True, not_ready=True),
            opts=child,
        )
        nodes = apps.v1.StatefulSet(
            name,
            metadata=metadata(QDRANT, args.namespace, name=QDRANT),
            spec=qdrant_spec(args.settings, api_key),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        core.v1.Service(
            name,
            metadata=metadata(QDRANT, args.namespace, name=QDRANT),
            spec=service_spec(QDRANT, [("http", _HTTP)]),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[nodes]),
        )
        if args.settings.replicas > 1:
            k8s.policy.v1.PodDisruptionBudget(
                name,
                metadata=metadata(QDRANT, args.namespace, name=QDRANT),
                spec=disruption_budget(QDRANT),
                opts=child,
            )
        endpoint = Endpoint(host=QDRANT, port=_HTTP, peer=Peer(labels=selector(QDRANT)))
        self.access = VectorAccess(kind=VectorStore.QDRANT, endpoint=endpoint, api_key=api_key)
        self.watch = qdrant_watch(args.scope, endpoint, api_key)
        self.flows = (
            Flow(name=QDRANT_PEERS, source=selector(QDRANT), destination=endpoint.peer, ports=(_PEERS,)),
        )
        self.register_outputs({})


@dataclass(frozen=True, kw_only=True)
class ChromaArgs:
    """What `Chroma` needs."""

    settings: ChromaSettings
    namespace: pulumi.Input[str]
    tracing: Mapping[str, str] = field(default_factory=dict)
    """Environment that tells it where to send traces."""
    protect: bool


class Chroma(pulumi.ComponentResource):
    """A Chroma server with a token, of the line that Kotaemon's client speaks."""

    access: VectorAccess
    flows: tuple[Flow, ...] = ()
    watch: Watch

    def __init__(self, name: str, args: ChromaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Chroma", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        token = GeneratedSecret(
            f"{name}-token",
            GeneratedSecretArgs(namespace=args.namespace, component=CHROMA, key="token"),
            child,
        ).ref
        core.v1.Service(
            name,
            metadata=metadata(CHROMA, args.namespace, name=CHROMA),
            spec=service_spec(CHROMA, [("http", _CHROMA_PORT)], headless=True),
            opts=child,
        )
        apps.v1.StatefulSet(
            name,
            metadata=metadata(CHROMA, args.namespace, name=CHROMA),
            spec=chroma_spec(args.settings, token, args.tracing),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        endpoint = Endpoint(host=CHROMA, port=_CHROMA_PORT, peer=Peer(labels=selector(CHROMA)))
        self.access = VectorAccess(kind=VectorStore.CHROMA, endpoint=endpoint, api_key=token)
        self.watch = chroma_watch(endpoint)
        self.register_outputs({})
