"""A plan on the ground: zones and service areas over time as GeoDataFrames in EPSG:4326 (lon-lat).

Zones are H3 cells of the ladder; an area is the union of the zones that one deployment serves while one ladder level is
in force, with the first month in which it does and the month in which the next level takes over (empty at the end).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

import geopandas as gpd
import h3
import pandas as pd
from shapely.geometry import MultiPolygon, Point, Polygon, shape
from shapely.geometry.base import BaseGeometry

from fleetplan.plans.reading import opening_months
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.report.tables import Column
from fleetplan.service.types import CityService

CRS = "EPSG:4326"

ZONE_COLUMNS = (
    Column("cell", "string", "", "H3 cell"),
    Column("city", "string", "", "slug of the city"),
    Column("level", "Int64", "", "smallest ladder level that holds the zone, missing if none does"),
    Column("population", "Float64", "people", "residents"),
    Column(
        "demand_trips_per_day",
        "Float64",
        "trips/day",
        "addressable trips at full adoption, half at either end",
    ),
    Column("first_open", "string", "YYYY-MM", "month in which the first deployment opens it, missing if none does"),
    Column("opens", "string", "", "month by deployment, as stack=YYYY-MM joined by semicolons"),
)
AREA_COLUMNS = (
    Column("city", "string", "", "slug of the city"),
    Column("stack", "string", "", "slug of the stack"),
    Column("level", "Int64", "", "ladder level in force"),
    Column("name", "string", "", "name of the level"),
    Column("start", "string", "YYYY-MM", "first month with this area"),
    Column("end", "string", "YYYY-MM", "first month with the next area, missing at the end of the horizon"),
    Column("zones", "Int64", "zones", "number of zones"),
    Column("area_km2", "Float64", "km2", "land and water of the zones"),
    Column("vehicles_start", "Int64", "vehicles", "vehicles in service in the first period"),
)
DEPOT_COLUMNS = (
    Column("city", "string", "", "slug of the city"),
    Column("site", "string", "", "name of the depot site"),
    Column("ordered", "string", "YYYY-MM", "month in which it is ordered"),
    Column("live", "string", "YYYY-MM", "month from which it charges"),
    Column("stalls_end", "Int64", "stalls", "stalls at the end of the horizon, all payers"),
)


def zones(plan: Plan, services: Mapping[str, CityService]) -> gpd.GeoDataFrame:
    """Return every zone of every ladder with the months in which it opens."""
    rows = [row for city in plan.cities if city.city in services for row in _zone_rows(plan, services[city.city])]
    return _frame(rows, ZONE_COLUMNS)


def areas(plan: Plan, services: Mapping[str, CityService]) -> gpd.GeoDataFrame:
    """Return one row per deployment and ladder level in force, in the order of time."""
    rows = [
        row
        for city in plan.cities
        if city.city in services
        for d in city.deployments
        for row in _area_rows(plan, d, services[city.city])
    ]
    return _frame(rows, AREA_COLUMNS)


def depots(plan: Plan) -> gpd.GeoDataFrame:
    """Return the depots that the plan opens, as points."""
    rows = [
        {
            "city": city.city,
            "site": d.site,
            "ordered": d.ordered,
            "live": d.live,
            "stalls_end": d.stalls[-1] + d.stalls_partner[-1],
            "geometry": Point(d.lon, d.lat),
        }
        for city in plan.cities
        for d in city.depots
    ]
    return _frame(rows, DEPOT_COLUMNS)


def rings(service: CityService) -> list[tuple[str, ...]]:
    """Return the cells that each ladder level adds to the one below, small to large."""
    seen: set[str] = set()
    added = []
    for level in service.levels:
        added.append(tuple(c for c in sorted(level.cells) if c not in seen))
        seen.update(level.cells)
    return added


def cell_polygon(cell: str) -> Polygon:
    """Return an H3 cell as a lon-lat polygon."""
    return Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)])


def cells_outline(cells: tuple[str, ...]) -> MultiPolygon:
    """Return the outline of a set of cells of one resolution, lon-lat."""
    outline = shape(h3.cells_to_geo(list(cells))) if cells else MultiPolygon()
    return MultiPolygon([outline]) if isinstance(outline, Polygon) else outline


def _zone_rows(plan: Plan, service: CityService) -> Iterator[dict[str, Any]]:
    rollout = next(c for c in plan.cities if c.city == service.city)
    months = {d.stack: opening_months(d, plan.periods, len(service.levels)) for d in rollout.deployments}
    level_of = {cell: level for level, cells in enumerate(rings(service), start=1) for cell in cells}
    for i, cell in enumerate(service.zones.cells):
        level = level_of.get(cell)
        opens = {stack: month for stack, by_level in months.items() if level and (month := by_level[level - 1])}
        yield {
            "cell": cell,
            "city": service.city,
            "level": level,
            "population": float(service.zones.population[i]),
            "demand_trips_per_day": float(service.zones.demand_trips_per_day[i]),
            "first_open": min(opens.values(), default=None),
            "opens": ";".join(f"{stack}={month}" for stack, month in sorted(opens.items())),
            "geometry": cell_polygon(cell),
        }


def _area_rows(plan: Plan, d: DeploymentPlan, service: CityService) -> Iterator[dict[str, Any]]:
    changes = [t for t, k in enumerate(d.level) if k and (t == 0 or d.level[t - 1] != k)]
    for t, following in zip_longest(changes, changes[1:]):
        level = service.levels[d.level[t] - 1]
        yield {
            "city": d.city,
            "stack": d.stack,
            "level": d.level[t],
            "name": level.name,
            "start": plan.periods[t],
            "end": None if following is None else plan.periods[following],
            "zones": len(level.cells),
            "area_km2": level.area_km2,
            "vehicles_start": d.vehicles[t],
            "geometry": cells_outline(level.cells),
        }


def _frame(rows: list[dict[str, Any]], columns: tuple[Column, ...]) -> gpd.GeoDataFrame:
    data = pd.DataFrame(
        {c.name: pd.Series([row[c.name] for row in rows], dtype=pd.api.types.pandas_dtype(c.dtype)) for c in columns}
    )
    shapes: list[BaseGeometry] = [row["geometry"] for row in rows]
    return gpd.GeoDataFrame(data, geometry=gpd.GeoSeries(shapes, crs=CRS))
