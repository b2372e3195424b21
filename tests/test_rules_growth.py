"""Rules of growth, each on its rows alone: 20 vehicles and a tenth a month, 25 with an opening, 20 more with driver-out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fleetplan.catalogue.types import Catalogue
from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.pace import Growth, months_since
from fleetplan.optimize.rules.growth import fleets_from
from fleetplan.optimize.tidy import tidied, whole_columns
from tests.rule_builder import (
    APRIL,
    BOUGHT,
    DRIVEN,
    JULY,
    JUNE,
    Trial,
    instance,
    with_assumption,
    with_permit,
    written,
)

QUARTERS = {"horizon": {"start": "2027-01", "months": 12, "single_months": 6}}
LONG = {"horizon": {"start": "2027-01", "months": 24, "single_months": 24}}
LAUNCH, LIFT = 25, 20


# --- driver_out_service ---


def piloted(*rules: str) -> Trial:
    """Return alpha in Aston, open from April on; driver-out from July on."""
    trial = Trial(instance(BOUGHT), *rules).opened(APRIL)
    return trial.put(trial.f.columns.deployments[0].driver_out[JULY:], 1.0)


def test_a_service_is_driver_out_from_the_later_of_opening_and_permit_on_and_not_later():
    trial = piloted("driver_out_service")
    out = trial.f.columns.deployments[0].driver_out
    assert trial.kept
    assert not trial.put(out[JULY], 0.0).kept, "its launch may not wait"
    assert not piloted("driver_out_service").put(out[JUNE], 1.0).within_bounds
    assert not trial.put(out[JULY], 1.0).put(trial.f.columns.deployments[0].open[0], 0.0).kept


def test_where_every_mode_is_driver_out_it_is_so_from_its_opening():
    own = formulate(instance(DRIVEN)).columns.deployments[0]
    assert np.array_equal(own.driver_out, own.open[0])
    assert written(instance(DRIVEN), "driver_out_service") == 0


def test_a_solution_is_read_with_driver_out_as_it_is_defined():
    trial = piloted("driver_out_service").serving(20, slice(APRIL, None), mode=1)
    own = trial.f.columns.deployments[0]
    trial.x[own.driver_out] = 0.0
    x = tidied(trial.f, trial.x, whole_columns(trial.f))
    assert x[own.driver_out].tolist() == [0.0] * JULY + [1.0] * (12 - JULY)


# --- ramp ---


def test_growth_is_compounded_over_the_months_of_a_step():
    growth = Growth(10.0, 0.1)
    assert growth.over(0) == (1.0, 0.0)
    factor, more = growth.over(3)
    fleet = 40.0
    for _ in range(3):
        fleet = fleet * 1.1 + 10.0
    assert factor * 40.0 + more == pytest.approx(fleet)


@pytest.mark.parametrize(("vehicles", "allowed"), [(LAUNCH + LIFT, True), (LAUNCH + LIFT + 1, False)])
def test_an_opening_brings_so_many_vehicles_at_once(vehicles: int, allowed: bool):
    trial = Trial(instance(DRIVEN), "ramp").opened(JUNE).serving(20, slice(JULY, None))
    assert trial.serving(vehicles, JUNE).kept == allowed


def test_an_opening_in_the_first_period_brings_them_too():
    world = with_permit("b-out", months_likely=0, all_of=())
    trial = Trial(instance(DRIVEN, world), "ramp").opened(0).serving(LAUNCH + LIFT)
    assert trial.kept
    assert not trial.serving(LAUNCH + LIFT + 1, 0).kept


def test_a_pilot_opens_with_its_launch_and_driver_out_lifts_it_once():
    fleets = [LAUNCH, 47, 71, 118, 149, 149, 149, 149, 149]
    for k, most in enumerate(fleets[:5]):
        trial = piloted("ramp")
        for t, vehicles in enumerate(fleets, start=APRIL):
            trial.serving(vehicles, t)
        assert trial.kept
        assert not trial.serving(most + 1, APRIL + k).kept, most


def test_a_fleet_grows_with_the_months_between_the_starts_of_two_periods():
    i = instance({**DRIVEN, **QUARTERS})
    assert months_since(i.grid).tolist() == [0, 1, 1, 1, 1, 1, 1, 3]
    trial = Trial(i, "ramp").opened(JUNE).serving(20, slice(JUNE, None))
    assert trial.serving(42, JUNE + 1).serving(60, JUNE + 2).kept, "1.1 x 20 and 20"
    assert not trial.serving(43, JUNE + 1).kept
    trial.serving(20, JUNE + 1)
    assert trial.serving(92, JUNE + 2).kept, "1.331 x 20 and 66.2"
    assert not trial.serving(93, JUNE + 2).kept


def test_fleets_may_shrink():
    assert Trial(instance(DRIVEN), "ramp").opened(JUNE).serving(40, JUNE).serving(10, slice(JULY, None)).kept


def test_nothing_is_added_before_a_service_opens():
    assert not Trial(instance(DRIVEN), "ramp").serving(1, JUNE).kept


def test_without_the_ramp_a_fleet_may_jump_and_its_cut_is_gone_too():
    i = instance(BOUGHT)
    tight, wide = formulate(i), formulate(i, without={"ramp"})
    out = tight.columns.deployments[0].vehicles[1]
    assert tight.model.upper[out[JULY : JULY + 2]].tolist() == [math.floor(1.1 * 28 + 40), 85]
    assert wide.model.upper[out[JULY : JULY + 2]].tolist() == [85, 85]
    assert written(i, "ramp", without={"ramp"}) == 0
    assert written(i, "fleet_growth") > 0


# --- first_year_fleet ---


@pytest.mark.parametrize(
    ("opens", "vehicles", "allowed"), [(JUNE, 130, True), (JUNE + 1, 101, False), (JUNE + 1, 100, True)]
)
def test_a_fleet_stays_small_until_its_service_has_been_driver_out_for_a_year(opens: int, vehicles: int, allowed: bool):
    trial = Trial(instance({**DRIVEN, **LONG}, uncapped()), "first_year_fleet").opened(opens)
    trial.put(trial.f.columns.deployments[0].driver_out[opens:], 1.0)
    assert trial.serving(vehicles, JUNE + 12).kept == allowed


def test_within_the_first_year_of_all_it_bounds_the_columns():
    i = instance({**DRIVEN, **LONG}, uncapped())
    upper = formulate(i).model.upper[formulate(i).columns.deployments[0].vehicles[0]]
    assert upper[: JUNE + 12].max() == 100
    assert upper[JUNE + 12] > 100
    assert (
        formulate(i, without={"first_year_fleet"}).model.upper[formulate(i).columns.deployments[0].vehicles[0, 12]]
        > 100
    )


def uncapped() -> Catalogue:
    return with_permit("b-out", fleet_cap=0, world=with_assumption("supply.public_charging_cars", 500.0))


# --- partner_growth ---


def test_all_fleets_of_a_partner_grow_together_no_faster_than_what_it_runs():
    i = instance({"stacks": ["beta"]})
    assert i.by_partner == {"Beta": [0, 1]}
    trial = Trial(i, "partner_growth").opened(JULY, q=0).opened(JUNE, q=1)
    for q, opens in ((0, JULY), (1, JUNE)):
        trial.put(trial.f.columns.deployments[q].driver_out[opens:], 1.0)
    trial.serving(45, slice(JUNE, None), q=1).serving(20, slice(JULY, None), q=0)
    assert trial.kept
    assert trial.serving(81, JULY, q=0).kept, "1.15 x 45 and 30, and 45 of the launch, less the 45 that run"
    assert not trial.serving(82, JULY, q=0).kept


# --- fleet_growth ---


@pytest.mark.parametrize(
    "key", ["ramp", "driver_out_service", "permit_path", "permit_cap", "operator_pilot", "fleet_growth"]
)
def test_the_cut_on_growth_goes_with_each_rule_that_implies_it(key: str):
    assert written(instance(BOUGHT), "fleet_growth", without={key}) == 0
    assert written(instance(BOUGHT), "fleet_growth", loose=True) == 0


def test_a_fleet_outgrows_its_pilot_at_the_pace_of_the_ramp_from_driver_out_on():
    trial = Trial(instance(BOUGHT), "fleet_growth").opened(APRIL, begun=0)
    most = 1.1 * 28 + 20 + LIFT
    for period in (JULY, JULY + 1, JULY + 2):
        assert trial.serving(int(most), period).kept
        assert not trial.serving(int(most) + 1, period).kept
        trial.serving(0, period)
        most = math.floor(1.1 * most + 20)


def test_a_pilot_that_was_driver_out_is_lifted_no_further():
    i, lifted = instance({**DRIVEN, **LONG}), instance(BOUGHT)
    assert i.deployments[0].always_driver_out
    assert fleets_from(i, 0, 30.0, JUNE)[JUNE - 1 : JUNE + 3].tolist() == [30, 53, 78, 105], "1.1 x 30 and 20"
    assert fleets_from(i, 0, 10.0, JUNE)[JUNE] == LAUNCH + LIFT, "it may open then"
    assert not lifted.deployments[0].always_driver_out
    assert fleets_from(lifted, 0, 30.0, JUNE)[JUNE] == 53 + LIFT


def test_what_keeps_the_rules_behind_it_keeps_the_cut_on_growth():
    rng = np.random.default_rng(0)
    for _ in range(50):
        opens = int(rng.integers(APRIL, 10))
        trial = Trial(instance(BOUGHT), "fleet_growth").opened(opens, begun=0)
        fleet = 0.0
        for t in range(opens, 12):
            brings = LAUNCH * (t == opens) + LIFT * (t == max(opens, JULY))
            most = int(1.1 * fleet + 20 * (t > opens) + brings)
            fleet = min(int(rng.integers(most // 2, most + 1)), 28 if t < JULY else 1000)
            trial.serving(fleet, t, mode=int(t >= JULY))
        assert trial.kept


# --- whole_growth ---


def driven_for_long() -> Trial:
    """Return alpha in Belport, which may be open and driver-out for more than a year."""
    return Trial(instance({**DRIVEN, **LONG}, uncapped()), "whole_growth")


@pytest.mark.parametrize("key", ["ramp", "driver_out_service", "first_year_fleet", "whole_growth"])
def test_the_cut_on_whole_growth_goes_with_each_rule_that_implies_it(key: str):
    i = driven_for_long().f.instance
    assert written(i, "whole_growth") > 0
    assert written(i, "whole_growth", without={key}) == 0
    assert written(i, "whole_growth", loose=True) == 0


def test_a_first_year_is_outgrown_in_whole_vehicles():
    trial = driven_for_long().opened(JUNE)
    trial.put(trial.f.columns.deployments[0].driver_out[JUNE:], 1.0)
    for year, most in enumerate((130, 163, 199)):  # 163 x 1.1 and 20 are 199.3
        assert trial.serving(most, JUNE + 12 + year).kept
        assert not trial.serving(most + 1, JUNE + 12 + year).kept
        trial.serving(0, JUNE + 12 + year)


def test_what_keeps_the_rules_behind_it_keeps_the_cut_on_whole_growth():
    rng, quarters = np.random.default_rng(0), {"horizon": {"start": "2027-01", "months": 24, "single_months": 6}}
    for k in range(60):
        i = instance({**DRIVEN, **(LONG if k % 2 else quarters)}, uncapped())
        trial, starts = Trial(i, "whole_growth"), i.grid.starts
        opens = int(rng.integers(JUNE, JUNE + 3))
        trial.opened(opens).put(trial.f.columns.deployments[0].driver_out[opens:], 1.0)
        rules, fleet = Trial(i, "ramp", "first_year_fleet"), 0
        rules.opened(opens).put(rules.f.columns.deployments[0].driver_out[opens:], 1.0)
        for t in range(opens, i.periods):
            factor, more = i.world.growth.over(int(starts[t] - starts[t - 1]))
            fleet = LAUNCH + LIFT if t == opens else int(factor * fleet + more + 1e-9)
            fleet -= int(rng.integers(0, 3))
            while not rules.serving(fleet, t).kept:
                fleet -= 1
            trial.serving(fleet, t)
        assert trial.kept
