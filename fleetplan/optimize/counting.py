"""How many markets a plan can have: a plan in whole numbers that has them, and the number that no plan exceeds.

The linear relaxation says at once what no plan exceeds. Where the targets ask for as many, or a plan found about the relaxation
of what such plans are worth has as many, that is all. Else steps are made whole and the rest is left continuous: a relaxation
too, so its bound holds for every plan. What it finds is made a plan in whole numbers; where its steps have none, the markets are
counted again with everything whole, under rows that nothing relaxes.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, replace

import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array
from fleetplan.optimize.markets import (
    SCALE,
    MarketsProven,
    counting,
    market_columns,
    markets_asked,
    markets_at,
    with_markets,
)
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.pair.plans import Apart, Planner
from fleetplan.optimize.pair.race import outline_of
from fleetplan.optimize.pair.tree import Relaxation
from fleetplan.optimize.pair.wire import Task
from fleetplan.optimize.relaxing import limits
from fleetplan.optimize.rounding import hold, made_whole
from fleetplan.optimize.solve import Solution, Watching, solve
from fleetplan.optimize.strict import is_plan, strict_model
from fleetplan.optimize.tidy import tidied, whole_columns

NEARLY_WHOLE = 1e-4  # of a market: what a solver's bound may lie below the whole number that it means
FIRST_PLAN_S = 5.0
LATE = "no plan was found in the time given; allow more time or loosen the request"


@dataclass(frozen=True, eq=False)
class Counted:
    """What is proven of the number of markets, and a plan in whole numbers that has as many as were found.

    No plan where every one has as many. ``valued``: the plan was looked for among those worth most, so that it is one to tell.
    """

    proven: MarketsProven
    plan: Array | None
    valued: bool = False


class _AfterFirst(Watching):
    """Set a while after another event, or as soon as some solution is known by then: whoever stops a search keeps a plan."""

    since: float | None = None

    def is_set(self) -> bool:
        """Return whether to stop now."""
        if not self.asked:
            return False
        self.since = time.monotonic() if self.since is None else self.since
        return self.found or time.monotonic() - self.since > FIRST_PLAN_S


@dataclass(frozen=True, eq=False)
class _Count:
    """How to count."""

    seconds: float
    ends: float
    seed: int
    stop: threading.Event | None
    nodes: NodeClock | None
    most: int

    def solve(self, model: Model, start: Array | None) -> Solution:
        """Return the solution with most markets; the gap leaves no whole market open."""
        stop, gap = _AfterFirst(self.stop), 0.5 / max(self.most, 1)
        left = self.seconds if self.nodes is not None else max(FIRST_PLAN_S, self.ends - time.monotonic())
        return solve(
            model,
            time_limit_s=left,
            gap=gap,
            seed=self.seed,
            nodes=self.nodes,
            start=start,
            watch=stop.watch,
            stop=stop,
        )

    def ceiling(self, answer: Solution) -> int:
        """Return the number of markets that a solve's bound leaves possible."""
        return (
            min(self.most, math.floor(answer.bound / SCALE + NEARLY_WHOLE)) if np.isfinite(answer.bound) else self.most
        )


def most_markets(  # each is a knob of its own, all by keyword
    f: Formulation,
    *,
    seconds: float,
    seed: int,
    stop: threading.Event | None = None,
    start: Array | None = None,
    nodes: NodeClock | None = None,
) -> Counted | None:
    """Return the most markets that were found and are proven possible, with such a plan; None if no plan keeps every rule.

    ``start`` is a plan to begin with, and to end with if no other is found; with ``nodes`` the seconds are counted in nodes. A
    search that is asked to stop still looks for a first plan for a few seconds.

    Raises
    ------
    SolverError
        If no plan was found in the time given.
    """
    count = _Count(seconds, time.monotonic() + seconds, seed, stop, nodes, len(market_columns(f)))
    relaxed = solve(counting(f), relax=True)
    if relaxed.status == "infeasible":
        return None
    most = count.ceiling(relaxed)
    if most <= markets_asked(f.instance):
        return Counted(MarketsProven(most, most), None)
    if start is not None and markets_at(f, start) >= most:
        return Counted(MarketsProven(most, most), start)
    plan = None if start is not None else _worth_most(f, most, count)
    return Counted(MarketsProven(most, most), plan, valued=True) if plan is not None else _counted(f, start, count)


def _worth_most(f: Formulation, least: int, count: _Count) -> Array | None:
    """Return a plan with so many markets about where the relaxation of what such plans are worth has its steps, if one is there.

    Limited in looks of the solver: the same on any load.
    """
    bounds = with_markets(f, least)
    outline = outline_of(bounds, strict_model(bounds), whole_columns(f))
    root = Relaxation(outline)
    if not root.optimal:
        return None
    task = Task(outline, count.seed)
    planner = Planner(Apart(task, count.stop, in_looks=count.nodes is None, nodes=count.nodes))
    planner.glimpse(root.x)
    if planner.best is None:
        return None
    plan = tidied(f, planner.best, whole_columns(f))
    return plan if is_plan(f, plan) and markets_at(f, plan) >= least else None


def _counted(f: Formulation, start: Array | None, count: _Count) -> Counted | None:
    """Return the most markets by branch and bound on their number."""
    answer = count.solve(counting(f), start)
    if answer.status == "infeasible":
        return None
    if answer.x is None:
        raise SolverError(LATE)
    most = count.ceiling(answer)
    plan = _with_steps(f, answer.x, count)
    if plan is None:
        again = count.solve(_strictly(f), None)
        if again.x is None and again.status == "infeasible" and not limits(f):
            return None
        plan = _plan(f, again)
        plan = start if plan is None else plan
        if plan is None:  # rows that nothing relaxes forbid some plans, or the time was too short
            raise SolverError(LATE)
        most = most if limits(f) else min(most, count.ceiling(again))
    return Counted(MarketsProven(0, most).with_plan(markets_at(f, plan)), plan)


def _strictly(f: Formulation) -> Model:
    """Return the problem of counting markets in whole numbers, of which every solution is a plan."""
    model = strict_model(f)
    return replace(model, cost=counting(f).cost, constant=0.0, whole=whole_columns(f))


def _with_steps(f: Formulation, x: Array, count: _Count) -> Array | None:
    """Return a plan in whole numbers with the steps of a solution; None if none is found."""
    model, steps = _strictly(f), f.model.whole
    lower, upper = model.lower.copy(), model.upper.copy()
    hold(lower, upper, steps, np.round(x))
    held = replace(model, lower=lower, upper=upper)
    return _plan(f, made_whole(held, model.whole & ~steps, lambda m: count.solve(m, None)))


def _plan(f: Formulation, answer: Solution) -> Array | None:
    """Return a solution in whole numbers as a plan; None if it is none."""
    if answer.x is None:
        return None
    plan = tidied(f, answer.x[: f.model.columns], whole_columns(f))
    return plan if is_plan(f, plan) else None
