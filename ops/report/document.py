"""The report for programs: one object, whose form docs/status.md and docs/status.schema.json describe.

VERSION grows when a key changes its meaning or goes; new keys may come at any time.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from ops import health
from ops.door import Door

from .backups import Run
from .collect import HealthReport
from .model import Unknown, written
from .versions import Versions

VERSION = 1
Json = dict[str, object]
Found = TypeVar("Found")


def document(stack: str, ready: health.Report, door: Door | None, found: HealthReport, *, well: bool) -> Json:
    """The whole object; `well` is whether the command ends with 0."""
    at, measured = found.at, found.measured
    return {
        "version": VERSION,
        "at": written(at),
        "stack": stack,
        "well": well,
        **health.as_json(ready),
        "frontDoor": None if door is None else _door(door),
        "objectives": _part(measured.objectives, lambda all_: [
            {
                "name": one.name,
                "objective": round(one.wanted, 6),
                "achieved": one.achieved,
                "budgetLeft": one.budget,
                "budgetLeftSeconds": round(one.budget_time.total_seconds()),
                "windowDays": one.window.days,
                "observed": one.observed,
                "withinSeconds": one.seconds,
            }
            for one in all_
        ]),
        "alerts": _part(measured.alerts, lambda all_: [
            {
                "name": one.name,
                "severity": one.severity,
                "summary": one.summary,
                "runbook": one.runbook,
                "since": written(one.since),
                "series": one.series,
            }
            for one in all_
        ]),
        "volumes": _part(measured.volumes, lambda all_: [
            {"claim": one.claim, "usedBytes": one.used, "capacityBytes": one.capacity, "used": round(one.share, 4)}
            for one in all_
        ]),
        "backups": _part(found.kept, lambda kept: _runs(kept.backups, at)),
        "restoreDrills": _part(found.kept, lambda kept: _runs(kept.drills, at)),
        "certificates": _part(found.certificates, lambda all_: [
            {
                "name": one.name,
                "source": one.source,
                "notAfter": written(one.until),
                "secondsLeft": None if one.until is None else round((one.until - at).total_seconds()),
                "problem": one.problem or None,
            }
            for one in all_
        ]),
        "versions": _part(found.versions, _images)
        | {"kubernetes": _kubernetes(found.versions)},
    }  # fmt: skip


def _part(part: Found | Unknown, shown: Callable[[Found], list[Json]]) -> Json:
    """A part that may not be known: then its list is empty, and `why` says why."""
    if isinstance(part, Unknown):
        return {"known": False, "why": part.why, "items": []}
    return {"known": True, "why": None, "items": shown(part)}


def _door(door: Door) -> Json:
    return {"url": door.url, "state": door.state.value, "found": door.found, "advice": list(door.advice)}


def _runs(runs: Sequence[Run], at: datetime) -> list[Json]:
    return [
        {
            "what": run.what,
            "lastSuccess": written(run.succeeded),
            "ageSeconds": None if run.succeeded is None else round((at - run.succeeded).total_seconds()),
            "lastFailed": run.failed,
            "late": run.late(at),
            "sizeBytes": run.size,
        }
        for run in runs
    ]


def _images(found: Versions) -> list[Json]:
    return [{"running": one.running, "pinned": one.pinned, "behind": one.behind} for one in found.images]


def _kubernetes(found: Versions | Unknown) -> Json | None:
    if isinstance(found, Unknown) or found.kubernetes is None:
        return None
    one = found.kubernetes
    return {
        "running": one.running,
        "nodes": list(one.nodes),
        "channel": one.channel or None,
        "offered": one.offered or None,
        "behind": one.behind if one.offered else None,
    }
