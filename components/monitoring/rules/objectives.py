"""What people may expect, what of it was kept, and alerts when so much goes wrong that it won't hold.

Multi-window burn rates after Google's "The Site Reliability Workbook", chapter 5: a pair of windows, both bad, the
long one for significance and the short one so that it ends when the trouble does.

Time of which nothing is known is neither good nor bad: it counts in no average, and never as an error, for it has
alerts of its own (ProbesMissing, the dead man's switch). Errors are a share of the *whole* window, so that the
first minutes of a new stack don't look like days of outage.
"""

from dataclasses import dataclass
from datetime import timedelta

from components.monitoring.names import ACHIEVED, AVAILABLE, BUDGET, ERRORS, FAST, OBSERVED
from components.monitoring.subject import Group, Subject
from components.signals.kotaemon import SIGN_IN_JOB
from components.signals.model import Alert, Recording, Severity, span

from .components import OUTAGE

EVERY = timedelta(seconds=30)
"""How often it is noted whether people can use it."""
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_LONG = timedelta(hours=6)
"""Windows beyond it are computed less often: they change slowly, and each computation reads all of it."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """When so much of the budget goes in `long` that somebody must act, and goes on doing so in `short`."""

    share: float
    """Of the objective's budget."""
    long: timedelta
    short: timedelta

    def threshold(self, budget: float, window: timedelta) -> float:
        """The share of errors above which it fires: for 30 days 14.4, 6, 3 and 1 times the budget.

        Never more than half-way from the budget to all: 14.4 times 10 % is more than there is of an hour.
        """
        factor = max(1.0, self.share * (window / self.long))
        return round(min(factor * budget, (1 + budget) / 2), 8)


_FAST = (
    Pair(share=0.02, long=_HOUR, short=5 * _MINUTE),
    Pair(share=0.05, long=6 * _HOUR, short=30 * _MINUTE),
)
_SLOW = (
    Pair(share=0.1, long=_DAY, short=2 * _HOUR),
    Pair(share=0.1, long=3 * _DAY, short=6 * _HOUR),
)


@dataclass(frozen=True, kw_only=True)
class _Objective:
    name: str
    series: str
    """1 for good and 0 for bad, nothing where nobody knows."""
    kept: float
    """Share that must be good."""

    @property
    def budget(self) -> float:
        return round(1 - self.kept, 8)


def objective_groups(subject: Subject) -> tuple[Group, ...]:
    """What is noted, what is computed of it often and seldom, and the alerts. Nothing without an essential probe."""
    if not subject.essential:
        return ()
    settings = subject.objectives
    objectives = (
        _Objective(name="availability", series=AVAILABLE, kept=settings.availability / 100),
        _Objective(name="latency", series=FAST, kept=settings.latency_share / 100),
    )
    windows = sorted({window for pair in (*_FAST, *_SLOW) for window in (pair.long, pair.short)})
    whole = timedelta(days=settings.days)
    often = tuple(window for window in windows if window <= _LONG)
    seldom = sorted({*(window for window in windows if window > _LONG), whole})
    return (
        Group(name="objectives", interval=EVERY, rules=(_available(subject), _fast(subject))),
        Group(
            name="errors",
            interval=EVERY,
            rules=tuple(_errors(subject, one, window) for one in objectives for window in often),
        ),
        Group(
            name="budget",
            interval=2 * _MINUTE,
            rules=(
                *(_errors(subject, one, window) for one in objectives for window in seldom),
                *(_budget(subject, one, whole) for one in objectives),
                *(_achieved(subject, one, whole) for one in objectives),
                _observed(subject, whole),
                *_requests(subject, whole),
            ),
        ),
        Group(
            name="burn-rates",
            component="kotaemon",
            interval=EVERY,
            rules=tuple(alert for one in objectives for alert in _alerts(subject, one, whole)),
        ),
    )


def _recording(subject: Subject, record: str, expr: str, **labels: str) -> Recording:
    return Recording(record=record, expr=expr, labels={"stack": subject.stack, **labels})


def _asked(subject: Subject, metric: str) -> str:
    names = "|".join(probe.name for probe in subject.essential)
    return f'max by (namespace, probe) ({metric}{{{subject.scope},probe=~"{names}"}})'


def _available(subject: Subject) -> Recording:
    """One failing is enough to know that people can't; that they can is known only when all were asked."""
    answers = _asked(subject, "probe_success")
    worst = f"min by (namespace) ({answers})"
    all_asked = f"count by (namespace) ({answers}) == {len(subject.essential)}"
    return _recording(subject, AVAILABLE, f"{worst} == 0 or ({worst} and on (namespace) ({all_asked}))")


def _fast(subject: Subject) -> Recording:
    """How long people wait, while they can use it at all: the rest is availability's."""
    slowest = f"max by (namespace) ({_asked(subject, 'probe_duration_seconds')})"
    return _recording(
        subject,
        FAST,
        f"{slowest} <= bool {subject.objectives.latency_seconds:g} "
        f"and on (namespace) max by (namespace) ({AVAILABLE}{{{subject.scope}}}) == 1",
    )


