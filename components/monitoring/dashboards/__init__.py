"""Dashboards as code: an overview, one for each component, one for capacity and cost, from one definition.

`boards` says what is on them, free of who draws it; `grafana_dashboards` draws them as Grafana's JSON.
"""

from collections.abc import Mapping

from components.monitoring.definition import Definition

from .board import Board, Note, Section, Tile
from .capacity import capacity
from .component import component_board
from .overview import overview
from .stack_name import StackName

__all__ = ["Board", "Note", "Section", "StackName", "Tile", "boards", "grafana_dashboards", "stack_name"]


def stack_name(definition: Definition) -> StackName:
    """Whose dashboards the definition's are."""
    return StackName(stack=definition.stack, namespace=definition.scope.namespace)


def boards(definition: Definition) -> tuple[Board, ...]:
    """The stack's dashboards; none where only the least is watched."""
    if definition.minimal:
        return ()
    stack = stack_name(definition)
    return (
        overview(definition, stack),
        capacity(definition),
        *(component_board(definition, watch, stack) for watch in definition.watches),
    )


def grafana_dashboards(definition: Definition) -> Mapping[str, str]:
    """The stack's dashboards as Grafana loads them, by file name."""
    drawn = boards(definition)
    if not drawn:
        return {}
    from .grafana import dashboard_json  # only here: importing Grafana's model takes a while

    stack = stack_name(definition)
    return {f"{board.name}.json": dashboard_json(board, stack, definition.scope) for board in drawn}
