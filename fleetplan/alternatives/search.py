"""Alternatives found one after the other: each is the best plan that differs in structure from all before it."""

from __future__ import annotations

from fleetplan.alternatives.answer import Asked, Chain
from fleetplan.errors import InfeasibleError, SolverError
from fleetplan.optimize.boxes import Known
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_prepared
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared, prepare, prepare_again
from fleetplan.request import parse_request
from fleetplan.reruns.patch import apply_patch
from fleetplan.run import QUIET, Run
from fleetplan.words.changes import alternative_name

GAP, SECONDS = 0.01, 30.0
OPTIONS = PlanOptions(gap=GAP, time_limit_s=SECONDS)
"""How each is searched for; the gap is far below what alternatives may give up, so that their order means something."""


def find_alternatives(
    plan: Plan, asked: Asked, options: PlanOptions = OPTIONS, run: Run = QUIET, *, bare: bool = False
) -> Chain:
    """Return the plans nearest to a plan that differ from it and from one another; each was passed by the independent checker.

    The search ends with as many as were asked for, with the first that is not near enough, once no plan of another structure is
    left, or when it is stopped. ``bare``: without what is only told of a plan by itself (what binds it, what keeps cities out).
    """
    chain, prepared, boxes = Chain(plan, asked), prepare(plan.request, run), Known()
    try:
        while not chain.over:
            _add(chain, prepared, boxes, options, run, bare=bare)
    finally:
        boxes.end()
    return chain


def _add(chain: Chain, prepared: Prepared, boxes: Known, options: PlanOptions, run: Run, *, bare: bool) -> None:
    """Add the next plan to a chain, or why there is none."""
    plan = chain.best
    patch = {**chain.patch(), "name": alternative_name(plan.name, len(chain.found) + 1)}
    request = parse_request(apply_patch(plan.request.model_dump(mode="json"), patch))
    try:  # no parent: that its launches are not to be again is the point, so it is nothing to begin with
        again = prepare_again(request, prepared)
        chain.found.append(plan_prepared(again, options, run, boxes=boxes, bare=bare).plan)
    except InfeasibleError:
        chain.none_left = True
    except SolverError:  # none was found in time, and that there is none was not proven
        chain.cut_short = True
    if run.stop is not None and run.stop.is_set():
        chain.cut_short = True
