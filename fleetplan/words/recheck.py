"""What became of a plan's bound when it was held against what is proven and found elsewhere, in words."""

from __future__ import annotations

from fleetplan.facts import BoundCheck
from fleetplan.plans.types import Plan
from fleetplan.words.markets import plan_noun
from fleetplan.words.values import several, usd_fine


def bound_sentences(plan: Plan, check: BoundCheck) -> list[str]:
    """Return what is proven here of a plan's bound, what rests on the search that made the plan, and what refutes it."""
    return [_relaxed(plan, check), *_claim(check)]


def _relaxed(plan: Plan, check: BoundCheck) -> str:
    if check.relaxed_usd is None:
        return "The linear relaxation was not solved in time: nothing is proven here of what other plans can be worth."
    noun, most = plan_noun(plan), usd_fine(check.relaxed_usd)
    return f"Proven here, by the linear relaxation in directed rounding: no {noun} is worth more than {most}."


def _claim(check: BoundCheck) -> list[str]:
    claimed = usd_fine(check.claimed_usd)
    if check.finding == "proven":
        return [f"That proves the plan's own bound, {claimed}."]
    if check.finding == "of_some_plans":
        return [
            f"The plan's own bound, {claimed}, speaks of plans that keep what this rerun kept: it was not held against any."
        ]
    if check.finding == "searched":
        return [
            f"The plan's own bound, {claimed}, is proven again: {_found(check)}, and rules out more than {_bound(check)}."
        ]
    if check.finding == "refuted":
        return [f"The plan's own bound, {claimed}, is false: {_found(check)}."]
    rests = f"The plan's own bound, {claimed}, rests on the search that made it"
    if not check.searched_s:
        return [f"{rests}: no search was made here."]
    return [f"{rests}: {_found(check)}, and by its own bound one of {_bound(check)} is thinkable."]


def _bound(check: BoundCheck) -> str:
    return "any amount" if check.found_bound_usd is None else usd_fine(check.found_bound_usd)


def _found(check: BoundCheck) -> str:
    seconds = several(round(check.searched_s), "second")
    if check.found_usd is None:
        return f"a search of {seconds} at most here found no plan"
    markets = f" with {several(check.found_markets, 'market')}" if check.found_markets is not None else ""
    return f"a search of {seconds} at most here found a plan{markets} worth {usd_fine(check.found_usd)}"
