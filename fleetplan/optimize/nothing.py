"""Doing nothing: no programme begun, nothing bought, wherever no row of the request asks for more.

It is a plan of most requests and a finding of few. It is always there, so a search that holds nothing else has found nothing
yet: it is no first plan, and no plan to keep, until the bound proves that none is worth more.
"""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.matrix import Array, Model

MISSED = 1e-3  # of a row: more is no rounding


def nothing(model: Model) -> Array | None:
    """Return the columns of doing nothing, shape (columns,); None where some row or bound forbids it."""
    x = np.clip(0.0, model.lower, model.upper)
    return x if not x[model.whole].any() and model.worst_violation(x) <= MISSED else None


def worth_of_nothing(model: Model) -> float:
    """Return what doing nothing is worth in USD; minus infinity where it is no plan."""
    x = nothing(model)
    return -np.inf if x is None else model.value(x)
