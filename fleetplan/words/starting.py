"""What a plan goes on from, in words: services, vehicles, permits and depots that stand, and the money spent on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.request.started import StartingState
from fleetplan.words.names import Names
from fleetplan.words.values import count, listed, month_name, several, usd

DONE = "What was done before is given: it is neither planned nor valued again"


def stands(plan: Plan, d: DeploymentPlan) -> bool:
    """Return whether a deployment was open before the first month that its plan decides."""
    state = plan.request.starting_state
    return state is not None and bool(d.launch) and d.launch < state.month


def starting_sentences(state: StartingState, names: Names) -> list[str]:
    """Return what a request goes on from: by service, then what else stands, then the money."""
    month = month_name(state.month)
    services = [_service(state, city, stack, names) for city, stack in _places(state)]
    head = f"{listed(services)}" if services else "no service and no programme"
    return [f"It goes on from {month}: {head}.", *_besides(state), f"{_money(state)}.", f"{DONE}."]


def starting_briefly(state: Mapping[str, Any] | None) -> str:
    """Return a starting state of a stored request in few words.

    >>> starting_briefly({"month": "2029-04", "programmes": []}), starting_briefly(None)
    ('going on from what stands in Apr 2029', 'from nothing')
    """
    return f"going on from what stands in {month_name(state['month'])}" if state else "from nothing"


def _places(state: StartingState) -> list[tuple[str, str]]:
    return list(dict.fromkeys((entry.city, entry.stack) for entry in state.programmes))


def _service(state: StartingState, city: str, stack: str, names: Names) -> str:
    place = names.place(stack, city)
    areas = sorted((a.month, a.km2) for a in state.areas if (a.city, a.stack) == (city, stack))
    if not areas:
        begun = next(p.month for p in state.programmes if (p.city, p.stack) == (city, stack))
        return f"{place}, begun in {month_name(begun)} and not open yet"
    fleet: dict[str, tuple[str, int]] = {}
    for f in sorted(state.fleets, key=lambda f: f.month):
        if (f.city, f.stack) == (city, stack):
            fleet[f.mode] = (f.month, f.vehicles)
    cars = sum(number for _, number in fleet.values())
    return (
        f"{place}, open since {month_name(areas[0][0])}, with {several(cars, 'vehicle')} on {count(areas[-1][1])} km²"
    )


def _besides(state: StartingState) -> list[str]:
    stalls: dict[tuple[str, str, str], tuple[str, int]] = {}
    for s in sorted(state.stalls, key=lambda s: s.month):
        stalls[s.city, s.site, s.payer] = (s.month, s.stalls)
    counts = (
        (sum(b.vehicles for b in state.bought), "vehicle bought", "vehicles bought"),
        (len(state.depots), "depot site ordered", "depot sites ordered"),
        (sum(number for _, number in stalls.values()), "charger stall", "charger stalls"),
        (len(state.permits), "permit in hand", "permits in hand"),
    )
    told = [several(number, one, many) for number, one, many in counts if number]
    return [f"There {'are' if counts[0][0] != 1 else 'is'} {listed(told)}."] if told else []


def _money(state: StartingState) -> str:
    if state.capital_spent_usd is None:
        spent = "All budgets of the quarters begun before are taken to be spent"
    else:
        spent = f"Capital of {usd(state.capital_spent_usd)} spent before counts against the budgets"
    return f"{spent}; net cash so far is {usd(state.cash_usd)}" if state.cash_usd else spent
