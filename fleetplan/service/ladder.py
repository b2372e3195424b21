"""The ladder: nested, connected service areas, each the best found for captured trips per vehicle hour.

For a set S of groups of zones, trips with both ends in S are captured. With demand scaled to ``PLANNING_SHARE`` and a
target pickup w, serving them takes (fleet-sizing science, 5a)

    H(S) = sum_{i,j in S} d_ij (tau_ij + b + w) + 24 A(S) (k / (w - p0))^2      vehicle hours a day,

riding and boarding and fetching, and the idle cars that keep the pickup at w. Each level maximises d(S)/H(S) over
connected sets of its size that contain the level below. The ratio is Dinkelbach's: with theta the best ratio so far,
maximise d(S) - theta H(S). That is quadratic in the choice; it is replaced by its gradient at the last set and solved
exactly, with size, nesting and connectivity, as a CP-SAT model; rounds go on while the true ratio rises. Connectivity
enters as cuts: a piece cut off from the rest is only chosen together with some group on its rim; where pieces remain
after a few rounds of cuts, the main piece is kept and grown again. Starts are grown from the busiest groups and from
the drafted launch outlines; the best is improved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from fleetplan.service.clusters import Clusters, connected
from fleetplan.service.parameters import ServiceParameters

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

PLANNING_SHARE = 0.2
"""Share of addressable trips at which areas are compared: some way into adoption, assumed."""
TARGET_PICKUP_H = 5.0 / 60.0
SMALLEST_KM2, LARGEST_FIRST_KM2 = 40.0, 130.0
FIRST_SHARE, MIDDLE_SHARES = 0.10, (0.25, 0.50)
SLACK = 0.93
"""A level may stay this far below its size."""
ROUNDS, CUT_ROUNDS = 4, 12
STARTS = 4
SCORE_UNITS = 100_000


@dataclass(frozen=True, eq=False)
class LadderModel:
    """What a choice of groups is worth: ``value(S) = sum trips / H`` over groups, see the module's head."""

    clusters: Clusters
    trip_hours: Array
    idle_hours_per_km2: float

    @staticmethod
    def of(clusters: Clusters, parameters: ServiceParameters, search_h_per_km: float) -> LadderModel:
        """Return the model at the planning share of demand; ``search_h_per_km`` is k."""
        spare = TARGET_PICKUP_H - parameters.pickup_fixed_h
        handling = clusters.trips * (parameters.boarding_h + TARGET_PICKUP_H)
        return LadderModel(clusters, clusters.hours + handling, 24.0 * (search_h_per_km / spare) ** 2 / PLANNING_SHARE)

    def ratio(self, chosen: Flags) -> float:
        """Return captured trips per vehicle hour of a choice."""
        inside = np.ix_(chosen, chosen)
        hours = self.trip_hours[inside].sum() + self.idle_hours_per_km2 * self.clusters.area_km2[chosen].sum()
        return float(self.clusters.trips[inside].sum() / hours) if hours > 0 else 0.0

    def gradient(self, chosen: Flags, theta: float) -> Array:
        """Return what each group adds to ``trips - theta x hours`` next to the chosen ones, shape (m,)."""
        worth = self.clusters.trips - theta * self.trip_hours
        mutual = (worth + worth.T)[:, chosen].sum(axis=1)
        return np.asarray(mutual + np.diag(worth) - theta * self.idle_hours_per_km2 * self.clusters.area_km2)


def level_sizes(land_km2: float, launch_km2: Sequence[float]) -> tuple[float, ...]:
    """Return the sizes of the ladder's levels below the whole, km2, rising.

    The first is the drafted launch outline's size where that lies between 40 and 130 km2, else a tenth of the land,
    kept in that range; then a quarter and a half of the land.
    """
    drafted = [a for a in launch_km2 if SMALLEST_KM2 <= a <= LARGEST_FIRST_KM2 and a <= 0.2 * land_km2]
    first = drafted[0] if drafted else float(np.clip(FIRST_SHARE * land_km2, SMALLEST_KM2, LARGEST_FIRST_KM2))
    first = min(first, 0.6 * MIDDLE_SHARES[0] * land_km2) if land_km2 < 4 * SMALLEST_KM2 else first
    return (first, *(share * land_km2 for share in MIDDLE_SHARES))


