"""The report's charts: fleets, capital and cash of the plan; fleet, trips and wait of a city."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from fleetplan.plans.types import CityRollout, Plan
from fleetplan.report.svg import Series, chart, end_line, frame_for, stacked, step_line
from fleetplan.words.values import count, usd

COLOURS = 8
CITY_HEIGHT, CITY_WIDTH = 170, 330


@dataclass(frozen=True, slots=True)
class Key:
    """An entry of a legend: colour class, name, value at the end of the horizon."""

    css: str
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its title, what it shows in small print, and its legend."""

    title: str
    unit: str
    svg: Markup
    keys: list[Key]


def palette(plan: Plan) -> dict[str, str]:
    """Return a colour class for each stack, the largest fleet first; from the ninth on colours repeat, paler."""
    order = sorted(plan.stacks, key=lambda s: (-max(s.in_service, default=0), s.stack))
    return {s.stack: f"s{i % COLOURS}{' again' if i >= COLOURS else ''}" for i, s in enumerate(order)}


def fleet_legend(plan: Plan, colours: dict[str, str]) -> list[Key]:
    """Return the stacks in service with their fleets at the end of the horizon."""
    used = [s for s in plan.stacks if any(s.in_service)]
    used.sort(key=lambda s: list(colours).index(s.stack))
    return [Key(colours[s.stack], s.partner, count(s.in_service[-1])) for s in used]


def portfolio(plan: Plan, colours: dict[str, str]) -> list[Figure]:
    """Return the charts of the whole plan."""
    return [_fleets(plan, colours), _capital(plan), _cash(plan), _trips(plan)]


def city(plan: Plan, rollout: CityRollout, colours: dict[str, str]) -> list[Figure]:
    """Return the charts of one city."""
    deployments = rollout.deployments
    fleets = [Series(d.partner, colours.get(d.stack, "s0"), list(map(float, d.vehicles))) for d in deployments]
    trips = [Series(d.partner, colours.get(d.stack, "s0"), list(map(float, d.trips_per_day))) for d in deployments]
    waits = [Series(d.partner, colours.get(d.stack, "s0"), list(d.wait_min)) for d in deployments]
    keys = [Key(s.css, s.name, "") for s in fleets] if len(fleets) > 1 else []
    return [
        _small(plan, "Vehicles in service", "by stack", fleets, stack=True, keys=keys),
        _small(plan, "Trips on a mean day", "served, by stack", trips, stack=True, keys=keys),
        _small(plan, "Mean wait", "minutes", waits, stack=False, keys=keys),
    ]


def _small(plan: Plan, title: str, unit: str, series: list[Series], *, stack: bool, keys: list[Key]) -> Figure:
    tops = np.array([[v or 0.0 for v in s.values] for s in series])
    peak = tops.sum(axis=0).max() if stack else tops.max()
    frame = frame_for(plan, [float(peak)], CITY_HEIGHT, width=CITY_WIDTH)
    layers = [stacked(plan, frame, series)] if stack else [step_line(plan, frame, s) for s in series]
    return Figure(title, unit, chart(frame, f"{title}, {unit}", _tick(frame.step), layers), keys)


def _fleets(plan: Plan, colours: dict[str, str]) -> Figure:
    used = [s for s in plan.stacks if any(s.in_service)]
    used.sort(key=lambda s: list(colours).index(s.stack))
    series = [Series(s.partner, colours[s.stack], list(map(float, s.in_service))) for s in used]
    total = np.sum([s.in_service for s in used], axis=0) if used else np.zeros(1)
    frame = frame_for(plan, [float(np.max(total))])
    svg = chart(frame, "Vehicles in service by stack", _tick(frame.step), [stacked(plan, frame, series)])
    return Figure("Vehicles in service", "by stack", svg, fleet_legend(plan, colours))


def _capital(plan: Plan) -> Figure:
    spent = list(np.cumsum(plan.capital_usd))
    frame = frame_for(plan, [*spent, *plan.cumulated_budget_usd])
    lines = [
        end_line(plan, frame, Series("budget", "budget", list(plan.cumulated_budget_usd))),
        end_line(plan, frame, Series("spent", "spent", spent)),
    ]
    keys = [
        Key("budget", "budget", usd(plan.cumulated_budget_usd[-1])),
        Key("spent", "spent", usd(spent[-1])),
    ]
    svg = chart(frame, "Capital spent and budget, cumulated", usd_tick, lines)
    return Figure("Capital", "cumulated, against the budget", svg, keys)


def _cash(plan: Plan) -> Figure:
    frame = frame_for(plan, plan.cumulated_cash_usd)
    line = end_line(plan, frame, Series("net cash", "spent", list(plan.cumulated_cash_usd)))
    svg = chart(frame, "Net cash, cumulated", usd_tick, [line])
    keys = [
        Key("spent", "at the end", usd(plan.cumulated_cash_usd[-1])),
        Key("", "deepest", usd(min(0.0, *plan.cumulated_cash_usd))),
    ]
    return Figure("Net cash", "cumulated", svg, keys)


def _trips(plan: Plan) -> Figure:
    total = [
        float(sum(d.trips_per_day[t] for c in plan.cities for d in c.deployments)) for t in range(len(plan.periods))
    ]
    frame = frame_for(plan, total)
    svg = chart(
        frame, "Trips on a mean day", _tick(frame.step), [stacked(plan, frame, [Series("trips", "spent", list(total))])]
    )
    return Figure("Trips on a mean day", "all cities", svg, [Key("spent", "at the end", count(total[-1]))])


def _tick(step: float) -> Callable[[float], str]:
    return lambda value: f"{value:,.1f}" if step < 1 else count(value)


def usd_tick(value: float) -> str:
    """Return an axis label in whole millions or tenths of billions.

    >>> usd_tick(500e6), usd_tick(-1.5e9), usd_tick(0.0)
    ('$500 M', '−$1.5 bn', '0')
    """
    if abs(value) < 1:
        return "0"
    sign = "−" if value < 0 else ""
    size = abs(value)
    return f"{sign}${size / 1e9:g} bn" if size >= 1e9 else f"{sign}${size / 1e6:g} M"
