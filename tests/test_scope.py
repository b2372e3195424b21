"""What a request says against the catalogue and the grid: every fault at its field, with what to write instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetplan.errors import Fault, RequestError
from fleetplan.request import parse_request
from fleetplan.scope import Scope, resolve_scope
from tests.plan_builder import make_catalogue

WORLD = make_catalogue()
FORBIDDEN = {"type": "forbid_deployment", "stack": "alpha", "city": "belport"}


def resolved(**more: Any) -> Scope:
    """Resolve a request of 24 months, the first six planned singly."""
    plain = {"horizon": {"start": "2027-01", "months": 24, "single_months": 6}, "capital": {"per_quarter_usd": 8e6}}
    return resolve_scope(parse_request(plain | more), WORLD)


def faults_of(**more: Any) -> list[Fault]:
    with pytest.raises(RequestError) as caught:
        resolved(**more)
    return list(caught.value.faults)


def fault_of(**more: Any) -> Fault:
    found = faults_of(**more)
    assert len(found) == 1, found
    return found[0]


def asked(**constraint: Any) -> dict[str, Any]:
    return {"constraints": [{"id": "it"} | constraint]}


# --- months and the horizon -------------------------------------------------------------------------------------------------

PLACE = {"city": "aston"}
PAIR = {"city": "aston", "stack": "alpha"}
OUTSIDE = [
    ({"type": "markets_live", "count": 1}, "by"),
    ({"type": "launch_by"} | PLACE, "month"),
    ({"type": "launch_not_before"} | PLACE, "month"),
    ({"type": "launch_fixed"} | PAIR, "month"),
]


@pytest.mark.parametrize(("constraint", "key"), OUTSIDE, ids=lambda v: v["type"] if isinstance(v, dict) else "")
@pytest.mark.parametrize(
    ("month", "what", "remedy"),
    [
        ("2026-12", "lies before the horizon", "write 2027-01 or later"),
        ("2029-01", "lies after the horizon", "write 2028-12 or earlier, give the horizon 25 months"),
    ],
)
def test_a_month_outside_the_horizon_is_a_fault(
    constraint: dict[str, Any], key: str, month: str, what: str, remedy: str
):
    fault = fault_of(**asked(**constraint, **{key: month}))
    assert (fault.where, fault.what) == (f"/constraints/0/{key}", f"{month} {what}")
    assert fault.allowed == "2027-01 to 2028-12"
    assert fault.remedy.startswith(remedy)


@pytest.mark.parametrize(("constraint", "key"), OUTSIDE, ids=lambda v: v["type"] if isinstance(v, dict) else "")
@pytest.mark.parametrize("month", ["2027-01", "2028-12"])
def test_the_first_and_the_last_month_of_the_horizon_are_inside(constraint: dict[str, Any], key: str, month: str):
    assert resolved(**asked(**constraint, **{key: month})).constraints


WINDOWED = [
    {"type": "fleet_cap", "vehicles": 5},
    {"type": "fleet_floor", "vehicles": 5},
    {"type": "supply_change", "stack": "alpha", "factor": 0.5},
]


@pytest.mark.parametrize("constraint", WINDOWED, ids=lambda c: c["type"])
def test_a_window_outside_the_horizon_is_a_fault_and_one_that_reaches_in_is_none(constraint: dict[str, Any]):
    early, late = {"start": "2025-01", "end": "2026-12"}, {"start": "2029-01", "end": "2029-06"}
    assert fault_of(**asked(**constraint, **early)).where == "/constraints/0/end"
    assert fault_of(**asked(**constraint, **late)).where == "/constraints/0/start"
    assert resolved(**asked(**constraint, **(early | {"end": "2027-01"}))).constraints
    assert resolved(**asked(**constraint, **(late | {"start": "2028-12"}))).constraints


@pytest.mark.parametrize(
    "constraint",
    [{"type": "partner_share", "partner": "Alpha", "max_share": 0.5}, {"type": "minimum_trips", "trips_per_day": 5}],
    ids=lambda c: c["type"],
)
def test_a_start_after_the_horizon_is_a_fault(constraint: dict[str, Any]):
    assert fault_of(**asked(**constraint, start="2029-01")).where == "/constraints/0/start"


def test_a_window_that_ends_before_it_starts_is_a_fault():
    fault = fault_of(**asked(type="fleet_cap", vehicles=5, start="2027-05", end="2027-03"))
    assert (fault.where, fault.allowed) == ("/constraints/0/end", "2027-05 or later")


def test_more_supply_that_covers_no_period_whole_says_which_grid_can_say_it():
    fault = fault_of(**asked(type="supply_change", stack="alpha", factor=2, start="2028-02", end="2028-03"))
    assert fault.where == "/constraints/0/factor"
    assert "2028-02 to 2028-03" in fault.what
    assert fault.remedy == "write start: 2028-01 and end: 2028-03, or set horizon.single_months to 15"


@pytest.mark.parametrize(
    "change",
    [
        {"factor": 2, "start": "2028-01", "end": "2028-03"},
        {"factor": 2, "start": "2027-06", "end": "2027-08"},
        {"factor": 2},
        {"factor": 0, "start": "2028-02", "end": "2028-02"},
    ],
)
def test_supply_that_the_grid_can_say_is_accepted(change: dict[str, Any]):
    assert resolved(**asked(type="supply_change", stack="alpha", **change)).constraints


def test_the_remedies_of_a_supply_that_the_grid_cannot_say_are_accepted():
    change = {"type": "supply_change", "stack": "alpha", "factor": 2}
    horizon = {"start": "2027-01", "months": 24, "single_months": 15}
    assert resolved(**asked(**change, start="2028-02", end="2028-03"), horizon=horizon).constraints
    assert resolved(**asked(**change, start="2028-01", end="2028-03")).constraints


# --- what is planned --------------------------------------------------------------------------------------------------------

EVERY = [
    ({"type": "launch_by", "month": "2028-01"}, {"city"}),
    ({"type": "launch_not_before", "month": "2028-01"}, {"city"}),
    ({"type": "launch_fixed", "month": "2028-01"}, {"city", "stack"}),
    ({"type": "force_deployment"}, {"city", "stack"}),
    ({"type": "fleet_cap", "vehicles": 5}, {"city", "stack"}),
    ({"type": "fleet_floor", "vehicles": 5, "start": "2028-01"}, {"city", "stack"}),
    ({"type": "stacks_per_city", "max": 1}, {"city"}),
    ({"type": "permit_delay", "months": 3}, {"city", "stack"}),
    ({"type": "supply_change", "factor": 0.5}, {"stack"}),
    ({"type": "service_level", "max_wait_min": 9}, {"city"}),
    ({"type": "minimum_trips", "trips_per_day": 9, "start": "2028-01"}, {"city"}),
]
NAMES = {"city": "aston", "stack": "alpha"}


@pytest.mark.parametrize(("constraint", "keys"), EVERY, ids=lambda v: v["type"] if isinstance(v, dict) else "")
def test_a_constraint_on_what_is_not_planned_is_a_fault_at_its_field(constraint: dict[str, Any], keys: set[str]):
    named = asked(**constraint, **{key: NAMES[key] for key in keys})
    assert resolved(**named).constraints
    first = min(keys)
    elsewhere = fault_of(**named, cities=["belport"])
    assert elsewhere.where == f"/constraints/0/{first}"
    assert "aston" in elsewhere.remedy if first == "city" else "alpha" in elsewhere.what
    if "stack" in keys:
        without = fault_of(**named, exclude_stacks=["alpha"])
        assert without.where == "/constraints/0/stack"
        assert without.remedy.startswith("take alpha out of exclude_stacks")


def test_forbidding_what_is_not_planned_anyway_is_granted():
    assert resolved(**asked(**FORBIDDEN)).constraints
    assert resolved(**asked(**FORBIDDEN), cities=["aston"]).constraints


@pytest.mark.parametrize(
    ("lists", "reason", "remedy"),
    [
        ({"exclude_cities": ["aston"]}, "exclude_cities leaves it out", "take aston out of exclude_cities"),
        ({"cities": ["belport"]}, "cities does not name it", "add aston to cities"),
        ({"stacks": ["beta"]}, "stacks does not name it", "add alpha to stacks"),
        (
            {"deployments": {"remove": [PAIR]}},
            "deployments.remove takes it out",
            "take it out of deployments.remove",
        ),
        (
            {"deployments": {"deals": ["talks"]}},
            "its deal is 'announced', which deployments.deals does not admit",
            "add {stack: alpha, city: aston} to deployments.add",
        ),
    ],
)
def test_the_fault_says_why_it_is_not_planned_and_what_lets_it_in(lists: dict[str, Any], reason: str, remedy: str):
    fault = fault_of(**asked(type="force_deployment", **PAIR), **lists)
    assert reason in fault.what
    assert fault.remedy == f"{remedy}, or take the constraint out"


def test_what_the_law_bars_is_told_with_the_law():
    fact = replace(WORLD.deployments["alpha", "aston"], permitted="no", reason="no foreign cars")
    barred = replace(WORLD, deployments={**WORLD.deployments, ("alpha", "aston"): fact})
    request = parse_request({"capital": {"per_quarter_usd": 1}} | asked(type="force_deployment", **PAIR))
    with pytest.raises(RequestError, match="the law bars it: no foreign cars"):
        resolve_scope(request, barred)


def test_a_city_without_any_stack_is_told_at_the_city():
    fault = fault_of(**asked(type="launch_by", city="belport", month="2028-01"), stacks=["alpha"])
    assert (fault.where, fault.what) == ("/constraints/0/city", "no stack is planned in belport")


@pytest.mark.parametrize(
    ("named", "key"),
    [
        ({"permit": "b-out"}, "permit"),
        ({"permit": "a-out", "jurisdiction": "astonia"}, "permit"),
        ({"jurisdiction": "belland"}, "jurisdiction"),
        ({"permit": "b-out", "city": "aston"}, "permit"),
    ],
)
def test_a_delay_of_law_that_no_planned_city_has_is_a_fault(named: dict[str, str], key: str):
    assert fault_of(**asked(type="permit_delay", months=1, **named), cities=["aston"]).where == f"/constraints/0/{key}"


def test_an_event_that_no_planned_permit_waits_for_is_a_fault():
    law = asked(type="event_date", event="a-law", month="2030-01")
    assert resolved(**law).constraints
    assert fault_of(**law, cities=["belport"]).where == "/constraints/0/event"


def test_an_event_is_given_its_month_once():
    twice = [
        {"id": i, "type": "event_date", "event": "a-law", "month": m} for i, m in (("a", "2028-01"), ("b", "2029-01"))
    ]
    fault = fault_of(constraints=twice)
    assert (fault.where, fault.allowed) == ("/constraints/1/event", "each event once")


def test_a_share_of_a_partner_that_is_not_planned_is_a_fault():
    share = asked(type="partner_share", partner="Alpha", max_share=0.5)
    assert resolved(**share).constraints[0].model_dump()["partner"] == "Alpha"
    assert fault_of(**share, stacks=["beta"]).where == "/constraints/0/partner"


# --- lists ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["cities", "stacks"])
def test_an_empty_list_is_a_fault(key: str):
    fault = fault_of(**{key: []})
    assert (fault.where, fault.what) == (f"/{key}", "is an empty list")


@pytest.mark.parametrize(
    ("lists", "reason"),
    [
        ({"cities": ["belport"]}, "aston is not planned"),
        ({"exclude_stacks": ["alpha"]}, "exclude_stacks leaves the stack out"),
        ({"deployments": {"add": [PAIR], "remove": [PAIR]}}, "deployments.remove takes it out"),
    ],
)
def test_a_pair_added_that_another_list_keeps_out_is_a_fault(lists: dict[str, Any], reason: str):
    fault = fault_of(**({"deployments": {"add": [PAIR]}} | lists))
    assert fault.where == "/deployments/add/0"
    assert reason in fault.what


def test_leaving_out_what_is_not_in_is_granted():
    lists = {"cities": ["aston"], "exclude_cities": ["belport"], "stacks": ["alpha"], "exclude_stacks": ["beta"]}
    pairs = {"deployments": {"remove": [{"stack": "beta", "city": "belport"}]}}
    assert resolved(**lists, **pairs).deployments == (("alpha", "aston"),)


def test_a_name_that_nobody_knows_brings_no_faults_that_follow_from_it():
    found = faults_of(cities=["astn"], **asked(type="launch_by", city="aston", month="2028-01"))
    assert [(f.where, f.remedy) for f in found] == [("/cities/0", "did you mean aston?")]


def test_more_quarters_than_the_horizon_has_are_a_fault():
    fault = fault_of(capital={"per_quarter_usd": [1.0] * 9})
    assert (fault.where, fault.allowed) == ("/capital/per_quarter_usd", "at most 8")


@pytest.mark.parametrize("start", ["0001-01", "1999-12", "2101-01", "9999-01"])
def test_a_horizon_outside_the_years_of_the_catalogue_is_a_fault(start: str):
    with pytest.raises(RequestError, match="2000-01 to 2100-12"):
        parse_request({"capital": {"per_quarter_usd": 1}, "horizon": {"start": start}})
