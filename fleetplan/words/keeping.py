"""What a rerun keeps of its parent, in words: what its options ask for, and which decisions that means."""

from __future__ import annotations

from fleetplan.options import PlanOptions
from fleetplan.plans.reading import ordered_deployments
from fleetplan.plans.types import Plan
from fleetplan.words.values import count, listed, month_name, several, usd

FEW = 4


def keeps(options: PlanOptions) -> list[str]:
    """Return what a rerun keeps of its parent."""
    until, price_usd = options.freeze_until, options.change_price_usd
    told = [f"Decisions of the earlier plan before {month_name(until)} stay."] if until else []
    return told + ([f"A change to a launch or a vehicle has to be worth {usd(price_usd)}."] if price_usd else [])


def kept(options: PlanOptions) -> list[str]:
    """Return what a rerun kept of its parent, and what its bound therefore says."""
    until, price_usd = options.freeze_until, options.change_price_usd
    told = [f"Decisions before {month_name(until)} were kept."] if until else []
    told += [f"Each launch moved and each vehicle shifted had to be worth {usd(price_usd)}."] if price_usd else []
    bound = "What is proven of the second plan holds for plans that keep or change no more than it does."
    return [*told, bound] if told else []


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
