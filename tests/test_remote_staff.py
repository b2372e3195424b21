"""Remote agents by the age of a service, and insurance by the kilometre: rows, money and the independent check."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fleetplan.optimize.tidy import tidied, whole_columns
from fleetplan.plans.check import check_plan
from tests.plan_builder import build_plan, figures
from tests.rule_builder import BOUGHT, JULY, SERVICES, WORLD, Trial, instance, with_permit
from tests.test_rules_money import ALPHA, booked

LONG: dict[str, Any] = {**BOUGHT, "horizon": {"start": "2027-01", "months": 18, "single_months": 18}}
NEXT_JANUARY = 12
WAGE = 38 * 730


def served(out: int) -> Trial:
    """Return twenty vehicles that serve in January 2028, driver-out since a period, with no agent beyond the oldest service's."""
    trial = Trial(instance(LONG), "remote_staff").opened(JULY).serving(20, NEXT_JANUARY)
    return trial.put(trial.f.columns.deployments[0].driver_out[out:], 1.0)


@pytest.mark.parametrize(("out", "further"), [(JULY, 0.0), (JULY + 1, 20 * (1 / 10 - 1 / 12)), (NEXT_JANUARY, 20 / 60)])
def test_a_younger_service_needs_more_agents(out: int, further: float):
    trial = served(out)
    agents = trial.f.columns.deployments[0].agents
    assert agents is not None
    assert trial.put(agents[NEXT_JANUARY], further + 1e-5).kept
    assert trial.put(agents[NEXT_JANUARY], further - 1e-5).kept == (further == 0.0)
    trial.put(agents[NEXT_JANUARY], further)
    assert booked(trial, ALPHA, "remote")[NEXT_JANUARY] == pytest.approx(-WAGE * (20 / 12 + further))


def test_agents_are_set_to_what_the_age_asks_for():
    trial = served(NEXT_JANUARY)
    own = trial.f.columns.deployments[0]
    assert own.agents is not None
    trial.put(own.begun[6:], 1.0).put(own.begun[:6], 0.0)  # so that driver-out comes six months later than it can
    trial.put(own.open[0, :NEXT_JANUARY], 0.0).put(own.agents, 9.0)
    found = tidied(trial.f, trial.x, whole_columns(trial.f))
    assert found[own.agents[NEXT_JANUARY]] == pytest.approx(20 / 60)
    assert found[own.agents[:NEXT_JANUARY]] == pytest.approx(0.0)


def test_where_the_law_lets_an_agent_mind_few_age_is_nothing():
    trial = Trial(instance(LONG, with_permit("a-out", vehicles_per_remote_operator=5))).serving(20, NEXT_JANUARY)
    assert trial.f.columns.deployments[0].agents is None
    assert booked(trial, ALPHA, "remote")[NEXT_JANUARY] == pytest.approx(-WAGE * 20 / 5)


def test_no_value_counts_for_less_than_one_before_it():
    falls = figures("assumptions.toml", {}, remote__vehicles_per_agent_by_half_year=([10.0, 4.0, 20.0], []))
    world = replace(WORLD, assumptions={**WORLD.assumptions, **falls})
    assert instance(LONG, world).deployments[0].rates.agents_per_vehicle == (0.1, 0.1, 0.05)


@pytest.mark.parametrize(
    ("figure", "other", "rule", "where"),
    [
        ("remote__vehicles_per_agent_by_half_year", ([10.0, 11.0], []), "partner_earns", "belport/beta/2027-10"),
        ("price__insurance_index_by_year", ([1.0, 0.8], [2026, 2027]), "money.insurance", "aston/alpha/2027-07"),
    ],
)
def test_the_check_reads_both_lists_anew(figure: str, other: Any, rule: str, where: str):
    """Another list than the plan was made with shows where a service is old enough, or drives; Belport's agents are Beta's."""
    world = replace(WORLD, assumptions={**WORLD.assumptions, **figures("assumptions.toml", {}, **{figure: other})})
    line = figure.split("__", maxsplit=1)[0].replace("price", "insurance")
    found = [v for v in check_plan(build_plan(), world, SERVICES).violations if line in f"{v.rule} {v.sentence}"]
    assert (rule, where) in {(v.rule, v.where) for v in found}
    assert all(v.where == where for v in found if line == "remote")
