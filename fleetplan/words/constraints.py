"""What the constraints of a request ask, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fleetplan.words.names import Names
from fleetplan.words.values import count, month_name, percent, several

Entry = Mapping[str, Any]


def share_words(factor: float) -> str:
    """Return a share as people say it.

    >>> share_words(0.5), share_words(0.85), share_words(2.0)
    ('half', '85 % of', 'twice')
    """
    return {0.5: "half", 2.0: "twice", 1.0: "all of", 0.0: "none of"}.get(factor, f"{100 * factor:g} % of")


def month_words(month: str) -> str:
    """Return a month as people say it; what is no month stays as it is.

    >>> month_words("2027-04"), month_words("soon")
    ('Apr 2027', 'soon')
    """
    try:
        return month_name(month)
    except (IndexError, ValueError):
        return month


def _number(value: float, one: str, many: str = "") -> str:
    if value == int(value):
        return several(int(value), one, many or None)
    return f"{value:g} {many or one + 's'}"


def _place(c: Entry, names: Names, other: str = "every city") -> str:
    return names.place(c.get("stack"), c.get("city")) or other


def _window(c: Entry) -> str:
    start = f" from {month_words(c['start'])}" if c.get("start") else ""
    return start + (f" to {month_words(c['end'])}" if c.get("end") else "")


def _markets(c: Entry, _: Names) -> str:
    existing = ", those already live elsewhere included" if c.get("include_existing") else ""
    kind = "paid" if c.get("counts") != "public" else "public"
    return f"at least {_number(c['count'], 'market')} {kind} by {month_words(c['by'])}{existing}"


def _delay(c: Entry, names: Names) -> str:
    if c.get("permit"):
        what = f"the permit {names.permit(c['permit'])}"
    else:
        where = names.law(c["jurisdiction"]) if c.get("jurisdiction") else names.city(c["city"])
        what = f"permits to carry riders in {where}"
    whose = f" for {names.partner(c['stack'])}" if c.get("stack") else ""
    return f"{what}{whose} {several(abs(c['months']), 'month')} {'later' if c['months'] >= 0 else 'earlier'}"


def _fleet(least_or_most: str) -> Callable[[Entry, Names], str]:
    def said(c: Entry, names: Names) -> str:
        return f"at {least_or_most} {_number(c['vehicles'], 'vehicle')}, {_place(c, names, 'all cities')}{_window(c)}"

    return said


def _supply(c: Entry, names: Names) -> str:
    return f"{share_words(c['factor'])} the supply of {names.partner(c['stack'])}{_window(c)}"


def _trips(c: Entry, names: Names) -> str:
    return f"at least {count(c['trips_per_day'])} trips a day, {_place(c, names, 'all cities')}{_window(c)}"


CONSTRAINTS: dict[str, Callable[[Entry, Names], str]] = {
    "markets_live": _markets,
    "launch_not_before": lambda c, n: f"{_place(c, n)} opens no earlier than {month_words(c['month'])}",
    "launch_by": lambda c, n: f"{_place(c, n)} is open to paying riders by {month_words(c['month'])}",
    "launch_fixed": lambda c, n: f"{_place(c, n)} opens in {month_words(c['month'])}",
    "force_deployment": lambda c, n: f"{_place(c, n)} must open",
    "forbid_deployment": lambda c, n: f"{_place(c, n)} must not open",
    "fleet_cap": _fleet("most"),
    "fleet_floor": _fleet("least"),
    "partner_share": lambda c, _: f"{c['partner']} at most {percent(c['max_share'], 0)} of all vehicles{_window(c)}",
    "launches_per_quarter": lambda c, _: f"at most {_number(c['max'], 'launch', 'launches')} a quarter",
    "stacks_per_city": lambda c, n: f"at most {_number(c['max'], 'stack')} in {_place(c, n)}",
    "permit_delay": _delay,
    "event_date": lambda c, n: f"{n.event(c['event'])} falls in {month_words(c['month'])}",
    "supply_change": _supply,
    "service_level": lambda c, n: f"a mean wait of at most {c['max_wait_min']:g} minutes in {_place(c, n)}",
    "minimum_trips": _trips,
}


def constraint_words(constraint: Entry, names: Names) -> str:
    """Return what a constraint asks, without its id, with cities, partners, laws and months as people call them.

    >>> constraint_words({"id": "x", "type": "supply_change", "stack": "lucid-gravity", "factor": 0.5}, Names())
    'half the supply of lucid-gravity'

    Raises
    ------
    AttributeError, KeyError, TypeError, ValueError
        When it is no constraint.
    """
    return CONSTRAINTS[constraint["type"]](constraint, names)
