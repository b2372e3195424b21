"""A bound on a linear relaxation that no rounding error can lower: weak duality from any prices, rounded outwards.

For prices ``y`` of the rows (any numbers at all) and reduced costs ``z = c - A'y``, every ``x`` that keeps rows and bounds has

    c'x + c0  =  c0 + y'(Ax) + z'x  <=  c0 + sum_i max over [row_lower_i, row_upper_i] of y_i * a
                                           + sum_j max over [lower_j, upper_j] of z_j * x_j

A solver's prices are right to about 1e-9, and its own sums are rounded. Here ``y`` is taken as it stands, ``z`` is an interval
that holds the exact one (the error of a sum of n products of doubles is at most ``gamma_n`` times the sum of their sizes: Higham,
Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1), every maximum is rounded up, and the sum of all is
exact (``math.fsum``) but for one rounding, up. The method is that of the safe bounds of Neumaier and Shcherbina (Mathematical
Programming 99, 2004). What is proven is a bound on the matrix in doubles, as the solver is given it.

Prices of the wrong sign where a row has no limit are set to zero. Columns without a limit take the one that a row implies, from
the finite limits of all others in it; where none does, the bound is infinite.
"""

from __future__ import annotations

import math

import numpy as np

from fleetplan.optimize.matrix import Array, Ints, Model

UNIT = np.finfo(np.float64).eps / 2  # unit roundoff u
TINY = np.finfo(np.float64).tiny  # more than what a product or a sum can lose by underflow
PASSES = 3  # rounds of implied limits: what one column gains may limit the next


def proven_bound(model: Model, prices: Array) -> float:
    """Return a value in USD that no solution of the relaxation exceeds, whatever the prices; near the optimum for good ones.

    Parameters
    ----------
    prices
        Of the rows, USD per unit: a solver's duals of the maximisation, positive where more of ``row_upper`` is worth something;
        shape (rows,).
    """
    y = _signed(model, np.nan_to_num(prices, posinf=0.0, neginf=0.0))
    low, high = _reduced_costs(model, y)
    open_ended = (high > 0) & np.isposinf(model.upper) | (low < 0) & np.isneginf(model.lower)
    lower, upper = _limits(model, np.flatnonzero(open_ended))
    rows = _most(y, y, model.row_lower, model.row_upper)
    columns = _most(low, high, lower, upper)
    return _sum_up([model.constant, *rows.tolist(), *columns.tolist()])


def _signed(model: Model, y: Array) -> Array:
    """Return the prices with those at zero that a row without the limit cannot have."""
    impossible = ((y > 0) & np.isposinf(model.row_upper)) | ((y < 0) & np.isneginf(model.row_lower))
    return np.where(impossible, 0.0, y)


def _reduced_costs(model: Model, y: Array) -> tuple[Array, Array]:
    """Return ends of an interval for each column that hold its exact reduced cost."""
    transposed = model.matrix.T.tocsr()
    value = model.cost - transposed @ y
    size = np.abs(model.cost) + abs(transposed) @ np.abs(y)
    error = _gamma(np.diff(transposed.indptr) + 2) * size * (1 + 8 * UNIT) + _lost(np.diff(transposed.indptr))
    return np.nextafter(value - error, -np.inf), np.nextafter(value + error, np.inf)


def _gamma(count: Ints) -> Array:
    """Return the largest relative error of a sum of so many products, twice over: of the value and of the sum of sizes."""
    return np.asarray(2.0 * count * UNIT / (1.0 - 2.0 * count * UNIT))


def _lost(count: Ints) -> Array:
    return np.asarray((count + 2.0) * TINY)


def _most(low: Array, high: Array, least: Array, most: Array) -> Array:
    """Return the greatest product, rounded up, of a factor in [low, high] and one in [least, most], shape (n,)."""
    ends = [_product(factor, end) for factor in (low, high) for end in (least, most)]
    return np.asarray(np.max(ends, axis=0))


def _product(factor: Array, end: Array) -> Array:
    """Return products rounded up; nothing times an infinite end is nothing."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(factor == 0.0, 0.0, np.nextafter(factor * end, np.inf))


def _sum_up(terms: list[float]) -> float:
    """Return the sum rounded up; exact but for that."""
    if not all(math.isfinite(term) for term in terms):
        return math.inf
    return math.nextafter(math.fsum(terms), math.inf)


# --- limits that rows imply ---


def _limits(model: Model, wanted: Ints) -> tuple[Array, Array]:
    """Return the columns' limits, for those wanted what their rows imply: the shortest that implies any."""
    lower, upper = model.lower.copy(), model.upper.copy()
    if not len(wanted):
        return lower, upper
    by_column, length = model.matrix.tocsc(), np.diff(model.matrix.indptr)
    for j in np.tile(wanted, PASSES).tolist():
        rows = by_column.indices[by_column.indptr[j] : by_column.indptr[j + 1]]
        for r in rows[np.argsort(length[rows], kind="stable")].tolist():
            if np.isfinite([lower[j], upper[j]]).all():
                break
            low, high = _implied(model, r, j, lower, upper)
            lower[j], upper[j] = max(lower[j], low), min(upper[j], high)
    return lower, upper


def _implied(model: Model, r: int, j: int, lower: Array, upper: Array) -> tuple[float, float]:
    """Return limits, rounded outwards, that a row and the limits of its other columns leave a column."""
    inside = slice(model.matrix.indptr[r], model.matrix.indptr[r + 1])
    columns, values = model.matrix.indices[inside], model.matrix.data[inside]
    others = columns != j
    own = float(values[~others][0])
    factors, least, most = values[others], lower[columns[others]], upper[columns[others]]
    above = _sum_up(_most(factors, factors, least, most).tolist())
    below = -_sum_up(_most(-factors, -factors, least, most).tolist())
    low = math.nextafter(float(model.row_lower[r]) - above, -math.inf)
    high = math.nextafter(float(model.row_upper[r]) - below, math.inf)
    ends = (low / own, high / own) if own > 0 else (high / own, low / own)
    return math.nextafter(ends[0], -math.inf), math.nextafter(ends[1], math.inf)
