"""Facts of plans over the small world: what binds, with limit, amount and worth; what becomes of cities."""

from __future__ import annotations

from typing import Any

import pytest

from fleetplan.errors import InputError
from fleetplan.facts import Binding
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.files import OtherVersion, read_plan
from fleetplan.plans.types import Plan
from fleetplan.request import parse_request
from fleetplan.run import Run
from tests.plan_builder import make_services
from tests.test_optimize import WORLD

OPTIONS = PlanOptions(gap=1e-6, time_limit_s=60)
SERVICES = make_services()
BASE: dict[str, Any] = {
    "horizon": {"start": "2027-01", "months": 24, "single_months": 6},
    "capital": {"per_quarter_usd": 8e6},
}


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


def planned(**more: Any) -> Plan:
    return plan_with_context(parse_request(BASE | more), OPTIONS, Run(catalogue=WORLD)).plan


def binding(plan: Plan, rule: str) -> Binding:
    return next(b for b in plan.binds if b.rule == rule)


def test_a_cap_that_binds_names_its_constraint_limit_amount_and_worth():
    plan = planned(constraints=[{"id": "few", "type": "fleet_cap", "vehicles": 60}])
    found = binding(plan, "fleet_cap")
    t = plan.periods.index(found.period)
    fleet = sum(d.vehicles[t] for c in plan.cities for d in c.deployments)
    assert (found.kind, found.constraint, found.city) == ("target", "few", "")
    assert (found.limit, found.amount, found.limit_unit) == (60.0, fleet, "vehicle")
    assert found.price_usd is not None
    assert found.price_usd > 100.0


def test_scarce_money_binds_with_what_is_spent_and_what_may_be():
    plan = planned(capital={"per_quarter_usd": 1.5e6})
    found = binding(plan, "capital")
    t = plan.periods.index(found.period)
    assert (found.kind, found.unit) == ("money", "USD")
    assert found.limit == plan.cumulated_budget_usd[t]
    assert found.amount == pytest.approx(sum(plan.capital_usd[: t + 1]), abs=1.0)
    assert found.amount == pytest.approx(found.limit, rel=0.1)


def test_openings_that_wait_for_a_permit_name_it():
    plan = planned()
    waits = [(b, b.permit) for b in plan.binds if b.permit]
    assert waits
    for b, wait in waits:
        d = next(d for c in plan.cities for d in c.deployments if (d.city, d.stack) == (b.city, b.stack))
        step = next(s for s in d.permits if s.permit == wait.permit)
        assert (b.kind, b.period) == ("law", d.launch)
        assert (wait.in_hand, wait.begun) == (step.finish, d.programme_start)


def test_every_fact_of_a_plan_is_said():
    plan = planned(constraints=[{"id": "few", "type": "fleet_cap", "vehicles": 60}])
    assert all(b.sentence for b in [*plan.binds, *(b for c in plan.cities for b in c.binds)])
    assert all(c.outcome.sentence for c in plan.cities)


def test_a_city_shows_what_names_it_and_what_binds_its_stacks():
    plan = planned(constraints=[{"id": "few", "type": "fleet_cap", "vehicles": 50, "stack": "beta"}])
    for city in plan.cities:
        stacks = {d.stack for d in city.deployments}
        assert city.binds == [b for b in plan.binds if b.city == city.city or (not b.city and b.stack in stacks)]
    assert any(b.stack == "beta" and not b.city for c in plan.cities for b in c.binds)


def test_a_city_that_nobody_may_open_is_not_admitted():
    removed = [{"stack": "beta", "city": "belport"}]
    plan = planned(deployments={"remove": removed}, cities=["aston", "belport"])
    found = {c.city: c.outcome for c in plan.cities}
    assert found["belport"].kind == "not_admitted"
    assert found["belport"].earliest == ""


def test_a_city_without_permits_in_time_says_when_they_would_be_there():
    plan = planned(constraints=[{"id": "late", "type": "permit_delay", "city": "belport", "months": 40}])
    found = next(c.outcome for c in plan.cities if c.city == "belport")
    assert found.kind == "no_permit"
    assert found.earliest > "2028-12"
    assert found.more_at_most_usd is None


def test_a_city_that_is_not_worth_it_says_what_is_proven():
    fare = {"figure": "belport/city.toml#market.mean_fare_local", "factor": 0.2}
    plan = planned(overrides=[fare])
    found = next(c.outcome for c in plan.cities if c.city == "belport")
    assert found.kind == "not_worth"
    assert found.more_at_most_usd == pytest.approx(plan.bound - plan.objective, abs=0.01)


def test_a_plan_of_another_version_is_refused_with_a_remedy():
    with pytest.raises(OtherVersion) as caught:
        read_plan('{"schema_version": "1", "name": "old"}', "old.json")
    (fault,) = caught.value.faults
    assert fault.where == "old.json: /schema_version"
    assert "make the plan again" in fault.remedy


def test_what_is_no_plan_is_a_fault():
    for text in ("{", "[]", "{}", '{"schema_version": "3"}', '{"schema_version": "3", "cities": [{"city": "aston"}]}'):
        with pytest.raises(InputError) as caught:
            read_plan(text, "own.json")
        assert all(fault.where.startswith("own.json") for fault in caught.value.faults), text


def test_a_plan_read_again_is_the_same_plan():
    plan = planned()
    assert read_plan(plan.model_dump_json()) == plan
