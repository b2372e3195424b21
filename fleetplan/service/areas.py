# ruff: noqa: PLC0415
"""Service areas as a table of hexagons, for maps and exports; geopandas (slow to load) is imported on use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fleetplan.catalogue.types import City
from fleetplan.service.types import CityService

if TYPE_CHECKING:
    import geopandas


def level_geometry(service: CityService, city: City, *, clip_to_land: bool = False) -> geopandas.GeoDataFrame:
    """Return one row for each zone, in lon-lat degrees (EPSG:4326).

    Columns: ``h3``, ``level`` (ladder level at which the zone enters, -1 never), ``level_name``, ``area_km2``,
    ``population``, ``jobs``, ``demand_trips_per_day``, ``geometry`` (the hexagon, cut to the land on wish).
    """
    import geopandas
    import h3
    import shapely

    zones = service.zones
    rings = [[(lon, lat) for lat, lon in h3.cell_to_boundary(cell)] for cell in zones.cells]
    frame = geopandas.GeoDataFrame(
        {
            "h3": list(zones.cells),
            "level": zones.level,
            "level_name": [service.levels[k].name if k >= 0 else "" for k in zones.level],
            "area_km2": zones.area_km2,
            "population": zones.population,
            "jobs": zones.jobs,
            "demand_trips_per_day": zones.demand_trips_per_day,
        },
        geometry=shapely.polygons(rings),
        crs=4326,
    )
    if clip_to_land:
        frame["geometry"] = shapely.intersection(frame.geometry.to_numpy(), city.land)
    return frame
