"""Where the stack's logs go: to Cloud Logging, or by agents on the nodes to Loki or Elasticsearch."""

from components.config import SecretName
from components.config.logs import ExistingLoki, FluentBitLogs, GoogleLogs, Loki, NoLogs
from components.config.monitoring import BuiltinMonitoring, NoMonitoring, OperatorMonitoring
from components.contracts import Peer
from components.logs.agent import LogAgent, LogAgentArgs, agents_namespace
from components.logs.loki import Loki as OwnLoki
from components.logs.loki import LokiArgs
from components.signals.model import Watch

from .base import Base, Part

_GOOGLES_COLLECTORS = "gmp-system"


def logged(base: Base) -> Part[tuple[Watch, ...]]:
    """The components that collect and keep logs, and what watches them."""
    settings = base.settings.logs
    if isinstance(settings, NoLogs):
        return Part(access=())
    if isinstance(settings, GoogleLogs):
        return _google(base, settings)
    own = None
    if isinstance(settings.to, Loki):
        own = OwnLoki(
            "loki",
            LokiArgs(
                settings=settings.to,
                namespace=base.namespace,
                writers=agents_namespace(base.settings.namespace.name),
                protect=base.protect,
            ),
            base.child,
        )
        url = f"http://{own.endpoint.host}.{base.settings.namespace.name}.svc:{own.endpoint.port}"
    else:
        url = settings.to.url
    agent = LogAgent(
        "fluent-bit",
        LogAgentArgs(
            settings=settings,
            namespace=base.namespace,
            namespace_name=base.settings.namespace.name,
            password=base.config.supplied.get(_password_of(settings)),
            watchers=_watchers(base),
        ),
        url,
        base.child,
    )
    watches = (agent.watch, own.watch) if own else (agent.watch,)
    return Part(
        access=watches,
        flows=own.flows if own else (),
        outputs={"logs": {"namespace": agent.namespace, "url": url}},
    )


def _password_of(settings: FluentBitLogs) -> SecretName:
    return SecretName.LOKI if isinstance(settings.to, ExistingLoki) else SecretName.LOGS_ELASTICSEARCH


def _watchers(base: Base) -> tuple[Peer, ...]:
    """Where that runs which scrapes the agents."""
    watching = base.settings.monitoring
    if isinstance(watching, NoMonitoring):
        return ()
    if isinstance(watching, BuiltinMonitoring):
        return (Peer(namespace=base.settings.namespace.name),)
    if isinstance(watching, OperatorMonitoring):
        return (Peer(namespace=watching.namespace),)
    return (Peer(namespace=_GOOGLES_COLLECTORS),)


def _google(base: Base, settings: GoogleLogs) -> Part[tuple[Watch, ...]]:
    from components.logs.google import CloudLogging, CloudLoggingArgs

    cloud = base.google
    kept = CloudLogging(
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
    return Part(access=(), outputs={"logs": {"bucket": kept.bucket, "errorMetric": kept.error_metric}})
