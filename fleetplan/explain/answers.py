"""What people ask of a plan, answered from what the plan knows: why this order, what if money or a permit is late, how sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby

from fleetplan.explain.binding import dearest
from fleetplan.explain.needs import reason_words
from fleetplan.months import month_number, month_text
from fleetplan.plans.reading import deciding_permit, doubts, opened_deployments, ordered_deployments
from fleetplan.plans.types import CityRollout, DeploymentPlan, Plan
from fleetplan.words import openings
from fleetplan.words.changes import DURATION_NAMES
from fleetplan.words.markets import SAME_RULES, markets_sentence, plan_noun
from fleetplan.words.proof import gap_of, searched_out
from fleetplan.words.values import count, listed, month_name, percent, several, usd
from fleetplan.words.worth import years_sentence

LATE_MONTHS = 3
FIRST_MONTHS = 6
Pair = tuple[CityRollout, DeploymentPlan]


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with its answer in sentences, and where on the page the figures behind it stand."""

    key: str
    question: str
    sentences: list[str]
    more: tuple[str, str]


def answers(plan: Plan) -> list[Answer]:
    """Return the answers that a plan can give; a plan that opens nothing gives none."""
    launches = opened_deployments(plan)
    if not launches:
        return []
    found = [_why_first(plan, launches), _late_permit(plan, launches), _late_money(plan), _how_sure(plan)]
    return [a for a in found if a is not None]


def _why_first(plan: Plan, launches: list[Pair]) -> Answer:
    (city, first), cities = launches[0], {c.city: c.name for c, d in launches if d.launch == launches[0][1].launch}
    permit = next((b for b in plan.binds if b.permit and (b.city, b.stack) == (city.city, first.stack)), None)
    own = permit.sentence if permit else f"{first.partner} opens there in {month_name(first.launch)}."
    others = [name for slug, name in cities.items() if slug != city.city]
    beside = [f"{listed(others)} {'opens' if len(others) == 1 else 'open'} in the same month."] if others else []
    question = f"Why {'are' if others else 'is'} {listed(list(cities.values()))} first?"
    if len(launches) == 1:
        question = f"Why {city.name}, and why then?"
    loss = reason_words(plan, city)
    sentences = [own, *beside, *_waiting(plan, launches), *_richer(plan, city), *([loss] if loss else [])]
    return Answer("why", question, sentences, ("#timeline", "Timeline of permits and launches"))


def _waiting(plan: Plan, launches: list[Pair]) -> list[str]:
    number = sum(b.permit is not None for b in plan.binds)
    if len(launches) == 1:
        return [] if number else ["It opens later than its permits would let it: other limits set the month."]
    if not number:
        return ["No opening of this plan comes in the very month its permit is in hand: other limits set the order."]
    every = number == len(launches)
    which = "Every opening" if every else f"{number} of {several(len(launches), 'opening')}"
    verb = "comes" if every or number == 1 else "come"
    order = ": permits, more than money, set the order" if 2 * number > len(launches) else ""
    return [f"{which} {verb} as soon as the permit is in hand{order}."]


def _richer(plan: Plan, first: CityRollout) -> list[str]:
    best = max((c for c in plan.cities if c.launch), key=lambda c: c.npv_usd)
    if sum(c.launch is not None for c in plan.cities) == 1:
        return [f"No other city opens; this one is worth {usd(best.npv_usd)} of net present value."]
    if best.city == first.city:
        return [f"It is also the city worth most, {usd(best.npv_usd)} of net present value."]
    most = f"{best.name} ({usd(best.npv_usd)}), open from {month_name(best.launch)}"
    return [f"The city worth most is {most}; {first.name} is worth {usd(first.npv_usd)}."]


