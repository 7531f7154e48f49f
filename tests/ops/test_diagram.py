"""The architecture pictures: never stale, never a box over another, and what they say of a real stack."""

import re
import shutil
from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from ops.diagram.command import FOLDER, diagram, picture
from ops.diagram.drawing import draw
from ops.diagram.layout import TITLE, WIDTH, Plan, Route, lay_out
from ops.diagram.model import Line
from ops.diagram.reading import read
from ops.diagram.routing import Rect
from ops.diagram.text import width, wrap
from ops.errors import OpsError
from ops.paths import PROJECT, Project
from ops.recording import record
from tests.program import SENTINEL, stack_config
from tests.stacks import VARIANTS, graph_of

from .diagram_graphs import any_cluster, production

MADE = {"google-by-hand": production, "gateway-by-hand": any_cluster}
DRAWN = [*VARIANTS, *MADE]
"""Every choice that a stack's file can make, and graphs made by hand with what none of them has."""


@cache
def planned(name: str) -> Plan:
    return lay_out(read(MADE[name]() if name in MADE else graph_of(name), name))


def recorded(folder: Path, name: str) -> Plan:
    """As the command sees the variant: its secrets under the names that they have in a render."""
    for file in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(PROJECT / file, folder / file)
    variant = VARIANTS[name]
    secrets = {f"kotaemon:{key}": {"secure": "v1:x"} for key in variant.secrets}
    config = {**stack_config(variant.stack), **variant.config, **secrets}
    (folder / f"Pulumi.{name}.yaml").write_text(yaml.safe_dump({"config": config}))
    return lay_out(read(record(Project(folder), name).graph, name))


def texts(plan: Plan, title: str) -> str:
    """What stands in the box or in the frame's head of that title."""
    placed = [one.texts for one in plan.boxes] + [one.texts for one in plan.frames]
    found = [" ".join(text.text for text in lines) for lines in placed]
    return next(text for text in found if text.startswith(title))


def arrows(plan: Plan, line: Line) -> set[tuple[str, str, str]]:
    """Titles of source and target, and the label."""
    titles = {one.box.id: one.box.title for one in plan.boxes}
    titles |= {one.frame.scope.name: one.frame.title for one in plan.frames}
    return {
        (titles[each.source], titles[each.target], each.label)
        for each in plan.picture.arrows
        if each.line is line
    }


def overlap(one: Rect, other: Rect) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def inside(one: Rect, other: Rect) -> bool:
    return other.x <= one.x and one.right <= other.right and other.y <= one.y and one.bottom <= other.bottom


def segments(route: Route) -> Iterator[Rect]:
    """An arrow's straight parts, as very thin boxes, a pixel short of both ends."""
    for (x1, y1), (x2, y2) in pairwise(route.points):
        left, top, right, bottom = min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)
        if left == right:
            yield Rect(x=left - 0.1, y=top + 1, w=0.2, h=bottom - top - 2)
        else:
            yield Rect(x=left + 1, y=top - 0.1, w=right - left - 2, h=0.2)


@pytest.mark.parametrize("stack", Project().stacks())
def test_the_committed_picture_is_that_of_the_program(stack: str) -> None:
    """A picture that shows yesterday's platform is worse than none."""
    committed = PROJECT / FOLDER / f"{stack}.svg"
    assert committed.is_file(), f"draw it: make diagram STACK={stack}"
    assert committed.read_text(encoding="utf-8") == picture(Project(), stack), "draw it anew: make diagram"


def test_no_picture_is_left_of_a_stack_that_is_gone() -> None:
    assert {path.stem for path in (PROJECT / FOLDER).glob("*.svg")} <= set(Project().stacks())


def test_the_page_shows_every_stack() -> None:
    page = (PROJECT / "docs/architecture.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(architecture/([\w-]+)\.svg\)", page)) == set(Project().stacks())


@pytest.mark.parametrize("name", DRAWN)
def test_boxes_and_labels_cover_nothing(name: str) -> None:
    plan = planned(name)
    labels = [one.label for one in plan.routes if one.label.w]
    for one, other in combinations([box.rect for box in plan.boxes] + labels, 2):
        assert not overlap(one, other), (one, other)


@pytest.mark.parametrize("name", DRAWN)
def test_no_arrow_goes_through_a_box_or_along_another_arrow(name: str) -> None:
    plan = planned(name)
    for route in plan.routes:
        for part in segments(route):
            hit = [one.box.title for one in plan.boxes if overlap(part, one.rect)]
            assert not hit, (route.arrow, hit)
    for one, other in combinations(plan.routes, 2):
        for first in segments(one):
            for second in segments(other):
                crossing = (first.w < 1) != (second.w < 1)
                assert crossing or not overlap(first, second), (one.arrow, other.arrow)


