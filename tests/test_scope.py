"""What a request says against the catalogue and the grid: every fault at its field, with what to write instead."""

from __future__ import annotations

import random
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import Fault, RequestError
from fleetplan.request import FigureOverride, parse_request
from fleetplan.scope import Scope, apply_overrides, judge_request, resolve_scope
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

EVERY: list[tuple[dict[str, Any], set[str]]] = [
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


# --- all at once ------------------------------------------------------------------------------------------------------------


def judged(data: Any) -> dict[str, Fault]:
    with pytest.raises(RequestError) as caught:
        judge_request(data, WORLD)
    found = {fault.where: fault for fault in caught.value.faults}
    assert len(found) == len(caught.value.faults), caught.value
    return found


def test_faults_of_fields_names_months_and_figures_are_reported_together():
    found = judged(
        {
            "horizon": {"months": 24},
            "citys": ["aston"],
            "cities": ["aston", "belporta", 7],
            "overrides": [
                {"figure": "aston/city.toml#market.fare_tx", "value": 0.1},
                {"figure": "aston/city.toml#market.fare_tax", "value": 5},
            ],
            "constraints": [
                {"id": "a", "type": "launch_by", "city": "astn", "mnth": "2027-05"},
                {"id": "b", "type": "launch_by", "city": "aston", "month": "2027-5"},
                {"id": "b", "type": "fleetcap", "vehicles": 3},
                {"id": "d", "type": "permit_delay", "months": 900, "permit": "a-ot"},
                {"id": "e", "type": "fleet_floor", "vehicles": "many", "start": "2031-01"},
                {"id": "f", "type": "event_date", "event": "a-lw"},
            ],
        }
    )
    assert list(found) == [
        "/citys",
        "/capital",
        "/cities/1",
        "/cities/2",
        "/overrides/0/figure",
        "/overrides/1/value",
        "/constraints/0/city",
        "/constraints/0/mnth",
        "/constraints/0/month",
        "/constraints/1/month",
        "/constraints/2/id",
        "/constraints/2/type",
        "/constraints/3/months",
        "/constraints/3/permit",
        "/constraints/4/start",
        "/constraints/4/vehicles",
        "/constraints/5/event",
        "/constraints/5/month",
    ]
    meant = {place: fault.remedy for place, fault in found.items() if fault.remedy.startswith("did you mean")}
    assert meant == {
        "/citys": "did you mean cities?",
        "/cities/1": "did you mean belport?",
        "/overrides/0/figure": meant["/overrides/0/figure"],
        "/constraints/0/city": "did you mean aston?",
        "/constraints/0/mnth": "did you mean month?",
        "/constraints/2/type": "did you mean fleet_cap?",
        "/constraints/3/permit": "did you mean a-out or a-op or b-out?",
        "/constraints/5/event": "did you mean a-law?",
    }
    assert "aston/city.toml#market.fare_tax" in meant["/overrides/0/figure"]
    assert all(fault.remedy for fault in found.values())


def test_nothing_is_said_about_what_follows_from_a_field_that_cannot_be_read():
    constraint = {"id": "a", "type": "launch_by", "city": "aston", "month": "2050-01"}
    assert set(judged({"horizon": {"months": 0}, "constraints": [constraint]})) == {"/horizon/months", "/capital"}
    assert set(judged({"cities": "belport", "constraints": [constraint | {"month": "2028-01"}]})) == {
        "/cities",
        "/capital",
    }


ODD: list[Any] = [
    *(None, 5, [], "x", {1: 2}, {"cities": {}}, {"cities": [None, [], {}]}, {"horizon": None}),
    *({"constraints": {"a": 1}}, {"constraints": [None, [], 5, {"type": []}]}, {"overrides": [None, {}]}),
    *({"deployments": 3}, {"deployments": {"add": "x"}}, {"deployments": {"add": [{}, None]}}),
    *({"capital": [1]}, {"capital": {"per_quarter_usd": []}}),
]


@pytest.mark.parametrize("data", ODD, ids=str)
def test_whatever_is_given_is_judged_without_a_crash(data: Any):
    assert all(fault.what and fault.remedy for fault in judged(data).values())


WHOLE: dict[str, Any] = {
    "horizon": {"start": "2027-01", "months": 24, "single_months": 6},
    "capital": {"per_quarter_usd": [1, 2], "cash_floor_usd": 5},
    "cities": ["aston", "belport"],
    "exclude_stacks": [],
    "deployments": {"deals": ["announced"], "add": [{"stack": "beta", "city": "aston"}]},
    "overrides": [
        {"figure": "aston/city.toml#season.month_factors", "factor": 1},
        {"figure": "partners/alpha.toml#supply.placeable", "values": [1, 2, 3]},
    ],
    "constraints": [{"id": kind["type"], **kind, **{key: NAMES[key] for key in keys}} for kind, keys in EVERY],
}
FOREIGN = [
    None,
    True,
    -1,
    1.5,
    10**400,
    float("nan"),
    "",
    "aston",
    "2027-13",
    "9999-01",
    [],
    {},
    [None],
    {"type": "fleet_cap"},
]


def places(data: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [*([at] if at else []), *(place for key, value in inner for place in places(value, (*at, key)))]


def damaged(data: Any, rng: random.Random) -> Any:
    """Return data with one place taken out or holding something that belongs elsewhere."""
    *way, last = rng.choice(places(data))
    out = deepcopy(data)
    holder = out
    for key in way:
        holder = holder[key]
    if rng.random() < 0.3:
        del holder[last]
    else:
        holder[last] = deepcopy(rng.choice(FOREIGN))
    return out


def faults_or_none(data: Any) -> tuple[Fault, ...]:
    try:
        judge_request(data, WORLD)
    except RequestError as error:
        return error.faults
    return ()


def test_the_whole_request_is_without_fault():
    assert judge_request(WHOLE, WORLD).constraints


@pytest.mark.parametrize("seed", range(20))
def test_no_damage_to_a_request_breaks_its_judgement(seed: int):
    rng = random.Random(seed)  # noqa: S311
    found = [faults_or_none(damaged(damaged(WHOLE, rng), rng)) for _ in range(10)]
    assert any(found)
    for faults in found:
        assert len({(fault.where, fault.what) for fault in faults}) == len(faults), faults
        assert all(fault.remedy for fault in faults), faults


def test_a_request_without_fault_is_judged_as_it_is_resolved():
    data = {"capital": {"per_quarter_usd": 8e6}, "cities": ["Aston"], "constraints": [{"id": "a"} | FORBIDDEN]}
    assert judge_request(data, WORLD) == resolve_scope(parse_request(data), WORLD)


# --- overrides --------------------------------------------------------------------------------------------------------------


def overridden(**change: Any) -> Fault:
    return fault_of(overrides=[change])


@pytest.mark.parametrize(
    ("figure", "number", "allowed"),
    [
        ("aston/city.toml#market.mean_fare_local", -13, "a number from 0.01 to 1e+06"),
        ("aston/city.toml#market.mean_trip_km", 0, "a number from 0.3 to 100"),
        ("partners/alpha.toml#vehicle.price_usd", 0, "a number from 1000 to 2e+06"),
        ("assumptions.toml#finance.interest", -0.5, "a number from 0 to 1"),
        ("assumptions.toml#fleet.life_years", 0.01, "a number from 0.5 to 40"),
        ("assumptions.toml#fleet.test_fleet", 2.5, "a whole number from 1 to 10000"),
        ("assumptions.toml#fx.EUR", 0, "a number from 1e-06 to 1000"),
        ("economics.csv#vehicles_per_fast_stall", 0, "a number from 0.1 to 1000"),
    ],
)
def test_an_override_stays_within_what_the_catalogue_may_hold(figure: str, number: float, allowed: str):
    fault = overridden(figure=figure, value=number)
    assert (fault.where, fault.allowed) == ("/overrides/0/value", allowed)
    assert figure in fault.what
    assert fault.remedy


@pytest.mark.parametrize("figure", ["finance.interest", "price.elasticity", "service.spare_share", "terminal.years"])
def test_a_zero_that_means_something_is_accepted(figure: str):
    assert resolved(overrides=[{"figure": f"assumptions.toml#{figure}", "value": 0}]).request.overrides


def test_a_factor_out_of_range_says_which_factors_stay_within():
    share = WORLD.stacks["alpha"].figures["contract.financed_share"]
    fault = overridden(figure=share.key, factor=1000)
    assert fault.where == "/overrides/0/factor"
    assert fault.remedy == f"write a factor from 0 to {1 / share.value:.3g}"
    assert resolved(overrides=[{"figure": share.key, "factor": 1 / share.value - 1e-6}]).request.overrides


def test_a_profile_keeps_its_mean():
    season = "aston/city.toml#season.month_factors"
    assert "-1 is out of range" in overridden(figure=season, values=[-1] + [1] * 11).what
    assert "mean is 2" in overridden(figure=season, values=[2] * 12).what
    assert "mean is 1.1" in overridden(figure=season, factor=1.1).what
    assert resolved(overrides=[{"figure": season, "values": [0.5, 1.5] * 6}]).request.overrides


def test_a_figure_is_overridden_once():
    fare = "aston/city.toml#market.mean_fare_local"
    fault = fault_of(overrides=[{"figure": fare, "value": 5}, {"figure": fare, "value": 50}])
    assert (fault.where, fault.allowed) == ("/overrides/1/figure", "each figure once")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("aston/city.toml#market.fare_txa", "aston/city.toml#market.fare_tax"),
        ("aston.toml#market.fare_tax", "aston/city.toml#market.fare_tax"),
        ("fleet.test_fleet", "assumptions.toml#fleet.test_fleet"),
        ("partners/alfa#vehicle.price_usd", "partners/alpha.toml#vehicle.price_usd"),
    ],
)
def test_a_figure_that_nobody_knows_brings_the_one_that_was_meant(given: str, meant: str):
    fault = overridden(figure=given, value=1)
    assert fault.where == "/overrides/0/figure"
    assert fault.remedy.startswith(f"did you mean {meant}")


