"""What binds a plan, by the kind of rule, the dearest first; and what binds most among some rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleetplan.facts import Binding
from fleetplan.plans.types import Plan
from fleetplan.words.binding import GROUPS, unit_words, worth_words

_RULES = {key for key, _, _ in GROUPS}


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
    found = []
    for key, title, about in GROUPS:
        own = [b for b in plan.binds if _group(b) == key]
        if own:
            priced = any(b.price_usd is not None for b in own)
            ordered = sorted(own, key=_dearest if priced else _first)
            shared = {b.source for b in own} if len(own) > 1 else set()
            source = shared.pop() if len(shared) == 1 else ""
            found.append(Kind(key, title, about, [bound(b) for b in ordered], "" if _own(own[0]) else source))
    return found


def dearest(plan: Plan, rules: Sequence[str]) -> Binding | None:
    """Return what binds most among some rules; a dollar and a vehicle are never compared."""
    own = [b for b in plan.binds if b.rule in rules and b.price_usd is not None]
    return min(own, key=_dearest, default=None)


def bound(b: Binding) -> Bound:
    """Return one thing that binds in words, with its price apart; the request needs no source."""
    return Bound(b.sentence, b.period, worth_words(b), unit_words(b), "" if _own(b) else b.source)


def _group(b: Binding) -> str:
    return b.rule if b.rule in _RULES else b.kind


def _own(b: Binding) -> bool:
    """Return whether a limit is the request's: who asked knows where it is from."""
    return b.kind == "target" or b.rule == "capital"


def _dearest(b: Binding) -> tuple[float, str, str, str]:
    return -(b.price_usd or 0.0), b.city, b.stack, b.constraint


def _first(b: Binding) -> tuple[str, str, str]:
    return b.period, b.city, b.stack
