"""A plan's city and month, replayed request by request and held against what the plan promises."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from fleetplan.catalogue.types import Catalogue
from fleetplan.demand.types import DayType
from fleetplan.errors import Fault, InputError
from fleetplan.months import month_number, month_text
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan
from fleetplan.service.types import CityService, LadderLevel
from fleetplan.simulate.city_days import CityPlace, ServiceArea, Stalls, policy_of
from fleetplan.simulate.engine import simulate
from fleetplan.simulate.layout import SERVED
from fleetplan.simulate.result import SimulationResult
from fleetplan.simulate.scenario import Dispatch

POINTS_HIGH, POINTS_LOW, HIGH_FROM = 0.02, 0.04, 0.90
"""A plan stands while the served share falls short by no more points than this: above and below nine tenths served."""
WAIT_SHARE = 0.15
"""... and while the mean wait is no longer than promised by this share."""
ERRORS = 2.0
"""What two standard errors of the runs can explain is no shortfall."""


@dataclass(frozen=True, slots=True)
class Measured:
    """The mean of runs with its standard error; 0 for a single run."""

    mean: float
    error: float

    @staticmethod
    def of(values: Sequence[float]) -> Measured:
        """Return mean and standard error of values."""
        error = float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
        return Measured(float(np.mean(values)), error)


@dataclass(frozen=True, eq=False)
class DeploymentReplay:
    """One deployment's month: what the plan promises on a mean day, and what came of it.

    Trips are of a mean day (weekdays 5/7, weekend days 2/7), days without service taken off, as the plan counts them. Shares are
    of the riders who ask at the reference wait.
    """

    stack: str
    partner: str
    level: int
    level_name: str
    vehicles: int
    plugs: int
    demand_per_day: float
    promised_trips: float
    promised_wait_min: float
    promised_empty_share: float
    results: tuple[SimulationResult, ...]
    weekend: tuple[bool, ...]
    serving_days_share: float
    staging_km: float

    @cached_property
    def trips(self) -> Measured:
        """Trips on a mean day."""
        return Measured.of([self._mean_day(r) * self.serving_days_share for r in self.results])

    @cached_property
    def wait_min(self) -> Measured:
        """Mean wait of those who ride."""
        return Measured.of([float(np.nanmean(r.wait_s)) / 60.0 for r in self.results])

    @cached_property
    def empty_share(self) -> Measured:
        """Km without a rider over all km, with the staging ways that do not happen in the run."""
        days = len(self.weekend)
        shares = []
        for result in self.results:
            loaded, driven = result.way_km.sum(axis=0)[1], result.way_km.sum() + days * self.staging_km
            shares.append(1.0 - loaded / driven if driven else 0.0)
        return Measured.of(shares)

    @property
    def promised_share(self) -> float:
        """Promised trips over riders who ask."""
        return self.promised_trips / self.demand_per_day if self.demand_per_day else 0.0

    @property
    def share(self) -> float:
        """Replayed trips over riders who ask."""
        return self.trips.mean / self.demand_per_day if self.demand_per_day else 0.0

    @property
    def allowed_points(self) -> float:
        """By how much the share may fall short."""
        return POINTS_HIGH if self.promised_share >= HIGH_FROM else POINTS_LOW

    @property
    def trips_stand(self) -> bool:
        """Whether the fleet makes the trips promised, within the points allowed and chance."""
        chance = ERRORS * self.trips.error / self.demand_per_day if self.demand_per_day else 0.0
        return self.share + chance >= self.promised_share - self.allowed_points

    @property
    def wait_stands(self) -> bool:
        """Whether riders wait no longer than promised, within the share allowed and chance."""
        return self.wait_min.mean - ERRORS * self.wait_min.error <= self.promised_wait_min * (1.0 + WAIT_SHARE)

    @property
    def stands(self) -> bool:
        """Whether trips and wait are as promised."""
        return self.trips_stand and self.wait_stands

    def facts(self) -> dict[str, Any]:
        """Return what was promised and what came of it, as plain data."""
        return {
            "level": self.level,
            "level_name": self.level_name,
            "vehicles": self.vehicles,
            "plugs": self.plugs,
            "demand_per_day": self.demand_per_day,
            "stands": self.stands,
            "trips_stand": self.trips_stand,
            "wait_stands": self.wait_stands,
            "promised_and_replayed": self.rows(),
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a figure: promised, replayed, its standard error (None for a single run)."""
        share = Measured(self.share, self.trips.error / self.demand_per_day if self.demand_per_day else 0.0)
        figures = (
            ("trips a day", self.promised_trips, self.trips),
            ("share of riders who ask", self.promised_share, share),
            ("mean wait, min", self.promised_wait_min, self.wait_min),
            ("empty share of km", self.promised_empty_share, self.empty_share),
        )
        several = len(self.results) > 1
        return [
            {
                "figure": name,
                "promised": promised,
                "replayed": got.mean,
                "standard_error": got.error if several else None,
            }
            for name, promised, got in figures
        ]

    def _mean_day(self, result: SimulationResult) -> float:
        day = (np.arange(len(result.rider_counts)) * result.bin_s) // 86_400
        served = np.bincount(day, result.rider_counts[:, SERVED], len(self.weekend))
        ends = np.array(self.weekend)
        return float((5.0 * served[~ends].mean() + 2.0 * served[ends].mean()) / 7.0)


@dataclass(frozen=True, eq=False)
class Replay:
    """A city's month: one entry for each deployment that is open then."""

    city: str
    name: str
    month: str
    dispatch: Dispatch
    deployments: tuple[DeploymentReplay, ...]

    @property
    def stands(self) -> bool:
        """Whether every deployment's promise stands."""
        return all(deployment.stands for deployment in self.deployments)


