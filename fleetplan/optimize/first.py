"""Some plan soon: the first one that a search tells, with the relaxation's bound, and nothing after it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fleetplan.optimize.alone import Desk
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array
from fleetplan.optimize.pair.board import Board
from fleetplan.optimize.pair.outline import Outline
from fleetplan.optimize.pair.plans import Planner
from fleetplan.optimize.pair.race import Limits, outline_of
from fleetplan.optimize.pair.tree import Relaxation
from fleetplan.optimize.pair.wire import Task
from fleetplan.optimize.rooted import Relaxed, Roots
from fleetplan.optimize.rounding import hold
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import strict_model
from fleetplan.optimize.tidy import whole_columns
from fleetplan.optimize.trials import Deadline, Verdict

GAP, BETTER_S = 1e-2, 0.5
WINDOWS_SHARE = 0.5  # of the time, where some plan is known should they find none


@dataclass(frozen=True, eq=False)
class First:
    """Whether there is a plan, and the first one found with its value and the relaxation's bound (USD)."""

    outcome: Verdict
    x: Array | None = None
    value: float = -np.inf
    bound: float = np.inf


def first_plan(
    f: Formulation, deadline: Deadline, known: Array | None = None, *, near: Roots | None = None, seed: int = 0
) -> First:
    """Return the first plan in whole numbers: about where the relaxation's steps rise, or any where there is none.

    ``known`` are the columns of one that is worth little: where no other is found it is bettered for a moment, its steps held.
    ``near`` are solutions that the relaxation may begin from; this one's is added to them.
    """
    board = Board(f, strict_model(f), whole_columns(f), np.inf, _unheard)
    outline = outline_of(f, board.plan_model, board.whole)
    relaxed = _relaxed(f, outline, near, deadline)
    if relaxed == "none":
        return First("none")
    if relaxed is not None:
        board.take_bound(relaxed.value)
        until = deadline.ends - (0.0 if known is None else (1.0 - WINDOWS_SHARE) * deadline.left_s)
        planner = Planner(Desk(board, Task(outline, seed, None), Limits(until, GAP, deadline.stop)))
        planner.from_relaxation(relaxed.x, first=True)
    if not board.plans and known is not None and board.take_plan(known):
        board.take_plan(_bettered(board, known, deadline))
    if not board.plans and not deadline.over:
        whole = replace(board.plan_model, whole=board.whole)
        answer = solve(whole, time_limit_s=deadline.left_s, gap=1e9, seed=seed, stop=deadline.stop)
        if answer.status == "infeasible" and board.plan_model is f.model:
            return First("none")
        if answer.x is not None:
            board.take_plan(answer.x[: f.model.columns])
    if not board.plans:
        return First("unknown")
    return First("plan", board.plans[0], board.value, max(board.bound, board.value))


def _relaxed(
    f: Formulation, outline: Outline, near: Roots | None, deadline: Deadline
) -> Relaxed | Literal["none"] | None:
    """Return the best solution in fractions; whether there is none; None where it was not found."""
    if near is not None:
        found = near.solved(f.model, deadline.left_s)
        return None if found == "unknown" else found
    root = Relaxation(replace(outline, model=f.model))
    if root.infeasible:
        return "none"
    return Relaxed(root.x, root.value) if root.optimal else None


def _bettered(board: Board, known: Array, deadline: Deadline) -> Array:
    """Return a plan with what opens and is ordered held, and fleets about it bettered for a moment."""
    model, lower, upper = board.plan_model, board.plan_model.lower.copy(), board.plan_model.upper.copy()
    hold(lower, upper, model.whole, np.round(known))
    about = replace(model, lower=lower, upper=upper, whole=board.whole)
    left_s = min(BETTER_S, deadline.left_s)
    found = solve(about, time_limit_s=left_s, gap=GAP, start=known, stop=deadline.stop).x
    return known if found is None else found


def _unheard(_phase: str, _best: float | None, _bound: float | None) -> None:
    """Hear of progress, and tell nobody."""


def surely_none(f: Formulation, seconds: float, stop: threading.Event | None = None) -> bool:
    """Return whether it is proven in so many seconds that no plan in whole numbers keeps every row."""
    model = replace(f.model, whole=whole_columns(f), cost=np.zeros(f.model.columns))
    return solve(model, time_limit_s=seconds, gap=1e9, stop=stop).status == "infeasible"
