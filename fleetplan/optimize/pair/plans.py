"""The plan process: finds plans in whole numbers, one better than the other, until it is stopped.

1. Root relaxation. Its pattern of entries (who enters at all) and its windows (when its steps rise) give a small
problem; settled and
   made whole it is the first plan. A plan given at the start (a rerun's parent) is polished first.
2. Entry tree, best first: branch on the entry that the relaxation leaves most open. Every new pattern gives a plan in
the same way; a
   node that cannot beat the best plan is left.
3. Polish: every step within two periods of the best plan.
4. Neighbourhoods until stopped: one, two, three cities free, the rest near the best plan.

Steps found by others (the bound process) are made whole on the way.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from dataclasses import dataclass, field, replace
from typing import Protocol

import highspy
import numpy as np
from numpy.typing import NDArray

from fleetplan.optimize.matrix import Array, Model
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.pair.outline import Outline
from fleetplan.optimize.pair.windows import entries_fixed, from_coarse, near, pattern, unsettled, windows
from fleetplan.optimize.pair.wire import Channel, Found, Message, Over, Proven, Task, serve
from fleetplan.optimize.solve import SCALE_USD, Solution, highs_model, new_highs, solve

PATTERN_GAP, PATTERN_S = 3e-3, 20.0
SITES_GAP = 5e-4
WHOLE_GAP, WHOLE_S = 4e-4, 20.0
POLISH_GAP, POLISH_S = 2e-4, 20.0
ANY_PLAN_S = 60.0
HEURISTICS = 0.02  # of the effort, in problems that are nearly settled
COARSE_S = 15.0
MONTHS = (2, 3), (5, 6)  # before and after a coarse period's first month, tried one after another
TOLERANCE = 1e-6
BETTER = 1e-6  # of a plan's value: less is no improvement
NEAR = (0, 1, 0.5), (1, 2, 0.3), (3, 4, 0.1)
"""Windows tried one after another while they hold no plan: periods early, periods late, least entry."""


@dataclass(order=True)
class _Node:
    """A node of the entry tree; the most promising first, the older of two alike."""

    bound: float  # negative: the heap gives the least
    born: int
    fixed: dict[int, float] = field(compare=False)
    basis: highspy.HighsBasis = field(compare=False)


class Surroundings(Protocol):
    """What a planner hears and tells: the channel of a process, or whoever stands for one."""

    task: Task
    stopped: threading.Event
    best_usd: float
    nodes: NodeClock | None

    def tell(self, message: Message) -> None:
        """Send a message."""

    def taken(self) -> list[Found]:
        """Return what was given since the last call."""


class _Rough:
    """Surroundings of a planner whose plans are only a hint."""

    nodes: NodeClock | None = None

    def __init__(self, task: Task, stopped: threading.Event) -> None:
        self.task, self.stopped, self.best_usd = task, stopped, -float("inf")

    def tell(self, message: Message) -> None:
        if isinstance(message, Found):
            self.best_usd = max(self.best_usd, message.value_usd)

    def taken(self) -> list[Found]:
        return []


class Planner:
    """The best plan so far and the ways to better ones."""

    def __init__(self, channel: Surroundings) -> None:
        self.channel = channel
        self.outline: Outline = channel.task.outline
        self.model: Model = self.outline.model
        self.seed = channel.task.seed
        self.best: Array | None = channel.task.start
        if self.best is not None:
            channel.best_usd = max(channel.best_usd, self.model.value(self.best))

    @property
    def over(self) -> bool:
        """Whether to end: asked to, with a plan to keep."""
        return self.channel.stopped.is_set() and bool(np.isfinite(self.channel.best_usd))

    def solve(  # each is a knob of its own
        self,
        lower: Array,
        upper: Array,
        whole: NDArray[np.bool_],
        *,
        gap: float,
        limit_s: float,
        start: Array | None = None,
        cutoff: bool = True,
    ) -> Solution:
        """Solve the problem within bounds; with ``cutoff`` only as long as it may beat the best plan."""
        least = self.channel.best_usd if cutoff else -np.inf
        known = np.isfinite(self.channel.best_usd)  # without a plan to keep, one is found even when asked to stop
        return solve(
            replace(self.model, lower=lower, upper=upper, whole=whole),
            time_limit_s=limit_s,
            gap=gap,
            seed=self.seed,
            nodes=self.channel.nodes,
            start=start,
            stop=self.channel.stopped if known else None,
            cutoff=least,
            heuristics=HEURISTICS,
        )

    def settle(self, x: Array, way: str) -> Array | None:
        """Make a plan of a solution whose steps are whole: depots ordered anew, then the rest whole.

        None if that holds none, or none better than the best.
        """
        lower, upper = self.outline.bounds()
        steps, orders = self.outline.loose_orders, np.zeros(len(x), dtype=bool)
        orders[self.outline.orders] = True
        kept = np.clip(np.round(x), lower, upper)
        lower[steps], upper[steps] = kept[steps], kept[steps]
        target = np.ceil(x - TOLERANCE)
        if np.isfinite(self.channel.best_usd):  # the first plan is wanted at once
            sited = self.solve(lower, upper, orders, gap=SITES_GAP, limit_s=WHOLE_S)
            if sited.x is None:
                return None
            target = np.round(sited.x)
        kept = np.clip(target, lower, upper)
        lower[orders], upper[orders] = kept[orders], kept[orders]
        rest = self.outline.whole & ~self.model.whole
        answer = self.solve(lower, upper, rest, gap=WHOLE_GAP, limit_s=WHOLE_S)
        if answer.x is None:
            return None
        return self.tell(np.where(self.outline.whole, np.round(answer.x), answer.x), way)

    def tell(self, x: Array, way: str) -> Array | None:
        """Hand over a plan if it is better than what is known; return it then."""
        value = self.model.value(x)
        if value <= self.channel.best_usd + BETTER * max(1.0, abs(self.channel.best_usd)):
            return None
        self.best = x
        self.channel.tell(Found("plan", x, value, way))
        return x

    def take(self) -> None:
        """Take over what others found: plans as they are, steps made whole."""
        for given in self.channel.taken():
            if given.kind == "plan" and given.value_usd >= self.channel.best_usd:
                self.best = given.x
            elif given.kind == "steps" and given.value_usd > self.channel.best_usd:
                self.settle(given.x, given.way)

    # --- the stages ---

    def from_relaxation(self, x: Array) -> bool:
        """Find a plan about where a relaxation's steps rise; return whether there was one in the windows at all."""
        for early, late, entry in NEAR:
            lower, upper = windows(self.outline, x, early=early, late=late, entry=entry)
            answer = self.solve(lower, upper, self.outline.loose_orders, gap=PATTERN_GAP, limit_s=PATTERN_S)
            if answer.x is not None:
                self.settle(answer.x, "windows")
                return True
            if self.over or answer.status != "infeasible":
                return False
        return False

    def from_coarse(self) -> None:
        """Find a plan about where a plan of the coarser problem has its steps."""
        coarse = self.outline.coarse
        if coarse is None:
            return
        rough = Planner(_Rough(Task(coarse, self.seed), self.channel.stopped))
        root = Relaxation(coarse)
        if not root.optimal or not rough.from_relaxation(root.x):
            return
        self._refine(coarse, rough.best)
        rough.polish()
        self._refine(coarse, rough.best)

    def _refine(self, coarse: Outline, plan: Array | None) -> None:
        for early, late in MONTHS if plan is not None else ():
            assert plan is not None  # noqa: S101  # the loop is empty otherwise
            lower, upper = from_coarse(self.outline, coarse, plan, early=early, late=late)
            answer = self.solve(lower, upper, self.outline.loose_orders, gap=PATTERN_GAP, limit_s=COARSE_S)
            if answer.x is not None:
                self.settle(answer.x, "coarse grid")
                return

    def any_plan(self) -> None:
        """Find some plan where windows hold none: the whole problem until it has one."""
        answer = self.solve(*self.outline.bounds(), self.model.whole, gap=1e9, limit_s=ANY_PLAN_S, cutoff=False)
        if answer.x is not None:
            self.settle(answer.x, "any")

    def polish(self, periods: int = 2) -> None:
        """Improve the best plan, every step within a few periods of it."""
        if self.best is None:
            return
        lower, upper = near(self.outline, self.best, periods)
        self._improve(lower, upper, "polish")

    def around(self, cities: frozenset[int]) -> None:
        """Improve the best plan with some cities free, the rest within two periods."""
        if self.best is None:
            return
        lower, upper = near(self.outline, self.best, 2, free=cities)
        self._improve(lower, upper, f"{len(cities)} cities")

    def _improve(self, lower: Array, upper: Array, way: str) -> None:
        answer = self.solve(lower, upper, self.model.whole, gap=POLISH_GAP, limit_s=POLISH_S, start=self.best)
        if answer.x is not None and answer.value is not None and answer.value > self.channel.best_usd:
            self.settle(answer.x, way)

    def tree(self, root: Relaxation) -> None:
        """Go through patterns of entries, best first, until no node can beat the best plan."""
        seen = {pattern(self.outline, root.x)}
        ticks = itertools.count(1)
        heap = [_Node(-root.value, 0, {}, root.basis)]
        while heap and not self.over:
            node = heapq.heappop(heap)
            self.take()
            if -node.bound <= self.channel.best_usd or not root.resolve(node):
                continue
            found = pattern(self.outline, root.x)
            if found not in seen:
                seen.add(found)
                before = self.channel.best_usd
                self.from_relaxation(root.x)
                if self.channel.best_usd > before:
                    self.polish()
            open_entry = self._branch(node.fixed, root.x)
            if open_entry is not None and root.value > self.channel.best_usd:
                for value in (0.0, 1.0):
                    child = {**node.fixed, open_entry: value}
                    heapq.heappush(heap, _Node(-root.value, next(ticks), child, root.basis))

    def _branch(self, fixed: dict[int, float], x: Array) -> int | None:
        """Return the deployment to branch on: the most open entry, else the widest steps of one not fixed yet."""
        entries = np.array([x[own.entry] for own in self.outline.steps])
        open_by = np.abs(entries - np.round(entries))
        if open_by.max(initial=0.0) > 1e-5:  # what a solver calls whole
            return int(np.argmax(open_by))
        free = [k for k, own in enumerate(self.outline.steps) if k not in fixed and self.model.upper[own.entry] > 0]
        spread = [unsettled(self.outline.steps[k], x) for k in free]
        if not free or max(spread) < 0.3:  # a third of a step in sum: the pattern is settled
            return None
        return free[int(np.argmax(spread))]

    def wander(self) -> None:
        """Free one, two, three cities in turn, at random, until stopped; wider as long as nothing is found."""
        rng = np.random.default_rng(self.seed)
        for turn in itertools.count():
            if self.over or self.best is None:
                return
            self.take()
            count = min(1 + turn % 3, self.outline.cities)
            chosen = rng.choice(self.outline.cities, size=count, replace=False)
            self.around(frozenset(int(c) for c in chosen))
            if turn % 4 == 3:  # every fourth time
                self.polish(3)
            if self.outline.cities <= 1 and turn > 8:  # one city: nothing new will come
                return


