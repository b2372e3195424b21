"""A plan's months replayed: which, by the plan's own figures, hour by hour; kept beside the plan, and told wherever it is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from fleetplan.catalogue.types import Catalogue
from fleetplan.cli import app
from fleetplan.errors import InputError
from fleetplan.geography import build_geography
from fleetplan.plans.files import plan_sha256, plan_text
from fleetplan.plans.types import Plan
from fleetplan.replays.kept import beside, keep, read_kept
from fleetplan.replays.months import check_asked, find_month, months_to_replay
from fleetplan.replays.types import MonthStanding, MonthTold, PlanStanding, ReplayAsked, ReplayedPlan, Shortfall
from fleetplan.report.html import report_html
from fleetplan.report.replay import replay_view
from fleetplan.report.wait_map import shade_of
from fleetplan.service.area import DAY_WEIGHT
from fleetplan.service.curves import by_hour, mean_day
from fleetplan.service.types import CityService, LadderLevel, Zones
from fleetplan.simulate.of_plan import PlanReplays
from fleetplan.simulate.replay import Replay, replay_month
from fleetplan.simulate.told import month_told
from fleetplan.simulate.trials import Trial
from fleetplan.words.replays import flag, said, standing_sentences
from tests.fake_plan import fake_catalogue, fake_plan, fake_services
from tests.small_city import assumptions, economics, small_city

MONTH = "2028-02"


# --- which months -----------------------------------------------------------------------------------------------------------


def test_a_citys_launch_year_and_the_last_year_are_replayed_the_telling_months_first():
    plan = fake_plan()
    live = [c for c in plan.cities if c.launch]
    found = months_to_replay(plan, 1000)
    assert {one.city for one in found[: len(live)]} == {c.city for c in live}
    assert {one.month for one in found[: len(live)]} == {plan.periods[-1]}
    assert {(c.city, c.launch) for c in live if c.launch in plan.periods} <= {(o.city, o.month) for o in found}
    assert len(set(found)) == len(found)
    assert months_to_replay(plan, 3) == found[:3]


def test_months_and_cities_without_service_are_refused_and_all_faults_told():
    plan = fake_plan()
    opened = next(c for c in plan.cities if c.launch)
    rollout, period = find_month(plan, opened.city, opened.launch or "")
    assert rollout.city == opened.city
    assert plan.periods[period] <= (opened.launch or "")
    for city, month in (
        ("atlantis", "2027-01"),
        (opened.city, "1999-01"),
        (opened.city, "soon"),
        (opened.city, "2027-01"),
    ):
        with pytest.raises(InputError):
            find_month(plan, city, month)
    with pytest.raises(InputError) as caught:
        check_asked(plan, ReplayAsked(city="atlantis", month=MONTH, seeds=(*range(30), -1, 3)))
    assert [f.where for f in caught.value.faults] == ["/city", "/seeds", "/seeds", "/seeds"]


# --- the replay -------------------------------------------------------------------------------------------------------------


def small_plan(**changes: Any) -> Any:
    """Return what a replay reads of a plan: one service in the small city, with a depot and public plugs."""
    deployment = {
        "stack": "rt6",
        "partner": "Partner",
        "level": [1],
        "vehicles": [40],
        "demand_per_day": [900.0],
        "trips_per_day": [700.0],
        "wait_min": [5.0],
        "deadhead_share": [0.45],
        **changes,
    }
    rollout = {
        "city": "small",
        "name": "Small",
        "launch": MONTH,
        "deployments": [SimpleNamespace(**deployment)],
        "depots": [
            SimpleNamespace(site="Yard", lat=47.05, lon=8.03, stalls=[8], stalls_partner=[0]),
            SimpleNamespace(site="Gone", lat=47.05, lon=8.03, stalls=[1], stalls_partner=[0]),
        ],
        "public_charging_vehicles": [4],
        "public_charging_partner": [0],
    }
    return SimpleNamespace(periods=[MONTH], period_months=[1], cities=[SimpleNamespace(**rollout)])


@pytest.fixture(scope="module")
def world() -> tuple[Catalogue, CityService]:
    city = small_city()
    geography = build_geography(city)
    catalogue = Catalogue(
        cities={"small": city},
        jurisdictions={},
        stacks={},
        deployments={},
        economics=economics(),
        assumptions=assumptions(),
        supply_lines={},
        live_markets=(),
        digest="",
    )
    count = len(geography)
    zones = Zones(
        geography.cells,
        geography.lat,
        geography.lon,
        geography.area_km2,
        geography.population,
        geography.jobs,
        np.ones(count),
        np.zeros(count, np.int64),
    )
    surface: Any = None
    level = LadderLevel("small", 0, "whole", geography.cells, 100.0, 1e5, (), 4.0, 0.1, surface)
    return catalogue, CityService("small", (level,), np.zeros((1, 1)), zones)


@pytest.fixture(scope="module")
def made(world) -> tuple[Replay, list[float]]:
    done: list[float] = []
    asked = ReplayAsked(city="small", month=MONTH, days="weekend", seeds=(1, 2))
    catalogue, service = world
    found = replay_month(small_plan(), asked, catalogue, service, dispatch="nearest", progress=done.append)
    return found, done


@pytest.fixture(scope="module")
def told(made) -> MonthTold:
    return said(month_told(made[0], "plan", "catalogue"))


def test_hours_of_the_promise_add_up_to_the_promised_day(made, told):
    promise = made[0].deployments[0].ground.promise
    area_trips = promise.hour_trips[24:].sum() * made[0].deployments[0].serving_days_share
    assert area_trips == pytest.approx(promise.trips, rel=1e-6)
    assert promise.hour_asked[24:].sum() == pytest.approx(promise.demand_per_day, rel=1e-6)
    waits = (promise.hour_trips * promise.hour_wait_min)[24:].sum() / promise.hour_trips[24:].sum()
    assert waits == pytest.approx(promise.wait_min, rel=1e-6)
    assert told.deployments[0].figure("trips_per_day").promised == pytest.approx(promise.trips)


def test_a_mean_day_of_the_law_is_the_sum_of_its_hours(world):
    trial = Trial.of(world[0], world[1], 0)
    parameters = trial.place.parameters
    trips, _ = by_hour(trial.area, 60.0, 0.2, parameters)
    day = mean_day(trial.area, np.array([60.0]), np.array([0.2]), parameters)
    assert trips @ DAY_WEIGHT * parameters.serving_days_share == pytest.approx(float(day.trips[0, 0]))


def test_hours_zones_and_depots_hold_every_rider_and_every_plug(made, told):
    one, results = told.deployments[0], made[0].deployments[0].results
    asked = np.mean([len(r.time_s) for r in results]) / 8  # February 2028 has eight weekend days
    assert sum(h.asked for h in one.hours) == pytest.approx(asked)
    assert sum(z.riders_per_day for z in one.zones) == pytest.approx(asked)
    served = np.mean([r.totals()["served"] for r in results]) / 8
    assert sum(h.trips for h in one.hours) == pytest.approx(served)
    assert {h.days for h in one.hours} == {"weekend"}
    assert len(one.quarters) == 96
    assert [d.site for d in one.depots if d.site] == ["Yard"]
    assert sum(d.plugs for d in one.depots) == one.plugs == 10  # eight, one of unknown place, one public
    assert max(q.load_kw for q in one.quarters) > 0
    assert one.figure("wait_min").standard_error is not None
    assert made[1] == pytest.approx([1 / 3, 2 / 3])  # the first days are tried for the staging ways


def test_pages_draw_what_was_told(told):
    (view,) = replay_view(told, small_city())
    assert view.rows[0].name == "trips a day"
    assert len(view.charts) == 4
    assert all("<path" in chart.svg for chart in view.charts)
    assert view.waits is not None
    assert view.waits.svg.count("<path") > 1
    assert view.waits.worst
    assert replay_view(told, None)[0].waits is None
    assert [shade_of(w) for w in (1.0, 4.0, 11.0)] == [0, 1, 4]


# --- what is said of a plan -------------------------------------------------------------------------------------------------


def month(city: str, *, short: str = "") -> MonthStanding:
    missed: Any = [{"stack": "a", "partner": "A", "figure": short, "missed": 0.31, "allowed": 0.15}] if short else []
    return MonthStanding(city=city, month=MONTH, name=city.title(), stands=not short, shortfalls=missed)


@pytest.mark.parametrize(
    ("standing", "expected", "flagged"),
    [
        (PlanStanding(planned=0, months=[]), "", ""),
        (PlanStanding(planned=2, months=[]), "2 months to be replayed request by request; none is yet.", ""),
        (PlanStanding(planned=1, months=[], failed=1), "1 month could not be replayed.", ""),
        (PlanStanding(planned=1, months=[month("x")]), "the plan stands in it.", ""),
        (
            PlanStanding(planned=3, months=[month("x"), month("y")]),
            "2 of 3 months are replayed request by request so far: the plan stands in all of them.",
            "",
        ),
        (
            PlanStanding(planned=2, months=[month("x"), month("y", short="wait_min")]),
            "Y in Feb 2028: riders wait 31 % longer (A) than promised.",
            "does not stand in 1 of 2 months replayed",
        ),
        (
            PlanStanding(planned=6, months=[month(c, short="served_share") for c in "uvwxy"]),
            "31.0 points fewer riders ride (A) than promised. And 1 month more.",
            "does not stand in 5 of 5 months replayed",
        ),
    ],
)
def test_a_plan_says_how_it_stands(standing, expected, flagged):
    assert expected in " ".join(standing_sentences(standing))
    assert flag(standing) == flagged


def test_the_report_tells_it_with_the_certificate():
    plain = report_html(fake_plan(), fake_services(), fake_catalogue())
    fallen = report_html(fake_plan(), fake_services(), fake_catalogue(), replayed=["It does not stand."])
    assert "Replayed request by request" not in plain
    assert "<dd>It does not stand.</dd>" in fallen


# --- on the command line ----------------------------------------------------------------------------------------------------


def canned(told: MonthTold, made: Replay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every month come out as one that was made."""

    def found(self: PlanReplays, asked: ReplayAsked, progress: Any = None) -> tuple[Replay, MonthTold]:
        plain = told.model_copy(update={"city": asked.city, "month": asked.month, "sentences": ()})
        return replace(made, city=asked.city, month=asked.month), plain

    monkeypatch.setattr(PlanReplays, "month", found)


