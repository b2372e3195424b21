"""What is proven of a plan, in words: the gap as a share and in money, and how the search ended."""

from __future__ import annotations

from fleetplan.plans.types import Plan
from fleetplan.words.markets import SAME_RULES, markets_sentence, plan_noun
from fleetplan.words.values import percent, usd, usd_fine

MOST_SHARE = 10.0
"""Of a plan's worth: what is open beyond that is told in money alone, since the worth is next to nothing."""


def share_open(left_usd: float, of_usd: float) -> float | None:
    """Return the share that an open amount is of another; None where that is too near zero for a share to mean anything.

    >>> share_open(2e6, 400e6), share_open(15.7e9, 0.0)
    (0.005, None)
    """
    return left_usd / abs(of_usd) if left_usd <= MOST_SHARE * abs(of_usd) and abs(of_usd) >= 1.0 else None


def gap_parts(worth_usd: float, bound_usd: float, digits: int = 2) -> tuple[str, str]:
    """Return a gap in two parts, the second one smaller print: a share and the money, or the money and nothing.

    >>> gap_parts(331_840_000.0, 334_494_720.0), gap_parts(0.0, 15.7e9), gap_parts(5e6, 5e6)
    (('0.80 %', '$2.65 M'), ('$15.7 bn', ''), ('none', ''))
    """
    left = max(0.0, bound_usd - worth_usd)
    if left < 0.5:
        return "none", ""
    share = share_open(left, worth_usd)
    return (usd(left), "") if share is None else (percent(share, digits), usd(left))


def gap_text(worth_usd: float, bound_usd: float, digits: int = 2) -> str:
    """Return what is open between a plan and the most that any plan can be worth.

    >>> gap_text(331_840_000.0, 334_494_720.0), gap_text(0.0, 15.7e9), gap_text(5e6, 5e6)
    ('0.80 % ($2.65 M)', '$15.7 bn', 'none')
    """
    first, second = gap_parts(worth_usd, bound_usd, digits)
    return f"{first} ({second})" if second else first


def gap_of(plan: Plan) -> str:
    """Return a plan's gap: a share of its worth with the money, or the money alone."""
    return gap_text(plan.objective, plan.bound)


def gap_in_full(plan: Plan) -> str:
    """Return a plan's gap with the share that it is of the capital the plan spends, where that means anything."""
    left, share = gap_of(plan), None
    if left != "none":
        share = share_open(plan.bound - plan.objective, plan.kpis.discounted_capital_usd)
    value = f"{left} of value" if left.endswith(")") else left
    return value if share is None else f"{value}, {percent(share, 2)} of discounted capital"


def proof_sentence(plan: Plan) -> str:
    """Return what is proven of the markets, where they come first, and of the value, and where the search ended early."""
    ceiling = f"No {plan_noun(plan)} {SAME_RULES} can be worth more than {usd_fine(plan.bound)}"
    end = "this one is proven best." if plan.status == "optimal" else f"{_distance(plan)}.{_cut_short(plan)}"
    return " ".join(part for part in (markets_sentence(plan), f"{ceiling}: {end}") if part)


def _distance(plan: Plan) -> str:
    if share_open(plan.bound - plan.objective, plan.objective) is None:
        return f"up to {usd(plan.bound - plan.objective)} more than this one"
    return f"this one is within {gap_in_full(plan)}"


CUT_SHORT = {
    "time_limit": " The time ran out before {}.",
    "stopped": " The search was stopped by hand before {}.",
    "exhausted": " The search had nothing more to try before {}.",
}
"""Why less is proven than was asked for, by status."""
NO_NODES = " The nodes allowed ran out before {}."


def _cut_short(plan: Plan) -> str:
    counted = plan.markets is None or plan.markets.closed
    missing = "the gap asked for was proven" if counted else "more markets were ruled out"
    out_of_nodes = plan.status == "time_limit" and plan.certificate.method.nodes_ran_out
    return (NO_NODES if out_of_nodes else CUT_SHORT.get(plan.status, "")).format(missing)


def searched_out(plan: Plan) -> bool:
    """Return whether a plan is as good as was asked for, so that what it leaves out may be told as not worth its while."""
    return plan.status in {"optimal", "within_gap"}


HOLDS = "Gap and bound hold for the rules, figures and curves of this plan; they say nothing of figures that turn out otherwise."


def holds_for(plan: Plan) -> str:
    """Return what gap and bound speak of: the plan's figures, and its periods, where some are longer than a month."""
    state = plan.request.starting_state
    today = state.month if state else ""
    longest = max(n for month, n in zip(plan.periods, plan.period_months, strict=True) if month >= today)
    if longest == 1:
        return HOLDS
    return (
        f"{HOLDS} They speak of plans on these periods, of up to {longest} months, within which fleets stand still and no "
        "service opens: on shorter ones a plan may be worth more than that. The request says how many months stand alone."
    )


def certificate_words(plan: Plan) -> list[str]:
    """Return what the proof means, for those who never saw one."""
    c, best, most = plan.certificate, usd_fine(plan.objective), usd_fine(plan.bound)
    left = "nothing was" if plan.status == "optimal" else f"at most {gap_of(plan)} were"
    ceiling = (
        "The search did not try every plan; it proved a ceiling. Whatever cities, partners, months and fleets one chooses "
        f"under the same rules and figures, no {plan_noun(plan)} can be worth more than {most}. This one is worth {best}: "
        f"{left} left on the table."
    )
    told = [part for part in (markets_sentence(plan), ceiling) if part]
    if c.checker != "passed":
        return told
    checked = (
        f"A second program, which shares no code with the search, then went through {len(c.rules_checked)} rules of law, "
        "supply, money and request on the raw figures and found all of them kept."
    )
    return [*told, checked]
