"""The collector's signals. Source: opentelemetry.io/docs/collector/internal-telemetry; names as 0.161 tells them."""

from datetime import timedelta

from components.kubernetes import selector
from components.signals.model import (
    Alert,
    Panel,
    Query,
    Scope,
    ScrapeTarget,
    Severity,
    Unit,
    Watch,
    Workload,
    WorkloadKind,
)

from .configuration import METRICS

COMPONENT = "traces"


def collector_watch(scope: Scope) -> Watch:
    """One pod with its metrics. People don't notice when it is gone."""
    return Watch(
        component=COMPONENT,
        title="Traces",
        loss="nothing that people see: traces of this time are missing",
        workload=Workload(kind=WorkloadKind.DEPLOYMENT, name=COMPONENT),
        targets=(
            ScrapeTarget(
                job=COMPONENT,
                pods=selector(COMPONENT),
                port=METRICS,
                port_name="metrics",
                keep=(
                    "otelcol_receiver_(accepted|refused|failed)_spans_total",
                    "otelcol_processor_tail_sampling_global_count_traces_sampled_total",
                    "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total",
                    "otelcol_exporter_(sent|send_failed|enqueue_failed)_spans_total",
                    "otelcol_exporter_queue_(size|capacity)",
                    "otelcol_process_memory_rss_bytes",
                ),
            ),
        ),
        alerts=_alerts(scope),
        panels=_panels(scope),
    )


def _own(scope: Scope) -> str:
    return f'{scope},job="{COMPONENT}"'


def _alerts(scope: Scope) -> tuple[Alert, ...]:
    own = _own(scope)
    lost = " or ".join(
        f"sum(rate(otelcol_exporter_{how}_spans_total{{{own}}}[10m])) > 0"
        for how in ("send_failed", "enqueue_failed")
    )
    return (
        Alert(
            name="TracesNotDelivered",
            expr=f"{lost} or "
            f"max(otelcol_exporter_queue_size{{{own}}} / otelcol_exporter_queue_capacity{{{own}}}) > 0.5",
            lasting=timedelta(minutes=10),
            severity=Severity.TICKET,
            summary="Traces don't reach where they are kept: what waits fills the queue, and what doesn't fit is lost.",
        ),
        Alert(
            name="TracesRefused",
            expr=f"sum(rate(otelcol_receiver_refused_spans_total{{{own}}}[10m])) > 0",
            lasting=timedelta(minutes=10),
            severity=Severity.TICKET,
            summary="The traces' collector turns spans away: its memory is full.",
        ),
    )


def _panels(scope: Scope) -> tuple[Panel, ...]:
    own = _own(scope)
    return (
        Panel(
            title="Spans",
            description="Spans a second that were taken in, sent on, turned away for want of memory, and lost "
            "because where they are kept didn't take them.",
            unit=Unit.PER_SECOND,
            queries=(
                *(
                    Query(expr=f"sum(rate({metric}{{{own}}}[5m]))", legend=legend, needs_data=False)
                    for legend, metric in (
                        ("taken in", "otelcol_receiver_accepted_spans_total"),
                        ("sent on", "otelcol_exporter_sent_spans_total"),
                        ("turned away", "otelcol_receiver_refused_spans_total"),
                        ("lost", "otelcol_exporter_send_failed_spans_total"),
                        ("lost, queue full", "otelcol_exporter_enqueue_failed_spans_total"),
                    )
                ),
            ),
        ),
        Panel(
            title="Traces kept",
            description="Traces a second, by whether they were kept: those with an error, the slow, and a share.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(
                    expr="sum by (decision) (rate("
                    f"otelcol_processor_tail_sampling_global_count_traces_sampled_total{{{own}}}[5m]))",
                    legend="{{decision}}",
                    needs_data=False,
                ),
                Query(
                    expr="sum(rate("
                    f"otelcol_processor_tail_sampling_sampling_trace_dropped_too_early_total{{{own}}}[5m]))",
                    legend="dropped undecided",
                    needs_data=False,
                ),
            ),
        ),
        Panel(
            title="Queue",
            description="How full the queue is of what waits to be sent. Full, new traces are lost.",
            unit=Unit.SHARE,
            warn_above=0.5,
            bad_above=0.9,
            queries=(
                Query(
                    expr=f"max(otelcol_exporter_queue_size{{{own}}} / otelcol_exporter_queue_capacity{{{own}}})",
                    legend="queue",
                ),
            ),
        ),
    )
