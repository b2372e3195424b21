"""The production optimizer: a plan in whole numbers with a proven bound, better with every second until it is good enough.

Small problems are solved here, one step after another, so that the same request gives the same bytes. Large ones go to
two processes side by side (:mod:`fleetplan.optimize.pair`), one for plans, one for the bound. In both, every plan that
is told is whole: vehicles, purchases, stalls. The bound is of the problem with steps whole and vehicles continuous, a
relaxation; where that leaves more open than was asked for, the problem in whole numbers is solved from the best plan on.

Where the request puts markets first, they are counted before anything else (:mod:`fleetplan.optimize.counting`); all of this
is then done among the plans with at least as many.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, partial

import numpy as np

from fleetplan.optimize.alone import solve_alone
from fleetplan.optimize.boxed import solve_by_boxes
from fleetplan.optimize.boxes import Known as KnownBoxes
from fleetplan.optimize.boxes import by_boxes
from fleetplan.optimize.counting import Counted, most_markets
from fleetplan.optimize.ending import Ending, cut_short, ending_of
from fleetplan.optimize.exact import proven_bound
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array, Instance
from fleetplan.optimize.markets import MarketsProven, markets_at, with_markets
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.nothing import nothing
from fleetplan.optimize.pair.board import Board, Report
from fleetplan.optimize.pair.crew import Crew
from fleetplan.optimize.pair.race import Limits, outline_of, race
from fleetplan.optimize.relaxing import limits
from fleetplan.optimize.settling import settle_near
from fleetplan.optimize.solve import attempted
from fleetplan.optimize.strict import strict_model
from fleetplan.optimize.tidy import tidied, whole_columns

SMALL = 600  # levels x periods: below, one process is quicker than starting two
Start = Callable[[], Array | None]
LEAST_S = 1.0
LINEAR_S, HURRIED_S = 60.0, 5.0  # for a linear programme after the search: a person who has stopped it waits
COUNTING_SHARES = 0.3, 0.7
"""Of the time left, for counting markets: at first, and again once their worth is searched out."""


@dataclass(frozen=True, eq=False)
class SearchResult:
    """A plan's columns, its value and the proven bound; where markets come first, what was proven of their number.

    ``others`` are plans found before it, the best first, should the independent checker refuse it. ``nodes`` are those used,
    where they are counted. ``root`` is the linear relaxation's bound, proven in directed rounding; None where it was not.
    ``found`` says that the plan is a finding: it does something, or it is proven that nothing is worth more.
    """

    x: Array
    value: float
    bound: float
    ending: Ending
    seconds: float
    markets: MarketsProven | None = None
    others: tuple[Array, ...] = ()
    nodes: int | None = None
    root: float | None = None
    found: bool = True


def is_small(instance: Instance) -> bool:
    """Return whether a problem is solved by one process."""
    return sum(len(instance.levels_of(q)) for q in range(len(instance.deployments))) * instance.periods <= SMALL


def search(  # noqa: PLR0913  # each is a knob of its own, all by keyword
    formulation: Formulation,
    *,
    time_limit_s: float,
    gap: float,
    seed: int,
    report: Report,
    stop: threading.Event | None = None,
    start: Start | None = None,
    known_bound: Callable[[float], float] | None = None,
    crew: Crew | None = None,
    coarse: Formulation | None = None,
    nodes: NodeClock | None = None,
    boxes: KnownBoxes | None = None,
    firm: bool = False,
) -> SearchResult | None:
    """Return the best plan found, or None if no plan keeps every rule.

    Parameters
    ----------
    start
        Makes a plan in whole numbers to begin with, or None; called at most once, while the processes are at work already.
    known_bound
        Tells a bound proven elsewhere for this problem where it ends the search of a plan worth so much (USD), else infinity;
        asked after ``start``, and for every better plan.
    crew
        Two processes to work with; without them, one step after another here.
    coarse
        The same problem on a coarser grid, as a hint where there are many periods.
    nodes
        Where given, the time limit is counted in nodes, without a crew (:class:`~fleetplan.optimize.nodes.NodeClock`).
    boxes
        What is known of the boxes of this problem from others that go without other structures of launches, and differ in
        nothing else; what is found out is added to it.
    firm
        No first plan is waited for beyond the time limit.

    Where the request puts markets first, the most markets are found before anything else, and ``bound`` then holds for the plans
    that have at least as many as the plan found.

    Raises
    ------
    SolverError
        If the time ran out, or the search was stopped, before any plan was found.
    """
    began, shared = time.monotonic(), boxes or KnownBoxes()
    ends = Limits(began + max(time_limit_s, LEAST_S) if nodes is None else time_limit_s, gap, stop, nodes, firm)
    effort = _Effort(began, ends, seed, report)
    known = _Known(known_bound or _no_bound, cache(start or _no_plan), coarse=coarse, boxes=shared)
    try:
        if formulation.instance.scope.request.objective == "markets_then_npv":
            return _markets_first(formulation, effort, known, crew)
        return _most_valuable(formulation, effort, known, crew)
    finally:
        if boxes is None:  # whoever gave them goes on with them
            shared.end()


def _no_plan() -> None:
    """Return no plan to begin with."""


def _no_bound(_value_usd: float) -> float:
    """Return that no bound is known."""
    return np.inf


@dataclass(frozen=True, eq=False)
class _Effort:
    """How long and how far to search, and who hears of it."""

    began: float
    limits: Limits
    seed: int
    report: Report

    @property
    def over(self) -> bool:
        """Whether time is up or the search was asked to stop."""
        return self.limits.left_s <= 0.0 or self.limits.asked_to_stop


@dataclass(eq=False)
class _Known:
    """What is known beforehand: a bound, a plan to begin with, a plan of any worth (``some``), the problem on a coarser grid.

    ``boxes`` are known of the problem without a demand for markets; ``most`` is the bound once it was told.
    """

    bound: Callable[[float], float]
    start: Start
    some: Array | None = None
    coarse: Formulation | None = None
    boxes: KnownBoxes = field(default_factory=KnownBoxes)
    most: float = np.inf

    def take(self, board: Board) -> None:
        """Put the bound on the board where it ends the search of the best plan there."""
        if np.isinf(self.most) and board.plans:
            self.most = self.bound(board.value)
            board.take_bound(self.most)


def _markets_first(f: Formulation, effort: _Effort, known: _Known, crew: Crew | None) -> SearchResult | None:
    """Count the markets, then search among the plans with that many; again with the time left where more may be possible."""
    best, ends = None, effort.limits
    for share in COUNTING_SHARES:
        effort.report("counting markets", None, None)
        seconds, begin = max(LEAST_S, share * ends.left_s), known.start() if best is None else best.x
        counted = most_markets(f, seconds=seconds, seed=effort.seed, stop=ends.stop, start=begin, nodes=ends.nodes)
        if counted is None:
            return None
        if best is None:
            best = _with_as_many(f, effort, counted, known, crew)
        elif counted.proven.found > markets_at(f, best.x):
            best = _anew(f, effort, counted, known, crew)
        if best is None:
            return None
        proven = counted.proven.with_plan(markets_at(f, best.x))
        ending = best.ending if proven.closed else cut_short(ends.stop, ends.over_at)
        best = replace(best, markets=proven, ending=ending)
        if proven.closed or effort.over:
            break
    return best


def _with_as_many(
    f: Formulation, effort: _Effort, counted: Counted, known: _Known, crew: Crew | None
) -> SearchResult | None:
    """Return the best plan with at least as many markets as were counted; a start helps where it has as many.

    None where it is proven that there is none, as it may be where none was counted.
    """
    least = counted.proven.found
    first = known.start()
    start = first if first is not None and markets_at(f, first) >= least else None
    start = counted.plan if start is None and counted.valued else start
    some = None if counted.valued else counted.plan  # one that is worth telling is begun with
    begun = replace(known, start=lambda: start, some=some, boxes=KnownBoxes())
    try:
        found = _most_valuable(with_markets(f, least), effort, begun, crew)
    finally:
        begun.boxes.end()
    if crew is not None:
        crew.stop()
    return found


def _anew(f: Formulation, effort: _Effort, counted: Counted, known: _Known, crew: Crew | None) -> SearchResult | None:
    """Search again once more markets are found; two processes that have worked on one problem take no other."""
    if crew is None:
        return _with_as_many(f, effort, counted, known, None)
    with Crew(crew.recruit) as fresh:
        return _with_as_many(f, effort, counted, known, fresh)


def _most_valuable(f: Formulation, effort: _Effort, known: _Known, crew: Crew | None) -> SearchResult | None:
    """Return the plan worth most, or None if no plan keeps every rule."""
    board, ends, boxed = _board(f, effort.report, known), effort.limits, by_boxes(f)
    if crew is None or boxed:
        _begin(board, known)
        known.take(board)
    if not board.closed(ends.gap) and not _searched(board, effort, known, crew) and known.some is None:
        return None
    if not boxed:
        _finish(board, ends, effort.seed)
    _bound_somehow(board, effort)
    inherited = board.bound == known.most
    return SearchResult(
        x=board.plans[0],
        value=board.value,
        bound=max(board.bound, board.value),
        ending=ending_of(board.value, board.bound, ends.gap, inherited=inherited, stop=ends.stop, ends=ends.over_at),
        seconds=time.monotonic() - effort.began,
        others=tuple(board.plans[1:]),
        nodes=None if ends.nodes is None else ends.nodes.used,
        root=None if inherited else _root(board, effort),
        found=board.telling or board.found,
    )


def _root(board: Board, effort: _Effort) -> float | None:
    """Return the linear relaxation's bound, proven again from its prices in directed rounding; None if no time is left."""
    model, prices = board.formulation.model, board.prices
    if prices is None and not effort.over:
        left = effort.limits.left_s
        answer = attempted(model, time_limit_s=left, seed=effort.seed, nodes=effort.limits.nodes, relax=True)
        prices = None if answer is None else answer.row_duals
    bound = np.inf if prices is None else proven_bound(model, prices)
    return bound if np.isfinite(bound) else None


