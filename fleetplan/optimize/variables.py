"""The columns of the problem: which index stands for which decision.

Symbols as in ``docs/model.md``. Step columns ("by period t") never fall; a column that the rules or the horizon rule out is
fixed at zero here (:mod:`fleetplan.optimize.reach`), so that the solver never sees the choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from fleetplan.optimize.instance import Array, Instance, Ints
from fleetplan.optimize.matrix import Builder
from fleetplan.optimize.reach import DeploymentReach, DepotReach, Reach
from fleetplan.optimize.remote import oldest_agents
from fleetplan.optimize.sites import CityData

PARTNER = 1  # of the payers of stalls and public places: the platform, the partner


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
    worn: Ints | None  # lives of vehicles used up by km beyond those by age (T,), stacks the platform owns
    agents: (
        Ints | None
    )  # remote agents on duty beyond those of the oldest service that it can be (T,), where it may be younger
    cheap: Ints | None  # by fare below the full one: trips while no higher fare is permitted (F - 1, G, T)
    paying: Ints  # open to paying riders by t (T,): ``open[0]`` itself where every mode takes a fare
    driver_out: Ints  # open with paid driver-out in hand by t (T,): ``open[0]`` itself where every mode is that
    ended: Ints | None = None  # ended by t with the level in force (G, T); None where nothing may end
    serving: Ints | None = (
        None  # has vehicles in t (T,), and vehicles of paid modes; None where whatever is open has some
    )
    serving_paid: Ints | None = None
    public: Ints | None = None  # vehicles at public stations (T,), where the partner pays for charging


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
    paying_live: Mapping[str, Ints]  # city open to paying riders (T,); where a service may pause or end: carries some
    live_now: Mapping[str, Ints]  # city carries riders (T,): ``live`` itself where no service of its may pause or end
    driver_out_live: Mapping[str, Ints]  # city with driver-out service (T,)
    bought: Mapping[str, Ints]  # platform-owned stacks (T,)
    taken: Mapping[
        str, Ints
    ]  # 1, and vehicles taken of a contract's minimum (2,), stacks where those short of it cost something
    depots: Mapping[str, DepotColumns]
    capital: Ints  # capital spent (T,)
    cash: Ints | None  # net cash (T,)


def columns_before(columns: Columns, periods: int) -> Ints:
    """Return the columns of the first periods: every block but those without periods (``taken``)."""
    held = [getattr(columns, f.name) for f in fields(Columns) if f.name != "taken"]
    found: list[Ints] = []
    while held:
        part = held.pop()
        if isinstance(part, np.ndarray):
            found.append(part[..., :periods].ravel())
        elif isinstance(part, Mapping):
            held += part.values()
        elif isinstance(part, tuple):
            held += part
        elif part is not None:
            held += [getattr(part, f.name) for f in fields(part)]
    return np.unique(np.concatenate(found))


def _deployment(b: Builder, i: Instance, q: int, reach: DeploymentReach) -> DeploymentColumns:
    periods, levels, data = i.periods, len(i.levels_of(q)), i.deployments[q]
    any_open = np.asarray(reach.possible.any(axis=0)).astype(float)
    begun = b.block((periods,), reach.begun.astype(float), whole=True)
    opened = b.block((levels, periods), reach.possible.astype(float), whole=True)
    free = any(m.fare_factor == 0.0 for m in data.modes)
    fares = len(data.fare_factors) - 1
    return DeploymentColumns(
        begun=begun,
        open=opened,
        vehicles=b.block((len(data.modes), periods), reach.modes),
        fleet=b.block((levels, periods), reach.levels),
        demand=b.block((levels, periods), reach.demand),
        trips=b.block((levels, periods), reach.demand),
        added=b.block((periods,), reach.fleet * any_open),
        worn=b.block((periods,), _most_worn(i, q, reach)) if i.stacks[data.stack].owned else None,
        agents=_agents(b, i, q, reach),
        cheap=b.block((fares, levels, periods), reach.demand) if fares > 0 else None,
        paying=b.block((periods,), any_open, whole=True) if free else opened[0],
        driver_out=opened[0] if data.always_driver_out else b.block((periods,), any_open * data.can_be_driver_out),
        **_interrupted(b, i, q, reach),
    )


def _agents(b: Builder, i: Instance, q: int, reach: DeploymentReach) -> Ints | None:
    """Return columns for the further agents of a young service, none more than its fleet within reach could ask for."""
    terms, data = i.deployments[q].terms, i.deployments[q]
    beyond = np.maximum(0.0, terms.young_agents - oldest_agents(data))
    return b.block((i.periods,), beyond * reach.fleet) if beyond.any() else None


def _most_worn(i: Instance, q: int, reach: DeploymentReach) -> Array:
    """Return the most lives that trips and vehicles within reach could use up, by period."""
    surfaces = [level.surface for level in i.levels_of(q)]
    km = [s.km_per_trip * reach.demand[g] + s.km_per_vehicle_day * reach.levels[g] for g, s in enumerate(surfaces)]
    return np.asarray(i.world.days / i.world.life_km * np.sum(km, axis=0))


def _interrupted(b: Builder, i: Instance, q: int, reach: DeploymentReach) -> dict[str, Ints]:
    """Return the columns of a deployment that a suspension holds: whether it has ended, and whether vehicles serve."""
    if q not in i.interruptions:
        return {}
    any_open = np.asarray(reach.possible.any(axis=0)).astype(float)
    may_end = i.interruptions[q].may_end.copy()
    may_end[: max(1, i.grid.done)] = False  # nothing has been open before; what is done did not end
    return {
        "ended": b.block(reach.possible.shape, (reach.possible & may_end).astype(float), whole=True),
        "serving": b.block((i.periods,), any_open, whole=True),
        "serving_paid": b.block((i.periods,), any_open, whole=True),
    }


def _depots(b: Builder, i: Instance, data: CityData, reach: DepotReach) -> DepotColumns:
    periods, classes = i.periods, data.depot_classes
    payers = {d.rates.charger_paid for d in i.deployments if d.city == data.city and d.electric}
    active = [flag in payers for flag in (True, False)]
    stalls = np.where(np.array(active)[None, :, None], reach.stalls[:, None, :], 0.0)
    public = np.where(np.array(active)[:, None], reach.public, 0.0)
    return DepotColumns(
        ordered=b.block((len(classes), periods), reach.ordered[:, None], whole=True),
        stalls=b.block((len(classes), 2, periods), stalls),
        public=b.block((2, periods), public),
    )


def _with_public(b: Builder, i: Instance, reach: Reach, columns: Columns) -> Columns:
    """Add how many vehicles of each partner that pays for charging are at public stations: the city's where it is alone."""
    found = list(columns.deployments)
    for city, own in columns.depots.items():
        users = [q for q in i.of_city(city) if i.deployments[q].charges_itself]
        for q in users:
            public = own.public[PARTNER] if len(users) == 1 else b.block((i.periods,), reach.depots[city].public)
            found[q] = replace(found[q], public=public)
    return replace(columns, deployments=tuple(found))


