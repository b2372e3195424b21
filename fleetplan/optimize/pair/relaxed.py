"""The linear relaxation of a portfolio by prices: each block alone at prices of what it shares, a small programme for the prices.

Dantzig-Wolfe decomposition. A round asks every block, some at once, for its best schedule at the prices; the *master* mixes the
schedules known so far under the coupling rows and says what these are worth now. Any prices give a bound (weak duality), any
mix is a solution of the relaxation; the two meet within some twenty rounds, and a block solved again at other prices starts from
where it was. Prices lie between the best so far and the master's own, which alone would swing.
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
from fleetplan.optimize.solve import SCALE_USD, new_highs, pass_model, run_linear
from fleetplan.optimize.trim import trimmed

GAP = 3e-4  # between bound and mix, where rounds end
ROUNDS = 80
HOLD, LEAST_HOLD, MOST_HOLD = 0.7, 0.05, 0.9  # weight of the best prices so far
CLOSER, BACK = 0.75, 0.15  # how it falls after a round that proved more, how it grows after another
PRIMAL_SIMPLEX = 4  # as HiGHS numbers it: a basis stays feasible when prices change
PENALTY = 1e5  # millions for a unit missed: what no mix known yet can keep
MISSED = 1e-6
NOTHING = 1e-9  # in a schedule or mix
USD = 1e-3  # of reduced cost: less is the solver's own zero


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
        self.highs.setOptionValue("presolve", "off")
        self.highs.setOptionValue("simplex_strategy", PRIMAL_SIMPLEX)
        solution = self.highs.getSolution()
        x = left.restored(np.asarray(solution.col_value))
        return Schedule(x, float((cost * x).sum()), left.duals(np.asarray(solution.row_dual) * SCALE_USD))


class Master:
    """Mixes schedules under the coupling rows."""

    def __init__(self, blocks: Blocks) -> None:
        self.blocks = blocks
        self.low, self.high = blocks.model.row_lower[blocks.coupling], blocks.model.row_upper[blocks.coupling]
        self.known: list[tuple[int, Array]] = []
        self.highs = new_highs(0)
        self.highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self._write()
        self._idle()
        self.missing = self._missing()

    def _write(self) -> None:
        m, ones = self.blocks.model, np.ones(len(self.blocks.parts))
        low, high, nowhere = np.concatenate([self.low, ones]), np.concatenate([self.high, ones]), np.zeros(0, np.int32)
        self.highs.addRows(len(low), low, high, 0, np.zeros(len(low), np.int32), nowhere, np.zeros(0))
        shared, ties = self.blocks.shared, self.blocks.ties.tocsc()
        starts, where = ties.indptr[:-1].astype(np.int32), ties.indices.astype(np.int32)
        cost = m.cost[shared] / SCALE_USD
        self.highs.addCols(len(shared), cost, m.lower[shared], m.upper[shared], ties.nnz, starts, where, ties.data)

    def _idle(self) -> None:
        """Know the schedule of doing nothing, where a block has it."""
        for k, block in enumerate(self.blocks.parts):
            idle = np.clip(0.0, block.model.lower, block.model.upper)
            if block.model.worst_violation(idle) <= MISSED:
                self.add(k, idle)

    def _missing(self) -> slice:
        """Add columns for what is missed while the schedules known cannot keep a row: dear, gone in the end."""
        first = int(self.highs.getNumCol())
        without = sorted(set(range(len(self.blocks.parts))) - {k for k, _ in self.known})
        short = [(r, 1.0) for r in np.flatnonzero(self.low > 0)] + [(r, -1.0) for r in np.flatnonzero(self.high < 0)]
        for row, sign in [*short, *((len(self.low) + k, 1.0) for k in without)]:
            self.highs.addCol(-PENALTY, 0.0, highspy.kHighsInf, 1, np.array([row], np.int32), np.array([sign]))
        return slice(first, int(self.highs.getNumCol()))

    def add(self, k: int, x: Array) -> None:
        """Let a schedule of a block be mixed in."""
        block = self.blocks.parts[k]
        taken = block.ties @ x
        rows = np.flatnonzero(np.abs(taken) > NOTHING)
        where, value = np.append(rows, len(self.low) + k).astype(np.int32), np.append(taken[rows], 1.0)
        cost = float((block.model.cost * x).sum()) / SCALE_USD
        self.highs.addCol(cost, 0.0, highspy.kHighsInf, len(where), where, value)
        self.known.append((k, x))

    def solve(self) -> tuple[float, Array]:
        """Return the value of the best mix and the prices of the coupling rows.

        Raises
        ------
        SolverError
            If HiGHS does not find them.
        """
        self.highs.run()
        if self.highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            msg = f"the prices ended with {self.highs.modelStatusToString(self.highs.getModelStatus())!r}"
            raise SolverError(msg)
        prices = np.asarray(self.highs.getSolution().row_dual)[: len(self.low)] * SCALE_USD
        return self.highs.getInfo().objective_function_value * SCALE_USD + self.blocks.model.constant, prices

    def mixed(self) -> Array | None:
        """Return the best mix, shape (columns,); None where a row is still missed."""
        weight = np.asarray(self.highs.getSolution().col_value)
        if weight[self.missing].max(initial=0.0) > MISSED:
            return None
        shared, out = self.blocks.shared, np.zeros(self.blocks.model.columns)
        out[shared] = weight[: len(shared)]
        of_schedules = np.concatenate([weight[len(shared) : self.missing.start], weight[self.missing.stop :]])
        for (k, x), share in zip(self.known, of_schedules, strict=True):
            if share > NOTHING:
                out[self.blocks.parts[k].columns] += share * x
        return out

    def most(self, prices: Array, values: Array) -> float:
        """Return the bound that prices prove, with what the blocks are worth at them: in doubles."""
        m, shared = self.blocks.model, self.blocks.shared
        left = m.cost[shared] - self.blocks.ties.T @ prices
        left = np.where(np.abs(left) < USD, 0.0, left)
        paid = np.where(np.abs(prices) < NOTHING, 0.0, prices)
        rest = _most(left, m.lower[shared], m.upper[shared]) + _most(paid, self.low, self.high)
        return m.constant + float(values.sum()) + rest


def _most(factor: Array, low: Array, high: Array) -> float:
    """Return the greatest sum of products with what lies between limits; nothing times no limit is nothing."""
    end = np.where(factor > 0, high, low)
    return float(np.where(factor == 0.0, 0.0, factor * np.where(factor == 0.0, 0.0, end)).sum())


class BlockRelaxation:
    """The relaxation of a portfolio, its blocks solved ``workers`` at once.

    ``prices`` of the coupling rows are the best so far, ``bound`` what they prove in doubles.
    """

    def __init__(self, blocks: Blocks, workers: int, stopped: threading.Event) -> None:
        self.blocks, self.workers, self.stopped = blocks, workers, stopped
        self.pricers, self.master = [Pricer(block) for block in blocks.parts], Master(blocks)
        self.prices, self.bound = np.zeros(len(blocks.coupling)), np.inf
        self.answers: list[Schedule] = []

    def solve(self) -> Relaxed | None:
        """Return a solution and prices; None where none is found that keeps the coupling rows, or when stopped.

        Raises
        ------
        SolverError
            If a block has no solution.
        """
        with ThreadPoolExecutor(self.workers) as pool:
            self._search(pool)
        x = self.master.mixed()
        return None if x is None or self.stopped.is_set() else self._read(x)

    def _search(self, pool: ThreadPoolExecutor) -> None:
        """Go on until bound and mix meet."""
        asked, hold = self.prices, HOLD
        for _ in range(ROUNDS):
            if self.stopped.is_set():
                return
            better = self._ask(asked, pool)
            value, prices = self.master.solve()
            if self.bound - value <= GAP * max(1.0, abs(value)):
                return
            hold = max(LEAST_HOLD, CLOSER * hold) if better else min(MOST_HOLD, hold + BACK)
            asked = hold * self.prices + (1.0 - hold) * prices

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
