from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fleetplan.catalogue.types import SupplyLine
from fleetplan.errors import CheckFailed
from fleetplan.months import month_number
from fleetplan.plans import check
from fleetplan.plans.check import CheckReport, check_plan, require_valid
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.money import CITY_LINES, DEPLOYMENT_LINES, POOL_LINES
from fleetplan.plans.check.supply import ceiling
from fleetplan.plans.check.targets import MEASURES
from fleetplan.plans.types import Plan
from fleetplan.request.constraints import CONSTRAINT_TYPES
from tests.plan_builder import build_plan, default_request, make_catalogue, make_services, with_figure

WORLD, SERVICES = make_catalogue(), make_services()
VALID = build_plan().model_dump(mode="json")
LAST = 7

Edit = Callable[[dict[str, Any]], None]


def checked(plan: Plan, world: Any = WORLD) -> CheckReport:
    return check_plan(plan, world, SERVICES)


def broken_rules(report: CheckReport) -> set[str]:
    return {violation.rule for violation in report.violations}


def edited(edit: Edit) -> Plan:
    data = build_plan().model_dump(mode="json")
    edit(data)
    return Plan.model_validate(data)


def aston(data: dict[str, Any]) -> Any:
    return data["cities"][0]


def belport(data: dict[str, Any]) -> Any:
    return data["cities"][1]


def alpha(data: dict[str, Any]) -> Any:
    return aston(data)["deployments"][0]


def beta(data: dict[str, Any]) -> Any:
    return aston(data)["deployments"][1]


def beta_in_belport(data: dict[str, Any]) -> Any:
    return belport(data)["deployments"][0]


def put(place: Callable[[dict[str, Any]], Any], field: str, value: Any, at: int | None = None) -> Edit:
    """Return an edit that replaces a field, or one entry of it; a function changes what stands there."""

    def edit(data: dict[str, Any]) -> None:
        holder: Any = place(data)
        key: Any = field
        if at is not None:
            holder, key = holder[field], at
        holder[key] = value(holder[key]) if callable(value) else value

    return edit


def fleet(place: Callable[[dict[str, Any]], Any], t: int, **by_mode: int) -> Edit:
    """Return an edit that sets the vehicles of one period."""

    def edit(data: dict[str, Any]) -> None:
        row = place(data)
        for mode in row["vehicles_by_mode"]:
            row["vehicles_by_mode"][mode][t] = by_mode.get(mode, 0)
        row["vehicles"][t] = sum(by_mode.values())

    return edit


def permit(place: Callable[[dict[str, Any]], Any], permit_id: str, **fields: Any) -> Edit:
    def edit(data: dict[str, Any]) -> None:
        next(p for p in place(data)["permits"] if p["permit"] == permit_id).update(fields)

    return edit


def without_permit(place: Callable[[dict[str, Any]], Any], permit_id: str) -> Edit:
    def edit(data: dict[str, Any]) -> None:
        place(data)["permits"] = [p for p in place(data)["permits"] if p["permit"] != permit_id]

    return edit


def several(*edits: Edit) -> Edit:
    def edit(data: dict[str, Any]) -> None:
        for one in edits:
            one(data)

    return edit


def plan_itself(data: dict[str, Any]) -> Any:
    return data


def part(*path: str | int) -> Callable[[dict[str, Any]], Any]:
    def place(data: dict[str, Any]) -> Any:
        found: Any = data
        for step in path:
            found = found[step]
        return found

    return place


def times(factor: float) -> Callable[[float], float]:
    return lambda value: value * factor


def plus(amount: float) -> Callable[[float], float]:
    return lambda value: value + amount


DEPOT = part("cities", 0, "depots", 0)
POOL = part("stacks", 0)
KPIS = part("kpis")
PROOF = part("certificate")


def test_a_plan_worked_out_by_hand_is_valid():
    report = checked(build_plan())
    assert report.violations == ()
    assert report.valid
    assert require_valid(build_plan(), WORLD, SERVICES) == report