@pytest.mark.parametrize("name", DRAWN)
def test_everything_is_in_its_frame_and_on_the_card(name: str) -> None:
    plan = planned(name)
    frames = {one.frame.scope: one.rect for one in plan.frames}
    for one in plan.boxes:
        for scope, rect in frames.items():
            if scope <= one.box.scope:
                assert inside(one.rect, rect), (one.box.title, scope)
            else:
                assert not overlap(one.rect, rect), (one.box.title, scope)
    card = Rect(x=0, y=0, w=WIDTH, h=plan.height - 30)
    assert all(inside(rect, card) for rect in [*frames.values(), *(one.rect for one in plan.boxes)])


@pytest.mark.parametrize("name", DRAWN)
def test_text_stays_in_its_box(name: str) -> None:
    for one in planned(name).boxes:
        for text in one.texts:
            end = text.x + width(text.text, text.size, bold=text.size == TITLE)
            assert end <= one.rect.right - 8, text
            assert one.rect.y + text.size < text.y < one.rect.bottom - 4, text


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_graph_gives_the_same_bytes_and_valid_xml(name: str) -> None:
    first, second = (draw(planned.__wrapped__(name)) for _ in range(2))
    assert first == second
    assert ElementTree.fromstring(first).tag.endswith("svg")  # noqa: S314 our own


@pytest.mark.parametrize("name", VARIANTS)
def test_no_secret_is_in_a_picture(name: str) -> None:
    assert SENTINEL not in draw(planned(name))


def test_every_flow_that_a_policy_allows_is_an_arrow() -> None:
    found = arrows(planned("chroma-elasticsearch"), Line.FLOW)
    assert found == {
        ("Kotaemon", "PostgreSQL", "5432"),
        ("Kotaemon", "Chroma", "8000"),
        ("Kotaemon", "Elasticsearch", "9200"),
        ("Kotaemon", "Internet", "80, 443"),
    }


def test_volumes_secrets_and_the_way_in_are_arrows_of_their_own() -> None:
    assert arrows(planned("local"), Line.DATA) == {
        ("People", "Kotaemon", "make open: port-forward"),
        ("Secrets", "Kotaemon", "reads"),
        ("Kotaemon", "Volume kotaemon-data", "mounts"),
    }


def test_a_box_says_what_it_keeps() -> None:
    """Where people's documents are is what one looks for first."""
    local, one = planned("local"), planned("one-database")
    assert "keeps embeddings" in texts(local, "Qdrant")
    assert "keeps uploaded files, text of documents" in texts(local, "Volume")
    assert "keeps users, chats, settings, embeddings, text of documents" in texts(one, "PostgreSQL")


def test_a_box_says_how_often_it_runs_and_how_large_it_is() -> None:
    assert "3 replicas over the zones" in texts(planned("qdrant-cluster"), "Qdrant")
    assert "2 to 3 replicas" in texts(planned("autoscaled"), "Kotaemon")
    assert "volume 10Gi, ReadWriteOnce" in texts(planned("local"), "PostgreSQL pgvector:0.8.6")


def test_small_objects_are_counted_not_drawn() -> None:
    plan = planned("local")
    assert {one.box.title for one in plan.boxes} == {
        "People", "Internet", "Secrets", "Kotaemon", "PostgreSQL", "Qdrant", "Volume kotaemon-data", "What watches",
    }  # fmt: skip
    assert texts(plan, "PostgreSQL").endswith("1 ConfigMap, 1 Job, 1 Service")


def test_what_watches_is_one_box_without_arrows() -> None:
    """It talks to everything: its arrows would hide who works with whom."""
    plan = planned("logs-in-loki")
    told = texts(plan, "What watches")
    for name in ("prometheus", "alertmanager", "grafana", "postgres-exporter", "fluent-bit", "loki"):
        assert name in told
    assert not [one for one in arrows(plan, Line.FLOW) if "What watches" in one]
    operated = planned("watched-by-an-operator")
    assert ("Kotaemon", "Qdrant", "6333") in arrows(operated, Line.FLOW)
    assert not [
        one for one in arrows(operated, Line.FLOW) if one[0] not in ("Kotaemon", "People", "PostgreSQL")
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("every-model", "5 generated 12 supplied read by Kotaemon, PostgreSQL, Qdrant"),
        ("existing-secrets", "there already: team"),
        ("gke-existing", "5 generated read by Kotaemon, Qdrant, what watches"),
    ],
)
def test_secrets_are_counted_by_where_they_come_from(tmp_path: Path, name: str, told: str) -> None:
    assert told in texts(recorded(tmp_path, name), "Secrets")


