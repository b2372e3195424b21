"""How fast fleets grow: from a launch fleet on, in proportion to what runs, in a city and over all cities of a partner.

out[q,t] = l[q,1,t] and paid driver-out in hand
V[q,t] <= g V[q,t-1] + a l[q,1,t-1] + F (l[q,1,t] - l[q,1,t-1]) + L (out[q,t] - out[q,t-1])
V[q,t] <= first-year fleet until out[q,.] is a year old, then what the growth since its last month in that year makes of it
sum over a partner's q of the same, with the partner's g and a

Vehicles are whole, so from one period to the next a fleet grows to the whole number below. Fractions of vehicles would grow on
where whole ones do not: the cuts count in whole vehicles.
"""

from __future__ import annotations

import numpy as np

from fleetplan.optimize.instance import Array, Flags, Instance, Ints, Milestone
from fleetplan.optimize.matrix import Place
from fleetplan.optimize.pace import Growth, months_since, periods_before, whole_growth
from fleetplan.optimize.rules.base import Cut, Problem, Rule, Term, listed

YEAR_MONTHS = 12


class DriverOutRule(Rule):
    """A service has an age: the months since it began to run for a fare with nobody on board to drive."""

    key = "driver_out_service"
    title = "A service counts as driver-out from the first period in which it is open and paid driver-out is in hand"
    source = "opens of the permits"
    kind = "definition"
    unchecked = "it defines a service's age; the checker reads that from its openings and permits"

    def write(self, p: Problem) -> None:
        """Let the step of driver-out service be taken with the later of the opening and the permit."""
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            if data.driver_out and not data.always_driver_out:
                t = p.every[data.can_be_driver_out]
                p.at_most(self, p.place(q), t, [(own.driver_out[t], 1.0), (own.open[0, t], -1.0)], part="open")
                p.gate(self, q, t, own.driver_out[t], [m.milestone for m in data.driver_out], part="permitted")
                for mode in data.driver_out:
                    self._not_later(p, q, mode.milestone)

    def _not_later(self, p: Problem, q: int, milestone: Milestone) -> None:
        """Add that a service is driver-out as soon as it may be: its launch brings vehicles then, not when that suits best."""
        own, t = p.columns.deployments[q], p.every[milestone.possible]
        steps = p.steps_of(q, milestone, t)
        taken = [(own.open[0, t], -1.0), *((s, -1.0) for s in steps)]
        p.at_least(self, p.place(q), t, [(own.driver_out[t], 1.0), *taken], -float(len(steps)), part="not later")


class RampRule(Rule):
    """A city's operation grows with itself: crews, depots and trust come with the cars that run."""

    key = "ramp"
    title = "A fleet opens with a launch fleet and grows no faster than in proportion to what runs"
    source = (
        "assumptions.toml: fleet.growth_vehicles_per_month, fleet.growth_share_per_month, fleet.likely_launch_fleet"
    )
    limits_need = ("driver_out_service",)

    def sentence(self, instance: Instance) -> str:
        """Return the rule with its figures."""
        world = instance.world
        return (
            f"{self.title}: {world.launch_fleet} vehicles, {world.min_launch_fleet} more when driver-out begins, then "
            f"{world.growth.vehicles_per_month:g} and {world.growth.share_per_month:.1%} of the fleet a month"
        )

    def grown(self, i: Instance, q: int, most: Array) -> Array | None:
        """Return a fleet that opens, and then goes driver-out, when that takes it furthest."""
        data, world = i.deployments[q], i.world
        launch, lift = float(world.launch_fleet), float(world.min_launch_fleet)
        piloted, fleet = np.zeros(i.periods), np.zeros(i.periods)
        for t, months in enumerate(months_since(i.grid).tolist()):
            if t < i.grid.done:
                piloted[t] = fleet[t] = most[t]
                continue
            factor, more = world.growth.over(months)
            before = (piloted[t - 1], fleet[t - 1]) if t else (0.0, 0.0)
            on = [factor * v + more if v > 0 else 0.0 for v in before]
            opened = max(launch, on[0])
            piloted[t] = min(most[t], opened)
            fleet[t] = min(most[t], max(opened + lift * data.can_be_driver_out[t], on[1]))
        return fleet

    def write(self, p: Problem) -> None:
        """Bound every fleet by the one before, and by what a launch brings."""
        world, first, rest = p.instance.world, p.every[:1], p.every[1:]
        factor, more = growth_over(world.growth, months_since(p.instance.grid)[rest])
        for q, own in enumerate(p.columns.deployments):
            vehicles = own.vehicles.T
            brought = launched(p, q)
            p.at_most(self, p.place(q), first, [(vehicles[first], 1.0), *((c[first], -size) for c, size in brought)])
            terms: list[Term] = [(vehicles[rest], 1.0), (vehicles[rest - 1], -factor[:, None])]
            terms += [(own.open[0, rest - 1], -more)]
            for columns, size in brought:
                terms += [(columns[rest], -size), (columns[rest - 1], size)]
            p.at_most(self, p.place(q), rest, terms)


