"""Sentences that were not true of every plan: kept decisions, one name, permits for an area, a loss that is asked for."""

from __future__ import annotations

import pytest

from fleetplan.explain.answers import answers
from fleetplan.explain.needs import needed_for, reason_words
from fleetplan.explain.verdict import verdict
from fleetplan.facts import Binding, CityOutcome, PermitWait
from fleetplan.plans.finance import months_in, quarters
from fleetplan.plans.reading import city_order, deciding_permit, ordered_deployments
from fleetplan.plans.types import Plan
from fleetplan.report.launches import launches
from fleetplan.request import parse_request
from fleetplan.words.certainty import certainty
from fleetplan.words.outcome import outcome_sentence
from fleetplan.words.unbroken import NO_BREAK
from fleetplan.words.worth import parts_sentence
from tests.api_support import Running, answer, running
from tests.pages_support import page_at
from tests.plan_builder import build_plan

PLAN = Plan.model_validate_json(answer())


def worth(plan: Plan, more: float, **method: object) -> Plan:
    """Return a plan worth more, whose bound is its own and holds for the plans that a method says."""
    found = plan.certificate.method.model_copy(update=method)
    proof = plan.certificate.model_copy(update={"method": found})
    value = plan.objective + more
    return plan.model_copy(update={"objective": value, "bound": value, "gap": 0.0, "certificate": proof})


def test_a_bound_that_holds_for_kept_decisions_says_nothing_of_other_plans():
    kept = worth(PLAN, 40e6, kept_until="2027-07")
    told = certainty(worth(PLAN, 0.0), kept, None).sentence
    assert "the best plan of the second request that keeps its decisions before Jul 2027 is worth at least" in told
    close = certainty(PLAN, kept.model_copy(update={"bound": kept.bound + 9e8, "objective": PLAN.objective}), None)
    assert "those that keep its decisions before Jul 2027) may be anything" in close.sentence
    assert "keep" not in certainty(worth(PLAN, 0.0), worth(PLAN, 40e6), None).sentence


@pytest.mark.parametrize("swapped", [False, True])
def test_plans_of_one_name_are_told_apart(tmp_path, swapped: bool):
    with running(tmp_path) as service:
        first, second = (_stored(service, worth(PLAN, more)) for more in (0.0, 40e6))
        a, b = (second, first) if swapped else (first, second)
        text = page_at(service, f"/plans/{a}/comparison?with={b}").replace(NO_BREAK, " ")
    assert f"{PLAN.name} (earlier)" in text
    assert f"{PLAN.name} (later)" in text
    assert ("worth $40.0 M less" if swapped else "worth $40.0 M more") in text


def _stored(site: Running, made: Plan) -> str:
    plan = site.post({"request": made.request.model_dump(mode="json")})
    site.runner.begin(plan)
    site.store.finish(plan, "succeeded", answer=made.model_dump_json().encode())
    return plan


def test_the_permit_that_an_opening_waits_for_is_the_one_that_the_plan_names():
    d = PLAN.cities[0].deployments[0]
    steps = [s for s in d.permits if not s.held]
    named = steps[-1].model_copy(
        update={"permit": "its-area", "opens": "area", "finish": "2028-01", "latest": "2035-01"}
    )
    wait = PermitWait(permit="its-area", title="Area", authority="-", in_hand="2028-01", begun="2027-01")
    bind = Binding(
        rule="permit_path", kind="law", city=d.city, stack=d.stack, period=d.launch, permit=wait, source="made up"
    )
    own = d.model_copy(update={"permits": [*d.permits, named]})
    city = PLAN.cities[0].model_copy(update={"deployments": [own, *PLAN.cities[0].deployments[1:]]})
    plan = PLAN.model_copy(update={"cities": [city, *PLAN.cities[1:]], "binds": [bind]})
    assert deciding_permit(plan, own) == named
    assert deciding_permit(PLAN.model_copy(update={"binds": []}), own) != named
    assert next(row for row in launches(plan) if row.city == d.city).latest == "2035-01"
    late = next(a for a in answers(plan) if a.key == "late-permit")
    assert named.title in late.sentences[0]