def test_servers_elsewhere_are_named() -> None:
    """A policy knows addresses alone; the settings know whose they are."""
    models, database = planned("every-model"), planned("external-postgres")
    assert "llm.example.com" in texts(models, "Other servers")
    assert "ollama.models.svc" in texts(models, "Other servers")
    assert texts(models, "Internet").endswith("Gemini, Cohere, Mistral, Voyage, Tavily web pages")
    assert "PostgreSQL: db.example.com" in texts(database, "Other servers")


def test_on_google_cloud_every_flow_goes_through_the_front_door() -> None:
    """The metadata server is the node's own: every pod with an identity needs it, and it is no place to show."""
    assert arrows(planned("google-by-hand"), Line.FLOW) == {
        ("People", "Google's load balancer", "HTTPS 443"),
        ("Google's load balancer", "Kotaemon", "7860"),
        ("Kotaemon", "Cloud SQL, PostgreSQL 17", "5432"),
        ("Kotaemon", "Qdrant", "6333"),
        ("Kotaemon", "Internet", "443"),
    }


def test_on_google_cloud_secrets_and_backups_have_their_way() -> None:
    assert arrows(planned("google-by-hand"), Line.DATA) == {
        ("Secrets", "Kotaemon", "reads"),
        ("Secret Manager", "Secrets", "synced"),
        ("Namespace kotaemon", "Backup for GKE", "backup"),
    }


@pytest.mark.parametrize(
    ("title", "facts"),
    [
        ("Google Cloud project example-project", ["europe-west4", "1 API"]),
        ("VPC kotaemon", ["nodes 10.10.0.0/20", "pods 10.20.0.0/16", "2 fixed addresses"]),
        ("GKE kotaemon-prod", ["regional, nodes in europe-west4-a, b, c", "private nodes",
                               "main nodes: 3 to 9, e2-standard-4",
                               "gpu nodes: 0 to 1, g2-standard-8, spot, 1 nvidia-l4", "secrets under KMS"]),
        ("Namespace kotaemon", ["Pod Security: restricted", "closed but for DNS and"]),
        ("Google's load balancer", ["kotaemon.example.com", "Identity-Aware Proxy", "TLS 1.2 or newer",
                                    "Cloud Armor: 1200", "2 OWASP rule sets", "60 min"]),
        ("Kotaemon", ["3 replicas", "sign-in by oauth2-proxy in the same pod"]),
        ("Cloud SQL, PostgreSQL 17", ["regional", "private address, TLS only", "14 daily backups",
                                      "keeps users, chats, settings, text of documents"]),
        ("Qdrant", ["volume 50Gi", "premium-rwo each", "its nodes talk on 6335"]),
        ("Secrets", ["1 generated", "2 out of Secret Manager", "read by Kotaemon"]),
        ("Cloud KMS", ["2 keys", "for backups, cluster", "new every 90 days"]),
        ("Backup for GKE", ["0 3 * * * UTC", "kept 30 days", "objects, volumes, Secrets"]),
        ("Bucket", ["kotaemon-prod-backup", "30 days, locked", "our own key"]),
    ],
)  # fmt: skip
def test_what_decides_on_google_cloud_is_said(title: str, facts: list[str]) -> None:
    told = texts(planned("google-by-hand"), title)
    assert not [fact for fact in facts if fact not in told], told


def test_the_real_production_stack_is_read_as_well_as_the_one_by_hand() -> None:
    plan = planned("prod")
    assert arrows(plan, Line.FLOW) == {
        ("People", "Google's load balancer", "HTTPS 443"),
        ("Google's load balancer", "Kotaemon", "7860"),
        ("Kotaemon", "Cloud SQL, PostgreSQL 17", "5432"),
        ("Kotaemon", "Qdrant", "6333"),
        ("Kotaemon", "Internet", "80, 443"),
    }
    assert arrows(plan, Line.DATA) == {
        ("Secrets", "Kotaemon", "reads"),
        ("Kotaemon", "Volume kotaemon-data", "mounts"),
        ("Namespace kotaemon", "Backup for GKE", "backup"),
    }


