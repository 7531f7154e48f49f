"""A PostgreSQL server that is there already, behind the same contract."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core

from components.config.settings import ExternalPostgres
from components.contracts import ConfigMapRef, DatabaseAccess, Endpoint, Flow, SecretRef
from components.kubernetes import metadata
from components.network import peer_of
from components.signals.model import Scope, Watch
from components.signals.postgres import postgres_watch

from .server import NAME


@dataclass(frozen=True, kw_only=True)
class ExistingPostgresArgs:
    """What `ExistingPostgres` needs."""

    settings: ExternalPostgres
    namespace: pulumi.Input[str]
    scope: Scope
    password: SecretRef


class ExistingPostgres(pulumi.ComponentResource):
    """A PostgreSQL server that is there already: nothing is created but the authority's certificate."""

    access: Mapping[str, DatabaseAccess]
    flows: tuple[Flow, ...] = ()
    watch: Watch

    def __init__(
        self, name: str, args: ExistingPostgresArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("kotaemon:index:ExistingPostgres", name, None, opts)
        settings = args.settings
        ca = None
        if settings.ca_certificate is not None:
            certificate = core.v1.ConfigMap(
                f"{name}-ca",
                metadata=metadata(NAME, args.namespace),
                data={"ca.crt": settings.ca_certificate},
                immutable=True,
                opts=pulumi.ResourceOptions(parent=self),
            )
            ca = ConfigMapRef(name=certificate.metadata.name, key="ca.crt")
        endpoint = Endpoint(host=settings.host, port=settings.port, peer=peer_of(settings.host))
        # Its statistics are for whoever runs it: this stack has no role there but the application's.
        self.watch = postgres_watch(args.scope, endpoint, None, in_cluster=False)
        self.access = {
            settings.database: DatabaseAccess(
                endpoint=endpoint,
                database=settings.database,
                username=settings.username,
                password=args.password,
                ssl_mode=settings.ssl_mode.value,
                ca=ca,
            )
        }
        self.register_outputs({})