def test_the_report_names_every_rule_of_the_model():
    model = (Path(__file__).parent.parent / "docs" / "model.md").read_text(encoding="utf-8")
    rules = [
        *("permit_path", "permit_area", "permit_cap", "fare_allowed", "launch_order", "programme_opens", "min_fleet"),
        *("operator_pilot", "area_density", "partner_use", "ramp", "first_year_fleet", "partner_growth"),
        *("productivity", "driving_day", "area_growth"),
        *("no_service_before_open", "stack_supply", "supply_yearly_cap", "lawful", "response_curve", "demand"),
        *("city_demand", "depot_capacity", "capital", "cash_floor"),
    ]
    done = set(checked(build_plan()).rules_checked)
    assert all(f"`{rule}`" in model for rule in rules)
    assert set(rules) <= done
    assert {f"money.{line}" for line in (*DEPLOYMENT_LINES, *CITY_LINES, *POOL_LINES)} <= done


def test_every_type_of_constraint_is_checked_or_read_by_a_rule():
    assert set(MEASURES) == {kind for kind in CONSTRAINT_TYPES.values() if not kind.given}


def test_recomputed_figures_are_those_of_the_plan():
    plan = build_plan()
    assert checked(plan).recomputed["npv_usd"] == pytest.approx(plan.kpis.npv_usd, abs=0.01)


def test_a_broken_plan_raises_with_every_violation():
    plan = edited(several(fleet(alpha, 3, paid_operator=9), put(KPIS, "vehicles_end", 1)))
    with pytest.raises(CheckFailed) as caught:
        require_valid(plan, WORLD, SERVICES)
    assert any("min_fleet [aston/alpha/2027-04]: 9 vehicles serve" in text for text in caught.value.violations)
    assert len(caught.value.violations) == len(checked(plan).violations) > 1


def test_half_a_dollar_is_within_the_tolerance():
    assert checked(edited(put(part("cities", 0, "city_lines_usd"), "team", plus(0.5), 0))).valid


