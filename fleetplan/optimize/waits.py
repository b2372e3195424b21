"""The rule on waits, which is not convex: rows that relax it, and rows that plans keep it with.

For one service area let ``need(D)`` be the smallest fleet that keeps the mean wait at ``D`` riders a day, read from the
sampled law (bilinear between samples). It rises with ``D`` in a concave way, and falls to nothing where riders are so
many that most are turned away and those served stand close by. Neither side can be written as rows exactly, so there are
two sets of rows:

    relaxing     V >= slope * D + floor      below ``need`` everywhere: no plan that keeps the rule is cut off, bounds hold
    keeping      d_j <= D <= d_{j+1},  V >= slope * D + floor      above ``need`` between two demands near a solution

The relaxing lines are the lower convex envelope of ``need``. Plans are settled under keeping rows and then re-settled around what
comes out, as long as that helps.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

import numpy as np

from fleetplan.optimize.instance import Array, Flags
from fleetplan.service.types import ResponseSurface

BETWEEN = 8  # demands looked at between two samples
FLEETS = 4  # fleets looked at between two samples
ROUNDING = 1e-7  # of a vehicle
UNREACHABLE = np.inf


@dataclass(frozen=True, eq=False)
class Needs:
    """What a limit asks of one area, on an axis of demands, shapes (n,).

    ``least`` is the least fleet that keeps it, ``sure`` the least from which every larger one does too (inf: none).
    """

    demand: Array
    least: Array
    sure: Array


@functools.lru_cache(maxsize=512)
def needs(surface: ResponseSurface, max_wait_min: float) -> Needs:
    """Return the fleets that a limit on the mean wait asks for, by demand."""
    demand = _finer(surface.sample_demand, BETWEEN)
    vehicles = _finer(surface.sample_vehicles[1:], FLEETS)
    v, d = np.meshgrid(vehicles, demand, indexing="ij")
    wait = np.nan_to_num(surface.evaluate(v, d).wait_min, nan=np.inf)
    kept = wait <= max_wait_min
    least, sure = _first_kept(kept), _first_kept(np.logical_and.accumulate(kept[::-1], axis=0)[::-1])
    return Needs(
        demand,
        np.array([_met(vehicles, wait[:, j], k, max_wait_min)[0] for j, k in enumerate(least)]),
        np.array([_met(vehicles, wait[:, j], k, max_wait_min)[1] for j, k in enumerate(sure)]),
    )


def _met(vehicles: Array, wait: Array, k: int, limit: float) -> tuple[float, float]:
    """Return fleets just below and just above the one that meets a limit, between the ``k``-th looked at and the one before.

    The wait is linear in between; where that of the fleet before is not known, the two fleets themselves.
    """
    if k < 0:
        return UNREACHABLE, UNREACHABLE
    before, after = (0.0 if k == 0 else float(vehicles[k - 1])), float(vehicles[k])
    if k == 0 or np.isinf(wait[k - 1]):
        return before, after
    met = before + (after - before) * float((wait[k - 1] - limit) / (wait[k - 1] - wait[k]))
    return max(before, met - ROUNDING), min(after, met + ROUNDING)


def _finer(axis: Array, parts: int) -> Array:
    """Return an axis with ``parts`` steps in place of each."""
    return np.interp(np.arange((len(axis) - 1) * parts + 1) / parts, np.arange(len(axis)), axis)


def _first_kept(kept: Flags) -> Array:
    """Return for each demand the index of the first fleet that keeps the limit, -1 for none."""
    return np.where(kept.any(axis=0), np.argmax(kept, axis=0), -1)


@functools.lru_cache(maxsize=512)
def wait_lines(surface: ResponseSurface, max_wait_min: float, demand_most: float) -> tuple[tuple[float, float], ...]:
    """Return lines ``(slope, floor)`` that every fleet keeping the limit lies above: ``V >= slope * D + floor``.

    They hold for demands up to ``demand_most``.

    Between two demands looked at the least fleet of either holds: the wait is bilinear between samples, so it is least at an end.
    Where no fleet keeps the limit, the surface's largest stands for it and one above closes the area.
    """
    known = needs(surface, max_wait_min)
    closed = 2.0 * surface.vehicles_max
    least = np.minimum(known.least, closed)
    floor = np.minimum(least[:-1], least[1:])
    points = [(d, v) for k, v in enumerate(floor) for d in (known.demand[k], known.demand[k + 1])]
    points.append((max(demand_most, float(known.demand[-1])), float(least[-1])))  # beyond the samples the law is flat
    corners = _lower_envelope(sorted({(float(d), float(v)) for d, v in points}))
    lines = [_line(a, b) for a, b in itertools.pairwise(corners)]
    return tuple(line for line in lines if line[0] > 0 or line[1] > 0)


def _line(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    slope = (b[1] - a[1]) / (b[0] - a[0])
    return slope, a[1] - slope * a[0]


def _lower_envelope(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the lower convex hull of points sorted by abscissa, then ordinate."""
    kept: list[tuple[float, float]] = []
    for point in points:
        if kept and point[0] == kept[-1][0]:
            continue  # the lower of two at the same demand came first
        while len(kept) > 1 and _line(kept[-2], point)[0] <= _line(kept[-2], kept[-1])[0]:
            kept.pop()
        kept.append(point)
    return kept


