"""What every dashboard must be, whatever is on it: readable, unmistakable, complete, and the same each time."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations

import pytest

from components.monitoring.dashboards import StackName, boards, grafana_dashboards, stack_name
from components.signals.model import Scope
from ops.paths import PROJECT
from tests.monitoring.rules.definitions import VARIANTS, builtin

DEFINITION = builtin()
FILES = grafana_dashboards(DEFINITION)
DRAWN: Mapping[str, dict[str, object]] = {name: json.loads(content) for name, content in FILES.items()}
CONFIG_MAP = 1_000_000
"""Bytes that a ConfigMap may hold, roughly: etcd's limit less its own fields."""

each_dashboard = pytest.mark.parametrize("name", FILES)


def panels(name: str) -> list[dict[str, object]]:
    found = DRAWN[name]["panels"]
    assert isinstance(found, list)
    return found


def values(node: object, key: str) -> Iterator[object]:
    """The values of a key, wherever it stands."""
    if isinstance(node, dict):
        yield from (value for own, value in node.items() if own == key)
        for value in node.values():
            yield from values(value, key)
    elif isinstance(node, list):
        for item in node:
            yield from values(item, key)


@each_dashboard
def test_every_panel_says_what_it_shows_and_what_its_values_are(name: str) -> None:
    """A graph without a unit or an explanation is read wrong at three in the morning."""
    for panel in panels(name):
        if panel["type"] == "row":
            continue
        assert panel["title"]
        assert panel["description"], panel["title"]
        if panel["type"] != "text":
            (defaults,) = values(panel["fieldConfig"], "defaults")
            assert isinstance(defaults, dict)
            of_columns = set(values(panel["fieldConfig"], "id"))
            assert defaults.get("unit") or defaults["mappings"] or "unit" in of_columns, panel["title"]


@each_dashboard
def test_no_panel_lies_over_another_or_beyond_the_page(name: str) -> None:
    """Grafana moves what overlaps, differently each time it is opened."""
    cells = dict[tuple[int, int], object]()
    for panel in panels(name):
        place = panel["gridPos"]
        assert isinstance(place, dict)
        assert place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in cells, f"{panel['title']} over {cells[x, y]}"
                cells[x, y] = panel["title"]


@each_dashboard
def test_panels_and_their_queries_can_be_told_apart(name: str) -> None:
    """Grafana keeps a panel's state by its id, a query's answer by its letter, and series by their legend."""
    numbers = [panel["id"] for panel in panels(name)]
    assert len(set(numbers)) == len(numbers)
    for panel in panels(name):
        for key in ("refId", "legendFormat"):
            found = list(values(panel.get("targets"), key))
            assert len(set(found)) == len(found), (panel["title"], found)


@each_dashboard
def test_no_datasource_is_written_down(name: str) -> None:
    """Its uid differs in each Grafana; who looks chooses it, and a stack's Prometheus is the first choice."""
    asked = [ref for ref in values(DRAWN[name], "datasource") if isinstance(ref, dict)]
    assert {ref["uid"] for ref in asked} == {"${datasource}"}
    assert {"datasource"} == set(values(DRAWN[name]["templating"], "name"))
    assert {"prometheus"} == set(values(DRAWN[name]["templating"], "query"))


@each_dashboard
def test_every_dashboard_shows_alerts_on_the_time_axis_and_keeps_itself_up_to_date(name: str) -> None:
    drawn = DRAWN[name]
    (expr,) = set(values(drawn["annotations"], "expr"))
    assert 'ALERTS{namespace="kotaemon"' in str(expr)
    assert drawn["refresh"] == "30s"
    assert drawn["timezone"] == "browser"
    assert drawn["graphTooltip"] == 2
    assert drawn["tags"] == ["kotaemon", "prod/kotaemon"]


@each_dashboard
def test_thresholds_rise(name: str) -> None:
    """Grafana colours by the last step that a value reaches."""
    for steps in values(DRAWN[name], "steps"):
        assert isinstance(steps, list)
        bounds = [step["value"] for step in steps]
        assert bounds[0] is None
        assert bounds[1:] == sorted(bounds[1:])


def test_two_stacks_share_a_grafana() -> None:
    """Grafana overwrites a dashboard with another of the same uid, and refuses the same title in a folder."""
    stacks = [
        DEFINITION,
        replace(DEFINITION, stack="dev"),
        replace(DEFINITION, scope=Scope(namespace="kotaemon-2")),
    ]
    for one, other in combinations(stacks, 2):
        ours, theirs = grafana_dashboards(one), grafana_dashboards(other)
        for key in ("uid", "title"):
            assert not (
                {json.loads(content)[key] for content in ours.values()}
                & {json.loads(content)[key] for content in theirs.values()}
            )


