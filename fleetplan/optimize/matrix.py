"""One labelled sparse matrix that solver, bounds, elastic relaxation and explanations all read.

    minimise/maximise  c'x + c0   subject to   row_lower <= A x <= row_upper,   lower <= x <= upper,   x_j whole for j in I

Columns come in named blocks of numpy index arrays; rows carry the key of the rule they belong to and where they apply.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
INF = float("inf")
NEGLIGIBLE = 1e-6  # smaller coefficients are rounding noise, and solvers trip over them


@dataclass(frozen=True, slots=True)
class RowLabel:
    """Which rule a row belongs to, where (deployment, stack, city, constraint id) and in which period (-1: none)."""

    rule: str
    where: str
    period: int


@dataclass(frozen=True, eq=False)
class Model:
    """A finished matrix."""

    cost: Array
    constant: float
    lower: Array
    upper: Array
    whole: NDArray[np.bool_]
    matrix: csr_matrix
    row_lower: Array
    row_upper: Array
    labels: tuple[RowLabel, ...]

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.cost)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.row_lower)

    def value(self, x: Array) -> float:
        """Return the objective at ``x``."""
        return float(self.cost @ x) + self.constant

    def worst_violation(self, x: Array) -> float:
        """Return by how much ``x`` breaks its worst row or bound."""
        activity = self.matrix @ x
        rows = np.maximum(self.row_lower - activity, activity - self.row_upper)
        bounds = np.maximum(self.lower - x, x - self.upper)
        return float(max(rows.max(initial=0.0), bounds.max(initial=0.0)))

    def extended(self, more: Builder, cost: Array) -> Model:
        """Return the model with further columns and rows.

        ``more`` is a :class:`Builder` begun at ``size=model.columns``, so that its rows may use old columns and new ones;
        ``cost`` holds the objective coefficients of the new columns.
        """
        added = more.finish(cost)
        old = csr_matrix((self.matrix.data, self.matrix.indices, self.matrix.indptr), shape=(self.rows, more.size))
        return replace(
            self,
            cost=np.concatenate([self.cost, cost]),
            constant=self.constant + added.constant,
            lower=np.concatenate([self.lower, added.lower]),
            upper=np.concatenate([self.upper, added.upper]),
            whole=np.concatenate([self.whole, added.whole]),
            matrix=csr_matrix(vstack([old, added.matrix], format="csr")),
            row_lower=np.concatenate([self.row_lower, added.row_lower]),
            row_upper=np.concatenate([self.row_upper, added.row_upper]),
            labels=(*self.labels, *added.labels),
        )


@dataclass(eq=False)
class Builder:
    """Grows a :class:`Model` (always a maximisation of NPV)."""

    cost: list[Array] = field(default_factory=list)
    lower: list[Array] = field(default_factory=list)
    upper: list[Array] = field(default_factory=list)
    whole: list[NDArray[np.bool_]] = field(default_factory=list)
    size: int = 0
    row_start: list[int] = field(default_factory=lambda: [0])
    row_columns: list[int] = field(default_factory=list)
    row_values: list[float] = field(default_factory=list)
    row_lower: list[float] = field(default_factory=list)
    row_upper: list[float] = field(default_factory=list)
    labels: list[RowLabel] = field(default_factory=list)
    constant: float = 0.0

    def block(
        self, shape: tuple[int, ...], upper: Array | float = INF, *, lower: Array | float = 0.0, whole: bool = False
    ) -> Ints:
        """Add a block of columns and return their indices in the given shape."""
        count = int(np.prod(shape))
        self.cost.append(np.zeros(count))
        self.lower.append(np.broadcast_to(np.asarray(lower, float), shape).ravel().copy())
        self.upper.append(np.broadcast_to(np.asarray(upper, float), shape).ravel().copy())
        self.whole.append(np.full(count, whole))
        index = np.arange(self.size, self.size + count, dtype=np.int64).reshape(shape)
        self.size += count
        return index

    def row(self, label: RowLabel, terms: Sequence[tuple[int, float]], low: float = -INF, high: float = INF) -> None:
        """Add ``low <= sum(value * x[column]) <= high``; columns may repeat."""
        for column, value in terms:
            self.row_columns.append(int(column))
            self.row_values.append(float(value))
        self.row_start.append(len(self.row_columns))
        self.row_lower.append(low)
        self.row_upper.append(high)
        self.labels.append(label)

    def finish(self, cost: Array) -> Model:
        """Return the model with the given objective coefficients."""
        matrix = csr_matrix(
            (np.asarray(self.row_values), np.asarray(self.row_columns, dtype=np.int64), np.asarray(self.row_start)),
            shape=(len(self.row_lower), self.size),
        )
        matrix.sum_duplicates()
        matrix.data[np.abs(matrix.data) < NEGLIGIBLE] = 0.0
        matrix.eliminate_zeros()
        return Model(
            cost=cost,
            constant=self.constant,
            lower=np.concatenate([np.zeros(0), *self.lower]),
            upper=np.concatenate([np.zeros(0), *self.upper]),
            whole=np.concatenate([np.zeros(0, dtype=bool), *self.whole]),
            matrix=matrix,
            row_lower=np.asarray(self.row_lower),
            row_upper=np.asarray(self.row_upper),
            labels=tuple(self.labels),
        )
