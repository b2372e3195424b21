"""A plan's city and month, replayed request by request and held against what the plan promises."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fleetplan.catalogue.types import Catalogue
from fleetplan.demand.types import DayType
from fleetplan.months import month_number
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan
from fleetplan.replays.months import find_month
from fleetplan.replays.types import Days, ReplayAsked
from fleetplan.service.area import area_demand
from fleetplan.service.clusters import groups
from fleetplan.service.types import AreaDemand, CityService, LadderLevel
from fleetplan.simulate.city_days import CityPlace, ServiceArea, Stalls, policy_of
from fleetplan.simulate.engine import simulate
from fleetplan.simulate.layout import SERVED
from fleetplan.simulate.promise import Promise, promise_of
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
class Ground:
    """Where a replay happens: H3 cells of its zones by number, name and plugs of each depot, the promise by hour."""

    cells: tuple[str, ...]
    sites: tuple[str, ...]
    site_plugs: tuple[int, ...]
    promise: Promise


@dataclass(frozen=True, eq=False)
class DeploymentReplay:
    """One deployment's month: what the plan promises on a mean day, and what came of it.

    Trips are of a mean day (weekdays 5/7, weekend days 2/7), or of one of the only kind replayed, days without service taken off,
    as the plan counts them. Shares are of the riders who ask at the reference wait. ``ground``: where and by hour.
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
    ground: Ground | None = None

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

    def _mean_day(self, result: SimulationResult) -> float:
        day = (np.arange(len(result.rider_counts)) * result.bin_s) // 86_400
        served = np.bincount(day, result.rider_counts[:, SERVED], len(self.weekend))
        ends = np.array(self.weekend)
        kinds = [(days, served[inside].mean()) for days, inside in ((5.0, ~ends), (2.0, ends)) if inside.any()]
        return float(sum(days * mean for days, mean in kinds) / sum(days for days, _ in kinds))


@dataclass(frozen=True, eq=False)
class Replay:
    """A city's month: one entry for each deployment that is open then."""

    city: str
    name: str
    month: str
    days: Days
    seeds: tuple[int, ...]
    dispatch: Dispatch
    deployments: tuple[DeploymentReplay, ...]

    @property
    def stands(self) -> bool:
        """Whether every deployment's promise stands."""
        return all(deployment.stands for deployment in self.deployments)


Progress = Callable[[float], None]
"""Called with the share of the work that is done."""


