"""Plans of a portfolio, block by block: none of the problems solved grows with the number of cities.

The relaxation's mix keeps every coupling row. So one block after another is made whole, those that it leaves least open first:
about where its steps rise, at the prices of what is scarce, within its own share of the coupling rows and what earlier blocks
left of theirs. Purchases are made whole last, and that is a plan. Then a few blocks at a time are planned anew with the others as
they stand, those first that fall furthest short of what they are worth at the prices.
"""

from __future__ import annotations

import itertools
import logging
import os
import threading
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fleetplan.errors import SolverError
from fleetplan.optimize.matrix import Array, Ints
from fleetplan.optimize.pair.blocks import Blocks, split
from fleetplan.optimize.pair.part import Part, part_around
from fleetplan.optimize.pair.plans import Apart, Planner, Surroundings
from fleetplan.optimize.pair.relaxed import Relaxation, Relaxed
from fleetplan.optimize.pair.windows import windows
from fleetplan.optimize.pair.wire import Found, Proven, Task
from fleetplan.optimize.rounding import TOLERANCE, hold

LOG = logging.getLogger(__name__)
MOST_WORKERS = 8
STEPS_GAP, WHOLE_GAP = 0.025, 0.01  # in the first plan, of what a block is worth on average
STEPS_S, WHOLE_S = 2.0, 10.0
BETTER_GAP, BETTER_S = 2e-3, 4.0  # the same where blocks are planned anew; seconds for each
LEAST_WORTH = 0.05  # of the average: gaps are shares of no less
GIVE_WAY = 5  # blocks tried one after another where purchases find no room
HALF, LEAST_ENTRY = 0.5, 0.02
"""Deployments that the mix lets in by less stay out: at first, and where that leaves no room."""
LARGEST = 3  # blocks planned anew at once
FADES = 0.5  # how the interest in a block falls when nothing was found there
LEAST_INTEREST = 1e-6  # of the plan's value


