"""Bounds of a portfolio, block by block: at the relaxation's prices each is worth at most what its own branch and bound proves.

At any prices of the coupling rows, no plan is worth more than the limits of those rows at their prices and what each block could
earn alone when it pays them. With steps whole a block earns less than in the relaxation, so every block solved lowers the bound
of all, and one that is stopped early lowers it by what it has proven. When all are solved, the schedules found say what the
coupling rows are worth with whole steps; the blocks are asked again at prices between.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np

from fleetplan.optimize.exact import proven_bound
from fleetplan.optimize.matrix import Array, Ints
from fleetplan.optimize.pair.asking import Asker, Others, in_turn
from fleetplan.optimize.pair.blocks import Blocks, split
from fleetplan.optimize.pair.citywise import relaxed_by_block
from fleetplan.optimize.pair.plans import Surroundings
from fleetplan.optimize.pair.processes import cores
from fleetplan.optimize.pair.relaxed import Master
from fleetplan.optimize.pair.units import Answer, bound_unit
from fleetplan.optimize.pair.wire import Channel, Proven

LOG = logging.getLogger(__name__)
WAIT_S = 0.05  # how often prices are looked for
GAPS = 2e-3, 2e-4  # of a block: first all roughly, then all closely
PATIENCE, LEAST_GAIN = 3, 1e-5
"""Rounds at other prices in a row that lower the bound by less, as a share of it: then they end."""

HOLD = 0.9  # weight of the best prices so far in the next
CLOSED = 1e-4  # of the bound, between it and the mix of whole schedules: prices have no more to give
LEAST_STEP = 1e-6  # of a bound, for it to be told again


class CityBounds:
    """What each block is proven to be worth at the prices asked for, and the best prices so far."""

    def __init__(self, channel: Surroundings, blocks: Blocks, prices: Array, asker: Asker) -> None:
        self.channel, self.blocks, self.asker = channel, blocks, asker
        self.master = Master(blocks)
        self.best, self.bound = prices[blocks.coupling], np.inf
        self.first = np.array(
            [proven_bound(part.priced(self.best), prices[part.rows]) for part in blocks.parts]
        )  # of the blocks' relaxations

    def run(self) -> None:
        """Prove until stopped, or until prices have no more to give."""
        worth = self.first
        for gap in GAPS:
            worth = self._round(self.best, worth, gap)
        for_nothing = 0
        while for_nothing < PATIENCE and not self.channel.stopped.is_set():
            value, prices = self.master.solve()
            if self.bound - value <= CLOSED * abs(self.bound):
                return
            before = self.bound
            self._round(HOLD * self.best + (1.0 - HOLD) * prices, None, GAPS[-1])
            for_nothing = 0 if before - self.bound > LEAST_GAIN * abs(before) else for_nothing + 1

    def _round(self, prices: Array, known: Array | None, gap: float) -> Array:
        """Ask every block at some prices; told as each answers where something is ``known`` of the others."""
        worth = np.full(len(self.blocks.parts), np.inf) if known is None else known.copy()
        order = np.arange(len(worth)) if known is None else np.argsort(-worth, kind="stable")
        for k, answer in in_turn(order.tolist(), self._asking(prices, gap), self.channel.stopped):
            worth[k] = min(worth[k], answer.bound_usd)
            if answer.x is not None:
                self.master.add(k, answer.x)
            if known is not None:
                self._tell(prices, worth)
        self._tell(prices, worth)
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
    blocks = split(channel.task.outline.model, of_column)
    prices = _prices(channel, blocks)
    if prices is None:
        return channel.stopped.is_set()
    CityBounds(channel, blocks, prices, Others(channel)).run()
    return True


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
