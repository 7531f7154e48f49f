"""Tiles as Grafana's panels."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # as in grafana.py
    from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import common, prometheus, stat, statetimeline, table, text, timeseries

from components.signals.model import Panel, PanelKind, Query, Unit

from .board import LIMIT, REQUESTED, Note, Tile

DATASOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
_GOOD, _DOUBTFUL, _BAD, _NEUTRAL = "green", "orange", "red", "text"
_ALLOWED = {REQUESTED: "blue", LIMIT: _BAD}
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TYPES = {
    PanelKind.GRAPH: "timeseries",
    PanelKind.NUMBER: "stat",
    PanelKind.STATES: "state-timeline",
    PanelKind.TABLE: "table",
}


def panel_model(tile: Tile) -> model.Panel:
    """The tile's panel, still without number and place."""
    content = tile.content
    if isinstance(content, Note):
        return model.Panel(
            type_val="text",
            title=content.title,
            description=content.description,
            options=text.Options(mode=text.TextMode.MARKDOWN, content=content.markdown),
        )
    return model.Panel(
        type_val=_TYPES[content.kind],
        title=content.title,
        description=content.description,
        datasource=DATASOURCE,
        targets=[_target(content, query, number) for number, query in enumerate(content.queries)],
        transformations=_transformations(content),
        options=_options(content),
        field_config=model.FieldConfigSource(defaults=_field(tile, content), overrides=_overrides(content)),
    )


def _ref(number: int) -> str:
    """A query's name within its panel: A to Z, then AA, AB, …"""
    ahead, letter = divmod(number, len(_LETTERS))
    return (_LETTERS[ahead - 1] if ahead else "") + _LETTERS[letter]


def _target(panel: Panel, query: Query, number: int) -> prometheus.Dataquery:
    """A graph asks for the whole time shown, a number or a table for now."""
    now = panel.kind in (PanelKind.NUMBER, PanelKind.TABLE)
    return prometheus.Dataquery(
        datasource=DATASOURCE,
        editor_mode=prometheus.QueryEditorMode.CODE,
        expr=query.expr,
        format_val=prometheus.PromQueryFormat.TABLE
        if panel.kind == PanelKind.TABLE
        else prometheus.PromQueryFormat.TIME_SERIES,
        instant=now,
        range_val=not now,
        legend_format=query.legend or "__auto",
        ref_id=_ref(number),
    )


def _options(panel: Panel) -> object:
    match panel.kind:
        case PanelKind.GRAPH:
            return timeseries.Options(
                legend=common.VizLegendOptions(
                    display_mode=common.LegendDisplayMode.LIST,
                    placement=common.LegendPlacement.BOTTOM,
                    show_legend=True,
                ),
                tooltip=common.VizTooltipOptions(
                    mode=common.TooltipDisplayMode.MULTI, sort=common.SortOrder.DESCENDING
                ),
            )
        case PanelKind.NUMBER:
            return stat.Options(
                graph_mode=common.BigValueGraphMode.NONE,
                color_mode=common.BigValueColorMode.BACKGROUND
                if panel.unit == Unit.WELL
                else common.BigValueColorMode.VALUE,
                justify_mode=common.BigValueJustifyMode.AUTO,
                text_mode=common.BigValueTextMode.AUTO,
                # Names of different lengths would each be written in a size of its own.
                text=common.VizTextDisplayOptions(title_size=14, value_size=24)
                if len(panel.queries) > 1
                else None,
                reduce_options=common.ReduceDataOptions(values=False, calcs=["lastNotNull"]),
            )
        case PanelKind.STATES:
            return statetimeline.Options(
                show_value=common.VisibilityMode.NEVER,
                row_height=0.8,
                legend=common.VizLegendOptions(
                    display_mode=common.LegendDisplayMode.LIST,
                    placement=common.LegendPlacement.BOTTOM,
                    show_legend=False,
                ),
            )
        case PanelKind.TABLE:
            return table.Options(cell_height=common.TableCellHeight.SM)


def _field(tile: Tile, panel: Panel) -> model.FieldConfig:
    """How values are written and coloured."""
    well = panel.unit == Unit.WELL
    # A table's columns with names would be taken for values of the unit: its columns have their own.
    unit = None if well or panel.kind == PanelKind.TABLE else panel.unit.value
    steps = _steps(tile, panel)
    share = panel.unit == Unit.SHARE
    return model.FieldConfig(
        unit=unit,
        # 99.9 % isn't 99.
        decimals=2 if share and panel.kind == PanelKind.NUMBER else None,
        # A graph that ends at 100 % shows how near it is.
        min_val=0 if panel.kind == PanelKind.GRAPH else None,
        max_val=1 if share and panel.kind == PanelKind.GRAPH else None,
        mappings=[_yes_or_no()] if well else [],
        thresholds=model.ThresholdsConfig(mode=model.ThresholdsMode.ABSOLUTE, steps=steps),
        color=model.FieldColor(
            mode=model.FieldColorModeId.PALETTE_CLASSIC
            if panel.kind == PanelKind.GRAPH
            else model.FieldColorModeId.THRESHOLDS
        ),
        no_value=tile.empty or None,
        custom=_custom(panel, marked=len(steps) > 1),
    )


