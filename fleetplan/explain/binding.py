"""What binds a plan, by the kind of rule: what it means, and what one more unit of each would be worth."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fleetplan.plans.types import Binding, Plan
from fleetplan.words.values import prose, usd

_PRICE = re.compile(r"(?:; one more|: one more|: room for one more|: about [\d,]+ USD).*?NPV(?: per [a-z ]+)?\.$")
_KINDS: tuple[tuple[str, str, str], ...] = (
    ("capital", "Money", "The budget is spent to the last dollar by then."),
    ("", "Constraints of this request", "Limits that were asked for; whoever asked can loosen them."),
    ("stack_supply", "Vehicles that can be had", "Partners cannot supply more of these by then."),
    ("ramp", "How fast fleets grow", "A fleet takes up new vehicles only so fast; the best cities run at that pace."),
    ("depot_capacity", "Charger stalls with power", "No further site with power is ready in time."),
    ("permit_path", "Permits that set the month", "These openings wait for nothing but their permit."),
)


@dataclass(frozen=True, slots=True)
class Bound:
    """One thing that binds: in words, when, its local worth (empty for what sets a month), and where the limit is from."""

    text: str
    month: str
    worth: str
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Kind:
    """What binds through one kind of rule, the dearest first; ``source`` where all of it has the same."""

    rule: str
    title: str
    about: str
    items: list[Bound]
    source: str


def kinds(plan: Plan) -> list[Kind]:
    """Return what binds a plan, by kind; kinds that do not bind are left out."""
    known = {rule for rule, _, _ in _KINDS}
    found = []
    for rule, title, about in _KINDS:
        own = [b for b in plan.binds if b.rule == rule or (not rule and b.rule not in known)]
        if own:
            priced = any(b.price_usd is not None for b in own)
            ordered = sorted(own, key=_dearest if priced else lambda b: (b.period, b.sentence))
            shared = {b.source for b in own} if len(own) > 1 else set()
            source = shared.pop() if len(shared) == 1 else ""
            found.append(Kind(rule or "request", title, about, [bound(b) for b in ordered], source))
    return found


def dearest(plan: Plan, rules: Sequence[str]) -> Binding | None:
    """Return what binds most among some rules; a dollar and a vehicle are never compared."""
    own = [b for b in plan.binds if b.rule in rules and b.price_usd is not None]
    return min(own, key=_dearest, default=None)


def plain(sentence: str) -> str:
    """Return a sentence without the price at its end, which stands beside it.

    >>> plain("Baidu can place 2850 vehicles by 2030-10; one more would add about 53,370 USD of NPV.")
    'Baidu can place 2850 vehicles by Oct 2030.'
    """
    return prose(_PRICE.sub(".", sentence))


def bound(b: Binding) -> Bound:
    """Return one thing that binds in words, with its price apart."""
    worth = "" if b.price_usd is None else f"${b.price_usd:.2f}" if b.unit == "USD" else usd(b.price_usd)
    own = b.source == "the request" or b.source.startswith("request ")
    return Bound(plain(b.sentence), b.period, worth, "dollar" if b.unit == "USD" else b.unit, "" if own else b.source)


def _dearest(b: Binding) -> tuple[float, str]:
    return -(b.price_usd or 0.0), b.sentence
