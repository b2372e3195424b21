"""Demand and service.

e_g = l_g - l_{g+1}                                   level g is the one in force
sum_g V_g = sum_m v_m,   V_g <= vmax_g e_g,   D_g <= dmax_g e_g
sum_g D_g <= scale_t (dD_1 pilot (l[1,t] - out[1,t]) + sum_g dD_g sum_tau A(tau,t) (out[g,tau] - out[g,tau-1])),
out[g] = l[g] for g > 1
l[g,t] <= out[t], l[g-1,t - months for the doublings from g-1 to g]
T_g <= alpha_k V_g + beta_k D_g + gamma_k e_g,   T_g <= D_g
sum_g T_g <= trips a car (age of driver-out service) (1 + spares) V
sum_g (a_g T_g + b_g V_g) <= sum_g most km_g V_g
sum_q sum_{g' <= g} D / scale <= addressable_g * A(earliest opening, t)
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from fleetplan.optimize.imposed import carried
from fleetplan.optimize.instance import Array, DeploymentData, Flags, Instance, Ints
from fleetplan.optimize.matrix import Place
from fleetplan.optimize.pace import periods_before
from fleetplan.optimize.rules.base import Problem, Rule, Term, listed
from fleetplan.optimize.rules.called import largest_areas
from fleetplan.optimize.standing import levels_standing
from fleetplan.optimize.suspended import adoption_of, recovering, stopped
from fleetplan.service.planes import planes_within

ROUNDING = 1e-12
ROUNDING_MONTHS = 1e-9
YEAR_MONTHS = 12


def rises(table: Array) -> Array:
    """Return the adoption that a step opened by ``tau`` adds in ``t`` beyond the step before, shape (t, tau).

    ``A(tau, t) - A(tau + 1, t)``, ``table`` holding A by opening and period: summed over the steps that are 1 it gives the
    adoption since the opening.
    """
    after = np.zeros_like(table)
    after[:-1] = table[1:]
    return np.tril((table - after).T)


def fades(i: Instance) -> bool:
    """Return whether adoption falls somewhere: then a later opening may win more, and an earlier one is no freedom."""
    first = float(np.diagonal(i.world.adoption).min(initial=1.0))
    return bool((rises(i.world.adoption) < -ROUNDING).any()) or i.world.pilot_riders > first


class ServiceAreaRule(Rule):
    """Vehicles serve the area in force."""

    key = "no_service_before_open"
    title = "Vehicles serve, and riders are offered, only in an open area"
    source = "docs/model.md"
    kind = "definition"

    def write(self, p: Problem) -> None:
        """Tie vehicles by mode to vehicles by level, and vehicles and riders by level to the level in force."""
        for q, own in enumerate(p.columns.deployments):
            reach = p.reach.deployments[q]
            p.equal(self, p.place(q), p.every, [p.fleet(q, p.every), (own.fleet.T, -1.0)], part="sum")
            for columns, most, part in ((own.fleet, reach.levels, "level"), (own.demand, reach.demand, "riders")):
                for g in range(len(columns)):
                    terms = [(columns[g], 1.0), *p.in_force(q, g, p.every, -most[g])]
                    p.at_most(self, p.place(q), p.every, terms, part=part)


class LargestFleetRule(Rule):
    """Nothing is known of an area with more vehicles than the law was sampled for."""

    key = "vehicles_max"
    title = "A fleet stays within the largest for which the law of its area was sampled"
    source = (
        "docs/geography-demand-service.md: 1.3 times what serves four fifths of all riders in the busiest hour, and 10"
    )
    kind = "definition"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the largest fleet of each city."""
        most = [f"{surface.vehicles_max:,.0f} in {city}" for city, surface in largest_areas(instance)]
        return self.title + listed(" (all areas together: ", most, ")")

    def level_limit(self, i: Instance, q: int) -> Array | None:
        """Return the largest fleet sampled of every level."""
        return np.array([level.surface.vehicles_max for level in i.levels_of(q)])

    def write(self, p: Problem) -> None:
        """Write nothing: the limit bounds the vehicles of every level and sizes their switches."""


class AreaDensityRule(Rule):
    """A larger area needs a fleet to match."""

    key = "area_density"
    title = "An area beyond the first opens only with vehicles enough for it"
    source = "assumptions.toml: fleet.km2_per_vehicle_most"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with its figure."""
        return f"{self.title}: one for every {instance.world.km2_per_vehicle:g} km²"

    def least_fleet(self, i: Instance, q: int) -> Array | None:
        """Return the vehicles that each level's area asks for; none for the first."""
        levels = i.levels_of(q)
        return np.array([0.0, *(level.area_km2 / i.world.km2_per_vehicle for level in levels[1:])])

    def write(self, p: Problem) -> None:
        """Add a floor on the fleet of every level in force but the first."""
        for q, own in enumerate(p.columns.deployments):
            least = self.least_fleet(p.instance, q)
            assert least is not None  # noqa: S101  # every level has one
            t = p.every
            for g in range(1, len(least)):
                force = [*p.in_force(q, g, t, -least[g]), *p.open_in_pause(q, g, t, least[g])]
                p.at_least(self, p.place(q), t, [(own.fleet[g, t], 1.0), *force])


