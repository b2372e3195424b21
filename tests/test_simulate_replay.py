"""A plan's month replayed: the city's days are the city's, the promise is judged as documented, what is not open is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from fleetplan.cli import app
from fleetplan.demand import build_demand
from fleetplan.geography import build_geography
from fleetplan.plans.files import plan_text
from fleetplan.simulate import Policy, SimulationResult, simulate
from fleetplan.simulate.city_days import CityPlace, ServiceArea, Stalls, Upkeep
from fleetplan.simulate.replay import DeploymentReplay, Replay, days_of
from fleetplan.simulate.told import deployment_told, month_told
from fleetplan.words.replays import deployment_verdict, month_verdict
from tests.fake_plan import fake_plan
from tests.small_city import assumptions, economics, small_city

WEEK: list[Any] = ["weekday"] * 5 + ["weekend"] * 2


@pytest.fixture(scope="module")
def area() -> ServiceArea:
    city = small_city()
    geography = build_geography(city)
    place = CityPlace(city, geography, build_demand(city, geography), assumptions(), economics())
    return ServiceArea.of(place, geography.cells, np.array([3]))


@pytest.fixture(scope="module")
def week(area: ServiceArea) -> SimulationResult:
    stalls = Stalls(np.array([3]), np.array([20]))
    scenario = area.scenario(WEEK, 150, 0.5, stalls, Policy(boarding_s=90.0), Upkeep(0.0, 0.0)).prepared()
    return simulate(scenario.with_requests(area.requests(WEEK, 0.5, 1)), seed=1)


def test_requests_come_as_often_and_between_the_zones_that_demand_says(area):
    asked = area.requests(WEEK * 4, 1.0, 0)
    assert len(asked) / 28 == pytest.approx(area.trips_per_day, rel=0.02)
    assert (np.diff(asked.time_s) >= 0).all()
    per_hour = np.bincount((asked.time_s // 3600).astype(int) % 24, minlength=24) / 28
    expected = (5 * area.trips_per_hour[0] + 2 * area.trips_per_hour[1]) / 7
    assert per_hour == pytest.approx(expected, rel=0.15, abs=3)
    demand = area.place.demand
    share = np.bincount(asked.origin, minlength=area.inside) / len(asked)
    assert share == pytest.approx(demand.mean_day().sum(axis=1) / demand.mean_day().sum(), abs=0.01)
    share = np.bincount(asked.destination, minlength=area.inside) / len(asked)
    assert share == pytest.approx(demand.mean_day().sum(axis=0) / demand.mean_day().sum(), abs=0.01)


def test_the_same_seed_asks_the_same(area):
    one, two, other = (area.requests(WEEK, 0.3, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.time_s, two.time_s)
    assert np.array_equal(one.destination, two.destination)
    assert len(one) != len(other)


def test_a_week_with_cars_enough_is_served_and_cars_sleep_in_the_quiet_hours(area, week):
    totals = week.totals()
    assert totals["served_share"] > 0.9
    assert totals["vehicles"] == round(150 * area.on_the_road(0.0))
    off = np.array([row["cars_off_shift"] for row in week.by_bin(3600)], float).reshape(7, 24)[:5].mean(axis=0)
    assert off[[2, 3]].min() > 0.2 * totals["vehicles"]
    assert off[17] < 0.05 * totals["vehicles"]
    assert totals["charged_kwh"] > 0


def test_a_month_has_its_days():
    assert set(days_of("2028-02", "weekend")[1]) == {True}
    days, weekend = days_of("2028-02")
    assert (len(days), sum(weekend)) == (29, 8)
    assert days[0] == "weekday"  # 1 February 2028 is a Tuesday


def replayed(week: SimulationResult, **changes: Any) -> DeploymentReplay:
    served = week.totals()["served"] / 7
    plain = DeploymentReplay(
        stack="rt6",
        partner="Partner",
        level=1,
        level_name="core",
        vehicles=150,
        plugs=20,
        demand_per_day=week.totals()["requests"] / 7,
        promised_trips=served,
        promised_wait_min=week.totals()["wait_s_mean"] / 60,
        promised_empty_share=0.4,
        results=(week,),
        weekend=(False,) * 5 + (True,) * 2,
        serving_days_share=1.0,
        staging_km=0.0,
    )
    return replace(plain, **changes)


def test_a_promise_kept_stands_and_one_out_of_reach_does_not(week):
    kept = replayed(week)
    assert kept.trips.mean == pytest.approx(kept.promised_trips)
    assert kept.stands
    assert not replayed(week, serving_days_share=0.95).trips_stand
    assert replayed(week, promised_wait_min=kept.promised_wait_min / 1.1).wait_stands
    assert not replayed(week, promised_wait_min=kept.promised_wait_min / 1.3).wait_stands
    low = replayed(week, demand_per_day=kept.demand_per_day * 1.4)
    assert low.allowed_points == 0.04
    staged = replayed(week, staging_km=50 * 150.0)
    assert staged.empty_share.mean > kept.empty_share.mean


def test_the_verdict_says_what_is_off_and_by_how_much(week):
    kept = replayed(week)
    late = replayed(week, promised_wait_min=kept.promised_wait_min / 2)
    good, bad = (
        month_told(Replay("small", "Small", "2028-02", "all", (1,), "nearest", (d,)), "p", "c") for d in (kept, late)
    )
    assert month_verdict(good) == "Small, Feb 2028: the plan stands."
    assert month_verdict(bad) == "Small, Feb 2028: the plan does not stand."
    assert "Riders wait 100 % longer than promised" in deployment_verdict(bad.deployments[0])
    assert "longer" not in deployment_verdict(good.deployments[0])
    few = deployment_told(replayed(week, serving_days_share=0.95))
    assert "points fewer ride than promised; 2 are allowed." in deployment_verdict(few)
    assert [s.figure for s in bad.standing.shortfalls] == ["wait_min"]
    assert good.deployments[0].figure("wait_min").standard_error is None


def test_the_command_asks_for_what_it_needs(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(plan_text(fake_plan()), encoding="utf-8")
    run = CliRunner().invoke(app, ["simulate", str(path)])
    assert run.exit_code == 2
    assert "--city" in run.stderr
    assert "--month" in run.stderr
    for more in (["--case", str(tmp_path)], ["--all", "--city", "zurich"], ["--keep", "--city", "x", "--month", "y"]):
        assert CliRunner().invoke(app, ["simulate", str(path), *more]).exit_code == 2
