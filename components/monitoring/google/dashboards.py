"""The stack's dashboards as Cloud Monitoring draws them, from the same boards as Grafana's.

Source: docs.cloud.google.com/monitoring/api/ref_v3/rest/v1/projects.dashboards.
"""

import json
import re
from collections.abc import Iterator, Sequence

from components.monitoring.dashboards import Board, Note, Tile
from components.monitoring.dashboards.board import COLUMNS, places
from components.signals.model import Panel, PanelKind, Query, Unit

Json = dict[str, object]

_FINER = 2
"""Its grid has so many columns and rows for each of Grafana's."""
_HEADING = 4
_UNITS = {
    Unit.SECONDS: "s",
    Unit.BYTES: "By",
    Unit.BYTES_PER_SECOND: "By/s",
    Unit.PER_SECOND: "1/s",
    Unit.SHARE: "10^2.%",
}
"""UCUM's names, where it has one."""
_LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)[^)]*\)")
_ALERTS = re.compile(r"\bALERTS(_FOR_STATE)?\b")


def dashboard_json(board: Board, title: str, policies: Sequence[str]) -> str:
    """A board; `policies` are the full names of the stack's alert policies, whose incidents it lists."""
    dashboard: Json = {
        "displayName": title,
        "labels": {"kotaemon": ""},
        "mosaicLayout": {"columns": COLUMNS * _FINER, "tiles": list(_tiles(board, policies))},
    }
    return json.dumps(dashboard, sort_keys=True)


def _tiles(board: Board, policies: Sequence[str]) -> Iterator[Json]:
    bottom = 0
    for section in board.sections:
        if section.title:
            heading: Json = {"title": section.title, "sectionHeader": {"dividerBelow": True}}
            yield _placed(heading, 0, bottom, COLUMNS * _FINER, _HEADING)
            bottom += _HEADING
        tops = []
        for tile, place in zip(section.tiles, places(section.tiles), strict=True):
            x, y = place.x * _FINER, bottom + place.y * _FINER
            width, height = place.width * _FINER, place.height * _FINER
            yield _placed(_widget(tile, policies), x, y, width, height)
            tops.append(y + height)
        bottom = max(tops, default=bottom)


def _placed(widget: Json, x: int, y: int, width: int, height: int) -> Json:
    return {"xPos": x, "yPos": y, "width": width, "height": height, "widget": widget}


def _widget(tile: Tile, policies: Sequence[str]) -> Json:
    content = tile.content
    if isinstance(content, Note):
        # Links to Grafana's pages lead nowhere here.
        text = _LINK.sub(r"\1", content.markdown)
        return {"title": content.title, "text": {"content": text, "format": "MARKDOWN"}}
    if any(_ALERTS.search(query.expr) for query in content.queries):
        # Google's own incidents: Prometheus' series of its alerts aren't there.
        names = [name[name.index("alertPolicies/") :] for name in policies]
        return {"title": content.title, "incidentList": {"policyNames": names}}
    return {"title": content.title, **_shown(tile, content)}


def _shown(tile: Tile, panel: Panel) -> Json:
    if panel.kind is PanelKind.NUMBER and len(panel.queries) == 1:
        return {
            "scorecard": {
                "timeSeriesQuery": _query(panel, panel.queries[0]),
                "thresholds": list(_colours(tile, panel)),
                "blankView": {},
            }
        }
    if panel.kind in (PanelKind.NUMBER, PanelKind.TABLE):
        rows = [
            {"timeSeriesQuery": _query(panel, query), **_named("tableTemplate", query)}
            for query in panel.queries
        ]
        return {"timeSeriesTable": {"dataSets": rows, "metricVisualization": "NUMBER"}}
    lines = [
        {
            "timeSeriesQuery": _query(panel, query),
            "plotType": "LINE",
            "targetAxis": "Y1",
            **_named("legendTemplate", query),
        }
        for query in panel.queries
    ]
    bounds = [
        {"value": bound, "targetAxis": "Y1"}
        for bound in (tile.bad_below, tile.warn_below, panel.warn_above, panel.bad_above)
        if bound is not None
    ]
    return {
        "xyChart": {
            "dataSets": lines,
            "thresholds": bounds,
            "yAxis": {"scale": "LINEAR"},
            "chartOptions": {"mode": "COLOR"},
        }
    }


def _query(panel: Panel, query: Query) -> Json:
    unit = _UNITS.get(panel.unit)
    return {"prometheusQuery": query.expr, **({"unitOverride": unit} if unit else {})}


def _named(field: str, query: Query) -> Json:
    return {field: re.sub(r"\{\{(\w+)\}\}", r"${\1}", query.legend)} if query.legend else {}


def _colours(tile: Tile, panel: Panel) -> Iterator[Json]:
    if panel.unit is Unit.WELL:
        yield {"value": 1, "color": "RED", "direction": "BELOW"}
    for bound, colour, direction in (
        (tile.bad_below, "RED", "BELOW"),
        (tile.warn_below, "YELLOW", "BELOW"),
        (panel.warn_above, "YELLOW", "ABOVE"),
        (panel.bad_above, "RED", "ABOVE"),
    ):
        if bound is not None:
            yield {"value": bound, "color": colour, "direction": direction}
