"""Programmes, permits, openings and areas.

Y[q,t] >= Y[q,t-1]                                       never undone
Z[s,w,t] = max of Y[q,t] over the deployments sharing wider programme w
l[q,1,t] <= Y[q, reach of the earliest mode]             open only what is permitted
v[q,m,t] <= most within reach * Y[q, reach of mode m]
l[q,g,t] <= l[q,g-1,t],  l[q,g,t] >= l[q,g,t-1],  l[q,g,t] <= Y[q, reach of the level's gates]
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from fleetplan.optimize.instance import Array, Flags, Gate, Instance, Ints, ServiceMode
from fleetplan.optimize.matrix import Place
from fleetplan.optimize.rules.base import Problem, Rule, Term, listed
from fleetplan.optimize.rules.called import city_name, stack_name
from fleetplan.optimize.suspended import last_paused
from fleetplan.permits.paths import CITY


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


class BarredRule(Rule):
    """A law that comes shuts out whom it is meant for."""

    key = "barred"
    title = "No vehicles serve where a law bars their stack, from its month on"
    source = "the events of the city's jurisdictions: bars; the request: event_date"
    kind = "law"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the events that bar somebody, and from when."""
        barred = (d for d in instance.deployments if d.outlook.bar)
        said = [f"{stack_name(instance, d.stack)} in {city_name(instance, d.city)} by {d.outlook.bar}" for d in barred]
        return f"{self.title}{listed(' (', said, ')')}"

    def mode_limit(self, i: Instance, q: int) -> Array | None:
        """Return no vehicles of any mode where the stack is barred."""
        data = i.deployments[q]
        return np.broadcast_to(np.where(data.outlook.barred, 0.0, np.inf), (len(data.modes), i.periods))

    def openings(self, i: Instance, q: int) -> Flags | None:
        """Return that nothing is open where the bar stands from the start."""
        always = i.periods and i.deployments[q].outlook.barred.all()
        return np.full((len(i.levels_of(q)), i.periods), not always)

    def write(self, p: Problem) -> None:
        """Leave no vehicle in service in periods that have a month of the bar, open nothing and end what is open."""
        for q, data in enumerate(p.instance.deployments):
            t = p.every[data.outlook.barred]
            p.at_most(self, p.place(q), t, [p.fleet(q, t)])
            for steps in p.columns.deployments[q].open if len(t) else ():
                now: list[Term] = [(steps[t], 1.0), (steps[np.maximum(t - 1, 0)], np.where(t > 0, -1.0, 0.0))]
                p.at_most(self, p.place(q), t, now, part="opens nothing")
            if len(t):
                p.at_most(self, p.place(q), t, p.running(q, t), part="ends")


class OperatorSeatRule(Rule):
    """Nobody takes over in a vehicle that has no wheel."""

    key = "operator_seat"
    title = "A vehicle without a seat for an operator never runs with one on board"
    source = "the partners' files: vehicle.operator_seat"

    def write(self, p: Problem) -> None:
        """Write nothing: such a stack's permits open no mode with an operator, so it has no column for one."""


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

    def beginnings(self, i: Instance, q: int, possible: Flags) -> Flags | None:
        """Return the periods from which on something can be open: nothing begins that could never open."""
        del i, q
        some = np.asarray(possible.any(axis=0))
        return np.asarray(np.logical_or.accumulate(some[::-1])[::-1])

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
    unchecked = "it defines when a service is paid; the checker reads that from the vehicles in paid modes"

    def write(self, p: Problem) -> None:
        """Bound the steps of paying service, by deployment and by city."""
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            paid = [m.milestone for m in data.modes if m.fare_factor > 0]
            if len(paid) < len(data.modes):
                p.at_most(self, p.place(q), p.every, [(own.paying, 1.0), (own.open[0], -1.0)], part="open")
                p.gate(self, q, p.every, own.paying, paid, part="permitted")
        for city, steps in p.columns.paying_live.items():
            parts = [p.columns.deployments[q] for q in p.instance.of_city(city)]
            users = [(one.paying if one.serving_paid is None else one.serving_paid, -1.0) for one in parts]
            p.at_most(self, Place("city", city=city), p.every, [(steps, 1.0), *users], part="city")