def test_all_months_are_replayed_kept_and_told_by_the_check(tmp_path: Path, made, told, monkeypatch):
    canned(told, made[0], monkeypatch)
    plan = fake_plan()
    path = tmp_path / "plan.json"
    path.write_text(plan_text(plan), encoding="utf-8")
    few = months_to_replay(plan, 2)  # each is written with all its requests
    monkeypatch.setattr("fleetplan.replays.months.months_to_replay", lambda *_: few)
    run = CliRunner().invoke(app, ["simulate", str(path), "--all", "--keep", "--json", "--out", str(tmp_path / "out")])
    assert run.exit_code == (0 if told.stands else 1), run.output
    answer = ReplayedPlan.model_validate_json(run.stdout)
    assert len(answer.months) == answer.planned == len(few)
    assert read_kept(path, plan) == answer
    assert beside(path).name == "plan.replays.json"
    first = answer.months[0]
    assert (tmp_path / "out" / first.city / first.month / "rt6" / "bins.csv").is_file()
    assert read_kept(path, plan.model_copy(update={"name": "another"})) is None
    beside(path).write_text("{", encoding="utf-8")
    assert read_kept(path, plan) is None


def test_one_month_is_shown_by_hour(tmp_path: Path, made, told, monkeypatch):
    canned(told, made[0], monkeypatch)
    plan = fake_plan()
    opened = next(c for c in plan.cities if c.launch)
    path = tmp_path / "plan.json"
    path.write_text(plan_text(plan), encoding="utf-8")
    asked = ["simulate", str(path), "--city", opened.city, "--month", str(opened.launch)]
    run = CliRunner().invoke(app, asked)
    assert "weekend days, by hour:" in run.stdout
    assert "wait promised" in run.stdout
    data = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert data["deployments"][0]["runs"] == 2
    assert data["deployments"][0]["figures"][0]["figure"] == "trips_per_day"


def test_kept_replays_are_those_of_the_plan(tmp_path: Path, told):
    plan: Plan = fake_plan()
    found = ReplayedPlan(plan_sha256=plan_sha256(plan), planned=1, months=[told])
    assert keep(found, tmp_path / "a.json") == tmp_path / "a.replays.json"
    assert found.standing.counts.replayed == 1
    short = Shortfall(stack="a", partner="A", figure="wait_min", missed=0.3, allowed=0.15)
    assert short.figure in Shortfall.model_validate(short.model_dump()).figure


def test_a_plan_of_another_catalogue_is_refused():
    plan = fake_plan()
    opened = next(c for c in plan.cities if c.launch)
    replays = PlanReplays(plan, replace(fake_catalogue(), stacks={}))
    with pytest.raises(InputError, match="not in the catalogue as the plan has it"):
        replays.month(ReplayAsked(city=opened.city, month=str(opened.launch)))
