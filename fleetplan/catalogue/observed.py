"""A city's observed trips, as its folder holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

PLACES_FILE: Final = "observed_places.csv.gz"
TRIPS_FILE: Final = "observed_trips.csv.gz"


@dataclass(frozen=True, slots=True)
class ObservedTrips:
    """Trips between places of a city, counted from a table of trips.

    Attributes
    ----------
    first_day, last_day
        Of the table, ``YYYY-MM-DD``; ``weekdays`` and ``weekend_days`` are how many it covers between them.
    trips
        How many of its trips have both ends in the city, on all days together.
    table_share
        Share of the city's trips (``market.trips_per_day``) that these are.
    places, table
        What :data:`PLACES_FILE` and :data:`TRIPS_FILE` hold, as bytes.
    """

    first_day: str
    last_day: str
    weekdays: int
    weekend_days: int
    trips: float
    table_share: float
    source: str
    confidence: str
    places: bytes = field(repr=False)
    table: bytes = field(repr=False)
