"""Linear and mixed-integer programmes in rational arithmetic: every sum and comparison that decides is one of fractions.

HiGHS proposes prices, bases and branchings; what is claimed of them is worked out again exactly. Slow, for tiny problems.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from heapq import heappop, heappush
from itertools import combinations, count

import highspy
import numpy as np

from fleetplan.optimize.matrix import Array, Model
from fleetplan.optimize.solve import SCALE_USD, new_highs, pass_model

Vector = dict[int, Fraction]
CLOSE_USD = Fraction(2)  # how near to the best point known a bound closes a node
NEARLY_WHOLE = 1e-6
LOOSE = 1e-8  # by which a point may pass a row: doubles that should sum to nothing sum to 1e-13 now and then


# --- exact statements about a model ---


def entries(model: Model) -> Iterator[tuple[int, int, Fraction]]:
    """Yield row, column and exact value of every entry."""
    matrix = model.matrix.tocoo()
    for r, j, value in zip(matrix.row.tolist(), matrix.col.tolist(), matrix.data.tolist(), strict=True):
        yield r, j, Fraction(value)


def dual_bound(model: Model, prices: Array, *, cost: bool = True) -> Fraction | None:
    """Return what weak duality proves exactly, from prices as they stand; None: nothing. Without ``cost``: of the objective 0."""
    y = [Fraction(float(p)) for p in prices]
    reduced = [Fraction(float(c)) if cost else Fraction(0) for c in model.cost]
    for r, j, value in entries(model):
        reduced[j] -= y[r] * value
    total = Fraction(model.constant) if cost else Fraction(0)
    pairs = (
        *zip(y, model.row_lower, model.row_upper, strict=True),
        *zip(reduced, model.lower, model.upper, strict=True),
    )
    for factor, low, high in pairs:
        end = float(high if factor > 0 else low)
        if factor and math.isinf(end):
            return None
        total += factor * Fraction(end) if factor else 0
    return total


def keeps_everything(model: Model, x: list[Fraction], loose: float = 0.0) -> bool:
    """Return whether a point keeps every bound and whole number exactly, and every row to within ``loose``."""
    activity = [Fraction(0)] * model.rows
    for r, j, value in entries(model):
        activity[r] += value * x[j]
    limits = zip((model.row_lower - loose).tolist(), activity, (model.row_upper + loose).tolist(), strict=True)
    inside = all(low <= a <= high for low, a, high in limits)
    bounds = all(low <= a <= high for low, a, high in zip(model.lower.tolist(), x, model.upper.tolist(), strict=True))
    return inside and bounds and all(x[j].denominator == 1 for j in np.flatnonzero(model.whole).tolist())


def exact_value(model: Model, x: list[Fraction]) -> Fraction:
    """Return the objective at a point."""
    return Fraction(model.constant) + sum(
        (Fraction(float(c)) * v for c, v in zip(model.cost, x, strict=True)), Fraction(0)
    )


def best_vertex(model: Model) -> Fraction | None:
    """Return the exact optimum of a linear programme with a few bounded columns, vertex by vertex; None: no point."""
    n = model.columns
    planes: list[tuple[Vector, Fraction]] = []
    for j in range(n):
        planes += [({j: Fraction(1)}, Fraction(float(end))) for end in (model.lower[j], model.upper[j])]
    rows: list[Vector] = [{} for _ in range(model.rows)]
    for r, j, value in entries(model):
        rows[r][j] = value
    for r, row in enumerate(rows):
        planes += [(row, Fraction(float(e))) for e in (model.row_lower[r], model.row_upper[r]) if math.isfinite(e)]
    relaxed, best = replace(model, whole=np.zeros(n, dtype=bool)), None
    for chosen in combinations(planes, n):
        x = solved([dict(row) for row, _ in chosen], [end for _, end in chosen], range(n))
        if x is not None and keeps_everything(relaxed, point := [x[j] for j in range(n)]):
            value = exact_value(model, point)
            best = value if best is None else max(best, value)
    return best


def solved(rows: list[Vector], right: list[Fraction], unknowns: range | list[int]) -> Vector | None:
    """Return the solution of a square system by elimination, sparsest rows first; None if there is not exactly one."""
    open_rows, order = list(range(len(rows))), []
    for _ in unknowns:
        r = min(open_rows, key=lambda k: len(rows[k]) or math.inf)
        if not rows[r]:
            return None
        shared = {j: sum(j in rows[k] for k in open_rows) for j in rows[r]}
        pivot = min(rows[r], key=lambda j: (shared[j], j))
        open_rows.remove(r)
        order.append((r, pivot))
        for k in open_rows:
            if pivot in rows[k]:
                factor = rows[k].pop(pivot) / rows[r][pivot]
                right[k] -= factor * right[r]
                for j, value in rows[r].items():
                    if j != pivot:
                        rows[k][j] = rows[k].get(j, Fraction(0)) - factor * value
                        if not rows[k][j]:
                            del rows[k][j]
    x: Vector = {}
    for r, pivot in reversed(order):
        known = sum((value * x[j] for j, value in rows[r].items() if j != pivot), Fraction(0))
        x[pivot] = (right[r] - known) / rows[r][pivot]
    return x


# --- branch and bound, every leaf closed by an exact proof ---


@dataclass(frozen=True)
class Exact:
    """``low`` is worth the best point in whole numbers that keeps rows to within ``LOOSE``; none is worth more than ``high``."""

    low: Fraction
    high: Fraction
    nodes: int


def bounded(model: Model, largest: float = 1e5) -> Model:
    """Return a model whose columns without limits have wide ones; whoever calls says that they cut off nothing."""
    return replace(model, lower=np.maximum(model.lower, -largest), upper=np.minimum(model.upper, largest))


def exact_search(model: Model, start: Array | None = None, most_nodes: int = 3000) -> Exact:
    """Solve a small mixed-integer programme, best bound first; every claim is proven in fractions. ``start`` is a plan."""
    low = None if start is None else _worth(model, start)
    ticks, closed, nodes = count(), [], 0
    todo: list[tuple[Fraction, int, Model, Array]] = []

    def put(lower: Array, upper: Array) -> None:
        node = replace(model, lower=lower, upper=upper)
        x, proven = _relaxed(node)
        if x is not None and proven is not None:
            heappush(todo, (-proven, next(ticks), node, x))

    put(model.lower, model.upper)
    while todo:
        bound, _, node, x = heappop(todo)
        nodes += 1
        assert nodes <= most_nodes, "too many nodes: take a smaller problem"
        if low is not None and -bound <= low + CLOSE_USD:
            closed.append(-bound)
            continue
        apart = np.where(model.whole, np.abs(x - np.round(x)), 0.0)
        j = int(np.argmax(apart))
        if apart[j] <= NEARLY_WHOLE:
            value = _worth(node, x)
            low = value if low is None else max(low, value)
            assert -bound <= value + CLOSE_USD, f"{float(-bound - value)} USD are open at a leaf"
            closed.append(-bound)
            continue
        down, up = node.upper.copy(), node.lower.copy()
        down[j], up[j] = math.floor(x[j]), math.ceil(x[j])
        put(node.lower, down)
        put(up, node.upper)
    assert low is not None
    return Exact(low, max(low, *closed), nodes)


def _worth(node: Model, x: Array) -> Fraction:
    """Return the exact worth of the best point with the whole numbers of a solution."""
    point = exact_point(node, x)
    assert keeps_everything(node, point, LOOSE)
    return exact_value(node, point)


def _relaxed(node: Model) -> tuple[Array | None, Fraction | None]:
    """Return the linear relaxation's solution and the bound that its prices prove; nothing where it is proven to have none."""
    solver = _exacting(node)
    solver.run()
    if solver.getModelStatus() == highspy.HighsModelStatus.kInfeasible:
        assert _no_point(node, solver), "an infeasible node without a proof"
        return None, None
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    found = solver.getSolution()
    bound = dual_bound(node, _signed(node, np.asarray(found.row_dual) * SCALE_USD))
    return np.asarray(found.col_value), bound