def replay_month(
    plan: Plan,
    asked: ReplayAsked,
    catalogue: Catalogue,
    service: CityService,
    *,
    dispatch: Dispatch = "batched",
    progress: Progress | None = None,
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
    rollout, period = find_month(plan, asked.city, asked.month)
    open_now = [d for d in rollout.deployments if d.level[period] and d.vehicles[period]]
    everybody = sum(d.vehicles[period] for d in open_now)
    found: list[DeploymentReplay] = []
    for number, deployment in enumerate(open_now):
        place = CityPlace.at(catalogue, asked.city, deployment.level[period])
        stands = _stands(rollout, place, period, deployment.vehicles[period] / everybody)
        level = service.levels[deployment.level[period] - 1]
        told = _part_of(progress, number, len(open_now))
        found.append(_replayed(deployment, _Set(place, level, *stands, period, asked, dispatch, told)))
    return Replay(asked.city, rollout.name, asked.month, asked.days, tuple(asked.seeds), dispatch, tuple(found))


def _part_of(progress: Progress | None, number: int, count: int) -> Progress:
    def told(share: float) -> None:
        if progress is not None:
            progress((number + share) / count)

    return told


def _stands(rollout: CityRollout, place: CityPlace, period: int, share: float) -> tuple[Stalls, tuple[str, ...]]:
    """Return a deployment's part of the city's stalls, and the names of the sites in each of their zones.

    Public ones, and those of unknown place, stand where most riders ask, without a name.
    """
    busiest = int(place.demand.mean_day().sum(axis=1).argmax())
    by_name = {site.name: site.index for site in place.geography.depots}
    counts: dict[int, float] = {}
    names: dict[int, list[str]] = {}
    for depot in rollout.depots:
        zone = by_name.get(depot.site, -1)
        if zone >= 0:
            names.setdefault(zone, []).append(depot.site)
        zone = busiest if zone < 0 else zone
        counts[zone] = counts.get(zone, 0.0) + depot.stalls[period] + depot.stalls_partner[period]
    public = rollout.public_charging_vehicles[period] + rollout.public_charging_partner[period]
    if public:
        counts[busiest] = counts.get(busiest, 0.0) + np.ceil(public / place.parameters.cars_per_stall)
    kept = {zone: round(share * count) for zone, count in counts.items() if round(share * count) > 0}
    stalls = Stalls(np.array(sorted(kept), np.int64), np.array([kept[zone] for zone in sorted(kept)], np.int64))
    return stalls, tuple(", ".join(names.get(zone, [])) for zone in sorted(kept))


@dataclass(frozen=True, eq=False)
class _Set:
    place: CityPlace
    level: LadderLevel
    stalls: Stalls
    sites: tuple[str, ...]
    period: int
    asked: ReplayAsked
    dispatch: Dispatch
    progress: Progress

    @property
    def hours(self) -> AreaDemand:
        """The level's hours, made anew where it was kept without them."""
        if self.level.hours is not None:
            return self.level.hours
        geography, number = self.place.geography, self.place.zone_number
        cells = np.array(sorted(number[cell] for cell in self.level.cells), np.int64)
        return area_demand(cells, geography, self.place.demand, groups(geography))


def _replayed(deployment: DeploymentPlan, given: _Set) -> DeploymentReplay:
    place, level, stalls, period = given.place, given.level, given.stalls, given.period
    parameters, vehicles = place.parameters, deployment.vehicles[period]
    area = ServiceArea.of(place, level.cells, stalls.zone)
    days, weekend = days_of(given.asked.month, given.asked.days)
    policy = policy_of(parameters, given.dispatch)
    share = deployment.demand_per_day[period] / area.trips_per_day
    promise = promise_of(deployment, period, given.hours, parameters, given.asked.days)
    upkeep = area.upkeep(vehicles, share, stalls, policy)
    scenario = area.scenario(days, vehicles, share, stalls, policy, upkeep).prepared()
    results = []
    for done, seed in enumerate(given.asked.seeds):
        given.progress((1 + done) / (1 + len(given.asked.seeds)))
        results.append(simulate(scenario.with_requests(area.requests(days, share, seed)), seed=seed))
    return DeploymentReplay(
        stack=deployment.stack,
        partner=deployment.partner,
        level=deployment.level[period],
        level_name=level.name,
        vehicles=vehicles,
        plugs=int(stalls.count.sum()),
        demand_per_day=promise.demand_per_day,
        promised_trips=promise.trips,
        promised_wait_min=promise.wait_min,
        promised_empty_share=promise.empty_share,
        results=tuple(results),
        weekend=weekend,
        serving_days_share=parameters.serving_days_share,
        staging_km=upkeep.staging_km * vehicles,
        ground=Ground(
            cells=tuple(place.geography.cells[zone] for zone in area.zones[: area.inside]),
            sites=given.sites,
            site_plugs=tuple(stalls.count.tolist()),
            promise=promise,
        ),
    )


def days_of(month: str, kind: Days = "all") -> tuple[list[DayType], tuple[bool, ...]]:
    """Return the day type of each day of a month, or of those of one kind, and which are weekend days.

    >>> days_of("2028-02")[0].count("weekend"), len(days_of("2028-02", "weekday")[0])
    (8, 21)
    """
    year, number = divmod(month_number(month), 12)
    length = calendar.monthrange(year, number + 1)[1]
    all_days = [calendar.weekday(year, number + 1, day + 1) >= 5 for day in range(length)]
    weekend = tuple(end for end in all_days if kind == "all" or end == (kind == "weekend"))
    return ["weekend" if end else "weekday" for end in weekend], weekend
