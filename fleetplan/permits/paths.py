"""The way of one stack through the permits of one city.

Permits belong to programmes. The city's own permits form the programme of the deployment; permits of a wider jurisdiction
form one programme per stack and jurisdiction, shared by every city below it. Inside a programme nothing waits: a permit
starts at

    start(n)  = max(programme(n), finish of all_of(n), min finish of any_of(n), start(k) + months for after_start, event(n))
    finish(n) = start(n) + ceil(months(n)) + delay(n)

Promises slip (:mod:`fleetplan.permits.slips`). A permit that opens rides to the public is in hand no earlier than its own slip
after the month it would have without any slip, and no earlier than its months after what it waits for; so slips along a path
run side by side, and the longest counts, never their sum:

    finish(n) = max(start(n) + months(n), clear finish(n) + slip(n)),     event(n) later by the slip of its law

Where a permit waits for the earlier of several, each way is timed by itself and the earliest counts.

Months add and maxima commute ("max-plus"), so with programmes started at tau_1 .. tau_k the finish of a permit is the largest
of its finishes when only programme j starts at tau_j and the others long ago. That is what lets the optimizer treat a permit
as an index shift of a step variable, exactly, without a variable per stage. ``any_of`` breaks the rule only where
alternatives belong to different programmes: :mod:`fleetplan.permits.ways`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from fleetplan.catalogue.types import Catalogue, Permit
from fleetplan.months import month_number
from fleetplan.permits.slips import Durations, event_slip, permit_slip

PUBLIC_MODES = ("unpaid_operator", "unpaid_driver_out", "paid_operator", "paid_driver_out")
LONG_AGO = -(10**6)
CITY = "city"
EventDates = Literal["min", "likely", "max"]


@dataclass(frozen=True, slots=True)
class DelayRule:
    """A permit delay of a request, resolved to slugs; empty strings match everything."""

    months: int
    permit: str = ""
    jurisdiction: str = ""
    city: str = ""
    stack: str = ""

    def applies(self, permit: Permit, stack: str, city: str) -> bool:
        """Return whether this delay lengthens a permit as seen by one deployment."""
        if self.stack and self.stack != stack:
            return False
        if self.city and self.city != city:
            return False
        if self.jurisdiction and self.jurisdiction != permit.jurisdiction:
            return False
        if self.permit:
            return self.permit == permit.id
        return permit.opens in PUBLIC_MODES


@dataclass(frozen=True, slots=True)
class PermitTiming:
    """Absolute months between which one permit is worked on; ``held`` when it was in hand before."""

    permit: Permit
    start: int
    finish: int
    held: bool


@dataclass(frozen=True)
class PermitPath:
    """Every permit that one deployment may need, and the arithmetic of its months.

    Attributes
    ----------
    permits
        By id, widest jurisdiction first.
    wide
        Slugs of the wider jurisdictions whose stack-held permits are not all in hand: one programme each.
    slips, event_slips
        By permit: months by which it comes later than its months say, and its law than its date; those that slip.
    covers
        The areas of cities for which the permits in hand were given, None where they name none.
    in_hand
        By permit: the absolute month since when it is in hand, where a starting state says so.
    not_before
        The absolute month before which no permit is in hand that is neither held nor in ``in_hand``.
    programmes
        Absolute months in which programmes began that have begun already.
    """

    stack: str
    city: str
    permits: Mapping[str, Permit]
    wide: tuple[str, ...]
    held: frozenset[str]
    begun: Mapping[str, int]
    events: Mapping[str, int]
    months: Mapping[str, int]
    horizon_start: int
    slips: Mapping[str, int] = field(default_factory=dict)
    event_slips: Mapping[str, int] = field(default_factory=dict)
    covers: frozenset[str] | None = None
    in_hand: Mapping[str, int] = field(default_factory=dict)
    not_before: int = LONG_AGO
    programmes: Mapping[str, int] = field(default_factory=dict)

    def begins(self, programme: str) -> int:
        """Return the absolute month in which a programme began, or may begin at the earliest."""
        return self.programmes.get(programme, max(self.horizon_start, self.not_before))

    @cached_property
    def _single_ways(self) -> tuple[PermitPath, ...]:
        """The paths on which no permit waits for the earlier of several: one for every choice among alternatives."""
        known = {
            p.id: [other for other in p.any_of if other in self.permits]
            for p in self.permits.values()
            if p.id not in self.held and p.id not in self.begun
        }
        choices = {permit_id: either for permit_id, either in known.items() if len(either) > 1}
        found = []
        for chosen in itertools.product(*choices.values()):
            only = {p: replace(self.permits[p], any_of=(one,)) for p, one in zip(choices, chosen, strict=True)}
            found.append(replace(self, permits={**self.permits, **only}))
        return tuple(found)

    def programme(self, permit: Permit) -> str:
        """Return which programme a permit belongs to: ``city``, ``platform`` or a wider jurisdiction's slug."""
        if permit.holder == "platform":
            return "platform"
        return CITY if permit.scope == "city" else permit.jurisdiction

    def timings(self, starts: Mapping[str, int]) -> dict[str, PermitTiming]:
        """Return start and finish of every permit when programmes start in the given absolute months.

        Programmes left out started long ago. The same starts are worked out once: gathering asks for them again and again.
        """
        asked = frozenset(starts.items())
        if asked not in self._timed:
            self._timed[asked] = self._timings(starts)
        return dict(self._timed[asked])

    @cached_property
    def _timed(self) -> dict[frozenset[tuple[str, int]], dict[str, PermitTiming]]:
        """What was worked out so far, by starts."""
        return {}

    def _timings(self, starts: Mapping[str, int]) -> dict[str, PermitTiming]:
        if not self.slips and not self.event_slips:
            return self.timed_along(starts, None, final=True)
        found: dict[str, PermitTiming] = {}
        for way in self._single_ways:
            for permit_id, timing in way.timed_along(starts, way.timed_along(starts, None), final=True).items():
                best = found.get(permit_id)
                if best is None or timing.finish < best.finish:
                    found[permit_id] = PermitTiming(self.permits[permit_id], timing.start, timing.finish, timing.held)
        return found

    def timed_along(
        self, starts: Mapping[str, int], clear: Mapping[str, PermitTiming] | None, *, final: bool = False
    ) -> dict[str, PermitTiming]:
        """Return the timings of a single way without any slip, or (those given as ``clear``) with all of them.

        ``final``: with what is known today: a permit that is not in hand although it was due slips anew from today.
        """
        done: dict[str, PermitTiming] = {}

        def visit(permit_id: str) -> PermitTiming:
            if permit_id not in done:
                timing = self._time(self.permits[permit_id], starts, visit, slipped=clear is not None)
                if not timing.held and permit_id not in self.in_hand:
                    slip = 0 if clear is None else self.slips.get(permit_id, 0)
                    finish = timing.finish if clear is None else max(timing.finish, clear[permit_id].finish + slip)
                    finish = self.not_before + slip if final and finish < self.not_before else finish
                    timing = PermitTiming(timing.permit, timing.start, finish, held=False)
                done[permit_id] = timing
            return done[permit_id]

        for permit_id in self.permits:
            visit(permit_id)
        return done

    def _time(
        self, permit: Permit, starts: Mapping[str, int], look: Callable[[str], PermitTiming], *, slipped: bool
    ) -> PermitTiming:
        if permit.id in self.held:
            return PermitTiming(permit, LONG_AGO, LONG_AGO, held=True)
        if permit.id in self.in_hand:
            return PermitTiming(permit, self.in_hand[permit.id], self.in_hand[permit.id], held=False)
        known = [p for p in permit.all_of if p in self.permits]
        ready = [look(p).finish for p in known]
        either = [look(p).finish for p in permit.any_of if p in self.permits]
        if either:
            ready.append(min(either))
        ready += [look(p).start + gap for p, gap in permit.after_start if p in self.permits]
        if permit.id in self.begun:
            begin = self.begun[permit.id]
        else:
            programme = self.programme(permit)
            default = self.horizon_start if programme == "platform" else LONG_AGO
            begin = max([starts.get(programme, default), *ready])
        event = self.events.get(permit.id, LONG_AGO)
        begin = max(begin, event + self.event_slips.get(permit.id, 0) if slipped else event)
        return PermitTiming(permit, begin, begin + self.months[permit.id], held=False)

    def opening(self, what: str) -> list[Permit]:
        """Return the permits that open a mode (or ``area``)."""
        return [p for p in self.permits.values() if p.opens == what]

    def adding(self, area: str) -> list[str]:
        """Return the permits of which one lets a stack serve an area that what it holds does not cover."""
        anywhere = [p for p in self.permits.values() if p.opens == "area" and not p.covers]
        return [p.id for p in (*anywhere, *(p for p in self.permits.values() if area in p.covers))]

    def ready(self, permit_ids: Iterable[str], programme: str, start: int) -> int:
        """Return the first month in which all of the permits are in hand, if only ``programme`` starts at ``start``."""
        timings = self.timings({programme: start})
        return max((timings[p].finish for p in permit_ids), default=LONG_AGO)


