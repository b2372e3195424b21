"""How many vehicles law and operation allow, and how many a service needs.

v[q,m,t] <= cap of the permit that opens mode m,   sum over the modes with an operator <= a pilot
sum_q V <= quota shared in a city,   sum over a year of added <= cap of a type and year
V[q,t] >= test fleet while open,   >= minimum launch fleet once paid driver-out is permitted     (both within their modes' caps)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from fleetplan.catalogue.types import Permit
from fleetplan.optimize.instance import Array, Flags, Instance, Ints
from fleetplan.optimize.lawcaps import alike_periods, from_month, in_year, lowered
from fleetplan.optimize.matrix import Place
from fleetplan.optimize.rules.base import Problem, Rule, Term, listed
from fleetplan.optimize.rules.called import permit_name
from fleetplan.permits import PUBLIC_MODES


def mode_caps(i: Instance, q: int) -> Iterator[tuple[str, list[int], float]]:
    """Yield modes that permits open together, by name, with what they may have: the widest concurrent cap among them.

    Where several permits open the same mode the widest of those in hand counts: for permits in the order of their caps that is
    a limit on each and those before it.
    """
    modes = i.deployments[q].modes
    for name in dict.fromkeys(m.name for m in modes):
        capped = [m for m, mode in enumerate(modes) if mode.name == name and np.isfinite(mode.cap)]
        capped.sort(key=lambda m: modes[m].cap)
        for n, m in enumerate(capped, start=1):
            yield name, capped[:n], modes[m].cap


def shared_quotas(i: Instance) -> Iterator[tuple[str, Permit, dict[int, list[int]]]]:
    """Yield what vehicles of several deployments share: the city, the permit, and by deployment the modes that it limits.

    A permit that is required, or opens no mode, limits all vehicles of the city; an optional one those in the mode that it opens.
    """
    for city in i.cities:
        users = i.of_city(city)
        permits = {key: permit for q in users for key, permit in i.deployments[q].path.permits.items()}.values()
        for permit in (p for p in permits if p.fleet_cap and p.fleet_cap_kind == "shared_quota"):
            own = permit.optional and permit.opens in PUBLIC_MODES
            modes = {q: list(enumerate(i.deployments[q].modes)) for q in users}
            limited = {q: [m for m, mode in modes[q] if not own or mode.permit == permit.id] for q in users}
            if any(limited.values()):
                yield city, permit, {q: own_modes for q, own_modes in limited.items() if own_modes}


def type_years(i: Instance) -> Iterator[tuple[str, Permit, list[int]]]:
    """Yield permits that limit a stack's additions by calendar year, with the stack and its deployments under them.

    An optional permit that opens a mode which the request does not count limits nothing.
    """
    found: dict[tuple[str, str], tuple[Permit, list[int]]] = {}
    for q, data in enumerate(i.deployments):
        for permit in data.path.permits.values():
            idle = permit.optional and permit.opens in PUBLIC_MODES and permit.opens not in i.counted_modes
            if permit.fleet_cap and permit.fleet_cap_kind == "type_year" and not idle:
                found.setdefault((data.stack, permit.id), (permit, []))[1].append(q)
    for (stack, _), (permit, users) in found.items():
        yield stack, permit, users


class PermitCapRule(Rule):
    """Caps that the law puts on vehicles: of one mode at a time, of a city, of a type and year."""

    key = "permit_cap"
    title = "The number of vehicles stays within what the permits allow"
    source = "fleet_cap of the permits"
    kind = "law"
    scope = "joint"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the caps that there are."""
        modes = {(mode.permit, mode.cap) for d in instance.deployments for mode in d.modes if np.isfinite(mode.cap)}
        quotas = {(permit.id, permit.fleet_cap) for _, permit, _ in shared_quotas(instance)}
        years = {(permit.id, permit.fleet_cap) for _, permit, _ in type_years(instance)}
        named = partial(permit_name, instance)
        caps = [f"{named(permit)} {cap:,g}" for permit, cap in sorted(modes | quotas)]
        caps += [f"{named(permit)} {cap:,g} a year" for permit, cap in sorted(years)]
        return self.title + listed(": ", dict.fromkeys(caps), "")

    def mode_limit(self, i: Instance, q: int) -> Array | None:
        """Return the concurrent caps of the permits, and the quotas that a mode shares."""
        caps = np.array([m.cap for m in i.deployments[q].modes])
        for _, permit, modes in shared_quotas(i):
            own = modes.get(q, [])
            caps[own] = np.minimum(caps[own], float(permit.fleet_cap))
        return np.broadcast_to(caps[:, None], (len(caps), i.periods))

    def fleet_limit(self, i: Instance, q: int) -> Array | None:
        """Return the quotas that all vehicles of the deployment share."""
        every = len(i.deployments[q].modes)
        caps = [float(permit.fleet_cap) for _, permit, modes in shared_quotas(i) if len(modes.get(q, [])) == every]
        return np.full(i.periods, min(caps)) if caps else None

    def write(self, p: Problem) -> None:
        """Add rows for concurrent caps, for shared quotas of a city and for additions per type and year."""
        i, own = p.instance, p.columns.deployments
        for q in range(len(i.deployments)):
            for name, modes, cap in mode_caps(i, q):
                p.at_most(self, p.place(q), p.every, [(own[q].vehicles[modes].T, 1.0)], cap, part=name)
        for city, permit, sharing in shared_quotas(i):
            place = Place("permit", city=city, permit=permit.id)
            terms: list[Term] = [(own[q].vehicles[modes].T, 1.0) for q, modes in sharing.items()]
            p.at_most(self, place, p.every, terms, float(permit.fleet_cap), part="quota")
        for stack, permit, users in type_years(i):
            place = Place("permit", stack=stack, permit=permit.id)

            def cap_of(year: int, permit: Permit = permit) -> float:
                return in_year(i, permit.id, float(permit.fleet_cap), year)

            by_year(p, self, place, [own[q].added for q in users], cap_of)
        self._lowered(p)

    def _lowered(self, p: Problem) -> None:
        """Add what events leave of caps at a time: by mode, and of what a city's deployments share."""
        i, own = p.instance, p.columns.deployments
        for change in i.outlook.caps:
            t = from_month(i, change.month)
            for city, permit, sharing in shared_quotas(i):
                if permit.id == change.permit:
                    place = Place("permit", city=city, permit=permit.id)
                    terms: list[Term] = [
                        (own[q].vehicles[np.ix_(np.array(modes, dtype=np.int64), t)].T, 1.0)
                        for q, modes in sharing.items()
                    ]
                    p.at_most(self, place, t, terms, change.vehicles, part="event")
        for q, data in enumerate(i.deployments):
            most = lowered(i, q)
            for name in dict.fromkeys(m.name for m in data.modes):
                modes = [k for k, m in enumerate(data.modes) if m.name == name]
                t = np.flatnonzero(np.isfinite(most[modes[0]]))
                if len(t):
                    p.at_most(
                        self,
                        p.place(q),
                        t,
                        [(own[q].vehicles[np.ix_(np.array(modes, dtype=np.int64), t)].T, 1.0)],
                        most[modes[0], t],
                        part="event",
                    )


