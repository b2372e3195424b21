"""One process, one step after another: the same request and seed give the same plan, byte for byte.

The stages of the plan process that find and polish a plan, then branch and bound on the whole problem from there. No
stage ends by the clock but the last, and that one only when all time is spent; where nodes are counted, the clock is
that of the nodes, and nothing depends on how fast they are solved.
"""

from __future__ import annotations

import threading
from dataclasses import replace

from fleetplan.errors import SolverError
from fleetplan.optimize.instance import Array
from fleetplan.optimize.nothing import worth_of_nothing
from fleetplan.optimize.pair.board import Board
from fleetplan.optimize.pair.plans import Planner
from fleetplan.optimize.pair.race import FIRST_PLAN_S, LEAST_S, NOTHING_S, Limits, outline_of
from fleetplan.optimize.pair.tree import Relaxation
from fleetplan.optimize.pair.wholes import hold_dear
from fleetplan.optimize.pair.wire import Found, Message, Proven, Task
from fleetplan.optimize.relaxing import limits as relaxing
from fleetplan.optimize.settling import settle_near
from fleetplan.optimize.solve import Watching, solve

FROM_START = 0.5
"""Of the nodes, for a search in whole numbers from a plan to begin with."""


class Desk:
    """Stands for the channel of a solver process: what is found goes to the board at once."""

    in_looks = False

    def __init__(self, board: Board, task: Task, limits: Limits) -> None:
        self.board, self.task, self.nodes = board, task, limits.nodes
        self.stopped = limits.stop if limits.stop is not None else threading.Event()
        self.best_usd, self.nothing_usd = board.value, task.outline.nothing_usd

    def tell(self, message: Message) -> None:
        """Put a plan or a bound on the board."""
        if isinstance(message, Found):
            self.board.take_plan(message.x)
            self.best_usd = max(self.best_usd, self.board.value)
        elif isinstance(message, Proven):
            self.board.take_bound(message.bound_usd)

    def taken(self) -> list[Found]:
        """Return nothing: nobody else works."""
        return []


class _Kept(Watching):
    """Set when time is up or a person stops, once there is a plan to keep; bounds go to the board meanwhile."""

    def __init__(self, limits: Limits, board: Board) -> None:
        super().__init__(limits.stop, worth_of_nothing(board.formulation.model))
        self.found, self._limits, self._board = board.found, limits, board

    def watch(self, best: float | None, bound: float | None, seconds: float) -> None:
        """Hear of solutions and bounds."""
        super().watch(best, bound, seconds)
        if bound is not None:
            self._board.take_bound(bound)

    def is_set(self) -> bool:
        """Return whether to stop now."""
        late = self._limits.nodes is None and self._limits.left_s <= 0
        return self.found and (self.asked or late)


def _patience_s(board: Board, limits: Limits) -> float:
    """Return for how long a plan is searched for at least where there is none, or none but doing nothing."""
    if not board.plans:
        return limits.more_s(FIRST_PLAN_S)
    return 0.0 if board.found or limits.nodes is not None else limits.more_s(NOTHING_S)


def solve_alone(board: Board, limits: Limits, *, seed: int, start: Array | None) -> bool:
    """Find a plan and prove how good it is; return False when it is proven that there is none.

    Raises
    ------
    SolverError
        If the time ran out before a plan was found.
    """
    outline = outline_of(board.formulation, board.plan_model, board.whole)
    desk = Desk(board, Task(outline, seed, start), limits)
    planner = Planner(desk)
    relaxation = Relaxation(replace(outline, model=board.formulation.model))
    if relaxation.infeasible:
        return False
    if relaxation.optimal:
        board.take_bound(relaxation.value)
        board.prices = relaxation.prices
        if start is not None and limits.nodes is not None and not board.closed(limits.gap):
            _from_start(board, limits, relaxation, seed)
        if not board.closed(limits.gap):
            planner.from_relaxation(relaxation.x, first=True)
    if not board.closed(limits.gap):
        planner.polish()
    return _proven(board, limits, planner, seed)


def _from_start(board: Board, limits: Limits, relaxation: Relaxation, seed: int) -> None:
    """Search the whole problem in whole numbers from a plan to begin with, with some of the nodes: mostly that is all it takes.

    What costs more at the relaxation's prices than that plan leaves open is held where it is, so that what is found holds for
    better plans alone. Where rows only relax a rule, plans come from stricter ones, and nothing is done here.
    """
    model = board.formulation.model
    if board.plan_model is not model:
        return
    known_usd, lower, upper = board.value, model.lower.copy(), model.upper.copy()
    hold_dear(relaxation, lower, upper, board.whole, known_usd)
    answer = solve(
        replace(model, lower=lower, upper=upper, whole=board.whole),
        time_limit_s=limits.left_s * FROM_START,
        gap=limits.gap,
        seed=seed,
        nodes=limits.nodes,
        start=board.plans[0],
        stop=limits.stop,
    )
    board.take_bound(known_usd if answer.status == "infeasible" else max(answer.bound, known_usd))
    if answer.x is not None:
        board.take_plan(answer.x)


def _proven(board: Board, limits: Limits, planner: Planner, seed: int) -> bool:
    """Search the whole problem from the best plan on, vehicles continuous; make a plan of what that finds."""
    if board.plan_model is not board.formulation.model and not board.closed(limits.gap):
        _strictly(board, limits, planner, seed)
    asked = limits.stop is not None and limits.stop.is_set()
    if board.closed(limits.gap) or (board.found and (asked or limits.hardly_any)):
        return True
    left = limits.left_s
    kept = _Kept(limits, board)
    answer = solve(
        board.formulation.model,
        time_limit_s=max(left, _patience_s(board, limits)),
        gap=limits.gap / 2,
        seed=seed,
        nodes=limits.nodes,
        start=board.plans[0] if board.plans else None,
        watch=kept.watch,
        stop=kept,
    )
    if answer.status == "infeasible":
        return False
    board.take_bound(answer.bound)
    if answer.x is not None and relaxing(board.formulation):
        settle_near(board, answer.x, seed, limits.nodes)
    elif answer.x is not None:
        planner.settle(answer.x, "branch and bound")
    if not board.plans:
        msg = "no plan was found in the time given; allow more time or loosen the request"
        raise SolverError(msg)
    return True


def _strictly(board: Board, limits: Limits, planner: Planner, seed: int) -> None:
    """Find the best plan under rows that keep what the problem's own rows only relax."""
    left = max(LEAST_S, limits.left_s / 2)
    start = board.plans[0] if board.plans else None
    answer = solve(
        board.plan_model,
        time_limit_s=left,
        gap=limits.gap / 2,
        seed=seed,
        nodes=limits.nodes,
        start=start,
        stop=limits.stop,
    )
    if answer.x is not None:
        planner.settle(answer.x, "strict rows")
