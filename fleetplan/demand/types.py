"""What the demand step hands on: addressable trips by zone pair, period and hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fleetplan.geography.types import Band

Array = NDArray[np.float64]
Single = NDArray[np.float32]

DayType = Literal["weekday", "weekend"]
DAY_TYPES: tuple[DayType, ...] = ("weekday", "weekend")
Period = Literal["morning", "midday", "evening", "night", "weekend_day", "weekend_night"]
PERIODS: tuple[Period, ...] = ("morning", "midday", "evening", "night", "weekend_day", "weekend_night")

DAYS_OF_TYPE: Mapping[DayType, int] = {"weekday": 5, "weekend": 2}


def period_of(day_type: DayType, hour: int) -> Period:
    """Return the period whose trip pattern holds in an hour of a day type.

    >>> period_of("weekday", 8), period_of("weekend", 23)
    ('morning', 'weekend_night')
    """
    if day_type == "weekend":
        return "weekend_day" if 7 <= hour < 20 else "weekend_night"
    if 6 <= hour < 10:
        return "morning"
    if 10 <= hour < 16:
        return "midday"
    return "evening" if 16 <= hour < 20 else "night"


def band_of(day_type: DayType, hour: int) -> Band:
    """Return the speed band of an hour: weekday rush hours are peak, 22 to 6 h is night.

    >>> band_of("weekday", 17), band_of("weekend", 17), band_of("weekday", 2)
    ('peak', 'offpeak', 'night')
    """
    if hour >= 22 or hour < 6:
        return "night"
    rush = 7 <= hour < 10 or 16 <= hour < 19
    return "peak" if day_type == "weekday" and rush else "offpeak"


@dataclass(frozen=True, eq=False)
class CityDemand:
    """Addressable trips of one city: all on the platform at full adoption, season factor 1, any area.

    Attributes
    ----------
    trips_per_day
        Addressable trips a mean day, the airports that can be served included.
    pattern
        For each period the share of its trips by origin and destination zone, shape (n, n), float32, sum 1.
    hourly
        Trips per hour, shape (2, 24): rows weekday and weekend, of a mean weekday and a mean weekend day.
    gateway_pattern
        The part of ``pattern`` that has an airport end, shape (airports, n) each way, as shares of all trips.
    beta_per_km
        Calibrated distance decay.
    mean_trip_km
        Network length of trips without an airport end, as modelled.
    unserved_airport_share
        Share of the city's trips whose airport lies outside the outline.
    """

    city: str
    trips_per_day: float
    pattern: Mapping[Period, Single]
    hourly: Array
    airport_cells: tuple[int, ...]
    airport_shares: tuple[float, ...]
    beta_per_km: float
    mean_trip_km: float
    unserved_airport_share: float
    notes: tuple[str, ...] = ()

    def period_trips(self) -> dict[Period, float]:
        """Return trips of a mean day by period (weekdays count 5/7, weekend days 2/7)."""
        totals = dict.fromkeys(PERIODS, 0.0)
        for row, day_type in enumerate(DAY_TYPES):
            for hour in range(24):
                totals[period_of(day_type, hour)] += self.hourly[row, hour] * DAYS_OF_TYPE[day_type] / 7.0
        return totals

    def mean_day(self) -> Single:
        """Return trips of a mean day between zones, shape (n, n)."""
        totals = self.period_trips()
        return np.asarray(sum(np.float32(totals[p]) * self.pattern[p] for p in PERIODS), dtype=np.float32)
