"""What lies within reach of a deployment: over these fleets and riders its response curves are read (docs/model.md).

Every programme begins with the horizon (or with the first month planned, unless it has begun), every site is ordered and every
area opened as soon as it may be. Limits that the request asks for do not count; where it loosens the catalogue (earlier permits,
more supply) the wider of the two does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import City, Permit, Stack
from fleetplan.plans.check.case import OPERATOR_MODES, Case
from fleetplan.plans.check.growth import YEAR, grown, months_of_growth
from fleetplan.plans.check.law import adding_area, capped, limits_one_mode, uncovered
from fleetplan.plans.check.permit_dates import dated, in_force
from fleetplan.plans.check.riders import adoption, scale
from fleetplan.plans.check.started import programmes_begun, standing_level, standing_vehicles
from fleetplan.plans.check.supply import ceiling
from fleetplan.request.constraints import (
    EventDate,
    PermitDelay,
    SupplyChange,
)
from fleetplan.request.imposed import LineChange, RivalLaunch
from fleetplan.service.types import LadderLevel

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Within:
    """The largest fleet by period, shape (periods,), and the most riders a day by level and period, (levels, periods)."""

    fleet: Array
    riders: Array


LOOSENING = PermitDelay | EventDate | SupplyChange | RivalLaunch | LineChange
"""What may bring more within reach than the catalogue has."""


def within_reach(case: Case, stack: Stack, city: City) -> Within:
    """Return what lies within reach of a stack in a city."""
    asked = _Outlook(case, stack, city, asked=True).within()
    if not any(isinstance(c, LOOSENING) for c in case.request.constraints):
        return asked
    catalogued = _Outlook(case, stack, city, asked=False).within()
    return Within(np.maximum(asked.fleet, catalogued.fleet), np.maximum(asked.riders, catalogued.riders))


class _Outlook:
    """A stack in a city as the request takes it, or (not ``asked``) as the catalogue has it."""

    def __init__(self, case: Case, stack: Stack, city: City, *, asked: bool) -> None:
        self.case, self.stack, self.city, self.asked = case, stack, city, asked
        self.levels: tuple[LadderLevel, ...] = case.services[city.slug].levels
        self.permits = list(case.catalogue.permits_of(stack.slug, city.slug).values())
        dates = dated(case, (stack.slug, city.slug), self._begins, asked=asked)
        self.ready = {p.id: np.array(case.starts) >= dates[p.id].finish for p in self.permits}
        self.counted = [p for p in self.permits if p.opens in case.service_modes]
        done, place = range(case.request.grid.done), (stack.slug, city.slug)
        self.stands = [standing_vehicles(case, place, t) for t in done]
        self.open = [standing_level(case, place, self.levels, t) for t in done]

    def _begins(self, permit: Permit) -> int:
        """Return the month in which the programme of a permit began, or may begin at the earliest."""
        case = self.case
        if permit.holder == "platform":
            return case.start
        begun = programmes_begun(case, self.stack.slug)
        if permit.scope == "city":
            return begun.get(self.city.slug, case.today)
        laws = case.catalogue.cities
        return min(
            (m for city, m in begun.items() if permit.jurisdiction in laws[city].jurisdictions), default=case.today
        )

    def within(self) -> Within:
        """Return fleets and riders."""
        fleet = self._fleet()
        return Within(fleet, self._riders(self._possible(fleet)))

    def _mode(self, permit: Permit) -> Array:
        """Return the vehicles that one permit lets run, by period."""
        most = np.array([in_force(permit, self.permits, hand) for hand in self._in_hand()])
        if permit.opens in OPERATOR_MODES:
            most = np.minimum(most, self.case.own("fleet.operator_pilot_cap"))
        if permit.fleet_cap_kind == "shared_quota" and permit.fleet_cap and limits_one_mode(permit):
            most = np.minimum(most, float(permit.fleet_cap))
        return np.where(self.ready[permit.id], most, 0.0)

    def _in_hand(self) -> list[set[str]]:
        """Return the permits in hand in each period."""
        return [{p for p, ready in self.ready.items() if ready[t]} for t in self.case.periods]

    def _fleet(self) -> Array:
        case = self.case
        most = np.sum([np.zeros(len(case.starts)), *(self._mode(p) for p in self.counted)], axis=0)
        most = np.minimum(most, max(level.surface.vehicles_max for level in self.levels))
        most = np.minimum(most, [ceiling(case, self.stack.slug, t, asked=self.asked) for t in case.periods])
        for permit in capped(case, self.city.slug, "shared_quota"):
            most = most if limits_one_mode(permit) else np.minimum(most, float(permit.fleet_cap))
        if self.stack.electric:
            most = np.minimum(most, self._charged())
        return self._grown(np.minimum(most, self._young()))

    def _driver_out(self) -> Flags:
        """Return in which periods paid driver-out can be in hand."""
        never = np.zeros(len(self.case.starts), dtype=bool)
        out = [self.ready[p.id] for p in self.permits if p.opens == "paid_driver_out"]
        return np.asarray(np.logical_or.reduce([never, *out]))

    def _young(self) -> Array:
        """Return the first year's fleet while no service can have been driver-out for a year."""
        case, out = self.case, self._driver_out()
        small = max([case.whole("fleet.first_year_fleet"), *self.stands[-1:]])
        old = [any(out[k] and case.starts[k] <= start - YEAR for k in case.periods) for start in case.starts]
        return np.where(old, np.inf, float(small))

    def _grown(self, most: Array) -> Array:
        """Return how far a fleet can have grown within ``most``: opened, then driver-out, as soon as that takes it further."""
        case, out = self.case, self._driver_out()
        launch, lift = case.whole("fleet.likely_launch_fleet"), case.whole("fleet.min_launch_fleet")
        found, pilot, fleet = [], 0.0, 0.0
        for t in case.periods:
            if t < len(self.stands):
                pilot = fleet = float(self.stands[t])
                found.append(fleet)
                continue
            months = case.starts[t] - case.starts[t - 1] if t else 0
            opened = max(launch, grown(case, "fleet.growth", pilot, months, base=pilot > 0))
            going_on = grown(case, "fleet.growth", fleet, months, base=fleet > 0)
            fleet = min(float(most[t]), max(going_on, opened + lift * bool(out[t])))
            pilot = min(float(most[t]), opened)
            found.append(fleet)
        return np.array(found)

    def _charged(self) -> Array:
        """Return the vehicles that every site of the city, ordered in the first month, and public stations could charge."""
        case, starts = self.case, np.array(self.case.starts)
        stalls = np.zeros(len(starts))
        for site in self.city.depots:
            stalls += np.where(starts >= case.start + site.lead_months, float(site.stalls), 0.0)
        return np.asarray(case.eco("vehicles_per_fast_stall") * stalls + case.whole("supply.public_charging_cars"))

    def _possible(self, fleet: Array) -> Flags:
        """Return in which periods each level can be open."""
        never = np.zeros(len(fleet), dtype=bool)
        opens = np.logical_or.reduce([never, *(self.ready[p.id] for p in self.counted)])
        larger = np.logical_or.reduce([never, *(self.ready[p.id] for p in self.permits if p.opens == "area")])
        limits = [p.area_levels for p in self.counted if p.area_levels > 0]
        beyond = uncovered(self.case, self.stack, self.city)
        found, grown_to = [], self._driver_out()
        for number, level in enumerate(self.levels, start=1):
            opens = opens & larger if limits and number > min(limits) else opens
            opens = np.logical_and.reduce([opens, *(self.ready.get(p, never) for p in level.requires)])
            for area in beyond[number - 1]:
                adding = (self.ready[p] for p in adding_area(self.permits, area))
                opens = opens & np.logical_or.reduce([never, *adding])
            if number > 1:
                grown_to = self._areas_grown(grown_to, self.levels[number - 2], level)
                opens = opens & grown_to & (fleet >= level.area_km2 / self.case.own("fleet.km2_per_vehicle_most"))
            found.append(opens)
        return np.array([self._as_it_stands(number, row) for number, row in enumerate(found, start=1)])

    def _as_it_stands(self, number: int, opens: Flags) -> Flags:
        """Return when a level can be open: as it is in what is done, and from then on where it is."""
        stands = [level >= number for level in self.open]
        return np.array([*stands, *(may or stands[-1:] == [True] for may in opens[len(stands) :])], dtype=bool)

    def _areas_grown(self, inner: Flags, small: LadderLevel, large: LadderLevel) -> Flags:
        """Return in which periods an area can have grown to a larger one; ``inner``: those in which it can have been there."""
        case, months = self.case, months_of_growth(self.case, small.area_km2, large.area_km2)
        early = [k for k in case.periods if inner[k]]
        return np.array([any(case.starts[k] <= start - months for k in early) for start in case.starts])

    def _riders(self, possible: Flags) -> Array:
        """Return the riders won by then if every ring opened when it could win most of them."""
        case = self.case
        won = np.zeros(possible.shape)
        inner = 0.0
        for ring, level in enumerate(self.levels):
            full = level.surface.demand_trips_per_day
            out = possible[ring] & self._driver_out()
            for t in np.flatnonzero(possible[ring]):
                opened = range(int(np.argmax(out)), int(t) + 1) if out[t] else ()
                pilot = case.own("adoption.operator_share")
                won[ring, t] = (full - inner) * max([pilot, *(adoption(case, case.starts[k], int(t)) for k in opened)])
            inner = full
        won[:, : len(self.open)] = 0.0
        scales = np.array([scale(case, self.stack, self.city, t, asked=self.asked) for t in case.periods])
        return np.asarray(np.cumsum(won, axis=0) * scales[None, :] * possible)
