"""A better plan near a known one, in a second or two: the same launches a little earlier or later, on the same depots.

With ``hat`` for the known plan and ``w`` periods of play, every step that ``hat`` takes in period ``tau`` may be taken from
``tau - w`` to ``tau + w``; steps that ``hat`` never takes stay untaken; depots are ordered as in ``hat``; vehicles are free. What
is found is a plan of the whole problem, its bound is not.
"""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.matrix import Array, Ints, Model
from fleetplan.optimize.solve import solve

PLAY_PERIODS = 8
NEAR_GAP = 2e-3
NEAR_S = 10.0


def _played(steps: Ints, x: Array, lower: Array, upper: Array) -> None:
    """Bound one row of step columns to ``PLAY_PERIODS`` around the period in which it rises, in place."""
    up = np.flatnonzero(x[steps] > 0.5)
    if not len(up):
        upper[steps] = lower[steps]
        return
    rises = int(up[0])
    upper[steps[: max(0, rises - PLAY_PERIODS)]] = 0.0
    sure = steps[rises + PLAY_PERIODS :]
    lower[sure] = np.minimum(1.0, upper[sure])


def neighbourhood(f: Formulation, x: Array) -> Model:
    """Return the problem with launches and areas kept near a known solution and depots ordered as in it."""
    lower, upper = f.model.lower.copy(), f.model.upper.copy()
    for own in f.columns.deployments:
        for steps in (own.begun, *own.open):
            _played(steps, x, lower, upper)
    for depot in f.columns.depots.values():
        ordered = depot.ordered.ravel()
        lower[ordered] = upper[ordered] = np.clip(np.round(x[ordered]), lower[ordered], upper[ordered])
    return replace(f.model, lower=lower, upper=upper)


def improve(f: Formulation, x: Array, *, seed: int, stop: threading.Event | None = None) -> Array:
    """Return the best solution found near ``x``, or ``x`` itself."""
    answer = solve(neighbourhood(f, x), time_limit_s=NEAR_S, gap=NEAR_GAP, seed=seed, start=x, stop=stop)
    better = answer.x is not None and answer.value is not None and answer.value > f.model.value(x)
    return x if not better or answer.x is None else answer.x