@pytest.mark.parametrize(
    ("rule", "edit"),
    [
        ("permit_path", permit(alpha, "a-out", finish="2027-06")),
        ("permit_path", permit(alpha, "a-test", start="2027-02")),
        ("permit_path", permit(alpha, "a-map", held=False)),
        ("permit_path", permit(beta, "a-test", held=True)),
        ("permit_path", permit(alpha, "a-area", permit="b-out")),
        ("permit_path", without_permit(alpha, "a-approval")),
        ("permit_path", without_permit(alpha, "a-op")),
        ("permit_path", without_permit(alpha, "a-map")),
        ("permit_area", without_permit(alpha, "a-airport")),
        ("permit_path", put(alpha, "programme_start", "2027-08")),
        ("permit_path", put(alpha, "programme_start", "2027-02")),
        ("permit_path", fleet(alpha, 3, paid_driver_out=12)),
        ("permit_path", put(alpha, "vehicles_by_mode", lambda v: v | {"unpaid_operator": [0] * 3 + [1] + [0] * 4})),
        ("permit_area", put(alpha, "level", 2, 6)),
        ("fare_allowed", fleet(alpha, 6, paid_operator=5, paid_driver_out=15)),
        ("pilots_end", fleet(alpha, 6, paid_operator=5, paid_driver_out=15)),
        ("permit_cap", fleet(alpha, 3, paid_operator=31)),
        ("permit_cap", fleet(beta_in_belport, LAST, paid_driver_out=50)),
        ("permit_cap", fleet(beta_in_belport, LAST, paid_driver_out=61)),
        ("programme_opens", put(alpha, "level", [0] * 8)),
        ("launch_order", put(alpha, "level", 0, 6)),
        ("permit_path", put(beta_in_belport, "level", 1, 4)),
        ("permit_path", put(alpha, "programme_start", "2027-05")),
        ("operator_pilot", fleet(alpha, 3, paid_operator=29)),
        ("ramp", fleet(alpha, LAST, paid_driver_out=95)),
        ("ramp", fleet(alpha, 3, paid_operator=26)),
        ("ramp", fleet(alpha, 6, paid_driver_out=103)),
        ("first_year_fleet", fleet(alpha, LAST, paid_driver_out=101)),
        (
            "partner_growth",
            several(fleet(beta, LAST, paid_driver_out=100), fleet(beta_in_belport, LAST, paid_driver_out=95)),
        ),
        ("area_density", fleet(alpha, LAST, paid_driver_out=19)),
        ("area_growth", put(beta_in_belport, "level", 2, 6)),
        ("demand", put(alpha, "demand_per_day", times(2.3), 4)),
        ("productivity", put(beta_in_belport, "trips_per_day", 820.0, LAST)),
        ("driving_day", put(beta_in_belport, "trips_per_day", 900.0, LAST)),
        ("min_fleet", fleet(alpha, 3, paid_operator=9)),
        ("min_fleet", fleet(alpha, 6, paid_driver_out=19)),
        ("no_service_before_open", fleet(alpha, 2, paid_operator=5)),
        ("no_service_before_open", put(alpha, "trips_per_day", 5.0, 2)),
        ("stack_supply", fleet(alpha, LAST, paid_driver_out=300)),
        ("owned_fleet", put(POOL, "bought", 5, 0)),
        ("owned_fleet", put(POOL, "bought", 300, 0)),
        ("vehicles_max", fleet(alpha, LAST, paid_driver_out=201)),
        ("no_service_before_open", put(alpha, "demand_per_day", 10.0, 0)),
        ("depot_site", put(aston, "depots", lambda sites: [*sites, sites[0]])),
        ("owned_fleet", put(part("stacks", 1), "bought", 1, 0)),
        ("response_curve", put(alpha, "trips_per_day", times(1.05), LAST)),
        ("response_curve", put(alpha, "demand_per_day", 1.0, LAST)),
        ("demand", put(alpha, "demand_per_day", times(2.3), LAST)),
        (
            "city_demand",
            several(*(put(p, "demand_per_day", times(2.0), t) for p in (alpha, beta) for t in (6, LAST))),
        ),
        ("depot_capacity", put(DEPOT, "stalls", 5, LAST)),
        ("depot_capacity", put(DEPOT, "stalls_partner", 4, LAST)),
        ("depot_site", put(DEPOT, "stalls", 13, LAST)),
        ("depot_site", put(DEPOT, "stalls", 1, 1)),
        ("depot_site", put(DEPOT, "stalls", 7, 6)),
        ("depot_site", put(DEPOT, "live", "2027-02")),
        ("depot_site", put(DEPOT, "ordered", "2027-08")),
        ("depot_site", put(DEPOT, "site", "no-yard")),
        ("used_orders", put(POOL, "bought", 11, LAST)),
        ("used_orders", put(POOL, "bought", 11, 0)),
        ("used_orders", put(DEPOT, "stalls", 7, LAST)),
        ("used_orders", several(put(DEPOT, "stalls", [0] * 8), put(DEPOT, "stalls_partner", [0] * 8))),
        ("used_orders", put(DEPOT, "live", "2028-01")),
        ("depot_capacity", put(aston, "public_charging_vehicles", 9, 0)),
        ("depot_capacity", put(aston, "public_charging_vehicles", 26, 0)),
        ("depot_capacity", put(belport, "public_charging_partner", 26, 6)),
        ("money_lines", put(alpha, "lines_usd", lambda lines: lines | {"gifts": [1.0] * 8})),
        ("npv", put(alpha, "npv_usd", plus(50))),
        ("npv", put(aston, "npv_usd", plus(50))),
        ("npv", put(aston, "capital_usd", plus(50))),
        ("npv", put(belport, "peak_funding_usd", plus(50))),
        ("objective", put(plan_itself, "objective", plus(100))),
        ("objective", put(plan_itself, "bound", plus(100))),
        ("objective", put(PROOF, "objective_usd", plus(100))),
        ("objective", put(PROOF, "bound_usd", plus(100))),
        ("objective", put(plan_itself, "gap", 0.005)),
        ("objective", put(PROOF, "gap", -0.01)),
        ("objective", put(plan_itself, "status", "optimal")),
        ("objective", put(PROOF, "gap_of_capital", 0.5)),
        ("objective", put(PROOF, "exactness", {"arithmetic": "directed_rounding"})),
        ("objective", put(PROOF, "exactness", {"arithmetic": "directed_rounding", "root_usd": 1e12})),
        ("objective", put(PROOF, "exactness", {"root_usd": -1e12})),
        ("plan_totals", put(plan_itself, "cash_usd", plus(10), 0)),
        ("plan_totals", put(plan_itself, "cumulated_cash_usd", plus(50), 2)),
        ("plan_totals", put(plan_itself, "capital_usd", plus(10), 3)),
        ("plan_totals", put(plan_itself, "cumulated_budget_usd", plus(500), 4)),
        ("plan_totals", put(POOL, "owned", plus(1), 4)),
        ("plan_totals", put(POOL, "in_service", plus(1), 4)),
        ("plan_totals", put(POOL, "testing", plus(1), 4)),
        ("plan_totals", put(POOL, "ceiling", plus(1), 4)),
        ("plan_totals", put(POOL, "platform_owned", value=False)),
        ("plan_totals", put(POOL, "lead_months", 7)),
        ("plan_totals", put(KPIS, "payback", "2027-04")),
        ("plan_totals", put(KPIS, "cities_live", 1)),
        ("plan_totals", put(KPIS, "markets_live_with_existing", 2)),
        ("plan_totals", put(KPIS, "vehicles_end", 1)),
        ("plan_totals", put(KPIS, "vehicles_by_year", {"2027": 1})),
        ("plan_totals", put(KPIS, "trips_per_day_end", plus(1))),
        ("plan_totals", put(KPIS, "trips_per_vehicle_day_end", None)),
        ("plan_columns", put(alpha, "vehicles", plus(1), LAST)),
        ("plan_columns", put(alpha, "mode", "paid_operator", LAST)),
        ("plan_columns", put(alpha, "test_vehicles", 9, 0)),
        ("plan_columns", put(alpha, "km_per_day", times(1.01), LAST)),
        ("plan_columns", put(alpha, "energy_kwh_per_day", times(0.99), LAST)),
        ("plan_columns", put(alpha, "wait_min", plus(0.1), LAST)),
        ("plan_columns", put(alpha, "wait_min", None, LAST)),
        ("plan_columns", put(alpha, "launch", "2027-05")),
        ("plan_columns", put(alpha, "driver_out", None)),
        ("plan_columns", put(aston, "launch", "2027-05")),
        ("plan_columns", put(belport, "usd_per_currency", 1.1)),
        ("certificate", put(PROOF, "request_sha256", "0" * 64)),
        ("certificate", put(PROOF, "catalogue_sha256", "0" * 64)),
        ("plan_shape", put(alpha, "trips_per_day", [1.0])),
        ("plan_shape", put(alpha, "vehicles", -1, 0)),
        ("plan_shape", put(alpha, "level", 3, LAST)),
        ("plan_shape", put(alpha, "vehicles_by_mode", {"flying": [0] * 8})),
        ("plan_shape", put(alpha, "programme_start", "soon")),
        ("plan_shape", put(alpha, "city", "belport")),
        ("plan_shape", put(beta, "stack", "alpha")),
        ("plan_shape", put(beta, "stack", "gamma")),
        ("plan_shape", put(DEPOT, "ordered", "soon")),
        ("plan_shape", put(aston, "city", "carford")),
        ("plan_shape", put(POOL, "stack", "gamma")),
        ("plan_shape", put(plan_itself, "stacks", lambda stacks: [*stacks, stacks[0]])),
        ("plan_shape", put(plan_itself, "cities", lambda cities: [*cities, cities[0]])),
        ("plan_shape", put(plan_itself, "periods", "2027-02", 0)),
    ],
)
def test_a_plan_broken_on_purpose_is_caught(rule: str, edit: Edit):
    assert rule in broken_rules(checked(edited(edit)))


