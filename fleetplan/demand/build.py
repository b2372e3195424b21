"""From a city's market figures to trips by zone pair, period and hour."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import REQUEST_SOURCE, City, Figure
from fleetplan.demand import gravity
from fleetplan.demand.masses import trip_ends
from fleetplan.demand.observed import observed_demand
from fleetplan.demand.shares import airport_shares, hour_shares, period_weights
from fleetplan.demand.types import PERIODS, CityDemand, Period
from fleetplan.errors import CatalogueError, Fault, InputError, RequestError
from fleetplan.geography.types import CityGeography

Array = NDArray[np.float64]
Single = NDArray[np.float32]

LENGTH = "market.mean_trip_km"
OFF_LENGTH = 0.02
"""So far from its mean length no trips are taken for the city's."""

AIRPORT_DECAY_KM = 30.0
"""Airport trips thin out slowly with distance: exp(-d / 30 km), assumed."""


def build_demand(city: City, geography: CityGeography, assumptions: Mapping[str, Figure] | None = None) -> CityDemand:
    """Return the addressable trips of a city: all taxi and ride-hail trips times the platform's share.

    Between which zones they go was counted where the city has observed trips; elsewhere a gravity model says it.

    ``assumptions`` is the catalogue's table of our own figures; the trip pattern needs none of it so far.

    Raises
    ------
    InputError
        If no trips between the city's zones are as long in the mean as its figure says.
    """
    del assumptions
    if city.observed is not None:
        return observed_demand(city, city.observed, geography)
    shares, unserved = airport_shares(city, geography)
    ends = trip_ends(city, geography)
    hours = hour_shares(city)
    weights = period_weights(hours)
    distance = geography.distance_km
    beta = gravity.calibrate(distance, ends, weights, city.value(LENGTH))
    kernel = gravity.deterrence(distance, beta)
    served = 1.0 - unserved
    airport = {cell: share / served for cell, share in shares.items()}
    pattern: dict[Period, Single] = {}
    mean_km = 0.0
    for period in PERIODS:
        a, b = gravity.balance(kernel, *ends[period])
        mean_km += weights[period] * gravity.mean_length(kernel, distance, a, b)
        pattern[period] = _with_airports(_multiply(kernel, a, b), ends[period], airport, distance)
    if abs(mean_km / city.value(LENGTH) - 1.0) > OFF_LENGTH:
        raise _out_of_reach(city, gravity.reach(distance, ends, weights))
    trips = city.value("market.trips_per_day") * city.value("market.platform_share") * served
    return CityDemand(
        city=city.slug,
        trips_per_day=trips,
        pattern=pattern,
        hourly=trips * hours,
        airport_cells=tuple(airport),
        airport_shares=tuple(airport.values()),
        beta_per_km=beta,
        mean_trip_km=mean_km,
        unserved_airport_share=unserved,
    )


def _out_of_reach(city: City, reach: tuple[float, float]) -> InputError:
    figure = city.figures[LENGTH]
    allowed = f"{reach[0]:.1f} to {reach[1]:.1f} km"
    what = f"trips between the city's zones cannot be {figure.value:g} km long in the mean"
    remedy = "give the mean of trips inside the outline, or widen it to hold the longer ones"
    kind = RequestError if figure.source == REQUEST_SOURCE else CatalogueError
    return kind([Fault(figure.key, what, allowed, remedy)])


def _multiply(kernel: Single, a: Array, b: Array) -> Single:
    trips = kernel * a.astype(np.float32)[:, None]
    trips *= b.astype(np.float32)[None, :]
    trips /= np.float32(trips.sum(dtype=np.float64))
    return trips


def _with_airports(trips: Single, ends: tuple[Array, Array], airport: Mapping[int, float], distance: Single) -> Single:
    """Return the pattern with airport trips mixed in: half of them towards the airport, half from it."""
    trips *= np.float32(1.0 - sum(airport.values()))
    origins, destinations = ends
    for cell, share in airport.items():
        decay = np.exp(-distance[cell].astype(float) / AIRPORT_DECAY_KM)
        decay[list(airport)] = 0.0
        towards, away = origins * decay, destinations * decay
        trips[:, cell] += (0.5 * share * towards / towards.sum()).astype(np.float32)
        trips[cell, :] += (0.5 * share * away / away.sum()).astype(np.float32)
    return trips
