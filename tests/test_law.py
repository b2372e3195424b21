"""What the law asks of one stack and not of another: seats, exemptions, caps in force, areas, remote operators."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Area, Catalogue, District, Hold
from fleetplan.economics import deployment_rates
from fleetplan.errors import CatalogueError, RequestError
from fleetplan.geography import build_geography
from fleetplan.months import month_number
from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.rules.caps import shared_quotas
from fleetplan.permits import first_paid_month, permit_path
from fleetplan.permits.caps import Allowance, allowances
from fleetplan.plans.bars import bars
from fleetplan.plans.check import check_plan
from fleetplan.scope import judge_request
from fleetplan.service import city_service
from fleetplan.service.cache import service_digest
from fleetplan.service.later import Later, later
from fleetplan.service.places import areas_by_level
from fleetplan.service.types import CityService, Zones
from fleetplan.words.bars import bar_words
from tests.catalogue_builder import edit, make_catalogue
from tests.plan_builder import build_plan, default_request, permit
from tests.rule_builder import (
    BOUGHT,
    JULY,
    SERVICES,
    WORLD,
    Trial,
    instance,
    with_new_permit,
    with_permit,
)

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


# --- caps of every permit in force ---

SMALL = {"fleet_cap": 10}


def test_a_permit_without_a_cap_allows_any_number():
    out = permit("out", "x", "paid_driver_out", 1)
    assert allowances(out, [out]) == [Allowance(math.inf, frozenset())]


def test_a_cap_ends_with_one_of_the_permits_that_lift_it():
    out = permit("out", "x", "paid_driver_out", 1, until=("more", "most", "unknown"), **SMALL)
    more, most = permit("more", "x", "area", 1, fleet_cap=40), permit("most", "x", "area", 1)
    assert allowances(out, [out, more, most]) == [
        Allowance(10, frozenset()),
        Allowance(math.inf, frozenset({"more"})),
        Allowance(math.inf, frozenset({"most"})),
    ]


def test_a_stage_before_counts_the_cars_of_a_later_permit_until_the_next_stage():
    op = permit("op", "x", "paid_operator", 1)
    one = permit("one", "x", "test_operator", 1, limits=("paid_operator",), until=("two",), fleet_cap=3)
    two = permit("two", "x", "test_operator", 1, limits=("paid_operator",), until=("three",), **SMALL)
    three = permit("three", "x", "test_driver_out", 1)
    assert allowances(op, [op, one, two, three]) == [
        Allowance(3, frozenset()),
        Allowance(10, frozenset({"two"})),
        Allowance(math.inf, frozenset({"two", "three"})),
    ]
    assert allowances(permit("out", "x", "paid_driver_out", 1), [op, one, two, three])[0].vehicles == math.inf


def first_licence() -> Catalogue:
    """Return the world in which Aston's driver-out permit allows 25 cars until the area permit is in hand (three months)."""
    return with_permit("a-out", fleet_cap=25, until=("a-area",))


def test_a_first_licence_names_cars_and_its_extension_lifts_them():
    i = instance(BOUGHT, first_licence())
    capped, free = (m for m, mode in enumerate(i.deployments[0].modes) if mode.name == "paid_driver_out")
    assert [i.deployments[0].modes[m].cap for m in (capped, free)] == [25, math.inf]
    early, late = (Trial(i, "permit_cap", "permit_path", loose=True).opened(JULY) for _ in range(2))
    assert early.serving(25, JULY, mode=capped).kept
    assert not early.serving(26, JULY, mode=capped).kept
    assert late.serving(60, JULY + 3, mode=free).kept
    tight = formulate(i)
    most = tight.model.upper[tight.columns.deployments[0].vehicles[free]]
    assert most[JULY + 2] == 0 < most[JULY + 3]


