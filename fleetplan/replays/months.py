"""Which months of a plan are replayed: a city's launch year and the plan's last year, a month for each of its periods."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from fleetplan.errors import Fault, InputError
from fleetplan.months import month_number, month_text
from fleetplan.plans.types import CityRollout, Plan
from fleetplan.replays.types import MOST_SEED, MOST_SEEDS, CityMonth, ReplayAsked

YEAR = 12


def months_to_replay(plan: Plan, most: int) -> list[CityMonth]:
    """Return the city-months in which a plan stands or falls, those that matter most first, at most so many.

    In a period fleets and riders are the same in every month, so that one month speaks for it. Each city's last period comes
    first, then its first, then the other periods of its first twelve months and of the plan's last twelve.
    """
    ranked: dict[CityMonth, int] = {}
    for city in plan.cities:
        for rank, month in _of_city(plan, city):
            ranked.setdefault(CityMonth(city=city.city, month=month), rank)
    return sorted(ranked, key=lambda one: (ranked[one], one.month, one.city))[:most]


def _of_city(plan: Plan, city: CityRollout) -> Iterator[tuple[int, str]]:
    starts = [month_number(p) for p in plan.periods]
    end = starts[-1] + plan.period_months[-1]
    live = [t for t in range(len(starts)) if is_open(city, t)]
    if not live:
        return
    yield 0, plan.periods[live[-1]]
    yield 1, plan.periods[live[0]]
    for t in live:
        if starts[t] < starts[live[0]] + YEAR or starts[t] >= end - YEAR:
            yield 2, plan.periods[t]


def is_open(city: CityRollout, period: int) -> bool:
    """Return whether anybody has vehicles in service in a city then."""
    return any(d.level[period] and d.vehicles[period] for d in city.deployments)


def find_month(
    plan: Plan, city: str, month: str, where: tuple[str, str] = ("/city", "/month")
) -> tuple[CityRollout, int]:
    """Return the city's part of a plan and the period that holds a month; ``where`` names both for faults.

    Raises
    ------
    InputError
        If the plan has no such city or month, or nothing is open there then.
    """
    known = {c.city: c for c in plan.cities}
    if city not in known:
        raise InputError([Fault(where[0], f"{city} is not in the plan", ", ".join(known), "name one of these")])
    starts = [month_number(p) for p in plan.periods]
    first, last = starts[0], starts[-1] + plan.period_months[-1] - 1
    try:
        number = month_number(month)
    except ValueError as error:
        raise InputError([Fault(where[1], str(error), "a month, YYYY-MM")]) from error
    if not first <= number <= last:
        allowed = f"{month_text(first)} to {month_text(last)}"
        raise InputError([Fault(where[1], f"{month} is not planned", allowed, "give a month of the plan")])
    period = bisect_right(starts, number) - 1
    rollout = known[city]
    if not is_open(rollout, period):
        allowed = f"from {rollout.launch}" if rollout.launch else "no month: the plan opens nothing there"
        raise InputError(
            [Fault(where[1], f"nothing is open in {city} in {month}", allowed, "give a month in which it is")]
        )
    return rollout, period


def check_asked(plan: Plan, asked: ReplayAsked) -> None:
    """Refuse what cannot be replayed of a plan.

    Raises
    ------
    InputError
        With every fault.
    """
    faults: list[Fault] = []
    try:
        find_month(plan, asked.city, asked.month)
    except InputError as error:
        faults += error.faults
    allowed = f"1 to {MOST_SEEDS} whole numbers from 0 to {MOST_SEED}"
    if len(set(asked.seeds)) < len(asked.seeds):
        faults.append(Fault("/seeds", "a seed stands twice", allowed, "take one of the two out"))
    if len(asked.seeds) > MOST_SEEDS:
        faults.append(Fault("/seeds", f"{len(asked.seeds)} seeds are too many", allowed, "ask for fewer runs at once"))
    if any(not 0 <= seed <= MOST_SEED for seed in asked.seeds):
        faults.append(Fault("/seeds", "a seed is out of range", allowed, "choose another"))
    if faults:
        raise InputError(faults)