def replay_month(
    plan: Plan,
    month: str,
    catalogue: Catalogue,
    service: CityService,
    *,
    runs: int = 3,
    seed: int = 0,
    dispatch: Dispatch = "batched",
) -> Replay:
    """Replay a city's planned month, a run for each seed.

    Parameters
    ----------
    catalogue
        With the request's overrides; ``service`` is the city's under the same figures.

    Raises
    ------
    InputError
        If the plan has no such city or month, or nothing is open there then.
    """
    city = service.city
    rollout, period = find_month(plan, city, month)
    open_now = [d for d in rollout.deployments if d.level[period] and d.vehicles[period]]
    everybody = sum(d.vehicles[period] for d in open_now)
    found = []
    for deployment in open_now:
        place = CityPlace.at(catalogue, city, deployment.level[period])
        stalls = _stalls(rollout, place, period, deployment.vehicles[period] / everybody)
        level = service.levels[deployment.level[period] - 1]
        asked = _Asked(place, level, stalls, period, month, range(seed, seed + runs), dispatch)
        found.append(_replayed(deployment, asked))
    return Replay(city, rollout.name, month, dispatch, tuple(found))


def find_month(plan: Plan, city: str, month: str) -> tuple[CityRollout, int]:
    """Return the city's part of the plan and the period that holds the month; InputError where nothing is open there then."""
    known = {c.city: c for c in plan.cities}
    if city not in known:
        raise InputError([Fault("--city", f"{city} is not in the plan", ", ".join(known), "name one of these")])
    first, last = month_number(plan.periods[0]), month_number(plan.periods[-1]) + plan.period_months[-1] - 1
    try:
        number = month_number(month)
    except ValueError as error:
        raise InputError([Fault("--month", str(error), "a month, YYYY-MM")]) from error
    if not first <= number <= last:
        allowed = f"{month_text(first)} to {month_text(last)}"
        raise InputError([Fault("--month", f"{month} is not planned", allowed, "give a month of the plan")])
    starts = [month_number(p) for p in plan.periods]
    period = int(np.searchsorted(starts, number, side="right")) - 1
    rollout = known[city]
    if not any(d.level[period] and d.vehicles[period] for d in rollout.deployments):
        allowed = f"from {rollout.launch}" if rollout.launch else "no month: the plan opens nothing there"
        raise InputError(
            [Fault("--month", f"nothing is open in {city} in {month}", allowed, "give a month in which it is")]
        )
    return rollout, period


def _stalls(rollout: CityRollout, place: CityPlace, period: int, share: float) -> Stalls:
    """Return a deployment's part of the city's stalls; public ones, and those of unknown place, stand where most riders ask."""
    busiest = int(place.demand.mean_day().sum(axis=1).argmax())
    by_name = {site.name: site.index for site in place.geography.depots}
    counts: dict[int, float] = {}
    for depot in rollout.depots:
        zone = by_name.get(depot.site, -1)
        zone = busiest if zone < 0 else zone
        counts[zone] = counts.get(zone, 0.0) + depot.stalls[period] + depot.stalls_partner[period]
    public = rollout.public_charging_vehicles[period] + rollout.public_charging_partner[period]
    if public:
        counts[busiest] = counts.get(busiest, 0.0) + np.ceil(public / place.parameters.cars_per_stall)
    kept = {zone: round(share * count) for zone, count in counts.items() if round(share * count) > 0}
    return Stalls(np.array(sorted(kept), np.int64), np.array([kept[zone] for zone in sorted(kept)], np.int64))


@dataclass(frozen=True, eq=False)
class _Asked:
    place: CityPlace
    level: LadderLevel
    stalls: Stalls
    period: int
    month: str
    seeds: range
    dispatch: Dispatch


def _replayed(deployment: DeploymentPlan, asked: _Asked) -> DeploymentReplay:
    place, level, stalls, period = asked.place, asked.level, asked.stalls, asked.period
    parameters = place.parameters
    area = ServiceArea.of(place, level.cells, stalls.zone)
    days, weekend = days_of(asked.month)
    demand = deployment.demand_per_day[period]
    policy = policy_of(parameters, asked.dispatch)
    share = demand / area.trips_per_day
    staging_km = area.staging_left(deployment.vehicles[period], share, stalls, policy)
    scenario = area.scenario(days, deployment.vehicles[period], share, stalls, policy, staging_km).prepared()
    results = tuple(
        simulate(scenario.with_requests(area.requests(days, share, number)), seed=number) for number in asked.seeds
    )
    return DeploymentReplay(
        stack=deployment.stack,
        partner=deployment.partner,
        level=deployment.level[period],
        level_name=level.name,
        vehicles=deployment.vehicles[period],
        plugs=int(stalls.count.sum()),
        demand_per_day=demand,
        promised_trips=deployment.trips_per_day[period],
        promised_wait_min=deployment.wait_min[period] or 0.0,
        promised_empty_share=deployment.deadhead_share[period] or 0.0,
        results=results,
        weekend=weekend,
        serving_days_share=parameters.serving_days_share,
        staging_km=staging_km * deployment.vehicles[period],
    )


def days_of(month: str) -> tuple[list[DayType], tuple[bool, ...]]:
    """Return the day type of each day of a month, and which are weekend days.

    >>> days_of("2028-02")[0].count("weekend")
    8
    """
    year, number = divmod(month_number(month), 12)
    length = calendar.monthrange(year, number + 1)[1]
    weekend = tuple(calendar.weekday(year, number + 1, day + 1) >= 5 for day in range(length))
    return ["weekend" if end else "weekday" for end in weekend], weekend