def lay_out(b: Builder, i: Instance, reach: Reach) -> Columns:
    """Add every column of an instance."""
    periods = i.periods
    deployments = tuple(_deployment(b, i, q, own) for q, own in enumerate(reach.deployments))
    shared = sorted({(d.stack, w) for d in i.deployments for w in d.shared})
    stacks = [d.stack for d in i.deployments]
    cities = [d.city for d in i.deployments]
    placed = sorted(set(cities))
    live = {c: b.block((periods,), 1.0) for c in placed}
    broken = {i.deployments[q].city for q in i.interruptions}
    columns = Columns(
        deployments=deployments,
        programmes={key: b.block((periods,), 1.0) for key in shared},
        first={s: b.block((periods,), 1.0) for s in sorted(set(stacks)) if stacks.count(s) > 1},
        team={c: b.block((periods,), 1.0) for c in placed if cities.count(c) > 1},
        live=live,
        live_now={c: b.block((periods,), 1.0) if c in broken else live[c] for c in placed},
        paying_live={c: b.block((periods,), 1.0) for c in placed},
        driver_out_live={c: b.block((periods,), 1.0) for c in placed},
        bought={s: b.block((periods,), reach.bought[s]) for s, d in i.stacks.items() if d.owned},
        taken={
            s: b.block((2,), np.array([1.0, d.minimum_due]), lower=np.array([1.0, 0.0]))
            for s, d in i.stacks.items()
            if d.owes_for_short
        },
        depots={c: _depots(b, i, i.cities[c], reach.depots[c]) for c in placed},
        capital=b.block((periods,)),
        cash=b.block((periods,), lower=-np.inf) if i.scope.request.capital.cash_floor_usd is not None else None,
    )
    return _with_public(b, i, reach, columns)
