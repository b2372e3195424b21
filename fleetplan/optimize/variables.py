"""The columns of the problem: which index stands for which decision.

Symbols as in ``docs/model.md``. Step columns ("by period t") never fall; a column that the law or the horizon rules out is
fixed at zero here, so that the solver never sees the choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.optimize.instance import Array, DeploymentData, Instance, Ints
from fleetplan.optimize.matrix import Builder


@dataclass(frozen=True, eq=False)
class DeploymentColumns:
    """Columns of one deployment; G levels, M modes, T periods."""

    begun: Ints  # Y (T,)
    open: Ints  # l (G, T)
    vehicles: Ints  # v (M, T)
    fleet: Ints  # vehicles by level in force (G, T)
    demand: Ints  # D by level in force (G, T)
    trips: Ints  # T by level in force (G, T)
    added: Ints  # max(0, V_t - V_{t-1}) (T,)
    cheap: Ints | None  # trips at the lower fare while only such a mode is permitted (G, T)


@dataclass(frozen=True, eq=False)
class DepotColumns:
    """Columns of one city's depots: sites S, payers P."""

    ordered: Ints  # (S, T)
    stalls: Ints  # (S, P, T)
    public: Ints  # (P, T)


@dataclass(frozen=True, eq=False)
class Columns:
    """All columns."""

    deployments: tuple[DeploymentColumns, ...]
    programmes: Mapping[tuple[str, str], Ints]  # shared wider programmes: (stack, jurisdiction) -> (T,)
    first: Mapping[str, Ints]  # stack's first programme begun (T,), stacks with several deployments
    team: Mapping[str, Ints]  # city team in place (T,), cities with several deployments
    live: Mapping[str, Ints]  # city open to riders (T,)
    bought: Mapping[str, Ints]  # platform-owned stacks (T,)
    depots: Mapping[str, DepotColumns]
    capital: Ints  # capital spent (T,)
    cash: Ints | None  # net cash (T,)


def reachable_fleet(instance: Instance, q: DeploymentData) -> Array:
    """Return a fleet that no plan exceeds, by period: supply, modes permitted by then, stalls, and months to grow in."""
    i, periods = instance, instance.periods
    sites = i.cities[q.city].depots
    stalls = np.array([sum(d.stalls for d in sites if d.reach[t] >= 0) for t in range(periods)], dtype=float)
    places = i.vehicles_per_stall * stalls + i.public_cars if q.electric else np.full(periods, np.inf)
    modes = np.array([sum(m.cap for m in q.modes if m.milestone.possible(t)) for t in range(periods)], dtype=float)
    most = np.minimum(np.minimum(i.stacks[q.stack].ceiling, places), modes)
    fleet = np.zeros(periods)
    for t in range(periods):
        before = fleet[t - 1] if t else 0.0
        fleet[t] = min(most[t], before + i.ramp_per_month * float(i.months[t]))
    return fleet


def least_fleets(instance: Instance, q: DeploymentData) -> Array:
    """Return the fleet that each level needs at least while it is in force, shape (G,)."""
    levels = instance.cities[q.city].service.levels
    return np.array([0.0, *(level.area_km2 / instance.km2_per_vehicle for level in levels[1:])])


def earliest_open(instance: Instance, q: DeploymentData) -> NDArray[np.bool_]:
    """Return whether each level could be open in each period, shape (G, T), by permits and by fleets within reach."""
    periods = instance.periods
    mode_ok = np.array([any(m.milestone.possible(t) for m in q.modes) for t in range(periods)], dtype=bool)
    gates = np.array([[all(g.possible(t) for g in gate) for t in range(periods)] for gate in q.level_gates], dtype=bool)
    enough = least_fleets(instance, q)[:, None] <= reachable_fleet(instance, q)[None, :]
    return np.asarray(np.logical_and.accumulate(gates & enough & mode_ok[None, :], axis=0))


