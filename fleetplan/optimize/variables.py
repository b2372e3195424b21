"""The columns of the problem: which index stands for which decision.

Symbols as in ``docs/model.md``. Step columns ("by period t") never fall; a column that the rules or the horizon rule out is
fixed at zero here (:mod:`fleetplan.optimize.reach`), so that the solver never sees the choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fleetplan.optimize.instance import Array, CityData, Instance, Ints
from fleetplan.optimize.matrix import Builder
from fleetplan.optimize.reach import DeploymentReach, Reach


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
    paying: Ints  # open to paying riders by t (T,): ``open[0]`` itself where every mode takes a fare


@dataclass(frozen=True, eq=False)
class DepotColumns:
    """Columns of one city's depots by class of sites K (:attr:`CityData.depot_classes`) and payer P."""

    ordered: Ints  # sites of the class ordered by t (K, T)
    stalls: Ints  # (K, P, T)
    public: Ints  # (P, T)


@dataclass(frozen=True, eq=False)
class Columns:
    """All columns."""

    deployments: tuple[DeploymentColumns, ...]
    programmes: Mapping[tuple[str, str], Ints]  # shared wider programmes: (stack, jurisdiction) -> (T,)
    first: Mapping[str, Ints]  # stack's first programme begun (T,), stacks with several deployments
    team: Mapping[str, Ints]  # city team in place (T,), cities with several deployments
    live: Mapping[str, Ints]  # city open to riders (T,)
    paying_live: Mapping[str, Ints]  # city open to paying riders (T,)
    bought: Mapping[str, Ints]  # platform-owned stacks (T,)
    depots: Mapping[str, DepotColumns]
    capital: Ints  # capital spent (T,)
    cash: Ints | None  # net cash (T,)


def _deployment(b: Builder, i: Instance, q: int, reach: DeploymentReach) -> DeploymentColumns:
    periods, levels = i.periods, len(i.levels_of(q))
    largest = np.array([level.surface.vehicles_max for level in i.levels_of(q)])
    fleet_cap = np.minimum(largest[:, None], reach.fleet[None, :]) * reach.possible
    any_open = np.asarray(reach.possible.any(axis=0))
    useful = np.array([any_open[t:].any() for t in range(periods)]).astype(np.float64)
    begun = b.block((periods,), useful if i.deployments[q].modes else 0.0, whole=True)
    opened = b.block((levels, periods), reach.possible.astype(float), whole=True)
    free = any(m.fare_factor == 0.0 for m in i.deployments[q].modes)
    return DeploymentColumns(
        begun=begun,
        open=opened,
        vehicles=b.block((len(i.deployments[q].modes), periods), reach.modes),
        fleet=b.block((levels, periods), fleet_cap),
        demand=b.block((levels, periods), reach.demand),
        trips=b.block((levels, periods), reach.demand),
        added=b.block((periods,), reach.fleet * any_open),
        cheap=b.block((levels, periods), reach.demand) if i.deployments[q].mixed_fares else None,
        paying=b.block((periods,), any_open.astype(float), whole=True) if free else opened[0],
    )


def _depots(b: Builder, i: Instance, data: CityData) -> DepotColumns:
    periods, classes = i.periods, data.depot_classes
    payers = {d.rates.charger_paid for d in i.deployments if d.city == data.city and d.electric}
    active = np.array([float(flag in payers) for flag in (True, False)])
    sites = np.array([len(c.sites) for c in classes], dtype=float)
    live = np.array([c.reach >= 0 for c in classes], dtype=float).reshape(len(classes), periods)
    room = live * (sites * np.array([float(c.stalls) for c in classes]))[:, None]
    useful = live[:, -1] * sites  # a class that is never live is never ordered
    return DepotColumns(
        ordered=b.block((len(classes), periods), np.broadcast_to(useful[:, None], live.shape), whole=True),
        stalls=b.block((len(classes), 2, periods), room[:, None, :] * active[None, :, None]),
        public=b.block((2, periods), i.world.public_cars * active[:, None] * np.ones((1, periods))),
    )


def most_placeable(i: Instance, stack: str) -> Array:
    """Return the most vehicles of a stack that can be had in each period or later, shape (periods,)."""
    return np.maximum.accumulate(i.ceilings[stack][::-1])[::-1].astype(float)


def lay_out(b: Builder, i: Instance, reach: Reach) -> Columns:
    """Add every column of an instance."""
    periods = i.periods
    deployments = tuple(_deployment(b, i, q, own) for q, own in enumerate(reach.deployments))
    shared = sorted({(d.stack, w) for d in i.deployments for w in d.shared})
    stacks = [d.stack for d in i.deployments]
    cities = [d.city for d in i.deployments]
    placed = sorted(set(cities))
    return Columns(
        deployments=deployments,
        programmes={key: b.block((periods,), 1.0) for key in shared},
        first={s: b.block((periods,), 1.0) for s in sorted(set(stacks)) if stacks.count(s) > 1},
        team={c: b.block((periods,), 1.0) for c in placed if cities.count(c) > 1},
        live={c: b.block((periods,), 1.0) for c in placed},
        paying_live={c: b.block((periods,), 1.0) for c in placed},
        bought={s: b.block((periods,), most_placeable(i, s)) for s, d in i.stacks.items() if d.owned},
        depots={c: _depots(b, i, i.cities[c]) for c in placed},
        capital=b.block((periods,)),
        cash=b.block((periods,), lower=-np.inf) if i.scope.request.capital.cash_floor_usd is not None else None,
    )