def _noted(subject: Subject, series: str, window: timedelta, function: str) -> str:
    return f"max by (namespace) ({function}({series}{{{subject.scope}}}[{span(window)}]))"


def _errors(subject: Subject, objective: _Objective, window: timedelta) -> Recording:
    known = _noted(subject, objective.series, window, "count_over_time")
    good = _noted(subject, objective.series, window, "sum_over_time")
    return _recording(
        subject,
        ERRORS,
        # Prometheus 2 counts both ends of a window: one note more than 3 does.
        f"clamp_max(({known} - {good}) / {round(window / EVERY)}, 1)",
        objective=objective.name,
        window=span(window),
    )


def _of_errors(subject: Subject, objective: _Objective, window: timedelta) -> str:
    chosen = f'{subject.scope},objective="{objective.name}",window="{span(window)}"'
    return f"max by (namespace) ({ERRORS}{{{chosen}}})"


def _budget(subject: Subject, objective: _Objective, whole: timedelta) -> Recording:
    return _recording(
        subject,
        BUDGET,
        f"1 - {_of_errors(subject, objective, whole)} / {objective.budget:g}",
        objective=objective.name,
    )


def _achieved(subject: Subject, objective: _Objective, whole: timedelta) -> Recording:
    return _recording(
        subject,
        ACHIEVED,
        _noted(subject, objective.series, whole, "avg_over_time"),
        objective=objective.name,
    )


def _observed(subject: Subject, whole: timedelta) -> Recording:
    known = _noted(subject, AVAILABLE, whole, "count_over_time")
    return _recording(subject, OBSERVED, f"clamp_max({known} / {round(whole / EVERY)}, 1)")


def _requests(subject: Subject, whole: timedelta) -> tuple[Recording, ...]:
    """The same counted by people's requests, where oauth2-proxy counts them: nobody at night, nothing lost."""
    if not any(target.job == SIGN_IN_JOB for target in subject.targets):
        return ()

    def counted(window: timedelta, code: str = "") -> str:
        chosen = f'{subject.scope},job="{SIGN_IN_JOB}"{code}'
        return f"sum by (namespace) (increase(oauth2_proxy_requests_total{{{chosen}}}[{span(window)}]))"

    def failed(window: timedelta) -> str:
        everyone = counted(window)
        # Without an error there is no series of errors.
        errors = counted(window, ',code=~"5.."')
        return f"({errors} or 0 * {everyone}) / ({everyone} > 0)"

    return (
        *(
            _recording(subject, ERRORS, failed(window), objective="requests", window=span(window))
            for window in (_HOUR, _DAY, whole)
        ),
        _recording(subject, ACHIEVED, f"1 - {failed(whole)}", objective="requests"),
    )


def _told(subject: Subject) -> str:
    """While an outage has a page of its own, and until it is out of the short window: nobody wants it told again.

    Not by ALERTS, which Google's alert policies haven't got.
    """
    names = "|".join(probe.name for probe in subject.essential)
    answered = f'max_over_time(probe_success{{{subject.scope},probe=~"{names}"}}[{span(OUTAGE)}])'
    since = f"[{span(6 * _MINUTE)}:{span(EVERY)}]"
    return f"min by (namespace) (min_over_time((max by (namespace, probe) ({answered})){since})) == 0"


def _alerts(subject: Subject, objective: _Objective, whole: timedelta) -> tuple[Alert, ...]:
    def burning(pairs: tuple[Pair, ...]) -> str:
        return " or ".join(
            f"({_of_errors(subject, objective, pair.long)} > {limit:g} and on (namespace) "
            f"{_of_errors(subject, objective, pair.short)} > {limit:g})"
            for pair in pairs
            for limit in [pair.threshold(objective.budget, whole)]
        )

    title = objective.name.capitalize()
    days = subject.objectives.days
    lost = {
        "availability": "People couldn't use Kotaemon in {{ $value | humanizePercentage }} of",
        "latency": "Kotaemon was slower than promised in {{ $value | humanizePercentage }} of",
    }[objective.name]
    return (
        Alert(
            name=f"{title}BurnsFast",
            expr=f"({burning(_FAST)}) unless on (namespace) {_told(subject)}",
            lasting=2 * _MINUTE,
            severity=Severity.PAGE,
            summary=f"{lost} the last hours: at this rate what is allowed in {days} days is gone within days.",
        ),
        Alert(
            name=f"{title}BurnsSlowly",
            expr=burning(_SLOW),
            lasting=15 * _MINUTE,
            severity=Severity.TICKET,
            summary=f"{lost} the last days: at this rate the objective for {days} days won't hold.",
        ),
        Alert(
            name=f"{title}Missed",
            expr=f'max by (namespace) ({BUDGET}{{{subject.scope},objective="{objective.name}"}}) < 0',
            lasting=_HOUR,
            severity=Severity.TICKET,
            summary=f"The objective of {objective.kept:.4%} for {objective.name} over {days} days is missed.",
        ),
    )
