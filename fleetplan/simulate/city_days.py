"""A city's planned days as something to simulate: its zones, its hours, its requests, its fleet with depots.

Everything but dispatch, geometry and chance is taken from where the service law takes it: trips and travel times from demand and
geography, the figures of operation from the catalogue. What the law leaves out of a fleet before it serves anybody (cars in the
workshop, time on staging ways) is left out here in the same way; pickups, repositioning, depot trips and charging happen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fleetplan.catalogue.types import Catalogue, City, Figure
from fleetplan.demand import build_demand
from fleetplan.demand.types import DAY_TYPES, PERIODS, CityDemand, DayType, band_of, period_of
from fleetplan.geography import build_geography
from fleetplan.geography.types import CityGeography
from fleetplan.service.curves import NIGHT_SHARE
from fleetplan.service.later import later
from fleetplan.service.parameters import ServiceParameters
from fleetplan.simulate.compiled import compiled
from fleetplan.simulate.engine import simulate
from fleetplan.simulate.layout import CHARGING, DEPOT_WAY, QUEUE, TO_DEPOT, Array, Ints, Shorts, Single
from fleetplan.simulate.scenario import Depots, Dispatch, Energy, Fleet, Policy, Requests, Riders, Scenario
from fleetplan.simulate.travel import Travel

BIN_S = 900
PLUG_IN_S = 180.0
PATIENCE_S = 5400.0
"""Nobody waits longer, whatever the response to the wait: as in the service law."""
MOST_PARKED = 0.5
TRIED: tuple[DayType, ...] = ("weekday", "weekend")
REACH_IN_MEANS = 2.0 * np.sqrt(np.log(20.0) / np.pi)
"""Ways to the nearest of cars that stand at random are Rayleigh distributed: 95 % of them are no longer than so many means."""


def policy_of(parameters: ServiceParameters, dispatch: Dispatch) -> Policy:
    """Return how a city's fleet is run: as the service law assumes where it says something."""
    return Policy(
        dispatch=dispatch,
        batch_s=3600.0 * parameters.batching_h,
        pickup_fixed_s=3600.0 * parameters.pickup_fixed_h,
        boarding_s=3600.0 * parameters.boarding_h,
    )


@dataclass(frozen=True, eq=False)
class CityPlace:
    """A city with what its days are made of; ``assumptions`` and ``economics`` are the catalogue's figures in force."""

    city: City
    geography: CityGeography
    demand: CityDemand
    assumptions: Mapping[str, Figure]
    economics: Mapping[str, Figure]

    @staticmethod
    def at(catalogue: Catalogue, slug: str, level: int) -> CityPlace:
        """Return a city on the ground of a level, counted from 1: crossings that wait for its permits are open there."""
        city, opens = catalogue.cities[slug], later(catalogue, catalogue.cities[slug])
        geography = build_geography(city, permits=opens.permits if level > opens.levels_before else ())
        demand = build_demand(city, geography, catalogue.assumptions)
        return CityPlace(city, geography, demand, catalogue.assumptions, catalogue.economics)

    @cached_property
    def parameters(self) -> ServiceParameters:
        """What the service law reads of the catalogue."""
        return ServiceParameters.of(self.city, self.assumptions, self.economics)

    @cached_property
    def zone_number(self) -> dict[str, int]:
        """The number of each zone by its H3 index."""
        return {cell: i for i, cell in enumerate(self.geography.cells)}