def highest_demand(instance: Instance, q: DeploymentData) -> Array:
    """Return the most trips a day that could be offered to a deployment with each level in force, shape (G, T).

    Every ring is as old as it can be: open since its first possible period. Zero where the level cannot be open.
    """
    levels = instance.cities[q.city].service.levels
    rings = np.diff([0.0, *(level.surface.demand_trips_per_day for level in levels)])
    possible = earliest_open(instance, q)
    won = np.zeros(possible.shape)
    for g in range(len(levels)):
        if possible[g].any():
            won[g] = rings[g] * instance.adoption[int(np.argmax(possible[g]))]
    return np.asarray(np.cumsum(won, axis=0) * q.scale[None, :] * possible)


def _deployment(b: Builder, i: Instance, q: DeploymentData) -> DeploymentColumns:
    periods, levels = i.periods, len(i.cities[q.city].service.levels)
    possible = earliest_open(i, q)
    reachable = reachable_fleet(i, q)
    largest = np.array([level.surface.vehicles_max for level in i.cities[q.city].service.levels])
    fleet_cap = np.minimum(largest[:, None], reachable[None, :]) * possible
    trips_cap = highest_demand(i, q)
    mode_cap = np.array(
        [[min(m.cap, c) * m.milestone.possible(t) for t, c in enumerate(reachable)] for m in q.modes]
    ).reshape(len(q.modes), periods)
    mixed = len({m.fare_factor for m in q.modes}) > 1
    any_open = np.asarray(possible.any(axis=0))
    useful = np.array([bool(any_open[t:].any()) for t in range(periods)]).astype(float)
    return DeploymentColumns(
        begun=b.block((periods,), useful if q.modes else 0.0, whole=True),
        open=b.block((levels, periods), possible.astype(float), whole=True),
        vehicles=b.block((len(q.modes), periods), mode_cap),
        fleet=b.block((levels, periods), fleet_cap),
        demand=b.block((levels, periods), trips_cap),
        trips=b.block((levels, periods), trips_cap),
        added=b.block((periods,), reachable * any_open),
        cheap=b.block((levels, periods), trips_cap) if mixed else None,
    )


def _depots(b: Builder, i: Instance, city: str) -> DepotColumns:
    data = i.cities[city]
    periods = i.periods
    payers = {q.rates.charger_paid for q in i.deployments if q.city == city and q.electric}
    active = np.array([float(flag in payers) for flag in (True, False)])
    can_order = np.array([[float(d.reach[-1] >= 0)] * periods for d in data.depots]).reshape(-1, periods)
    live = np.array([[float(d.reach[t] >= 0) * d.stalls for t in range(periods)] for d in data.depots]).reshape(
        -1, periods
    )
    return DepotColumns(
        ordered=b.block((len(data.depots), periods), can_order, whole=True),
        stalls=b.block((len(data.depots), 2, periods), live[:, None, :] * active[None, :, None]),
        public=b.block((2, periods), i.public_cars * active[:, None] * np.ones((1, periods))),
    )


def lay_out(b: Builder, i: Instance) -> Columns:
    """Add every column of an instance."""
    periods = i.periods
    deployments = tuple(_deployment(b, i, q) for q in i.deployments)
    shared = sorted({(q.stack, w) for q in i.deployments for w in q.shared})
    stacks = [q.stack for q in i.deployments]
    cities = [q.city for q in i.deployments]
    return Columns(
        deployments=deployments,
        programmes={key: b.block((periods,), 1.0) for key in shared},
        first={s: b.block((periods,), 1.0) for s in sorted(set(stacks)) if stacks.count(s) > 1},
        team={c: b.block((periods,), 1.0) for c in sorted(set(cities)) if cities.count(c) > 1},
        live={c: b.block((periods,), 1.0) for c in sorted(set(cities))},
        bought={s: b.block((periods,), d.ceiling.astype(float)) for s, d in i.stacks.items() if d.owned},
        depots={c: _depots(b, i, c) for c in sorted(set(cities))},
        capital=b.block((periods,)),
        cash=b.block((periods,), lower=-np.inf) if i.scope.request.capital.cash_floor_usd is not None else None,
    )
