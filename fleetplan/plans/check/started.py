"""What a request starts from, read anew: permits in hand, vehicles that there are, and that the plan left what is done as it is.

Of the periods before the month that is planned from no rule is asked: what is done may have broken some.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.months import month_number
from fleetplan.plans.check.case import Case, Deployed
from fleetplan.plans.check.report import Named, Violation, say
from fleetplan.request.started import StartingState
from fleetplan.service.types import LadderLevel

RULE = "starting_state"
NEAR_KM2 = 0.05
ASKED_OF_WHAT_IS_DONE = frozenset(
    {
        *("overrides", "plan_shape", "money_lines", "npv", "returns", "objective", "markets_first", "plan_totals"),
        *(
            "plan_columns",
            "plan_tells",
            "permits_told",
            "certificate",
            "lawful",
            "operator_seat",
            "partner_earns",
            RULE,
        ),
    }
)
"""Rules on what a plan says, and on what it is made of: they hold for every period."""


class _Placed(Protocol):
    @property
    def city(self) -> str: ...

    @property
    def stack(self) -> str: ...


def state_of(case: Case) -> StartingState | None:
    """Return the request's starting state where some of its periods are done."""
    return case.request.starting_state if case.request.grid.done else None


def excused(case: Case, found: Violation) -> bool:
    """Return whether a violation lies in what is done: in a month, or a calendar year, before the first month planned."""
    state = state_of(case)
    if state is None or found.rule in ASKED_OF_WHAT_IS_DONE or found.rule.startswith("money."):
        return False
    when = found.where.rpartition("/")[2]
    dated = when in case.labels or (when.isdecimal() and len(when) == len("2027"))
    return dated and when < state.month[: len(when)]


def _here(case: Case, entry: _Placed) -> tuple[str, str]:
    city = resolve_city(case.raw, entry.city)
    return resolve_stack(case.raw, entry.stack, city), city


def in_hand(case: Case, place: tuple[str, str]) -> dict[str, int]:
    """Return the permits of a place (stack and city) that a request says are in hand, with the absolute month since when."""
    state = state_of(case)
    found = {}
    for entry in state.permits if state else ():
        city = resolve_city(case.raw, entry.city) if entry.city else None
        stack = resolve_stack(case.raw, entry.stack, city) if entry.stack else None
        if stack in {None, place[0]} and city in {None, place[1]}:
            found[entry.permit] = month_number(entry.month)
    return found


def programmes_begun(case: Case, stack: str) -> dict[str, int]:
    """Return by city the absolute month in which a stack's programme began, where a request says that it has begun."""
    state = state_of(case)
    places = [(_here(case, entry), month_number(entry.month)) for entry in (state.programmes if state else ())]
    return {city: month for (name, city), month in places if name == stack}


def standing_vehicles(case: Case, place: tuple[str, str], t: int, mode: str | None = None) -> int:
    """Return the vehicles of a place (stack and city) that serve in a period done, in one mode or in all of them."""
    state, latest = state_of(case), dict[str, tuple[str, int]]()
    for entry in state.fleets if state else ():
        if _here(case, entry) == place and entry.month <= case.labels[t] and mode in {None, entry.mode}:
            latest[entry.mode] = max(latest.get(entry.mode, ("", 0)), (entry.month, entry.vehicles))
    return sum(count for _, count in latest.values())


def standing_level(case: Case, place: tuple[str, str], levels: Iterable[LadderLevel], t: int) -> int:
    """Return the level of a place (stack and city) that is open in a period done, 0 for none."""
    state = state_of(case)
    mine = [a for a in state.areas if _here(case, a) == place and a.month <= case.labels[t]] if state else []
    if not mine:
        return 0
    km2, sizes = max(mine, key=lambda a: a.month).km2, [level.area_km2 for level in levels]
    return min((n for n, size in enumerate(sizes, start=1) if km2 <= size + NEAR_KM2), default=len(sizes))


def there(case: Case, stack: str) -> int:
    """Return the vehicles of a stack that there are by what a request starts from: in service last, or bought."""
    state = state_of(case)
    if state is None:
        return 0
    last = case.request.grid.done - 1
    places = {place for entry in state.fleets if (place := _here(case, entry))[0] == stack}
    bought = sum(b.vehicles for b in state.bought if resolve_stack(case.raw, b.stack) == stack)
    return max(bought, sum(standing_vehicles(case, place, last) for place in places))


