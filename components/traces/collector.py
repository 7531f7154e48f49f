"""The OpenTelemetry collector: it takes traces in, masks them, keeps some, and sends them on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi_kubernetes import apps, core

from components import images
from components.config.traces import CloudTrace, CollectorTraces
from components.contracts import Endpoint, Flow, Peer, SecretRef
from components.kubernetes import (
    config_volume,
    environment,
    http,
    metadata,
    mount,
    pod,
    probes,
    selector,
    service_spec,
)
from components.monitoring.manifests import one_pod, server
from components.network import peer_of_url
from components.signals.model import Scope, Watch

from .configuration import GRPC, HEALTH, HTTP, METRICS, TOKEN_FILE, collector_config, sizes
from .senders import Sender, sending
from .signals import collector_watch

if TYPE_CHECKING:
    from .cloud_trace import GoogleTraces

NAME = "traces"
_UID = 10001
_FOLDER = "/etc/otel/config"
_FILE = "collector.json"


def collector_spec(
    settings: CollectorTraces,
    config: pulumi.Input[str],
    token: SecretRef | None = None,
    account: pulumi.Input[str] | None = None,
) -> apps.v1.DeploymentSpecArgs:
    """One pod: whoever decides about a trace must have seen all of it."""
    mounts, volumes = [mount("config", _FOLDER, read_only=True)], [config_volume("config", config)]
    if token is not None:
        folder, _, file = TOKEN_FILE.rpartition("/")
        mounts.append(mount("token", folder, read_only=True))
        volumes.append(_token(token, file))
    container = server(
        NAME,
        images.OTEL_COLLECTOR,
        [f"--config={_FOLDER}/{_FILE}"],
        settings.resources,
        probes(http("/", "health"), start_seconds=60),
        ports=[("otlp-grpc", GRPC), ("otlp-http", HTTP), ("metrics", METRICS), ("health", HEALTH)],
        env=environment({"GOMEMLIMIT": str(sizes(settings).heap)}),
        mounts=mounts,
    )
    return one_pod(
        NAME,
        # What it still holds is sent before it ends.
        pod(NAME, _UID, containers=[container], volumes=volumes, grace_seconds=30, service_account=account),
    )


def _token(token: SecretRef, file: str) -> core.v1.VolumeArgs:
    """As a file: read again when it changes, and not in the environment."""
    return core.v1.VolumeArgs(
        name="token",
        secret=core.v1.SecretVolumeSourceArgs(
            secret_name=token.name,
            items=[core.v1.KeyToPathArgs(key=token.key, path=file)],
            default_mode=0o440,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class CollectorArgs:
    """What `Collector` needs."""

    settings: CollectorTraces
    namespace: pulumi.Input[str]
    scope: Scope
    senders: tuple[Sender, ...]
    """Who may send it traces."""
    token: SecretRef | None = None
    """The destination's, where it wants one."""
    google: "GoogleTraces | None" = None
    """Where they go to Cloud Trace."""


class Collector(pulumi.ComponentResource):
    """The OpenTelemetry collector. Source: opentelemetry.io/docs/collector."""

    endpoint: Endpoint
    """Where it takes OTLP over gRPC, without TLS; over HTTP it is port 4318 of the same Service."""
    watch: Watch
    flows: tuple[Flow, ...]

    def __init__(self, name: str, args: CollectorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Collector", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account, granted, project = None, [], None
        out: tuple[Flow, ...]
        if isinstance(args.settings.to, CloudTrace):
            if args.google is None:
                raise ValueError("Cloud Trace needs kotaemon:google")
            # The Google SDK takes its time.
            from .cloud_trace import google_flows, writer

            made, grant = writer(NAME, args.namespace, args.google, self)
            account, granted, project = made.metadata.name, [grant], args.google.project_id
            out = google_flows(NAME)
        else:
            destination, port = peer_of_url(args.settings.to.url)
            out = (
                Flow(
                    name=f"{NAME}-to-{args.settings.to.kind}",
                    source=selector(NAME),
                    destination=destination,
                    ports=(port,),
                ),
            )
        config = core.v1.ConfigMap(
            name,
            metadata=metadata(NAME, args.namespace),
            data={_FILE: collector_config(args.settings, project)},
            immutable=True,
            opts=child,
        )
        running = apps.v1.Deployment(
            name,
            metadata=metadata(NAME, args.namespace, name=NAME),
            spec=collector_spec(args.settings, config.metadata.name, args.token, account),
            opts=pulumi.ResourceOptions(parent=self, depends_on=granted),
        )
        core.v1.Service(
            name,
            metadata=metadata(NAME, args.namespace, name=NAME),
            spec=service_spec(NAME, [("otlp-grpc", GRPC), ("otlp-http", HTTP)]),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[running]),
        )
        self.endpoint = Endpoint(host=NAME, port=GRPC, peer=Peer(labels=selector(NAME)))
        self.watch = collector_watch(args.scope)
        self.flows = (*out, *(sending(sender, self.endpoint) for sender in args.senders))
        self.register_outputs({})