def _bound_somehow(board: Board, effort: _Effort) -> None:
    """Bound the problem where a search ended before anything was proven: a plan in hand is not lost for want of a bound.

    Its linear programme is solved if that comes soon; else the bound is what rows and columns say without any prices, which
    takes no time and is high.
    """
    if np.isfinite(board.bound):
        return
    model, limits = board.formulation.model, effort.limits
    seconds = limits.more_s(HURRIED_S if limits.asked_to_stop else LINEAR_S)
    if seconds > 0.0:
        answer = attempted(model, time_limit_s=seconds, seed=effort.seed, relax=True)
        board.take_bound(np.inf if answer is None else answer.bound)
    if not np.isfinite(board.bound):
        board.take_bound(proven_bound(model, np.zeros(model.rows)))


def _board(f: Formulation, report: Report, known: _Known) -> Board:
    """Return a board with what is known: the bound, a plan of any worth and doing nothing, neither of which is told."""
    strict, whole = strict_model(f), whole_columns(f)
    idle = nothing(strict)
    idle = None if idle is None else tidied(f, idle, whole)
    board = Board(f, strict, whole, np.inf, report, untold=known.some, idle=idle)
    there = [x for x in (idle, known.some) if x is not None]
    board.plans = sorted(there, key=lambda x: -f.model.value(x))[:1]  # doing nothing before another of its worth
    return board


