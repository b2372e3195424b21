"""The scenarios of a set: those written out, or those drawn from the catalogue's slips and the chances of its laws.

Each service's delay is drawn by its class (:mod:`fleetplan.permits.slips`): kept with the class's chance, then linear between
the months of the middle and of nine in ten, and on beyond at the same pace; with the class's chance nothing comes of it. On the
normal scale a delay is the sum of a factor of its partner, one of the law that opens the service, and one of its own, so that two
services of one partner correlate by ``slip.partner_correlation``, two under one law by ``slip.jurisdiction_correlation``. Laws
share the factor of their jurisdiction. Draws are a Latin hypercube over all factors; the same seed draws the same scenarios.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from fleetplan.catalogue.law import Event, Permit
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import Fault, RequestError, near_misses
from fleetplan.months import month_number, month_text
from fleetplan.permits.paths import PUBLIC_MODES
from fleetplan.permits.slips import Slip, slip_class, slip_of
from fleetplan.recourse.settled import events_touching
from fleetplan.recourse.types import LawTold, Scenario, SlipTold
from fleetplan.request import PlanRequest, ScenarioSet
from fleetplan.request.constraints import EventDate
from fleetplan.request.scenarios import Changes, ScenarioSample, SlipInCity
from fleetplan.reruns.patch import input_changes
from fleetplan.scope import Scope
from fleetplan.scope.scenarios import LATE, scenario_request

Array = NDArray[np.float64]
Pair = tuple[str, str]
MIDDLE, NINE_IN_TEN = 0.5, 0.9
MOST_MONTHS = 240
"""No slip is longer than a request may say."""
EDGE = 1e-9
DRAWN, YEAR = "drawn", 12
"""The set of a request that names none, and how many months after its start that is known."""


def drawn_set(request: PlanRequest) -> ScenarioSet:
    """Return the set of a request that names none: twenty drawn, known after a year, or after half of a shorter horizon."""
    after = min(YEAR, max(1, request.horizon.months // 2))
    sample = ScenarioSample(permits=request.permit_durations in LATE)
    return ScenarioSet(id=DRAWN, known_from=month_text(request.grid.start + after), sample=sample)


def set_of(request: PlanRequest, name: str | None = None) -> ScenarioSet:
    """Return a request's scenario set by its id; the first where none is named, and where it has none, one that is drawn.

    Raises
    ------
    RequestError
        Where there is none of that name, or the request does not weigh value alone.
    """
    known = [one.id for one in request.scenario_sets] or [DRAWN]
    if request.objective != "npv":
        what = f"is {request.objective}; scenarios are weighed by value alone"
        raise RequestError([Fault("/objective", what, "npv", "write objective: npv")])
    sets = request.scenario_sets or ([drawn_set(request)] if request.horizon.months > 1 else [])
    if not sets:
        what = "has no month before and after which something could be known"
        raise RequestError([Fault("/horizon/months", what, "2 or more", "lengthen the horizon")])
    if name is None:
        return sets[0]
    found = next((one for one in sets if one.id == name), None)
    if found is None:
        remedy = near_misses(name, known) or "choose one of them"
        raise RequestError([Fault("/scenario_sets", f"holds no set {name!r}", ", ".join(known), remedy)])
    return found


def scenarios_of(scope: Scope, one: ScenarioSet, catalogue: Catalogue) -> list[Scenario]:
    """Return the scenarios of a set of a request that was judged, each with the patch that makes a request of it.

    Parameters
    ----------
    catalogue
        As loaded, without the request's overrides.
    """
    if one.sample is not None:
        return _drawn(scope, one.sample, catalogue)
    return [
        Scenario(
            id=case.id,
            probability=case.probability,
            patch=_patch(scope.request, [case], catalogue),
            slips=[],
            laws=[],
            shocks=[],
        )
        for case in one.cases
    ]


def _patch(request: PlanRequest, changes: Sequence[Changes], catalogue: Catalogue) -> dict[str, object]:
    """Return the merge patch from a request to that of a scenario."""
    wanted = scenario_request(request, changes, catalogue, request.name)
    patch: dict[str, object] = {}
    for change in input_changes(request, wanted):
        _merge(patch, change.patch)
    return patch


def _merge(into: dict[str, object], more: object) -> None:
    for key, value in dict(more).items():  # type: ignore[call-overload]
        inner = into.get(key)
        if isinstance(inner, dict) and isinstance(value, dict):
            _merge(inner, value)
        else:
            into[key] = value


# --- drawing ---


def _drawn(scope: Scope, sample: ScenarioSample, catalogue: Catalogue) -> list[Scenario]:
    dice = _Dice.of(scope, sample)
    wide = len(str(sample.count))
    found = []
    for k in range(sample.count):
        slips = [*dice.slips(k)] if sample.permits else []
        laws = [*dice.laws(k)] if sample.laws else []
        shocks = [shock for n, shock in enumerate(sample.shocks) if dice.shock[k, n] < shock.chance]
        own = Changes(
            slips=[SlipInCity(stack=s.stack, city=s.city, months=s.months) for s in slips],
            constraints=[
                EventDate(id=f"scenario {law.event}"[:80], event=law.event, month=law.month)
                for law in laws
                if law.month
            ],
        )
        patch = _patch(scope.request, [own, *shocks], catalogue)
        found.append(
            Scenario(
                id=f"{k + 1:0{wide}}",
                probability=1.0 / sample.count,
                patch=patch,
                slips=slips,
                laws=laws,
                shocks=[shock.id for shock in shocks],
            )
        )
    return found


def months_at(slip: Slip, share: float) -> int:
    """Return by how many months a promise of a class is late at a share of all such promises; the most thinkable where never.

    >>> slip = Slip("elsewhere", 6, 24, 0.2, 0.1)
    >>> [months_at(slip, share) for share in (0.1, 0.5, 0.7, 0.95)]
    [0, 6, 15, 240]
    """
    if share > 1.0 - slip.never:
        return MOST_MONTHS
    knots = [(slip.kept, 0.0), (MIDDLE, float(slip.median)), (NINE_IN_TEN, float(slip.p90))]
    knots = [knots[0], *((u, months) for u, months in knots[1:] if u > slip.kept)]
    if len(knots) > 1:
        (u0, m0), (u1, m1) = knots[-2:]
        knots.append((1.0, m1 + (1.0 - u1) * (m1 - m0) / (u1 - u0)))
    shares, late = zip(*knots, strict=True)
    months = round(float(np.interp(share, np.array(shares), np.array(late))))
    return min(max(0, months), MOST_MONTHS)


@dataclass(frozen=True, eq=False)
class _Dice:
    """Everything drawn: shares by pair and by event, whether events come, shocks; shapes (scenarios, things)."""

    scope: Scope
    pairs: list[Pair]
    events: list[Event]
    late: Array
    when: Array
    comes: Array
    shock: Array

    @staticmethod
    def of(scope: Scope, sample: ScenarioSample) -> _Dice:
        """Draw."""
        pairs, events = [*_late_pairs(scope)], _open_events(scope)
        partners = sorted({_partner(scope, pair) for pair in pairs})
        laws = sorted({*(_law(scope, pair) for pair in pairs), *(e.jurisdiction for e in events)})
        sizes = [len(partners), len(laws), len(pairs), len(events), len(events), len(sample.shocks)]
        from scipy.stats import qmc  # noqa: PLC0415  # slow to import, and a service starts without

        cube = qmc.LatinHypercube(d=max(1, sum(sizes)), seed=sample.seed).random(sample.count)
        scores = ndtri(np.clip(cube, EDGE, 1.0 - EDGE))
        cuts = np.cumsum([0, *sizes])
        of_partner, of_law, of_pair, of_event = (scores[:, cuts[k] : cuts[k + 1]] for k in range(4))
        own = scope.catalogue.assumptions
        by_partner = own["slip.partner_correlation"].value
        by_law = own["slip.jurisdiction_correlation"].value
        late = np.zeros((sample.count, len(pairs)))
        for k, pair in enumerate(pairs):
            shared = np.sqrt(by_partner) * of_partner[:, partners.index(_partner(scope, pair))]
            shared = shared + np.sqrt(by_law) * of_law[:, laws.index(_law(scope, pair))]
            late[:, k] = ndtr(shared + np.sqrt(max(0.0, 1.0 - by_partner - by_law)) * of_pair[:, k])
        when = np.zeros((sample.count, len(events)))
        for k, event in enumerate(events):
            shared = np.sqrt(by_law) * of_law[:, laws.index(event.jurisdiction)]
            when[:, k] = ndtr(shared + np.sqrt(1.0 - by_law) * of_event[:, k])
        comes, shock = (cube[:, cuts[k] : cuts[k + 1]] for k in (4, 5))
        return _Dice(scope, pairs, events, late, when, comes, shock)

    def slips(self, k: int) -> Iterator[SlipTold]:
        """Yield how late each pair's permits come in a scenario."""
        for (stack, city), share in zip(self.pairs, self.late[k], strict=True):
            kind = slip_class(self.scope.catalogue, stack, city)
            slip = slip_of(self.scope.catalogue.assumptions, kind)
            months = months_at(slip, float(share))
            yield SlipTold(stack=stack, city=city, months=months, never=bool(share > 1.0 - slip.never))

    def laws(self, k: int) -> Iterator[LawTold]:
        """Yield the month of each event in a scenario."""
        slip = slip_of(self.scope.catalogue.assumptions, "law")
        for n, event in enumerate(self.events):
            share = float(self.when[k, n])
            if event.chance < 1.0:
                month = _between(event, share) if self.comes[k, n] < event.chance else ""
            else:
                late = months_at(slip, share)
                late = 0 if event.has_come else max(0, late - (slip.median if event.date_is == "judged" else 0))
                month = month_text(month_number(event.likely) + late)
            yield LawTold(event=event.id, month=month)