def _late_permit(plan: Plan, launches: list[Pair]) -> Answer | None:
    exposed = []
    for city, d in launches:
        step = deciding_permit(plan, d)
        if step is not None and step.latest > step.finish:
            slip = month_number(step.latest) - month_number(step.finish)
            exposed.append((slip, d.npv_usd, city, d, step))
    if not exposed:
        return None
    exposed.sort(key=lambda e: (-e[0], -e[1]))
    slip, _, city, d, step = exposed[0]
    many = len(launches) > 1
    widest = (
        f"The plan takes permits to last {DURATION_NAMES[plan.request.permit_durations]}. "
        f"{'Widest apart is' if many else 'The opening waits for'} “{step.title}” for {d.partner} in {city.name}: "
        f"in hand by {month_name(step.finish)}, but at the latest only by {month_name(step.latest)}, "
        f"{several(slip, 'month')} later."
    )
    sentences = [
        widest,
        *([f"{several(len(exposed), 'opening')} may slip in this way; {_most_value(exposed)}."] if many else []),
        f"What a delay would do to the rest is a question for a rerun: delay {city.name} and compare.",
    ]
    return Answer("late-permit", "What if a permit comes late?", sentences, ("#timeline", "Ranges on the timeline"))


def _most_value(exposed: Sequence[tuple[int, float, CityRollout, DeploymentPlan, object]]) -> str:
    """Return which of the openings has most value behind it; of one, whose it is."""
    lead = "the one with most value behind it is" if len(exposed) > 1 else "it is"
    return f"{lead} {_dearest(exposed)}"


def _dearest(exposed: Sequence[tuple[int, float, CityRollout, DeploymentPlan, object]]) -> str:
    slip, npv, city, d, _ = max(exposed, key=lambda e: e[1])
    return f"{d.partner} in {city.name} ({usd(npv)}, up to {several(slip, 'month')} later)"


def _late_money(plan: Plan) -> Answer | None:
    budget = plan.cumulated_budget_usd
    if not budget or not budget[-1]:
        return None
    spent = list(accumulate(plan.capital_usd))
    early = max(t for t, p in enumerate(plan.periods) if month_number(p) - month_number(plan.periods[0]) < 12)
    after = month_name(month_text(month_number(plan.periods[early]) + plan.period_months[early] - 1))
    pace = (
        f"By the end of {after} {usd(spent[early])} of the {usd(budget[early])} allowed are spent; by the end of the horizon "
        f"{usd(spent[-1])} of {usd(budget[-1])}."
    )
    sentences = [pace, _short(plan, spent)]
    priced = dearest(plan, ["capital"])
    if priced is not None and priced.price_usd is not None:
        sentences.append(
            f"With launches as they are, a dollar less by {month_name(priced.period)} costs about ${priced.price_usd:.2f} of net "
            f"present value."
        )
    else:
        sentences.append("With launches as they are, a little less money would change nothing to speak of.")
    return Answer("late-money", "What happens if the money is late?", sentences, ("#money", "Cash and capital"))


def _short(plan: Plan, spent: Sequence[float]) -> str:
    """Say how far the plan as it stands would run short if all money came a quarter later."""
    begins = [month_number(p) for p in plan.periods]
    delayed = []
    for begin in begins:
        known = [b for b, at in zip(plan.cumulated_budget_usd, begins, strict=True) if at <= begin - LATE_MONTHS]
        delayed.append(known[-1] if known else 0.0)
    gaps = [s - b for s, b in zip(spent, delayed, strict=True)]
    short = [t for t, gap in enumerate(gaps) if gap > 0.5]
    if not short:
        return "If all of it came a quarter later, this plan could still be paid as it stands."
    worst = max(short, key=lambda t: gaps[t])
    months = [month_name(plan.periods[t]) for t in short]
    spans = _spans(short)
    when = listed([months_of(plan, a, b) for a, b in spans])
    return (
        f"If every quarter's money came a quarter later, this plan as it stands would be short {when or months[0]}, "
        f"by {usd(gaps[worst])} at most: launches or purchases would have to move."
    )


