"""What becomes of a city, in a sentence."""

from __future__ import annotations

from collections.abc import Callable

from fleetplan.facts import AreaLack, KeptOut
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.words.context import Context
from fleetplan.words.values import count, listed, month_name, usd

NOTHING_USD = 1.0
SMALL_SHARE = 1e-3
MOST_LACKS = 3
REFUSES = "partner_earns"
NOBODY_STANDS_AGAINST = (
    "; it would not pay with partners, caps, money and limits of the request excused either, permits as they come"
)


def outcome_sentence(city: CityRollout, plan: Plan, context: Context | None = None) -> str:
    """Return why a city launches when it does, or not at all; ``context`` says what its request's constraints ask."""
    kind = city.outcome.kind
    if kind == "opens":
        return _opens(city)
    if kind == "not_admitted":
        return f"{city.name} is not planned: no stack with a deal that the request admits may be placed there."
    if kind == "not_worth" and city.outcome.kept_out:
        return f"{city.name} is not launched: {_permitted(city)}{_kept_out_of(city, plan, context)}."
    return f"{city.name} is not launched: {_CLOSED[kind](city, plan)}."


def _no_permit(city: CityRollout, _: Plan) -> str:
    first = city.outcome.earliest
    could = f"; the first could be in hand in {month_name(first)}" if first else ""
    return f"no permit for paid rides can be in hand within the horizon{could}"


def _not_worth(city: CityRollout, plan: Plan) -> str:
    alone = "" if city.outcome.kept_out is None else NOBODY_STANDS_AGAINST
    return f"{_permitted(city)}{_proven(city, plan)}{alone}"


def _permitted(city: CityRollout) -> str:
    first = city.outcome.earliest  # empty: rides without a fare are permitted alone
    return f"paid rides would be permitted from {month_name(first)} at the earliest, but " if first else ""


def _kept_out_of(city: CityRollout, plan: Plan, context: Context | None) -> str:
    """Return what keeps a city out that would be worth opening otherwise, and what is proven of it as things are."""
    causes = "; ".join(_kept_out(one, plan, context) for one in city.outcome.kept_out or ())
    return f"{causes}; as things are, {_proven(city, plan)}"


def _kept_out(one: KeptOut, plan: Plan, context: Context | None) -> str:
    partners = {s.stack: s.partner for s in plan.stacks}
    whom = listed(sorted({partners.get(stack, stack) for stack in one.stacks}))
    worth = f"opening there would be worth about {usd(one.worth_usd)} more"
    if [limit.rule for limit in one.limits] == [REFUSES]:
        its = "its" if len(one.stacks) == 1 else "their"
        return f"{whom} would not earn {its} money back there; were that excused, {worth}"
    asked = [context.asks(name) for name in one.constraints] if context else list(one.constraints)
    standing = [a.says for a in one.limits if a.kind != "target"]
    rules = [f"{says[:1].lower()}{says[1:]}" for says in (*standing, *asked)]
    if len(rules) == 1:
        return f"against it stands: {rules[0]}; without that, {worth} (with {whom})"
    return f"against it stand together: {'; '.join(rules)}; without all of these, {worth} (with {whom})"


def _no_area(city: CityRollout, plan: Plan) -> str:
    """Return what nobody's smallest area has within the horizon, by partner."""
    partners = {s.stack: s.partner for s in plan.stacks}
    told = [_lack(lack, partners.get(lack.stack, lack.stack)) for lack in city.outcome.lacks]
    more = len(told) - MOST_LACKS
    rest = [f"and {more} more such"] if more > 0 else []
    return "; ".join([*told[:MOST_LACKS], *rest]) or "no permit within the horizon covers an area there"


def _lack(lack: AreaLack, partner: str) -> str:
    given = f"what {partner} holds was given for {listed(lack.given_for)}"
    place = listed(lack.areas) or f"a place in {partner}'s smallest area"
    if lack.permit is None:
        what = f"no permit of the city's laws adds {place}" if lack.areas else f"no permit opens {place}"
        return f"{given}, and {what}" if lack.areas else what
    permit = lack.permit
    adds = "adds" if lack.areas else "opens"
    waits = f"{permit.title} ({permit.authority}), which {adds} {place}, cannot be in hand before {month_name(permit.in_hand)}"
    return f"{given}, and {waits}, after the horizon" if lack.areas else f"{waits}, after the horizon"


def _shut(city: CityRollout, _: Plan) -> str:
    """Return which rules leave nothing that could open."""
    found = city.outcome
    permitted = f"permits would allow paid rides from {month_name(found.earliest)} on, but " if found.earliest else ""
    rules = [f"{a.says[:1].lower()}{a.says[1:]}" for a in found.against]
    stands = f"; against it stands: {'; '.join(rules)}" if rules else " under this request's limits together"
    return f"{permitted}nothing can open there within the horizon{stands}"


def _opens(city: CityRollout) -> str:
    opened = sorted((d.launch, d.partner, max(d.vehicles)) for d in city.deployments if d.launch)
    launch, partner, most = opened[0]
    others = [f"{whom} from {month_name(month)}" for month, whom, _ in opened[1:]]
    more = f", then {listed(others)}" if others else ""
    return (
        f"{city.name} opens in {month_name(launch)} with {partner}{more}; {count(most)} vehicles of {partner} at most."
    )


def _proven(city: CityRollout, plan: Plan) -> str:
    more, many = city.outcome.more_at_most_usd, "" if plan.markets is None else " with as many markets"
    if more is None:
        return f"no better plan{many} that opens it was found under this request's limits"
    if more < NOTHING_USD:
        return f"no plan{many} that opens it is worth more under this request's limits, as is proven"
    if more < SMALL_SHARE * abs(plan.objective):
        return f"no plan{many} that opens it beats this one by more than {usd(more)} under this request's limits, as is proven"
    searched = " in the time there was" if plan.status in {"time_limit", "stopped"} else ""
    return (
        f"no better plan{many} that opens it was found{searched}; by what is proven one could be worth at most "
        f"{usd(more)} more"
    )


_CLOSED: dict[str, Callable[[CityRollout, Plan], str]] = {
    "no_permit": _no_permit,
    "no_area": _no_area,
    "shut": _shut,
    "not_worth": _not_worth,
}
