"""Several plans side by side: money, launches, areas and risks in one table. No solving, no catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from fleetplan.compare.table_types import LaunchCell, LaunchRow, PlanColumn, SideBySide
from fleetplan.compare.ties import band
from fleetplan.errors import Fault, RequestError
from fleetplan.plans.deployments import deployments_of
from fleetplan.plans.reading import NEVER, area_km2, doubts, end_month, opened_deployments
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan
from fleetplan.words.side_by_side import in_words

FEWEST, MOST = 2, 20


def side_by_side(plans: Sequence[Plan]) -> SideBySide:
    """Return plans side by side, in words too.

    Raises
    ------
    RequestError
        If there are fewer than two of them, or more than twenty.
    """
    if not FEWEST <= len(plans) <= MOST:
        raise RequestError([Fault("plans", f"are {len(plans)}", f"{FEWEST} to {MOST}", "name as many plans")])
    found = SideBySide(
        plans=[column(plan) for plan in plans],
        launches=_launches(plans),
        alike=[(i, k) for i, k in combinations(range(len(plans)), 2) if not band(plans[i], plans[k], None).apart],
        same_catalogue=len({plan.certificate.catalogue_sha256 for plan in plans}) == 1,
        same_horizon=len({(plan.periods[0], end_month(plan)) for plan in plans}) == 1,
    )
    return in_words(found)


def column(plan: Plan) -> PlanColumn:
    """Return a plan's figures for a table."""
    k, r = plan.kpis, plan.returns
    partner, partner_share = _largest_partner(plan)
    city, city_share = _largest_city(plan)
    months = [m for _, d in opened_deployments(plan) for m in (d.launch_months, d.driver_out_months) if m is not None]
    return PlanColumn(
        name=plan.name,
        npv_usd=plan.objective,
        bound_usd=plan.bound,
        markets_found=plan.markets.found if plan.markets else None,
        incremental_npv_usd=k.incremental_npv_usd,
        gross_npv_usd=k.gross_npv_usd,
        cash_usd=k.cash_usd,
        npv_by_horizon_usd=k.npv_by_horizon_usd,
        capital_usd=k.capital_usd,
        peak_funding_usd=k.peak_funding_usd,
        payback=k.payback,
        irr=r.irr,
        break_even_fare=r.break_even_fare,
        after_tax_npv_usd=r.after_tax_npv_usd,
        cities_live=k.cities_live,
        vehicles_end=k.vehicles_end,
        trips_per_day_end=k.trips_per_day_end,
        km2_end=round(sum(_widest(c) for c in plan.cities), 1),
        partner=partner,
        partner_share=partner_share,
        city=city,
        city_share=city_share,
        doubtful=len(doubts(plan)),
        kept=min((m.kept for m in months), default=None),
        never=max((m.never for m in months), default=None),
        catalogue_sha256=plan.certificate.catalogue_sha256,
        horizon=end_month(plan),
    )


def _widest(city: CityRollout) -> float:
    """Return the area open in a city in the last period, by the widest of its services."""
    return max((area_km2(city, d.level[-1]) for d in city.deployments), default=0.0)


def _largest_partner(plan: Plan) -> tuple[str, float | None]:
    found: dict[str, int] = {}
    for d in deployments_of(plan).values():
        found[d.partner] = found.get(d.partner, 0) + d.vehicles[-1]
    return _largest({name: float(n) for name, n in found.items()})


def _largest_city(plan: Plan) -> tuple[str, float | None]:
    return _largest({city.name: max(0.0, city.npv_usd) for city in plan.cities})


def _largest(parts: dict[str, float]) -> tuple[str, float | None]:
    total = sum(parts.values())
    if total <= 0.0:
        return "", None
    name = min(parts, key=lambda one: (-parts[one], one))
    return name, round(parts[name] / total, 4)


def _launches(plans: Sequence[Plan]) -> list[LaunchRow]:
    """Return every stack in a city that some plan begins, by the first month in which one of them opens it."""
    every = [deployments_of(plan) for plan in plans]
    cities = [{c.city: c for c in plan.cities} for plan in plans]
    known = {key: d for one in every for key, d in one.items()}

    def first(key: str) -> tuple[str, str]:
        return min((one[key].launch or NEVER for one in every if key in one), default=NEVER), key

    rows = []
    for key in sorted(known, key=first):
        d = known[key]
        cells = [_cell(one[key], own[d.city]) if key in one else None for one, own in zip(every, cities, strict=True)]
        name = next(own[d.city].name for own in cities if d.city in own)
        rows.append(LaunchRow(stack=d.stack, partner=d.partner, city=d.city, city_name=name, cells=cells))
    return rows


def _cell(d: DeploymentPlan, city: CityRollout) -> LaunchCell:
    return LaunchCell(
        launch=d.launch or None,
        driver_out=d.driver_out,
        ended=d.ended,
        km2_end=round(area_km2(city, d.level[-1]), 1),
        vehicles_end=d.vehicles[-1],
    )
