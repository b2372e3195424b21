"""The points of a frontier: their limits as patches of a plan's request, and what the plans found for them tell.

Capital: with ``K`` what the plan spends, points at ``K k / n``, ``k = 1 .. n``. What may be spent by quarter is the request's own
until it sums to the limit, and nothing afterwards, so that the pace stays what it was. The last point is the plan itself, which
spends no more. Markets: at least ``m`` are live in the last period, ``m`` from those of the plan on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from fleetplan.compare.types import Band
from fleetplan.facts import Conflict
from fleetplan.frontier.types import Axis, Frontier, Point
from fleetplan.plans.reading import end_month
from fleetplan.plans.types import Plan
from fleetplan.words.frontier import in_words
from fleetplan.words.names import Names

POINTS, FEWEST, MOST = 8, 2, 20
MARKETS = "markets-at-least"
CENT = 0.01

Found = Plan | tuple[Conflict, ...] | None
"""A plan within a limit; why there is none; not known."""


def paid_markets(plan: Plan) -> int:
    """Return how many cities carry paying riders in a plan's last period."""
    return sum(any(d.mode[-1].startswith("paid") for d in city.deployments) for city in plan.cities)


def limits(plan: Plan, axis: Axis, points: int = POINTS) -> list[float]:
    """Return the limits of the points, the smallest first; fewer where there are not as many cities, or nothing is spent."""
    if axis == "capital":
        spent = plan.kpis.capital_usd
        return [round(spent * k / points, 2) for k in range(1, points + 1)] if spent > 0 else []
    own = paid_markets(plan)
    return [float(m) for m in range(own, len(plan.cities) + 1)][:points]


def patch_of(plan: Plan, axis: Axis, limit: float) -> dict[str, Any]:
    """Return the patch of a plan's request that asks for a limit."""
    if axis == "capital":
        return {"capital": {"per_quarter_usd": capped(plan, limit)}}
    name, number, taken = MARKETS, 1, {c.id for c in plan.request.constraints}
    while name in taken:
        number += 1
        name = f"{MARKETS}-{number}"
    return {"constraints": {name: {"type": "markets_live", "count": int(limit), "by": end_month(plan)}}}


