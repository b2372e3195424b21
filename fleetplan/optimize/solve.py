"""Solve a :class:`Model` with HiGHS, watched and stoppable.

HiGHS is called directly because it reports incumbents and bounds while it runs and stops within a fraction of a second;
through MathOpt (:mod:`~fleetplan.optimize.oracle`) it does neither. Every status but the known good ones is a failure: HiGHS
reports objective 0 with "Not Set".
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import highspy
import numpy as np

from fleetplan.errors import SolverError
from fleetplan.optimize.looks import Counted, Looks, run_in_looks
from fleetplan.optimize.matrix import Array, Model
from fleetplan.optimize.nodes import NodeClock, nodes_in
from fleetplan.optimize.trim import Trimmed, trimmed

LOG = logging.getLogger(__name__)
SCALE_USD = 1e6  # the solver sees millions
LEAST_STEPS, ROWS_A_STEP = 5_000, 2  # of the simplex method, before a linear programme is begun anew
POLL_S = 0.05
LONGEST_HANGS = 4.0
HANGS_S = 60.0  # of one run whose limit is in nodes: its first linear programme may stand at an optimum for ever
HEURISTICS = 0.05  # as HiGHS has it
SolveStatus = Literal["optimal", "stopped", "infeasible"]
Watch = Callable[[float | None, float | None, float], None]


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solve returned. ``x`` is None when nothing was found; ``bound`` is proven (inf when none)."""

    status: SolveStatus
    x: Array | None
    value: float | None
    bound: float
    seconds: float
    row_duals: Array | None = None


class Watching(threading.Event):
    """An event that sets itself by what is known of a search: whether it has a solution, and whether it was asked to end.

    A solution counts that is worth more than ``least_usd``.
    """

    def __init__(self, asked: threading.Event | None, least_usd: float = -np.inf) -> None:
        super().__init__()
        self._asked, self._least_usd, self.found = asked, least_usd, False

    def watch(self, best: float | None, _bound: float | None, _seconds: float) -> None:
        """Hear of solutions."""
        self.found = self.found or (best is not None and best > self._least_usd)

    @property
    def asked(self) -> bool:
        """Whether the search was asked to end."""
        return self._asked is not None and self._asked.is_set()


class Enough(Watching):
    """Set once some solution is known and a while is over, or once another event is set: the first plan is wanted soon."""

    def __init__(self, seconds: float, asked: threading.Event | None = None, least_usd: float = -np.inf) -> None:
        super().__init__(asked, least_usd)
        self.ends = time.monotonic() + seconds

    def is_set(self) -> bool:
        """Return whether to stop now."""
        return self.asked or (self.found and time.monotonic() > self.ends)


def pass_model(solver: highspy.Highs, model: Model, *, relax: bool) -> None:
    """Hand a model over to HiGHS, in millions of USD: as arrays, which is five times as quick as through its own class.

    Raises
    ------
    SolverError
        If HiGHS refuses it.
    """
    m = model.matrix
    whole = np.zeros(model.columns, np.int32) if relax else model.whole.astype(np.int32)
    status = solver.passModel(
        model.columns,
        model.rows,
        m.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMaximize),
        model.constant / SCALE_USD,
        model.cost / SCALE_USD,
        model.lower,
        model.upper,
        model.row_lower,
        model.row_upper,
        m.indptr.astype(np.int32),
        m.indices.astype(np.int32),
        m.data,
        whole,
    )
    if status == highspy.HighsStatus.kError:
        msg = "HiGHS refused the model"
        raise SolverError(msg)


def new_highs(seed: int) -> highspy.Highs:
    """Return a silent solver on one thread.

    HiGHS keeps one set of threads a process: once it has been started with some, asking for another number is an error.
    """
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)  # noqa: FBT003  # the option's own type
    solver.setOptionValue("random_seed", seed)
    solver.setOptionValue("threads", 1)
    return solver


def _watched(solver: highspy.Highs, watch: Watch | None) -> None:
    if watch is None:
        return

    def report(event: Any) -> None:
        data = event.data_out
        best, bound = data.mip_primal_bound, data.mip_dual_bound
        watch(
            best * SCALE_USD if abs(best) < highspy.kHighsInf else None,
            bound * SCALE_USD if abs(bound) < highspy.kHighsInf else None,
            data.running_time,
        )

    solver.cbMipLogging += report
    solver.cbMipImprovingSolution += report
    solver.cbMipInterrupt += report  # without output the log hears of hardly any bound


