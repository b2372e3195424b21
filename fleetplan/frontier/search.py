"""The plans of a frontier's points, found one after the other, each begun with the plan that the frontier is of."""

from __future__ import annotations

import time
from dataclasses import replace

from fleetplan.catalogue import load_catalogue
from fleetplan.errors import InfeasibleError, SolverError
from fleetplan.frontier.points import POINTS, Found, patch_of, spends_within, to_find
from fleetplan.frontier.types import Axis
from fleetplan.options import PlanOptions
from fleetplan.plans.types import Plan
from fleetplan.reruns.rerun import rerun
from fleetplan.run import QUIET, Run, WholeTime
from fleetplan.words.changes import frontier_name

GAP, SECONDS = 0.01, 30.0
OPTIONS = PlanOptions(gap=GAP, time_limit_s=SECONDS)


def find_frontier(
    plan: Plan, axis: Axis, points: int = POINTS, options: PlanOptions = OPTIONS, run: Run = QUIET
) -> dict[float, Found]:
    """Return by limit the best plan found within it, each passed by the independent checker, or why there is none.

    Where so many markets cannot be had, more of them cannot either: that is taken over with no reason of its own. Limits of
    capital come the largest first: a plan that spends no more than a smaller one allows is the best within that too. The
    time limit is that of a point from its request to its checked plan.
    """
    catalogue = run.catalogue if run.catalogue is not None else load_catalogue()
    found: dict[float, Found] = {}
    before: Found
    wanted, before = to_find(plan, axis, points), None
    for limit in wanted if axis == "markets" else reversed(wanted):
        if run.stop is not None and run.stop.is_set():
            break
        if axis == "markets" and any(isinstance(one, tuple) for one in found.values()):
            found[limit] = ()
            continue
        if axis == "capital" and isinstance(before, Plan) and spends_within(plan, before, limit):
            found[limit] = before
            continue
        patch = {**patch_of(plan, axis, limit), "name": frontier_name(plan.name, axis, limit)}
        try:
            whole = WholeTime(time.monotonic(), options.time_limit_s, firm=True)
            found[limit] = rerun(plan, patch, options, replace(run, catalogue=catalogue, whole=whole)).plan
        except InfeasibleError as error:
            found[limit] = error.clashes
        except SolverError:  # none was found in time, and that there is none was not proven
            found[limit] = None
        before = found[limit]
    return dict(sorted(found.items()))
