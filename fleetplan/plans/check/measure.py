"""What a plan has of what a constraint asks about: amounts beside their limits, by period and place.

The checker and the explanations read the same measurements: a constraint is broken where an amount is out of its limits, and
stands at its limit where one reaches it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from fleetplan.months import Grid, month_number
from fleetplan.plans.check.report import Saying
from fleetplan.plans.types import DeploymentPlan, Plan

NEVER = 10**9
Lines = Mapping[str, list[float]]
PAID_MODES = ("paid_driver_out", "paid_operator")


@dataclass(frozen=True, slots=True)
class Measure:
    """An amount that a plan has, and the least and the most that it may have (infinite: as much as it likes).

    Attributes
    ----------
    says
        How it is told where it is out of its limits.
    month
        First month of the period that it is of; empty: of no single one.
    city, stack
        Where; empty: wherever the constraint holds.
    besides
        The part of the amount that is there whatever is planned.
    slack
        How far it may be out of its limits: what figures are rounded by.
    """

    amount: float
    says: Saying
    least: float = -math.inf
    most: float = math.inf
    month: str = ""
    city: str = ""
    stack: str = ""
    besides: float = 0.0
    slack: float = 0.0

    @property
    def kept(self) -> bool:
        """Whether the amount lies within its limits; what is no number does not."""
        return self.least - self.slack <= self.amount <= self.most + self.slack

    @property
    def missed(self) -> float:
        """By how much the amount is out of its limits."""
        return max(self.least - self.amount, self.amount - self.most)

    def reaches(self, near: float) -> bool:
        """Return whether the amount is a limit of its own, or within the share ``near`` of it.

        >>> from fleetplan.plans.check.report import say
        >>> of = [Measure(amount, say(""), most=10) for amount in (10, 9.95, 9)]
        >>> of[0].reaches(0.0), of[1].reaches(0.01), of[2].reaches(0.01)
        (True, True, False)
        """
        at_most = self.amount >= self.most - near * abs(self.most)
        at_least = self.amount <= self.least + near * abs(self.least)
        return at_most or at_least


class Placed(ABC):
    """A deployment of a plan as constraints look at it."""

    row: DeploymentPlan

    @property
    @abstractmethod
    def partner(self) -> str:
        """Who brings the vehicles."""

    @property
    @abstractmethod
    def waits(self) -> Sequence[float | None]:
        """Mean wait by period; None without service."""

    @property
    @abstractmethod
    def laws(self) -> Collection[str]:
        """Slugs of the laws of its city, as far as they are known."""

    @property
    @abstractmethod
    def permits(self) -> Mapping[str, str]:
        """What the permits that it meets open, by id, as far as they are known."""

    @property
    @abstractmethod
    def areas_km2(self) -> Sequence[float]:
        """Area open to riders, by period."""

    @cached_property
    def launch_period(self) -> int | None:
        """First period with a level open."""
        return next((t for t, level in enumerate(self.row.level) if level > 0), None)

    def in_modes(self, modes: tuple[str, ...], t: int) -> int:
        """Return the vehicles in service in some modes."""
        return sum(counts[t] for mode, counts in self.row.vehicles_by_mode.items() if mode in modes)

    def paid_vehicles(self, t: int) -> int:
        """Return the vehicles that carry paying riders."""
        return self.in_modes(PAID_MODES, t)


@dataclass(frozen=True)
class Told(Placed):
    """A deployment as the plan itself tells it, waits included."""

    row: DeploymentPlan
    levels_km2: tuple[float, ...] = ()

    @property
    def permits(self) -> Mapping[str, str]:
        """What the permits on its way open."""
        return {step.permit: step.opens for step in self.row.permits}

    @property
    def areas_km2(self) -> Sequence[float]:
        """Area open to riders as the plan states it."""
        return [self.levels_km2[level - 1] if level else 0.0 for level in self.row.level]

    @property
    def partner(self) -> str:
        """Who brings the vehicles, as the plan states it."""
        return self.row.partner

    @property
    def laws(self) -> Collection[str]:
        """The laws of the permits on its way."""
        return {step.jurisdiction for step in self.row.permits}

    @property
    def waits(self) -> Sequence[float | None]:
        """Mean wait by period as the plan states it."""
        return self.row.wait_min


@dataclass(frozen=True)
class Rollouts:
    """The deployments of a plan on its grid, the markets that are live elsewhere today and count, and every holder's lines."""

    grid: Grid
    every: tuple[Placed, ...]
    live_elsewhere: int
    lines: tuple[Lines, ...]

    @cached_property
    def months(self) -> list[str]:
        """First month of each period as text."""
        return self.grid.labels()

    @property
    def periods(self) -> range:
        """Indices of the periods."""
        return range(len(self.grid))

    def named(self, city: str | None, stack: str | None) -> list[Placed]:
        """Return the deployments in a city and of a stack; None stands for all."""
        return [d for d in self.every if city in {None, d.row.city} and stack in {None, d.row.stack}]

    def start(self, period: int | None) -> int:
        """Return the absolute month in which a period of the horizon begins; ``NEVER`` for none."""
        return NEVER if period is None or not 0 <= period < len(self.grid) else int(self.grid.starts[period])

    def opening(self, rows: Sequence[Placed]) -> int | None:
        """Return the first period in which some of these deployments carries paying riders."""
        return next((t for t in self.periods if any(d.paid_vehicles(t) for d in rows)), None)

    def from_month(self, month: str) -> int:
        """Return the absolute month at which the first period from a month on begins."""
        return self.start(self.grid.first_period_from(month_number(month)))

    def by_month(self, month: str) -> int:
        """Return the absolute month at which the last period begun by a month begins; the month itself before the horizon."""
        period = self.grid.last_begun_by(month)
        return self.start(period) if period >= 0 else month_number(month)


def told_rollouts(plan: Plan) -> Rollouts:
    """Return the deployments of a plan as it tells them itself: no catalogue and no curves are asked."""
    sizes = {c.city: tuple(level.area_km2 for level in c.levels) for c in plan.cities}
    rows = tuple(Told(d, sizes[city.city]) for city in plan.cities for d in city.deployments)
    elsewhere = plan.kpis.markets_live_with_existing - plan.kpis.cities_live
    return Rollouts(plan.request.grid, rows, elsewhere, every_line(plan))


def every_line(plan: Plan) -> tuple[Lines, ...]:
    """Return the money lines of every deployment, city and pool of a plan."""
    held = [lines for c in plan.cities for lines in (c.city_lines_usd, *(d.lines_usd for d in c.deployments))]
    return (*held, *(fleet.lines_usd for fleet in plan.stacks))
