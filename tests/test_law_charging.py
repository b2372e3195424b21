"""What the law took from the simulation: one battery waits for the night, cars lag behind riders, a way is left."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.service.curves import _charging, _under_way
from fleetplan.service.law import Hour, serve, turns
from fleetplan.service.parameters import ServiceParameters
from fleetplan.simulate import Fleet, simulate
from fleetplan.simulate.layout import CHARGING
from fleetplan.simulate.scenario import Depots, Energy
from tests.simulate_support import scenario
from tests.small_city import assumptions, economics, small_city

PARAMETERS = ServiceParameters.of(small_city(), assumptions(), economics())
TRIPS = np.tile(np.concatenate([np.ones(8), np.full(16, 9.0)]), 2)
BATTERY_H = PARAMETERS.usable_kwh / PARAMETERS.charge_kw + PARAMETERS.charging_stop_h


@pytest.mark.parametrize("batteries", [0.5, 1.0, 2.5])
def test_one_battery_a_day_waits_for_quiet_hours_and_the_rest_comes_evenly(batteries: float):
    hours = np.full((2, 1, 1, 1), batteries * BATTERY_H)
    away = _charging(TRIPS, hours, PARAMETERS)[:24, 0, 0]
    assert away.sum() == pytest.approx(batteries * BATTERY_H)
    assert away[12] == pytest.approx(max(batteries - 1.0, 0.0) * BATTERY_H / 24.0)
    assert away.max() <= 1.0 / PARAMETERS.cars_per_stall + 1e-12


def test_cars_with_riders_lag_behind_trips_and_none_is_lost():
    ride = np.full(48, 0.4)
    under_way = _under_way(TRIPS, ride)
    assert (TRIPS * under_way)[:24].sum() == pytest.approx((TRIPS * ride)[:24].sum())
    assert under_way[8] == pytest.approx(0.4 - 0.08 + 0.08 / 9.0)  # the first hour of many trips
    assert under_way[12] == pytest.approx(0.4)
    assert _under_way(np.zeros(48), ride) == pytest.approx(ride)


def test_a_way_is_left_however_many_cars_stand_and_adds_as_right_angles_do():
    hour = Hour(np.array(500.0), np.array(0.25), np.array(0.0), np.array(60.0), np.array(0.03))
    plain = float(serve(hour, np.array(900.0), PARAMETERS).pickup_h) - PARAMETERS.pickup_fixed_h
    left = (
        float(serve(hour, np.array(900.0), replace(PARAMETERS, least_way_h=0.02)).pickup_h) - PARAMETERS.pickup_fixed_h
    )
    assert left == pytest.approx(np.hypot(plain, 0.02), rel=0.02)


def test_a_smaller_shape_spreads_waits_about_the_same_mean():
    assert turns(0.6).mean() == pytest.approx(turns(1.2).mean())
    assert turns(0.6).std() > turns(1.0).std() > turns(1.2).std()


def test_cars_are_at_plugs_when_they_are_to_be_though_riders_wait():
    given = scenario(8, 10, 900)
    energy, depots = (
        Energy(usable_kwh=25.0, top_up_below=0.8),
        Depots(np.array([5], np.int32), np.array([2], np.int32), np.array([60.0])),
    )
    charged = []
    for at_plugs in (None, np.repeat([2, 0], 48)):
        fleet = Fleet(given.fleet.start, energy=energy, depots=depots, at_plugs=at_plugs)
        result = simulate(replace(given, fleet=fleet))
        charged.append(result.state_h[:48, CHARGING].sum())
    assert charged[1] > charged[0]