class AreaGrowthRule(Rule):
    """Streets are mapped, tested and opened one after another, by a service that runs."""

    key = "area_growth"
    title = "An area grows only while the service is driver-out, and takes its months for every doubling"
    source = "assumptions.toml: area.doubling_months"
    limits_need = ("driver_out_service",)

    def sentence(self, instance: Instance) -> str:
        """Return the rule with its figure."""
        return f"{self.title}: {instance.world.doubling_months:g} months each"

    def openings(self, i: Instance, q: int) -> Flags | None:
        """Return when each area can have grown, were every one before it opened as soon as it can have."""
        can = [np.ones(i.periods, dtype=bool), i.deployments[q].can_be_driver_out]
        for before in self._before(i, q):
            can.append((before >= 0) & can[-1][before])
        return np.array([can[0], *can[2:]])

    def _before(self, i: Instance, q: int) -> list[Ints]:
        """Return for every area beyond the first the periods by which the area within it must have been open."""
        levels = i.levels_of(q)
        return [
            periods_before(i.grid, months_to_grow(inner.area_km2, outer.area_km2, i.world.doubling_months))
            for inner, outer in pairwise(levels)
        ]

    def write(self, p: Problem) -> None:
        """Tie every area beyond the first to the driver-out step, or the area within it, of some months ago."""
        for q, own in enumerate(p.columns.deployments):
            possible = p.reach.deployments[q].possible & ~levels_standing(p.instance, q)
            for g, before in enumerate(self._before(p.instance, q), start=1):
                steps = own.driver_out if g == 1 else own.open[g - 1]
                never, t = p.every[possible[g] & (before < 0)], p.every[possible[g] & (before >= 0)]
                p.at_most(self, p.place(q), never, [(own.open[g, never], 1.0)])
                p.at_most(self, p.place(q), t, [(own.open[g, t], 1.0), (steps[before[t]], -1.0)])


def months_to_grow(inner_km2: float, outer_km2: float, doubling_months: float) -> int:
    """Return the whole months that an area takes to grow to another.

    >>> months_to_grow(50.0, 200.0, 6.0), months_to_grow(50.0, 50.0, 6.0)
    (12, 0)
    """
    return max(0, math.ceil(doubling_months * math.log2(outer_km2 / inner_km2) - ROUNDING_MONTHS))


class PartnerUseRule(Rule):
    """A partner who is paid by the trip does not place idle cars."""

    key = "partner_use"
    title = "Driver-out vehicles of partners paid by the trip are kept busy once their service is a year old"
    source = "assumptions.toml: fleet.partner_least_trips"
    kind = "partner"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with its figure."""
        return f"{self.title}: {instance.world.partner_least_trips:g} trips a day each at least"

    def write(self, p: Problem) -> None:
        """Add a floor on trips per driver-out vehicle of revenue-share contracts, from a service's first birthday on."""
        i, least = p.instance, p.instance.world.partner_least_trips
        before = periods_before(i.grid, YEAR_MONTHS)
        for q, data in enumerate(i.deployments):
            out = [k for k, m in enumerate(data.modes) if not m.operator and m.fare_factor > 0]
            t = p.every[(before >= 0) & data.can_be_driver_out[before]]
            if data.terms.paid_by_trip and out:
                own, most = p.columns.deployments[q], least * p.reach.deployments[q].fleet[t]
                kept: list[Term] = [(own.trips[:, t].T, 1.0), (own.vehicles[out][:, t].T, -least)]
                kept.append((own.driver_out[before[t]], -most))
                p.at_least(self, p.place(q), t, kept, -most)


