"""What no plan exceeds: fleets by period, levels by period, riders by level, folded from the limits that rules imply.

These numbers bound columns and size the switches of rows. Each comes from the rules it is folded from, so that without a rule its
limit is gone as well; none cuts off a plan that keeps those rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from fleetplan.optimize.instance import Array, Flags, Instance
from fleetplan.optimize.standing import StandingService
from fleetplan.optimize.suspended import recovering

if TYPE_CHECKING:
    from fleetplan.optimize.rules.base import Rule

MOST_VEHICLES = 100_000.0
"""Of one deployment, where no rule limits it: switches need a size."""


@dataclass(frozen=True, eq=False)
class DeploymentReach:
    """Limits of one deployment; G levels, M modes, T periods."""

    begun: Flags  # (T,) the programme can have begun
    fleet: Array  # (T,) vehicles in service
    modes: Array  # (M, T) vehicles by mode
    levels: Array  # (G, T) vehicles with the level in force; 0 where it cannot be open
    possible: Flags  # (G, T) the level can be open
    demand: Array  # (G, T) trips a day offered with the level in force; 0 where it cannot be open


@dataclass(frozen=True, eq=False)
class DepotReach:
    """Limits of a city's depots; K classes of sites, T periods."""

    ordered: Array  # (K,) sites
    stalls: Array  # (K, T) stalls, all payers together
    public: float  # vehicles at public stations


@dataclass(frozen=True, eq=False)
class Reach:
    """Limits of every deployment, in the instance's order, of purchases by stack and of depots by city."""

    deployments: tuple[DeploymentReach, ...]
    bought: Mapping[str, Array]
    depots: Mapping[str, DepotReach]

    def at_least(self, other: Reach) -> Reach:
        """Return the reach with the fleets and riders of the wider of two, figure by figure."""
        pairs = zip(self.deployments, other.deployments, strict=True)
        return replace(self, deployments=tuple(_wider(a, b) for a, b in pairs))

    def same(self, other: Reach) -> bool:
        """Return whether every limit is the same."""
        return all(np.array_equal(a, b) for a, b in zip(self._arrays(), other._arrays(), strict=True))

    def _arrays(self) -> Iterator[Array]:
        for own in (*self.deployments, *self.depots.values()):
            yield from map(np.asarray, vars(own).values())
        yield from self.bought.values()


def _wider(a: DeploymentReach, b: DeploymentReach) -> DeploymentReach:
    return replace(a, fleet=np.maximum(a.fleet, b.fleet), demand=np.maximum(a.demand, b.demand))


def reach_of(i: Instance, rules: Sequence[Rule], *, pauses: bool = True) -> Reach:
    """Return what the rules together leave within reach; ``pauses``: suspensions count, which ask no fleet of what is open."""
    keys = {rule.key for rule in rules}
    sound = [rule for rule in rules if keys.issuperset(rule.limits_need)]
    return Reach(
        tuple(_deployment(i, q, sound, pauses=pauses) for q in range(len(i.deployments))),
        {stack: _purchases(i, stack, sound) for stack in i.stacks},
        {city: _depots(i, city, sound) for city in i.cities},
    )


def _least(limits: Iterable[Array | float | None], top: Array) -> Array:
    for limit in limits:
        if limit is not None:
            top = np.minimum(top, limit)
    return top


def _purchases(i: Instance, stack: str, rules: Sequence[Rule]) -> Array:
    most = np.array(_least((rule.purchase_limit(i, stack) for rule in rules), np.full(i.periods, np.inf)))
    if i.standing is not None:
        most[: i.grid.done] = i.standing.bought.get(stack, 0)
    return most


def _depots(i: Instance, city: str, rules: Sequence[Rule]) -> DepotReach:
    classes = i.cities[city].depot_classes
    sites = np.array([len(alike.sites) for alike in classes], dtype=float)
    shape = (len(classes), i.periods)
    return DepotReach(
        ordered=_least((rule.order_limit(i, city) for rule in rules), sites),
        stalls=_least((rule.stall_limit(i, city) for rule in rules), np.full(shape, np.inf)),
        public=float(_least((rule.public_limit(i, city) for rule in rules), np.array(np.inf))),
    )


