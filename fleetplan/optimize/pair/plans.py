"""The plan process: finds plans in whole numbers, one better than the other, until it is stopped.

1. Root relaxation. Its pattern of entries (who enters at all) and its windows (when its steps rise) give a small problem;
   settled and made whole it is the first plan. A plan given at the start or meanwhile (a rerun's parent) is what it must beat.
2. Entry tree, best first (:mod:`~fleetplan.optimize.pair.tree`). Every new pattern gives a plan in the same way; a node that
   cannot beat the best plan is left.
3. Polish: every step within two periods of the best plan.
4. Neighbourhoods until stopped: one, two, three cities free, the rest near the best plan.

Steps found by others (the bound process) are made whole on the way.
"""

from __future__ import annotations

import itertools
import threading
import time
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fleetplan.optimize.looks import Looks
from fleetplan.optimize.matrix import Array, Model
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.pair.outline import Outline
from fleetplan.optimize.pair.tree import Relaxation, StepTree
from fleetplan.optimize.pair.windows import from_coarse, near, pattern, windows
from fleetplan.optimize.pair.wire import Channel, Found, Message, Over, Proven, Task, serve
from fleetplan.optimize.rounding import TOLERANCE, hold, made_whole
from fleetplan.optimize.solve import Enough, Solution, solve

FIRST_GAP = 1e-2  # of the first plan's windows: the next ones better it
PATTERN_GAP, PATTERN_S = 3e-3, 3.0
ROUGH_GAP, POLISH_GAP, POLISH_S = 1e-3, 2e-4, 20.0
ANY_PLAN_S = 60.0
LOOKS_PER_S, SOON_LOOKS, GLIMPSE_LOOKS = 3, 20, 6
"""Looks that count as a second where work is limited in them, and after which some solution is enough: any, one to begin with."""

FIRST_S = 0.5  # so long the first plan's windows are looked at, once they hold some solution
WAIT_S = 0.05  # how often plans are looked for while there is none
HEURISTICS = 0.02  # of the effort, in problems that are nearly settled
COARSE_S = 15.0
MONTHS = (2, 3), (5, 6)  # before and after a coarse period's first month, tried one after another
BETTER = 1e-6  # of a plan's value: less is no improvement
NEAR = (0, 1, 0.5), (1, 2, 0.3), (3, 4, 0.1)
"""Windows tried one after another while they hold no plan: periods early, periods late, least entry."""


class Surroundings(Protocol):
    """What a planner hears and tells: the channel of a process, or whoever stands for one."""

    task: Task
    stopped: threading.Event
    best_usd: float
    nothing_usd: float
    nodes: NodeClock | None
    in_looks: bool

    def tell(self, message: Message) -> None:
        """Send a message."""

    def taken(self) -> list[Found]:
        """Return what was given since the last call."""


class Apart:
    """Surroundings of a planner whose plans stay with whoever asked: of a coarser problem, or of a part.

    ``in_looks`` says that its work is limited in looks of the solver, not in seconds: the same on any load. In a part doing
    nothing is as good a plan as any.
    """

    nothing_usd = -float("inf")

    def __init__(
        self, task: Task, stopped: threading.Event | None, *, in_looks: bool = False, nodes: NodeClock | None = None
    ) -> None:
        self.task, self.best_usd, self.in_looks, self.nodes = task, -float("inf"), in_looks, nodes
        self.stopped = stopped if stopped is not None else threading.Event()

    def tell(self, message: Message) -> None:
        """Remember what a plan is worth."""
        if isinstance(message, Found):
            self.best_usd = max(self.best_usd, message.value_usd)

    def taken(self) -> list[Found]:
        """Return nothing: nobody else works here."""
        return []


def looks_in(seconds: float) -> int:
    """Return how many looks of the solver a stage may take that is given so many seconds, at least one.

    >>> looks_in(4.0)
    12
    """
    return max(1, round(LOOKS_PER_S * seconds))


@dataclass(frozen=True, eq=False)
class Effort:
    """How far to go in one problem.

    Attributes
    ----------
    gap
        Relative gap at which to stop.
    start
        A first solution, shape (columns,).
    soon
        What is there after a moment is enough.
    cutoff
        Go on only as long as it may beat the best plan.
    """

    gap: float
    limit_s: float
    start: Array | None = None
    soon: bool = False
    cutoff: bool = True


SITES, WHOLE = Effort(5e-4, 20.0), Effort(4e-4, 20.0)
"""How far to go for depots, and for vehicles once those are settled."""