def _pruned(solver: highspy.Highs, cutoff: float) -> None:
    """Let the solver end once the bound says that nothing better than ``cutoff`` (USD) will be found."""

    def look(event: Any) -> None:
        if event.data_out.mip_dual_bound * SCALE_USD <= cutoff:
            event.interrupt()

    solver.cbMipInterrupt += look


def _run(solver: highspy.Highs, stop: threading.Event | None) -> None:
    """Run to the end or until the event is set."""
    if stop is None:
        solver.run()
        return
    solver.HandleUserInterrupt = True
    thread = threading.Thread(
        target=solver.run, daemon=True
    )  # startSolve holds a lock that all solvers of a process share
    thread.start()
    stopped = False
    while thread.is_alive():
        thread.join(POLL_S)
        if not stopped and stop.is_set():
            solver.cancelSolve()
            stopped = True


def run_linear(solver: highspy.Highs, stop: threading.Event | None = None) -> None:
    """Run a linear programme to the end; one that leads the simplex method astray is begun anew.

    It can stand at an optimum so degenerate that it never sees it: 48 single months of the reference took 147,000 steps and no
    end with presolve once, 42,000 and no end without it another time, where the other way took some 9,000. So it is tried with
    presolve, then without, each for so many steps as hardly any problem needs, then by an interior point that ends in a corner.
    Counted in steps, so that the same problem goes the same way.
    """
    steps = solver.getOptionValue("simplex_iteration_limit")[1]
    most = max(LEAST_STEPS, solver.getNumRow() // ROWS_A_STEP)
    solver.setOptionValue("simplex_iteration_limit", most)
    _run(solver, stop)
    if _astray(solver):
        solver.clearSolver()
        solver.setOptionValue("presolve", "off")
        solver.setOptionValue("simplex_iteration_limit", 2 * most)
        _run(solver, stop)
    solver.setOptionValue("simplex_iteration_limit", steps)
    if _astray(solver):
        solver.clearSolver()
        solver.setOptionValue("solver", "ipm")
        _run(solver, stop)
        solver.setOptionValue("solver", "choose")


def _run_in_nodes(solver: highspy.Highs, seed: int, nodes: NodeClock, stop: threading.Event | None) -> None:
    """Run a problem whose limit is in nodes, and count them; again if it took too long.

    One that came to no node hangs and goes another way with another seed; one that did is only slow, and has no limit in time.
    """
    solver.setOptionValue("time_limit", HANGS_S)
    _run(solver, stop)
    if solver.getModelStatus() == highspy.HighsModelStatus.kTimeLimit:
        hung = solver.getInfo().mip_node_count <= 0
        if hung:
            solver.setOptionValue("random_seed", seed + 1)
        solver.setOptionValue("time_limit", solver.getRunTime() + LONGEST_HANGS * HANGS_S if hung else float("inf"))
        _run(solver, stop)
    nodes.spend(solver.getInfo().mip_node_count)


def _limited(solver: highspy.Highs, seconds: float, *, in_nodes: bool) -> None:
    """Let the solver end after so many seconds, or what is taken for them in nodes."""
    if in_nodes:
        solver.setOptionValue("mip_max_nodes", nodes_in(seconds))
    else:
        solver.setOptionValue("time_limit", max(0.01, seconds))


def _astray(solver: highspy.Highs) -> bool:
    return bool(solver.getModelStatus() == highspy.HighsModelStatus.kIterationLimit)


def solve(  # noqa: PLR0913  # each is a knob of its own, all by keyword
    model: Model,
    *,
    time_limit_s: float = 120.0,
    gap: float = 0.01,
    seed: int = 0,
    nodes: NodeClock | None = None,
    start: Array | None = None,
    watch: Watch | None = None,
    stop: threading.Event | None = None,
    relax: bool = False,
    cutoff: float = -np.inf,
    heuristics: float = HEURISTICS,
    looks: Looks | None = None,
    above: float = -np.inf,
) -> Solution:
    """Maximise a model.

    Parameters
    ----------
    gap
        Relative gap at which to stop.
    nodes
        Where given, the limit is in nodes (:func:`~fleetplan.optimize.nodes.nodes_in`); those used are counted on it.
    start
        A first solution to improve on.
    relax
        Ignore whole-number demands; then row duals come back (USD per unit of the row).
    cutoff
        Give up once it is proven that nothing worth more (USD) will be found.
    heuristics
        Share of the effort that goes to the solver's own heuristics.
    looks
        Where given, a limit in place of that in seconds, or besides that in nodes.
    above
        Look only for what is worth more (USD), as if the rest were not there: ``bound`` holds for what is worth more alone, and
        ``infeasible`` says that nothing is. Columns that cost too much are held by it from the start.

    Raises
    ------
    SolverError
        If HiGHS ends in a state that proves nothing.
    """
    began = time.monotonic()
    left = trimmed(model, fold=not relax)
    if left is None:
        return Solution("infeasible", None, None, -np.inf, time.monotonic() - began)
    if not len(left.columns):
        return _settled(model, left, time.monotonic() - began, relax=relax)
    solver = _ready(left.model, seed, gap, heuristics, relax=relax)
    _limited(solver, time_limit_s, in_nodes=nodes is not None)
    if start is not None:
        _begun(solver, start[left.columns])
    _watched(solver, watch)
    if np.isfinite(cutoff):
        _pruned(solver, cutoff)
    counted = None if looks is None else Counted(solver, looks)
    mip = bool(not relax and left.model.whole.any())
    if mip and np.isfinite(above):
        solver.setOptionValue("objective_bound", -above / SCALE_USD)  # HiGHS minimises within
    if not mip:
        run_linear(solver, stop)
    elif nodes is not None:
        _run_in_nodes(solver, seed, nodes, stop)
    elif counted is not None:
        run_in_looks(counted, solver, seed, lambda: _run(solver, stop))
    else:
        _run(solver, stop)
    return _let_go(solver, _read(solver, model, left, time.monotonic() - began, mip=mip))


def attempted(model: Model, **how: Any) -> Solution | None:
    """Return what :func:`solve` does; None where the solver gives up, for whoever can do without."""
    try:
        return solve(model, **how)
    except SolverError:
        LOG.info("a solver gave up", exc_info=True)
        return None


def _ready(model: Model, seed: int, gap: float, heuristics: float, *, relax: bool) -> highspy.Highs:
    """Return a solver that has a model, and is told how far to go."""
    solver = new_highs(seed)
    pass_model(solver, model, relax=relax)
    solver.setOptionValue("mip_rel_gap", gap)
    solver.setOptionValue("mip_heuristic_effort", heuristics)
    return solver


def _begun(solver: highspy.Highs, x: Array) -> None:
    """Give a solver a first solution to improve on."""
    first = highspy.HighsSolution()
    first.col_value = list(x)
    solver.setSolution(first)


def _settled(model: Model, left: Trimmed, seconds: float, *, relax: bool) -> Solution:
    """Return the one solution of a problem in which nothing is left to decide."""
    value = model.value(left.held)
    return Solution("optimal", left.held, value, value, seconds, left.duals(np.zeros(0)) if relax else None)


def _let_go(solver: highspy.Highs, answer: Solution) -> Solution:
    """Return an answer, its solver emptied: that holds itself through its callbacks, and would stay until a collector comes."""
    solver.clear()
    return answer


def _read(solver: highspy.Highs, model: Model, left: Trimmed, seconds: float, *, mip: bool) -> Solution:
    kind = highspy.HighsModelStatus
    status, info = solver.getModelStatus(), solver.getInfo()
    if status in {kind.kInfeasible, kind.kUnboundedOrInfeasible}:
        return Solution("infeasible", None, None, -np.inf, seconds)
    stopped = {kind.kTimeLimit, kind.kInterrupt, kind.kIterationLimit, kind.kSolutionLimit, kind.kObjectiveBound}
    if status not in {kind.kOptimal, *stopped}:
        msg = f"HiGHS ended with {solver.modelStatusToString(status)!r}"
        raise SolverError(msg)
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    solution = solver.getSolution()
    x = left.restored(np.asarray(solution.col_value)) if found else None
    if mip:
        bound = info.mip_dual_bound * SCALE_USD if abs(info.mip_dual_bound) < highspy.kHighsInf else np.inf
    else:
        bound = info.objective_function_value * SCALE_USD if status == kind.kOptimal else np.inf
    duals = None if mip or x is None or left.folded else left.duals(np.asarray(solution.row_dual) * SCALE_USD)
    return Solution(
        "optimal" if status == kind.kOptimal else "stopped",
        x,
        model.value(x) if x is not None else None,
        float(bound),
        seconds,
        duals,
    )
