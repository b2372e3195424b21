"""Demand, service and depots.

e_g = l_g - l_{g+1}                                   level g is the one in force
sum_g V_g = sum_m v_m,   V_g <= vmax_g e_g,   D_g <= dmax_g e_g
sum_g D_g <= scale_t sum_g dD_g sum_tau A(tau,t) (l[g,tau] - l[g,tau-1])
T_g <= alpha_k V_g + beta_k D_g + gamma_k e_g,   T_g <= D_g
sum_q sum_{g' <= g} D / scale <= addressable_g * A(earliest opening, t)
"""

from __future__ import annotations

import functools
import itertools

import numpy as np

from fleetplan.optimize.instance import Array
from fleetplan.optimize.rules.base import Problem, Rule, Terms
from fleetplan.optimize.variables import highest_demand, least_fleets, reachable_fleet
from fleetplan.service.hull import concave_planes
from fleetplan.service.types import ResponseSurface

FEWEST_SAMPLES = 4
SLACK_TRIPS = 0.5  # a plane that is never within this of the lowest one adds nothing
FLEET_STEP = 10  # fleets sampled that planes are made for are counted in tens
NOISE = (1e-4, 1e-5, 1e-2)  # trips per vehicle-day, share of demand, trips a day


@functools.lru_cache(maxsize=4096)
def local_planes(surface: ResponseSurface, fleets: int, demands: int) -> Array:
    """Return planes over part of the sampled domain: the first ``fleets`` fleets and ``demands`` demands.

    Within it they lie between the law and the surface's own planes: a smaller domain bends less, so its hull is closer.
    """
    whole = fleets >= len(surface.sample_vehicles) and demands >= len(surface.sample_demand)
    if whole or min(fleets, demands) < FEWEST_SAMPLES:
        return clean_planes(surface.planes)
    axes = surface.sample_vehicles[1:fleets], surface.sample_demand[1:demands]
    nearer, _ = concave_planes(*axes, surface.sample_trips[1:fleets, 1:demands])
    planes = clean_planes(np.concatenate([nearer, surface.planes]))
    v, d = (a.ravel() for a in np.meshgrid(*axes, indexing="ij"))
    heights = planes[:, :2] @ np.stack([v, d]) + planes[:, 2:]
    lowest = heights.min(axis=0)
    return np.asarray(planes[(heights <= lowest + SLACK_TRIPS).any(axis=1)])


