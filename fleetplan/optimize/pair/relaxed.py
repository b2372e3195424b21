"""The linear relaxation of a portfolio by prices: each block alone at prices of what it shares, a small programme for the prices.

Dantzig-Wolfe decomposition. A round asks every block, some at once, for its best schedule at the prices; the *master* mixes the
schedules known so far under the coupling rows and says what these are worth now. Any prices give a bound (weak duality), any
mix is a solution of the relaxation; the two meet within some forty rounds, and a block solved again at other prices starts from
where it was. Prices lie between the best so far and the master's own, which alone would swing (Wentges 1997). The first that are
any good make purchases pay for themselves: a portfolio's blocks share its vehicles' prices more than anything else.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import highspy
import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.exact import proven_bound
from fleetplan.optimize.matrix import Array
from fleetplan.optimize.pair.blocks import Block, Blocks
from fleetplan.optimize.pair.mixing import Master, on_from_basis, prices_of_shared
from fleetplan.optimize.solve import SCALE_USD, new_highs, pass_model, run_linear
from fleetplan.optimize.trim import trimmed

GAP = 3e-4  # between bound and mix, where rounds end
ROUNDS = 120
HOLD, LEAST_HOLD, MOST_HOLD = 0.95, 0.05, 0.99  # weight of the best prices so far
FURTHER, NEARER = (
    1.5,
    1.5,
)  # how much further from them the next are after a round that proved more, how much nearer after another


@dataclass(frozen=True, eq=False)
class Relaxed:
    """A solution of the relaxation and its prices.

    Attributes
    ----------
    x
        A mix of schedules, shape (columns,): within the gap of the optimum.
    prices
        Of all rows, USD a unit, shape (rows,).
    values
        What each block is worth at the prices of the coupling rows, shape (blocks,).
    bound
        What the prices prove, in directed rounding.
    """

    x: Array
    prices: Array
    values: Array
    bound: float


@dataclass(frozen=True, eq=False)
class Schedule:
    """A block's best schedule at some prices, what it is then worth, and the prices of the block's own rows."""

    x: Array
    value: float
    prices: Array


class Pricer:
    """One block's linear programme, solved again and again at other prices."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.highs = new_highs(0)
        self._left = trimmed(block.model, fold=False)
        if self._left is not None:
            pass_model(self.highs, self._left.model, relax=True)
        self._solved = False  # from then on it starts from a basis, without presolve

    def __call__(self, prices: Array) -> Schedule:
        """Return the best schedule at prices of the coupling rows.

        Raises
        ------
        SolverError
            If the block has none.
        """
        if self._left is None:
            msg = "a city's relaxation has no solution"
            raise SolverError(msg)
        cost, left = self.block.priced(prices).cost, self._left
        own = cost[left.columns] / SCALE_USD
        self.highs.changeColsCost(len(own), np.arange(len(own), dtype=np.int32), own)
        if self._solved:
            self.highs.run()
        else:
            run_linear(self.highs)
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            msg = f"a city's relaxation ended with {self.highs.modelStatusToString(self.highs.getModelStatus())!r}"
            raise SolverError(msg)
        self._solved = True
        on_from_basis(self.highs)
        solution = self.highs.getSolution()
        x = left.restored(np.asarray(solution.col_value))
        return Schedule(x, float((cost * x).sum()), left.duals(np.asarray(solution.row_dual) * SCALE_USD))


class BlockRelaxation:
    """The relaxation of a portfolio, its blocks solved ``workers`` at once.

    ``prices`` of the coupling rows are the best so far, ``bound`` what they prove in doubles; ``value`` is that of the best mix,
    ``asked`` are the next prices.
    """

    def __init__(self, blocks: Blocks, workers: int, stopped: threading.Event) -> None:
        self.blocks, self.workers, self.stopped = blocks, workers, stopped
        self.pricers, self.master = [Pricer(block) for block in blocks.parts], Master(blocks)
        on_from_basis(self.master.highs)  # by dual simplex it was seen to stand for a minute
        self.prices, self.bound = np.zeros(len(blocks.coupling)), np.inf
        self.answers: list[Schedule] = []
        self.asked, self.value, self.hold, self.rounds = self.prices, -np.inf, HOLD, 0

    def solve(self, gap: float = GAP) -> Relaxed | None:
        """Go on until bound and mix are as near as ``gap``; return a solution and prices.

        None where no solution is found that keeps the coupling rows, or when stopped. Asked again for a smaller gap, it goes on
        from where it was.

        Raises
        ------
        SolverError
            If a block has no solution.
        """
        with ThreadPoolExecutor(self.workers) as pool:
            while self.rounds < ROUNDS and not self.stopped.is_set() and not self._met(gap):
                better = self._ask(self.asked, pool)
                self.value, prices = self.master.solve()
                self.asked = self._next(prices, better=better)
                self.rounds += 1
        x = self.master.mixed()
        return None if x is None or self.stopped.is_set() else self._read(x)

    def _met(self, gap: float) -> bool:
        return bool(np.isfinite(self.value)) and self.bound - self.value <= gap * max(1.0, abs(self.value))

    def _next(self, prices: Array, *, better: bool) -> Array:
        """Return the prices to ask for next: between the best so far and the master's own."""
        if not self.rounds:
            paying = prices_of_shared(self.blocks, [answer.x for answer in self.answers])
            if paying is not None:
                return paying
        if self.rounds > 1:
            far = (1.0 - self.hold) * (FURTHER if better else 1.0 / NEARER)
            self.hold = min(MOST_HOLD, max(LEAST_HOLD, 1.0 - far))
        return self.hold * self.prices + (1.0 - self.hold) * prices

    def _ask(self, prices: Array, pool: ThreadPoolExecutor) -> bool:
        """Ask every block at some prices, let the master know; return whether they prove more than those before."""
        answers = list(pool.map(lambda pricer: pricer(prices), self.pricers))
        for k, answer in enumerate(answers):
            self.master.add(k, answer.x)
        bound = self.master.most(prices, np.array([answer.value for answer in answers]))
        if bound >= self.bound:
            return False
        self.bound, self.prices, self.answers = bound, prices, answers
        return True

    def _read(self, x: Array) -> Relaxed:
        everywhere = np.zeros(self.blocks.model.rows)
        everywhere[self.blocks.coupling] = self.prices
        for block, answer in zip(self.blocks.parts, self.answers, strict=True):
            everywhere[block.rows] = answer.prices
        values = np.array([answer.value for answer in self.answers])
        return Relaxed(x, everywhere, values, proven_bound(self.blocks.model, everywhere))
