"""Panels of volumes: how full they are, and when they will be. Source: the kubelet's kubelet_volume_stats_*."""

from datetime import timedelta

from components.monitoring.definition import Definition
from components.signals.model import Panel, PanelKind, Query, Scope, Unit, Watch

from .board import LIMIT, Tile

_BY = "max by (persistentvolumeclaim)"
_NAME = "{{persistentvolumeclaim}}"


def claims_of(definition: Definition, watch: Watch) -> str | None:
    """Matchers of the series of the component's volumes; None where it has none."""
    if not watch.claims:
        return None
    elsewhere = watch.workload and watch.workload.namespace
    own = Scope(namespace=elsewhere) if elsewhere else definition.scope
    return f'{own},persistentvolumeclaim=~"{watch.claims}"'


def volume_tiles(matchers: str, *, sized: bool = True) -> tuple[Tile, ...]:
    """How full the volumes are, and when they will be; `sized` where all have one size."""
    used, size, free = (
        f"kubelet_volume_stats_{what}_bytes{{{matchers}}}" for what in ("used", "capacity", "available")
    )
    sizes = (Query(expr=f"max({_BY} ({size}))", legend=LIMIT),) if sized else ()
    return (
        Tile(
            width=8,
            content=Panel(
                title="Volumes filled",
                description="Share of each volume that is used. Full, its server stops writing.",
                unit=Unit.SHARE,
                warn_above=0.8,
                bad_above=0.9,
                queries=(Query(expr=f"{_BY} ({used}) / {_BY} ({size})", legend=_NAME),),
            ),
        ),
        Tile(
            width=8,
            content=Panel(
                title="Bytes on volumes",
                description="Bytes that are used" + (", and a volume's size." if sized else "."),
                unit=Unit.BYTES,
                queries=(Query(expr=f"{_BY} ({used})", legend=_NAME), *sizes),
            ),
        ),
        Tile(
            width=8,
            empty="not growing",
            warn_below=timedelta(weeks=1).total_seconds(),
            bad_below=timedelta(days=1).total_seconds(),
            content=Panel(
                title="Time until full",
                description="Time until a volume is full, at the pace of the last six hours. Under a day: grow it now.",
                kind=PanelKind.NUMBER,
                unit=Unit.SECONDS,
                queries=(
                    Query(
                        expr=f"{_BY} ({free}) / ({_BY} (deriv({used}[6h])) > 0)",
                        legend=_NAME,
                        needs_data=False,  # none that grows
                    ),
                ),
            ),
        ),
    )


def claim_tiles(scope: Scope) -> tuple[Tile, ...]:
    """What is paid for all of the stack's volumes, and how they grow."""
    return (
        Tile(
            width=12,
            content=Panel(
                title="Claimed",
                description="Bytes that each volume claim asks for: they are paid for, whether used or not.",
                unit=Unit.BYTES,
                queries=(
                    Query(
                        expr=f"{_BY} (kube_persistentvolumeclaim_resource_requests_storage_bytes{{{scope}}})",
                        legend=_NAME,
                    ),
                ),
            ),
        ),
        Tile(
            width=12,
            content=Panel(
                title="Growth a day",
                description="Bytes by which each volume grew, or shrank, in a day, at the pace of the last six hours.",
                unit=Unit.BYTES,
                queries=(
                    Query(
                        expr=f"86400 * {_BY} (deriv(kubelet_volume_stats_used_bytes{{{scope}}}[6h]))",
                        legend=_NAME,
                    ),
                ),
            ),
        ),
    )
