"""What the plan made anew at one end of a figure does otherwise, and the patch of the request that asks for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fleetplan.doubt.grid import cell_position
from fleetplan.doubt.ranges import Ranged
from fleetplan.doubt.spread import numbers_at
from fleetplan.doubt.types import Bar, CellAgain, Grid, Moved, Opened, Resolved, Tornado
from fleetplan.plans.files import plan_sha256
from fleetplan.plans.types import Plan

TOP = 10
"""So many figures, the widest bars and those that break a rule, are planned again at both ends."""

WHY, WHY_CELL = "one end of its range", "within its range"


def to_resolve(tornado: Tornado, most: int = TOP) -> list[Bar]:
    """Return the bars to plan again at both ends: the widest; whose decisions break a rule count by what they leave of it too."""
    return tornado.bars[:most]


def patch_of(bar: Bar, low: list[float], high: list[float], *, at_high: bool) -> dict[str, Any]:
    """Return what makes a request of a figure's end; months of a permit become a delay in whole months.

    Parameters
    ----------
    low, high
        The figure's numbers there: one, or as many as its list.
    """
    numbers = high if at_high else low
    return _patch(bar.key, numbers, bar.likely, WHY, many=len(numbers) > 1)


def cell_patch(ranges: Sequence[Ranged | None], cells: Grid, number: int) -> dict[str, Any]:
    """Return what makes a request of a cell of a grid."""
    patch: dict[str, Any] = {"overrides": {}}
    for which, one in enumerate(ranges):
        if one is None or not (position := cell_position(cells, number, which, one)):
            continue
        numbers = np.atleast_1d(numbers_at(one, np.array([position]))[0]).tolist()
        more = _patch(one.key, numbers, one.likely[0], WHY_CELL, many=bool(one.figure.values))
        for part, entries in more.items():
            patch[part] = {**patch.get(part, {}), **entries}
    return patch


def _patch(key: str, numbers: list[float], likely: float, why: str, *, many: bool) -> dict[str, Any]:
    if key.startswith("jurisdictions/"):
        permit = key.partition("#")[2].removesuffix(".months")
        months = math.ceil(numbers[0] - 1e-9) - math.ceil(likely - 1e-9)
        if not months:
            return {}
        return {"constraints": {f"doubt-{permit}": {"type": "permit_delay", "permit": permit, "months": months}}}
    value = {"values": numbers} if many else {"value": numbers[0]}
    return {"overrides": {key: {**value, "why": why}}}


def cell_again(plan: Plan, made: Plan | None) -> CellAgain:
    """Return what the plan ``made`` in a cell decides; None: no plan keeps every rule there."""
    before, after = _openings(plan), _openings(made) if made is not None else {}
    return CellAgain(
        npv_usd=None if made is None else made.objective,
        bound_usd=None if made is None else made.bound,
        opened=[Opened(city=city, launch=after[city][0], stacks=sorted(after[city][1])) for city in sorted(after)],
        enters=sorted(after.keys() - before.keys()) if made is not None else [],
        leaves=sorted(before.keys() - after.keys()) if made is not None else [],
        vehicles_end=0 if made is None else made.kpis.vehicles_end,
        plan_sha256="" if made is None else plan_sha256(made),
    )


def resolved(bar: Bar, plan: Plan, made: Plan | None, *, at_high: bool) -> Resolved:
    """Return what the plan ``made`` at one end of a figure does otherwise; None: no plan keeps every rule there."""
    before, after = _openings(plan), _openings(made) if made is not None else {}
    both = before.keys() & after.keys()
    return Resolved(
        key=bar.key,
        high=at_high,
        value=bar.high if at_high else bar.low,
        kept_usd=bar.at_high_usd if at_high else bar.at_low_usd,
        npv_usd=None if made is None else made.objective,
        bound_usd=None if made is None else made.bound,
        enters=sorted(after.keys() - before.keys()) if made is not None else [],
        leaves=sorted(before.keys() - after.keys()) if made is not None else [],
        partners=sorted(city for city in both if before[city][1] != after[city][1]),
        moved=[
            Moved(city=city, before=before[city][0], after=after[city][0])
            for city in sorted(both)
            if before[city][0] != after[city][0]
        ],
        vehicles_end=0 if made is None else made.kpis.vehicles_end,
        vehicles_end_before=plan.kpis.vehicles_end,
    )


def changes_decisions(found: Resolved) -> bool:
    """Return whether another city, partner or launch month is best there, or no plan is possible."""
    return found.npv_usd is None or bool(found.enters or found.leaves or found.partners or found.moved)


def _openings(plan: Plan) -> dict[str, tuple[str, frozenset[str]]]:
    """Return the first month and the stacks of every city that opens."""
    return {
        city.city: (city.launch, frozenset(d.stack for d in city.deployments if d.launch))
        for city in plan.cities
        if city.launch
    }
