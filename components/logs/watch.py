"""What watches the agents: whether they read, whether they get rid of what they read, and what they lose.

Source: docs.fluentbit.io/manual/administration/monitoring (the v2 metrics).
"""

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

from .fluent_bit import METRICS, Places

JOB = "fluent-bit"


def agent_watch(namespace: str, agents: str) -> Watch:
    """The agents' signals; they run in the namespace `agents`, and read the logs of `namespace`."""
    own = f'{Scope(namespace=namespace)},job="{JOB}"'
    return Watch(
        component=JOB,
        title="Fluent Bit",
        loss="new logs where one looks them up; the nodes keep them for a while",
        workload=Workload(kind=WorkloadKind.DAEMON_SET, name=JOB, namespace=agents),
        targets=(
            ScrapeTarget(
                job=JOB,
                pods=selector(JOB),
                namespace=agents,
                port=Places().port,
                port_name="metrics",
                path=METRICS,
                keep=(
                    "fluentbit_(input|filter|output)_.*",
                    "fluentbit_storage_.*",
                    "fluentbit_uptime",
                ),
            ),
        ),
        alerts=_alerts(own),
        panels=_panels(own),
    )


def _alerts(own: str) -> tuple[Alert, ...]:
    failed = f'rate(fluentbit_output_retries_total{{{own},name="destination"}}[10m])'
    sent = f'rate(fluentbit_output_proc_records_total{{{own},name="destination"}}[10m])'
    lost = f'increase(fluentbit_output_dropped_records_total{{{own},name="destination"}}[15m])'
    return (
        Alert(
            name="LogsNotDelivered",
            expr=f"sum by (pod) ({failed}) > 0 unless sum by (pod) ({sent}) > 0",
            lasting=timedelta(minutes=15),
            severity=Severity.TICKET,
            summary="{{ $labels.pod }} can't deliver logs: they wait on the node, until its buffer is full.",
        ),
        Alert(
            name="LogsLost",
            expr=f"sum by (pod) ({lost}) > 0",
            lasting=timedelta(minutes=15),
            severity=Severity.TICKET,
            summary="{{ $labels.pod }} gave up on {{ $value | humanize }} log lines.",
        ),
    )


def _panels(own: str) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Lines read and delivered",
            description="Lines a second; what is read and isn't delivered was dropped as noise, joined, or waits.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(
                    expr=f'sum(rate(fluentbit_input_records_total{{{own},name="pods"}}[5m]))', legend="read"
                ),
                Query(
                    expr=f'sum(rate(fluentbit_output_proc_records_total{{{own},name="destination"}}[5m]))',
                    legend="delivered",
                ),
            ),
        ),
        Panel(
            title="Bytes delivered",
            description="Bytes a second, before they are packed.",
            unit=Unit.BYTES_PER_SECOND,
            queries=(
                Query(
                    expr=f'sum(rate(fluentbit_output_proc_bytes_total{{{own},name="destination"}}[5m]))',
                    legend="delivered",
                ),
            ),
        ),
        Panel(
            title="Waiting on the nodes",
            description="Pieces of up to 2 MB that couldn't be delivered yet; they grow while the destination is away.",
            unit=Unit.COUNT,
            queries=(Query(expr=f"sum by (pod) (fluentbit_storage_fs_chunks{{{own}}})", legend="{{pod}}"),),
        ),
    )
