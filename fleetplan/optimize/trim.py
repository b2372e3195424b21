"""A problem without what is settled in it: columns that are held, rows over nothing else, rows that are but a bound.

Most columns are held before a solver sees a problem (no permit by then, nothing within reach: two thirds of the reference's), and
where steps are held most of the others follow. A solver's presolve finds the same, row by row, after it was handed all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from fleetplan.optimize.matrix import Array, Ints, Model

Flags = NDArray[np.bool_]

NONE = np.zeros(0, dtype=np.int64)
ROUNDS = 8  # at most: a row that is but a bound may hold a column, which leaves further rows with one
NEARLY = 1e-6  # of a whole number: a bound nearer than that is the number
MISSED = 1e-6  # of a row; of a bound or of 1, whichever is more: what solvers take for nothing


@dataclass(frozen=True, eq=False)
class Trimmed:
    """What is left of a problem.

    Attributes
    ----------
    model
        The problem that is left, its rows without labels.
    columns, rows
        Which of the problem's columns and rows these are.
    held
        The problem's columns: those held at their values, the others at 0; shape (columns,).
    all_rows
        How many rows the problem has.
    folded
        Whether rows became bounds; then what a row is worth is not told by those that are left.
    """

    model: Model
    columns: Ints
    rows: Ints
    held: Array
    all_rows: int
    folded: bool

    def restored(self, x: Array) -> Array:
        """Return the problem's columns, shape (columns,), where those left are ``x``."""
        out = self.held.copy()
        out[self.columns] = x
        return out

    def duals(self, prices: Array) -> Array:
        """Return prices of all rows, shape (rows,): those over held columns have none."""
        out = np.zeros(self.all_rows)
        out[self.rows] = prices
        return out

    def places(self) -> Ints:
        """Return where each of the problem's columns stands among those left, shape (columns,); -1 where it does not."""
        out = np.full(len(self.held), -1, dtype=np.int64)
        out[self.columns] = np.arange(len(self.columns))
        return out


def trimmed(model: Model, *, fold: bool) -> Trimmed | None:
    """Return what is left of a problem without what is settled; None where that alone breaks a row or a bound.

    Parameters
    ----------
    fold
        Make rows over one column bounds of it, and take out what these hold.
    """
    rest = _Rest(model)
    sound = rest.met(np.arange(model.columns)) and rest.take_out()
    for _ in range(ROUNDS if fold else 0):
        touched = rest.fold() if sound else NONE
        if not len(touched):
            break
        sound = rest.met(touched) and rest.take_out()
    return rest.left(fold=fold) if sound else None


class _Rest:
    """What is left while more is taken out."""

    def __init__(self, model: Model) -> None:
        self.model, self.matrix = model, model.matrix
        self.lower, self.upper = model.lower.copy(), model.upper.copy()
        self.low, self.high = model.row_lower, model.row_upper
        self.columns, self.rows = np.arange(model.columns), np.arange(model.rows)

    def take_out(self) -> bool:
        """Take out columns that are held and rows that are empty then; return False where one of these is broken."""
        held = self.upper[self.columns] <= self.lower[self.columns]
        if held.any():
            stands = self.matrix[:, np.flatnonzero(held)] @ self.lower[self.columns[held]]
            self.low, self.high = self.low - stands, self.high - stands
            self.matrix, self.columns = self.matrix[:, np.flatnonzero(~held)], self.columns[~held]
        empty = np.diff(self.matrix.indptr) == 0
        broken = empty & ((self.low > MISSED) | (self.high < -MISSED))
        self._keep(~empty)
        return not bool(broken.any())

    def fold(self) -> Ints:
        """Make rows over one column bounds of it; return which columns, those of whole things with whole bounds."""
        alone = np.diff(self.matrix.indptr) == 1
        first = self.matrix.indptr[:-1][alone]
        columns: Ints = self.columns[self.matrix.indices[first]]
        values = self.matrix.data[first]
        ends = self.low[alone] / values, self.high[alone] / values
        np.maximum.at(self.lower, columns, np.where(values > 0, *ends))
        np.minimum.at(self.upper, columns, np.where(values > 0, *ends[::-1]))
        whole = columns[self.model.whole[columns]]
        self.lower[whole] = np.ceil(self.lower[whole] - NEARLY)
        self.upper[whole] = np.floor(self.upper[whole] + NEARLY)
        self._keep(~alone)
        return columns

    def met(self, columns: Ints) -> bool:
        """Make one of two bounds that cross by nothing; return False where they cross by more."""
        lower, upper = self.lower[columns], self.upper[columns]
        if (lower > upper + MISSED * np.maximum(1.0, np.abs(upper))).any():
            return False
        self.upper[columns] = np.maximum(lower, upper)
        return True

    def _keep(self, rows: Flags) -> None:
        if not rows.all():
            self.matrix, self.low, self.high = self.matrix[np.flatnonzero(rows)], self.low[rows], self.high[rows]
            self.rows = self.rows[rows]

    def left(self, *, fold: bool) -> Trimmed:
        """Return what is left."""
        m, at = self.model, self.columns
        held = self.lower.copy()
        held[at] = 0.0
        return Trimmed(
            model=Model(
                cost=m.cost[at],
                constant=m.constant + float((m.cost * held).sum()),
                lower=self.lower[at],
                upper=self.upper[at],
                whole=m.whole[at],
                matrix=csr_matrix(self.matrix),
                row_lower=self.low,
                row_upper=self.high,
                blocks=(),
            ),
            columns=at,
            rows=self.rows,
            held=held,
            all_rows=m.rows,
            folded=fold,
        )
