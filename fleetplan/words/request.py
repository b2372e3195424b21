"""A request read back in words: for those who ask, before they ask, and for lists of what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import RequestError
from fleetplan.months import month_number, month_text
from fleetplan.request import PlanRequest, parse_request
from fleetplan.request.constraints import MarketsLive
from fleetplan.scope import Scope, resolve_scope
from fleetplan.words.changes import DURATION_NAMES, class_words, sentence
from fleetplan.words.constraints import constraint_words
from fleetplan.words.names import Names
from fleetplan.words.starting import starting_sentences
from fleetplan.words.values import count, listed, month_name, percent, several, usd

DEAL_NAMES = {"announced": "announced", "talks": "in talks", "none": "no deal yet", "rival": "with a rival"}
OBJECTIVE_NAMES = {
    "npv": "the plan with the greatest net present value",
    "markets_then_npv": "as many markets as can be{}, and of the plans with so many the one of greatest net present value",
}


def last_month(start: str, months: int) -> str:
    """Return the last month of a horizon.

    >>> last_month("2027-01", 48)
    '2030-12'
    """
    return month_text(month_number(start) + months - 1)


def span_words(request: PlanRequest) -> str:
    """Return the months that are planned."""
    start, months = request.horizon.start, request.horizon.months
    return f"{month_name(start)} to {month_name(last_month(start, months))}"


def capital_words(request: PlanRequest) -> str:
    """Return the capital a quarter, briefly."""
    given = request.capital.per_quarter_usd
    if not isinstance(given, list):
        return f"{usd(given)} a quarter"
    return f"{usd(min(given))} to {usd(max(given))} a quarter" if given else "no capital"


def budget_usd(request: PlanRequest) -> float:
    """Return the capital that may be spent over the horizon; the last quarter's amount repeats."""
    given, quarters = request.capital.per_quarter_usd, -(-request.horizon.months // 3)
    if not isinstance(given, list):
        return given * quarters
    return sum((given + given[-1:] * quarters)[:quarters]) if given else 0.0


def asked_briefly(request: Mapping[str, Any], catalogue: Catalogue) -> str:
    """Return what a stored plan was asked in one line: cities, months, capital."""
    try:
        asked = PlanRequest.model_validate(request)
    except ValueError:  # stored by another version
        return ""
    names = Names(catalogue)
    left = cities_asked(request, catalogue)
    named = [names.city(city) for city in asked.cities or [] if city not in asked.exclude_cities]
    where = listed(named) if 0 < len(named) <= 3 else several(left, "city", "cities")
    return f"{where} · {span_words(asked)} · {capital_words(asked)}"


def cities_asked(request: Mapping[str, Any], catalogue: Catalogue) -> int:
    """Return how many cities a stored request considers."""
    named = request.get("cities")
    return len(catalogue.cities if named is None else named) - len(request.get("exclude_cities") or [])


def question(scope: Scope) -> list[str]:
    """Return a valid request as sentences: where, with whom, for what money, to what end, under which constraints."""
    request, catalogue = scope.request, scope.catalogue
    names = Names(catalogue)
    everything = len(scope.cities) == len(catalogue.cities) > 1
    where = f"all {len(scope.cities)} cities" if everything else listed([names.city(slug) for slug in scope.cities])
    head = "When and how to launch in" if len(scope.cities) == 1 else "Where to launch among"
    single = min(request.horizon.single_months, request.horizon.months)
    grid = f"{several(single, 'single month')}, then by quarter" if single else "by quarter"
    if single == request.horizon.months:
        grid = "month by month"
    elif cuts := request.horizon.cuts:
        grid = f"{grid}, and from {listed([month_name(month) for month in cuts])}"
    return [
        f"{head} {where}, from {span_words(request)} ({grid}).",
        _partners(scope),
        *[
            sentence(f"{names.place(c.stack, c.city)} {class_words(c.model_dump())}")
            for c in request.deployments.classes
        ],
        _money(request),
        *(starting_sentences(request.starting_state, names) if request.starting_state is not None else ()),
        _wanted(request),
        *[sentence(constraint_words(c.model_dump(mode="json"), names)) for c in scope.constraints],
        *_changed_figures(request),
    ]


def _partners(scope: Scope) -> str:
    stacks = {stack for stack, _ in scope.deployments}
    deals = listed([DEAL_NAMES[deal] for deal in scope.request.deployments.deals]) or "none"
    if not stacks:
        return f"No partner can be placed: none has a deal in these cities of a kind that may count ({deals})."
    return (
        f"{several(len(stacks), 'partner stack')} may be placed, {several(len(scope.deployments), 'deployment')} in all; "
        f"deals that may count: {deals}."
    )


def _money(request: PlanRequest) -> str:
    floor = request.capital.cash_floor_usd
    words = f"Capital of {capital_words(request)} may be spent, {usd(budget_usd(request))} over the horizon"
    return f"{words}; net cash since the start may not fall below {usd(-floor)}." if floor is not None else f"{words}."


def objective_words(request: PlanRequest) -> str:
    """Return to what end a request asks; where markets come first, by which dates: the end of the horizon without a target."""
    targets = [c for c in request.constraints if isinstance(c, MarketsLive)]
    free = {c.by for c in targets if c.counts == "public"}
    dates = sorted({c.by for c in targets}) or [last_month(request.horizon.start, request.horizon.months)]
    told = [f"{month_name(month)}{' (free rides count as well)' if month in free else ''}" for month in dates]
    return OBJECTIVE_NAMES[request.objective].format(f" by {listed(told)}")


def _wanted(request: PlanRequest) -> str:
    return (
        f"Wanted: {objective_words(request)}, at {percent(request.discount_rate)} a year. "
        f"Permits are taken to last {DURATION_NAMES[request.permit_durations]}."
    )


def _changed_figures(request: PlanRequest) -> list[str]:
    number = len(request.overrides)
    return (
        [f"{several(number, 'figure')} of the catalogue {'is' if number == 1 else 'are'} replaced."] if number else []
    )


def count_words(size: Mapping[str, int]) -> str:
    """Return the size of a request in words.

    >>> count_words({"deployments": 12, "stacks": 9, "cities": 8, "periods": 24})
    '12 deployments of 9 stacks in 8 cities over 24 periods'
    """
    deployments, stacks = several(size["deployments"], "deployment"), several(size["stacks"], "stack")
    cities = several(size["cities"], "city", "cities")
    return f"{deployments} of {stacks} in {cities} over {count(size['periods'])} periods"


def asked_whole(request: Mapping[str, Any], catalogue: Catalogue) -> list[str]:
    """Return a stored request as sentences; nothing where today's catalogue cannot read it any more."""
    try:
        return question(resolve_scope(parse_request(dict(request)), catalogue))
    except RequestError:
        return []


def asked_apart(request: PlanRequest, catalogue: Catalogue) -> list[str]:
    """Return in words what was asked, its constraints apart; nothing where today's catalogue cannot read it any more."""
    try:
        return question(replace(resolve_scope(request, catalogue), constraints=()))
    except RequestError:
        return []


def constraints_in_words(request: Mapping[str, Any], catalogue: Catalogue) -> dict[str, str]:
    """Return what each constraint of a stored request asks, by its id."""
    names = Names(catalogue)
    found = {c["id"]: constraint_words(c, names) for c in request.get("constraints", [])}
    return {key: f"{text[:1].upper()}{text[1:]}" for key, text in found.items()}
