"""What lies within reach, over which response curves are read: optimizer and checker find the same, each in its own code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import gather
from fleetplan.plans.check import check_plan
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.curves import planes_over, sampled
from fleetplan.plans.check.reach import within_reach
from fleetplan.prepare import services_for
from fleetplan.request import PlanRequest, parse_request, read_request
from fleetplan.scope import resolve_scope
from fleetplan.service.planes import planes_within
from fleetplan.service.types import CityService
from tests.plan_builder import build_plan, make_catalogue, make_services
from tests.rule_builder import finer_services, with_assumption, with_new_permit, with_permit

REFERENCE = Path(__file__).resolve().parent.parent / "examples" / "uber-2027.yaml"
PUBLIC = {"type": "markets_live", "count": 1, "by": "2028-06", "counts": "public"}


@cache
def real() -> tuple[Catalogue, Mapping[str, CityService]]:
    """Return the real catalogue and the surfaces of its cities."""
    world = load_catalogue()
    return world, services_for(resolve_scope(read_request(REFERENCE), world))


def both(request: PlanRequest, world: Catalogue, services: Mapping[str, CityService]) -> tuple[Formulation, Case]:
    """Return the optimizer's problem and what the checker reads."""
    f = formulate(gather(resolve_scope(request, world), services))
    return f, Case(build_plan().model_copy(update={"request": request}), world, services)


def assert_alike(f: Formulation, case: Case) -> None:
    """Hold the fleets, riders and planes of both against each other."""
    assert f.instance.deployments
    for q, data in enumerate(f.instance.deployments):
        domain = f.domain.deployments[q]
        within = within_reach(case, case.catalogue.stacks[data.stack], case.catalogue.cities[data.city])
        np.testing.assert_allclose(within.fleet, domain.fleet, rtol=1e-9, atol=1e-9, err_msg=data.key)
        np.testing.assert_allclose(within.riders, domain.demand, rtol=1e-9, atol=1e-6, err_msg=data.key)
        for g, level in enumerate(f.instance.levels_of(q)):
            for t in np.flatnonzero(domain.demand[g] > 0)[::5]:
                over = sampled(level.surface, float(within.fleet[t]), float(within.riders[g, t]))
                rows = planes_within(level.surface, float(domain.fleet[t]), float(domain.demand[g, t]))
                np.testing.assert_allclose(planes_over(level.surface, over), rows, rtol=1e-9, atol=1e-9)


SMALL = [
    {},
    {"constraints": [{"id": "c", "type": "permit_delay", "city": "belport", "months": 3}]},
    {"constraints": [{"id": "c", "type": "permit_delay", "jurisdiction": "aston", "stack": "alpha", "months": -1}]},
    {"constraints": [{"id": "c", "type": "event_date", "event": "a-law", "month": "2027-09"}]},
    {"constraints": [{"id": "c", "type": "event_date", "event": "a-law", "month": "2027-02"}]},
    {"constraints": [{"id": "c", "type": "supply_change", "stack": "beta", "factor": 0.2}]},
    {"constraints": [{"id": "c", "type": "supply_change", "stack": "alpha", "factor": 3, "start": "2027-07"}]},
    {"constraints": [{"id": "c", "type": "fleet_cap", "vehicles": 12}]},
    {"constraints": [{"id": "c"} | PUBLIC]},
    {"permit_durations": "max"},
    {"cities": ["aston"], "exclude_stacks": ["alpha"]},
]


def small(asked: Mapping[str, Any]) -> PlanRequest:
    plain = {"horizon": {"start": "2027-01", "months": 24, "single_months": 6}, "capital": {"per_quarter_usd": 8e6}}
    return parse_request(plain | dict(asked))


@pytest.mark.parametrize("asked", SMALL)
def test_both_find_the_same_within_reach_of_the_small_world(asked: dict[str, Any]):
    assert_alike(*both(small(asked), make_catalogue(), make_services()))


