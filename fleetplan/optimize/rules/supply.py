"""Vehicles: how many of a stack there are, and where they stand.

sum_q (vehicles + test vehicles) <= ceiling[s,t]
sum_q (vehicles + test vehicles) <= sum of purchases still in life        (stacks the platform owns)
added[q,t] >= V[q,t] - V[q,t-1]
"""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.rules.base import Problem, Rule


class StackSupply(Rule):
    """No more vehicles than the partner can deliver and the platform owns."""

    key = "stack_supply"
    title = "Vehicles placed stay within what can be had of each stack"
    source = "partners/<stack>.toml: supply.placeable"

    def write(self, p: Problem) -> None:
        """Add pool rows by stack and period."""
        i = p.instance
        for stack, data in i.stacks.items():
            users = [q for q, d in enumerate(i.deployments) if d.stack == stack]
            for t in range(i.periods):
                placed = [term for q in users for term in (*p.fleet_terms(q, t), *p.testing_terms(q, t))]
                p.at_most(self.key, stack, t, placed, float(data.ceiling[t]))
                if data.owned:
                    owned = [(int(p.columns.bought[stack][tau]), -1.0) for tau in range(t + 1) if data.alive[tau, t]]
                    p.at_most("owned_fleet", stack, t, [*placed, *owned])
                    p.at_most(self.key, stack, t, [(c, -v) for c, v in owned], float(data.ceiling[t]))


class YearlySupply(Rule):
    """Legal volume caps by calendar year."""

    key = "supply_yearly_cap"
    title = "Additions in a calendar year stay within the stack's legal volume"
    source = "partners/<stack>.toml: supply.yearly_cap"

    def write(self, p: Problem) -> None:
        """Add one row per stack and year."""
        i = p.instance
        years = np.array([int(m) // 12 for m in i.grid.starts])
        for stack, data in i.stacks.items():
            if data.yearly_cap <= 0:
                continue
            users = [q for q, d in enumerate(i.deployments) if d.stack == stack]
            for year in sorted(set(years.tolist())):
                inside = [int(t) for t in np.flatnonzero(years == year)]
                if data.owned:
                    terms = [(int(p.columns.bought[stack][t]), 1.0) for t in inside]
                else:
                    terms = [(int(p.columns.deployments[q].added[t]), 1.0) for q in users for t in inside]
                p.at_most(self.key, stack, inside[0], terms, data.yearly_cap)


class Placing(Rule):
    """Vehicles added to a city are brought there."""

    key = "placing"
    title = "Vehicles added to a city are delivered and commissioned"
    source = "assumptions.toml: fleet.delivery_usd"

    def write(self, p: Problem) -> None:
        """Define additions."""
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            for t in range(p.instance.periods):
                now = [(c, -v) for c, v in p.fleet_terms(q, t)]
                before = p.fleet_terms(q, t - 1) if t else []
                p.at_least(self.key, data.key, t, [(int(own.added[t]), 1.0), *now, *before])


class Ramp(Rule):
    """A city's operation grows only so fast."""

    key = "ramp"
    title = "Vehicles are added to a deployment no faster than they can be commissioned"
    source = "assumptions.toml: fleet.ramp_vehicles_per_month"

    def write(self, p: Problem) -> None:
        """Bound additions by the months of the period."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            for t in range(i.periods):
                most = i.ramp_per_month * float(i.months[t])
                own = p.columns.deployments[q]
                p.at_most(self.key, data.key, t, [(int(own.added[t]), 1.0), (int(own.open[0, t]), -most)])
            self._after_driver_out(p, q)

    def _after_driver_out(self, p: Problem, q: int) -> None:
        """Add that a fleet outgrows its pilot only in periods with driver-out permitted (implied, but tighter)."""
        i, data, own = p.instance, p.instance.deployments[q], p.columns.deployments[q]
        pilots = [m for m in data.modes if m.cap < float(i.stacks[data.stack].ceiling.max(initial=0))]
        grown = [m for m in data.modes if m not in pilots]
        if len(grown) != 1:
            return
        pilot = float(sum(m.cap for m in pilots))
        terms = []
        for t in range(i.periods):
            if grown[0].milestone.possible(t):
                step = p.begun_terms(q, grown[0].milestone, t)[0]
                terms.append((step, -i.ramp_per_month * float(i.months[t])))
                p.at_most("fleet_growth", data.key, t, [*p.fleet_terms(q, t), (int(own.open[0, t]), -pilot), *terms])


SUPPLY_RULES: tuple[Rule, ...] = (StackSupply(), YearlySupply(), Placing(), Ramp())