@pytest.mark.parametrize(("lifted_by", "broken"), [((), True), (("a-approval",), False)])
def test_a_plan_above_the_cap_of_an_earlier_stage_is_a_fault_until_the_next_stage(
    lifted_by: tuple[str, ...], broken: bool
):
    """Aston's approval comes in May: twelve vehicles under operators in April are two too many for the test permit."""
    world = with_permit("a-test", limits=("paid_operator",), until=("a-approval",), fleet_cap=10)
    told = [v for v in check_plan(build_plan(), world, SERVICES).violations if v.rule == "permit_cap"]
    assert [v.where for v in told if v.where.startswith("aston/alpha")] == ["aston/alpha/2027-04"]
    assert told[0].amount == 2
    eased = with_permit("a-approval", with_permit("a-test", limits=("paid_operator",), until=lifted_by, fleet_cap=10))
    late = [v for v in check_plan(build_plan(), eased, SERVICES).violations if v.where == "aston/alpha/2027-05"]
    assert bool(late) == broken


def test_madrid_s_second_phase_counts_the_cars_of_its_paid_rides():
    met = shipped().permits_of("weride-gxr", "madrid")
    allowed = allowances(met["madrid-vtc-operator"], met.values())
    assert allowed[0] == Allowance(10, frozenset())
    assert allowed[-1].vehicles == math.inf
    assert "es-av-phase-3" in allowed[-1].after


@pytest.mark.parametrize(
    ("stack", "city", "opener", "lifts"),
    [
        ("baidu-rt6", "hong-kong", "hk-paid-driver-out", "hk-licence-extension"),
        ("wayve-ford-mach-e", "london", "london-aps", "london-full-regime"),
    ],
)
def test_first_licences_name_cars(stack: str, city: str, opener: str, lifts: str):
    met = shipped().permits_of(stack, city)
    few, many = allowances(met[opener], met.values())
    assert 10 <= few.vehicles <= 500
    assert many == Allowance(math.inf, frozenset({lifts}))


# --- areas ---


def holding(*covers: str) -> Catalogue:
    """Return the world in which alpha holds its mapping permit for some areas."""
    alpha = WORLD.stacks["alpha"]
    held = Hold("a-map", "held", "", "made up", "assumed", covers)
    return replace(WORLD, stacks={**WORLD.stacks, "alpha": replace(alpha, holds=(held,))})


@pytest.mark.parametrize(("covers", "gates"), [((), []), (("Aston",), []), (("Elsewhere",), [("a-area",)])])
def test_an_area_that_what_is_held_does_not_cover_needs_its_extension(covers: tuple[str, ...], gates: list[tuple[str]]):
    i = instance(BOUGHT, holding(*covers))
    assert [gate[0].permits for gate in i.deployments[0].level_gates[0]] == gates


def test_a_permit_that_names_an_area_adds_just_that():
    world = with_new_permit("a-area", holding("Elsewhere"), id="a-town", opens="approval", all_of=(), covers=("Aston",))
    first = instance(BOUGHT, world).deployments[0].level_gates[0]
    assert [m.permits for m in first[0]] == [("a-area",), ("a-town",)]
    other = with_new_permit("a-area", holding("Elsewhere"), id="a-town", opens="area", all_of=(), covers=("Nowhere",))
    assert [m.permits for m in instance(BOUGHT, other).deployments[0].level_gates[0][0]] == [("a-area",)]


def test_an_opening_where_no_permit_was_given_is_a_fault_of_the_plan():
    told = [v for v in check_plan(build_plan(), holding("Elsewhere"), SERVICES).violations if v.rule == "permit_area"]
    assert told[0].where == "aston/alpha/2027-04"
    assert "Aston" in str(told[0])
    assert not [v for v in told if "2027-10" in v.where], "its area permit is in hand by then"
    assert not check_plan(build_plan(), holding("Aston"), SERVICES).violations


def by_district(city: str, levels: dict[str, int]) -> CityService:
    """Return a service with one zone on each district's centre, and the level at which it enters by a part of its name."""
    found = shipped().cities[city]
    lat, lon = (np.array([getattr(d, key) for d in found.districts]) for key in ("lat", "lon"))
    one = np.ones(len(lat))
    entry = np.array([next((k for part, k in levels.items() if d.name.startswith(part)), -1) for d in found.districts])
    zones = Zones(("",) * len(lat), lat, lon, one, one, one, one, entry)
    two = tuple(replace(SERVICES["aston"].levels[0], index=k) for k in (0, 1))
    return CityService(city, two, np.ones((2, 0)), zones)