def planes_within(surface: ResponseSurface, fleet: float, demand: float) -> Array:
    """Return the planes that hold for fleets and demands up to the given ones."""
    v = int(np.searchsorted(surface.sample_vehicles, fleet)) + 1
    d = int(np.searchsorted(surface.sample_demand, demand)) + 1
    fleets = min(-(-v // FLEET_STEP) * FLEET_STEP, len(surface.sample_vehicles))
    return local_planes(surface, fleets, min(max(d, FEWEST_SAMPLES), len(surface.sample_demand)))


def clean_planes(planes: Array) -> Array:
    """Return planes without the hull's rounding noise, which solvers trip over; never lower than they were, within a trip."""
    return np.where(np.abs(planes) < np.array(NOISE), 0.0, planes)


def in_force(p: Problem, q: int, g: int, t: int, factor: float) -> Terms:
    """Return ``factor * e[q,g,t]``: level ``g`` open and the next one not."""
    opened = p.columns.deployments[q].open
    terms = [(int(opened[g, t]), factor)]
    if g + 1 < opened.shape[0]:
        terms.append((int(opened[g + 1, t]), -factor))
    return terms


class FleetByLevel(Rule):
    """Vehicles serve the area in force."""

    key = "no_service_before_open"
    title = "Vehicles serve only an open area"
    source = "docs/model.md"

    def write(self, p: Problem) -> None:
        """Tie vehicles by mode to vehicles by level, and those to the level in force."""
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            levels = p.instance.cities[data.city].service.levels
            reachable = reachable_fleet(p.instance, data)
            for t in range(p.instance.periods):
                by_level = [(int(c), -1.0) for c in own.fleet[:, t]]
                p.equal(self.key, data.key, t, [*p.fleet_terms(q, t), *by_level])
                for g, level in enumerate(levels):
                    most = min(level.surface.vehicles_max, float(reachable[t]))
                    p.at_most(self.key, data.key, t, [(int(own.fleet[g, t]), 1.0), *in_force(p, q, g, t, -most)])


class AreaDensity(Rule):
    """A larger area needs a fleet to match."""

    key = "area_density"
    title = "An area beyond the first opens only with vehicles enough for it"
    source = "assumptions.toml: fleet.km2_per_vehicle_most"

    def write(self, p: Problem) -> None:
        """Add a floor on the fleet of every level in force but the first."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            own = p.columns.deployments[q]
            for g, floor in enumerate(least_fleets(i, data)):
                for t in range(i.periods if g else 0):
                    p.at_least(self.key, data.key, t, [(int(own.fleet[g, t]), 1.0), *in_force(p, q, g, t, -floor)])


class PartnerUse(Rule):
    """A partner who is paid by the trip does not place idle cars."""

    key = "partner_use"
    title = "Driver-out vehicles of partners paid by the trip are kept busy"
    source = "assumptions.toml: fleet.partner_least_trips"

    def write(self, p: Problem) -> None:
        """Add a floor on trips per driver-out vehicle of revenue-share contracts."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            if not data.paid_by_trip:
                continue
            own = p.columns.deployments[q]
            out = [k for k, m in enumerate(data.modes) if not m.operator and m.fare_factor > 0]
            for t in range(i.periods):
                trips = [(int(c), 1.0) for c in own.trips[:, t]]
                cars = [(int(own.vehicles[k, t]), -i.partner_least_trips) for k in out]
                p.at_least(self.key, data.key, t, [*trips, *cars])


class ResponseCurveRule(Rule):
    """Trips follow the response surface of the area in force."""

    key = "response_curve"
    title = "Trips served follow from vehicles, demand and streets"
    source = "docs/geography-demand-service.md"

    def write(self, p: Problem) -> None:
        """Add the planes of every level."""
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            reachable, most = reachable_fleet(p.instance, data), highest_demand(p.instance, data)
            for g, level in enumerate(p.instance.cities[data.city].service.levels):
                for t in range(p.instance.periods):
                    if most[g, t] <= 0.0:
                        continue
                    trips, demand, fleet = int(own.trips[g, t]), int(own.demand[g, t]), int(own.fleet[g, t])
                    p.at_most(self.key, data.key, t, [(trips, 1.0), (demand, -1.0)])
                    for alpha, beta, gamma in planes_within(level.surface, float(reachable[t]), float(most[g, t])):
                        terms = [(trips, 1.0), (fleet, -alpha), (demand, -beta), *in_force(p, q, g, t, -gamma)]
                        p.at_most(self.key, data.key, t, terms)


class DemandRule(Rule):
    """Demand grows with the months since each ring opened."""

    key = "demand"
    title = "Riders take to the service over months, ring by ring"
    source = "assumptions.toml: adoption.curve_monthly"

    def write(self, p: Problem) -> None:
        """Add the adoption convolution and its bound by level."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            own = p.columns.deployments[q]
            addressable = [level.surface.demand_trips_per_day for level in i.cities[data.city].service.levels]
            rings = np.diff([0.0, *addressable])
            most = highest_demand(i, data)
            for t in range(i.periods):
                terms = [(int(c), 1.0) for c in own.demand[:, t]]
                for g, ring in enumerate(rings):
                    factor = float(data.scale[t] * ring)
                    for tau in range(t + 1):
                        after = i.adoption[tau + 1, t] if tau < t else 0.0
                        terms.append((int(own.open[g, tau]), -factor * float(i.adoption[tau, t] - after)))
                p.at_most(self.key, data.key, t, terms)
                for g in range(len(rings)):
                    bound = in_force(p, q, g, t, -float(most[g, t]))
                    p.at_most(self.key, data.key, t, [(int(own.demand[g, t]), 1.0), *bound])


class CityDemandRule(Rule):
    """Several stacks in one city share its riders."""

    key = "city_demand"
    title = "Stacks in one city share the same riders"
    source = "docs/model.md"

    def write(self, p: Problem) -> None:
        """Bound the sum of demands by level, with adoption since the city's first possible opening."""
        i = p.instance
        for city, data in i.cities.items():
            users = [q for q, d in enumerate(i.deployments) if d.city == city]
            if len(users) < 2:
                continue
            for g, level in enumerate(data.service.levels):
                for t in range(i.periods):
                    terms: Terms = []
                    for q in users:
                        own, scale = p.columns.deployments[q], float(i.deployments[q].scale[t])
                        terms += [(int(own.demand[h, t]), 1.0 / scale) for h in range(g + 1)]
                    for tau in range(t + 1):
                        after = i.adoption[tau + 1, t] if tau < t else 0.0
                        rise = float(i.adoption[tau, t] - after) * level.surface.demand_trips_per_day
                        terms.append((int(p.columns.live[city][tau]), -rise))
                    p.at_most(self.key, city, t, terms)


class CityLive(Rule):
    """A city is live once one of its stacks is."""

    key = "city_live"
    title = "A city is live from its first opening"
    source = "docs/model.md"

    def write(self, p: Problem) -> None:
        """Bound the city's step by its deployments' openings."""
        for city, steps in p.columns.live.items():
            users = [q for q, d in enumerate(p.instance.deployments) if d.city == city]
            for t in range(p.instance.periods):
                opened = [(int(p.columns.deployments[q].open[0, t]), -1.0) for q in users]
                p.at_most(self.key, city, t, [(int(steps[t]), 1.0), *opened])
                if t:
                    p.at_most(self.key, city, t, [(int(steps[t - 1]), 1.0), (int(steps[t]), -1.0)])


class DepotRule(Rule):
    """Every electric vehicle has a stall, or charges in public at a price."""

    key = "depot_capacity"
    title = "Vehicles need charger stalls at depots with power"
    source = "depots.csv; economics.csv: vehicles_per_fast_stall"

    def write(self, p: Problem) -> None:
        """Add cover, site and order rows."""
        i = p.instance
        for city, own in p.columns.depots.items():
            sites = i.cities[city].depots
            for t in range(i.periods):
                self._cover(p, city, t)
                p.at_most(self.key, city, t, [(int(c), 1.0) for c in own.public[:, t]], i.public_cars)
                for s, site in enumerate(sites):
                    if t:
                        p.at_most(self.key, city, t, [(own.ordered[s, t - 1], 1.0), (own.ordered[s, t], -1.0)])
                    if site.reach[t] < 0:
                        continue
                    stalls = [(int(c), 1.0) for c in own.stalls[s, :, t]]
                    p.at_most(
                        "depot_site", city, t, [*stalls, (int(own.ordered[s, site.reach[t]]), -float(site.stalls))]
                    )
                    if t:
                        for k in range(2):
                            p.at_most(self.key, city, t, [(own.stalls[s, k, t - 1], 1.0), (own.stalls[s, k, t], -1.0)])
                self._nearer_first(p, city, t)

    def _nearer_first(self, p: Problem, city: str, t: int) -> None:
        """Order sites alike in size and lead time by distance to riders: it breaks ties and is what anyone would do."""
        own, sites = p.columns.depots[city], p.instance.cities[city].depots
        alike: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        for s, site in enumerate(sites):
            alike.setdefault((site.stalls, tuple(site.reach)), []).append(s)
        for group in alike.values():
            ranked = sorted(group, key=lambda s: (float(np.mean(sites[s].km)), sites[s].name))
            for near, far in itertools.pairwise(ranked):
                p.at_most("depot_order", city, t, [(int(own.ordered[far, t]), 1.0), (int(own.ordered[near, t]), -1.0)])

    def _cover(self, p: Problem, city: str, t: int) -> None:
        i, own = p.instance, p.columns.depots[city]
        for k, platform_pays in enumerate((True, False)):
            users = [
                q
                for q, d in enumerate(i.deployments)
                if d.city == city and d.electric and d.rates.charger_paid is platform_pays
            ]
            if users:
                need = [term for q in users for term in (*p.fleet_terms(q, t), *p.testing_terms(q, t))]
                stalls = [(int(c), -i.vehicles_per_stall) for c in own.stalls[:, k, t]]
                p.at_most(self.key, city, t, [*need, *stalls, (int(own.public[k, t]), -1.0)])


SERVICE_RULES: tuple[Rule, ...] = (
    FleetByLevel(),
    AreaDensity(),
    PartnerUse(),
    ResponseCurveRule(),
    CityLive(),
    DemandRule(),
    CityDemandRule(),
    DepotRule(),
)
