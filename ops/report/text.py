"""The report as people read it: a line for each part, aligned."""

from collections.abc import Iterator

from . import volumes
from .collect import HealthReport, Kept
from .model import Line, Mark, Unknown

_NO_BACKUP = "none is configured (kotaemon:backup.kind is none)"


def lines(found: HealthReport, option: str, google: bool) -> list[str]:
    """All of it. `option` is what the make commands take for the stack; `google`, whether it is on Google Cloud."""
    told = list(_lines(found, option, google))
    width = max(len(line.name) for line in told)
    result = []
    for line in told:
        result.append(f"{line.mark} {line.name:{width}}  {line.found}")
        result += [f"     → {tip}" for tip in line.advice]
    return result


def _lines(found: HealthReport, option: str, google: bool) -> Iterator[Line]:
    yield from _measured(found)
    if isinstance(found.kept, Unknown):
        yield _unknown("Backup", found.kept)
    else:
        yield from _kept(found.kept, found, option, google)
    if isinstance(found.certificates, Unknown):
        yield _unknown("Certificate", found.certificates)
    else:
        yield from (one.line(found.at) for one in found.certificates)
    if isinstance(found.versions, Unknown):
        yield _unknown("Versions", found.versions)
    else:
        yield found.versions.line(f"make diff{option}, make up{option}")


def _measured(found: HealthReport) -> Iterator[Line]:
    """What Prometheus tells; what can't be told for one reason is one line."""
    measured = found.measured
    reasons: dict[str, list[str]] = {}
    tips: dict[str, tuple[str, ...]] = {}
    parts = {"Objectives": measured.objectives, "alerts": measured.alerts, "volumes": measured.volumes}
    for name, part in parts.items():
        if isinstance(part, Unknown):
            reasons.setdefault(part.why, []).append(name)
            tips[part.why] = part.advice
    for why, names in reasons.items():
        name = ", ".join(names)
        yield _unknown(name[0].upper() + name[1:], Unknown(why=why, advice=tips[why]))
    if not isinstance(measured.objectives, Unknown):
        yield from (one.line() for one in measured.objectives)
    if not isinstance(measured.volumes, Unknown):
        yield volumes.line(measured.volumes)
    if not isinstance(measured.alerts, Unknown):
        if not measured.alerts:
            yield Line(mark=Mark.WELL, name="Alerts", found="none fires")
        yield from (one.line(found.at) for one in measured.alerts)


def _kept(kept: Kept, found: HealthReport, option: str, google: bool) -> Iterator[Line]:
    yield from (run.line("Backup", found.at) for run in kept.backups)
    if not kept.backups:
        tip = f"make pulumi{option} ARGS='config set --path backup.kind google' && make up{option}"
        yield Line(mark=Mark.UNKNOWN, name="Backup", found=_NO_BACKUP, advice=(tip,) if google else ())
    yield from (run.line("Restore drill", found.at) for run in kept.drills)
    if kept.backups and not kept.drills:
        yield Line(
            mark=Mark.UNKNOWN,
            name="Restore drill",
            found="none: whether the backups can be restored isn't known",
        )


def _unknown(name: str, unknown: Unknown) -> Line:
    return Line(mark=Mark.UNKNOWN, name=name, found=f"not known: {unknown.why}", advice=unknown.advice)
