"""The constraints of a request beside its plan: what each asks, what the plan does about it, and whether it is at its limit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import RequestError
from fleetplan.months import month_text
from fleetplan.plans.check.measure import Measure, told_rollouts
from fleetplan.plans.check.targets import measured
from fleetplan.plans.types import Plan
from fleetplan.request import AnyConstraint
from fleetplan.request.constraints import SupplyChange
from fleetplan.request.imposed import ServiceHours
from fleetplan.request.members import WINDOW, has_window, members_of
from fleetplan.scope import resolve_scope
from fleetplan.words.asked import held_words
from fleetplan.words.binding import unit_words, worth_words
from fleetplan.words.changes import sentence
from fleetplan.words.constraints import constraint_words, done_words
from fleetplan.words.names import Names

NEARLY = 0.01
Tightness = Literal["binds", "limit", "room", "kept", "given"]
TIGHTNESS_NAMES: dict[Tightness, str] = {
    "binds": "holds the plan back",
    "limit": "at its limit",
    "room": "kept, with room",
    "kept": "kept",
    "given": "taken as given",
}


@dataclass(frozen=True, slots=True)
class ConstraintOutcome:
    """A constraint: its words, what the plan does about it, how tight it is, and its local worth where the plan knows one."""

    id: str
    asks: str
    told: str
    tightness: Tightness
    worth: str

    @property
    def tightness_name(self) -> str:
        """How tight it is, in words."""
        return TIGHTNESS_NAMES[self.tightness]


def constraint_outcomes(plan: Plan, catalogue: Catalogue) -> list[ConstraintOutcome]:
    """Return every constraint of a plan's request with what becomes of it."""
    names = Names(catalogue, [plan])
    return [_outcome(plan, c, names) for c in _resolved(plan, catalogue)]


def summed(found: Iterable[ConstraintOutcome]) -> str:
    """Return in a sentence how many constraints leave room."""
    every = list(found)
    tight = sum(s.tightness in {"binds", "limit"} for s in every)
    if not every:
        return "The request carries no constraint of its own; law, supply and money alone shape the plan."
    if not tight:
        return "None of them is at its limit."
    return f"{tight} of {len(every)} {'is' if tight == 1 else 'are'} at the limit."


def _resolved(plan: Plan, catalogue: Catalogue) -> Sequence[AnyConstraint]:
    """Return a request's constraints with slugs in place of names, as far as today's catalogue knows them."""
    try:
        return resolve_scope(plan.request, catalogue).constraints
    except RequestError:  # the catalogue has changed since
        return plan.request.constraints


def _outcome(plan: Plan, c: AnyConstraint, names: Names) -> ConstraintOutcome:
    entry = c.model_dump(mode="json")
    bind = next((b for b in plan.binds if b.kind == "target" and b.constraint == c.id), None)
    found = measured(told_rollouts(plan), c)
    outside = has_window(type(c)) and not plan.request.grid.window(*(getattr(c, name, None) for name in WINDOW))
    told = "The horizon holds no month of its window." if outside else done_words(entry, found, names)
    told = " ".join(filter(None, [told, held_words(*_held(plan, c))]))
    tightness: Tightness = "binds" if bind else "given" if c.given or outside else _tightness(c, found)
    worth = f"One more {unit_words(bind)} is worth about {worth_words(bind)} of NPV." if bind and bind.price_usd else ""
    return ConstraintOutcome(c.id, sentence(constraint_words(entry, names)), told, tightness, worth)


def _held(plan: Plan, c: AnyConstraint) -> tuple[str, str]:
    """Return first and last month in which a constraint holds, where its window begins or ends within a period; else blanks."""
    by_periods = not c.given or isinstance(c, ServiceHours) or (isinstance(c, SupplyChange) and c.only_forbids)
    if not (has_window(type(c)) and by_periods):
        return "", ""
    grid, window = plan.request.grid, [getattr(c, name, None) for name in WINDOW]
    held = [month for t in grid.window(*window) for month in grid.months_in(t)]
    if len(held) == len(grid.singly.window(*window)):
        return "", ""
    return month_text(held[0]), month_text(held[-1])


def _tightness(c: AnyConstraint, found: Sequence[Measure]) -> Tightness:
    """Return how tight a constraint is by what was measured: whole numbers and months exactly, other numbers nearly."""
    if c.limit is None:
        return "kept"
    whole = members_of(type(c))[c.limit.member].kind != "number"
    return "limit" if any(m.reaches(0.0 if whole else NEARLY) for m in found) else "room"
