"""A plan that breaks the law in one place and is true in every other: its dates, fleets, money and seal all follow the breach."""

from __future__ import annotations

from typing import Any

import pytest

from fleetplan.catalogue.types import Catalogue
from fleetplan.plans.check import check_plan
from fleetplan.plans.files import sealed
from fleetplan.plans.types import Plan
from fleetplan.request import PlanRequest
from tests import plan_builder
from tests.plan_builder import DECISIONS, build_plan, default_request
from tests.rule_builder import SERVICES, with_assumption, with_permit
from tests.test_law_caps import capping

WIDENED_AT_ONCE = with_assumption("area.doubling_months", 0.0)
"""Here nothing but its permit keeps an area closed."""
FALLING = {
    kind: capping(39, "b-out", with_permit("b-out", fleet_cap=500, fleet_cap_kind=kind), chance=0.5)
    for kind in ("concurrent", "shared_quota")
}
"""Here a law may leave 39 vehicles without a driver in Belport, a partner or all together."""
ABOVE = {"concurrent": [("permit_cap", "belport/beta/2027-10")], "shared_quota": [("permit_cap", "belport/2027-10")]}


@pytest.fixture
def delivered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes a plan out of other decisions of one deployment, with all that follows, and seals it."""

    def make(world: Catalogue, place: tuple[str, str], request: PlanRequest | None = None, **decisions: Any) -> Plan:
        monkeypatch.setattr(plan_builder, "DECISIONS", {**DECISIONS, place: DECISIONS[place] | decisions})
        return sealed(build_plan(world, request))

    return make


def broken(plan: Plan, world: Catalogue) -> list[tuple[str, str]]:
    return [(v.rule, v.where) for v in check_plan(plan, world, SERVICES, delivered=True).violations]


def dated(month: str) -> PlanRequest:
    return default_request(constraints=[{"id": "c", "type": "event_date", "event": "cap", "month": month}])


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ([0, 0, 0, 1, 1, 1, 1, 2], []),
        ([0, 0, 0, 1, 1, 1, 2, 2], [("permit_area", "aston/alpha/2027-07")]),
    ],
)
def test_an_area_that_opens_before_its_permit_is_seen_by_that_rule_alone(delivered: Any, level: list[int], told: Any):
    assert broken(delivered(WIDENED_AT_ONCE, ("aston", "alpha"), level=level), WIDENED_AT_ONCE) == told


@pytest.mark.parametrize("kind", FALLING)
@pytest.mark.parametrize(
    ("month", "vehicles", "kept"),
    [("2027-11", 39, True), ("2028-01", 40, True), ("2027-12", 40, False), ("2027-08", 40, False)],
)
def test_one_vehicle_above_a_cap_that_has_fallen_is_seen_by_that_rule_alone(
    delivered: Any, kind: str, month: str, vehicles: int, kept: bool
):
    """The quarter from October on has a month of the law even where it comes with its last one."""
    fleet = [0, 0, 0, 0, 0, 20, 30, vehicles]
    plan = delivered(FALLING[kind], ("belport", "beta"), dated(month), paid_driver_out=fleet)
    assert broken(plan, FALLING[kind]) == ([] if kept else ABOVE[kind])


def test_whoever_moves_the_law_s_month_in_a_plan_has_answered_another_question(delivered: Any):
    world = FALLING["concurrent"]
    plan = delivered(world, ("belport", "beta"), dated("2027-10"))
    moved = plan.model_copy(update={"request": dated("2028-01")})
    assert broken(plan, world) == ABOVE["concurrent"]
    assert [rule for rule, _ in broken(sealed(moved), world)] == ["certificate"]
