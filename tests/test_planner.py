"""The whole way on real data: request in, checked plan out."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import fleetplan
from fleetplan.catalogue import load_catalogue
from fleetplan.errors import InfeasibleError, RequestError
from fleetplan.options import PlanOptions
from fleetplan.planner import PlanningResult, plan_with_context
from fleetplan.plans.check import check_plan
from fleetplan.request import PlanRequest, parse_request, read_request
from fleetplan.run import Progress, Run

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def dear(city: str, factor: float) -> dict[str, Any]:
    """Return an override that makes a city worth opening."""
    return {"figure": f"{city}/city.toml#market.mean_fare_local", "factor": factor, "why": "a test"}


def small(**more: Any) -> PlanRequest:
    """Return a request over two small cities whose riders pay much."""
    plain: dict[str, Any] = {
        "capital": {"per_quarter_usd": 20e6},
        "cities": ["zurich", "madrid"],
        "horizon": {"start": "2027-01", "months": 48, "single_months": 6},
        "overrides": [dear("zurich", 3), dear("madrid", 2)],
    }
    return parse_request(plain | more)


@pytest.fixture(scope="module")
def result() -> PlanningResult:
    """Return the plan of the small request."""
    return plan_with_context(small(), PlanOptions(time_limit_s=60))


def test_a_plan_leaves_with_the_checker_s_verdict_and_a_bound(result: PlanningResult) -> None:
    plan = result.plan
    assert plan.certificate.checker == "passed"
    assert {"permit_path", "capital", "response_curve", "npv"} <= set(plan.certificate.rules_checked)
    assert plan.bound >= plan.objective > 0
    assert plan.gap <= 0.01
    assert check_plan(plan, result.catalogue, result.services).violations == ()


def test_the_same_request_twice_gives_the_same_bytes(result: PlanningResult) -> None:
    again = plan_with_context(small(), PlanOptions(time_limit_s=60))
    assert again.plan.model_dump_json() == result.plan.model_dump_json()


def test_the_library_s_plan_is_a_function_and_its_tables_are_frames(result: PlanningResult) -> None:
    assert callable(fleetplan.plan)
    launches = fleetplan.tables(result.plan)["launches"]
    assert len(launches) == sum(len(c.deployments) for c in result.plan.cities)


def test_no_deployment_opens_before_its_last_permit_is_in_hand(result: PlanningResult) -> None:
    for city in result.plan.cities:
        for deployment in city.deployments:
            openers = [p.finish for p in deployment.permits if p.opens.startswith("paid")]
            assert min(openers) <= deployment.launch


def test_progress_tells_phases_and_a_falling_gap() -> None:
    heard: list[Progress] = []
    plan_with_context(small(), PlanOptions(time_limit_s=60), Run(progress=heard.append))
    phases = [p.phase for p in heard]
    assert phases[0] == "catalogue"
    assert phases[-1] == "done"
    assert {"cities", "formulating", "searching", "checking"} <= set(phases)
    bounds = [p.bound_usd for p in heard if p.bound_usd is not None]
    assert all(b >= heard[-1].best_usd for b in bounds if heard[-1].best_usd is not None)


def test_a_stopped_search_keeps_its_best_plan_and_checks_it() -> None:
    stop = threading.Event()

    def listen(p: Progress) -> None:
        if p.best_usd is not None and p.best_usd > 0:
            stop.set()

    plan = plan_with_context(small(), PlanOptions(time_limit_s=120, gap=1e-9), Run(progress=listen, stop=stop)).plan
    assert plan.status == "stopped"
    assert plan.certificate.checker == "passed"


def test_a_slip_of_a_city_moves_its_launch_and_never_adds_value(result: PlanningResult) -> None:
    late = small(constraints=[{"id": "slip", "type": "permit_delay", "city": "zurich", "months": 6}])
    slipped = plan_with_context(late, PlanOptions(time_limit_s=60)).plan
    before = next(c for c in result.plan.cities if c.city == "zurich")
    after = next(c for c in slipped.cities if c.city == "zurich")
    assert slipped.objective <= result.plan.bound
    assert after.launch is None or (before.launch is not None and after.launch > before.launch)


def test_a_request_for_the_impossible_names_what_clashes() -> None:
    asked = small(constraints=[{"id": "now", "type": "launch_by", "city": "Madrid", "month": "2027-03"}])
    with pytest.raises(InfeasibleError) as caught:
        plan_with_context(asked, PlanOptions(time_limit_s=30))
    (clash,) = caught.value.clashes
    (party,) = clash.parties
    assert (party.constraint, party.city) == ("now", "madrid")
    assert party.permits is not None
    assert party.permits.earliest > party.permits.by == "2027-03"
    assert clash.sentence.startswith("Madrid cannot be open by Mar 2027 (now): permits allow paid service from ")


def test_unknown_names_are_all_reported_with_their_places() -> None:
    asked = small(
        cities=["zurich", "atlantis"],
        constraints=[
            {"id": "a", "type": "launch_by", "city": "Mardid", "month": "2028-01"},
            {"id": "b", "type": "supply_change", "stack": "Wide", "factor": 0.5},
            {"id": "c", "type": "event_date", "event": "no-such-law", "month": "2028-01"},
        ],
        overrides=[{"figure": "zurich/city.toml#market.mean_fare", "value": 20}],
    )
    with pytest.raises(RequestError) as caught:
        plan_with_context(asked)
    places = {f.where for f in caught.value.faults}
    assert {"/cities/1", "/constraints/0/city", "/constraints/1/stack", "/constraints/2/event"} <= places
    assert "/overrides/0/figure" in places
    assert any("weride" in str(f).lower() and "wayve" in str(f).lower() for f in caught.value.faults)


def test_an_override_is_used_and_named_as_the_request_s_own(result: PlanningResult) -> None:
    key = load_catalogue().cities["madrid"].figures["market.mean_fare_local"].key
    asked = small(overrides=[dear("zurich", 3), dear("madrid", 3)])
    dearer = plan_with_context(asked, PlanOptions(time_limit_s=60)).plan
    assert dearer.objective > result.plan.objective
    used = [f for c in dearer.cities if c.city == "madrid" for f in c.doubtful_figures if f.key == key]
    assert used
    assert used[0].source == "the request"


@pytest.mark.slow
def test_the_reference_request_reaches_a_proven_gap_of_five_percent() -> None:
    plan = plan_with_context(read_request(EXAMPLES / "uber-2027.yaml"), PlanOptions(time_limit_s=120, gap=0.04)).plan
    assert plan.certificate.checker == "passed"
    assert plan.gap <= 0.05
    assert plan.kpis.cities_live >= 1
    assert plan.kpis.trips_per_vehicle_day_end is not None
    assert 15 <= plan.kpis.trips_per_vehicle_day_end <= 35


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tight-budget", "ten-markets"])
def test_the_other_feasible_examples_plan_and_pass_the_checker(name: str) -> None:
    plan = plan_with_context(read_request(EXAMPLES / f"{name}.yaml"), PlanOptions(time_limit_s=60, gap=0.08)).plan
    assert plan.certificate.checker == "passed"
    if name == "ten-markets":
        assert plan.kpis.markets_live_with_existing > 10


@pytest.mark.slow
def test_markets_first_opens_a_city_that_is_not_worth_opening_and_says_what_is_proven() -> None:
    asked = {
        "capital": {"per_quarter_usd": 25e6},
        "cities": ["houston", "zurich"],
        "permit_durations": "min",
        "horizon": {"start": "2027-01", "months": 48, "single_months": 0},
        "overrides": [dear("houston", 1.6)],
    }
    ends = ("npv", "markets_then_npv")
    value, markets = (
        plan_with_context(parse_request(asked | {"objective": end}), PlanOptions(time_limit_s=60)).plan for end in ends
    )
    assert (value.kpis.cities_live, markets.kpis.cities_live) == (1, 2)
    assert markets.objective < value.bound
    assert markets.markets is not None
    assert (markets.markets.found, markets.markets.most) == (2, 2)
    assert markets.certificate.checker == value.certificate.checker == "passed"


@pytest.mark.slow
def test_markets_first_does_not_soften_a_target_that_cannot_be_met() -> None:
    target = {"id": "two", "type": "markets_live", "count": 2, "by": "2027-06"}
    asked = parse_request(
        {
            "capital": {"per_quarter_usd": 25e6},
            "cities": ["houston", "zurich"],
            "objective": "markets_then_npv",
            "horizon": {"start": "2027-01", "months": 24, "single_months": 6},
            "constraints": [target],
        }
    )
    with pytest.raises(InfeasibleError):
        plan_with_context(asked, PlanOptions(time_limit_s=30))
