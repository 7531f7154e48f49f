"""Who watches the stack: one definition from what its parts say of themselves, and the way in which it is rendered."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi

from components.config.edge import Certificates, GatewayEdge, GoogleEdge, NoEdge
from components.config.google import Availability, CloudSql, GoogleBackup
from components.config.monitoring import (
    BuiltinMonitoring,
    GoogleMonitoring,
    NoMonitoring,
    OperatorMonitoring,
)
from components.contracts import Endpoint, Flow, Peer
from components.kubernetes import selector
from components.monitoring.builtin.component import BuiltinMonitor, BuiltinMonitorArgs, builtin_watches
from components.monitoring.chain import reachable, sentence
from components.monitoring.definition import Definition, define
from components.monitoring.exporters import BLACKBOX_PORT, Exporters, ExportersArgs, exporters_watches
from components.monitoring.names import BLACKBOX
from components.monitoring.operator.component import OperatorMonitor, OperatorMonitorArgs
from components.signals.model import ElasticsearchExport, PostgresExport, Watch

from .base import Base, Made, Part
from .stores import connections

if TYPE_CHECKING:
    # The Google SDK takes its time.
    from components.monitoring.google.managed import Managed


def watched(
    base: Base,
    watches: tuple[Watch, ...],
    *,
    logs: Endpoint | None,
    others: tuple[pulumi.Output[str], ...],
    made: Mapping[Made, pulumi.Output[str]],
) -> Part[None]:
    """Metrics, objectives, alerts and dashboards; `watches` in the order in which the parts need each other.

    `logs` is the stack's own Loki, `others` are its other namespaces, `made` are the names of what Google runs.
    """
    settings = base.settings.monitoring
    if isinstance(settings, NoMonitoring):
        return Part(access=None)
    definition = define(
        stack=base.config.stack,
        scope=base.scope,
        watches=(*watches, *_own(base, watches)),
        watching=settings,
        production=base.protect,
    )
    reach = sentence(reachable(base.settings), settings.objectives.availability)
    said = {
        "reachableAvailability": reach,
        "objectives": {
            "availability": f"{settings.objectives.availability:g} %",
            "latency": f"{settings.objectives.latency_share:g} % within {settings.objectives.latency_seconds:g} s",
            "days": settings.objectives.days,
        },
    }
    if isinstance(settings, BuiltinMonitoring):
        own = BuiltinMonitor(
            "monitoring",
            BuiltinMonitorArgs(
                namespace=base.namespace,
                settings=settings,
                definition=definition,
                secrets=base.secrets,
                logs=logs,
                others=others,
                protect=base.protect,
            ),
            base.child,
        )
        return Part(access=None, flows=own.flows, outputs={**said, **own.outputs})
    exporters = Exporters(
        "exporters",
        ExportersArgs(namespace=base.namespace, definition=definition, state=False),
        base.child,
    )
    if isinstance(settings, OperatorMonitoring):
        flows = _operator(base, settings, definition, exporters)
    else:
        flows = _google(base, settings, definition, exporters, made)
    return Part(access=None, flows=(*exporters.flows, *flows), outputs=said)


def scrapers(base: Base) -> tuple[Peer, ...]:
    """Who reads metrics, to pods of other namespaces than the stack's."""
    settings = base.settings.monitoring
    if isinstance(settings, BuiltinMonitoring):
        return (Peer(namespace=base.settings.namespace.name),)
    if isinstance(settings, OperatorMonitoring):
        return (Peer(namespace=settings.namespace),)
    if isinstance(settings, GoogleMonitoring):
        from components.monitoring.google.scraping import COLLECTORS

        return tuple(Peer(namespace=namespace) for namespace in COLLECTORS)
    return ()


def _own(base: Base, watches: tuple[Watch, ...]) -> tuple[Watch, ...]:
    """Who watches is watched, too."""
    settings = base.settings.monitoring
    builtin = isinstance(settings, BuiltinMonitoring)
    minimal = isinstance(settings, NoMonitoring) or settings.minimal
    kinds = () if minimal else tuple(type(watch.export) for watch in watches)
    return (
        *exporters_watches(
            postgres=PostgresExport in kinds, elasticsearch=ElasticsearchExport in kinds, state=builtin
        ),
        *(builtin_watches(minimal=minimal) if builtin else ()),
    )


def _operator(
    base: Base, settings: OperatorMonitoring, definition: Definition, exporters: Exporters
) -> tuple[Flow, ...]:
    return OperatorMonitor(
        "monitoring",
        OperatorMonitorArgs(
            settings=settings,
            definition=definition,
            namespace=base.namespace,
            exporters=exporters.targets,
            prober=Endpoint(host=BLACKBOX, port=BLACKBOX_PORT, peer=Peer(labels=selector(BLACKBOX))),
            secrets=base.secrets,
        ),
        base.child,
    ).flows


def _google(
    base: Base,
    settings: GoogleMonitoring,
    definition: Definition,
    exporters: Exporters,
    made: Mapping[Made, pulumi.Output[str]],
) -> tuple[Flow, ...]:
    from components.monitoring.google.component import GoogleMonitor, GoogleMonitorArgs

    cloud = base.google
    return GoogleMonitor(
        "monitoring",
        GoogleMonitorArgs(
            settings=settings,
            definition=definition,
            namespace=base.namespace,
            exporters=exporters.targets,
            supplied=base.config.supplied,
            prefix=cloud.prefix,
            project=cloud.project.id,
            project_id=cloud.google.project,
            domain=_public_domain(base.settings.edge),
            managed=_managed(base, made),
            root=base.config.root,
        ),
        base.child,
    ).flows


def _managed(base: Base, made: Mapping[Made, pulumi.Output[str]]) -> "Managed":
    """What Google runs for the stack, with the names that `made` has."""
    from components.edge.google import NAME as GATEWAY
    from components.monitoring.google.managed import BackupPlan, Database, LoadBalancer, Managed
    from components.postgres.cloud_sql_instance import flags

    settings = base.settings
    postgres, backup = settings.postgres, settings.backup
    return Managed(
        database=(
            Database(
                name=made[Made.DATABASE],
                connections=int(flags(postgres, connections(base))["max_connections"]),
                standby=postgres.availability is Availability.REGIONAL,
            )
            if isinstance(postgres, CloudSql)
            else None
        ),
        load_balancer=(
            LoadBalancer(gateway=GATEWAY, armor=made.get(Made.ARMOR))
            if isinstance(settings.edge, GoogleEdge)
            else None
        ),
        errors=made.get(Made.ERRORS),
        backup_plan=(
            BackupPlan(name=made[Made.BACKUP_PLAN], schedule=backup.schedule)
            if isinstance(backup, GoogleBackup)
            else None
        ),
    )


def _public_domain(edge: NoEdge | GoogleEdge | GatewayEdge) -> str | None:
    """The front door's, where anybody can look at it: its certificate is one that everybody trusts."""
    if isinstance(edge, GatewayEdge):
        return edge.domain if edge.cert_manager.issuer is Certificates.LETSENCRYPT else None
    return edge.domain if isinstance(edge, GoogleEdge) else None