def _begin(board: Board, known: _Known) -> None:
    """Put the plan to begin with on the board, and tell of it."""
    start = known.start()
    board.report("searching", None, None)
    if start is not None and board.formulation.model.value(start) > board.value:
        board.plans = [start, *(one for one in board.plans if one is not board.idle)]
        board.tell()


def _searched(board: Board, effort: _Effort, known: _Known, crew: Crew | None) -> bool:
    """Find plans and bounds; return False when it is proven that there is no plan.

    Where rows only relax a rule, plans come from stricter rows; that those have none proves nothing.
    """
    ends, coarse = effort.limits, known.coarse
    if by_boxes(board.formulation):
        return solve_by_boxes(board, ends, seed=effort.seed, known=known.boxes)
    if crew is None:
        return solve_alone(board, ends, seed=effort.seed, start=known.start())
    hint = outline_of(coarse, coarse.model, whole_columns(coarse)) if coarse is not None else None
    return race(
        crew,
        board,
        ends,
        seed=effort.seed,
        meanwhile=partial(_begin, board, known),
        with_plans=partial(known.take, board),
        coarse=hint,
    )


def _finish(board: Board, ends: Limits, seed: int) -> None:
    """Close in whole numbers what the relaxation left open, and settle plans again where rows only relax a rule."""
    f = board.formulation
    if limits(f):
        settle_near(board, board.plans[0], seed, ends.nodes)
        return
    left = ends.left_s
    if board.closed(ends.gap) or left <= 0 or ends.asked_to_stop:
        return
    model = replace(f.model, whole=board.whole)
    answer = attempted(
        model, time_limit_s=left, gap=ends.gap, seed=seed, nodes=ends.nodes, start=board.plans[0], stop=ends.stop
    )
    if answer is None:
        return
    if answer.status != "infeasible":
        board.take_bound(answer.bound)
    if answer.x is not None:
        board.take_plan(answer.x)
