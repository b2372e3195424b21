"""A city that stays closed says which rule keeps it out: what planning again without that rule finds; nothing where none does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fleetplan.errors import SolverError
from fleetplan.facts import CityOutcome, KeptOut, RuleLimit
from fleetplan.optimize.solve import Solution
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.check import check_plan
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.request import parse_request
from fleetplan.run import Run
from fleetplan.words.outcome import outcome_sentence
from tests.plan_builder import make_services
from tests.test_optimize import WORLD, request

SERVICES = make_services()
SHARE = "partners/beta.toml#contract.platform_fare_share"
REFUSED: dict[str, Any] = {
    "overrides": [{"figure": SHARE, "value": 0.9}],
    "deployments": {"remove": [{"stack": "beta", "city": "aston"}]},
}
"""Nine tenths of the fares go to the platform: beta would not earn its cars back in Belport."""


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


def planned(*, causes: bool = True, **more: Any) -> Plan:
    asked = parse_request(request().model_dump(mode="json") | more)
    options = PlanOptions(time_limit_s=30, gap=1e-4, causes=causes)
    return plan_with_context(asked, options, Run(catalogue=WORLD)).plan


def of(plan: Plan, city: str) -> CityRollout:
    return next(c for c in plan.cities if c.city == city)


def test_a_partner_that_refuses_is_told_with_what_excusing_it_would_bring():
    plan = planned(**REFUSED)
    out = of(plan, "belport").outcome
    (cause,) = out.kept_out or []
    assert out.kind == "not_worth"
    assert ([limit.rule for limit in cause.limits], cause.stacks) == (["partner_earns"], ["beta"])
    excused = planned(**REFUSED, constraints=[{"id": "e", "type": "partner_participation", "city": "belport"}])
    assert of(excused, "belport").launch
    assert cause.worth_usd == pytest.approx(excused.objective - plan.objective, rel=0.1)
    assert (
        "Beta would not earn its money back there; were that excused, opening there would be worth about $"
        in out.sentence
    )


def test_where_causes_are_not_asked_for_the_plan_is_the_same_and_nothing_is_said_of_them():
    asked, bare = planned(**REFUSED), planned(**REFUSED, causes=False)
    out = of(bare, "belport").outcome
    assert (out.kind, out.kept_out) == ("not_worth", None)
    assert "excused" not in out.sentence
    assert (bare.objective, bare.bound, bare.binds) == (asked.objective, asked.bound, asked.binds)


@pytest.mark.parametrize(
    ("more", "rule", "kind"),
    [
        ({"capital": {"per_quarter_usd": 0}}, "capital", "money"),
        ({"constraints": [{"id": "few", "type": "result_floor", "least_usd": 0}]}, "result_floor", "target"),
    ],
)
def test_money_and_what_is_asked_are_told_likewise(more: dict[str, Any], rule: str, kind: str):
    plan = planned(**more, cities=["aston"])
    causes = of(plan, "aston").outcome.kept_out
    assert causes
    cause = causes[0]
    assert (cause.limits[0].rule, cause.limits[0].kind) == (rule, kind)


def test_a_city_that_pays_for_nothing_has_no_cause_but_itself():
    plan = planned(overrides=[{"figure": "belport/city.toml#market.mean_fare_local", "factor": 0.2}])
    out = of(plan, "belport").outcome
    assert (out.kind, out.kept_out) == ("not_worth", [])
    assert "as is proven; it would not pay with partners, caps, money and limits" in out.sentence


def gives_up(*_: Any, **__: Any) -> Solution:
    msg = "ended with a solve error"
    raise SolverError(msg)


def proves_nothing(*_: Any, **__: Any) -> Solution:
    return Solution("stopped", None, None, np.inf, 0.1)


@pytest.mark.parametrize("answer", [gives_up, proves_nothing])
def test_a_plan_is_told_all_the_same_where_what_keeps_a_city_out_cannot_be_found_out(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Solution]
):
    monkeypatch.setattr("fleetplan.optimize.solve.solve", answer)
    out = of(planned(**REFUSED), "belport").outcome
    assert (out.kind, out.kept_out) == ("not_worth", None)
    assert "it would not pay" not in out.sentence


def kept_out(plan: Plan, **more: Any) -> Plan:
    """Return the plan with a cause that is no cause."""
    cause = {
        "limits": [RuleLimit(rule="partner_earns", kind="partner", says="it pays")],
        "stacks": ["beta"],
        "worth_usd": 1e6,
    }
    made = KeptOut.model_validate(cause | more)
    cities = [c.model_copy(update={"outcome": c.outcome.model_copy(update={"kept_out": [made]})}) for c in plan.cities]
    return plan.model_copy(update={"cities": cities})


def test_a_cause_that_is_none_is_caught_and_several_are_told_together():
    plan = planned(**REFUSED)
    sound = kept_out(plan)
    assert "plan_tells" in {v.rule for v in check_plan(sound, WORLD, SERVICES).violations}  # Aston opens
    wrongs: tuple[dict[str, Any], ...] = (
        {"stacks": ["alpha"]},
        {"stacks": []},
        {"limits": []},
        {"constraints": ["nobody"]},
        {"worth_usd": -1.0},
    )
    for more in wrongs:
        wrong = [v for v in check_plan(kept_out(plan, **more), WORLD, SERVICES).violations if v.where == "belport"]
        assert wrong, more
    rules = [
        RuleLimit(rule="permit_cap", kind="law", says="So many vehicles"),
        RuleLimit(rule="fleet_cap", kind="target", says="x"),
    ]
    outcome = CityOutcome(
        kind="not_worth",
        more_at_most_usd=0.0,
        kept_out=[KeptOut(limits=rules, constraints=["few"], stacks=["beta"], worth_usd=2e6)],
    )
    told = outcome_sentence(of(plan, "belport").model_copy(update={"outcome": outcome}), plan)
    assert (
        "against it stand together: so many vehicles; few; without all of these, opening there would be worth about $2.00 M"
        in told
    )
