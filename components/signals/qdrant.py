"""Qdrant's signals: its own metrics, for which it wants its API key.

Source: qdrant.tech/documentation/guides/monitoring, and src/common/metrics.rs of 1.13.
"""

from datetime import timedelta

from components.contracts import Endpoint, SecretRef

from .model import (
    Alert,
    Panel,
    Probe,
    ProbeModule,
    Query,
    Scope,
    ScrapeTarget,
    Severity,
    Unit,
    Watch,
    Workload,
    WorkloadKind,
)

COMPONENT = "qdrant"


def qdrant_watch(scope: Scope, server: Endpoint, api_key: SecretRef) -> Watch:
    """Qdrant's nodes, each with its metrics."""
    return Watch(
        component=COMPONENT,
        title="Qdrant",
        loss="searching by meaning: answers fall back to words, and files uploaded meanwhile must be indexed again",
        workload=Workload(kind=WorkloadKind.STATEFUL_SET, name=server.host),
        claims=f"data-{server.host}-[0-9]+",
        targets=(
            ScrapeTarget(
                job=COMPONENT,
                pods=dict(server.peer.labels or {}),
                port=server.port,
                port_name="http",
                bearer=api_key,
                keep=("app_.*", "cluster_.*", "collections_.*", "memory_.*", "rest_responses_.*"),
            ),
        ),
        probes=(
            Probe(
                name=COMPONENT,
                part="vector search",
                target=f"http://{server.address}/readyz",
                module=ProbeModule.PAGE,
                to=server.peer,
                port=server.port,
            ),
        ),
        alerts=_alerts(scope),
        panels=_panels(scope),
    )


def _alerts(scope: Scope) -> tuple[Alert, ...]:
    own = f'{scope},job="{COMPONENT}"'
    return (
        Alert(
            name="QdrantInRecoveryMode",
            expr=f"max by (pod) (app_status_recovery_mode{{{own}}}) == 1",
            lasting=timedelta(minutes=2),
            severity=Severity.PAGE,
            summary="{{ $labels.pod }} started in recovery mode: it holds its collections but answers no search.",
        ),
        Alert(
            name="QdrantOperationsPending",
            expr=f"max by (pod) (cluster_pending_operations_total{{{own}}}) > 0",
            lasting=timedelta(minutes=15),
            severity=Severity.TICKET,
            summary="{{ $labels.pod }} doesn't catch up with the other nodes: new collections may be missing on it.",
        ),
        Alert(
            name="QdrantErrors",
            expr=f'sum(rate(rest_responses_total{{{own},status=~"5.."}}[10m])) / '
            f"sum(rate(rest_responses_total{{{own}}}[10m])) > 0.05",
            lasting=timedelta(minutes=10),
            severity=Severity.TICKET,
            summary="{{ $value | humanizePercentage }} of Qdrant's answers are errors.",
        ),
    )


def _panels(scope: Scope) -> tuple[Panel, ...]:
    own = f'{scope},job="{COMPONENT}"'
    return (
        Panel(
            title="Vectors",
            description="Vectors kept, over all collections; each counts once for each of its replicas on the node.",
            unit=Unit.COUNT,
            queries=(Query(expr=f"max(collections_vector_total{{{own}}})", legend="vectors"),),
        ),
        Panel(
            title="Requests",
            description="Requests a second, by what was asked for.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(
                    expr=f"sum by (endpoint) (rate(rest_responses_total{{{own}}}[5m]))",
                    legend="{{endpoint}}",
                    needs_data=False,  # there is none before the first search
                ),
            ),
        ),
        Panel(
            title="Errors",
            description="Answers with a status of 500 or more.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(
                    expr=f'sum by (endpoint) (rate(rest_responses_total{{{own},status=~"5.."}}[5m]))',
                    legend="{{endpoint}}",
                    needs_data=False,
                ),
            ),
        ),
        Panel(
            title="Slowest twentieth",
            description="Seconds within which 95 % of the requests are answered.",
            unit=Unit.SECONDS,
            queries=(
                Query(
                    expr="histogram_quantile(0.95, sum by (le, endpoint) "
                    f"(rate(rest_responses_duration_seconds_bucket{{{own}}}[5m])))",
                    legend="{{endpoint}}",
                    needs_data=False,
                ),
            ),
        ),
        Panel(
            title="Memory inside",
            description="Memory that Qdrant itself counts as in use.",
            unit=Unit.BYTES,
            queries=(Query(expr=f"max by (pod) (memory_allocated_bytes{{{own}}})", legend="{{pod}}"),),
        ),
    )
