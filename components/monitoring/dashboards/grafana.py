"""Boards as Grafana's dashboards, by its own model of them (grafana-foundation-sdk).

Source: grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model. The SDK takes 0.1 s
to import: whoever imports this module does it where dashboards are wanted.
"""

import json
import warnings

with warnings.catch_warnings():
    # It recommends a newer form of dashboards that Grafana 11 and what loads dashboards from ConfigMaps don't read.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import prometheus

from components.monitoring.names import WATCHDOG
from components.signals.model import Scope

from .board import COLUMNS, Board, Place, places
from .panels import DATASOURCE, panel_model
from .stack_name import StackName

_SCHEMA = 39
"""The form that Grafana 11 writes; later ones read it and bring it up to theirs."""
_REFRESH = ("10s", "30s", "1m", "5m", "15m", "1h")


def dashboard_json(board: Board, stack: StackName, scope: Scope) -> str:
    """The board as a file that Grafana loads; the same for the same board, to the byte."""
    return json.dumps(_dashboard(board, stack, scope), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def _dashboard(board: Board, stack: StackName, scope: Scope) -> model.Dashboard:
    return model.Dashboard(
        uid=stack.uid(board.name),
        title=stack.title(board.title),
        description=board.description,
        tags=["kotaemon", stack.tag],
        timezone="browser",
        editable=False,
        graph_tooltip=model.DashboardCursorSync.TOOLTIP,
        time=model.DashboardDashboardTime(from_val="now-6h", to="now"),
        timepicker=model.TimePickerConfig(refresh_intervals=list(_REFRESH)),
        refresh="30s",
        schema_version=_SCHEMA,
        panels=_panels(board),
        templating=model.DashboardDashboardTemplating(list_val=[_datasource_variable()]),
        annotations=model.AnnotationContainer(list_val=[_firing_alerts(scope)]),
        links=[_other_dashboards(stack)],
    )


def _panels(board: Board) -> list[model.Panel | model.RowPanel]:
    """Headings and tiles with their places, numbered from 1."""
    drawn = list[model.Panel | model.RowPanel]()
    bottom = 0
    for section in board.sections:
        if section.title:
            heading = Place(x=0, y=bottom, width=COLUMNS, height=1)
            drawn.append(
                model.RowPanel(
                    id_val=len(drawn) + 1, title=section.title, grid_pos=_position(heading), panels=[]
                )
            )
            bottom += 1
        for tile, place in zip(section.tiles, places(section.tiles, bottom), strict=True):
            panel = panel_model(tile)
            panel.id_val, panel.grid_pos = len(drawn) + 1, _position(place)
            drawn.append(panel)
            bottom = max(bottom, place.y + place.height)
    return drawn


def _position(place: Place) -> model.GridPos:
    return model.GridPos(x=place.x, y=place.y, w=place.width, h=place.height)


def _datasource_variable() -> model.VariableModel:
    """Which Prometheus is asked: Grafana's first one, until somebody chooses another."""
    return model.VariableModel(
        type_val=model.VariableType.DATASOURCE,
        name="datasource",
        label="Prometheus",
        description="The Prometheus that holds this stack's metrics.",
        query="prometheus",
        refresh=model.VariableRefresh.ON_DASHBOARD_LOAD,
    )


def _firing_alerts(scope: Scope) -> model.AnnotationQuery:
    """Marks on the time axis of every graph where alerts fired."""
    own = f'{scope},alertstate="firing",alertname!="{WATCHDOG}"'
    expr = f"max by (alertname, severity) (ALERTS{{{own}}})"
    return model.AnnotationQuery(
        name="Alerts",
        datasource=DATASOURCE,
        icon_color="red",
        expr=expr,
        target=prometheus.Dataquery(expr=expr, ref_id="Alerts"),
        step="5m",  # marks that lie nearer to each other are one
        title_format="{{alertname}}",
        text_format="{{severity}}",
    )


class _Link(model.DashboardLink):
    """A link that is seen at once: the model would put each into a menu from Grafana 13 on."""

    def to_json(self) -> dict[str, object]:
        return {key: value for key, value in super().to_json().items() if key != "placement"}


def _other_dashboards(stack: StackName) -> model.DashboardLink:
    """The stack's other dashboards, with the same time and Prometheus."""
    return _Link(
        title="Dashboards of this stack",
        type_val=model.DashboardLinkType.DASHBOARDS,
        tags=[stack.tag],
        as_dropdown=True,
        include_vars=True,
        keep_time=True,
    )
