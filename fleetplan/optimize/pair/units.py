"""Units of work: problems of a portfolio's cities that any process can solve, here or on another machine.

A unit holds the whole problem as arrays, so that whoever solves it needs nothing else, and its limits are counted in looks of
the solver, not in seconds. So its answer does not depend on who solves it, nor on how busy they are: same unit, same bytes.

- ``first``: make one block whole about where the relaxation's mix has it.
- ``better``: plan a few blocks anew, from how they stand.
- ``bound``: prove what a block is worth at prices, stopped early: with its steps whole, and once that is done with everything.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from fleetplan.errors import SolverError
from fleetplan.optimize.looks import Looks
from fleetplan.optimize.matrix import Array, Ints, Model
from fleetplan.optimize.pair.outline import Outline, Steps
from fleetplan.optimize.pair.packing import packed, unpacked
from fleetplan.optimize.pair.plans import Apart, Effort, Planner, looks_in
from fleetplan.optimize.pair.windows import windows
from fleetplan.optimize.pair.wire import Task
from fleetplan.optimize.rounding import TOLERANCE, hold
from fleetplan.optimize.solve import Solution, solve

Kind = Literal["first", "better", "bound"]
URGENT, USUAL, LONG = 0, 1, 2
"""How soon a unit is wanted: first plans before anything else; bounds take long, and have processes of their own."""

STEPS_S, WHOLE_S, BETTER_S = 10.0, 10.0, 4.0
"""How far a unit goes for steps, vehicles and a better plan (for each city in it), as :func:`looks_in` counts."""

SURE_S = 100.0  # as far as it takes: what is tried has hardly anything to choose

LIMITS_S = (STEPS_S, WHOLE_S), (STEPS_S, WHOLE_S), (SURE_S, SURE_S), (STEPS_S, WHOLE_S)
"""Of a first plan's tries, the third of which is nothing at all: so a block has a plan however little work is allowed."""

HALF, LEAST_ENTRY = 0.5, 0.02
"""Deployments that the mix lets in by less stay out: at first, and where that leaves no room."""


@dataclass(frozen=True, eq=False)
class Unit:
    """A problem of some blocks.

    Attributes
    ----------
    outline
        The problem; of a ``bound`` only its model counts.
    x
        Where the mix (``first``) or the plan (``better``) has its columns, shape (columns,).
    shared
        How many of its columns, the last ones, are shared with blocks that are not in it.
    gap, whole_gap
        Relative gaps at which to stop: of the problem, and of vehicles in a ``first``.
    limit_s
        How far a ``bound`` goes, as :func:`looks_in` counts.
    """

    kind: Kind
    outline: Outline
    x: Array
    shared: int
    gap: float
    whole_gap: float
    seed: int
    limit_s: float = 0.0


@dataclass(frozen=True, eq=False)
class Answer:
    """What came of a unit.

    Attributes
    ----------
    x
        A solution, shape (columns,): of a ``first`` or ``better`` in whole numbers. None where there is none, or none better.
    bound_usd
        What is proven of a ``bound``; infinity where nothing is.
    failed
        Why nobody could solve it; empty otherwise.
    """

    x: Array | None = None
    bound_usd: float = float("inf")
    failed: str = ""


def solved(unit: Unit) -> Answer:
    """Solve a unit; what a solver refuses is an answer too."""
    try:
        return {"first": _first, "better": _better, "bound": _bound}[unit.kind](unit)
    except SolverError as error:
        return Answer(failed=str(error))


# --- the first plan of a block ---


def _first(unit: Unit) -> Answer:
    planner = _planner(unit, None)
    for (lower, upper, whole), limits_s in zip(_tries(unit), LIMITS_S, strict=True):
        answer = planner.solve(lower, upper, whole, Effort(unit.gap, limits_s[0]))
        x = None if answer.x is None else _settled(unit, planner, answer.x, limits_s[1])
        if x is not None:
            return Answer(x)
    return Answer()


def _tries(unit: Unit) -> Iterator[tuple[Array, Array, NDArray[np.bool_]]]:
    """Yield bounds and whole columns, tried in turn: closely about the mix, from there on, nothing at all, anywhere."""
    o, x = unit.outline, unit.x
    yield *windows(o, x, early=0, late=1, entry=HALF), o.loose_orders
    _, about = windows(o, x, early=1, late=2, entry=LEAST_ENTRY)
    yield np.minimum(o.model.lower, about), about, o.loose_orders
    lower, upper = o.bounds()
    yield lower, np.where(o.loose_orders, np.maximum(lower, np.minimum(upper, 0.0)), upper), o.loose_orders
    yield lower, upper, o.model.whole


def _settled(unit: Unit, planner: Planner, x: Array, limit_s: float) -> Array | None:
    """Return a solution with the steps of one, whole but for shared columns; None without.

    Depots are rounded up, or where that leaves no room as many as are needed.
    """
    o = unit.outline
    whole: NDArray[np.bool_] = o.whole.copy()
    whole[len(whole) - unit.shared :] = False
    for kept in (o.model.whole, o.loose_orders):
        lower, upper = o.bounds()
        hold(lower, upper, kept, np.where(o.loose_orders, np.round(x), np.ceil(x - TOLERANCE)))
        answer = planner.solve(lower, upper, whole & ~kept, Effort(unit.whole_gap, limit_s))
        if answer.x is not None:
            rounded: Array = np.where(whole, np.round(answer.x), answer.x)
            return rounded
    return None


