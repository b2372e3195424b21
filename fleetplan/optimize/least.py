"""By how little one limit has to give way for a plan in whole numbers: searched for at once, not value after value.

The steps first (what opens, and when), of those deployments alone that fractions need, vehicles in fractions; then vehicles about
them. That is quick, and gives a plan with it; a small problem is gone through as a whole afterwards, so that less is proven to be
too little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fleetplan.optimize.instance import Flags
from fleetplan.optimize.matrix import Array, Model
from fleetplan.optimize.otherwise import Asked
from fleetplan.optimize.rounding import hold, made_whole
from fleetplan.optimize.solve import Solution, solve
from fleetplan.optimize.trials import Deadline, Trials, giving_limits, giving_way, named
from fleetplan.request import AnyConstraint

ROUGHLY, NEARLY = 0.02, 1e-6  # of what has to give way: gaps at which it is little enough
SMALL = 6_000  # columns: such a problem is gone through as a whole


@dataclass(frozen=True, eq=False)
class Limit:
    """A limit that gives way: of a constraint as it is asked and one unit looser, or rows of money by so much a unit.

    Attributes
    ----------
    asked
        What is asked otherwise besides.
    now, looser
        The constraint; None for money.
    group, each
        Which rows of money, and what a unit moves of every one of them.
    """

    asked: Asked
    now: AnyConstraint | None = None
    looser: AnyConstraint | None = None
    group: str = ""
    each: Array | None = None

    def written(self, trials: Trials) -> Model:
        """Return the problem with a last column that gives way, as little as can be."""
        if self.now is not None and self.looser is not None:
            model, columns = giving_limits(trials, trials.strict, self.asked, [(self.now, self.looser)])
        else:
            assert self.each is not None  # noqa: S101  # one of the two
            rows = trials.strict.rows_where(lambda block: named(block) == self.group)
            model, columns = trials.model_of(self.asked, trials.strict), [(rows, -self.each)]
        return giving_way(model, columns, [1.0])


@dataclass(frozen=True, eq=False)
class Given:
    """By how many units a limit gave way, with a plan in whole numbers, shape (columns,)."""

    units: int
    x: Array


def least_whole(
    trials: Trials, limit: Limit, least: int, most: int, deadline: Deadline, near: Array | None = None
) -> Given | None:
    """Return by how few units a limit has to give way for a plan in whole numbers; None where none was found in time.

    Parameters
    ----------
    least, most
        Between which numbers; fewer than ``least`` are known to be too few.
    near
        A solution in fractions with ``least`` of them, shape (columns,), where one is known.
    """
    wider = limit.written(trials)
    wider.cost[-1] /= max(1, least)
    wider.lower[-1], wider.upper[-1] = least, most
    size = trials.formulation.model.columns
    whole, steps = np.append(trials.whole_numbers, True), np.append(trials.formulation.model.whole, False)

    def solved(model: Model, gap: float = ROUGHLY, start: Array | None = None) -> Solution:
        return solve(model, time_limit_s=deadline.left_s, gap=gap, start=start, stop=deadline.stop)

    fractions = near if near is not None else solved(wider).x
    if fractions is None or deadline.over:
        return None
    few = replace(wider, upper=np.append(trials.with_used(wider, fractions).upper[:size], most))
    best = _about_steps(few, steps, whole, solved)
    if best is None and not deadline.over:
        best = solved(replace(few, whole=whole)).x
    if (best is None or size <= SMALL) and not deadline.over:
        best = _better(best, solved(replace(wider, whole=whole), NEARLY, best).x)
    if best is None:
        return None
    x = np.where(trials.whole_numbers, np.round(best[:size]), best[:size])
    trials.found.append(x)
    return Given(round(best[-1]), x)


def _better(one: Array | None, other: Array | None) -> Array | None:
    if one is None or (other is not None and other[-1] < one[-1]):
        return other
    return one


def _about_steps(model: Model, steps: Flags, whole: Flags, solved: Callable[[Model], Solution]) -> Array | None:
    """Return a solution in whole numbers about the best whole steps, vehicles in fractions; None where there is none."""
    rough = solved(replace(model, whole=steps))
    if rough.x is None:
        return None
    lower, upper = model.lower.copy(), model.upper.copy()
    hold(lower, upper, steps, np.round(rough.x))
    return made_whole(replace(model, lower=lower, upper=upper), whole & ~steps, solved, wide=False).x
