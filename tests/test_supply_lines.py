"""Supply lines that a request switches on, delays or caps: vehicles, plants, prices, rivals, faults, words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue, Rival, SupplyLine
from fleetplan.errors import RequestError
from fleetplan.optimize.lines import bought_usd, rivals_take
from fleetplan.plans.check.case import Case
from fleetplan.plans.check.lines import most_a_year
from fleetplan.plans.check.money import vehicle_usd
from fleetplan.plans.check.riders import scale
from fleetplan.plans.check.supply import ceiling
from fleetplan.scope import judge_request
from fleetplan.words.catalogue import whom_it_feeds
from fleetplan.words.constraints import constraint_words
from fleetplan.words.names import Names
from tests.plan_builder import WORKS, build_plan, default_request
from tests.rule_builder import BOUGHT, SERVICES, WORLD, Trial, instance

ON: dict[str, Any] = {"id": "on", "type": "supply_line", "line": "Works", "stack": "alpha", "start": "2027-05"}
RIVALS: dict[str, Any] = {"id": "rivals", "type": "supply_line", "line": "Far"}
ASKED: list[dict[str, Any]] = [
    ON,
    ON | {"vehicles_per_year": 60, "delay_months": 2},
    ON | {"vehicles_per_year": 24, "others_per_year": 350, "price_usd": 60_000},
    {"id": "own", "type": "supply_line", "line": "Home", "delay_months": 5},
    {"id": "own", "type": "supply_line", "line": "Home", "vehicles_per_year": 12},
    RIVALS | {"delay_months": 7},
    RIVALS | {"vehicles_per_year": 100_000},
]


def world() -> Catalogue:
    """Return the made-up world with a plant of alpha's own, parts, and a rival in Aston whose cars come from far away."""
    alpha, aston = WORLD.stacks["alpha"], WORLD.cities["aston"]
    gamma = replace(alpha, slug="gamma", partner="Gamma", aliases=(), rival=True, supply_line="Far")
    lines = {
        **WORLD.supply_lines,
        "Home": SupplyLine("Home", {"builds": "vehicles", "capacity_per_year": "300"}),
        "Far": SupplyLine("Far", {"builds": "vehicles"}),
        "Motors": SupplyLine("Motors", {"builds": "parts", "capacity_per_year": "900"}),
    }
    met = replace(aston, rivals=(Rival("Gamma (supervised)", 3, "operator", "made up", "assumed"),))
    return replace(
        WORLD,
        supply_lines=lines,
        stacks={**WORLD.stacks, "alpha": replace(alpha, supply_line="Home"), "gamma": gamma},
        cities={**WORLD.cities, "aston": met},
    )


FULL = world()


def case(asked: dict[str, Any]) -> Case:
    return Case(build_plan(request=default_request(constraints=[asked])), FULL, SERVICES)


@pytest.mark.parametrize("asked", ASKED, ids=lambda c: "-".join(f"{k}={v}" for k, v in c.items() if k != "type"))
def test_rows_and_check_read_a_line_alike(asked: dict[str, Any]):
    """What can be had, prices, riders and what plants build, each worked out twice, apart."""
    at = {"horizon": {"start": "2027-01", "months": 12, "single_months": 6}, "constraints": [asked]}
    i, other = instance(at, FULL), case(asked)
    assert i.ceilings["alpha"].tolist() == [ceiling(other, "alpha", t) for t in other.periods]
    prices = [1.1 * bought_usd(i.scope, "alpha", month) for month in other.starts]
    assert prices == pytest.approx([vehicle_usd(other, "alpha", month) for month in other.starts])
    aston = next(d for d in i.deployments if d.key == "alpha@aston")
    told = [scale(other, FULL.stacks["alpha"], FULL.cities["aston"], t) for t in other.periods]
    assert aston.scale.tolist() == pytest.approx(told)


def test_what_is_built_below_break_even_costs_more_and_a_full_plant_s_cars_cost_what_they_are_said_to():
    listed = (60_000 + 40_000 * 0.8 - 50 * 10) * 1.1
    half = 400 * 0.8 / 160 - 1
    for asked, before, after in (
        (ON | {"vehicles_per_year": 60}, listed, listed + 1.1 * 60_000 * 0.2 * half),
        (ON | {"others_per_year": 350}, listed, listed),
        (ON | {"others_per_year": 350, "price_usd": 50_000}, listed, listed / 2),
    ):
        i = instance(BOUGHT | {"constraints": [asked]}, FULL)
        assert i.stacks["alpha"].price_usd[[3, 4]].tolist() == pytest.approx([before, after])


