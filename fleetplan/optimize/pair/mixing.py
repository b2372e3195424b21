"""The master of a portfolio's relaxation: mixes the schedules known of each block under the coupling rows, and prices these."""

from __future__ import annotations

from collections.abc import Sequence

import highspy
import numpy as np
from scipy.sparse import csr_matrix

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
        ones = np.ones(len(blocks.parts))  # of each block's schedules, one is mixed in
        rows = np.concatenate([self.low, ones]), np.concatenate([self.high, ones])
        self.highs = _over_shared(blocks, blocks.ties, rows, blocks.model.upper[blocks.shared])
        self._idle()
        self.missing = self._missing()

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


def on_from_basis(highs: highspy.Highs) -> None:
    """Let a programme that is solved again start from the basis it has."""
    highs.setOptionValue("presolve", "off")
    highs.setOptionValue("simplex_strategy", PRIMAL_SIMPLEX)


def _over_shared(blocks: Blocks, ties: csr_matrix, rows: tuple[Array, Array], upper: Array) -> highspy.Highs:
    """Return a programme of the shared columns below other upper limits: ``ties`` in rows with a lower and an upper limit each.

    Rows beyond those of ``ties`` have no entries yet.
    """
    m, shared, by_column, count = blocks.model, blocks.shared, ties.tocsc(), len(rows[0])
    highs = new_highs(0)
    highs.changeObjectiveSense(highspy.ObjSense.kMaximize)
    highs.addRows(count, *rows, 0, np.zeros(count, np.int32), np.zeros(0, np.int32), np.zeros(0))
    starts, where = by_column.indptr[:-1].astype(np.int32), by_column.indices.astype(np.int32)
    cost = m.cost[shared] / SCALE_USD
    highs.addCols(len(shared), cost, m.lower[shared], upper, by_column.nnz, starts, where, by_column.data)
    return highs


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
    rows = np.flatnonzero(blocks.linking)
    need = sum((block.ties[rows] @ x for block, x in zip(blocks.parts, schedules, strict=True)), np.zeros(len(rows)))
    m, coupling = blocks.model, blocks.coupling[rows]
    left = m.row_lower[coupling] - need, m.row_upper[coupling] - need
    highs = _over_shared(blocks, blocks.ties[rows], left, np.full(len(blocks.shared), highspy.kHighsInf))
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    prices = np.zeros(len(blocks.coupling))
    prices[rows] = np.asarray(highs.getSolution().row_dual) * SCALE_USD
    return prices
