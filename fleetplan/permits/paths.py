"""The way of one stack through the permits of one city.

Permits belong to programmes. The city's own permits form the programme of the deployment; permits of a wider jurisdiction
form one programme per stack and jurisdiction, shared by every city below it. Inside a programme nothing waits: a permit
starts at

    start(n)  = max(programme(n), finish of all_of(n), min finish of any_of(n), start(k) + months for after_start, event(n))
    finish(n) = start(n) + ceil(months(n)) + delay(n)

Months add and maxima commute ("max-plus"), so with programmes started at tau_1 .. tau_k the finish of a permit is the largest
of its finishes when only programme j starts at tau_j and the others long ago. That is what lets the optimizer treat a permit
as an index shift of a step variable, exactly, without a variable per stage. ``any_of`` breaks the rule only where
alternatives belong to different programmes: :mod:`fleetplan.permits.ways`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from fleetplan.catalogue.types import Catalogue, Permit
from fleetplan.months import month_number

PUBLIC_MODES = ("unpaid_operator", "unpaid_driver_out", "paid_operator", "paid_driver_out")
LONG_AGO = -(10**6)
CITY = "city"
Durations = Literal["min", "likely", "max"]


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

    def programme(self, permit: Permit) -> str:
        """Return which programme a permit belongs to: ``city``, ``platform`` or a wider jurisdiction's slug."""
        if permit.holder == "platform":
            return "platform"
        return CITY if permit.scope == "city" else permit.jurisdiction

    def timings(self, starts: Mapping[str, int]) -> dict[str, PermitTiming]:
        """Return start and finish of every permit when programmes start in the given absolute months.

        Programmes left out started long ago.
        """
        done: dict[str, PermitTiming] = {}

        def visit(permit_id: str) -> PermitTiming:
            if permit_id not in done:
                done[permit_id] = self._time(self.permits[permit_id], starts, visit)
            return done[permit_id]

        for permit_id in self.permits:
            visit(permit_id)
        return done

    def _time(self, permit: Permit, starts: Mapping[str, int], look: Callable[[str], PermitTiming]) -> PermitTiming:
        if permit.id in self.held:
            return PermitTiming(permit, LONG_AGO, LONG_AGO, held=True)
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
        begin = max(begin, self.events.get(permit.id, LONG_AGO))
        return PermitTiming(permit, begin, begin + self.months[permit.id], held=False)

    def opening(self, what: str) -> list[Permit]:
        """Return the permits that open a mode (or ``area``)."""
        return [p for p in self.permits.values() if p.opens == what]

    def ready(self, permit_ids: Iterable[str], programme: str, start: int) -> int:
        """Return the first month in which all of the permits are in hand, if only ``programme`` starts at ``start``."""
        timings = self.timings({programme: start})
        return max((timings[p].finish for p in permit_ids), default=LONG_AGO)


def whole_months(permit: Permit, durations: Durations) -> int:
    """Return a permit's duration in whole months, rounded up."""
    months = {"min": permit.months_min, "likely": permit.months_likely, "max": permit.months_max}[durations]
    return math.ceil(months - 1e-9)


def permit_path(  # each is a knob of its own, all by keyword
    catalogue: Catalogue,
    stack: str,
    city: str,
    *,
    horizon_start: int,
    durations: Durations = "likely",
    event_dates: Durations = "likely",
    delays: Iterable[DelayRule] = (),
    event_months: Mapping[str, int] | None = None,
) -> PermitPath:
    """Gather the permits of one deployment.

    Parameters
    ----------
    horizon_start
        Absolute month; platform permits start then.
    durations
        Which of the triangular durations to use.
    event_dates
        Which of an event's three dates to use.
    event_months
        Absolute months that replace the catalogue's date of an event.
    """
    permits = catalogue.permits_of(stack, city)
    holds = {h.permit: h for h in catalogue.stacks[stack].holds if h.permit in permits}
    held = frozenset(p for p, h in holds.items() if h.state == "held")
    begun = {p: month_number(h.begun) for p, h in holds.items() if h.state == "begun"}
    delay_rules = tuple(delays)
    moved = event_months or {}
    months: dict[str, int] = {}
    events: dict[str, int] = {}
    for permit in permits.values():
        length = whole_months(permit, durations)
        extra = sum(rule.months for rule in delay_rules if rule.applies(permit, stack, city))
        months[permit.id] = max(0, length + extra)
        if permit.event:
            event = catalogue.event(permit.event)
            text = {"min": event.earliest, "likely": event.likely, "max": event.latest}[event_dates]
            events[permit.id] = moved.get(permit.event, month_number(text) if text else LONG_AGO)
    wide = tuple(
        sorted(
            {p.jurisdiction for p in permits.values() if p.holder == "stack" and p.scope != "city" and p.id not in held}
        )
    )
    return PermitPath(stack, city, permits, wide, held, begun, events, months, horizon_start)


def first_paid_month(path: PermitPath) -> int | None:
    """Return the first month in which permits allow paid rides, were every programme begun at once; None: no permit opens any.

    The month may lie beyond the horizon, never before its start.
    """
    paid = [p for p in path.permits.values() if p.opens.startswith("paid") and p.fare_factor > 0]
    if not paid:
        return None
    timings = path.timings(dict.fromkeys([CITY, *path.wide], path.horizon_start))
    return max(path.horizon_start, min(timings[p.id].finish for p in paid))
