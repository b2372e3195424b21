"""The verdict on a plan in a paragraph: what opens, when, what it is worth, how sure the proof is."""

from __future__ import annotations

from fleetplan.plans.reading import opened_deployments, ordered_deployments
from fleetplan.plans.template import template_use
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan
from fleetplan.words.names import Names
from fleetplan.words.openings import is_shut
from fleetplan.words.proof import proof_sentence, searched_out
from fleetplan.words.starting import stands, starting_sentences
from fleetplan.words.template import template_sentence
from fleetplan.words.values import count, listed, month_name, several, usd
from fleetplan.words.worth import basis_sentence, parts_sentence, years_sentence


def verdict(plan: Plan) -> list[str]:
    """Return the plan's verdict as paragraphs: what opens, when, what it is worth, how sure the proof is.

    Before all of it stands that it rests on a template, where it does.
    """
    rests = template_sentence(template_use(plan))
    return [*([rests] if rests else []), *_found(plan)]


def _found(plan: Plan) -> list[str]:
    start = _start(plan)
    launches = [(c, d) for c, d in opened_deployments(plan) if not stands(plan, d)]
    if not launches and any(stands(plan, d) for _, d in opened_deployments(plan)):
        goes_on = f"Nothing opens besides. {_size_sentence(plan)}"
        return [*start, goes_on, " ".join([*_money_sentences(plan), proof_sentence(plan)])]
    if not launches:
        return [*start, *_nothing_opens(plan), proof_sentence(plan)]
    return [
        *start,
        " ".join([_opening_sentence(plan, launches), _size_sentence(plan), *_shut_sentences(plan)]),
        " ".join([*_money_sentences(plan), proof_sentence(plan)]),
    ]


def _start(plan: Plan) -> list[str]:
    """Return what the plan goes on from as a paragraph; nothing where it begins with nothing."""
    state = plan.request.starting_state
    return [] if state is None else [" ".join(starting_sentences(state, Names(plans=[plan])))]


def _nothing_opens(plan: Plan) -> list[str]:
    """Say that a plan opens nothing, and whether that is a finding or only where the search had got to."""
    begun = _shut_sentences(plan)
    if begun:
        return [" ".join(["No city opens.", *begun, *_money_sentences(plan)])]
    if searched_out(plan) and plan.markets is not None:
        return [
            "No city is opened: no plan can have a market by the date that counts, and none is worth opening besides."
        ]
    if searched_out(plan):
        return ["No city is worth opening under this request: the best plan that keeps every rule launches nothing."]
    if plan.status == "exhausted":
        return ["This plan opens nothing: no plan that opens any was found, and none could be ruled out."]
    return [
        "This plan opens nothing. That says nothing of the cities: the search ended before it had found a plan that opens any."
    ]


def _shut_sentences(plan: Plan) -> list[str]:
    """Say which programmes are begun and open nothing: money spent for no service within the horizon."""
    shut = [f"{d.partner} in {c.name}" for c, d in ordered_deployments(plan) if not d.launch]
    if not shut:
        return []
    verb = ("begins its programme", "opens") if len(shut) == 1 else ("begin their programmes", "open")
    return [f"{listed(shut)} {verb[0]} and never {verb[1]} within the horizon."]


def _opening_sentence(plan: Plan, launches: list[tuple[CityRollout, DeploymentPlan]]) -> str:
    city, first = launches[0]
    live = sorted({c.city for c, _ in launches})
    head = (
        f"Open {len(live)} of {several(len(plan.cities), 'city', 'cities')}"
        f"{' with ' + several(len(launches), 'deployment') if len(launches) > len(live) else ''}: "
        f"{city.name}{' first' if len(launches) > 1 else ''}, with {first.partner} in {month_name(first.launch)}"
    )
    others, seen = [], {city.city}
    for c, d in launches:
        if c.city not in seen:
            seen.add(c.city)
            others.append(f"{c.name} ({month_name(d.launch)})")
    return f"{head}; then {listed(others)}." if others else f"{head}."


def _size_sentence(plan: Plan) -> str:
    out = [c.name for c in plan.cities if not c.launch and not is_shut(c)]
    stay = f" {listed(out)} {'stays' if len(out) == 1 else 'stay'} out." if out else ""
    return (
        f"By the end of the horizon {several(plan.kpis.vehicles_end, 'vehicle')} serve "
        f"{count(plan.kpis.trips_per_day_end)} trips on a mean day.{stay}"
    )


def _money_sentences(plan: Plan) -> list[str]:
    k = plan.kpis
    back = f"the money is back by {month_name(k.payback)}" if k.payback else "the money is not back within the horizon"
    return [
        f"The plan is worth {usd(k.npv_usd)} (net present value): {parts_sentence(k)}.",
        basis_sentence(plan),
        years_sentence(k),
        f"It spends {usd(k.capital_usd)} of capital and at its deepest is {usd(k.peak_funding_usd)} out of pocket;",
        f"{back}.",
    ]
