"""Objectives: what is promised, what was reached, and how much more may go wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from components.monitoring.names import ACHIEVED, BUDGET, OBSERVED

from .model import Line, Mark, NotKnownError, words
from .series import Prometheus

if TYPE_CHECKING:
    from components.config.monitoring import Objectives

AVAILABILITY, LATENCY = "availability", "latency"
_LOW = 0.25
"""The share of an error budget from which on it is called low."""


@dataclass(frozen=True, kw_only=True)
class Objective:
    """One objective. Shares are 0 to 1."""

    name: str
    wanted: float
    achieved: float
    budget: float
    """What is left of its error budget; below 0 where the objective is missed."""
    observed: float
    """Share of the window for which anything is known."""
    window: timedelta
    seconds: float | None = None
    """For latency: within how many seconds."""

    @property
    def budget_time(self) -> timedelta:
        """How long all may go wrong until the objective is missed; below 0 where it is."""
        return self.window * (1 - self.wanted) * self.budget

    def line(self) -> Line:
        """As people read it."""
        within = f" within {self.seconds:g} s" if self.seconds is not None else ""
        known = "" if self.observed > 0.99 else f", {words(self.window * self.observed)} of them known"
        promised = (
            f"{_percent(self.achieved)}{within} in {self.window.days} days{known} "
            f"(objective {_percent(self.wanted)})"
        )
        if self.budget < 0:
            left = f"missed: the error budget is overdrawn by {words(self.budget_time)}"
        else:
            left = f"{self.budget * 100:.0f} % of the error budget left, {words(self.budget_time)}"
        mark = Mark.LOOK if self.budget < _LOW else Mark.WELL
        return Line(mark=mark, name=self.name.capitalize(), found=f"{promised}; {left}")


def ask(prometheus: Prometheus, namespace: str, promised: "Objectives") -> tuple[Objective, ...]:
    """The objectives as Prometheus has counted them. Raises NotKnownError."""
    found = tuple(_objectives(prometheus, namespace, promised))
    if not found:
        raise NotKnownError("Prometheus has no count of it; the first comes minutes after the first probes")
    return found


def _objectives(prometheus: Prometheus, namespace: str, promised: "Objectives") -> Iterator[Objective]:
    def values(name: str) -> dict[str, float]:
        found = prometheus.query(f'{name}{{namespace="{namespace}"}}')
        return {sample.labels.get("objective", ""): sample.value for sample in found}

    achieved, budget = values(ACHIEVED), values(BUDGET)
    observed = next(iter(values(OBSERVED).values()), 1.0)
    for name, wanted, seconds in (
        (AVAILABILITY, promised.availability, None),
        (LATENCY, promised.latency_share, promised.latency_seconds),
    ):
        if name not in achieved or name not in budget:
            continue  # how fast it answers isn't known while it never answered
        yield Objective(
            name=name,
            wanted=wanted / 100,
            achieved=achieved[name],
            budget=budget[name],
            observed=min(1.0, observed),
            window=timedelta(days=promised.days),
            seconds=seconds,
        )


def _percent(share: float) -> str:
    """Two decimals, cut and not rounded: 99.996 % isn't 100 %."""
    cut = int(share * 10_000 + 1e-6) / 100
    return f"{cut:g} %"
