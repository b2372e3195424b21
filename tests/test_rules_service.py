"""Rules of service: areas, fleets, riders and trips, each on its rows alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.catalogue.types import Catalogue
from fleetplan.months import Grid
from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.gather import productivity_matrix
from fleetplan.optimize.reach import MOST_VEHICLES
from fleetplan.optimize.rules.service import months_to_grow
from tests.plan_builder import CURVE, PER_CAR, PILOT
from tests.rule_builder import (
    APRIL,
    BOUGHT,
    DRIVEN,
    JULY,
    JUNE,
    WORLD,
    Trial,
    instance,
    with_assumption,
    written,
)

ASTON = {"cities": ["aston"]}
LONG = {"horizon": {"start": "2027-01", "months": 24, "single_months": 24}}
LEAST_USE = 5.0


def with_adoption(values: list[float]) -> Catalogue:
    """Return the world with another curve of adoption."""
    figure = replace(WORLD.assumptions["adoption.curve_monthly"], values=tuple(values))
    return replace(WORLD, assumptions={**WORLD.assumptions, "adoption.curve_monthly": figure})


# --- no_service_before_open ---


def test_vehicles_serve_and_riders_are_offered_only_in_an_open_area():
    trial = Trial(instance(DRIVEN), "no_service_before_open").opened(JULY)
    own = trial.f.columns.deployments[0]
    assert trial.serving(20, JULY).put(own.demand[0, JULY], 100.0).kept
    assert not trial.put(own.demand[0, JUNE], 1.0).kept
    assert not trial.put(own.demand[0, JUNE], 0.0).serving(1, JUNE).kept


def test_they_are_those_of_the_largest_area_that_is_open():
    trial = Trial(instance(DRIVEN), "no_service_before_open").opened(JUNE, level=2)
    own = trial.f.columns.deployments[0]
    assert trial.serving(20, JUNE + 3, level=2).put(own.demand[1, JUNE + 3], 100.0).kept
    assert not trial.put(own.demand[0, JUNE + 3], 1.0).kept
    assert not trial.put(own.demand[0, JUNE + 3], 0.0).serving(20, JUNE + 3, level=1).kept


def test_vehicles_by_mode_are_the_vehicles_by_area():
    trial = Trial(instance(BOUGHT), "no_service_before_open").opened(APRIL)
    own = trial.f.columns.deployments[0]
    assert trial.serving(12, 5, mode=0).kept
    assert not trial.put(own.fleet[0, 5], 11.0).kept


# --- vehicles_max ---


def test_a_fleet_stays_within_the_largest_one_sampled_and_does_not_where_the_rule_is_dropped():
    plenty = with_assumption(
        "supply.public_charging_cars", 1000.0, with_assumption("fleet.growth_vehicles_per_month", 500.0)
    )
    plenty = with_assumption("fleet.first_year_fleet", 1000.0, plenty)
    i = instance(BOUGHT, plenty)
    tight, wide = formulate(i), formulate(i, without={"vehicles_max"})
    own = tight.columns.deployments[0]
    assert i.ceilings["alpha"][-1] == 260
    assert tight.model.upper[own.fleet[0, -1]] == 200
    assert wide.model.upper[own.fleet[0, -1]] == 260
    both = {"vehicles_max", "stack_supply", "depot_capacity", "ramp", "first_year_fleet"}
    assert formulate(i, without=both).model.upper[own.fleet[0, -1]] == MOST_VEHICLES


# --- area_density ---


@pytest.mark.parametrize(("vehicles", "allowed"), [(19.9, False), (20, True)])
def test_a_larger_area_has_vehicles_enough_for_its_size(vehicles: float, allowed: bool):
    trial = Trial(instance(DRIVEN), "area_density").opened(JUNE, level=2)
    assert trial.i.levels_of(0)[1].area_km2 / trial.i.world.km2_per_vehicle == 20
    assert trial.serving(vehicles, slice(JUNE, None), level=2).kept == allowed


def test_the_first_area_has_no_least_density():
    assert Trial(instance(DRIVEN), "area_density").opened(JUNE).serving(1, slice(JUNE, None)).kept


def test_an_area_that_no_fleet_can_be_dense_enough_for_is_shut_and_open_where_the_rule_is_dropped():
    i = instance(DRIVEN, with_assumption("fleet.km2_per_vehicle_most", 1.0))
    tight, wide = formulate(i), formulate(i, without={"area_density"})
    larger = tight.columns.deployments[0].open[1]
    assert (tight.model.upper[larger] == 0).all()
    assert (wide.model.upper[larger[JUNE + 3 :]] == 1).all()
    assert written(i, "area_density", without={"area_density"}) == 0


# --- partner_use ---


@pytest.mark.parametrize(("trips", "allowed"), [(99.9, False), (100, True)])
def test_cars_of_a_partner_paid_by_the_trip_have_their_least_trips_once_their_service_is_a_year_old(
    trips: float, allowed: bool
):
    trial = Trial(instance({**DRIVEN, **LONG}), "partner_use").opened(JUNE).serving(20, JUNE + 12)
    assert trial.i.world.partner_least_trips == LEAST_USE
    assert trial.put(trial.f.columns.deployments[0].trips[0, JUNE + 12], trips).kept == allowed


def test_a_service_in_its_first_year_may_have_fewer():
    assert Trial(instance({**DRIVEN, **LONG}), "partner_use").opened(JULY).serving(20, JUNE + 12).kept


# --- productivity, driving_day ---


@pytest.mark.parametrize(
    ("out", "each"), [(JUNE, PER_CAR[2]), (JULY, PER_CAR[1]), (JUNE + 7, PER_CAR[0]), (None, PER_CAR[0])]
)
def test_cars_make_more_trips_as_their_service_ages_counted_with_spares(out: int | None, each: float):
    trial = Trial(instance({**BOUGHT, **LONG}), "productivity").opened(APRIL).serving(20, JUNE + 12)
    own = trial.f.columns.deployments[0]
    if out is not None:
        trial.put(own.driver_out[max(out, JULY) :], 1.0)
    at = JUNE + 12 if out != JUNE else JULY + 12
    trial.serving(20, at)
    assert trial.put(own.trips[0, at], 1.1 * 20 * each).kept
    assert not trial.put(own.trips[0, at], 1.1 * 20 * each + 0.1).kept


def test_a_period_has_the_mean_of_its_months_and_no_half_year_less_than_one_before():
    grid = Grid(24300, (1, 3, 3, 3, 3))
    made = productivity_matrix(grid, [10.0, 16.0, 12.0])
    assert made[0].tolist() == [10.0, 10.0, 12.0, 16.0, 16.0]
    assert (np.diff(made[0]) >= 0).all()
    assert made[1, 1] == 10.0


def test_young_cars_make_as_many_trips_as_old_ones_where_the_rule_is_dropped():
    assert written(instance(BOUGHT), "productivity") > 0
    assert written(instance(BOUGHT), "productivity", without={"productivity"}) == 0


@pytest.mark.parametrize(("trips", "allowed"), [(422, True), (423, False)])
def test_vehicles_drive_no_farther_than_their_hours_let_them(trips: float, allowed: bool):
    trial = Trial(instance(DRIVEN), "driving_day").opened(JUNE).serving(20, JULY)
    assert trial.put(trial.f.columns.deployments[0].trips[0, JULY], trips).kept == allowed, (
        "9 km a trip, 40 of 230 km a car"
    )


def test_vehicles_that_the_platform_buys_may_stand_idle():
    assert written(instance(BOUGHT), "partner_use") == 0
    assert written(instance(DRIVEN), "partner_use", without={"partner_use"}) == 0


# --- response_curve ---


@pytest.mark.parametrize(
    ("vehicles", "demand", "most"),
    [(20, 1000.0, 400.0), (60, 400.0, 380.0), (40, 1000.0, 800.0), (60, 800.0, 760.0), (60, 1000.0, 950.0)],
)
def test_trips_stay_under_every_plane_of_the_area_in_force(vehicles: int, demand: float, most: float):
    trial = Trial(instance(DRIVEN), "response_curve").opened(JUNE).serving(vehicles, JULY + 4)
    own = trial.f.columns.deployments[0]
    trial.put(own.demand[0, JULY + 4], demand)
    assert trial.put(own.trips[0, JULY + 4], most).kept
    assert not trial.put(own.trips[0, JULY + 4], most + 0.01).kept


def test_no_more_trips_are_served_than_riders_offered():
    trial = Trial(instance(DRIVEN), "response_curve").opened(JUNE).serving(60, JULY)
    own = trial.f.columns.deployments[0]
    assert not trial.put(own.demand[0, JULY], 100.0).put(own.trips[0, JULY], 100.1).kept


def test_a_limit_that_is_asked_for_does_not_move_the_curves():
    capped = {**DRIVEN, "constraints": [{"id": "c", "type": "fleet_cap", "vehicles": 10}]}
    free, limited = formulate(instance(DRIVEN)), formulate(instance(capped))
    assert np.array_equal(free.domain.deployments[0].fleet, limited.domain.deployments[0].fleet)
    assert limited.reach.deployments[0].fleet.max() == 10


# --- demand ---


@pytest.mark.parametrize("level", [1, 2])
def test_riders_are_those_of_each_ring_by_its_age(level: int):
    trial = Trial(instance(DRIVEN), "demand").opened(JUNE).opened(JUNE + 2, level=level)
    own = trial.f.columns.deployments[0]
    trial.put(own.open[0, JUNE:], 1.0)
    scale = trial.i.deployments[0].scale[8]
    most = scale * (2000 * CURVE[3] + (1000 * CURVE[1] if level == 2 else 0))
    assert trial.put(own.demand[level - 1, 8], most).kept
    assert not trial.put(own.demand[level - 1, 8], most + 0.1).kept


def test_riders_within_reach_bound_the_columns_and_without_the_rule_all_there_are_do():
    i = instance(DRIVEN)
    tight, wide = formulate(i), formulate(i, without={"demand"})
    first = tight.columns.deployments[0].demand[0, JUNE]
    scale = i.deployments[0].scale[JUNE]
    assert tight.model.upper[first] == pytest.approx(2000 * CURVE[0] * scale)
    assert wide.model.upper[first] == pytest.approx(2000 * scale)
    assert written(i, "demand", without={"demand"}) == 0


@pytest.mark.parametrize("curve", [[0.9, 0.3, 0.2], [0.2, 1.4, 0.5]])
def test_bounds_on_riders_cut_off_no_opening_whatever_the_curve_of_adoption(curve: list[float]):
    i = instance(DRIVEN, with_adoption(curve))
    for opens in range(JUNE, 12):
        trial = Trial(i, "demand", "no_service_before_open").opened(opens)
        own = trial.f.columns.deployments[0]
        for t in range(opens, 12):
            most = i.deployments[0].scale[t] * 2000 * curve[min(t - opens, 2)]
            trial.x[own.demand[0]] = 0.0
            assert trial.put(own.demand[0, t], most).kept
            assert trial.within_bounds


# --- city_demand, city_live ---


def test_stacks_of_a_city_share_the_riders_it_has_won_since_its_first_opening():
    trial = Trial(instance(ASTON), "city_demand").opened(APRIL, q=0).opened(JULY, q=1)
    trial.put(trial.f.columns.live["aston"][APRIL:], 1.0).put(trial.f.columns.driver_out_live["aston"][JULY:], 1.0)
    first, second = trial.f.columns.deployments
    for t, share in ((JULY + 1, CURVE[1]), (JUNE, PILOT)):
        most = 2000 * share
        scales = [d.scale[t] for d in trial.i.deployments]
        trial.put(first.demand[0, t], 0.7 * most * scales[0])
        assert trial.put(second.demand[0, t], 0.3 * most * scales[1]).kept
        assert not trial.put(second.demand[0, t], 0.3001 * most * scales[1]).kept
        trial.put(first.demand[0, t], 0.0).put(second.demand[0, t], 0.0)


def test_a_pilot_with_an_operator_wins_few_riders_and_starts_no_clock():
    trial = Trial(instance(BOUGHT), "demand").opened(APRIL)
    own = trial.f.columns.deployments[0]
    trial.put(own.driver_out[JULY:], 1.0)
    for t, share in ((APRIL, PILOT), (JUNE, PILOT), (JULY, CURVE[0]), (JULY + 2, CURVE[2])):
        most = 2000 * share * trial.i.deployments[0].scale[t]
        assert trial.put(own.demand[0, t], most).kept
        assert not trial.put(own.demand[0, t], most + 0.1).kept
        trial.put(own.demand[0, t], 0.0)


# --- area_growth ---


def test_an_area_grows_from_driver_out_on_and_takes_its_months_for_every_doubling():
    assert [months_to_grow(50.0, km2, 3.0) for km2 in (50.0, 80.0, 100.0, 400.0)] == [0, 3, 3, 9]
    for opens, allowed in ((JULY + 2, False), (JULY + 3, True)):
        trial = Trial(instance(BOUGHT), "area_growth").opened(APRIL).opened(opens, level=2)
        trial.put(trial.f.columns.deployments[0].open[0, APRIL:], 1.0)
        trial.put(trial.f.columns.deployments[0].driver_out[JULY:], 1.0)
        assert (trial.kept and trial.within_bounds) == allowed


def test_an_area_that_cannot_have_grown_is_shut():
    tight, wide = formulate(instance(DRIVEN)), formulate(instance(DRIVEN), without={"area_growth"})
    larger = tight.columns.deployments[0].open[1]
    assert tight.model.upper[larger].tolist() == [0.0] * (JUNE + 3) + [1.0] * (12 - JUNE - 3)
    assert wide.model.upper[larger[JUNE]] == 1.0


def test_a_stack_in_a_larger_area_takes_nothing_from_the_limit_of_the_smaller():
    trial = Trial(instance(ASTON), "city_demand")
    trial.put(trial.f.columns.live["aston"], 1.0).put(trial.f.columns.driver_out_live["aston"], 1.0)
    first, second = trial.f.columns.deployments
    inner, outer = 2000 * CURVE[4], 3000 * CURVE[4]
    scales = [d.scale[-1] for d in trial.i.deployments]
    trial.put(first.demand[0, -1], inner * scales[0])
    assert trial.put(second.demand[1, -1], (outer - inner) * scales[1]).kept
    assert not trial.put(second.demand[1, -1], (outer - inner + 1) * scales[1]).kept


def test_a_stack_alone_in_its_city_shares_with_nobody():
    assert written(instance(DRIVEN), "city_demand") == 0
    assert written(instance(ASTON), "city_demand", without={"city_demand"}) == 0


def test_where_adoption_falls_a_city_s_age_counts_from_its_first_opening_all_the_same():
    world = with_adoption([0.9, 0.3, 0.2])
    assert written(instance(DRIVEN, world), "city_demand") > 0, "a young ring could claim more than the city has"
    trial = Trial(instance(DRIVEN, world), "city_live").opened(JUNE)
    out = trial.f.columns.driver_out_live["belport"]
    assert not trial.put(trial.f.columns.live["belport"][JUNE:], 1.0).put(out[JULY:], 1.0).kept, (
        "it would be younger than it is"
    )
    assert trial.put(out[JUNE:], 1.0).kept


def test_a_city_is_live_from_its_first_opening_and_stays_so():
    trial = Trial(instance(ASTON), "city_live").opened(JULY, q=1)
    live = trial.f.columns.live["aston"]
    assert not trial.put(live[APRIL:], 1.0).kept
    assert trial.opened(APRIL, q=0).kept
    assert not trial.put(live[JULY], 0.0).kept
