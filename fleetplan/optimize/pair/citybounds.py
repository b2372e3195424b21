"""Bounds block by block of cities: at the relaxation's prices each is worth at most what its own branch and bound proves.

At any prices of the coupling rows, no plan is worth more than the limits of those rows at their prices and what each block could
earn alone when it pays them. With steps whole a block earns less than in the relaxation, so every block solved lowers the bound
of all, and one that is stopped early lowers it by what it has proven. Blocks are small enough to have everything whole, vehicles
too. When all are solved, the schedules found say what the coupling rows are worth in whole numbers; the blocks are asked again at
prices between. Their schedules together may even be a plan.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

from fleetplan.optimize.exact import proven_bound
from fleetplan.optimize.matrix import Array, Ints
from fleetplan.optimize.pair.asking import USUAL, Asker, Others, in_turn
from fleetplan.optimize.pair.blocks import Blocks, split
from fleetplan.optimize.pair.citywise import relaxed_by_block
from fleetplan.optimize.pair.outline import Outline
from fleetplan.optimize.pair.plans import FAR_S, HEURISTICS, Surroundings
from fleetplan.optimize.pair.processes import cores
from fleetplan.optimize.pair.relaxed import Master
from fleetplan.optimize.pair.units import Answer, Unit, bound_unit
from fleetplan.optimize.pair.wire import Channel, Found, Proven
from fleetplan.optimize.solve import solve

LOG = logging.getLogger(__name__)
WAIT_S = 0.05  # how often prices are looked for
HERE_CPU_S = 2.5  # processor seconds for a block, where the bound process solves it itself
PATIENCE, LEAST_GAIN = 3, 1e-5
"""Rounds at other prices in a row that lower the bound by less, as a share of it: then they end."""

CLOSED = 1e-4  # of the bound, between it and the mix of whole schedules: prices have no more to give
LEAST_STEP = 1e-6  # of a bound, for it to be told again


@dataclass(frozen=True, slots=True)
class Pace:
    """How to go about it.

    Attributes
    ----------
    gaps
        Of each block in the rounds at the first prices.
    hold
        Weight of the best prices so far in the next.
    cpu_s
        Processor seconds of this process after which no further round is begun.
    least
        What the rounds at the first prices must close of what is open to the best plan, for other prices to be tried.
    """

    gaps: tuple[float, ...]
    hold: float
    cpu_s: float
    least: float


THOROUGH = Pace((2e-3, 2e-4), 0.9, float("inf"), -float("inf"))  # first all roughly, then all closely
BRIEF = Pace((2e-4,), 0.7, 2.5, 0.2)
"""Where linear programmes and SCIP wait for their turn: what ties cities closely (scarce capital) they prove sooner."""


class CityBounds:
    """What each block is proven to be worth at the prices asked for, and the best prices so far."""

    def __init__(
        self,
        channel: Surroundings,
        blocks: Blocks,
        prices: Array,
        asker: Asker,
        pace: Pace = THOROUGH,
        together: Callable[[list[Array]], None] | None = None,
    ) -> None:
        self.channel, self.blocks, self.asker, self.pace, self.together = channel, blocks, asker, pace, together
        self.master = Master(blocks)
        self.best, self.bound = prices[blocks.coupling], np.inf
        self.first = np.array(
            [proven_bound(part.priced(self.best), prices[part.rows]) for part in blocks.parts]
        )  # of the blocks' relaxations

    def run(self) -> None:
        """Prove until stopped, or until prices have no more to give."""
        if self.begin():
            self.go_on()

    def begin(self) -> bool:
        """Prove at the first prices; return whether that closes enough for others to be tried."""
        worth, gaps = self.first, self.pace.gaps
        first = self.master.most(self.best, worth)
        for gap in gaps:
            worth = self._round(self.best, worth, gap)
        return self._closed(first) >= self.pace.least

    def go_on(self) -> None:
        """Prove at other prices, until stopped or until they have no more to give."""
        ends, for_nothing = time.process_time() + self.pace.cpu_s, 0
        while for_nothing < PATIENCE and not self.channel.stopped.is_set() and time.process_time() < ends:
            value, prices = self.master.solve()
            if self.bound - value <= CLOSED * abs(self.bound):
                return
            before = self.bound
            hold = self.pace.hold
            self._round(hold * self.best + (1.0 - hold) * prices, None, self.pace.gaps[-1])
            for_nothing = 0 if before - self.bound > LEAST_GAIN * abs(before) else for_nothing + 1

    def _closed(self, first: float) -> float:
        """Return the share that is closed of what was open between the ``first`` bound and the best plan; all without a plan."""
        open_ = first - self.channel.best_usd
        return (first - self.bound) / open_ if 0.0 < open_ < np.inf else 1.0

    def _round(self, prices: Array, known: Array | None, gap: float) -> Array:
        """Ask every block at some prices; told as each answers where something is ``known`` of the others."""
        worth = np.full(len(self.blocks.parts), np.inf) if known is None else known.copy()
        order = np.arange(len(worth)) if known is None else np.argsort(-worth, kind="stable")
        schedules: dict[int, Array] = {}
        for k, answer in in_turn(order.tolist(), self._asking(prices, gap), self.channel.stopped):
            worth[k] = min(worth[k], answer.bound_usd)
            if answer.x is not None:
                schedules[k] = answer.x
                self.master.add(k, answer.x)
            if known is not None:
                self._tell(prices, worth)
        self._tell(prices, worth)
        if self.together is not None and len(schedules) == len(worth):
            self.together([schedules[k] for k in range(len(worth))])
        return worth

    def _asking(self, prices: Array, gap: float) -> Callable[[int], Future[Answer]]:
        def ask(k: int) -> Future[Answer]:
            return self.asker.ask(bound_unit(self.blocks.parts[k].priced(prices), gap, self.channel.task.seed))

        return ask

    def _tell(self, prices: Array, worth: Array) -> None:
        """Tell a bound that is lower than before."""
        bound = self.master.most(prices, worth)
        if bound < self.bound - LEAST_STEP * max(1.0, abs(bound)):
            self.bound, self.best = bound, prices
            self.channel.tell(Proven(bound, "cities at prices"))


def prove_by_block(channel: Channel, of_column: Ints) -> bool:
    """Prove bounds until stopped, or until there is no more to prove.

    Return False where no prices are found, and the problem must be searched as a whole.
    """
    prices = _prices(channel, split(channel.task.outline.model, of_column))
    if prices is None:
        return channel.stopped.is_set()
    CityBounds(channel, whole_blocks(channel.task.outline, of_column), prices, Others(channel)).run()
    return True


def whole_blocks(outline: Outline, of_column: Ints) -> Blocks:
    """Return a problem by blocks in which everything is whole that is whole in a plan."""
    return split(replace(outline.model, whole=outline.whole), of_column)


class Spent(threading.Event):
    """Set once this process has used so many processor seconds, or another event is: the clock says little on a busy machine."""

    def __init__(self, cpu_s: float, asked: threading.Event) -> None:
        super().__init__()
        self._ends, self._asked = time.process_time() + cpu_s, asked

    def is_set(self) -> bool:
        """Return whether to stop now."""
        return self._asked.is_set() or time.process_time() > self._ends


class Here:
    """Solves blocks in the process that asks, for some processor seconds each."""

    def __init__(self, stopped: threading.Event) -> None:
        self.stopped = stopped

    def ask(self, unit: Unit, urgency: int = USUAL) -> Future[Answer]:  # noqa: ARG002  # nobody else has to wait
        """Solve a block as far as time allows; once stopped, no answer comes."""
        spent, model = Spent(HERE_CPU_S, self.stopped), unit.outline.model
        future: Future[Answer] = Future()
        if not self.stopped.is_set():
            found = solve(model, time_limit_s=FAR_S, gap=unit.gap, seed=unit.seed, stop=spent, heuristics=HEURISTICS)
            future.set_result(Answer(found.x, found.bound))
        return future


def apart(channel: Channel, prices: Array) -> CityBounds | None:
    """Return what proves bounds by blocks of cities where the problem is searched as a whole, at the prices of its relaxation.

    What the blocks do alone is told as a plan where it is one. None where there is one block.
    """
    task = channel.task
    if task.outline.apart is None:
        return None
    blocks = whole_blocks(task.outline, task.outline.apart)
    if len(blocks.parts) == 1:
        return None
    return CityBounds(channel, blocks, prices, Here(channel.stopped), BRIEF, partial(_together, channel, blocks))


def _together(channel: Channel, blocks: Blocks, schedules: list[Array]) -> None:
    """Tell the plan that the blocks' own schedules make, what they share made to go with them, where there is one."""
    task, model = channel.task, blocks.model
    lower, upper = task.outline.bounds()
    for part, x in zip(blocks.parts, schedules, strict=True):
        whole = part.columns[part.model.whole]
        lower[whole] = upper[whole] = np.round(x[part.model.whole])
    held = replace(model, lower=lower, upper=upper)
    found = solve(
        held,
        time_limit_s=FAR_S,
        stop=Spent(HERE_CPU_S, channel.stopped),
        gap=BRIEF.gaps[-1],
        seed=task.seed,
        cutoff=channel.best_usd,
    )
    if found.x is not None and found.value is not None and found.value > channel.best_usd:
        kind: Literal["plan", "steps"] = "plan" if task.told_prices else "steps"  # rows that relax a rule make no plans
        whole_x = np.where(model.whole, np.round(found.x), found.x)
        channel.tell(Found(kind, whole_x, found.value, "cities at prices"))


def _prices(channel: Channel, blocks: Blocks) -> Array | None:
    """Return the relaxation's prices: those that the plan process tells, where it will."""
    if channel.task.told_prices:
        while channel.prices is None:
            if channel.stopped.wait(WAIT_S):
                return None
        return channel.prices
    relaxed = relaxed_by_block(blocks, max(1, cores() - 1), channel.stopped)
    if relaxed is None:
        return None
    channel.tell(Proven(relaxed.bound, "relaxation by blocks", relaxed.prices))
    return relaxed.prices
