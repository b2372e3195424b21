"""Empty kilometres that the imbalance of trips forces on a fleet: the fluid rebalancing problem.

    min  sum d_ij r_ij    s.t.  sum_j r_ij - sum_j r_ji = arrivals_i - departures_i,   r >= 0

(Pavone, Smith, Frazzoli & Rus 2012, IJRR 31:839-854) on the links between neighbouring zones (Beckmann's form), solved
as a min-cost flow. The optimum is homogeneous in demand: it is solved once per shape and used at every level of demand.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from ortools.graph.python import min_cost_flow

from fleetplan.errors import SolverError

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

UNITS = 1_000_000
"""Flow is counted in millionths of all trips, distance in metres."""


def empty_km_per_trip(departures: Array, arrivals: Array, links: Ints, km: Array) -> float:
    """Return the least empty kilometres per trip.

    Parameters
    ----------
    departures, arrivals
        Trips by zone, shapes (n,), of equal sum.
    links, km
        Pairs of zones (m, 2) and their length (m,).

    Examples
    --------
    >>> empty_km_per_trip(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([[0, 1]]), np.array([2.0]))
    2.0
    """
    total = departures.sum()
    if total <= 0 or len(links) == 0:
        return 0.0
    surplus = np.round((arrivals / arrivals.sum() - departures / total) * UNITS).astype(np.int64)
    surplus[np.abs(surplus).argmax()] -= surplus.sum()
    if not surplus.any():
        return 0.0
    flow = min_cost_flow.SimpleMinCostFlow()
    tail, head = np.concatenate([links, links[:, ::-1]]).T
    metres = np.round(1000.0 * np.concatenate([km, km])).astype(np.int64)
    flow.add_arcs_with_capacity_and_unit_cost(tail, head, np.full(len(tail), 2 * UNITS), metres)
    flow.set_nodes_supplies(np.arange(len(surplus)), surplus)
    if flow.solve() != flow.OPTIMAL:
        message = "rebalancing flow has no solution: the service area is not connected"
        raise SolverError(message)
    return float(flow.optimal_cost()) / 1000.0 / UNITS
