"""What plans make of a scenario set, in sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from fleetplan.recourse.types import Decided, Outcome, Policy, Recourse, Scenario
from fleetplan.request import PlanRequest, parse_request
from fleetplan.reruns.patch import apply_patch, input_changes
from fleetplan.words.changes import change_sentence
from fleetplan.words.names import Names
from fleetplan.words.values import count, listed, month_name, percent, several, usd

POLICIES = {
    "plan": "what the plan itself decides",
    "worth": "what single scenarios' best plans decide in cities that are worth more there than is lost in the others",
    "agreed": "what most scenarios' plans decide once all pay a part of what it costs those that leave it undone",
    "wait": "nothing before it is known",
    "timely": "what single scenarios' best plans decide where not to wait is worth more than is lost in the others",
    "every": "all that the best plan of any scenario decides",
}
"""What is decided for all, by name."""
FEW = 6
CENT_USD = 0.5
"""Less is no difference."""


def recourse_sentences(found: Recourse, names: Names) -> list[str]:
    """Return what a scenario set says at a glance: what the best that can be decided now is worth, and what more could be."""
    return [_worth(found), *_plan_itself(found), _knowing(found), *adapting_sentences(found, names)[:FEW]]


def _worth(found: Recourse) -> str:
    chosen, values = found.chosen, [outcome.value_usd for outcome in found.chosen.outcomes]
    spread = f"{usd(min(values))} to {usd(max(values))}" if len(values) > 1 else usd(values[0])
    text = (
        f"Decided before {month_name(found.known_from)} without knowing which of {several(len(values), 'scenario')} comes, "
        f"the plan is worth {usd(chosen.expected_usd)} on average ({spread})"
    )
    if len(values) == 1:
        return f"In its only scenario the plan is worth {usd(chosen.expected_usd)}."
    return f"{text}; in the worst {percent(found.tail, 0)} of all cases {usd(chosen.tail_usd)}."


def _plan_itself(found: Recourse) -> list[str]:
    what = "on average" if found.objective == "expected" else "as the set weighs them"
    if found.gained_usd is None:
        return ["What the plan itself decides by then leaves some scenario without any plan."]
    if found.gained_usd < CENT_USD:
        return ["Nothing that was tried is worth more than what the plan itself decides by then."]
    return [f"With what the plan itself decides by then it would be worth {usd(found.gained_usd)} less {what}."]


def _knowing(found: Recourse) -> str:
    gap = f"no decision is worth more than {usd(found.bound_usd)} ({percent(max(0.0, found.gap))} more)"
    if found.knowing_usd < CENT_USD:
        return f"Knowing the scenario from the start would change next to nothing; {gap}."
    return f"To know the scenario from the start would be worth {usd(found.knowing_usd)}; without knowing it, {gap}."


def policy_name(policy: Policy) -> str:
    """Return what is decided for all, as a label."""
    return POLICIES[policy.name]


def decided_words(one: Decided, names: Names) -> str:
    """Return one thing that is decided for all, without its month."""
    who = names.place(one.stack, one.city) if one.stack and one.city else names.city(one.city) if one.city else ""
    number = one.count
    texts = {
        "programme": f"{who}: the programme begins",
        "opening": f"{who}: area {one.level} opens",
        "fleet": f"{who}: up to {several(number, 'vehicle')} in service",
        "purchase": f"{names.partner(one.stack)}: {several(number, 'vehicle')} bought",
        "site": f"{who}: {several(number, 'depot site')} ordered",
        "stalls": f"{who}: {several(number, 'charger stall')} placed",
    }
    return texts[one.what]


def decided_sentence(one: Decided, names: Names) -> str:
    """Return one thing that is decided for all, with its month and how often it is used."""
    if one.what in {"opening", "fleet"}:
        return f"{month_name(one.month)}, {decided_words(one, names)}, in every scenario."
    used = "in every scenario" if one.used > 1.0 - 1e-6 else f"in {percent(one.used, 0)} of all cases"
    return f"{month_name(one.month)}, {decided_words(one, names)}; used to the full {used}."


def adapting_sentences(found: Recourse, names: Names) -> list[str]:
    """Return city by city how what is done differs between scenarios, the city in most of all cases first."""
    chances = {scenario.id: scenario.probability for scenario in found.scenarios}
    seen: dict[str, float] = {}
    months: dict[str, list[str]] = {}
    fleets: dict[str, list[int]] = {}
    for outcome in found.chosen.outcomes:
        for launch in outcome.launches:
            seen[launch.city] = seen.get(launch.city, 0.0) + chances[outcome.scenario]
            months.setdefault(launch.city, []).append(launch.launch)
            fleets.setdefault(launch.city, []).append(launch.vehicles_end)
    told = []
    for city in sorted(seen, key=lambda c: (-seen[c], c)):
        share = "in every scenario" if seen[city] > 1.0 - 1e-6 else f"in {percent(seen[city], 0)} of all cases"
        first, last = min(months[city]), max(months[city])
        when = month_name(first) if first == last else f"between {month_name(first)} and {month_name(last)}"
        few, many = min(fleets[city]), max(fleets[city])
        size = several(few, "vehicle") if few == many else f"{count(few)} to {several(many, 'vehicle')}"
        told.append(f"{names.city(city)} opens {share}, {when}, with {size} at the end.")
    if not told:
        told = ["Nothing opens in any scenario."]
    return told


def regret_sentences(found: Recourse, names: Names) -> list[str]:
    """Return in which scenarios not knowing costs most, and in which cities."""
    worst = sorted(found.regrets, key=lambda r: -r.regret_usd)[:FEW]
    told = []
    for regret in worst:
        if regret.regret_usd < CENT_USD:
            continue
        cities = [(usd_, city) for city, usd_ in regret.by_city_usd.items() if usd_ > 0 and city]
        where = listed([f"{names.city(city)} {usd(lost)}" for lost, city in sorted(cities, reverse=True)[:3]])
        told.append(
            f"Scenario {regret.scenario}: {usd(regret.regret_usd)} less than if it had been known"
            f"{f', of it {where}' if where else ''}."
        )
    return told


def launch_words(outcome: Outcome, names: Names) -> str:
    """Return where and when a plan opens in a scenario, in few words."""
    parts = [f"{names.city(one.city)} {month_name(one.launch)}" for one in outcome.launches]
    return ", ".join(parts) or "opens nowhere"


def scenario_sentences(scenario: Scenario, request: PlanRequest, names: Names) -> list[str]:
    """Return what is otherwise in a scenario: what was drawn, or each change of the request."""
    if scenario.slips or scenario.laws or scenario.shocks:
        return list(_drawn(scenario, names))
    plain: Mapping[str, Any] = request.model_dump(mode="json")
    changes = input_changes(request, parse_request(apply_patch(plain, scenario.patch)))
    return [change_sentence(c, names) for c in changes if c.matters] or ["All comes as the request has it."]


def differs_words(
    scenario: Scenario, opening: Mapping[str, Collection[str]], request: PlanRequest, names: Names
) -> str:
    """Return what is otherwise in a scenario in a line: of what was drawn, shocks and the delays of services that open in any.

    Parameters
    ----------
    opening
        By city the stacks that open there in some scenario.
    """
    if not (scenario.slips or scenario.laws or scenario.shocks):
        return " ".join(scenario_sentences(scenario, request, names))
    told = [f"{shock}" for shock in scenario.shocks]
    for slip in scenario.slips:
        if slip.stack in opening.get(slip.city, ()):
            late = "never" if slip.never else f"{several(slip.months, 'month')} late" if slip.months else "as promised"
            told.append(f"{names.place(slip.stack, slip.city)} {late}")
    return "; ".join(told) or "Nothing is otherwise in what opens anywhere."


def opening_of(found: Recourse) -> dict[str, set[str]]:
    """Return by city the stacks that open there in some scenario, by its own best plan or with what is decided for all."""
    opening: dict[str, set[str]] = {}
    for outcome in (*found.perfect, *found.chosen.outcomes):
        for launch in outcome.launches:
            opening.setdefault(launch.city, set()).update(launch.stacks)
    return opening


def _drawn(scenario: Scenario, names: Names) -> Iterator[str]:
    yield from (f"{shock}." for shock in scenario.shocks)
    for slip in scenario.slips:
        late = "never gets its permits" if slip.never else f"{several(slip.months, 'month')} later than promised"
        yield f"{names.place(slip.stack, slip.city)}: {late}."
    for law in scenario.laws:
        yield f"{names.event_title(law.event)}: {month_name(law.month) if law.month else 'does not come'}."


def decided_sentences(found: Recourse, names: Names) -> list[str]:
    """Return everything that is decided for all, in the order of its months."""
    until = month_name(found.known_from)
    return [decided_sentence(one, names) for one in found.chosen.decided] or [
        f"Nothing has to be decided before {until}."
    ]


def step_words(step: str) -> str:
    """Return which plans are being made, as a label."""
    if step == "prices":
        return "A bound by prices on what is common"
    return f"Decided for all: {POLICIES[step]}" if step in POLICIES else "Each scenario as though it were known"