def whole_months(permit: Permit, durations: Durations) -> int:
    """Return a permit's duration in whole months, rounded up; what promises slip is not in it."""
    months = {"min": permit.months_min, "max": permit.months_max}.get(durations, permit.months_likely)
    return math.ceil(months - 1e-9)


def permit_path(  # noqa: PLR0913  # each is a knob of its own, all by keyword
    catalogue: Catalogue,
    stack: str,
    city: str,
    *,
    horizon_start: int,
    durations: Durations = "median",
    event_dates: EventDates = "likely",
    delays: Iterable[DelayRule] = (),
    event_months: Mapping[str, int] | None = None,
    in_hand: Mapping[str, int] | None = None,
    not_before: int = LONG_AGO,
    programmes: Mapping[str, int] | None = None,
) -> PermitPath:
    """Gather the permits of one deployment.

    Parameters
    ----------
    horizon_start
        Absolute month; platform permits start then.
    durations
        The shortest or longest that is thinkable, what is promised, or that with the median or the 90 % slip.
    event_dates
        Which of an event's three dates to use.
    event_months
        Absolute months that replace the catalogue's date of an event.
    in_hand, not_before, programmes
        Permits in hand by a starting state, the month before which no other comes, and programmes begun: see :class:`PermitPath`.
    """
    permits = catalogue.permits_of(stack, city)
    holds = {h.permit: h for h in catalogue.stacks[stack].holds if h.permit in permits}
    held = frozenset(p for p, h in holds.items() if h.state == "held")
    begun = {p: month_number(h.begun) for p, h in holds.items() if h.state == "begun"}
    delay_rules = tuple(delays)
    moved = event_months or {}
    months: dict[str, int] = {}
    events: dict[str, int] = {}
    slips: dict[str, int] = {}
    event_slips: dict[str, int] = {}
    for permit in permits.values():
        length = whole_months(permit, durations)
        extra = sum(rule.months for rule in delay_rules if rule.applies(permit, stack, city))
        months[permit.id] = max(0, length + extra)
        if permit.event:
            event = catalogue.event(permit.event)
            text = {"min": event.earliest, "likely": event.likely, "max": event.latest}[event_dates]
            events[permit.id] = moved.get(permit.event, month_number(text) if text else LONG_AGO)
            if permit.event not in moved and event_dates == "likely":
                event_slips[permit.id] = event_slip(catalogue, event, durations)
        if permit.opens in PUBLIC_MODES and permit.id not in held:
            slips[permit.id] = permit_slip(catalogue, stack, city, permit, durations)
    wide = tuple(
        sorted(
            {p.jurisdiction for p in permits.values() if p.holder == "stack" and p.scope != "city" and p.id not in held}
        )
    )
    late = [{permit_id: months for permit_id, months in found.items() if months} for found in (slips, event_slips)]
    named = [frozenset(h.covers) for h in holds.values() if h.covers]
    covers = frozenset.intersection(*named) if named else None
    listed = {p: month for p, month in (in_hand or {}).items() if p in permits and p not in held}
    found = PermitPath(stack, city, permits, wide, held, begun, events, months, horizon_start, late[0], late[1], covers)
    return replace(found, in_hand=listed, not_before=not_before, programmes=programmes or {})