# --- better plans, bounds ---


def _better(unit: Unit) -> Answer:
    """Plan the blocks anew, all others as they stand; no solution unless it is worth more."""
    planner, o = _planner(unit, unit.x), unit.outline
    before = planner.channel.best_usd
    effort = Effort(unit.gap, BETTER_S * o.cities, start=unit.x)
    answer = planner.solve(*o.bounds(), o.model.whole, effort)
    if answer.x is not None and answer.value is not None and answer.value > before:
        planner.settle(answer.x, "blocks")
    return Answer(planner.best if planner.channel.best_usd > before else None)


def _bound(unit: Unit) -> Answer:
    most, o = looks_in(unit.limit_s), unit.outline

    def proven(model: Model) -> Solution:
        return solve(model, gap=unit.gap, seed=unit.seed, looks=Looks(most, most))

    steps = proven(o.model)
    if steps.status != "optimal" or (o.whole == o.model.whole).all():
        return Answer(steps.x, steps.bound)
    whole = proven(replace(o.model, whole=o.whole))
    return Answer(steps.x if whole.x is None else whole.x, min(steps.bound, whole.bound))


def _planner(unit: Unit, start: Array | None) -> Planner:
    return Planner(Apart(Task(unit.outline, unit.seed, start), threading.Event(), in_looks=True))


# --- as bytes ---

FIGURES = ("kind", "shared", "gap", "whole_gap", "seed", "limit_s")  # of a unit, besides its arrays


def unit_bytes(unit: Unit) -> bytes:
    """Return a unit as bytes."""
    o, m = unit.outline, unit.outline.model
    figures = {name: getattr(unit, name) for name in FIGURES}
    arrays = {
        **{name: getattr(m, name) for name in ("cost", "lower", "upper", "whole", "row_lower", "row_upper")},
        **{name: getattr(m.matrix, name) for name in ("data", "indices", "indptr")},
        "whole_in_plans": o.whole,
        "orders": o.orders,
        "starts": o.starts,
        "x": unit.x,
        "cities": np.array([own.city for own in o.steps], dtype=np.int64),
        "levels": np.array([len(own.opened) for own in o.steps], dtype=np.int64),
        "begun": _stacked([own.begun[None, :] for own in o.steps], len(o.starts)),
        "opened": _stacked([own.opened for own in o.steps], len(o.starts)),
    }
    return packed({**figures, "constant": m.constant}, arrays)


def _stacked(rows: list[Ints], periods: int) -> Ints:
    return np.concatenate([np.zeros((0, periods), np.int64), *rows])


def unit_from(data: bytes) -> Unit:
    """Return the unit that bytes hold.

    Raises
    ------
    ValueError, KeyError
        If they hold none.
    """
    figures, a = unpacked(data)
    shape = (len(a["row_lower"]), len(a["cost"]))
    m = Model(
        constant=figures["constant"],
        matrix=csr_matrix((a["data"], a["indices"], a["indptr"]), shape=shape),
        blocks=(),
        **{name: a[name] for name in ("cost", "lower", "upper", "whole", "row_lower", "row_upper")},
    )
    ends = np.cumsum(a["levels"])
    opened = [a["opened"][end - count : end] for end, count in zip(ends, a["levels"], strict=True)]
    each = zip(a["begun"], opened, a["cities"], strict=True)
    steps = tuple(Steps(begun, levels, int(city)) for begun, levels, city in each)
    outline = Outline(m, a["whole_in_plans"], steps, a["orders"], a["starts"])
    kept: dict[str, Any] = {name: figures[name] for name in FIGURES}
    return Unit(outline=outline, x=a["x"], **kept)


def answer_bytes(answer: Answer) -> bytes:
    """Return an answer as bytes: the same for the same unit, whoever solved it."""
    figures = {"bound_usd": answer.bound_usd if np.isfinite(answer.bound_usd) else None, "failed": answer.failed}
    return packed(figures, {} if answer.x is None else {"x": answer.x})


def answer_from(data: bytes) -> Answer:
    """Return the answer that bytes hold.

    Raises
    ------
    ValueError, KeyError
        If they hold none.
    """
    figures, arrays = unpacked(data)
    bound = figures["bound_usd"]
    return Answer(arrays.get("x"), float("inf") if bound is None else bound, figures["failed"])


def bound_unit(model: Model, steps: NDArray[np.bool_], gap: float, limit_s: float, seed: int) -> Unit:
    """Return the unit that proves what a problem is worth at most; ``steps`` are what is made whole first, shape (columns,)."""
    none = np.zeros(0, dtype=np.int64)
    outline = Outline(replace(model, whole=steps, blocks=()), model.whole, (), none, none)
    return Unit("bound", outline, np.zeros(0), 0, gap, gap, seed, limit_s)
