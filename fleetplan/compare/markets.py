"""How many markets two plans have, where at least one of them puts markets first."""

from __future__ import annotations

from collections.abc import Sequence

from fleetplan.compare.types import MarketsPair
from fleetplan.plans.types import MarketGoal, Plan


def live_cities(plan: Plan, goal: MarketGoal) -> list[str]:
    """Return the cities of a plan that count for a goal, of this plan or another: in its last period begun by the date."""
    begun = [t for t, month in enumerate(plan.periods) if month <= goal.by]
    modes = ("paid",) if goal.counts == "paid" else ("paid", "unpaid")
    return [
        city.city
        for city in plan.cities
        if begun and any(d.mode[begun[-1]].startswith(modes) for d in city.deployments)
    ]


def markets_pair(a: Plan, b: Plan) -> MarketsPair | None:
    """Return the number of markets of two plans; None where both are asked for value alone.

    Each is counted at its own dates; one that is asked for value alone at those of the other.
    """
    of_a, of_b = a.markets or b.markets, b.markets or a.markets
    if of_a is None or of_b is None:
        return None
    same = {(goal.counts, goal.by) for goal in of_a.goals} == {(goal.counts, goal.by) for goal in of_b.goals}
    return MarketsPair(
        objective_a=a.request.objective,
        objective_b=b.request.objective,
        found_a=_count(a, of_a.goals),
        found_b=_count(b, of_b.goals),
        most_a=a.markets.most if a.markets else None,
        most_b=b.markets.most if b.markets else None,
        by_a=[goal.by for goal in of_a.goals],
        by_b=[goal.by for goal in of_b.goals],
        same_dates=same,
        unproven=[plan.name for plan in (a, b) if plan.markets and not plan.markets.closed],
    )


def _count(plan: Plan, goals: Sequence[MarketGoal]) -> int:
    return sum(len(live_cities(plan, goal)) for goal in goals)
