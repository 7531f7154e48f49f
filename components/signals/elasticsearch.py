"""Elasticsearch's signals, by its exporter.

Source: github.com/prometheus-community/elasticsearch_exporter, names from 1.5 on.
"""

from datetime import timedelta

from components.contracts import DocumentAccess, Endpoint

from .model import (
    Alert,
    ElasticsearchExport,
    Panel,
    Probe,
    ProbeModule,
    Query,
    Scope,
    Severity,
    Unit,
    Watch,
    Workload,
    WorkloadKind,
)

COMPONENT = "elasticsearch"


def elasticsearch_watch(scope: Scope, server: Endpoint, access: DocumentAccess) -> Watch:
    """The Elasticsearch node."""
    return Watch(
        component=COMPONENT,
        title="Elasticsearch",
        loss="the text of documents: there are no answers, and uploads fail",
        workload=Workload(kind=WorkloadKind.STATEFUL_SET, name=server.host),
        claims=f"data-{server.host}-[0-9]+",
        probes=(
            Probe(
                name=COMPONENT,
                part="documents",
                target=server.address,
                module=ProbeModule.TCP,
                to=server.peer,
                port=server.port,
                essential=True,
            ),
        ),
        export=ElasticsearchExport(access=access),
        alerts=_alerts(scope),
        panels=_panels(scope),
    )


def _heap(scope: Scope) -> str:
    return (
        f'max by (name) (elasticsearch_jvm_memory_used_bytes{{{scope},area="heap"}}) / '
        f'max by (name) (elasticsearch_jvm_memory_max_bytes{{{scope},area="heap"}})'
    )


def _alerts(scope: Scope) -> tuple[Alert, ...]:
    return (
        Alert(
            name="ElasticsearchRed",
            expr=f'max(elasticsearch_cluster_health_status{{{scope},color="red"}}) == 1',
            lasting=timedelta(minutes=2),
            severity=Severity.PAGE,
            summary="Elasticsearch can't reach part of the documents' text: answers lack it.",
        ),
        Alert(
            name="ElasticsearchHeapFull",
            expr=f"{_heap(scope)} > 0.9",
            lasting=timedelta(minutes=15),
            severity=Severity.TICKET,
            summary="{{ $value | humanizePercentage }} of Elasticsearch's heap is used: it gets slow, then fails.",
        ),
    )


def _panels(scope: Scope) -> tuple[Panel, ...]:
    searches = f"sum(rate(elasticsearch_indices_search_query_total{{{scope}}}[5m]))"
    return (
        Panel(
            title="Documents",
            description="Pieces of text that are kept.",
            unit=Unit.COUNT,
            queries=(Query(expr=f"max(elasticsearch_indices_docs{{{scope}}})", legend="pieces"),),
        ),
        Panel(
            title="Searches",
            description="Searches a second.",
            unit=Unit.PER_SECOND,
            queries=(Query(expr=searches, legend="searches"),),
        ),
        Panel(
            title="Time of a search",
            description="Mean seconds that a search takes inside Elasticsearch.",
            unit=Unit.SECONDS,
            queries=(
                Query(
                    expr=f"sum(rate(elasticsearch_indices_search_query_time_seconds{{{scope}}}[5m])) "
                    f"/ ({searches} > 0)",
                    legend="mean",
                    needs_data=False,
                ),
            ),
        ),
        Panel(
            title="Heap",
            description="Share of the Java heap that is used. Above 90 % for long it gets slow, then fails.",
            unit=Unit.SHARE,
            warn_above=0.8,
            bad_above=0.9,
            queries=(Query(expr=_heap(scope), legend="{{name}}"),),
        ),
    )
