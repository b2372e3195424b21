"""Rules of programmes, permits, openings and areas, each on its rows alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fleetplan.optimize.formulate import formulate
from tests.plan_builder import make_catalogue
from tests.rule_builder import (
    APRIL,
    BOUGHT,
    DRIVEN,
    JULY,
    JUNE,
    SERVICES,
    Trial,
    asking,
    instance,
    with_new_permit,
    with_permit,
    written,
)

PUBLIC = asking(BOUGHT, type="markets_live", count=1, by="2027-12", counts="public")
TWO_CITIES = {"stacks": ["beta"]}


def test_what_the_request_does_not_admit_has_no_column():
    i = instance({"exclude_stacks": ["beta"]})
    assert [d.key for d in i.deployments] == ["alpha@aston"]
    barred = replace(make_catalogue().deployments["alpha", "aston"], permitted="no")
    world = replace(make_catalogue(), deployments={**make_catalogue().deployments, ("alpha", "aston"): barred})
    assert [d.key for d in instance(world=world).deployments] == ["beta@aston", "beta@belport"]


# --- launch_order ---


def test_a_programme_once_begun_is_never_undone():
    trial = Trial(instance(DRIVEN), "launch_order")
    own = trial.f.columns.deployments[0]
    assert trial.put(own.begun[3:], 1.0).kept
    assert not trial.put(own.begun[7], 0.0).kept


def test_an_area_once_open_never_closes():
    trial = Trial(instance(DRIVEN), "launch_order").opened(JUNE)
    assert trial.kept
    assert not trial.put(trial.f.columns.deployments[0].open[0, 9], 0.0).kept


def test_areas_open_from_the_inside_out():
    trial = Trial(instance(DRIVEN), "launch_order").opened(JUNE, level=2)
    assert trial.kept
    assert not trial.put(trial.f.columns.deployments[0].open[0, JUNE], 0.0).kept


def test_without_launch_order_steps_may_fall():
    assert written(instance(DRIVEN), "launch_order", without={"launch_order"}) == 0


# --- programme_opens ---


def test_a_programme_that_begins_opens_by_the_end_of_the_horizon():
    trial = Trial(instance(DRIVEN), "programme_opens")
    own = trial.f.columns.deployments[0]
    assert not trial.put(own.begun[2:], 1.0).kept
    assert trial.put(own.open[0, -1], 1.0).kept


def test_a_programme_that_cannot_open_cannot_begin_and_may_where_the_rule_is_dropped():
    never = asking(DRIVEN, type="permit_delay", city="belport", months=12)
    begun = [formulate(instance(never), without=w).model.upper for w in ((), {"programme_opens"})]
    columns = formulate(instance(never)).columns.deployments[0].begun
    assert (begun[0][columns] == 0).all()
    assert (begun[1][columns] == 1).all()
    assert written(instance(DRIVEN), "programme_opens", without={"programme_opens"}) == 0


# --- permit_path ---


@pytest.mark.parametrize(("begun", "allowed"), [(0, True), (1, False)])
def test_a_service_opens_only_once_its_permit_is_in_hand(begun: int, allowed: bool):
    trial = Trial(instance(DRIVEN), "permit_path").opened(JUNE, begun=begun)
    assert trial.kept == allowed


@pytest.mark.parametrize(("at", "allowed"), [(JULY, False), (JULY + 1, True)])
def test_a_programme_begun_a_month_later_opens_a_month_later(at: int, allowed: bool):
    assert Trial(instance(DRIVEN), "permit_path").opened(at, begun=2).kept == allowed


def test_a_mode_runs_only_when_its_own_permit_is_in_hand():
    trial = Trial(instance(BOUGHT), "permit_path").opened(APRIL, begun=0)
    assert trial.serving(10.0, APRIL, mode=0).kept
    assert trial.serving(20.0, JULY, mode=1).kept
    late = Trial(instance(BOUGHT), "permit_path").opened(5, begun=2)
    assert late.serving(10.0, 5, mode=0).kept
    assert not late.serving(1.0, JULY, mode=1).kept


def test_before_a_mode_can_be_permitted_it_has_no_vehicles_and_may_where_the_rule_is_dropped():
    tight = formulate(instance(BOUGHT))
    wide = formulate(instance(BOUGHT), without={"permit_path"})
    out = tight.columns.deployments[0].vehicles[1]
    assert (tight.model.upper[out[:JULY]] == 0).all()
    assert tight.model.upper[out[JULY]] > 0
    assert (wide.model.upper[out] > 0).all()
    assert written(instance(BOUGHT), "permit_path", without={"permit_path"}) == 0


def shared_programmes() -> Trial:
    """Return beta in both cities under one state permit of two months; then Aston's driver-out permit takes one more."""
    world = with_permit("a-op", with_permit("a-out", event=""), opens="mapping")
    belport = replace(world.cities["belport"], jurisdictions=("astonia", "belland"))
    return Trial(instance(TWO_CITIES, replace(world, cities={**world.cities, "belport": belport})), "permit_path")


