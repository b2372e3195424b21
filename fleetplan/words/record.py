"""What a plan is held against, in words: measures, values, published ranges and whose they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fleetplan.catalogue.types import Published
from fleetplan.words.values import DASH, count, decimal, listed, month_name, percent


@dataclass(frozen=True, slots=True)
class Measure:
    """How a measure is called and its values are written."""

    name: str
    text: Callable[[float], str]
    more: str


MEASURES: Final[Mapping[str, Measure]] = {
    "trips_per_car_day": Measure("Trips a car-day", decimal, "more trips a car than"),
    "empty_share": Measure("Empty share of km", percent, "fewer empty kilometres than"),
    "km_per_car_day": Measure("Km a car-day", count, "more kilometres a car than"),
    "wait_min": Measure("Mean wait, min", decimal, "shorter waits than"),
    "cars_per_km2": Measure("Cars per km²", lambda v: decimal(v, 2), "a denser service than"),
    "fare_to_human_fare": Measure("Fare to human fare", lambda v: decimal(v, 2), "a higher fare than"),
    "revenue_per_car_day": Measure("Fares a car-day, $", count, "more fares a car than"),
    "fleet_growth": Measure("Fleet to a year before", lambda v: decimal(v, 2), "a fleet that grows faster than"),
    "area_growth": Measure("Area to a year before", lambda v: decimal(v, 2), "an area that grows faster than"),
    "launch_area_km2": Measure("Area driver-out at first, km²", count, "a larger first area than"),
    "first_year_fleet": Measure("Cars after a year driver-out", count, "a larger first year's fleet than"),
}


def value_text(measure: str, value: float | None) -> str:
    """Return a value as its measure writes it; a dash for none."""
    return DASH if value is None else MEASURES[measure].text(value)


def range_text(measure: str, low: float | None, high: float | None) -> str:
    """Return a published range, one value where it is a single one."""
    if low is None or high is None:
        return "nothing published"
    ends = list(dict.fromkeys([value_text(measure, low), value_text(measure, high)]))
    return " to ".join(ends)


def points_text(points: Sequence[Published]) -> str:
    """Return whose figures a range is made of: ``Waymo, Austin, Jun 2025: about 100 cars on 37 square miles``."""
    return "; ".join(f"{p.operator}, {p.place}, {month_name(p.month)}: {p.how}" for p in points)


def kinder_sentence(city: str, years: Sequence[int], measure: str) -> str:
    """Return that a plan expects more of a city in these years than has been published.

    >>> kinder_sentence("Madrid", [2029, 2030], "wait_min")
    'Madrid in 2029 and 2030: shorter waits than any service of its age is published to have.'
    """
    when = listed([str(year) for year in years])
    return f"{city} in {when}: {MEASURES[measure].more} any service of its age is published to have."
