"""From the law to a response surface: choose the grid, run the law on it, lay planes over it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fleetplan.service.area import AreaDemand
from fleetplan.service.curves import largest_fleet, mean_day, most_km
from fleetplan.service.hull import concave_planes, split_kilometres
from fleetplan.service.parameters import ServiceParameters
from fleetplan.service.planes import nearer_planes
from fleetplan.service.types import ResponseSurface

Array = NDArray[np.float64]

FLEETS = 42
SCALES: Array = np.array([0.01, 0.02, 0.04, 0.08, 0.13, 0.2, 0.3, 0.42, 0.6, 0.8])
"""Shares of the addressable trips at which the law is sampled; planes hold from the smallest on."""
LEAST_VEHICLES = 10.0
"""Planes hold from the smallest fleet that an open service has (``fleet.test_fleet``): below it nothing is open."""


def response_surface(area: AreaDemand, parameters: ServiceParameters, *, city: str, level: int) -> ResponseSurface:
    """Return the response surface of one service area.

    Samples lie closer together for small fleets. More cars or more riders never mean fewer trips in the table: where
    the turn from scarce to plentiful cars dips by a little, the trips of the smaller fleet or demand stand.
    """
    top = largest_fleet(area, float(SCALES[-1]), parameters)
    vehicles = np.concatenate([[0.0], LEAST_VEHICLES + (top - LEAST_VEHICLES) * np.linspace(0.0, 1.0, FLEETS - 1) ** 2])
    day = mean_day(area, vehicles, SCALES, parameters)
    trips = np.maximum.accumulate(np.maximum.accumulate(day.trips, axis=0), axis=1)
    demand = SCALES * area.trips_per_day
    real = vehicles >= LEAST_VEHICLES
    planes, gap = concave_planes(vehicles[real], demand, trips[real])
    km_per_trip, km_per_vehicle_day = split_kilometres(vehicles, trips, day.km)
    surface = ResponseSurface(
        city=city,
        level=level,
        planes=planes,
        km_per_trip=km_per_trip,
        km_per_vehicle_day=km_per_vehicle_day,
        km_per_vehicle_day_most=most_km(area, parameters),
        demand_trips_per_day=area.trips_per_day,
        demand_min=float(demand[0]),
        demand_max=float(demand[-1]),
        vehicles_max=float(vehicles[-1]),
        hull_gap=gap,
        sample_vehicles=vehicles,
        sample_demand=np.concatenate([[0.0], demand]),
        sample_trips=np.concatenate([np.zeros((FLEETS, 1)), trips], axis=1),
        sample_wait_min=np.concatenate([day.wait_min[:, :1], day.wait_min], axis=1),
        sample_deadhead_share=np.concatenate([np.ones((FLEETS, 1)), day.deadhead_share], axis=1),
        sample_km=np.concatenate([_idle_km(vehicles, parameters)[:, None], day.km], axis=1),
    )
    return replace(surface, nearer=nearer_planes(surface))


def _idle_km(vehicles: Array, parameters: ServiceParameters) -> Array:
    return parameters.staging_km_per_vehicle_day * parameters.serving_days_share * vehicles
