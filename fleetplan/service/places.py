"""Which of the areas that permits name (counties, districts) each level of a ladder lies in."""

from __future__ import annotations

import numpy as np

from fleetplan.catalogue.types import City
from fleetplan.service.types import CityService

LEAST_SHARE = 0.02
"""An area with a smaller share of a level's riders than this is a neighbour's border zones: centres of districts part them."""


def areas_by_level(service: CityService, city: City) -> tuple[frozenset[str], ...]:
    """Return for every level the areas in which its riders are, small to large.

    A zone belongs to the district whose centre is nearest, a district to the area that lists it, else to the city itself.
    Where a city names no areas, or its zones are not known, every level lies in the city itself.
    """
    zones, own = service.zones, frozenset({city.name})
    if not city.areas or not len(zones.level):
        return tuple(own for _ in service.levels)
    names = [city.area_of(district.name) for district in city.districts]
    lat, lon = (np.array([getattr(d, key) for d in city.districts]) for key in ("lat", "lon"))
    east = np.cos(np.radians(lat.mean()))
    off = np.hypot(zones.lat[:, None] - lat[None, :], (zones.lon[:, None] - lon[None, :]) * east)
    area = np.array(names)[off.argmin(axis=1)]
    found = []
    for index in range(len(service.levels)):
        inside = (zones.level >= 0) & (zones.level <= index)
        riders = zones.demand_trips_per_day * inside
        shares = {name: float(riders[area == name].sum() / riders.sum()) for name in sorted(set(names))}
        found.append(frozenset(name for name, share in shares.items() if share >= LEAST_SHARE))
    return tuple(found)
