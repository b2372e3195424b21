"""Programmes, permits, openings and areas.

Y[q,t] >= Y[q,t-1]                                       never undone
Z[s,w,t] = max of Y[q,t] over the deployments sharing wider programme w
l[q,1,t] <= Y[q, reach of the earliest mode]             open only what is permitted
v[q,m,t] <= cap * Y[q, reach of mode m]
l[q,g,t] <= l[q,g-1,t],  l[q,g,t] >= l[q,g,t-1],  l[q,g,t] <= Y[q, reach of the level's gates]
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fleetplan.catalogue.types import Permit
from fleetplan.optimize.instance import Array, Flags, Instance, Ints, ServiceMode
from fleetplan.optimize.matrix import Place
from fleetplan.optimize.rules.base import Problem, Rule
from fleetplan.permits.paths import CITY

MOST_TRIPS_PER_VEHICLE = 60.0  # a day; above any service law, used only to switch rows off


def earliest_modes(modes: Iterable[ServiceMode]) -> list[ServiceMode]:
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


def shared_permits(i: Instance, kind: str) -> dict[tuple[str, str], tuple[Permit, list[int]]]:
    """Return permits with a cap of one kind that several may share: by (stack or city, permit id), with the users."""
    found: dict[tuple[str, str], tuple[Permit, list[int]]] = {}
    for q, data in enumerate(i.deployments):
        for permit in data.path.permits.values():
            if permit.fleet_cap and permit.fleet_cap_kind == kind:
                whose = data.city if kind == "shared_quota" else data.stack
                found.setdefault((whose, permit.id), (permit, []))[1].append(q)
    return found


class LawfulRule(Rule):
    """Only deployments that the request admits and the law does not bar have columns at all."""

    key = "lawful"
    title = "Only stacks that the request admits and the law does not bar are placed"
    source = "deployments.csv: deal, permitted; the request: deployments"
    kind = "law"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the deployments it leaves."""
        return f"{self.title}: {len(instance.deployments)} deployments may be"

    def write(self, p: Problem) -> None:
        """Write nothing: the scope admits them, and what it does not admit has no column."""


class LaunchOrderRule(Rule):
    """What has begun or opened stays so; areas open from the inside out."""

    key = "launch_order"
    title = "A programme once begun and an area once open are never undone, and areas open from the inside out"
    source = "docs/model.md"

    def write(self, p: Problem) -> None:
        """Add monotone rows for all step columns of deployments."""
        for q, own in enumerate(p.columns.deployments):
            p.never_falls(self, p.place(q), own.begun, part="begun")
            for g, steps in enumerate(own.open):
                p.never_falls(self, p.place(q), steps, part="open")
                if g:
                    p.at_most(self, p.place(q), p.every, [(steps, 1.0), (own.open[g - 1], -1.0)], part="nested")


class ProgrammeOpensRule(Rule):
    """Nobody begins permits for a service that never opens."""

    key = "programme_opens"
    title = "A programme that begins opens to riders within the horizon"
    source = "docs/model.md"

    def write(self, p: Problem) -> None:
        """Tie what has begun at the end of the horizon to what is open then."""
        last = p.every[-1:]
        for q, own in enumerate(p.columns.deployments):
            p.at_most(self, p.place(q), last, [(own.begun[last], 1.0), (own.open[0, last], -1.0)])


class PermitPathRule(Rule):
    """A mode runs only when its permits are in hand."""

    key = "permit_path"
    title = "Riders are carried only in a mode whose permits are in hand"
    source = "the permits of the city's jurisdictions"
    kind = "law"
    scope = "joint"

    def mode_limit(self, i: Instance, q: int) -> Array | None:
        """Return no vehicles in a mode before it can be permitted."""
        modes = i.deployments[q].modes
        can = np.array([m.milestone.possible for m in modes]).reshape(len(modes), i.periods)
        return np.where(can, np.inf, 0.0)

    def openings(self, i: Instance, q: int) -> Flags | None:
        """Return that nothing opens before some mode can be permitted."""
        modes = i.deployments[q].modes
        some = np.array([m.milestone.possible for m in modes]).reshape(len(modes), i.periods).any(axis=0)
        return np.broadcast_to(some, (len(i.levels_of(q)), i.periods))

    def write(self, p: Problem) -> None:
        """Gate openings and vehicles by programme starts; share wider programmes."""
        for (stack, wide), steps in p.columns.programmes.items():
            self._wider(p, stack, wide, steps)
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            first = [m.milestone for m in earliest_modes(data.modes)]
            some = p.every[np.array([m.possible for m in first]).reshape(len(first), len(p.every)).any(axis=0)]
            p.gate(self, q, some, own.open[0, some], first, part="open")
            for m, mode in enumerate(data.modes):
                can = p.every[mode.milestone.possible & (p.reach.deployments[q].modes[m] > 0)]
                most = p.reach.deployments[q].modes[m]
                p.gate(self, q, can, own.vehicles[m, can], [mode.milestone], big=most, part=mode.name)

    def _wider(self, p: Problem, stack: str, wide: str, steps: Ints) -> None:
        """Let a wider programme begin as soon as one of its deployments does, and not before."""
        place = Place("programme", stack=stack, jurisdiction=wide)
        users = [q for q in p.instance.of_stack(stack) if wide in p.instance.deployments[q].shared]
        begun = [p.columns.deployments[q].begun for q in users]
        p.at_most(self, place, p.every, [(steps, 1.0), *((own, -1.0) for own in begun)], part="wider")
        for own in begun:
            p.at_least(self, place, p.every, [(steps, 1.0), (own, -1.0)], part="wider begun")
        p.never_falls(self, place, steps, part="wider")


