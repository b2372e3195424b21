"""The production optimizer: a plan in whole vehicles with a proven bound.

1. Search: the monolithic matrix with step decisions whole and vehicles continuous. Its bound bounds every plan.
2. Whole numbers: step decisions kept, vehicles, stalls and purchases whole; a small problem that loses little.
3. Prices: everything whole kept, the linear programme that remains gives local prices.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.matrix import Array, Model
from fleetplan.optimize.solve import Solution, solve

WHOLE_GAP = 2e-4
WHOLE_SHARE_OF_TIME = 0.25
LEAST_WHOLE_S = 5.0
Report = Callable[[str, float | None, float | None], None]


@dataclass(frozen=True, eq=False)
class SearchResult:
    """A plan's columns, its value, the proven bound and local prices per row (USD a unit)."""

    x: Array
    value: float
    bound: float
    proven: bool
    stopped: bool
    row_prices: Array
    seconds: float


def whole_columns(formulation: Formulation) -> np.ndarray:
    """Return which columns count whole things: vehicles by mode, purchases, stalls, cars at public chargers."""
    columns, whole = formulation.columns, formulation.model.whole.copy()
    for own in columns.deployments:
        whole[own.vehicles.ravel()] = True
    for bought in columns.bought.values():
        whole[bought] = True
    for depot in columns.depots.values():
        whole[depot.stalls.ravel()] = True
        whole[depot.public.ravel()] = True
    return np.asarray(whole)


def _kept(model: Model, x: Array, kept: np.ndarray, whole: np.ndarray) -> Model:
    fixed = np.round(x)
    return replace(
        model,
        lower=np.where(kept, fixed, model.lower),
        upper=np.where(kept, fixed, model.upper),
        whole=whole & ~kept,
    )


def prices_at(model: Model, x: Array, whole: np.ndarray) -> Array:
    """Return row prices of the linear programme that remains when whole columns keep their values.

    Vehicles stay free, so that a price says what one more unit of a limit would be worth near this plan.
    """
    steps = _kept(model, x, model.whole, whole)
    answer = solve(steps, relax=True, time_limit_s=30.0)
    return np.zeros(model.rows) if answer.row_duals is None else np.abs(answer.row_duals)


def search(
    formulation: Formulation,
    *,
    time_limit_s: float,
    gap: float,
    seed: int,
    report: Report,
    stop: threading.Event | None = None,
    start: Array | None = None,
) -> SearchResult | None:
    """Return the best plan found, or None if no plan keeps every rule.

    Raises
    ------
    SolverError
        If the time ran out, or the search was stopped, before any plan was found.
    """
    began = time.monotonic()
    model = formulation.model
    finish_s = min(30.0, max(LEAST_WHOLE_S, WHOLE_SHARE_OF_TIME * time_limit_s))

    def watch(best: float | None, bound: float | None, _: float) -> None:
        report("searching", best, bound)

    report("searching", None, None)
    first = solve(
        model,
        time_limit_s=max(1.0, time_limit_s - finish_s),
        gap=max(gap - 2 * WHOLE_GAP, gap / 2),
        seed=seed,
        start=start,
        watch=watch,
        stop=stop,
    )
    if first.status == "infeasible":
        return None
    if first.x is None:
        msg = "no plan was found in the time given; allow more time (--time-limit) or loosen the request"
        raise SolverError(msg)
    report("whole vehicles", first.value, first.bound)
    whole = whole_columns(formulation)
    final = _whole_plan(model, first, whole, finish_s, seed)
    report("prices", final.value, first.bound)
    prices = prices_at(model, first.x, whole)
    value = final.value if final.value is not None else -np.inf
    assert final.x is not None  # noqa: S101  # _whole_plan raises otherwise
    return SearchResult(
        x=np.where(whole, np.round(final.x), final.x),
        value=value,
        bound=max(first.bound, value),
        proven=first.status == "optimal",
        stopped=bool(stop is not None and stop.is_set()),
        row_prices=prices,
        seconds=time.monotonic() - began,
    )


def _whole_plan(model: Model, first: Solution, whole: np.ndarray, seconds: float, seed: int) -> Solution:
    assert first.x is not None  # noqa: S101
    steps_kept = _kept(model, first.x, model.whole, whole)
    final = solve(steps_kept, time_limit_s=seconds, gap=WHOLE_GAP, seed=seed)
    if final.x is None:
        final = solve(replace(model, whole=whole), time_limit_s=seconds * 2, gap=0.05, seed=seed, start=first.x)
    if final.x is None:
        msg = "no plan in whole vehicles was found; allow more time (--time-limit)"
        raise SolverError(msg)
    return final
