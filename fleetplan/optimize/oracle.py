"""A :class:`Model` solved through OR-Tools, as a second opinion: the same labelled matrix, other solvers."""

from __future__ import annotations

import time
from datetime import timedelta

import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.solve import SCALE_USD, Solution, SolveStatus


def solve_with_ortools(model: Model, *, time_limit_s: float = 60.0, engine: str = "scip") -> Solution:
    """Maximise the same matrix through OR-Tools (MathOpt's columnar model proto): the oracle of the tests.

    ``engine`` is ``scip`` or ``highs``.
    """
    from ortools.math_opt import model_pb2  # noqa: PLC0415  # slow to import, and only the oracle needs it
    from ortools.math_opt.python import mathopt  # noqa: PLC0415

    proto = model_pb2.ModelProto()
    proto.variables.ids.extend(range(model.columns))
    proto.variables.lower_bounds.extend(model.lower.tolist())
    proto.variables.upper_bounds.extend(model.upper.tolist())
    proto.variables.integers.extend(model.whole.tolist())
    proto.objective.maximize = True
    proto.objective.offset = model.constant / SCALE_USD
    nonzero = np.flatnonzero(model.cost)
    proto.objective.linear_coefficients.ids.extend(nonzero.tolist())
    proto.objective.linear_coefficients.values.extend((model.cost[nonzero] / SCALE_USD).tolist())
    proto.linear_constraints.ids.extend(range(model.rows))
    proto.linear_constraints.lower_bounds.extend(model.row_lower.tolist())
    proto.linear_constraints.upper_bounds.extend(model.row_upper.tolist())
    matrix = model.matrix.tocoo()
    order = np.lexsort((matrix.col, matrix.row))
    proto.linear_constraint_matrix.row_ids.extend(matrix.row[order].tolist())
    proto.linear_constraint_matrix.column_ids.extend(matrix.col[order].tolist())
    proto.linear_constraint_matrix.coefficients.extend(matrix.data[order].tolist())
    kind = {"scip": mathopt.SolverType.GSCIP, "highs": mathopt.SolverType.HIGHS}[engine]
    began = time.monotonic()
    params = mathopt.SolveParameters(time_limit=timedelta(seconds=time_limit_s), relative_gap_tolerance=1e-7)
    result = mathopt.solve(mathopt.Model.from_model_proto(proto), kind, params=params)
    seconds = time.monotonic() - began
    reason = mathopt.TerminationReason
    if result.termination.reason in {reason.INFEASIBLE, reason.INFEASIBLE_OR_UNBOUNDED}:
        return Solution("infeasible", None, None, -np.inf, seconds)
    if result.termination.reason not in {reason.OPTIMAL, reason.FEASIBLE}:
        msg = f"{engine} ended with {result.termination.reason}"
        raise SolverError(msg)
    values = result.variable_values()
    x = np.zeros(model.columns)
    for variable, value in values.items():
        x[variable.id] = value
    status: SolveStatus = "optimal" if result.termination.reason is reason.OPTIMAL else "stopped"
    return Solution(status, x, model.value(x), float(result.dual_bound()) * SCALE_USD, seconds)
