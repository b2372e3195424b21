"""What regulators and markets impose and a request asks for: one rule for each type of constraint, as in constraints.py."""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.instance import Array, Flags, Instance
from fleetplan.optimize.rules.base import Problem, Term
from fleetplan.optimize.rules.constraints import ConstraintRule, GivenRule, fleets
from fleetplan.optimize.suspended import suspended_at, suspended_here
from fleetplan.request.constraints import AreaFloor, Suspension
from fleetplan.request.imposed import AreaCap, LineChange, PermitQuota, RivalLaunch, ServiceHours, Tariff, TripsCap

KM2 = 1e-6
"""Areas so little larger than asked are told the same."""


class SuspensionRule(ConstraintRule[Suspension]):
    """A service pauses, or ends."""

    title = "A suspended service keeps at most so many vehicles, opens and widens nothing; for good and with none left it ends"

    def users(self, i: Instance) -> list[int]:
        """Return the deployments that it holds."""
        return suspended_here(i, self.constraint)

    def fleet_limit(self, i: Instance, q: int) -> Array | None:
        """Return what is left while it lasts."""
        if q not in self.users(i):
            return None
        most = np.full(i.periods, np.inf)
        most[suspended_at(i, self.constraint)] = float(self.constraint.vehicles_left)
        return most

    def openings(self, i: Instance, q: int) -> Flags | None:
        """Return that nothing is open while it has lasted from the start."""
        t = suspended_at(i, self.constraint)
        return self.shut(i, q, t if len(t) and t[0] == 0 else np.zeros(0, dtype=np.int64))

    def write(self, p: Problem) -> None:
        """Bound the fleets together, keep what is open as it is, and end what has no vehicle left for good."""
        c, t = self.constraint, suspended_at(p.instance, self.constraint)
        users = self.users(p.instance)
        p.at_most(self, self.place, t, fleets(p, users, t), float(c.vehicles_left), part="left")
        for q in users:
            for steps in p.columns.deployments[q].open:
                now: list[Term] = [(steps[t], 1.0), (steps[np.maximum(t - 1, 0)], np.where(t > 0, -1.0, 0.0))]
                p.at_most(self, self.place, t, now, part="opens nothing")
            if c.end is None and c.vehicles_left == 0:
                p.at_most(self, self.place, t, p.running(q, t), part="ends")


class AreaCapRule(ConstraintRule[AreaCap]):
    """A regulator lets an area grow by stages."""

    title = "At most so many km² of a city are open"
    scope = "city"

    def openings(self, i: Instance, q: int) -> Flags | None:
        """Return that no larger area is open to the end of the window: an area once open stays, unless its service may end."""
        t = self.window(i)
        if q not in self.users(i) or not len(t) or q in i.interruptions:
            return None
        opens = np.ones((len(i.levels_of(q)), i.periods), dtype=bool)
        opens[self._larger(i, q), : int(t[-1]) + 1] = False
        return opens

    def _larger(self, i: Instance, q: int) -> Flags:
        return np.array([level.area_km2 > self.constraint.km2 + KM2 for level in i.levels_of(q)])

    def write(self, p: Problem) -> None:
        """Keep larger areas closed in the window."""
        t = self.window(p.instance)
        for q in self.users(p.instance):
            for g in np.flatnonzero(self._larger(p.instance, q)):
                terms = [(p.columns.deployments[q].open[g, t], 1.0), *p.ended(q, t, -1.0)]
                p.at_most(self, self.place, t, terms)


class AreaFloorRule(ConstraintRule[AreaFloor]):
    """Whoever asks wants a large area."""

    title = "At least so many km² of a city are open, by one service"
    scope = "city"

    def write(self, p: Problem) -> None:
        """Ask that some service has an area large enough in force in every period of the window."""
        t = self.window(p.instance)
        terms: list[Term] = []
        for q in self.users(p.instance):
            own, levels = p.columns.deployments[q], p.instance.levels_of(q)
            enough = [g for g, level in enumerate(levels) if level.area_km2 >= self.constraint.km2 - KM2]
            if enough:
                terms.append((own.open[enough[0], t], 1.0))
                terms += [(own.ended[g, t], -1.0) for g in enough if own.ended is not None]
        p.at_least(self, self.place, t, terms, 1.0)


class TripsCapRule(ConstraintRule[TripsCap]):
    """A city lets only so many trips be made."""

    title = "At most so many trips a mean day"

    def write(self, p: Problem) -> None:
        """Bound the trips in every period of the window."""
        t = self.window(p.instance)
        p.at_most(self, self.place, t, self.trips(p, t), self.constraint.trips_per_day)


class PermitQuotaRule(ConstraintRule[PermitQuota]):
    """An office grants only so many vehicles under a permit."""

    title = "At most so many vehicles serve in the mode that a permit opens"

    def modes(self, i: Instance, q: int) -> list[int]:
        """Return the modes of a deployment that bear the name of the mode which the permit opens to it."""
        data = i.deployments[q]
        permit = data.path.permits.get(self.constraint.permit)
        return [k for k, mode in enumerate(data.modes) if permit is not None and mode.name == permit.opens]

    def write(self, p: Problem) -> None:
        """Bound the vehicles of these modes together in every period of the window."""
        t = self.window(p.instance)
        own = {q: self.modes(p.instance, q) for q in range(len(p.instance.deployments))}
        cars: list[Term] = [(p.columns.deployments[q].vehicles[k, t], 1.0) for q, modes in own.items() for k in modes]
        p.at_most(self, self.place, t, cars, float(self.constraint.vehicles))


class TariffRule(GivenRule[Tariff]):
    """A government taxes imports."""

    title = "A stack's vehicles cost so much more where they are bought from a month on"
    unchecked = "it alters the price that the money lines are checked with"


class RivalLaunchRule(GivenRule[RivalLaunch]):
    """Somebody else opens."""

    title = "A rival takes a share of a city's riders"
    unchecked = "it alters the riders that demand and city_demand are checked with"


class LineChangeRule(GivenRule[LineChange]):
    """A plant builds for somebody else, later, or fewer."""

    title = "A supply line is switched on for a stack, comes later, or builds at most so many vehicles a year"
    unchecked = "it alters the vehicles, prices and rivals that supply, money lines and demand are checked with"


class ServiceHoursRule(GivenRule[ServiceHours]):
    """A regulator lets vehicles serve in some hours only."""

    title = "Riders are carried only in some hours of the day"
    unchecked = "it alters the trips that response_curve is checked with"