class EndingRule(Rule):
    """A service that a suspension found open may end. Its area is then no longer in force, and it does not come back."""

    key = "ending"
    title = "A service ends only where a suspension found it open, and does not come back"
    source = "the request: constraints of type suspension"

    def write(self, p: Problem) -> None:
        """Let a service end out of the level in force; say in which periods it has vehicles."""
        later = p.every[1:]
        for q, own in enumerate(p.columns.deployments):
            if own.ended is None or own.serving is None or own.serving_paid is None:
                continue
            for g, steps in enumerate(own.ended):
                p.never_falls(self, p.place(q), steps, part="stays")
                p.at_least(self, p.place(q), p.every, p.in_force(q, g, p.every, 1.0), part="in force")
            held = np.maximum(
                np.minimum(later - 1, last_paused(p.instance, q)[later]), 0
            )  # before the first none may end
            p.at_most(self, p.place(q), later, [*p.ended(q, later), (own.open[0, held], -1.0)], part="after opening")
            paid = [k for k, m in enumerate(p.instance.deployments[q].modes) if m.name.startswith("paid")]
            p.at_most(self, p.place(q), p.every, [(own.serving, 1.0), (own.vehicles.T, -1.0)], part="serving")
            cars = (own.vehicles[paid].T, -1.0)
            p.at_most(self, p.place(q), p.every, [(own.serving_paid, 1.0), cars], part="serving paid")
        for city, now in p.columns.live_now.items():
            if now is not p.columns.live[city]:
                every = [p.columns.deployments[q] for q in p.instance.of_city(city)]
                steps = [(one.open[0] if one.serving is None else one.serving, -1.0) for one in every]
                p.at_most(self, Place("city", city=city), p.every, [(now, 1.0), *steps], part="city")


class FareAllowedRule(Rule):
    """While only a capped or free fare is permitted, all trips go at that fare; later, none do."""

    key = "fare_allowed"
    title = (
        "A fare is taken only in a mode that allows it, and modes of a lower fare end once a higher one is permitted"
    )
    source = "fare_factor of the permits"
    kind = "law"

    def sentence(self, instance: Instance) -> str:
        """Return the rule with the shares of the fare that permits below the full one allow."""
        lower = sorted({f for d in instance.deployments for f in d.fare_factors[:-1]})
        return f"{self.title}{listed(' (shares below the full fare: ', [f'{f:.0%}' for f in lower], ')')}"

    def write(self, p: Problem) -> None:
        """For each fare below the full one: count the trips made before a higher one is permitted, and end its modes then."""
        for q, data in enumerate(p.instance.deployments):
            for k, fare in enumerate(data.fare_factors[:-1]):
                self._count(p, q, k, [m for m in data.modes if m.fare_factor > fare])
            for k, mode in enumerate(data.modes):
                ends_with(self, p, q, k, [m for m in data.modes if m.fare_factor > mode.fare_factor])

    def _count(self, p: Problem, q: int, k: int, higher: list[ServiceMode]) -> None:
        own, reach = p.columns.deployments[q], p.reach.deployments[q]
        assert own.cheap is not None  # noqa: S101  # several fares have the column
        most = reach.demand.max(initial=0.0)  # no more trips than riders
        for here, steps in p.clauses(q, [m.milestone for m in higher], p.every):
            switched = [(s, -most) for s in steps]
            for g in range(own.trips.shape[0]):
                terms = [(own.trips[g, here], 1.0), (own.cheap[k, g, here], -1.0), *switched]
                p.at_most(self, p.place(q), here, terms, part="count")


def ends_with(rule: Rule, p: Problem, q: int, k: int, others: list[ServiceMode]) -> None:
    """Add that a deployment has no vehicles in mode ``k`` once one of the other modes is permitted."""
    own, reach = p.columns.deployments[q], p.reach.deployments[q]
    for milestone in (m.milestone for m in others):
        ready = p.every[milestone.possible]
        steps = p.steps_of(q, milestone, ready)
        most = reach.modes[k, ready]
        terms = [(own.vehicles[k, ready], 1.0), *((s, most) for s in steps)]
        p.at_most(rule, p.place(q), ready, terms, most * len(steps), part="end")


class PilotsEndRule(Rule):
    """Nobody pays an operator who is no longer needed. Where driver-out takes the higher fare, fare_allowed says it already."""

    key = "pilots_end"
    title = "No vehicle runs with an operator on board once riders may be carried without one"
    source = "permits that open paid_driver_out"

    def write(self, p: Problem) -> None:
        """End the modes with an operator as driver-out is permitted."""
        for q, data in enumerate(p.instance.deployments):
            for k, mode in enumerate(data.modes):
                if mode.operator:
                    ends_with(self, p, q, k, [m for m in data.driver_out if m.fare_factor <= mode.fare_factor])


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
            [
                np.logical_and.reduce([always, *(can_pass(gate) for gate in gates)])
                for gates in i.deployments[q].level_gates
            ]
        ).reshape(-1, i.periods)

    def write(self, p: Problem) -> None:
        """Gate each level by its milestones."""
        for q, data in enumerate(p.instance.deployments):
            own = p.columns.deployments[q]
            for g, gates in enumerate(data.level_gates):
                for gate in gates:
                    t = p.every[can_pass(gate)]
                    p.gate(self, q, t, own.open[g, t], gate)


def can_pass(gate: Gate) -> Flags:
    """Return in which periods one of a gate's milestones can be ready, shape (periods,)."""
    return np.asarray(np.logical_or.reduce([m.possible for m in gate]))


LAUNCH_RULES: tuple[Rule, ...] = (
    LawfulRule(),
    BarredRule(),
    OperatorSeatRule(),
    LaunchOrderRule(),
    ProgrammeOpensRule(),
    EndingRule(),
    PermitPathRule(),
    PaidServiceRule(),
    FareAllowedRule(),
    PilotsEndRule(),
    PermitAreaRule(),
)
