"""Fill in what a plan only repeats: the permits' names and other months, the weak figures, the law's trips, its waits.

The plan that tests work out by hand is about decisions and money. What it repeats of the catalogue is taken over here as the
checker has it; that the checker is right there is tested with plans that the planner made (test_plan_altered.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetplan.catalogue.types import Catalogue
from fleetplan.plans.check import told
from fleetplan.plans.check.case import Case, Deployed
from fleetplan.plans.check.permit_dates import Calendar
from fleetplan.plans.check.permits_told import _Dates, _expected
from fleetplan.plans.types import FigureUse, Plan
from fleetplan.service.types import CityService


def as_told(plan: Plan, world: Catalogue, services: Mapping[str, CityService]) -> Plan:
    """Return a plan that repeats the catalogue word for word."""
    case = Case(plan, world, services)
    calendar = Calendar(case)
    data = plan.model_dump(mode="json")
    for rollout in data["cities"]:
        slugs = [row["stack"] for row in rollout["deployments"]]
        rollout["doubtful_figures"] = _weak(case, rollout["city"], slugs)
        for row in rollout["deployments"]:
            _fill(case, calendar, row)
    data["certificate"]["curve_error"] = round(told.trips_beyond_the_law(case), 6)
    return Plan.model_validate(data)


def _weak(case: Case, city: str, stacks: list[str]) -> list[dict[str, Any]]:
    groups = [case.catalogue.cities[city].figures, *(case.catalogue.stacks[s].figures for s in dict.fromkeys(stacks))]
    weak = [f for group in groups for f in group.values() if f.confidence in told.WEAK]
    return [
        FigureUse(
            key=f.key, value=round(f.value, 6), unit=f.unit, source=f.source, confidence=f.confidence
        ).model_dump()
        for f in weak
    ]


def _fill(case: Case, calendar: Calendar, row: dict[str, Any]) -> None:
    deployed: Deployed = next(d for d in case.deployed if (d.row.city, d.row.stack) == (row["city"], row["stack"]))
    dates = _Dates(case, calendar, deployed)
    for step in row["permits"]:
        known = _expected(dates, dates.permits[step["permit"]])
        step |= {name: value for name, value in known.items() if name not in {"start", "finish", "held"}}
