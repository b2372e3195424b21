"""What a request is worth in fractions, from the basis of the problem that nothing is asked of: a few steps instead of thousands.

The problems of a request's repairs differ in some rows alone. The best solution without any of these rows is found once; with
rows that it breaks, the dual simplex method goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np

from fleetplan.optimize.matrix import Array, Ints, Model
from fleetplan.optimize.solve import SCALE_USD, new_highs, pass_model, run_linear

STEPS = 500
"""Of the simplex method: what takes more from there is quicker presolved, from scratch."""


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The best solution in fractions, shape (columns,), and its worth in USD: no plan is worth more."""

    x: Array
    value: float


@dataclass(frozen=True, eq=False)
class Root:
    """The basis of a problem's best solution in fractions."""

    basis: highspy.HighsBasis

    def relaxed(self, model: Model, seconds: float) -> Relaxed | None:
        """Return the best solution of the same problem with other limits of rows and further rows; None where it is not near."""
        solver = new_highs(0)
        pass_model(solver, model, relax=True)
        more = [highspy.HighsBasisStatus.kBasic] * (model.rows - len(self.basis.row_status))
        basis = highspy.HighsBasis()
        basis.col_status, basis.row_status = self.basis.col_status, [*self.basis.row_status, *more]
        basis.valid = True
        solver.setBasis(basis)
        solver.setOptionValue("presolve", "off")
        solver.setOptionValue("simplex_iteration_limit", STEPS)
        solver.setOptionValue("time_limit", max(0.01, seconds))
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        x = np.asarray(solver.getSolution().col_value)
        return Relaxed(x, solver.getInfo().objective_function_value * SCALE_USD)


def root_of(model: Model, free: Ints) -> Root:
    """Return where to begin from: the best solution of a problem without some rows."""
    solver = new_highs(0)
    pass_model(solver, model.loosened(free), relax=True)
    run_linear(solver)
    return Root(solver.getBasis())