def _between(event: Event, share: float) -> str:
    """Return the month of an event at a share of the triangle from its earliest over its likely to its latest month."""
    low, mode, high = (month_number(month) for month in (event.earliest, event.likely, event.latest))
    if high <= low:
        return event.likely
    middle = (mode - low) / (high - low)
    if share < middle:
        at = low + np.sqrt(share * (high - low) * (mode - low))
    else:
        at = high - np.sqrt((1.0 - share) * (high - low) * (high - mode))
    return month_text(round(float(at)))


def _late_pairs(scope: Scope) -> Iterator[Pair]:
    """Yield the pairs that wait for a permit which opens rides to the public."""
    for stack, city in scope.deployments:
        held = {hold.permit for hold in scope.catalogue.stacks[stack].holds if hold.state == "held"}
        if any(permit.id not in held for permit in _opening(scope, (stack, city))):
            yield stack, city


def _opening(scope: Scope, pair: Pair) -> list[Permit]:
    return [p for p in scope.catalogue.permits_of(*pair).values() if p.opens in PUBLIC_MODES]


def _partner(scope: Scope, pair: Pair) -> str:
    return scope.catalogue.stacks[pair[0]].partner


def _law(scope: Scope, pair: Pair) -> str:
    """Return the law that opens a service last: that of its permit for rides without a driver, where it has one."""
    opening = sorted(_opening(scope, pair), key=lambda p: (not p.opens.endswith("driver_out"), p.id))
    return opening[0].jurisdiction


def _open_events(scope: Scope) -> list[Event]:
    """Return the events that something planned waits for or may be hit by, and to which the request gives no month itself."""
    catalogue = scope.catalogue
    asked = {c.event for c in scope.constraints if isinstance(c, EventDate)}
    touching = {event for pair in scope.deployments for event in events_touching(scope, pair)}
    laws = {slug for city in scope.cities for slug in catalogue.cities[city].jurisdictions}
    found = {
        event.id: event
        for slug in sorted(laws)
        if slug in catalogue.jurisdictions
        for event in catalogue.jurisdictions[slug].events.values()
        if event.likely and event.id not in asked and event.id in touching
    }
    return [found[name] for name in sorted(found)]
