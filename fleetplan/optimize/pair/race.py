"""Both processes at work on one problem, until the gap is closed, the time is over or a person stops."""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Flags
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.pair.blocks import LARGE_COLUMNS, blocks_of_columns
from fleetplan.optimize.pair.board import Board
from fleetplan.optimize.pair.crew import WORKERS, Crew, Heard
from fleetplan.optimize.pair.outline import Outline, Steps
from fleetplan.optimize.pair.wire import Found, Over, Proven, Task
from fleetplan.optimize.relaxing import limits as relaxing
from fleetplan.optimize.settling import settle_near

LOG = logging.getLogger(__name__)
POLL_S = 0.05
FIRST_PLAN_S = 60.0  # so long a first plan is waited for when the time is over and there is none
NOTHING_S = 20.0  # the same where doing nothing is a plan, which proves nothing; or when a person stops
FIRST_BOUND_S = 10.0  # and the first bound, by which a plan is judged
IDLE_S = 5.0  # so long plans may stay where they are once the bound is final
LEAST_S = 0.5
HEAD_START_S = 0.4
"""So long the bound process waits at most, while a plan to begin with is made: by then the plan process has its first."""


def outline_of(f: Formulation, model: Model, whole: Flags) -> Outline:
    """Return what a solver process needs of a formulation: no labels; ``model`` may have further rows."""
    cities = {city: k for k, city in enumerate(sorted({d.city for d in f.instance.deployments}))}
    pairs = zip(f.instance.deployments, f.columns.deployments, strict=True)
    steps = tuple(Steps(own.begun, own.open, cities[data.city]) for data, own in pairs if own.open.size)
    orders = [own.ordered.ravel() for own in f.columns.depots.values()]
    starts = np.asarray(f.instance.grid.starts)
    large, of_column = f.model.columns > LARGE_COLUMNS, blocks_of_columns(f)
    blocks, apart = (of_column, None) if large else (None, of_column)
    ordered = np.concatenate([np.zeros(0, np.int64), *orders])
    return Outline(replace(model, blocks=()), whole, steps, ordered, starts, blocks=blocks, apart=apart)


@dataclass(frozen=True, slots=True)
class Limits:
    """When a search ends: ``ends`` in monotonic seconds, or by the clock of nodes where one is given; ``gap`` relative.

    ``firm``: no first plan is waited for beyond that.
    """

    ends: float
    gap: float
    stop: threading.Event | None
    nodes: NodeClock | None = None
    firm: bool = False

    @property
    def left_s(self) -> float:
        """Seconds left, below zero when it is over."""
        return self.ends - (time.monotonic() if self.nodes is None else self.nodes.now())

    def more_s(self, seconds: float) -> float:
        """Return so many seconds for which a first plan is waited for beyond the end, 0 where none is."""
        return 0.0 if self.firm else seconds

    @property
    def asked_to_stop(self) -> bool:
        """Whether the search is to end before its time."""
        return self.stop is not None and self.stop.is_set()

    @property
    def over_at(self) -> float:
        """Monotonic seconds when the time is up; where nodes are counted, never or long ago."""
        if self.nodes is None:
            return self.ends
        return math.inf if self.left_s > 0 else -math.inf

    @property
    def hardly_any(self) -> bool:
        """Whether too little is left to begin something new."""
        return self.left_s < LEAST_S if self.nodes is None else self.left_s <= 0