def _fleet(i: Instance, q: int, rules: Sequence[Rule], modes: Array, levels: Array) -> Array:
    most = np.minimum(_by_permit(i, q, modes).sum(axis=0), levels.max(initial=0.0))
    most = _least((rule.fleet_limit(i, q) for rule in rules), most)
    most = np.maximum(most, 0.0)
    if i.standing is not None:
        most[: i.grid.done] = i.standing.services[q].fleet
    return _least((rule.grown(i, q, most) for rule in rules), most)


def _by_permit(i: Instance, q: int, modes: Array) -> Array:
    """Return the most that each permit lets run: one that can be had in several ways opens its mode once."""
    permits = np.array([m.permit for m in i.deployments[q].modes])
    rows = [modes[permits == permit].max(axis=0) for permit in dict.fromkeys(permits.tolist())]
    return np.array(rows).reshape(len(rows), i.periods)


def _possible(i: Instance, q: int, rules: Sequence[Rule], fleet: Array, *, pauses: bool) -> Flags:
    possible = np.ones((len(i.levels_of(q)), i.periods), dtype=bool)
    for opens in (rule.openings(i, q) for rule in rules):
        possible = possible if opens is None else possible & opens
    opens = possible
    for least in (rule.least_fleet(i, q) for rule in rules):
        possible = possible if least is None else possible & (least[:, None] <= fleet[None, :])
    for t in np.flatnonzero(recovering(i, q)).tolist() if pauses else ():  # what was open stays, however few are left
        possible[:, t] |= opens[:, t] & possible[:, max(t - 1, 0)]
    possible = np.asarray(np.logical_and.accumulate(possible, axis=0))
    return possible if i.standing is None else _as_it_stands(i, i.standing.services[q], possible)


def _as_it_stands(i: Instance, own: StandingService, possible: Flags) -> Flags:
    """Return when levels can be open where some stand: as they do in the periods done, and those that are open stay."""
    done, above = i.grid.done, np.arange(len(possible))[:, None]
    stands = own.level[None, :] > above
    return np.concatenate([stands, possible[:, done:] | stands[:, -1:]], axis=1)


def _deployment(i: Instance, q: int, rules: Sequence[Rule], *, pauses: bool) -> DeploymentReach:
    data, areas = i.deployments[q], i.levels_of(q)
    modes = _least((rule.mode_limit(i, q) for rule in rules), np.full((len(data.modes), i.periods), np.inf))
    levels = _least((rule.level_limit(i, q) for rule in rules), np.full(len(areas), MOST_VEHICLES))
    fleet = _fleet(i, q, rules, modes, levels)
    possible = _possible(i, q, rules, fleet, pauses=pauses)
    begun = np.ones(i.periods, dtype=bool)
    for begins in (rule.beginnings(i, q, possible) for rule in rules):
        begun = begun if begins is None else begun & begins
    if i.standing is not None:
        own, done = i.standing.services[q], i.grid.done
        begun[:done], begun[done:] = own.begun, begun[done:] | own.begun[-1]
        modes = np.array(modes)
        modes[:, :done] = np.array([own.mode(m.name) for m in data.modes]).reshape(len(data.modes), done)
    demand = np.array(_least((rule.demand_limit(i, q, possible) for rule in rules), _everybody(i, q)))
    demand[:, : i.grid.done] = 0.0  # nobody counts them again
    return DeploymentReach(
        begun=begun,
        fleet=fleet,
        modes=np.minimum(modes, fleet[None, :]),
        levels=np.minimum(levels[:, None], fleet[None, :]) * possible,
        possible=possible,
        demand=demand * possible,
    )


def _everybody(i: Instance, q: int) -> Array:
    """Return all riders there are, by level and period: those that some month of the adoption curve wins at most."""
    full = np.array([level.surface.demand_trips_per_day for level in i.levels_of(q)])
    most = max(1.0, float(i.world.adoption.max(initial=0.0)))
    return np.asarray(most * full[:, None] * i.deployments[q].scale[None, :])
