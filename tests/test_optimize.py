"""The optimizer on a small made-up world: it agrees with an oracle, and it behaves as money must."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from fleetplan.catalogue.types import Catalogue
from fleetplan.demand import build_demand
from fleetplan.economics import annuity, annuity_factor, outstanding
from fleetplan.facts import PermitLimit
from fleetplan.geography import build_geography
from fleetplan.optimize import conflicts
from fleetplan.optimize.conflicts import explain_infeasible
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import adoption_matrix, gather, placeable
from fleetplan.optimize.oracle import solve_with_ortools
from fleetplan.optimize.search import SearchResult, search
from fleetplan.optimize.solve import solve
from fleetplan.optimize.tidy import whole_columns
from fleetplan.optimize.trials import Verdict
from fleetplan.request import FigureOverride, PlanRequest, parse_request
from fleetplan.request.constraints import SupplyChange
from fleetplan.scope import apply_overrides, resolve_scope
from fleetplan.service.build import build_service
from fleetplan.service.planes import planes_within
from tests.plan_builder import make_catalogue, make_services
from tests.small_city import assumptions, economics, small_city

EXACT = 1e-6
RICHER = [
    FigureOverride(figure=c.figures["market.mean_fare_local"].key, factor=2.2) for c in make_catalogue().cities.values()
]
WORLD = apply_overrides(make_catalogue(), RICHER)[0]
SERVICES = make_services()


def request(**more: Any) -> PlanRequest:
    """Return a two-year request over the small world."""
    plain: dict[str, Any] = {
        "horizon": {"start": "2027-01", "months": 24, "single_months": 6},
        "capital": {"per_quarter_usd": 8e6},
    }
    return parse_request(plain | more)


def written(asked: PlanRequest, world: Catalogue = WORLD, *, loose: bool = False) -> Formulation:
    """Return the matrix of a request."""
    return formulate(gather(resolve_scope(asked, world), SERVICES), loose=loose)


def found(asked: PlanRequest, world: Catalogue = WORLD, gap: float = EXACT) -> SearchResult:
    """Return the best plan of a request."""
    result = search(written(asked, world), time_limit_s=60, gap=gap, seed=0, report=lambda *_: None)
    assert result is not None
    return result


def best(asked: PlanRequest, world: Catalogue = WORLD) -> float:
    """Return the proven best NPV with continuous vehicles."""
    answer = solve(written(asked, world).model, gap=EXACT)
    assert answer.value is not None
    return answer.value


def random_request(seed: int) -> PlanRequest:
    """Return a request with prices, demand, budget and supply shaken."""
    rng = np.random.default_rng(seed)
    keys = [c.figures["market.mean_fare_local"].key for c in WORLD.cities.values()]
    keys.append(WORLD.stacks["alpha"].figures["vehicle.price_usd"].key)
    overrides = [{"figure": k, "factor": float(rng.uniform(0.7, 1.5))} for k in keys]
    constraints = [
        {"id": "supply", "type": "supply_change", "stack": "beta", "factor": float(rng.uniform(0.3, 1.2))},
        {"id": "pace", "type": "launches_per_quarter", "max": int(rng.integers(1, 3))},
    ]
    return request(
        capital={"per_quarter_usd": float(rng.uniform(2e6, 2e7))}, overrides=overrides, constraints=constraints
    )


@pytest.mark.parametrize("seed", range(10))
def test_production_search_agrees_with_the_oracle(seed: int) -> None:
    asked = random_request(seed)
    f = written(asked)
    oracle = solve_with_ortools(replace(f.model, whole=whole_columns(f)))
    assert oracle.status == "optimal"
    assert oracle.value is not None
    result = found(asked)
    size = max(abs(oracle.value), 1e6)
    assert result.bound >= oracle.value - EXACT * size
    assert result.value <= oracle.value + EXACT * size
    assert result.value >= oracle.value - 0.01 * size


@pytest.mark.parametrize("seed", range(3))
def test_two_solvers_find_the_same_optimum_of_the_same_matrix(seed: int) -> None:
    model = written(random_request(seed)).model
    ours, theirs = solve(model, gap=EXACT), solve_with_ortools(model)
    assert ours.value is not None
    assert ours.value == pytest.approx(theirs.value, rel=1e-5, abs=10.0)


def test_the_plan_found_keeps_every_row() -> None:
    f = written(request())
    result = found(request())
    assert f.model.worst_violation(result.x) < 1e-4


def test_a_tighter_fleet_cap_never_raises_npv() -> None:
    values = [
        best(request(constraints=[{"id": "cap", "type": "fleet_cap", "vehicles": n}])) for n in (1000, 60, 40, 20, 0)
    ]
    assert all(a >= b - 1.0 for a, b in pairwise(values))
    assert values[0] > values[-1]


def test_more_capital_never_lowers_npv() -> None:
    values = [best(request(capital={"per_quarter_usd": usd})) for usd in (0.0, 1e6, 4e6, 1.6e7)]
    assert all(a <= b + 1.0 for a, b in pairwise(values))
    assert values[0] < values[-1]


def test_a_delayed_permit_never_raises_npv() -> None:
    late = request(constraints=[{"id": "late", "type": "permit_delay", "city": "belport", "months": 6}])
    assert best(late) <= best(request()) + 1.0


def test_without_demand_no_plan_is_worth_anything() -> None:
    empty = {
        slug: replace(
            s,
            levels=tuple(
                replace(level, surface=replace(level.surface, demand_trips_per_day=0.0)) for level in s.levels
            ),
        )
        for slug, s in SERVICES.items()
    }
    model = formulate(gather(resolve_scope(request(), WORLD), empty)).model
    answer = solve(model, gap=EXACT)
    assert answer.value == pytest.approx(0.0, abs=1.0)


def test_renaming_cities_changes_nothing() -> None:
    renamed = {"aston": "zzz", "belport": "aaa"}
    world = replace(
        WORLD,
        cities={renamed[k]: replace(c, slug=renamed[k], name=renamed[k]) for k, c in WORLD.cities.items()},
        deployments={(s, renamed[c]): replace(f, city=renamed[c]) for (s, c), f in WORLD.deployments.items()},
    )
    services = {renamed[k]: replace(s, city=renamed[k]) for k, s in SERVICES.items()}
    model = formulate(gather(resolve_scope(request(), world), services)).model
    answer = solve(model, gap=EXACT)
    assert answer.value == pytest.approx(best(request()), rel=1e-6)


def test_a_currency_worth_less_with_fares_worth_more_changes_nothing() -> None:
    fare = WORLD.cities["belport"].figures["market.mean_fare_local"].key
    rate = WORLD.assumptions["fx.EUR"].key
    same = request(overrides=[{"figure": fare, "factor": 8.0}, {"figure": rate, "factor": 0.125}])
    assert best(same) == pytest.approx(best(request()), rel=1e-6)


def test_the_same_request_twice_gives_the_same_solution() -> None:
    first, second = found(request()), found(request())
    assert first.x.tobytes() == second.x.tobytes()
    assert first.bound == second.bound


@pytest.mark.parametrize(
    ("constraint", "limit"),
    [
        ({"type": "launch_by", "city": "belport", "month": "2027-02"}, PermitLimit(by="2027-02", earliest="2027-06")),
        (
            {"type": "markets_live", "count": 3, "by": "2028-10"},
            PermitLimit(by="2028-10", in_time=["aston", "belport"], asked=["aston", "belport"]),
        ),
        ({"type": "minimum_trips", "trips_per_day": 1e6, "start": "2028-01"}, None),
        ({"type": "fleet_floor", "vehicles": 5000, "start": "2028-01"}, None),
    ],
)
def test_an_impossible_constraint_is_named(constraint: dict[str, Any], limit: PermitLimit | None) -> None:
    f = written(request(constraints=[{"id": "asked too much"} | constraint]))
    assert search(f, time_limit_s=30, gap=0.01, seed=0, report=lambda *_: None) is None
    (conflict,) = explain_infeasible(formulate(f.instance, loose=True))
    (party,) = conflict.parties
    assert (party.constraint, party.type) == ("asked too much", constraint["type"])
    assert party.permits == limit


def test_a_supply_change_and_the_supply_stand_against_a_floor_that_they_leave_too_little() -> None:
    asked = request(
        constraints=[
            {"id": "many", "type": "fleet_floor", "vehicles": 130, "start": "2028-01"},
            {"id": "out", "type": "supply_change", "stack": "beta", "factor": 0.0},
            {"id": "late", "type": "permit_delay", "city": "belport", "months": 1},
        ]
    )
    (conflict,) = explain_infeasible(written(asked, loose=True))
    assert [p.constraint for p in conflict.parties] == ["many", "out"]
    assert conflict.against[0].rule == "stack_supply"
    assert conflict.against[0].kind == "partner"


def test_rules_without_a_price_are_dropped_at_a_stroke_and_what_is_left_is_minimal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = [
        {"id": "many", "type": "fleet_floor", "vehicles": 130, "start": "2028-01"},
        {"id": "out", "type": "supply_change", "stack": "beta", "factor": 0.0},
    ]
    f = written(request(constraints=asked), loose=True)
    verdict = conflicts._Rules.verdict
    tried: list[conflicts._Rules] = []

    def counted(rules: conflicts._Rules, without: Collection[str]) -> Verdict:
        tried.append(rules)
        return verdict(rules, without)

    monkeypatch.setattr(conflicts._Rules, "verdict", counted)
    monkeypatch.setattr(conflicts, "PLAINEST", ())
    found = {rule.rule for rule in conflicts.standing_against(f, ["many", "out"])}
    few = len(tried)
    monkeypatch.setattr(conflicts._Rules, "needless", lambda _rules, _asked: frozenset())
    conflicts.standing_against(f, ["many", "out"])
    assert 0 < few < len(tried) - few
    others = set(tried[0].rows) - found
    assert found
    assert verdict(tried[0], others) == "none"
    assert {verdict(tried[0], others | {one}) for one in found} == {"plan"}


def test_two_constraints_that_clash_are_named_together_and_a_third_is_not() -> None:
    f = written(
        request(
            constraints=[
                {"id": "must", "type": "force_deployment", "city": "belport", "stack": "beta"},
                {"id": "must not", "type": "forbid_deployment", "city": "belport", "stack": "beta"},
                {"id": "harmless", "type": "fleet_cap", "vehicles": 500},
            ]
        )
    )
    (conflict,) = explain_infeasible(formulate(f.instance, loose=True))
    assert [p.constraint for p in conflict.parties] == ["must", "must not"]


def test_too_little_time_and_a_stop_give_a_real_plan_all_the_same() -> None:
    stop = threading.Event()
    stop.set()
    told: list[float] = []
    result = search(
        written(request()),
        time_limit_s=0.01,
        gap=EXACT,
        seed=0,
        report=lambda _, best, __: told.append(best) if best is not None else None,
        stop=stop,
    )
    assert result is not None
    assert result.value > 0.5 * best(request())
    assert result.bound >= result.value
    assert result.value >= max(told) - 1.0, "what was told is what is kept"


@pytest.mark.parametrize(
    "constraint",
    [
        {"type": "launch_not_before", "city": "belport", "month": "2028-01"},
        {"type": "launch_by", "city": "aston", "month": "2028-06"},
        {"type": "launch_fixed", "city": "belport", "stack": "beta", "month": "2028-02"},
        {"type": "force_deployment", "city": "belport", "stack": "beta"},
        {"type": "forbid_deployment", "city": "belport", "stack": "beta"},
        {"type": "fleet_cap", "vehicles": 30, "stack": "beta"},
        {"type": "fleet_floor", "vehicles": 20, "city": "belport", "start": "2028-06"},
        {"type": "partner_share", "partner": "Beta", "max_share": 0.5},
        {"type": "launches_per_quarter", "max": 1},
        {"type": "stacks_per_city", "max": 1},
        {"type": "supply_change", "stack": "beta", "factor": 0.5},
        {"type": "service_level", "max_wait_min": 8},
        {"type": "minimum_trips", "trips_per_day": 100, "start": "2028-06"},
        {"type": "markets_live", "count": 2, "by": "2028-06"},
        {"type": "permit_delay", "months": 3, "city": "belport"},
    ],
)
def test_every_constraint_type_can_be_kept_and_never_raises_npv(constraint: dict[str, Any]) -> None:
    free = best(request())
    assert best(request(constraints=[{"id": "c"} | constraint])) <= free + 1.0


def test_adoption_of_a_ring_is_averaged_over_the_months_of_a_quarter() -> None:
    grid = request().grid
    matrix = adoption_matrix(grid, [0.1, 0.2, 0.3, 0.4])
    assert matrix[0, 0] == pytest.approx(0.1)
    assert matrix[5, 6] == pytest.approx((0.2 + 0.3 + 0.4) / 3)
    assert matrix[6, 6] == pytest.approx((0.1 + 0.2 + 0.3) / 3)
    assert (np.tril(matrix, -1) == 0).all()


def test_supply_grows_evenly_between_decembers_and_is_cut_where_asked() -> None:
    grid = request().grid
    cut = SupplyChange(id="c", stack="s", factor=0.5, start="2027-07", end="2027-12")
    vehicles = placeable(grid, [2026, 2027, 2028], [0, 120, 120], [cut])
    assert vehicles[0] == 10
    assert vehicles[5] == 60
    assert vehicles[6] == 35
    assert vehicles[8] == 120


def test_an_outage_of_some_months_counts_in_every_period_that_has_one_of_them() -> None:
    grid = request().grid
    out = SupplyChange(id="out", stack="s", factor=0, start="2027-09", end="2027-10")
    more = SupplyChange(id="more", stack="s", factor=2, start="2027-11")
    vehicles = placeable(grid, [2026, 2027], [100, 100], [out, more])
    assert grid.labels()[5:9] == ["2027-06", "2027-07", "2027-10", "2028-01"]
    assert vehicles[5:9].tolist() == [100, 0, 0, 200]


def test_an_annuity_repays_its_loan() -> None:
    payment = annuity(0.09, 60)
    left = 1.0
    for month in range(60):
        assert outstanding(0.09, 60, month) == pytest.approx(left)
        left = left * (1 + 0.09 / 12) - payment
    assert left == pytest.approx(0.0, abs=1e-12)
    assert annuity_factor(0.1, 4) < 4


@pytest.mark.parametrize("seed", range(4))
def test_limits_folded_from_rules_cut_off_no_plan(seed: int) -> None:
    asked = random_request(seed)
    tight, loose = written(asked), written(asked, loose=True)
    assert (tight.model.upper <= loose.model.upper + 1e-9).all()
    assert (tight.model.upper < loose.model.upper - 1e-9).any()
    values = [solve(f.model, gap=EXACT).value for f in (tight, loose)]
    assert values[0] == pytest.approx(values[1], rel=1e-6)


def test_local_planes_lie_between_the_law_and_the_whole_surface_s_planes() -> None:
    city = small_city()
    geography = build_geography(city)
    found = build_service(city, geography, build_demand(city, geography), assumptions(), economics())
    surface = found.levels[-1].surface
    planes = planes_within(surface, float(surface.sample_vehicles[15]), float(surface.sample_demand[5]))
    v, d = np.meshgrid(surface.sample_vehicles[1:16], surface.sample_demand[1:6], indexing="ij")
    local = np.min([a * v + b * d + c for a, b, c in planes], axis=0)
    whole = np.min([a * v + b * d + c for a, b, c in surface.planes], axis=0)
    law = surface.sample_trips[1:16, 1:6]
    assert (local >= law - 0.02).all()
    assert (local <= whole + 0.02).all()
    assert (whole - law).max() > (local - law).max()