def check_starting_state(case: Case) -> Iterator[Violation]:
    """Yield what a plan has in periods done otherwise than its request says."""
    state = state_of(case)
    if state is None:
        return
    begun = {_here(case, entry): entry.month for entry in state.programmes}
    rows = {(d.row.stack, d.row.city): d for d in case.deployed}
    for place, month in begun.items():
        if place not in rows or rows[place].row.programme_start != month:
            told = rows[place].row.programme_start if place in rows else None
            yield Violation(
                RULE,
                f"{place[1]}/{place[0]}",
                say("the programme begins in {}; it began in {}", Named("month", told), Named("month", month)),
                1.0,
            )
    for place, deployed in rows.items():
        if deployed.row.programme_start < state.month and place not in begun:
            text = say(
                "the programme is said to have begun in {}; it had not by {}",
                Named("month", deployed.row.programme_start),
                Named("month", state.month),
            )
            yield Violation(RULE, deployed.name, text, 1.0)
        yield from _service(case, place, deployed)
    yield from _purchases(case, state)
    yield from _depots(case, state)


def _service(case: Case, place: tuple[str, str], deployed: Deployed) -> Iterator[Violation]:
    for t in range(case.request.grid.done):
        level = standing_level(case, place, deployed.levels, t)
        if deployed.row.level[t] != level:
            text = say("level {} is open; it was level {}", deployed.row.level[t], level)
            yield Violation(RULE, case.where(deployed.name, t), text, abs(deployed.row.level[t] - level))
        for mode, counts in deployed.row.vehicles_by_mode.items():
            served = standing_vehicles(case, place, t, mode)
            if counts[t] != served:
                text = say("{} vehicles serve in mode {}; {} did", counts[t], Named("mode", mode), served)
                yield Violation(RULE, case.where(deployed.name, t), text, abs(counts[t] - served))
        if deployed.row.vehicles[t] != standing_vehicles(case, place, t):
            yield Violation(RULE, case.where(deployed.name, t), say("vehicles of a mode that served are left out"), 1.0)
        if deployed.row.trips_per_day[t] or deployed.row.demand_per_day[t]:
            text = say("trips or riders are told of a period that is done")
            yield Violation(RULE, case.where(deployed.name, t), text, deployed.row.trips_per_day[t])


def _purchases(case: Case, state: StartingState) -> Iterator[Violation]:
    for fleet in case.plan.stacks:
        mine = [b for b in state.bought if resolve_stack(case.raw, b.stack) == fleet.stack]
        for t in range(case.request.grid.done):
            count = sum(b.vehicles for b in mine if month_number(b.month) in case.months(t))
            if fleet.bought[t] != count:
                text = say("{} are bought; {} were", fleet.bought[t], count)
                yield Violation(RULE, case.where(fleet.stack, t), text, abs(fleet.bought[t] - count))


def _depots(case: Case, state: StartingState) -> Iterator[Violation]:
    ordered = {(resolve_city(case.raw, d.city), d.site): d.month for d in state.depots}
    told = {(c.city, d.site): d for c in case.plan.cities for d in c.depots}
    for site, month in ordered.items():
        if site not in told or told[site].ordered != month:
            have = told[site].ordered if site in told else None
            yield Violation(
                RULE,
                "/".join(site),
                say("the site is ordered in {}; it was in {}", Named("month", have), Named("month", month)),
                1.0,
            )
    for site, depot in told.items():
        if depot.ordered < state.month and site not in ordered:
            text = say(
                "the site is said to have been ordered in {}; it had not by {}",
                Named("month", depot.ordered),
                Named("month", state.month),
            )
            yield Violation(RULE, "/".join(site), text, 1.0)
        stalls: Mapping[str, list[int]] = {"platform": depot.stalls, "partner": depot.stalls_partner}
        for payer, counts in stalls.items():
            mine = [s for s in state.stalls if (resolve_city(case.raw, s.city), s.site, s.payer) == (*site, payer)]
            for t in range(case.request.grid.done):
                latest = max(((s.month, s.stalls) for s in mine if s.month <= case.labels[t]), default=("", 0))
                if counts[t] != latest[1]:
                    text = say("{} stalls of the {} stand; {} did", counts[t], payer, latest[1])
                    yield Violation(RULE, case.where("/".join(site), t), text, abs(counts[t] - latest[1]))
