"""The service law beside the simulation: the same streets, riders and fleets in both, by level, fleet and day type.

Both serve a share of the riders of a level on weekdays and on weekend days. What the law says is compared with what the
simulation does, and the law's few free constants are fitted to it (:mod:`fleetplan.simulate.fitting`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property

import numpy as np

from fleetplan.catalogue.types import Catalogue
from fleetplan.demand.types import DAY_TYPES, DayType
from fleetplan.service.area import AreaDemand, area_demand
from fleetplan.service.clusters import groups
from fleetplan.service.curves import largest_fleet, mean_day
from fleetplan.service.parameters import ServiceParameters
from fleetplan.service.types import CityService, LadderLevel
from fleetplan.simulate import layout
from fleetplan.simulate.city_days import CityPlace, ServiceArea, Stalls, policy_of
from fleetplan.simulate.engine import simulate
from fleetplan.simulate.layout import Array, Ints
from fleetplan.simulate.result import SimulationResult

SERVED = (0.65, 0.80, 0.90, 0.95, 0.985)
"""Shares of riders served, by the law, at which fleets are compared."""
SHARE = 0.2
"""Share of a level's addressable riders who ask: some way into adoption."""
DAYS: tuple[DayType, ...] = ("weekday", "weekday", "weekend")
ENOUGH_RIDERS, MOST_RUNS, RUNS_APART = 20_000, 12, 1000
"""Runs are repeated until so many riders have asked on a kind of day, at most so often; their seeds lie so far apart."""
WARM_DAYS = 1
"""Days at the beginning that are not counted."""
HOURS = {"weekday": np.repeat([1.0, 0.0], 24), "weekend": np.repeat([0.0, 1.0], 24)}
FINEST = 150


@dataclass(frozen=True, slots=True)
class Constants:
    """What of the law is fitted: see :class:`~fleetplan.service.parameters.ServiceParameters`."""

    search_factor: float
    rebalance_factor: float
    reserve: float
    least_way_min: float
    turn_shape: float

    @staticmethod
    def of(values: Sequence[float]) -> Constants:
        """Return constants from numbers in the order of the fields."""
        return Constants(*(float(value) for value in values))

    def within(self, parameters: ServiceParameters) -> ServiceParameters:
        """Return parameters with these constants."""
        given = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(parameters, least_way_h=given.pop("least_way_min") / 60.0, **given)


TYPICAL = Constants(1.0, 2.0, 2.0, 0.0, 1.0)
"""Under these the law says which fleets are looked at, so that they are the same whatever is fitted."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What fleets do on a day, shapes (fleets,): share of riders served, minutes, share of km without a rider, trips a car."""

    served: Array
    wait_min: Array
    pickup_min: Array
    empty_share: Array
    trips_per_car: Array


