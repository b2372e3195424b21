"""Markets first, then value: the number of markets is the most there can be, proven, kept, counted anew and told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from fleetplan.compare import Alone, causes_of, causing_changes, compare_plans
from fleetplan.compare.markets import markets_pair
from fleetplan.errors import RequestError
from fleetplan.explain.answers import answers
from fleetplan.explain.verdict import verdict as paragraphs
from fleetplan.facts import CityOutcome
from fleetplan.optimize import counting as counting_module
from fleetplan.optimize import search as search_module
from fleetplan.optimize.counting import most_markets
from fleetplan.optimize.ending import Ending
from fleetplan.optimize.formulate import Formulation, formulate
from fleetplan.optimize.gather import gather
from fleetplan.optimize.markets import (
    SCALE,
    MarketsProven,
    counting,
    market_goals,
    markets_asked,
    markets_at,
    with_markets,
)
from fleetplan.optimize.nodes import NodeClock
from fleetplan.optimize.oracle import solve_with_ortools
from fleetplan.optimize.search import SearchResult, search
from fleetplan.optimize.solve import solve
from fleetplan.optimize.tidy import whole_columns
from fleetplan.options import PlanOptions, parse_options
from fleetplan.planner import plan_with_context
from fleetplan.plans.types import MarketGoal, MarketsProof, Plan
from fleetplan.report.environment import template_environment
from fleetplan.report.summary import print_summary
from fleetplan.request import FigureOverride, parse_request
from fleetplan.reruns.inherit import inherited_bound
from fleetplan.reruns.rerun import StabilityPrice, changes_between, rerun
from fleetplan.run import Run
from fleetplan.scope import apply_overrides, resolve_scope
from fleetplan.words.certainty import Certainty, alone_apart, alone_note, certainty
from fleetplan.words.comparison import verdict
from fleetplan.words.markets import SAME_RULES, markets_sentence, pair_sentence
from fleetplan.words.outcome import outcome_sentence
from fleetplan.words.phases import steps
from fleetplan.words.proof import certificate_words, proof_sentence
from fleetplan.words.request import objective_words
from tests.plan_builder import build_plan, default_request, make_catalogue, make_services
from tests.test_check import broken_rules, checked

FARES = [
    FigureOverride(figure=c.figures["market.mean_fare_local"].key, factor=1.2) for c in make_catalogue().cities.values()
]
WORLD = apply_overrides(make_catalogue(), FARES)[0]  # one city is worth opening, the other is not
SERVICES = make_services()
EXACT = PlanOptions(gap=1e-5, time_limit_s=30)
BASE: dict[str, Any] = {
    "horizon": {"start": "2027-01", "months": 24, "single_months": 6},
    "capital": {"per_quarter_usd": 8e6},
    "objective": "markets_then_npv",
}
PACE = {"id": "pace", "type": "launches_per_quarter", "max": 1}
# With these, both cities open only if a share of the fleet lies between 33.95 and 34 %: no two whole fleets have it.
NO_WHOLE_PLAN = [
    {"id": "one", "type": "forbid_deployment", "city": "aston", "stack": "beta"},
    {"id": "cap", "type": "fleet_cap", "vehicles": 60, "start": "2028-10"},
    {"id": "beta", "type": "partner_share", "partner": "Beta", "max_share": 0.34, "start": "2028-10"},
    {"id": "alpha", "type": "partner_share", "partner": "Alpha", "max_share": 0.6605, "start": "2028-10"},
]


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


def asked(**more: Any) -> dict[str, Any]:
    return BASE | more


def by_value(data: dict[str, Any]) -> dict[str, Any]:
    return data | {"objective": "npv"}


def written(data: dict[str, Any]) -> Formulation:
    return formulate(gather(resolve_scope(parse_request(data), WORLD), SERVICES))


def found(data: dict[str, Any], **more: Any) -> SearchResult:
    result = search(written(data), time_limit_s=30, gap=1e-5, seed=0, report=lambda *_: None, **more)
    assert result is not None
    return result


def planned(data: dict[str, Any], **run: Any) -> Plan:
    return plan_with_context(parse_request(data), EXACT, Run(catalogue=WORLD, **run)).plan


_KNOWN: dict[str, Plan] = {}


def known(objective: str) -> Plan:
    """Return the plan of the base request for an objective, made once."""
    if objective not in _KNOWN:
        _KNOWN[objective] = planned(BASE | {"objective": objective})
    return _KNOWN[objective]


@pytest.fixture
def markets() -> Plan:
    return known("markets_then_npv")


@pytest.fixture
def value() -> Plan:
    return known("npv")


def proof(plan: Plan) -> MarketsProof:
    """Return what a plan says of its markets."""
    assert plan.markets is not None
    return plan.markets


def cities_open(plan: Plan) -> set[str]:
    return {c.city for c in plan.cities if c.launch}


# --- the search ---


def test_the_two_objectives_give_different_plans(markets: Plan, value: Plan) -> None:
    assert cities_open(value) == {"aston"}
    assert cities_open(markets) == {"aston", "belport"}
    assert markets.objective < value.objective
    assert (markets.certificate.checker, value.certificate.checker) == ("passed", "passed")


REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "little money": {"capital": {"per_quarter_usd": 0.25e6}},
    "no money": {"capital": {"per_quarter_usd": 0.0}},
    "one a quarter": {"constraints": [PACE]},
    "by a date": {"constraints": [{"id": "two", "type": "markets_live", "count": 1, "by": "2027-09"}]},
    "early": {"constraints": [{"id": "one", "type": "markets_live", "count": 1, "by": "2027-07"}]},
    "public": {"constraints": [{"id": "one", "type": "markets_live", "count": 1, "by": "2027-06", "counts": "public"}]},
    "two dates": {
        "constraints": [
            {"id": "one", "type": "markets_live", "count": 1, "by": "2027-07"},
            {"id": "two", "type": "markets_live", "count": 1, "by": "2028-12"},
            PACE,
        ]
    },
    "small fleets": {"constraints": [{"id": "cap", "type": "fleet_cap", "vehicles": 25}]},
    "no whole plan": {"constraints": NO_WHOLE_PLAN},
}


@cache
def first(name: str) -> SearchResult:
    """Return what a search finds that puts markets first, made once."""
    return found(asked(**REQUESTS[name]))


@pytest.mark.parametrize("name", REQUESTS)
def test_no_plan_has_more_markets_and_none_with_as_many_is_worth_more_than_the_oracle_finds(name: str) -> None:
    f, result = written(asked(**REQUESTS[name])), first(name)
    assert result.markets is not None
    whole = whole_columns(f)
    most = solve_with_ortools(replace(counting(f), whole=whole))
    assert most.value is not None
    assert (result.markets.found, result.markets.most) == (round(most.value / 1e6), round(most.value / 1e6))
    assert markets_at(f, result.x) == result.markets.found
    enough = with_markets(f, result.markets.found)
    best = solve_with_ortools(replace(enough.model, whole=whole))
    assert best.value is not None
    size = max(abs(best.value), 1e6)
    assert result.bound >= best.value - 1e-5 * size
    assert result.value == pytest.approx(best.value, abs=1e-3 * size)


@pytest.mark.parametrize("name", REQUESTS)
def test_markets_first_never_means_fewer_markets_nor_more_value(name: str) -> None:
    data = asked(**REQUESTS[name])
    f, then = written(data), found(by_value(data))
    assert markets_at(f, first(name).x) >= markets_at(f, then.x)
    assert first(name).value <= then.bound + 1.0


def test_what_a_relaxation_counts_is_not_promised_where_no_plan_in_whole_numbers_has_it() -> None:
    data = asked(constraints=NO_WHOLE_PLAN)
    relaxed = solve(counting(written(data)), gap=0.1)
    assert relaxed.value == pytest.approx(2e6)
    assert found(data).markets == MarketsProven(0, 0)


def test_a_bound_of_the_count_that_is_not_reached_leaves_the_plan_unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_too_many(*args: Any, **more: Any) -> Any:
        counted = most_markets(*args, **more)
        assert counted is not None
        return replace(counted, proven=replace(counted.proven, most=counted.proven.most + 1))

    calls: list[dict[str, Any]] = []

    def heard(*args: Any, **more: Any) -> Any:
        calls.append(more)
        return one_too_many(*args, **more)

    monkeypatch.setattr(search_module, "most_markets", heard)
    result = found(BASE)
    assert result.markets == MarketsProven(2, 3)
    assert result.ending is Ending.exhausted  # time is left, and nothing more to try
    assert [k["start"] is None for k in calls] == [True, False]  # counted on from the plan found


def test_time_left_goes_into_counting_on_and_more_markets_found_then_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    f = written(BASE)
    nothing = found(by_value(asked(capital={"per_quarter_usd": 0.0}))).x
    counts = iter([counting_module.Counted(MarketsProven(0, 2), nothing), most_markets(f, seconds=10, seed=0)])
    monkeypatch.setattr(search_module, "most_markets", lambda *_, **__: next(counts))
    result = found(asked(capital={"per_quarter_usd": 8e6}, constraints=[]))
    assert result.markets == MarketsProven(2, 2)
    assert markets_at(f, result.x) == 2


def test_a_plan_worth_most_among_those_with_all_markets_settles_the_count_and_is_the_first_plan_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = asked(constraints=[])
    relaxed = solve(counting(written(data)), relax=True)
    monkeypatch.setattr(counting_module, "_counted", lambda *_: pytest.fail("counted by branch and bound"))
    counted = most_markets(written(data), seconds=10, seed=0)
    assert counted is not None
    assert counted.plan is not None
    assert counted.valued
    assert counted.proven == MarketsProven(2, 2)
    assert relaxed.bound // SCALE == markets_at(written(data), counted.plan) == 2
    told: list[float | None] = []
    result = search(written(data), time_limit_s=30, gap=1e-5, seed=0, report=lambda _, best, __: told.append(best))
    assert result is not None
    assert next(best for best in told if best is not None) == written(data).model.value(counted.plan) <= result.value


def test_targets_that_ask_for_all_there_can_be_settle_the_count_without_a_plan() -> None:
    targets = [
        {"id": "paid", "type": "markets_live", "count": 2, "by": "2028-12", "include_existing": False},
        {"id": "one", "type": "markets_live", "count": 1, "by": "2028-12", "include_existing": False},
    ]
    counted = most_markets(written(asked(constraints=targets)), seconds=10, seed=0)
    assert counted is not None
    assert (counted.proven, counted.plan) == (MarketsProven(2, 2), None)
    assert markets_asked(written(asked(constraints=targets)).instance) == 2
    assert markets_asked(written(asked(constraints=[])).instance) == 0


def test_stopped_at_once_it_still_has_a_plan_with_markets_and_a_finite_bound() -> None:
    stop = threading.Event()
    stop.set()
    result = found(BASE, stop=stop)
    assert result.markets is not None
    assert result.ending is Ending.stopped
    assert result.value <= result.bound < 1e12
    assert markets_at(written(BASE), result.x) == result.markets.found


def test_a_request_that_cannot_be_kept_has_no_plan() -> None:
    three = asked(constraints=[{"id": "three", "type": "markets_live", "count": 3, "by": "2028-12"}])
    assert search(written(three), time_limit_s=10, gap=0.01, seed=0, report=lambda *_: None) is None


def test_a_start_with_as_many_markets_is_searched_on_from_and_another_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bool] = []
    original = search_module._searched

    def searched(*args: Any) -> bool:
        heard.append(args[2].start() is not None)
        return bool(original(*args))

    monkeypatch.setattr(search_module, "_searched", searched)
    both = found(BASE).x
    heard.clear()
    assert found(BASE, start=lambda: both).markets == MarketsProven(2, 2)
    assert heard == [True]
    one = found(by_value(BASE)).x
    heard.clear()
    assert markets_at(written(BASE), one) == 1
    assert found(BASE, start=lambda: one).markets == MarketsProven(2, 2)
    assert heard == [False]


def test_targets_that_count_the_same_riders_in_the_same_period_count_once() -> None:
    def goals(*targets: dict[str, Any]) -> list[tuple[str, int]]:
        named = [{"id": str(k), "type": "markets_live", "count": 1} | t for k, t in enumerate(targets)]
        return [(g.counts, g.period) for g in market_goals(written(asked(constraints=named)).instance)]

    assert goals() == [("paid", 11)]
    assert goals({"by": "2028-11"}, {"by": "2028-12"}, {"by": "2028-10", "include_existing": True}) == [("paid", 11)]
    assert goals({"by": "2027-06"}, {"by": "2028-11"}, {"by": "2027-06", "counts": "public"}) == [
        ("paid", 5),
        ("paid", 11),
        ("public", 5),
    ]


def test_a_target_before_the_horizon_is_a_fault_not_a_market() -> None:
    early = asked(constraints=[{"id": "early", "type": "markets_live", "count": 1, "by": "2026-12"}])
    with pytest.raises(RequestError, match="before the horizon"):
        written(early)


# --- facts and the independent check ---


def test_a_plan_says_which_cities_count_when_and_how_many_there_can_be(markets: Plan, value: Plan) -> None:
    goal = MarketGoal(counts="paid", by="2028-12", period="2028-10", existing=0, cities=["aston", "belport"])
    assert markets.markets == MarketsProof(found=2, most=2, goals=[goal])
    assert value.markets is None


def test_existing_markets_are_told_and_count_for_nothing() -> None:
    target = {"id": "five", "type": "markets_live", "count": 3, "by": "2028-03", "include_existing": True}
    plan = planned(asked(constraints=[target]))
    elsewhere = sum(m.counts for m in WORLD.live_markets)
    assert elsewhere > 0
    goal = proof(plan).goals[0]
    assert (goal.by, goal.period, goal.existing) == ("2028-03", "2028-01", elsewhere)
    assert proof(plan).found == len(goal.cities) == 2
    assert f"({2 + elsewhere} with the {elsewhere} that" in markets_sentence(plan)


def counted(**change: Any) -> Plan:
    """Return the plan worked out by hand with its markets, and with something said otherwise."""
    goal = {"counts": "paid", "by": "2027-12", "period": "2027-10", "existing": 0, "cities": ["aston", "belport"]}
    goal |= {key: change.pop(key) for key in [*goal] if key in change}
    proof = {"found": 2, "most": 2, "goals": [MarketGoal.model_validate(goal)]} | change
    plan = build_plan(request=default_request(objective="markets_then_npv"))
    return plan.model_copy(update={"markets": MarketsProof.model_validate(proof)})


def test_the_checker_counts_the_markets_anew_and_finds_them() -> None:
    report = checked(counted())
    assert report.violations == ()
    assert "markets_first" in report.rules_checked


@pytest.mark.parametrize(
    "change",
    [
        {"found": 1},
        {"found": 3, "most": 3},
        {"most": 1},
        {"most": 7},
        {"cities": ["aston"]},
        {"cities": ["aston", "zurich"]},
        {"counts": "public"},
        {"by": "2027-11"},
        {"period": "2027-07"},
        {"existing": 1},
        {"goals": []},
    ],
)
def test_markets_told_wrongly_are_caught(change: dict[str, Any]) -> None:
    assert broken_rules(checked(counted(**change))) == {"markets_first"}


def test_markets_are_told_exactly_where_the_request_puts_them_first() -> None:
    silent = counted().model_copy(update={"markets": None})
    assert broken_rules(checked(silent)) == {"markets_first"}
    talking = build_plan().model_copy(update={"markets": counted().markets})
    assert broken_rules(checked(talking)) == {"markets_first"}


def test_a_plan_is_neither_best_nor_within_its_gap_while_more_markets_are_possible() -> None:
    more = counted(most=3).model_copy(update={"status": "within_gap"})
    assert "status" in {v.where for v in checked(more).violations}
    late = more.model_copy(update={"status": "time_limit"})
    assert "status" not in {v.where for v in checked(late).violations}


def test_a_city_whose_fleet_is_gone_by_the_date_is_no_market() -> None:
    plan = counted()
    data = plan.model_dump(mode="json")
    row = data["cities"][1]["deployments"][0]
    row["vehicles_by_mode"] = {mode: [0] * 8 for mode in row["vehicles_by_mode"]}
    report = checked(Plan.model_validate(data))
    assert {"markets.found", "markets.goals.0.cities"} <= {v.where for v in report.violations}


# --- reruns ---


def test_a_rerun_keeps_markets_first_whatever_a_change_costs(value: Plan) -> None:
    options = parse_options(EXACT.model_dump() | {"change_price_usd": 1e8})
    child = rerun(value, {"objective": "markets_then_npv"}, options, Run(catalogue=WORLD)).plan
    assert (proof(child).found, proof(child).most) == (2, 2)
    moved, _ = changes_between(value, child)
    assert moved >= 1


def test_among_plans_with_as_many_markets_a_rerun_weighs_changes(markets: Plan) -> None:
    late = {"constraints": {"late": {"type": "permit_delay", "city": "belport", "months": 2}}}
    options = [parse_options(EXACT.model_dump() | {"change_price_usd": price}) for price in (0.0, 1e6)]
    free, dear = (rerun(markets, late, o, Run(catalogue=WORLD)).plan for o in options)
    assert proof(free).found == proof(dear).found == 2
    assert changes_between(markets, dear) <= changes_between(markets, free)
    assert dear.objective <= free.bound + 1.0


def test_a_frozen_month_may_cost_markets_and_the_price_of_keeping_says_so(value: Plan) -> None:
    options = parse_options(EXACT.model_dump() | {"freeze_until": "2028-10"})
    patch = {"objective": "markets_then_npv"}
    kept = rerun(value, patch, options, Run(catalogue=WORLD)).plan
    free = rerun(value, patch, options.free, Run(catalogue=WORLD)).plan
    price = StabilityPrice(free, kept, 1, 0, 0, 0)
    assert price.markets_given_up == 1
    assert price.known
    assert price.least_usd <= price.price_usd <= price.most_usd < 0
    assert price.sentence().startswith("Keeping costs 1 market and ")


def test_no_bound_is_inherited_across_ends(markets: Plan, value: Plan) -> None:
    from fleetplan.prepare import prepare  # noqa: PLC0415

    same = prepare(markets.request, Run(catalogue=WORLD))
    assert inherited_bound(value, same).why == "objective"
    assert inherited_bound(markets, same).why == "objective"


# --- words ---


def told(found_: int, most: int, **more: Any) -> Plan:
    cities = ["aston", "belport", "carford"][:found_]
    goal = MarketGoal(counts="paid", by="2028-12", period="2028-10", existing=0, cities=cities)
    proof = MarketsProof(found=found_, most=most, goals=[goal])
    return counted().model_copy(update={"markets": proof, **more})


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (
            lambda: told(2, 2),
            "The plan has 2 markets by Dec 2028, and no plan under the same rules and figures has more.",
        ),
        (
            lambda: told(1, 1),
            "The plan has 1 market by Dec 2028, and no plan under the same rules and figures has more.",
        ),
        (
            lambda: told(0, 0),
            "The plan has no market by Dec 2028, and no plan under the same rules and figures has one.",
        ),
        (
            lambda: told(2, 3),
            f"The plan has 2 markets by Dec 2028; how many there can be is not proven, but no plan {SAME_RULES} has more than 3.",
        ),
    ],
)
def test_words_say_how_many_markets_and_what_is_proven(plan: Callable[[], Plan], said: str) -> None:
    assert markets_sentence(plan()) == said
    assert proof_sentence(plan()).startswith(
        f"{said} No plan with as many markets under the same rules and figures can be worth"
    )


def test_several_dates_are_told_each() -> None:
    goals = [
        MarketGoal(counts="paid", by="2027-12", period="2027-10", existing=0, cities=["aston"]),
        MarketGoal(counts="public", by="2028-12", period="2028-10", existing=0, cities=["aston", "belport"]),
    ]
    plan = counted().model_copy(update={"markets": MarketsProof(found=3, most=3, goals=goals)})
    assert markets_sentence(plan).startswith(
        "The plan has 1 market by Dec 2027 and 2 markets with paid or free rides by Dec 2028, 3 over these dates, and no plan"
    )


def test_words_without_markets_are_as_before(value: Plan) -> None:
    assert markets_sentence(value) == ""
    assert proof_sentence(value).startswith("No plan under the same rules and figures can be worth more than ")


def test_the_end_of_the_search_is_told_by_what_was_left_open() -> None:
    late = told(2, 3, status="time_limit")
    assert proof_sentence(late).endswith("The time ran out before more markets were ruled out.")
    stopped = told(2, 2, status="stopped")
    assert proof_sentence(stopped).endswith("stopped by hand before the gap asked for was proven.")


def test_a_city_that_stays_closed_is_judged_among_plans_with_as_many_markets(markets: Plan) -> None:
    outcome = CityOutcome(kind="not_worth", earliest="2028-10", more_at_most_usd=0.0)
    closed = markets.cities[0].model_copy(update={"outcome": outcome, "deployments": []})
    assert "no plan with as many markets that opens it is worth more" in outcome_sentence(closed, markets)


def test_the_question_says_by_when_markets_count() -> None:
    def words(**more: Any) -> str:
        return objective_words(parse_request(asked(**more)))

    assert words().startswith("as many markets as can be by Dec 2028, and of the plans with so many")
    dates = [
        {"id": "a", "type": "markets_live", "count": 1, "by": "2028-06", "counts": "public"},
        {"id": "b", "type": "markets_live", "count": 1, "by": "2027-06"},
    ]
    assert "by Jun 2027 and Jun 2028 (free rides count as well)" in words(constraints=dates)
    assert words(objective="npv") == "the plan with the greatest net present value"


# --- two plans side by side ---


def test_plans_asked_for_different_ends_are_told_so_and_neither_gains(markets: Plan, value: Plan) -> None:
    comparison = compare_plans(value, markets)
    assert comparison.markets is not None
    pair = comparison.markets
    assert (pair.found_a, pair.found_b, pair.most_a, pair.most_b) == (1, 2, None, 2)
    assert pair.sentence == (
        "The plans are asked for different ends, “value alone” and “markets first, then value”. "
        "The second has 2 markets by Dec 2028 instead of 1."
    )
    assert pair.sentence in comparison.summary
    assert pair.sentence in verdict(value, markets, comparison, [])
    found_ = certainty(value, markets, comparison.markets)
    assert found_.apart
    assert "By itself that is no loss." in found_.sentence
    assert "is real" not in found_.sentence


def test_plans_for_value_alone_have_no_markets_to_compare(value: Plan) -> None:
    assert compare_plans(value, value).markets is None
    assert markets_pair(value, value) is None


def judged(a: Plan, b: Plan) -> Certainty:
    return certainty(a, b, compare_plans(a, b).markets)


def worth(plan: Plan, usd: float) -> Plan:
    return plan.model_copy(update={"objective": usd, "bound": usd + 1e5})


def test_with_as_many_markets_by_the_same_dates_more_value_is_a_gain(markets: Plan) -> None:
    found_ = judged(worth(markets, 1e7), worth(markets, 2e7))
    assert (found_.apart, found_.heading) == (True, "A real difference.")
    assert found_.sentence.endswith("the gain is real.")
    assert judged(worth(markets, 1e7), worth(markets, 1e7)).heading == "Too close to call."


def test_with_more_markets_by_the_same_dates_value_comes_second(markets: Plan) -> None:
    fewer = MarketsProof(found=1, most=1, goals=[proof(markets).goals[0].model_copy(update={"cities": ["aston"]})])
    one = worth(markets, 1e7).model_copy(update={"markets": fewer, "cities": markets.cities[:1]})
    found_ = judged(one, worth(markets, 2e7))
    assert found_.sentence.endswith("Markets come first. The second has 2 markets by Dec 2028 instead of 1.")


def test_bounds_say_nothing_while_the_number_of_markets_is_not_proven(markets: Plan) -> None:
    more = proof(markets).model_copy(update={"most": 3})
    open_ = worth(markets, 2e7).model_copy(update={"markets": more, "name": "open"})
    found_ = judged(worth(markets, 1e7), open_)
    assert (found_.apart, found_.heading) == (False, "Not proven.")
    assert "How many there can be is not proven for open." in found_.sentence


def test_markets_by_other_dates_are_told_each(markets: Plan) -> None:
    goal = proof(markets).goals[0]
    early = MarketsProof(found=0, most=0, goals=[goal.model_copy(update={"by": "2027-01", "cities": []})])
    pair = markets_pair(markets, markets.model_copy(update={"markets": early}))
    assert pair is not None
    assert not pair.alike
    assert pair_sentence(pair) == "The first has 2 markets by Dec 2028, the second 0 markets by Jan 2027."


def test_what_a_change_does_alone_is_told_with_its_markets(markets: Plan, value: Plan) -> None:
    change = causing_changes(value.request, markets.request)[0]
    one = MarketsProof(found=1, most=1, goals=proof(markets).goals)
    third = worth(markets, 3e6).model_copy(update={"markets": one})
    effect = causes_of(markets, third, [Alone(change, third)]).alone[0]
    assert (effect.markets, effect.most_markets) == (1, 1)
    assert ", 1 market instead of 2, " in causes_of(markets, third, [Alone(change, third)]).sentences[0]
    open_ = effect.model_copy(update={"most_markets": 2, "moves": 1})
    assert not alone_apart(markets, open_)
    assert alone_note(markets, open_).startswith("How many markets there can be is not proven")


# --- shown ---


def rendered(plan: Plan) -> str:
    console = Console(width=200, record=True, file=StringIO())
    print_summary(plan, console)
    return console.export_text()


def certificate_of(plan: Plan) -> str:
    return str(template_environment().get_template("parts.html.j2").module.certificate(plan, "", []))  # type: ignore[attr-defined]


def test_terminal_report_and_review_say_how_many_markets_and_of_which_plans_the_bound_speaks(markets: Plan) -> None:
    assert "2 markets by Dec 2028; no plan has more" in rendered(markets)
    assert "No plan with as many markets under the same rules and figures is worth more than" in rendered(markets)
    said = certificate_words(markets)
    assert said[0] == markets_sentence(markets)
    assert "no plan with as many markets can be worth more than" in said[1]
    assert markets_sentence(markets) in " ".join(paragraphs(markets))
    assert "No plan with as many markets can exceed" in certificate_of(markets)
    assert markets_sentence(markets) in certificate_of(markets)
    answer = next(a for a in answers(markets) if a.key == "how-sure")
    assert answer.sentences[0] == markets_sentence(markets)


def test_nothing_of_markets_is_shown_where_value_alone_counts(value: Plan) -> None:
    assert "markets first" not in rendered(value)
    assert certificate_words(value)[0].startswith("The search did not try every plan")
    assert "No plan can exceed" in certificate_of(value)


def test_the_certificate_names_the_count_and_what_the_bound_holds_for(markets: Plan) -> None:
    method = markets.certificate.method
    assert method.stages[0] == "counting markets"
    assert "the bound holds for plans with as many" in method.sentence


def test_only_a_plan_with_markets_first_has_the_step_of_counting() -> None:
    assert "counting markets" in {p for s in steps(rerun=False, markets=True) for p in s.phases}
    assert "counting markets" not in {p for s in steps(rerun=True, markets=False) for p in s.phases}


def test_counted_in_nodes_the_same_request_gives_the_same_bytes() -> None:
    one, two = (found(BASE, nodes=NodeClock()) for _ in range(2))
    assert one.x.tobytes() == two.x.tobytes()
    assert (one.markets, one.nodes) == (two.markets, two.nodes)
