"""The last step of a plan: every fact in it is said in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from fleetplan.facts import Binding
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.scope import Scope
from fleetplan.words.binding import binding_sentence
from fleetplan.words.context import Context, context_of
from fleetplan.words.exactness import exactness_sentence
from fleetplan.words.method import method_sentence
from fleetplan.words.outcome import outcome_sentence


def in_words(plan: Plan, scope: Scope) -> Plan:
    """Return a plan with its sentences; nothing else in it changes."""
    context = context_of(scope)
    cities = [_city(city, plan, context) for city in plan.cities]
    method, exactness = plan.certificate.method, plan.certificate.exactness
    said = {
        "method": method.model_copy(update={"sentence": method_sentence(method)}),
        "exactness": exactness.model_copy(update={"sentence": exactness_sentence(exactness)}),
    }
    certificate = plan.certificate.model_copy(update=said)
    return plan.model_copy(update={"cities": cities, "binds": _said(plan.binds, context), "certificate": certificate})


def _said(binds: Iterable[Binding], context: Context) -> list[Binding]:
    return [b.model_copy(update={"sentence": binding_sentence(b, context)}) for b in binds]


def _city(city: CityRollout, plan: Plan, context: Context) -> CityRollout:
    outcome = city.outcome.model_copy(update={"sentence": outcome_sentence(city, plan, context)})
    return city.model_copy(update={"binds": _said(city.binds, context), "outcome": outcome})
