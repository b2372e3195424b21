"""Windows that miss a period, suspended permits, clashes with what is given, promises about time: the handed cases 33 and 53."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fleetplan.catalogue.types import Catalogue
from fleetplan.cli import app
from fleetplan.errors import InfeasibleError
from fleetplan.explain.constraints import constraint_outcomes
from fleetplan.months import Grid
from fleetplan.optimize.conflicts import _filtered, shared_period
from fleetplan.optimize.trials import Verdict
from fleetplan.options import parse_options
from fleetplan.planner import _left_s, plan_with_context
from fleetplan.plans.types import Plan
from fleetplan.prepare import prepare
from fleetplan.request import read_data
from fleetplan.request.constraints import FleetCap, FleetFloor, LaunchFixed, StacksPerCity
from fleetplan.run import Clock, Run
from tests.api_support import running

CASES = Path(__file__).parent / "cases"
WINDOWS = CASES / "33-windows-and-suspension"
DEAR = {"figure": "houston/city.toml#market.mean_fare_local", "factor": 2.0}
"""Fares that make Houston worth something, as it was when the cases were handed in."""

SUSPENDED = {
    "moratorium-launch-forced": ("at most 0 vehicles, Houston from Jan 2028 to Jun 2028 (c)", "minimum fleet"),
    "supply-out-launch-forced": ("none of the supply of Lucid + Nuro from Jan 2028 to Jun 2028 (s)", "what can be had"),
    "id-capital": ("at least 5,000 vehicles, Houston from Jun 2027 (floor)", "a fleet stays within the largest"),
}


def asked(name: str, **changes: Any) -> dict[str, Any]:
    return {**read_data(WINDOWS / f"{name}.yaml"), **changes}


def planned(request: dict[str, Any], catalogue: Catalogue, **options: Any) -> Plan:
    return plan_with_context(request, parse_options({"time_limit_s": 20, **options}), Run(catalogue=catalogue)).plan


def sentences(request: dict[str, Any], catalogue: Catalogue) -> list[str]:
    with pytest.raises(InfeasibleError) as caught:
        planned(request, catalogue)
    return [clash.sentence for clash in caught.value.clashes]


@pytest.mark.parametrize("name", SUSPENDED)
def test_a_clash_names_what_is_given_and_what_stands_against_it(name: str, catalogue: Catalogue) -> None:
    (said,) = sentences(asked(name), catalogue)
    party, against = SUSPENDED[name]
    assert party in said
    assert against in said.partition("stands: ")[2]
    assert "permits allow" not in said, "permits allow an opening in time"


def test_command_line_and_http_tell_the_same_clash(tmp_path: Path) -> None:
    name = "supply-out-launch-forced"
    done = CliRunner().invoke(app, ["plan", str(WINDOWS / f"{name}.yaml"), "--json"])
    assert done.exit_code == 3
    (clash,) = json.loads(done.stdout)["error"]["clashes"]
    assert {p["type"] for p in clash["parties"]} == {"launch_by", "supply_change"}
    with running(tmp_path) as service:
        told = service.client.post("/v1/validations", json={"request": asked("objective-markets")}).json()
    assert "2 markets cannot be live by Jun 2027" in json.dumps(told)


def test_months_without_supply_count_whatever_the_periods(catalogue: Catalogue) -> None:
    """A car less in February is a car less in the quarter, as by month."""
    stack = "lucid-nuro-gravity"
    for name in ("supply-out-feb-mar", "supply-out-feb-mar-by-month", "supply-out-whole-quarter"):
        i = prepare(asked(name), Run(catalogue=catalogue)).instance
        t = i.grid.period_of(12 * 2028 + 1)
        assert i.ceilings[stack][t] == 0, name
        assert i.ceilings[stack][t + 3] > 0, name


def test_a_window_within_a_quarter_says_when_it_holds(catalogue: Catalogue) -> None:
    plan = planned(asked("cap-drop-feb-mar", overrides=[DEAR]), catalogue, gap=0.05)
    (told,) = constraint_outcomes(plan, catalogue)
    assert told.told.endswith("Vehicles stand still within a period: it holds from Jan 2028 to Mar 2028.")
    whole = plan.model_copy(
        update={
            "request": plan.request.model_copy(update={"constraints": [FleetCap(id="c", vehicles=40, start="2028-01")]})
        }
    )
    assert "stand still" not in constraint_outcomes(whole, catalogue)[0].told


def test_a_suspended_permit_is_a_constraint_of_its_own(catalogue: Catalogue) -> None:
    pause = {
        "id": "p",
        "type": "suspension",
        "city": "houston",
        "start": "2028-10",
        "end": "2029-03",
        "vehicles_left": 0,
    }
    horizon = {"start": "2027-01", "months": 36, "single_months": 0}
    opened = {"id": "open", "type": "launch_by", "city": "houston", "month": "2027-12"}
    plan = planned(asked("base", overrides=[DEAR], constraints=[opened, pause], horizon=horizon), catalogue, gap=0.1)
    vehicles = plan.cities[0].deployments[0].vehicles
    at = [plan.periods.index(month) for month in ("2028-07", "2028-10", "2029-01")]
    assert [bool(vehicles[t]) for t in at] == [True, False, False]


def test_markets_first_changes_what_is_best(catalogue: Catalogue) -> None:
    assert planned(asked("objective-npv"), catalogue).kpis.cities_live == 0
    assert planned(asked("objective-markets-soft"), catalogue).kpis.cities_live == 1
    (said,) = sentences(asked("objective-markets"), catalogue)
    assert said.startswith(
        "2 markets cannot be live by Jun 2027 (two): permits allow 1 of the request's cities by then"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {
                "cities": ["houston", "zurich"],
                "constraints": [{"id": "m", "type": "markets_live", "count": 5, "by": "2029-01"}],
            },
            "5 markets cannot be live by Jan 2029 (m): the request plans 2 cities (Houston and Zurich).",
        ),
        (
            {
                "constraints": [
                    {"id": "t", "type": "minimum_trips", "trips_per_day": 5e5, "start": "2028-06", "city": "houston"}
                ]
            },
            "Against it stands: riders are as many as a city's whole area has on a mean day",
        ),
        (
            {
                "constraints": [
                    {"id": "open", "type": "launch_by", "city": "houston", "month": "2027-12"},
                    {"id": "late", "type": "permit_delay", "city": "houston", "months": 24},
                ]
            },
            "by Dec 2027 (open), where permits allow paid service from Apr 2029 at the earliest; permits to carry riders in",
        ),
        (
            {
                "overrides": [
                    {"figure": "partners/lucid-nuro-gravity.toml#supply.placeable", "values": [0, 0, 0, 0, 0]}
                ],
                "constraints": [{"id": "open", "type": "launch_by", "city": "houston", "month": "2027-12"}],
            },
            "vehicles placed stay within what can be had of each stack (at the end 0 of Lucid + Nuro Lucid Gravity robotaxi)",
        ),
        (
            {
                "constraints": [
                    {
                        "id": "c",
                        "type": "fleet_cap",
                        "city": "houston",
                        "vehicles": 10,
                        "start": "2028-02",
                        "end": "2028-02",
                    },
                    {"id": "f", "type": "fleet_floor", "city": "houston", "vehicles": 30, "start": "2028-03"},
                ]
            },
            "Both fall into Jan 2028 to Mar 2028, within which vehicles stand still: plan more months one by one.",
        ),
    ],
    ids=["scope", "riders", "delay", "supply", "grid"],
)
def test_what_is_given_can_be_the_reason(changes: dict[str, Any], said: str, catalogue: Catalogue) -> None:
    assert said in " ".join(sentences(asked("base", **changes), catalogue))


def test_periods_are_a_party_only_where_months_are_apart() -> None:
    grid = Grid.default("2027-01", 24, 12)
    cap, floor = (
        FleetCap(id="c", vehicles=1, start="2028-02", end="2028-02"),
        FleetFloor(id="f", vehicles=2, start="2028-03"),
    )
    assert shared_period(grid, [cap, floor]) == ["2028-01", "2028-03"]
    assert shared_period(grid, [cap, FleetFloor(id="f", vehicles=2, start="2028-02")]) == []
    assert shared_period(grid, [cap, LaunchFixed(id="l", city="x", stack="y", month="2028-01")]) == [
        "2028-01",
        "2028-03",
    ]
    assert shared_period(grid, [cap, StacksPerCity(id="s", max=1)]) == []
    assert shared_period(grid.singly, [cap, floor]) == []


def test_many_parties_are_dropped_by_halves() -> None:
    asked_of: list[int] = []

    def verdict(without: Collection[str]) -> Verdict:
        asked_of.append(len(without))
        return "plan" if {"n7", "n311"} & set(without) else "none"

    names = [f"n{k}" for k in range(400)]
    assert _filtered(names, (), verdict) == (frozenset({"n7", "n311"}), True)
    assert len(asked_of) < 60
    assert _filtered(["n7", "n1"], (), verdict) == (frozenset({"n7"}), True)
    assert _filtered(["n7"], (), lambda _: "unknown") == (frozenset({"n7"}), False)


def test_writing_the_problem_down_counts_in_the_time_limit() -> None:
    clock = Clock(None)
    clock.began -= 7.0
    assert 2.0 < _left_s(parse_options({"time_limit_s": 10.0}), clock, Run()) <= 3.0
    assert _left_s(parse_options({"node_limit": 50}), clock, Run()) > 0


def test_a_search_goes_on_until_the_gap_asked_for(catalogue: Catalogue) -> None:
    base = read_data(CASES / "53-stops-early" / "base.yaml")
    assert planned(base, catalogue, gap=0.001, time_limit_s=30).status == "optimal"
    plan = planned({**base, "overrides": [DEAR]}, catalogue, gap=0.001, time_limit_s=30)
    assert (plan.status, plan.gap <= 0.001, plan.objective > 0) == ("within_gap", True, True)