class Planner:
    """The best plan so far and the ways to better ones."""

    def __init__(self, channel: Surroundings) -> None:
        self.channel = channel
        self.outline: Outline = channel.task.outline
        self.model: Model = self.outline.model
        self.seed = channel.task.seed
        self.settled: set[bytes] = set()  # steps whose vehicles and depots were made whole before
        self.best: Array | None = channel.task.start
        if self.best is not None:
            channel.best_usd = max(channel.best_usd, self.model.value(self.best))

    @property
    def found(self) -> bool:
        """Whether a plan is known that is worth more than doing nothing, where that is one."""
        return self.channel.best_usd > self.channel.nothing_usd

    @property
    def over(self) -> bool:
        """Whether to end: asked to, with a plan to keep."""
        return self.channel.stopped.is_set() and self.found

    def solve(self, lower: Array, upper: Array, whole: NDArray[np.bool_], effort: Effort) -> Solution:
        """Solve the problem within bounds, some columns whole; shapes (columns,)."""
        return self.solved(replace(self.model, lower=lower, upper=upper, whole=whole), effort)

    def solved(self, model: Model, effort: Effort) -> Solution:
        """Solve a problem; without any plan yet, what is there after a moment is enough."""
        known = self.found  # without a plan to keep, one is found even when asked to stop
        stop: threading.Event | None = self.channel.stopped if known else None
        soon, counted = effort.soon or not known, self.channel.in_looks
        timed = soon and not counted and self.channel.nodes is None
        enough = Enough(FIRST_S, stop, self.channel.nothing_usd) if timed else None
        most = looks_in(effort.limit_s)
        return solve(
            model,
            time_limit_s=effort.limit_s,
            looks=Looks(most, SOON_LOOKS if soon else most) if counted else None,
            gap=effort.gap,
            seed=self.seed,
            nodes=self.channel.nodes,
            start=effort.start,
            watch=enough.watch if enough else None,
            stop=enough or stop,
            cutoff=self.channel.best_usd if effort.cutoff else -np.inf,
            heuristics=HEURISTICS,
        )

    def settle(self, x: Array, way: str) -> None:
        """Make a plan of a solution whose steps are whole, and tell it if it is better than the best.

        First with as many depots as its orders come to when rounded up, which is quick; then with depots ordered anew.
        """
        self.settled.add(self.steps_of(x))
        lower, upper = self.outline.bounds()
        steps, orders = self.outline.loose_orders, np.zeros(len(x), dtype=bool)
        orders[self.outline.orders] = True
        hold(lower, upper, steps, np.round(x))
        held = replace(self.model, lower=lower, upper=upper)
        none_yet = not self.found
        self._with_orders(held, orders, np.ceil(x - TOLERANCE), way)
        if none_yet or self.over:
            return
        sited = made_whole(held, orders, lambda m: self.solved(m, SITES), self.channel.best_usd)
        if sited.x is not None:
            self._with_orders(held, orders, np.round(sited.x), way)

    def steps_of(self, x: Array) -> bytes:
        """Return the steps of a solution, so that they are known again."""
        return np.packbits(x[self.outline.loose_orders] > 0.5).tobytes()  # a step is 0 or 1

    def _with_orders(self, held: Model, orders: NDArray[np.bool_], at: Array, way: str) -> None:
        lower, upper = held.lower.copy(), held.upper.copy()
        hold(lower, upper, orders, at)
        rest, ordered = self.outline.whole & ~self.model.whole, replace(held, lower=lower, upper=upper)
        answer = made_whole(ordered, rest, lambda m: self.solved(m, WHOLE), self.channel.best_usd)
        if answer.x is not None:
            self.tell(np.where(self.outline.whole, np.round(answer.x), answer.x), way)

    def tell(self, x: Array, way: str) -> None:
        """Hand over a plan if it is better than what is known."""
        value, best = self.model.value(x), self.channel.best_usd
        if not np.isfinite(best) or value > best + BETTER * max(1.0, abs(best)):
            self.best = x
            self.channel.tell(Found("plan", x, value, way))

    def take(self) -> None:
        """Take over what others found: plans as they are, steps made whole."""
        for given in self.channel.taken():
            if given.kind == "plan" and given.value_usd >= self.channel.best_usd:
                self.best = given.x
            elif given.kind == "steps" and given.value_usd > self.channel.best_usd:
                self.settle(given.x, given.way)

    # --- the stages ---

    def from_relaxation(self, x: Array, *, first: bool = False) -> bool:
        """Find a plan about where a relaxation's steps rise; return whether there was one in the windows at all.

        The ``first`` one is wanted soon: the next ones better it. Windows that hold nothing but doing nothing are widened.
        """
        gap = FIRST_GAP if first else PATTERN_GAP
        for early, late, entry in NEAR:
            lower, upper = windows(self.outline, x, early=early, late=late, entry=entry)
            answer = self.solve(lower, upper, self.outline.loose_orders, Effort(gap, PATTERN_S, soon=first))
            if answer.x is not None and answer.value is not None:
                if answer.value > self.channel.best_usd:  # making it whole never adds to it
                    self.settle(answer.x, "windows")
                if self.found:
                    return True
            if self.over or (self.found and answer.status != "infeasible"):
                return False
        return False

    def glimpse(self, x: Array) -> None:
        """Find a plan in the narrowest windows about a relaxation's solution, if one is there at a glance."""
        early, late, entry = NEAR[0]
        lower, upper = windows(self.outline, x, early=early, late=late, entry=entry)
        most = looks_in(PATTERN_S)
        answer = solve(
            replace(self.model, lower=lower, upper=upper, whole=self.outline.loose_orders),
            time_limit_s=PATTERN_S,
            looks=Looks(most, GLIMPSE_LOOKS),
            gap=FIRST_GAP,
            seed=self.seed,
            nodes=self.channel.nodes,
            heuristics=HEURISTICS,
        )
        if answer.x is not None:
            self.settle(answer.x, "windows")

    def from_coarse(self) -> None:
        """Find a plan about where a plan of the coarser problem has its steps."""
        coarse = self.outline.coarse
        if coarse is None:
            return
        apart = Apart(Task(coarse, self.seed), self.channel.stopped)
        apart.nothing_usd = apart.best_usd = coarse.nothing_usd
        rough = Planner(apart)
        root = Relaxation(coarse)
        if not root.optimal or not rough.from_relaxation(root.x, first=True):
            return
        self._refine(coarse, rough.best)
        rough.polish()
        self._refine(coarse, rough.best)

    def _refine(self, coarse: Outline, plan: Array | None) -> None:
        for early, late in MONTHS if plan is not None else ():
            assert plan is not None  # noqa: S101  # the loop is empty otherwise
            lower, upper = from_coarse(self.outline, coarse, plan, early=early, late=late)
            answer = self.solve(lower, upper, self.outline.loose_orders, Effort(PATTERN_GAP, COARSE_S))
            if answer.x is not None:
                self.settle(answer.x, "coarse grid")
                return

    def any_plan(self) -> None:
        """Find some plan where windows hold none: the whole problem until it has one."""
        answer = self.solve(*self.outline.bounds(), self.model.whole, Effort(FIRST_GAP, ANY_PLAN_S, soon=True))
        if answer.x is not None:
            self.settle(answer.x, "any")

    def polish(self, periods: int = 2) -> None:
        """Improve the best plan, every step within a few periods of it: roughly within one first, which is quick."""
        self.touch_up()
        self._within(periods, POLISH_GAP)

    def touch_up(self) -> None:
        """Improve the best plan roughly, every step within a period of it."""
        self._within(1, ROUGH_GAP)

    def _within(self, periods: int, gap: float) -> None:
        if self.best is not None and not self.over:
            lower, upper = near(self.outline, self.best, periods)
            self._improve(lower, upper, "polish", gap)

    def around(self, cities: frozenset[int]) -> None:
        """Improve the best plan with some cities free, the rest within two periods."""
        if self.best is None:
            return
        lower, upper = near(self.outline, self.best, 2, free=cities)
        self._improve(lower, upper, f"{len(cities)} cities", POLISH_GAP)

    def _improve(self, lower: Array, upper: Array, way: str, gap: float) -> None:
        """Search within bounds with vehicles continuous, and make what that finds whole unless its steps were known."""
        answer = self.solve(lower, upper, self.model.whole, Effort(gap, POLISH_S, start=self.best))
        better = answer.x is not None and answer.value is not None and answer.value > self.channel.best_usd
        if answer.x is not None and better and self.steps_of(answer.x) not in self.settled:
            self.settle(answer.x, way)

    def tree(self, root: Relaxation) -> None:
        """Go through who may enter, most promising first, and find a plan for each, until none can beat the best plan."""
        tree, seen = StepTree(root, entries_only=True), {pattern(self.outline, root.x)}
        while tree.open and not self.over:
            self.take()
            if tree.bound <= self.channel.best_usd:
                return
            if tree.expand() and tree.settled and (found := pattern(self.outline, root.x)) not in seen:
                seen.add(found)
                before = self.channel.best_usd
                self.from_relaxation(root.x)
                if self.channel.best_usd > before:
                    self.touch_up()

    def wander(self) -> None:
        """Free one, two, three cities in turn, at random, until stopped; wider as long as nothing is found."""
        rng = np.random.default_rng(self.seed)
        while self.best is None:  # what others find may still be made whole
            self.take()
            time.sleep(WAIT_S)
        for turn in itertools.count():
            if self.over:
                return
            self.take()
            count = min(1 + turn % 3, self.outline.cities)
            chosen = rng.choice(self.outline.cities, size=count, replace=False)
            self.around(frozenset(int(c) for c in chosen))
            if turn % 4 == 3:  # every fourth time
                self.polish(3)
            if self.outline.cities <= 1 and turn > 8:  # one city: nothing new will come
                return


def work(channel: Channel) -> None:
    """Find plans until stopped."""
    of_column = channel.task.outline.blocks
    if of_column is not None:
        from fleetplan.optimize.pair.asking import Others  # noqa: PLC0415  # only a portfolio needs them
        from fleetplan.optimize.pair.citywise import plan_by_block  # noqa: PLC0415

        if plan_by_block(channel, of_column, Others(channel)):
            return
    planner = Planner(channel)
    planner.from_coarse()
    root = Relaxation(planner.outline)
    if root.infeasible:
        channel.tell(Over(infeasible=True))
        return
    if root.optimal:
        channel.tell(Proven(root.value, "linear relaxation", root.prices))
        planner.from_relaxation(root.x, first=True)
        planner.tree(root)
    if not planner.found:
        planner.any_plan()
    planner.polish()
    planner.wander()


def main() -> None:
    """Be this process."""
    serve(work)


if __name__ == "__main__":
    main()
