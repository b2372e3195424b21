"""Remote agents by the age of a service: how many a vehicle needs, and where a younger service needs more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from fleetplan.optimize.instance import Array, DeploymentData, Ints

Step = tuple[int, int, float]
"""(period, since, agents): unless driver-out by ``since``, so many agents a vehicle more than the oldest service needs."""


def oldest_agents(data: DeploymentData) -> Array:
    """Return the agents a vehicle needs in each period in the oldest service that it can then be, shape (periods,)."""
    since = np.flatnonzero(data.can_be_driver_out)
    out = np.full(len(data.can_be_driver_out), data.terms.young_agents)
    if len(since):
        first = int(since[0])
        out[first:] = data.terms.agents[first, first:]
    return out


def younger(data: DeploymentData, t: int) -> list[Step]:
    """Return the steps of age that a service may not have reached in a period, each with what it costs in agents, rising."""
    since = np.flatnonzero(data.can_be_driver_out[: t + 1]).tolist()
    if not since:
        return []
    needed = [*(float(data.terms.agents[tau, t]) for tau in since), data.terms.young_agents]
    after = zip(since, needed, needed[1:], strict=False)
    return [(t, tau, more - needed[0]) for tau, less, more in after if more > less]


def agents_of(data: DeploymentData, out: Array) -> Array:
    """Return the agents a vehicle needs in each period, given where a service is driver-out (0/1), shape (periods,)."""
    needed = np.full(len(out), data.terms.young_agents)
    since: Ints = np.flatnonzero(out > 0.5)  # a step is 0 or 1
    if len(since):
        needed[since] = data.terms.agents[int(since[0]), since]
    return needed
