"""Work a scenario set out: plan every scenario by itself, then within what may be decided for all; side by side on both cores.

Every plan is a rerun that counts nodes and not seconds: the same request gives the same answer on any machine. Each is kept as it
comes, where a folder is given: what was made before an end is not made again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleetplan.catalogue import load_catalogue
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.recourse.draw import scenarios_of, set_of
from fleetplan.recourse.making import Effort, Maker
from fleetplan.recourse.search import Search
from fleetplan.recourse.types import PolicyName, Recourse
from fleetplan.request import PlanRequest
from fleetplan.run import Run
from fleetplan.scope import judge_request


@dataclass(frozen=True, eq=False)
class Solved:
    """A scenario set worked out, with every plan behind it: by scenario, and by policy and scenario."""

    recourse: Recourse
    plan: Plan
    perfect: Mapping[str, Plan]
    followed: Mapping[PolicyName, Mapping[str, Plan]]


def solve(
    request: PlanRequest | Mapping[str, Any],
    name: str | None = None,
    effort: Effort | None = None,
    *,
    plan: Plan | None = None,
) -> Solved:
    """Work out a scenario set of a request.

    Parameters
    ----------
    name
        The set's id; the first where none is given.
    plan
        The request's own plan, where it was made before.

    Raises
    ------
    RequestError
        With every fault of the request; where it has no such set, or puts markets first.
    InfeasibleError
        If the request, or a scenario of it, has no plan.
    """
    effort = effort or Effort()
    catalogue = effort.run.catalogue if effort.run and effort.run.catalogue else load_catalogue()
    scope = judge_request(request, catalogue)
    one = set_of(scope.request, name)
    scenarios = scenarios_of(scope, one, catalogue)
    if plan is None:
        plan = plan_with_context(scope.request, effort.options, effort.run or Run(catalogue=catalogue)).plan
    maker = Maker(plan, effort, catalogue.digest)
    search = Search(one, scenarios, plan, catalogue, maker, effort.options, effort.enough)
    with maker.open():
        search.run()
    found = {policy.name: dict(policy.plans) for policy in search.found}
    return Solved(search.recourse(), plan, search.perfect, found)