def test_idle_cars_of_a_partner_paid_by_the_trip_are_caught_once_their_service_is_old_enough(
    monkeypatch: pytest.MonkeyPatch,
):
    idle = edited(put(beta_in_belport, "trips_per_day", 50.0, LAST))
    assert "partner_use" not in broken_rules(checked(idle))
    monkeypatch.setattr("fleetplan.plans.check.operation.YEAR", 4)
    assert "partner_use" in broken_rules(checked(idle))


def test_a_number_that_is_none_is_caught():
    plan = build_plan()
    bad = plan.model_copy(update={"cash_usd": [float("nan"), *plan.cash_usd[1:]]})
    assert broken_rules(checked(bad)) == {"plan_shape"}


@pytest.mark.parametrize(
    ("place", "line"),
    [
        *((part("cities", 0, "deployments", 0, "lines_usd"), line) for line in DEPLOYMENT_LINES),
        *((part("cities", 1, "deployments", 0, "lines_usd"), line) for line in DEPLOYMENT_LINES),
        *((part("cities", 0, "city_lines_usd"), line) for line in CITY_LINES),
        *((part("stacks", 0, "lines_usd"), line) for line in POOL_LINES),
    ],
)
def test_a_wrong_money_line_is_caught(place: Callable[[dict[str, Any]], Any], line: str):
    found = checked(edited(put(place, line, plus(1000), LAST)))
    assert [v.amount for v in found.violations if v.rule == f"money.{line}"] == [pytest.approx(1000)]


