"""What a plan promises of the days that are replayed: on a mean day of their kind, and hour by hour.

A plan promises a mean day. How it falls on day types and hours is the service law's: the same fleet and riders, in the plan's
proportion where rules other than the law hold the trips down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fleetplan.demand.types import DAY_TYPES
from fleetplan.plans.types import DeploymentPlan
from fleetplan.replays.types import Days
from fleetplan.service.area import DAY_WEIGHT, AreaDemand
from fleetplan.service.curves import by_hour, mean_day
from fleetplan.service.parameters import ServiceParameters
from fleetplan.simulate.layout import Array

HOURS = 24


@dataclass(frozen=True, eq=False)
class Promise:
    """What is promised of a deployment.

    Attributes
    ----------
    demand_per_day, trips, wait_min, empty_share
        On a mean day of the kind replayed, days without service taken off as the plan does.
    hour_asked, hour_trips, hour_wait_min
        By hour of a weekday and of a weekend day with service, shapes (48,).
    """

    demand_per_day: float
    trips: float
    wait_min: float
    empty_share: float
    hour_asked: Array
    hour_trips: Array
    hour_wait_min: Array


def weights(days: Days) -> Array:
    """Return how much of a day each of the 48 hours is: of a mean day, or of a weekday or a weekend day alone."""
    if days == "all":
        return DAY_WEIGHT
    return np.repeat([float(kind == days) for kind in DAY_TYPES], HOURS)


def promise_of(
    deployment: DeploymentPlan, period: int, area: AreaDemand, parameters: ServiceParameters, days: Days
) -> Promise:
    """Return what a plan promises of a deployment in a period."""
    vehicles, demand = float(deployment.vehicles[period]), deployment.demand_per_day[period]
    scale = demand / area.trips_per_day
    fleet, share = np.array([vehicles]), np.array([scale])
    mean, kind = (mean_day(area, fleet, share, parameters, w) for w in (DAY_WEIGHT, weights(days)))
    law_trips, law_wait = by_hour(area, vehicles, scale, parameters)
    part = _ratio(deployment.trips_per_day[period], float(mean.trips[0, 0]))
    wait = _ratio(deployment.wait_min[period] or 0.0, float(mean.wait_min[0, 0]))
    empty = _ratio(deployment.deadhead_share[period] or 0.0, float(mean.deadhead_share[0, 0]))
    return Promise(
        demand_per_day=float(scale * (area.trips_per_hour @ weights(days))),
        trips=part * float(kind.trips[0, 0]),
        wait_min=wait * float(kind.wait_min[0, 0]),
        empty_share=min(empty * float(kind.deadhead_share[0, 0]), 1.0),
        hour_asked=scale * area.trips_per_hour,
        hour_trips=part * law_trips,
        hour_wait_min=wait * law_wait,
    )


def _ratio(promised: float, law: float) -> float:
    return promised / law if law > 0 else 0.0
