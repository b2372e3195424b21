"""A part of a problem: some blocks free, all others as they stand, so that its size does not grow with the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import block_diag, csr_matrix, hstack, vstack

from fleetplan.optimize.matrix import Array, Ints, Model
from fleetplan.optimize.pair.blocks import Blocks
from fleetplan.optimize.pair.outline import Outline, Steps

ROUNDING = 2e-6  # of a coupling row: what solvers take for nothing, twice
MISSED = 1e-3  # of a coupling row: more is no rounding, and has to be mended
NEARLY = 1e-5  # of a whole number: bounds of whole columns are whole, since a presolve trips over what is hardly more


@dataclass(frozen=True, eq=False)
class Part:
    """A problem of its own, and which columns of the whole are its columns."""

    outline: Outline
    columns: Ints


def part_around(outline: Outline, blocks: Blocks, chosen: Sequence[int], x: Array, cost: Array) -> Part:
    """Return the problem of some blocks and all shared columns, with what the other blocks leave of the coupling rows.

    Its value is that of the blocks, and by how much less the shared columns cost than they do now: gaps are shares of that.

    Parameters
    ----------
    x
        Where the others stand, shape (columns,).
    cost
        What a unit of each column is worth, shape (columns,).
    """
    columns = np.concatenate([*(blocks.parts[k].columns for k in chosen), blocks.shared])
    at = np.full(blocks.model.columns, -1)
    at[columns] = np.arange(len(columns))
    whole = replace(
        outline, steps=_steps(outline, at), orders=_found(at, outline.orders), blocks=None, apart=None, coarse=None
    )
    model = _model(blocks, chosen, columns, x, cost[columns])
    return Part(replace(whole, model=model, whole=outline.whole[columns]), columns)


def _found(at: Ints, columns: Ints) -> Ints:
    own = at[columns]
    return own[own >= 0]


def _steps(outline: Outline, at: Ints) -> tuple[Steps, ...]:
    """Return the steps of the deployments in the part, cities counted anew."""
    inside = [own for own in outline.steps if at[own.entry] >= 0]
    cities = sorted({own.city for own in inside})
    return tuple(Steps(at[own.begun], at[own.opened], cities.index(own.city)) for own in inside)


def _model(blocks: Blocks, chosen: Sequence[int], columns: Ints, x: Array, cost: Array) -> Model:
    m, parts = blocks.model, [blocks.parts[k] for k in chosen]
    ties = csr_matrix(hstack([*(part.ties for part in parts), blocks.ties], format="csr"))
    own = block_diag([*(part.model.matrix for part in parts), csr_matrix((0, len(blocks.shared)))], format="csr")
    low, high = _left(blocks, ties, columns, x)
    lower, upper, kept = _folded(ties, low, high, (m.lower[columns], m.upper[columns]))
    whole = m.whole[columns]
    lower, upper = np.where(whole, np.ceil(lower - NEARLY), lower), np.where(whole, np.floor(upper + NEARLY), upper)
    return Model(
        cost=cost,
        constant=-float((cost[-len(blocks.shared) :] * x[blocks.shared]).sum()) if len(blocks.shared) else 0.0,
        lower=np.minimum(lower, m.upper[columns]),
        upper=np.maximum(upper, m.lower[columns]),
        whole=whole,
        matrix=csr_matrix(vstack([own, ties[kept]], format="csr")),
        row_lower=np.concatenate([*(part.model.row_lower for part in parts), low[kept]]),
        row_upper=np.concatenate([*(part.model.row_upper for part in parts), high[kept]]),
        blocks=(),
    )


def _left(blocks: Blocks, ties: csr_matrix, columns: Ints, x: Array) -> tuple[Array, Array]:
    """Return what the others leave of the coupling rows, and a little: rounding must not shut out where the part stands."""
    m, rows = blocks.model, blocks.coupling
    stands = ties @ x[columns]
    others = blocks.entries @ x - stands
    low, high = m.row_lower[rows] - others - ROUNDING, m.row_upper[rows] - others + ROUNDING
    low = np.where((low > stands) & (low < stands + MISSED), stands, low)
    return low, np.where((high < stands) & (high > stands - MISSED), stands, high)


def _folded(matrix: csr_matrix, low: Array, high: Array, bounds: tuple[Array, Array]) -> tuple[Array, Array, Ints]:
    """Return bounds with rows of one entry in them, and the rows of more."""
    lower, upper, count = bounds[0].copy(), bounds[1].copy(), np.diff(matrix.indptr)
    alone = np.flatnonzero(count == 1)
    where, value = matrix.indices[matrix.indptr[alone]], matrix.data[matrix.indptr[alone]]
    ends = low[alone] / value, high[alone] / value
    np.maximum.at(lower, where, np.where(value > 0, *ends))
    np.minimum.at(upper, where, np.where(value > 0, *ends[::-1]))
    return lower, upper, np.flatnonzero(count > 1)
