"""Bounds of a portfolio, block by block: at the relaxation's prices each is worth at most what its own branch and bound proves.

At any prices of the coupling rows, no plan is worth more than the limits of those rows at their prices and what each block could
earn alone when it pays them. With steps whole a block earns less than in the relaxation, so every block solved lowers the bound
of all, and one that is stopped early lowers it by what it has proven. When all are solved, the schedules found say what the
coupling rows are worth with whole steps; the blocks are asked again at prices between.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from fleetplan.optimize.exact import proven_bound
from fleetplan.optimize.matrix import Array, Ints
from fleetplan.optimize.pair.blocks import Blocks, split
from fleetplan.optimize.pair.citywise import relaxed_by_block, workers
from fleetplan.optimize.pair.relaxed import Master
from fleetplan.optimize.pair.wire import Channel, Proven
from fleetplan.optimize.solve import Solution, solve

LOG = logging.getLogger(__name__)
WAIT_S = 0.05  # how often prices are looked for
GAPS = 2e-3, 2e-4  # of a block: first all roughly, then all closely
BLOCK_S = 20.0
HOLD = 0.9  # weight of the best prices so far in the next
CLOSED = 1e-4  # of the bound, between it and the mix of whole schedules: prices have no more to give
LEAST_STEP = 1e-6  # of a bound, for it to be told again


class CityBounds:
    """What each block is proven to be worth at the prices asked for, and the best prices so far."""

    def __init__(self, channel: Channel, blocks: Blocks, prices: Array) -> None:
        self.channel, self.blocks = channel, blocks
        self.master = Master(blocks)
        self.best, self.bound = prices[blocks.coupling], np.inf
        self.first = np.array(
            [proven_bound(part.priced(self.best), prices[part.rows]) for part in blocks.parts]
        )  # of the blocks' relaxations

    def run(self) -> None:
        """Prove until stopped, or until prices have no more to give."""
        with ThreadPoolExecutor(max(1, workers() - 1)) as pool:
            worth = self.first
            for gap in GAPS:
                worth = self._round(pool, self.best, worth, gap)
            while not self.channel.stopped.is_set():
                value, prices = self.master.solve()
                if self.bound - value <= CLOSED * abs(self.bound):
                    return
                self._round(pool, HOLD * self.best + (1.0 - HOLD) * prices, None, GAPS[-1])

    def _round(self, pool: ThreadPoolExecutor, prices: Array, known: Array | None, gap: float) -> Array:
        """Ask every block at some prices; told as each answers where something is ``known`` of the others."""
        worth = np.full(len(self.blocks.parts), np.inf) if known is None else known.copy()
        order = np.arange(len(worth)) if known is None else np.argsort(-worth, kind="stable")
        for k, answer in zip(order.tolist(), pool.map(self._asking(prices, gap), order), strict=True):
            worth[k] = min(worth[k], answer.bound)
            if answer.x is not None:
                self.master.add(k, answer.x)
            if known is not None:
                self._tell(prices, worth)
        self._tell(prices, worth)
        return worth

    def _asking(self, prices: Array, gap: float) -> Callable[[int], Solution]:
        seed, stopped = self.channel.task.seed, self.channel.stopped

        def ask(k: int) -> Solution:
            problem = self.blocks.parts[k].priced(prices)
            return solve(problem, time_limit_s=BLOCK_S, gap=gap, seed=seed, stop=stopped)

        return ask

    def _tell(self, prices: Array, worth: Array) -> None:
        """Tell a bound that is lower than before."""
        bound = self.master.most(prices, worth)
        if bound < self.bound - LEAST_STEP * max(1.0, abs(bound)):
            self.bound, self.best = bound, prices
            self.channel.tell(Proven(bound, "cities at prices"))


def prove_by_block(channel: Channel, of_column: Ints) -> bool:
    """Prove bounds until stopped; return False where no prices are found, and the problem must be searched as a whole."""
    blocks = split(channel.task.outline.model, of_column)
    prices = _prices(channel, blocks)
    if prices is None:
        return channel.stopped.is_set()
    CityBounds(channel, blocks, prices).run()
    channel.stopped.wait()  # plans may still become better
    return True


def _prices(channel: Channel, blocks: Blocks) -> Array | None:
    """Return the relaxation's prices: those that the plan process tells, where it will."""
    if channel.task.told_prices:
        while channel.prices is None:
            if channel.stopped.wait(WAIT_S):
                return None
        return channel.prices
    relaxed = relaxed_by_block(blocks, max(1, workers() - 1), channel.stopped)
    if relaxed is None:
        return None
    channel.tell(Proven(relaxed.bound, "relaxation by blocks", relaxed.prices))
    return relaxed.prices
