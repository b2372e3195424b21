"""What a rerun keeps of its parent, in words: what its options ask for, and which decisions that means."""

from __future__ import annotations

from fleetplan.options import PlanOptions
from fleetplan.plans.decided import Decided
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


def kept_words(decided: Decided) -> list[str]:
    """Return what a plan has decided before a month; that is what a rerun keeps."""
    month = month_name(decided.month)
    if not decided.periods:
        return [f"Nothing is decided before {month}: everything may change."]
    opened = [f"{c.name} with {d.partner} ({month_name(d.launch)})" for c, d in decided.open]
    facts = [
        several(decided.programmes, "permit programme") + " begun",
        several(decided.vehicles, "vehicle") + " in service",
        count(decided.bought) + " bought",
        several(decided.depots, "depot") + " ordered",
    ]
    return [
        f"Open by then: {_few(opened)}." if opened else "Nothing is open by then.",
        f"{listed(facts)}. All that stays as it is, and nothing else begins before {month}.",
    ]


def _few(items: list[str]) -> str:
    rest = len(items) - FEW
    return listed(items) if rest <= 0 else f"{', '.join(items[:FEW])} and {rest} more"
