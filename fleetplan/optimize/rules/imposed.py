"""What regulators and markets impose and a request asks for: one rule for each type of constraint, as in constraints.py."""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.instance import Array, Flags, Instance
from fleetplan.optimize.rules.base import Problem, Term
from fleetplan.optimize.rules.constraints import ConstraintRule, fleets
from fleetplan.optimize.suspended import suspended_at, suspended_here
from fleetplan.request.constraints import Suspension


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
