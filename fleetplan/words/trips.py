"""Where a city's demand comes from, and what a table of trips covers of it, in words."""

from __future__ import annotations

from fleetplan.catalogue.types import City
from fleetplan.trips.types import Coverage, Refusal
from fleetplan.words.values import count, listed, percent, several

WHY: dict[Refusal, str] = {
    "no_time": "without a time",
    "time_unreadable": "with a time that cannot be read",
    "time_skipped": "with a time that the clock skipped in spring",
    "ends_first": "that end before they begin",
    "stray_day": "on days with next to no trips",
    "no_place": "without a place at one end",
    "place_unreadable": "with a place that is none",
    "unknown_zone": "with a zone that the zone file does not have",
}
FEW_POINTS = 0.5
"""With fewer places than this share of the zones, a table's places are wider than zones."""


def demand_sentence(city: City) -> str:
    """Return where a city's trips between zones come from."""
    o = city.observed
    if o is None:
        return (
            "Between which zones people travel is modelled (gravity model on residents, jobs and places that draw people, "
            "balanced to the mean length of trips; assumed): nobody counted it here."
        )
    days = listed([several(o.weekdays, "weekday"), several(o.weekend_days, "weekend day")])
    share = f"{percent(o.table_share)} of the trips that the city is taken to have"
    return (
        f"Between which zones people travel, and at which hours, was counted: {count(o.trips)} observed trips, "
        f"{o.first_day} to {o.last_day} ({days}), {share} ({o.source}; {o.confidence} confidence)."
    )


def coverage_sentences(told: Coverage) -> list[str]:
    """Return what a table covers of a city; every row is accounted for."""
    return [
        _rows(told),
        *(f"Refused: {several(r.rows, 'row')} {WHY[r.why]}, row {count(r.first_row)} first." for r in told.refused),
        *_unknown(told),
        _days(told),
        _share(told),
        _bare(told),
        *_wide(told),
        *(_empty(name) for name in told.periods_without),
    ]


def _rows(told: Coverage) -> str:
    refused = sum(r.rows for r in told.refused)
    outside = f"{count(told.one_end_outside)} with one end outside, {count(told.both_outside)} with both"
    read = f"{several(told.rows, 'row')} read ({told.layout}): {count(told.inside)} trips with both ends in the city"
    return f"{read}, {outside}, {count(refused)} refused."


def _unknown(told: Coverage) -> list[str]:
    if not told.unknown_zones:
        return []
    named = [f"{zone} ({several(rows, 'row')})" for zone, rows in told.unknown_zones.items()]
    return [f"Zones that the zone file does not have: {listed(named)}."]


def _days(told: Coverage) -> str:
    without = f"; {several(told.days_without, 'day')} between have none" if told.days_without else ""
    days = listed([several(told.weekdays, "weekday"), several(told.weekend_days, "weekend day")])
    return f"It covers {told.first_day} to {told.last_day}, {days}{without}."


def _share(told: Coverage) -> str:
    of_all = f"{percent(told.table_share)} of the {count(told.city_trips_per_day)} that the city is taken to have"
    length = f"{told.mean_trip_km:.1f} km long in the mean, airport trips apart"
    airports = f"{percent(told.airport_share)} have an end at an airport"
    return f"{count(told.trips_per_day)} trips on a mean day, {of_all}; {length}; {airports}."


def _bare(told: Coverage) -> str:
    live = f"{percent(told.residents_without)} of the residents live there"
    return f"{count(told.zones_without)} of {count(told.zones)} zones have no trip; {live}."


def _wide(told: Coverage) -> list[str]:
    if told.places == "zones":
        spread = f"Its {several(told.points, 'zone')} were spread over hexagons by residents and jobs (assumed)"
        return [f"{spread}: trips inside one say nothing of where in it."]
    if told.places == "coordinates" and told.points < FEW_POINTS * told.zones:
        few = f"Its ends lie in {several(told.points, 'hexagon')} only: points that stand for wider areas"
        return [f"{few}. With the file of these areas (--zones) their trips would be spread over them."]
    return []


def _empty(period: str) -> str:
    return f"No trip in the period {period.replace('_', ' ')}: it has the pattern of all periods together."
