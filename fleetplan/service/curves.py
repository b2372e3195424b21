"""A fleet's mean day in a service area: the hourly law under charging, downtime and weather, summed over the week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.service.area import DAY_WEIGHT, AreaDemand
from fleetplan.service.law import LONGEST_WAIT_H, Hour, HourService, balance, needed_vehicles, read_at
from fleetplan.service.parameters import ServiceParameters

Array = NDArray[np.float64]

CHARGING_ROUNDS = 3
NIGHT_SHARE = 0.4
"""Of a battery, what the quiet hours fill a day: cars charge then that are below so much of it, as in a replay (our judgement,
range 0.2-0.6, as for ``top_up_below`` of :class:`fleetplan.simulate.scenario.Energy`)."""
MOST_PARKED = 0.5
"""Cars are switched on ``service_hours`` a day; they are parked in the quietest hours, never more than half at once."""


@dataclass(frozen=True, eq=False)
class DayService:
    """A mean day, arrays of shape (vehicles, demands)."""

    trips: Array
    wait_min: Array
    pickup_min: Array
    deadhead_share: Array
    km: Array
    charging_h: Array


def mean_day(
    area: AreaDemand, vehicles: Array, scales: Array, parameters: ServiceParameters, weight: Array = DAY_WEIGHT
) -> DayService:
    """Return the mean day of fleets of ``vehicles`` (v,) under shares ``scales`` (d,) of the area's full demand.

    Vehicles are those assigned to the area; some are in the workshop, charging or parked. Charging is put into
    the hours of least demand, as far as the plugs allow; its length follows from the kilometres driven, so it is found
    in a few rounds. The rest of the hours that a car is not switched on it is parked, in the quietest hours too.

    ``weight``, shape (48,), says how much of a day each hour is: a mean day, or a weekday alone.
    """
    service, km, charging = _settled(area, vehicles, scales, parameters)
    return _mean_day(service, km, vehicles, charging, parameters, weight)


def by_hour(area: AreaDemand, vehicles: float, scale: float, parameters: ServiceParameters) -> tuple[Array, Array]:
    """Return trips and mean wait (min) of one fleet in each hour of a day with service, shapes (48,): see :func:`mean_day`."""
    service, _, _ = _settled(area, np.array([vehicles]), np.array([scale]), parameters)
    return np.asarray(service.trips[:, 0, 0]), np.asarray(60.0 * service.wait_h[:, 0, 0])


def _settled(
    area: AreaDemand, vehicles: Array, scales: Array, parameters: ServiceParameters
) -> tuple[HourService, _Kilometres, Array]:
    """Return the hours of fleets once charging is where they drive for it, and hours at a plug by day type."""
    hour = _hours(area, scales, parameters.pace)
    active = on_the_road(area, parameters) * vehicles[None, :, None]
    charging = np.zeros((2, 1, len(vehicles), len(scales)))
    table = balance(hour, parameters)
    for _ in range(CHARGING_ROUNDS):
        parked = np.maximum(24.0 - parameters.service_hours - charging, 0.0)
        off = _in_the_trough(area.trips_per_hour, parked, MOST_PARKED)
        away = off + _charging(area.trips_per_hour, charging, 1.0 - off, parameters)
        service = read_at(table, active * (1.0 - away))
        km = _kilometres(area, service, parameters)
        charging = _charging_hours(km, vehicles, parameters)
    return service, km, charging


def largest_fleet(area: AreaDemand, scale: float, parameters: ServiceParameters) -> float:
    """Return a fleet that serves practically all of ``scale`` of the full demand in the busiest hour."""
    need = needed_vehicles(_hours(area, np.array([scale]), parameters.pace), parameters).max()
    return float(1.3 * need / on_the_road(area, parameters) + 10.0)


def most_km(area: AreaDemand, parameters: ServiceParameters) -> float:
    """Return the kilometres that a vehicle can drive in a mean day: its hours switched on at street speed, workshop apart."""
    hours = min(parameters.service_hours, 24.0) * parameters.available_share
    speed = parameters.pace * float((area.speed_kmh * DAY_WEIGHT).sum() / DAY_WEIGHT.sum())
    return parameters.serving_days_share * hours * speed


def on_the_road(area: AreaDemand, parameters: ServiceParameters) -> float:
    """Return the share of a fleet fit for riders, charging apart: not out, not on its way to a stand."""
    staging_h = parameters.staging_km_per_vehicle_day / (parameters.pace * float(area.speed_kmh.mean()))
    return parameters.available_share * (1.0 - staging_h / 24.0)


def _hours(area: AreaDemand, scales: Array, pace: float) -> Hour:
    def tall(values: Array) -> Array:
        return values[:, None, None]

    return Hour(
        demand=tall(area.trips_per_hour) * scales[None, None, :],
        ride_h=tall(_under_way(area.trips_per_hour, area.ride_h / pace)),
        rebalance_h=tall(area.empty_km / area.speed_kmh / pace),
        effective_km2=tall(area.effective_km2),
        search_h_per_km=tall(area.search_h_per_km / pace),
    )


def _under_way(trips_per_hour: Array, ride_h: Array) -> Array:
    """Return cars with riders in each hour over trips that begin in it, (48,): those who asked before still ride (h).

    Of trips that begin evenly within an hour and take r hours the part r / 2 is under way in the next one: cars lag behind riders
    (Eick, Massey & Whitt 1993, Management Science 39:241-252). Hour 0 follows hour 23 of the same day type.
    """
    trips, ride = trips_per_hour.reshape(2, 24), np.minimum(ride_h, 1.0).reshape(2, 24)
    later = trips * ride**2 / 2.0
    with_riders = trips * ride_h.reshape(2, 24) - later + np.roll(later, 1, axis=1)
    return np.asarray(np.where(trips > 0, with_riders / np.maximum(trips, 1e-12), ride_h.reshape(2, 24)).ravel())


def _in_the_trough(trips_per_hour: Array, hours: Array, most: float | Array) -> Array:
    """Return the share of the fleet away in each hour, (48, v, d), at most ``most``; the quietest hours fill first.

    ``hours`` has shape (2, 1, v, d): hours per vehicle on weekdays and on weekend days.
    """
    rank = np.argsort(np.argsort(trips_per_hour.reshape(2, 24), axis=1, kind="stable"), axis=1)
    away = np.clip(hours - most * rank[:, :, None, None], 0.0, most)
    return away.reshape(48, *hours.shape[2:])


def _charging(trips_per_hour: Array, hours: Array, on: Array, parameters: ServiceParameters) -> Array:
    """Return the share of the fleet that charges in each hour, (48, v, d), for hours a vehicle as in :func:`_in_the_trough`.

    ``NIGHT_SHARE`` of a battery is filled in the quiet hours. What a car drives beyond that a day cannot wait for them: it is
    charged as batteries run empty, in proportion to the cars that are switched on, ``on`` (48, v, d).
    """
    most = 1.0 / parameters.cars_per_stall
    battery_h = parameters.usable_kwh / parameters.charge_kw + parameters.charging_stop_h
    at_once = np.maximum(hours - NIGHT_SHARE * battery_h, 0.0)
    by_day = on.reshape(2, 24, *on.shape[1:])
    as_driven = (at_once / 24.0 * by_day / by_day.mean(axis=1, keepdims=True)).reshape(on.shape)
    return np.asarray(
        as_driven + _in_the_trough(trips_per_hour, hours - at_once, np.maximum(most - at_once / 24.0, 0.0))
    )


@dataclass(frozen=True, eq=False)
class _Kilometres:
    loaded: Array
    empty: Array


def _kilometres(area: AreaDemand, service: HourService, parameters: ServiceParameters) -> _Kilometres:
    """Return km per hour with and without riders, shapes (48, v, d); a pickup's fixed part is time, not distance."""
    speed = parameters.pace * area.speed_kmh[:, None, None]
    searching = service.pickup_h - parameters.pickup_fixed_h
    return _Kilometres(
        loaded=service.trips * area.ride_km[:, None, None],
        empty=service.trips * speed * (searching + service.rebalance_h),
    )


