"""Where trips begin and end in each period: homes, work, places that draw people, stations.

The weights are the planner's own (``assumed``): no city file holds trips by zone and hour. They are made so that the
morning flows from homes to work, the evening back, and nights out of the hot spots homewards; these asymmetries make
the imbalance that rebalancing has to pay for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import City, HotSpot
from fleetplan.demand.types import Period
from fleetplan.geography.types import CityGeography

Array = NDArray[np.float64]

STATION_SHARE = 0.08
"""Share of trip ends at stations where the files give none: assumed."""
SPOT_REACH_KM = 0.6


@dataclass(frozen=True, slots=True)
class Mix:
    """How trip ends split over homes, jobs and hot spots (sum 1) at origins and destinations."""

    origin: tuple[float, float, float]
    destination: tuple[float, float, float]


MIXES: Mapping[Period, Mix] = {
    "morning": Mix((0.62, 0.20, 0.18), (0.22, 0.58, 0.20)),
    "midday": Mix((0.36, 0.34, 0.30), (0.36, 0.34, 0.30)),
    "evening": Mix((0.24, 0.46, 0.30), (0.50, 0.17, 0.33)),
    "night": Mix((0.28, 0.14, 0.58), (0.60, 0.12, 0.28)),
    "weekend_day": Mix((0.46, 0.14, 0.40), (0.42, 0.14, 0.44)),
    "weekend_night": Mix((0.30, 0.08, 0.62), (0.58, 0.08, 0.34)),
}


def trip_ends(city: City, geography: CityGeography) -> dict[Period, tuple[Array, Array]]:
    """Return for each period the shares of origins and of destinations by zone, shapes (n,), each of sum 1."""
    parts = np.stack(
        [_share(geography.population), _share(geography.jobs), _share(spot_mass(city.hot_spots, geography))]
    )
    stations, share = station_mass(city, geography)
    ends: dict[Period, tuple[Array, Array]] = {}
    for period, mix in MIXES.items():
        origin, destination = (np.asarray(w) @ parts for w in (mix.origin, mix.destination))
        ends[period] = (
            (1.0 - share) * _share(origin) + share * stations,
            (1.0 - share) * _share(destination) + share * stations,
        )
    return ends


def spot_mass(hot_spots: Sequence[HotSpot], geography: CityGeography) -> Array:
    """Return the weight of hot spots by zone, shape (n,), each spread over the zones close by.

    Without hot spots, residents and jobs together stand in.
    """
    mass = np.zeros(len(geography))
    for spot in hot_spots:
        square = _square_km(spot.lat, spot.lon, geography)
        if square.min() < 3.0**2:
            near = np.where(square < (4 * SPOT_REACH_KM) ** 2, np.exp(-square / SPOT_REACH_KM**2), 0.0)
            near[square.argmin()] = np.exp(-square.min() / SPOT_REACH_KM**2)
            mass += spot.weight * _share(near * geography.area_km2)
    return mass if mass.any() else geography.population + geography.jobs


def station_mass(city: City, geography: CityGeography) -> tuple[Array, float]:
    """Return the shares of station trip ends by zone, and their share in all trip ends."""
    mass, known, blank = np.zeros(len(geography)), 0.0, False
    for gateway, place in zip(city.gateways, geography.gateways, strict=True):
        if gateway.kind == "station" and place.index >= 0:
            mass[place.index] += gateway.passengers_per_day or 20_000.0
            known += gateway.trip_share or 0.0
            blank |= gateway.trip_share is None
    if not mass.any():
        return mass, 0.0
    return _share(mass), (max(known, STATION_SHARE) if blank else known)


def _square_km(lat: float, lon: float, geography: CityGeography) -> Array:
    east = np.cos(np.radians(lat)) * (geography.lon - lon)
    return np.asarray(((geography.lat - lat) ** 2 + east**2) * 111.2**2)


def _share(mass: Array) -> Array:
    total = mass.sum()
    return np.asarray(mass / total if total > 0 else mass)
