"""What becomes of a city, in a sentence."""

from __future__ import annotations

from fleetplan.plans.types import CityRollout, Plan
from fleetplan.words.values import count, listed, month_name, usd

NOTHING_USD = 1.0


def outcome_sentence(city: CityRollout, plan: Plan) -> str:
    """Return why a city launches when it does, or not at all."""
    found = city.outcome
    if found.kind == "opens":
        return _opens(city)
    if found.kind == "not_admitted":
        return f"{city.name} is not planned: no stack with a deal that the request admits may be placed there."
    if found.kind == "no_permit":
        first = f"; the first could be in hand in {month_name(found.earliest)}" if found.earliest else ""
        return f"{city.name} is not launched: no permit for paid rides can be in hand within the horizon{first}."
    return (
        f"{city.name} is not launched: paid rides would be permitted from {month_name(found.earliest)} at the earliest, "
        f"but {_not_worth(city, plan)}."
    )


def _opens(city: CityRollout) -> str:
    opened = sorted((d.launch, d.partner, max(d.vehicles)) for d in city.deployments if d.launch)
    launch, partner, most = opened[0]
    others = [f"{whom} from {month_name(month)}" for month, whom, _ in opened[1:]]
    more = f", then {listed(others)}" if others else ""
    return (
        f"{city.name} opens in {month_name(launch)} with {partner}{more}; {count(most)} vehicles of {partner} at most."
    )


def _not_worth(city: CityRollout, plan: Plan) -> str:
    more, many = city.outcome.more_at_most_usd, "" if plan.markets is None else " with as many markets"
    if more is None:
        return f"no better plan{many} that opens it was found under this request's limits"
    if more < NOTHING_USD:
        return f"no plan{many} that opens it is worth more under this request's limits, as is proven"
    searched = " in the time there was" if plan.status in {"time_limit", "stopped"} else ""
    return (
        f"no better plan{many} that opens it was found{searched}; by what is proven one could be worth at most "
        f"{usd(more)} more"
    )
