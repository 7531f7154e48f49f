"""PostgreSQL's signals: does it answer, may it be logged in to, how full is it, who waits for whom.

Names are those of postgres_exporter from 0.11 on. Source: github.com/prometheus-community/postgres_exporter.
"""

from datetime import timedelta

from components.contracts import DatabaseAccess, Endpoint

from .model import (
    Alert,
    Panel,
    PostgresExport,
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

COMPONENT = "postgres"
PROBE = "postgres"


def postgres_watch(
    scope: Scope, server: Endpoint, statistics: DatabaseAccess | None, *, in_cluster: bool
) -> Watch:
    """PostgreSQL, wherever it is; `statistics` is how its exporter signs in, where it may."""
    return Watch(
        component=COMPONENT,
        title="PostgreSQL",
        loss="sign-in, conversations, settings and whatever else is in the database",
        workload=Workload(kind=WorkloadKind.STATEFUL_SET, name=server.host) if in_cluster else None,
        claims=f"data-{server.host}-[0-9]+" if in_cluster else None,
        probes=(
            Probe(
                name=PROBE,
                part="PostgreSQL",
                target=server.address,
                module=ProbeModule.TCP,
                to=server.peer,
                port=server.port,
                essential=True,
            ),
        ),
        export=PostgresExport(access=statistics) if statistics else None,
        alerts=_alerts(scope) if statistics else (),
        panels=_panels(scope) if statistics else (),
    )


def _used(scope: Scope) -> str:
    """Share of the connections that are taken."""
    return f"sum(pg_stat_database_numbackends{{{scope}}}) / min(pg_settings_max_connections{{{scope}}})"


def _alerts(scope: Scope) -> tuple[Alert, ...]:
    return (
        Alert(
            name="PostgresRefusesLogin",
            # Where it doesn't answer at all, its probe says so.
            expr=f'min(pg_up{{{scope}}}) == 0 and min(probe_success{{{scope},probe="{PROBE}"}}) == 1',
            severity=Severity.TICKET,
            summary="PostgreSQL answers, but refuses the exporter of its statistics: nobody sees how full it is.",
        ),
        Alert(
            name="PostgresConnectionsNearlyUsed",
            expr=f"{_used(scope)} > 0.8",
            lasting=timedelta(minutes=10),
            severity=Severity.TICKET,
            summary="{{ $value | humanizePercentage }} of PostgreSQL's connections are taken; when all are, "
            "people get errors.",
        ),
        Alert(
            name="PostgresDeadlocks",
            expr=f"sum by (datname) (increase(pg_stat_database_deadlocks{{{scope}}}[1h])) > 5",
            severity=Severity.TICKET,
            summary="Transactions in {{ $labels.datname }} keep blocking each other: some requests fail.",
        ),
        Alert(
            name="PostgresLongTransaction",
            expr=f"max by (datname) (pg_stat_activity_max_tx_duration{{{scope}}}) > 3600",
            severity=Severity.TICKET,
            summary="A transaction in {{ $labels.datname }} is open for {{ $value | humanizeDuration }}: "
            "nothing that was deleted since is cleaned up.",
        ),
    )


def _panels(scope: Scope) -> tuple[Panel, ...]:
    def rate(metric: str) -> str:
        return f'sum by (datname) (rate({metric}{{{scope},datname!~"template.*"}}[5m]))'

    return (
        Panel(
            title="Connections",
            description="Open connections, and how many there may be; each replica of Kotaemon holds up to 30.",
            unit=Unit.COUNT,
            queries=(
                Query(
                    expr=f"sum by (datname) (pg_stat_database_numbackends{{{scope}}})", legend="{{datname}}"
                ),
                Query(expr=f"min(pg_settings_max_connections{{{scope}}})", legend="most"),
            ),
        ),
        Panel(
            title="Transactions",
            description="Transactions committed and rolled back. Rollbacks are errors of the application.",
            unit=Unit.PER_SECOND,
            queries=(
                Query(expr=rate("pg_stat_database_xact_commit"), legend="{{datname}} committed"),
                Query(expr=rate("pg_stat_database_xact_rollback"), legend="{{datname}} rolled back"),
            ),
        ),
        Panel(
            title="Size",
            description="Bytes that each database takes on the volume.",
            unit=Unit.BYTES,
            queries=(
                Query(expr=f"max by (datname) (pg_database_size_bytes{{{scope}}})", legend="{{datname}}"),
            ),
        ),
        Panel(
            title="Read from memory",
            description="Share of the blocks found in PostgreSQL's memory. Below 95 % for long, it wants more.",
            unit=Unit.SHARE,
            queries=(
                Query(
                    expr=f"sum by (datname) (rate(pg_stat_database_blks_hit{{{scope}}}[5m])) / "
                    f"(sum by (datname) (rate(pg_stat_database_blks_hit{{{scope}}}[5m])) + "
                    f"sum by (datname) (rate(pg_stat_database_blks_read{{{scope}}}[5m])) > 0)",
                    legend="{{datname}}",
                ),
            ),
        ),
        Panel(
            title="Longest transaction",
            description="Age of the oldest transaction that is open. An hour is a program that forgot it.",
            unit=Unit.SECONDS,
            warn_above=600,
            bad_above=3600,
            queries=(
                Query(
                    expr=f"max by (datname) (pg_stat_activity_max_tx_duration{{{scope}}})",
                    legend="{{datname}}",
                    needs_data=False,
                ),
            ),
        ),
        Panel(
            title="Locks",
            description="Locks that are held, by mode. Many exclusive ones are requests that wait for each other.",
            unit=Unit.COUNT,
            queries=(Query(expr=f"sum by (mode) (pg_locks_count{{{scope}}})", legend="{{mode}}"),),
        ),
    )
