"""Ask the service law of a plan's areas anew: with each figure that stands in its curves at its low and at its high.

The areas are those of the plan, zone by zone. Figures of the law itself are asked on the city's hours as they are; a figure that
moves streets or trips makes these anew first. What an area's hours are is kept beside the city's curves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import Catalogue, City, Figure
from fleetplan.doubt.fixed import Fixed, ServiceFixed
from fleetplan.doubt.ranges import Ranged, leant_on, ranged
from fleetplan.doubt.shifts import OF_CITY, PARTS, REMADE, Shifts, in_curves
from fleetplan.service.area import DAY_WEIGHT, AreaDemand
from fleetplan.service.curves import mean_day, most_km
from fleetplan.service.hours import area_hours
from fleetplan.service.parameters import ServiceParameters
from fleetplan.service.types import LadderLevel

Array = NDArray[np.float64]
MOST_ASKED = 3
"""Periods of an area in force at which the law is asked: the first, the middle and the last; between them it is linear."""


def law_shifts(fixed: Fixed, cache_dir: Path | None = None, *, remake: bool = True) -> Shifts:
    """Return what the figures in the curves make of every service of a plan.

    Parameters
    ----------
    remake
        Whether streets and trips are made anew for the figures that they are made from; else nothing is said of those.
    """
    figures = [one for f in leant_on(fixed) if in_curves(f.key) and (one := ranged(f)) is not None]
    set_by_request = {o.figure for o in fixed.case.request.overrides}
    figures = [one for one in figures if one.key not in set_by_request]
    asking = _Asking(fixed, cache_dir)
    found: dict[str, dict[str, Array]] = {service.name: {} for service in fixed.services}
    for one in figures:
        kind = one.key.partition("#")[2]
        if kind.startswith(REMADE) and not remake:
            continue
        for service in fixed.services:
            if kind.startswith((*OF_CITY, *REMADE)) and not one.key.startswith(f"{service.city.slug}/"):
                continue
            ends = asking.both_ends(service, one)
            if ends is not None:
                found[service.name][one.key] = ends
    return Shifts(found)


class _Asking:
    """Asks the law of the areas of a plan; what was asked at the likely figures is kept."""

    def __init__(self, fixed: Fixed, cache_dir: Path | None) -> None:
        self._fixed, self._cache = fixed, cache_dir
        self._likely: dict[str, Array] = {}

    def both_ends(self, service: ServiceFixed, one: Ranged) -> Array | None:
        """Return what a figure's low and high make of a service; None where no trips can be made that long, or that short."""
        try:
            return np.stack([self.ratios(service, one, end) for end in (one.low, one.high)])
        except ValueError:  # the search for the decay that gives trips their length finds none
            return None

    def ratios(self, service: ServiceFixed, one: Ranged, end: Sequence[float]) -> Array:
        """Return what a figure's end makes of a service, shape (parts, periods); 1 where nothing is in force."""
        catalogue = with_value(self._fixed.catalogue, one.figure, end)
        likely = self._likely.get(service.name)
        if likely is None:
            likely = self._likely[service.name] = self._asked(service, self._fixed.catalogue)
        told = self._asked(service, catalogue)
        return np.where(likely > 0, told / np.maximum(likely, 1e-12), 1.0)

    def _asked(self, service: ServiceFixed, catalogue: Catalogue) -> Array:
        """Return trips, kilometres beside the plan's split, most kilometres, riders and trip length, shape (parts, periods)."""
        city = catalogue.cities[service.city.slug]
        parameters = ServiceParameters.of(city, catalogue.assumptions, catalogue.economics)
        out = np.zeros((len(PARTS), len(self._fixed.starts)))
        in_force = [level - 1 for level in service.deployed.row.level]
        hours = area_hours(catalogue, city, _cells(service, in_force), self._made_for(service), self._cache)
        for index, area in hours.items():
            periods = [t for t, level in enumerate(in_force) if level == index and service.vehicles[t] > 0]
            if periods:
                out[:, periods] = self._level(service, index, area, parameters, periods)
        return out

    def _made_for(self, service: ServiceFixed) -> City:
        """Return the city as its curves were made: with the overrides of the plan's request."""
        return self._fixed.catalogue.cities[service.city.slug]

    def _level(
        self, service: ServiceFixed, index: int, area: AreaDemand, parameters: ServiceParameters, periods: list[int]
    ) -> Array:
        row, surface = service.deployed.row, service.levels[index].surface
        asked = [periods[k] for k in dict.fromkeys((0, len(periods) // 2, len(periods) - 1))][:MOST_ASKED]
        within = area.trips_per_day / surface.demand_trips_per_day
        vehicles = np.array([row.vehicles[t] for t in asked], float)
        scales = np.array([row.demand_per_day[t] for t in asked]) / surface.demand_trips_per_day
        day = mean_day(area, vehicles, scales, parameters)
        trips, km = np.diagonal(day.trips), np.diagonal(day.km)
        split = surface.km_per_trip * trips + surface.km_per_vehicle_day * vehicles
        length = float(area.ride_km @ (area.trips_per_hour * DAY_WEIGHT) / (area.trips_per_hour @ DAY_WEIGHT))
        told = np.array(
            [trips, km / split, *(np.full(len(asked), v) for v in (most_km(area, parameters), within, length))]
        )
        return np.stack([np.interp(periods, asked, values) for values in told])


def _cells(service: ServiceFixed, in_force: Iterable[int]) -> dict[int, LadderLevel]:
    return {index: service.levels[index] for index in sorted({k for k in in_force if k >= 0})}


def with_value(catalogue: Catalogue, figure: Figure, numbers: Sequence[float]) -> Catalogue:
    """Return a catalogue in which one figure has other numbers."""
    changed = replace(figure, value=float(np.mean(numbers)), values=tuple(numbers) if figure.values else ())

    def put(group: Mapping[str, Figure]) -> Mapping[str, Figure]:
        return {name: changed if f.key == figure.key else f for name, f in group.items()}

    owner = figure.key.partition("/")[0]
    if owner in catalogue.cities:
        city: City = catalogue.cities[owner]
        return replace(catalogue, cities={**catalogue.cities, owner: replace(city, figures=put(city.figures))})
    return replace(catalogue, economics=put(catalogue.economics), assumptions=put(catalogue.assumptions))