def race(
    crew: Crew,
    board: Board,
    limits: Limits,
    *,
    seed: int,
    meanwhile: Callable[[], None],
    with_plans: Callable[[], None],
    coarse: Outline | None = None,
) -> bool:
    """Let both processes work until an end is reached; return False when it is proven that there is no plan.

    Parameters
    ----------
    meanwhile
        What is to be done once plans are looked for, before anything is heard: a plan to begin with may be put on the board.
    with_plans
        What is to be done once both are at work, and whenever something was heard: a bound known beforehand may be put on the
        board, once it ends the search.

    Raises
    ------
    SolverError
        If it ended without any plan and without that proof.
    """
    bounds = outline_of(board.formulation, board.formulation.model, board.whole)
    plans = replace(bounds, model=board.plan_model, coarse=coarse)
    known = board.plans[0] if board.found else None
    alike = board.plan_model is board.formulation.model
    crew.begin({"plans": Task(plans, seed, known, gap=limits.gap)})
    later = _Later(partial(crew.begin, {"bounds": Task(bounds, seed, known, told_prices=alike, gap=limits.gap)}))
    meanwhile()  # with two at work: three on two cores would keep a plan to begin with from coming soon
    later.now()
    with_plans()
    if board.found and board.plans[0] is not known:
        for who in WORKERS:
            crew.tell(who, Found("plan", board.plans[0], board.value, "parent"))
    over: dict[str, Over] = {}
    by_block, patience = bounds.blocks is not None, _Patience(board, limits)
    while not patience.ended() and not _exhausted(over, board, by_block=by_block):
        try:
            heard = crew.inbox.get(timeout=POLL_S)
        except queue.Empty:
            continue
        if isinstance(heard.message, Over):
            over[heard.who] = heard.message
            if heard.message.infeasible and not board.plans and _proves(board, heard):
                return False
            if heard.message.message:
                LOG.error("the %s process: %s", heard.who, heard.message.message)
        else:
            _hear(crew, board, heard, seed, by_block=by_block)
            with_plans()
    if not board.plans:
        told = "; ".join(f"{who}: {o.message}" for who, o in over.items() if o.message)
        msg = f"no plan was found in the time given; allow more time or loosen the request{told and f' ({told})'}"
        raise SolverError(msg)
    return True


class _Later:
    """Does something once: when asked to, or after a while."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act, self._lock, self._done = act, threading.Lock(), False
        self._timer = threading.Timer(HEAD_START_S, self.now)
        self._timer.daemon = True
        self._timer.start()

    def now(self) -> None:
        """Do it, unless it is done."""
        self._timer.cancel()
        with self._lock:
            if not self._done:
                self._done = True
                self._act()


def _exhausted(over: Mapping[str, Over], board: Board, *, by_block: bool) -> bool:
    """Return whether nothing more is to be hoped for: both ended, or the bound is final and plans have stayed where they are.

    Plans by block end by themselves, and take their time.
    """
    idle = not by_block and bool(board.plans) and time.monotonic() - board.changed > IDLE_S
    return len(over) == len(WORKERS) or ("bounds" in over and not over["bounds"].message and idle)


def _proves(board: Board, heard: Heard) -> bool:
    """Return whether what a process proves holds for the problem: the plan process may work under stricter rows."""
    return heard.who == "bounds" or not relaxing(board.formulation)


def _hear(crew: Crew, board: Board, heard: Heard, seed: int, *, by_block: bool) -> None:
    """Take what a process tells, and pass on what the other has use for: prices only where it works by block."""
    message = heard.message
    if isinstance(message, Proven):
        if _proves(board, heard):
            board.take_bound(message.bound_usd)
            board.prices = board.prices if message.prices is None else message.prices
            if by_block and heard.who == "plans" and message.prices is not None:
                crew.tell("bounds", message)
    elif isinstance(message, Found) and message.kind == "steps" and relaxing(board.formulation):
        settle_near(board, message.x, seed)
    elif isinstance(message, Found) and message.kind == "steps":
        crew.tell("plans", message)
    elif isinstance(message, Found) and board.take_plan(message.x):
        crew.tell(
            "bounds" if heard.who == "plans" else "plans", Found("plan", board.plans[0], board.value, message.way)
        )


@dataclass(eq=False)
class _Patience:
    """How long to go on: no longer than asked for with a plan and a bound in hand, a while longer for the first of each."""

    board: Board
    limits: Limits
    _asked_at: float = math.inf

    def ended(self) -> bool:
        """Return whether to end now."""
        if self.board.closed(self.limits.gap):
            return True
        now = time.monotonic()
        if self.limits.asked_to_stop:
            self._asked_at = min(self._asked_at, now)
        if not self.board.plans:
            return -self.limits.left_s >= self.limits.more_s(FIRST_PLAN_S)
        late = max(-self.limits.left_s, now - self._asked_at)
        return late >= self._more_s()

    def _more_s(self) -> float:
        """Return for how long to go on where there is a plan."""
        if not self.board.found:
            return self.limits.more_s(NOTHING_S)
        return 0.0 if math.isfinite(self.board.bound) else self.limits.more_s(FIRST_BOUND_S)
