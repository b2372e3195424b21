"""Caps of permits, pilots with an operator, minimum fleets: each rule on its rows alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.optimize.formulate import formulate
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
    with_new_permit,
    with_permit,
    written,
)

EASY = with_assumption("fleet.operator_pilot_cap", 1000.0)


# --- permit_cap ---


@pytest.mark.parametrize(("vehicles", "allowed"), [(30, True), (31, False)])
def test_a_mode_stays_within_the_cap_of_the_permit_that_opens_it(vehicles: int, allowed: bool):
    assert Trial(instance(BOUGHT, EASY), "permit_cap").serving(vehicles, APRIL, mode=0).kept == allowed


def test_a_mode_s_cap_bounds_its_column_and_no_longer_does_where_the_rule_is_dropped():
    tight, wide = (formulate(instance(BOUGHT, EASY), without=w) for w in ((), {"permit_cap"}))
    operated = tight.columns.deployments[0].vehicles[0]
    assert tight.model.upper[operated[-1]] == 30
    assert wide.model.upper[operated[-1]] > 30
    assert written(instance(BOUGHT), "permit_cap", without={"permit_cap"}) == 0


def two_permits_for_one_mode() -> Trial:
    world = with_new_permit("a-op", EASY, id="a-op-wider", fleet_cap=40, months_likely=3)
    return Trial(instance(BOUGHT, world), "permit_cap", "permit_path", loose=True).opened(APRIL)


def test_of_two_permits_for_a_mode_the_wider_cap_in_hand_counts_and_not_their_sum():
    trial = two_permits_for_one_mode()
    first, second = (
        next(m for m, mode in enumerate(trial.i.deployments[0].modes) if mode.permit == permit)
        for permit in ("a-op", "a-op-wider")
    )
    assert trial.serving(30, APRIL, mode=first).kept
    assert trial.serving(40, JUNE, mode=second).kept, "the wider permit came in June"
    assert not trial.serving(1, JUNE, mode=first).kept
    assert not two_permits_for_one_mode().serving(31, APRIL, mode=first).kept


@pytest.mark.parametrize(("own", "other", "allowed"), [(40, 20, True), (41, 20, False), (60, 0, True)])
def test_all_stacks_of_a_city_share_a_quota(own: int, other: int, allowed: bool):
    world = with_permit("a-out", fleet_cap=60, fleet_cap_kind="shared_quota")
    trial = Trial(instance({"cities": ["aston"]}, world), "permit_cap")
    trial.serving(own, JULY, q=0, mode=1).serving(other, JULY, q=1, mode=1)
    assert trial.kept == allowed


def test_a_quota_of_a_permit_that_is_not_needed_limits_only_the_mode_it_opens():
    world = with_permit("a-op", EASY, fleet_cap=12, fleet_cap_kind="shared_quota")
    trial = Trial(instance({"cities": ["aston"]}, world), "permit_cap")
    assert trial.serving(12, JULY, q=0, mode=0).serving(100, JULY, q=0, mode=1).kept
    assert not trial.serving(1, JULY, q=1, mode=0).kept
    reach = trial.f.reach.deployments[0]
    assert reach.modes[0, -1] == 12
    assert reach.fleet[-1] > 12


@pytest.mark.parametrize(("first", "last", "allowed"), [(25, 20, True), (26, 20, False)])
def test_additions_of_a_calendar_year_stay_within_a_type_s_number(first: int, last: int, allowed: bool):
    i = instance({**DRIVEN, "horizon": {"start": "2026-12", "months": 14, "single_months": 14}})
    trial = Trial(i, "permit_cap")
    added = trial.f.columns.deployments[0].added
    trial.put(added[0], 45.0).put(added[2], first).put(added[12], last).put(added[13], 45.0)
    assert trial.kept == allowed


def test_additions_of_both_cities_count_towards_a_type_s_number():
    world = with_permit("b-type", scope="state")
    aston = replace(world.cities["aston"], jurisdictions=("astonia", "aston", "belland"))
    both = replace(world, cities={**world.cities, "aston": aston})
    trial = Trial(instance({"stacks": ["beta"]}, both), "permit_cap")
    first, second = (own.added for own in trial.f.columns.deployments)
    assert trial.put(first[7], 25.0).put(second[8], 20.0).kept
    assert not trial.put(second[8], 21.0).kept


def test_a_type_s_number_on_a_permit_for_a_mode_that_nobody_counts_limits_nothing():
    capped = with_permit("a-op", opens="unpaid_operator", fleet_cap=5, fleet_cap_kind="type_year")
    assert written(instance(BOUGHT, capped), "permit_cap") == 0
    assert written(instance(BOUGHT, with_permit("a-op", fleet_cap=5, fleet_cap_kind="type_year")), "permit_cap") > 0


# --- operator_pilot ---


@pytest.mark.parametrize(("vehicles", "allowed"), [(28, True), (29, False)])
def test_with_an_operator_on_board_a_deployment_stays_a_pilot(vehicles: int, allowed: bool):
    trial = Trial(instance(BOUGHT), "operator_pilot")
    assert trial.serving(vehicles, APRIL, mode=0).kept == allowed


def test_all_modes_with_an_operator_are_one_pilot():
    world = with_new_permit("a-op", id="a-op-other")
    trial = Trial(instance(BOUGHT, world), "operator_pilot")
    manned = [m for m, mode in enumerate(trial.i.deployments[0].modes) if mode.operator]
    assert len(manned) == 2
    assert trial.serving(14, APRIL, mode=manned[0]).serving(14, APRIL, mode=manned[1]).kept
    assert not trial.serving(15, APRIL, mode=manned[1]).kept


def test_driver_out_is_no_pilot():
    assert Trial(instance(BOUGHT), "operator_pilot").serving(500, JULY, mode=1).kept


def test_without_the_pilot_rule_its_rows_and_its_bounds_are_gone():
    i = instance(BOUGHT)
    tight, wide = formulate(i), formulate(i, without={"operator_pilot"})
    operated = tight.columns.deployments[0].vehicles[0]
    assert tight.model.upper[operated].max() == 28
    assert wide.model.upper[operated].max() == 30
    assert written(i, "operator_pilot", without={"operator_pilot"}) == 0


# --- min_fleet ---


@pytest.mark.parametrize(("vehicles", "allowed"), [(9, False), (10, True)])
def test_an_open_pilot_has_the_test_fleet_at_least(vehicles: int, allowed: bool):
    trial = Trial(instance(BOUGHT), "min_fleet").opened(APRIL, begun=2).serving(20, slice(JULY, None))
    assert trial.serving(vehicles, slice(APRIL, JULY), mode=0).kept == allowed


@pytest.mark.parametrize(("vehicles", "allowed"), [(19, False), (20, True)])
def test_once_driver_out_is_permitted_an_open_service_has_the_launch_fleet_at_least(vehicles: int, allowed: bool):
    trial = Trial(instance(DRIVEN), "min_fleet").opened(JUNE)
    assert trial.serving(vehicles, slice(JUNE, None)).kept == allowed


def test_nothing_needs_no_fleet_while_it_is_shut():
    assert Trial(instance(DRIVEN), "min_fleet").kept
    begun = Trial(instance(DRIVEN), "min_fleet")
    assert begun.put(begun.f.columns.deployments[0].begun, 1.0).kept


@pytest.mark.parametrize(("vehicles", "allowed"), [(4, False), (5, True)])
def test_a_pilot_whose_permit_allows_fewer_than_the_test_fleet_needs_no_more_than_it_allows(
    vehicles: int, allowed: bool
):
    world = with_permit("a-op", fleet_cap=5)
    trial = Trial(instance(BOUGHT, world), "min_fleet").opened(APRIL).serving(20, slice(JULY, None))
    assert trial.serving(vehicles, slice(APRIL, JULY), mode=0).kept == allowed


def test_a_small_pilot_grows_to_the_test_fleet_once_a_wider_mode_is_permitted():
    world = with_permit("a-op", with_assumption("fleet.min_launch_fleet", 0.0), fleet_cap=5)
    for vehicles, allowed in ((9, False), (10, True)):
        trial = Trial(instance(BOUGHT, world), "min_fleet").opened(APRIL).serving(5, slice(APRIL, JULY), mode=0)
        assert trial.serving(vehicles, slice(JULY, None)).kept == allowed


def test_a_driver_out_permit_for_few_vehicles_asks_for_no_more():
    world = with_permit("a-out", fleet_cap=15)
    for vehicles, allowed in ((14, False), (15, True)):
        trial = Trial(instance(BOUGHT, world), "min_fleet").opened(JULY)
        assert trial.serving(vehicles, slice(JULY, None)).kept == allowed


def test_without_the_minimum_an_open_service_may_stand_still():
    i = instance(DRIVEN)
    assert written(i, "min_fleet", without={"min_fleet"}) == 0
    assert written(i, "min_fleet") == 12 + int(np.sum(i.deployments[0].modes[0].milestone.possible))
    assert WORLD.assumptions["fleet.min_launch_fleet"].value == 20
