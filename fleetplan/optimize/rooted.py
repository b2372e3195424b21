"""The best solution in fractions of problems that are much alike, each begun from the basis of one that was solved before.

Problems here have the same columns and the same first rows; they differ in the limits of these and in further rows at the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import highspy
import numpy as np

from fleetplan.optimize.matrix import Array, Ints, Model
from fleetplan.optimize.solve import SCALE_USD, new_highs, pass_model, run_linear

STEPS = 500
"""Of the simplex method: what takes more from there is quicker presolved, from scratch."""

MISSED = 1e-6  # by which a row may be missed


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The best solution in fractions, shape (columns,), and its worth in USD: no plan is worth more."""

    x: Array
    value: float


@dataclass(frozen=True, eq=False)
class Root(Relaxed):
    """A solution with its basis."""

    basis: highspy.HighsBasis


@dataclass(eq=False)
class Roots:
    """What was solved so far, to begin from; may be asked by several threads at a time.

    ``first`` gives the solution of the problem without anything asked, once it is known.
    """

    first: Callable[[], Root]
    _found: list[Root] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def solved(self, model: Model, seconds: float) -> Root | Literal["none", "unknown"]:
        """Return the best solution in fractions; whether there is none, or none was found in time, where it is not known."""
        near = self._nearest(model)
        begun = None if near is None else _begun(model, near, seconds)
        found = _anew(model, seconds) if begun is None else begun
        if isinstance(found, Root):
            with self._lock:
                self._found.append(found)
        return found

    def _nearest(self, model: Model) -> Root | None:
        """Return what to begin from: it breaks fewest rows, and of those that break as few it is worth most."""
        with self._lock:
            known = [self.first(), *self._found]
        fits = [root for root in known if len(root.basis.row_status) <= model.rows]
        if not fits:
            return None
        broken = [int((_missed(model, root.x) > MISSED).sum()) for root in fits]
        return fits[min(range(len(fits)), key=lambda k: (broken[k], -fits[k].value))]


def _missed(model: Model, x: Array) -> Array:
    rows = model.matrix @ x
    return np.asarray(np.maximum(model.row_lower - rows, rows - model.row_upper))


def _begun(model: Model, root: Root, seconds: float) -> Root | None:
    """Return a problem's best solution from a basis; None where it is not near."""
    solver = new_highs(0)
    pass_model(solver, model, relax=True)
    more = [highspy.HighsBasisStatus.kBasic] * (model.rows - len(root.basis.row_status))
    basis = highspy.HighsBasis()
    basis.col_status, basis.row_status = root.basis.col_status, [*root.basis.row_status, *more]
    basis.valid = True
    solver.setBasis(basis)
    solver.setOptionValue("presolve", "off")
    solver.setOptionValue("simplex_iteration_limit", STEPS)
    solver.setOptionValue("time_limit", max(0.01, seconds))
    solver.run()
    return _solution(solver) if solver.getModelStatus() == highspy.HighsModelStatus.kOptimal else None


def _anew(model: Model, seconds: float) -> Root | Literal["none", "unknown"]:
    solver = new_highs(0)
    pass_model(solver, model, relax=True)
    solver.setOptionValue("time_limit", max(0.01, seconds))
    run_linear(solver)
    kinds = highspy.HighsModelStatus
    if solver.getModelStatus() in {kinds.kInfeasible, kinds.kUnboundedOrInfeasible}:
        return "none"
    return _solution(solver) if solver.getModelStatus() == kinds.kOptimal else "unknown"


def root_of(model: Model, free: Ints) -> Root:
    """Return the best solution of a problem without some rows."""
    solver = new_highs(0)
    pass_model(solver, model.loosened(free), relax=True)
    run_linear(solver)
    return _solution(solver)


def _solution(solver: highspy.Highs) -> Root:
    x = np.asarray(solver.getSolution().col_value)
    return Root(x, solver.getInfo().objective_function_value * SCALE_USD, solver.getBasis())
