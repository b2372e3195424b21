"""Vehicles: how many of a stack there are, which are added, and where vehicles charge.

sum_q (vehicles + test vehicles) <= ceiling[s,t]
sum_q (vehicles + test vehicles) <= owned = purchases still in life <= the most that can be had      (stacks the platform owns)
added[q,t] >= V[q,t] - V[q,t-1]
need[c,p,t] <= vehicles a stall * k[c,p,t] + u[c,p,t],   sum_p k <= stalls of the sites live
sum_q u[q,t] >= u[c,partner,t],  u[q,t] <= V[q,t] + test vehicles     (partners that pay for charging, where a city has several)
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from fleetplan.optimize.instance import Array, Flags, Instance, Ints
from fleetplan.optimize.lines import built_there, room
from fleetplan.optimize.matrix import Place
from fleetplan.optimize.rules.base import Problem, Rule, Term, listed
from fleetplan.optimize.rules.called import stack_name
from fleetplan.optimize.rules.caps import by_year
from fleetplan.optimize.variables import PARTNER


class StackSupplyRule(Rule):
    """No more vehicles than the partner can deliver."""

    key = "stack_supply"
    title = "Vehicles placed stay within what can be had of each stack"
    source = "partners/<stack>.toml: supply.placeable"
    kind = "partner"
    scope = "stack"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with what can be had at the end."""
        return self.sentence_of(instance, instance.ceilings)

    def sentence_of(self, instance: Instance, stacks: Collection[str]) -> str:
        """Return the rule with what can be had of some stacks at the end."""
        most = [f"{int(c[-1]):,} of {stack_name(instance, s)}" for s, c in instance.ceilings.items() if s in stacks]
        return self.title + listed(" (at the end ", most, ")")

    def fleet_limit(self, i: Instance, q: int) -> Array | None:
        """Return what can be had of the stack."""
        return i.ceilings[i.deployments[q].stack].astype(float)

    def write(self, p: Problem) -> None:
        """Bound vehicles in service and in tests by stack and period."""
        for stack, ceiling in p.instance.ceilings.items():
            p.at_most(self, Place("stack", stack=stack), p.every, placed(p, stack), ceiling.astype(float))


def placed(p: Problem, stack: str) -> list[Term]:
    """Return vehicles of a stack in service and in tests."""
    users = p.instance.of_stack(stack)
    return [term for q in users for term in (p.fleet(q, p.every), *p.testing(q, p.every))]


class OwnedFleetRule(Rule):
    """What the platform places it has bought; it does not buy what could never be placed."""

    key = "owned_fleet"
    title = (
        "Vehicles placed are owned where the platform buys them; none is bought that could not be placed then or later, and "
        "never are more owned than the most that can be had in a period"
    )
    source = "the contract; assumptions.toml: fleet.life_years"
    kind = "partner"
    scope = "stack"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the most that may be owned."""
        owned = [s for s, terms in instance.stacks.items() if terms.owned]
        most = [f"{int(instance.ceilings[s].max(initial=0)):,} of {stack_name(instance, s)}" for s in owned]
        return self.title + listed(" (", most, ")")

    def purchase_limit(self, i: Instance, stack: str) -> Array | None:
        """Return the most that can be had then or later."""
        return most_from(i, stack)

    def write(self, p: Problem) -> None:
        """Bound vehicles placed by purchases still in life, those by the most there are, and purchases by the most to come."""
        i = p.instance
        for stack, bought in p.columns.bought.items():
            place = Place("stack", stack=stack)
            alive = i.stacks[stack].alive.T.astype(float)  # (t, bought)
            owned = np.broadcast_to(bought[None, :], alive.shape)
            most = float(i.ceilings[stack].max(initial=0))
            p.at_most(self, place, p.every, [*placed(p, stack), (owned, -alive)], part="placed")
            p.at_most(self, place, p.every, [(owned, alive)], most, part="owned")
            to_come = most_from(i, stack)
            free = p.every[p.reach.bought[stack] > to_come]  # elsewhere the column's bound says it
            p.at_most(self, place, free, [(bought[free], 1.0)], to_come[free], part="bought")


def most_from(i: Instance, stack: str) -> Array:
    """Return the most vehicles of a stack that can be had in each period or later, shape (periods,)."""
    return np.maximum.accumulate(i.ceilings[stack][::-1])[::-1].astype(float)


class YearlySupplyRule(Rule):
    """Legal volume caps by calendar year."""

    key = "supply_yearly_cap"
    title = "Additions in a calendar year stay within the stack's legal volume"
    source = "partners/<stack>.toml: supply.yearly_cap"
    kind = "law"
    scope = "stack"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the caps that there are."""
        return self.sentence_of(instance, instance.stacks)

    def sentence_of(self, instance: Instance, stacks: Collection[str]) -> str:
        """Return the rule with the caps of some stacks."""
        capped = [(s, t.yearly_cap) for s, t in instance.stacks.items() if t.yearly_cap > 0 and s in stacks]
        caps = [f"{cap:,g} of {stack_name(instance, s)}" for s, cap in capped]
        return self.title + listed(" (", caps, ")")

    def write(self, p: Problem) -> None:
        """Add one row per stack and year, on purchases or on vehicles placed."""
        for stack, terms in p.instance.stacks.items():
            if terms.yearly_cap > 0:
                by_year(p, self, Place("stack", stack=stack), _additions(p, stack), terms.yearly_cap)


