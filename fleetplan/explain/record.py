"""A plan held against what operators were published to do: by city and year, each measure beside its published range.

    trips per car-day   = trips / (vehicles in service * (1 + spare share)), means over the year's months in service
    cars per km2        = the same fleet at the year's end / area of the largest area open then
    fare to human fare  = net fares per trip / the city's human fare without its tax, both for the trips that are made
    growth              = at the year's end over the year before, of fleets and areas that there were then

A published range is the least and the greatest of the points in ``cities/record.csv`` that speak of a service as old as the
city's: months since its first driver-out service, at the year's middle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.schema import RECORD_MEASURES
from fleetplan.catalogue.types import Catalogue, Published
from fleetplan.months import month_number
from fleetplan.plans import finance
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan

Array = NDArray[np.float64]
Standing = Literal["within", "below", "above", "not_published"]
KIND_SIDE: Final[Mapping[str, Standing]] = {
    "trips_per_car_day": "above",
    "empty_share": "below",
    "km_per_car_day": "above",
    "wait_min": "below",
    "cars_per_km2": "above",
    "fare_to_human_fare": "above",
    "revenue_per_car_day": "above",
    "fleet_growth": "above",
    "first_year_fleet": "above",
    "launch_area_km2": "above",
    "area_growth": "above",
}
"""On which side of the published range a plan expects more than has been seen."""
LEAST_FLEET = 50.0
"""Vehicles: growth from fewer is growth out of a pilot, which ``first_year_fleet`` judges."""

ONCE: Final = ("launch_area_km2", "first_year_fleet")
YEARLY: Final = tuple(measure for measure in RECORD_MEASURES if measure not in ONCE)
DAYS_A_MONTH = 365.25 / 12
YEAR_MONTHS = 12
SHOWN = 1e-9


@dataclass(frozen=True, slots=True)
class Held:
    """One measure of a city in a year beside what is published of services as old.

    Attributes
    ----------
    value
        The plan's, in the measure's unit; ``low`` and ``high`` the published range, None where nothing is published.
    age_months
        Of the city's driver-out service at the year's middle; negative before it.
    points
        The published points of the range.
    """

    city: str
    year: int
    measure: str
    value: float
    age_months: float
    low: float | None
    high: float | None
    points: tuple[Published, ...]

    @property
    def stands(self) -> Standing:
        """How the plan's value stands to the published range."""
        if self.low is None or self.high is None:
            return "not_published"
        if self.value < self.low - SHOWN:
            return "below"
        return "above" if self.value > self.high + SHOWN else "within"

    @property
    def kinder(self) -> bool:
        """Whether the plan expects more than any service of that age was published to do."""
        return self.stands == KIND_SIDE[self.measure]


@dataclass(frozen=True, slots=True)
class _Year:
    """What a city does in a year: sums over its months, and how it stands at the end."""

    trips: float
    car_days: float
    km: float
    empty_km: float
    waited_min: float
    fares_usd: float
    human_fares_usd: float
    fleet: float
    area_km2: float


def held_against_record(plan: Plan, catalogue: Catalogue) -> list[Held]:
    """Return every measure of every city that opens, by city, year and measure.

    A year after one with fewer than ``LEAST_FLEET`` vehicles has no growth, years without a vehicle in service have nothing.
    """
    return [held for city in plan.cities for held in held_of_city(plan, city, catalogue)]


def held_of_city(plan: Plan, city: CityRollout, catalogue: Catalogue) -> list[Held]:
    """Return every measure of a city, by year; none of one that never opens."""
    return list(_city(plan, city, catalogue)) if city.launch else []


def _city(plan: Plan, city: CityRollout, catalogue: Catalogue) -> Iterator[Held]:
    begun = _driver_out(city)
    before: _Year | None = None
    for year in finance.years(plan):
        now = _year(plan, city, catalogue, year)
        if now.car_days > 0:
            age = (year * YEAR_MONTHS + YEAR_MONTHS / 2) - begun if begun is not None else -1.0
            measures = _measures(now, before)
            for name in YEARLY:
                if name in measures:
                    yield _held(catalogue, city.city, year, name, measures[name], age)
            before = now
    yield from _once(plan, city, catalogue, begun)


