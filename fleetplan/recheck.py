"""What of a plan's bound is proven here again, and whether a search here finds a plan that the bound rules out.

The checker re-evaluates everything that a plan decides; that nothing better exists is no rule of a plan and is claimed, not
decided. Two things can be done about such a claim without the solver's word: the linear relaxation's bound is proven anew
from prices, by weak duality in directed rounding, whatever the prices (:mod:`fleetplan.optimize.exact`); and a plan that
passes the checker and is worth more refutes it. What the branching proved between the two stays the search's claim.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fleetplan.errors import InfeasibleError, SolverError
from fleetplan.facts import BoundCheck, BoundFinding
from fleetplan.optimize.exact import proven_bound
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.markets import with_markets
from fleetplan.optimize.solve import solve
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_prepared
from fleetplan.plans.types import Plan
from fleetplan.prepare import NONE_MADE, Prepared, prepare
from fleetplan.run import QUIET, Run
from fleetplan.service.types import CityService

RELAXED_S = 60.0
OPEN_USD = 1.0
OPEN_SHARE = 1e-6
SEARCH_GAP, LEAST_GAP = 1e-4, 1e-9


def recheck_bound(
    plan: Plan, search_s: float, run: Run = QUIET, made: Mapping[str, CityService] = NONE_MADE
) -> BoundCheck:
    """Hold a plan's bound against what is proven and found here.

    Parameters
    ----------
    search_s
        Seconds for a search for a plan that refutes the bound; 0 for none.
    made
        Surfaces by city that were made under the request's overrides already.

    Raises
    ------
    RequestError
        If the plan's request is no request of this catalogue.
    """
    prepared = prepare(plan.request, run, made)
    relaxed = _relaxed(prepared, plan)
    if not plan.certificate.method.bounds_every_plan:
        return BoundCheck(finding="of_some_plans", claimed_usd=plan.bound, relaxed_usd=relaxed)
    if relaxed is not None and not _above(relaxed, plan.bound):
        return BoundCheck(finding="proven", claimed_usd=plan.bound, relaxed_usd=relaxed)
    gap = min(SEARCH_GAP, max(plan.gap / 2, LEAST_GAP))
    found = _searched(prepared, PlanOptions(time_limit_s=search_s, gap=gap), run) if search_s > 0 else None
    return BoundCheck(
        finding="not_refuted" if found is None else _verdict(found, plan),
        claimed_usd=plan.bound,
        relaxed_usd=relaxed,
        found_usd=None if found is None else found.objective,
        found_bound_usd=None if found is None else found.bound,
        found_markets=None if found is None or found.markets is None else found.markets.found,
        searched_s=search_s,
    )


def _above(usd: float, bound: float) -> bool:
    return usd > bound + OPEN_USD + OPEN_SHARE * abs(bound)


def _verdict(found: Plan, plan: Plan) -> BoundFinding:
    """Return what another search's plan and bound make of a plan's bound."""
    if _refutes(found, plan):
        return "refuted"
    same = found.markets is None or (plan.markets is not None and found.markets.most <= plan.markets.most)
    return "searched" if same and not _above(found.bound, plan.bound) else "not_refuted"


def _refutes(found: Plan, plan: Plan) -> bool:
    """Return whether a plan is one that another's bound, or its number of markets, rules out."""
    if found.markets is not None and plan.markets is not None:
        if found.markets.found > plan.markets.most:
            return True
        if found.markets.found < plan.markets.found:
            return False
    return _above(found.objective, plan.bound)


def _relaxed(prepared: Prepared, plan: Plan) -> float | None:
    """Return the linear relaxation's bound in USD, of plans with as many markets where these come first."""
    problem: Formulation = prepared.formulation
    if plan.markets is not None:
        problem = with_markets(problem, plan.markets.found)
    prices = solve(problem.model, time_limit_s=RELAXED_S, relax=True).row_duals
    bound = np.inf if prices is None else proven_bound(problem.model, prices)
    return float(bound) if np.isfinite(bound) else None


def _searched(prepared: Prepared, options: PlanOptions, run: Run) -> Plan | None:
    try:
        return plan_prepared(prepared, options, run).plan
    except (InfeasibleError, SolverError):
        return None
