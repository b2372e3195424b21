"""Means, tails and bounds over scenarios.

With values ``v[s]`` of probability ``p[s]``: the tail of a share ``a`` is the mean of the worst values that have the probability
``a`` together (the conditional value at risk, Rockafellar and Uryasev 2000), and the objective ``cvar`` is
``(1 - w) mean + w tail``. Both never fall when a value rises, so of bounds on single values they make bounds on themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fleetplan.request import ScenarioSet

Array = NDArray[np.float64]


def mean(probabilities: Sequence[float], values: Sequence[float]) -> float:
    """Return the mean of values, USD."""
    return float(np.asarray(probabilities, float) @ np.asarray(values, float))


def tail_weights(probabilities: Sequence[float], values: Sequence[float], tail: float) -> Array:
    """Return what each value counts in the mean of the worst: the worst first, together one.

    >>> tail_weights([0.5, 0.5], [1.0, 3.0], 0.75).round(3).tolist()
    [0.667, 0.333]
    """
    p = np.asarray(probabilities, float)
    order = np.argsort(np.asarray(values, float), kind="stable")
    taken = np.minimum(np.cumsum(p[order]), tail)
    weights = np.zeros(len(p))
    weights[order] = np.diff(taken, prepend=0.0) / taken[-1]
    return weights


def tail_mean(probabilities: Sequence[float], values: Sequence[float], tail: float) -> float:
    """Return the mean of the worst values that have the probability ``tail`` together, USD.

    >>> tail_mean([0.25, 0.25, 0.5], [4.0, 2.0, 8.0], 0.5)
    3.0
    """
    return float(tail_weights(probabilities, values, tail) @ np.asarray(values, float))


def weights_of(one: ScenarioSet, probabilities: Sequence[float], values: Sequence[float]) -> Array:
    """Return what each scenario counts in a set's objective at some values; together one.

    The objective is the least weighted sum over all weights of this kind, so the sum with any of them is no less than it.
    """
    p = np.asarray(probabilities, float)
    if one.objective == "expected":
        return p
    return np.asarray((1.0 - one.weight) * p + one.weight * tail_weights(probabilities, values, one.tail))


def objective_of(one: ScenarioSet, probabilities: Sequence[float], values: Sequence[float]) -> float:
    """Return what a set's objective makes of values, USD."""
    return float(weights_of(one, probabilities, values) @ np.asarray(values, float))