class ResponseCurveRule(Rule):
    """Trips follow the response surface of the area in force."""

    key = "response_curve"
    title = "Trips served follow from vehicles, demand and streets"
    source = "docs/geography-demand-service.md"

    def write(self, p: Problem) -> None:
        """Add the planes of every level over the fleets and riders that law, supply, stalls and growth leave within reach."""
        for q in range(len(p.instance.deployments)):
            for g in range(len(p.instance.levels_of(q))):
                self._level(p, q, g)

    def _level(self, p: Problem, q: int, g: int) -> None:
        own, domain = p.columns.deployments[q], p.domain.deployments[q]
        t, share = p.every[p.reach.deployments[q].demand[g] > 0.0], carried(p.instance, q)
        p.at_most(self, p.place(q), t, [(own.trips[g, t], 1.0), (own.demand[g, t], -share[t])], part="demand")
        none = stopped(p.instance, q)[t]
        p.at_most(self, p.place(q), t[none], [(own.trips[g, t[none]], 1.0)], part="stopped")
        t = t[~none]
        few = recovering(p.instance, q)  # a fleet may be smaller there than any that planes are otherwise made for
        most = zip(domain.fleet[t].tolist(), domain.demand[g, t].tolist(), few[t].tolist(), strict=True)
        surface = p.instance.levels_of(q)[g].surface
        planes = [planes_within(surface, fleet, riders, from_none=low) for fleet, riders, low in most]
        if planes:
            many = np.repeat(t, [len(own_planes) for own_planes in planes])
            alpha, beta, gamma = share[many] * np.concatenate(planes).T
            terms: list[Term] = [(own.trips[g, many], 1.0), (own.fleet[g, many], -alpha), (own.demand[g, many], -beta)]
            p.at_most(self, p.place(q), many, [*terms, *p.in_force(q, g, many, -gamma)], part="plane")


class ProductivityRule(Rule):
    """A young service learns its city: dispatch, staging, chargers, and who may ride at all."""

    key = "productivity"
    title = "A car of the whole fleet, spares and workshop included, makes no more trips than cars of services of its age do"
    source = "assumptions.toml: fleet.trips_per_car_day_by_half_year, service.spare_share"
    limits_need = ("driver_out_service",)

    def sentence(self, instance: Instance) -> str:
        """Return the rule with its figures at first and at the end of the horizon."""
        world = instance.world
        oldest = float(world.productivity[0, -1])
        months = sum(instance.grid.lengths)
        return f"{self.title}: {world.young_trips:g} a day before driver-out, {oldest:g} after {months} months"

    def write(self, p: Problem) -> None:
        """Bound trips by what cars of each age make unless the service is older, and by what the oldest that it can be make."""
        cars = 1.0 + p.instance.world.spare_share
        for q, data in enumerate(p.instance.deployments):
            own, fleet = p.columns.deployments[q], p.reach.deployments[q].fleet
            ages = [age for t in p.every[fleet > 0.0].tolist() for age in _ages(p.instance, data, t)]
            if not ages:
                continue
            t, before, each, most = (np.array(column) for column in zip(*ages, strict=True))
            trips, vehicles = own.trips[:, t].T, own.vehicles[:, t].T
            young = before >= 0
            made: list[Term] = [(trips[~young], 1.0), (vehicles[~young], -cars * most[~young, None])]
            p.at_most(self, p.place(q), t[~young], made, part="oldest")
            made = [(trips[young], 1.0), (vehicles[young], -cars * each[young, None])]
            switch = (own.driver_out[before[young]], -cars * (most - each)[young] * fleet[t[young]])
            p.at_most(self, p.place(q), t[young], [*made, switch], part="younger")


def _ages(i: Instance, data: DeploymentData, t: int) -> list[tuple[int, int, float, float]]:
    """Return what cars make in a period: (t, tau, trips a car unless driver-out by tau, those of the oldest); tau -1: always."""
    table, since = i.world.productivity, np.flatnonzero(data.can_be_driver_out[: t + 1]).tolist()
    steps = [*(float(table[tau, t]) for tau in since), i.world.young_trips]
    pairs = zip(since, pairwise(steps), strict=True)
    return [(t, -1, steps[0], steps[0]), *((t, tau, low, steps[0]) for tau, (high, low) in pairs if low < high)]


