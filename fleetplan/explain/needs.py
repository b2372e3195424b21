"""Why a plan opens a city that is worth nothing by itself: what the request asks would not be kept without it."""

from __future__ import annotations

from fleetplan.plans.check.measure import told_rollouts
from fleetplan.plans.check.targets import measured
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.words.values import listed, usd

LEAST_USD = 0.5


def needed_for(plan: Plan, city: CityRollout) -> list[str]:
    """Return the ids of the constraints that the plan keeps and would break were a city left out, all else the same."""
    rest = [c.model_copy(update={"deployments": []}) if c.city == city.city else c for c in plan.cities]
    whole, without = told_rollouts(plan), told_rollouts(plan.model_copy(update={"cities": rest}))
    return [
        c.id
        for c in plan.request.constraints
        if all(m.kept for m in measured(whole, c)) and not all(m.kept for m in measured(without, c))
    ]


def reason_words(plan: Plan, city: CityRollout) -> str:
    """Return why a city is opened at a loss; empty where it is worth something, or nothing that is asked needs it."""
    if not city.launch or city.npv_usd >= -LEAST_USD:
        return ""
    loss, asked = f"By itself {city.name} costs {usd(-city.npv_usd)}", needed_for(plan, city)
    if asked:
        return f"{loss}; without it, all else the same, the request would not be kept ({listed(asked)})."
    if plan.markets is not None and any(city.city in goal.cities for goal in plan.markets.goals):
        return f"{loss}; it counts among the markets, and these come before money."
    return ""
