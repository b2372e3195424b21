"""Compare two stored plans: no solving, no catalogue."""

from __future__ import annotations

from fleetplan.compare.money import kpi_pairs, money_by_city, money_by_line, money_by_stack
from fleetplan.compare.moves import decision_moves
from fleetplan.compare.types import CityMap, Comparison, DecisionMove, InputMove
from fleetplan.plans.deployments import year_ends
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.reruns.patch import input_changes

MILLION = 1e6


def _at_year_ends(plan: Plan, city: CityRollout | None, years: list[str]) -> tuple[list[int | None], list[int | None]]:
    ends = year_ends(plan.periods)
    levels: list[int | None] = []
    vehicles: list[int | None] = []
    for year in years:
        t = ends.get(year)
        here = city.deployments if city is not None else []
        levels.append(None if t is None else max((d.level[t] for d in here), default=0))
        vehicles.append(None if t is None else sum(d.vehicles[t] for d in here))
    return levels, vehicles


def difference_map(a: Plan, b: Plan) -> list[CityMap]:
    """Return by city what a map of the difference draws at each year end of either plan."""
    one, two = {c.city: c for c in a.cities}, {c.city: c for c in b.cities}
    years = sorted(set(year_ends(a.periods)) | set(year_ends(b.periods)))
    rows = []
    for slug in sorted(set(one) | set(two)):
        levels_a, vehicles_a = _at_year_ends(a, one.get(slug), years)
        levels_b, vehicles_b = _at_year_ends(b, two.get(slug), years)
        rows.append(
            CityMap(
                city=slug,
                name=(two.get(slug) or one[slug]).name,
                years=years,
                level_a=levels_a,
                level_b=levels_b,
                vehicles_a=vehicles_a,
                vehicles_b=vehicles_b,
            )
        )
    return rows


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _summary(a: Plan, b: Plan, decisions: list[DecisionMove]) -> list[str]:
    launches = [m for m in decisions if m.kind == "launch"]
    moved = sum(m.a is not None and m.b is not None for m in launches)
    dropped, new = sum(m.b is None for m in launches), sum(m.a is None for m in launches)
    if not decisions:
        return ["Both plans decide the same."]
    difference = (b.objective - a.objective) / MILLION
    worth = f"{abs(difference):,.1f} million USD {'more' if difference >= 0 else 'less'}"
    head = (
        f"{_counted(moved, 'launch moves', 'launches move')}, {_counted(new, 'is', 'are')} new, "
        f"{_counted(dropped, 'is', 'are')} dropped; the net present value is {worth}, "
        f"{b.objective / MILLION:,.1f} instead of {a.objective / MILLION:,.1f}."
    )
    return [head, *(m.sentence for m in launches)]


def compare_plans(a: Plan, b: Plan) -> Comparison:
    """Return what differs from ``a`` (the earlier plan) to ``b``, always in the same order."""
    decisions = decision_moves(a, b)
    inputs = [
        InputMove(pointer=c.pointer, sentence=c.sentence, a=c.before, b=c.after)
        for c in input_changes(a.request, b.request)
    ]
    return Comparison(
        name_a=a.name,
        name_b=b.name,
        request_a_sha256=a.certificate.request_sha256,
        request_b_sha256=b.certificate.request_sha256,
        npv_difference_usd=round(b.objective - a.objective, 2),
        same_catalogue=a.certificate.catalogue_sha256 == b.certificate.catalogue_sha256,
        inputs=inputs,
        decisions=decisions,
        money_by_city=money_by_city(a, b),
        money_by_stack=money_by_stack(a, b),
        money_by_line=money_by_line(a, b),
        kpis=kpi_pairs(a, b),
        map=difference_map(a, b),
        summary=_summary(a, b, decisions),
    )
