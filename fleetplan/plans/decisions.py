"""Read decisions out of a solution: plain arrays by deployment, stack and city, in whole numbers where things are whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import DeploymentData

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rollout:
    """What happens with one deployment; arrays over periods unless said otherwise."""

    data: DeploymentData
    begun: int  # period
    opened: int | None  # period, None: not within the horizon
    level: Ints  # 0 before opening
    open_at: tuple[int | None, ...]  # by ladder level: period of opening
    by_mode: Ints  # (modes, periods)
    fleet: Ints
    testing: Ints
    demand: Array
    trips: Array
    ended: int | None = None  # period from which on the service has ended
    public: Ints | None = None  # vehicles at public stations, where the partner pays for charging


@dataclass(frozen=True, eq=False)
class Depots:
    """Depots of a city: period of order by site (None: not opened), stalls (sites, 2 payers, periods), public (2, periods)."""

    ordered: tuple[int | None, ...]
    stalls: Ints
    public: Ints


@dataclass(frozen=True, eq=False)
class Decisions:
    """All decisions of a plan."""

    rollouts: tuple[Rollout, ...]
    bought: dict[str, Ints]
    depots: dict[str, Depots]


def _first(steps: Array | Ints) -> int | None:
    up = np.flatnonzero(steps > 0.5)
    return int(up[0]) if len(up) else None


def _whole(values: Array) -> Ints:
    return np.rint(values).astype(np.int64)


def _rollout(f: Formulation, x: Array, q: int) -> Rollout | None:
    data, own = f.instance.deployments[q], f.columns.deployments[q]
    begun = _first(x[own.begun])
    if begun is None:
        return None
    opens = tuple(_first(x[row]) for row in own.open)
    periods = np.arange(f.instance.periods)
    opened = opens[0]
    level = sum((periods >= (f.instance.periods if o is None else o)).astype(np.int64) for o in opens)
    ended = None if own.ended is None else _first(x[own.ended].sum(axis=0))
    level = np.where(periods >= (f.instance.periods if ended is None else ended), 0, level)
    by_mode = _whole(x[own.vehicles])
    open_now = periods >= (f.instance.periods if opened is None else opened)
    return Rollout(
        data=data,
        begun=begun,
        opened=opened,
        level=np.asarray(level, dtype=np.int64),
        open_at=opens,
        by_mode=by_mode,
        fleet=by_mode.sum(axis=0),
        testing=np.where((periods >= begun) & ~open_now, data.test_fleet, 0).astype(np.int64),
        demand=np.maximum(0.0, x[own.demand].sum(axis=0)),
        trips=np.maximum(0.0, x[own.trips].sum(axis=0)),
        ended=ended,
        public=None if own.public is None else _whole(x[own.public]),
    )


def _share_out(room: int, live: Ints, totals: Ints, given: Ints) -> Ints:
    """Return the stalls of each site of a class, nearest sites filled first, shape (sites, payers, periods).

    Parameters
    ----------
    live
        Sites live, by period; they are live in order.
    totals
        Stalls of the class by payer and period, never falling, shape (payers, periods).
    given
        Stalls that stand already in the periods done, shape (sites, payers, done).
    """
    found = np.zeros((len(given), *totals.shape), dtype=np.int64)
    placed = np.zeros((len(given), totals.shape[0]), dtype=np.int64)
    for t in range(totals.shape[1]):
        if t < given.shape[2]:
            found[:, :, t] = placed = given[:, :, t].copy()
            continue
        for payer, wanted in enumerate(totals[:, t] - placed.sum(axis=0)):
            left = int(wanted)
            for s in range(int(live[t])):
                more = min(left, room - int(placed[s].sum()))
                placed[s, payer] += more
                left -= more
        found[:, :, t] = placed
    return found


def _stands(f: Formulation, city: str, site: str) -> Ints:
    """Return the stalls that stand already at a site, shape (payers, periods done)."""
    known, nothing = f.instance.standing, np.zeros((2, f.instance.grid.done), dtype=np.int64)
    return nothing if known is None else known.stalls.get((city, site), nothing)


def _depots(f: Formulation, x: Array, city: str) -> Depots:
    """Name the sites of each class, which the matrix only counts."""
    own, data = f.columns.depots[city], f.instance.cities[city]
    ordered: list[int | None] = [None] * len(data.depots)
    stalls = np.zeros((len(data.depots), 2, f.instance.periods), dtype=np.int64)
    kept = {name: nth for nth, name in enumerate(f.kept_sites.get(city, ()))}
    for k, alike in enumerate(data.depot_classes):
        sites = sorted(alike.sites, key=lambda s: kept.get(data.depots[s].name, len(kept)))  # stable: nearest first
        counts = _whole(x[own.ordered[k]])
        live = np.where(alike.reach >= 0, counts[np.maximum(alike.reach, 0)], 0)
        given = np.array([_stands(f, city, data.depots[s].name) for s in sites])
        stalls[sites] = _share_out(alike.stalls, live, _whole(x[own.stalls[k]]), given)
        for nth, site in enumerate(sites):
            ordered[site] = _first(counts - nth)
    return Depots(ordered=tuple(ordered), stalls=stalls, public=_whole(x[own.public]))


def read_decisions(f: Formulation, x: Array) -> Decisions:
    """Return the decisions that a solution stands for; deployments that never begin are left out."""
    found = [_rollout(f, x, q) for q in range(len(f.instance.deployments))]
    return Decisions(
        rollouts=tuple(r for r in found if r is not None),
        bought={s: _whole(x[c]) for s, c in f.columns.bought.items()},
        depots={city: _depots(f, x, city) for city in f.columns.depots},
    )
