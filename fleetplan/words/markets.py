"""Markets where they come first, in words: how many a plan has by when, and what is proven of their number."""

from __future__ import annotations

from collections.abc import Sequence

from fleetplan.compare.types import AloneEffect, MarketsPair
from fleetplan.plans.types import MarketGoal, MarketsProof, Plan
from fleetplan.words.values import listed, month_name, several

OBJECTIVES_BRIEFLY = {"npv": "value alone", "markets_then_npv": "markets first, then value"}
SAME_RULES = "under the same rules and figures"


def plan_noun(plan: Plan) -> str:
    """Return of which plans the bound of a plan speaks: ``plan``, or those with as many markets where these come first."""
    return "plan" if plan.markets is None else "plan with as many markets"


def found_words(proof: MarketsProof) -> str:
    """Return how many markets a plan has: ``9 markets by Dec 2028``, or by each of several dates and in sum."""
    return listed([_goal(goal) for goal in proof.goals]) + (
        f", {proof.found} over these dates" if len(proof.goals) > 1 else ""
    )


def _goal(goal: MarketGoal) -> str:
    free = " with paid or free rides" if goal.counts == "public" else ""
    return f"{several(len(goal.cities), 'market') if goal.cities else 'no market'}{free} by {month_name(goal.by)}"


def most_words(proof: MarketsProof) -> str:
    """Return what is proven of the number, briefly: ``no plan has more``, or ``at most 10``."""
    return "no plan has more" if proof.closed else f"at most {proof.most}"


def markets_sentence(plan: Plan) -> str:
    """Return how many markets a plan has and what is proven of their number; empty where value alone counts."""
    proof = plan.markets
    if proof is None:
        return ""
    head = f"The plan has {found_words(proof)}{_with_existing(proof.goals)}"
    if proof.closed:
        return f"{head}, and no plan {SAME_RULES} has {'more' if proof.found else 'one'}."
    return f"{head}; how many there can be is not proven, but no plan {SAME_RULES} has more than {proof.most}."


def _with_existing(goals: Sequence[MarketGoal]) -> str:
    counted = [goal for goal in goals if goal.existing]
    if not counted:
        return ""
    live = counted[0].existing
    sums = listed([str(len(goal.cities) + live) for goal in counted])
    verb = "is" if live == 1 else "are"
    return f" ({sums} with the {live} that {verb} live elsewhere today)"


def pair_sentence(pair: MarketsPair) -> str:
    """Return how many markets two plans have, to what ends they were asked, and what of the numbers is not proven."""
    ends = "" if pair.objective_a == pair.objective_b else f"The plans are asked for different ends, {_ends(pair)}. "
    open_ = f" How many there can be is not proven for {listed(pair.unproven)}." if pair.unproven else ""
    return f"{ends}{_numbers(pair)}{open_}"


def _ends(pair: MarketsPair) -> str:
    return f"“{OBJECTIVES_BRIEFLY[pair.objective_a]}” and “{OBJECTIVES_BRIEFLY[pair.objective_b]}”"


def _numbers(pair: MarketsPair) -> str:
    first, second = several(pair.found_a, "market"), several(pair.found_b, "market")
    if not pair.same_dates:
        return f"The first has {first} {_dates(pair.by_a)}, the second {second} {_dates(pair.by_b)}."
    if pair.found_a == pair.found_b:
        return f"Both have {first} {_dates(pair.by_a)}."
    return f"The second has {second} {_dates(pair.by_a)} instead of {pair.found_a}."


def _dates(months: Sequence[str]) -> str:
    return f"by {listed([month_name(month) for month in months])}{' together' if len(months) > 1 else ''}"


def other_markets(effect: AloneEffect) -> str:
    """Return how many markets a change alone leaves where that is not as many as before: ``, 2 markets instead of 1``."""
    if effect.markets is None or effect.markets_before in {None, effect.markets}:
        return ""
    return f", {several(effect.markets, 'market')} instead of {effect.markets_before}"