def _charging_hours(km: _Kilometres, vehicles: Array, parameters: ServiceParameters) -> Array:
    driven = (km.loaded + km.empty).reshape(2, 24, *km.loaded.shape[1:]).sum(axis=1, keepdims=True)
    per_vehicle = driven / np.maximum(vehicles, 1e-9)[None, None, :, None] + parameters.staging_km_per_vehicle_day
    energy = per_vehicle * parameters.energy_kwh_per_km + parameters.aux_kw * parameters.service_hours
    hours = energy / parameters.charge_kw + energy / parameters.usable_kwh * parameters.charging_stop_h
    return np.asarray(np.minimum(hours, 24.0 / parameters.cars_per_stall))


def _mean_day(
    service: HourService,
    km: _Kilometres,
    vehicles: Array,
    charging: Array,
    parameters: ServiceParameters,
    weight: Array,
) -> DayService:
    def day(values: Array) -> Array:
        return np.tensordot(weight, values, axes=1)

    trips = day(service.trips)
    staging = parameters.staging_km_per_vehicle_day * np.broadcast_to(vehicles[:, None], trips.shape)
    loaded, empty = day(km.loaded), day(km.empty) + staging
    total = loaded + empty
    served = np.where(trips > 0, trips, 1.0)
    wait = np.where(trips > 0, day(service.trips * service.wait_h) / served, LONGEST_WAIT_H)
    open_days = parameters.serving_days_share
    return DayService(
        trips=open_days * trips,
        wait_min=60.0 * wait,
        pickup_min=60.0 * day(service.trips * service.pickup_h) / served,
        deadhead_share=np.divide(empty, total, out=np.zeros_like(total), where=total > 0),
        km=open_days * total,
        charging_h=(charging[0, 0] * 5.0 + charging[1, 0] * 2.0) / 7.0,
    )
