"""What regulators and markets impose: areas by stages, caps on trips and permits, duties, rivals, hours of the day."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fleetplan.errors import RequestError
from fleetplan.months import Grid
from fleetplan.optimize.imposed import carried, duty_factor, hour_shares, left_by_rivals
from fleetplan.plans.types import DeploymentPlan, Plan
from fleetplan.request.imposed import RivalLaunch, ServiceHours, Tariff
from fleetplan.scope import judge_request
from tests.rule_builder import APRIL, BOUGHT, DRIVEN, JUNE, WORLD, Trial, asking, instance
from tests.test_constraint_properties import asking as also
from tests.test_constraint_properties import base, planned

GRID = Grid.default("2027-01", months=18, single_months=12)
LATE = 10


def one(plan: Plan | None, stack: str, city: str) -> DeploymentPlan:
    assert plan is not None
    return next(d for c in plan.cities for d in c.deployments if (d.stack, d.city) == (stack, city))


# --- rows ---


def test_a_larger_area_stays_closed_to_the_end_of_its_stage():
    cap = {"type": "area_cap", "city": "belport", "km2": 60.0, "end": "2027-10"}
    i = instance(asking(DRIVEN, **cap))
    assert Trial(i, "area_cap").opened(JUNE).opened(LATE, level=2).kept
    assert not Trial(i, "area_cap").opened(JUNE).opened(LATE - 1, level=2).kept
    bounds = Trial(i, "area_cap").f.model.upper[Trial(i, "area_cap").f.columns.deployments[0].open[1]]
    assert not bounds[:LATE].any()
    assert bounds[LATE:].all()


def test_trips_stay_within_their_cap():
    i = instance(asking(DRIVEN, type="trips_cap", trips_per_day=100, start="2027-09"))
    own = Trial(i, "trips_cap").f.columns.deployments[0].trips
    assert Trial(i, "trips_cap").put(own[0, :8], 500.0).put(own[0, 8:], 100.0).kept
    assert not Trial(i, "trips_cap").put(own[0, 8], 101.0).kept


def test_a_quota_of_a_permit_counts_the_vehicles_of_its_mode_alone():
    i = instance(asking(BOUGHT, type="permit_quota", permit="a-op", vehicles=12))
    assert Trial(i, "permit_quota").opened(APRIL).serving(12, mode=0).serving(90, mode=1).kept
    assert not Trial(i, "permit_quota").opened(APRIL).serving(13, mode=0).kept


def test_trips_in_some_hours_are_their_share_of_a_days():
    plain, short = (
        instance(DRIVEN),
        instance(asking(DRIVEN, type="service_hours", city="belport", from_hour=6, to_hour=14)),
    )
    share = float(carried(short, 0)[0])
    assert 0.3 < share < 0.5
    for i, most in ((plain, 200.0), (short, 200.0 * share)):
        own = Trial(i, "response_curve").f.columns.deployments[0]

        def serving(trips: float, i: Any = i, own: Any = own) -> bool:
            trial = Trial(i, "response_curve").opened(JUNE).serving(100, slice(JUNE, None))
            return trial.put(own.demand[0, JUNE:], 200.0).put(own.trips[0, JUNE:], trips).kept

        assert serving(0.9 * most)
        assert not serving(1.01 * most)


# --- figures ---


def test_one_duty_comes_on_top_of_another_while_they_last():
    first = Tariff(id="a", stack="alpha", duty=0.2, start="2027-03")
    second = Tariff(id="b", stack="alpha", duty=0.5, start="2027-06", end="2027-08")
    months = {name: 12 * 2027 + k for k, name in enumerate(("jan", "feb", "mar"))} | {
        "jun": 12 * 2027 + 5,
        "oct": 12 * 2027 + 9,
    }
    found = {name: duty_factor("alpha", month, [first, second]) for name, month in months.items()}
    assert found == pytest.approx({"jan": 1.0, "feb": 1.0, "mar": 1.2, "jun": 1.8, "oct": 1.2})
    assert duty_factor("beta", months["jun"], [first, second]) == 1.0


def test_a_rival_takes_its_share_month_by_month():
    rival = RivalLaunch(id="r", city="aston", start="2027-11", share=0.4, months=4)
    left = left_by_rivals(GRID, "aston", [rival])
    assert left[:10] == pytest.approx(np.ones(10))
    assert left[10:12] == pytest.approx([0.9, 0.8])
    assert left[12:] == pytest.approx([1 - 0.4 * (0.75 + 1 + 1) / 3, 0.6])
    assert left_by_rivals(GRID, "belport", [rival]) == pytest.approx(np.ones(len(GRID)))
    at_once = rival.model_copy(update={"months": 0})
    assert left_by_rivals(GRID, "aston", [at_once])[10] == pytest.approx(0.6)


def test_hours_may_run_over_midnight():
    night = ServiceHours(id="n", city="aston", from_hour=22, to_hour=5)
    assert night.hours == (22, 23, 0, 1, 2, 3, 4)
    assert ServiceHours(id="d", city="aston", from_hour=0, to_hour=24).hours == tuple(range(24))
    assert hour_shares(WORLD.cities["aston"]).sum() == pytest.approx(1.0)


# --- plans ---


def test_a_fleet_falls_with_its_cap():
    caps = [
        {"type": "fleet_cap", "city": "belport", "vehicles": 40, "start": "2028-01", "end": "2028-06"},
        {"type": "fleet_cap", "city": "belport", "vehicles": 25, "start": "2028-07"},
    ]
    early = {"type": "launch_by", "city": "belport", "stack": "beta", "month": "2027-08"}
    own = one(planned(also(base(1), early, *caps)), "beta", "belport")
    assert own.vehicles[-1] == 25
    assert max(own.vehicles) > 25


@pytest.mark.parametrize(
    "constraint",
    [
        {"type": "tariff", "stack": "alpha", "duty": 0.5, "start": "2027-03"},
        {"type": "rival_launch", "city": "aston", "start": "2027-09", "share": 0.5},
        {"type": "service_hours", "city": "aston", "from_hour": 7, "to_hour": 22, "start": "2027-09"},
        {"type": "trips_cap", "city": "belport", "trips_per_day": 300},
    ],
)
def test_what_is_imposed_costs_something_and_the_checker_agrees(constraint: dict[str, Any]):
    before, after = planned(base(1)), planned(also(base(1), constraint))
    assert before is not None
    assert after is not None
    assert after.certificate.checker == "passed"
    assert after.objective < before.objective


# --- requests ---


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"type": "tariff", "stack": "beta", "duty": -0.2, "start": "2027-05"}, "/constraints/0/duty"),
        ({"type": "permit_quota", "permit": "a-approval", "vehicles": 3}, "/constraints/0/permit"),
        ({"type": "permit_quota", "permit": "nothing", "vehicles": 3}, "/constraints/0/permit"),
        ({"type": "rival_launch", "city": "aston", "start": "2031-05", "share": 0.2}, "/constraints/0/start"),
        ({"type": "service_hours", "city": "aston", "from_hour": 24, "to_hour": 3}, "/constraints/0/from_hour"),
        ({"type": "area_cap", "city": "nowhere", "km2": 3}, "/constraints/0/city"),
    ],
)
def test_what_touches_nothing_is_refused_with_a_remedy(fields: dict[str, Any], where: str):
    plain = {"name": "n", "horizon": {"start": "2027-01", "months": 24}, "capital": {"per_quarter_usd": 1e7}}
    with pytest.raises(RequestError) as caught:
        judge_request({**plain, "constraints": [{"id": "it", **fields}]}, WORLD)
    assert where in [fault.where for fault in caught.value.faults]
    assert all(fault.remedy for fault in caught.value.faults)
