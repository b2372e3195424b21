"""Other launches than some: the rows that cut one structure of a plan off, and leave every other one.

A structure is a list of facts, each 0 or 1 in whole steps: a stack opens in a city (in a quarter, to a widest level), any other
one does not open. Not all of them hold, so the numbers of those that do not sum to 1 at least.
"""

from __future__ import annotations

import numpy as np

from fleetplan.months import month_number
from fleetplan.optimize.instance import Instance, Ints
from fleetplan.optimize.rules.base import Problem, Term
from fleetplan.optimize.rules.constraints import ConstraintRule
from fleetplan.request.constraints import Opening, OtherLaunches


class OtherLaunchesRule(ConstraintRule[OtherLaunches]):
    """The plan is another one."""

    title = "The launches are others than these"

    def write(self, p: Problem) -> None:
        """Ask that at least one fact of the structure does not hold; nothing where one never can."""
        i, c = p.instance, self.constraint
        named = {(one.stack, one.city): one for one in c.launches}
        users = i.matching(c.city, None)
        here = {(i.deployments[q].stack, i.deployments[q].city): q for q in users}
        if any(not _possible(i, here.get(pair), one) for pair, one in named.items()):
            return
        last = p.every[-1:]
        terms: list[Term] = []
        facts = 0
        for pair, q in here.items():
            if pair not in named:
                terms.append((p.columns.deployments[q].open[0, last], 1.0))
                continue
            for fact in _facts(p, q, named[pair]):
                terms += [(column, -size) for column, size in fact]
                facts += 1
        p.at_least(self, self.place, last, terms, 1.0 - facts)


def _possible(i: Instance, q: int | None, one: Opening) -> bool:
    """Return whether a deployment could do what is told of it: it is planned, in the horizon, with such a level."""
    if q is None or (one.level is not None and one.level > len(i.levels_of(q))):
        return False
    return one.month is None or 0 <= i.grid.period_of(month_number(one.month)) < i.periods


def _facts(p: Problem, q: int, one: Opening) -> list[list[tuple[Ints, float]]]:
    """Return the facts that a launch is told by, each as terms that sum to 1 where it holds and to 0 elsewhere."""
    steps, last = p.columns.deployments[q].open, p.every[-1:]
    facts: list[list[tuple[Ints, float]]] = []
    if one.month is None:
        facts.append([(steps[0, last], 1.0)])
    else:
        quarters = p.instance.grid.quarters
        inside = np.flatnonzero(quarters == quarters[p.instance.grid.period_of(month_number(one.month))])
        before = [(steps[0, inside[:1] - 1], -1.0)] if inside[0] else []
        facts.append([(steps[0, inside[-1:]], 1.0), *before])
    if one.level is not None:
        wider = [(steps[one.level, last], -1.0)] if one.level < len(steps) else []
        facts.append([(steps[one.level - 1, last], 1.0), *wider])
    return facts
