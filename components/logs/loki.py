"""A Loki of the stack's own: one pod that does everything, on one volume. Source: grafana.com/docs/loki (3.x)."""

import json
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apps, core

from components import images
from components.config.fields import amount
from components.config.logs import Loki as LokiSettings
from components.contracts import Endpoint, Flow, Peer
from components.kubernetes import (
    config_volume,
    container_security,
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
from components.signals.model import (
    Probe,
    ProbeModule,
    ScrapeTarget,
    Severity,
    Watch,
    Workload,
    WorkloadKind,
)

NAME = "loki"
PORT = 3100
_UID = 10001  # the image's user "loki"
_DATA = "/loki"
_CONFIG = "/etc/loki"
_OLDEST_DAYS = 7


def loki_config(
    settings: LokiSettings,
    *,
    data: str = _DATA,
    port: int = PORT,
    listen: str = "0.0.0.0",  # noqa: S104  in the pod
) -> str:
    """Its configuration (JSON is YAML): everything in one process, indexes and chunks in files, old ones deleted."""
    days, local = settings.retention_days, "127.0.0.1"
    return json.dumps(
        {
            # Who may reach it is the network policies' matter.
            "auth_enabled": False,
            "analytics": {"reporting_enabled": False},
            "server": {
                "http_listen_address": listen,
                "http_listen_port": port,
                # Its parts speak to each other there, in the same process.
                "grpc_listen_address": local,
                "grpc_listen_port": port + 1,
                "log_level": "warn",
                "grpc_server_max_recv_msg_size": 8 << 20,
                "grpc_server_max_send_msg_size": 8 << 20,
            },
            "common": {
                "path_prefix": data,
                "replication_factor": 1,
                "instance_addr": local,
                "ring": {"instance_addr": local, "kvstore": {"store": "inmemory"}},
                "storage": {
                    "filesystem": {"chunks_directory": f"{data}/chunks", "rules_directory": f"{data}/rules"}
                },
            },
            "schema_config": {
                "configs": [
                    {
                        "from": "2024-01-01",
                        "store": "tsdb",
                        "object_store": "filesystem",
                        "schema": "v13",
                        "index": {"prefix": "index_", "period": "24h"},
                    }
                ]
            },
            "ingester": {
                "wal": {"replay_memory_ceiling": f"{int(amount(settings.resources.memory) / 2**21)}MB"}
            },
            "compactor": {
                "working_directory": f"{data}/compactor",
                "retention_enabled": True,
                "delete_request_store": "filesystem",
            },
            "limits_config": {
                "retention_period": f"{24 * days}h",
                "max_query_lookback": f"{24 * days}h",
                # A node that was away for long sends what it has kept; what is due to be deleted isn't taken.
                "reject_old_samples_max_age": f"{24 * min(days, _OLDEST_DAYS)}h",
                # Else one line that is too long costs the agent's whole request.
                "max_line_size_truncate": True,
                "volume_enabled": True,
            },
        },
        indent=2,
    )


def loki_spec(settings: LokiSettings, config: pulumi.Input[str]) -> apps.v1.StatefulSetSpecArgs:
    """Its pod and its volume."""
    server = core.v1.ContainerArgs(
        name=NAME,
        image=images.LOKI,
        args=["-target=all", f"-config.file={_CONFIG}/loki.yaml"],
        ports=[core.v1.ContainerPortArgs(name="http", container_port=PORT)],
        resources=requirements(settings.resources),
        security_context=container_security(),
        # "ready" is also true of its ring, which takes 15 seconds; while it isn't, nothing has to be killed.
        **probes(http("/ready", "http"), http("/metrics", "http")),
        volume_mounts=[
            mount("data", _DATA),
            mount("config", _CONFIG, read_only=True),
            mount("tmp", "/tmp"),  # noqa: S108  in the container
        ],
    )
    return stateful_set(
        NAME,
        pod(
            NAME,
            _UID,
            containers=[server],
            volumes=[config_volume("config", config), scratch("tmp", size="256Mi")],
            grace_seconds=120,  # it writes what it holds in memory
        ),
        settings.storage,
    )


def loki_watch(server: Endpoint) -> Watch:
    """Its metrics, and whether it answers."""
    return Watch(
        component=NAME,
        title="Loki",
        loss="looking things up in logs; the nodes keep what comes meanwhile",
        workload=Workload(kind=WorkloadKind.STATEFUL_SET, name=NAME),
        claims=f"data-{NAME}-[0-9]+",
        targets=(
            ScrapeTarget(
                job=NAME,
                pods=selector(NAME),
                port=PORT,
                port_name="http",
                keep=(
                    "loki_distributor_(bytes|lines)_received_total",
                    "loki_discarded_(bytes|samples)_total",
                    "loki_ingester_memory_streams",
                    "loki_request_duration_seconds_(count|sum)",
                    "process_(cpu_seconds_total|resident_memory_bytes)",
                ),
            ),
        ),
        probes=(
            Probe(
                name=NAME,
                part="logs",
                target=f"http://{server.address}/ready",
                module=ProbeModule.PAGE,
                to=server.peer,
                port=server.port,
                severity=Severity.TICKET,  # the nodes keep the lines meanwhile
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class LokiArgs:
    """What `Loki` needs."""

    settings: LokiSettings
    namespace: pulumi.Input[str]
    writers: str
    """The namespace of the pods that send to it."""
    protect: bool


class Loki(pulumi.ComponentResource):
    """One Loki without a password: only the agents' namespace may reach it, and whom another flow lets in."""

    endpoint: Endpoint
    flows: tuple[Flow, ...]
    watch: Watch

    def __init__(self, name: str, args: LokiArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Loki", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        config = core.v1.ConfigMap(
            name,
            metadata=metadata(NAME, args.namespace),
            data={"loki.yaml": loki_config(args.settings)},
            immutable=True,
            opts=child,
        )
        core.v1.Service(
            name,
            metadata=metadata(NAME, args.namespace, name=NAME),
            spec=service_spec(NAME, [("http", PORT)], headless=True),
            opts=child,
        )
        apps.v1.StatefulSet(
            name,
            metadata=metadata(NAME, args.namespace, name=NAME),
            spec=loki_spec(args.settings, config.metadata.name),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        here = Peer(labels=selector(NAME))
        self.endpoint = Endpoint(host=NAME, port=PORT, peer=here)
        self.flows = (
            Flow(
                name="agents-to-loki",
                origins=(Peer(namespace=args.writers),),
                destination=here,
                ports=(PORT,),
            ),
        )
        self.watch = loki_watch(self.endpoint)
        self.register_outputs({})
