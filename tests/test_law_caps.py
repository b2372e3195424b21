"""Events of law that change the cap of a permit from a month on, and test fleets within the permits for tests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import CatalogueError, RequestError
from fleetplan.optimize.lawcaps import in_year
from fleetplan.plans.check import check_plan
from fleetplan.scope import judge_request
from tests.catalogue_builder import edit, make_catalogue
from tests.plan_builder import build_plan, default_request
from tests.rule_builder import (
    BOUGHT,
    DRIVEN,
    JULY,
    SERVICES,
    Trial,
    instance,
    with_assumption,
    with_permit,
)

AUGUST = JULY + 1
EASY = with_assumption("fleet.operator_pilot_cap", 1000.0)


def capping(vehicles: int, permit: str = "a-op", world: Catalogue = EASY, *, chance: float = 1.0) -> Catalogue:
    """Return a world in which a law gives a permit another cap from August 2027 on."""
    slug = "astonia" if permit.startswith("a-") else "belland"
    like, law = world.jurisdictions["astonia"].events["a-law"], world.jurisdictions[slug]
    event = replace(like, id="cap", jurisdiction=slug, likely="2027-08", chance=chance, caps=((permit, vehicles),))
    changed = replace(law, events={**law.events, "cap": event})
    home = next(j for j in world.jurisdictions.values() if permit in j.permits)
    if home.slug != slug:  # the checker reads the events of the permit's own law
        changed = replace(home, events={**home.events, "cap": replace(event, jurisdiction=home.slug)})
    return replace(world, jurisdictions={**world.jurisdictions, changed.slug: changed})


def asked(month: str) -> dict[str, object]:
    return {**BOUGHT, "constraints": [{"id": "c", "type": "event_date", "event": "cap", "month": month}]}


@pytest.mark.parametrize(("vehicles", "at", "kept"), [(30, JULY, True), (12, AUGUST, True), (13, AUGUST, False)])
def test_a_cap_at_a_time_falls_with_the_month_of_its_event(vehicles: int, at: int, kept: bool):
    assert Trial(instance(BOUGHT, capping(12)), "permit_cap").serving(vehicles, at, mode=0).kept == kept


def test_an_event_that_may_not_come_changes_a_cap_only_where_a_request_gives_it_its_month():
    unsure = capping(12, chance=0.4)
    assert Trial(instance(BOUGHT, unsure), "permit_cap").serving(30, AUGUST, mode=0).kept
    assert not Trial(instance(asked("2027-07"), unsure), "permit_cap").serving(30, JULY, mode=0).kept


@pytest.mark.parametrize(("vehicles", "kept"), [(3, True), (2, False)])
def test_a_service_needs_no_more_vehicles_than_the_law_leaves_it(vehicles: int, kept: bool):
    world = capping(3, "a-op", with_permit("a-out", EASY, fleet_cap=500))
    law = world.jurisdictions["aston"]
    both = replace(law.events["cap"], caps=(("a-op", 3), ("a-out", 3)))
    world = replace(world, jurisdictions={**world.jurisdictions, "aston": replace(law, events={"cap": both})})
    trial = Trial(instance(BOUGHT, world), "min_fleet").opened(JULY).serving(60, slice(JULY, AUGUST))
    assert trial.serving(vehicles, slice(AUGUST, None)).kept == kept


def test_a_quota_of_a_city_falls_for_all_its_stacks_together():
    shared = capping(50, "a-out", with_permit("a-out", fleet_cap=60, fleet_cap_kind="shared_quota"))
    for own, kept in ((30, True), (31, False)):
        trial = Trial(instance({"cities": ["aston"]}, shared), "permit_cap")
        assert trial.serving(own, AUGUST, q=0, mode=1).serving(20, AUGUST, q=1, mode=1).kept == kept


@pytest.mark.parametrize(("vehicles", "cap"), [(90, 90.0), (0, float("inf")), (20, 20.0)])
def test_a_yearly_cap_changes_with_the_calendar_year(vehicles: int, cap: float):
    i = instance({**DRIVEN, "horizon": {"start": "2027-01", "months": 24}}, capping(vehicles, "b-type"))
    assert [in_year(i, "b-type", 45.0, year) for year in (2026, 2027, 2028)] == [45.0, 45.0, cap]
    trial = Trial(i, "permit_cap")
    added, january = trial.f.columns.deployments[0].added, i.grid.period_of(2028 * 12)
    assert trial.put(added[january], min(cap, 1000.0)).kept
    assert not trial.put(added[1], 46.0).kept


def test_a_plan_above_what_an_event_leaves_is_at_fault():
    uncapped = with_permit("a-out", fleet_cap=500)
    world, plan = capping(20, "a-out", uncapped), build_plan()
    told = [v for v in check_plan(plan, world, SERVICES).violations if v.rule == "permit_cap"]
    over = ["aston/alpha/2027-10", "aston/beta/2027-10"]
    assert [v.where for v in told] == over
    unsure = capping(20, "a-out", uncapped, chance=0.5)
    assert not [v for v in check_plan(plan, unsure, SERVICES).violations if v.rule == "permit_cap"]
    dated = default_request(constraints=[{"id": "c", "type": "event_date", "event": "cap", "month": "2027-10"}])
    told = [v for v in check_plan(build_plan(request=dated), unsure, SERVICES).violations if v.rule == "permit_cap"]
    assert [v.where for v in told] == over


def test_more_vehicles_of_a_type_than_the_new_year_allows_are_at_fault():
    early = capping(4, "b-type")
    law = early.jurisdictions["belland"]
    event = replace(law.events["cap"], likely="2026-06")
    world = replace(early, jurisdictions={**early.jurisdictions, "belland": replace(law, events={"cap": event})})
    told = [v for v in check_plan(build_plan(), world, SERVICES).violations if v.rule == "permit_cap"]
    assert [v.where for v in told] == ["beta/2027"]
    assert "allows 4 a year" in str(told[0])


@pytest.mark.parametrize(
    ("caps", "told"),
    [
        ('[{ permit = "nobody", vehicles = 3 }]', "'nobody' is unknown"),
        ('[{ permit = "landia-test", vehicles = 3 }]', "has no cap that could change"),
        ("7", "is not a list"),
    ],
)
def test_a_cap_that_nobody_has_is_a_fault(tmp_path: Path, caps: str, told: str):
    folder = make_catalogue(tmp_path)
    edit(folder / "jurisdictions" / "landia.toml", 'latest = "', f'caps = {caps}\nlatest = "')
    with pytest.raises(CatalogueError, match=told):
        load_catalogue(folder)


def test_the_catalogue_s_events_change_the_caps_that_they_name():
    world = load_catalogue()
    assert world.event("eu-robotaxi-cap-lifted").caps == (("eu-ads-type-approval", 0),)
    plain = {"name": "n", "horizon": {"start": "2027-01", "months": 36}, "capital": {"per_quarter_usd": 1e7}}
    raised = {"id": "e", "type": "event_date", "event": "us-exemption-cap-90000", "month": "2028-01"}
    assert judge_request(plain | {"cities": ["los-angeles"], "constraints": [raised]}, world).constraints
    with pytest.raises(RequestError, match="has a cap that it changes"):
        judge_request(plain | {"cities": ["munich"], "constraints": [raised]}, world)


# --- test fleets ---


def test_a_test_fleet_is_no_larger_than_the_permit_for_tests_allows():
    narrow = with_permit("a-test", fleet_cap=4)
    data = instance({}, narrow).deployments
    assert {d.key: d.test_fleet for d in data if d.city == "aston"} == {"alpha@aston": 4, "beta@aston": 4}
    assert next(d for d in data if d.city == "belport").test_fleet > 4
    told = [v for v in check_plan(build_plan(), narrow, SERVICES).violations if v.rule == "permit_cap"]
    assert told
    assert "a-test allows 4" in str(told[0])
    free = with_permit("a-test", fleet_cap=4, optional=True)
    assert instance({}, free).deployments[0].test_fleet > 4
