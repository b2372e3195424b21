"""The tornado: each figure a plan leans on at its low and at its high, everything else and every decision as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.doubt.books import Books, Revalued
from fleetplan.doubt.ranges import Ranged, leant_on, mean_of, ranged
from fleetplan.doubt.rules import Rules, speaks_of_rules
from fleetplan.doubt.shifts import in_curves
from fleetplan.doubt.types import Bar, Broken, Tornado, Unseen, Why

Array = NDArray[np.float64]
LEAST_USD = 1.0
LEAST_TRIPS = 1e-6


@dataclass(frozen=True, slots=True)
class Figures:
    """What a plan could lean on: figures with a range, those that stand in curves that were not asked, those without a range."""

    ranged: list[Ranged]
    unasked: list[Ranged]
    unranged: list[str]


def figures_of(books: Books) -> Figures:
    """Return the figures that a plan could lean on."""
    own = {o.figure for o in books.fixed.case.request.overrides}
    found = Figures([], [], [])
    for figure in leant_on(books.fixed):
        one = None if figure.key in own else ranged(figure)
        if one is None:
            found.unranged.append(figure.key)
        elif in_curves(figure.key) and not (books.shifts and books.shifts.knows(figure.key)):
            found.unasked.append(one)
        else:
            found.ranged.append(one)
    return found


def one_at_a_time(figures: Sequence[Ranged]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return the futures in which each figure in turn is at its low, then at its high: values and positions, two rows each."""
    changed, curves = {}, {}
    for k, one in enumerate(figures):
        rows = np.tile(np.array(one.likely, float), (2 * len(figures), 1))
        rows[2 * k], rows[2 * k + 1] = one.low, one.high
        changed[one.key] = rows if one.figure.values else rows[:, 0]
        at = np.zeros(2 * len(figures))
        at[2 * k], at[2 * k + 1] = -1.0, 1.0
        curves[one.key] = at
    return changed, curves


def tornado(books: Books) -> Tornado:
    """Return the bars of every figure that moves the plan's value or breaks a rule of its decisions, the widest first."""
    all_figures = figures_of(books)
    figures = all_figures.ranged
    found = _at_both_ends(books, figures)
    npv = float(books.likely.npv_usd[0])
    rules = Rules(books)
    bars, unseen = [], [Unseen(key=one.key, why="curves") for one in all_figures.unasked]
    for k, one in enumerate(figures):
        moves = _moves_at_an_end(books, found, k)
        broken = [
            rules.broken(one, found, row, high=row % 2 == 1) if moves or speaks_of_rules(one.key) else []
            for row in (2 * k, 2 * k + 1)
        ]
        if moves or any(broken):
            bars.append(_bar(one, found, 2 * k, broken))
        else:
            unseen.append(Unseen(key=one.key, why=_why(one.key)))
    ordered = sorted(bars, key=lambda bar: (-bar.width(npv), bar.key))
    told = books.fixed.case.plan
    return Tornado(
        npv_usd=round(npv, 2),
        stale_usd=round(told.kpis.npv_usd - npv, 2),
        trips=_trips(books.likely, 0),
        bars=[bar.model_copy(update={"rank": k}) for k, bar in enumerate(ordered, start=1)],
        unseen=unseen,
        unranged=all_figures.unranged,
        catalogue_sha256=books.fixed.case.raw.digest,
    )


def widest(books: Books) -> list[str]:
    """Return the keys of the figures that move the plan, the widest bar first: a tornado without what its ends break."""
    figures, npv = figures_of(books).ranged, float(books.likely.npv_usd[0])
    found = _at_both_ends(books, figures)
    width: dict[str, float] = {}
    for k, one in enumerate(figures):
        if _moves_at_an_end(books, found, k):
            width[one.key] = max(abs(round(float(found.npv_usd[row]), 2) - npv) for row in (2 * k, 2 * k + 1))
    return sorted(width, key=lambda key: (-width[key], key))


def moving(books: Books, figures: Sequence[Ranged]) -> list[Ranged]:
    """Return the figures that move the plan's value or its trips at one of their ends."""
    found = _at_both_ends(books, figures)
    return [one for k, one in enumerate(figures) if _moves_at_an_end(books, found, k)]


def _at_both_ends(books: Books, figures: Sequence[Ranged]) -> Revalued:
    """Return the plan with figure ``k`` at its low end in row ``2 k``, at its high end in the next."""
    changed, curves = one_at_a_time(figures)
    return books.revalued(changed, 2 * len(figures), curves)


def _moves_at_an_end(books: Books, found: Revalued, k: int) -> bool:
    return any(_moves(books.likely, found, row) for row in (2 * k, 2 * k + 1))


def _moves(likely: Revalued, found: Revalued, row: int) -> bool:
    trips = any(np.abs(found.trips[s][row] - likely.trips[s][0]).max() > LEAST_TRIPS for s in found.trips)
    return trips or abs(found.npv_usd[row] - likely.npv_usd[0]) > LEAST_USD


def _why(key: str) -> Why:
    return "possible" if speaks_of_rules(key) else "nothing"


def _trips(found: Revalued, row: int) -> float:
    return round(float(sum(trips[row, -1] for trips in found.trips.values())), 2)


def _bar(one: Ranged, found: Revalued, row: int, broken: Sequence[list[Broken]]) -> Bar:
    low, high = row, row + 1
    return Bar(
        key=one.key,
        owner=_owner(one.key),
        unit=one.figure.unit,
        low=mean_of(one.low),
        likely=mean_of(one.likely),
        high=mean_of(one.high),
        at_low_usd=round(float(found.npv_usd[low]), 2),
        at_high_usd=round(float(found.npv_usd[high]), 2),
        trips_low=_trips(found, low),
        trips_high=_trips(found, high),
        city_low_usd={c: round(float(v[low]), 2) for c, v in found.city_npv_usd.items()},
        city_high_usd={c: round(float(v[high]), 2) for c, v in found.city_npv_usd.items()},
        breaks_low=broken[0],
        breaks_high=broken[1],
        source=one.figure.source,
        confidence=one.figure.confidence,
        rank=0,
    )


def _owner(key: str) -> str:
    head, _, tail = key.partition("#")[0].partition("/")
    return (tail.removesuffix(".toml") if head in {"partners", "jurisdictions"} else head) if tail else ""