def test_a_wider_programme_begins_with_the_first_deployment_and_not_later():
    trial = shared_programmes()
    steps = trial.f.columns.programmes["beta", "astonia"]
    trial.put(trial.f.columns.deployments[1].begun[4:], 1.0)
    assert not trial.kept, "the second deployment has begun, the programme has not"
    assert trial.put(steps[4:], 1.0).kept
    assert not trial.put(steps[3], 1.0).kept, "nobody has begun yet"
    assert trial.put(trial.f.columns.deployments[0].begun[3:], 1.0).kept


@pytest.mark.parametrize(("state", "own", "opens"), [(0, 2, 3), (2, 2, 5), (1, 3, 4), (3, 3, 6)])
def test_a_service_waits_for_its_own_programme_and_for_the_wider_one_that_another_city_may_have_begun(
    state: int, own: int, opens: int
):
    for at, allowed in ((opens - 1, False), (opens, True)):
        trial = shared_programmes()
        aston, belport = trial.f.columns.deployments
        trial.put(belport.begun[state:], 1.0).put(aston.begun[own:], 1.0)
        trial.put(trial.f.columns.programmes["beta", "astonia"][min(state, own) :], 1.0)
        trial.put(aston.open[0, at:], 1.0)
        assert (trial.kept and trial.within_bounds) == allowed


@pytest.mark.parametrize(("state", "own", "opens"), [(0, 0, 2), (0, 3, 4), (2, 3, 5), (2, 2, 4), (1, 4, 5)])
def test_a_permit_that_waits_for_the_earlier_of_two_programmes_is_in_hand_by_either(state: int, own: int, opens: int):
    """Driver-out takes a month after the state's approval (two months) or the city's own (one), whichever comes first."""
    world = with_new_permit(
        "a-op", with_permit("a-op", opens="mapping"), id="a-own", opens="approval", all_of=(), optional=False
    )
    world = with_permit("a-out", world, event="", all_of=(), any_of=("a-approval", "a-own"))
    belport = replace(world.cities["belport"], jurisdictions=("astonia", "belland"))
    i = instance(TWO_CITIES, replace(world, cities={**world.cities, "belport": belport}))
    assert [m.permit for m in i.deployments[0].modes] == ["a-out", "a-out"]
    for at, allowed in ((opens - 1, False), (opens, True)):
        trial = Trial(i, "permit_path")
        trial.put(trial.f.columns.deployments[1].begun[state:], 1.0).put(
            trial.f.columns.deployments[0].begun[own:], 1.0
        )
        trial.put(trial.f.columns.programmes["beta", "astonia"][min(state, own) :], 1.0)
        trial.put(trial.f.columns.deployments[0].open[0, at:], 1.0)
        assert (trial.kept and trial.within_bounds) == allowed


def test_where_programmes_begin_together_the_earlier_of_two_permits_is_one_way():
    world = with_permit("a-out", any_of=("a-approval", "a-op"))
    assert [m.permit for m in instance({"cities": ["aston"]}, world).deployments[1].modes] == ["a-op", "a-out"]


