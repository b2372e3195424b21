"""Rules of supply, growth and depots, each on its rows alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.catalogue.types import Catalogue, SupplyLine
from fleetplan.optimize.formulate import formulate
from tests.rule_builder import (
    APRIL,
    BOUGHT,
    DRIVEN,
    JULY,
    JUNE,
    WORLD,
    Trial,
    asking,
    instance,
    with_assumption,
    written,
)

LAST = 11
LESS_LATER = asking(BOUGHT, type="supply_change", stack="alpha", factor=0.1, start="2027-10")
BOTH = {"stacks": ["beta"]}


def with_cap(vehicles: float, stack: str) -> Catalogue:
    """Return the world with another legal volume of a stack by year."""
    figures = WORLD.stacks[stack].figures
    own = {**figures, "supply.yearly_cap": replace(figures["supply.yearly_cap"], value=vehicles)}
    return replace(WORLD, stacks={**WORLD.stacks, stack: replace(WORLD.stacks[stack], figures=own)})


# --- stack_supply ---


@pytest.mark.parametrize(("vehicles", "allowed"), [(140, True), (141, False)])
def test_vehicles_in_service_stay_within_what_can_be_had(vehicles: int, allowed: bool):
    trial = Trial(instance(DRIVEN), "stack_supply").opened(JUNE)
    assert trial.i.ceilings["beta"][JUNE] == 140
    assert trial.serving(vehicles, JUNE).kept == allowed


def test_vehicles_in_tests_count_until_the_service_opens():
    trial = Trial(instance(BOTH), "stack_supply").opened(JUNE, q=1)
    trial.put(trial.f.columns.deployments[0].begun, 1.0)
    assert trial.serving(130, JUNE, q=1).kept
    assert not trial.serving(131, JUNE, q=1).kept
    trial.put(trial.f.columns.deployments[0].open[0], 1.0)
    assert trial.serving(140, JUNE, q=1).kept


def test_all_cities_share_what_can_be_had_of_a_stack():
    trial = Trial(instance(BOTH), "stack_supply").opened(JULY, q=0).opened(JUNE, q=1)
    assert trial.serving(100, JULY, q=0).serving(60, JULY, q=1).kept
    assert not trial.serving(61, JULY, q=1).kept


def test_a_fleet_is_bounded_by_supply_and_no_longer_is_where_the_rule_is_dropped():
    scarce = instance(asking(DRIVEN, type="supply_change", stack="beta", factor=0.1))
    tight, wide = formulate(scarce), formulate(scarce, without={"stack_supply"})
    own = tight.columns.deployments[0].vehicles[0]
    assert tight.model.upper[own[JUNE:]].tolist() == [14, 16, 18, 20, 22, 24, 26]
    assert wide.model.upper[own[JUNE:]].tolist() == [45, 60, 60, 60, 60, 60, 60]
    assert written(scarce, "stack_supply", without={"stack_supply"}) == 0


# --- owned_fleet ---


def test_what_is_placed_has_been_bought_and_is_still_in_life():
    trial = Trial(instance(BOUGHT), "owned_fleet").opened(APRIL, begun=2)
    bought = trial.f.columns.bought["alpha"]
    assert not trial.kept, "ten vehicles are in tests"
    assert trial.put(bought[2], 10.0).kept
    assert not trial.serving(20, slice(APRIL, None), mode=0).kept
    assert trial.put(bought[3], 10.0).kept
    short = Trial(instance(BOUGHT, with_assumption("fleet.life_years", 0.5)), "owned_fleet").opened(APRIL, begun=2)
    short.put(bought[2], 10.0).put(bought[3], 10.0)
    assert short.serving(20, slice(APRIL, 8), mode=0).kept
    assert not short.serving(20, 8, mode=0).kept, "those bought in March live until August"


def test_no_more_is_bought_than_can_be_placed_then_or_later():
    tight = formulate(instance(LESS_LATER))
    bought = tight.columns.bought["alpha"]
    assert tight.model.upper[bought[[0, 8, 9, LAST]]].tolist() == [200, 200, 26, 26]
    trial = Trial(instance(LESS_LATER), "owned_fleet", loose=True)
    assert trial.put(bought[9], 26.0).kept
    assert not trial.put(bought[9], 27.0).kept


def test_vehicles_bought_and_placed_stay_owned_when_less_can_be_had_later():
    trial = Trial(instance(LESS_LATER), "owned_fleet").opened(APRIL)
    trial.put(trial.f.columns.bought["alpha"][0], 10.0).put(trial.f.columns.bought["alpha"][JULY], 90.0)
    trial.serving(100, slice(JULY, 9)).serving(26, slice(9, None))
    assert trial.kept
    assert trial.f.model.upper[trial.f.columns.bought["alpha"][JULY]] > 90


def test_never_are_more_owned_than_the_most_that_can_be_had():
    trial = Trial(instance(BOUGHT), "owned_fleet")
    bought = trial.f.columns.bought["alpha"]
    assert trial.put(bought[:2], 130.0).kept
    assert not trial.put(bought[2], 1.0).kept


def test_without_owned_fleet_purchases_are_unbounded():
    f = formulate(instance(BOUGHT), without={"owned_fleet"})
    assert np.isinf(f.model.upper[f.columns.bought["alpha"]]).all()
    assert not f.model.rows_where(lambda b: b.rule == "owned_fleet").size


def test_what_a_partner_owns_is_not_bought():
    assert not formulate(instance(DRIVEN)).columns.bought


# --- line_capacity ---


def works(capacity: str, *stacks: str) -> Catalogue:
    """Return the world with a plant that feeds some stacks."""
    fed = {k: replace(s, supply_line="Works") if k in stacks else s for k, s in WORLD.stacks.items()}
    return replace(WORLD, stacks=fed, supply_lines={"Works": SupplyLine("Works", {"capacity_per_year": capacity})})


@pytest.mark.parametrize(("alpha", "beta", "allowed"), [(30, 20, True), (31, 20, False), (50, 0, True), (0, 51, False)])
def test_a_plant_builds_for_all_its_stacks_together(alpha: int, beta: int, allowed: bool):
    trial = Trial(instance(None, works("50", "alpha", "beta")), "line_capacity")
    beta_in = next(q for q, d in enumerate(trial.i.deployments) if d.key == "beta@belport")
    trial.put(trial.f.columns.bought["alpha"][[0, 5]], [alpha, 0]).put(
        trial.f.columns.deployments[beta_in].added[3], beta
    )
    assert trial.kept == allowed
    assert "50 Works" in next(r for r in trial.f.rules if r.key == "line_capacity").sentence(trial.i)


def test_each_calendar_year_has_the_whole_of_it_and_other_stacks_none_of_it():
    two_years = {"horizon": {"start": "2027-01", "months": 24, "single_months": 24}}
    trial = Trial(instance(two_years, works("50", "alpha")), "line_capacity")
    trial.put(trial.f.columns.bought["alpha"][[0, 12]], 50.0)
    trial.put(trial.f.columns.deployments[-1].added, 99.0)
    assert trial.f.instance.deployments[-1].stack == "beta"
    assert trial.kept


@pytest.mark.parametrize("capacity", ["", "0"])
def test_a_line_without_a_number_bounds_nothing(capacity: str):
    assert written(instance(None, works(capacity, "alpha", "beta")), "line_capacity") == 0


# --- supply_yearly_cap ---


@pytest.mark.parametrize(("vehicles", "allowed"), [(50, True), (51, False)])
def test_purchases_of_a_calendar_year_stay_within_the_legal_volume(vehicles: int, allowed: bool):
    two_years = {**BOUGHT, "horizon": {"start": "2026-12", "months": 14, "single_months": 14}}
    trial = Trial(instance(two_years, with_cap(50, "alpha")), "supply_yearly_cap")
    bought = trial.f.columns.bought["alpha"]
    assert (
        trial.put(bought[0], 50.0).put(bought[13], 50.0).put(bought[12], vehicles - 10.0).put(bought[1], 10.0).kept
        == allowed
    )


def test_what_a_partner_places_counts_towards_its_legal_volume():
    trial = Trial(instance(BOTH, with_cap(50, "beta")), "supply_yearly_cap")
    first, second = (own.added for own in trial.f.columns.deployments)
    assert trial.put(first[7], 30.0).put(second[6], 20.0).kept
    assert not trial.put(second[8], 1.0).kept
    assert written(trial.i, "supply_yearly_cap", without={"supply_yearly_cap"}) == 0


# --- placing ---


def test_vehicles_added_are_counted_and_those_taken_away_are_not():
    trial = Trial(instance(DRIVEN), "placing").serving(30, slice(JUNE, None)).serving(20, LAST)
    added = trial.f.columns.deployments[0].added
    assert not trial.put(added[JUNE], 29.0).kept
    assert trial.put(added[JUNE], 30.0).kept
    assert trial.put(added[7], 5.0).kept, "more may be counted; money sees to it that none is"


# --- depot_capacity, depot_site ---


def depots(i: Any = None, *rules: str, **how: Any) -> Trial:
    return Trial(i or instance(BOUGHT), *(rules or ("depot_capacity",)), **how).opened(APRIL)


@pytest.mark.parametrize(("vehicles", "allowed"), [(85, True), (86, False)])
def test_every_vehicle_has_its_share_of_a_stall_or_charges_in_public(vehicles: int, allowed: bool):
    trial = depots()
    own = trial.f.columns.depots["aston"]
    trial.put(own.stalls[0, 0], 12.0).put(own.public[0], 25.0)
    assert trial.serving(vehicles, JULY).kept == allowed


def test_vehicles_in_tests_charge_too():
    trial = Trial(instance(BOUGHT), "depot_capacity")
    own = trial.f.columns.depots["aston"]
    trial.put(trial.f.columns.deployments[0].begun, 1.0)
    assert not trial.put(own.stalls[0, 0], 1.0).kept
    assert trial.put(own.stalls[0, 0], 2.0).kept


def test_stalls_of_one_payer_serve_nobody_else_s_vehicles():
    trial = Trial(instance({"cities": ["aston"]}), "depot_capacity").opened(APRIL, q=0).opened(JULY, q=1)
    own = trial.f.columns.depots["aston"]
    trial.serving(20, JULY, q=0).serving(20, JULY, q=1).put(own.stalls[0, 0], 8.0)
    assert not trial.kept
    assert trial.put(own.stalls[0, 1], 4.0).kept


def test_public_stations_have_places_for_all_payers_together():
    trial = Trial(instance({"cities": ["aston"]}), "depot_capacity")
    own = trial.f.columns.depots["aston"]
    assert trial.put(own.public[0, 4], 15.0).put(own.public[1, 4], 10.0).kept
    assert not trial.put(own.public[1, 4], 11.0).kept


def test_without_stalls_to_care_for_a_fleet_is_bounded_by_other_rules():
    i = instance(BOUGHT)
    upper = {w: formulate(i, without=w).model.upper for w in ((), ("depot_capacity",), ("depot_site",))}
    out = formulate(i).columns.deployments[0].vehicles[1]
    assert upper[()][out[-1]] == 12 * 5 + 25
    assert upper[("depot_capacity",)][out[-1]] == upper[("depot_site",)][out[-1]] == 100
    assert np.isinf(upper[("depot_capacity",)][formulate(i).columns.depots["aston"].public[0]]).all()
    assert written(i, "depot_capacity", without={"depot_capacity"}) == 0


@pytest.mark.parametrize(("stalls", "partner", "allowed"), [(12, 0, True), (7, 5, True), (8, 5, False), (13, 0, False)])
def test_stalls_stay_within_the_room_of_the_site(stalls: int, partner: int, allowed: bool):
    trial = depots(instance({"cities": ["aston"]}), "depot_site")
    own = trial.f.columns.depots["aston"]
    trial.put(own.ordered[0], 1.0).put(own.stalls[0, 0, 2:], stalls).put(own.stalls[0, 1, 2:], partner)
    assert trial.kept == allowed


def test_a_site_holds_stalls_only_its_lead_time_after_the_order():
    trial = depots(None, "depot_site")
    own = trial.f.columns.depots["aston"]
    trial.put(own.ordered[0, 4:], 1.0)
    assert trial.put(own.stalls[0, 0, 6:], 12.0).kept
    assert not trial.put(own.stalls[0, 0, 5], 1.0).kept
    early = depots(None, "depot_site", loose=True)
    assert not early.put(own.ordered[0], 1.0).put(own.stalls[0, 0], 1.0).kept, "none is live in January"


def test_neither_orders_nor_stalls_are_taken_back():
    trial = depots(None, "depot_site")
    own = trial.f.columns.depots["aston"]
    trial.put(own.ordered[0], 1.0).put(own.stalls[0, 0, 2:], 6.0)
    assert trial.kept
    assert not trial.put(own.stalls[0, 0, LAST], 5.0).kept
    trial.put(own.stalls[0, 0, LAST], 6.0)
    assert not trial.put(own.ordered[0, LAST], 0.0).kept


def test_without_sites_stalls_stand_anywhere():
    i = instance(BOUGHT)
    f = formulate(i, without={"depot_site"})
    assert np.isinf(f.model.upper[f.columns.depots["aston"].stalls[0, 0]]).all()
    assert written(i, "depot_site", without={"depot_site"}) == 0
