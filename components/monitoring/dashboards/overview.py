"""The overview: can people use it, since when not, and which part is it."""

from collections.abc import Sequence

from components.monitoring import names
from components.monitoring.definition import Definition
from components.signals.model import Panel, PanelKind, Probe, ProbeModule, Query, Scope, Unit, Watch

from .backups import backup_tiles
from .board import Board, Note, Section, Tile, table_height
from .stack_name import StackName


def overview(definition: Definition, stack: StackName) -> Board:
    """The dashboard that somebody looks at first."""
    return Board(
        name="overview",
        title="overview",
        description="Can people use Kotaemon; since when not; which part is it.",
        sections=(
            Section(title="", tiles=_state_tiles(definition)),
            Section(title="Which part, and when", tiles=_part_tiles(definition)),
            Section(title="What is promised", tiles=_promise_tiles(definition)),
            *_backup_section(definition),
            Section(title="Where to look next", tiles=(_where_to_look(definition.watches, stack),)),
        ),
    )


def _state_tiles(definition: Definition) -> tuple[Tile, ...]:
    available = f"max({names.AVAILABLE}{{{definition.scope}}})"
    return (
        Tile(
            width=5,
            height=5,
            empty="nobody knows",
            content=Panel(
                title="People can use it",
                description="Yes while everything answers that people can't do without. "
                "Nobody knows: the probes themselves don't run.",
                kind=PanelKind.NUMBER,
                unit=Unit.WELL,
                queries=(Query(expr=available),),
            ),
        ),
        Tile(
            width=5,
            height=5,
            empty="for more than three days",
            content=Panel(
                title="Since",
                description="When it became so. It looks back three days.",
                kind=PanelKind.NUMBER,
                unit=Unit.MOMENT,
                queries=(Query(expr=_since(available), needs_data=False),),
            ),
        ),
        *_parts_now(definition),
    )


def _parts_now(definition: Definition) -> tuple[Tile, ...]:
    """What answers at this moment: first what people need, then what they can do without for a while."""

    def tile(title: str, description: str, probes: Sequence[Probe], width: int) -> Tile:
        return Tile(
            width=width,
            height=5,
            content=Panel(
                title=title,
                description=description,
                kind=PanelKind.NUMBER,
                unit=Unit.WELL,
                queries=tuple(
                    Query(expr=answers(definition.scope, probe), legend=probe.part) for probe in probes
                ),
            ),
        )

    others = [probe for probe in definition.probes if not probe.essential]
    needed = tile(
        "Essential parts",
        "Whether each part answers that people can't do without.",
        definition.essential,
        7 if others else 14,
    )
    if not others:
        return (needed,)
    return (
        needed,
        tile("Other parts", "Whether the rest answers. Without it something is worse.", others, 7),
    )


def _since(available: str) -> str:
    """Milliseconds since 1970 when a value of 0 or 1 last was the other one."""

    def last(value: int) -> str:
        return f"max_over_time(timestamp({available} == {value})[3d:1m])"

    return f"1000 * (({last(0)} and {available} == 1) or ({last(1)} and {available} == 0))"


def answers(scope: Scope, probe: Probe) -> str:
    """1 while the probe's question is answered, 0 while it isn't."""
    return f'min(probe_success{{{scope},probe="{probe.name}"}})'


def part_queries(scope: Scope, probes: Sequence[Probe]) -> tuple[Query, ...]:
    """The answers to the probes' questions, called by the part that people lose."""
    return tuple(
        Query(
            expr=answers(scope, probe),
            legend=probe.part if probe.essential else f"{probe.part} (not essential)",
        )
        for probe in probes
    )


