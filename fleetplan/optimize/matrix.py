"""One labelled sparse matrix that solver, bounds, elastic relaxation and explanations all read.

    minimise/maximise  c'x + c0   subject to   row_lower <= A x <= row_upper,   lower <= x <= upper,   x_j whole for j in I

Columns come in named blocks of numpy index arrays. Rows come in blocks too: all periods of one family of a rule at one place
are written in one call, and every row carries the rule it belongs to, where it applies and in which period.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_matrix, csr_matrix, vstack

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
T = TypeVar("T", bound=np.generic)
Terms = Sequence[tuple[ArrayLike, ArrayLike]]
INF = float("inf")
NEGLIGIBLE = 1e-6  # smaller coefficients are rounding noise, and solvers trip over them
PlaceKind = Literal["plan", "deployment", "city", "stack", "partner", "programme", "permit", "constraint"]


@dataclass(frozen=True, slots=True)
class Place:
    """What a row or an amount of money is about; fields that do not apply are empty.

    Kinds: the whole ``plan``; a ``deployment`` (stack in a city); a ``city``; a ``stack``; a ``partner``; a ``programme`` of a
    stack under a jurisdiction; a ``permit`` that several share, by its id and the stack or city that shares it; a ``constraint``
    of the request by its id, with the city and stack that the row is about.
    """

    kind: PlaceKind = "plan"
    city: str = ""
    stack: str = ""
    partner: str = ""
    jurisdiction: str = ""
    permit: str = ""
    constraint: str = ""

    @property
    def where(self) -> str:
        """The place as text, for logs and messages.

        >>> Place("deployment", city="zurich", stack="baidu-rt6").where
        'baidu-rt6@zurich'
        """
        parts = (self.stack, self.jurisdiction or self.permit)
        texts = {
            "plan": "plan",
            "deployment": f"{self.stack}@{self.city}",
            "city": self.city,
            "stack": self.stack,
            "partner": self.partner,
            "constraint": self.constraint,
        }
        return texts.get(self.kind, "/".join(p for p in parts if p) or self.city)


PLAN = Place()


@dataclass(frozen=True, slots=True)
class RowLabel:
    """Which rule a row belongs to, where and in which period (-1: none); ``part`` names the family within the rule."""

    rule: str
    place: Place
    period: int
    part: str = ""


@dataclass(frozen=True, eq=False)
class RowBlock:
    """Consecutive rows of one family: the same rule, part and place, one row for each of ``periods``."""

    rule: str
    part: str
    place: Place
    first: int
    periods: Ints

    @property
    def rows(self) -> range:
        """Indices of the rows."""
        return range(self.first, self.first + len(self.periods))


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
    blocks: tuple[RowBlock, ...]

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.cost)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.row_lower)

    @cached_property
    def labels(self) -> tuple[RowLabel, ...]:
        """The label of every row."""
        return tuple(RowLabel(b.rule, b.place, int(t), b.part) for b in self.blocks for t in b.periods)

    def rows_where(self, wanted: Callable[[RowBlock], bool]) -> Ints:
        """Return the indices of the rows whose block is wanted."""
        found = [np.arange(b.first, b.first + len(b.periods)) for b in self.blocks if wanted(b)]
        return np.concatenate([np.zeros(0, np.int64), *found])

    def value(self, x: Array) -> float:
        """Return the objective at ``x``; a sum, since a product of vectors wakes every core for a microsecond's work."""
        return float((self.cost * x).sum()) + self.constant

    def worst_violation(self, x: Array) -> float:
        """Return by how much ``x`` breaks its worst row or bound."""
        activity = self.matrix @ x
        rows = np.maximum(self.row_lower - activity, activity - self.row_upper)
        bounds = np.maximum(self.lower - x, x - self.upper)
        return float(max(rows.max(initial=0.0), bounds.max(initial=0.0)))

    def loosened(self, rows: Ints) -> Model:
        """Return the model with some rows free."""
        low, high = self.row_lower.copy(), self.row_upper.copy()
        low[rows], high[rows] = -INF, INF
        return replace(self, row_lower=low, row_upper=high)

    def extended(self, more: Builder, cost: Array) -> Model:
        """Return the model with further columns and rows.

        ``more`` is a :class:`Builder` begun at ``size=model.columns``, so that its rows may use old columns and new ones;
        ``cost`` holds the objective coefficients of the new columns.
        """
        added = more.finish(cost)
        old = csr_matrix((self.matrix.data, self.matrix.indices, self.matrix.indptr), shape=(self.rows, more.size))
        return Model(
            cost=np.concatenate([self.cost, cost]),
            constant=self.constant + added.constant,
            lower=np.concatenate([self.lower, added.lower]),
            upper=np.concatenate([self.upper, added.upper]),
            whole=np.concatenate([self.whole, added.whole]),
            matrix=csr_matrix(vstack([old, added.matrix], format="csr")),
            row_lower=np.concatenate([self.row_lower, added.row_lower]),
            row_upper=np.concatenate([self.row_upper, added.row_upper]),
            blocks=(*self.blocks, *(replace(b, first=b.first + self.rows) for b in added.blocks)),
        )


