"""What is asked otherwise than a request asks it: as trials take it, and as it follows from two requests."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from fleetplan.optimize.carried import cumulated_budget
from fleetplan.optimize.matrix import Array
from fleetplan.optimize.rules.constraints import MILLION
from fleetplan.request import AnyConstraint
from fleetplan.scope import Scope


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked otherwise: groups left out, constraints asked instead of those of their ids, money moved.

    ``more`` moves the limits of a group's rows by so much for each row, shape as its rows.
    """

    without: frozenset[str] = frozenset()
    instead: tuple[AnyConstraint, ...] = ()
    more: tuple[tuple[str, Array], ...] = ()

    def dropping(self, names: Collection[str]) -> Asked:
        """Return the same without some groups as well."""
        return replace(self, without=self.without | frozenset(names))


AS_ASKED = Asked()


def asked_between(one: Scope, two: Scope) -> Asked | None:
    """Return what a request asks otherwise than another; None where they differ in more than constraints and money.

    Constraints that say how the world is (delays, events, suspensions) are more.
    """
    first, second = ({c.id: c for c in scope.constraints} for scope in (one, two))
    given = [[c for c in scope.constraints if c.given] for scope in (one, two)]
    before, now = one.request.capital, two.request.capital
    alike = one.request.model_copy(update={"constraints": two.request.constraints, "capital": now}) == two.request
    floors = before.cash_floor_usd, now.cash_floor_usd
    if not alike or given[0] != given[1] or (floors[0] is None and floors[1] is not None):
        return None
    without = {name for name in first if name not in second}
    more = []
    budgets = [cumulated_budget(scope.request.grid, scope.request) / MILLION for scope in (one, two)]
    if (budgets[0] != budgets[1]).any():
        more.append(("capital", budgets[1] - budgets[0]))
    if floors[0] is not None and floors[1] is None:
        without.add("cash_floor")
    elif floors[0] is not None and floors[1] is not None and floors[0] != floors[1]:
        more.append(("cash_floor", np.full(len(one.request.grid), (floors[0] - floors[1]) / MILLION)))
    instead = tuple(c for name, c in second.items() if c != first.get(name))
    return Asked(frozenset(without), instead, tuple(more))
