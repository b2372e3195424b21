"""Where steps may rise: bounds on columns made from a relaxation's solution or from a plan."""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.matrix import Array, Ints
from fleetplan.optimize.pair.outline import Outline

LOW, HIGH = 0.02, 0.98  # a step of a relaxation begins to rise, has risen


def windows(o: Outline, x: Array, *, early: int, late: int, entry: float) -> tuple[Array, Array]:
    """Return bounds that let each step rise only about where a relaxation's solution raises it.

    Parameters
    ----------
    x
        A solution of the relaxation, shape (columns,).
    early, late
        Periods before the first with the step above 2 % and after the first above 98 % in which it may rise as well.
    entry
        Deployments whose entry lies below this stay out.
    """
    lower, upper = o.bounds()
    for own in o.steps:
        end = float(x[own.entry])
        for rising in own.rows:
            if end < entry:
                upper[rising] = np.minimum(upper[rising], lower[rising])
            else:
                _window(lower, upper, rising, x[rising] / max(end, 1e-9), (early, late))
    return lower, np.maximum(lower, upper)


def _window(lower: Array, upper: Array, rising: Ints, share: Array, play: tuple[int, int]) -> None:
    """Bound one row of steps, in place; ``share`` is how far it has risen by period."""
    early, late = play
    if share[-1] < LOW:
        upper[rising] = lower[rising]
        return
    first = int(np.argmax(share >= LOW))
    last = int(np.argmax(share >= HIGH)) if (share >= HIGH).any() else len(rising)
    upper[rising[: max(0, first - early)]] = 0.0
    sure = rising[last + late :]
    lower[sure] = np.minimum(1.0, upper[sure])


def from_coarse(o: Outline, coarse: Outline, x: Array, *, early: int, late: int) -> tuple[Array, Array]:
    """Return bounds that let each step rise about when a plan of the coarser problem raises it.

    Parameters
    ----------
    x
        A plan of ``coarse``, whose deployments are those of ``o`` in the same order.
    early, late
        Months before and after the coarse period's first in which the step may rise.
    """
    lower, upper = o.bounds()
    for own, other in zip(o.steps, coarse.steps, strict=True):
        for rising, known in zip(own.rows, other.rows, strict=True):
            up = np.flatnonzero(x[known] > 0.5)
            if not len(up):
                upper[rising] = lower[rising]
                continue
            month = int(coarse.starts[up[0]])
            upper[rising[o.starts < month - early]] = 0.0
            sure = rising[o.starts >= month + late]
            lower[sure] = np.minimum(1.0, upper[sure])
    return lower, np.maximum(lower, upper)


def near(o: Outline, x: Array, periods: int, *, free: frozenset[int] = frozenset()) -> tuple[Array, Array]:
    """Return bounds that keep every step of a plan within ``periods`` of where it rises.

    Steps that the plan never takes stay untaken. Deployments in the cities of ``free`` are not bound at all.
    """
    lower, upper = o.bounds()
    for own in o.steps:
        if own.city not in free:
            for rising in own.rows:
                _near(lower, upper, rising, x, periods)
    return lower, upper


def _near(lower: Array, upper: Array, rising: Ints, x: Array, periods: int) -> None:
    up = np.flatnonzero(x[rising] > 0.5)  # a step is 0 or 1
    if not len(up):
        upper[rising] = lower[rising]
        return
    first = int(up[0])
    upper[rising[: max(0, first - periods)]] = np.maximum(0.0, lower[rising[: max(0, first - periods)]])
    sure = rising[first + periods :]
    lower[sure] = np.minimum(1.0, upper[sure])


def pattern(o: Outline, x: Array) -> tuple[bool, ...]:
    """Return which deployments enter in a relaxation's solution."""
    return tuple((x[o.entries] > 0.5).tolist())  # a step is 0 or 1