@pytest.mark.parametrize(
    "world",
    [
        with_permit("a-op", fleet_cap=5),
        with_permit("a-op", fleet_cap=12, fleet_cap_kind="shared_quota"),
        with_permit("a-out", fleet_cap=30),
        with_permit("a-out", area_levels=0),
        with_new_permit("a-op", id="a-op-wider", fleet_cap=40, months_likely=3),
        with_new_permit("a-area", id="a-zone", all_of=(), months_likely=9),
        with_new_permit("a-op", id="a-free", opens="unpaid_operator", fare_factor=0.0, months_likely=0),
        with_assumption("fleet.operator_pilot_cap", 12.0),
        with_assumption("fleet.km2_per_vehicle_most", 1.0),
        with_assumption("fleet.growth_vehicles_per_month", 3.5),
        with_assumption("fleet.growth_share_per_month", 0.0),
        with_assumption("fleet.likely_launch_fleet", 7.0),
        with_assumption("fleet.first_year_fleet", 33.0),
        with_assumption("adoption.operator_share", 0.7),
        with_assumption("area.doubling_months", 7.5),
        with_assumption("area.doubling_months", 0.0),
        with_assumption("supply.public_charging_cars", 3.4),
    ],
)
@pytest.mark.parametrize("asked", [{}, {"constraints": [{"id": "c"} | PUBLIC]}])
def test_both_find_the_same_within_reach_of_other_worlds(world: Catalogue, asked: dict[str, Any]):
    assert_alike(*both(small(asked), world, make_services()))


REAL = [
    [],
    [{"type": "permit_delay", "city": "london", "months": 7}],
    [{"type": "permit_delay", "jurisdiction": "california", "months": 5}],
    [{"type": "permit_delay", "city": "houston", "months": -4}],
    [{"type": "event_date", "event": "madrid-driverless-fare-title", "month": "2029-03"}],
    [{"type": "supply_change", "stack": "wayve-ford-mach-e", "factor": 2.5}],
    [{"type": "supply_change", "stack": "lucid-nuro-gravity", "factor": 0.3, "start": "2028-01", "end": "2028-08"}],
]


@pytest.mark.slow
@pytest.mark.parametrize("changes", REAL)
def test_both_find_the_same_within_reach_of_the_real_cities(changes: list[dict[str, Any]]):
    world, services = real()
    asked = read_request(REFERENCE).model_dump(mode="json")
    more = [{"id": f"change {n}", **change} for n, change in enumerate(changes)]
    request = parse_request({**asked, "constraints": [*asked["constraints"], *more]})
    assert_alike(*both(request, world, services))


@pytest.mark.slow
def test_both_find_the_same_where_a_permit_waits_for_the_earlier_of_two_programmes():
    world, services = real()
    pairs = [{"stack": "moia-id-buzz", "city": city} for city in ("munich", "madrid")]
    asked = {"cities": ["munich", "madrid"], "stacks": ["moia-id-buzz"], "deployments": {"add": pairs}}
    assert_alike(*both(small(asked | {"permit_durations": "min"}), world, services))


@pytest.mark.parametrize(("share", "broken"), [(1.1, set()), (0.9, {"response_curve"})])
def test_trips_are_held_against_the_law_within_reach_and_not_against_that_of_fleets_beyond_it(
    share: float, broken: set[str]
):
    report = check_plan(build_plan(), make_catalogue(), finer_services(share))
    told_of_the_other_law = {"plan_tells"}  # its empty km
    assert {v.rule for v in report.violations} - told_of_the_other_law == broken


def test_a_reach_counts_samples_up_to_the_first_that_is_no_smaller_in_tens_and_four_demands_at_least():
    surface = finer_services(1.0)["aston"].levels[0].surface
    assert float(surface.sample_vehicles[9]) < 44 < float(surface.sample_vehicles[10])
    assert sampled(surface, 43.0, 200.0) == (10, 4)
    assert sampled(surface, 44.0, 1000.0) == (20, 5)
    assert sampled(surface, 44.0, 1000.1) == (20, 6)
    assert sampled(surface, 200.0, 1e9) == (42, 21)
    assert sampled(surface, float(surface.sample_vehicles[9]) * (1 + 1e-12), 0.0) == (10, 4)


def test_the_planes_within_reach_lie_above_its_law_and_below_the_surface_s_own():
    surface = finer_services(0.9)["aston"].levels[0].surface
    planes = planes_over(surface, (20, 8))
    for i, j in ((1, 1), (10, 5), (19, 7)):
        point = np.array([surface.sample_vehicles[i], surface.sample_demand[j], 1.0])
        height = float((planes @ point).min())
        assert height >= float(surface.sample_trips[i, j]) - 1.0
        assert height <= float((surface.planes @ point).min()) + 1e-6
    assert np.array_equal(planes_over(surface, (42, 21)), surface.planes)