def test_san_francisco_is_not_what_lucid_and_nuro_hold_and_the_peninsula_is():
    path = permit_path(shipped(), "lucid-nuro-gravity", "bay-area", horizon_start=JANUARY)
    assert path.covers == frozenset({"Santa Clara County", "San Mateo County"})
    core, wider = areas_by_level(
        by_district("bay-area", {"SF ": 0, "Redwood": 1, "San Jose": 1}), shipped().cities["bay-area"]
    )
    assert path.covers is not None
    assert core - path.covers == {"San Francisco"} == wider - path.covers
    assert path.adding("San Francisco") == ["bay-area-area-extension"]
    assert permit_path(shipped(), "nvidia-hyperion", "bay-area", horizon_start=JANUARY).covers is None


def test_a_city_without_areas_is_one_area_and_a_second_city_needs_its_extension():
    (whole, _) = areas_by_level(by_district("los-angeles", {"": 0}), shipped().cities["los-angeles"])
    assert whole == {"Los Angeles"}
    pod = permit_path(shipped(), "zoox-pod", "los-angeles", horizon_start=JANUARY)
    assert pod.covers is not None
    assert whole - pod.covers == whole
    assert pod.adding("Los Angeles") == ["los-angeles-area-extension"]


def test_an_area_with_hardly_a_rider_of_a_level_does_not_count():
    town = replace(
        WORLD.cities["aston"],
        areas=(Area("East", ("Far",), "made up", "assumed"),),
        districts=tuple(District(n, 1, 2025, 1, 1.0, lon, 1, "", "") for n, lon in (("Near", 0.0), ("Far", 1.0))),
    )
    zones = Zones(
        ("a", "b"), np.ones(2), np.array([0.1, 0.9]), *(np.ones(2),) * 3, np.array([985.0, 15.0]), np.zeros(2, int)
    )
    service = replace(SERVICES["aston"], zones=zones)
    assert areas_by_level(service, town)[0] == {"Aston"}
    more = replace(zones, demand_trips_per_day=np.array([970.0, 30.0]))
    assert areas_by_level(replace(service, zones=more), town)[0] == {"Aston", "East"}


# --- remote operators ---


def test_a_number_in_law_goes_before_the_economics():
    def agents(world: Catalogue) -> tuple[float, ...]:
        return deployment_rates(world, world.stacks["alpha"], world.cities["aston"]).agents_per_vehicle

    assert agents(WORLD) == (1 / 10, 1 / 12, 1 / 20)
    assert agents(with_permit("a-out", vehicles_per_remote_operator=15)) == (1 / 10, 1 / 12, 1 / 15)
    assert agents(with_permit("a-out", vehicles_per_remote_operator=3)) == (1 / 3, 1 / 3, 1 / 3)
    assert agents(with_permit("a-op", vehicles_per_remote_operator=1)) == agents(WORLD), (
        "the one on board is no remote one"
    )


def test_money_below_what_the_law_asks_of_remote_staff_is_a_fault_of_the_plan():
    world = with_permit("a-out", vehicles_per_remote_operator=5)
    told = {
        v.where.rpartition("/")[0] for v in check_plan(build_plan(), world, SERVICES).violations if "remote" in v.rule
    }
    assert told == {"aston/alpha"}, "beta's partner pays its own"


# --- what the files may not say ---


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("optional = false", 'optional = false\nuntil = ["landia-paid"]', "the permit has none"),
        ("fleet_cap = 0", 'fleet_cap = 5\nlimits = ["walking"]', "no mode of service"),
        ("fleet_cap = 0", 'fleet_cap = 5\nuntil = ["landia-never"]', "'landia-never' is unknown"),
        ("fleet_cap = 0", 'fleet_cap = 0\ncovers = ["Nowhere"]', "'Nowhere' is unknown"),
    ],
)
def test_a_cap_or_an_area_that_means_nothing_is_a_fault(tmp_path: Path, old: str, new: str, told: str):
    folder = make_catalogue(tmp_path)
    edit(folder / "jurisdictions" / "landia.toml", old, new)
    with pytest.raises(CatalogueError, match=told):
        load_catalogue(folder)


