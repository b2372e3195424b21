"""The partner's account: what its contract gives and leaves it, that it must come out even, and who excuses it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fleetplan.economics import deployment_rates, partner_rates, years_after
from fleetplan.explain.commitments import commitments
from fleetplan.optimize.instance import Ints
from fleetplan.optimize.matrix import Place
from fleetplan.optimize.rules.partners import account_terms, must_earn
from fleetplan.optimize.unused import take_out_unused
from fleetplan.plans.check import check_plan
from fleetplan.plans.check.partners import slack_usd
from fleetplan.plans.partner_account import partner_account
from fleetplan.report.partner_account import account_table, account_words
from tests.plan_builder import build_plan, default_request
from tests.rule_builder import (
    APRIL,
    BOUGHT,
    DRIVEN,
    JULY,
    JUNE,
    SERVICES,
    WORLD,
    Trial,
    asking,
    instance,
    with_assumption,
)
from tests.test_check import broken_rules, checked, edited, put

BETA = Place("deployment", city="belport", stack="beta")
ALPHA = Place("deployment", city="aston", stack="alpha")
DAYS = 365.25 / 12


def booked(trial: Trial, place: Place, line: str) -> Any:
    return trial.f.partners.lines(trial.x)[place][line]


# --- what a contract gives and leaves ---


@pytest.mark.parametrize(("stack", "city"), [("alpha", "aston"), ("beta", "belport")])
def test_what_one_side_pays_the_other_does_not_and_what_it_pays_the_other_it_receives(stack: str, city: str):
    ours = deployment_rates(WORLD, WORLD.stacks[stack], WORLD.cities[city])
    theirs = partner_rates(WORLD, WORLD.stacks[stack], WORLD.cities[city]).running
    for line in ("operator_fee", "data", "field"):
        assert (ours.per_vehicle_month[line] < 0) != (theirs.per_vehicle_month[line] < 0), line
    for line in ("maintenance", "insurance"):
        assert (ours.per_km[line] < 0) != (theirs.per_km[line] < 0), line
    assert (ours.agent_usd_month < 0) != (theirs.agent_usd_month < 0)
    assert theirs.per_km["licence"] == -ours.per_km["licence"]
    assert theirs.per_vehicle_month["fixed_fee"] == -ours.per_vehicle_month["fixed_fee"]
    assert theirs.per_net_fare["partner_share"] == -ours.per_net_fare["partner_share"]
    assert "net_fares" not in theirs.per_net_fare
    assert "displaced" not in theirs.per_net_fare


def test_a_partner_lives_on_its_share_and_pays_for_cars_and_chargers_that_are_its_own():
    trial = Trial(instance(DRIVEN)).opened(JUNE).serving(20, JULY)
    own = trial.f.columns.deployments[0]
    trial.put(own.trips[0, JULY], 100.0).put(own.added[JULY], 20.0)
    fare = 25 * 1.2 / 1.08 * (0.25 + 0.75 * 7 / 8) * DAYS * 100
    assert booked(trial, BETA, "partner_share")[JULY] == pytest.approx(0.8 * fare)
    assert booked(trial, BETA, "fixed_fee")[JULY] == pytest.approx(3 * DAYS * 20)
    assert booked(trial, BETA, "insurance")[JULY] == pytest.approx(-0.1 * 0.9 * (9 * 100 + 40 * 20) * DAYS)
    assert booked(trial, BETA, "stalls")[[0, JULY]].tolist() == pytest.approx([-10 * 150000 / 5, -20 * 150000 / 5])
    assert booked(trial, BETA, "placing")[JULY] == pytest.approx(-20 * 4000)
    price = (0.6 + 0.4 * 0.8) * 60000 - 50 * 10
    assert booked(trial, BETA, "vehicles")[[0, JULY]].tolist() == pytest.approx([-10 * price * 1.1, -20 * price * 1.1])
    assert booked(trial, BETA, "launch")[0] == pytest.approx(-5e6 * 0.75 * 0.7)


def test_where_the_platform_buys_the_cars_the_account_holds_receipts_and_nothing_is_asked_of_it():
    trial = Trial(instance(BOUGHT)).opened(APRIL).serving(20, JULY)
    lines = trial.f.partners.lines(trial.x)[ALPHA]
    assert all((usd >= 0).all() for usd in lines.values())
    assert lines["licence"][JULY] > 0
    assert not must_earn(trial.i, 0)
    assert not len(trial.f.model.rows_where(lambda b: b.rule == "partner_earns"))


def test_a_contract_goes_on_after_the_horizon_as_long_as_it_lasts_and_as_the_platform_counts():
    assert years_after(WORLD, 12) == 4.0
    for years, left in ((3.0, 2.0), (0.5, 0.0), (20.0, 4.0)):
        assert years_after(with_assumption("partner.contract_years", years), 12) == left


# --- public stations ---


def two_that_charge_themselves() -> tuple[Trial, Ints, Ints]:
    """Return twelve vehicles of alpha and ten test vehicles of beta in Aston from July on, and their places in public."""
    alpha = WORLD.stacks["alpha"]
    own = replace(alpha, platform_pays=alpha.platform_pays - {"charger"})
    i = instance({"cities": ["aston"]}, replace(WORLD, stacks={**WORLD.stacks, "alpha": own}))
    trial = Trial(i, "depot_capacity").opened(JULY, begun=JULY).serving(12, slice(JULY, None))
    trial.x[trial.f.columns.deployments[1].begun[JULY:]] = 1.0
    first, second = (d.public for d in trial.f.columns.deployments)
    assert first is not None
    assert second is not None
    return trial, first, second


def test_public_stations_cost_the_partner_that_pays_for_charging_and_not_the_platform():
    trial = Trial(instance(DRIVEN)).opened(JUNE).serving(20, JULY)
    public = trial.f.columns.deployments[0].public
    assert public is not None
    trial.put(public[JULY], 4.0)
    premium = 0.55 - WORLD.cities["belport"].value("cost.electricity_usd_per_kwh")
    assert booked(trial, BETA, "public_charging")[JULY] == pytest.approx(-4 * 90 * DAYS * premium)
    assert not trial.f.ledger.lines(trial.x)[Place("city", city="belport")]["public_charging"].any()
    assert Trial(instance(BOUGHT)).f.columns.deployments[0].public is None


@pytest.mark.parametrize(("places", "kept"), [((12, 10), True), ((10, 12), False), ((12, 9), False)])
def test_partners_of_one_city_have_the_places_of_their_own_vehicles(places: tuple[int, int], kept: bool):
    trial, first, second = two_that_charge_themselves()
    total = trial.f.columns.depots["aston"].public[1]
    trial.put(total[JULY:], 22.0).put(first[JULY:], places[0]).put(second[JULY:], places[1])
    assert trial.kept == kept


def test_nobody_charges_in_public_where_it_has_stalls():
    trial, first, second = two_that_charge_themselves()
    own = trial.f.columns.depots["aston"]
    trial.put(own.ordered[0], 1.0).put(own.stalls[0, 1, JULY:], 3.0).put(own.public[1, JULY:], 10.0)
    trial.put(first[JULY:], 9.0).put(second[JULY:], 4.0)
    take_out_unused(trial.f, trial.x)
    assert set(trial.x[own.stalls[0, 1, JULY:]]) == {3.0}, "twelve vehicles have no place in public"
    assert set(trial.x[own.public[1, JULY:]]) == {7.0}
    assert (set(trial.x[first[JULY:]]), set(trial.x[second[JULY:]])) == ({7.0}, {0.0})


# --- it must come out even ---


def tried(trips: float, asked: dict[str, Any] = DRIVEN, **assumptions: float) -> Trial:
    world = WORLD
    for key, value in assumptions.items():
        world = with_assumption(key.replace("__", "."), value, world)
    trial = Trial(instance(asked, world), "partner_earns").opened(JUNE).serving(20, slice(JUNE, None))
    own = trial.f.columns.deployments[0]
    return trial.put(own.added[JUNE], 20.0).put(own.trips[0, JUNE:], trips)


def test_a_partner_that_loses_money_does_not_come_and_one_that_earns_does():
    busy, idle = tried(700.0), tried(150.0)
    assert busy.kept
    assert not idle.kept
    for trial, sign in ((busy, 1), (idle, -1)):
        columns, usd = account_terms(trial.i, trial.f.partners, 0)
        side = partner_account(trial.f, trial.x, "beta@belport")
        assert float(usd @ trial.x[columns]) == pytest.approx(side.worth_usd, abs=0.1)
        assert np.sign(side.worth_usd) == sign


def test_without_the_years_after_the_horizon_it_does_not_earn_its_launch_back():
    assert not tried(700.0, partner__contract_years=1.0).kept


@pytest.mark.parametrize(("part", "kept"), [(0.99, True), (1.01, False)])
def test_a_partner_may_ask_for_a_share_of_what_it_is_paid(part: float, kept: bool):
    half = tried(700.0, partner__least_margin=0.5)
    side = partner_account(half.f, half.x, "beta@belport")
    most = 0.5 * side.worth_usd / side.asked_usd
    assert 0.0 < most < 0.9
    trial = tried(700.0, partner__least_margin=part * most)
    assert trial.kept == kept
    assert partner_account(trial.f, trial.x, "beta@belport").asked_usd == pytest.approx(part * side.worth_usd, rel=1e-6)


def test_nothing_is_asked_of_a_partner_that_does_not_come():
    trial = Trial(instance(DRIVEN), "partner_earns")
    assert trial.kept


@pytest.mark.parametrize(
    ("excuse", "asked"),
    [({}, False), ({"stack": "beta"}, False), ({"city": "belport"}, False), ({"city": "aston"}, True)],
)
def test_a_request_may_excuse_all_a_stack_or_a_city(excuse: dict[str, Any], asked: bool):
    i = instance(asking({}, type="partner_participation", **excuse))
    belport = next(q for q, d in enumerate(i.deployments) if d.city == "belport")
    assert must_earn(i, belport) == asked
    rows = Trial(i).f.model.rows_where(lambda b: b.rule == "partner_earns" and b.place.city == "belport")
    assert len(rows) == int(asked)


# --- the checker ---


def test_a_plan_whose_partner_loses_money_is_caught_unless_it_is_excused():
    assert checked(build_plan()).violations == ()
    report = checked(build_plan(request=default_request(excused=False)))
    assert broken_rules(report) == {"partner_earns"}
    assert any("the partner's account comes to -" in v.sentence for v in report.violations)


@pytest.mark.parametrize(
    ("taken", "broken"), [(11, {"depot_capacity", "partner_earns"}), (9, {"depot_capacity", "partner_earns"})]
)
def test_public_places_that_are_not_the_partners_are_caught(taken: int, broken: set[str]):
    place = lambda data: data["cities"][1]["deployments"][0]  # noqa: E731
    assert broken_rules(checked(edited(put(place, "public_charging_partner", taken, 0)))) >= broken


def test_an_account_may_be_short_by_what_a_sum_of_its_size_is_rounded_by():
    account = build_plan().cities[1].deployments[0].partner_account
    assert account is not None
    large = account.model_copy(update={"lines_usd": {"payment": (2e6,) * 12, "vehicles": (-3e6, 0.0)}})
    assert slack_usd(large) == pytest.approx(1.0 + 27.0)
    assert slack_usd(large.model_copy(update={"lines_usd": {}})) == 1.0


def test_a_margin_that_is_not_earned_is_caught_and_told():
    world = with_assumption("partner.least_margin", 0.9)
    report = check_plan(build_plan(), world, SERVICES)
    said = [v.sentence for v in report.violations if v.rule == "partner_earns" and v.where == "belport/beta"]
    assert any("under its contract; it asks for" in sentence for sentence in said)
    assert any("the partner's asked_usd is 0" in sentence for sentence in said)
    plan = build_plan()
    d = plan.cities[1].deployments[0]
    account = d.partner_account
    assert account is not None
    told = account_words(plan, d, account.model_copy(update={"asked_usd": 2e6}))
    assert "; it asks for $2.00 M at least, its margin on what it is paid." in told


@pytest.mark.parametrize(
    "name", ["worth_usd", "residual_usd", "after_usd", "lines_usd", "must_earn", "owns_vehicles", "asked_usd"]
)
def test_an_account_that_does_not_follow_from_the_plan_is_caught(name: str):
    def other(account: dict[str, Any]) -> dict[str, Any]:
        told = account[name]
        changed = (
            {"insurance": [-5.0] * 8} if isinstance(told, dict) else not told if isinstance(told, bool) else told + 50
        )
        return account | {name: changed}

    place = lambda data: data["cities"][1]["deployments"][0]  # noqa: E731
    assert "partner_earns" in broken_rules(checked(edited(put(place, "partner_account", other))))


# --- what is shown ---


def test_the_account_is_told_by_year_and_in_sentences():
    plan = build_plan()
    tables = [account_table(plan, d) for c in plan.cities for d in c.deployments]
    alpha, losing, earning = (t for t in tables if t is not None)
    assert "what those cost their maker is not published" in alpha.said
    assert "loses $2.94 M under its contract" in losing.said
    assert "does not ask that it earn its money back" in losing.said
    assert "earns $6.04 M under its contract" in earning.said
    assert earning.rows[-1][0] == "Net cash of the partner"
    assert earning.rows[-1][2] == pytest.approx(sum(total for _, _, total in earning.rows[:-1]))


def test_a_plan_made_before_shows_no_account():
    plan = build_plan()
    row = plan.cities[0].deployments[0].model_copy(update={"partner_account": None})
    assert account_table(plan, row) is None


# --- minimum quantities ---


@pytest.mark.parametrize(
    ("least", "owed", "said"),
    [
        (
            60.0,
            0.0,
            [
                "30 vehicles are bought within the horizon",
                "asks for 60 in 2 years and in all markets, 30 of",
                "is met.",
            ],
        ),
        (100.0, 0.0, ["it is not met. What a vehicle short costs is not published, and nothing is booked for it."]),
        (100.0, 2000.0, ["At $2.00 k a vehicle short $40.0 k is booked at the end of the horizon."]),
        (0.0, 0.0, []),
    ],
)
def test_a_minimum_quantity_is_told_beside_what_is_bought(least: float, owed: float, said: list[str]):
    figures = {"contract.minimum_quantity": least, "contract.shortfall_usd_per_vehicle": owed}
    stacks = {}
    for slug, stack in WORLD.stacks.items():
        own = {k: replace(stack.figures[k], value=v) for k, v in figures.items() if slug == "alpha"}
        stacks[slug] = replace(stack, figures={**stack.figures, **own}, partner=slug.title())
    told = commitments(build_plan(), replace(WORLD, stacks=stacks))
    assert len(told) == bool(said)
    assert all(part in told[0] for part in said)
