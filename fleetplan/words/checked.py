"""What the independent checker says, written as everything else is: its facts are typed, and get their words here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fleetplan.plans.check.report import Named, NamedKind, Saying, Usd, Violation
from fleetplan.words.currency import amount
from fleetplan.words.names import Names
from fleetplan.words.values import MODE_NAMES, month_name, usd

NAMING: Mapping[NamedKind, Callable[[Names, str], str]] = {
    "month": lambda _, key: month_name(key),
    "mode": lambda _, key: f"“{MODE_NAMES[key]}”" if key in MODE_NAMES else key,
    "city": lambda names, key: names.city(key),
    "stack": lambda names, key: names.stack(key),
    "permit": lambda names, key: names.permit(key),
    "event": lambda names, key: names.event(key),
}


def plainly(said: Saying, names: Names | None = None) -> str:
    """Return a sentence of the checker with months, money, modes and names as they are written everywhere.

    Amounts that differ stay apart. Without a catalogue in ``names`` cities, partners and permits stay slugs.

    >>> from fleetplan.plans.check.report import say
    >>> told = "{} of capital is spent by {}; the budget is {}"
    >>> plainly(say(told, Usd(35e6, 0), Named("month", "2029-04"), Usd(25e6, 0)))
    '$35.0 M of capital is spent by Apr 2029; the budget is $25.0 M'
    >>> plainly(say("{} of capital is spent; the budget is {}", Usd(25_000_120, 0), Usd(25e6, 0)))
    '$25,000,120 of capital is spent; the budget is $25,000,000'
    >>> plainly(say("{} vehicles run in {} before its permit", 12, Named("mode", "paid_operator")))
    '12 vehicles run in “paid, operator on board” before its permit'
    """
    amounts = {fact.amount for fact in said.facts if isinstance(fact, Usd)}
    apart = len({usd(value) for value in amounts}) == len(amounts)
    called = names or Names()

    def word(fact: object) -> object:
        if isinstance(fact, Usd):
            return usd(fact.amount) if apart else amount(fact.amount, _whole)
        return NAMING[fact.kind](called, fact.key) if isinstance(fact, Named) and fact.key else fact

    return said.template.format(*(word(fact) for fact in said.facts))


def violation_words(violation: Violation, names: Names) -> str:
    """Return a violation as one line: its place and what is wrong there, in words, and the key of the rule."""
    place = names.where(violation.where) or violation.where
    return f"{place}: {plainly(violation.says, names)} ({violation.rule})"


def _whole(value: float, sign: str) -> str:
    return f"{'−' if value < 0 else ''}{sign}{abs(value):,.0f}"