@pytest.mark.parametrize(
    "name", ["tax_usd", "after_tax_npv_usd", "break_even_fare", "fare_per_trip_usd", "cost_per_trip_usd", "irr"]
)
@pytest.mark.parametrize("where", ["plan", "aston", "belport"])
def test_wrong_returns_are_caught(where: str, name: str):
    def wrong(data: dict[str, Any]) -> None:
        holder = data if where == "plan" else next(c for c in data["cities"] if c["city"] == where)
        holder["returns"][name] = (holder["returns"][name] or 0.0) + (
            100.0 if name.endswith("usd") and "trip" not in name else 0.05
        )

    found = checked(edited(wrong)).violations
    assert {(v.rule, v.where) for v in found} == {("returns", where)}


def test_a_rate_of_return_that_is_kept_back_is_caught():
    def silent(data: dict[str, Any]) -> None:
        data["cities"][0]["returns"] |= {"irr": None, "irr_why": "no_return"}

    assert [(v.rule, v.where) for v in checked(edited(silent)).violations] == [("returns", "aston")]


@pytest.mark.parametrize(
    "name",
    [
        *("npv_usd", "cash_usd", "residual_usd", "terminal_usd", "incremental_npv_usd", "gross_npv_usd"),
        *("npv_by_horizon_usd", "npv_twice_after_usd", "capital_usd", "discounted_capital_usd", "peak_funding_usd"),
    ],
)
def test_a_wrong_headline_amount_is_caught(name: str):
    report = checked(edited(put(KPIS, name, plus(100))))
    assert ("npv", f"kpis.{name}") in {(v.rule, v.where) for v in report.violations}


@pytest.mark.parametrize(
    ("rule", "more"),
    [
        ("capital", {"capital": {"per_quarter_usd": [1e6]}}),
        ("cash_floor", {"capital": {"per_quarter_usd": 20e6, "cash_floor_usd": 1e6}}),
        ("lawful", {"cities": ["Belport"]}),
        ("lawful", {"exclude_cities": ["aston"]}),
        ("lawful", {"stacks": ["alpha cars"]}),
        ("lawful", {"exclude_stacks": ["Beta"]}),
        ("lawful", {"deployments": {"deals": ["announced"]}}),
        ("lawful", {"deployments": {"remove": [{"stack": "Alpha", "city": "Aston"}]}}),
        ("overrides", {"overrides": [{"figure": "aston/city.toml#market.weather", "value": 1}]}),
        ("supply_yearly_cap", {"overrides": [{"figure": "partners/beta.toml#supply.yearly_cap", "value": 50}]}),
        ("supply_yearly_cap", {"overrides": [{"figure": "partners/alpha.toml#supply.yearly_cap", "value": 29}]}),
        ("money.net_fares", {"overrides": [{"figure": "aston/city.toml#market.mean_fare_local", "factor": 2}]}),
        ("demand", {"overrides": [{"figure": "aston/city.toml#season.month_factors", "values": [0.4] * 12}]}),
        ("permit_path", {"permit_durations": "max"}),
    ],
)
def test_a_request_that_asks_for_less_makes_the_plan_break(rule: str, more: dict[str, Any]):
    assert rule in broken_rules(checked(build_plan(request=default_request(**more))))


@pytest.mark.parametrize(
    "more",
    [
        {"cities": ["Aston", "belport"], "stacks": ["alpha", "beta cars"]},
        {"stacks": ["beta"], "deployments": {"add": [{"stack": "alpha", "city": "aston"}]}},
        {
            "deployments": {
                "deals": ["announced"],
                "add": [{"stack": "beta", "city": "aston"}],
            }
        },
    ],
)
def test_a_request_that_admits_the_deployments_keeps_the_plan_valid(more: dict[str, Any]):
    assert checked(build_plan(request=default_request(**more))).valid


