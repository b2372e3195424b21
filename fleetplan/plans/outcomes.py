"""What becomes of every city of a plan, and which doubtful figures its rollout leans on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fleetplan.catalogue.types import Figure
from fleetplan.facts import CityOutcome
from fleetplan.months import month_text
from fleetplan.optimize.instance import Instance
from fleetplan.permits import first_paid_month
from fleetplan.plans.types import CityRollout, DeploymentPlan, FigureUse, Plan

MOST_FIGURES = 40


def outcome(i: Instance, city: str, deployments: Iterable[DeploymentPlan]) -> CityOutcome:
    """Return whether a city opens, and if it does not, what keeps it closed."""
    candidates = [q for q in i.deployments if q.city == city]
    months = [m for q in candidates if (m := first_paid_month(q.path)) is not None]
    earliest = month_text(min(months)) if months else ""
    if any(d.launch for d in deployments):
        return CityOutcome(kind="opens", earliest=earliest)
    if not candidates:
        return CityOutcome(kind="not_admitted")
    permitted = any(m.milestone.possible.any() for q in candidates for m in q.modes)
    return CityOutcome(kind="not_worth" if permitted else "no_permit", earliest=earliest)


def with_proof(city: CityRollout, plan: Plan) -> CityRollout:
    """Return a city whose outcome tells what the plan's bound proves of opening it, in plans with as many markets."""
    if city.outcome.kind != "not_worth":
        return city
    more = round(max(0.0, plan.bound - plan.objective), 2)
    return city.model_copy(update={"outcome": city.outcome.model_copy(update={"more_at_most_usd": more})})


def doubtful_figures(i: Instance, city: str, stacks: Iterable[str]) -> list[FigureUse]:
    """Return the low-confidence and assumed figures that a city's rollout leans on, city first, then its stacks."""
    catalogue = i.scope.catalogue
    groups: list[Iterable[Figure]] = [catalogue.cities[city].figures.values()]
    groups += [catalogue.stacks[s].figures.values() for s in dict.fromkeys(stacks)]
    weak = [f for group in groups for f in group if f.confidence in {"low", "assumed"}]
    return [
        FigureUse(key=f.key, value=float(np.round(f.value, 6)), unit=f.unit, source=f.source, confidence=f.confidence)
        for f in weak[:MOST_FIGURES]
    ]
