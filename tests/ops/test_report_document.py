"""The report as people and programs read it."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from ops import door, health
from ops.health import Item, Report
from ops.report import text
from ops.report.alerts import Alert
from ops.report.backups import Run
from ops.report.certificates import Certificate
from ops.report.collect import HealthReport, Kept, Measured
from ops.report.document import VERSION, document
from ops.report.model import Unknown
from ops.report.objectives import Objective
from ops.report.versions import Image, Kubernetes, Versions
from ops.report.volumes import Volume

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs/status.schema.json").read_text(encoding="utf-8"))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOBODY = Unknown(why="nobody watches", advice=("watch it",))
READY = Report("kotaemon", (Item("Service", "kotaemon", True, "1 ready behind it"),))
CLOSED = door.Door("https://kotaemon.example.com", door.State.CLOSED, "asks for a sign-in (302)")
PAGE = Alert(
    name="EssentialPartDown",
    severity="page",
    summary="Nobody can use it.",
    runbook="docs/runbooks/essential-part-down.md",
    since=NOW - timedelta(minutes=12),
    series=1,
)
FULL = HealthReport(
    at=NOW,
    measured=Measured(
        objectives=(
            Objective(
                name="availability",
                wanted=0.995,
                achieved=0.999,
                budget=0.8,
                observed=1,
                window=timedelta(days=30),
            ),
            Objective(
                name="latency",
                wanted=0.95,
                achieved=0.97,
                budget=0.4,
                observed=0.5,
                window=timedelta(days=30),
                seconds=2.0,
            ),
        ),
        alerts=(PAGE, replace(PAGE, name="VolumeFilling", severity="ticket", since=None, series=2)),
        volumes=(Volume(claim="data-postgres-0", used=4 * 2**30, capacity=10 * 2**30),),
    ),
    kept=Kept(
        backups=(
            Run(what="Cloud SQL kotaemon", succeeded=NOW - timedelta(hours=9), longest=timedelta(days=1)),
        ),
        drills=(Run(what="restore plan drill", succeeded=None, failed=True, size=None),),
    ),
    certificates=(
        Certificate(name="kotaemon.example.com", source="front door", until=NOW + timedelta(days=60)),
        Certificate(name="kotaemon.example.com", source="cert-manager", until=None, problem="not issued yet"),
    ),
    versions=Versions(
        images=(Image(running="qdrant/qdrant:v1", pinned="qdrant/qdrant:v2"),),
        kubernetes=Kubernetes(
            running="1.33.5-gke.1", nodes=("1.33.4-gke.1",), channel="regular", offered="1.33.5-gke.1"
        ),
    ),
)
NOTHING = HealthReport(
    at=NOW,
    measured=Measured(objectives=NOBODY, alerts=NOBODY, volumes=NOBODY),
    kept=Kept(backups=(), drills=()),
    certificates=(),
    versions=Versions(images=(), kubernetes=None),
)
UNKNOWN = replace(NOTHING, kept=NOBODY, certificates=NOBODY, versions=NOBODY)
CALM = replace(FULL, measured=replace(FULL.measured, alerts=()))


@pytest.mark.parametrize("found", [FULL, NOTHING, UNKNOWN, CALM], ids=["full", "nothing", "unknown", "calm"])
@pytest.mark.parametrize("front", [CLOSED, None], ids=["door", "no door"])
def test_the_json_is_what_its_schema_says(found: HealthReport, front: door.Door | None) -> None:
    """Its readers are other people's programs, which nobody here can mend."""
    made = json.loads(json.dumps(document("prod", READY, front, found, well=True)))
    jsonschema.validate(made, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert made["version"] == VERSION == SCHEMA["properties"]["version"]["const"]


def test_every_key_of_the_schema_is_on_its_page() -> None:
    """With its unit: a number without one is a riddle."""
    page = (ROOT / "docs/status.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([A-Za-z]+)`", page))
    assert set(_keys(SCHEMA)) <= told


def _keys(schema: object) -> list[str]:
    if isinstance(schema, list):
        return [key for one in schema for key in _keys(one)]
    if not isinstance(schema, dict):
        return []
    properties = schema.get("properties", {})
    return [*properties, *(key for one in schema.values() for key in _keys(one))]