def test_what_is_built_there_pays_no_duty():
    duty = {"id": "duty", "type": "tariff", "stack": "alpha", "duty": 0.5, "start": "2027-01"}
    i = instance(BOUGHT | {"constraints": [ON | {"others_per_year": 350}, duty]}, FULL)
    price = i.stacks["alpha"].price_usd
    assert price[3] / price[4] == pytest.approx(1.5)


def test_a_line_that_is_switched_on_adds_vehicles_and_its_plant_bounds_what_is_bought_of_it():
    asked = ON | {"vehicles_per_year": 60}
    i = instance(BOUGHT | {"constraints": [asked]}, FULL)
    plain = instance(BOUGHT, FULL)
    more = i.ceilings["alpha"] - plain.ceilings["alpha"]
    assert more.tolist() == pytest.approx([0] * 5 + [5 * n for n in range(1, 8)], abs=1)
    trial = Trial(i, "line_capacity")
    bought = trial.f.columns.bought["alpha"]
    assert trial.put(bought[3], 300.0).put(bought[4], 60.0).kept, "the plant at home builds what is bought before"
    assert not trial.put(bought[5], 1.0).kept
    assert most_a_year(case(asked), "Works") == 60
    assert most_a_year(case(asked | {"vehicles_per_year": None}), "Works") == 300
    assert most_a_year(case(asked), "Far") is None


def test_a_rivals_volume_moves_what_it_takes():
    grid = instance(BOUGHT, FULL).grid
    plain, late, twice = (
        rivals_take(grid, "aston", FULL, instance(BOUGHT | {"constraints": asked}, FULL).scope.constraints)
        for asked in ([], [RIVALS | {"delay_months": 12}], [RIVALS | {"vehicles_per_year": 100_000}])
    )
    assert late == pytest.approx(0.6 * plain)
    assert twice == pytest.approx(1.4 * plain)
    assert np.all(rivals_take(grid, "belport", FULL, ()) == plain)


@pytest.mark.parametrize(
    ("asked", "where", "said"),
    [
        ({"line": "Wroks", "delay_months": 1}, "line", "no line is called"),
        ({"line": "Motors", "delay_months": 1}, "line", "builds no vehicles: it is documented only"),
        ({"line": "Works", "delay_months": 1}, "line", "feeds no robotaxi that is planned"),
        ({"line": "Home"}, "", "changes nothing"),
        ({"line": "Works", "stack": "alpha"}, "", "has a stack and no start"),
        ({"line": "Home", "delay_months": 3, "price_usd": 5e4}, "", "prices vehicles of no stack"),
        (
            {"line": "Works", "stack": "alpha", "start": "2027-05", "vehicles_per_year": 301},
            "vehicles_per_year",
            "for others",
        ),
        ({"line": "Works", "stack": "alpha", "start": "2028-05"}, "start", "lies after the horizon"),
    ],
)
def test_what_would_be_without_effect_is_a_fault(asked: dict[str, Any], where: str, said: str):
    plain = {"horizon": {"start": "2027-01", "months": 12}, "capital": {"per_quarter_usd": 1e9}}
    with pytest.raises(RequestError) as found:
        judge_request(plain | {"constraints": [{"id": "x", "type": "supply_line", **asked}]}, FULL)
    (fault,) = found.value.faults
    assert fault.where == f"/constraints/0/{where}".rstrip("/")
    assert said in fault.what


def test_each_is_told_once():
    plain = {"horizon": {"start": "2027-01", "months": 12}, "capital": {"per_quarter_usd": 1e9}}
    twice = [ON, ON | {"id": "again", "line": "Far"}]
    with pytest.raises(RequestError) as found:
        judge_request(plain | {"constraints": twice}, FULL)
    assert [f.where for f in found.value.faults] == ["/constraints/1/stack"]


def test_a_line_says_whom_it_feeds_and_a_request_what_it_asks():
    catalogue = load_catalogue()
    assert whom_it_feeds(catalogue, "Renault Cleon small e-motor line") == "Feeds no robotaxi: documented only."
    assert "switch it on" in whom_it_feeds(catalogue, "Ford Valencia (Almussafes)")
    assert "a rival, Tesla: its volume moves" in whom_it_feeds(catalogue, "Tesla Cybercab line")
    assert "Feeds Baidu" in whom_it_feeds(catalogue, "Baidu RT6 (contract built)")
    asked = ON | {"vehicles_per_year": 60, "delay_months": 2, "others_per_year": 350, "price_usd": 6e4}
    words = constraint_words(asked, Names(FULL))
    assert words == (
        "Alpha built at Works from May 2027, and 2 months later, at most 60 vehicles a year, beside 350 cars for others, "
        "at $60.0 k each"
    )
    assert WORKS["capacity_per_year"] == "400"
