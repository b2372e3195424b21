"""What regulators and markets impose, and launches that are to be others, in words."""

from __future__ import annotations

from collections.abc import Mapping

from fleetplan.words.asked import Entry, month_words, number_words, place_words, window_words
from fleetplan.words.names import Names
from fleetplan.words.values import count, listed, percent, several, usd


def asks_area_at_least(c: Entry, names: Names) -> str:
    """Return how much of a city is open at least."""
    return f"at least {c['km2']:g} km² open, {place_words(c, names)}{window_words(c)}"


def asks_area(c: Entry, names: Names) -> str:
    """Return what a cap on an area asks."""
    return f"at most {c['km2']:g} km² open, {place_words(c, names)}{window_words(c)}"


def asks_trips_at_most(c: Entry, names: Names) -> str:
    """Return what a cap on trips asks."""
    return f"at most {count(c['trips_per_day'])} trips a day, {place_words(c, names, 'all cities')}{window_words(c)}"


def asks_quota(c: Entry, names: Names) -> str:
    """Return what a quota of a permit asks."""
    return f"at most {number_words(c['vehicles'], 'vehicle')} under {names.permit(c['permit'])}{window_words(c)}"


def asks_duty(c: Entry, names: Names) -> str:
    """Return what a tariff says."""
    return f"a duty of {percent(c['duty'])} on vehicles of {names.partner(c['stack'])}{window_words(c)}"


def asks_rival(c: Entry, names: Names) -> str:
    """Return what a rival's launch says."""
    months = c.get("months", 12)
    pace = f" within {several(months, 'month')}" if months else " at once"
    opens = f"a rival opens in {names.city(c['city'])} in {month_words(c['start'])}"
    return f"{opens} and takes {percent(c['share'])} of riders{pace}"


def asks_line(c: Entry, names: Names) -> str:
    """Return what is said of a supply line."""
    late, most = c.get("delay_months") or 0, c.get("vehicles_per_year")
    if not c.get("stack"):
        said = [f"comes {several(late, 'month')} later"] if late else []
        said += [f"builds at most {number_words(most, 'vehicle')} a year"] if most is not None else []
        return f"the line {c['line']} {' and '.join(said)}"
    said = [f"{names.partner(c['stack'])} built at {c['line']} from {month_words(c['start'])}"]
    said += [f"and {several(late, 'month')} later"] if late else []
    said += [f"at most {number_words(most, 'vehicle')} a year"] if most is not None else []
    others = c.get("others_per_year")
    said += [f"beside {number_words(others, 'car')} for others"] if others is not None else []
    return ", ".join([*said, *([f"at {usd(c['price_usd'])} each"] if c.get("price_usd") else [])])


def asks_hours(c: Entry, names: Names) -> str:
    """Return what hours of service say."""
    return (
        f"riders carried from {c['from_hour']}:00 to {c['to_hour']}:00 only, {place_words(c, names)}{window_words(c)}"
    )


def asks_suspension(c: Entry, names: Names) -> str:
    """Return what a suspension says."""
    where = names.place(c.get("stack"), c.get("city"))
    law = names.law(c["jurisdiction"]) if c.get("jurisdiction") else ""
    who = (
        " under the law of ".join(part for part in (where, law) if part)
        if where
        else f"every service under the law of {law}"
    )
    left = c.get("vehicles_left") or 0
    kept = f"at most {number_words(left, 'vehicle')} left" if left else "no vehicle left"
    return f"{who} suspended{window_words(c)}{'' if c.get('end') else ' for good'}, {kept}"


def asks_others(c: Entry, names: Names) -> str:
    """Return which launches a plan is not to have again."""
    where = f"in {names.city(c['city'])} " if c.get("city") else ""
    told = [_opening(one, names) for one in c["launches"] if isinstance(one, Mapping)]
    if not told:
        return f"something opens {where}".rstrip()
    return f"{where}other launches than just {listed(told)}"


def _opening(one: Entry, names: Names) -> str:
    month = f" in the quarter of {month_words(one['month'])}" if one.get("month") else ""
    level = f" to level {one['level']}" if one.get("level") else ""
    return f"{names.place(one['stack'], one['city'])}{month}{level}"