@pytest.mark.timeout(30)  # looking through every key for each would take minutes
def test_many_unknown_figures_are_told_in_seconds(catalogue: Catalogue):
    changes = [{"figure": f"market.mean_fare_locl{i}", "value": 1} for i in range(500)]
    with pytest.raises(RequestError) as caught:
        judge_request({"capital": {"per_quarter_usd": 1}, "overrides": changes}, catalogue)
    assert len(caught.value.faults) == 500


def test_numbers_of_the_wrong_count_say_how_many_belong_there():
    fare, season = "aston/city.toml#market.mean_fare_local", "aston/city.toml#season.month_factors"
    assert overridden(figure=fare, values=[1, 2]).remedy == "write value: with that number"
    assert overridden(figure=season, values=[1, 2]).allowed == "12 numbers"
    assert overridden(figure=season, value=1).where == "/overrides/0/value"


def test_every_figure_of_the_catalogue_is_within_its_own_range(catalogue: Catalogue):
    groups = [catalogue.economics, catalogue.assumptions]
    groups += [c.figures for c in catalogue.cities.values()] + [s.figures for s in catalogue.stacks.values()]
    keys = [figure.key for group in groups for figure in group.values()]
    same = [FigureOverride(figure=key, factor=1) for key in keys]
    assert len(keys) > 500
    assert apply_overrides(catalogue, same)[1] == []
