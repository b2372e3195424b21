"""The production optimizer: a plan in whole vehicles with a proven bound.

1. Search: the monolithic matrix with programmes, openings and areas whole, depot orders and vehicles continuous. That is a
   relaxation, so its bound bounds every plan. At a gap of a percent or two depot orders are settled; then all steps whole,
   first near the plan found, every step within two periods; then on from there until the gap is proven.
   From a plan known beforehand (a rerun): the whole problem at once.
2. Whole numbers: all steps kept; vehicles, stalls and purchases whole. A small problem. Where that leaves more open than the
   gap asked for, the whole problem in whole numbers, from there until the gap is proven or the time is over.
3. Prices: the steps kept, the linear programme that remains gives local prices.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.ending import Ending, cut_short, ending_of, tolerance_usd
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array, Flags
from fleetplan.optimize.markets import SCALE as MARKET_SCALE
from fleetplan.optimize.markets import MarketsProven, counting, market_columns, markets_at, with_markets
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.nearby import NEAR_GAP, near_steps
from fleetplan.optimize.solve import Solution, solve
from fleetplan.optimize.strict import everywhere, limits, near
from fleetplan.optimize.tidy import tidied

WHOLE_GAP = 2e-4
WHOLE_SHARE_OF_TIME = 0.1
LEAST_WHOLE_S = 5.0
FIRST_GAP = 0.015  # where the first search hands over to improving near its plan
NEAR_SHARE = 0.35
SETTLE_SHARE = 0.2
LEAST_SETTLE_S = 5.0
WINDOW = 2  # periods
SETTLED = 1e-6
ROUGH_GAP = 0.02
MARKETS_SHARE = 0.3  # of the time, for counting markets where they come first
WHOLE_MARKET = 1e-6
SETTLINGS = 4
Report = Callable[[str, float | None, float | None], None]


@dataclass(frozen=True, eq=False)
class SearchResult:
    """A plan's columns, its value and the proven bound; where markets come first, what was proven of their number."""

    x: Array
    value: float
    bound: float
    ending: Ending
    seconds: float
    markets: MarketsProven | None = None


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


def _sites_relaxed(formulation: Formulation) -> Model:
    """Return the matrix with depot orders continuous: a relaxation, so its bound holds; orders become whole at the end."""
    whole = formulation.model.whole.copy()
    for depot in formulation.columns.depots.values():
        whole[depot.ordered.ravel()] = False
    return replace(formulation.model, whole=whole)


class _Climb:
    """The best steps found so far and the best bound, over several solves that share one clock."""

    def __init__(self, limit_s: float, seed: int, report: Report, stop: threading.Event | None) -> None:
        self.ends = time.monotonic() + limit_s
        self.seed, self.report, self.stop = seed, report, stop
        self.best: Solution | None = None
        self.bound = np.inf

    def begin(self, model: Model, start: Array | None, bound: float) -> None:
        """Take over a plan and a bound known beforehand."""
        self.bound = bound
        if start is not None:
            self.best = Solution("stopped", start, model.value(start), bound, 0.0)

    @property
    def gap(self) -> float:
        """The proven relative gap of the best steps."""
        if self.best is None or self.best.value is None:
            return np.inf
        return float((self.bound - self.best.value) / max(abs(self.best.value), 1.0))

    @property
    def over(self) -> bool:
        """Whether time is up or the search was asked to stop."""
        return time.monotonic() >= self.ends or bool(self.stop is not None and self.stop.is_set())

    def relax(self, model: Model, gap: float) -> Solution:
        """Solve a relaxation: its bound counts, its solution is no plan yet."""

        def watch(_: float | None, bound: float | None, __: float) -> None:
            self.report("searching", None, bound)

        left = max(0.5, self.ends - time.monotonic())
        answer = solve(model, time_limit_s=left, gap=gap, seed=self.seed, watch=watch, stop=self.stop)
        if answer.status != "infeasible":
            self.bound = min(self.bound, answer.bound)
        return answer

    def settle(self, model: Model, start: Array) -> None:
        """Make a plan of a relaxation's solution. Short, and done even when asked to stop, so that there is a plan to keep."""

        def watch(best: float | None, _: float | None, __: float) -> None:
            self.report("settling depots", best, self.bound if np.isfinite(self.bound) else None)

        watch(None, None, 0.0)
        left = max(LEAST_SETTLE_S, (self.ends - time.monotonic()) * SETTLE_SHARE)
        asked_to_stop = self.stop is not None and self.stop.is_set()
        gap = ROUGH_GAP if asked_to_stop else WHOLE_GAP
        self._keep(solve(model, time_limit_s=left, gap=gap, seed=self.seed, start=start, watch=watch))

    def solve(
        self, phase: str, model: Model, gap: float, share: float, *, bounds: bool, start: Array | None
    ) -> Solution:
        """Solve one model with all steps whole; ``bounds`` says whether its bound holds for the whole problem."""

        def watch(best: float | None, bound: float | None, _: float) -> None:
            known = self.best.value if self.best is not None else None
            value = max((v for v in (best, known) if v is not None), default=None)
            proven = min(self.bound, bound) if bounds and bound is not None else self.bound
            self.report(phase, value, proven if np.isfinite(proven) else None)

        left = max(0.5, (self.ends - time.monotonic()) * share)
        answer = solve(model, time_limit_s=left, gap=gap, seed=self.seed, start=start, watch=watch, stop=self.stop)
        if bounds and answer.status != "infeasible":
            self.bound = min(self.bound, answer.bound)
        self._keep(answer)
        return answer

    def finish(self, whole_model: Model, gap: float, plan: Solution) -> Solution:
        """Search on in whole numbers from a plan in whole numbers that leaves too much open, and return the best of them."""
        self.best = plan
        if self.gap > gap and not self.over:
            self.solve("proving", whole_model, gap, 1.0, bounds=True, start=plan.x)
        return self.best

    def _keep(self, answer: Solution) -> None:
        known = self.best.value if self.best is not None else None
        if answer.x is not None and answer.value is not None and (known is None or answer.value > known):
            self.best = answer


