"""The last step of a plan: every fact in it is said in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from fleetplan.facts import Binding
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.scope import Scope
from fleetplan.words.binding import Told, binding_sentence
from fleetplan.words.outcome import outcome_sentence


def in_words(plan: Plan, scope: Scope) -> Plan:
    """Return a plan with its sentences; nothing else in it changes."""
    constraints = {c.id: c.model_dump(mode="json") for c in scope.constraints}
    told = Told(scope.catalogue, constraints, plan.periods[0])
    cities = [_city(city, plan, told) for city in plan.cities]
    return plan.model_copy(update={"cities": cities, "binds": _said(plan.binds, told)})


def _said(binds: Iterable[Binding], told: Told) -> list[Binding]:
    return [b.model_copy(update={"sentence": binding_sentence(b, told)}) for b in binds]


def _city(city: CityRollout, plan: Plan, told: Told) -> CityRollout:
    outcome = city.outcome.model_copy(update={"sentence": outcome_sentence(city, plan)})
    return city.model_copy(update={"binds": _said(city.binds, told), "outcome": outcome})
