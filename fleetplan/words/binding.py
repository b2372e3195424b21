"""What binds a plan, in words: each limit as a sentence, what it is worth, and the kinds of limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fleetplan.catalogue.types import Catalogue
from fleetplan.facts import Binding
from fleetplan.words.changes import constraint_words
from fleetplan.words.values import count, month_name, usd

GROUPS: tuple[tuple[str, str, str], ...] = (
    ("capital", "Money", "The budget is spent to the last dollar by then."),
    ("target", "Constraints of this request", "Limits that were asked for; whoever asked can loosen them."),
    ("stack_supply", "Vehicles that can be had", "Partners cannot supply more of these by then."),
    ("ramp", "How fast fleets grow", "A fleet takes up new vehicles only so fast; the best cities run at that pace."),
    ("depot_capacity", "Charger stalls with power", "No further site with power is ready in time."),
    ("permit_path", "Permits that set the month", "These openings wait for nothing but their permit."),
    ("money", "Other limits of money", "What may be spent, or owed, by then."),
    ("partner", "Other limits of partners", "What partners can bring, or ask for."),
    ("operation", "Other limits of operation", "How a service has to be run."),
    ("law", "Other limits of law", "What the law allows."),
)
"""By rule, else by kind of rule: what a group of limits is called, and what they mean."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence about a plan is made from besides the fact itself: names, constraints by id, the first month."""

    catalogue: Catalogue
    constraints: Mapping[str, Mapping[str, Any]]
    first_month: str

    def city(self, slug: str) -> str:
        """Return a city's name."""
        known = self.catalogue.cities.get(slug)
        return known.name if known else slug

    def partner(self, slug: str) -> str:
        """Return a stack's partner."""
        known = self.catalogue.stacks.get(slug)
        return known.partner if known else slug


def binding_sentence(b: Binding, told: Told) -> str:
    """Return a limit as a sentence; its price stands apart (:func:`worth_words`)."""
    if b.kind == "target":
        return _target(b, told)
    return _SAID[b.rule](b, told) if b.rule in _SAID else _other(b, told)


def worth_words(b: Binding) -> str:
    """Return what one more unit is worth in NPV; empty for what sets a month.

    >>> worth_words(Binding(rule="ramp", kind="operation", period="", source="", price_usd=4440.0, unit="vehicle"))
    '$4.44 k'
    """
    if b.price_usd is None:
        return ""
    return f"${b.price_usd:.2f}" if b.unit == "USD" else usd(b.price_usd)


def unit_words(b: Binding) -> str:
    """Return what one more of is priced."""
    return "dollar" if b.unit == "USD" else b.unit


def _capital(b: Binding, _: Told) -> str:
    return f"The capital budget is spent by {month_name(b.period)}."


def _supply(b: Binding, told: Told) -> str:
    known = told.catalogue.stacks.get(b.stack)
    which = f" ({known.platform})" if known else ""
    return f"{told.partner(b.stack)}{which} can place {count(b.limit)} vehicles by {month_name(b.period)}."


def _ramp(b: Binding, told: Told) -> str:
    pace = f"{b.limit:g} a month" if b.limit is not None else "so many a month"
    return (
        f"{told.partner(b.stack)} in {told.city(b.city)} grows as fast as vehicles can be commissioned ({pace}) in "
        f"{month_name(b.period)}."
    )


def _depots(b: Binding, told: Told) -> str:
    return f"Charger stalls with power are short in {told.city(b.city)} by {month_name(b.period)}."


def _permit(b: Binding, told: Told) -> str:
    opens = f"{told.partner(b.stack)} opens in {told.city(b.city)} in {month_name(b.period)}"
    wait = b.permit
    if wait is None:
        return f"{opens}, as soon as permits allow it."
    authority = f" ({wait.authority})" if wait.authority not in {"", "-"} else ""
    begun = "at the start of the horizon" if wait.begun == told.first_month else f"in {month_name(wait.begun)}"
    why = f" The law decides: {_event(wait.event, told)}." if wait.event else ""
    return (
        f"{opens}, as soon as “{wait.title}”{authority} is in hand ({month_name(wait.in_hand)}); "
        f"programme begun {begun}.{why}"
    )


def _event(event: str, told: Told) -> str:
    titles = {e.id: e.title for law in told.catalogue.jurisdictions.values() for e in law.events.values()}
    return titles.get(event, event)


def _target(b: Binding, told: Told) -> str:
    asked = told.constraints.get(b.constraint)
    words = constraint_words(asked, told.catalogue) if asked else b.rule.replace("_", " ")
    return f"Asked in the request: {words} ({b.constraint})."


def _other(b: Binding, told: Told) -> str:
    place = " in ".join([*([told.partner(b.stack)] if b.stack else []), *([told.city(b.city)] if b.city else [])])
    return f"{b.rule.replace('_', ' ').capitalize()}{f': {place}' if place else ''}, {month_name(b.period)}."


_SAID: dict[str, Callable[[Binding, Told], str]] = {
    "capital": _capital,
    "stack_supply": _supply,
    "ramp": _ramp,
    "depot_capacity": _depots,
    "permit_path": _permit,
}
