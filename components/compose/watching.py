"""Who watches the stack: one definition from what its parts say of themselves, and the way in which it is rendered."""

from components.config.monitoring import BuiltinMonitoring, NoMonitoring, OperatorMonitoring
from components.contracts import Endpoint, Flow, Peer
from components.kubernetes import selector
from components.monitoring.builtin.component import BuiltinMonitor, BuiltinMonitorArgs, builtin_watches
from components.monitoring.chain import reachable, sentence
from components.monitoring.definition import Definition, define
from components.monitoring.exporters import BLACKBOX_PORT, Exporters, ExportersArgs, exporters_watches
from components.monitoring.names import BLACKBOX
from components.monitoring.operator.component import OperatorMonitor, OperatorMonitorArgs
from components.signals.model import ElasticsearchExport, PostgresExport, Watch

from .base import Base, Part


def watched(base: Base, watches: tuple[Watch, ...]) -> Part[None]:
    """Metrics, objectives, alerts and dashboards; `watches` in the order in which the parts need each other."""
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
    render = _operator if isinstance(settings, OperatorMonitoring) else _google
    flows = render(base, definition, exporters)
    return Part(access=None, flows=(*exporters.flows, *flows), outputs=said)


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


def _operator(base: Base, definition: Definition, exporters: Exporters) -> tuple[Flow, ...]:
    settings = definition.watching
    if not isinstance(settings, OperatorMonitoring):
        raise TypeError("these are settings for the Prometheus operator")
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
