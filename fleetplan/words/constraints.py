"""Changes of a request in plain words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Entry = Mapping[str, Any]

TITLES = {
    "name": "The name",
    "note": "The note",
    "horizon/start": "The first month planned",
    "horizon/months": "The horizon in months",
    "horizon/single_months": "The number of months planned singly",
    "objective": "The objective",
    "discount_rate": "The discount rate a year",
    "capital/per_quarter_usd": "The capital per quarter",
    "capital/cash_floor_usd": "The cash floor",
    "cities": "The list of cities considered",
    "exclude_cities": "The list of cities left out",
    "stacks": "The list of stacks considered",
    "exclude_stacks": "The list of stacks left out",
    "deployments/deals": "The list of deals admitted",
    "permit_durations": "The permit durations assumed",
}


def _count(number: Any, one: str, many: str = "") -> str:
    return (
        f"{number:,g} {one if number == 1 else many or one + 's'}" if isinstance(number, int | float) else str(number)
    )


def _place(c: Entry, other: str = "every city") -> str:
    return " in ".join(str(c[k]) for k in ("stack", "city") if c.get(k)) or other


def _window(c: Entry) -> str:
    start = f" from {c['start']}" if c.get("start") else ""
    return start + (f" to {c['end']}" if c.get("end") else "")


def _delay(c: Entry) -> str:
    what = c.get("permit") or c.get("jurisdiction") or c.get("city")
    whose = f" for {c['stack']}" if c.get("stack") else ""
    kind = "the permit" if c.get("permit") else "permits to carry riders in"
    months = c["months"]
    return f"{kind} {what}{whose} {_count(abs(months), 'month')} {'later' if months >= 0 else 'earlier'}"


def _markets(c: Entry) -> str:
    existing = ", those already live elsewhere included" if c.get("include_existing") else ""
    return f"at least {_count(c['count'], 'market')} {'paid' if c.get('counts') != 'public' else 'public'} by {c['by']}{existing}"


CONSTRAINTS: dict[str, Callable[[Entry], str]] = {
    "markets_live": _markets,
    "launch_not_before": lambda c: f"{_place(c)} opens no earlier than {c['month']}",
    "launch_by": lambda c: f"{_place(c)} is open to paying riders by {c['month']}",
    "launch_fixed": lambda c: f"{_place(c)} opens in {c['month']}",
    "force_deployment": lambda c: f"{_place(c)} must open",
    "forbid_deployment": lambda c: f"{_place(c)} must not open",
    "fleet_cap": lambda c: f"at most {_count(c['vehicles'], 'vehicle')}, {_place(c, 'all cities')}{_window(c)}",
    "fleet_floor": lambda c: f"at least {_count(c['vehicles'], 'vehicle')}, {_place(c, 'all cities')}{_window(c)}",
    "partner_share": lambda c: f"{c['partner']} at most {c['max_share']:.0%} of all vehicles{_window(c)}",
    "launches_per_quarter": lambda c: f"at most {_count(c['max'], 'launch', 'launches')} a quarter",
    "stacks_per_city": lambda c: f"at most {_count(c['max'], 'stack')} in {c.get('city') or 'every city'}",
    "permit_delay": _delay,
    "event_date": lambda c: f"{c['event']} falls in {c['month']}",
    "supply_change": lambda c: f"supply of {c['stack']} times {c['factor']:g}{_window(c)}",
    "service_level": lambda c: f"a mean wait of at most {c['max_wait_min']:g} minutes in {_place(c)}",
    "minimum_trips": lambda c: f"at least {c['trips_per_day']:,g} trips a day, {_place(c, 'all cities')}{_window(c)}",
}


def constraint_words(constraint: Entry) -> str:
    """Return what a constraint asks, without its id.

    >>> constraint_words({"id": "x", "type": "supply_change", "stack": "lucid-gravity", "factor": 0.5})
    'supply of lucid-gravity times 0.5'
    """
    return CONSTRAINTS[constraint["type"]](constraint)


def _override_words(o: Entry) -> str:
    if o.get("factor") is not None:
        return f"times {o['factor']:g}"
    return f"{o['value']:g}" if o.get("value") is not None else ", ".join(f"{v:g}" for v in o.get("values", []))


def _entry_words(kind: str, name: str, before: Entry | None, after: Entry | None, words: Callable[[Entry], str]) -> str:
    if before is None and after is not None:
        return f"New {kind} {name!r}: {words(after)}."
    if after is None and before is not None:
        return f"The {kind} {name!r} is gone: {words(before)}."
    assert before is not None  # noqa: S101  # a change has two sides, or one of the cases above
    assert after is not None  # noqa: S101
    return f"The {kind} {name!r} now says: {words(after)}; before: {words(before)}."


def _value(where: str, value: Any) -> str:
    if value is None:
        return {"cities": "all", "stacks": "all", "capital/cash_floor_usd": "none"}.get(where, "not given")
    if isinstance(value, list):
        return ", ".join(_value(where, v) for v in value) or "empty"
    if where.endswith("_usd"):
        return f"{value:,.0f} USD"
    return f"{value:.1%}".replace("%", " %") if where == "discount_rate" else str(value)


def _plain_words(where: str, before: Any, after: Any) -> str:
    text = f"{TITLES.get(where, where)} is {_value(where, after)} instead of {_value(where, before)}"
    numbers = isinstance(before, int | float) and isinstance(after, int | float)
    if numbers and where.endswith("_usd") and before:
        text += f" ({100 * (after / before - 1):+.0f} %)".replace("-", "−")
    return f"{text}."


def change_words(parts: tuple[str, ...], before: Any, after: Any) -> str:
    """Return one change of a request as a sentence.

    >>> change_words(("capital", "per_quarter_usd"), 125e6, 100e6)
    'The capital per quarter is 100,000,000 USD instead of 125,000,000 USD (−20 %).'
    >>> change_words(("deployments", "add", "weride-gxr@madrid"), None, {"stack": "weride-gxr", "city": "madrid"})
    'weride-gxr in madrid is admitted besides.'
    """
    if parts[0] == "constraints":
        return _entry_words("constraint", parts[1], before, after, constraint_words)
    if parts[0] == "overrides":
        return _entry_words("value of", parts[1], before, after, _override_words)
    if parts[:2] in {("deployments", "add"), ("deployments", "remove")}:
        pair = _place(before or after)
        verb = "admitted besides" if parts[1] == "add" else "taken out"
        return f"{pair} is {verb}." if before is None else f"{pair} is no longer {verb}."
    return _plain_words("/".join(parts), before, after)
