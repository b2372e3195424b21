"""From a city's market figures to trips by zone pair, period and hour."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import City, Figure
from fleetplan.demand import gravity
from fleetplan.demand.masses import trip_ends
from fleetplan.demand.types import DAY_TYPES, DAYS_OF_TYPE, PERIODS, CityDemand, Period, period_of
from fleetplan.geography.types import CityGeography

Array = NDArray[np.float64]
Single = NDArray[np.float32]

AIRPORT_DECAY_KM = 30.0
"""Airport trips thin out slowly with distance: exp(-d / 30 km), assumed."""


def build_demand(city: City, geography: CityGeography, assumptions: Mapping[str, Figure] | None = None) -> CityDemand:
    """Return the addressable trips of a city: all taxi and ride-hail trips times the platform's share.

    ``assumptions`` is the catalogue's table of our own figures; the trip pattern needs none of it so far.
    """
    del assumptions
    shares, unserved = _airport_shares(city, geography)
    ends = trip_ends(city, geography)
    hour_shares = _hour_shares(city)
    weights = _period_weights(hour_shares)
    distance = geography.distance_km
    beta = gravity.calibrate(distance, ends, weights, city.value("market.mean_trip_km"))
    kernel = gravity.deterrence(distance, beta)
    served = 1.0 - unserved
    airport = {cell: share / served for cell, share in shares.items()}
    pattern: dict[Period, Single] = {}
    mean_km = 0.0
    for period in PERIODS:
        a, b = gravity.balance(kernel, *ends[period])
        mean_km += weights[period] * gravity.mean_length(kernel, distance, a, b)
        pattern[period] = _with_airports(_multiply(kernel, a, b), ends[period], airport, distance)
    trips = city.value("market.trips_per_day") * city.value("market.platform_share") * served
    return CityDemand(
        city=city.slug,
        trips_per_day=trips,
        pattern=pattern,
        hourly=trips * hour_shares,
        airport_cells=tuple(airport),
        airport_shares=tuple(airport.values()),
        beta_per_km=beta,
        mean_trip_km=mean_km,
        unserved_airport_share=unserved,
    )


def _airport_shares(city: City, geography: CityGeography) -> tuple[dict[int, float], float]:
    """Return the share of all trips with an end at each airport zone, and the share at airports out of reach.

    An airport's own ``trip_share`` counts where given; otherwise ``market.airport_share`` is split by passengers.
    """
    airports = [(g, p) for g, p in zip(city.gateways, geography.gateways, strict=True) if g.kind == "airport"]
    passengers = sum(g.passengers_per_day or 0.0 for g, _ in airports)
    reached: dict[int, float] = {}
    unserved = 0.0
    for gateway, place in airports:
        share = gateway.trip_share
        if share is None:
            part = (gateway.passengers_per_day or 0.0) / passengers if passengers else 1.0 / len(airports)
            share = city.value("market.airport_share") * part
        if place.index < 0:
            unserved += share
        else:
            reached[place.index] = reached.get(place.index, 0.0) + share
    return reached, unserved


def _hour_shares(city: City) -> Array:
    """Return trips of each hour as a share of a mean day's trips, shape (2, 24): weekday, weekend day."""
    week = np.array(city.series("profile.day_of_week"))
    rows = []
    for day_type in DAY_TYPES:
        days = week[:5] if day_type == "weekday" else week[5:]
        level = 7.0 * days.sum() / week.sum() / DAYS_OF_TYPE[day_type]
        profile = np.array(city.series(f"profile.{day_type}"))
        rows.append(level * profile / profile.sum())
    return np.array(rows)


def _period_weights(hour_shares: Array) -> dict[Period, float]:
    weights = dict.fromkeys(PERIODS, 0.0)
    for row, day_type in enumerate(DAY_TYPES):
        for hour in range(24):
            weights[period_of(day_type, hour)] += hour_shares[row, hour] * DAYS_OF_TYPE[day_type] / 7.0
    return weights


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
