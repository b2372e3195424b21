"""A better plan near a known one, in a second or two: the same launches a little earlier or later, on the same depots.

With ``hat`` for the known plan and ``w`` periods of play, every step that ``hat`` takes in period ``tau`` may be taken from
``tau - w`` to ``tau + w``; steps that ``hat`` never takes stay untaken; depots are ordered as in ``hat``; vehicles are free. What
is found is a plan of the whole problem, its bound is not.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.matrix import Array, Ints, Model
from fleetplan.optimize.solve import solve

PLAY_PERIODS = 8
NEAR_GAP = 2e-3
NEAR_S = 10.0


def near_steps(f: Formulation, x: Array, periods: int) -> tuple[Array, Array]:
    """Return column bounds that keep every step which ``x`` takes within ``periods`` of where it takes it."""
    lower, upper = f.model.lower.copy(), f.model.upper.copy()
    for steps in _step_rows(f):
        up = np.flatnonzero(x[steps] > 0.5)
        if len(up):
            rises = int(up[0])
            upper[steps[: max(0, rises - periods)]] = 0.0
            sure = steps[rises + periods :]
            lower[sure] = np.minimum(1.0, upper[sure])
    return lower, upper


def _step_rows(f: Formulation) -> Iterator[Ints]:
    for own in f.columns.deployments:
        yield from (own.begun, *own.open)


def neighbourhood(f: Formulation, x: Array) -> Model:
    """Return the problem with launches and areas kept near a known solution and depots ordered as in it."""
    lower, upper = near_steps(f, x, PLAY_PERIODS)
    for steps in _step_rows(f):
        if not (x[steps] > 0.5).any():
            upper[steps] = lower[steps]
    for depot in f.columns.depots.values():
        ordered = depot.ordered.ravel()
        lower[ordered] = upper[ordered] = np.clip(np.round(x[ordered]), lower[ordered], upper[ordered])
    return replace(f.model, lower=lower, upper=upper)


def improve(f: Formulation, x: Array, *, seed: int, stop: threading.Event | None = None) -> Array:
    """Return the best solution found near ``x``, or ``x`` itself."""
    answer = solve(neighbourhood(f, x), time_limit_s=NEAR_S, gap=NEAR_GAP, seed=seed, start=x, stop=stop)
    better = answer.x is not None and answer.value is not None and answer.value > f.model.value(x)
    return x if not better or answer.x is None else answer.x
