"""Programmes, permits, openings and areas.

Y[q,t] >= Y[q,t-1]                                       never undone
Z[s,w,t] <= sum of Y[q,t] over the deployments sharing wider programme w
l[q,1,t] <= Y[q, reach of the earliest mode]             open only what is permitted
v[q,m,t] <= cap * Y[q, reach of mode m]
l[q,g,t] <= l[q,g-1,t],  l[q,g,t] >= l[q,g,t-1],  l[q,g,t] <= Y[q, reach of the level's gates]
"""

from __future__ import annotations

from fleetplan.optimize.instance import ServiceMode
from fleetplan.optimize.rules.base import Problem, Rule
from fleetplan.optimize.variables import reachable_fleet
from fleetplan.permits.paths import CITY

MOST_TRIPS_PER_VEHICLE = 60.0  # a day; above any service law, used only to switch rows off


def earliest_modes(modes: tuple[ServiceMode, ...]) -> list[ServiceMode]:
    """Return the modes that may come first: those no other mode always precedes."""
    kept: list[ServiceMode] = []
    for mode in sorted(modes, key=lambda m: tuple(-r for r in m.milestone.reach[CITY])):
        behind = any(
            all((other.milestone.reach[p] >= mode.milestone.reach[p]).all() for p in mode.milestone.reach)
            for other in kept
        )
        if not behind:
            kept.append(mode)
    return kept


class StepsNeverFall(Rule):
    """What has begun, opened or been ordered stays so."""

    key = "launch_order"
    title = "A programme once begun and an area once open are never undone"
    source = "docs/model.md"

    def write(self, p: Problem) -> None:
        """Add monotone rows for all step columns."""
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            for t in range(1, p.instance.periods):
                p.at_most(self.key, data.key, t, [(own.begun[t - 1], 1.0), (own.begun[t], -1.0)])
                for g in range(own.open.shape[0]):
                    p.at_most(self.key, data.key, t, [(own.open[g, t - 1], 1.0), (own.open[g, t], -1.0)])
            for t in range(p.instance.periods):
                for g in range(1, own.open.shape[0]):
                    p.at_most(self.key, data.key, t, [(own.open[g, t], 1.0), (own.open[g - 1, t], -1.0)])
        for (stack, wide), steps in p.columns.programmes.items():
            for t in range(1, p.instance.periods):
                p.at_most(self.key, f"{stack}/{wide}", t, [(steps[t - 1], 1.0), (steps[t], -1.0)])


class PermitPathRule(Rule):
    """A mode runs only when its permits are in hand."""

    key = "permit_path"
    title = "Riders are carried only in a mode whose permits are in hand"
    source = "the permits of the city's jurisdictions"

    def write(self, p: Problem) -> None:
        """Gate openings and vehicles by programme starts; share wider programmes."""
        i = p.instance
        for (stack, wide), steps in p.columns.programmes.items():
            users = [q for q, d in enumerate(i.deployments) if d.stack == stack and wide in d.shared]
            for t in range(i.periods):
                begun = [(int(p.columns.deployments[q].begun[t]), -1.0) for q in users]
                p.at_most(self.key, f"{stack}/{wide}", t, [(int(steps[t]), 1.0), *begun])
        for q, data in enumerate(i.deployments):
            own = p.columns.deployments[q]
            first = earliest_modes(data.modes)
            reachable = reachable_fleet(i, data)
            for t in range(i.periods):
                possible = [m for m in first if m.milestone.possible(t)]
                if possible:
                    best = max(possible, key=lambda m: int(m.milestone.reach[CITY][t]))
                    p.gate(self.key, q, t, [(int(own.open[0, t]), 1.0)], best.milestone)
                for m, mode in enumerate(data.modes):
                    upper = min(float(reachable[t]), mode.cap)
                    if mode.milestone.possible(t) and upper > 0:
                        p.gate(self.key, q, t, [(int(own.vehicles[m, t]), 1.0)], mode.milestone, upper)