@pytest.mark.parametrize("districts", ['["West", "Wets"]', '["West"]'])
def test_an_area_is_of_districts_that_are_there_and_of_no_other_area(tmp_path: Path, districts: str):
    folder = make_catalogue(tmp_path)
    file = folder / "city-1" / "city.toml"
    area = '\n[[area]]\nname = "{}"\ndistricts = {}\nsource = "made up for a test"\nconfidence = "assumed"\n'
    file.write_text(file.read_text() + area.format("Shire", '["West"]') + area.format("County", districts))
    with pytest.raises(CatalogueError, match=r"no district|another area"):
        load_catalogue(folder)


def test_an_area_of_its_own_is_read(tmp_path: Path):
    folder = make_catalogue(tmp_path)
    file = folder / "city-1" / "city.toml"
    area = '\n[[area]]\nname = "Shire"\ndistricts = ["West"]\nsource = "made up for a test"\nconfidence = "assumed"\n'
    file.write_text(file.read_text() + area)
    city = load_catalogue(folder).cities["city-1"]
    assert [city.area_of(d.name) for d in city.districts] == ["Shire", "City 1"]


# --- events that may bar a stack ---


def barring(month: str = "2027-08", origin: str = "US") -> Catalogue:
    """Return the world in which an event of Aston's state may bar the stacks of a country."""
    law = WORLD.jurisdictions["astonia"]
    bar = replace(law.events["a-law"], id="a-bar", title="A bar", likely=month, chance=0.3, bars=(origin,))
    return replace(
        WORLD, jurisdictions={**WORLD.jurisdictions, "astonia": replace(law, events={**law.events, "a-bar": bar})}
    )


def with_month(month: str) -> dict[str, object]:
    return {**BOUGHT, "constraints": [{"id": "b", "type": "event_date", "event": "a-bar", "month": month}]}


def test_an_event_that_may_come_bars_nobody_until_a_request_gives_it_its_month():
    quiet, asked = instance(BOUGHT, barring()), instance(with_month("2027-08"), barring())
    assert not quiet.deployments[0].outlook.barred.any()
    assert asked.deployments[0].outlook.barred.tolist() == [False] * 7 + [True] * 5
    other = instance(BOUGHT, barring(origin="CN"))
    assert not other.scope.catalogue.bars_of("alpha", "aston")


def test_a_period_with_a_month_of_the_bar_is_barred_whole():
    asked = with_month("2027-09") | {"horizon": {"start": "2027-01", "months": 12, "single_months": 6}}
    assert instance(asked, barring()).deployments[0].outlook.barred.tolist() == [False] * 6 + [True] * 2


@pytest.mark.parametrize(("at", "kept"), [(JULY, True), (JULY + 1, False)])
def test_no_vehicle_serves_from_the_month_of_the_bar_on(at: int, kept: bool):
    assert Trial(instance(with_month("2027-08"), barring()), "barred", loose=True).serving(5, at).kept == kept


def test_who_is_barred_from_the_start_opens_nowhere_and_who_is_barred_later_may_end():
    def opens(asked: dict[str, object], **how: set[str]) -> bool:
        f = formulate(instance(asked, barring()), **how)  # type: ignore[arg-type]
        return bool(f.model.upper[f.columns.deployments[0].open[0]].any())

    assert opens(BOUGHT)
    assert not opens(with_month("2026-12"))
    assert opens(with_month("2026-12"), without={"barred"})
    assert opens(with_month("2027-08"))


