"""Charts of the pages as data: what ``static/lib/charts.js`` draws with Plotly in the colours of the page.

A chart is a mapping with ``kind`` (``area``: stacked steps, ``line``: steps), ``unit`` (``count``, ``usd``, ``min``), the first
month of each period in ``x``, the month after the last in ``end``, and ``series`` with name, colour class and values. ``title``,
``about`` and ``said`` (one sentence for those who cannot see it) stand on the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from fleetplan.months import month_number, month_text
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.words.values import count, month_name, usd

Chart = dict[str, Any]


def series(name: str, css: str, values: Iterable[float | None], *, dash: bool = False) -> dict[str, Any]:
    """Return one series."""
    return {"name": name, "css": css, "values": [None if v is None else round(v, 3) for v in values], "dash": dash}


def over_time(
    plan: Plan, kind: str, unit: str, title: str, about: str, lines: Sequence[dict[str, Any]], said: str
) -> Chart:
    """Return a chart over the periods of a plan."""
    end = month_text(month_number(plan.periods[-1]) + plan.period_months[-1])
    return {
        "kind": kind,
        "unit": unit,
        "title": title,
        "about": about,
        "said": said,
        "x": plan.periods,
        "end": end,
        "series": list(lines),
    }


def fleets(plan: Plan, palette: dict[str, str]) -> Chart:
    """Return vehicles in service by stack."""
    used = [s for s in plan.stacks if any(s.in_service)]
    used.sort(key=lambda s: list(palette).index(s.stack))
    said = f"Vehicles in service grow to {count(plan.kpis.vehicles_end)} by the end of the horizon."
    lines = [series(s.partner, palette[s.stack], s.in_service) for s in used]
    return over_time(plan, "area", "count", "Vehicles in service", "by stack", lines, said)


def trips(plan: Plan) -> Chart:
    """Return trips on a mean day by city."""
    live = [c for c in plan.cities if c.deployments]
    live.sort(key=lambda c: -sum(d.trips_per_day[-1] for d in c.deployments))
    lines = [series(c.name, f"s{i % 8}", _city_sum(c)) for i, c in enumerate(live)]
    said = f"Trips on a mean day grow to {count(plan.kpis.trips_per_day_end)}."
    return over_time(plan, "area", "count", "Trips on a mean day", "by city", lines, said)


def capital(plan: Plan) -> Chart:
    """Return capital spent against the budget, cumulated."""
    spent = list(accumulate(plan.capital_usd))
    lines = [
        series("budget", "budget", plan.cumulated_budget_usd, dash=True),
        series("spent", "spent", spent),
    ]
    said = f"{usd(spent[-1])} of capital are spent of a budget of {usd(plan.cumulated_budget_usd[-1])}."
    return over_time(plan, "line", "usd", "Capital", "cumulated, against the budget", lines, said)


def cash(plan: Plan) -> Chart:
    """Return cumulated net cash, with the floor where the request sets one."""
    lines = [series("net cash", "spent", plan.cumulated_cash_usd)]
    floor = plan.request.capital.cash_floor_usd
    if floor is not None:
        lines.append(series("floor", "budget", [-floor] * len(plan.periods), dash=True))
    deepest = min(0.0, *plan.cumulated_cash_usd)
    said = f"Cumulated net cash falls to {usd(deepest)} and ends at {usd(plan.cumulated_cash_usd[-1])}."
    return over_time(plan, "line", "usd", "Net cash", "cumulated", lines, said)


def city(plan: Plan, rollout: CityRollout, palette: dict[str, str]) -> list[Chart]:
    """Return a city's fleet, trips and wait by stack."""
    found = rollout.deployments

    def by_stack(values: str) -> list[dict[str, Any]]:
        return [series(d.partner, palette.get(d.stack, "s0"), getattr(d, values)) for d in found]

    opened = f"{rollout.name} opens in {month_name(rollout.launch)}."
    return [
        over_time(plan, "area", "count", "Vehicles in service", "by stack", by_stack("vehicles"), opened),
        over_time(plan, "area", "count", "Trips on a mean day", "by stack", by_stack("trips_per_day"), opened),
        over_time(plan, "line", "min", "Mean wait", "minutes", by_stack("wait_min"), opened),
    ]


def _city_sum(city: CityRollout) -> list[float]:
    return [sum(day) for day in zip(*(d.trips_per_day for d in city.deployments), strict=True)]
