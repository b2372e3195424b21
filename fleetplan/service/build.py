"""From a city to its ladder of service areas with their response surfaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from fleetplan.catalogue.types import City, Figure
from fleetplan.demand.types import CityDemand
from fleetplan.geography.types import CityGeography
from fleetplan.service.area import AreaDemand, area_demand
from fleetplan.service.clusters import cluster, connected, groups
from fleetplan.service.ladder import LadderModel, level_sizes, nested_areas
from fleetplan.service.parameters import ServiceParameters
from fleetplan.service.surface import response_surface
from fleetplan.service.types import CityService, LadderLevel, Zones

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

SMALL_AIRPORT_SHARE = 0.025
"""Airports with a smaller share of trips than this, each under its own permit, come in one last level together."""


@dataclass(frozen=True, eq=False)
class Step:
    """A level of the ladder before its surface: sorted zone numbers, its name, the permits it needs."""

    name: str
    cells: Ints
    requires: tuple[str, ...] = ()


def build_service(
    city: City,
    geography: CityGeography,
    demand: CityDemand,
    assumptions: Mapping[str, Figure],
    economics: Mapping[str, Figure],
) -> CityService:
    """Return the ladder of a city and the response surface of each level."""
    parameters = ServiceParameters.of(city, assumptions, economics)
    steps = ladder(city, geography, demand, parameters)
    return surfaces(city, geography, demand, parameters, steps)


def ladder(city: City, geography: CityGeography, demand: CityDemand, parameters: ServiceParameters) -> tuple[Step, ...]:
    """Return the nested areas of a city, small to large; zones of airports that need a permit come last."""
    airports = _airports_with_permit(city, geography, demand)
    closed = frozenset(cell for _, cells in airports for cell in cells)
    of_cell = groups(geography, closed)
    clusters = cluster(geography, demand, of_cell)
    whole = np.zeros(len(clusters), bool)
    whole[connected(np.ones(len(clusters), bool), clusters)[0]] = True
    model = LadderModel.of(clusters, parameters, 0.5 * geography.circuity / geography.speed_kmh["offpeak"])
    drafted = sorted(
        (o for o in city.outlines if o.kind in ("launch", "cell")), key=lambda o: (o.kind, o.order, o.name)
    )
    inside = [shapely.contains_xy(o.polygon, geography.lon, geography.lat) for o in drafted]
    seeds = [np.bincount(of_cell[of_cell >= 0], i[of_cell >= 0], len(clusters)) >= 3 for i in inside]
    launch_km2 = [float(geography.area_km2[i].sum()) for i in inside]
    sizes = level_sizes(float(clusters.area_km2[whole].sum()), launch_km2)
    choices = [*nested_areas(model, sizes, seeds), whole]
    names = ("core", "inner", "half", "whole")
    steps = [
        Step(name, np.flatnonzero((of_cell >= 0) & choice[of_cell]))
        for name, choice in zip(names, choices, strict=True)
    ]
    return (*steps, *_airport_steps(steps[-1].cells, airports, len(geography)))


def surfaces(
    city: City,
    geography: CityGeography,
    demand: CityDemand,
    parameters: ServiceParameters,
    steps: Sequence[Step],
) -> CityService:
    """Return the levels with their response surfaces; steps may come from :func:`ladder` or be drawn by hand."""
    group = groups(geography)
    levels = []
    entry = np.full(len(geography), -1)
    for index, step in enumerate(steps):
        area = area_demand(step.cells, geography, demand, group)
        entry[step.cells[entry[step.cells] < 0]] = index
        levels.append(_level(city, geography, demand, parameters, step, index, area))
    trips = demand.mean_day()
    ends = 0.5 * (trips.sum(axis=0, dtype=np.float64) + trips.sum(axis=1, dtype=np.float64))
    return CityService(
        city=city.slug,
        levels=tuple(levels),
        depot_km_by_level=_depot_km(geography, steps, ends),
        zones=Zones(
            cells=geography.cells,
            lat=geography.lat,
            lon=geography.lon,
            area_km2=geography.area_km2,
            population=geography.population,
            jobs=geography.jobs,
            demand_trips_per_day=ends,
            level=entry,
        ),
    )


def _level(
    city: City,
    geography: CityGeography,
    demand: CityDemand,
    parameters: ServiceParameters,
    step: Step,
    index: int,
    area: AreaDemand,
) -> LadderLevel:
    cells = step.cells
    return LadderLevel(
        city=city.slug,
        index=index,
        name=step.name,
        cells=tuple(geography.cells[i] for i in cells),
        area_km2=float(geography.area_km2[cells].sum()),
        population=float(geography.population[cells].sum()),
        requires=step.requires,
        mean_trip_km=float(area.ride_km @ area.trips_per_hour / area.trips_per_hour.sum()),
        mean_airport_share=_airport_share(cells, demand),
        surface=response_surface(area, parameters, city=city.slug, level=index),
    )


def _airport_share(cells: Ints, demand: CityDemand) -> float:
    """Return the share of an area's trips that begin or end in an airport zone inside it."""
    trips = demand.mean_day()[np.ix_(cells, cells)]
    at = np.isin(cells, demand.airport_cells)
    total = trips.sum(dtype=np.float64)
    return float(1.0 - trips[np.ix_(~at, ~at)].sum(dtype=np.float64) / total)


def _airports_with_permit(
    city: City, geography: CityGeography, demand: CityDemand
) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Return (permits, zones) of airports that need a permit, busiest first, small ones together at the end."""
    share = dict(zip(demand.airport_cells, demand.airport_shares, strict=True))
    by_permit: dict[str, set[int]] = {}
    for gateway, place in zip(city.gateways, geography.gateways, strict=True):
        if gateway.kind == "airport" and gateway.permit and place.index >= 0:
            by_permit.setdefault(gateway.permit, set()).add(place.index)
    weight = {permit: sum(share.get(cell, 0.0) for cell in cells) for permit, cells in by_permit.items()}
    order = sorted(by_permit, key=lambda permit: (-weight[permit], permit))
    large = [p for p in order if weight[p] >= SMALL_AIRPORT_SHARE]
    small = [p for p in order if weight[p] < SMALL_AIRPORT_SHARE]
    found: list[tuple[tuple[str, ...], tuple[int, ...]]] = [((p,), tuple(sorted(by_permit[p]))) for p in large]
    if small:
        found.append((tuple(sorted(small)), tuple(sorted({c for p in small for c in by_permit[p]}))))
    return found


def _airport_steps(cells: Ints, airports: Sequence[tuple[tuple[str, ...], tuple[int, ...]]], count: int) -> list[Step]:
    """Return one level for each permit; the last also takes zones that only an airport's zone connects."""
    steps: list[Step] = []
    requires: tuple[str, ...] = ()
    for number, (permits, zones) in enumerate(airports):
        requires = (*requires, *permits)
        last = number == len(airports) - 1
        cells = np.arange(count) if last else np.union1d(cells, zones)
        steps.append(Step("whole + " + " + ".join(requires), cells, requires))
    return steps


def _depot_km(geography: CityGeography, steps: Sequence[Step], ends: Array) -> Array:
    """Return the mean network km from each depot to an area's demand, shape (levels, depots); nan off the map."""
    table = np.full((len(steps), len(geography.depots)), np.nan)
    for row, step in enumerate(steps):
        weight = ends[step.cells] / ends[step.cells].sum()
        for column, depot in enumerate(geography.depots):
            if depot.index >= 0:
                table[row, column] = geography.distance_km[depot.index, step.cells] @ weight + depot.gap_km
    return table
