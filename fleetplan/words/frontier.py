"""A frontier in sentences: what more capital buys, what more markets cost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from fleetplan.frontier.types import Frontier, Point
from fleetplan.words.names import Names
from fleetplan.words.values import count, listed, percent, several, usd, usd_fine

MILLION_USD = 1e6
"""Less is said in its own unit: in millions with one digit it would be nothing."""
SAME = 0.005
"""Shares, and dollars for a dollar, that are said alike."""


def in_words(found: Frontier, names: Names) -> Frontier:
    """Return a frontier with its sentences; nothing else in it changes."""
    points = [p.model_copy(update={"sentence": point_sentence(p, found, names)}) for p in found.points]
    return found.model_copy(update={"points": points, "sentences": list(_sentences(found))})


def limit_words(point: Point, found: Frontier) -> str:
    """Return a point's limit."""
    if found.axis == "capital":
        return f"at most {usd(point.limit)} of capital"
    return f"at least {several(round(point.limit), 'market')}"


def point_sentence(point: Point, found: Frontier, names: Names) -> str:
    """Return what the best plan within a limit is."""
    limit = limit_words(point, found)
    if point.state == "open":
        return f"With {limit}: not known yet."
    if point.state == "none":
        why = [c.sentence for c in point.conflicts] or ["Fewer cannot be had either."]
        return " ".join([f"No plan has {limit}.", *why])
    assert point.npv_usd is not None  # noqa: S101  # a plan was found
    assert point.bound_usd is not None  # noqa: S101
    cities = listed([names.city(city) for city in point.cities]) or "nothing"
    most = f"none can be worth more than {_worth(point.bound_usd)}"
    own = " (this plan)" if point.own else ""
    if _idle(point):
        found_ = "nothing is worth opening" if point.bound_usd < MILLION_USD else "the plan found opens nothing"
        return f"With {limit}{own}: {found_}; {most}."
    return (
        f"With {limit}{own}: {_worth(point.npv_usd)}, {most}; it opens {cities}, spends {usd(point.capital_usd)} "
        f"and ends with {several(point.vehicles or 0, 'vehicle')}."
    )


def _worth(value: float) -> str:
    return usd(value) if abs(value) < MILLION_USD else usd_fine(value)


def _idle(point: Point) -> bool:
    return not point.cities and not point.vehicles


def gained_band(point: Point) -> str:
    """Return between what the gain of the best plans lies, to stand after that of the plans found; empty where that is it."""
    least, most = point.gained_least_usd, point.gained_most_usd
    if least is None or most is None or most - least < SAME:
        return ""
    return f" (the best plans: {usd(least)} to {usd(most)})"


def _cost_band(least: float, most: float) -> str:
    """Return between what a cost lies for the best plans of two points; empty where both ends read alike."""
    low, high = usd(least), usd(most)
    return "" if low == high else f" (the best plans of both: {low} to {high})"


def _share(point: Point, found: Frontier) -> str:
    """Return which share of the best plan's worth a point's best plan has, by the bounds of both."""
    least, most = (point.npv_usd or 0.0) / found.own_bound_usd, (point.bound_usd or 0.0) / found.own_npv_usd
    low, high = percent(least, 0), percent(min(1.0, most), 0)
    return f", {low} of the best" if low == high else f", {low} to {high} of the best"


def _sentences(found: Frontier) -> Iterator[str]:
    known = [p for p in found.points if p.npv_usd is not None]
    missing = sum(p.state == "open" for p in found.points)
    if not found.points:
        yield (
            "The plan spends no capital, so there is no frontier of capital and value."
            if found.axis == "capital"
            else "No city is planned."
        )
        return
    yield from _capital(known, found) if found.axis == "capital" else _markets(known, found)
    if missing:
        yield f"{several(missing, 'point is', 'points are')} not known yet."


def _capital(known: list[Point], found: Frontier) -> Iterator[str]:
    idle = [p for p in known if _idle(p) and (p.bound_usd or 0.0) < MILLION_USD]
    if idle:
        yield f"With no more than {usd(idle[-1].limit)} of capital nothing is worth opening."
    worth = [p for p in known if (p.npv_usd or 0.0) >= 0.9 * found.own_npv_usd > 0.0]
    if worth and not worth[0].own:
        first = worth[0]
        yield (
            f"{usd(first.limit)} of capital already buys {usd_fine(first.npv_usd or 0.0)} of the plan's "
            f"{usd_fine(found.own_npv_usd)}{_share(first, found)}."
        )
    last = found.points[-1]
    if last.gained_usd is not None:
        yield (
            f"The last step, to {usd(last.limit)}, brings {usd(last.gained_usd)} of value for each further dollar"
            f"{gained_band(last)}."
        )


def _markets(known: list[Point], found: Frontier) -> Iterator[str]:
    yield f"The plan has {several(found.own_markets, 'market')} at its end and is worth {usd_fine(found.own_npv_usd)}."
    for before, point in pairwise(known):
        went = f"Going from {count(before.limit)} to {several(round(point.limit), 'market')}"
        steps, less = point.limit - before.limit, (before.npv_usd or 0.0) - (point.npv_usd or 0.0)
        least, most = (max(0.0, -steps * (one or 0.0)) for one in (point.gained_most_usd, point.gained_least_usd))
        told = f"costs {usd(less)}" if less >= 1.0 else "costs nothing that was found"
        if less <= -1.0:
            told = f"costs nothing: {usd(-less)} more than the plan found for fewer"
        yield f"{went} {told}{_cost_band(least, most)}."
    none = [p for p in found.points if p.state == "none"]
    if none:
        yield f"{several(round(none[0].limit), 'market')} or more cannot be had."
