"""Permit months, worked out anew from the permit graph of the catalogue.

Each permit goes as early as it may:

    start(p)  = max(programme(p), finish of all_of, earliest finish of any_of, start(k) + months of after_start, event)
    finish(p) = start(p) + ceil(months(p)) + delay(p)

A permit in hand before the horizon is finished long ago; one begun starts in its month. Promises slip: a permit that opens rides
to the public is in hand no earlier than its own slip after the month that it would have if nothing slipped, and a law comes
later by the slip of laws. Of alternatives each is timed by itself. Where a request goes on from what stands, a permit that is
not in hand although it was due slips anew from the month it goes on from.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.types import Permit
from fleetplan.months import month_number
from fleetplan.plans.check.case import OPERATOR_MODES, PUBLIC_MODES, Case, Deployed
from fleetplan.plans.check.measure import NEVER
from fleetplan.plans.check.started import in_hand
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
    """Return the month of a calendar event: the request's (if that is asked for), else the catalogue's, the likely one mostly."""
    for constraint in case.request.constraints if asked else ():
        if isinstance(constraint, EventDate) and constraint.event == event:
            return month_number(constraint.month)
    return month_number(getattr(case.catalogue.event(event), case.laws))


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
    months = {"min": permit.months_min, "max": permit.months_max}
    named = [c for c in case.request.constraints if isinstance(c, PermitDelay)] if asked else []
    delays = [c.months for c in named if _delayed(case, c, place, permit)]
    own = months.get(case.request.permit_durations, permit.months_likely)
    return max(0, math.ceil(own - 1e-9) + sum(delays))


def _class_months(case: Case, kind: str) -> int:
    """Return how late promises of a class come on the durations that the request plans on."""
    figure = {"median": "median", "careful": "p90"}.get(case.request.permit_durations)
    return case.whole(f"slip.{kind}_{figure}") if figure else 0


def _own_class(case: Case, place: tuple[str, str]) -> str:
    """Return the class of a stack without a driver in a city: the request's, else by where it runs without one."""
    if asked := case.admission.slips_as(*place):
        return asked
    runs, city = case.catalogue.stacks[place[0]].driver_out, case.catalogue.cities[place[1]]
    laws = {slug: case.catalogue.jurisdictions[slug] for slug in city.jurisdictions}
    for entry in runs:
        easy = entry.country == city.country and any(law.permissive for law in laws.values())
        if entry.service == "paid" and (entry.jurisdiction in laws or easy):
            return "here"
    return "elsewhere" if runs else "nowhere"


def class_of(case: Case, place: tuple[str, str], permit: Permit) -> str:
    """Return the class of promises that a permit of a stack in a city belongs to: a pilot's never later than the stack's own."""
    kind = _own_class(case, place)
    pilot = permit.opens in OPERATOR_MODES
    return "pilot" if pilot and case.whole("slip.pilot_median") <= case.whole(f"slip.{kind}_median") else kind


def permit_late(case: Case, place: tuple[str, str], permit: Permit) -> int:
    """Return the months by which a permit comes later than its own months say: some only where it opens rides to the public."""
    if permit.opens not in PUBLIC_MODES:
        return 0
    kind, newcomer = class_of(case, place, permit), "pilot" if permit.opens in OPERATOR_MODES else "elsewhere"
    inside = case.whole(f"slip.{newcomer}_median") if permit.months_are == "judged" else 0
    return max(0, _slip_months(case, place, kind) - inside)


def _slip_months(case: Case, place: tuple[str, str], kind: str) -> int:
    """Return how late a promise comes: as the request says of the stack in the city, else by its class."""
    by_class, asked = _class_months(case, kind), case.admission.slip_months(*place)
    if asked is None or case.request.permit_durations not in {"median", "careful"}:
        return by_class
    return min(asked, by_class) if kind == "pilot" else asked


def event_late(case: Case, event: str, *, asked: bool) -> int:
    """Return the months by which a law comes later than its date; none where it has come or the request names the date."""
    if asked and any(isinstance(c, EventDate) and c.event == event for c in case.request.constraints):
        return 0
    law = case.catalogue.event(event)
    if law.earliest == law.latest:
        return 0
    inside = case.whole("slip.law_median") if law.date_is == "judged" else 0
    return max(0, _class_months(case, "law") - inside)


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
    branching = {p.id: [other for other in p.any_of if other in permits] for p in permits.values()}
    branching = {permit_id: either for permit_id, either in branching.items() if len(either) > 1}
    found: dict[str, Timing] = {}
    for chosen in itertools.product(*branching.values()):
        way = {**permits, **{p: replace(permits[p], any_of=(one,)) for p, one in zip(branching, chosen, strict=True)}}
        dates = _Dates(case, place, begins, way, asked=asked)
        for permit_id in permits:
            timing = dates.visit(permit_id)
            if permit_id not in found or timing.finish < found[permit_id].finish:
                found[permit_id] = timing
    return found


