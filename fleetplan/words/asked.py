"""Pieces of what constraints ask: numbers of things, places, windows of months."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetplan.words.names import Names
from fleetplan.words.values import month_name, several

Entry = Mapping[str, Any]


def month_words(month: str) -> str:
    """Return a month as people say it; what is no month stays as it is.

    >>> month_words("2027-04"), month_words("soon")
    ('Apr 2027', 'soon')
    """
    try:
        return month_name(month)
    except (IndexError, ValueError):
        return month


def number_words(value: float, one: str, many: str = "") -> str:
    """Return a number of things."""
    if value == int(value):
        return several(int(value), one, many or None)
    return f"{value:g} {many or one + 's'}"


def place_words(c: Entry, names: Names, other: str = "every city") -> str:
    """Return the stack and city that an entry names, or what stands for all."""
    return names.place(c.get("stack"), c.get("city")) or other


def window_words(c: Entry) -> str:
    """Return the months in which an entry holds, with a blank before; empty for all."""
    start = f" from {month_words(c['start'])}" if c.get("start") else ""
    return start + (f" to {month_words(c['end'])}" if c.get("end") else "")


def held_words(first: str, last: str) -> str:
    """Return in which months something holds that is asked for a part of a period; empty where no month is given.

    >>> held_words("2028-01", "2028-03")
    'Vehicles stand still within a period: it holds from Jan 2028 to Mar 2028.'
    """
    return (
        f"Vehicles stand still within a period: it holds from {month_name(first)} to {month_name(last)}."
        if first
        else ""
    )