def _climb_from(formulation: Formulation, climb: _Climb, gap: float, start: Array) -> bool:
    """Search on from a plan, depot orders whole throughout: such plans lose next to nothing when all is made whole."""
    if climb.gap <= gap:
        return True
    return climb.solve("searching", formulation.model, gap, 1.0, bounds=True, start=start).status != "infeasible"


def _climb(formulation: Formulation, climb: _Climb, gap: float) -> bool:
    """Search from nothing: depot orders continuous, then settled, then on with all steps whole; False when infeasible."""
    model = formulation.model
    first = climb.relax(_sites_relaxed(formulation), max(gap, FIRST_GAP))
    if first.status == "infeasible":
        return False
    if first.x is not None:
        settled = model.whole & (np.abs(first.x - np.round(first.x)) < SETTLED)
        ordered = np.where(model.whole, np.ceil(first.x - SETTLED), first.x)  # a site half ordered is ordered
        kept = _kept(model, first.x, settled, model.whole)
        climb.settle(kept, ordered)
    if climb.best is not None and climb.best.x is not None and climb.gap > gap and not climb.over:
        lower, upper = near_steps(formulation, climb.best.x, WINDOW)
        near = replace(model, lower=lower, upper=upper)
        climb.solve("improving", near, NEAR_GAP, NEAR_SHARE, bounds=False, start=climb.best.x)
    if climb.gap > gap and (not climb.over or climb.best is None):
        known = climb.best.x if climb.best is not None else None
        last = climb.solve("proving", model, gap, 1.0, bounds=True, start=known)
        return last.status != "infeasible"
    return True


def search(
    formulation: Formulation,
    *,
    time_limit_s: float,
    gap: float,
    seed: int,
    report: Report,
    stop: threading.Event | None = None,
    start: Array | None = None,
    known_bound: float = np.inf,
) -> SearchResult | None:
    """Return the best plan found, or None if no plan keeps every rule.

    ``start`` is a plan to begin with; one within the gap of ``known_bound`` (proven elsewhere for this problem) needs no search.
    Where the request puts markets first, the most markets are found before anything else, and ``bound`` then holds for the plans
    that have at least as many as the plan found.

    Raises
    ------
    SolverError
        If the time ran out, or the search was stopped, before any plan was found.
    """
    began = time.monotonic()
    report("searching", None, None)
    markets = None
    if formulation.instance.scope.request.objective == "markets_then_npv":
        counted = _most_markets(formulation, time_limit_s * MARKETS_SHARE, seed, stop, start)
        if counted is None:
            return None
        markets, start = counted
        formulation = with_markets(formulation, markets.found)
    finish_s = min(30.0, max(LEAST_WHOLE_S, WHOLE_SHARE_OF_TIME * time_limit_s))
    left = time_limit_s - (time.monotonic() - began)
    climb = _Climb(max(1.0, left - finish_s), seed, report, stop)
    climb.begin(formulation.model, start, known_bound)
    wanted = max(gap - 4 * WHOLE_GAP, gap / 2)
    if not (_climb(formulation, climb, wanted) if start is None else _climb_from(formulation, climb, wanted, start)):
        return None
    if climb.best is None or climb.best.x is None:
        msg = "no plan was found in the time given; allow more time (--time-limit) or loosen the request"
        raise SolverError(msg)
    report("whole vehicles", climb.best.value, climb.bound)
    plan = _whole_plan(formulation, climb.best.x, finish_s, seed)
    if plan is None:
        return None
    climb.ends = began + time_limit_s
    if not limits(formulation):
        whole = replace(formulation.model, whole=whole_columns(formulation))
        best = climb.finish(whole, gap, Solution("stopped", plan, formulation.model.value(plan), climb.bound, 0.0))
        assert best.x is not None  # noqa: S101  # the plan it began with has columns
        plan = tidied(formulation, best.x, whole_columns(formulation))
    value = formulation.model.value(plan)
    return SearchResult(
        x=plan,
        value=value,
        bound=max(climb.bound, value),
        ending=cut_short(stop)
        if markets is not None and markets.found < markets.most
        else ending_of(value, climb.bound, gap, inherited=climb.bound == known_bound, stop=stop),
        seconds=time.monotonic() - began,
        markets=markets,
    )


