"""How far the difference of two plans may be trusted, by what is proven of both."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from fleetplan.compare.types import AloneEffect, MarketsPair
from fleetplan.plans.types import Plan
from fleetplan.words.comparison import more_or_less
from fleetplan.words.proof import gap_of
from fleetplan.words.values import listed, month_name, usd

REAL, CLOSE, UNPROVEN = "A real difference.", "Too close to call.", "Not proven."
TOO_LITTLE = "So little that plans of nearly the same worth can explain it."
UNCOUNTED = "How many markets there can be is not proven: plans with more of them, of any worth, can explain it."


@dataclass(frozen=True, slots=True)
class Certainty:
    """How far the difference of two plans may be trusted: what the best plans of both requests can be apart, b less a.

    ``apart`` is False where plans of the same worth could explain all of the difference, or where the best plans are not bounded:
    markets come first, and whether some plan has more is not proven (``least_usd`` and ``most_usd`` are infinite then).
    """

    least_usd: float
    most_usd: float
    apart: bool
    heading: str
    sentence: str


def certainty(a: Plan, b: Plan, pair: MarketsPair | None) -> Certainty:
    """Judge a difference by what is proven of both plans: each best plan lies between its objective and its bound.

    Best is best by what the plan's own request asks for. With markets first the best plan has the most markets: its value is
    bounded only where the number is proven, and more value is no gain by itself where numbers, dates or ends are not the same.

    ``pair`` is what the comparison of the two says of their markets; None where both are asked for value alone.
    """
    gaps = f"Each plan is found within a proven gap: {gap_of(a)} for {a.name}, {gap_of(b)} for {b.name}."
    if pair is not None and pair.unproven:
        text = (
            f"{pair.sentence} Plans with more markets may be worth any amount: read no gain or loss in this difference."
        )
        return Certainty(-inf, inf, apart=False, heading=UNPROVEN, sentence=text)
    least, most = b.objective - a.bound, b.bound - a.objective
    if least <= 0.0 <= most:
        which = f"The best plans of the two requests{_both_keep(a, b)}"
        text = (
            f"{gaps} {which} may be anything from {more_or_less(least)} to "
            f"{more_or_less(most)} apart: do not read this difference as a gain or a loss."
        )
        return Certainty(least, most, apart=False, heading=CLOSE, sentence=text)
    low, high = sorted((abs(least), abs(most)))
    word, kind = ("less", "loss") if most < 0 else ("more", "gain")
    text = (
        f"{gaps} So the best plan of the second request{_that_keeps(b)} is worth at least {usd(low)} and at most {usd(high)} "
        f"{word} than the best of the first{_that_keeps(a)}{_meaning(pair, kind)}"
    )
    return Certainty(least, most, apart=True, heading=REAL, sentence=text)


def _that_keeps(plan: Plan, *, several: bool = False) -> str:
    """Return for which plans a bound holds, where that is not all of its request: to stand after "the best plan"."""
    method = plan.certificate.method
    if method.bounds_every_plan:
        return ""
    if method.kept_until:
        return f" that {'keep' if several else 'keeps'} its decisions before {month_name(method.kept_until)}"
    if method.committed_until:
        verb = "leave" if several else "leaves"
        return f" that {verb} undone no more of what is committed before {month_name(method.committed_until)}"
    if method.priced_until:
        return " that was found with prices on what is common"
    return f" that {'change' if several else 'changes'} no more than it does"


def _both_keep(a: Plan, b: Plan) -> str:
    """Return the same of two plans."""
    kept = [p for p in (a, b) if not p.certificate.method.bounds_every_plan]
    told = listed([f"of {p.name} those{_that_keeps(p, several=True)}" for p in kept])
    return f" ({told})" if kept else ""


def _meaning(pair: MarketsPair | None, kind: str) -> str:
    """Return whether more or less value is a gain or a loss."""
    if pair is None or pair.alike:
        return f": the {kind} is real."
    if pair.same_end and pair.same_dates:
        return f". Markets come first. {pair.sentence}"
    return f". By itself that is no {kind}. {pair.sentence}"


def alone_apart(a: Plan, effect: AloneEffect) -> bool:
    """Return whether what a change does alone is more than the gaps of both plans can explain."""
    if effect.npv_usd is None or effect.gap is None or _uncounted(a, effect):
        return False
    bound = effect.npv_usd + effect.gap * max(abs(effect.npv_usd), 1.0)
    return not effect.npv_usd - a.bound <= 0.0 <= bound - a.objective


def alone_note(a: Plan, effect: AloneEffect) -> str:
    """Return why what a change does alone may be nothing; empty where it is something, or moves nothing."""
    if not effect.moves or alone_apart(a, effect):
        return ""
    return UNCOUNTED if _uncounted(a, effect) else TOO_LITTLE


def _uncounted(a: Plan, effect: AloneEffect) -> bool:
    open_before = a.markets is not None and not a.markets.closed
    return open_before or (effect.markets is not None and effect.markets != effect.most_markets)
