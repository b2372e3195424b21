"""Permits and law: ``permit_path``, ``permit_area``, ``permit_cap``, ``operator_seat``, ``barred``, ``lawful``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from fleetplan.catalogue.types import City, Permit, Stack
from fleetplan.months import month_number, month_text
from fleetplan.plans.check.case import OPERATOR_MODES, PUBLIC_MODES, Case, Deployed
from fleetplan.plans.check.measure import NEVER
from fleetplan.plans.check.operation import narrow_tests
from fleetplan.plans.check.permit_dates import Calendar, Timing, cap_events, left_at
from fleetplan.plans.check.report import Named, Violation, say
from fleetplan.plans.types import PermitStep
from fleetplan.request.constraints import EventDate
from fleetplan.service.places import areas_by_level


def check_permit_path(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield programmes, permit months and modes that the permit graph does not bear."""
    for deployed in case.deployed:
        if deployed.row.programme_start not in case.labels:
            yield Violation(
                "permit_path",
                deployed.name,
                say("the programme starts in {}, which begins no period", Named("month", deployed.row.programme_start)),
                1.0,
            )
        yield from _steps(case, calendar, deployed)
        yield from _openings(case, calendar, deployed)
        yield from _modes(case, calendar, deployed)


def _openings(case: Case, calendar: Calendar, deployed: Deployed) -> Iterator[Violation]:
    for t, level in enumerate(deployed.row.level):
        where = case.where(deployed.name, t)
        if level and not calendar.permitted(deployed, t):
            yield Violation("permit_path", where, say("level {} is open while no mode is permitted", level), 1.0)
        if level and deployed.start > case.starts[t]:
            yield Violation("permit_path", where, say("service is open before the programme starts"), 1.0)


def _steps(case: Case, calendar: Calendar, deployed: Deployed) -> Iterator[Violation]:
    permits = case.catalogue.permits_of(deployed.row.stack, deployed.row.city)
    expected = calendar.of(deployed)
    listed = {step.permit: step for step in deployed.row.permits}
    for permit_id, step in listed.items():
        if permit_id not in permits:
            yield Violation(
                "permit_path", deployed.name, say("permit {} is none of the city's", Named("permit", permit_id)), 1.0
            )
            continue
        yield from _step(deployed, step, expected[permit_id])
        permit = permits[permit_id]
        before = {p for p in (*permit.all_of, *(p for p, _ in permit.after_start)) if p in permits}
        either = {p for p in permit.any_of if p in permits}
        if not before <= set(listed) or (either and not either & set(listed)):
            text = say("permit {} is listed without what comes before it", Named("permit", permit_id))
            yield Violation("permit_path", deployed.name, text, 1.0)


def _step(deployed: Deployed, step: PermitStep, expected: Timing) -> Iterator[Violation]:
    if step.held != expected.held:
        said = "in hand before the horizon" if step.held else "still to be got"
        yield Violation(
            "permit_path", deployed.name, say("permit {} is given as {}", Named("permit", step.permit), said), 1.0
        )
        return
    if expected.held:
        return
    for what, given, month in (("starts", step.start, expected.start), ("finishes", step.finish, expected.finish)):
        due = month_text(month) if month < NEVER else None
        if given != (due or "never"):
            told = f"permit {{}} {what} in {{}}; it should in {{}}"
            yield Violation(
                "permit_path",
                deployed.name,
                say(told, Named("permit", step.permit), Named("month", given), Named("month", due)),
                1.0,
            )


def _modes(case: Case, calendar: Calendar, deployed: Deployed) -> Iterator[Violation]:
    for t in case.periods:
        for mode in deployed.used_modes(t):
            where = case.where(deployed.name, t)
            if mode not in case.service_modes:
                yield Violation(
                    "permit_path",
                    where,
                    say("vehicles run in {}, which the request does not count", Named("mode", mode)),
                    1.0,
                )
            elif not calendar.opening(deployed, mode, t):
                count = deployed.row.vehicles_by_mode[mode][t]
                yield Violation(
                    "permit_path",
                    where,
                    say("{} vehicles run in {} before its permit", count, Named("mode", mode)),
                    float(count),
                )
            elif not {s.permit for s in deployed.row.permits} & {p.id for p in calendar.opening(deployed, mode, t)}:
                yield Violation(
                    "permit_path",
                    where,
                    say("the plan does not list the permit that opens {}", Named("mode", mode)),
                    1.0,
                )


