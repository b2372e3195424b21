"""The production optimizer: a plan in whole numbers with a proven bound, better with every second until it is good enough.

Small problems are solved here, one step after another, so that the same request gives the same bytes. Large ones go to
two processes side by side (:mod:`fleetplan.optimize.pair`), one for plans, one for the bound. In both, every plan that
is told is whole: vehicles, purchases, stalls. The bound is of the problem with steps whole and vehicles continuous, a
relaxation; where that leaves more open than was asked for, the problem in whole numbers is solved from the best plan on.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, replace

import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.alone import solve_alone
from fleetplan.optimize.ending import Ending, cut_short, ending_of
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array, Instance
from fleetplan.optimize.markets import SCALE as MARKET_SCALE
from fleetplan.optimize.markets import MarketsProven, counting, market_columns, markets_at, with_markets
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.pair.board import Board, Report
from fleetplan.optimize.pair.crew import Crew
from fleetplan.optimize.pair.race import Limits, outline_of, race
from fleetplan.optimize.settling import settle_near
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import limits, strict_model
from fleetplan.optimize.tidy import whole_columns

SMALL = 600  # levels x periods: below, one process is quicker than starting two
LEAST_S = 1.0
MARKETS_SHARE = 0.3  # of the time, for counting markets where they come first
WHOLE_MARKET = 1e-6


@dataclass(frozen=True, eq=False)
class SearchResult:
    """A plan's columns, its value and the proven bound; where markets come first, what was proven of their number.

    ``others`` are plans found before it, the best first, should the independent checker refuse it. ``nodes`` are those used,
    where they are counted.
    """

    x: Array
    value: float
    bound: float
    ending: Ending
    seconds: float
    markets: MarketsProven | None = None
    others: tuple[Array, ...] = ()
    nodes: int | None = None


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
    start: Array | None = None,
    known_bound: float = np.inf,
    crew: Crew | None = None,
    coarse: Formulation | None = None,
    nodes: NodeClock | None = None,
) -> SearchResult | None:
    """Return the best plan found, or None if no plan keeps every rule.

    Parameters
    ----------
    start
        A plan in whole numbers to begin with; one within the gap of ``known_bound`` needs no search.
    known_bound
        A bound proven elsewhere for this problem.
    crew
        Two processes to work with; without them, one step after another here.
    coarse
        The same problem on a coarser grid, as a hint where there are many periods.
    nodes
        Where given, the time limit is counted in nodes, without a crew (:class:`~fleetplan.optimize.nodes.NodeClock`).

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
        counted = _most_markets(formulation, time_limit_s * MARKETS_SHARE, seed, stop, start, nodes)
        if counted is None:
            return None
        markets = counted
        formulation = with_markets(formulation, markets.found)
        start = start if start is not None and markets_at(formulation, start) >= markets.found else None
    ends = Limits(began + max(time_limit_s, LEAST_S) if nodes is None else time_limit_s, gap, stop, nodes)
    board = _board(formulation, known_bound, report, start)
    if not board.closed(gap) and not _searched(board, ends, seed, crew, coarse):
        return None
    _finish(board, ends, seed)
    return SearchResult(
        x=board.plans[0],
        value=board.value,
        bound=max(board.bound, board.value),
        ending=cut_short(stop)
        if markets is not None and markets.found < markets.most
        else ending_of(
            board.value, board.bound, gap, inherited=board.bound == known_bound, stop=stop, ends=ends.over_at
        ),
        seconds=time.monotonic() - began,
        markets=markets,
        others=tuple(board.plans[1:]),
        nodes=None if nodes is None else nodes.used,
    )


def _board(f: Formulation, known_bound: float, report: Report, start: Array | None) -> Board:
    board = Board(f, strict_model(f), whole_columns(f), known_bound, report)
    if start is not None:
        board.plans.append(start)
        board.tell()
    return board


def _searched(board: Board, ends: Limits, seed: int, crew: Crew | None, coarse: Formulation | None) -> bool:
    """Find plans and bounds; return False when it is proven that there is no plan.

    Where rows only relax a rule, plans come from stricter rows; that those have none proves nothing.
    """
    start = board.plans[0] if board.plans else None
    if crew is not None:
        hint = outline_of(coarse, coarse.model, whole_columns(coarse)) if coarse is not None else None
        return race(crew, board, ends, seed=seed, start=start, coarse=hint)
    return solve_alone(board, ends, seed=seed, start=start)


def _finish(board: Board, ends: Limits, seed: int) -> None:
    """Close in whole numbers what the relaxation left open, and settle plans again where rows only relax a rule."""
    f = board.formulation
    if limits(f):
        settle_near(board, board.plans[0], seed, ends.nodes)
        return
    left = ends.left_s
    asked = ends.stop is not None and ends.stop.is_set()
    if board.closed(ends.gap) or left <= 0 or asked:
        return
    model = replace(f.model, whole=board.whole)
    answer = solve(
        model, time_limit_s=left, gap=ends.gap, seed=seed, nodes=ends.nodes, start=board.plans[0], stop=ends.stop
    )
    if answer.status != "infeasible":
        board.take_bound(answer.bound)
    if answer.x is not None:
        board.take_plan(answer.x)


def _most_markets(  # each is a knob of its own
    f: Formulation,
    seconds: float,
    seed: int,
    stop: threading.Event | None,
    start: Array | None,
    nodes: NodeClock | None,
) -> MarketsProven | None:
    """Return the most markets that a plan can have; None if no plan keeps every rule."""
    model = counting(f)
    most = len(market_columns(f))
    stay = stop if start is not None else None  # without any plan to keep, one is found even when asked to stop
    answer = solve(model, time_limit_s=seconds, gap=0.5 / max(most, 1), seed=seed, nodes=nodes, start=start, stop=stay)
    if answer.status == "infeasible":
        return None
    if answer.x is None:
        msg = "no plan was found in the time given; allow more time (--time-limit) or loosen the request"
        raise SolverError(msg)
    found = markets_at(f, answer.x)
    bound = answer.bound / MARKET_SCALE if np.isfinite(answer.bound) else float(most)
    return MarketsProven(found, max(found, min(most, math.floor(bound + WHOLE_MARKET))))
