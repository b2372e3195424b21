"""Permit months, worked out anew from the permit graph of the catalogue.

Each permit goes as early as it may:

    start(p)  = max(programme(p), finish of all_of, earliest finish of any_of, start(k) + months of after_start, event)
    finish(p) = start(p) + ceil(months(p)) + delay(p)

A permit in hand before the horizon is finished long ago; one begun starts in its month.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.types import Permit
from fleetplan.months import month_number
from fleetplan.plans.check.case import PUBLIC_MODES, Case, Deployed
from fleetplan.plans.check.measure import NEVER
from fleetplan.request.constraints import EventDate, PermitDelay

LONG_AGO = -(10**9)


@dataclass(frozen=True, slots=True)
class Timing:
    """Absolute months between which a permit is worked on."""

    start: int
    finish: int
    held: bool


def programme_month(case: Case, deployed: Deployed, permit: Permit) -> int:
    """Return the month in which the programme that a permit belongs to begins."""
    if permit.holder == "platform":
        return case.start
    if permit.scope == "city":
        return deployed.start
    sharing = [d for d in case.of_stack(deployed.row.stack) if permit.jurisdiction in d.city.jurisdictions]
    return min(d.start for d in sharing)


def event_month(case: Case, event: str, *, asked: bool) -> int:
    """Return the month of a calendar event: the request's (if that is asked for), else the catalogue's likely one."""
    for constraint in case.request.constraints if asked else ():
        if isinstance(constraint, EventDate) and constraint.event == event:
            return month_number(constraint.month)
    return month_number(case.catalogue.event(event).likely)


def _delayed(case: Case, delay: PermitDelay, place: tuple[str, str], permit: Permit) -> bool:
    city = resolve_city(case.raw, delay.city) if delay.city is not None else None
    stack = resolve_stack(case.raw, delay.stack, city) if delay.stack is not None else None
    if city not in (None, place[1]) or stack not in (None, place[0]):
        return False
    if delay.jurisdiction not in (None, permit.jurisdiction):
        return False
    return permit.id == delay.permit if delay.permit is not None else permit.opens in PUBLIC_MODES


def months_needed(case: Case, place: tuple[str, str], permit: Permit, *, asked: bool) -> int:
    """Return whole months from start to finish in a place (stack and city), with the request's delays if they are asked for."""
    months = {"min": permit.months_min, "likely": permit.months_likely, "max": permit.months_max}
    named = [c for c in case.request.constraints if isinstance(c, PermitDelay)] if asked else []
    delays = [c.months for c in named if _delayed(case, c, place, permit)]
    return max(0, math.ceil(months[case.request.permit_durations] - 1e-9) + sum(delays))


def timings(case: Case, deployed: Deployed) -> dict[str, Timing]:
    """Return start and finish of every permit of a deployment's jurisdictions, each as early as it may be."""
    place = deployed.row.stack, deployed.row.city
    return dated(case, place, lambda permit: programme_month(case, deployed, permit), asked=True)


def dated(case: Case, place: tuple[str, str], begins: Callable[[Permit], int], *, asked: bool) -> dict[str, Timing]:
    """Return start and finish of every permit of a city's jurisdictions, each as early as it may be.

    Parameters
    ----------
    place
        Stack and city.
    begins
        Returns the month in which the programme that a permit belongs to begins.
    asked
        Whether the request's delays and event dates count.
    """
    permits = case.catalogue.permits_of(*place)
    holds = {hold.permit: hold for hold in case.catalogue.stacks[place[0]].holds}
    done: dict[str, Timing] = {}

    def visit(permit_id: str) -> Timing:
        if permit_id not in done:
            done[permit_id] = Timing(NEVER, NEVER, held=False)  # stands while a circle would be walked
            done[permit_id] = timed(permits[permit_id])
        return done[permit_id]

    def earliest(permit: Permit) -> int:
        hold = holds.get(permit.id)
        if hold is not None:
            return month_number(hold.begun)
        known_any = [visit(p).finish for p in permit.any_of if p in permits]
        ready = [
            begins(permit),
            *(visit(p).finish for p in permit.all_of if p in permits),
            *([min(known_any)] if known_any else []),
            *(visit(p).start + months for p, months in permit.after_start if p in permits),
        ]
        return max(ready)

    def timed(permit: Permit) -> Timing:
        hold = holds.get(permit.id)
        if hold is not None and hold.state == "held":
            return Timing(LONG_AGO, LONG_AGO, held=True)
        begin = max(earliest(permit), event_month(case, permit.event, asked=asked) if permit.event else LONG_AGO)
        months = months_needed(case, place, permit, asked=asked)
        return Timing(begin, min(NEVER, begin + months), held=False)

    for permit_id in permits:
        visit(permit_id)
    return done


def concurrent(permit: Permit) -> float:
    """Return how many vehicles may be in service at once under a permit, infinity if it names no number."""
    return float(permit.fleet_cap) if permit.fleet_cap and permit.fleet_cap_kind == "concurrent" else math.inf


class Calendar:
    """Permit months of every deployment, worked out once."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._timings = {(d.row.city, d.row.stack): timings(case, d) for d in case.deployed}
        self._permits = {place: case.catalogue.permits_of(*reversed(place)) for place in self._timings}

    def of(self, deployed: Deployed) -> dict[str, Timing]:
        """Return a deployment's permits by id."""
        return self._timings[deployed.row.city, deployed.row.stack]

    def finished(self, deployed: Deployed, t: int) -> list[Permit]:
        """Return the permits in hand at the start of a period."""
        month = self._case.starts[t]
        permits = self._permits[deployed.row.city, deployed.row.stack]
        return [permits[p] for p, timing in self.of(deployed).items() if timing.finish <= month]

    def opening(self, deployed: Deployed, mode: str, t: int) -> list[Permit]:
        """Return the permits in hand that open a mode."""
        return [p for p in self.finished(deployed, t) if p.opens == mode]

    def permitted(self, deployed: Deployed, t: int) -> list[str]:
        """Return the service modes that may run in a period, the highest first."""
        return [mode for mode in self._case.service_modes if self.opening(deployed, mode, t)]

    def concurrent_cap(self, deployed: Deployed, mode: str, t: int) -> float:
        """Return how many vehicles a mode may have at once: the widest of the permits in hand, infinity if uncapped."""
        return max((concurrent(p) for p in self.opening(deployed, mode, t)), default=0.0)

    def fare_factor(self, deployed: Deployed, mode: str, t: int) -> float:
        """Return the share of the city's fare that a mode may take: the highest of the permits in hand."""
        return max((p.fare_factor for p in self.opening(deployed, mode, t)), default=0.0)