class Relaxation:
    """The linear relaxation, solved again and again with other entries fixed, each time from the basis of its parent."""

    def __init__(self, outline: Outline) -> None:
        self.outline = outline
        self.highs = new_highs(0)
        self.highs.passModel(highs_model(outline.model, relax=True))
        self.value, self.x = np.nan, np.zeros(0)
        self.optimal = self._run()
        self.prices = np.asarray(self.highs.getSolution().row_dual) * SCALE_USD  # of the root
        self.highs.setOptionValue("presolve", "off")

    @property
    def infeasible(self) -> bool:
        """Whether the relaxation has no solution."""
        kinds = highspy.HighsModelStatus
        return self.highs.getModelStatus() in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible}

    def _run(self) -> bool:
        self.highs.run()
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return False
        self.value = self.highs.getInfo().objective_function_value * SCALE_USD
        self.x = np.asarray(self.highs.getSolution().col_value)
        self.basis = self.highs.getBasis()
        return True

    def resolve(self, node: _Node) -> bool:
        """Solve a node's relaxation; False if it has none."""
        lower, upper = entries_fixed(self.outline, node.fixed)
        for own in self.outline.steps:
            self.highs.changeColBounds(own.entry, float(lower[own.entry]), float(upper[own.entry]))
        self.highs.setBasis(node.basis)
        return self._run()


def work(channel: Channel) -> None:
    """Find plans until stopped."""
    of_column = channel.task.outline.blocks
    if of_column is not None:
        from fleetplan.optimize.pair.citywise import plan_by_block  # noqa: PLC0415  # only a portfolio needs it

        if plan_by_block(channel, of_column):
            return
    planner = Planner(channel)
    if planner.best is not None:
        planner.polish()
    planner.from_coarse()
    root = Relaxation(planner.outline)
    if root.infeasible:
        channel.tell(Over(infeasible=True))
        return
    if root.optimal:
        channel.tell(Proven(root.value, "linear relaxation", root.prices))
        planner.from_relaxation(root.x)
        planner.tree(root)
    if planner.best is None and not planner.over:
        planner.any_plan()
    planner.polish()
    planner.wander()


if __name__ == "__main__":
    serve(work)