class CheaperModeEnds(Rule):
    """While only a capped or free fare is permitted, all trips go at that fare; later, none do."""

    key = "fare_allowed"
    title = "The full fare is taken only in a mode that allows it"
    source = "fare_factor of the permits"

    def write(self, p: Problem) -> None:
        """Count trips at the lower fare and end the cheaper mode once the full one is permitted."""
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            if own.cheap is None:
                continue
            full = max(m.fare_factor for m in data.modes)
            best = [m for m in data.modes if m.fare_factor == full]
            cheap = [k for k, m in enumerate(data.modes) if m.fare_factor < full]
            for t in range(p.instance.periods):
                ready = [m for m in best if m.milestone.possible(t)]
                chosen = max(ready, key=lambda m: int(m.milestone.reach[CITY][t]), default=None)
                steps = p.begun_terms(q, chosen.milestone, t) if chosen else []
                top = float(p.instance.stacks[data.stack].ceiling[t])
                for g in range(own.trips.shape[0]):
                    terms = [(int(own.trips[g, t]), 1.0), (int(own.cheap[g, t]), -1.0)]
                    for step in steps:
                        p.at_most(self.key, data.key, t, [*terms, (step, -top * MOST_TRIPS_PER_VEHICLE)])
                    if not steps:
                        p.at_most(self.key, data.key, t, terms)
                for k in cheap if steps else []:
                    over = [(int(own.vehicles[k, t]), 1.0), *((s, top) for s in steps)]
                    p.at_most(self.key, data.key, t, over, top * len(steps))


class PermitAreaRule(Rule):
    """Larger areas and airports open only with their own permits."""

    key = "permit_area"
    title = "An area opens only when every permit for it is in hand"
    source = "area and airport permits of the city's jurisdictions"

    def write(self, p: Problem) -> None:
        """Gate each level by its milestones."""
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            for g, gates in enumerate(data.level_gates):
                for gate in gates:
                    for t in range(p.instance.periods):
                        if gate.possible(t):
                            p.gate(self.key, q, t, [(int(own.open[g, t]), 1.0)], gate)


class PermitCapRule(Rule):
    """Caps that the law puts on vehicles beyond one deployment's concurrent cap (which bounds the columns)."""

    key = "permit_cap"
    title = "The number of vehicles stays within what the permits allow"
    source = "fleet_cap of the permits"

    def write(self, p: Problem) -> None:
        """Add rows for shared quotas of a city and for registrations per type and year."""
        i = p.instance
        quotas: dict[tuple[str, str], tuple[float, list[int]]] = {}
        yearly: dict[tuple[str, str], tuple[float, list[int]]] = {}
        for q, data in enumerate(i.deployments):
            for permit in data.path.permits.values():
                if not permit.fleet_cap:
                    continue
                if permit.fleet_cap_kind == "shared_quota":
                    quotas.setdefault((data.city, permit.id), (permit.fleet_cap, []))[1].append(q)
                elif permit.fleet_cap_kind == "type_year":
                    yearly.setdefault((data.stack, permit.id), (permit.fleet_cap, []))[1].append(q)
        for (city, _), (cap, users) in quotas.items():
            for t in range(i.periods):
                terms = [term for q in users for term in p.fleet_terms(q, t)]
                p.at_most(self.key, city, t, terms, cap)
        years = [int(m) // 12 for m in i.grid.starts]
        for (stack, permit_id), (cap, users) in yearly.items():
            for year in sorted(set(years)):
                terms = [
                    (int(p.columns.deployments[q].added[t]), 1.0)
                    for q in users
                    for t in range(i.periods)
                    if years[t] == year
                ]
                p.at_most(self.key, f"{stack}/{permit_id}", years.index(year), terms, cap)


class MinimumFleet(Rule):
    """Service that is open is a real service."""

    key = "min_fleet"
    title = "An open service keeps a minimum fleet, and a larger one once it is driver-out"
    source = "assumptions.toml: fleet.min_launch_fleet, fleet.test_fleet"

    def write(self, p: Problem) -> None:
        """Add floors that step up when paid driver-out is permitted."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            own = p.columns.deployments[q]
            outs = [m for m in data.modes if m.name == "paid_driver_out"]
            low = float(data.test_fleet)
            for t in range(i.periods):
                small = min(low, max(m.cap for m in data.modes)) if data.modes else low
                terms = p.fleet_terms(q, t)
                opened = int(own.open[0, t])
                p.at_least(self.key, data.key, t, [*terms, (opened, -small)])
                for mode in outs:
                    if not mode.milestone.possible(t):
                        continue
                    floor = min(float(i.min_launch_fleet), mode.cap)
                    if floor <= small:
                        continue
                    steps = p.begun_terms(q, mode.milestone, t)
                    lift = floor - small
                    raised = [(s, -lift) for s in steps]
                    p.at_least(self.key, data.key, t, [*terms, (opened, -small - lift), *raised], -lift * len(steps))


LAUNCH_RULES: tuple[Rule, ...] = (
    StepsNeverFall(),
    PermitPathRule(),
    CheaperModeEnds(),
    PermitAreaRule(),
    PermitCapRule(),
    MinimumFleet(),
)
