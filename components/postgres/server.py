"""PostgreSQL in the namespace: one pod of the official image with pgvector, and the volume that outlives it.

It speaks plain TCP inside the namespace, where network policies let nobody but its applications reach it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pulumi
from pulumi_kubernetes import apps, core

from components import images
from components.config.fields import amount
from components.config.settings import InClusterPostgres
from components.contracts import DatabaseAccess, Endpoint, Flow, Peer, SecretRef
from components.kubernetes import (
    command,
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
)
from components.signals.model import Scope, Watch
from components.signals.postgres import postgres_watch

from . import setup
from .setup import MONITOR, UID, SetupArgs, role_password, set_up

NAME = "postgres"
PORT = 5432
_HOME = "/var/lib/postgresql"  # PostgreSQL 18's image keeps its data in a folder of its major version below
_SUPERUSER = "postgres"


def server_arguments(settings: InClusterPostgres) -> list[str]:
    """Settings by the pod's memory: a quarter of it for shared buffers, as PostgreSQL's manual says."""
    mebibytes = int(amount(settings.resources.memory) / 2**20)
    options = {
        "shared_buffers": f"{mebibytes // 4}MB",
        "effective_cache_size": f"{mebibytes // 2}MB",
        "maintenance_work_mem": f"{max(64, mebibytes // 8)}MB",
        "max_connections": str(settings.max_connections),
        "password_encryption": "scram-sha-256",
        "idle_in_transaction_session_timeout": "10min",
    }
    return [part for key, value in options.items() for part in ("-c", f"{key}={value}")]


def server_spec(settings: InClusterPostgres, superuser: SecretRef) -> apps.v1.StatefulSetSpecArgs:
    """The database server: one pod and the volume that outlives it."""
    answers = command(
        "pg_isready", "--quiet", "--host=127.0.0.1", f"--port={PORT}", f"--username={_SUPERUSER}"
    )
    server = core.v1.ContainerArgs(
        name=NAME,
        image=images.POSTGRES,
        args=["postgres", *server_arguments(settings)],
        env=environment({}, {"POSTGRES_PASSWORD": superuser}),
        ports=[core.v1.ContainerPortArgs(name="postgres", container_port=PORT)],
        resources=requirements(settings.resources),
        security_context=container_security(),
        **probes(answers),  # replaying the log after a crash can take minutes
        volume_mounts=[
            mount("data", _HOME),
            mount("run", "/var/run/postgresql"),
            mount("tmp", "/tmp"),  # noqa: S108  in the container
            mount("shm", "/dev/shm"),  # noqa: S108  parallel queries outgrow the default 64 MiB
        ],
    )
    scratches = [
        scratch("run", size="16Mi"),
        scratch("tmp", size="1Gi"),
        scratch("shm", size="256Mi", memory=True),
    ]
    return stateful_set(
        NAME,
        pod(NAME, UID, containers=[server], volumes=scratches, grace_seconds=120),
        settings.storage,
    )


@dataclass(frozen=True, kw_only=True)
class PostgresArgs:
    """What `Postgres` needs."""

    settings: InClusterPostgres
    namespace: pulumi.Input[str]
    databases: tuple[str, ...]
    """One database for each application, owned by a role of the same name."""
    scope: Scope
    monitored: bool
    """Whether somebody reads its statistics."""
    protect: bool


class Postgres(pulumi.ComponentResource):
    """PostgreSQL with pgvector in the namespace. Source: hub.docker.com/_/postgres."""

    access: Mapping[str, DatabaseAccess]
    """By database."""
    flows: tuple[Flow, ...]
    watch: Watch

    def __init__(self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("kotaemon:index:Postgres", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        def password(of: str) -> SecretRef:
            return role_password(name, of, args.namespace, args.protect, self).ref

        superuser = password("superuser")
        passwords = {database: password(database) for database in args.databases}
        monitor = password(MONITOR) if args.monitored else None
        core.v1.Service(
            name,
            metadata=metadata(NAME, args.namespace, name=NAME),
            spec=service_spec(NAME, [("postgres", PORT)], headless=True),
            opts=child,
        )
        server = apps.v1.StatefulSet(
            name,
            metadata=metadata(NAME, args.namespace, name=NAME),
            spec=server_spec(args.settings, superuser),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        endpoint = Endpoint(host=NAME, port=PORT, peer=Peer(labels=selector(NAME)))
        set_up(
            f"{name}-setup",
            SetupArgs(
                namespace=args.namespace,
                endpoint=endpoint,
                administrator=_SUPERUSER,
                password=superuser,
                passwords=passwords,
                monitor=monitor,
            ),
            self,
            server,
        )
        self.access = {
            database: DatabaseAccess(
                endpoint=endpoint,
                database=database,
                username=database,
                password=passwords[database],
                ssl_mode="disable",
            )
            for database in args.databases
        }
        statistics = None
        if monitor is not None:
            statistics = replace(self.access[args.databases[0]], username=MONITOR, password=monitor)
        self.watch = postgres_watch(args.scope, endpoint, statistics, in_cluster=True)
        self.flows = (
            Flow(
                name=f"{setup.NAME}-to-{NAME}",
                source=selector(setup.NAME),
                destination=endpoint.peer,
                ports=(PORT,),
            ),
        )
        self.register_outputs({})
