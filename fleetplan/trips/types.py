"""What a table of trips covers of a city, as plain typed facts; sentences are made last by :mod:`fleetplan.words.trips`."""

from __future__ import annotations

from typing import Literal

from fleetplan.facts import Fact

PlaceKind = Literal["coordinates", "h3", "zones"]
Refusal = Literal[
    "no_time", "time_unreadable", "time_skipped", "ends_first", "stray_day", "no_place", "place_unreadable", "unknown_zone"
]  # fmt: skip
"""Why a row is not counted: it has no time; one that cannot be read; one that the clock skipped in spring; it ends before it
begins; it lies on a day with next to no trips; an end has no place; one that is none; a zone that the zone file does not have."""

REFUSALS: tuple[Refusal, ...] = (
    *("no_time", "time_unreadable", "time_skipped", "ends_first", "stray_day"),
    *("no_place", "place_unreadable", "unknown_zone"),
)


class Refused(Fact):
    """Rows that were not counted for one reason; ``first_row`` is the first of them, counted from 1 over all files."""

    why: Refusal
    rows: int
    first_row: int


class Coverage(Fact):
    """What a table of trips covers.

    Attributes
    ----------
    layout
        The record whose columns it has.
    rows
        Rows read: those inside, those with an end or both outside, and those refused.
    days_without
        Days between the first and the last that have no trip, or next to none.
    trips_per_day
        On a mean day, both ends inside; ``city_trips_per_day`` is the city's figure and ``table_share`` the ratio.
    points
        Places that ends lie at: where they are few, the table's places are wider than zones.
    zones_without, residents_without
        Zones of the city where no trip begins or ends, and the share of residents who live there.
    unknown_zones
        Rows by zone that the zone file does not have, the most frequent ones.
    periods_without
        Periods without a trip: they have the pattern of all periods together.
    """

    city: str
    files: list[str]
    layout: str
    places: PlaceKind
    rows: int
    inside: int
    one_end_outside: int
    both_outside: int
    refused: list[Refused]
    first_day: str
    last_day: str
    weekdays: int
    weekend_days: int
    days_without: int
    trips_per_day: float
    city_trips_per_day: float
    table_share: float
    points: int
    zones: int
    zones_without: int
    residents_without: float
    unknown_zones: dict[str, int]
    periods_without: list[str]
    mean_trip_km: float
    airport_share: float