class PaidServiceRule(Rule):
    """A service carries paying riders once it is open and a mode that takes a fare is permitted."""

    key = "paid_service"
    title = "A city counts as paid from the first opening under a permit that allows a fare"
    source = "fare_factor of the permits"
    kind = "definition"
    scope = "city"

    def write(self, p: Problem) -> None:
        """Bound the steps of paying service, by deployment and by city."""
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            paid = [m.milestone for m in data.modes if m.fare_factor > 0]
            if len(paid) < len(data.modes):
                p.at_most(self, p.place(q), p.every, [(own.paying, 1.0), (own.open[0], -1.0)], part="open")
                p.gate(self, q, p.every, own.paying, paid, part="permitted")
        for city, steps in p.columns.paying_live.items():
            users = [(p.columns.deployments[q].paying, -1.0) for q in p.instance.of_city(city)]
            p.at_most(self, Place("city", city=city), p.every, [(steps, 1.0), *users], part="city")


class FareAllowedRule(Rule):
    """While only a capped or free fare is permitted, all trips go at that fare; later, none do."""

    key = "fare_allowed"
    title = "The full fare is taken only in a mode that allows it, and cheaper modes end once it is"
    source = "fare_factor of the permits"
    kind = "law"

    def write(self, p: Problem) -> None:
        """Count trips at the lower fare and end the cheaper mode once the full one is permitted."""
        for q, data in enumerate(p.instance.deployments):
            if data.mixed_fares:
                full = max(m.fare_factor for m in data.modes)
                self._count(p, q, [m for m in data.modes if m.fare_factor == full])
                self._end(p, q, full)

    def _count(self, p: Problem, q: int, best: list[ServiceMode]) -> None:
        own, reach = p.columns.deployments[q], p.reach.deployments[q]
        assert own.cheap is not None  # noqa: S101  # mixed fares have the column
        most = np.maximum(reach.fleet.max(initial=0.0) * MOST_TRIPS_PER_VEHICLE, reach.demand.max(initial=0.0))
        for here, steps in p.clauses(q, [m.milestone for m in best], p.every):
            switched = [(s, -most) for s in steps]
            for g in range(own.trips.shape[0]):
                terms = [(own.trips[g, here], 1.0), (own.cheap[g, here], -1.0), *switched]
                p.at_most(self, p.place(q), here, terms, part="count")

    def _end(self, p: Problem, q: int, full: float) -> None:
        own, reach, data = p.columns.deployments[q], p.reach.deployments[q], p.instance.deployments[q]
        for best in (m.milestone for m in data.modes if m.fare_factor == full):
            ready = p.every[best.possible]
            steps = p.steps_of(q, best, ready)
            for k, mode in enumerate(data.modes):
                if mode.fare_factor < full:
                    most = reach.modes[k, ready]
                    terms = [(own.vehicles[k, ready], 1.0), *((s, most) for s in steps)]
                    p.at_most(self, p.place(q), ready, terms, most * len(steps), part="end")


class PermitAreaRule(Rule):
    """Larger areas and airports open only with their own permits."""

    key = "permit_area"
    title = "An area opens only when every permit for it is in hand"
    source = "area and airport permits of the city's jurisdictions"
    kind = "law"

    def openings(self, i: Instance, q: int) -> Flags | None:
        """Return when every gate of each level can be ready."""
        always = np.ones(i.periods, dtype=bool)
        return np.array(
            [np.logical_and.reduce([always, *(m.possible for m in gates)]) for gates in i.deployments[q].level_gates]
        ).reshape(-1, i.periods)

    def write(self, p: Problem) -> None:
        """Gate each level by its milestones."""
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            for g, gates in enumerate(data.level_gates):
                for gate in gates:
                    t = p.every[gate.possible]
                    p.gate(self, q, t, own.open[g, t], [gate])


