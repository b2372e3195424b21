"""A service that is suspended pauses and comes back, or ends; what it costs, and what holds meanwhile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.errors import RequestError
from fleetplan.optimize.suspended import adoption_after, adoption_of, paused, recovering
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_prepared
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.prepare import Prepared
from fleetplan.request import parse_request
from fleetplan.scope import judge_request, resolve_scope
from tests.rule_builder import BOUGHT, DRIVEN, JUNE, WORLD, Trial, asking, instance
from tests.test_constraint_properties import SERVICES as FINE
from tests.test_constraint_properties import WORLD as FINE_WORLD
from tests.test_constraint_properties import asking as also
from tests.test_constraint_properties import base, planned

AUTUMN = {"type": "suspension", "stack": "beta", "start": "2027-09", "end": "2027-10", "vehicles_left": 0}
SEPTEMBER, OCTOBER, NOVEMBER = 8, 9, 10


def held(**more: Any) -> Any:
    return instance(asking(DRIVEN, **(AUTUMN | more)))


def one(plan: Plan | None, stack: str, city: str) -> DeploymentPlan:
    assert plan is not None
    return next(d for c in plan.cities for d in c.deployments if (d.stack, d.city) == (stack, city))


# --- rows ---


def test_while_it_lasts_nothing_is_asked_of_the_fleet_and_less_than_it_had_serves():
    rows = ("suspension", "min_fleet")
    served = Trial(held(), *rows).opened(JUNE).serving(20, slice(JUNE, None))
    assert not served.kept
    assert served.serving(0, slice(SEPTEMBER, NOVEMBER)).kept
    assert not Trial(instance(DRIVEN), "min_fleet").opened(JUNE).serving(20, slice(JUNE, SEPTEMBER)).kept


def steep(services: Any) -> Any:
    """Return services whose planes, continued to few vehicles in Belport, lie below no trips at all."""
    planes = np.array([[20.0, 0.1, -50.0]])
    levels = tuple(
        replace(level, surface=replace(level.surface, planes=planes, nearer={})) for level in services["belport"].levels
    )
    return {**services, "belport": replace(services["belport"], levels=levels)}


STEEP = steep(FINE)


def test_a_curve_that_lies_below_no_trips_at_no_vehicle_keeps_nobody_from_pausing():
    """Planes are read where there are vehicles: continued to none they may ask for fewer than no trips."""

    def pausing(asked: Any) -> Trial:
        trial = Trial(instance(asked, services=STEEP), "response_curve").opened(JUNE)
        return trial.serving(20, slice(JUNE, None)).serving(0, slice(SEPTEMBER, NOVEMBER))

    assert pausing(asking(DRIVEN, **AUTUMN)).kept
    assert not pausing(DRIVEN).kept
    served = pausing(asking(DRIVEN, **AUTUMN))
    own = served.f.columns.deployments[0]
    assert not served.put(own.demand[0, SEPTEMBER], 100.0).put(own.trips[0, SEPTEMBER], 1.0).kept


@pytest.mark.parametrize("left", [0, 2])
def test_few_vehicles_or_none_serve_few_riders_where_some_are_left(left: int):
    """Also in the months of recovery, in which a fleet grows from whatever was left of it."""
    i = instance(asking(DRIVEN, **(AUTUMN | {"vehicles_left": 2})), services=STEEP)
    trial = Trial(i, "response_curve").opened(JUNE).serving(20, slice(JUNE, SEPTEMBER))
    trial = trial.serving(left, slice(SEPTEMBER, None))
    own = trial.f.columns.deployments[0]
    assert trial.kept
    assert not trial.put(own.demand[0, SEPTEMBER:], 100.0).put(own.trips[0, SEPTEMBER:], 20.0 * left + 5.0).kept
    assert not Trial(instance(DRIVEN, services=STEEP), "response_curve").opened(JUNE).serving(2, slice(JUNE, None)).kept


def test_nothing_opens_or_widens_meanwhile():
    assert not Trial(held(), "suspension").opened(OCTOBER).kept
    assert Trial(held(), "suspension").opened(NOVEMBER).kept
    assert not Trial(held(), "suspension").opened(JUNE).opened(OCTOBER, level=2).kept


@pytest.mark.parametrize(("opened", "vehicles", "kept"), [(JUNE, 5, True), (NOVEMBER, 19, False), (NOVEMBER, 20, True)])
def test_only_what_a_suspension_found_open_recovers_from_it(opened: int, vehicles: int, kept: bool):
    trial = Trial(held(), "min_fleet").opened(opened).serving(30, slice(opened, SEPTEMBER))
    assert trial.serving(vehicles, slice(NOVEMBER, None)).kept == kept


def test_an_area_that_is_widened_while_a_service_recovers_needs_the_fleet_for_it():
    i = held(start="2027-09", end="2027-09")
    least = i.levels_of(0)[1].area_km2 / i.world.km2_per_vehicle
    wide = Trial(i, "area_density").opened(JUNE).opened(OCTOBER, level=2)
    own = wide.f.columns.deployments[0]
    assert wide.put(own.fleet[1, OCTOBER:], least).kept
    assert not wide.put(own.fleet[1, OCTOBER], least - 1.0).kept
    early = Trial(i, "area_density").opened(JUNE, level=2).put(own.fleet[1, JUNE:], least)
    assert early.put(own.fleet[1, OCTOBER], 0.0).kept


def test_a_service_ends_out_of_the_area_in_force_and_only_after_it_was_open():
    i = held()

    def ending(opened: int, at: int, level: int = 1) -> Trial:
        trial = Trial(i, "ending").opened(opened, level=level)
        ended = trial.f.columns.deployments[0].ended
        assert ended is not None
        return trial.put(ended[level - 1, at:], 1.0)

    assert ending(JUNE, SEPTEMBER).kept
    assert ending(JUNE, OCTOBER, level=2).kept
    assert not ending(OCTOBER, OCTOBER).kept
    assert ending(JUNE, NOVEMBER).kept
    assert not ending(NOVEMBER, NOVEMBER + 1).kept  # no suspension found it open
    assert not ending(JUNE, SEPTEMBER).opened(OCTOBER, level=2).kept


def test_for_good_and_with_no_vehicle_left_it_ends():
    open_on = Trial(held(end=None), "suspension").opened(JUNE)
    assert not open_on.kept
    ended = open_on.f.columns.deployments[0].ended
    assert ended is not None
    assert open_on.put(ended[0, SEPTEMBER:], 1.0).kept


def test_columns_of_endings_are_there_only_where_a_suspension_is():
    assert all(own.ended is None for own in Trial(instance(BOUGHT), "ramp").f.columns.deployments)


# --- riders ---


def test_riders_clock_stands_still_and_runs_back_while_no_vehicle_is_left():
    i = held()
    plain, own = i.world.adoption, adoption_of(i, 0)
    curve = i.world.suspension.adoption_curve
    assert own[JUNE, SEPTEMBER] == plain[JUNE, SEPTEMBER]
    assert own[JUNE, NOVEMBER] == pytest.approx(curve[NOVEMBER - JUNE - 3])  # two months, and half of them once more
    assert own[NOVEMBER, NOVEMBER + 1] == plain[NOVEMBER, NOVEMBER + 1]
    assert (adoption_of(held(vehicles_left=5), 0) == plain).all()
    assert (adoption_after(i, paused(i, 0)) <= plain + 1e-12).all()


def test_it_recovers_for_so_many_months_after_it():
    i = held()
    assert recovering(i, 0).nonzero()[0].tolist() == [SEPTEMBER, OCTOBER, NOVEMBER, 11]
    assert paused(i, 0).nonzero()[0].tolist() == [SEPTEMBER, OCTOBER]


# --- plans ---


EARLY = {"type": "launch_by", "city": "belport", "stack": "beta", "month": "2027-08"}


def test_a_service_pauses_and_returns():
    asked = also(base(1), EARLY)
    plan = planned(also(asked, AUTUMN | {"start": "2028-03", "end": "2028-04"}))
    own = one(plan, "beta", "belport")
    assert plan is not None
    assert plan.certificate.checker == "passed"
    inside = list(parse_request(asked).grid.window("2028-03", "2028-04"))
    assert own.vehicles[inside[0] - 1] > 0
    assert all(own.vehicles[t] == 0 and own.level[t] > 0 for t in inside)
    assert own.vehicles[-1] > 0
    assert own.ended is None
    assert "withdrawal" not in own.lines_usd  # the partner's vehicles are the partner's to move


@pytest.mark.parametrize("left", [0, 2, 1000])
def test_whatever_is_left_a_plan_stays_open_and_tells_no_more_riders_than_few_vehicles_need(left: int):
    window = {"start": "2028-03", "end": "2028-04", "vehicles_left": left}
    request = parse_request(also(base(1), EARLY, AUTUMN | window))
    prepared = Prepared(request, FINE_WORLD, resolve_scope(request, FINE_WORLD), STEEP)
    plan = plan_prepared(prepared, PlanOptions(time_limit_s=60, gap=1e-4)).plan
    assert plan.certificate.checker == "passed"
    own = one(plan, "beta", "belport")
    for t in request.grid.window("2028-03", "2028-04"):
        assert own.level[t] > 0
        assert own.vehicles[t] == left or left > own.vehicles[t - 1] > 0
        assert own.trips_per_day[t] <= own.demand_per_day[t] <= max(60.0 * left, own.demand_per_day[t - 1] * 1.2)
    assert own.vehicles[-1] > 0


@pytest.mark.parametrize("more", [{"start": "2028-03", "end": "2028-06"}, {"start": "2028-09", "end": "2028-12"}])
def test_two_suspensions_that_share_months_hold_both(more: dict[str, str]):
    """The one with fewer left holds where both do; nothing is asked back before the last of them is over."""
    wide = AUTUMN | {"start": "2028-05", "end": "2028-10", "vehicles_left": 3}
    plan = planned(also(base(1), EARLY, wide, AUTUMN | more))
    assert plan is not None
    assert plan.certificate.checker == "passed"
    own = one(plan, "beta", "belport")
    grid = plan.request.grid
    none, few = set(grid.window(more["start"], more["end"])), set(grid.window("2028-05", "2028-10"))
    assert all(own.vehicles[t] == 0 for t in none)
    assert all(own.vehicles[t] <= 3 for t in few)


def test_a_service_that_has_to_open_after_a_suspension_opens_with_vehicles():
    forced = {"type": "force_deployment", "stack": "beta", "city": "belport"}
    plan = planned(also(base(1), forced, AUTUMN | {"start": "2027-01", "end": "2028-09"}))
    assert plan is not None
    assert plan.certificate.checker == "passed"
    assert one(plan, "beta", "belport").vehicles[-1] >= 20


def test_a_suspension_that_is_over_before_launch_costs_nothing():
    free = planned(also(base(1), EARLY))
    held_first = planned(also(base(1), EARLY, AUTUMN | {"start": "2027-01", "end": "2027-03"}))
    assert free is not None
    assert held_first is not None
    assert held_first.objective == pytest.approx(free.objective, rel=1e-4)


@pytest.mark.parametrize("left", [0, 2])
def test_an_area_is_widened_before_a_suspension_that_leaves_too_few_for_it(left: int):
    """It stays open through the pause: few vehicles meanwhile are no reason to have kept it closed."""
    free = planned(also(base(1), EARLY))
    plan = planned(also(base(1), EARLY, AUTUMN | {"start": "2028-03", "end": "2028-04", "vehicles_left": left}))
    (before,) = (p.request.grid.window("2028-03", "2028-04")[0] - 1 for p in [plan] if p is not None)
    assert one(plan, "beta", "belport").level[before] == one(free, "beta", "belport").level[before] == 2


@pytest.mark.parametrize(("stack", "city"), [("beta", "belport"), ("alpha", "aston")])
def test_a_partner_that_leaves_for_good_is_launched_and_ends(stack: str, city: str):
    early = EARLY | {"city": city, "stack": stack}
    left = {"type": "suspension", "stack": stack, "start": "2028-09", "vehicles_left": 0}
    plan = planned(also(base(0), early, left))
    assert plan is not None
    assert plan.certificate.checker == "passed"
    gone = one(plan, stack, city)
    assert gone.ended is not None
    assert gone.ended <= "2028-09"
    assert gone.vehicles[-1] == gone.level[-1] == 0
    assert max(gone.vehicles) > 0
    assert sum(gone.lines_usd["exit"]) == -200000.0
    assert (sum(gone.lines_usd.get("withdrawal", [])) < 0) == (stack == "alpha")


def test_a_market_that_ends_is_none_at_the_end():
    left = {"type": "suspension", "city": "belport", "start": "2028-09", "vehicles_left": 0}
    live = {"type": "markets_live", "count": 2, "by": "2028-12"}
    assert planned(also(base(0), live)) is not None
    assert planned(also(base(0), live, left)) is None
    assert planned(also(base(0), live | {"by": "2028-03"}, left)) is not None


# --- requests ---


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"stack": None}, "/constraints/0"),
        ({"jurisdiction": "nowhere"}, "/constraints/0/jurisdiction"),
        ({"jurisdiction": "astonia", "city": "belport"}, "/constraints/0/jurisdiction"),
        ({"end": "2027-05"}, "/constraints/0/end"),
        ({"start": "2031-05", "end": None}, "/constraints/0/start"),
    ],
)
def test_what_cannot_be_suspended_is_refused_with_a_remedy(fields: dict[str, Any], where: str):
    plain = {"name": "n", "horizon": {"start": "2027-01", "months": 24}, "capital": {"per_quarter_usd": 1e7}}
    with pytest.raises(RequestError) as caught:
        judge_request({**plain, "constraints": [{"id": "it", **AUTUMN, **fields}]}, WORLD)
    (fault,) = caught.value.faults
    assert fault.where == where
    assert fault.remedy
