"""A solution in whole numbers, with every column that follows from others set as its definition says.

Solvers leave such columns anywhere their rows allow (a team paid from too early, additions counted too high), within a
tolerance and, when stopped early, beyond it. Decisions are read first, the rest follows; what follows costs no more than it did.
"""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.asked import riders_by_the_law
from fleetplan.optimize.formulate import Formulation, counted
from fleetplan.optimize.instance import Array, Flags, Ints, Milestone
from fleetplan.optimize.relaxing import limits
from fleetplan.optimize.remote import agents_of, oldest_agents
from fleetplan.optimize.unused import take_out_unused
from fleetplan.permits.paths import CITY

KM = ("km_per_trip", "km_per_vehicle_day")
SPARE_RIDERS = 0.02  # let in beyond the least that serve the trips: some leave, and no row is met to the last digit


def whole_columns(formulation: Formulation) -> Flags:
    """Return which columns count whole things: vehicles by mode, purchases, stalls, cars at public chargers."""
    return np.asarray(formulation.model.whole | counted(formulation.columns, formulation.model.columns))


def tidied(f: Formulation, x: Array, whole: Flags) -> Array:
    """Return a solution with whole things whole, nothing bought or ordered in vain, and defined columns at their definitions.

    Parameters
    ----------
    x
        A solution of the formulation's matrix, shape (columns,); columns beyond those of the formulation stay as they are.
    whole
        Which columns count whole things.
    """
    out = np.where(whole, np.round(x), x)
    for q in range(len(f.instance.deployments)):
        _service(f, q, out)
    _riders(f, out)
    _programmes(f, out)
    for q, data in enumerate(f.instance.deployments):
        own = f.columns.deployments[q]
        for cheap, fare in zip(own.cheap if own.cheap is not None else (), data.fare_factors, strict=False):
            higher = [reached(f, q, m.milestone, out) for m in data.modes if m.fare_factor > fare]
            out[cheap] = np.where(np.any(higher, axis=0), 0.0, out[own.trips])
    take_out_unused(f, out)
    _taken(f, out)
    _money(f, out)
    for one in f.given_up:
        out[one.column] = max(0.0, one.count - float(out[one.columns].sum()))
    return out


def _taken(f: Formulation, x: Array) -> None:
    """Say how many vehicles are taken of what contracts ask for."""
    for stack, (_, taken) in f.columns.taken.items():
        data = f.instance.stacks[stack]
        theirs = [own for s, own in f.columns.bought.items() if f.instance.stacks[s].partner == data.partner]
        x[taken] = min(data.minimum_due, sum(float(x[own].sum()) for own in theirs))


def in_force(f: Formulation, q: int, x: Array) -> Flags:
    """Return which level is in force in each period, shape (levels, periods)."""
    opened = x[f.columns.deployments[q].open] > 0.5  # a step is 0 or 1
    beyond = np.zeros_like(opened)
    beyond[:-1] = opened[1:]
    force = opened & ~beyond
    ended = f.columns.deployments[q].ended
    return np.asarray(force if ended is None else force & (x[ended] < 0.5))


def reached(f: Formulation, q: int, milestone: Milestone, x: Array) -> Flags:
    """Return in which periods a milestone is reached, shape (periods,)."""
    stack = f.instance.deployments[q].stack
    found = milestone.possible.copy()
    for programme, reach in milestone.reach.items():
        own = f.columns.deployments[q].begun if programme == CITY else f.columns.programmes[stack, programme]
        found &= x[own[np.maximum(reach, 0)]] > 0.5  # a step is 0 or 1
    return found


def _service(f: Formulation, q: int, x: Array) -> None:
    own, force = f.columns.deployments[q], in_force(f, q, x)
    fleet = x[own.vehicles].sum(axis=0)
    x[own.fleet] = force * fleet[None, :]
    for columns in (own.demand, own.trips):
        x[columns] = force * np.maximum(0.0, x[columns].sum(axis=0))[None, :]
    x[own.added] = np.maximum(0.0, np.diff(fleet, prepend=0.0))
    if own.worn is not None:
        world, surfaces = f.instance.world, [level.surface for level in f.instance.levels_of(q)]
        by_trip, by_car = (np.array([getattr(s, name) for s in surfaces]) for name in KM)
        km = by_trip @ x[own.trips] + by_car @ x[own.fleet]
        aged = (1.0 + world.spare_share) * fleet * world.months / world.life_months
        x[own.worn] = np.maximum(0.0, km * world.days / world.life_km - aged)