@pytest.mark.parametrize("change", [{"permitted": "no"}, {"deal": "none"}])
def test_a_deployment_that_the_catalogue_bars_is_caught(change: dict[str, Any]):
    pair = ("alpha", "aston")
    facts = dict(WORLD.deployments) | {pair: replace(WORLD.deployments[pair], **change)}
    assert "lawful" in broken_rules(checked(build_plan(), replace(WORLD, deployments=facts)))


def test_a_rival_and_an_unknown_deployment_are_caught():
    stacks = dict(WORLD.stacks) | {"alpha": replace(WORLD.stacks["alpha"], rival=True)}
    assert "lawful" in broken_rules(checked(build_plan(), replace(WORLD, stacks=stacks)))
    facts = {pair: fact for pair, fact in WORLD.deployments.items() if pair[0] != "alpha"}
    assert "lawful" in broken_rules(checked(build_plan(), replace(WORLD, deployments=facts)))


def test_an_override_of_the_request_is_applied_by_the_checker():
    figure = "aston/city.toml#market.mean_fare_local"
    dearer = with_figure(WORLD, "aston", "market.mean_fare_local", 2.0)
    for override in ({"figure": figure, "factor": 2}, {"figure": figure, "value": 50}):
        assert checked(build_plan(dearer, default_request(overrides=[override]))).valid
    assert "money.net_fares" in broken_rules(checked(build_plan(dearer)))


KEPT_OR_BROKEN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "markets_live", "count": 2, "by": "2027-06"}, {"count": 2, "by": "2027-05"}),
    ({"type": "markets_live", "count": 3, "by": "2027-12", "include_existing": True}, {"count": 4}),
    ({"type": "markets_live", "count": 1, "by": "2027-04", "counts": "public"}, {"by": "2027-03"}),
    ({"type": "markets_live", "count": 1, "by": "2027-04"}, {"by": "2026-12"}),
    ({"type": "launch_not_before", "city": "Aston", "month": "2027-04"}, {"month": "2027-05"}),
    ({"type": "launch_not_before", "city": "aston", "stack": "beta", "month": "2027-07"}, {"month": "2027-08"}),
    ({"type": "launch_by", "city": "aston", "month": "2027-04"}, {"month": "2027-03"}),
    ({"type": "launch_by", "city": "aston", "stack": "Beta", "month": "2027-08"}, {"month": "2027-06"}),
    (
        {"type": "launch_fixed", "city": "aston", "stack": "alpha cars", "month": "2027-04"},
        {"month": "2027-05"},
    ),
    ({"type": "launch_fixed", "city": "aston", "stack": "beta", "month": "2027-09"}, {"month": "2027-06"}),
    ({"type": "launch_fixed", "city": "aston", "stack": "beta", "month": "2027-09"}, {"stack": "alpha"}),
    ({"type": "launch_fixed", "city": "belport", "stack": "beta", "month": "2027-06"}, {"stack": "alpha"}),
    ({"type": "force_deployment", "city": "aston", "stack": "beta"}, {"city": "belport", "stack": "alpha"}),
    ({"type": "forbid_deployment", "city": "belport", "stack": "alpha"}, {"city": "aston"}),
    ({"type": "fleet_cap", "vehicles": 95}, {"vehicles": 94}),
    ({"type": "fleet_cap", "vehicles": 12, "city": "Aston", "end": "2027-06"}, {"end": "2027-07"}),
    ({"type": "fleet_cap", "vehicles": 40, "stack": "beta", "end": "2027-05"}, {"start": "2027-11", "end": None}),
    ({"type": "fleet_floor", "vehicles": 95, "start": "2027-10"}, {"start": "2027-09"}),
    ({"type": "fleet_floor", "vehicles": 12, "start": "2027-04", "end": "2027-06"}, {"vehicles": 13}),
    ({"type": "partner_share", "partner": "Beta", "max_share": 0.72, "start": "2027-06"}, {"max_share": 0.6}),
    ({"type": "partner_share", "partner": "alpha cars", "max_share": 1.0}, {"max_share": 0.3}),
    ({"type": "launches_per_quarter", "max": 2}, {"max": 1}),
    ({"type": "stacks_per_city", "max": 2}, {"max": 1}),
    ({"type": "stacks_per_city", "max": 1, "city": "belport"}, {"max": 0}),
    ({"type": "service_level", "max_wait_min": 10.2}, {"max_wait_min": 9.5}),
    ({"type": "service_level", "max_wait_min": 9.785, "city": "belport"}, {"city": "aston"}),
    ({"type": "area_cap", "km2": 80.0, "city": "belport"}, {"km2": 79.0}),
    ({"type": "area_cap", "km2": 50.0, "city": "aston", "end": "2027-09"}, {"end": "2027-10"}),
    ({"type": "area_floor", "km2": 80.0, "city": "belport", "start": "2027-10"}, {"start": "2027-09"}),
    ({"type": "trips_cap", "trips_per_day": 5000}, {"trips_per_day": 100}),
    ({"type": "permit_quota", "permit": "b-out", "vehicles": 40}, {"vehicles": 39}),
    ({"type": "permit_quota", "permit": "a-op", "vehicles": 12, "end": "2027-09"}, {"vehicles": 11}),
    (
        {"type": "suspension", "stack": "alpha", "start": "2027-05", "end": "2027-06", "vehicles_left": 12},
        {"vehicles_left": 11},
    ),
    ({"type": "minimum_trips", "trips_per_day": 80, "start": "2027-05"}, {"trips_per_day": 5000}),
    ({"type": "minimum_trips", "trips_per_day": 50, "start": "2027-06", "city": "belport"}, {"start": "2027-05"}),
    ({"type": "result_floor", "least_usd": -1.89e6}, {"least_usd": -1.88e6}),
    ({"type": "result_floor", "least_usd": -4.66e6, "per": "year"}, {"least_usd": -4.64e6}),
    ({"type": "result_floor", "least_usd": -1.0e6, "start": "2027-07"}, {"start": "2027-06"}),
    ({"type": "result_floor", "least_usd": -1.3e6, "end": "2027-02"}, {"end": "2027-05"}),
    *(
        (
            {"type": "other_launches", "city": "belport", "launches": [kept]},
            {"launches": [{"stack": "beta", "city": "belport"}]},
        )
        for kept in (
            {"stack": "alpha", "city": "belport"},
            {"stack": "beta", "city": "belport", "month": "2027-09"},
            {"stack": "beta", "city": "belport", "level": 1},
        )
    ),
]


