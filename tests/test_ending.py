"""What is said of a search's end is what was proven, and who ended it."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from fleetplan.explain.verdict import verdict
from fleetplan.optimize.ending import Ending, StopSignal, ending_of, tolerance_usd
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.status import Proof, status_of
from fleetplan.plans.types import Plan
from fleetplan.request import parse_request
from fleetplan.run import Run, WholeTime
from fleetplan.words.proof import HOLDS, gap_in_full, gap_of, gap_text, holds_for, proof_sentence
from fleetplan.words.values import STATUS_NAMES
from tests.fake_plan import fake_plan

WORTH = 300e6
SHORT: dict[str, Any] = {
    "capital": {"per_quarter_usd": 25e6},
    "cities": ["houston"],
    "permit_durations": "min",
    "horizon": {"start": "2027-01", "months": 24, "single_months": 6},
}

WORTH_IT: dict[str, Any] = {
    "capital": {"per_quarter_usd": 50e6},
    "cities": ["bay-area"],
    "horizon": {"start": "2028-01", "months": 48, "single_months": 0},
}


def ended(left: float, gap: float = 0.01, *, inherited: bool = False, stop: threading.Event | None = None) -> Ending:
    return ending_of(WORTH, WORTH + left, gap, inherited=inherited, stop=stop)


def status(left: float, ending: Ending, gap: float = 0.01, worth: float = WORTH) -> str:
    return status_of(worth, worth + left, Proof(worth + left, ending, gap, 0, "0", "HiGHS"))


def by_hand() -> StopSignal:
    stop = StopSignal()
    stop.set()
    return stop


def by_deadline() -> StopSignal:
    stop = StopSignal()
    stop.time_is_up()
    return stop


def test_a_plan_with_money_open_is_never_the_proven_best():
    assert status(184_000.0, Ending.gap) == "within_gap"
    assert status(2.0, Ending.proven) == "within_gap"
    assert status(0.5, Ending.gap) == "optimal"


def test_a_gap_reached_is_told_as_reached_whoever_ended_the_search():
    assert ended(1e6) is Ending.gap
    assert ended(1e6, stop=by_hand()) is Ending.gap
    assert status(1e6, Ending.gap) == status(1e6, Ending.stopped) == status(1e6, Ending.time) == "within_gap"


def test_a_gap_reached_by_a_bound_proven_elsewhere_says_so():
    assert ended(1e6, inherited=True) is Ending.bound_inherited
    assert status(1e6, Ending.bound_inherited) == "within_gap"


def test_a_search_that_ran_out_of_time_was_stopped_by_nobody():
    assert ended(1e8) is Ending.time
    assert ended(1e8, stop=StopSignal()) is Ending.time
    assert ended(1e8, stop=by_deadline()) is Ending.time
    assert status(1e8, Ending.time) == "time_limit"


def test_a_search_with_time_left_and_nothing_to_try_does_not_say_that_time_ran_out():
    later = time.monotonic() + 60
    assert ending_of(WORTH, 2 * WORTH, 0.01, inherited=False, stop=None, ends=later) is Ending.exhausted
    assert ending_of(WORTH, 2 * WORTH, 0.01, inherited=False, stop=by_deadline(), ends=later) is Ending.time
    assert ending_of(WORTH, 2 * WORTH, 0.01, inherited=False, stop=by_hand(), ends=later) is Ending.stopped
    assert status(1e8, Ending.exhausted) == "exhausted"
    assert "ran out" not in proof_sentence(told("exhausted", 4e8, 5e8)) + STATUS_NAMES["exhausted"]


def test_what_only_relaxed_rows_leave_open_is_not_blamed_on_the_time():
    """A service level is kept by rows that relax it: the search can end without a proof, long before its time."""
    asked = {**SHORT, "constraints": [{"id": "w", "type": "service_level", "max_wait_min": 5}]}
    plan = plan_with_context(parse_request(asked), PlanOptions(time_limit_s=120)).plan
    assert plan.status in {"optimal", "within_gap", "exhausted"}


def test_a_plan_that_may_have_missed_a_market_is_neither_best_nor_within_its_gap():
    proven = Proof(WORTH, Ending.time, 0.01, 0, "0", "HiGHS")
    assert status_of(WORTH, WORTH, proven, more_markets=True) == "time_limit"
    by_hand_ = Proof(WORTH, Ending.stopped, 0.01, 0, "0", "HiGHS")
    assert status_of(WORTH, WORTH, by_hand_, more_markets=True) == "stopped"


def test_only_a_person_stops_a_search():
    plain = threading.Event()
    plain.set()
    assert ended(1e8, stop=by_hand()) is ended(1e8, stop=plain) is Ending.stopped
    assert status(1e8, Ending.stopped) == "stopped"


def test_a_deadline_after_a_person_s_wish_changes_nothing():
    stop = by_hand()
    stop.time_is_up()
    assert not stop.overdue


def test_the_tolerance_is_a_dollar_until_a_plan_is_worth_a_billion():
    assert tolerance_usd(0.0) == tolerance_usd(-1e9) == 1.0
    assert tolerance_usd(3e9) == 3.0


def test_an_empty_plan_with_billions_open_ran_out_of_time():
    assert status(15.7e9, Ending.time, worth=0.0) == "time_limit"


@pytest.mark.parametrize("gap", [0.001, 0.0])
def test_the_search_goes_on_in_whole_vehicles_until_the_gap_is_proven(gap: float):
    plan = plan_with_context(parse_request(WORTH_IT), PlanOptions(time_limit_s=30, gap=gap)).plan
    assert plan.objective > 1e6
    assert plan.gap <= gap + 1e-8
    assert plan.status == ("optimal" if gap == 0.0 else "within_gap")
    assert plan.certificate.checker == "passed"


# --- the words --------------------------------------------------------------------------------------------------------------


def told(status: str, worth: float, bound: float) -> Plan:
    plan = fake_plan()
    kpis = plan.kpis.model_copy(update={"discounted_capital_usd": 0.0 if worth == 0 else 4e8})
    return plan.model_copy(update={"status": status, "objective": worth, "bound": bound, "kpis": kpis})


def test_a_gap_is_told_as_a_share_and_in_money():
    assert gap_of(told("within_gap", 400e6, 402e6)) == "0.50 % ($2.00 M)"
    assert gap_in_full(told("within_gap", 400e6, 402e6)) == "0.50 % ($2.00 M) of value, 0.50 % of discounted capital"


@pytest.mark.parametrize("worth", [0.0, 0.4, -1.0, 1000.0, -1e6])
def test_a_gap_of_a_plan_worth_next_to_nothing_is_told_in_money_alone(worth: float):
    plan = told("time_limit", worth, 15.7e9)
    assert gap_of(plan) == "$15.7 bn"
    assert "%" not in gap_text(plan.objective, plan.bound)
    assert "this one is within" not in proof_sentence(plan)


def test_only_the_proven_best_is_called_so():
    assert proof_sentence(told("optimal", 4e8, 4e8)).endswith("this one is proven best.")
    for status in ("within_gap", "time_limit", "stopped"):
        assert "proven best" not in proof_sentence(told(status, 4e8, 4.1e8))
        assert "proven best" not in STATUS_NAMES[status]


def test_a_bound_speaks_of_plans_on_the_same_periods():
    plan = told("within_gap", 4e8, 4.1e8)
    assert "on these periods, of up to 3 months" in holds_for(plan)
    assert holds_for(plan.model_copy(update={"period_months": [1] * len(plan.periods)})) == HOLDS


def test_words_say_who_ended_the_search():
    assert "time ran out" in proof_sentence(told("time_limit", 4e8, 5e8))
    assert "by hand" not in proof_sentence(told("time_limit", 4e8, 5e8))
    assert "stopped by hand" in proof_sentence(told("stopped", 4e8, 5e8))
    assert proof_sentence(told("within_gap", 4e8, 4.02e8)).endswith("discounted capital.")


def test_an_empty_plan_that_ran_out_of_time_says_nothing_of_the_cities():
    plan = told("time_limit", 0.0, 15.7e9)
    empty = plan.model_copy(update={"cities": [c for c in plan.cities if not c.deployments]})
    assert "That says nothing of the cities" in verdict(empty)[0]
    proven = empty.model_copy(update={"status": "optimal", "bound": 0.0})
    assert verdict(proven)[0].startswith("No city is worth opening")


def test_a_time_limit_for_everything_leaves_three_times_as_long_to_finish_as_it_took_to_begin(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr("fleetplan.run.time.monotonic", lambda: 103.0)
    whole = WholeTime(100.0, 30.0)
    assert (whole.spent_s, whole.left_s, whole.search_s) == (3.0, 27.0, 18.0)
    assert replace(whole, seconds=5.0).search_s == 1.0  # never less than half of what is left


def test_a_plan_that_is_due_is_searched_for_no_longer_than_is_left():
    due = Run(whole=WholeTime(time.monotonic() - 3600.0, 3600.0))
    plan = plan_with_context(parse_request(SHORT), PlanOptions(time_limit_s=60.0, gap=0.0), due).plan
    assert plan.certificate.checker == "passed"
