"""Who collects what the stack's parts write and emit: logs and traces."""

from dataclasses import replace

from components.config import SecretName
from components.config.logs import FluentBitLogs, GoogleLogs
from components.config.logs import Loki as LokiSettings
from components.config.monitoring import GoogleMonitoring
from components.config.traces import CloudTrace, CollectorTraces
from components.contracts import Endpoint, Flow
from components.edge.gateway_kinds import ENVOY_NAMESPACE
from components.logs.agent import LogAgent, LogAgentArgs, agents_namespace
from components.logs.loki import Loki, LokiArgs
from components.signals.model import Watch
from components.traces.collector import Collector, CollectorArgs
from components.traces.senders import senders_of

from .base import Base, Made, Part
from .watching import scrapers


def traces(base: Base) -> Part[Endpoint | None]:
    """The OpenTelemetry collector, and where it takes traces."""
    settings = base.settings.traces
    if not isinstance(settings, CollectorTraces):
        return Part(access=None)
    google = None
    if isinstance(settings.to, CloudTrace):
        from components.traces.cloud_trace import GoogleTraces

        cloud = base.google
        google = GoogleTraces(
            project=cloud.project.id,
            project_id=cloud.google.project,
            project_number=cloud.project.number,
            namespace_name=base.settings.namespace.name,
            identities=cloud.identities,
        )
    collector = Collector(
        "traces",
        CollectorArgs(
            settings=settings,
            namespace=base.namespace,
            scope=base.scope,
            senders=senders_of(base.settings.vector_db, base.settings.edge, ENVOY_NAMESPACE),
            token=base.secrets.get(SecretName.TRACES),
            google=google,
        ),
        base.child,
    )
    return Part(access=collector.endpoint, flows=collector.flows, watches=(collector.watch,))


def logs(base: Base) -> Part[Endpoint | None]:
    """Who collects logs; and the Loki that keeps them, where it is the stack's own."""
    settings = base.settings.logs
    if isinstance(settings, FluentBitLogs):
        return _fluent_bit(base, settings)
    if isinstance(settings, GoogleLogs):
        return _google(base, settings)
    return Part(access=None)


def _fluent_bit(base: Base, settings: FluentBitLogs) -> Part[Endpoint | None]:
    agents = agents_namespace(base.settings.namespace.name)
    loki: Endpoint | None = None
    flows: tuple[Flow, ...] = ()
    watches: tuple[Watch, ...] = ()
    if isinstance(settings.to, LokiSettings):
        kept = Loki(
            "loki",
            LokiArgs(settings=settings.to, namespace=base.namespace, writers=agents, protect=base.protect),
            base.child,
        )
        loki, flows, watches = kept.endpoint, kept.flows, (kept.watch,)
        url = f"http://{loki.host}.{base.settings.namespace.name}.svc:{loki.port}"
        password = None
    else:
        url = settings.to.url
        written_by = SecretName.LOGS_ELASTICSEARCH if settings.to.kind == "elasticsearch" else SecretName.LOKI
        password = base.config.supplied.get(written_by)
    agent = LogAgent(
        "logs",
        LogAgentArgs(
            settings=settings,
            namespace=base.namespace,
            namespace_name=base.settings.namespace.name,
            password=password,
            watchers=scrapers(base),
        ),
        url,
        base.child,
    )
    watch = agent.watch
    if isinstance(base.settings.monitoring, GoogleMonitoring):
        # Google's collectors are told of pods in each namespace by itself, and name its series after it.
        watch = replace(watch, targets=(), alerts=(), panels=())
    return Part(access=loki, flows=flows, watches=(*watches, watch), spaces=(agent.space,))


def _google(base: Base, settings: GoogleLogs) -> Part[Endpoint | None]:
    from components.logs.google import CloudLogging, CloudLoggingArgs

    cloud = base.google
    logging = CloudLogging(
        "logs",
        CloudLoggingArgs(
            settings=settings,
            prefix=cloud.prefix,
            project=cloud.project.id,
            region=cloud.google.region,
            cluster=cloud.cluster_name,
            namespace=base.settings.namespace.name,
        ),
        base.child,
    )
    return Part(access=None, outputs={"logBucket": logging.bucket}, made={Made.ERRORS: logging.error_metric})
