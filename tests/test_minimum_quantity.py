"""What a contract asks the platform to take: rows, money, and the independent check."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleetplan.catalogue.types import Catalogue
from fleetplan.optimize.nothing import worth_of_nothing
from fleetplan.optimize.tidy import tidied, whole_columns
from fleetplan.plans.check import check_plan
from tests.plan_builder import build_plan
from tests.rule_builder import BOUGHT, SERVICES, WORLD, Trial, instance
from tests.test_rules_money import POOL, booked

LAST = 11


def promised(least: float, owed: float, stack: str = "alpha") -> Catalogue:
    """Return the world in which a contract asks for so many vehicles in two years, half of them in the horizon's one."""
    own = WORLD.stacks[stack]
    given = {"contract.minimum_quantity": least, "contract.shortfall_usd_per_vehicle": owed}
    figures = {**own.figures, **{key: replace(own.figures[key], value=value) for key, value in given.items()}}
    return replace(WORLD, stacks={**WORLD.stacks, stack: replace(own, figures=figures)})


@pytest.mark.parametrize(("bought", "short"), [(0, 50.0), (30, 20.0), (60, 0.0)])
def test_each_vehicle_short_of_what_is_due_costs_its_price_at_the_end(bought: int, short: float):
    trial = Trial(instance(BOUGHT, promised(100, 2000)), "minimum_quantity")
    whole, taken = trial.f.columns.taken["alpha"]
    trial.put(trial.f.columns.bought["alpha"][0], bought).put(whole, 1.0).put(taken, 50 - short)
    assert trial.kept
    assert booked(trial, POOL, "shortfall").tolist() == pytest.approx([0.0] * LAST + [-2000 * short])
    if bought < 50:
        assert not trial.put(taken, 50 - short + 0.01).kept
    found = tidied(trial.f, trial.put(taken, 7.0).x, whole_columns(trial.f))
    assert found[taken] == 0.0, "nothing that was bought is placed, and none is bought to stand idle"


def test_doing_nothing_is_a_plan_that_owes_the_whole_of_it():
    f = Trial(instance(BOUGHT, promised(100, 2000))).f
    assert worth_of_nothing(f.model) == pytest.approx(-50 * 2000 * f.instance.world.disc_mid[LAST])


@pytest.mark.parametrize(("least", "owed", "stack"), [(0, 2000, "alpha"), (100, 0, "alpha"), (100, 2000, "beta")])
def test_without_a_minimum_or_a_price_or_where_the_partner_owns_nothing_is_owed(least: float, owed: float, stack: str):
    assert not instance({}, promised(least, owed, stack)).stacks[stack].owes_for_short


def test_the_check_books_what_is_short_anew():
    broken = check_plan(build_plan(), promised(100, 2000), SERVICES).violations
    assert {(v.rule, v.where, round(v.amount)) for v in broken if v.rule.startswith("money.")} == {
        ("money.shortfall", "alpha/2027-10", 40_000)
    }


def test_no_more_is_financed_than_a_lender_finances():
    """The contract says three fifths and the lender half; where the lender finances more, the contract counts."""
    own = WORLD.assumptions["finance.loan_to_value"]
    more = replace(WORLD, assumptions={**WORLD.assumptions, own.key.partition("#")[2]: replace(own, value=0.9)})
    shares = [1 - w.own_cash_usd / w.price_usd for w in (instance(BOUGHT, x).stacks["alpha"] for x in (WORLD, more))]
    assert [s[0] for s in shares] == pytest.approx([0.5, 0.6])