def test_where_two_permits_open_a_mode_either_lets_it_open():
    world = with_new_permit("b-out", id="b-early", all_of=("b-licence",), fleet_cap=0)
    i = instance(DRIVEN, world)
    assert [m.permit for m in i.deployments[0].modes] == ["b-out", "b-early"]
    assert Trial(i, "permit_path").opened(4).kept
    assert not Trial(instance(DRIVEN), "permit_path", without={"programme_opens"}).opened(4).within_bounds


# --- paid_service ---


def free_first() -> Trial:
    """Return alpha in Aston with an unpaid mode from April on and a paid one from July on."""
    world = with_permit("a-op", opens="unpaid_operator", fare_factor=0.0)
    return Trial(instance(PUBLIC, world), "paid_service")


def test_a_city_is_paid_only_once_open_under_a_permit_that_allows_a_fare():
    trial = free_first().opened(APRIL)
    paying, live = trial.f.columns.deployments[0].paying, trial.f.columns.paying_live["aston"]
    assert not trial.put(paying[JULY - 1], 1.0).kept
    assert trial.put(paying[JULY - 1], 0.0).put(paying[JULY:], 1.0).put(live[JULY:], 1.0).kept
    assert not trial.put(live[JULY - 1], 1.0).kept


def test_a_service_that_is_not_open_is_not_paid():
    trial = free_first().opened(JULY + 1)
    assert not trial.put(trial.f.columns.deployments[0].paying[JULY], 1.0).kept


# --- pilots_end ---


def test_a_pilot_with_an_operator_ends_once_riders_may_be_carried_without_one_whatever_the_fare():
    world = with_permit("a-op", fare_factor=1.0)
    trial = Trial(instance(BOUGHT, world), "pilots_end").opened(APRIL)
    assert trial.serving(10.0, JULY - 1, mode=0).kept
    assert not trial.serving(1.0, JULY, mode=0).kept
    late = Trial(instance(BOUGHT, world), "pilots_end").opened(5, begun=2)
    assert late.serving(10.0, JULY, mode=0).kept, "begun in March, driver-out is permitted in August"
    assert not late.serving(1.0, JULY + 1, mode=0).kept


def test_where_driver_out_takes_the_higher_fare_the_pilot_has_ended_already():
    assert not len(formulate(instance(BOUGHT)).model.rows_where(lambda b: b.rule == "pilots_end"))


# --- fare_allowed ---


def test_trips_go_at_the_lower_fare_until_the_full_one_is_permitted():
    trial = Trial(instance(BOUGHT), "fare_allowed").opened(APRIL)
    own = trial.f.columns.deployments[0]
    assert own.cheap is not None
    trial.put(own.trips[0, APRIL], 100.0)
    assert not trial.put(own.cheap[0, 0, APRIL], 99.0).kept
    assert trial.put(own.cheap[0, 0, APRIL], 100.0).kept
    assert trial.put(own.trips[0, JULY], 500.0).kept, "the full fare is permitted in July"


def test_the_mode_of_the_lower_fare_ends_once_the_full_one_is_permitted():
    trial = Trial(instance(BOUGHT), "fare_allowed").opened(APRIL)
    assert trial.serving(10.0, JULY - 1, mode=0).kept
    assert not trial.serving(1.0, JULY, mode=0).kept
    late = Trial(instance(BOUGHT), "fare_allowed").opened(5, begun=2)
    assert late.serving(10.0, JULY, mode=0).kept, "begun in March, driver-out is permitted in August"


def test_with_three_fares_each_mode_ends_with_the_next_and_its_trips_are_told_apart():
    world = with_new_permit("a-op", id="a-free", opens="unpaid_operator", fare_factor=0.0, months_likely=0)
    trial = Trial(instance(PUBLIC, world), "fare_allowed")
    data, own = trial.i.deployments[0], trial.f.columns.deployments[0]
    assert data.fare_factors == (0.0, 0.8, 1.0)
    names = [m.name for m in data.modes]
    free, operated = names.index("unpaid_operator"), names.index("paid_operator")
    trial.opened(2)
    assert trial.serving(5.0, 2, mode=free).kept
    assert not trial.serving(5.0, APRIL, mode=free).kept, "0.8 of the fare is permitted in April"
    trial.serving(0.0, APRIL, mode=free)
    assert trial.serving(5.0, APRIL, mode=operated).kept
    assert own.cheap is not None
    trial.put(own.trips[0, 2], 50.0).put(own.trips[0, APRIL], 50.0)
    assert not trial.put(own.cheap[1, 0, [2, APRIL]], 50.0).kept, "in March the fare is nothing"
    assert trial.put(own.cheap[0, 0, 2], 50.0).kept