def _riders(f: Formulation, x: Array) -> None:
    """Let in hardly more riders than the trips served need, by the curves' planes and by the law: others need not wait.

    Solvers leave riders anywhere between what planes need and what there are. Where the law would need more than there are, or
    gives fewer trips however many ask, what it lacks is told (``curve_error``); so too where a wait is asked for.
    """
    model = f.model
    rows = model.rows_where(lambda block: block.rule == "response_curve")
    riders = np.concatenate([own.demand.ravel() for own in f.columns.deployments])
    if not len(rows):
        return
    curves = model.matrix[rows]
    share = curves[:, riders].tocoo()
    missed = (
        curves @ np.where(np.isin(np.arange(model.columns), riders), 0.0, x[: model.columns]) - model.row_upper[rows]
    )
    least = np.zeros(len(riders))
    np.maximum.at(least, share.col, missed[share.row] / -share.data)
    deployments = range(len(f.instance.deployments))
    by_law = np.concatenate([riders_by_the_law(f, q, in_force(f, q, x), x).ravel() for q in deployments])
    wanted = np.maximum(least, by_law) * (1.0 + SPARE_RIDERS)
    x[riders] = np.minimum(x[riders], wanted)
    sampled = [level.surface.sample_demand[-1] for q in deployments for level in f.instance.levels_of(q)]
    lacks = (wanted > x[riders]) & (by_law < np.repeat(sampled, f.instance.periods))
    if lacks.any() and not limits(f):  # more riders wait longer
        raise_riders(f, riders[lacks], wanted[lacks], x)


def raise_riders(f: Formulation, riders: Ints, wanted: Array, x: Array) -> None:
    """Raise riders to what is wanted, one after the other, as far as bounds and rows leave room."""
    model = f.model
    columns = model.matrix[:, riders].tocsc()
    held = model.matrix @ x[: model.columns]
    room, below = model.row_upper - held, held - model.row_lower
    for k, column in enumerate(riders.tolist()):
        inside = slice(columns.indptr[k], columns.indptr[k + 1])
        rows, each = columns.indices[inside], columns.data[inside]
        left = np.where(each > 0.0, room[rows], below[rows]) / np.abs(each)
        more = min(
            float(wanted[k] - x[column]), float(model.upper[column] - x[column]), float(left.min(initial=np.inf))
        )
        if more > 0.0:
            x[column] += more
            room[rows] -= each * more
            below[rows] += each * more


def _programmes(f: Formulation, x: Array) -> None:
    i = f.instance
    begun = {q: x[own.begun] for q, own in enumerate(f.columns.deployments)}
    for (stack, wide), columns in f.columns.programmes.items():
        x[columns] = np.max([begun[q] for q in i.of_stack(stack) if wide in i.deployments[q].shared], axis=0)
    for stack, columns in f.columns.first.items():
        x[columns] = np.max([begun[q] for q in i.of_stack(stack)], axis=0)
    _ended(f, x)
    for city, columns in f.columns.team.items():
        x[columns] = np.max([begun[q] - has_ended(f, q, x) for q in i.of_city(city)], axis=0)
    for city, columns in f.columns.live.items():
        x[columns] = np.max([x[f.columns.deployments[q].open[0]] for q in i.of_city(city)], axis=0)
    for q, own in enumerate(f.columns.deployments):
        if not np.array_equal(own.paying, own.open[0]):
            paid = [reached(f, q, m.milestone, x) for m in i.deployments[q].modes if m.fare_factor > 0]
            some = np.any(paid, axis=0) if paid else np.zeros(i.periods, dtype=bool)
            x[own.paying] = x[own.open[0]] * some
        if not np.array_equal(own.driver_out, own.open[0]):
            out = [reached(f, q, m.milestone, x) for m in i.deployments[q].driver_out]
            x[own.driver_out] = x[own.open[0]] * np.any([np.zeros(i.periods, dtype=bool), *out], axis=0)
        if own.agents is not None:
            data = i.deployments[q]
            beyond = agents_of(data, x[own.driver_out]) - oldest_agents(data)
            x[own.agents] = beyond * x[own.vehicles].sum(axis=0)
    _cities(f, x)


def _cities(f: Formulation, x: Array) -> None:
    i = f.instance
    for city, columns in f.columns.paying_live.items():
        parts = [f.columns.deployments[q] for q in i.of_city(city)]
        now = [own.paying if own.serving_paid is None else own.serving_paid for own in parts]
        x[columns] = np.max([x[steps] for steps in now], axis=0)
    for city, columns in f.columns.driver_out_live.items():
        x[columns] = np.max([x[f.columns.deployments[q].driver_out] for q in i.of_city(city)], axis=0)
    for city, columns in f.columns.live_now.items():
        parts = [f.columns.deployments[q] for q in i.of_city(city)]
        x[columns] = np.max([x[own.open[0] if own.serving is None else own.serving] for own in parts], axis=0)


def has_ended(f: Formulation, q: int, x: Array) -> Array:
    """Return 1 in the periods in which a service has ended, shape (periods,)."""
    ended = f.columns.deployments[q].ended
    return np.zeros(f.instance.periods) if ended is None else np.asarray(x[ended].sum(axis=0))


def _ended(f: Formulation, x: Array) -> None:
    """Say where vehicles serve."""
    for q, own in enumerate(f.columns.deployments):
        if own.serving is not None and own.serving_paid is not None:
            paid = [k for k, m in enumerate(f.instance.deployments[q].modes) if m.name.startswith("paid")]
            x[own.serving] = x[own.vehicles].sum(axis=0) > 0.5
            x[own.serving_paid] = x[own.vehicles[paid]].sum(axis=0) > 0.5


def _money(f: Formulation, x: Array) -> None:
    for columns, capital_only in ((f.columns.capital, True), (f.columns.cash, False)):
        if columns is not None:
            periods, own, usd = f.ledger.flows(capital_only=capital_only)
            x[columns] = np.bincount(periods, usd * x[own], minlength=f.instance.periods) / 1e6
