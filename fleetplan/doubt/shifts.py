"""What figures that stand in the response curves make of a plan: the service law, asked at the plan's fleets and riders.

A response curve is made from a city's streets and trips under figures such as a robotaxi's pace or how riders take to waiting.
The plan's areas and fleets stay; the law of each area is asked again with the figure at its low and at its high, and what it
says of trips and kilometres, relative to the likely figures, multiplies those of the plan. Between the ends the effect is
geometric in how far the figure lies on the way, and several figures multiply.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.doubt.futures import Futures
from fleetplan.doubt.riders import LawShift

Array = NDArray[np.float64]

SERVICE = (
    *("service.boarding_min", "service.pickup_fixed_min", "service.batching_s", "service.out_share"),
    *(
        "service.staging_km_per_vehicle_day",
        "service.aux_kw",
        "service.service_hours",
        "service.charge_window_kw_share",
    ),
    *("service.energy_kwh_per_km", "service.pace", "service.usable_kwh", "service.charging_stop_h"),
    *("wait.elasticity", "wait.reference_min", "vehicles_per_fast_stall"),
)
"""Figures of the law that are the same for all cities."""

OF_CITY = ("weather.days_without_service", "weather.winter_energy_factor", "speed.peak_kmh")
"""Figures of a city that the law of an area reads by itself."""

REMADE = (
    *("speed.offpeak_kmh", "speed.freeway_kmh", "speed.circuity", "market.mean_trip_km", "market.airport_share"),
    *("population.scale", "profile."),
)
"""Figures for which a city's streets and trips would have to be made anew."""


def in_curves(key: str) -> bool:
    """Return whether a figure stands in the response curves."""
    return key.partition("#")[2].startswith((*SERVICE, *OF_CITY, *REMADE))


PARTS = ("trips", "km", "km_most", "riders", "trip_km")
LEAST_RATIO = 1e-6
"""Of a ratio: a figure's end at which the law serves nobody at all."""


@dataclass(frozen=True, eq=False)
class Shifts:
    """What each figure in the curves makes of every service at its low and at its high, relative to the likely one.

    ``ends``: by service (``city/stack``) and the figure's key, shape (2, parts, periods), parts as in ``PARTS``.
    """

    ends: Mapping[str, Mapping[str, Array]]

    def knows(self, key: str) -> bool:
        """Return whether the curves were asked about a figure."""
        return any(key in known for known in self.ends.values())

    def of(self, futures: Futures) -> dict[str, LawShift]:
        """Return what the futures make of the curves of every service."""
        return {name: _together(futures, known) for name, known in self.ends.items()}


def _together(futures: Futures, known: Mapping[str, Array]) -> LawShift:
    logs = [np.zeros((1, 1)) for _ in PARTS]
    for key, ends in known.items():
        if key not in futures.curves:
            continue
        at = futures.curves[key].reshape(-1, 1)
        for part in range(len(PARTS)):
            low, high = np.log(np.maximum(ends[:, part], LEAST_RATIO))
            logs[part] = logs[part] + np.maximum(-at, 0.0) * low + np.maximum(at, 0.0) * high
    return LawShift(*(np.exp(log) for log in logs))