def _spans(indices: Sequence[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for t in indices:
        if spans and spans[-1][1] == t - 1:
            spans[-1] = (spans[-1][0], t)
        else:
            spans.append((t, t))
    return spans


def months_of(plan: Plan, first: int, last: int) -> str:
    """Return the months of a run of periods: ``in Jan 2027``, ``from Jul 2030 on``, ``from Jan to …``."""
    if last == len(plan.periods) - 1:
        return f"from {month_name(plan.periods[first])} on"
    end = month_text(month_number(plan.periods[last]) + plan.period_months[last] - 1)
    start = plan.periods[first]
    return f"in {month_name(start)}" if start == end else f"from {month_name(start)} to {month_name(end)}"


def _most_more(plan: Plan) -> str:
    if plan.status == "optimal":
        return f"No other {plan_noun(plan)} {SAME_RULES} is worth more"
    return f"Under the same rules and figures another {plan_noun(plan)} could be worth at most {gap_of(plan)} more"


def _how_sure(plan: Plan) -> Answer:
    weak = doubts(plan)
    assumed = sum(f.confidence == "assumed" for f in weak)
    k = plan.kpis
    beyond = k.residual_usd + k.terminal_usd
    rules = len(plan.certificate.rules_checked)
    arithmetic = (
        f"Of the arithmetic: {'very' if searched_out(plan) else 'less than was asked for'}. {_most_more(plan)}, and an "
        f"independent check found {several(rules, 'rule')} kept."
    )
    leans = f"{several(len(weak), 'figure')} of low confidence, {count(assumed)} of them assumed"
    figures = (
        f"Of the figures: less. The plan leans on {leans}." if weak else "Of the figures: none of them is doubtful."
    )
    sentences = [s for s in (markets_sentence(plan), arithmetic, figures) if s]
    if beyond > 0 and k.npv_usd > 0:
        which = f"{percent(beyond / k.npv_usd, 0)} of the value" if k.cash_usd > 0 else "More than the whole value"
        sentences.append(f"{which} rests on what comes after the horizon. {years_sentence(k)}")
    return Answer("how-sure", "How sure is this?", sentences, ("#confidence", "Figures it leans on"))


@dataclass(frozen=True, slots=True)
class FirstStep:
    """What has to be begun in a month."""

    month: str
    kind: str
    text: str
    detail: str


def first_steps(plan: Plan) -> list[tuple[str, list[FirstStep]]]:
    """Return what the first half year asks for, by month: programmes to begin, depots and vehicles to order."""
    end = month_text(month_number(plan.periods[0]) + FIRST_MONTHS)
    found = sorted([*_programmes(plan, end), *_depots(plan, end), *_purchases(plan, end)], key=_by_month)
    return [(month, list(steps)) for month, steps in groupby(found, key=lambda s: s.month)]


def _by_month(step: FirstStep) -> tuple[str, str, str]:
    return step.month, step.kind, step.text


def _programmes(plan: Plan, end: str) -> list[FirstStep]:
    found = []
    for city, d in ordered_deployments(plan):
        if d.programme_start < end:
            begun = [s for s in d.permits if not s.held and s.start == d.programme_start]
            opens = openings.opens(d.launch, openings.today_of(plan))
            detail = f"{listed([f'“{s.title}”' for s in begun])}; {opens}" if begun else opens
            text = f"Begin permits and tests of {d.partner} in {city.name}"
            found.append(FirstStep(d.programme_start, "a", text, detail))
    return found


def _depots(plan: Plan, end: str) -> list[FirstStep]:
    last = month_text(month_number(plan.periods[-1]) + plan.period_months[-1])
    return [
        FirstStep(d.ordered, "b", f"Order the depot {d.site} in {c.name}", f"live {month_name(d.live)}")
        for c in plan.cities
        for d in c.depots
        if d.ordered < end and d.live < last
    ]


def _purchases(plan: Plan, end: str) -> list[FirstStep]:
    found = []
    for t, month in enumerate(plan.periods):
        bought = [f"{count(s.bought[t])} of {s.partner}" for s in plan.stacks if s.bought[t]]
        if bought and month < end:
            found.append(FirstStep(month, "c", f"Buy vehicles: {listed(bought)}", ""))
    return found
