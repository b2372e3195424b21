"""A portfolio by city: little ties its cities together, so that most columns and rows belong to one of them alone.

Cities that share a wider programme (California's, the Union's type approval) are kept together, a few to a block, and the
programme with them. What is left over is *shared*: the stacks' first programmes, purchases, capital, cash, programmes of many
cities. Rows that touch one block alone are its own; all others (budget, supply, launches a quarter) *couple* the blocks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.matrix import Array, Ints, Model

LARGE_COLUMNS = 50_000  # from here on a problem is solved by blocks
TOGETHER = 3  # cities at most in a block
SHARED = -1


@dataclass(frozen=True, eq=False)
class Block:
    """One block: its columns, its own rows, the problem that these are, and its entries in the coupling rows."""

    columns: Ints
    rows: Ints
    model: Model
    ties: csr_matrix  # (coupling rows, own columns)

    def priced(self, prices: Array) -> Model:
        """Return the block's own problem where what it takes of the coupling rows costs ``prices``, shape (coupling,)."""
        return replace(self.model, cost=self.model.cost - self.ties.T @ prices)


@dataclass(frozen=True, eq=False)
class Blocks:
    """A whole problem by blocks."""

    model: Model
    of_column: Ints  # the block of every column, SHARED for none
    parts: tuple[Block, ...]
    shared: Ints  # columns of no block
    coupling: Ints  # rows of no block
    ties: csr_matrix  # (coupling rows, shared columns)
    entries: csr_matrix  # (coupling rows, all columns)

    @cached_property
    def linking(self) -> NDArray[np.bool_]:
        """Which coupling rows say what blocks need of shared columns, such as purchases; others are limits. Shape (coupling,)."""
        shared, all_of_it = np.diff(self.ties.indptr), np.diff(self.entries.indptr)
        return np.asarray((shared > 0) & (shared < all_of_it))

    def priced(self, prices: Array) -> Array:
        """Return what a unit of every column is worth once the coupling rows are paid for, shape (columns,)."""
        return np.asarray(self.model.cost - self.entries.T @ prices)


def split(model: Model, of_column: Ints) -> Blocks:
    """Return a problem by blocks; ``of_column`` says which block each column is in, :data:`SHARED` for none."""
    rows = _rows(model, of_column)
    coupling, shared = np.flatnonzero(rows == SHARED), np.flatnonzero(of_column == SHARED)
    entries = model.matrix[coupling]
    by_column = entries.tocsc()
    count = 1 + int(of_column.max(initial=SHARED))
    groups = zip(_groups(of_column, count), _groups(rows, count), strict=True)
    parts = [_block(model, by_column, columns, own) for columns, own in groups]
    return Blocks(model, of_column, tuple(parts), shared, coupling, csr_matrix(by_column[:, shared]), entries)


def _block(model: Model, entries: csc_matrix, columns: Ints, rows: Ints) -> Block:
    own = Model(
        cost=model.cost[columns],
        constant=0.0,
        lower=model.lower[columns],
        upper=model.upper[columns],
        whole=model.whole[columns],
        matrix=csr_matrix(model.matrix[rows][:, columns]),
        row_lower=model.row_lower[rows],
        row_upper=model.row_upper[rows],
        blocks=(),
    )
    return Block(columns, rows, own, csr_matrix(entries[:, columns]))


def _rows(model: Model, of_column: Ints) -> Ints:
    """Return the block of every row; a row without entries goes to the coupling ones, where it does no harm."""
    least, most = np.full(model.rows, np.iinfo(np.int64).max), np.full(model.rows, SHARED)
    row = np.repeat(np.arange(model.rows), np.diff(model.matrix.indptr))
    np.minimum.at(least, row, of_column[model.matrix.indices])
    np.maximum.at(most, row, of_column[model.matrix.indices])
    return np.where(least == most, most, SHARED)


def _groups(of: Ints, count: int) -> Iterator[Ints]:
    """Yield the indices of each block's members."""
    order = np.argsort(of, kind="stable")
    ends = np.searchsorted(of[order], np.arange(count + 1))
    for first, last in pairwise(ends.tolist()):
        yield order[first:last]


# --- which block a column is in ---


def blocks_of_columns(f: Formulation) -> Ints:
    """Return the block of every column of a formulation, from 0; :data:`SHARED` for those of none."""
    of_city, columns = _blocks_of_cities(f), f.columns
    out = np.full(f.model.columns, SHARED, dtype=np.int64)
    for data, own in zip(f.instance.deployments, columns.deployments, strict=True):
        steps = (own.begun, own.open, own.paying, own.driver_out)
        ends = (own.ended, own.serving, own.serving_paid)
        counts = (
            own.vehicles,
            own.fleet,
            own.demand,
            own.trips,
            own.added,
            own.worn,
            own.agents,
            own.cheap,
            own.public,
        )
        for part in (*steps, *ends, *counts):
            if part is not None:
                out[part] = of_city[data.city]
    for by_city in (columns.team, columns.live, columns.live_now, columns.paying_live, columns.driver_out_live):
        for city, part in by_city.items():
            out[part] = of_city[city]
    for city, depots in columns.depots.items():
        for part in (depots.ordered, depots.stalls, depots.public):
            out[part] = of_city[city]
    for (stack, wide), part in columns.programmes.items():
        inside = {of_city[city] for city in _sharing(f, stack, wide)}
        if len(inside) == 1:
            out[part] = inside.pop()
    return out


def _sharing(f: Formulation, stack: str, wide: str) -> set[str]:
    """Return the cities whose deployments share a wider programme."""
    return {d.city for d in f.instance.deployments if d.stack == stack and wide in d.shared}


def _blocks_of_cities(f: Formulation) -> dict[str, int]:
    """Return the block of every city: those that share a programme together, as long as a block stays small."""
    group = {city: frozenset({city}) for city in sorted({d.city for d in f.instance.deployments})}
    for stack, wide in f.columns.programmes:
        joined = _union(group[city] for city in _sharing(f, stack, wide))
        if len(joined) <= TOGETHER:
            group.update(dict.fromkeys(joined, joined))
    first = sorted({min(cities) for cities in group.values()})
    return {city: first.index(min(cities)) for city, cities in group.items()}


def _union(groups: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset().union(*groups)
