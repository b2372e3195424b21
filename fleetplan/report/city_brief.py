"""What fits on one printed page of a city: the permits that open it, money in four lines, the first steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fleetplan.explain.agenda import Agenda
from fleetplan.plans.finance import INVESTED
from fleetplan.plans.reading import by_opening, opening_permits
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.report import gantt

MOST_STEPS = 9


def brief(
    plan: Plan, city: CityRollout, agenda: Agenda, money: Sequence[tuple[str, list[float], float]]
) -> dict[str, Any]:
    """Return what the printed page shows besides what the page on screen has."""
    steps = [(m.month, s) for m in [*agenda.soon, *agenda.later] for s in m.steps if s.kind != "In hand"]
    return {
        "deployments": [
            {
                "partner": d.partner,
                "launch": d.launch,
                "track": gantt.deployment_track(plan, d),
                "permits": [{"p": p, "track": gantt.permit_track(plan, p)} for p in opening_permits(d)],
            }
            for d in sorted(city.deployments, key=by_opening)
        ],
        "money": in_short(money),
        "steps": steps[:MOST_STEPS],
    }


def in_short(money: Sequence[tuple[str, list[float], float]]) -> list[tuple[str, list[float], float]]:
    """Return the money by year in four lines: fares, running costs, investment, net."""
    if not money:
        return []
    fares = [r for r in money[:-1] if r[0] == "Net fares"]
    invested = [r for r in money[:-1] if r[0] in INVESTED]
    running = [r for r in money[:-1] if r not in fares and r not in invested]
    named = [("Fares net of tax", fares), ("Running costs", running), ("Investment", invested)]
    return [*((name, *_added(rows, len(money[-1][1]))) for name, rows in named), money[-1]]


def _added(rows: Sequence[tuple[str, list[float], float]], years: int) -> tuple[list[float], float]:
    return [sum(r[1][i] for r in rows) for i in range(years)], sum(r[2] for r in rows)
