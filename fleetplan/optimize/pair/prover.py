"""The problem in SCIP: branch and bound with entries first, its bound told as it falls, plans of the other process fed in.

SCIP's own heuristics are off: plans come from the plan process and cut the tree.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pyscipopt import scip

from fleetplan.optimize.matrix import Array, Model
from fleetplan.optimize.pair.known import Known
from fleetplan.optimize.pair.outline import Outline
from fleetplan.optimize.pair.wire import Channel, Found, Over, Proven
from fleetplan.optimize.solve import SCALE_USD

GAP = 1e-6
NO_BOUND = 1e15  # millions
FIRST, SECOND, THIRD = 1000, 900, 800
PRESOLVE_ROUNDS = 3
PSEUDO_COSTS = 100_000  # above any other way to choose a branch
LEAST_STEP = 1e-9  # of a bound, for it to be told again


class Prover:
    """A problem in SCIP, its bound told as it falls."""

    def __init__(self, channel: Channel, known: Known) -> None:
        self.channel, self.outline, self.known = channel, channel.task.outline, known
        self.told = np.inf
        self.scip = scip.Model()
        self.scip.hideOutput()
        self.columns = _columns(self.scip, self.outline.model)
        _rows(self.scip, self.columns, self.outline.model)
        self.scip.setMaximize()
        self.scip.addObjoffset(self.outline.model.constant / SCALE_USD)
        _priorities(self.scip, self.columns, self.outline)
        self.scip.setHeuristics(scip.PY_SCIP_PARAMSETTING.OFF)
        self.scip.setParam("presolving/maxrounds", PRESOLVE_ROUNDS)
        self.scip.setParam("presolving/dualsparsify/maxrounds", 0)  # it has called a problem infeasible that was not
        self.scip.setParam("branching/pscost/priority", PSEUDO_COSTS)
        self.scip.setParam("randomization/randomseedshift", channel.task.seed)
        self.scip.setParam("limits/gap", GAP)
        self.scip.setParam("misc/catchctrlc", False)  # noqa: FBT003  # the parameter's own type
        self.scip.includeEventhdlr(_Watch(self), "watch", "tells the bound, hears the stop")
        heuristic = _Given(self)
        timing = scip.PY_SCIP_HEURTIMING.AFTERLPNODE | scip.PY_SCIP_HEURTIMING.DURINGLPLOOP
        self.scip.includeHeur(heuristic, "given", "plans of the plan process", "Y", timingmask=timing, freq=1)

    def give(self, x: Array) -> None:
        """Hand SCIP a plan before it starts."""
        solution = self.scip.createOrigSol()
        for column, value in zip(self.columns, x, strict=True):
            self.scip.setSolVal(solution, column, float(value))
        self.scip.addSol(solution, free=True)

    def tell_bound(self) -> None:
        """Tell the caller of a bound that has fallen."""
        bound = self.scip.getDualbound()
        if abs(bound) < NO_BOUND and bound < self.told - LEAST_STEP * max(1.0, abs(bound)):
            self.told = bound
            self.channel.tell(Proven(bound * SCALE_USD, "branch and bound"))

    def tell_steps(self) -> None:
        """Hand over SCIP's own best solution: its steps are whole, its vehicles are not yet."""
        solution = self.scip.getBestSol()
        x = np.array([self.scip.getSolVal(solution, column) for column in self.columns])
        self.channel.tell(Found("steps", x, self.scip.getPrimalbound() * SCALE_USD, "branch and bound"))

    def run(self) -> None:
        """Solve to the end or until stopped."""
        self.known.news()
        if self.known.best is not None:
            self.give(self.known.best)
        self.scip.optimizeNogil()
        status = self.scip.getStatus()
        if status == "infeasible":
            self.channel.tell(Over(infeasible=True))
        elif status in {"optimal", "gaplimit"}:
            self.channel.tell(Proven(self.scip.getDualbound() * SCALE_USD, "branch and bound"))
            self.tell_steps()


class _Watch(scip.Eventhdlr):
    """Tells the bound after every relaxation, hands over new solutions, and interrupts when asked to."""

    def __init__(self, prover: Prover) -> None:
        self.prover = prover

    def eventinit(self) -> None:
        for kind in (
            scip.PY_SCIP_EVENTTYPE.BESTSOLFOUND,
            scip.PY_SCIP_EVENTTYPE.NODESOLVED,
            scip.PY_SCIP_EVENTTYPE.LPSOLVED,
        ):
            self.model.catchEvent(kind, self)

    def eventexec(self, event: Any) -> None:
        self.prover.tell_bound()
        if event.getType() == scip.PY_SCIP_EVENTTYPE.BESTSOLFOUND:
            value = self.model.getPrimalbound() * SCALE_USD
            if value > self.prover.channel.best_usd + 1.0:
                self.prover.tell_steps()
        if self.prover.channel.stopped.is_set():
            self.model.interruptSolve()


class _Given(scip.Heur):
    """Offers SCIP the plans that were found elsewhere."""

    def __init__(self, prover: Prover) -> None:
        self.prover = prover

    def heurexec(self, heurtiming: Any, nodeinfeasible: bool) -> dict[str, Any]:  # noqa: FBT001  # SCIP's own signature
        del heurtiming, nodeinfeasible
        found = False
        for plan in self.prover.known.news():
            if plan.value_usd / SCALE_USD > self.model.getPrimalbound() + GAP:
                solution = self.model.createOrigSol(self)
                for column, value in zip(self.prover.columns, plan.x, strict=True):
                    self.model.setSolVal(solution, column, float(value))
                found |= bool(self.model.trySol(solution, checkintegrality=True, checklprows=True))
        return {"result": scip.PY_SCIP_RESULT.FOUNDSOL if found else scip.PY_SCIP_RESULT.DIDNOTFIND}


def _columns(model: scip.Model, matrix: Model) -> list[Any]:
    bounds = zip(matrix.lower.tolist(), matrix.upper.tolist(), matrix.whole.tolist(), matrix.cost.tolist(), strict=True)
    return [
        model.addVar(
            lb=low if np.isfinite(low) else None,
            ub=high if np.isfinite(high) else None,
            vtype="I" if whole else "C",
            obj=cost / SCALE_USD,
        )
        for low, high, whole, cost in bounds
    ]


def _rows(model: scip.Model, columns: list[Any], matrix: Model) -> None:
    terms = [scip.Term(column) for column in columns]
    starts, where, values = (
        part.tolist() for part in (matrix.matrix.indptr, matrix.matrix.indices, matrix.matrix.data)
    )
    for r, (low, high) in enumerate(zip(matrix.row_lower.tolist(), matrix.row_upper.tolist(), strict=True)):
        inside = range(starts[r], starts[r + 1])
        left = scip.Expr({terms[where[k]]: values[k] for k in inside})
        if low == high:
            model.addCons(left == high)
        elif np.isfinite(low) and np.isfinite(high):
            model.addCons(low <= (left <= high))
        elif np.isfinite(high):
            model.addCons(left <= high)
        elif np.isfinite(low):
            model.addCons(left >= low)


def _priorities(model: scip.Model, columns: list[Any], outline: Outline) -> None:
    """Branch first on who enters, then on which programmes begin, then on which areas open at all."""
    for own in outline.steps:
        for area in own.opened[1:]:
            model.chgVarBranchPriority(columns[int(area[-1])], THIRD)
        model.chgVarBranchPriority(columns[int(own.begun[-1])], SECOND)
        model.chgVarBranchPriority(columns[own.entry], FIRST)
