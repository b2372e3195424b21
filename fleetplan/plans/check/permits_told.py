"""Whether the permits that a plan lists are those of the catalogue, in the months in which they are in hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from fleetplan.catalogue.types import Permit
from fleetplan.months import month_text
from fleetplan.plans.check.case import Case, Dated, Deployed
from fleetplan.plans.check.law import adding_area, uncovered
from fleetplan.plans.check.measure import NEVER
from fleetplan.plans.check.permit_dates import Calendar, Timing, class_of, timings
from fleetplan.plans.check.report import RATIO, Named, Violation, say
from fleetplan.plans.types import OpeningMonths, PermitStep

RULE = "permits_told"
LONG_AGO = 12 * 1900  # what was begun before is told without months
VARIANTS: dict[str, Dated] = {
    "min": "earliest",
    "promised": "likely",
    "median": "likely",
    "careful": "likely",
    "max": "latest",
}
"""Durations that months are told for, and the dates of laws that go with each."""


def check_permits_told(case: Case, calendar: Calendar) -> Iterator[Violation]:
    """Yield permits told otherwise than they are, or left out though what is listed needs them."""
    for deployed in case.deployed:
        dates = _Dates(case, calendar, deployed)
        for step in deployed.row.permits:
            yield from _step(dates, step)
        yield from _complete(deployed, dates)
        yield from _opening(dates, "launch_months", deployed.row.launch_months, deployed.launch_period)
        out = next((t for t in case.periods if "paid_driver_out" in deployed.used_modes(t)), None)
        yield from _opening(dates, "driver_out_months", deployed.row.driver_out_months, out)


@dataclass(frozen=True)
class _Dates:
    """When a deployment's permits are in hand, as planned and under other durations."""

    case: Case
    calendar: Calendar
    deployed: Deployed

    @cached_property
    def permits(self) -> dict[str, Permit]:
        """The permits as its stack meets them, by id."""
        return {p.id: p for p in self.deployed.met}

    @cached_property
    def planned(self) -> dict[str, Timing]:
        """Under the durations that the request plans on."""
        return self.calendar.of(self.deployed)

    @cached_property
    def other(self) -> dict[str, dict[str, Timing]]:
        """Under each of the durations that months are told for."""
        return {which: timings(_variant(self.case, which, laws), self.deployed) for which, laws in VARIANTS.items()}

    @cached_property
    def needed(self) -> list[list[str]]:
        """What the smallest area needs besides a mode's permit: of each list one."""
        beyond = uncovered(self.case, self.deployed.stack, self.deployed.city)[0]
        areas = (sorted(adding_area(self.deployed.met, area)) for area in sorted(beyond))
        return [*([permit] for permit in self.deployed.levels[0].requires), *areas]

    def ready(self, permit: Permit, found: Mapping[str, Timing]) -> int:
        """Return the month in which a permit and what the smallest area needs are in hand."""
        areas = (min((found[p].finish for p in need if p in found), default=NEVER) for need in self.needed)
        return max([found[permit.id].finish, *areas])

    def finishes(self, permit: str) -> dict[str, int]:
        """Return the month in which a permit is in hand, by durations."""
        return {which: found[permit].finish for which, found in self.other.items()}


def _variant(case: Case, which: str, laws: Dated) -> Case:
    request = case.request.model_copy(update={"permit_durations": which})
    return replace(case, plan=case.plan.model_copy(update={"request": request}), laws=laws)


def _month(month: int, *, held: bool) -> str:
    return "" if held or month < LONG_AGO else month_text(month)


def _step(dates: _Dates, step: PermitStep) -> Iterator[Violation]:
    where = f"{dates.deployed.name}/{step.permit}"
    permit = dates.permits.get(step.permit)
    if permit is None:
        yield Violation(RULE, where, say("the city's law knows no such permit"), 1.0)
        return
    expected = _expected(dates, permit)
    for name, want in expected.items():
        have = getattr(step, name)
        if have != want:
            yield Violation(RULE, where, say("{} is {!r}; it comes to {!r}", name, have, want), 1.0)


