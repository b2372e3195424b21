"""What of a request may be loosened: less of an amount, another month, any partner, nothing at all; step by step.

A dial belongs to one party of a conflict. Its steps go from the value nearest to what is asked to the one that asks least, in
whole units: vehicles, months of the grid, dollars. Hard parties have none.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fleetplan.months import Grid, month_number, month_text
from fleetplan.optimize.carried import cumulated_budget
from fleetplan.optimize.instance import Array
from fleetplan.optimize.least import Limit
from fleetplan.optimize.otherwise import Asked
from fleetplan.optimize.rules.constraints import MILLION
from fleetplan.optimize.trials import Trials, limits_alone
from fleetplan.permits.limits import Allowed, ruled_out
from fleetplan.remedies import Loosening, LooseningKind
from fleetplan.request import AnyConstraint, Capital
from fleetplan.request.constraints import (
    FleetFloor,
    ForceDeployment,
    LaunchBy,
    LaunchFixed,
    LaunchNotBefore,
    MarketsLive,
    Suspension,
)
from fleetplan.request.members import members_of
from fleetplan.reruns.patch import merged_patches
from fleetplan.scope import Scope

YEAR = 12.0
STEPS_OF = {"min": 0.1, "share of all vehicles": 0.01}
"""What a step is where it is not one unit."""

USD_DIGITS, LEAST_USD = 2, 10_000.0
NEARLY = 1e-9
TIMES = 10
"""Caps and money are tried up to so many times what is asked."""

SOME_PARTNER = 0.5
"""Of a wish for one partner: what giving up the partner counts for. Our judgement: half of it is the city, half the partner."""


@dataclass(frozen=True)
class Dial:
    """A way to loosen one party; ``after(k)`` is the value after ``k`` steps, ``k`` from 1 to ``steps``.

    Attributes
    ----------
    constraint
        The constraint that it loosens; None for money.
    entry
        What a patch writes of it for a value.
    asked
        What is asked otherwise after so many steps, in a trial; None where trials do not see it.
    money
        What a step moves in every row of the party's limit.
    besides
        What of the party is loosened already, however far the dial is turned: ``constraint`` is what is left of it.
    """

    party: str
    kind: LooseningKind
    member: str
    before: Any
    steps: int
    after: Callable[[int], Any]
    patch: Callable[[Any], dict[str, Any]]
    constraint: AnyConstraint | None = None
    money: Array | None = None
    unit: str = ""
    seen: bool = True
    besides: tuple[Loosening, ...] = ()

    def loosened(self, step: int) -> AnyConstraint | None:
        """Return the constraint after so many steps; None where nothing is asked any more."""
        c = self.constraint
        if c is None or self.kind == "drop":
            return None
        if isinstance(c, ForceDeployment):
            return LaunchBy(id=c.id, city=c.city, month=self.after(step))
        return c.model_copy(update={self.member: self.after(step)})

    @property
    def further_is_looser(self) -> bool:
        """Whether what is enough after some steps is enough after more of them: of a month to open in, none need be."""
        return not isinstance(self.constraint, LaunchFixed)

    def onto(self, asked: Asked, step: int) -> Asked:
        """Return what is asked with this party loosened by so many steps."""
        if self.money is not None:
            return replace(asked, more=(*asked.more, (self.party, self.money * step)))
        loosened = self.loosened(step)
        if loosened is None:
            return asked.dropping({self.party})
        return replace(asked, without=asked.without - {self.party}, instead=(*asked.instead, loosened))

    def limit(self, trials: Trials, asked: Asked) -> Limit | None:
        """Return the limit that the dial moves, where it moves nothing else; ``asked`` is what is asked besides."""
        if self.kind != "amount":
            return None
        if self.money is not None:
            return Limit(asked, group=self.party, each=self.money)
        now, looser = self.constraint, self.loosened(1)
        assert now is not None  # noqa: S101  # an amount of money or of a constraint
        assert looser is not None  # noqa: S101
        return Limit(asked, now, looser) if limits_alone(trials.formulation, now, looser) else None

    def changes(self, step: int) -> list[Loosening]:
        """Return what so many steps change."""
        after = None if self.kind in {"drop", "anyone"} else self.after(step)
        own = {"member": self.member, "before": self.before, "after": after, "unit": self.unit}
        return [Loosening.model_validate({"party": self.party, "kind": self.kind, **own}), *self.besides]

    def given_up(self, step: int) -> float:
        """Return how much of what is asked so many steps give up, from 0 to 1 (docs/reruns.md)."""
        return self._own(step) + sum(months_given_up(_between(c.before, c.after)) for c in self.besides)

    def _own(self, step: int) -> float:
        if self.kind == "drop":
            return 1.0
        if self.kind == "anyone":
            return SOME_PARTNER
        if self.kind in {"month", "permits"}:
            return months_given_up(self._months(step))
        before, after = _total(self.before), _total(self.after(step))
        apart = abs(after - before)
        return apart / max(abs(before), apart, 1e-9) if abs(after) < abs(before) else apart / (apart + abs(before))

    def _months(self, step: int) -> int:
        if self.kind == "permits":
            return int(self.after(step))
        return _between(self.before, self.after(step))


def months_given_up(months: int) -> float:
    """Return what so many months more or fewer give up: half after a year.

    >>> months_given_up(12), months_given_up(-36)
    (0.5, 0.75)
    """
    return abs(months) / (abs(months) + YEAR)


def _between(before: Any, after: Any) -> int:
    return month_number(str(after)) - month_number(str(before))


def _total(value: Any) -> float:
    return float(sum(value)) if isinstance(value, list) else float(value)


def dials_of(constraint: AnyConstraint, scope: Scope, allowed: Allowed) -> list[Dial]:
    """Return the ways to loosen a constraint: none where it is hard."""
    sooner = list(_permits(constraint, scope, allowed))
    if constraint.stands == "hard":
        return sooner
    months = list(_months(constraint, scope.request.grid, allowed))
    return [
        *_amounts(constraint),
        *months,
        *_later(months),
        *_anyone(constraint, scope),
        *sooner,
        _dropped(constraint),
    ]


def _entry(constraint: AnyConstraint, member: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {"constraints": {constraint.id: {member: value}}}


def _dropped(c: AnyConstraint) -> Dial:
    return Dial(c.id, "drop", "", None, 1, lambda _: None, lambda _: {"constraints": {c.id: None}}, c)


def taken_back(scope: Scope) -> dict[str, list[Dial]]:
    """Return by id the delays, events and other assumptions of a request that it may take back: those marked as policy."""
    return {c.id: [replace(_dropped(c), seen=False)] for c in scope.constraints if c.given and c.stands == "policy"}


def _amounts(c: AnyConstraint) -> Iterator[Dial]:
    limit = c.limit
    if limit is None or not limit.unit or c.given or isinstance(c, Suspension):
        return
    asked, member = getattr(c, limit.member), members_of(type(c))[limit.member]
    whole = member.kind == "whole"
    step = usd_step(asked) if limit.unit == "USD" else STEPS_OF.get(limit.unit, 1)
    if limit.tighter == "more":
        least = member.least if member.least is not None else asked - TIMES * max(abs(asked), step)
        steps = math.ceil((asked - least) / step) - (0 if limit.unit == "USD" or (member.least or 0) > 0 else 1)
        way = -1
    else:
        most = min(member.most if member.most is not None else math.inf, TIMES * max(asked, 100 * step))
        steps, way = math.floor((most - asked) / step + 1e-9), 1

    def after(k: int) -> Any:
        value = stepped(asked, step, way * k)
        return round(value) if whole else round(value, 6)

    if steps > 0:
        yield Dial(c.id, "amount", limit.member, asked, steps, after, _entry(c, limit.member), c, unit=limit.unit)


def stepped(asked: float, step: float, steps: int) -> float:
    """Return an amount that lies at least so many steps from what is asked, up or (below 0) down, in whole steps.

    >>> stepped(1200, 1, -310), stepped(25_370_000, 100_000, 2)
    (890, 25600000)
    """
    at = asked / step + steps
    return step * (math.ceil(at - NEARLY) if steps > 0 else math.floor(at + NEARLY))


def usd_step(asked: float) -> float:
    """Return the whole amount in which money is asked for: two digits after the first, 10,000 USD at least.

    >>> usd_step(25e6), usd_step(0)
    (100000.0, 10000.0)
    """
    return LEAST_USD if not asked else max(LEAST_USD, 10.0 ** (math.floor(math.log10(abs(asked))) - USD_DIGITS))


def _later(months: Sequence[Dial]) -> Iterator[Dial]:
    """Yield asking for less, and from a later month on: from the middle of those there are, and from the last."""
    for dial in months:
        if dial.member != "start":
            continue
        for step in sorted({(dial.steps + 1) // 2, dial.steps}):
            put_off = dial.loosened(step)
            for less in _amounts(put_off) if put_off is not None else ():
                if less.unit != "USD":
                    both = functools.partial(_both, less.patch, dial.patch(dial.after(step)))
                    yield replace(less, patch=both, besides=tuple(dial.changes(step)))


def _both(patch: Callable[[Any], dict[str, Any]], other: dict[str, Any], value: Any) -> dict[str, Any]:
    return merged_patches(other, patch(value))


def _months(c: AnyConstraint, grid: Grid, allowed: Allowed) -> Iterator[Dial]:
    """Yield other months, of those that permits allow."""
    labels = grid.labels()

    def along(member: str, months: list[str]) -> Iterator[Dial]:
        count = getattr(c, "count", 0)
        months = [m for m in months if not ruled_out(allowed.party(c.model_copy(update={member: m})), count)]
        if months:
            yield Dial(
                c.id, "month", member, getattr(c, member), len(months), lambda k: months[k - 1], _entry(c, member), c
            )

    if isinstance(c, LaunchBy):
        yield from along("month", labels[grid.last_begun_by(c.month) + 1 :])
    elif isinstance(c, LaunchNotBefore):
        yield from along("month", [m for m in reversed(labels) if m < c.month])
    elif isinstance(c, LaunchFixed):
        at = grid.period_of(month_number(c.month))
        yield from along("month", labels[at + 1 :])
        yield from along("month", labels[: max(at, 0)][::-1])
    elif isinstance(c, MarketsLive):
        yield from along("by", labels[grid.last_begun_by(c.by) + 1 :])
    elif "start" in members_of(type(c)) and not c.given and not isinstance(c, Suspension):
        first = getattr(c, "start", None) or labels[0]
        last = getattr(c, "end", None) or month_text(grid.end - 1)
        months = [m for m in labels if first < m <= last]
        if months and getattr(c, "start", None) is None:
            yield Dial(c.id, "month", "start", first, len(months), lambda k: months[k - 1], _entry(c, "start"), c)
        else:
            yield from along("start", months)


def _anyone(c: AnyConstraint, scope: Scope) -> Iterator[Dial]:
    """Yield asking for a city without asking for the partner."""
    if isinstance(c, ForceDeployment):
        last = month_text(scope.request.grid.end - 1)
        entry = {"constraints": {c.id: {"type": "launch_by", "city": c.city, "month": last}}}
        yield Dial(c.id, "anyone", "stack", c.stack, 1, lambda _: last, lambda _: entry, c)
    elif isinstance(c, LaunchBy | FleetFloor) and c.stack is not None and c.city is not None:
        yield Dial(c.id, "anyone", "stack", c.stack, 1, lambda _: None, _entry(c, "stack"), c)


def _permits(c: AnyConstraint, scope: Scope, allowed: Allowed) -> Iterator[Dial]:
    """Yield permits that come sooner by as many months as they are late, where the request lets the law be spoken of."""
    limit = allowed.party(c).permits
    city = getattr(c, "city", None)
    if scope.request.law != "policy" or limit is None or city is None or not limit.earliest > limit.by:
        return
    months = month_number(limit.by) - month_number(limit.earliest)
    known = {one.id for one in scope.constraints}
    name = next(n for n in (f"{c.id}-permits", *(f"{c.id}-permits-{k}" for k in range(2, 1000))) if n not in known)[:80]
    entry = {"constraints": {name: {"type": "permit_delay", "city": city, "months": months}}}
    yield Dial(c.id, "permits", "months", 0, 1, lambda _: months, lambda _: entry, None, unit="month", seen=False)


def money_dials(party: str, scope: Scope) -> list[Dial]:
    """Return the ways to ask for more money; none where capital is hard, or no such party."""
    capital = scope.request.capital
    if capital.firmness == "hard":
        return []
    return list(_more_capital(scope) if party == "capital" else _lower_floor(scope))


def _of_capital(member: str) -> Callable[[Any], dict[str, Any]]:
    return lambda value: {"capital": {member: value}}


def _more_capital(scope: Scope) -> Iterator[Dial]:
    given, grid, name = scope.request.capital.per_quarter_usd, scope.request.grid, "per_quarter_usd"
    asked = max(given) if isinstance(given, list) else given
    step = usd_step(asked)

    def after(k: int) -> Any:
        return [stepped(one, step, k) for one in given] if isinstance(given, list) else stepped(given, step, k)

    state, unit = scope.request.starting_state, dict[str, Any](capital=Capital(per_quarter_usd=1.0))
    if state is not None and state.capital_spent_usd is not None:
        unit["starting_state"] = state.model_copy(update={"capital_spent_usd": 0.0})
    each = cumulated_budget(grid, scope.request.model_copy(update=unit)) * step / MILLION
    steps = round(TIMES * max(asked, 100 * step) / step)
    yield Dial("capital", "amount", name, given, steps, after, _of_capital(name), money=each, unit="USD")


def _lower_floor(scope: Scope) -> Iterator[Dial]:
    floor, party, name = scope.request.capital.cash_floor_usd, "cash_floor", "cash_floor_usd"
    if floor is None:
        return
    step = usd_step(floor)

    def after(k: int) -> float:
        return stepped(floor, step, k)

    each = np.full(len(scope.request.grid), -step / MILLION)
    steps = round(TIMES * max(floor, 100 * step) / step)
    write = _of_capital(name)
    yield Dial(party, "amount", name, floor, steps, after, write, money=each, unit="USD")
    yield Dial(party, "drop", "", None, 1, lambda _: None, write)
