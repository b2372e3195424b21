"""The master of a portfolio's relaxation: mixes the schedules known of each block under the coupling rows, and prices these."""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.matrix import Array
from fleetplan.optimize.pair.blocks import Blocks
from fleetplan.optimize.solve import SCALE_USD, new_highs

PRIMAL_SIMPLEX = 4  # as HiGHS numbers it: a basis stays feasible when prices change, or columns come
PENALTY = 1e5  # millions for a unit missed: what no mix known yet can keep
MISSED = 1e-6
NOTHING = 1e-9  # in a schedule or mix
USD = 1e-3  # of reduced cost: less is the solver's own zero


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


def prices_of_shared(blocks: Blocks, schedules: Sequence[Array]) -> Array | None:
    """Return prices of the coupling rows at which shared columns, purchases above all, just pay for what blocks need of them.

    Limits cost nothing at these prices: only rows that say what the blocks' ``schedules`` need of shared columns do. At no prices
    at all vehicles would be had for nothing, and what blocks do then says little of what they will do. None where the shared
    columns cannot give as much.
    """
    rows, shared = np.flatnonzero(blocks.linking), blocks.shared
    need = sum((block.ties[rows] @ x for block, x in zip(blocks.parts, schedules, strict=True)), np.zeros(len(rows)))
    m, coupling = blocks.model, blocks.coupling[rows]
    highs = new_highs(0)
    highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
    low, high, nowhere = m.row_lower[coupling] - need, m.row_upper[coupling] - need, np.zeros(0, np.int32)
    highs.addRows(len(rows), low, high, 0, np.zeros(len(rows), np.int32), nowhere, np.zeros(0))
    ties, free = blocks.ties[rows].tocsc(), np.full(len(shared), highspy.kHighsInf)
    starts, where = ties.indptr[:-1].astype(np.int32), ties.indices.astype(np.int32)
    highs.addCols(len(shared), m.cost[shared] / SCALE_USD, m.lower[shared], free, ties.nnz, starts, where, ties.data)
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    prices = np.zeros(len(blocks.coupling))
    prices[rows] = np.asarray(highs.getSolution().row_dual) * SCALE_USD
    return prices