def nested_areas(model: LadderModel, sizes: Sequence[float], seeds: Sequence[Flags]) -> list[Flags]:
    """Return one choice of groups for each size, each containing the one before.

    Parameters
    ----------
    seeds
        Choices of groups to start the first level from, such as drafted launch outlines.
    """
    levels: list[Flags] = []
    inner = np.zeros(len(model.clusters), bool)
    for size in sizes:
        starts = [inner] if inner.any() else _first_starts(model, size, seeds)
        grown = max((_grow(model, start, size) for start in starts), key=model.ratio)
        inner = _improve(model, grown, inner, size)
        levels.append(inner)
    return levels


def _first_starts(model: LadderModel, size: float, seeds: Sequence[Flags]) -> list[Flags]:
    density = (model.clusters.trips.sum(axis=0) + model.clusters.trips.sum(axis=1)) / model.clusters.area_km2
    starts = []
    for group in np.argsort(-density, kind="stable")[:STARTS]:
        start = np.zeros(len(model.clusters), bool)
        start[group] = True
        starts.append(start)
    drafted = [s for s in seeds if s.any() and len(connected(s, model.clusters)) == 1]
    return starts + [s for s in drafted if model.clusters.area_km2[s].sum() <= size]


def _grow(model: LadderModel, start: Flags, size: float) -> Flags:
    """Return the start grown by its best touching group until no more fits in ``size``."""
    chosen = start.copy()
    area = model.clusters.area_km2
    while True:
        rim = np.zeros(len(chosen), bool)
        for group in np.flatnonzero(chosen):
            rim[model.clusters.neighbours[group]] = True
        rim &= ~chosen & (area <= size - area[chosen].sum())
        if not rim.any():
            return chosen
        gain = model.gradient(chosen, 0.5 * model.ratio(chosen)) / area
        chosen[np.where(rim, gain, -np.inf).argmax()] = True


def _improve(model: LadderModel, start: Flags, inner: Flags, size: float) -> Flags:
    best = start
    for _ in range(ROUNDS):
        score = model.gradient(best, model.ratio(best))
        found = _best_connected(model, score, inner, size, best)
        if found is None or model.ratio(found) <= model.ratio(best) * (1.0 + 1e-9):
            return best
        best = found
    return best


def _best_connected(model: LadderModel, score: Array, inner: Flags, size: float, hint: Flags) -> Flags | None:
    """Return the connected choice of greatest total score within ``size`` around ``inner``, if one is found."""
    clusters = model.clusters
    root = int(np.flatnonzero(inner)[0]) if inner.any() else int(np.where(hint, score, -np.inf).argmax())
    program, chosen = _program(clusters, score, size, {root, *np.flatnonzero(inner).tolist()}, hint)
    solver = _solver()
    found = hint
    for _ in range(CUT_ROUNDS):
        if solver.solve(program) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        found = np.array([solver.boolean_value(y) for y in chosen])
        loose = [part for part in connected(found, clusters) if root not in part]
        if not loose:
            return found
        for part in loose:
            rim = sum(chosen[r] for r in _rim(part, clusters))
            for group in part:
                program.add(rim >= chosen[group])
    main = np.zeros(len(clusters), bool)
    main[next(part for part in connected(found, clusters) if root in part)] = True
    return _grow(model, main, size) if (main >= inner).all() else None


def _program(
    clusters: Clusters, score: Array, size: float, fixed: set[int], hint: Flags
) -> tuple[cp_model.CpModel, list[cp_model.IntVar]]:
    """Return the CP-SAT model without cuts: greatest score, area within the level's size, ``fixed`` groups chosen."""
    program = cp_model.CpModel()
    chosen = [program.new_bool_var(f"group[{i}]") for i in range(len(clusters))]
    area = np.round(100 * clusters.area_km2).astype(int).tolist()
    whole = round(100 * size)
    program.add_linear_constraint(cp_model.LinearExpr.weighted_sum(chosen, area), int(SLACK * whole), whole)
    for group in sorted(fixed):
        program.add(chosen[group] == 1)
    worth = np.round(SCORE_UNITS * score / np.abs(score).max()).astype(int).tolist()
    program.maximize(cp_model.LinearExpr.weighted_sum(chosen, worth))
    for group, variable in enumerate(chosen):
        program.add_hint(variable, bool(hint[group]))
    return program, chosen


def _solver() -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = 0.1
    solver.parameters.relative_gap_limit = 1e-3
    return solver


def _rim(part: NDArray[np.int64], clusters: Clusters) -> list[int]:
    """Return the groups that touch a part without being in it."""
    inside = set(part.tolist())
    return sorted({int(n) for group in part for n in clusters.neighbours[group]} - inside)
