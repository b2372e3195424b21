"""Constraints in words: what one asks, what a plan does about it, and what forms call its type and members.

Every type has an entry in ``CONSTRAINTS``; forms offer the types in its order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from fleetplan.plans.check.measure import Measure
from fleetplan.words.asked import Entry, month_words, number_words, place_words, window_words
from fleetplan.words.imposed import (
    asks_area,
    asks_area_at_least,
    asks_duty,
    asks_hours,
    asks_line,
    asks_others,
    asks_quota,
    asks_rival,
    asks_suspension,
    asks_trips_at_most,
)
from fleetplan.words.names import Names
from fleetplan.words.values import count, decimal, listed, month_name, percent, several, usd

_FEW = 3
Measures = Sequence[Measure]
Label = tuple[str, str]
"""What a form calls a member, and the unit behind it; a share is shown in per cent where that is the unit."""


@dataclass(frozen=True, slots=True)
class ConstraintWords:
    """The words of a type of constraint.

    Attributes
    ----------
    title
        What a form calls the type.
    asks
        What a constraint of it asks.
    does
        What a plan does about one, told from what was measured.
    labels
        What a form calls its members, besides those of ``MEMBERS``.
    hint
        What else a form says.
    """

    title: str
    asks: Callable[[Entry, Names], str]
    does: Callable[[Entry, Measures, Names], str]
    labels: Mapping[str, Label] = field(default_factory=dict)
    hint: str = ""


MEMBERS: Mapping[str, Label] = {
    "city": ("City", ""),
    "stack": ("Partner", ""),
    "partner": ("Partner", ""),
    "line": ("Supply line", ""),
    "vehicles": ("Vehicles", "vehicles"),
    "start": ("From", ""),
    "end": ("To", ""),
}
"""What forms call the members that several types have."""


def share_words(factor: float) -> str:
    """Return a share as people say it.

    >>> share_words(0.5), share_words(0.85), share_words(2.0)
    ('half', '85 % of', 'twice')
    """
    return {0.5: "half", 2.0: "twice", 1.0: "all of", 0.0: "none of"}.get(factor, f"{100 * factor:g} % of")


# --- what it asks ---


def _markets(c: Entry, _: Names) -> str:
    existing = ", those already live elsewhere included" if c.get("include_existing") else ""
    kind = "paid" if c.get("counts") != "public" else "public"
    return f"at least {number_words(c['count'], 'market')} {kind} by {month_words(c['by'])}{existing}"


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
        where = f"{place_words(c, names, 'all cities')}{window_words(c)}"
        return f"at {least_or_most} {number_words(c['vehicles'], 'vehicle')}, {where}"

    return said


def _supply(c: Entry, names: Names) -> str:
    return f"{share_words(c['factor'])} the supply of {names.partner(c['stack'])}{window_words(c)}"


def _result(c: Entry, _: Names) -> str:
    least = float(c["least_usd"])
    what = (
        f"an operating result of at least {usd(least)}" if least > 0 else f"an operating loss of at most {usd(-least)}"
    )
    return f"{what if least else 'no operating loss'} in each {c.get('per') or 'quarter'}{window_words(c)}"


def _trips(c: Entry, names: Names) -> str:
    return f"at least {count(c['trips_per_day'])} trips a day, {place_words(c, names, 'all cities')}{window_words(c)}"


# --- what a plan does about it ---


def _live(c: Entry, found: Measures, _: Names) -> str:
    there = round(sum(m.besides for m in found))
    live = round(sum(m.amount for m in found)) - there
    more = f" and {there} live elsewhere today" if there else ""
    return f"{several(live, 'city', 'cities')} live by {month_words(c['by'])}{more}."


def _opens(_: Entry, found: Measures, __: Names) -> str:
    month = min((m.month for m in found if m.month), default="")
    return f"It opens in {month_name(month)}." if month else "It does not open."


def _pays(_: Entry, found: Measures, __: Names) -> str:
    month = min((m.month for m in found if m.month), default="")
    return f"It is open to paying riders from {month_name(month)}." if month else "It does not open."


def _extreme(kind: str) -> Callable[[Entry, Measures, Names], str]:
    """Return what says the largest or smallest fleet, with the first month that has it."""
    sign = -1 if kind == "largest" else 1

    def said(_: Entry, found: Measures, __: Names) -> str:
        own = min(found, key=lambda m: (sign * m.amount, m.month))
        return f"The {kind} fleet is {several(round(own.amount), 'vehicle')}, in {month_name(own.month)}."

    return said


def _largest_area(_: Entry, found: Measures, names: Names) -> str:
    if not found:
        return "Nothing is open there."
    own = _most(found)
    return f"The largest area is {count(own.amount)} km², of {names.place(own.stack, own.city)} in {month_name(own.month)}."


def _smallest_area(_: Entry, found: Measures, names: Names) -> str:
    own = min(found, key=lambda m: (m.amount, m.month))
    if not own.amount:
        return f"Nothing is open there in {month_name(own.month)}."
    return f"The smallest is {count(own.amount)} km², of {names.place(own.stack, own.city)} in {month_name(own.month)}."


def _most_trips(_: Entry, found: Measures, __: Names) -> str:
    own = max(found, key=lambda m: (m.amount, m.month))
    return f"The most are {count(own.amount)} trips a day, in {month_name(own.month)}."


def _held(_: Entry, found: Measures, __: Names) -> str:
    own = max(found, key=lambda m: (m.amount, m.month))
    if not own.amount:
        return "No vehicle serves meanwhile."
    return f"At most {several(round(own.amount), 'vehicle')} serve meanwhile, in {month_name(own.month)}."


def _most(found: Measures) -> Measure:
    """Return the largest amount, where it is last."""
    return max(found, key=lambda m: (m.amount, m.city, m.month))


def _largest_share(c: Entry, found: Measures, _: Names) -> str:
    own = _most(found)
    return f"{c['partner']} has at most {percent(own.amount)} of all vehicles, in {month_name(own.month)}."


def _per_quarter(_: Entry, found: Measures, __: Names) -> str:
    full = [month_name(m.month) for m in found if m.reaches(0.0)]
    if not full:
        most = round(max(m.amount for m in found))
        return f"No quarter has more than {several(most, 'launch', 'launches')}."
    if len(full) > _FEW:
        return f"Reached in {len(full)} quarters."
    return f"Reached in the quarter from {listed(full)}."


def _per_city(_: Entry, found: Measures, names: Names) -> str:
    full = dict.fromkeys(names.city(m.city) for m in found if m.reaches(0.0))
    return f"Reached in {listed(list(full))}." if full else "No city has so many."


def _longest_wait(_: Entry, found: Measures, names: Names) -> str:
    if not found:
        return "No service is open."
    own = _most(found)
    where = f"in {names.city(own.city)} in {month_name(own.month)}"
    return f"The longest mean wait is {decimal(own.amount)} min, {where}."


def _fewest_trips(_: Entry, found: Measures, __: Names) -> str:
    own = min(found, key=lambda m: (m.amount, m.month))
    return f"The fewest are {count(own.amount)} trips a day, in {month_name(own.month)}."


def _least_result(c: Entry, found: Measures, __: Names) -> str:
    own = min(found, key=lambda m: (m.amount - m.least, m.month))
    what = f"a loss of {usd(-own.amount)}" if own.amount < 0 else f"a result of {usd(own.amount)}"
    return f"Nearest to it is {what} in the {c.get('per') or 'quarter'} from {month_name(own.month)}."


def _other(_: Entry, found: Measures, __: Names) -> str:
    apart = round(sum(m.amount for m in found))
    return f"{several(apart, 'launch differs', 'launches differ')} from those." if apart else "They are those."


def _given(_: Entry, __: Measures, ___: Names) -> str:
    return "The plan is made on this assumption."


CONSTRAINTS: Mapping[str, ConstraintWords] = {
    "force_deployment": ConstraintWords(
        "A partner must open in a city",
        lambda c, n: f"{place_words(c, n)} must open",
        _pays,
        hint="Only partners that the law admits are offered.",
    ),
    "forbid_deployment": ConstraintWords(
        "A partner must not open in a city", lambda c, n: f"{place_words(c, n)} must not open", _opens
    ),
    "launch_by": ConstraintWords(
        "A city is open by a month",
        lambda c, n: f"{place_words(c, n)} is open to paying riders by {month_words(c['month'])}",
        _pays,
        {"month": ("Open to paying riders by", "")},
    ),
    "launch_not_before": ConstraintWords(
        "A city opens no earlier than a month",
        lambda c, n: f"{place_words(c, n)} opens no earlier than {month_words(c['month'])}",
        _opens,
        {"month": ("Not before", "")},
    ),
    "markets_live": ConstraintWords(
        "So many markets are live by a month",
        _markets,
        _live,
        {
            "count": ("Markets", "markets"),
            "by": ("Live by", ""),
            "include_existing": ("Count markets that are live elsewhere today", ""),
        },
        "A market counts once riders pay.",
    ),
    "launches_per_quarter": ConstraintWords(
        "So many launches a quarter at most",
        lambda c, _: f"at most {number_words(c['max'], 'launch', 'launches')} a quarter",
        _per_quarter,
        {"max": ("Launches a quarter", "launches")},
        "What the launch teams can carry: each partner in a city is one launch.",
    ),
    "stacks_per_city": ConstraintWords(
        "So many partners in one city at most",
        lambda c, n: f"at most {number_words(c['max'], 'stack')} in {place_words(c, n)}",
        _per_city,
        {"max": ("Partners", "partners")},
    ),
    "fleet_cap": ConstraintWords("At most so many vehicles", _fleet("most"), _extreme("largest")),
    "fleet_floor": ConstraintWords("At least so many vehicles", _fleet("least"), _extreme("smallest")),
    "partner_share": ConstraintWords(
        "A partner's share of all vehicles at most",
        lambda c, _: f"{c['partner']} at most {percent(c['max_share'], 0)} of all vehicles{window_words(c)}",
        _largest_share,
        {"max_share": ("Share", "%")},
    ),
    "minimum_trips": ConstraintWords(
        "At least so many trips a day", _trips, _fewest_trips, {"trips_per_day": ("Trips a day", "trips")}
    ),
    "result_floor": ConstraintWords(
        "An operating result each quarter at least",
        _result,
        _least_result,
        {"least_usd": ("Operating result, at least", "M USD")},
        "Before capital and loans; a minus sign is a loss that is allowed. A floor by year is written per: year.",
    ),
    "area_cap": ConstraintWords(
        "An area grows by stages",
        asks_area,
        _largest_area,
        {"km2": ("Open at most", "km²")},
        "One entry for each stage, each to the month before the next; an area once open stays.",
    ),
    "area_floor": ConstraintWords(
        "An area is at least so large", asks_area_at_least, _smallest_area, {"km2": ("Open at least", "km²")}
    ),
    "trips_cap": ConstraintWords(
        "At most so many trips a day", asks_trips_at_most, _most_trips, {"trips_per_day": ("Trips a day", "trips")}
    ),
    "permit_quota": ConstraintWords("At most so many vehicles under a permit", asks_quota, _extreme("largest")),
    "tariff": ConstraintWords(
        "Vehicles cost more from a month on", asks_duty, _given, {"duty": ("On top of the price", "%")}
    ),
    "rival_launch": ConstraintWords(
        "A rival opens in a city",
        asks_rival,
        _given,
        {"share": ("Share of riders it takes", "%"), "months": ("Months until it has them", "months")},
    ),
    "supply_line": ConstraintWords(
        "A supply line is switched on, late or capped",
        asks_line,
        _given,
        {"delay_months": ("Months later", "months"), "vehicles_per_year": ("Vehicles a year", "vehicles")},
        "With a partner and a month it is switched on for that partner; without both it only comes later or builds less.",
    ),
    "service_hours": ConstraintWords(
        "Riders are carried in some hours only",
        asks_hours,
        _given,
        {"from_hour": ("From hour", "o'clock"), "to_hour": ("To hour", "o'clock")},
    ),
    "suspension": ConstraintWords(
        "A service is suspended",
        asks_suspension,
        _held,
        {"vehicles_left": ("Vehicles left", "vehicles"), "start": ("From", ""), "end": ("To", "")},
        "It pauses and comes back, or ends. Without an end it is for good. Nothing opens or widens meanwhile.",
    ),
    "partner_participation": ConstraintWords(
        "A partner need not earn its money back",
        lambda c, n: f"partners need not earn their money back: {place_words(c, n, 'everywhere')}",
        _given,
        hint="Without it no partner goes where it would lose money under its contract.",
    ),
    "service_level": ConstraintWords(
        "Riders wait so long at most",
        lambda c, n: f"a mean wait of at most {c['max_wait_min']:g} minutes in {place_words(c, n)}",
        _longest_wait,
        {"max_wait_min": ("Mean wait", "minutes")},
    ),
    "launch_fixed": ConstraintWords(
        "A partner opens in a city in one month",
        lambda c, n: f"{place_words(c, n)} opens in {month_words(c['month'])}",
        _opens,
        {"month": ("Opens in", "")},
    ),
    "other_launches": ConstraintWords(
        "Other launches than these",
        asks_others,
        _other,
        hint="Written in the request itself: it cuts one plan's launches off, to find the next best plan.",
    ),
    "permit_delay": ConstraintWords("Permits come later", _delay, _given, {"months": ("Months later", "months")}),
    "event_date": ConstraintWords(
        "A law comes into force",
        lambda c, n: f"{n.event(c['event'])} falls in {month_words(c['month'])}",
        _given,
        {"month": ("In force", "")},
    ),
    "supply_change": ConstraintWords(
        "Supply of a partner", _supply, _given, {"factor": ("Of the catalogue's supply", "%")}
    ),
}

FIRMNESS_WORDS = {
    "": "",
    "hard": " (firm: no repair loosens it)",
    "policy": " (a policy: repairs may loosen it)",
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
    asked = CONSTRAINTS[constraint["type"]].asks(constraint, names)
    return f"{asked}{FIRMNESS_WORDS[constraint.get('firmness') or '']}"


def done_words(constraint: Entry, found: Measures, names: Names) -> str:
    """Return what a plan does about a constraint, told from what was measured of it."""
    return CONSTRAINTS[constraint["type"]].does(constraint, found, names)
