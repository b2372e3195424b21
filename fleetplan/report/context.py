"""What reports and pages show of a plan, as plain values for templates."""

from __future__ import annotations

from typing import Any

from fleetplan.catalogue.types import Catalogue
from fleetplan.plans import finance
from fleetplan.plans.bars import bars
from fleetplan.plans.reading import (
    area_km2,
    by_opening,
    city_order,
    doubt_key,
    opening_months_of,
    ordered_deployments,
    service_at,
)
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan
from fleetplan.report import charts, gantt
from fleetplan.report.map_svg import city_map
from fleetplan.report.partner_account import account_table
from fleetplan.report.record import record_table
from fleetplan.service.types import CityService
from fleetplan.words import values as words
from fleetplan.words.bars import bar_words
from fleetplan.words.trips import demand_sentence


def timeline_rows(plan: Plan) -> list[dict[str, Any]]:
    """Return the rows of the timeline: one a deployment, grouped by city in the order of first openings."""
    rows: list[dict[str, Any]] = []
    for city in city_order(plan):
        deployments = [d for c, d in ordered_deployments(plan) if c.city == city.city]
        rows += [
            {"city": city, "head": i == 0, "d": d, "track": gantt.deployment_track(plan, d)}
            for i, d in enumerate(deployments)
        ]
        if not deployments:
            rows.append({"city": city, "head": True, "d": None, "track": None})
    return rows


def city_context(
    plan: Plan, city: CityRollout, service: CityService | None, catalogue: Catalogue, palette: dict[str, str]
) -> dict[str, Any]:
    """Return all that is shown of one city: map, permits, areas, service by year, money, doubts."""
    fact = catalogue.cities.get(city.city)
    drawn = city_map(city, fact, service, plan.periods) if service and service.levels and fact else None
    return {
        "c": city,
        "map": drawn,
        "states": _states(plan, city) if drawn else None,
        "year_ends": year_ends(plan, city),
        "closed": [x for x in fact.crossings if not x.open] if fact else [],
        "charts": charts.city(plan, city, palette) if city.deployments else [],
        "deployments": [deployment_context(plan, city, d) for d in sorted(city.deployments, key=by_opening)],
        "by_year": service_by_year(plan, city),
        "money": finance.groups_by_year(plan, finance.city_lines(city)) if city.deployments else [],
        "doubts": sorted(city.doubtful_figures, key=doubt_key),
        "demand": demand_sentence(fact) if fact else "",
        "bars": [bar_words(bar) for bar in bars(plan, city, catalogue)],
        "record": record_table(plan, city, catalogue) if city.deployments and fact else None,
    }


def deployment_context(plan: Plan, city: CityRollout, d: DeploymentPlan) -> dict[str, Any]:
    """Return a deployment with its permits on the time axis and the months in which its areas open."""
    permits = sorted(d.permits, key=lambda s: (not s.held, s.start, s.finish))
    openings = opening_months_of(plan, d)
    return {
        "d": d,
        "permits": [{"p": p, "track": gantt.permit_track(plan, p)} for p in permits],
        "areas": [(level, month, area_km2(city, level)) for level, month in openings],
        "account": account_table(plan, d),
    }


def _states(plan: Plan, city: CityRollout) -> dict[str, Any]:
    """Return what the slider needs: per deployment the level, fleet, trips and wait by period."""
    return {
        "periods": [words.month_name(p) for p in plan.periods],
        "area": {k.level: round(k.area_km2) for k in city.levels},
        "stacks": [
            {
                "name": d.partner,
                "level": d.level,
                "vehicles": d.vehicles,
                "trips": [round(x) for x in d.trips_per_day],
                "wait": [None if w is None else round(w, 1) for w in d.wait_min],
            }
            for d in city.deployments
        ],
    }


def year_ends(plan: Plan, city: CityRollout) -> list[dict[str, Any]]:
    """Return for each year the index of its last period and the widest level open then."""
    ends = []
    for year in finance.years(plan):
        t = max((i for i, p in enumerate(plan.periods) if p < f"{year + 1}"), default=0)
        level = max((d.level[t] for d in city.deployments), default=0)
        ends.append({"year": year, "t": t, "level": level, "area": area_km2(city, level)})
    return ends


def service_by_year(plan: Plan, city: CityRollout) -> list[dict[str, Any]]:
    """Return a city's service at each year's end: fleet, trips, wait, empty kilometres, stalls."""
    return [{**end, **service_at(city, end["t"])} for end in year_ends(plan, city)]