def check_permit_area(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield areas larger than the permits in hand allow."""
    for deployed in case.deployed:
        beyond = uncovered(case, deployed.stack, deployed.city)
        for t in case.periods:
            if deployed.row.level[t]:
                yield from _area(case, calendar, deployed, t, beyond)


def _area(
    case: Case, calendar: Calendar, deployed: Deployed, t: int, beyond: list[frozenset[str]]
) -> Iterator[Violation]:
    level, where = deployed.row.level[t], case.where(deployed.name, t)
    permits = case.catalogue.permits_of(deployed.row.stack, deployed.row.city).values()
    finished = calendar.finished(deployed, t)
    limits = [p.area_levels for p in permits if p.opens in case.service_modes and p.area_levels > 0]
    if limits and level > min(limits) and not any(permit.opens == "area" for permit in finished):
        text = say("level {} is open; {} levels may be without an area permit", level, min(limits))
        yield Violation("permit_area", where, text, level - min(limits))
    in_hand = {permit.id for permit in finished}
    listed = {step.permit for step in deployed.row.permits}
    needed = {permit for ring in deployed.levels[:level] for permit in ring.requires}
    for permit_id in sorted(needed - (in_hand & listed)):
        yield Violation(
            "permit_area", where, say("level {} is open without permit {}", level, Named("permit", permit_id)), 1.0
        )
    for area in sorted(frozenset[str]().union(*beyond[:level])):
        if not adding_area(permits, area) & in_hand & listed:
            text = say(
                "level {} is open in {}, for which the permits in hand were not given, and none adds it", level, area
            )
            yield Violation("permit_area", where, text, 1.0)


def uncovered(case: Case, stack: Stack, city: City) -> list[frozenset[str]]:
    """Return for every level the areas in it that what a stack held before the horizon does not cover.

    Each permit held that names areas covers these; a stack whose permits name none is bound to none.
    """
    levels = areas_by_level(case.services[city.slug], city)
    met = case.catalogue.permits_of(stack.slug, city.slug)
    named = [frozenset(hold.covers) for hold in stack.holds if hold.permit in met and hold.covers]
    if not named:
        return [frozenset() for _ in levels]
    return [level - frozenset.intersection(*named) for level in levels]


def adding_area(permits: Iterable[Permit], area: str) -> set[str]:
    """Return the permits that add an area to what is held: those that name it, and those for any area."""
    return {p.id for p in permits if area in p.covers or (p.opens == "area" and not p.covers)}


def check_fare_allowed(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield vehicles in a mode of smaller fare while a mode of fuller fare is permitted."""
    for deployed in case.deployed:
        for t in case.periods:
            factors = {mode: calendar.fare_factor(deployed, mode, t) for mode in calendar.permitted(deployed, t)}
            best = max(factors.values(), default=0.0)
            for mode in deployed.used_modes(t):
                count = deployed.row.vehicles_by_mode[mode][t]
                if factors.get(mode, best) < best:
                    text = say(
                        "{} vehicles run in {} at {:g} of the fare; {:g} is permitted",
                        count,
                        Named("mode", mode),
                        factors[mode],
                        best,
                    )
                    yield Violation("fare_allowed", case.where(deployed.name, t), text, float(count))


def check_permit_cap(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield fleets above a cap in a permit."""
    for deployed in case.deployed:
        for t in case.periods:
            for mode in PUBLIC_MODES:
                count = deployed.row.vehicles_by_mode.get(mode, [0] * len(case.periods))[t]
                cap = calendar.concurrent_cap(deployed, mode, t)
                if count and cap and count > cap:
                    text = say("{} vehicles run in {}; its permit allows {:.0f}", count, Named("mode", mode), cap)
                    yield Violation("permit_cap", case.where(deployed.name, t), text, count - cap)
            yield from _tests(case, deployed, t)
    yield from _shared_quotas(case, calendar)
    yield from _type_years(case)


def _tests(case: Case, deployed: Deployed, t: int) -> Iterator[Violation]:
    """Yield vehicles in tests above what a permit for tests allows."""
    count = deployed.row.test_vehicles[t]
    for permit in narrow_tests(deployed.met):
        if count > permit.fleet_cap:
            text = say("{} vehicles are in tests; {} allows {}", count, Named("permit", permit.id), permit.fleet_cap)
            yield Violation("permit_cap", case.where(deployed.name, t), text, count - permit.fleet_cap)


def capped(case: Case, city: str, kind: str) -> list[Permit]:
    """Return the permits of a city with a cap of a kind, but for optional ones that open a mode which does not count."""
    return [
        p
        for p in case.catalogue.permits_for(city).values()
        if p.fleet_cap
        and p.fleet_cap_kind == kind
        and not (p.optional and p.opens in PUBLIC_MODES and p.opens not in case.service_modes)
    ]


def limits_one_mode(permit: Permit) -> bool:
    """Return whether a quota limits only the vehicles in the mode that its permit opens: nobody needs the permit."""
    return permit.optional and permit.opens in PUBLIC_MODES


def _shared_quotas(case: Case, calendar: Calendar) -> Iterator[Violation]:
    for city in sorted({d.row.city for d in case.deployed}):
        for permit in capped(case, city, "shared_quota"):
            for t in case.periods:
                total = sum(_under(calendar, permit, d, t) for d in case.of_city(city))
                cap = min(float(permit.fleet_cap), left_at(case, permit, t))
                if total > cap:
                    text = say(
                        "{} vehicles run in the city; {} allows {:.0f} to all together",
                        total,
                        Named("permit", permit.id),
                        cap,
                    )
                    yield Violation("permit_cap", case.where(city, t), text, total - cap)


def _under(calendar: Calendar, permit: Permit, deployed: Deployed, t: int) -> int:
    """Return the vehicles of a deployment that a quota counts: none in a mode that another permit in hand opens as well."""
    if not limits_one_mode(permit):
        return deployed.row.vehicles[t]
    others = [p for p in calendar.opening(deployed, permit.opens, t) if p.id != permit.id]
    free = any(p.fare_factor >= permit.fare_factor for p in others)
    return 0 if free else deployed.in_modes((permit.opens,), t)


def _type_years(case: Case) -> Iterator[Violation]:
    placed: dict[tuple[str, str, int], int] = defaultdict(int)
    caps: dict[tuple[str, str, int], float] = {}
    for deployed in case.deployed:
        concern = case.catalogue.permits_of(deployed.row.stack, deployed.row.city)
        for permit in (p for p in capped(case, deployed.row.city, "type_year") if p.id in concern):
            for t in case.periods:
                key = (deployed.row.stack, permit.id, case.starts[t] // 12)
                placed[key] += deployed.added(t)
                before = [most for month, most in cap_events(case, permit) if month <= 12 * key[2]]
                caps[key] = before[-1] if before else permit.fleet_cap
    for (stack, permit_id, year), count in sorted(placed.items()):
        cap = caps[stack, permit_id, year]
        if count > cap:
            text = say(
                "{} vehicles are placed in {}; {} allows {:.0f} a year and type",
                count,
                year,
                Named("permit", permit_id),
                cap,
            )
            yield Violation("permit_cap", f"{stack}/{year}", text, count - cap)


def check_operator_seat(case: Case) -> Iterator[Violation]:
    """Yield vehicles that run with an operator on board and have no seat for one."""
    for deployed in case.deployed:
        for t in case.periods:
            count = deployed.in_modes(OPERATOR_MODES, t)
            if count and not deployed.stack.operator_seat:
                text = say(
                    "{} vehicles run with an operator on board; {} has no seat for one", count, deployed.stack.platform
                )
                yield Violation("operator_seat", case.where(deployed.name, t), text, float(count))


def check_barred(case: Case) -> Iterator[Violation]:
    """Yield vehicles that serve in a month from which on an event of the request bars their stack."""
    given = {c.event: c.month for c in case.request.constraints if isinstance(c, EventDate)}
    for deployed in case.deployed:
        for event in case.catalogue.bars_of(deployed.row.stack, deployed.row.city).values():
            if event.id not in given:
                continue
            for t in case.periods:
                count = deployed.row.vehicles[t]
                if count and month_number(given[event.id]) in range(case.months(t).stop):
                    text = say(
                        "{} vehicles serve; {} bars the stack from {} on",
                        count,
                        Named("event", event.id),
                        Named("month", given[event.id]),
                    )
                    yield Violation("barred", case.where(deployed.name, t), text, float(count))


def check_lawful(case: Case) -> Iterator[Violation]:
    """Yield deployments that the law bars or the request does not admit."""
    for deployed in case.deployed:
        reason = case.admission.refusal(deployed.row.stack, deployed.row.city)
        if reason:
            yield Violation("lawful", deployed.name, say("{}", reason), 1.0)
