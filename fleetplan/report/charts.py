"""The charts of a plan, each defined once: what it shows, in which unit, with which words.

Two painters draw them: ``svg.drawing`` for the report, whole and of one size, and ``page_chart.page_chart`` for the pages, where
they stretch and tell the values under the pointer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

from fleetplan.plans.finance import quarters
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.request.constraints import ResultFloor
from fleetplan.words.values import count, month_name, usd

COLOURS = 8

Kind = Literal["area", "line"]
"""Stacked areas, or lines."""

Unit = Literal["count", "usd", "min"]


@dataclass(frozen=True, slots=True)
class Series:
    """Values by period with a colour class; None where there is none.

    ``reached``: the values are stocks, each reached at its period's end, from zero on; otherwise they hold through the period.
    """

    name: str
    css: str
    values: tuple[float | None, ...]
    dash: bool = False
    reached: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend: colour class, name, value at the end of the horizon."""

    css: str
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over the periods of a plan; ``said`` is one sentence for those who cannot see it.

    ``periods`` holds the first month of each period, ``months`` its length.
    """

    title: str
    about: str
    said: str
    kind: Kind
    unit: Unit
    periods: Sequence[str]
    months: Sequence[int]
    series: tuple[Series, ...]
    keys: tuple[Key, ...] = ()


def palette(plan: Plan) -> dict[str, str]:
    """Return a colour class for each stack, the largest fleet first; from the ninth on colours repeat, paler."""
    order = sorted(plan.stacks, key=lambda s: (-max(s.in_service, default=0), s.stack))
    return {s.stack: f"s{i % COLOURS}{' again' if i >= COLOURS else ''}" for i, s in enumerate(order)}


def series(name: str, css: str, values: Iterable[float | None], *, dash: bool = False, reached: bool = False) -> Series:
    """Return a series of whatever numbers."""
    return Series(name, css, tuple(None if v is None else float(v) for v in values), dash, reached)


def over_time(
    plan: Plan,
    kind: Kind,
    unit: Unit,
    title: str,
    about: str,
    lines: Iterable[Series],
    said: str,
    keys: Iterable[Key] = (),
) -> Chart:
    """Return a chart over the periods of a plan."""
    return Chart(title, about, said, kind, unit, plan.periods, plan.period_months, tuple(lines), tuple(keys))


def fleets(plan: Plan, colours: dict[str, str]) -> Chart:
    """Return vehicles in service by stack."""
    used = [s for s in plan.stacks if any(s.in_service)]
    used.sort(key=lambda s: list(colours).index(s.stack))
    said = f"Vehicles in service grow to {count(plan.kpis.vehicles_end)} by the end of the horizon."
    lines = [series(s.partner, colours[s.stack], s.in_service) for s in used]
    keys = [Key(colours[s.stack], s.partner, count(s.in_service[-1])) for s in used]
    return over_time(plan, "area", "count", "Vehicles in service", "by stack", lines, said, keys)


def trips(plan: Plan) -> Chart:
    """Return trips on a mean day by city."""
    live = [c for c in plan.cities if c.deployments]
    live.sort(key=lambda c: -sum(d.trips_per_day[-1] for d in c.deployments))
    lines = [series(c.name, f"s{i % COLOURS}", _city_sum(c)) for i, c in enumerate(live)]
    said = f"Trips on a mean day grow to {count(plan.kpis.trips_per_day_end)}."
    return over_time(plan, "area", "count", "Trips on a mean day", "by city", lines, said)


def all_trips(plan: Plan) -> Chart:
    """Return trips on a mean day in all cities together."""
    by_city = trips(plan)
    total = [sum(s.values[t] or 0.0 for s in by_city.series) for t in range(len(plan.periods))]
    end = Key("spent", "at the end", count(total[-1]))
    return replace(by_city, about="all cities", series=(series("trips", "spent", total),), keys=(end,))


def capital(plan: Plan) -> Chart:
    """Return capital spent against the budget, cumulated."""
    spent, budget = list(accumulate(plan.capital_usd)), plan.cumulated_budget_usd
    lines = [
        series("budget", "budget", budget, dash=True, reached=True),
        series("spent", "spent", spent, reached=True),
    ]
    keys = [Key("budget", "budget", usd(budget[-1])), Key("spent", "spent", usd(spent[-1]))]
    said = f"{usd(spent[-1])} of capital are spent of a budget of {usd(budget[-1])}."
    return over_time(plan, "line", "usd", "Capital", "cumulated, against the budget", lines, said, keys)


def cash(plan: Plan) -> Chart:
    """Return cumulated net cash, with the floor where the request sets one."""
    lines = [series("net cash", "spent", plan.cumulated_cash_usd, reached=True)]
    deepest, end = usd(-plan.kpis.peak_funding_usd), usd(plan.cumulated_cash_usd[-1])
    keys = [Key("spent", "at the end", end), Key("", "deepest, at the end of a month", deepest)]
    floor = plan.request.capital.cash_floor_usd
    if floor is not None:
        lines.append(series("floor", "budget", [-floor] * len(plan.periods), dash=True))
        keys.append(Key("budget", "floor", usd(-floor)))
    said = f"Cumulated net cash, at the end of each period, ends at {end}; at the end of a month it falls to {deepest}."
    return over_time(plan, "line", "usd", "Net cash", "cumulated, at the end of each period", lines, said, keys)


def results(plan: Plan) -> Chart:
    """Return the operating result by quarter, with the floors under it that the request sets for every quarter."""
    found = quarters(plan)
    lines = [series("operating result", "spent", [q.result_usd for q in found])]
    worst = min(found, key=lambda q: (q.result_usd, q.first))
    end = usd(found[-1].result_usd)
    keys = [Key("spent", "last quarter", end), Key("", "worst quarter", usd(worst.result_usd))]
    floors = [c for c in plan.request.constraints if isinstance(c, ResultFloor) and c.per == "quarter"]
    for floor in floors:
        inside = {plan.request.grid.quarters[t] for t in plan.request.grid.window(floor.start, floor.end)}
        least = [floor.least_usd * q.months / 3 if k in inside else None for k, q in enumerate(found)]
        lines.append(series("floor", "budget", least, dash=True))
        keys.append(Key("budget", "floor", usd(floor.least_usd)))
    said = (
        f"The worst quarter begins in {month_name(worst.first)} with {usd(worst.result_usd)}; the last one has {end}."
    )
    firsts, months = [q.first for q in found], [q.months for q in found]
    return Chart("Operating result", "by quarter", said, "line", "usd", firsts, months, tuple(lines), tuple(keys))


def portfolio(plan: Plan, colours: dict[str, str]) -> list[Chart]:
    """Return the charts of the whole plan, as the report shows them."""
    return [fleets(plan, colours), all_trips(plan), results(plan), cash(plan), capital(plan)]


def city(plan: Plan, rollout: CityRollout, colours: dict[str, str]) -> list[Chart]:
    """Return a city's fleet, trips and wait by stack."""
    found = rollout.deployments
    opened = f"{rollout.name} opens in {month_name(rollout.launch)}."
    keys = [Key(colours.get(d.stack, "s0"), d.partner) for d in found] if len(found) > 1 else []

    def by_stack(kind: Kind, unit: Unit, title: str, about: str, values: Iterable[Iterable[float | None]]) -> Chart:
        lines = [series(d.partner, colours.get(d.stack, "s0"), v) for d, v in zip(found, values, strict=True)]
        return over_time(plan, kind, unit, title, about, lines, opened, keys)

    return [
        by_stack("area", "count", "Vehicles in service", "by stack", [d.vehicles for d in found]),
        by_stack("area", "count", "Trips on a mean day", "served, by stack", [d.trips_per_day for d in found]),
        by_stack("line", "min", "Mean wait", "minutes", [d.wait_min for d in found]),
    ]


def _city_sum(rollout: CityRollout) -> list[float]:
    return [sum(day) for day in zip(*(d.trips_per_day for d in rollout.deployments), strict=True)]
