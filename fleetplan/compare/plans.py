"""Compare two stored plans: no solving, no catalogue."""

from __future__ import annotations

from fleetplan.compare.markets import markets_pair
from fleetplan.compare.money import kpi_pairs, money_by_city, money_by_line, money_by_stack, returns_pairs
from fleetplan.compare.moves import decision_moves
from fleetplan.compare.ties import band, tie_groups, with_ties
from fleetplan.compare.types import CityMap, Comparison, InputMove
from fleetplan.plans.deployments import year_ends
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.reruns.patch import input_changes
from fleetplan.words.comparison import in_words
from fleetplan.words.names import Names


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


def compare_plans(a: Plan, b: Plan, names: Names | None = None) -> Comparison:
    """Return what differs from ``a`` (the earlier plan) to ``b``, always in the same order.

    ``names`` calls what was asked as the catalogue does; without them the plans' own names serve.
    """
    pair, moves = markets_pair(a, b), with_ties(decision_moves(a, b), a, b)
    inputs = [InputMove(pointer=c.pointer, a=c.before, b=c.after) for c in input_changes(a.request, b.request)]
    found = Comparison(
        name_a=a.name,
        name_b=b.name,
        request_a_sha256=a.certificate.request_sha256,
        request_b_sha256=b.certificate.request_sha256,
        npv_difference_usd=round(b.objective - a.objective, 2),
        band=band(a, b, pair),
        markets=pair,
        same_catalogue=a.certificate.catalogue_sha256 == b.certificate.catalogue_sha256,
        inputs=inputs,
        decisions=moves,
        ties=tie_groups(moves),
        money_by_city=money_by_city(a, b),
        money_by_stack=money_by_stack(a, b),
        money_by_line=money_by_line(a, b),
        kpis=kpi_pairs(a, b),
        returns=returns_pairs(a, b),
        map=difference_map(a, b),
    )
    return in_words(found, a, b, names if names is not None else Names(plans=(a, b)))