def _signed(model: Model, prices: Array) -> Array:
    """Return prices without those that a row cannot have for want of a limit."""
    wrong = ((prices > 0) & np.isinf(model.row_upper)) | ((prices < 0) & np.isinf(model.row_lower))
    return np.where(wrong, 0.0, prices)


def _no_point(node: Model, solver: highspy.Highs) -> bool:
    """Return whether a ray of prices proves that no point keeps rows and bounds: the objective 0 would be below 0."""
    for sign in (1.0, -1.0):
        ray = solver.getDualRay()[2] if solver.getDualRay()[1] else None
        if ray is not None:
            proven = dual_bound(node, _signed(node, sign * np.asarray(ray)), cost=False)
            if proven is not None and proven < 0:
                return True
    return False


def exact_point(node: Model, x: Array) -> list[Fraction]:
    """Return the best point with the whole numbers of ``x``, as the rationals that its doubles are."""
    whole = node.whole
    held = replace(node, lower=np.where(whole, np.round(x), node.lower), upper=np.where(whole, np.round(x), node.upper))
    solver = _exacting(held)
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    found = np.clip(np.asarray(solver.getSolution().col_value), held.lower, held.upper)
    return [Fraction(float(v)) for v in found]


def _exacting(model: Model) -> highspy.Highs:
    """Return a solver of the linear relaxation with the narrowest tolerances there are."""
    solver = new_highs(0)
    solver.setOptionValue("presolve", "off")
    solver.setOptionValue("primal_feasibility_tolerance", 1e-10)
    solver.setOptionValue("dual_feasibility_tolerance", 1e-10)
    pass_model(solver, model, relax=True)
    return solver
