"""In what a plan is stronger than the best one, and what several plans share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from fleetplan.alternatives.types import Core, CoreLaunch, Strength, StrengthKind
from fleetplan.months import month_number
from fleetplan.plans.deployments import deployments_of, year_ends
from fleetplan.plans.reading import opened_deployments
from fleetplan.plans.types import Plan

LEAST_SHARE, LEAST_USD = 0.01, 100_000.0
"""Less of an amount, and less of money, is no strength to tell."""
LEAST_PARTNER = 0.01
YEAR = 12


def partner_shares(plan: Plan) -> dict[str, float]:
    """Return by partner its share of all vehicles in service in the last period, the largest first; nothing where none serves."""
    found: dict[str, int] = {}
    for d in deployments_of(plan).values():
        if d.vehicles[-1]:
            found[d.partner] = found.get(d.partner, 0) + d.vehicles[-1]
    total = sum(found.values())
    return {partner: n / total for partner, n in sorted(found.items(), key=lambda one: (-one[1], one[0]))}


def first_opening(plan: Plan) -> int | None:
    """Return the absolute month of a plan's first opening."""
    return min((month_number(d.launch) for _, d in opened_deployments(plan)), default=None)


def strengths(plan: Plan, best: Plan) -> list[Strength]:
    """Return in what a plan is stronger than the best one, by more than a hundredth."""
    return [one for one in _compared(plan, best) if one is not None]


def _compared(plan: Plan, best: Plan) -> Iterator[Strength | None]:
    one, two = first_opening(plan), first_opening(best)
    if one is not None and two is not None and one < two:
        yield Strength(kind="earlier", here=one, best=two, unit="month")
    a, b = plan.kpis, best.kpis
    if a.cities_live > b.cities_live:
        yield Strength(kind="markets", here=a.cities_live, best=b.cities_live, unit="market")
    yield _less("capital", a.capital_usd, b.capital_usd)
    yield _less("funding", a.peak_funding_usd, b.peak_funding_usd)
    shares = [next(iter(partner_shares(p).values()), None) for p in (plan, best)]
    if shares[0] is not None and shares[1] is not None and shares[1] - shares[0] >= LEAST_PARTNER:
        yield Strength(kind="partner", here=round(shares[0], 4), best=round(shares[1], 4), unit="share")
    yield _more("cash", a.cash_usd, b.cash_usd, "USD")
    yield _more("vehicles", a.vehicles_end, b.vehicles_end, "vehicle")


def _less(kind: StrengthKind, here: float, best: float) -> Strength | None:
    enough = best - here >= max(LEAST_USD, LEAST_SHARE * abs(best))
    return Strength(kind=kind, here=here, best=best, unit="USD") if enough else None


def _more(kind: StrengthKind, here: float, best: float, unit: Literal["USD", "vehicle"]) -> Strength | None:
    least = max(LEAST_USD if unit == "USD" else 1.0, LEAST_SHARE * abs(best))
    return Strength(kind=kind, here=here, best=best, unit=unit) if here - best >= least else None


def core_of(plans: Sequence[Plan]) -> Core:
    """Return what all of some plans have in common."""
    opened = [{f"{d.stack}@{d.city}": d for _, d in opened_deployments(plan)} for plan in plans]
    shared = sorted(set.intersection(*(set(one) for one in opened)))
    cities = set.intersection(*({d.city for d in one.values()} for one in opened))
    sites = [
        {(c.city, s.site) for c in p.cities for s in c.depots if any(s.stalls) or any(s.stalls_partner)} for p in plans
    ]
    launches = []
    for key in shared:
        same = [one[key] for one in opened]
        months, begun = sorted(d.launch for d in same), sorted(d.programme_start for d in same)
        fleets = [{y: d.vehicles[t] for y, t in year_ends(p.periods).items()} for p, d in zip(plans, same, strict=True)]
        years = sorted(set.intersection(*(set(f) for f in fleets)))
        least = {year: n for year in years if (n := min(f[year] for f in fleets))}
        first = same[0]
        launches.append(
            CoreLaunch(
                stack=first.stack,
                city=first.city,
                first=months[0],
                last=months[-1],
                begins=begun[0],
                begins_last=begun[-1],
                vehicles=least,
            )
        )
    return Core(
        plans=len(plans),
        cities=sorted(cities),
        launches=sorted(launches, key=lambda one: (one.first, one.city, one.stack)),
        depots=sorted(set.intersection(*sites)),
        capital_usd=round(min(_first_year(plan) for plan in plans), 2),
    )


def _first_year(plan: Plan) -> float:
    """Return the capital that a plan spends within its first year."""
    start = month_number(plan.periods[0])
    return float(
        sum(
            usd for month, usd in zip(plan.periods, plan.capital_usd, strict=True) if month_number(month) < start + YEAR
        )
    )
