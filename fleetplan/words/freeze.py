"""What stays of a plan when its decisions before a month are kept, in words."""

from __future__ import annotations

from fleetplan.plans.reading import ordered_deployments
from fleetplan.plans.types import Plan
from fleetplan.words.values import count, listed, month_name, several

FEW = 4


def kept_words(plan: Plan, month: str) -> list[str]:
    """Return what a plan has decided in the periods that begin before a month; that is what a rerun keeps."""
    before = [t for t, period in enumerate(plan.periods) if period < month]
    if not before:
        return [f"Nothing is decided before {month_name(month)}: everything may change."]
    pairs = ordered_deployments(plan)
    opened = [f"{c.name} with {d.partner} ({month_name(d.launch)})" for c, d in pairs if d.launch and d.launch < month]
    begun = sum(d.programme_start < month for _, d in pairs)
    vehicles = sum(d.vehicles[before[-1]] for _, d in pairs)
    bought = sum(s.bought[t] for s in plan.stacks for t in before)
    depots = sum(depot.ordered < month for city in plan.cities for depot in city.depots)
    facts = [
        several(begun, "permit programme") + " begun",
        several(vehicles, "vehicle") + " in service",
        count(bought) + " bought",
        several(depots, "depot") + " ordered",
    ]
    return [
        f"Open by then: {_few(opened)}." if opened else "Nothing is open by then.",
        f"{listed(facts)}. All that stays as it is, and nothing else begins before {month_name(month)}.",
    ]


def _few(items: list[str]) -> str:
    rest = len(items) - FEW
    return listed(items) if rest <= 0 else f"{', '.join(items[:FEW])} and {rest} more"
