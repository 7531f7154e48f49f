"""A component's dashboard, from what it says of itself: is it well, what does it use, what goes on inside."""

from collections.abc import Sequence
from datetime import timedelta

from components.monitoring.definition import Definition
from components.signals.model import Panel, PanelKind, Probe, ProbeModule, Query, Scope, Unit, Watch

from .backups import backup_tiles
from .board import Board, Note, Section, Tile, table_height
from .overview import part_queries
from .stack_name import StackName
from .volumes import claims_of, volume_tiles
from .workload import pod_tiles

_WIDTH = {PanelKind.GRAPH: 8, PanelKind.NUMBER: 8, PanelKind.TABLE: 12, PanelKind.STATES: 24}
"""Columns of a component's own panels."""


def component_board(definition: Definition, watch: Watch, stack: StackName) -> Board:
    """The dashboard of one component."""
    sections = (
        Section(title="", tiles=_answer_tiles(definition, watch)),
        Section(title="Pods", tiles=_pod_tiles(definition, watch)),
        Section(title="Volumes", tiles=_volume_tiles(definition, watch)),
        Section(title="Backups", tiles=_backup_tiles(definition, watch)),
        Section(title="Inside", tiles=tuple(_own_tile(panel) for panel in watch.panels)),
        Section(title="What can go wrong", tiles=(_alerts_tile(definition, watch, stack),)),
    )
    return Board(
        name=watch.component,
        title=watch.title,
        description=f"Is {watch.title} well, what does it use, what goes on inside. "
        f"Without it people lose {watch.loss}.",
        sections=tuple(section for section in sections if section.tiles),
    )


def _answer_tiles(definition: Definition, watch: Watch) -> tuple[Tile, ...]:
    """Whether, when and how fast it answers, as a client would ask."""
    if not watch.probes:
        return ()
    answers = part_queries(definition.scope, watch.probes)
    encrypted = [probe for probe in watch.probes if _encrypted(probe)]
    return (
        Tile(
            width=8,
            height=6,
            content=Panel(
                title="Answers",
                description="Whether it answers at this moment, as a client would ask.",
                kind=PanelKind.NUMBER,
                unit=Unit.WELL,
                queries=answers,
            ),
        ),
        Tile(
            width=16,
            height=6,
            content=Panel(
                title="When it answered",
                description="When it answered, in green, and when it didn't. Gaps: nobody asked.",
                kind=PanelKind.STATES,
                unit=Unit.WELL,
                queries=answers,
            ),
        ),
        Tile(
            width=16 if encrypted else 24,
            height=6,
            content=Panel(
                title="How fast it answered",
                description="Seconds until it answered, name resolution and connection included. "
                "At the top it didn't answer in time.",
                unit=Unit.SECONDS,
                queries=tuple(
                    Query(
                        expr=_of_probe(definition.scope, "probe_duration_seconds", probe), legend=probe.part
                    )
                    for probe in watch.probes
                ),
            ),
        ),
        *((_certificate_tile(definition.scope, encrypted),) if encrypted else ()),
    )


def _certificate_tile(scope: Scope, probes: Sequence[Probe]) -> Tile:
    return Tile(
        width=8,
        height=6,
        warn_below=timedelta(days=14).total_seconds(),
        bad_below=timedelta(days=3).total_seconds(),
        content=Panel(
            title="Certificate ends in",
            description="Time until the certificate ends; it should be renewed a month before.",
            kind=PanelKind.NUMBER,
            unit=Unit.SECONDS,
            queries=tuple(
                Query(
                    expr=f"{_of_probe(scope, 'probe_ssl_earliest_cert_expiry', probe)} - time()",
                    legend=probe.part,
                )
                for probe in probes
            ),
        ),
    )


def _encrypted(probe: Probe) -> bool:
    """Whether there is a certificate that somebody here must renew."""
    own = probe.module != ProbeModule.ANSWERS
    return own and isinstance(probe.target, str) and probe.target.startswith("https://")


def _of_probe(scope: Scope, metric: str, probe: Probe) -> str:
    return f'min({metric}{{{scope},probe="{probe.name}"}})'


def _pod_tiles(definition: Definition, watch: Watch) -> tuple[Tile, ...]:
    return pod_tiles(definition, watch.workload) if watch.workload else ()


def _volume_tiles(definition: Definition, watch: Watch) -> tuple[Tile, ...]:
    matchers = claims_of(definition, watch)
    return volume_tiles(matchers) if matchers else ()


def _backup_tiles(definition: Definition, watch: Watch) -> tuple[Tile, ...]:
    own = [backup for backup in definition.backups if backup.component == watch.component]
    return backup_tiles(definition, own, width=8)


def _own_tile(panel: Panel) -> Tile:
    return Tile(width=_WIDTH[panel.kind], content=panel)


def _alerts_tile(definition: Definition, watch: Watch, stack: StackName) -> Tile:
    """The alerts on this component, its pods and volumes, each with the name of its runbook."""
    # What isn't about one component is about pods and volumes.
    about = {watch.component, None} if watch.workload or watch.claims else {watch.component}
    found = {alert.name: alert for group, alert in definition.alerts if group.component in about}
    for alert in watch.alerts:
        found.setdefault(alert.name, alert)
    rows = [
        f"| {alert.name} | {alert.severity} | docs/runbooks/{alert.runbook} |" for alert in found.values()
    ]
    table = "\n".join(("| alert | asks for a | what to do |", "|---|---|---|", *rows))
    return Tile(
        width=24,
        height=table_height(len(rows)),
        content=Note(
            title="Alerts",
            description="Which alerts there are on this component, and where to read what to do.",
            markdown=f"{table}\n\nAll parts: [overview](d/{stack.uid('overview')}).",
        ),
    )
