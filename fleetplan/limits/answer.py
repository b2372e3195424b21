"""What a moved limit is worth, from the plan made with it.

Both plans are found within their gaps, so what the best plans of both requests lie apart lies between

    made.objective - plan.bound      and      made.bound - plan.objective

and is never below 0 where the step only lets plans in, never above 0 where it only takes plans away.
"""

from __future__ import annotations

from fleetplan.limits.types import Probe, Probed
from fleetplan.plans.types import Plan
from fleetplan.threshold.shape import Watched, changes

EVERYTHING = Watched("areas")


def probed(probe: Probe, plan: Plan, made: Plan | None, stored: str = "") -> Probed:
    """Return what a moved limit is worth; ``made`` is the plan with it, None: no plan keeps every rule."""
    if made is None:
        none = dict.fromkeys(("npv_usd", "bound_usd", "found_usd", "least_usd", "most_usd"))
        return Probed.model_validate({"probe": probe, **none, "plan": stored})
    least, most = made.objective - plan.bound, made.bound - plan.objective
    loosens = (
        probe.loosens if plan.request.objective == "npv" else None
    )  # markets come before money, which may then fall
    return Probed(
        probe=probe,
        npv_usd=made.objective,
        bound_usd=made.bound,
        found_usd=round(made.objective - plan.objective, 2),
        least_usd=round(max(0.0, least) if loosens else least, 2),
        most_usd=round(min(0.0, most) if loosens is False else most, 2),
        vehicles=made.kpis.vehicles_end - plan.kpis.vehicles_end,
        changes=changes(plan, made, EVERYTHING),
        plan=stored,
    )