@pytest.mark.parametrize(("kept", "broken"), KEPT_OR_BROKEN)
def test_a_constraint_is_kept_or_caught(kept: dict[str, Any], broken: dict[str, Any]):
    kept = {"id": "it"} | kept
    assert checked(build_plan(request=default_request(constraints=[kept]))).violations == ()
    report = checked(build_plan(request=default_request(constraints=[kept | broken])))
    assert broken_rules(report) == {kept["type"]}
    assert kept["type"] in report.rules_checked


@pytest.mark.parametrize(
    ("rule", "constraint"),
    [
        ("permit_path", {"type": "permit_delay", "permit": "a-approval", "months": 1}),
        ("permit_path", {"type": "permit_delay", "jurisdiction": "aston", "months": 1}),
        ("permit_path", {"type": "permit_delay", "city": "Belport", "months": 1, "stack": "Beta"}),
        ("permit_area", {"type": "permit_delay", "permit": "a-airport", "months": 12, "stack": "alpha"}),
        ("permit_path", {"type": "event_date", "event": "a-law", "month": "2027-08"}),
        ("stack_supply", {"type": "supply_change", "stack": "alpha", "factor": 0.1, "start": "2027-06"}),
        ("money.vehicles", {"type": "tariff", "stack": "alpha", "duty": 0.1, "start": "2027-04"}),
        ("money.vehicles", {"type": "supply_line", "line": "Works", "stack": "alpha", "start": "2027-04"}),
        ("demand", {"type": "rival_launch", "city": "aston", "start": "2027-05", "share": 0.9, "months": 0}),
        ("response_curve", {"type": "service_hours", "city": "belport", "from_hour": 8, "to_hour": 9}),
    ],
)
def test_a_constraint_that_changes_the_facts_changes_the_check(rule: str, constraint: dict[str, Any]):
    request = default_request(constraints=[{"id": "it"} | constraint])
    assert rule in broken_rules(checked(build_plan(request=request)))


