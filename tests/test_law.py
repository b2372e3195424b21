"""What the law asks of one stack and not of another: seats, exemptions."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import RequestError
from fleetplan.months import month_number
from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.rules.caps import shared_quotas
from fleetplan.permits import first_paid_month, permit_path
from fleetplan.plans.check import check_plan
from fleetplan.scope import judge_request
from tests.plan_builder import build_plan
from tests.rule_builder import BOUGHT, SERVICES, WORLD, instance, with_new_permit, with_permit

JANUARY = month_number("2027-01")


def seatless(stack: str = "alpha", world: Catalogue = WORLD) -> Catalogue:
    """Return the world with a stack in which nobody can sit at a wheel."""
    return replace(world, stacks={**world.stacks, stack: replace(world.stacks[stack], operator_seat=False)})


@cache
def shipped() -> Catalogue:
    return load_catalogue()


def pods() -> list[tuple[str, str]]:
    return [(s, c) for s, stack in shipped().stacks.items() if not stack.operator_seat for c in shipped().cities]


# --- a vehicle without a seat for an operator ---


def test_a_stack_without_a_seat_has_no_mode_with_an_operator_and_opens_later():
    manned, pod = instance(BOUGHT), instance(BOUGHT, seatless())
    assert [m.name for m in manned.deployments[0].modes] == ["paid_operator", "paid_driver_out"]
    assert [m.name for m in pod.deployments[0].modes] == ["paid_driver_out"]
    first = [
        int(np.argmax(formulate(i).model.upper[formulate(i).columns.deployments[0].open[0]])) for i in (manned, pod)
    ]
    assert first[1] > first[0]


def test_a_step_with_an_operator_that_is_on_the_way_stays_as_tests():
    """Texas asks for tests with a human at the wheel: such makers drive them with other cars."""
    asked = seatless(world=with_permit("a-op", optional=False))
    assert asked.permits_of("alpha", "aston")["a-op"].opens == "test_operator"
    assert "a-op" not in seatless().permits_of("alpha", "aston")
    assert WORLD.permits_of("alpha", "aston")["a-op"].opens == "paid_operator"


def test_a_pod_with_an_operator_on_board_is_a_fault_of_the_plan():
    assert check_plan(build_plan(), WORLD, SERVICES).violations == ()
    broken = check_plan(build_plan(), seatless(), SERVICES).violations
    assert {"operator_seat", "permit_path"} <= {v.rule for v in broken}
    told = next(v for v in broken if v.rule == "operator_seat")
    assert told.where == "aston/alpha/2027-04"
    assert told.amount == 12


def test_a_quota_counts_whichever_of_a_citys_stacks_meets_its_permit():
    """A quota on the operator's mode concerns beta, though alpha (the first of the city) does not meet the permit."""
    world = seatless(world=with_permit("a-op", fleet_cap=15, fleet_cap_kind="shared_quota"))
    limited = {permit.id: modes for _, permit, modes in shared_quotas(instance({"cities": ["aston"]}, world))}
    assert list(limited["a-op"]) == [1]


@pytest.mark.parametrize(("stack", "city"), pods())
def test_no_pod_of_the_catalogue_has_an_operator_on_board_anywhere(stack: str, city: str):
    assert not any(permit.manned for permit in shipped().permits_of(stack, city).values())


# --- the federal exemption ---


def exempted(world: Catalogue) -> Catalogue:
    """Return a world in which Aston's approval waits for an exemption that only seatless vehicles need."""
    wide = with_new_permit("a-approval", world, id="a-exempt", all_of=(), event="a-law", needed_by="no_operator_seat")
    return with_permit("a-approval", wide, all_of=("a-test", "a-exempt"))


def test_only_a_vehicle_without_a_seat_waits_for_the_exemption():
    with_seat = permit_path(exempted(WORLD), "alpha", "aston", horizon_start=JANUARY)
    without = permit_path(exempted(seatless()), "alpha", "aston", horizon_start=JANUARY)
    assert "a-exempt" not in with_seat.permits
    assert without.timings({"city": JANUARY, "astonia": JANUARY})["a-exempt"].start == month_number("2027-06")
    assert first_paid_month(without) > first_paid_month(with_seat)  # type: ignore[operator]


@pytest.mark.parametrize("city", ["los-angeles", "bay-area", "houston"])
@pytest.mark.parametrize(("decided", "extra"), [("2027-02", 0), ("2028-11", 21)])
def test_zoox_takes_fares_only_after_its_federal_exemption(city: str, decided: str, extra: int):
    event = {"us-part-555-decision": month_number(decided)}
    pod = permit_path(shipped(), "zoox-pod", city, horizon_start=JANUARY, durations="promised", event_months=event)
    timings = pod.timings(dict.fromkeys(["city", *pod.wide], JANUARY))
    exemption = timings["us-fmvss-exemption"].finish
    assert exemption == month_number(decided)
    paid = [timings[p.id].finish for p in pod.permits.values() if p.opens.startswith("paid")]
    assert min(paid) > exemption
    if city != "houston":  # deployment takes 5 months and the Commission's vote 7, whenever the exemption comes
        assert min(paid) == month_number("2028-02") + extra


@pytest.mark.parametrize("city", ["los-angeles", "bay-area", "houston"])
def test_other_stacks_do_not_meet_the_exemption(city: str):
    met = [s for s in shipped().stacks if "us-fmvss-exemption" in shipped().permits_of(s, city)]
    assert met == [s for s, stack in shipped().stacks.items() if not stack.operator_seat]
    assert "zoox-pod" in met


def test_the_exemption_bears_the_volume_that_the_law_allows():
    permit = shipped().permits_of("zoox-pod", "los-angeles")["us-fmvss-exemption"]
    assert (permit.fleet_cap, permit.fleet_cap_kind) == (2500, "type_year")


def test_a_month_for_an_event_that_no_planned_stack_waits_for_is_a_fault():
    """The exemption moves nothing where no pod is planned."""
    asked = {
        "cities": ["los-angeles"],
        "constraints": [{"id": "e", "type": "event_date", "event": "us-part-555-decision", "month": "2028-01"}],
    }
    plain = {"name": "n", "horizon": {"start": "2027-01", "months": 24}, "capital": {"per_quarter_usd": 1e7}}
    assert judge_request(plain | asked, shipped()).constraints
    with pytest.raises(RequestError, match="us-part-555-decision"):
        judge_request(plain | asked | {"exclude_stacks": ["zoox-pod"]}, shipped())
