"""Where quarters are cut, and that a coarser grid lets nothing grow faster than a finer one."""

from __future__ import annotations

from typing import Any

import pytest

from fleetplan.errors import InfeasibleError
from fleetplan.months import month_number
from fleetplan.optimize.periods import MOST_CUTS, cuts_found, first_openings
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.check import check_plan, growth
from fleetplan.plans.types import Plan
from fleetplan.request import PlanRequest, parse_request
from fleetplan.reruns.rerun import rerun
from fleetplan.run import Run
from fleetplan.scope import Scope, resolve_scope
from fleetplan.words.request import question
from tests.plan_builder import build_plan
from tests.rule_builder import DRIVEN, JUNE, SERVICES, WORLD, Trial, instance
from tests.test_check import LAST, alpha, fleet
from tests.test_rules_growth import uncapped

JANUARY = month_number("2027-01")
QUARTERS: dict[str, Any] = {
    "horizon": {"start": "2027-01", "months": 24, "single_months": 0},
    "capital": {"per_quarter_usd": 8e6},
    "cities": ["belport"],
}


def asked(**horizon: Any) -> PlanRequest:
    return parse_request(QUARTERS | {"horizon": QUARTERS["horizon"] | horizon})


def scope(**horizon: Any) -> Scope:
    return resolve_scope(asked(**horizon), WORLD)


@pytest.fixture
def small_world(monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
    return Run(catalogue=WORLD)


def parsed(constraints: dict[str, Any]) -> dict[str, Any]:
    return {"constraints": parse_request(QUARTERS | constraints).constraints}


def planned(request: PlanRequest, run: Run) -> Plan:
    return plan_with_context(request, PlanOptions(gap=1e-6), run).plan


def test_a_quarter_is_cut_where_permits_first_let_a_service_run_without_a_driver():
    assert first_openings(scope(), SERVICES) == [JANUARY + JUNE]
    assert cuts_found(scope(), SERVICES) == ["2027-06"]
    assert cuts_found(scope(single_months=12), SERVICES) == [], "a period begins there anyway"
    assert cuts_found(scope(cuts=["2027-06"]), SERVICES) == []
    assert cuts_found(scope(months=5), SERVICES) == [], "nothing opens within the horizon"


def test_the_cut_that_spares_most_waiting_is_taken_first_and_six_at_most(monkeypatch: pytest.MonkeyPatch):
    ready = [JANUARY + month for month in (1, 2, 4, 5, 5, 5)]
    monkeypatch.setattr("fleetplan.optimize.periods.first_openings", lambda *_: ready)
    monkeypatch.setattr("fleetplan.optimize.periods.MOST_CUTS", 2)
    assert cuts_found(scope(), SERVICES) == ["2027-02", "2027-06"], (
        "three months in the second quarter, then two in the first"
    )
    monkeypatch.setattr("fleetplan.optimize.periods.MOST_CUTS", MOST_CUTS)
    assert cuts_found(scope(), SERVICES) == ["2027-02", "2027-03", "2027-05", "2027-06"]
    monkeypatch.setattr("fleetplan.optimize.periods.first_openings", lambda *_: [JANUARY + m for m in range(24)])
    assert len(cuts_found(scope(), SERVICES)) == MOST_CUTS


def test_a_plan_opens_where_a_quarter_was_cut_says_so_and_its_reruns_keep_its_periods(small_world: Run):
    june = {"constraints": [{"id": "go", "type": "launch_by", "city": "belport", "month": "2027-06"}]}
    plan = planned(asked().model_copy(update=parsed(june)), small_world)
    assert plan.request.horizon.cuts == ["2027-06"]
    assert plan.periods[:4] == ["2027-01", "2027-04", "2027-06", "2027-07"]
    assert plan.cities[0].launch == "2027-06"
    assert "by quarter, and from Jun 2027" in question(resolve_scope(plan.request, WORLD))[0]
    again = rerun(plan, {"discount_rate": 0.11}, PlanOptions(gap=1e-6), small_world).plan
    assert again.periods == plan.periods
    with pytest.raises(InfeasibleError):  # the quarter of June begins before the permit is in hand
        planned(asked(cuts=[]).model_copy(update=parsed(june)), small_world)


def test_single_months_are_cut_nowhere(small_world: Run):
    assert planned(asked(single_months=24), small_world).request.horizon.cuts is None


@pytest.mark.parametrize(("vehicles", "allowed"), [(163, True), (164, False)])
def test_a_first_year_that_ends_within_a_quarter_leaves_no_more_than_months_would(vehicles: int, allowed: bool):
    """100 vehicles in May 2028, the last month of the year, are 163 in July: twice a tenth and 20 more."""
    quarters = {"horizon": {"start": "2027-01", "months": 24, "single_months": 6}}
    i = instance({**DRIVEN, **quarters}, uncapped())
    july = i.grid.labels().index("2028-07")
    trial = Trial(i, "first_year_fleet").opened(JUNE)
    trial.put(trial.f.columns.deployments[0].driver_out[JUNE:], 1.0)
    assert trial.serving(vehicles, july).kept == allowed


def test_the_checker_finds_a_fleet_that_outgrew_its_first_year_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(growth, "YEAR", 3)  # alpha is driver-out from July on; the last period begins in October
    found = {
        vehicles: [
            v.sentence for v in check_plan(edited(vehicles), WORLD, SERVICES).violations if v.rule == "first_year_fleet"
        ]
        for vehicles in (130, 131)
    }
    assert found[130] == []
    assert found[131] == ["131 vehicles serve; the 100 of the first year may have grown to 130.0"]


def edited(vehicles: int) -> Plan:
    data = build_plan().model_dump(mode="json")
    fleet(alpha, LAST, paid_driver_out=vehicles)(data)
    return Plan.model_validate(data)
