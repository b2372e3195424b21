"""What is settled held, and vehicles, purchases and stalls made whole about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fleetplan.optimize.instance import Flags
from fleetplan.optimize.matrix import Array, Model
from fleetplan.optimize.solve import Solution

TOLERANCE = 1e-6
PLAYS = (1.0, 0.01), (2.0, 0.02), (4.0, 0.04)
"""By which a number may lie beyond the two whole ones about the relaxation's, tried one after another: so many, and a share of
it. A fleet that has lost half a vehicle to rounding grows from what is left, so that large fleets lie farther off than small."""


def hold(lower: Array, upper: Array, columns: Flags, at: Array) -> None:
    """Hold columns at values, or as near to them as their bounds let them be, in place; shapes (columns,)."""
    kept = np.clip(at, lower, upper)
    lower[columns], upper[columns] = kept[columns], kept[columns]


def made_whole(
    model: Model, whole: Flags, solve: Callable[[Model], Solution], least_usd: float = -np.inf, *, wide: bool = True
) -> Solution:
    """Return the best solution of a model with some columns whole; one without ``x`` if it has none worth more than the least.

    First near the numbers of its linear relaxation: on the reference request that takes 0.2 s instead of 1 to 5, and costs
    0.01 to 0.1 % of the worth. If there is none near them, a little farther off, and at last anywhere (``wide``).

    Parameters
    ----------
    whole
        Columns that are whole, shape (columns,); ``model.whole`` counts for nothing.
    solve
        Solves a model to the gap that is wanted.
    """
    rest = whole & (model.upper > model.lower)
    relaxed = solve(replace(model, whole=np.zeros_like(rest)))
    if relaxed.x is None or relaxed.value is None or relaxed.value <= least_usd:
        return replace(relaxed, x=None, value=None)
    down, up = np.floor(relaxed.x + TOLERANCE), np.ceil(relaxed.x - TOLERANCE)
    for more, share in PLAYS:
        play = np.ceil(more + share * np.abs(relaxed.x))
        low = np.where(rest, np.maximum(model.lower, down - play), model.lower)
        high = np.where(rest, np.minimum(model.upper, up + play), model.upper)
        near = solve(replace(model, lower=low, upper=np.maximum(low, high), whole=rest))
        if near.status != "infeasible":
            return near
    return solve(replace(model, whole=rest)) if wide else near
