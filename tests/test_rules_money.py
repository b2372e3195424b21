"""Money: what each decision books, the capital budget and the cash floor, each rule on its rows or entries alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.instance import Array
from fleetplan.optimize.ledger import Ending
from fleetplan.optimize.matrix import Place
from tests.plan_builder import CAR_2027, CAR_2028, LIGHTER, figures
from tests.rule_builder import APRIL, BOUGHT, DRIVEN, JULY, JUNE, WORLD, Trial, instance, with_assumption, written

DAYS = 365.25 / 12
ALPHA, BETA = Place("deployment", city="aston", stack="alpha"), Place("deployment", city="belport", stack="beta")
POOL = Place("stack", stack="alpha")
LAST = 11
HALF_USD = CAR_2027 / 2
TWENTY_USD = 20 * HALF_USD


def booked(trial: Trial, place: Place, line: str) -> Array:
    """Return what a solution books in a line, by period."""
    return trial.f.ledger.lines(trial.x)[place][line]


def quarterly(usd: float | list[float], floor: float | None = None, scope: dict[str, Any] = BOUGHT) -> dict[str, Any]:
    return {**scope, "capital": {"per_quarter_usd": usd, "cash_floor_usd": floor}}


# --- running_money ---


def test_trips_earn_the_fare_of_their_area_and_leave_the_partner_its_share():
    trial = Trial(instance(DRIVEN))
    trial.put(trial.f.columns.deployments[0].trips[0, JULY], 100.0)
    fare = 25 * 1.2 / 1.08 * (0.25 + 0.75 * 7 / 8) * DAYS * 100
    assert booked(trial, BETA, "net_fares")[JULY] == pytest.approx(fare)
    assert booked(trial, BETA, "partner_share")[JULY] == pytest.approx(-0.8 * fare)
    assert booked(trial, BETA, "payment")[JULY] == pytest.approx(-0.025 * fare)
    assert booked(trial, BETA, "support")[JULY] == pytest.approx(-0.4 * DAYS * 100)
    assert booked(trial, BETA, "net_fares")[JUNE] == 0


def test_vehicles_cost_by_the_month_and_kilometres_by_trips_and_vehicles():
    trial = Trial(instance(BOUGHT)).serving(20, JULY)
    trial.put(trial.f.columns.deployments[0].trips[0, JULY], 100.0)
    assert booked(trial, ALPHA, "insurance")[JULY] == pytest.approx(-0.1 * 0.9 * (9 * 100 + 40 * 20) * DAYS)
    assert booked(trial, ALPHA, "data")[JULY] == pytest.approx(-20 * 120)
    assert booked(trial, ALPHA, "remote")[JULY] == pytest.approx(-20 * 38 * 730 / 10)
    assert booked(trial, ALPHA, "maintenance")[JULY] == pytest.approx(-0.06 * (9 * 100 + 40 * 20) * DAYS)
    energy = ((9 * 100 + 40 * 20) * 0.2 + 18 * 20) / 0.9 * DAYS * 0.25
    assert booked(trial, ALPHA, "energy")[JULY] == pytest.approx(-energy)
    assert booked(trial, ALPHA, "safety_operator")[JULY] == 0


def test_an_operator_on_board_costs_and_takes_the_lower_fare():
    trial = Trial(instance(BOUGHT)).serving(20, APRIL, mode=0)
    own = trial.f.columns.deployments[0]
    assert own.cheap is not None
    trial.put(own.trips[0, APRIL], 100.0).put(own.cheap[0, 0, APRIL], 100.0).put(own.trips[0, JULY], 100.0)
    fares = booked(trial, ALPHA, "net_fares")
    assert fares[APRIL] == pytest.approx(0.8 * fares[JULY])
    assert booked(trial, ALPHA, "safety_operator")[APRIL] == pytest.approx(-20 * 35 * 16 * 30.4)


# --- launch_money ---


def test_a_launch_costs_once_and_a_stack_s_later_ones_less():
    trial = Trial(instance({"stacks": ["beta"]}), "launch_money")
    first, second = trial.f.columns.deployments
    trial.put(first.begun[2:], 1.0).put(second.begun[4:], 1.0)
    assert not trial.kept, "the stack's first programme is not paid for"
    assert not trial.f.columns.team, "each city has one stack: its programme pays the team"
    assert trial.put(trial.f.columns.first["beta"][2:], 1.0).kept
    launch = 5e6 * 0.25
    lines = trial.f.ledger.lines(trial.x)
    assert lines[Place("stack", stack="beta")]["launch"][2] == pytest.approx(-0.3 * launch)
    assert lines[Place("deployment", city="aston", stack="beta")]["launch"][2] == pytest.approx(-0.7 * launch)
    assert lines[BETA]["launch"].tolist() == pytest.approx([0] * 4 + [-0.7 * launch] + [0] * 7)


def test_areas_and_deliveries_are_paid_when_they_come():
    trial = Trial(instance(BOUGHT)).opened(APRIL).opened(9, level=2)
    own = trial.f.columns.deployments[0]
    trial.put(own.open[0], 0.0).put(own.open[0, APRIL:], 1.0).put(own.added[APRIL], 12.0)
    assert booked(trial, ALPHA, "area").tolist() == pytest.approx([0] * 9 + [-15000 * 30, 0, 0])
    assert booked(trial, ALPHA, "placing")[APRIL] == pytest.approx(-4000 * 12)


def test_one_team_of_a_city_is_paid_from_its_first_programme_on():
    trial = Trial(instance({"cities": ["aston"]}), "launch_money")
    team = trial.f.columns.team["aston"]
    trial.put(trial.f.columns.deployments[1].begun[5:], 1.0)
    assert not trial.kept
    assert trial.put(team[5:], 1.0).kept
    assert booked(trial, Place("city", city="aston"), "team").tolist() == pytest.approx([0] * 5 + [-200_000] * 7)


# --- asset_money ---


def test_vehicles_and_licence_follow_their_lists_from_year_to_year():
    two = {"horizon": {"start": "2027-07", "months": 12, "single_months": 12}}
    trial = Trial(instance(BOUGHT | two))
    bought = trial.f.columns.bought["alpha"]
    trial.put(bought[0], 2.0).put(bought[6], 2.0)
    assert booked(trial, POOL, "vehicles").tolist() == pytest.approx([-CAR_2027] + [0] * 5 + [-CAR_2028] + [0] * 5)
    assert trial.f.instance.stacks["alpha"].price_usd.tolist() == pytest.approx([CAR_2027] * 6 + [CAR_2028] * 6)
    rates = trial.f.instance.deployments[0].rates
    assert [rates.moved("licence", 2026 * 12 + m) for m in (0, 11, 12)] == pytest.approx([1.0, 1.0, 0.96])
    assert [rates.moved("insurance", year * 12) for year in (2025, 2026, 2027, 2040)] == pytest.approx([1, 1, 0.9, 0.9])
    assert rates.moved("maintenance", 2027 * 12) == 1.0


def test_a_used_vehicle_is_worth_no_more_than_its_share_of_a_new_one():
    dearer = figures("assumptions.toml", {}, price__kit_index_by_year=([1.0, 2.0], [2027, 2028]))
    worlds = (WORLD, replace(WORLD, assumptions={**WORLD.assumptions, **dearer}))
    falling, rising = (instance(BOUGHT, world).stacks["alpha"] for world in worlds)
    share, owed = 0.12 + 0.88 * (1 - 12 / 60), 0.5 * (1 - 1.0075**-48) / (1 - 1.0075**-60) * LIGHTER**12
    assert falling.kept[0].left_usd[0] * 1.1 == pytest.approx(CAR_2028 * share - CAR_2027 * owed)
    assert rising.kept[0].left_usd[0] * 1.1 == pytest.approx(rising.price_usd[0] * (share - owed))


def test_vehicles_are_paid_with_their_spares_half_at_once_and_half_on_a_loan():
    trial = Trial(instance(BOUGHT))
    trial.put(trial.f.columns.bought["alpha"][2], 10.0)
    payment = 0.0075 / (1 - 1.0075**-60) * CAR_2027 / 2 * 10
    assert booked(trial, POOL, "vehicles").tolist() == pytest.approx([0, 0, -5 * CAR_2027] + [0] * 9)
    due = [-payment * LIGHTER ** (age + 0.5) for age in range(10)]
    assert booked(trial, POOL, "loan").tolist() == pytest.approx([0, 0, *due])


def test_what_is_left_of_vehicles_and_stalls_counts_and_keeping_them_is_charged():
    trial = Trial(instance(BOUGHT))
    depot = trial.f.columns.depots["aston"]
    trial.put(trial.f.columns.bought["alpha"][0], 1.0).put(depot.stalls[0, 0, 2:], 4.0)
    ends = trial.f.ledger.endings(trial.x)
    at_end, aston = 1.1**-5, Place("city", city="aston")
    assert ends["residual", POOL] == pytest.approx(CAR_2028 * 0.12 * at_end), (
        "five years old, and the loan is paid back"
    )
    assert ends["residual", aston] == pytest.approx(4 * 150_000 * (1 - 58 / 120) * at_end)
    ages = 12 + np.arange(48) + 0.5
    due = 0.0075 / (1 - 1.0075**-60) * CAR_2027 / 2 * LIGHTER**ages
    assert ends["renewal", POOL] == pytest.approx(-np.sum(due * 1.1 ** (-ages / 12)))
    assert ("renewal", aston) not in ends, "stalls last longer than the years that count"


def after(years: float, **figures_: float) -> dict[tuple[Ending, Place], float]:
    """Return what a car and four stalls bought in January are worth with so many years counted after the horizon."""
    world = with_assumption("terminal.years", years)
    for name, number in figures_.items():
        world = with_assumption(name.replace("__", "."), number, world)
    trial = Trial(instance(BOUGHT, world))
    depot = trial.f.columns.depots["aston"]
    trial.put(trial.f.columns.bought["alpha"][0], 1.0).put(depot.stalls[0, 0], 4.0)
    return dict(trial.f.ledger.endings(trial.x))


def test_with_no_year_after_the_horizon_things_are_sold_at_its_end():
    owed = (1 - 1.0075**-48) / (1 - 1.0075**-60) * LIGHTER**12
    worth = CAR_2028 * (0.12 + 0.88 * (1 - 12 / 60)) - CAR_2027 * 0.5 * owed
    assert after(0) == {
        ("residual", POOL): pytest.approx(worth / 1.1),
        ("residual", Place("city", city="aston")): pytest.approx(600_000 * 0.9 / 1.1),
    }


def test_what_wears_out_in_the_years_after_the_horizon_is_renewed_at_the_price_of_that_year():
    found, aston = after(10), Place("city", city="aston")
    assert found["renewal", aston] == pytest.approx(-600_000 * 1.1**-10), "after ten years all four are renewed"
    assert found["residual", aston] == pytest.approx(600_000 * 0.9 * 1.1**-11)
    assert after(10)["renewal", POOL] < after(4)["renewal", POOL] - 0.38 * CAR_2028 * 1.1**-5 + 1.0


def test_a_life_that_ends_with_the_horizon_is_renewed_at_once_and_never_used_for_nothing():
    short = after(1, fleet__life_years=1.0)
    due = (
        0.0075
        / (1 - 1.0075**-12)
        * CAR_2028
        / 2
        * LIGHTER ** (np.arange(12) + 0.5)
        * 1.1 ** (-(12.5 + np.arange(12)) / 12)
    )
    assert short["renewal", POOL] == pytest.approx(-CAR_2028 * (0.5 - 0.12) / 1.1 - due.sum())
    assert short["residual", POOL] == pytest.approx(CAR_2028 * 0.12 * 1.1**-2)


def test_an_old_vehicle_is_sold_within_the_horizon():
    world = with_assumption("fleet.life_years", 0.5)
    trial = Trial(instance(BOUGHT, world))
    trial.put(trial.f.columns.bought["alpha"][0], 3.0)
    assert booked(trial, POOL, "resale").tolist() == pytest.approx([0] * 6 + [3 * 0.12 * CAR_2027] + [0] * 5)
    assert not any(trial.f.ledger.endings(trial.x).values()), "nothing of it is left at the horizon's end"


# --- vehicle_wear ---


def test_kilometres_beyond_a_cars_share_of_its_years_are_paid_as_they_are_driven():
    trial = Trial(instance(BOUGHT)).serving(20, slice(JULY, None)).opened(JULY)
    own = trial.f.columns.deployments[0]
    trial.put(own.trips[0, JULY:], 400.0)
    lives = (9 * 400 + 40 * 20) * DAYS / 150_000 - 1.1 * 20 / 60
    assert lives > 0
    assert own.worn is not None
    rows = Trial(trial.i, "vehicle_wear").put(trial.f.columns.deployments[0].fleet[0, JULY], 20.0)
    rows.put(own.trips[0, JULY], 400.0)
    assert not rows.put(own.worn[JULY], lives - 1e-4).kept
    assert rows.put(own.worn[JULY], lives + 1e-9).kept
    assert booked(rows, ALPHA, "wear")[JULY] == pytest.approx(-lives * CAR_2027 / 1.1 * 0.88)


def test_cars_of_partners_wear_out_at_their_own_cost():
    assert formulate(instance(DRIVEN)).columns.deployments[0].worn is None


# --- incremental and gross value ---


def test_drivers_trips_lost_count_against_incremental_value_and_are_known_in_any_case():
    lost = 0.6 * 0.05 * 25 / 1.08 * (0.25 + 0.75 * 7 / 8) * DAYS * 100
    costs = []
    for value in ("incremental", "gross"):
        trial = Trial(instance(BOUGHT | {"value": value}))
        own = trial.f.columns.deployments[0]
        costs.append(trial.f.model.cost[own.trips[0, JULY]])
        trial.put(own.trips[0, JULY], 100.0)
        lines = trial.f.ledger.lines(trial.x)[ALPHA]
        assert trial.f.ledger.lines_besides(trial.x)[ALPHA]["displaced"][JULY] == pytest.approx(-lost)
        assert ("displaced" in lines) == (value == "incremental")
    assert costs[1] - costs[0] == pytest.approx(lost / 100 * trial.i.world.disc_mid[JULY])


def test_sites_cost_when_ordered_and_stalls_of_the_platform_when_placed():
    trial = Trial(instance({"cities": ["aston"]}))
    own = trial.f.columns.depots["aston"]
    trial.put(own.ordered[0, 1:], 1.0).put(own.stalls[0, 0, 3:], 2.0).put(own.stalls[0, 1, 3:], 5.0)
    lines = trial.f.ledger.lines(trial.x)[Place("city", city="aston")]
    assert lines["depot_site"].tolist() == pytest.approx([0, -500_000] + [0] * 10)
    assert lines["stalls"].tolist() == pytest.approx([0, 0, 0, -300_000] + [0] * 8)


def test_the_objective_is_all_that_was_booked_discounted():
    trial = Trial(instance(BOUGHT)).serving(20, slice(JULY, None)).opened(JULY)
    own = trial.f.columns.deployments[0]
    trial.put(own.trips[0, JULY:], 300.0).put(trial.f.columns.bought["alpha"][JULY], 20.0)
    world, total = trial.i.world, sum(trial.f.ledger.endings(trial.x).values())
    for lines in trial.f.ledger.lines(trial.x).values():
        for line, usd in lines.items():
            once = line in {"vehicles", "placing", "depot_site", "stalls", "launch", "area"}
            total += float(usd @ (world.disc_start if once else world.disc_mid))
            if not once and line not in {"loan", "resale"}:
                total += float(usd @ trial.i.grid.run_rate) * world.going_on[48]
    assert trial.f.model.value(trial.x) == pytest.approx(total)


def test_without_a_booking_rule_its_money_is_gone():
    free = formulate(instance(BOUGHT), without={"asset_money"})
    assert not {"vehicles", "loan", "stalls"} & {entry.line for entry in free.ledger.entries}


# --- capital, cash_floor ---


def spending(usd: float | list[float], *purchases: tuple[int, float]) -> Trial:
    """Return vehicles bought, each half from capital and half on a loan, with capital summed as the rule says."""
    trial = Trial(instance(quarterly(usd)), "capital")
    for t, vehicles in purchases:
        trial.put(trial.f.columns.bought["alpha"][t], vehicles)
        trial.put(trial.f.columns.capital[t], vehicles * HALF_USD / 1e6)
    return trial


@pytest.mark.parametrize(("vehicles", "allowed"), [(20, True), (21, False)])
def test_capital_of_a_quarter_is_there_from_its_start(vehicles: int, allowed: bool):
    assert spending(TWENTY_USD, (0, vehicles)).kept == allowed
    assert spending([0.0, TWENTY_USD, 0.0], (3, vehicles)).kept == allowed
    assert not spending([0.0, TWENTY_USD], (2, 1)).kept


def test_what_is_not_spent_carries_over():
    assert spending([TWENTY_USD, TWENTY_USD, 0.0], (JUNE, 40)).kept
    assert spending([TWENTY_USD, TWENTY_USD, 0.0], (0, 20), (LAST, 20)).kept
    assert not spending([TWENTY_USD, TWENTY_USD, 0.0], (0, 20), (LAST, 21)).kept


def test_capital_counts_what_is_spent_and_nothing_else():
    trial = spending(TWENTY_USD, (0, 20))
    assert not trial.put(trial.f.columns.capital[0], 1.0).kept
    trial.put(trial.f.columns.capital[0], TWENTY_USD / 1e6)
    trial.put(trial.f.columns.deployments[0].trips[0, 0], 1e5)
    assert trial.kept, "fares are no capital"
    assert not trial.put(trial.f.columns.depots["aston"].ordered[0], 1.0).kept, "a site costs half a million"


def test_without_the_budget_anything_may_be_spent():
    assert written(instance(quarterly(0.0)), "capital", without={"capital"}) == 0
    assert written(instance(quarterly(0.0)), "capital") == 24


@pytest.mark.parametrize(("vehicles", "allowed"), [(20, True), (21, False)])
def test_cumulated_cash_never_falls_below_the_floor(vehicles: int, allowed: bool):
    payment = 0.0075 / (1 - 1.0075**-60) * HALF_USD * LIGHTER ** (np.arange(12) + 0.5)
    trial = Trial(instance(quarterly(1e9, 20 * (HALF_USD + payment.sum()) + 1.0)), "cash_floor")
    assert trial.f.columns.cash is not None
    trial.put(trial.f.columns.bought["alpha"][0], vehicles)
    trial.put(trial.f.columns.cash, -vehicles * payment / 1e6)
    trial.put(trial.f.columns.cash[0], -vehicles * (HALF_USD + payment[0]) / 1e6)
    assert trial.kept == allowed


def test_without_a_floor_asked_for_cash_is_not_summed():
    f = formulate(instance(quarterly(1e9)))
    assert f.columns.cash is None
    assert not len(f.model.rows_where(lambda b: b.rule == "cash_floor"))
    assert written(instance(quarterly(1e9, 1e6)), "cash_floor", without={"cash_floor"}) == 0


@pytest.mark.parametrize("seed", range(5))
def test_capital_is_spent_and_never_comes_in(seed: int):
    """Capital columns begin at zero: that cuts off nothing, since whatever rises only costs."""
    rng = np.random.default_rng(seed)
    trial = Trial(instance())
    columns = trial.f.columns
    rising = [*columns.first.values(), *(row for own in columns.deployments for row in (own.begun, *own.open))]
    for own in columns.depots.values():
        rising += [*own.ordered, *own.stalls.reshape(-1, trial.i.periods)]
    for row in rising:
        trial.put(row[int(rng.integers(0, 12)) :], float(rng.integers(1, 9)))
    for bought in columns.bought.values():
        trial.put(bought, rng.integers(0, 9, 12))
    for deployed in columns.deployments:
        trial.put(deployed.added, rng.integers(0, 9, 12))
    periods, which, usd = trial.f.ledger.flows(capital_only=True)
    spent = np.bincount(periods, usd * trial.x[which], minlength=12)
    assert spent.max() > 0
    assert spent.min() >= -1e-6