def test_the_worth_of_a_trip_is_its_fare_in_every_month_of_three_fares():
    world = with_new_permit("a-op", id="a-free", opens="unpaid_operator", fare_factor=0.0, months_likely=0)
    trial = Trial(instance(PUBLIC, world), "fare_allowed")
    own = trial.f.columns.deployments[0]
    assert own.cheap is not None
    worth = {}
    for t, cheap in ((2, [0, 1]), (APRIL, [1]), (JULY, [])):
        trial.x[:] = 0.0
        trial.put(own.trips[0, t], 1.0).put(own.cheap[cheap, 0, t], 1.0)
        lines = next(lines for place, lines in trial.f.ledger.lines(trial.x).items() if place.kind == "deployment")
        worth[t] = lines["net_fares"][t]
    assert worth[2] == pytest.approx(0.0)
    assert worth[APRIL] == pytest.approx(0.8 * worth[JULY])


# --- permit_area ---


def test_a_larger_area_opens_only_with_its_permits():
    i = instance(BOUGHT)
    area, airport = i.deployments[0].level_gates[1]
    assert area[0].permits == ("a-area",)
    assert airport[0].permits == ("a-airport",)
    ready = int(np.flatnonzero(area[0].possible)[0])
    assert ready == JULY + 3
    trial = Trial(i, "permit_area").opened(JULY)
    assert trial.put(trial.f.columns.deployments[0].open[1, ready:], 1.0).kept
    late = Trial(i, "permit_area").opened(JULY + 1, begun=2)
    assert not late.put(late.f.columns.deployments[0].open[1, ready], 1.0).kept


def test_before_its_permits_can_be_in_hand_an_area_is_shut_and_open_where_the_rule_is_dropped():
    tight, wide = formulate(instance(BOUGHT)), formulate(instance(BOUGHT), without={"permit_area", "area_growth"})
    larger = tight.columns.deployments[0].open[1]
    assert tight.model.upper[larger[JULY + 2]] == 0
    assert wide.model.upper[larger[JULY + 2]] == 1
    assert written(instance(BOUGHT), "permit_area", without={"permit_area"}) == 0


def test_either_of_two_area_permits_opens_the_larger_area():
    world = with_new_permit("a-area", id="a-zone", all_of=(), months_likely=9)
    trial = Trial(instance(BOUGHT, world), "permit_area").opened(JULY + 2, begun=0)
    larger = trial.f.columns.deployments[0].open[1]
    assert trial.put(larger[JULY + 3 :], 1.0).kept
    late = Trial(instance(BOUGHT, world), "permit_area").opened(JULY + 2, begun=1)
    larger = late.f.columns.deployments[0].open[1]
    assert late.put(larger[JULY + 4 :], 1.0).kept, "the one that takes nine months, begun in February"
    only = Trial(instance(BOUGHT, with_permit("a-area", all_of=(), months_likely=10)), "permit_area")
    assert not only.opened(JULY + 2, begun=1).put(larger[JULY + 4 :], 1.0).kept


def test_a_mode_that_cannot_be_permitted_still_limits_the_area_that_another_opens():
    world = with_permit("a-op", with_permit("a-out", months_likely=60), area_levels=0)
    i = instance(BOUGHT, world)
    assert [m.name for m in i.deployments[0].modes] == ["paid_operator"]
    assert [gate[0].permits for gate in i.deployments[0].level_gates[1]] == [("a-area",), ("a-airport",)]


def test_an_area_whose_permit_nobody_knows_never_opens():
    needy = {
        slug: replace(s, levels=(s.levels[0], replace(s.levels[1], requires=("b-unknown",))))
        for slug, s in SERVICES.items()
    }
    f = formulate(instance(DRIVEN, services=needy))
    assert (f.model.upper[f.columns.deployments[0].open[1]] == 0).all()
