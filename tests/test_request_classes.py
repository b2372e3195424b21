"""What a request may say of the law and of a stack's class: permits' numbers, slips, deals; faults, and what the check reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetplan.catalogue.types import DriverOut
from fleetplan.errors import RequestError
from fleetplan.permits.slips import slip_class
from fleetplan.plans.check import check_plan
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.figures import with_overrides
from fleetplan.plans.check.permit_dates import _own_class
from fleetplan.request import parse_request
from fleetplan.reruns.patch import apply_patch, input_changes
from fleetplan.scope import judge_request, resolve_scope
from fleetplan.words.changes import change_sentence
from fleetplan.words.names import Names
from fleetplan.words.request import question
from tests.plan_builder import build_plan, default_request
from tests.rule_builder import SERVICES, WORLD, instance

PLAIN: dict[str, Any] = {"horizon": {"start": "2027-01", "months": 12}, "capital": {"per_quarter_usd": 1e9}}
CAP = "jurisdictions/belland.toml#b-out.fleet_cap"
MINDED = "jurisdictions/aston.toml#a-out.vehicles_per_remote_operator"


def overriding(figure: str, **given: Any) -> dict[str, Any]:
    return PLAIN | {"overrides": [{"figure": figure, **given}]}


def faults(**asked: Any) -> list[tuple[str, str]]:
    with pytest.raises(RequestError) as found:
        judge_request(PLAIN | asked, WORLD)
    return [(f.where, f.what) for f in found.value.faults]


def test_a_permits_cap_and_its_number_for_remote_operators_can_be_replaced():
    asked = parse_request(PLAIN | {"overrides": [{"figure": CAP, "factor": 0.5}, {"figure": MINDED, "value": 4}]})
    scope = resolve_scope(asked, WORLD)
    ours, theirs = scope.catalogue.jurisdictions, with_overrides(WORLD, asked.overrides).jurisdictions
    for laws in (ours, theirs):
        assert laws["belland"].permits["b-out"].fleet_cap == 30
        assert laws["aston"].permits["a-out"].vehicles_per_remote_operator == 4
        assert laws["aston"].permits["a-op"] == WORLD.jurisdictions["aston"].permits["a-op"]
    built = instance({"overrides": [o.model_dump(exclude_none=True) for o in asked.overrides]})
    assert built.deployments[0].rates.agents_per_vehicle[0] == pytest.approx(1 / 4)


@pytest.mark.parametrize(
    ("figure", "given", "said"),
    [
        (CAP, {"value": 2.5}, "2.5 is not a whole number"),
        (CAP, {"value": -1}, "-1 is out of range"),
        (MINDED, {"value": 2000}, "2000 is out of range"),
        (MINDED.replace("a-out", "a-op"), {"value": 1}, "no figure of the catalogue is called"),
        (CAP.replace("fleet_cap", "months"), {"value": 1}, "no figure of the catalogue is called"),
    ],
)
def test_a_number_out_of_range_or_of_a_permit_that_has_none_is_a_fault(figure: str, given: dict[str, Any], said: str):
    ((where, what),) = faults(overrides=[{"figure": figure, **given}])
    assert where.startswith("/overrides/0/")
    assert said in what


def test_the_check_reads_the_laws_numbers_from_the_request_itself():
    """The plan places 40 vehicles in Belport at the end; a request that lets 35 run there breaks it, and only there."""
    broken = check_plan(
        build_plan(request=default_request(overrides=[{"figure": CAP, "value": 35}])), WORLD, SERVICES
    ).violations
    assert {(v.rule, v.where) for v in broken} == {("permit_cap", "belport/2027-10")}


def test_a_stack_may_count_as_another_class_and_another_deal():
    beta = replace(WORLD.stacks["beta"], driver_out=(DriverOut("X", "ZZ", "", "2026-01", "paid", "made up", "low"),))
    world = replace(WORLD, stacks={**WORLD.stacks, "beta": beta})
    classes = [
        {"stack": "beta cars", "city": "aston", "slips": "here"},
        {"stack": "beta", "city": "belport", "deal": "talks"},
    ]
    asked = PLAIN | {"deployments": {"classes": classes}}
    scope = resolve_scope(parse_request(asked), world)
    assert [slip_class(scope.catalogue, "beta", c) for c in ("aston", "belport")] == ["here", "elsewhere"]
    assert ("beta", "aston") in scope.deployments
    plan = build_plan(request=default_request(deployments={"classes": classes[:1]}))
    case = Case(plan, world, SERVICES)
    assert [_own_class(case, ("beta", c)) for c in ("aston", "belport")] == ["here", "elsewhere"]


def test_a_deal_that_a_request_gives_lets_in_and_keeps_out():
    out = [{"stack": "beta", "city": "aston", "deal": "none"}]
    assert ("beta", "aston") not in resolve_scope(
        parse_request(PLAIN | {"deployments": {"classes": out}}), WORLD
    ).deployments
    more = {"deals": ["none", "announced", "talks"], "classes": out}
    assert ("beta", "aston") in resolve_scope(parse_request(PLAIN | {"deployments": more}), WORLD).deployments


def test_a_class_of_what_is_not_planned_is_a_fault():
    late = [{"stack": "beta", "city": "aston", "slips": "nowhere"}]
    assert [w for w, _ in faults(stacks=["alpha"], deployments={"classes": late})] == ["/deployments/classes/0"]


def test_every_fault_of_classes_is_told_at_once():
    classes = [
        {"stack": "beta", "city": "atlantis", "slips": "here"},
        {"stack": "alpha", "city": "aston", "slips": "here"},
        {"stack": "alpha", "city": "aston", "slips": "nowhere"},
        {"stack": "alpha", "city": "aston"},
        {"stack": "alpha", "city": "aston", "slips": "soon"},
    ]
    told = dict(faults(deployments={"classes": classes}))
    assert {
        "/deployments/classes/0/city",
        "/deployments/classes/2",
        "/deployments/classes/3",
        "/deployments/classes/4/slips",
    } <= set(told)


def test_a_rerun_changes_a_class_by_its_pair_and_says_so():
    before = parse_request(PLAIN)
    after = parse_request(apply_patch(PLAIN, {"deployments": {"classes": {"alpha@aston": {"slips": "nowhere"}}}}))
    (change,) = input_changes(before, after)
    assert change.pointer == "/deployments/classes/alpha@aston"
    said = change_sentence(change, Names(WORLD))
    assert said == "Alpha in Aston is late as one that does not run without a driver anywhere yet."
    assert said in question(resolve_scope(after, WORLD))