class DrivingDayRule(Rule):
    """A day has so many hours, and a street its speed."""

    key = "driving_day"
    title = "A vehicle drives no farther in a day than the streets' speed allows in its service hours"
    source = "speeds of the city; assumptions.toml: service.pace, service.service_hours, service.out_share"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the distance in the largest area of each city."""
        known = ((city, surface.km_per_vehicle_day_most) for city, surface in largest_areas(instance))
        most = [f"{km:,.0f} km in {city}" for city, km in known if np.isfinite(km)]
        return self.title + listed(" (", most, ")")

    def write(self, p: Problem) -> None:
        """Bound the kilometres of trips and vehicles."""
        for q, own in enumerate(p.columns.deployments):
            terms: list[Term] = []
            for g, level in enumerate(p.instance.levels_of(q)):
                surface = level.surface
                if np.isfinite(surface.km_per_vehicle_day_most):
                    spare = surface.km_per_vehicle_day - surface.km_per_vehicle_day_most
                    terms += [(own.trips[g], surface.km_per_trip), (own.fleet[g], spare)]
            if terms:
                p.at_most(self, p.place(q), p.every, terms)


class DemandRule(Rule):
    """Demand grows with the months of driver-out service that each ring has had."""

    key = "demand"
    title = "Riders take to driver-out service over months, ring by ring, and hardly to a pilot with an operator"
    source = "assumptions.toml: adoption.curve_monthly, adoption.operator_share"
    limits_need = ("driver_out_service",)

    def sentence(self, instance: Instance) -> str:
        """Return the rule with how far a ring has got by the horizon's first period and its last, driver-out throughout."""
        first, last = instance.world.adoption[0, 0], instance.world.adoption[0, -1]
        pilot = instance.world.pilot_riders
        return f"{self.title}: {pilot:.0%} of those there are in a pilot, {first:.0%} at first, {last:.0%} by the end"

    def demand_limit(self, i: Instance, q: int, possible: Flags) -> Array | None:
        """Return the riders won with every ring open since the period in which it could win most of them."""
        won = np.zeros(possible.shape)
        for g, ring in enumerate(_rings(i, q)):
            out = possible[g] & i.deployments[q].can_be_driver_out
            won[g] = ring * i.world.pilot_riders * possible[g]
            if out.any():
                won[g] = np.maximum(won[g], ring * i.world.adoption[int(np.argmax(out)) :].max(axis=0))
        return np.asarray(np.cumsum(won, axis=0) * i.deployments[q].scale[None, :])

    def write(self, p: Problem) -> None:
        """Add the adoption convolution over the steps of driver-out service, and the riders of a pilot in the first ring."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            own, rise = p.columns.deployments[q], rises(adoption_of(i, q))
            terms: list[Term] = [(own.demand.T, 1.0)]
            for g, ring in enumerate(_rings(i, q)):
                steps = own.open[g] if g else own.driver_out
                won = ring * data.scale[:, None] * rise
                terms.append((np.broadcast_to(steps[None, :], rise.shape), -won))
            if not data.always_driver_out:
                pilot = _rings(i, q)[0] * data.scale * i.world.pilot_riders
                terms += [(own.open[0], -pilot), (own.driver_out, pilot)]
            p.at_most(self, p.place(q), p.every, terms)


def _rings(i: Instance, q: int) -> Array:
    """Return the trips a day that each level adds to the one below, at full adoption, shape (levels,)."""
    return np.diff([0.0, *(level.surface.demand_trips_per_day for level in i.levels_of(q))])


class CityDemandRule(Rule):
    """Several stacks in one city share its riders."""

    key = "city_demand"
    title = "Stacks in one city share the same riders"
    source = "docs/model.md"
    scope = "city"

    def write(self, p: Problem) -> None:
        """Bound the sum of demands by level, with adoption since the city's first driver-out service."""
        i, rise = p.instance, rises(p.instance.world.adoption)
        for city, live in p.columns.live.items():
            out = p.columns.driver_out_live[city]
            users = i.of_city(city)
            for g, level in enumerate(i.cities[city].levels if len(users) > 1 or fades(i) else ()):
                terms: list[Term] = []
                for q in users:
                    inside = p.columns.deployments[q].demand[: g + 1].T
                    terms.append((inside, 1.0 / i.deployments[q].scale))
                full = level.surface.demand_trips_per_day
                terms.append((np.broadcast_to(out[None, :], rise.shape), -full * rise))
                terms += [(live, -full * i.world.pilot_riders), (out, full * i.world.pilot_riders)]
                p.at_most(self, Place("city", city=city), p.every, terms)


class CityLiveRule(Rule):
    """A city is live once one of its stacks is, and driver-out once one of them is."""

    key = "city_live"
    title = "A city is live from its first opening, and driver-out from its first driver-out service"
    source = "docs/model.md"
    kind = "definition"
    unchecked = "it defines when a city is live; the checker reads that from its openings"
    scope = "city"

    def write(self, p: Problem) -> None:
        """Bound the city's steps by its deployments' openings, and by their driver-out service."""
        for city, live in p.columns.live.items():
            users = [p.columns.deployments[q] for q in p.instance.of_city(city)]
            self._first_of(p, city, live, [own.open[0] for own in users], "opened")
            self._first_of(p, city, p.columns.driver_out_live[city], [own.driver_out for own in users], "driver out")

    def _first_of(self, p: Problem, city: str, steps: Ints, own: list[Ints], part: str) -> None:
        place = Place("city", city=city)
        p.at_most(self, place, p.every, [(steps, 1.0), *((columns, -1.0) for columns in own)], part=part)
        p.never_falls(self, place, steps, part="stays")
        for columns in own if fades(p.instance) else ():
            p.at_least(self, place, p.every, [(steps, 1.0), (columns, -1.0)], part="not later")


SERVICE_RULES: tuple[Rule, ...] = (
    ServiceAreaRule(),
    LargestFleetRule(),
    AreaDensityRule(),
    AreaGrowthRule(),
    PartnerUseRule(),
    ResponseCurveRule(),
    ProductivityRule(),
    DrivingDayRule(),
    CityLiveRule(),
    DemandRule(),
    CityDemandRule(),
)
