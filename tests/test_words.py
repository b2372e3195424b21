"""Words are made of facts, once, for every place that shows them."""

from __future__ import annotations

from typing import Any

import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue
from fleetplan.facts import Binding, CityOutcome, PermitWait
from fleetplan.plans.types import Plan
from fleetplan.words.binding import Told, binding_sentence, unit_words, worth_words
from fleetplan.words.outcome import outcome_sentence
from tests.fake_plan import fake_plan

CAP = {"id": "cap", "type": "fleet_cap", "vehicles": 300, "city": "madrid"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


@pytest.fixture(scope="module")
def plan() -> Plan:
    return fake_plan()


def binds(rule: str, kind: Any, **more: Any) -> Binding:
    return Binding(rule=rule, kind=kind, source="", **{"period": "2030-10", **more})


@pytest.mark.parametrize(
    ("b", "said"),
    [
        (binds("capital", "money"), "The capital budget is spent by Oct 2030."),
        (binds("stack_supply", "partner", stack="weride-gxr", limit=2850.0), "can place 2,850 vehicles by Oct 2030."),
        (
            binds("ramp", "operation", stack="weride-gxr", city="madrid", limit=60.0),
            "WeRide in Madrid grows as fast as vehicles can be commissioned (60 a month) in Oct 2030.",
        ),
        (
            binds("depot_capacity", "operation", city="zurich"),
            "Charger stalls with power are short in Zurich by Oct 2030.",
        ),
        (
            binds("fleet_cap", "target", constraint="cap", city="madrid"),
            "Asked in the request: at most 300 vehicles, Madrid (cap).",
        ),
        (binds("a_new_rule", "law", city="zurich"), "A new rule: Zurich, Oct 2030."),
    ],
)
def test_what_binds_is_said_with_names_and_months(catalogue: Catalogue, b: Binding, said: str):
    assert binding_sentence(b, Told(catalogue, {"cap": CAP}, "2027-01")).endswith(said)


def test_an_opening_that_waits_names_permit_authority_months_and_the_law(catalogue: Catalogue):
    event = next(e for law in catalogue.jurisdictions.values() for e in law.events.values())
    wait = {"permit": "p", "title": "Paid rides", "in_hand": "2028-03", "begun": "2027-01", "event": event.id}
    bare = binds(
        "permit_path",
        "law",
        stack="weride-gxr",
        city="madrid",
        permit=PermitWait(**wait, authority="-"),
        period="2028-04",
    )
    told = Told(catalogue, {}, "2027-01")
    assert binding_sentence(bare, told) == (
        "WeRide opens in Madrid in Apr 2028, as soon as “Paid rides” is in hand (Mar 2028); programme begun at the start of "
        f"the horizon. The law decides: {event.title}."
    )
    named = bare.model_copy(update={"permit": PermitWait(**{**wait, "begun": "2027-03"}, authority="City Hall")})
    assert "“Paid rides” (City Hall) is in hand (Mar 2028); programme begun in Mar 2027." in binding_sentence(
        named, told
    )


def test_what_is_worth_nothing_says_nothing_and_a_dollar_is_worth_cents():
    assert worth_words(binds("permit_path", "law")) == ""
    dollar = binds("capital", "money", price_usd=0.7012, unit="USD")
    assert (worth_words(dollar), unit_words(dollar)) == ("$0.70", "dollar")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (CityOutcome(kind="not_admitted"), "no stack with a deal that the request admits may be placed there"),
        (
            CityOutcome(kind="no_permit", earliest="2032-03"),
            "within the horizon; the first could be in hand in Mar 2032.",
        ),
        (CityOutcome(kind="no_permit"), "no permit for paid rides can be in hand within the horizon."),
        (CityOutcome(kind="not_worth", earliest="2028-10"), "no better plan that opens it was found"),
        (
            CityOutcome(kind="not_worth", earliest="2028-10", more_at_most_usd=2.4e6),
            "no better plan that opens it was found; by what is proven one could be worth at most $2.40 M more.",
        ),
        (CityOutcome(kind="not_worth", earliest="2028-10", more_at_most_usd=0.0), "as is proven."),
    ],
)
def test_a_city_that_stays_closed_says_why(plan: Plan, outcome: CityOutcome, said: str):
    city = plan.cities[2].model_copy(update={"outcome": outcome, "deployments": []})
    assert said in outcome_sentence(city, plan)


def test_a_city_that_opens_says_with_whom_and_how_large(plan: Plan):
    assert outcome_sentence(plan.cities[0], plan) == (
        "San Francisco Bay Area opens in Apr 2027 with Lucid + Nuro, then NVIDIA Hyperion from Oct 2028; "
        f"{max(plan.cities[0].deployments[0].vehicles):,} vehicles of Lucid + Nuro at most."
    )