class PermitCapRule(Rule):
    """Caps that the law puts on vehicles: of one mode at a time, of a city, of a type and year."""

    key = "permit_cap"
    title = "The number of vehicles stays within what the permits allow"
    source = "fleet_cap of the permits"
    kind = "law"
    scope = "joint"

    def mode_limit(self, i: Instance, q: int) -> Array | None:
        """Return the concurrent caps of the permits."""
        caps = np.array([m.cap for m in i.deployments[q].modes])
        return np.broadcast_to(caps[:, None], (len(caps), i.periods))

    def fleet_limit(self, i: Instance, q: int) -> Array | None:
        """Return the quotas that the deployment shares."""
        quotas = shared_permits(i, "shared_quota").values()
        caps = [float(permit.fleet_cap) for permit, users in quotas if q in users]
        return np.full(i.periods, min(caps)) if caps else None

    def write(self, p: Problem) -> None:
        """Add rows for concurrent caps, for shared quotas of a city and for registrations per type and year."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            for m, mode in enumerate(data.modes):
                if np.isfinite(mode.cap):
                    terms = [(p.columns.deployments[q].vehicles[m], 1.0)]
                    p.at_most(self, p.place(q), p.every, terms, mode.cap, part=mode.name)
        for (city, permit_id), (permit, users) in shared_permits(i, "shared_quota").items():
            place = Place("permit", city=city, permit=permit_id)
            p.at_most(self, place, p.every, [p.fleet(q, p.every) for q in users], float(permit.fleet_cap), part="quota")
        for (stack, permit_id), (permit, users) in shared_permits(i, "type_year").items():
            place = Place("permit", stack=stack, permit=permit_id)
            by_year(p, self, place, [p.columns.deployments[q].added for q in users], float(permit.fleet_cap))


def by_year(p: Problem, rule: Rule, place: Place, columns: list[Ints], cap: float) -> None:
    """Add that columns of shape (periods,) sum to at most ``cap`` in every calendar year."""
    years = p.instance.grid.starts // 12
    for year in np.unique(years):
        inside = p.every[years == year]
        p.at_most(rule, place, inside[:1], [(own[inside][None, :], 1.0) for own in columns], cap, part="year")


class OperatorPilotRule(Rule):
    """With an operator on board it is a pilot, and pilots are small."""

    key = "operator_pilot"
    title = "Vehicles with an operator on board stay a pilot"
    source = "assumptions.toml: fleet.operator_pilot_cap"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with its figure."""
        return f"{self.title}: at most {instance.world.operator_pilot_cap:g} in a deployment"

    def mode_limit(self, i: Instance, q: int) -> Array | None:
        """Return the pilot's size for modes with an operator."""
        caps = np.array([i.world.operator_pilot_cap if m.operator else np.inf for m in i.deployments[q].modes])
        return np.broadcast_to(caps[:, None], (len(caps), i.periods))

    def write(self, p: Problem) -> None:
        """Bound all operator modes of a deployment together."""
        for q, data in enumerate(p.instance.deployments):
            manned = [m for m, mode in enumerate(data.modes) if mode.operator]
            if manned:
                terms = [(p.columns.deployments[q].vehicles[manned].T, 1.0)]
                p.at_most(self, p.place(q), p.every, terms, p.instance.world.operator_pilot_cap)


class MinimumFleetRule(Rule):
    """Service that is open is a real service."""

    key = "min_fleet"
    title = "An open service keeps a minimum fleet, and a larger one once it is driver-out"
    source = "assumptions.toml: fleet.min_launch_fleet, fleet.test_fleet"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with its figures."""
        test = max((d.test_fleet for d in instance.deployments), default=0)
        return f"{self.title}: {test} vehicles, then {instance.world.min_launch_fleet}"

    def write(self, p: Problem) -> None:
        """Add floors that step up when paid driver-out is permitted."""
        i = p.instance
        for q, data in enumerate(i.deployments):
            opened = p.columns.deployments[q].open[0]
            small = min(float(data.test_fleet), max((i.usable_cap(m) for m in data.modes), default=np.inf))
            p.at_least(self, p.place(q), p.every, [p.fleet(q, p.every), (opened, -small)], part="test")
            for mode in data.driver_out:
                lift = min(float(i.world.min_launch_fleet), mode.cap) - small
                if lift > 0:
                    t = p.every[mode.milestone.possible]
                    steps = p.steps_of(q, mode.milestone, t)
                    terms = [p.fleet(q, t), (opened[t], -small - lift), *((s, -lift) for s in steps)]
                    p.at_least(self, p.place(q), t, terms, -lift * len(steps), part="driver out")


LAUNCH_RULES: tuple[Rule, ...] = (
    LawfulRule(),
    LaunchOrderRule(),
    ProgrammeOpensRule(),
    PermitPathRule(),
    PaidServiceRule(),
    FareAllowedRule(),
    PermitAreaRule(),
    PermitCapRule(),
    OperatorPilotRule(),
    MinimumFleetRule(),
)