@dataclass(frozen=True, slots=True)
class Keeping:
    """Rows under which a level in force keeps the limit: demands between two, and ``V >= slope * D + floor``."""

    demand_low: float
    demand_high: float
    slope: float
    floor: float


def keeping_rows(
    surface: ResponseSurface, max_wait_min: float, fleet: float, demand: float, *, more_fleet: bool
) -> Keeping | None:
    """Return rows that keep the limit near a fleet and a demand; None where no fleet does.

    With ``more_fleet`` the part of the demand axis that holds ``demand``, with the fleet it needs. Without, the nearest
    part at or below it for which the fleet is enough, so that riders are turned away instead; where there is none, the
    lowest part.
    """
    known = needs(surface, max_wait_min)
    parts = [k for k in range(len(known.demand) - 1) if np.isfinite(known.sure[k : k + 2]).all()]
    at = min(max(int(np.searchsorted(known.demand, demand, side="right")) - 1, 0), len(known.demand) - 2)
    if not parts:
        return None
    below = [k for k in parts if k <= at and (more_fleet or max(known.sure[k], known.sure[k + 1]) <= fleet)]
    k = below[-1] if below else parts[0]
    low, high = float(known.demand[k]), float(known.demand[k + 1])
    top = np.inf if k == len(known.demand) - 2 else high  # beyond the samples the law is flat
    slope, floor = _line((low, float(known.sure[k])), (high, float(known.sure[k + 1])))
    lift = _lift(surface, max_wait_min, low, high, slope, floor)
    if np.isinf(top):
        slope, floor = 0.0, float(max(known.sure[k], known.sure[k + 1]))
    return Keeping(low, top, slope, floor + lift)


def _lift(surface: ResponseSurface, limit: float, low: float, high: float, slope: float, floor: float) -> float:
    """Return by how much a chord must rise so that the limit is kept all along it and above."""
    step = _widest_step(surface) / 64.0
    demand = np.linspace(low, high, 9)
    for lift in np.arange(0, 256) * step:
        lines = slope * demand + floor + lift
        v = np.maximum(lines[None, :] + step * np.arange(0, 64, 4)[:, None], 0.0)
        waits = surface.evaluate(v, np.broadcast_to(demand, v.shape)).wait_min
        if (np.nan_to_num(waits, nan=np.inf) <= limit).all():
            return float(lift)
    return float(surface.vehicles_max)


@functools.lru_cache(maxsize=512)
def strict_line(surface: ResponseSurface, max_wait_min: float) -> tuple[float, float] | None:
    """Return ``(slope, floor)`` with ``V >= slope * D + floor`` keeping the limit at every demand; None where no fleet does.

    Above ``need`` everywhere, so it keeps too much: it finds plans where rows near a solution find none.
    """
    known = needs(surface, max_wait_min)
    if not np.isfinite(known.sure).all():
        return None
    slope = max(0.0, float(np.polyfit(known.demand, known.sure, 1)[0]))
    floor = float(np.max(known.sure - slope * known.demand))
    return slope, floor + _widest_step(surface) / FLEETS


def _widest_step(surface: ResponseSurface) -> float:
    """Return the most vehicles between two fleets sampled; that from none to the first counts only where there is no other."""
    axis = surface.sample_vehicles
    return float(np.diff(axis[1:] if len(axis) > 2 else axis).max())