def test_cities_of_one_month_stand_in_one_order_and_are_first_together():
    cities = [c.model_copy(update={"launch": "2028-01"}) if c.launch else c for c in PLAN.cities]
    cities = [
        c.model_copy(update={"deployments": [d.model_copy(update={"launch": "2028-01"}) for d in c.deployments]})
        for c in cities
    ]
    plan = PLAN.model_copy(update={"cities": cities})
    assert [c.city for c in city_order(plan) if c.launch] == list(
        dict.fromkeys(c.city for c, _ in ordered_deployments(plan))
    )
    why = next(a for a in answers(plan) if a.key == "why")
    assert why.question.startswith("Why are ")
    assert any("in the same month." in s for s in why.sentences)


def test_a_city_at_a_loss_says_what_asks_for_it():
    asked = [{"id": "both", "type": "markets_live", "count": 2, "by": "2027-12"}]
    plan = build_plan(request=None)
    wanted = plan.request.model_dump(mode="json") | {"constraints": asked}
    dear = plan.cities[0].model_copy(update={"npv_usd": -2e6})
    plan = plan.model_copy(update={"request": parse_request(wanted), "cities": [dear, *plan.cities[1:]]})
    assert needed_for(plan, dear) == ["both"]
    assert reason_words(plan, dear) == (
        "By itself Aston costs $2.00 M; without it, all else the same, the request would not be kept (both)."
    )
    assert reason_words(plan, dear.model_copy(update={"npv_usd": 1.0})) == ""
    free = plan.model_copy(update={"request": build_plan().request})
    assert reason_words(free, dear) == ""


def test_cents_that_rounding_leaves_are_no_loan_and_months_are_counted_once():
    noisy = PLAN.model_copy(update={"cash_usd": [x + 0.01 for x in PLAN.cash_usd]})
    exact = [q.loans_usd for q in quarters(PLAN)]
    assert [q.loans_usd for q in quarters(noisy)] == pytest.approx(exact, abs=0.1)
    assert all(q.loans_usd == 0.0 or abs(q.loans_usd) >= 0.5 for q in quarters(noisy))
    years = range(2027, 2032)
    assert sum(sum(months_in(PLAN, year)) for year in years) == sum(PLAN.period_months)


def test_the_years_after_the_horizon_are_a_clause_of_their_own():
    told = parts_sentence(PLAN.kpis)
    assert " after it come to $" in told
    assert "is what is left of these in the end" in told


def test_a_plan_with_one_launch_has_no_first_and_no_widest():
    one = next(c for c in PLAN.cities if c.launch)
    only = one.model_copy(update={"deployments": one.deployments[:1]})
    rest = [c.model_copy(update={"launch": None, "deployments": []}) for c in PLAN.cities if c.city != one.city]
    binds = [b for b in PLAN.binds if b.city == one.city and b.stack == only.deployments[0].stack]
    plan = PLAN.model_copy(update={"cities": [only, *rest], "binds": binds})
    told = " ".join([*verdict(plan), *(f"{a.question} {' '.join(a.sentences)}" for a in answers(plan))])
    assert f"Why {one.name}, and why then?" in told
    assert "No other city opens" in told
    assert not [word for word in (" first", "Widest", "most value behind", "set the order") if word in told]


def test_what_is_left_open_at_no_scale_of_the_plan_is_a_proof():
    closed = CityOutcome(kind="not_worth", earliest="2028-01", more_at_most_usd=5e-4 * PLAN.objective)
    city = PLAN.cities[0].model_copy(update={"outcome": closed, "deployments": []})
    assert "no plan that opens it beats this one by more than $" in outcome_sentence(city, PLAN)
