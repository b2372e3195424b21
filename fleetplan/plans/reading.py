"""Readings of a plan that many need: who opens when, how wide, in which order, on which doubtful figures."""

from __future__ import annotations

from typing import Any

from fleetplan.months import month_number, month_text
from fleetplan.plans.types import CityRollout, DeploymentPlan, FigureUse, PermitStep, Plan

NEVER = "9999-12"


def by_opening(d: DeploymentPlan) -> tuple[str, str]:
    """Order a city's deployments by when they open; those that never do come last."""
    return d.launch or NEVER, d.stack


def ordered_deployments(plan: Plan) -> list[tuple[CityRollout, DeploymentPlan]]:
    """Return every deployment with its city, in the order of openings; those that are begun and never open come last."""
    pairs = [(city, d) for city in plan.cities for d in city.deployments]
    return sorted(pairs, key=lambda p: (p[1].launch or NEVER, p[0].city, p[1].stack))


def opened_deployments(plan: Plan) -> list[tuple[CityRollout, DeploymentPlan]]:
    """Return every deployment that opens with its city, in the order of openings."""
    return [(city, d) for city, d in ordered_deployments(plan) if d.launch]


def area_km2(city: CityRollout, level: int) -> float:
    """Return the area of a ladder level, 0 for level 0."""
    return next((k.area_km2 for k in city.levels if k.level == level), 0.0)


def opening_permits(d: DeploymentPlan) -> list[PermitStep]:
    """Return the permits that open the modes in which the deployment runs, one a mode, the earliest in hand."""
    found = []
    for mode in dict.fromkeys(m for m in d.mode if m):
        steps = [s for s in d.permits if s.opens == mode and not s.held]
        found += sorted(steps, key=lambda s: s.finish)[:1]
    return found


def deciding_permit(plan: Plan, d: DeploymentPlan) -> PermitStep | None:
    """Return the permit that an opening waits for: the one that the plan names as what binds it, else that of its first mode."""
    named = next((b.permit.permit for b in plan.binds if b.permit and (b.city, b.stack) == (d.city, d.stack)), "")
    first = next(iter(opening_permits(d)), None)
    return next((s for s in d.permits if s.permit == named and not s.held), first)


DOUBT_ORDER = {"assumed": 0, "low": 1, "medium": 2, "high": 3}


def end_month(plan: Plan) -> str:
    """Return the last month of a plan's horizon."""
    return month_text(month_number(plan.periods[0]) + sum(plan.period_months) - 1)


def city_order(plan: Plan) -> list[CityRollout]:
    """Return the cities by first opening, then those that begin and never open; those that stay out last.

    Of cities that open in the same month the order is that of their deployments (:func:`ordered_deployments`).
    """
    return sorted(plan.cities, key=lambda c: (c.launch or NEVER, not c.deployments, c.city))


def service_at(city: CityRollout, t: int) -> dict[str, Any]:
    """Return a city's service in a period, all its deployments together."""
    open_now = [d for d in city.deployments if d.level[t]]
    vehicles, trips = sum(d.vehicles[t] for d in open_now), sum(d.trips_per_day[t] for d in open_now)
    return {
        "vehicles": vehicles,
        "trips": trips,
        "per_vehicle": trips / vehicles if vehicles else None,
        "wait": _weighted([(d.wait_min[t], d.trips_per_day[t]) for d in open_now]),
        "deadhead": _weighted([(d.deadhead_share[t], d.km_per_day[t]) for d in open_now]),
        "stalls": sum(d.stalls[t] + d.stalls_partner[t] for d in city.depots),
    }


def _weighted(pairs: list[tuple[float | None, float]]) -> float | None:
    known = [(v, w) for v, w in pairs if v is not None]
    weight = sum(w for _, w in known)
    return sum(v * w for v, w in known) / weight if weight else None


def doubt_key(figure: FigureUse) -> tuple[int, str]:
    """Order figures by how doubtful they are, then by key."""
    return DOUBT_ORDER.get(figure.confidence, 0), figure.key


def doubts(plan: Plan) -> list[FigureUse]:
    """Return every doubtful figure once, assumed ones first."""
    return sorted({f.key: f for c in plan.cities for f in c.doubtful_figures}.values(), key=doubt_key)


def opening_months_of(plan: Plan, d: DeploymentPlan) -> list[tuple[int, str]]:
    """Return each ladder level that comes into force with the month in which it does."""
    return [
        (d.level[t], plan.periods[t]) for t in range(len(plan.periods)) if d.level[t] > (d.level[t - 1] if t else 0)
    ]


def opening_months(d: DeploymentPlan, periods: list[str], levels: int) -> list[str | None]:
    """Return the month in which each ladder level (1, 2, ...) of a deployment opens, ``None`` if it never does."""
    return [
        next((p for p, k in zip(periods, d.level, strict=True) if k >= level), None) for level in range(1, levels + 1)
    ]