@dataclass(frozen=True, eq=False)
class Trial:
    """One level of a city with the riders that ask there."""

    place: CityPlace
    level: LadderLevel
    area: AreaDemand
    share: float

    @staticmethod
    def of(catalogue: Catalogue, service: CityService, index: int, share: float = SHARE) -> Trial:
        """Return the trial of a level, counted from 0."""
        place, level = CityPlace.at(catalogue, service.city, index + 1), service.levels[index]
        cells = np.array(sorted(place.zone_number[cell] for cell in level.cells), np.int64)
        area = area_demand(cells, place.geography, place.demand, groups(place.geography))
        return Trial(place, level, area, share)

    @cached_property
    def riders_per_day(self) -> dict[str, float]:
        """Riders who ask, by day type."""
        return {day: float(self.share * (self.area.trips_per_hour @ hours)) for day, hours in HOURS.items()}

    @property
    def runs(self) -> int:
        """Runs whose mean counts, so that chance of a day with few riders is not taken for the law's fault."""
        return int(np.clip(np.ceil(ENOUGH_RIDERS / max(min(self.riders_per_day.values()), 1.0)), 1, MOST_RUNS))

    def fleets(self, served: Sequence[float] = SERVED) -> Ints:
        """Return the fleets that serve the given shares by the law under typical constants."""
        parameters = TYPICAL.within(self.place.parameters)
        most = 1.5 * largest_fleet(self.area, self.share, parameters)
        fleets = np.unique(np.round(np.geomspace(4.0, most, FINEST))).astype(np.int64)
        day = mean_day(self.area, fleets.astype(float), np.array([self.share]), parameters)
        found = day.trips[:, 0] / parameters.serving_days_share / (self.share * self.area.trips_per_day)
        return fleets[np.minimum(np.searchsorted(np.maximum.accumulate(found), served), len(fleets) - 1)]

    def law(self, vehicles: Ints, parameters: ServiceParameters) -> dict[str, Outcome]:
        """Return what the law says, by day type."""
        found = {}
        for day_type, hours in HOURS.items():
            day = mean_day(self.area, vehicles.astype(float), np.array([self.share]), parameters, hours)
            trips = day.trips[:, 0] / parameters.serving_days_share
            found[day_type] = Outcome(
                served=trips / self.riders_per_day[day_type],
                wait_min=day.wait_min[:, 0],
                pickup_min=day.pickup_min[:, 0],
                empty_share=day.deadhead_share[:, 0],
                trips_per_car=trips / vehicles,
            )
        return found

    def simulated(self, vehicles: Ints, seed: int) -> dict[str, Outcome]:
        """Return what comes of the days, by day type; what each fleet's upkeep takes is seen first, as for a plan's replay."""
        sites = self._sites()
        area, policy = ServiceArea.of(self.place, self.level.cells, sites), policy_of(self.place.parameters, "batched")
        runs = [area.requests(DAYS, self.share, seed + RUNS_APART * run) for run in range(self.runs)]
        days = []
        for count in vehicles.tolist():
            stalls = self._stalls(sites, count)
            upkeep = area.upkeep(count, self.share, stalls, policy)
            scenario = area.scenario(DAYS, count, self.share, stalls, policy, upkeep).prepared()
            results = [simulate(scenario.with_requests(asked), seed=seed) for asked in runs]
            days.append(
                {
                    day_type: np.mean(
                        [_figures(run, _counted(day_type), upkeep.staging_km, count) for run in results], axis=0
                    )
                    for day_type in DAY_TYPES
                }
            )
        return {day_type: _stacked([day[day_type] for day in days]) for day_type in DAY_TYPES}

    def _sites(self) -> Ints:
        """Return the zones of the depot sites inside the area; where there are none, the zone where most riders are."""
        inside = {self.place.zone_number[cell] for cell in self.level.cells}
        asks = self.place.demand.mean_day().sum(axis=1)
        busiest = max(inside, key=lambda zone: float(asks[zone]))
        return np.array(sorted({site.index for site in self.place.geography.depots} & inside) or [busiest], np.int64)

    def _stalls(self, sites: Ints, vehicles: int) -> Stalls:
        """Return stalls as a plan has them: one for so many vehicles."""
        each = np.ceil(vehicles / self.place.parameters.cars_per_stall / len(sites))
        return Stalls(sites, np.full(len(sites), int(each), np.int64))


def _counted(day_type: DayType) -> list[int]:
    return [k for k, day in enumerate(DAYS) if day == day_type and k >= WARM_DAYS]


def trials(catalogue: Catalogue, service: CityService, share: float = SHARE) -> Iterator[Trial]:
    """Yield a trial for every level of a city; levels that only add an airport's zone to another are left out."""
    for index, level in enumerate(service.levels):
        if " + " not in level.name:
            yield Trial.of(catalogue, service, index, share)


def _figures(result: SimulationResult, days: Sequence[int], staging_km: float, vehicles: int) -> Array:
    """Return served share, wait, pickup, empty share and trips a car of some days of a run, shape (5,)."""
    per_day = 86_400 // result.bin_s
    bins = np.concatenate([np.arange(day * per_day, (day + 1) * per_day) for day in days])
    asked, served = result.rider_counts[bins].sum(axis=0)[:2]
    riders = np.isin((result.time_s // 86_400).astype(int), days) & np.isfinite(result.wait_s)
    pickup_h = result.state_h[bins].sum(axis=0)[layout.PICKUP]
    km = result.way_km[bins].sum(axis=0)
    driven = km.sum() + staging_km * vehicles * len(days)
    return np.array(
        [
            served / asked,
            result.wait_s[riders].mean() / 60.0,
            60.0 * pickup_h / max(served, 1),
            1.0 - km[layout.WITH_RIDER] / driven,
            served / vehicles / len(days),
        ]
    )


def _stacked(rows: Sequence[Array]) -> Outcome:
    return Outcome(*np.stack(rows).T)
