"""Other launches than some: the rows that cut one structure of a plan off, and leave every other one.

A structure is a list of steps that are taken by a period or are not: a stack opens in a city (in a quarter, to a widest level),
any other one does not open. Not all of them hold, so that of those not taken which are and those taken which are not there is
one at least.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fleetplan.months import month_number
from fleetplan.optimize.instance import Instance
from fleetplan.optimize.rules.base import Problem, Term
from fleetplan.optimize.rules.constraints import ConstraintRule
from fleetplan.request.constraints import Opening, OtherLaunches


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a deployment, by index: its level is open by a period (``taken``), or is not."""

    deployment: int
    level: int
    period: int
    taken: bool


class OtherLaunchesRule(ConstraintRule[OtherLaunches]):
    """The plan is another one."""

    title = "The launches are others than these"

    def write(self, p: Problem) -> None:
        """Ask that at least one step of the structure is otherwise; nothing where one always is."""
        steps = structure_of(p.instance, self.constraint)
        if steps is None:
            return
        terms: list[Term] = [
            (p.columns.deployments[s.deployment].open[s.level, s.period : s.period + 1], -1.0 if s.taken else 1.0)
            for s in steps
        ]
        p.at_least(self, self.place, p.every[-1:], terms, 1.0 - sum(s.taken for s in steps))


def structure_of(i: Instance, c: OtherLaunches) -> tuple[Step, ...] | None:
    """Return the steps that together are the launches which a plan may not have; None where no plan can have them.

    Those of the launches named come first.
    """
    named = {(one.stack, one.city): one for one in c.launches}
    here = {(i.deployments[q].stack, i.deployments[q].city): q for q in i.matching(c.city, None)}
    if any(not _possible(i, here.get(pair), one) for pair, one in named.items()):
        return None
    last = i.periods - 1
    opened = [step for pair, one in named.items() for step in _opened(i, here[pair], one)]
    return (*opened, *(Step(q, 0, last, taken=False) for pair, q in here.items() if pair not in named))


def _possible(i: Instance, q: int | None, one: Opening) -> bool:
    """Return whether a deployment could do what is told of it: it is planned, in the horizon, with such a level."""
    if q is None or (one.level is not None and one.level > len(i.levels_of(q))):
        return False
    return one.month is None or 0 <= i.grid.period_of(month_number(one.month)) < i.periods


def _opened(i: Instance, q: int, one: Opening) -> Iterator[Step]:
    """Yield the steps that a launch is told by."""
    last = i.periods - 1
    if one.month is None:
        yield Step(q, 0, last, taken=True)
    else:
        quarters = i.grid.quarters
        inside = np.flatnonzero(quarters == quarters[i.grid.period_of(month_number(one.month))])
        yield Step(q, 0, int(inside[-1]), taken=True)
        if inside[0]:
            yield Step(q, 0, int(inside[0]) - 1, taken=False)
    if one.level is not None:
        yield Step(q, one.level - 1, last, taken=True)
        if one.level < len(i.levels_of(q)):
            yield Step(q, one.level, last, taken=False)