def test_a_dashboard_s_address_is_one_that_grafana_takes() -> None:
    """At most 40 characters of letters, digits, - and _."""
    name = StackName(stack="a-very-long-name-of-a-stack" * 3, namespace="n" * 63)
    for board in ("overview", "a-component-with-quite-a-long-name", "Ünusual.Name"):
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", name.uid(board))
    uids = [json.loads(content)["uid"] for content in FILES.values()]
    assert len(set(uids)) == len(uids)


def test_a_dashboard_keeps_its_address() -> None:
    """People keep links to it, and so do alerts."""
    assert json.loads(FILES["overview.json"])["uid"] == "overview-6acf52308da4509c"
    assert stack_name(DEFINITION).uid("overview") == "overview-6acf52308da4509c"


def test_the_same_definition_makes_the_same_files() -> None:
    """They are a ConfigMap's content: a difference would roll Grafana at each deployment."""
    assert grafana_dashboards(builtin()) == FILES


def test_a_config_map_can_hold_them() -> None:
    assert sum(len(name) + len(content.encode()) for name, content in FILES.items()) < CONFIG_MAP


def test_each_component_has_a_dashboard_to_which_the_overview_leads() -> None:
    assert set(FILES) == {
        "overview.json",
        "capacity.json",
        *(f"{watch.component}.json" for watch in DEFINITION.watches),
    }
    linked = set(re.findall(r"\]\(d/([^)]+)\)", FILES["overview.json"]))
    assert linked == {
        json.loads(content)["uid"] for name, content in FILES.items() if name != "overview.json"
    }


def test_a_component_s_dashboard_names_its_alerts_and_what_to_read() -> None:
    for group, alert in DEFINITION.alerts:
        for watch in DEFINITION.watches:
            if group.component == watch.component:
                assert f"| {alert.name} |" in FILES[f"{watch.component}.json"]
                assert alert.runbook in FILES[f"{watch.component}.json"]


def test_a_component_without_metrics_shows_its_pods_and_whether_it_answers() -> None:
    """Chroma's server has none of its own."""
    board = next(board for board in boards(VARIANTS["without-door"]) if board.name == "chroma")
    assert {"Answers", "Pods", "Restarts", "CPU", "Memory", "Volumes filled"} <= {
        panel.title for panel in board.panels()
    }


def test_what_a_component_wants_shown_is_on_its_dashboard() -> None:
    for board in boards(DEFINITION):
        for watch in DEFINITION.watches:
            if watch.component == board.name:
                assert set(watch.panels) <= set(board.panels())


def test_the_files_ask_what_the_boards_say() -> None:
    """Whoever runs the boards' queries runs Grafana's."""
    for board in boards(DEFINITION):
        asked = [
            expr for panel in panels(f"{board.name}.json") for expr in values(panel.get("targets"), "expr")
        ]
        assert asked == [query.expr for _, query in board.queries()]


def test_every_query_asks_for_the_stack_s_own_series() -> None:
    """The Prometheus that answers may hold the metrics of the whole cluster."""
    elsewhere = [watch.workload.namespace for watch in DEFINITION.watches if watch.workload]
    own = tuple(f'namespace="{name}"' for name in {DEFINITION.scope.namespace, *elsewhere} if name)
    for board in boards(DEFINITION):
        for title, query in board.queries():
            selectors = re.findall(r"\{([^}]*)\}", query.expr)
            assert selectors, (board.name, title)
            for selector in selectors:
                assert selector.startswith(own), (board.name, title)


def test_no_query_needs_grafana_to_be_asked() -> None:
    """Google's dashboards and the tests ask them too."""
    for board in boards(DEFINITION):
        for title, query in board.queries():
            assert "$" not in query.expr, (board.name, title)


def test_a_minimal_stack_has_no_dashboards() -> None:
    assert not grafana_dashboards(VARIANTS["minimal"])


def test_a_stack_without_dashboards_doesn_t_wait_for_grafana_s_model() -> None:
    """Importing it takes a tenth of the time that a stack's evaluation may take."""
    code = (
        "import sys; import components.monitoring.dashboards; print('grafana_foundation_sdk' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