def _most_markets(
    f: Formulation, seconds: float, seed: int, stop: threading.Event | None, start: Array | None
) -> tuple[MarketsProven, Array] | None:
    """Return the most markets that a plan can have, with such a plan; None if no plan keeps every rule."""
    model = counting(f)
    most = len(market_columns(f))
    stay = stop if start is not None else None  # without any plan to keep, one is found even when asked to stop
    answer = solve(model, time_limit_s=seconds, gap=0.5 / max(most, 1), seed=seed, start=start, stop=stay)
    if answer.status == "infeasible":
        return None
    if answer.x is None:
        msg = "no plan was found in the time given; allow more time (--time-limit) or loosen the request"
        raise SolverError(msg)
    found = markets_at(f, answer.x)
    bound = answer.bound / MARKET_SCALE if np.isfinite(answer.bound) else float(most)
    return MarketsProven(found, max(found, min(most, math.floor(bound + WHOLE_MARKET)))), answer.x


def _whole_plan(f: Formulation, steps: Array, seconds: float, seed: int) -> Array | None:
    """Return the plan in whole vehicles, stalls and purchases: steps kept, and all freed again where that leaves no plan."""
    whole = whole_columns(f)
    if limits(f):
        return _strict_plan(f, steps, whole, seconds, seed)
    final = solve(_kept(f.model, steps, f.model.whole, whole), time_limit_s=seconds, gap=WHOLE_GAP, seed=seed)
    if final.x is None:
        freed = replace(f.model, whole=whole)
        final = solve(freed, time_limit_s=seconds, gap=ROUGH_GAP, seed=seed, start=steps)
    return _found(f, final, whole)


def _found(f: Formulation, answer: Solution, whole: Flags) -> Array | None:
    """Return a solution as a plan; None if there is none.

    Raises
    ------
    SolverError
        If the time ran out before one was found.
    """
    if answer.x is not None:
        return tidied(f, answer.x[: f.model.columns], whole)
    if answer.status == "infeasible":
        return None
    msg = "no plan in whole vehicles was found; allow more time (--time-limit)"
    raise SolverError(msg)


def _strict_plan(f: Formulation, steps: Array, whole: Flags, seconds: float, seed: int) -> Array | None:
    """Return the best plan found under rows that keep what the formulation's own rows only relax.

    The steps of the relaxation's solution with fleets that keep the rules near it, settled again around what comes out as long as
    that helps; and the plan under rows that keep them everywhere, from which the same is tried.
    """
    tried = [_settled(f, steps, whole, seconds, seed)]
    strict = everywhere(f)
    answer = solve(replace(strict, whole=whole), time_limit_s=seconds, gap=ROUGH_GAP, seed=seed)
    if answer.x is not None:
        plan = tidied(f, answer.x, whole)
        tried += [plan, _settled(f, plan, whole, seconds, seed)]
    plans = [plan for plan in tried if plan is not None]
    if not plans:
        msg = "no plan was found that keeps the waits asked for; allow more time (--time-limit) or a longer wait"
        raise SolverError(msg)
    return max(plans, key=f.model.value)


def _settled(f: Formulation, x: Array, whole: Flags, seconds: float, seed: int) -> Array | None:
    best: Array | None = None
    for _ in range(SETTLINGS):
        model = near(f, x)
        if model is None:
            break
        answer = solve(replace(model, whole=whole & ~f.model.whole), time_limit_s=seconds, gap=WHOLE_GAP, seed=seed)
        if answer.x is None:
            break
        x = tidied(f, answer.x[: f.model.columns], whole)
        better = best is None or f.model.value(x) > f.model.value(best) + tolerance_usd(f.model.value(x))
        if not better:
            break
        best = x
    return best
