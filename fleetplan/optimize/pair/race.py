"""Both processes at work on one problem, until the gap is closed, the time is over or a person stops."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.ending import tolerance_usd
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array, Flags
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.pair.crew import WORKERS, Crew, Heard
from fleetplan.optimize.pair.outline import Outline, Steps
from fleetplan.optimize.pair.wire import Found, Over, Proven, Task
from fleetplan.optimize.strict import kept
from fleetplan.optimize.tidy import tidied

LOG = logging.getLogger(__name__)
POLL_S = 0.05
FIRST_PLAN_S = 60.0  # so long a first plan is waited for when the time is over and there is none
MISSED = 1e-3  # a plan that breaks a row by more is none
IDLE_S = 5.0  # so long plans may stay where they are once the bound is final
KEPT = 4  # earlier plans kept, should the independent checker refuse the best
Report = Callable[[str, float | None, float | None], None]


def outline_of(f: Formulation, model: Model, whole: Flags) -> Outline:
    """Return what a solver process needs of a formulation; ``model`` may have further rows."""
    cities = {city: k for k, city in enumerate(sorted({d.city for d in f.instance.deployments}))}
    pairs = zip(f.instance.deployments, f.columns.deployments, strict=True)
    steps = tuple(Steps(own.begun, own.open, cities[data.city]) for data, own in pairs if own.open.size)
    orders = [own.ordered.ravel() for own in f.columns.depots.values()]
    starts = np.asarray(f.instance.grid.starts)
    return Outline(model, whole, steps, np.concatenate([np.zeros(0, np.int64), *orders]), starts)


@dataclass(eq=False)
class Board:
    """What is known: plans in whole numbers, the best first, and the bound."""

    formulation: Formulation
    plan_model: Model
    whole: Flags
    bound: float
    report: Report
    plans: list[Array] = field(default_factory=list)
    changed: float = field(default_factory=time.monotonic)  # when the best plan was last bettered

    @property
    def value(self) -> float:
        """Value of the best plan, minus infinity without one."""
        return self.formulation.model.value(self.plans[0]) if self.plans else -np.inf

    def closed(self, gap: float) -> bool:
        """Whether the best plan is within a relative gap of the bound."""
        return bool(self.plans) and self.bound - self.value <= gap * max(abs(self.value), 1.0) + tolerance_usd(
            self.value
        )

    def take_plan(self, x: Array) -> bool:
        """Keep a plan if it is one and better than what is known, and tell of it."""
        plan = tidied(self.formulation, x, self.whole)
        missed = self.formulation.model.worst_violation(plan)
        if missed > MISSED or not kept(self.formulation, plan):
            LOG.error("a plan from a solver misses a row by %g, or the waits, and is not taken", missed)
            return False
        if self.formulation.model.value(plan) <= self.value:
            return False
        self.plans = [plan, *self.plans][:KEPT]
        self.changed = time.monotonic()
        self.tell()
        return True

    def take_bound(self, bound: float) -> None:
        """Keep a bound if it is lower than what is known, and tell of it."""
        if bound < self.bound:
            self.bound = bound
            self.tell()

    def tell(self) -> None:
        """Report the best plan and the bound."""
        phase = "proving" if self.plans else "searching"
        self.report(phase, self.value if self.plans else None, self.bound if np.isfinite(self.bound) else None)


@dataclass(frozen=True, slots=True)
class Limits:
    """When a race ends: ``ends`` in monotonic seconds, ``gap`` relative."""

    ends: float
    gap: float
    stop: threading.Event | None


def race(
    crew: Crew, board: Board, limits: Limits, *, seed: int, start: Array | None, coarse: Outline | None = None
) -> bool:
    """Let both processes work until an end is reached; return False when it is proven that there is no plan.

    Raises
    ------
    SolverError
        If it ended without any plan and without that proof.
    """
    plans = replace(outline_of(board.formulation, board.plan_model, board.whole), coarse=coarse)
    bounds = outline_of(board.formulation, board.formulation.model, board.whole)
    crew.begin({"plans": Task(plans, seed, start), "bounds": Task(bounds, seed, start)})
    over: dict[str, Over] = {}
    while not _ended(board, limits) and not _exhausted(over, board):
        try:
            heard = crew.inbox.get(timeout=POLL_S)
        except queue.Empty:
            continue
        if isinstance(heard.message, Over):
            over[heard.who] = heard.message
            if heard.message.infeasible and not board.plans:
                return False
            if heard.message.message:
                LOG.error("the %s process: %s", heard.who, heard.message.message)
        else:
            _hear(crew, board, heard)
    if not board.plans:
        told = "; ".join(f"{who}: {o.message}" for who, o in over.items() if o.message)
        msg = f"no plan was found in the time given; allow more time (--time-limit) or loosen the request{told and f' ({told})'}"
        raise SolverError(msg)
    return True


def _exhausted(over: Mapping[str, Over], board: Board) -> bool:
    """Return whether nothing more is to be hoped for: both ended, or the bound is final and plans have stayed where they are."""
    idle = bool(board.plans) and time.monotonic() - board.changed > IDLE_S
    return len(over) == len(WORKERS) or ("bounds" in over and not over["bounds"].message and idle)


def _hear(crew: Crew, board: Board, heard: Heard) -> None:
    message = heard.message
    if isinstance(message, Proven):
        board.take_bound(message.bound_usd)
    elif isinstance(message, Found) and message.kind == "steps":
        crew.tell("plans", message)
    elif isinstance(message, Found) and board.take_plan(message.x):
        crew.tell(
            "bounds" if heard.who == "plans" else "plans", Found("plan", board.plans[0], board.value, message.way)
        )


def _ended(board: Board, limits: Limits) -> bool:
    if board.closed(limits.gap):
        return True
    late = time.monotonic() - limits.ends
    asked = limits.stop is not None and limits.stop.is_set()
    return (late >= 0 or asked) if board.plans else late >= FIRST_PLAN_S