def growth_over(growth: Growth, months: Ints) -> tuple[Array, Array]:
    """Return what vehicles become over some numbers of months: times what ran, and so many more, shapes (n,)."""
    pairs = np.array([growth.over(n) for n in months.tolist()]).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def launched(p: Problem, q: int) -> list[tuple[Ints, float]]:
    """Return the steps that bring vehicles at once, with how many: the opening, and driver-out."""
    own, world = p.columns.deployments[q], p.instance.world
    return [(own.open[0], float(world.launch_fleet)), (own.driver_out, float(world.min_launch_fleet))]


class FirstYearRule(Rule):
    """No published city fleet was large within a year."""

    key = "first_year_fleet"
    title = "A fleet stays small until its service has been driver-out for a year"
    source = "assumptions.toml: fleet.first_year_fleet"
    limits_need = ("driver_out_service",)

    def sentence(self, instance: Instance) -> str:
        """Return the rule with its figure."""
        return f"{self.title}: {instance.world.first_year_fleet} vehicles at most"

    def fleet_limit(self, i: Instance, q: int) -> Array | None:
        """Return the first year's fleet in every period in which no service can be a year old."""
        return np.where(_grown_up(i, q), np.inf, _first_year(i, q))

    def write(self, p: Problem) -> None:
        """Bound a fleet by the first year's until the step of a year ago is taken, then by what has grown out of that since."""
        i = p.instance
        for q in range(len(i.deployments)):
            small = _first_year(i, q)
            most = p.reach.deployments[q].fleet
            can = _grown_up(i, q)
            young, old = p.every[~can & (most > small)], p.every[can & (most > small)]
            p.at_most(self, p.place(q), young, [p.fleet(q, young)], small)
            _outgrown(self, p, q, old, grown_since(i, small))


def _outgrown(rule: Rule, p: Problem, q: int, old: Ints, grown: Array) -> None:
    """Bound a fleet in periods ``old`` by its first year's, and by what has ``grown`` out of that: (t, driver-out since)."""
    own, small = p.columns.deployments[q], _first_year(p.instance, q)
    since = np.minimum(grown[old], p.reach.deployments[q].fleet[old, None]) - small
    steps = np.broadcast_to(own.driver_out[None, :], since.shape)
    further = np.diff(np.maximum(since, 0.0), append=0.0)  # a step taken later lets less grow
    p.at_most(rule, p.place(q), old, [p.fleet(q, old), (own.open[0, old], -small), (steps, further)])


def grown_since(i: Instance, small: float) -> Array:
    """Return what a first year's fleet may have become since its last month, shape (t, driver-out since); 0 within that year."""
    starts = i.grid.starts
    months = starts[:, None] - starts[None, :] - (YEAR_MONTHS - 1)
    factor, more = growth_over(i.world.growth, np.arange(max(1, int(months.max()) + 1)))
    grown = factor * small + more
    return np.where(months > 0, grown[np.maximum(months, 0)], 0.0)


def grown_whole_since(i: Instance, small: float) -> Array:
    """Return the same in whole vehicles, which grow from one period to the next."""
    starts, found = i.grid.starts, np.zeros((i.periods, i.periods))
    for s, year_ends in enumerate((starts + YEAR_MONTHS - 1).tolist()):
        fleet = small
        for t in range(s + 1, i.periods):
            if starts[t] > year_ends:
                fleet = whole_growth(i.world.growth, int(starts[t]) - max(int(starts[t - 1]), year_ends), fleet)
                found[t, s] = fleet
    return found


def _grown_up(i: Instance, q: int) -> Flags:
    """Return in which periods a service can be a year old."""
    before = periods_before(i.grid, YEAR_MONTHS)
    return np.asarray((before >= 0) & i.deployments[q].can_be_driver_out[before])


def _first_year(i: Instance, q: int) -> float:
    """Return the most vehicles of a service in its first year: the figure, or what stands already."""
    stands = 0 if i.standing is None else int(i.standing.services[q].fleet[-1])
    return float(max(i.world.first_year_fleet, stands))


