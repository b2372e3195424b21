"""What no plan exceeds: fleets by period, levels by period, riders by level, folded from the limits that rules imply.

These numbers bound columns and size the switches of rows. Each comes from the rules it is folded from, so that without a rule its
limit is gone as well; none cuts off a plan that keeps those rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fleetplan.optimize.instance import Array, Flags, Instance

if TYPE_CHECKING:
    from fleetplan.optimize.rules.base import Rule


@dataclass(frozen=True, eq=False)
class DeploymentReach:
    """Limits of one deployment; G levels, M modes, T periods."""

    fleet: Array  # (T,) vehicles in service
    modes: Array  # (M, T) vehicles by mode
    possible: Flags  # (G, T) the level can be open
    demand: Array  # (G, T) trips a day offered with the level in force; 0 where it cannot be open


@dataclass(frozen=True, eq=False)
class Reach:
    """Limits of every deployment, in the instance's order."""

    deployments: tuple[DeploymentReach, ...]

    def at_least(self, other: Reach) -> Reach:
        """Return the wider of two reaches, figure by figure."""
        pairs = zip(self.deployments, other.deployments, strict=True)
        return Reach(tuple(_wider(a, b) for a, b in pairs))


def _wider(a: DeploymentReach, b: DeploymentReach) -> DeploymentReach:
    modes = np.maximum(a.modes, b.modes) if a.modes.shape == b.modes.shape else a.modes
    return DeploymentReach(np.maximum(a.fleet, b.fleet), modes, a.possible | b.possible, np.maximum(a.demand, b.demand))


def reach_of(i: Instance, rules: Sequence[Rule]) -> Reach:
    """Return what the rules together leave within reach."""
    return Reach(tuple(_deployment(i, q, rules) for q in range(len(i.deployments))))


def _least(limits: Iterable[Array | None], top: Array) -> Array:
    for limit in limits:
        if limit is not None:
            top = np.minimum(top, limit)
    return top


def _fleet(i: Instance, q: int, rules: Sequence[Rule], modes: Array) -> Array:
    widest = max((level.surface.vehicles_max for level in i.levels_of(q)), default=0.0)
    most = np.minimum(modes.sum(axis=0), widest)
    most = _least((rule.fleet_limit(i, q) for rule in rules), most)
    growth = _least((rule.growth_limit(i, q) for rule in rules), np.full(i.periods, np.inf))
    fleet = np.zeros(i.periods)
    for t in range(i.periods):
        fleet[t] = min(most[t], (fleet[t - 1] if t else 0.0) + growth[t])
    return np.maximum(fleet, 0.0)


def _deployment(i: Instance, q: int, rules: Sequence[Rule]) -> DeploymentReach:
    data, levels = i.deployments[q], i.levels_of(q)
    modes = _least((rule.mode_limit(i, q) for rule in rules), np.full((len(data.modes), i.periods), np.inf))
    fleet = _fleet(i, q, rules, modes)
    shape = (len(levels), i.periods)
    possible = np.ones(shape, dtype=bool)
    for opens in (rule.openings(i, q) for rule in rules):
        possible = possible if opens is None else possible & opens
    for least in (rule.least_fleet(i, q) for rule in rules):
        possible = possible if least is None else possible & (least[:, None] <= fleet[None, :])
    possible = np.asarray(np.logical_and.accumulate(possible, axis=0))
    everybody = np.array([level.surface.demand_trips_per_day for level in levels])[:, None] * data.scale[None, :]
    demand = _least((rule.demand_limit(i, q, possible) for rule in rules), everybody)
    return DeploymentReach(fleet, np.minimum(modes, fleet[None, :]), possible, demand * possible)
