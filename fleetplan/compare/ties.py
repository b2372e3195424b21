"""Decisions that differ and are as good either way, told apart from what really moves.

A tie is one of two things. In a city that builds as many depots in the same months with the same stalls, only on other sites, the
sites are swapped. A fleet at a year end, or a year's purchases, that differ by one vehicle or by no more than a hundredth, hardly
differ. Stalls ordered and never used are no decision to begin with (:mod:`fleetplan.compare.moves`).
"""

from __future__ import annotations

from collections.abc import Sequence

from fleetplan.compare.types import Band, DecisionMove, MarketsPair, Tie, TieGroup
from fleetplan.plans.types import DepotPlan, Plan

FEW, FEW_SHARE = 1, 0.01
"""Vehicles that hardly count: so many, or so large a part of the larger fleet."""


def with_ties(moves: Sequence[DecisionMove], a: Plan, b: Plan) -> list[DecisionMove]:
    """Return decisions with what kind of tie each is."""
    swapped = {city for city in {m.city for m in moves if m.kind == "depot"} if _sites(a, city) == _sites(b, city)}
    return [move.model_copy(update={"tie": _tie(move, swapped)}) for move in moves]


def _tie(move: DecisionMove, swapped: set[str]) -> Tie:
    if move.kind == "depot":
        return "site_swap" if move.city in swapped else ""
    if move.kind in {"fleet", "bought"} and _apart(move) <= max(FEW, FEW_SHARE * max(_number(move.a), _number(move.b))):
        return "few_vehicles"
    return ""


def _number(value: str | int | None) -> int:
    return int(value or 0)


def _apart(move: DecisionMove) -> int:
    return abs(_number(move.b) - _number(move.a))


def _sites(plan: Plan, city: str) -> list[tuple[str, tuple[int, ...]]]:
    """Return the depots of a city that get stalls, whatever their sites: month of order and stalls by period, in order."""
    here = (c for c in plan.cities if c.city == city)
    return sorted((d.ordered, stalls) for c in here for d in c.depots if any(stalls := _stalls(d)))


def _stalls(d: DepotPlan) -> tuple[int, ...]:
    return tuple(x + y for x, y in zip(d.stalls, d.stalls_partner, strict=True))


def tie_groups(moves: Sequence[DecisionMove]) -> list[TieGroup]:
    """Return the ties among decisions, grouped: swapped sites by city, then fleets and purchases of all cities together."""
    sites: dict[str, list[str]] = {}
    for move in moves:
        if move.tie == "site_swap":
            sites.setdefault(move.city, []).append(move.id)
    groups = [TieGroup(kind="site_swap", city=city, ids=ids) for city, ids in sorted(sites.items())]
    few = [move for move in moves if move.tie == "few_vehicles"]
    if few:
        most = max(_apart(move) for move in few)
        groups.append(TieGroup(kind="few_vehicles", city="", ids=[m.id for m in few], most=most))
    return groups


def band(a: Plan, b: Plan, pair: MarketsPair | None) -> Band:
    """Return how far the difference of two plans may be trusted: ``b.objective - a.bound`` to ``b.bound - a.objective``."""
    if pair is not None and pair.unproven:
        return Band(least_usd=None, most_usd=None, apart=False)
    return Band.between((a.objective, a.bound), (b.objective, b.bound))