def _expected(dates: _Dates, permit: Permit) -> dict[str, object]:
    """Return what a step of the plan says of a permit, by field."""
    timing, ends = dates.planned[permit.id], dates.finishes(permit.id)
    finish = _month(timing.finish, held=timing.held)
    every = [timing.finish, *ends.values()]
    named = {name: getattr(permit, name) for name in ("title", "authority", "jurisdiction", "scope", "event", "opens")}
    return named | {
        "source": permit.source,
        "confidence": permit.confidence,
        "held": timing.held,
        "start": _month(timing.start, held=timing.held),
        "finish": finish,
        "earliest": finish and month_text(min(every)),
        "latest": finish and month_text(max(every)),
        **{name: finish and month_text(ends[name]) for name in ("promised", "median", "careful")},
    }


def _complete(deployed: Deployed, dates: _Dates) -> Iterator[Violation]:
    """Of what opens the modes that run, and of what that needs, nothing is left out and nothing is listed twice."""
    listed = [step.permit for step in deployed.row.permits]
    if len(set(listed)) < len(listed):
        yield Violation(RULE, deployed.name, say("a permit is listed twice"), len(listed) - len(set(listed)))
    for mode, counts in deployed.row.vehicles_by_mode.items():
        if any(counts) and not any(dates.permits[p].opens == mode for p in listed if p in dates.permits):
            yield Violation(RULE, deployed.name, say("no permit that opens {} is listed", Named("mode", mode)), 1.0)
    for name in listed:
        permit = dates.permits.get(name)
        for before in permit.all_of if permit is not None else ():
            if before in dates.permits and before not in listed:
                yield Violation(
                    RULE,
                    f"{deployed.name}/{name}",
                    say("{} comes before it and is not listed", Named("permit", before)),
                    1.0,
                )


def _opening(dates: _Dates, name: str, told: OpeningMonths | None, t: int | None) -> Iterator[Violation]:
    """How sure a month is goes with one of the permits that open the modes which begin in it."""
    where = f"{dates.deployed.name}.{name}"
    if t is None or told is None:
        if t is None and told is not None:
            yield Violation(RULE, where, say("is told of a month that does not come"), 1.0)
        return
    modes = dates.deployed.used_modes(t) if name == "launch_months" else ["paid_driver_out"]
    possible = [_sure(dates, permit, t) for mode in modes for permit in dates.calendar.opening(dates.deployed, mode, t)]
    if not any(_same(told, one) for one in possible):
        text = say(
            "is {}; the permits that open it make it {}", told.model_dump(), [one.model_dump() for one in possible]
        )
        yield Violation(RULE, where, text, 1.0)


def _same(one: OpeningMonths, other: OpeningMonths) -> bool:
    texts = ("promised", "median", "careful", "slip")
    shares = ((one.kept, other.kept), (one.never, other.never))
    return all(getattr(one, n) == getattr(other, n) for n in texts) and all(abs(a - b) <= RATIO for a, b in shares)


def _sure(dates: _Dates, permit: Permit, t: int) -> OpeningMonths:
    """Return how sure a month is that waits for a permit, and for what the smallest area needs."""
    case, deployed = dates.case, dates.deployed
    planned = dates.ready(permit, dates.planned)
    ends = {which: dates.ready(permit, found) for which, found in dates.other.items()}
    begun_with = next(k for k in case.periods if case.starts[k] >= planned)
    least = case.starts[t] if planned < LONG_AGO or begun_with < t else deployed.start
    kind = class_of(case, (deployed.row.stack, deployed.row.city), permit)
    months = {which: month_text(max(least, ends[which])) for which in ("promised", "median", "careful")}
    return OpeningMonths(**months, slip=kind, kept=case.own(f"slip.{kind}_kept"), never=case.own(f"slip.{kind}_never"))
