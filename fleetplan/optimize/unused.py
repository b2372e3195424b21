"""What nobody uses, taken out of a solution in whole numbers: vehicles, stalls, sites, public places (``used_orders``).

Solvers leave such things where they cost little (a vehicle too many from rounding) or nothing (sites whose stalls the partner
pays). Taking them out keeps every row, and what is taken out only costs: a plan without it is worth no less. Decisions that a
rerun keeps of its parent stay as they are.
"""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array, Flags, Ints
from fleetplan.optimize.sites import DepotClass
from fleetplan.optimize.variables import PARTNER, DepotColumns

GIVEN = frozenset({"freeze", "starting_state"})
WHOLE = 1e-6


def take_out_unused(f: Formulation, x: Array) -> None:
    """Take vehicles, stalls and sites that nobody uses out of a solution in whole numbers, in place."""
    kept = _kept(f, len(x))
    for stack, bought in f.columns.bought.items():
        _purchases(f, x, stack, bought, kept)
    for city, own in f.columns.depots.items():
        classes = f.instance.cities[city].depot_classes
        for payer, platform_pays in enumerate((True, False)):
            needed = _needed_stalls(f, x, city, own.public[payer], platform_pays=platform_pays)
            _stalls(x, own.stalls[:, payer], needed, [alike.stalls for alike in classes], kept)
        for k, alike in enumerate(classes):
            _sites(x, own, k, alike, kept)
        _public(f, x, city)


def placed(f: Formulation, x: Array, users: list[int]) -> Array:
    """Return vehicles in service and in tests of some deployments together, by period."""
    total = np.zeros(f.instance.periods)
    for q in users:
        own, size = f.columns.deployments[q], f.instance.deployments[q].test_fleet
        total += x[own.vehicles].sum(axis=0) + size * (x[own.begun] - x[own.open[0]])
    return total


def _kept(f: Formulation, size: int) -> Flags:
    """Return the columns that a rerun keeps as in its parent plan, and those of what stands already."""
    found = np.zeros(size, dtype=bool)
    rows = f.model.rows_where(lambda block: block.rule in GIVEN)
    if len(rows):
        found[np.unique(f.model.matrix[rows].indices)] = True
    return found


def _purchases(f: Formulation, x: Array, stack: str, bought: Ints, kept: Flags) -> None:
    """Take out vehicles that are not all placed in any period of their life, the last bought first."""
    alive = f.instance.stacks[stack].alive.astype(float)
    spare = x[bought] @ alive - placed(f, x, f.instance.of_stack(stack))
    for t in reversed(range(len(bought))):
        life = alive[t] > 0
        if not kept[bought[t]] and life.any():
            less = min(x[bought[t]], max(0.0, np.floor(spare[life].min() + WHOLE)))
            x[bought[t]] -= less
            spare -= less * alive[t]


def _needed_stalls(f: Formulation, x: Array, city: str, public: Ints, *, platform_pays: bool) -> Array:
    """Return the stalls of a payer that its vehicles need, by period."""
    i = f.instance
    users = [q for q in i.of_city(city) if i.deployments[q].electric]
    users = [q for q in users if i.deployments[q].rates.charger_paid is platform_pays]
    left = placed(f, x, users) - x[public]
    return np.maximum(0.0, np.ceil(left / i.world.vehicles_per_stall - WHOLE))


def _public(f: Formulation, x: Array, city: str) -> None:
    """Leave of the places that a partner pays for at public stations those for which its vehicles have no stall."""
    i, own = f.instance, f.columns.depots[city]
    users = [q for q in i.of_city(city) if i.deployments[q].charges_itself]
    stalls = x[own.stalls[:, PARTNER]].sum(axis=0)
    needed = np.maximum(0.0, np.ceil(placed(f, x, users) - i.world.vehicles_per_stall * stalls - WHOLE))
    total = np.minimum(x[own.public[PARTNER]], needed)
    x[own.public[PARTNER]] = total
    for q in users:
        public = f.columns.deployments[q].public
        if public is not None:
            x[public] = np.minimum(x[public], total)
            total = total - x[public]


def _stalls(x: Array, columns: Ints, needed: Array, rooms: list[int], kept: Flags) -> None:
    """Leave of a payer's stalls those that are needed, from when they are needed: first where a site has room left.

    Parameters
    ----------
    columns
        Stalls by class of sites and period, shape (classes, periods).
    rooms
        Stalls of a site of each class.
    """
    before, built = x[columns], np.zeros(len(rooms))
    for t in range(before.shape[1]):
        if kept[columns[:, t]].any():
            built = before[:, t].copy()
        while needed[t] - built.sum() > WHOLE and (before[:, t] - built > WHOLE).any():
            left = [room - count % room for room, count in zip(rooms, built, strict=True)]
            own = [k for k in range(len(rooms)) if before[k, t] - built[k] > WHOLE]
            k = min(
                own, key=lambda k: (left[k] == rooms[k], k)
            )  # a further site would be begun where a whole one is left
            built[k] += min(needed[t] - built.sum(), before[k, t] - built[k], left[k])
        x[columns[:, t]] = built


def _sites(x: Array, own: DepotColumns, k: int, alike: DepotClass, kept: Flags) -> None:
    """Leave of the sites of a class those that its stalls fill, ordered when they must be."""
    columns = own.ordered[k]
    needed = np.zeros(len(columns))
    full = np.ceil(x[own.stalls[k]].sum(axis=0) / alike.stalls - WHOLE)
    for t in np.flatnonzero(alike.reach >= 0):
        needed[alike.reach[t]] = max(needed[alike.reach[t]], full[t])
    fixed = np.where(kept[columns], x[columns], 0.0)
    x[columns] = np.minimum(x[columns], np.maximum.accumulate(np.maximum(needed, fixed)))