@dataclass(frozen=True, eq=False)
class Stalls:
    """Stalls of a fleet's depots: zone of the city and count, shapes (d,)."""

    zone: Ints
    count: Ints


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a vehicle's day takes besides riders.

    Attributes
    ----------
    staging_km
        Km between depots and stands beyond the ways that happen in a run.
    plugged_h
        Hours at a plug, on the way there and in a queue for it: so much less is a car parked, and so long are cars to be at
        plugs, part of it in the quietest hours, the rest as cars drive.
    """

    staging_km: float
    plugged_h: float


@dataclass(frozen=True, eq=False)
class ServiceArea:
    """An area of a city made ready: its zones, with those of the depots after them, ways, and where trips begin and end.

    Attributes
    ----------
    zones
        Zones of the city, shape (n,): first those of the area, then those of depots outside it.
    inside
        How many of them are the area's.
    trips_per_hour
        At full adoption, both ends inside, shape (2, 24).
    origin
        Share of trips by period and zone of the area, shape (6, inside).
    ends_by_origin
        Cumulated shares of destinations by period and origin, shape (6, inside, inside).
    """

    place: CityPlace
    zones: Ints
    inside: int
    travel_seconds: Single
    travel_metres: Single
    trips_per_hour: Array
    origin: Array
    ends_by_origin: Single

    @staticmethod
    def of(place: CityPlace, cells: Sequence[str], depots: Ints) -> ServiceArea:
        """Return the area of the given H3 cells; ``depots`` are zones that cars charge in."""
        own = np.array(sorted(place.zone_number[cell] for cell in cells), np.int64)
        zones = np.concatenate([own, np.setdiff1d(np.unique(depots), own)])
        geography, demand = place.geography, place.demand
        origins, captured = [], {}
        ends = np.empty((len(PERIODS), len(own), len(own)), np.float32)
        for number, period in enumerate(PERIODS):
            trips = demand.pattern[period][np.ix_(own, own)]
            rows = trips.sum(axis=1, dtype=np.float64)
            captured[period] = rows.sum()
            if not rows.any():  # counted trips may have none here in a period: nobody asks then, wherever they would
                rows = np.ones(len(own))
            origins.append(rows / rows.sum())
            cumulated = np.cumsum(trips, axis=1, dtype=np.float64)
            ends[number] = cumulated / np.maximum(cumulated[:, -1:], 1e-300)
        hourly = [
            [demand.hourly[row, hour] * captured[period_of(day_type, hour)] for hour in range(24)]
            for row, day_type in enumerate(DAY_TYPES)
        ]
        ways = np.ix_(zones, zones)
        return ServiceArea(
            place=place,
            zones=zones,
            inside=len(own),
            travel_seconds=np.ascontiguousarray(
                geography.hours["offpeak"][ways] * np.float32(3600.0 / place.parameters.pace)
            ),
            travel_metres=np.ascontiguousarray(geography.distance_km[ways] * np.float32(1000.0)),
            trips_per_hour=np.array(hourly),
            origin=np.array(origins),
            ends_by_origin=ends,
        )

    @property
    def trips_per_day(self) -> float:
        """Trips of a mean day at full adoption: weekdays count 5/7, weekend days 2/7."""
        return float(self.trips_per_hour.sum(axis=1) @ np.array([5.0, 2.0]) / 7.0)

    def requests(self, days: Sequence[DayType], share: float, seed: int) -> Requests:
        """Return requests of days in a row that ``share`` of full adoption makes: Poisson arrivals, even within an hour."""
        rng = np.random.default_rng([seed, 7])
        rows = [DAY_TYPES.index(day) for day in days]
        rate = share * self.trips_per_hour[rows].ravel()
        count = rng.poisson(rate)
        hour = np.repeat(np.arange(len(rate)), count)
        time_s = np.sort(3600.0 * (hour + rng.random(len(hour))))
        origin, destination = np.zeros(len(hour), np.int32), np.zeros(len(hour), np.int32)
        of_hour = np.array([PERIODS.index(period_of(day, h)) for day in days for h in range(24)])
        period = of_hour[np.minimum(time_s // 3600, len(of_hour) - 1).astype(np.int64)]
        starts = np.cumsum(self.origin, axis=1)
        starts /= starts[:, -1:]
        draw_pairs(starts, self.ends_by_origin, period, rng.random((2, len(hour))), origin, destination)
        return Requests(time_s, origin, destination)

    def upkeep(self, vehicles: int, share: float, stalls: Stalls, policy: Policy) -> Upkeep:
        """Return what a vehicle's day takes besides riders: a weekday and a weekend day are run to see it.

        Of the catalogue's staging km are left those beyond the ways to depots and plugs, which happen in a run.
        """
        whole = self.place.parameters.staging_km_per_vehicle_day
        first = self.scenario(TRIED, vehicles, share, stalls, policy, Upkeep(whole, 0.0)).prepared()
        tried = simulate(first.with_requests(self.requests(TRIED, share, 0)))
        vehicle_days = len(TRIED) * vehicles
        driven = float(tried.way_km[:, DEPOT_WAY].sum()) / vehicle_days
        plugged_h = float(tried.state_h[:, [TO_DEPOT, QUEUE, CHARGING]].sum()) / vehicle_days
        return Upkeep(max(whole - driven, 0.0), plugged_h)

    def scenario(
        self,
        days: Sequence[DayType],
        vehicles: int,
        share: float,
        stalls: Stalls,
        policy: Policy,
        upkeep: Upkeep,
    ) -> Scenario:
        """Return days in a row with a fleet of so many vehicles in service, and no requests yet: see :meth:`requests`."""
        place, parameters = self.place, self.place.parameters
        rows = [DAY_TYPES.index(day) for day in days]
        bands = [[place.geography.speed_kmh[band_of(day_type, h)] for h in range(24)] for day_type in DAY_TYPES]
        slow = place.geography.speed_kmh["offpeak"] / np.array(bands)[rows].ravel()
        cars = max(round(vehicles * self.on_the_road(upkeep.staging_km)), 1)
        index = {int(zone): i for i, zone in enumerate(self.zones)}
        depots = Depots(
            np.array([index[int(zone)] for zone in stalls.zone], np.int32),
            stalls.count.astype(np.int32),
            np.full(len(stalls.zone), parameters.charge_kw),
        )
        energy = Energy(parameters.usable_kwh, parameters.energy_kwh_per_km, parameters.aux_kw, plug_in_s=PLUG_IN_S)
        rate, row_of_hour = self._expected(rows, days, share)
        riders = Riders(PATIENCE_S, parameters.wait_response, 60.0 * parameters.reference_wait_h)
        parked_h = max(24.0 - parameters.service_hours - upkeep.plugged_h, 0.0)
        shift = self._in_the_trough(rows, parked_h, MOST_PARKED)
        charging = self._at_plugs(rows, upkeep.plugged_h, 1.0 - shift)
        fleet = Fleet(
            self._start(cars),
            cars - np.round(cars * shift).astype(np.int64),
            energy if len(depots) else None,
            depots,
            at_plugs=np.round(cars * charging).astype(np.int64),
        )
        area = np.concatenate([place.geography.area_km2[self.zones]])
        return Scenario(
            travel=Travel(self.travel_seconds, self.travel_metres, slow, 3600),
            requests=Requests(np.zeros(0), np.zeros(0, np.int32), np.zeros(0, np.int32)),
            fleet=fleet,
            riders=riders,
            policy=policy,
            demand=rate,
            demand_row=np.repeat(row_of_hour, 3600 // BIN_S),
            area_km2=area,
            horizon_s=86_400 * len(days),
            bin_s=BIN_S,
            reach_s=np.repeat(self._reach_s(share)[row_of_hour], 3600 // BIN_S),
        )

    def _reach_s(self, share: float) -> Array:
        """Return how far a car is sent in the 48 kinds of hours: who is farther off waits for one to become free nearer by.

        With fewer cars idle than ``(demand k sqrt(A) / 2)^(2/3)`` each long way takes a car from riders nearer by (the wild goose
        chase: Castillo, Knoepfle & Weyl 2017). There the mean way is ``(2 k^2 A / demand)^(1/3)``; a car goes as far as 95 % of
        the ways are then.
        """
        place, geography = self.place, self.place.geography
        land, found = np.cbrt(geography.area_km2[self.zones[: self.inside]]), []
        for row, day_type in enumerate(DAY_TYPES):
            for hour in range(24):
                origin = self.origin[PERIODS.index(period_of(day_type, hour))]
                root_km = float((np.cbrt(origin) ** 2 @ land) ** 1.5)
                speed = place.parameters.pace * geography.speed_kmh[band_of(day_type, hour)]
                search = 0.5 * geography.circuity / speed * root_km
                demand = max(share * self.trips_per_hour[row, hour], 1e-9)
                found.append(np.cbrt(2.0 * search**2 / demand))
        return np.asarray(3600.0 * (place.parameters.pickup_fixed_h + REACH_IN_MEANS * np.array(found)))

    def on_the_road(self, staging_km: float) -> float:
        """Return the share of a fleet that is not in the workshop and not on staging ways of so many km a day."""
        parameters, geography = self.place.parameters, self.place.geography
        speeds = [geography.speed_kmh[band_of(day_type, h)] for day_type in DAY_TYPES for h in range(24)]
        staging_h = staging_km / (parameters.pace * float(np.mean(speeds)))
        return parameters.available_share * (1.0 - staging_h / 24.0)

    def _expected(self, rows: Sequence[int], days: Sequence[DayType], share: float) -> tuple[Array, Ints]:
        """Return requests per second of the 48 kinds of hours by zone, and the kind of each hour."""
        kinds = np.array([[PERIODS.index(period_of(day_type, h)) for h in range(24)] for day_type in DAY_TYPES]).ravel()
        rate = np.zeros((48, len(self.zones)))
        rate[:, : self.inside] = self.origin[kinds] * (share * self.trips_per_hour.ravel() / 3600.0)[:, None]
        return rate, np.concatenate([24 * row + np.arange(24) for row in rows]) if len(days) else np.zeros(0, np.int64)

    def _start(self, cars: int) -> Shorts:
        """Return where cars begin: where trips begin in the night, spread evenly over their shares."""
        night = np.cumsum(self.origin[PERIODS.index("night")])
        turns = (np.arange(cars) + 0.5) / cars
        return np.searchsorted(night / night[-1], turns).clip(0, self.inside - 1).astype(np.int32)

    def _at_plugs(self, rows: Sequence[int], hours: float, on_shift: Array) -> Array:
        """Return the share of cars that are to be at plugs by bin, part of so many hours a day each at night.

        The rest is planned as cars drive, as the service law has it, lest a fleet that comes on shift full runs empty together.
        """
        parameters = self.place.parameters
        battery_h = parameters.usable_kwh / parameters.charge_kw + parameters.charging_stop_h
        driving = max(hours - NIGHT_SHARE * battery_h, 0.0)
        most = max(1.0 / parameters.cars_per_stall - driving / 24.0, 0.0)
        return driving / 24.0 * on_shift / on_shift.mean() + self._in_the_trough(rows, hours - driving, most)

    def _in_the_trough(self, rows: Sequence[int], hours: float, most: float) -> Array:
        """Return the share of cars away by bin, so many hours a day each: the quietest hours fill first, up to ``most``."""
        by_type = []
        for row in range(len(DAY_TYPES)):
            rank = np.argsort(np.argsort(self.trips_per_hour[row], kind="stable"), kind="stable")
            by_type.append(np.clip(hours - most * rank, 0.0, most))
        return np.repeat(np.array(by_type)[list(rows)].ravel(), 3600 // BIN_S)


@compiled
def draw_pairs(starts: Array, ends: Single, period: Ints, draw: Array, origin: Shorts, destination: Shorts) -> None:
    """Write origin and destination of each request: the first whose cumulated share exceeds its draw.

    Shapes: starts (periods, n), ends (periods, n, n), period (r,), draw (2, r), origin and destination (r,).
    """
    for i in range(len(origin)):
        origin[i] = _first_above(starts[period[i]], draw[0, i])
        destination[i] = _first_above(ends[period[i], origin[i]], draw[1, i])


@compiled
def _first_above(cumulated: Array | Single, draw: float) -> int:
    """Return the first place whose value exceeds a draw, the last one if none does."""
    low, left = 0, len(cumulated) - 1
    while left > 0:
        half = (left + 1) >> 1
        low += half * (cumulated[low + half - 1] <= draw)
        left -= half
    return low
