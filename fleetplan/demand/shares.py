"""How a city's trips fall on its airports and on the hours of its days."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import City
from fleetplan.demand.types import DAY_TYPES, DAYS_OF_TYPE, PERIODS, Period, period_of
from fleetplan.geography.types import CityGeography

Array = NDArray[np.float64]


def airport_shares(city: City, geography: CityGeography) -> tuple[dict[int, float], float]:
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


def hour_shares(city: City) -> Array:
    """Return trips of each hour as a share of a mean day's trips, shape (2, 24): weekday, weekend day."""
    week = np.array(city.series("profile.day_of_week"))
    rows = []
    for day_type in DAY_TYPES:
        days = week[:5] if day_type == "weekday" else week[5:]
        level = 7.0 * days.sum() / week.sum() / DAYS_OF_TYPE[day_type]
        profile = np.array(city.series(f"profile.{day_type}"))
        rows.append(level * profile / profile.sum())
    return np.array(rows)


def period_weights(hour_shares: Array) -> dict[Period, float]:
    """Return the share of a mean day's trips in each period; weekdays count 5/7, weekend days 2/7."""
    weights = dict.fromkeys(PERIODS, 0.0)
    for row, day_type in enumerate(DAY_TYPES):
        for hour in range(24):
            weights[period_of(day_type, hour)] += hour_shares[row, hour] * DAYS_OF_TYPE[day_type] / 7.0
    return weights