def capped(plan: Plan, limit_usd: float) -> list[float]:
    """Return by quarter what may be spent where no more than a limit may be in all, at the request's own pace."""
    given, quarters = plan.request.capital.per_quarter_usd, -(-plan.request.horizon.months // 3)
    own = given if isinstance(given, list) else [given]
    amounts, left = [], limit_usd
    for quarter in range(quarters):
        amount = min(own[min(quarter, len(own) - 1)], left)
        amounts.append(round(amount, 2))
        left = max(0.0, round(left - amount, 2))
    return amounts


def keeps(plan: Plan, axis: Axis, limit: float) -> bool:
    """Return whether a plan itself keeps a limit, so that it is the best plan found within it."""
    return paid_markets(plan) >= limit if axis == "markets" else spends_within(plan, plan, limit)


def spends_within(plan: Plan, other: Plan, limit_usd: float) -> bool:
    """Return whether another plan of the same months never spends more than a plan's limit allows by then."""
    spent = 0.0
    quarters = plan.request.grid.quarters
    allowed = capped(plan, limit_usd)
    for t, usd in enumerate(other.capital_usd):
        spent += usd
        if spent > sum(allowed[: int(quarters[t]) + 1]) + CENT:
            return False
    return True


def frontier(plan: Plan, axis: Axis, found: Mapping[float, Found], points: int, names: Names) -> Frontier:
    """Return a frontier with what is known of its points, in words too; ``found`` tells of limits that the plan does not keep."""
    told: list[Point] = []
    best, bounds = best_within(plan, axis, found), bounds_within(plan, axis, found)
    for limit in limits(plan, axis, points):
        own = keeps(plan, axis, limit)
        known = plan if own else found.get(best.get(limit, limit))
        worth = None if not isinstance(known, Plan) else (known.objective, plan.bound if own else bounds[limit])
        told.append(_point(plan, axis, limit, known, worth, told[-1] if told else None, own=own))
    made = Frontier(
        axis=axis,
        own_npv_usd=plan.objective,
        own_bound_usd=plan.bound,
        own_capital_usd=plan.kpis.capital_usd,
        own_markets=paid_markets(plan),
        points=told,
    )
    return in_words(made, names)


def best_within(plan: Plan, axis: Axis, found: Mapping[float, Found]) -> dict[float, float]:
    """Return of each limit with a plan for which limit the best plan known within it was found.

    Plans are found within their gaps: one with more markets, or for less capital, may be worth more than that found for its own.
    """
    made = {limit: one for limit, one in found.items() if isinstance(one, Plan)}
    return {
        limit: max(
            (other for other, one in made.items() if other == limit or _within(plan, one, axis, limit)),
            key=lambda other: (made[other].objective, other == limit),
        )
        for limit in made
    }


def _within(plan: Plan, other: Plan, axis: Axis, limit: float) -> bool:
    return paid_markets(other) >= limit if axis == "markets" else spends_within(plan, other, limit)


def bounds_within(plan: Plan, axis: Axis, found: Mapping[float, Found]) -> dict[float, float]:
    """Return of each limit with a plan what none within it exceeds: what holds for a looser limit holds for it too."""
    least, bounds = plan.bound, dict[float, float]()
    for limit in sorted(found, reverse=axis == "capital"):
        if isinstance(one := found[limit], Plan):
            bounds[limit] = least = min(least, one.bound)
    return bounds


def _point(
    plan: Plan,
    axis: Axis,
    limit: float,
    known: Found,
    worth: tuple[float, float] | None,
    before: Point | None,
    *,
    own: bool,
) -> Point:
    patch = patch_of(plan, axis, limit)
    if known is None:
        return Point(limit=limit, state="open", patch=patch)
    if not isinstance(known, Plan) or worth is None:
        conflicts = [] if isinstance(known, Plan) else list(known)
        return Point(limit=limit, state="none", conflicts=conflicts, patch=patch)
    return Point(
        limit=limit,
        state="plan",
        own=own,
        npv_usd=worth[0],
        bound_usd=worth[1],
        capital_usd=known.kpis.capital_usd,
        peak_funding_usd=known.kpis.peak_funding_usd,
        markets=paid_markets(known),
        vehicles=known.kpis.vehicles_end,
        cities=sorted(c.city for c in known.cities if c.launch),
        patch=patch,
        **_gained(axis, limit, worth, before),
    )


def _gained(axis: Axis, limit: float, worth: tuple[float, float], before: Point | None) -> dict[str, float]:
    """Return what a point brings over the one before it for each step of the limit, and between what that lies.

    What may be had with less capital may be had with more, and what has more markets has fewer too: more capital brings no loss,
    a further market no gain.
    """
    if before is None or before.npv_usd is None or before.bound_usd is None or limit <= before.limit:
        return {}
    steps = limit - before.limit
    band = Band.between((before.npv_usd, before.bound_usd), worth)
    assert band.least_usd is not None  # noqa: S101  # both are numbers
    assert band.most_usd is not None  # noqa: S101
    floor, top = (0.0, math.inf) if axis == "capital" else (-math.inf, 0.0)
    return {
        "gained_usd": round((worth[0] - before.npv_usd) / steps, 4),
        "gained_least_usd": round(max(floor, band.least_usd) / steps, 4),
        "gained_most_usd": round(min(top, max(floor, band.most_usd)) / steps, 4),
    }


def to_find(plan: Plan, axis: Axis, points: int = POINTS) -> Sequence[float]:
    """Return the limits for which a plan has to be found."""
    return [limit for limit in limits(plan, axis, points) if not keeps(plan, axis, limit)]
