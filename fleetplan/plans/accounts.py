"""The accounts of a plan, read from what was booked: every money line of every deployment, city and stack, by period.

What a plan drives and charges is read from its decisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.holdings import Keeping
from fleetplan.optimize.instance import Array, Instance
from fleetplan.optimize.ledger import CAPITAL_LINES, Lines, running
from fleetplan.optimize.matrix import Place
from fleetplan.plans.decisions import Decisions, Rollout

Kept = dict[int, tuple[float, float]]
"""Worth today of what goes on and of what is left in the end, by months counted after the horizon."""


@dataclass(frozen=True, eq=False)
class Accounts:
    """Lines in USD by period, undiscounted; worths of what is kept after the horizon, discounted."""

    deployments: dict[str, Lines]  # by stack@city
    cities: dict[str, Lines]
    stacks: dict[str, Lines]
    displaced: dict[str, Lines]  # by stack@city: what is lost on drivers' trips, whether it counts or not
    stalls_kept: dict[str, Kept]  # by city
    vehicles_kept: dict[str, Kept]  # by stack


def settle(f: Formulation, x: Array, d: Decisions) -> Accounts:
    """Return the accounts of a solution; ``d`` are the decisions read from it.

    What a stack's first launch costs beyond a later one is booked with the stack and stands here with that launch.
    """
    booked = f.ledger.lines(x)
    deployments = {r.data.key: dict(booked.get(_place(r), {})) for r in d.rollouts}
    stacks = {stack: dict(booked.get(Place("stack", stack=stack), {})) for stack in f.instance.stacks}
    for stack, lines in stacks.items():
        extra = lines.pop("launch", None)
        users = [(r.begun, r.data.city, r.data.key) for r in d.rollouts if r.data.stack == stack]
        if extra is not None and users:
            own = deployments[min(users)[2]]
            own["launch"] = own["launch"] + extra
    beside = f.ledger.lines_besides(x)
    return Accounts(
        deployments=deployments,
        cities={city: dict(booked.get(Place("city", city=city), {})) for city in d.depots},
        stacks={stack: lines for stack, lines in stacks.items() if f.instance.stacks[stack].owned},
        displaced={r.data.key: dict(beside.get(_place(r), {})) for r in d.rollouts},
        stalls_kept={city: _kept(f.instance.cities[city].stalls_kept, stalls_placed(d, city)) for city in d.depots},
        vehicles_kept={s: _kept(f.instance.stacks[s].kept, np.asarray(n, float)) for s, n in d.bought.items()},
    )


def _kept(terms: Mapping[int, Keeping], count: Array) -> Kept:
    return {months: (float(count @ k.running_usd), float(count @ k.left_usd)) for months, k in terms.items()}


def stalls_placed(d: Decisions, city: str) -> Array:
    """Return the stalls of the platform placed in each period."""
    return np.diff(d.depots[city].stalls[:, 0].sum(axis=0).astype(float), prepend=0.0)


def _place(r: Rollout) -> Place:
    return Place("deployment", city=r.data.city, stack=r.data.stack)


def km_per_day(i: Instance, r: Rollout) -> Array:
    """Return driven km a mean day of one rollout, by period."""
    levels = i.cities[r.data.city].levels
    out = np.zeros(i.periods)
    for t in np.flatnonzero(r.level):
        surface = levels[r.level[t] - 1].surface
        out[t] = surface.km_per_trip * r.trips[t] + surface.km_per_vehicle_day * r.fleet[t]
    return out


def kwh_per_day(i: Instance, r: Rollout) -> Array:
    """Return grid energy a mean day of one rollout, by period."""
    km = km_per_day(i, r)
    rates = r.data.rates
    return np.array(
        [
            rates.kwh_per_day(float(km[t]), float(r.fleet[t]), rates.winter(list(i.grid.months_in(t))))
            for t in range(i.periods)
        ]
    )


def present_worth(i: Instance, lines: Lines) -> float:
    """Return the worth today of lines within the horizon: one-off lines at period start, others in the middle."""
    start, mid = i.world.disc_start, i.world.disc_mid
    return float(sum((usd @ (start if line in CAPITAL_LINES else mid)) for line, usd in lines.items()))


def terminal_worth(i: Instance, lines: Lines, months: int) -> float:
    """Return the worth today of going on for ``months`` after the horizon as in its last three months, capital apart."""
    return sum(float(usd @ i.grid.run_rate) for usd in running(lines)) * i.world.going_on[months]


def pool_shares(i: Instance, d: Decisions, stack: str) -> dict[str, Array]:
    """Return how a stack's pool is shared out over its deployments, by period (vehicles placed, the next known share else)."""
    users = [r for r in d.rollouts if r.data.stack == stack]
    placed = np.array([r.fleet + r.testing for r in users], dtype=float)
    total = placed.sum(axis=0)
    known = np.flatnonzero(total > 0)
    out = np.full((len(users), i.periods), 1.0 / max(1, len(users)))
    for t in range(i.periods):
        later = known[known >= t]
        at = int(later[0]) if len(later) else (int(known[-1]) if len(known) else None)
        if at is not None:
            out[:, t] = placed[:, at] / total[at]
    return {r.data.key: out[k] for k, r in enumerate(users)}