@dataclass(eq=False)
class Builder:
    """Grows a :class:`Model` (always a maximisation of NPV)."""

    size: int = 0
    constant: float = 0.0
    lower: list[Array] = field(default_factory=list)
    upper: list[Array] = field(default_factory=list)
    whole: list[NDArray[np.bool_]] = field(default_factory=list)
    blocks: list[RowBlock] = field(default_factory=list)
    row_lower: list[Array] = field(default_factory=list)
    row_upper: list[Array] = field(default_factory=list)
    entry_rows: list[Ints] = field(default_factory=list)
    entry_columns: list[Ints] = field(default_factory=list)
    entry_values: list[Array] = field(default_factory=list)
    rows: int = 0

    def block(
        self, shape: tuple[int, ...], upper: Array | float = INF, *, lower: Array | float = 0.0, whole: bool = False
    ) -> Ints:
        """Add a block of columns and return their indices in the given shape."""
        count = int(np.prod(shape))
        self.lower.append(np.broadcast_to(np.asarray(lower, float), shape).ravel().copy())
        self.upper.append(np.broadcast_to(np.asarray(upper, float), shape).ravel().copy())
        self.whole.append(np.full(count, whole))
        index = np.arange(self.size, self.size + count, dtype=np.int64).reshape(shape)
        self.size += count
        return index

    def write(
        self,
        rule: str,
        place: Place,
        periods: Ints,
        terms: Terms,
        *,
        low: ArrayLike = -INF,
        high: ArrayLike = INF,
        part: str = "",
    ) -> None:
        """Add one row for each of ``periods``: ``low <= sum(value * x[column]) <= high``; columns may repeat.

        Parameters
        ----------
        terms
            Pairs of columns and values. Columns: shape (n,) for one term a row, (n, k) for k, or one column for all rows;
            values are broadcast to them.
        low, high
            One number, or one for each row.
        """
        count = len(periods)
        if not count:
            return
        rows = np.arange(self.rows, self.rows + count, dtype=np.int64)
        for columns, values in terms:
            where = np.asarray(columns, dtype=np.int64)
            where = np.full(count, where) if where.ndim == 0 else where
            value = np.asarray(values, float)
            value = value[:, None] if value.ndim == 1 and where.ndim == 2 else value  # one value a row
            self.entry_values.append(spread(value, where.shape))
            self.entry_columns.append(where.ravel())
            self.entry_rows.append(np.repeat(rows, where[0].size))
        self._close(rule, place, periods, low, high, part)

    def write_sparse(  # one row for each period, its terms given as triplets
        self,
        rule: str,
        place: Place,
        periods: Ints,
        triplets: tuple[Ints, Ints, Array],
        *,
        low: ArrayLike = -INF,
        high: ArrayLike = INF,
        part: str = "",
    ) -> None:
        """Add one row for each of ``periods`` from triplets ``(row within the block, column, value)``."""
        row, column, value = triplets
        self.entry_rows.append(np.asarray(row, np.int64) + self.rows)
        self.entry_columns.append(np.asarray(column, np.int64))
        self.entry_values.append(np.asarray(value, float))
        self._close(rule, place, periods, low, high, part)

    def _close(self, rule: str, place: Place, periods: Ints, low: ArrayLike, high: ArrayLike, part: str) -> None:
        count = len(periods)
        self.row_lower.append(np.broadcast_to(np.asarray(low, float), (count,)))
        self.row_upper.append(np.broadcast_to(np.asarray(high, float), (count,)))
        self.blocks.append(RowBlock(rule, part, place, self.rows, np.asarray(periods, np.int64)))
        self.rows += count

    def row(self, label: RowLabel, terms: Iterable[tuple[int, float]], low: float = -INF, high: float = INF) -> None:
        """Add one row ``low <= sum(value * x[column]) <= high``."""
        periods = np.array([label.period], np.int64)
        pairs = [(np.array([c], np.int64), np.array([v], float)) for c, v in terms]
        self.write(label.rule, label.place, periods, pairs, low=low, high=high, part=label.part)

    def finish(self, cost: Array) -> Model:
        """Return the model with the given objective coefficients."""
        matrix = coo_matrix(
            (_joined(self.entry_values), (_indices(self.entry_rows), _indices(self.entry_columns))),
            shape=(self.rows, self.size),
        ).tocsr()
        matrix.sum_duplicates()
        matrix.data[np.abs(matrix.data) < NEGLIGIBLE] = 0.0
        matrix.eliminate_zeros()
        return Model(
            cost=cost,
            constant=self.constant,
            lower=_joined(self.lower),
            upper=_joined(self.upper),
            whole=np.concatenate([np.zeros(0, dtype=bool), *self.whole]),
            matrix=matrix,
            row_lower=_joined(self.row_lower),
            row_upper=_joined(self.row_upper),
            blocks=tuple(self.blocks),
        )


def spread(part: NDArray[T], shape: tuple[int, ...]) -> NDArray[T]:
    """Return what is broadcast to a shape in a row: numpy's own way takes ten times as long where nothing, or one value, is."""
    if part.shape == shape:
        return part.ravel()
    if part.ndim == 0:
        return np.full(math.prod(shape), part)
    return np.broadcast_to(part, shape).ravel()


def _joined(parts: Sequence[Array]) -> Array:
    return np.concatenate([np.zeros(0), *parts])


def _indices(parts: Sequence[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, np.int64), *parts])
