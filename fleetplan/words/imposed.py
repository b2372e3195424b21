"""What regulators and markets impose, in words: areas by stages, caps, quotas, duties, rivals, hours of the day."""

from __future__ import annotations

from fleetplan.words.asked import Entry, month_words, number_words, place_words, window_words
from fleetplan.words.names import Names
from fleetplan.words.values import count, percent, several, usd


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
