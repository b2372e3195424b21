"""Words are made of facts, once, for every place that shows them."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue
from fleetplan.facts import (
    Binding,
    CityOutcome,
    Conflict,
    Inheritance,
    Kept,
    Method,
    Party,
    PermitLimit,
    PermitWait,
    Reuse,
    conflicts_from,
)
from fleetplan.optimize.rules.called import city_name, permit_name, stack_name
from fleetplan.plans.check.report import Named, Saying, say
from fleetplan.plans.types import Plan
from fleetplan.words.binding import binding_sentence, unit_words, worth_words
from fleetplan.words.checked import plainly
from fleetplan.words.conflict import LAW_ALONE, against, conflict_sentence, said, way_on
from fleetplan.words.context import Context, context_from
from fleetplan.words.method import BEGAN_WITH, NOT_BEGUN, WHY_NOT, method_sentence
from fleetplan.words.names import Names
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
        (
            binds("capital", "money", limit=9e6, amount=9e6),
            "The capital budget is spent by Oct 2030, to the last dollar.",
        ),
        (
            binds("capital", "money", limit=9e6, amount=8.9e6),
            "is spent by Oct 2030 but for $100 k: $8.90 M of $9.00 M.",
        ),
        (binds("stack_supply", "partner", stack="weride-gxr", limit=2850.0), "can place 2,850 vehicles by Oct 2030."),
        (binds("stack_supply", "partner", stack="weride-gxr", limit=20.0, amount=20.0), "by Oct 2030; all are taken."),
        (binds("stack_supply", "partner", stack="weride-gxr", limit=20.0, amount=18.0), "by Oct 2030; 18 are taken."),
        (
            binds("ramp", "operation", stack="weride-gxr", city="madrid", limit=60.0, amount=58.0),
            "The fleet of WeRide in Madrid could grow to 60 vehicles in Oct 2030; it has 58.",
        ),
        (
            binds("ramp", "operation", stack="weride-gxr", city="madrid", limit=60.0, amount=58.0, opens=True),
            "A launch of WeRide in Madrid in Oct 2030 may bring 60 vehicles; it has 58.",
        ),
        (
            binds("first_year_fleet", "operation", stack="weride-gxr", city="madrid", limit=250.0, amount=249.0),
            "WeRide in Madrid may have 250 vehicles after what a first driver-out year allows, in Oct 2030; it has 249.",
        ),
        (
            binds("partner_growth", "partner", stack="weride-gxr", limit=1300.0, amount=1290.0),
            "The cities of WeRide together could grow to 1,300 vehicles in Oct 2030; it has 1,290.",
        ),
        (
            binds("partner_earns", "partner", stack="weride-gxr", city="madrid", amount=0.0),
            "comes out even and no more over the contract.",
        ),
        (
            binds("partner_earns", "partner", stack="weride-gxr", city="madrid", amount=4e4),
            "$40.0 k is left over the contract, hardly more than it must.",
        ),
        (
            binds("partner_earns", "partner", stack="weride-gxr", city="madrid", limit=3e6, amount=3.04e6),
            "$40.0 k is left over the contract beyond the margin of $3.00 M that it asks for, hardly more than it must.",
        ),
        (
            binds("depot_capacity", "operation", city="zurich", limit=60.0, amount=58.0),
            "are full by Oct 2030: room for 60 vehicles, 58 of them there.",
        ),
        (
            binds("ramp", "operation", stack="weride-gxr", city="madrid", limit=60.0),
            "WeRide in Madrid grows as fast as a running fleet can, to 60 vehicles in Oct 2030.",
        ),
        (
            binds("first_year_fleet", "operation", stack="weride-gxr", city="madrid", limit=250.0),
            "has the most that a first driver-out year allows, 250 vehicles, in Oct 2030.",
        ),
        (
            binds("partner_growth", "partner", stack="weride-gxr", limit=1300.0),
            "WeRide grows as fast as its cities together can, to 1,300 vehicles in Oct 2030.",
        ),
        (
            binds("depot_capacity", "operation", city="zurich"),
            "The charger stalls at sites that are live in Zurich are full by Oct 2030.",
        ),
        (
            binds("fleet_cap", "target", constraint="cap", city="madrid"),
            "Asked in the request: at most 300 vehicles, Madrid (cap).",
        ),
        (binds("a_new_rule", "law", city="zurich"), "A new rule: Zurich, Oct 2030."),
    ],
)
def test_what_binds_is_said_with_names_and_months(catalogue: Catalogue, b: Binding, said: str):
    assert binding_sentence(b, Context(Names(catalogue), {"cap": CAP}, "2027-01")).endswith(said)


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
    told = Context(Names(catalogue), {}, "2027-01")
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


# --- what clashes ---

SOON = Party(
    kind="constraint",
    constraint="now",
    type="launch_by",
    city="madrid",
    permits=PermitLimit(by="2027-03", earliest="2028-04"),
)
MUST = Party(
    kind="constraint",
    constraint="must",
    type="force_deployment",
    city="madrid",
    stack="weride-gxr",
    permits=PermitLimit(by="2030-10", earliest="2028-04"),
)
ASKED = [
    {"id": "now", "type": "launch_by", "city": "Madrid", "month": "2027-03"},
    {"id": "must", "type": "force_deployment", "city": "madrid", "stack": "WeRide"},
    {"id": "many", "type": "markets_live", "count": 3, "by": "2027-12"},
]


def kept(what: Any, **more: Any) -> Party:
    place = {key: more.pop(key) for key in ("city", "stack") if key in more}
    return Party(kind="kept", kept=Kept(what=what, until="2028-07", **more), **place)


@pytest.mark.parametrize(
    ("parties", "said"),
    [
        ([], LAW_ALONE),
        ([SOON], "Madrid cannot be open by Mar 2027 (now): permits allow paid service from Apr 2028 at the earliest."),
        (
            [Party(kind="capital"), MUST],
            "Cannot be kept together: the capital budget; WeRide in Madrid must open (must).",
        ),
        (
            [Party(kind="capital"), MUST.model_copy(update={"permits": PermitLimit(by="2028-03", earliest="2028-04")})],
            (
                "Cannot be kept together: the capital budget; WeRide in Madrid must open (must), where permits allow paid "
                "service from Apr 2028 at the earliest."
            ),
        ),
        (
            [
                Party(
                    kind="constraint",
                    constraint="many",
                    type="markets_live",
                    permits=PermitLimit(by="2027-12", in_time=["madrid"], live_elsewhere=1),
                )
            ],
            (
                "3 markets cannot be live by Dec 2027 (many): permits allow 1 of the request's cities by then (Madrid); "
                "1 market is live elsewhere."
            ),
        ),
        ([Party(kind="constraint", constraint="gone", type="fleet_cap")], "Cannot be kept: constraint 'gone' (gone)."),
        (
            [
                kept("deployment", city="madrid", stack="weride-gxr", begun="2027-03", opens="2028-04", vehicles=50),
                kept("depots", city="zurich"),
                kept("vehicles", stack="weride-gxr"),
            ],
            (
                "Decisions of the parent plan before Jul 2028 cannot stay together under the changed request: WeRide in Madrid "
                "with its programme begun in Mar 2027, its opening in Apr 2028 (permits now allow no opening within the horizon) "
                "and 50 vehicles before Jul 2028; the depots ordered in Zurich; the vehicles of WeRide as placed and bought."
            ),
        ),
    ],
)
def test_what_clashes_is_said_by_what_it_asks_and_what_permits_allow(
    catalogue: Catalogue, parties: list[Party], said: str
):
    assert conflict_sentence(Conflict(parties=parties), context_from({"constraints": ASKED}, Names(catalogue))) == said


def test_a_way_on_is_what_the_facts_know(catalogue: Catalogue):
    assert way_on(Conflict(parties=[SOON])) == "Ask for Apr 2028 or later, or drop it."
    assert way_on(Conflict(parties=[SOON, MUST])) == "Loosen or drop one of them; the others may then stay."
    assert "earlier month" in way_on(Conflict(parties=[kept("depots", city="zurich")]))
    assert against(Party(kind="capital"), context_from({}, Names(catalogue))) == ""
    nobody = SOON.model_copy(update={"permits": PermitLimit(by="2027-03", admitted=False)})
    assert against(nobody, context_from({}, Names(catalogue))) == "No stack is admitted there."


def test_what_an_earlier_version_said_stays_as_it_was(catalogue: Catalogue):
    old = conflicts_from(["the capital budget cannot be kept", {"sentence": "x", "parties": "of a later version"}])
    assert [c.found_by for c in old] == ["earlier_version", "earlier_version"]
    assert [c.sentence for c in said(old, context_from({}, Names(catalogue)))] == [
        "the capital budget cannot be kept",
        "x",
    ]
    assert not any(c.parties for c in old)


# --- the method ---


def test_a_method_says_for_which_plans_its_bound_holds():
    alone = Method(stages=["searching", "whole vehicles"])
    assert method_sentence(alone) == "One mixed-integer program of launches, areas and depots, then whole vehicles."
    tied = Method(began_with="launches", kept_until="2028-01", change_price_usd=2e4, change_cost_usd=2.02e6)
    told = method_sentence(tied.model_copy(update={"inheritance": "loosens"}))
    for part in (
        "from the earlier plan's launches, areas and depots on",
        "before Jan 2028 are kept: the bound holds for plans that keep them.",
        "$20.0 k is weighed against every launch moved",
        "$2.02 M here",
        "not taken over: this request may allow plans that the other did not.",
    ):
        assert part in told
    taken = Method(inheritance="inherited", bound_of="a" * 64)
    assert method_sentence(taken).endswith("proven for the parent plan, whose request allows every plan of this one.")


def test_whatever_a_search_began_with_has_words():
    assert set(BEGAN_WITH) | set(NOT_BEGUN) == set(get_args(Reuse)) - {"no_parent", "not_tried"}
    assert not set(BEGAN_WITH) & set(NOT_BEGUN)
    for reuse, why in NOT_BEGUN.items():
        assert f"Nothing of the earlier plan was begun with: {why}." in method_sentence(Method(began_with=reuse))


def test_every_reason_against_a_bound_has_words():
    assert set(WHY_NOT) == set(get_args(Inheritance)) - {"no_parent", "inherited"}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            say(
                "{} opens in {} in {}; {} is fixed",
                Named("stack", "momenta"),
                Named("city", "munich"),
                Named("month", ""),
                Named("month", "2028-02"),
            ),
            "Momenta opens in Munich in no month; Feb 2028 is fixed",
        ),
        (say("level {} is open without permit {}", 2, Named("permit", "sfo-airport")), None),
        (say("{} vehicles run in {}; its permit allows {:.0f}", 70, Named("mode", "paid_driver_out"), 50), None),
        (say("{} bars the stack from {} on", Named("event", "eu-bar"), Named("month", "2027-02")), None),
    ],
)
def test_what_the_checker_says_names_no_slug(said: Saying, told: str | None):
    catalogue = load_catalogue()
    written = plainly(said, Names(catalogue))
    assert told is None or written == told
    permits = {permit for law in catalogue.jurisdictions.values() for permit in law.permits}
    for slug in {*catalogue.cities, *catalogue.stacks, *permits, "paid_driver_out"}:
        assert not re.search(rf"(?<![\w-]){slug}(?![\w-])", written)


def test_what_rules_say_names_no_slug():
    """Partners are called by their names; where one has several stacks, each with its vehicle."""
    instance: Any = SimpleNamespace(scope=SimpleNamespace(catalogue=load_catalogue()))
    assert stack_name(instance, "momenta") == "Momenta"
    assert stack_name(instance, "tesla-cybercab") == "Tesla Cybercab"
    assert city_name(instance, "bay-area") == "San Francisco Bay Area"
    assert permit_name(instance, "dmv-deployment").startswith("“")
    assert permit_name(instance, "no-permit") == "no-permit"