@pytest.mark.parametrize(
    "constraint",
    [
        {"type": "permit_delay", "city": "belport", "months": 1, "stack": "alpha"},
        {"type": "permit_delay", "jurisdiction": "astonia", "months": 3},
        {"type": "permit_delay", "permit": "a-out", "city": "belport", "months": 3},
        {"type": "event_date", "event": "a-law", "month": "2027-06"},
        {"type": "supply_change", "stack": "alpha", "factor": 0.1, "start": "2028-01"},
        {"type": "supply_change", "stack": "alpha", "factor": 1.0},
    ],
)
def test_a_change_that_touches_nothing_of_the_plan_leaves_it_valid(constraint: dict[str, Any]):
    request = default_request(constraints=[{"id": "it"} | constraint])
    assert checked(build_plan(request=request)).violations == ()


def quota(**fields: Any) -> Any:
    """Return the world with a quota of 15 on Aston's operators' permit."""
    law = WORLD.jurisdictions["aston"]
    changed = replace(law.permits["a-op"], fleet_cap_kind="shared_quota", **fields)
    permits = {**law.permits, "a-op": changed}
    return replace(WORLD, jurisdictions={**WORLD.jurisdictions, "aston": replace(law, permits=permits)})


@pytest.mark.parametrize(
    ("fields", "broken"),
    [
        ({"fleet_cap": 12}, set()),
        ({"fleet_cap": 11}, {"permit_cap"}),
        ({"fleet_cap": 55, "optional": False}, set()),
        ({"fleet_cap": 54, "optional": False}, {"permit_cap"}),
    ],
)
def test_a_quota_counts_the_mode_of_a_permit_that_is_optional_and_all_vehicles_of_one_that_is_needed(
    fields: dict[str, Any], broken: set[str]
):
    assert broken_rules(checked(build_plan(), quota(**fields))) == broken


def test_vehicles_bought_that_can_never_be_placed_are_caught():
    late = {"id": "it", "type": "supply_change", "stack": "alpha", "factor": 0.1, "start": "2027-07"}
    report = checked(build_plan(request=default_request(constraints=[late])))
    sentences = [v.sentence for v in report.violations if v.rule == "owned_fleet"]
    assert "8 are bought; 22 can be had then or later" not in sentences
    assert not sentences
    early = checked(edited(put(POOL, "bought", 300, 0)))
    texts = {v.sentence for v in early.violations if v.rule == "owned_fleet"}
    assert "300 are bought; 220 can be had then or later" in texts
    assert "300 are owned; never can more than 220 be had" in texts


def test_the_supply_ceiling_lies_on_the_line_between_year_ends():
    case = Case(build_plan(), WORLD, SERVICES)
    assert month_number("2026-12") == case.start - 1
    assert [ceiling(case, "alpha", t) for t in (0, 5, 7)] == [40, 140, 220]


def test_an_outage_within_a_quarter_lowers_the_ceiling_of_that_quarter():
    out = {"id": "it", "type": "supply_change", "stack": "alpha", "factor": 0.5, "start": "2027-08", "end": "2027-08"}
    case = Case(build_plan(request=default_request(constraints=[out])), WORLD, SERVICES)
    assert case.labels[5:8] == ["2027-06", "2027-07", "2027-10"]
    assert [ceiling(case, "alpha", t) for t in (5, 6, 7)] == [140, 80, 220]


def test_the_checker_shares_no_code_with_what_makes_plans():
    barred = {"permits", "economics", "optimize", "scope"}
    files = sorted(Path(check.__file__).parent.glob("*.py"))
    assert len(files) > 5
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                room = name.split(".")[1] if name.startswith("fleetplan.") else ""
                assert room not in barred, f"{file.name} imports {name}"
                assert name not in {"fleetplan", "fleetplan.plan"}, f"{file.name} imports {name} whole"
                assert not name.startswith(("fleetplan.plans.a", "fleetplan.plans.d")), f"{file.name} imports {name}"


def test_a_plant_that_builds_fewer_than_its_stacks_are_given_together_is_caught():
    """Alpha buys 30 vehicles in 2027, beta places 65."""
    for capacity, broken in (("95", set()), ("94", {"line_capacity"})):
        fed = {slug: replace(stack, supply_line="Works") for slug, stack in WORLD.stacks.items()}
        works = {"Works": SupplyLine("Works", {"capacity_per_year": capacity})}
        assert broken_rules(checked(build_plan(), replace(WORLD, stacks=fed, supply_lines=works))) == broken