def test_what_is_not_known_is_no_empty_list_of_what_is_wrong() -> None:
    """A program that counts alerts must not take silence for peace."""
    made = document("prod", READY, None, UNKNOWN, well=True)
    for part in ("objectives", "alerts", "volumes", "backups", "restoreDrills", "certificates"):
        assert made[part] == {"known": False, "why": "nobody watches", "items": []}


def test_numbers_have_the_units_of_the_page() -> None:
    made = json.loads(json.dumps(document("prod", READY, CLOSED, FULL, well=False)))
    (available, _) = made["objectives"]["items"]
    assert available["objective"] == 0.995
    assert available["budgetLeftSeconds"] == pytest.approx(30 * 86400 * 0.005 * 0.8)
    assert made["backups"]["items"][0]["ageSeconds"] == 9 * 3600
    assert made["certificates"]["items"][0]["secondsLeft"] == 60 * 86400
    assert made["volumes"]["items"][0]["used"] == 0.4
    assert made["versions"]["kubernetes"]["behind"] is True
    assert made["alerts"]["items"][0]["since"] == "2026-11-21T11:48:00Z"


# For people -------------------------------------------------------------------------------------------------


def test_each_part_is_a_line_and_the_lines_are_aligned() -> None:
    assert text.lines(FULL, " STACK=prod", google=True) == [
        "ok Availability   99.9 % in 30 days (objective 99.5 %); 80 % of the error budget left, 2 h 52 min",
        "ok Latency        97 % within 2 s in 30 days, 15 d of them known (objective 95 %); "
        "40 % of the error budget left, 14 h 24 min",
        "ok Volumes        fullest of 1: data-postgres-0 40 % of 10 GiB",
        "!! Alert          EssentialPartDown (page, for 12 min): Nobody can use it.",
        "     → docs/runbooks/essential-part-down.md",
        "!  Alert          VolumeFilling (ticket, 2 of them): Nobody can use it.",
        "     → docs/runbooks/essential-part-down.md",
        "ok Backup         Cloud SQL kotaemon: 2026-11-21 03:00 UTC, 9 h ago",
        "!  Restore drill  restore plan drill: none has succeeded yet; the last one failed",
        "ok Certificate    kotaemon.example.com (front door): until 2027-01-20 12:00 UTC, 60 d from now",
        "!  Certificate    kotaemon.example.com (cert-manager): not issued yet",
        "!  Versions       qdrant/qdrant:v1 runs, v2 is pinned; "
        "Kubernetes 1.33.5-gke.1, nodes 1.33.4-gke.1, channel regular has 1.33.5-gke.1",
        "     → make diff STACK=prod, make up STACK=prod",
    ]


def test_what_nobody_tells_for_one_reason_is_one_line() -> None:
    """Four lines with the same reason would push what matters out of sight."""
    assert text.lines(NOTHING, "", google=False) == [
        "-- Objectives, alerts, volumes  not known: nobody watches",
        "     → watch it",
        "-- Backup                       none is configured (kotaemon:backup.kind is none)",
        "ok Versions                     no pinned image runs",
    ]


def test_a_stack_on_google_is_told_how_to_get_backups() -> None:
    told = text.lines(NOTHING, " STACK=prod", google=True)
    assert (
        "     → make pulumi STACK=prod ARGS='config set --path backup.kind google' && make up STACK=prod"
        in told
    )


def test_calm_is_said() -> None:
    assert "ok Alerts         none fires" in text.lines(CALM, "", google=True)


# Whether all is well ----------------------------------------------------------------------------------------


def test_a_page_is_not_well_and_a_ticket_is() -> None:
    ticket = replace(PAGE, severity="ticket")
    assert not FULL.well
    assert replace(FULL, measured=replace(FULL.measured, alerts=(ticket,))).well


def test_an_expired_certificate_is_not_well() -> None:
    expired = Certificate(name="a", source="front door", until=NOW - timedelta(days=1))
    assert CALM.well
    assert not replace(CALM, certificates=(expired,)).well


def test_what_is_not_known_is_no_reason_to_fail() -> None:
    """Otherwise every stack without monitoring would fail each deployment's last step."""
    assert UNKNOWN.well
    assert health.report("kotaemon", health.Snapshot()).ready is False
