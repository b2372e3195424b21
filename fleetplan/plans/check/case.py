"""A plan laid beside the request and the catalogue: what every check reads."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from fleetplan.catalogue.types import Catalogue, City, Permit, Stack
from fleetplan.months import month_number
from fleetplan.plans.check.admission import Admission
from fleetplan.plans.check.figures import with_overrides
from fleetplan.plans.check.measure import NEVER, PAID_MODES, Placed, Rollouts, every_line
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan, StackFleet
from fleetplan.request import PlanRequest
from fleetplan.request.constraints import MarketsLive
from fleetplan.service.types import CityService, LadderLevel

DAYS_PER_MONTH = 365.25 / 12
UNPAID_MODES = ("unpaid_driver_out", "unpaid_operator")
PUBLIC_MODES = (*PAID_MODES, *UNPAID_MODES)  # the highest first
Dated = Literal["earliest", "likely", "latest"]
OPERATOR_MODES = ("paid_operator", "unpaid_operator")


@dataclass(frozen=True)
class Deployed(Placed):
    """A deployment of the plan with its stack, city and ladder from the catalogue."""

    row: DeploymentPlan
    stack: Stack
    city: City
    levels: tuple[LadderLevel, ...]
    met: tuple[Permit, ...] = ()

    @property
    def name(self) -> str:
        """City and stack, as violations say where they stand."""
        return f"{self.city.slug}/{self.stack.slug}"

    @cached_property
    def start(self) -> int:
        """Absolute month in which the programme begins; ``NEVER`` without one."""
        return month_number(self.row.programme_start) if self.row.programme_start else NEVER

    @cached_property
    def permits(self) -> Mapping[str, str]:
        """What the permits that it meets open, by id."""
        return {p.id: p.opens for p in self.met}

    @cached_property
    def areas_km2(self) -> list[float]:
        """Area open to riders, by period."""
        return [self.levels[level - 1].area_km2 if level else 0.0 for level in self.row.level]

    @property
    def laws(self) -> Collection[str]:
        """The laws of its city."""
        return self.city.jurisdictions

    @property
    def partner(self) -> str:
        """Who brings the vehicles, by the catalogue."""
        return self.stack.partner

    def pays(self, word: str) -> bool:
        """Return whether the contract makes the platform bear a cost."""
        return word in self.stack.platform_pays

    def level(self, t: int) -> LadderLevel | None:
        """Return the ladder level in force, None before launch and once the service has ended."""
        index = self.row.level[t]
        return self.levels[index - 1] if index > 0 else None

    @cached_property
    def _quality(self) -> list[tuple[float, float, float] | None]:
        """Mean wait, share of empty km and trips a day by period as the sampled law has them; None without service."""
        found: list[tuple[float, float, float] | None] = [None] * len(self.row.level)
        for index, level in enumerate(self.levels, start=1):
            periods = [t for t, reached in enumerate(self.row.level) if reached == index and self.row.vehicles[t]]
            if periods:
                vehicles = np.array([self.row.vehicles[t] for t in periods], float)
                demand = np.array([self.row.demand_per_day[t] for t in periods], float)
                law = level.surface.evaluate(vehicles, demand)
                rows = zip(periods, law.wait_min, law.deadhead_share, law.trips_per_day, strict=True)
                for t, wait, empty, trips in rows:
                    found[t] = float(wait), float(empty), float(trips)
        return found

    @property
    def waits(self) -> list[float | None]:
        """Mean wait in minutes by period as the sampled law has it; None without service."""
        return [None if law is None else law[0] for law in self._quality]

    @property
    def deadheads(self) -> list[float | None]:
        """Share of km driven empty by period as the sampled law has it; None without service."""
        return [None if law is None else law[1] for law in self._quality]

    @property
    def sampled_trips(self) -> list[float | None]:
        """Trips a day by period as the sampled law has them; None without service."""
        return [None if law is None else law[2] for law in self._quality]

    def used_modes(self, t: int) -> list[str]:
        """Return the modes with vehicles in service."""
        return [mode for mode, counts in self.row.vehicles_by_mode.items() if counts[t] > 0]

    def added(self, t: int) -> int:
        """Return the vehicles placed at the start of a period."""
        before = self.row.vehicles[t - 1] if t else 0
        return max(0, self.row.vehicles[t] - before)

    def left(self, t: int) -> int:
        """Return the vehicles taken out at the start of a period."""
        before = self.row.vehicles[t - 1] if t else 0
        return max(0, before - self.row.vehicles[t])

    def ring_opened(self, level: int) -> int | None:
        """Return the period in which a level opened."""
        return next((t for t, reached in enumerate(self.row.level) if reached >= level), None)


@dataclass(frozen=True)
class Case:
    """All that a check reads. ``catalogue`` has the request's overrides applied; ``raw`` is as it was loaded.

    ``laws`` says which of an event's dates counts where the request names none.
    """

    plan: Plan
    raw: Catalogue
    services: Mapping[str, CityService]
    laws: Dated = "likely"

    @property
    def request(self) -> PlanRequest:
        """The request that the plan answers."""
        return self.plan.request

    @cached_property
    def catalogue(self) -> Catalogue:
        """The catalogue with the request's overrides."""
        return with_overrides(self.raw, self.request.overrides)

    @cached_property
    def admission(self) -> Admission:
        """Which deployments the request admits."""
        return Admission(self.request, self.raw)

    @cached_property
    def starts(self) -> list[int]:
        """First absolute month of each period."""
        return [int(month) for month in self.request.grid.starts]

    @cached_property
    def lengths(self) -> list[int]:
        """Months in each period."""
        return list(self.request.grid.lengths)

    @cached_property
    def labels(self) -> list[str]:
        """First month of each period as text."""
        return self.request.grid.labels()

    @property
    def periods(self) -> range:
        """Indices of the periods."""
        return range(len(self.lengths))

    @property
    def start(self) -> int:
        """First absolute month of the horizon."""
        return self.starts[0]

    @cached_property
    def discount_base(self) -> float:
        """What 1 USD of today is worth a month earlier: the rate of a year, by month."""
        return float((1 + self.request.discount_rate) ** (1 / 12))

    @cached_property
    def today(self) -> int:
        """First absolute month that is planned: the first of the horizon, unless something is done already."""
        return self.starts[self.request.grid.done]

    @property
    def cash_before(self) -> float:
        """Cumulated net cash before the first month planned, USD."""
        state = self.request.starting_state
        return state.cash_usd if state is not None and self.request.grid.done else 0.0

    @property
    def end(self) -> int:
        """Absolute month just after the horizon."""
        return self.starts[-1] + self.lengths[-1]

    def months(self, t: int) -> range:
        """Return the absolute months of a period."""
        return range(self.starts[t], self.starts[t] + self.lengths[t])

    def days(self, t: int) -> float:
        """Return the days of a period."""
        return self.lengths[t] * DAYS_PER_MONTH

    def own(self, key: str) -> float:
        """Return a figure of assumptions.toml."""
        return self.catalogue.assumptions[key].value

    def whole(self, key: str) -> int:
        """Return a figure of assumptions.toml that counts vehicles."""
        return round(self.own(key))

    def eco(self, item: str) -> float:
        """Return a figure of economics.csv."""
        return self.catalogue.economics[item].value

    @cached_property
    def deployed(self) -> tuple[Deployed, ...]:
        """Every deployment of the plan, by city then stack."""
        found = [
            Deployed(
                row,
                self.catalogue.stacks[row.stack],
                self.catalogue.cities[row.city],
                self.services[row.city].levels,
                tuple(self.catalogue.permits_of(row.stack, row.city).values()),
            )
            for rollout in self.plan.cities
            for row in rollout.deployments
        ]
        return tuple(sorted(found, key=lambda d: (d.row.city, d.row.stack)))

    @cached_property
    def _by_stack(self) -> dict[str, list[Deployed]]:
        stacks = {d.row.stack for d in self.deployed}
        return {stack: [d for d in self.deployed if d.row.stack == stack] for stack in stacks}

    @cached_property
    def _by_city(self) -> dict[str, list[Deployed]]:
        cities = {d.row.city for d in self.deployed}
        return {city: [d for d in self.deployed if d.row.city == city] for city in cities}

    def of_stack(self, stack: str) -> list[Deployed]:
        """Return a stack's deployments by city."""
        return self._by_stack.get(stack, [])

    def of_city(self, city: str) -> list[Deployed]:
        """Return a city's deployments by stack."""
        return self._by_city.get(city, [])

    @cached_property
    def rollouts(self) -> Rollouts:
        """The deployments as the request's constraints look at them."""
        existing = sum(market.counts for market in self.catalogue.live_markets)
        return Rollouts(self.request.grid, self.deployed, existing, every_line(self.plan))

    @cached_property
    def service_modes(self) -> tuple[str, ...]:
        """Modes that riders may use: the unpaid ones only when the request counts them."""
        counted = any(isinstance(c, MarketsLive) and c.counts == "public" for c in self.request.constraints)
        return PUBLIC_MODES if counted else PAID_MODES

    def where(self, place: str, t: int) -> str:
        """Return ``place/month`` for a violation."""
        return f"{place}/{self.labels[t]}"

    def line_holders(self) -> Iterator[tuple[str, Mapping[str, list[float]]]]:
        """Yield every holder of money lines: deployments, cities, pools."""
        rollout: CityRollout
        fleet: StackFleet
        for rollout in self.plan.cities:
            for row in rollout.deployments:
                yield f"{row.city}/{row.stack}", row.lines_usd
            yield rollout.city, rollout.city_lines_usd
        for fleet in self.plan.stacks:
            yield fleet.stack, fleet.lines_usd