def test_a_bar_opens_nothing_and_ends_what_is_open():
    i = instance(with_month("2027-08"), barring())
    august = JULY + 1
    late = Trial(i, "barred", loose=True).opened(august)
    assert not late.kept, "opened in the month of the bar"
    open_still = Trial(i, "barred", loose=True).opened(JULY)
    assert not open_still.kept
    ended = open_still.f.columns.deployments[0].ended
    assert ended is not None
    assert open_still.put(ended[0, august:], 1.0).kept
    assert formulate(instance(BOUGHT, barring())).columns.deployments[0].ended is None


def test_the_bar_names_whom_and_from_when():
    i = instance(with_month("2027-08"), barring())
    rule = next(rule for rule in formulate(i).rules if rule.key == "barred")
    assert "Alpha in Aston by A bar from 2027-08" in rule.sentence(i)


def test_a_plan_with_vehicles_in_barred_months_is_at_fault():
    asked = default_request(constraints=[{"id": "b", "type": "event_date", "event": "a-bar", "month": "2027-08"}])
    told = [v for v in check_plan(build_plan(request=asked), barring(), SERVICES).violations if v.rule == "barred"]
    assert [v.where for v in told] == [
        "aston/alpha/2027-07",
        "aston/alpha/2027-10",
        "aston/beta/2027-07",
        "aston/beta/2027-10",
    ]
    assert not check_plan(build_plan(), barring(), SERVICES).violations, "nobody said that it comes"


def test_a_curve_is_read_as_if_no_bar_came():
    """A limit that is asked for bends no curve."""
    free, barred = (
        formulate(instance(asked, barring())).domain.deployments[0] for asked in (BOUGHT, with_month("2027-08"))
    )
    assert (free.fleet == barred.fleet).all()
    assert (free.demand == barred.demand).all()


def test_a_plan_says_whom_a_law_may_bar_and_what_rests_on_it():
    plan = build_plan()
    (told,) = bars(plan, plan.cities[0], barring())
    assert told.partners == ("Alpha", "Beta")
    assert told.npv_usd == pytest.approx(sum(d.npv_usd for d in plan.cities[0].deployments))
    said = bar_words(told)
    assert all(
        part in said for part in ("Alpha and Beta", "Aston", "30 %", "Aug 2027", "does not come", "event_date of a-bar")
    )
    assert bars(plan, plan.cities[1], barring()) == [], "Belport lies under another law"
    asked = default_request(constraints=[{"id": "b", "type": "event_date", "event": "a-bar", "month": "2028-08"}])
    counted = build_plan(request=asked)
    assert "counts in this plan, from Aug 2028 on" in bar_words(bars(counted, counted.cities[0], barring())[0])


@pytest.mark.parametrize(
    ("event", "city", "stacks"),
    [
        ("eu-high-risk-supplier-limits", "munich", {"momenta", "baidu-rt6", "pony-gen7", "weride-gxr"}),
        ("eu-high-risk-supplier-limits", "madrid", {"momenta", "baidu-rt6", "pony-gen7", "weride-gxr"}),
        ("uk-chinese-ads-limits", "london", {"momenta", "baidu-rt6", "pony-gen7", "weride-gxr"}),
    ],
)
def test_chinese_stacks_may_be_barred_in_the_union_and_in_britain(event: str, city: str, stacks: set[str]):
    assert {s for s in shipped().stacks if event in shipped().bars_of(s, city)} == stacks
    assert 0 < shipped().event(event).chance < 1


def test_a_country_that_no_stack_comes_from_is_a_fault(tmp_path: Path):
    folder = make_catalogue(tmp_path)
    edit(folder / "jurisdictions" / "landia.toml", 'latest = "', 'bars = ["XX"]\nlatest = "')
    with pytest.raises(CatalogueError, match="'XX' is unknown"):
        load_catalogue(folder)


def test_a_month_for_a_bar_that_hits_no_planned_stack_is_a_fault():
    plain = {"name": "n", "horizon": {"start": "2027-01", "months": 24}, "capital": {"per_quarter_usd": 1e7}}
    bar = {"id": "e", "type": "event_date", "event": "eu-high-risk-supplier-limits", "month": "2028-01"}
    asked = plain | {"cities": ["munich"], "constraints": [bar]}
    assert judge_request(asked, shipped()).constraints
    with pytest.raises(RequestError, match="bars none of the stacks planned"):
        judge_request(asked | {"exclude_stacks": ["momenta"]}, shipped())


