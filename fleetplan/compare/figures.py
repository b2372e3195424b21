"""Figures of two plans side by side: headline figures, vehicles at year ends, areas by month."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fleetplan.compare.types import Comparison, KpiPair
from fleetplan.months import month_number
from fleetplan.plans.reading import area_km2
from fleetplan.plans.types import CityRollout, Plan, Returns
from fleetplan.words.comparison import band_briefly
from fleetplan.words.proof import gap_of
from fleetplan.words.values import DASH, count, decimal, month_name, several, usd, usd_fine
from fleetplan.words.worth import cost_words, fare_words, rate_words

KPIS: tuple[tuple[str, str, Any], ...] = (
    ("npv_usd", "Net present value", usd_fine),
    ("cash_usd", "of it cash within the horizon", usd_fine),
    ("residual_usd", "of it left of vehicles and stalls", usd_fine),
    ("terminal_usd", "of it the years after the horizon", usd_fine),
    ("incremental_npv_usd", "Incremental value", usd_fine),
    ("gross_npv_usd", "Gross value", usd_fine),
    ("npv_by_horizon_usd", "Value with no year after the horizon", usd_fine),
    ("npv_twice_after_usd", "Value with twice the years after it", usd_fine),
    ("capital_usd", "Capital spent", usd_fine),
    ("discounted_capital_usd", "Capital, discounted", usd_fine),
    ("peak_funding_usd", "Peak funding", usd_fine),
    ("payback", "Payback", month_name),
    ("cities_live", "Cities live", count),
    ("markets_live_with_existing", "Markets live, with those of today", count),
    ("vehicles_end", "Vehicles at the end", count),
    ("trips_per_day_end", "Trips a day at the end", count),
    ("trips_per_vehicle_day_end", "Trips a vehicle and day at the end", decimal),
)


def kpi_rows(a: Plan, b: Plan, comparison: Comparison) -> list[dict[str, str]]:
    """Return the headline figures of both plans with their difference, in words, that in value with its band; the gap last."""
    pairs = {pair.name: pair for pair in comparison.kpis}
    rows = [_kpi(label, pairs[name], written) for name, label, written in KPIS if name in pairs]
    if comparison.band is not None and rows and KPIS[0][0] in pairs:
        rows[0]["difference"] += band_briefly(comparison.band)
    gap = {"label": "Proven gap", "a": gap_of(a), "b": gap_of(b), "difference": ""}
    return [*rows, gap]


def _kpi(label: str, pair: KpiPair, written: Any) -> dict[str, str]:
    difference = ""
    if pair.difference is not None:
        difference = (
            "the same" if not pair.difference else f"{'+' if pair.difference > 0 else ''}{written(pair.difference)}"
        )
    elif isinstance(pair.a, str) and isinstance(pair.b, str):
        months = month_number(pair.b) - month_number(pair.a)
        difference = f"{several(abs(months), 'month')} {'later' if months > 0 else 'earlier'}" if months else "the same"
    return {"label": label, "a": written(pair.a), "b": written(pair.b), "difference": difference}


def returns_rows(a: Plan, b: Plan) -> list[dict[str, Any]]:
    """Return what every city returns in both plans, in words, the plans as a whole last; a dash where one does nothing there."""
    one, two = ({c.city: c for c in plan.cities if c.deployments} for plan in (a, b))
    rows = [(two.get(slug) or one[slug], one.get(slug), two.get(slug)) for slug in sorted({*one, *two})]
    told = [
        {"name": known.name, "cells": _both(x.returns if x else None, y.returns if y else None)} for known, x, y in rows
    ]
    return [*told, {"name": "The plan", "cells": _both(a.returns, b.returns)}]


def _both(a: Returns | None, b: Returns | None) -> list[tuple[str, str]]:
    return list(zip(_returns(a), _returns(b), strict=True))


def _returns(r: Returns | None) -> tuple[str, str, str, str]:
    if r is None:
        return DASH, DASH, DASH, DASH
    return rate_words(r), fare_words(r), cost_words(r), usd(r.after_tax_npv_usd)


def fleets(comparison: Comparison) -> dict[str, Any]:
    """Return vehicles at year ends of both plans by city; None beyond a horizon."""
    years = comparison.map[0].years if comparison.map else []
    live = [c for c in comparison.map if any(c.vehicles_a) or any(c.vehicles_b)]
    rows = [{"name": c.name, "cells": list(zip(c.vehicles_a, c.vehicles_b, strict=True))} for c in live]
    total = [(_sum(c.vehicles_a[t] for c in live), _sum(c.vehicles_b[t] for c in live)) for t in range(len(years))]
    return {"years": years, "rows": rows, "total": total}


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def areas(a: Plan, b: Plan) -> list[dict[str, Any]]:
    """Return by city, those that differ first, what a map of the difference needs: levels of both plans by period of either."""
    one, two = {c.city: c for c in a.cities}, {c.city: c for c in b.cities}
    months = sorted({*a.periods, *b.periods})
    found = [_area(slug, (a, one.get(slug)), (b, two.get(slug)), months) for slug in sorted({*one, *two})]
    some = [city for city in found if any(city["a"]) or any(city["b"])]
    return sorted(some, key=lambda city: (-_apart(city), city["name"]))


def farthest(city: Mapping[str, Any]) -> int:
    """Return the index of the month in which the areas are farthest apart; the last one where they are the same."""
    km2: Mapping[int, float] = city["km2"]
    apart = [abs(km2[x] - km2[y]) for x, y in zip(city["a"], city["b"], strict=True)]
    return apart.index(max(apart)) if max(apart, default=0.0) else len(apart) - 1


def _apart(city: Mapping[str, Any]) -> float:
    km2: Mapping[int, float] = city["km2"]
    return sum(abs(km2[x] - km2[y]) for x, y in zip(city["a"], city["b"], strict=True))


def _area(
    slug: str, first: tuple[Plan, CityRollout | None], second: tuple[Plan, CityRollout | None], months: list[str]
) -> dict[str, Any]:
    known = second[1] or first[1]
    assert known is not None  # noqa: S101  # one of the plans has it
    sides = [_levels(plan, city, months) for plan, city in (first, second)]
    return {
        "city": slug,
        "name": known.name,
        "whose": "b" if second[1] else "a",
        "months": months,
        "a": sides[0],
        "b": sides[1],
        "km2": {0: 0.0, **{k.level: round(area_km2(known, k.level), 1) for k in known.levels}},
        "differs": sides[0] != sides[1],
    }


def _levels(plan: Plan, city: CityRollout | None, months: list[str]) -> list[int]:
    """Return the widest level open in each month of a list; a horizon's last level holds beyond it."""
    if city is None:
        return [0] * len(months)
    open_now = [max((d.level[t] for d in city.deployments), default=0) for t in range(len(plan.periods))]
    return [_held(plan, open_now, month) for month in months]


def _held(plan: Plan, levels: list[int], month: str) -> int:
    return next((levels[t] for t in reversed(range(len(levels))) if plan.periods[t] <= month), 0)