class _Dates:
    """The permits of a place along one way, with nothing late and then with what comes late."""

    def __init__(
        self,
        case: Case,
        place: tuple[str, str],
        begins: Callable[[Permit], int],
        permits: Mapping[str, Permit],
        *,
        asked: bool,
    ) -> None:
        self.case, self.place, self.begins, self.permits, self.asked = case, place, begins, permits, asked
        self.holds = {hold.permit: hold for hold in case.catalogue.stacks[place[0]].holds}
        self.in_hand = in_hand(case, place)
        self.done: dict[tuple[str, bool], Timing] = {}

    def visit(self, permit_id: str, *, late: bool = True) -> Timing:
        """Return when a permit is worked on, ``late``: with what slips."""
        key = permit_id, late
        if key not in self.done:
            self.done[key] = Timing(NEVER, NEVER, held=False)  # stands while a circle would be walked
            self.done[key] = self._timed(self.permits[permit_id], late=late)
        return self.done[key]

    def _earliest(self, permit: Permit, *, late: bool) -> int:
        hold = self.holds.get(permit.id)
        if hold is not None:
            return month_number(hold.begun)
        known_any = [self.visit(p, late=late).finish for p in permit.any_of if p in self.permits]
        ready = [
            self.begins(permit),
            *(self.visit(p, late=late).finish for p in permit.all_of if p in self.permits),
            *([min(known_any)] if known_any else []),
            *(self.visit(p, late=late).start + months for p, months in permit.after_start if p in self.permits),
        ]
        return max(ready)

    def _timed(self, permit: Permit, *, late: bool) -> Timing:
        hold = self.holds.get(permit.id)
        if hold is not None and hold.state == "held":
            return Timing(LONG_AGO, LONG_AGO, held=True)
        if (since := self.in_hand.get(permit.id)) is not None:
            return Timing(since, since, held=False)
        law = LONG_AGO
        if permit.event:
            law = event_month(self.case, permit.event, asked=self.asked)
            law += event_late(self.case, permit.event, asked=self.asked) if late else 0
        begin = max(self._earliest(permit, late=late), law)
        finish = begin + months_needed(self.case, self.place, permit, asked=self.asked)
        if late:
            slip = permit_late(self.case, self.place, permit)
            finish = max(finish, self.visit(permit.id, late=False).finish + slip)
            if self.case.request.grid.done and finish < self.case.today:
                finish = self.case.today + slip
        return Timing(begin, min(NEVER, finish), held=False)


def concurrent(permit: Permit) -> float:
    """Return how many vehicles may be in service at once under a permit, infinity if it names no number."""
    return float(permit.fleet_cap) if permit.fleet_cap and permit.fleet_cap_kind == "concurrent" else math.inf


def in_force(opener: Permit, met: Iterable[Permit], in_hand: set[str]) -> float:
    """Return how many vehicles may run at once in the mode that a permit opens: the least cap in force of those that count them.

    A cap is in force until one of its ``until`` is in hand.
    """
    counting = (p for p in met if p.id == opener.id or opener.opens in p.limits)
    return min((concurrent(p) for p in counting if not in_hand & set(p.until)), default=math.inf)


def cap_events(case: Case, permit: Permit) -> list[tuple[int, float]]:
    """Return from which months on events of law give a permit's cap another number, infinity: none; the first month first.

    An event that may not come counts only where the request gives it its month.
    """
    given = {c.event for c in case.request.constraints if isinstance(c, EventDate)}
    found = []
    for event in case.catalogue.jurisdictions[permit.jurisdiction].events.values():
        if event.chance >= 1.0 or event.id in given:
            month = event_month(case, event.id, asked=True) + event_late(case, event.id, asked=True)
            found += [(month, float(most) if most else math.inf) for name, most in event.caps if name == permit.id]
    return sorted(found)


def left_at(case: Case, permit: Permit, t: int) -> float:
    """Return what events leave of a permit's cap at a time in a period that has a month of theirs; infinity where none does."""
    return min((most for month, most in cap_events(case, permit) if month < case.months(t).stop), default=math.inf)


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
        met = self._permits[deployed.row.city, deployed.row.stack].values()
        in_hand = {p.id for p in self.finished(deployed, t)}
        own = max((in_force(p, met, in_hand) for p in self.opening(deployed, mode, t)), default=0.0)
        counting = [p for p in met if p.fleet_cap_kind == "concurrent" and mode in (p.opens, *p.limits)]
        return min([own, *(left_at(self._case, p, t) for p in counting)])

    def fare_factor(self, deployed: Deployed, mode: str, t: int) -> float:
        """Return the share of the city's fare that a mode may take: the highest of the permits in hand."""
        return max((p.fare_factor for p in self.opening(deployed, mode, t)), default=0.0)