def by_year(p: Problem, rule: Rule, place: Place, columns: list[Ints], cap: float | Callable[[int], float]) -> None:
    """Add that columns of shape (periods,) sum to at most ``cap`` in every calendar year; infinity: nothing is added."""
    years = p.instance.grid.starts // 12
    for year in np.unique(years):
        inside, most = p.every[years == year], cap(int(year)) if callable(cap) else cap
        if np.isfinite(most):
            p.at_most(rule, place, inside[:1], [(own[inside][None, :], 1.0) for own in columns], most, part="year")


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


def least_while_open(i: Instance, q: int) -> float:
    """Return the vehicles that a deployment has at least while it is open: its test fleet, or what its smallest mode may have."""
    data, most = i.deployments[q], lowered(i, q)
    test = float(data.test_fleet)
    return min(
        (min(test, i.usable_cap(m), float(top.min())) for m, top in zip(data.modes, most, strict=True)), default=test
    )


class MinimumFleetRule(Rule):
    """Service that is open is a real service."""

    key = "min_fleet"
    title = "An open service keeps a minimum fleet, and a larger one once it is driver-out"
    source = "assumptions.toml: fleet.min_launch_fleet, fleet.test_fleet"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with its figures."""
        test = max((d.test_fleet for d in instance.deployments), default=0)
        return (
            f"{self.title}: {test} vehicles, then {instance.world.min_launch_fleet}, or what a permitted mode may have"
        )

    def write(self, p: Problem) -> None:
        """Add a floor while open, and one for each mode that asks for more once it is permitted."""
        i = p.instance
        for q in range(len(i.deployments)):
            for alike, caps in alike_periods(lowered(i, q)):
                self._floors(p, q, alike, caps)

    def _floors(self, p: Problem, q: int, alike: Flags, caps: Array) -> None:
        """Add the floors of periods in which events leave the modes of a deployment the same vehicles."""
        i, data = p.instance, p.instance.deployments[q]
        test = float(data.test_fleet)
        small = min((min(test, i.usable_cap(m), cap) for m, cap in zip(data.modes, caps, strict=True)), default=test)
        t = p.every[alike]
        pause = p.open_in_pause(
            q, 0, t, small
        )  # what was open in a suspension keeps no least fleet until it has recovered
        p.at_least(self, p.place(q), t, [p.fleet(q, t), *p.running(q, t, -small), *pause], part="test")
        for mode, cap in zip(data.modes, caps, strict=True):
            least = min(test, i.usable_cap(mode), cap)
            if mode in data.driver_out:
                least = max(least, min(float(i.world.min_launch_fleet), mode.cap, cap))
            lift = least - small
            if lift > 0:
                t = p.every[mode.milestone.possible & alike]
                steps = p.steps_of(q, mode.milestone, t)
                pause = p.open_in_pause(q, 0, t, small + lift)
                terms = [p.fleet(q, t), *p.running(q, t, -small - lift), *((s, -lift) for s in steps), *pause]
                part = "driver out" if mode in data.driver_out else "test"
                p.at_least(self, p.place(q), t, terms, -lift * len(steps), part=part)


CAP_RULES: tuple[Rule, ...] = (PermitCapRule(), OperatorPilotRule(), MinimumFleetRule())