# --- crossings that open with the permit for a wider area ---


def bridged(tmp_path: Path, *, permit_opens: str = "area", area_levels: int = 2) -> Catalogue:
    """Return a catalogue whose one bridge over the lake is a freeway that waits for a permit."""
    folder = make_catalogue(tmp_path)
    law = folder / "jurisdictions" / "landia.toml"
    head, test, paid = law.read_text().split("[[permit]]")
    wider = paid.replace('"landia-paid"', '"landia-wider"').replace('"paid_driver_out"', f'"{permit_opens}"')
    wider = wider.replace('["landia-test"]', '["landia-paid"]').replace("optional = false", "optional = true")
    paid = paid.replace("area_levels = 0", f"area_levels = {area_levels}")
    law.write_text("[[permit]]".join([head, test, f"{paid}\n", wider]))
    edit(folder / "city-1" / "crossings.csv", ",bridge,", ",freeway,")
    edit(folder / "city-1" / "crossings.csv", ",yes,,", ",no,landia-wider,")
    return load_catalogue(folder)


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ({}, Later(("landia-wider",), 2)),
        ({"permit_opens": "approval"}, Later((), 0)),
        ({"area_levels": 0}, Later((), 0)),
    ],
)
def test_crossings_open_beyond_the_first_permit_s_levels_with_the_permit_for_these(
    tmp_path: Path, how: dict[str, Any], found: Later
):
    world = bridged(tmp_path, **how)
    assert later(world, world.cities["city-1"]) == found


def test_wider_levels_are_built_on_the_ground_with_the_crossings_open(tmp_path: Path):
    world = bridged(tmp_path)
    service = city_service(world, "city-1", cache_dir=tmp_path / "cache")
    closed = replace(world.cities["city-1"], crossings=())
    shut = replace(world, cities={"city-1": closed}, city_digests={"city-1": "none"})
    without = city_service(shut, "city-1", cache_dir=tmp_path / "cache")
    assert [level.requires for level in service.levels] == [(), (), ("landia-wider",), ("landia-wider",)]
    assert not any(level.requires for level in without.levels)
    whole, round_the_lake = service.levels[-1], without.levels[-1]
    assert set(round_the_lake.cells) <= set(whole.cells)
    assert not np.allclose(whole.surface.sample_trips, round_the_lake.surface.sample_trips, rtol=1e-6)
    bridge = build_geography(world.cities["city-1"], permits={"landia-wider"})
    assert bridge.crossings[0].used
    assert not build_geography(world.cities["city-1"]).crossings[0].used
    core, same = service.levels[0], without.levels[0]
    assert core.cells == same.cells
    assert np.allclose(core.surface.sample_trips, same.surface.sample_trips, rtol=1e-9)
    kept = city_service(world, "city-1", cache_dir=tmp_path / "cache")
    assert [level.requires for level in kept.levels] == [level.requires for level in service.levels]


def test_another_number_of_first_levels_is_another_service(tmp_path: Path):
    one, two = bridged(tmp_path / "a"), bridged(tmp_path / "b", area_levels=3)
    digests = [service_digest("same", world.cities["city-1"], world) for world in (one, two)]
    assert digests[0] != digests[1]


@pytest.mark.parametrize(("city", "first"), [("bay-area", 2), ("los-angeles", 2), ("munich", 3)])
def test_freeway_bridges_of_the_catalogue_open_with_their_city_s_area_permit(city: str, first: int):
    found = later(shipped(), shipped().cities[city])
    assert found.levels_before == first
    assert {c.permit for c in shipped().cities[city].crossings if not c.open and c.permit} == set(found.permits)


@pytest.mark.parametrize("city", ["hong-kong", "houston", "london", "madrid", "zurich"])
def test_other_cities_have_one_ground(city: str):
    assert later(shipped(), shipped().cities[city]) == Later((), 0)
