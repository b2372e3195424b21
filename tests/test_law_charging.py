"""What the law took from the simulation: part of a battery waits for the night, cars lag behind riders, whom to choose from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.service.curves import NIGHT_SHARE, _charging, _under_way
from fleetplan.service.law import Hour, balance, serve, turns
from fleetplan.service.parameters import ServiceParameters
from fleetplan.simulate import Fleet, simulate
from fleetplan.simulate.layout import CHARGING
from fleetplan.simulate.scenario import Depots, Energy
from tests.simulate_support import scenario
from tests.small_city import assumptions, economics, small_city

PARAMETERS = ServiceParameters.of(small_city(), assumptions(), economics())
TRIPS = np.tile(np.concatenate([np.ones(8), np.full(16, 9.0)]), 2)
BATTERY_H = PARAMETERS.usable_kwh / PARAMETERS.charge_kw + PARAMETERS.charging_stop_h


@pytest.mark.parametrize("batteries", [0.3, 1.0, 2.5])
def test_part_of_a_battery_a_day_waits_for_quiet_hours_and_the_rest_comes_as_cars_drive(batteries: float):
    hours = np.full((2, 1, 1, 1), batteries * BATTERY_H)
    on = np.tile(np.concatenate([np.full(8, 0.5), np.ones(16)]), 2)[:, None, None]
    away = _charging(TRIPS, hours, on, PARAMETERS)[:24, 0, 0]
    assert away.sum() == pytest.approx(batteries * BATTERY_H)
    assert away[12] == pytest.approx(max(batteries - NIGHT_SHARE, 0.0) * BATTERY_H / 20.0)
    assert away[:8].max() <= 1.0 / PARAMETERS.cars_per_stall + 1e-12


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


def test_ways_are_no_longest_where_neither_cars_nor_riders_are_left_over():
    """Cars stand in one place while riders wait in another: with scarce cars there is always somebody to choose from."""
    hour = Hour(np.array(500.0), np.array(0.25), np.array(0.0), np.array(60.0), np.array(0.03))
    table = balance(hour, PARAMETERS)
    pulled = (500.0 * 0.03 * np.sqrt(60.0)) ** (2.0 / 3.0)
    even = np.searchsorted(table.vehicles - table.riders * table.each_h, 0.4 * pulled)
    least = 0.03 * np.sqrt(60.0 / pulled) + PARAMETERS.pickup_fixed_h
    assert table.pickup_h[even] < 1.2 * least


def test_thin_services_ways_follow_the_root_of_density_like_thick_ones():
    """A fiftieth of riders and as many times fewer cars to spare: ways longer by the root, whatever the constants."""
    ways = []
    for riders, spare in ((5000.0, 1000.0), (100.0, 20.0)):
        hour = Hour(np.array(riders), np.array(0.25), np.array(0.0), np.array(60.0), np.array(0.005))
        table = balance(hour, PARAMETERS)
        to_spare = table.vehicles - table.riders * table.each_h
        ways.append(float(np.interp(spare, to_spare, table.pickup_h)) - PARAMETERS.pickup_fixed_h)
    assert ways[1] / ways[0] == pytest.approx(np.sqrt(50.0), rel=0.05)


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