@pytest.mark.parametrize(
    ("name", "title", "fact"),
    [
        ("prod", "Volume", "on regional Filestore"),
        ("prod", "Google's load balancer", "Identity-Aware Proxy"),
        ("autopilot", "GKE", "Autopilot"),
        ("iam-login", "Kotaemon", "logged in by Cloud SQL's proxy"),
        ("google-oauth2-proxy", "Kotaemon", "sign-in by oauth2-proxy"),
        ("secret-manager", "Secrets", "2 out of Secret Manager"),
        ("gke-existing", "GKE cluster", "one that is there"),
        ("gateway-of-the-cluster", "Gateway edge", "an authority of one's own"),
    ],
)
def test_each_choice_on_google_cloud_shows(name: str, title: str, fact: str) -> None:
    assert fact in texts(planned(name), title)


def test_another_clusters_front_door_is_in_the_cluster() -> None:
    plan = planned("gateway-by-hand")
    told = texts(plan, "Gateway edge")
    for fact in ("kotaemon.example.com", "certificate by Let's Encrypt", "TLS 1.2", "by cookie", "60 min"):
        assert fact in told
    assert "with cert-manager v1.21.2" in texts(plan, "Kubernetes cluster")
    assert arrows(plan, Line.FLOW) == {
        ("People", "Gateway edge", "HTTPS 443"),
        ("Gateway edge", "Kotaemon", "4180"),
    }


def test_a_volume_says_on_what_it_is() -> None:
    assert "1Ti, ReadWriteMany, on zonal Filestore" in texts(planned("gateway-by-hand"), "Volume")


def test_a_program_of_another_kind_is_drawn_too(project: Project) -> None:
    """Whatever registers a workload gets a box: nobody has to remember the picture."""
    drawn = picture(project, "local")
    assert ">app</text>" in drawn
    assert "Namespace tiny" in drawn


def test_a_frame_without_anything_in_it_is_left_out(project: Project) -> None:
    project.program.write_text(
        "import pulumi_kubernetes as k8s\nk8s.core.v1.Namespace('a', metadata={'name': 'a'})\n"
    )
    assert "Namespace" not in picture(project, "local")


def test_the_command_draws_every_stack_or_the_one_that_is_asked_for(project: Project) -> None:
    shutil.copy(project.stack_file("local"), project.stack_file("dev"))
    said: list[str] = []
    diagram(project, "dev", said.append)
    assert said == ["docs/architecture/dev.svg"]
    diagram(project, None, said.append)
    assert sorted(path.name for path in (project.root / FOLDER).iterdir()) == ["dev.svg", "local.svg"]
    with pytest.raises(OpsError, match="There is no stack prod"):
        diagram(project, "prod", said.append)


@pytest.mark.parametrize(
    ("text", "arial", "dejavu"),
    [
        ("Dataplane V2, Workload Identity", 172, 195),
        ("volume 10Gi, ReadWriteOnce", 159, 177),
        ("pgvector:0.8.6-pg18-trixie", 136, 158),
        ("users, chats, settings, embeddings", 185, 210),
    ],
)
def test_text_is_taken_for_as_wide_as_the_widest_usual_font_makes_it(
    text: str, arial: int, dejavu: int
) -> None:
    """Measured at 12 pixels: too narrow, and it leaves its box where there is no Arial."""
    assert arial * 1.05 < width(text, 12)
    assert width(text, 12) == pytest.approx(dejavu, rel=0.05)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("first part · second", ["first part", "second"]),
        ("registry/image:1.2.3-suffix", ["registry/", "image:1.2.", "3-suffix"]),
    ],
)
def test_text_breaks_between_words_and_parts(text: str, lines: list[str]) -> None:
    assert wrap(text, 12, 72) == lines


def test_google_s_watching_is_in_the_picture() -> None:
    """Who is told, and how long logs are kept, is what people look for there."""
    told = {box.title: box.facts for box in read(graph_of("watched-by-google"), "prod").boxes}
    assert told["Cloud Monitoring"] == ("asks the front door from outside", "tells 3 channels")
    assert "kept 30 days" in told["Cloud Logging"]
    assert (
        "tells nobody yet"
        in {box.title: box.facts for box in read(graph_of("prod"), "prod").boxes}["Cloud Monitoring"]
    )


def test_what_watching_takes_is_in_the_picture() -> None:
    (box,) = [box for box in read(graph_of("local"), "local").boxes if box.title == "What watches"]
    assert box.facts[-1] == "together 0.19 CPU, 640Mi memory"