class LineCapacityRule(Rule):
    """A plant builds for all the stacks that it feeds."""

    key = "line_capacity"
    title = "Vehicles added in a calendar year stay within what the plant builds that feeds their stacks, all of them together"
    source = "supply_lines.csv: capacity_per_year"
    kind = "partner"
    scope = "joint"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the plants of the stacks that may be placed."""
        return self.title + listed(" (", [f"{most:g} {line}" for line, (most, _) in plants(instance).items()], ")")

    def write(self, p: Problem) -> None:
        """Add one row per plant and year over the stacks that it feeds."""
        years = p.instance.grid.starts // 12
        for line, (most, stacks) in plants(p.instance).items():
            for year in np.unique(years):
                inside = p.every[years == year]
                terms: list[Term] = [
                    (own[inside][None, :], there[inside].astype(float)[None, :])
                    for stack, there in stacks.items()
                    for own in _additions(p, stack)
                ]
                p.at_most(self, Place("partner", partner=line), inside[:1], terms, most, part="year")


def plants(i: Instance) -> dict[str, tuple[float, dict[str, Flags]]]:
    """Return the plants that feed stacks which may be placed: what each builds a year, and in which periods of each stack."""
    scope, found = i.scope, dict[str, tuple[float, dict[str, Flags]]]()
    for line in scope.catalogue.supply_lines.values():
        fed = {s: built_there(s, line.line, scope.catalogue, i.grid, scope.constraints) for s in i.stacks}
        fed = {stack: there for stack, there in fed.items() if there.any()}
        most = room(line, scope.constraints)
        if fed and most is not None:
            found[line.line] = (most, fed)
    return found


def _additions(p: Problem, stack: str) -> list[Ints]:
    """Return what counts as a stack's additions: purchases where the platform buys, else vehicles added to its deployments."""
    if p.instance.stacks[stack].owned:
        return [p.columns.bought[stack]]
    return [p.columns.deployments[q].added for q in p.instance.of_stack(stack)]


class PlacingRule(Rule):
    """Vehicles added to a city are brought there."""

    key = "placing"
    title = "Vehicles added to a city are delivered and commissioned"
    source = "assumptions.toml: fleet.delivery_usd"
    kind = "definition"
    unchecked = "it defines what is added; supply_yearly_cap, permit_cap and the line placing are checked on it"

    def write(self, p: Problem) -> None:
        """Define additions."""
        for q, own in enumerate(p.columns.deployments):
            now = (own.vehicles.T, -1.0)
            first, rest = p.every[:1], p.every[1:]
            p.at_least(self, p.place(q), first, [(own.added[first], 1.0), (now[0][first], -1.0)])
            before = (now[0][rest - 1], 1.0)
            p.at_least(self, p.place(q), rest, [(own.added[rest], 1.0), (now[0][rest], -1.0), before])


