"""What binds a plan, in words: each limit as a sentence, what it is worth, and the kinds of limits."""

from __future__ import annotations

from collections.abc import Callable

from fleetplan.facts import Binding
from fleetplan.words.context import Context
from fleetplan.words.values import count, month_name, usd

GROUPS: tuple[tuple[str, str, str], ...] = (
    ("capital", "Money", "With a dollar more of budget by then the plan would be worth more."),
    ("target", "Constraints of this request", "Limits that were asked for; whoever asked can loosen them."),
    (
        "stack_supply",
        "Vehicles that can be had",
        "With one more of these to be had by then the plan would be worth more.",
    ),
    ("ramp", "How fast fleets grow", "A fleet grows in proportion to what runs, and so much a month."),
    ("first_year_fleet", "Fleets of the first year", "No service is larger before it has run for a year."),
    (
        "partner_growth",
        "How fast partners grow",
        "A partner's crews serve all its cities; it adds vehicles only so fast.",
    ),
    (
        "partner_earns",
        "Partners who earn hardly more than they must",
        "With worse terms these partners would not come.",
    ),
    ("depot_capacity", "Charger stalls with power", "Sites that are ordered and live have no stall left by then."),
    ("permit_path", "Permits that set the month", "These openings wait for nothing but their permit."),
    ("money", "Other limits of money", "What may be spent, or owed, by then."),
    ("partner", "Other limits of partners", "What partners can bring, or ask for."),
    ("operation", "Other limits of operation", "How a service has to be run."),
    ("law", "Other limits of law", "What the law allows."),
)
"""By rule, else by kind of rule: what a group of limits is called, and what they mean."""


LAST_DOLLAR = 1.0


def binding_sentence(b: Binding, context: Context) -> str:
    """Return a limit as a sentence; its price stands apart (:func:`worth_words`)."""
    if b.kind == "target":
        return _target(b, context)
    return _SAID[b.rule](b, context) if b.rule in _SAID else _other(b, context)


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


def _left(b: Binding) -> float:
    """Return how far the plan stays below a limit; 0 where it reaches it, or where that is not known."""
    return 0.0 if b.limit is None or b.amount is None else max(0.0, b.limit - b.amount)


def _capital(b: Binding, _: Context) -> str:
    spent = f"The capital budget is spent by {month_name(b.period)}"
    if b.amount is None:
        return f"{spent}."
    if _left(b) < LAST_DOLLAR:
        return f"{spent}, to the last dollar."
    return f"{spent} but for {usd(_left(b))}: {usd(b.amount)} of {usd(b.limit)}."


def _supply(b: Binding, context: Context) -> str:
    platform = context.names.platform(b.stack)
    which = f" ({platform})" if platform else ""
    can = f"{context.names.partner(b.stack)}{which} can place {count(b.limit)} vehicles by {month_name(b.period)}"
    if b.amount is None:
        return f"{can}."
    return f"{can}; {'all are taken' if _left(b) < 1.0 else f'{count(b.amount)} are taken'}."


def _fleet(b: Binding) -> str:
    return f"{count(b.limit)} vehicles" if b.limit is not None else "as many vehicles as there are"


def _has(b: Binding) -> str:
    """Return how many vehicles there are of those that there could be; empty where there are all."""
    return "" if _left(b) < 1.0 else f"; it has {count(b.amount)}"


def _ramp(b: Binding, context: Context) -> str:
    whose, month = context.names.place(b.stack, b.city), month_name(b.period)
    if b.opens and _left(b) < 1.0:
        return f"{whose} opens with the most that a launch brings, {_fleet(b)}, in {month}."
    if b.opens:
        return f"A launch of {whose} in {month} may bring {_fleet(b)}{_has(b)}."
    if _left(b) < 1.0:
        return f"{whose} grows as fast as a running fleet can, to {_fleet(b)} in {month}."
    return f"The fleet of {whose} could grow to {_fleet(b)} in {month}{_has(b)}."


def _first_year(b: Binding, context: Context) -> str:
    whose, month = context.names.place(b.stack, b.city), month_name(b.period)
    if _left(b) < 1.0:
        return f"{whose} has the most that a first driver-out year allows, {_fleet(b)}, in {month}."
    return f"{whose} may have {_fleet(b)} after what a first driver-out year allows, in {month}{_has(b)}."


def _partner_growth(b: Binding, context: Context) -> str:
    whose, month = context.names.partner(b.stack), month_name(b.period)
    if _left(b) < 1.0:
        return f"{whose} grows as fast as its cities together can, to {_fleet(b)} in {month}."
    return f"The cities of {whose} together could grow to {_fleet(b)} in {month}{_has(b)}."


def _earns(b: Binding, context: Context) -> str:
    whose = context.names.place(b.stack, b.city)
    least = b.limit or 0.0
    margin = f" beyond the margin of {usd(least)} that it asks for" if least >= LAST_DOLLAR else ""
    if b.amount is None or abs(b.amount - least) < LAST_DOLLAR:
        return f"{whose}: the partner's own account comes out even and no more over the contract{margin}."
    left = usd(b.amount - least)
    return f"{whose}: of the partner's own account {left} is left over the contract{margin}, hardly more than it must."


def _depots(b: Binding, context: Context) -> str:
    live = (
        f"The charger stalls at sites that are live in {context.names.city(b.city)} are full by {month_name(b.period)}"
    )
    return (
        f"{live}."
        if b.limit is None
        else f"{live}: room for {count(b.limit)} vehicles, {count(b.amount)} of them there."
    )


def _permit(b: Binding, context: Context) -> str:
    opens = f"{context.names.partner(b.stack)} opens in {context.names.city(b.city)} in {month_name(b.period)}"
    wait = b.permit
    if wait is None:
        return f"{opens}, as soon as permits allow it."
    authority = f" ({wait.authority})" if wait.authority not in {"", "-"} else ""
    begun = "at the start of the horizon" if wait.begun == context.first_month else f"in {month_name(wait.begun)}"
    why = f" The law decides: {context.names.event_title(wait.event)}." if wait.event else ""
    return (
        f"{opens}, as soon as “{wait.title}”{authority} is in hand ({month_name(wait.in_hand)}); "
        f"programme begun {begun}.{why}"
    )


def _target(b: Binding, context: Context) -> str:
    return f"Asked in the request: {context.asks(b.constraint)} ({b.constraint})."


def _other(b: Binding, context: Context) -> str:
    place = context.names.place(b.stack, b.city)
    return f"{b.rule.replace('_', ' ').capitalize()}{f': {place}' if place else ''}, {month_name(b.period)}."


_SAID: dict[str, Callable[[Binding, Context], str]] = {
    "capital": _capital,
    "stack_supply": _supply,
    "ramp": _ramp,
    "first_year_fleet": _first_year,
    "partner_growth": _partner_growth,
    "depot_capacity": _depots,
    "partner_earns": _earns,
    "permit_path": _permit,
}
