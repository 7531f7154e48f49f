"""Sizes that can't work: limits below requests, too little memory, a quota that nothing fits in."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from components.config.fields import amount
from components.config.logs import FluentBitLogs, Loki
from components.config.monitoring import BuiltinMonitoring, NoMonitoring
from components.config.overhead import (
    ALERTMANAGER,
    ALERTMANAGER_VOLUME,
    EXPORTER,
    GRAFANA,
    KUBE_STATE_METRICS,
)
from components.config.problems import Problem, set_command
from components.config.section import Resources, Storage
from components.config.settings import (
    Chroma,
    Elasticsearch,
    ExternalPostgres,
    InClusterPostgres,
    PgVector,
    Qdrant,
    Settings,
)
from components.config.traces import CollectorTraces

from .replicas import most_replicas
from .rule import Stack, problem

PER_REPLICA = 30
"""Connections that each replica of Kotaemon may hold."""
_RESERVED, _MOST_CONNECTIONS = 10, 1000
_GIB = Decimal(2**30)


@dataclass(frozen=True, kw_only=True)
class _Workload:
    """One kind of pod of the stack."""

    key: str
    resources: Resources
    storage: Storage | None
    pods: int
    volumes: int


def connections(stack: Stack) -> Iterator[Problem]:
    """The in-cluster PostgreSQL must take what all replicas hold open."""
    database, pods = stack.settings.postgres, most_replicas(stack.settings.app)
    if not isinstance(database, InClusterPostgres):
        return
    needed = PER_REPLICA * pods + _RESERVED
    most = (_MOST_CONNECTIONS - _RESERVED) // PER_REPLICA
    scaled = stack.settings.app.autoscaling is not None
    replicas = "app.autoscaling.maxReplicas" if scaled else "app.replicas"
    if pods > most:
        yield problem(
            replicas,
            pods,
            f"must be at most {most} with the in-cluster PostgreSQL: each replica holds up to "
            f"{PER_REPLICA} connections, of {_MOST_CONNECTIONS}",
            set_command(replicas, most),
            "postgres",
        )
    elif database.max_connections < needed:
        yield problem(
            "postgres.maxConnections",
            database.max_connections,
            f"must be at least {needed}: each replica ({pods}) holds up to {PER_REPLICA} connections, "
            f"and {_RESERVED} are kept for administration",
            set_command("postgres.maxConnections", needed),
            replicas,
        )


def limits(stack: Stack) -> Iterator[Problem]:
    """The API server refuses a limit below the request."""
    for workload in _workloads(stack.settings):
        for kind in ("cpu", "memory"):
            request = getattr(workload.resources, kind)
            limit = getattr(workload.resources, f"{kind}_limit")
            path = f"{workload.key}.resources.{kind}"
            if limit is not None and amount(limit) < amount(request):
                yield problem(
                    f"{path}Limit",
                    limit,
                    f"must be at least what is requested ({request})",
                    set_command(f"{path}Limit", request),
                    path,
                )


def least_sizes(stack: Stack) -> Iterator[Problem]:
    """Memory below which a process is killed."""
    app, docstore = stack.settings.app.resources, stack.settings.docstore
    most = app.memory_limit or app.memory
    if amount(most) < amount("1536Mi"):
        key = "app.resources.memoryLimit" if app.memory_limit else "app.resources.memory"
        yield problem(
            key,
            most,
            "must be at least 1536Mi: Kotaemon takes 0.8 GB idle and 1.3 GB under load",
            set_command(key, "2Gi"),
        )
    if isinstance(docstore, Elasticsearch) and amount(docstore.resources.memory) < amount("1Gi"):
        yield problem(
            "docstore.resources.memory",
            docstore.resources.memory,
            "must be at least 1Gi: Elasticsearch's heap is half of it",
            set_command("docstore.resources.memory", "2Gi"),
        )


def quota(stack: Stack) -> Iterator[Problem]:
    """The stack's own pods and volumes must fit in the namespace's quota."""
    allowed, workloads = stack.settings.namespace.quota, _workloads(stack.settings)
    asked = {
        "cpu": sum((amount(w.resources.cpu) * w.pods for w in workloads), Decimal(0)),
        "memory": sum((amount(w.resources.memory) * w.pods for w in workloads), Decimal(0)),
        "storage": sum(
            (amount(w.storage.size) * w.volumes for w in workloads if w.storage is not None), Decimal(0)
        ),
    }
    for kind, total in asked.items():
        given = getattr(allowed, kind)
        if total > amount(given):
            unit = Decimal(1) if kind == "cpu" else _GIB
            least = f"{(total / unit).to_integral_value(ROUND_CEILING)}{'' if kind == 'cpu' else 'Gi'}"
            yield problem(
                f"namespace.quota.{kind}",
                given,
                f"must be at least {least}, which this stack's own pods request: else some never start",
                set_command(f"namespace.quota.{kind}", least),
                *(
                    f"{w.key}.{'storage.size' if kind == 'storage' else f'resources.{kind}'}"
                    for w in workloads
                ),
            )
    pods = sum(w.pods for w in workloads)
    if pods > allowed.pods:
        yield problem(
            "namespace.quota.pods",
            allowed.pods,
            f"must be at least {pods}, the number of this stack's own pods: else some never start",
            set_command("namespace.quota.pods", pods),
        )


def _workloads(settings: Settings) -> list[_Workload]:
    app, database, vectors, docstore = (
        settings.app,
        settings.postgres,
        settings.vector_db,
        settings.docstore,
    )
    found = [
        _Workload(key="app", resources=app.resources, storage=app.storage, pods=most_replicas(app), volumes=1)
    ]
    if isinstance(database, InClusterPostgres):
        found.append(_server("postgres", database))
    if not isinstance(vectors, PgVector):
        found.append(_server("vectorDb", vectors))
    if isinstance(docstore, Elasticsearch):
        found.append(_server("docstore", docstore))
    return [*found, *_watchers(settings)]


def _watchers(settings: Settings) -> Iterator[_Workload]:
    """Who watches, and who collects logs and traces, in the same namespace."""
    watching, logs, traces = settings.monitoring, settings.logs, settings.traces
    if isinstance(watching, BuiltinMonitoring):
        yield _one("monitoring", watching.resources, watching.storage)
        yield _one("monitoring", ALERTMANAGER, Storage(size=ALERTMANAGER_VOLUME))
        yield _one("monitoring", KUBE_STATE_METRICS)
    if not isinstance(watching, NoMonitoring):
        exporters = 1
        if not watching.minimal:
            exporters += not isinstance(settings.postgres, ExternalPostgres)
            exporters += isinstance(settings.docstore, Elasticsearch)
        yield _Workload(key="monitoring", resources=EXPORTER, storage=None, pods=exporters, volumes=0)
        if isinstance(watching, BuiltinMonitoring) and not watching.minimal:
            yield _one("monitoring", GRAFANA)
    if isinstance(logs, FluentBitLogs) and isinstance(logs.to, Loki):
        yield _one("logs.to", logs.to.resources, logs.to.storage)
    if isinstance(traces, CollectorTraces):
        yield _one("traces", traces.resources)


def _one(key: str, resources: Resources, storage: Storage | None = None) -> _Workload:
    return _Workload(
        key=key, resources=resources, storage=storage, pods=1, volumes=0 if storage is None else 1
    )


def _server(key: str, section: InClusterPostgres | Qdrant | Chroma | Elasticsearch) -> _Workload:
    pods = section.replicas if isinstance(section, Qdrant) else 1
    return _Workload(key=key, resources=section.resources, storage=section.storage, pods=pods, volumes=pods)