def _custom(panel: Panel, *, marked: bool) -> object:
    """What only this kind of panel knows; `marked` where a threshold is drawn across the graph."""
    match panel.kind:
        case PanelKind.GRAPH:
            style = common.GraphThresholdsStyleMode.DASHED if marked else common.GraphThresholdsStyleMode.OFF
            return common.GraphFieldConfig(
                line_width=2,
                show_points=common.VisibilityMode.NEVER,
                # Grafana would draw a line at 0 on an axis up to 100.
                axis_soft_max=1 if panel.unit == Unit.COUNT else None,
                thresholds_style=common.GraphThresholdsStyleConfig(mode=style),
            )
        case PanelKind.STATES:
            return statetimeline.FieldConfig(fill_opacity=80)
        case _:
            return None


def _yes_or_no() -> model.ValueMap:
    return model.ValueMap(
        options={
            "0": model.ValueMappingResult(text="no", color=_BAD, index=0),
            "1": model.ValueMappingResult(text="yes", color=_GOOD, index=1),
        }
    )


def _steps(tile: Tile, panel: Panel) -> list[model.Threshold]:
    """From which value on which colour holds."""
    if panel.unit == Unit.WELL:
        return [model.Threshold(value=None, color=_BAD), model.Threshold(value=1, color=_GOOD)]
    upwards = [(panel.warn_above, _DOUBTFUL), (panel.bad_above, _BAD)]
    downwards = [(tile.warn_below, _DOUBTFUL), (tile.bad_below, _BAD)]
    if all(bound is None for bound, _ in (*upwards, *downwards)):
        return [model.Threshold(value=None, color=_NEUTRAL)]
    # Each bound from below is where the next better colour begins.
    steps = list[model.Threshold]()
    worst: float | None = None
    if tile.bad_below is not None:
        steps.append(model.Threshold(value=worst, color=_BAD))
        worst = tile.bad_below
    if tile.warn_below is not None:
        steps.append(model.Threshold(value=worst, color=_DOUBTFUL))
        worst = tile.warn_below
    steps.append(model.Threshold(value=worst, color=_GOOD))
    return steps + [
        model.Threshold(value=bound, color=color) for bound, color in upwards if bound is not None
    ]


def _transformations(panel: Panel) -> list[model.DataTransformerConfig] | None:
    """A table: one row for what has the same labels, a column for each query, no time."""
    if panel.kind != PanelKind.TABLE:
        return None
    single = len(panel.queries) == 1
    names = {
        "Value" if single else f"Value #{_ref(number)}": query.legend
        for number, query in enumerate(panel.queries)
    }
    return [
        model.DataTransformerConfig(id_val="merge", options={}),
        model.DataTransformerConfig(
            id_val="organize", options={"excludeByName": {"Time": True}, "renameByName": names}
        ),
    ]


def _overrides(panel: Panel) -> list[model.DashboardFieldConfigSourceOverrides]:
    """What holds for some of the values: each of a table's columns of values has the panel's unit."""
    match panel.kind:
        case PanelKind.GRAPH:
            return _broken_lines(panel)
        case PanelKind.TABLE:
            return [
                model.DashboardFieldConfigSourceOverrides(
                    matcher=model.MatcherConfig(id_val="byName", options=query.legend),
                    properties=[model.DynamicConfigValue(id_val="unit", value=panel.unit.value)],
                )
                for query in panel.queries
            ]
        case _:
            return []


def _broken_lines(panel: Panel) -> list[model.DashboardFieldConfigSourceOverrides]:
    """What is allowed, beside what is measured."""
    return [
        model.DashboardFieldConfigSourceOverrides(
            matcher=model.MatcherConfig(id_val="byName", options=query.legend),
            properties=[
                model.DynamicConfigValue(
                    id_val="color",
                    value=model.FieldColor(
                        mode=model.FieldColorModeId.FIXED, fixed_color=_ALLOWED[query.legend]
                    ),
                ),
                model.DynamicConfigValue(
                    id_val="custom.lineStyle", value=common.LineStyle(fill="dash", dash=[8, 8])
                ),
            ],
        )
        for query in panel.queries
        if query.legend in _ALLOWED
    ]