def _part_tiles(definition: Definition) -> tuple[Tile, ...]:
    return (
        Tile(
            width=24,
            height=max(5, len(definition.probes) + 2),
            content=Panel(
                title="What answered",
                description="When each part answered, in green, and when it didn't. Gaps: nobody asked.",
                kind=PanelKind.STATES,
                unit=Unit.WELL,
                queries=part_queries(definition.scope, definition.probes),
            ),
        ),
        Tile(
            width=12,
            empty="none",
            content=Panel(
                title="Alerts that fire",
                description="What somebody must act on now, and since when. Each has a page in docs/runbooks.",
                kind=PanelKind.TABLE,
                unit=Unit.MOMENT,
                queries=(Query(expr=_firing(definition.scope), legend="since", needs_data=False),),
            ),
        ),
        Tile(
            width=12,
            content=Panel(
                title="Time to answer",
                description="Seconds until the page answered, from inside the cluster and through the front door. "
                f"The objective is {definition.objectives.latency_seconds:g} s.",
                unit=Unit.SECONDS,
                bad_above=definition.objectives.latency_seconds,
                queries=tuple(
                    Query(
                        expr=f'max(probe_duration_seconds{{{definition.scope},probe="{probe.name}"}})',
                        legend=probe.part,
                    )
                    for probe in _pages(definition.probes)
                ),
            ),
        ),
    )


def _pages(probes: Sequence[Probe]) -> list[Probe]:
    """The probes of what people themselves wait for."""
    return [probe for probe in probes if probe.essential and probe.module != ProbeModule.TCP]


def _firing(scope: Scope) -> str:
    """When each alert that fires became true, in milliseconds since 1970."""
    by, own = "by (severity, alertname, component)", f'{scope},alertname!="{names.WATCHDOG}"'
    return f'1000 * (min {by} (ALERTS_FOR_STATE{{{own}}}) and max {by} (ALERTS{{{own},alertstate="firing"}}))'


def _promise_tiles(definition: Definition) -> tuple[Tile, ...]:
    objectives = definition.objectives
    window = f"the last {objectives.days} days"
    return (
        Tile(
            width=6,
            height=6,
            warn_below=0.25,
            bad_below=0,
            content=Panel(
                title="Error budget left",
                description=f"What is left of the time that may go wrong in {window}: "
                f"{100 - objectives.availability:.4g} % of it for availability, "
                f"{100 - objectives.latency_share:.4g} % for slow answers. Below 0 the objective is missed.",
                kind=PanelKind.NUMBER,
                unit=Unit.SHARE,
                queries=(
                    Query(
                        expr=f"max by (objective) ({names.BUDGET}{{{definition.scope}}})",
                        legend="{{objective}}",
                    ),
                ),
            ),
        ),
        Tile(
            width=6,
            height=6,
            content=Panel(
                title="Reached",
                description=f"Share of {window} that was good, of what is known. Promised are "
                f"{objectives.availability:g} % for availability and {objectives.latency_share:g} % for latency.",
                kind=PanelKind.NUMBER,
                unit=Unit.SHARE,
                queries=(
                    Query(
                        expr=f"max by (objective) ({names.ACHIEVED}{{{definition.scope}}})",
                        legend="{{objective}}",
                    ),
                ),
            ),
        ),
        Tile(
            width=12,
            height=6,
            content=Panel(
                title="What went wrong",
                description="Share of the hour before that was bad, by objective.",
                unit=Unit.SHARE,
                queries=(
                    Query(
                        expr=f'max by (objective) ({names.ERRORS}{{{definition.scope},window="1h"}})',
                        legend="{{objective}}",
                    ),
                ),
            ),
        ),
    )


def _backup_section(definition: Definition) -> tuple[Section, ...]:
    tiles = backup_tiles(definition, definition.backups, width=12)
    return (Section(title="Backups", tiles=tiles),) if tiles else ()


def _where_to_look(watches: Sequence[Watch], stack: StackName) -> Tile:
    """Links to the components' dashboards, with what is lost while each is gone."""
    rows = [f"| [{watch.title}](d/{stack.uid(watch.component)}) | {watch.loss} |" for watch in watches]
    table = "\n".join(("| dashboard | without it people lose |", "|---|---|", *rows))
    capacity = f"[Capacity and what costs](d/{stack.uid('capacity')})"
    return Tile(
        width=24,
        height=table_height(len(watches)),
        content=Note(
            title="Dashboards",
            description="A dashboard for each part.",
            markdown=f"{table}\n\n{capacity}. What to do about an alert: docs/runbooks, a page for each.",
        ),
    )