class PartnerGrowthRule(Rule):
    """A partner's crews, spare parts and mapping are shared by its cities."""

    key = "partner_growth"
    title = "All fleets of a partner together grow no faster than in proportion to what it runs"
    source = "assumptions.toml: fleet.partner_growth_vehicles_per_month, fleet.partner_growth_share_per_month"
    kind = "partner"
    scope = "joint"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with its figures and the partners that it holds in several cities."""
        growth = instance.world.partner_growth
        several = sorted(partner for partner, users in instance.by_partner.items() if len(users) > 1)
        pace = (
            f"{growth.vehicles_per_month:g} vehicles and {growth.share_per_month:.1%} of them a month, launches apart"
        )
        return f"{self.title}: {pace}{listed(' (', several, ')')}"

    def write(self, p: Problem) -> None:
        """Bound the sum of a partner's fleets by the sum before, and by what its launches bring."""
        i, first, rest = p.instance, p.every[:1], p.every[1:]
        factor, more = growth_over(i.world.partner_growth, months_since(i.grid)[rest])
        for partner, users in i.by_partner.items():
            place = Place("partner", partner=partner)
            now: list[Term] = [(p.columns.deployments[q].vehicles[:, first].T, 1.0) for q in users]
            terms: list[Term] = []
            for q in users:
                vehicles = p.columns.deployments[q].vehicles.T
                terms += [(vehicles[rest], 1.0), (vehicles[rest - 1], -factor[:, None])]
                for columns, size in launched(p, q):
                    now += [(columns[first], -size)]
                    terms += [(columns[rest], -size), (columns[rest - 1], size)]
            p.at_most(self, place, first, now)
            p.at_most(self, place, rest, terms, more)


class FleetGrowthRule(Cut):
    """A fleet outgrows its pilot only in periods with driver-out permitted (implied by ramp and caps, but tighter)."""

    key = "fleet_growth"
    title = "A fleet outgrows its pilots only at the pace of the ramp, counted from driver-out"
    source = "implied by ramp, driver_out_service, permit_path, permit_cap and operator_pilot"
    implied_by = ("ramp", "driver_out_service", "permit_path", "permit_cap", "operator_pilot")

    def write(self, p: Problem) -> None:
        """Bound a fleet by its pilots and the months since its one uncapped mode is permitted."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            top = float(i.ceilings[data.stack].max(initial=0))
            grown = [m for m in data.modes if i.usable_cap(m) >= top]
            if len(grown) != 1 or grown[0] not in data.driver_out or not grown[0].milestone.possible.any():
                continue
            pilot = float(sum(i.usable_cap(m) for m in data.modes if m not in grown))
            milestone = grown[0].milestone
            ready = p.every[milestone.possible]
            step = p.steps_of(q, milestone, ready)[0]
            most = np.array([fleets_from(i, q, pilot, int(t)) for t in ready])[:, ready].T  # (t, ready from)
            later = np.column_stack([most[:, 1:], np.full(len(ready), pilot)])
            later[np.triu_indices(len(ready))] = pilot
            since = np.tril(most - later)
            steps = np.broadcast_to(step[None, :], since.shape)
            opened = p.columns.deployments[q].open[0, ready]
            p.at_most(self, p.place(q), ready, [p.fleet(q, ready), (opened, -pilot), (steps, -since)])


def fleets_from(i: Instance, q: int, pilot: float, start: int) -> Array:
    """Return the most whole vehicles by period of a fleet no larger than its pilots before ``start``, which then may grow.

    Where it may be driver-out since then, that brings vehicles at once; a pilot that was driver-out only grows. In periods
    that are done it has at least what stands.
    """
    launch, lift = float(i.world.launch_fleet), float(i.world.min_launch_fleet)
    lifted, months = not i.deployments[q].always_driver_out, months_since(i.grid).tolist()
    fleet, stands = np.full(i.periods, pilot), np.zeros(i.periods)
    if i.standing is not None:
        stands[: i.grid.done] = i.standing.services[q].fleet
    for t in range(start, i.periods):
        on = whole_growth(i.world.growth, months[t], fleet[t - 1]) if t else 0.0
        most = max(launch, on) + lift if lifted and t == start else max(on, launch + lift)
        fleet[t] = max(most, stands[t])
    return fleet


class WholeGrowthRule(Cut):
    """What fractions of vehicles gain on whole ones grows with them: a hundredth of a fleet within two years."""

    key = "whole_growth"
    title = "A fleet grows out of its first year in whole vehicles"
    source = "implied by ramp, first_year_fleet and driver_out_service"
    implied_by = ("ramp", "first_year_fleet", "driver_out_service")

    def write(self, p: Problem) -> None:
        """Bound a fleet by what has grown out of its first year's in whole vehicles."""
        i = p.instance
        for q in range(len(i.deployments)):
            small = _first_year(i, q)
            old = p.every[_grown_up(i, q) & (p.reach.deployments[q].fleet > small)]
            _outgrown(self, p, q, old, grown_whole_since(i, small))


GROWTH_RULES: tuple[Rule, ...] = (
    DriverOutRule(),
    RampRule(),
    FirstYearRule(),
    PartnerGrowthRule(),
    FleetGrowthRule(),
    WholeGrowthRule(),
)
