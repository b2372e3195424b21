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
from fleetplan.service.later import Later
from fleetplan.service.parameters import ServiceParameters
from fleetplan.service.surface import response_surface
from fleetplan.service.types import CityService, LadderLevel, Zones

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

WHOLE = "whole"
SMALL_AIRPORT_SHARE = 0.025
"""Airports with a smaller share of trips than this, each under its own permit, come in one last level together."""


@dataclass(frozen=True, eq=False)
class Step:
    """A level of the ladder before its surface: sorted zone numbers, its name, the permits it needs."""

    name: str
    cells: Ints
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Ground:
    """A city's streets with the trips on them; ``group``: of zones, for the rebalancing of large areas."""

    geography: CityGeography
    demand: CityDemand
    group: Ints

    @staticmethod
    def of(geography: CityGeography, demand: CityDemand) -> Ground:
        """Return the ground of a geography."""
        return Ground(geography, demand, groups(geography))

    def numbers_of(self, other: CityGeography) -> Ints:
        """Return this ground's zone number of every zone of a geography that has no others, shape (n,)."""
        number = {cell: i for i, cell in enumerate(self.geography.cells)}
        return np.array([number[cell] for cell in other.cells], dtype=np.int64)

    @property
    def ends(self) -> Array:
        """Half of each trip at either end, by zone, on a mean day."""
        trips = self.demand.mean_day()
        return np.asarray(0.5 * (trips.sum(axis=0, dtype=np.float64) + trips.sum(axis=1, dtype=np.float64)))


@dataclass(frozen=True, eq=False)
class Wider:
    """The ground with the crossings open that wait for a city's area permits, and from which level on it is the ground."""

    ground: Ground
    opens: Later


def build_service(  # what a city is made of
    city: City,
    geography: CityGeography,
    demand: CityDemand,
    assumptions: Mapping[str, Figure],
    economics: Mapping[str, Figure],
    wider: Wider | None = None,
) -> CityService:
    """Return the ladder of a city and the response surface of each level.

    Parameters
    ----------
    wider
        The ground of the levels beyond the first permit's, where crossings open with the permit for these.
    """
    parameters = ServiceParameters.of(city, assumptions, economics)
    steps = ladder(city, geography, demand, parameters)
    return surfaces(city, geography, demand, parameters, steps, wider)


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
    names = ("core", "inner", "half", WHOLE)
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
    wider: Wider | None = None,
) -> CityService:
    """Return the levels with their response surfaces; steps may come from :func:`ladder` or be drawn by hand."""
    first = Ground.of(geography, demand)
    placed = [(first, step) for step in steps] if wider is None else _on_grounds(first, wider, steps)
    last = placed[-1][0]
    number = last.numbers_of(geography) if wider else np.arange(len(geography))
    levels = []
    entry = np.full(len(last.geography), -1)
    for index, (ground, step) in enumerate(placed):
        area = area_demand(step.cells, ground.geography, ground.demand, ground.group)
        cells = number[step.cells] if ground is first else step.cells
        entry[cells[entry[cells] < 0]] = index
        levels.append(_level(city, ground.geography, ground.demand, parameters, step, index, area))
    geography, ends = last.geography, last.ends
    return CityService(
        city=city.slug,
        levels=tuple(levels),
        depot_km_by_level=_depot_km(placed),
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


def _on_grounds(first: Ground, wider: Wider, steps: Sequence[Step]) -> list[tuple[Ground, Step]]:
    """Return every step on its ground: beyond the first permit's levels that with the crossings open, which also need it.

    Zones that only these crossings reach come in with the whole city.
    """
    number = wider.ground.numbers_of(first.geography)
    beyond = np.setdiff1d(np.arange(len(wider.ground.geography)), number)
    found: list[tuple[Ground, Step]] = []
    for index, step in enumerate(steps):
        if index < wider.opens.levels_before:
            found.append((first, step))
            continue
        cells = np.union1d(number[step.cells], beyond) if step.name.startswith(WHOLE) else np.sort(number[step.cells])
        further = tuple(p for p in wider.opens.permits if p not in step.requires)
        found.append((wider.ground, Step(step.name, cells, (*step.requires, *further))))
    return found


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
        hours=area,
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
        steps.append(Step(f"{WHOLE} + " + " + ".join(requires), cells, requires))
    return steps


def _depot_km(placed: Sequence[tuple[Ground, Step]]) -> Array:
    """Return the mean network km from each depot to an area's demand, shape (levels, depots); nan off the map."""
    table = np.full((len(placed), len(placed[0][0].geography.depots)), np.nan)
    for row, (ground, step) in enumerate(placed):
        geography, ends = ground.geography, ground.ends
        weight = ends[step.cells] / ends[step.cells].sum()
        for column, depot in enumerate(geography.depots):
            if depot.index >= 0:
                table[row, column] = geography.distance_km[depot.index, step.cells] @ weight + depot.gap_km
    return table