class DepotCapacityRule(Rule):
    """Every electric vehicle has a stall, or charges in public at a price."""

    key = "depot_capacity"
    title = "Vehicles need charger stalls at depots with power"
    source = "economics.csv: vehicles_per_fast_stall; assumptions.toml: supply.public_charging_cars"
    scope = "city"
    limits_need = ("depot_site",)

    def sentence(self, instance: Instance) -> str:
        """Return the rule with its figures."""
        world = instance.world
        return f"{self.title}: {world.vehicles_per_stall:g} to a stall, {world.public_cars} a city at public stations"

    def fleet_limit(self, i: Instance, q: int) -> Array | None:
        """Return the vehicles that all sites of the city, ordered at once, could charge."""
        if not i.deployments[q].electric:
            return None
        sites = i.cities[i.deployments[q].city].depots
        stalls = sum((np.where(site.reach >= 0, float(site.stalls), 0.0) for site in sites), np.zeros(i.periods))
        return i.world.vehicles_per_stall * stalls + i.world.public_cars

    def public_limit(self, i: Instance, city: str) -> float | None:
        """Return the places at public stations."""
        del city
        return float(i.world.public_cars)

    def write(self, p: Problem) -> None:
        """Cover the vehicles of each payer; bound what charges in public."""
        i = p.instance
        for city, own in p.columns.depots.items():
            place = Place("city", city=city)
            for k, platform_pays in enumerate((True, False)):
                users = [q for q in i.of_city(city) if i.deployments[q].electric]
                users = [q for q in users if i.deployments[q].rates.charger_paid is platform_pays]
                if users:
                    need = [term for q in users for term in (p.fleet(q, p.every), *p.testing(q, p.every))]
                    stalls = (own.stalls[:, k].T, -i.world.vehicles_per_stall)
                    p.at_most(self, place, p.every, [*need, stalls, (own.public[k], -1.0)], part="cover")
            p.at_most(self, place, p.every, [(own.public.T, 1.0)], i.world.public_cars, part="public")
            self._whose(p, city)

    def _whose(self, p: Problem, city: str) -> None:
        """Share public places among the partners that pay for them, where a city has several: each has those of its vehicles."""
        users = [q for q in p.instance.of_city(city) if p.instance.deployments[q].charges_itself]
        if len(users) < 2:
            return
        shares = [(public, 1.0) for q in users if (public := p.columns.deployments[q].public) is not None]
        total = (p.columns.depots[city].public[PARTNER], -1.0)
        p.at_least(self, Place("city", city=city), p.every, [*shares, total], part="whose")
        for q, (public, _) in zip(users, shares, strict=True):
            placed_here = [p.fleet(q, p.every), *p.testing(q, p.every)]
            p.at_least(self, p.place(q), p.every, [*placed_here, (public, -1.0)], part="own")


class DepotSiteRule(Rule):
    """Stalls stand on sites that were ordered in time; neither orders nor stalls are taken back."""

    key = "depot_site"
    title = "Stalls stand only on sites ordered in time, and what is ordered or built stays"
    source = "depots.csv: stalls, lead_months"
    scope = "city"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the stalls that all sites of each city have."""
        rooms = [f"{sum(d.stalls for d in data.depots)} in {city}" for city, data in instance.cities.items()]
        return self.title + listed(" (stalls of all sites: ", rooms, ")")

    def order_limit(self, i: Instance, city: str) -> Array | None:
        """Return the sites of each class; none of one that is not live within the horizon."""
        return np.array([float(len(c.sites) * (c.reach[-1] >= 0)) for c in i.cities[city].depot_classes])

    def stall_limit(self, i: Instance, city: str) -> Array | None:
        """Return the stalls of every class with all its sites ordered at once."""
        classes = i.cities[city].depot_classes
        rooms = [np.where(c.reach >= 0, float(len(c.sites) * c.stalls), 0.0) for c in classes]
        return np.array(rooms).reshape(len(classes), i.periods)

    def write(self, p: Problem) -> None:
        """Bound the stalls of each class of sites by its sites live; orders and stalls never fall."""
        for city, own in p.columns.depots.items():
            place = Place("city", city=city)
            for k, alike in enumerate(p.instance.cities[city].depot_classes):
                p.never_falls(self, place, own.ordered[k], part="ordered")
                live = p.every[alike.reach >= 0]
                early = p.every[(alike.reach < 0) & (p.reach.depots[city].stalls[k] > 0.0)]
                ordered = own.ordered[k, alike.reach[live]]
                p.at_most(self, place, early, [(own.stalls[k, :, early], 1.0)], part="room")
                room = [(own.stalls[k, :, live], 1.0), (ordered, -float(alike.stalls))]
                p.at_most(self, place, live, room, part="room")
                for payer in range(own.stalls.shape[1]):
                    built = own.stalls[k, payer]
                    late = live[live > 0]
                    p.at_most(self, place, late, [(built[late - 1], 1.0), (built[late], -1.0)], part="built")


class UsedOrdersRule(Rule):
    """What is bought or ordered is used. It has no rows: :mod:`fleetplan.optimize.unused` takes the rest out of every plan."""

    key = "used_orders"
    title = "Nothing is bought or ordered that nobody uses within the horizon: vehicles, stalls, depot sites"
    source = "what is ordered in vain is money lost"
    scope = "joint"

    def write(self, p: Problem) -> None:
        """Write nothing: what nobody uses only costs, and the same plan without it keeps every rule."""


SUPPLY_RULES: tuple[Rule, ...] = (
    StackSupplyRule(),
    OwnedFleetRule(),
    YearlySupplyRule(),
    LineCapacityRule(),
    PlacingRule(),
    DepotCapacityRule(),
    DepotSiteRule(),
    UsedOrdersRule(),
)