def workers() -> int:
    """Return how many blocks are solved at once."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST_WORKERS)


class Citywise:
    """The plan so far, block by block, and the ways to better ones."""

    def __init__(self, channel: Surroundings, blocks: Blocks, relaxed: Relaxed) -> None:
        self.channel, self.blocks, self.relaxed = channel, blocks, relaxed
        self.outline, self.model = channel.task.outline, channel.task.outline.model
        prices = relaxed.prices[blocks.coupling]
        self.priced = blocks.priced(prices)
        self.scarce = blocks.priced(np.where(_linking(blocks), 0.0, prices))
        average = float(np.mean(relaxed.values))
        self.gaps = average / np.maximum(relaxed.values, LEAST_WORTH * average)  # in shares of a block's own worth
        self.x = relaxed.x.copy()

    def _planner(self, part: Part, start: Array | None = None) -> Planner:
        return Planner(Apart(Task(part.outline, self.channel.task.seed, start), self.channel.stopped))

    # --- the first plan ---

    def first_plan(self) -> bool:
        """Make every block whole; return whether that gave a plan."""
        left = self._least_open_first()
        while left:
            failed = [k for k in left if not self._made_whole(k)]
            if len(failed) == len(left):
                LOG.info("no plan block by block: %d blocks have no room", len(failed))
                return False
            left = failed
        if not self._shared_whole():
            LOG.info("no plan block by block: no room for whole purchases")
            return False
        self._tell("city by city")
        return True

    def _shared_whole(self) -> bool:
        """Make shared columns whole, purchases above all: with the blocks as they are, else with one that can give way."""
        largest = np.argsort(-self.relaxed.values, kind="stable")[:GIVE_WAY]
        for chosen in ([], *([int(k)] for k in largest)):
            part = part_around(self.outline, self.blocks, chosen, self.x, self.model.cost)
            planner = self._planner(part)
            o, x = part.outline, self.x[part.columns]
            lower, upper = o.bounds()
            lower[o.model.whole] = upper[o.model.whole] = x[o.model.whole]
            answer = planner.solve(lower, upper, o.whole & ~o.model.whole, gap=WHOLE_GAP, limit_s=WHOLE_S)
            if answer.x is not None:
                self.x[part.columns] = np.where(o.whole, np.round(answer.x), answer.x)
                return True
        return False

    def _least_open_first(self) -> list[int]:
        open_by = np.zeros(len(self.blocks.parts))
        entry = self.x[self.outline.entries]
        np.maximum.at(open_by, self.blocks.of_column[self.outline.entries], np.minimum(entry, 1.0 - entry))
        return [int(k) for k in np.argsort(open_by, kind="stable")]

    def _made_whole(self, k: int) -> bool:
        """Plan one block about where the mix has it, at the prices, in whole numbers; anywhere if there is no room."""
        part = part_around(self.outline, self.blocks, [k], self.x, self.scarce)
        planner = self._planner(part)
        for lower, upper, whole in self._tries(part):
            gap = STEPS_GAP * self.gaps[k]
            answer = planner.solve(lower, upper, whole, gap=gap, limit_s=STEPS_S)
            x = None if answer.x is None else self._settled(planner, part, answer.x, WHOLE_GAP * self.gaps[k])
            if x is not None:
                self.x[part.columns] = x
                return True
        return False

    def _settled(self, planner: Planner, part: Part, x: Array, gap: float) -> Array | None:
        """Return a solution with the steps of one, whole but for shared columns; None without.

        Depots are rounded up, or where that leaves no room as many as are needed.
        """
        o = part.outline
        whole: NDArray[np.bool_] = o.whole.copy()
        whole[len(whole) - len(self.blocks.shared) :] = False
        for kept in (o.model.whole, o.loose_orders):
            lower, upper = o.bounds()
            hold(lower, upper, kept, np.where(o.loose_orders, np.round(x), np.ceil(x - TOLERANCE)))
            answer = planner.solve(lower, upper, whole & ~kept, gap=gap, limit_s=WHOLE_S)
            if answer.x is not None:
                rounded: Array = np.where(whole, np.round(answer.x), answer.x)
                return rounded
        return None

    def _tries(self, part: Part) -> Iterator[tuple[Array, Array, NDArray[np.bool_]]]:
        """Yield bounds and whole columns, tried in turn: closely about the mix, from there on, nothing at all, anywhere."""
        o, x = part.outline, self.x[part.columns]
        yield *windows(o, x, early=0, late=1, entry=HALF), o.loose_orders
        _, about = windows(o, x, early=1, late=2, entry=LEAST_ENTRY)
        yield np.minimum(o.model.lower, about), about, o.loose_orders
        lower, upper = o.bounds()
        yield lower, np.where(o.loose_orders, np.maximum(lower, np.minimum(upper, 0.0)), upper), o.loose_orders
        yield lower, upper, o.model.whole

    # --- better plans ---

    def improve(self) -> None:
        """Plan blocks anew until stopped: each alone, then a few together, where most is to be hoped for."""
        rng = np.random.default_rng(self.channel.task.seed)
        interest = self._short_of()
        for k in np.argsort(-interest, kind="stable").tolist():
            if self.channel.stopped.is_set():
                return
            if not self._improved([k]):
                interest[k] *= FADES
        for turn in itertools.count():
            if self.channel.stopped.is_set():
                return
            chosen = self._chosen(rng, interest, 2 + turn % (LARGEST - 1))
            gained = self._improved(chosen)
            interest[chosen] = self._short_of()[chosen] if gained else FADES * interest[chosen]

    def _chosen(self, rng: np.random.Generator, interest: Array, count: int) -> list[int]:
        """Return different blocks at random, by interest."""
        weight = np.maximum(interest, LEAST_INTEREST * abs(self.channel.best_usd))
        count = min(count, len(weight))
        return [int(k) for k in rng.choice(len(weight), size=count, replace=False, p=weight / weight.sum())]

    def _short_of(self) -> Array:
        """Return by how much each block falls short of what it is worth at the prices."""
        taken = self.priced * self.x
        earned = np.array([taken[block.columns].sum() for block in self.blocks.parts])
        short: Array = np.maximum(0.0, self.relaxed.values - earned)
        return short

    def _improved(self, chosen: Sequence[int]) -> bool:
        """Plan some blocks anew, the others as they stand; return whether that gave a better plan."""
        part = part_around(self.outline, self.blocks, chosen, self.x, self.model.cost)
        planner = self._planner(part, self.x[part.columns])
        before = planner.channel.best_usd
        gap = BETTER_GAP * float(np.mean(self.gaps[list(chosen)]))
        lower, upper = part.outline.bounds()
        whole = part.outline.model.whole
        answer = planner.solve(lower, upper, whole, gap=gap, limit_s=BETTER_S * len(chosen), start=planner.best)
        if answer.x is not None and answer.value is not None and answer.value > before:
            planner.settle(answer.x, "blocks")
        if planner.best is None or planner.channel.best_usd <= before:
            return False
        self.x[part.columns] = planner.best
        self._tell(f"{len(chosen)} blocks")
        return True

    def _tell(self, way: str) -> None:
        """Hand over the plan if it is better than what is known."""
        value = self.model.value(self.x)
        if value > self.channel.best_usd:
            self.channel.tell(Found("plan", self.x.copy(), value, way))


def _linking(blocks: Blocks) -> NDArray[np.bool_]:
    """Return which coupling rows say what blocks need of shared columns, such as purchases: those cost what they cost.

    Priced as well, more would be bought than is needed, since at the prices it costs nothing. The other rows are limits.
    """
    ours, all_of_it = np.diff(blocks.ties.indptr), np.diff(blocks.entries.indptr)
    return np.asarray((ours > 0) & (ours < all_of_it))


def relaxed_by_block(blocks: Blocks, at_once: int, stopped: threading.Event) -> Relaxed | None:
    """Return the relaxation solved by blocks; None where that does not work, and it must be solved as a whole."""
    try:
        return Relaxation(blocks, at_once, stopped).solve()
    except SolverError as error:
        LOG.info("the relaxation is not solved by blocks: %s", error)
        return None


def plan_by_block(channel: Surroundings, of_column: Ints) -> bool:
    """Find plans until stopped; return False where that gave none, and the problem must be solved as a whole."""
    blocks = split(channel.task.outline.model, of_column)
    relaxed = relaxed_by_block(blocks, workers(), channel.stopped)
    if relaxed is None:
        return False
    channel.tell(Proven(relaxed.bound, "relaxation by blocks", relaxed.prices))
    city_by_city = Citywise(channel, blocks, relaxed)
    start = channel.task.start
    if start is not None:
        channel.best_usd = max(channel.best_usd, channel.task.outline.model.value(start))
    known = channel.best_usd
    found = city_by_city.first_plan()
    if start is not None and channel.best_usd <= known:
        city_by_city.x, found = start.copy(), True
    if found:
        city_by_city.improve()
    return found