def _once(plan: Plan, city: CityRollout, catalogue: Catalogue, begun: int | None) -> Iterator[Held]:
    if begun is None:
        return
    t = _period_of(plan, begun)
    yield _held(catalogue, city.city, begun // YEAR_MONTHS, "launch_area_km2", _area(city, t), 0.0)
    later = begun + YEAR_MONTHS
    if later <= _end(plan):
        year, t = later // YEAR_MONTHS, _period_of(plan, later - 1)
        yield _held(catalogue, city.city, year, "first_year_fleet", _fleet(city, catalogue)[t], 0.0)


def _held(catalogue: Catalogue, city: str, year: int, measure: str, value: float, age: float) -> Held:
    points = tuple(p for p in catalogue.record if p.measure == measure and p.speaks_of(max(age, 0.0)))
    values = [p.value for p in points]
    low, high = (min(values), max(values)) if values else (None, None)
    return Held(city, year, measure, float(value), age, low, high, points)


def _measures(now: _Year, before: _Year | None) -> Mapping[str, float]:
    found = {
        "trips_per_car_day": now.trips / now.car_days,
        "km_per_car_day": now.km / now.car_days,
        "revenue_per_car_day": now.fares_usd / now.car_days,
    }
    if now.km > 0:
        found["empty_share"] = now.empty_km / now.km
    if now.trips > 0:
        found["wait_min"] = now.waited_min / now.trips
        found["fare_to_human_fare"] = now.fares_usd / now.human_fares_usd
    if now.area_km2 > 0 and now.fleet > 0:
        found["cars_per_km2"] = now.fleet / now.area_km2
    if before is not None and before.fleet >= LEAST_FLEET and now.fleet > 0:
        found["fleet_growth"] = now.fleet / before.fleet
        if before.area_km2 > 0:
            found["area_growth"] = now.area_km2 / before.area_km2
    return found


def _year(plan: Plan, city: CityRollout, catalogue: Catalogue, year: int) -> _Year:
    weight = np.array(finance.months_in(plan, year)) * DAYS_A_MONTH
    fleet = _fleet(city, catalogue)
    last = np.flatnonzero(weight)[-1]
    sums = dict.fromkeys(("trips", "km", "empty", "waited", "fares", "human"), 0.0)
    for own in city.deployments:
        for name, values in _amounts(plan, city, own, catalogue).items():
            sums[name] += float(values @ weight)
    return _Year(
        trips=sums["trips"],
        car_days=float(fleet @ weight),
        km=sums["km"],
        empty_km=sums["empty"],
        waited_min=sums["waited"],
        fares_usd=sums["fares"],
        human_fares_usd=sums["human"],
        fleet=float(fleet[last]),
        area_km2=_area(city, int(last)),
    )


def _amounts(plan: Plan, city: CityRollout, own: DeploymentPlan, catalogue: Catalogue) -> Mapping[str, Array]:
    """Return what a deployment does a day, by period."""
    trips, km = np.array(own.trips_per_day), np.array(own.km_per_day)
    fares = np.array(own.lines_usd.get("net_fares", [0.0] * len(plan.periods)))
    return {
        "trips": trips,
        "km": km,
        "empty": km * np.array([share or 0.0 for share in own.deadhead_share]),
        "waited": trips * np.array([wait or 0.0 for wait in own.wait_min]),
        "fares": fares / (np.array(plan.period_months) * DAYS_A_MONTH),
        "human": trips * _human_fare_usd(catalogue, city),
    }


def _human_fare_usd(catalogue: Catalogue, city: CityRollout) -> float:
    """Return what the platform's own driver takes for the city's mean trip, without tax."""
    market = catalogue.cities[city.city]
    return market.value("market.mean_fare_local") * city.usd_per_currency / (1.0 + market.value("market.fare_tax"))


def _fleet(city: CityRollout, catalogue: Catalogue) -> Array:
    """Return the whole fleet of a city by period: vehicles in service and their spares."""
    spares = catalogue.assumptions["service.spare_share"].value
    fleets: Array = np.array([d.vehicles for d in city.deployments], dtype=float)
    return np.asarray(fleets.sum(axis=0) * (1.0 + spares))


def _area(city: CityRollout, t: int) -> float:
    level = max((d.level[t] for d in city.deployments), default=0)
    return next((s.area_km2 for s in city.levels if s.level == level), 0.0)


def _driver_out(city: CityRollout) -> int | None:
    months: Iterable[int] = [month_number(d.driver_out) for d in city.deployments if d.driver_out]
    return min(months, default=None)


def _end(plan: Plan) -> int:
    return month_number(plan.periods[0]) + sum(plan.period_months)


def _period_of(plan: Plan, month: int) -> int:
    return max(t for t, label in enumerate(plan.periods) if month_number(label) <= month)
