"""The request's own constraints: one rule for each, of its type's name; rows carry the constraint's id.

A type without a rule here cannot be written by silence: :func:`constraint_rule` raises.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Generic, TypeVar, get_args

import numpy as np

from fleetplan.months import month_number
from fleetplan.optimize.instance import Array, Flags, Instance, Ints
from fleetplan.optimize.matrix import Place
from fleetplan.optimize.rules.base import Kind, Problem, Rule, Scope, Term
from fleetplan.optimize.suspended import paused
from fleetplan.optimize.waits import wait_lines
from fleetplan.request.constraints import (
    AnyConstraint,
    Constraint,
    EventDate,
    FleetCap,
    FleetFloor,
    ForbidDeployment,
    ForceDeployment,
    LaunchBy,
    LaunchesPerQuarter,
    LaunchFixed,
    LaunchNotBefore,
    MarketsLive,
    MinimumTrips,
    PartnerParticipation,
    PartnerShare,
    PermitDelay,
    ResultFloor,
    ServiceLevel,
    StacksPerCity,
    SupplyChange,
)

MILLION = 1e6
TOLD_MIN = 0.01
"""Waits are told to a hundredth of a minute and checked so: a plan that keeps a limit as told is none that rows may cut off."""

C = TypeVar("C", bound=AnyConstraint)
CONSTRAINT_RULES: dict[type[Constraint], type[ConstraintRule[Any]]] = {}
"""The rule of each type of constraint, filled by the classes below."""


class ConstraintRule(Rule, Generic[C]):
    """A constraint of the request as a rule."""

    source: ClassVar[str] = "the request: constraints"
    kind: ClassVar[Kind] = "target"
    scope: ClassVar[Scope] = "joint"

    def __init_subclass__(cls) -> None:
        """Make the class the rule of the type of constraint that it names: ``ConstraintRule[FleetCap]``."""
        (named,) = get_args(vars(cls)["__orig_bases__"][0])
        if isinstance(named, type):  # else a rule of several types
            CONSTRAINT_RULES[named] = cls

    def __init__(self, constraint: C) -> None:
        self.constraint = constraint
        self.key = constraint.type
        given = {name: getattr(constraint, name, None) or "" for name in ("city", "stack")}
        self.place = Place("constraint", constraint=constraint.id, **given)

    def sentence(self, instance: Instance) -> str:
        """Return the rule with what the request fills in."""
        del instance
        given = self.constraint.model_dump(exclude={"id", "type", "firmness"}, exclude_none=True)
        return f"{self.title} ({', '.join(f'{name} {value}' for name, value in given.items())})"

    def users(self, i: Instance) -> list[int]:
        """Return the deployments that the constraint is about."""
        return i.matching(getattr(self.constraint, "city", None), getattr(self.constraint, "stack", None))

    def shut(self, i: Instance, q: int, t: Ints) -> Flags | None:
        """Return that nothing of a deployment is open in periods ``t``, shape (levels, periods); None if it is not about it."""
        if q not in self.users(i):
            return None
        opens = np.ones((len(i.levels_of(q)), i.periods), dtype=bool)
        opens[:, t] = False
        return opens

    def trips(self, p: Problem, t: Ints) -> list[Term]:
        """Return the trips a mean day of the deployments that the constraint is about, in periods ``t``."""
        return [(p.columns.deployments[q].trips[:, t].T, 1.0) for q in self.users(p.instance)]

    def window(self, i: Instance) -> Ints:
        """Return the periods that share a month with the constraint's window."""
        given = [getattr(self.constraint, name, None) for name in ("start", "end")]
        return np.array(i.grid.window(given[0], given[1]), dtype=np.int64)


def _at(t: int) -> Ints:
    return np.array([t], dtype=np.int64)


def _paying(p: Problem, users: Iterable[int], t: int) -> list[Term]:
    """Return the steps "open to paying riders in period t" of deployments; none before the horizon."""
    return [(p.columns.deployments[q].paying[t], 1.0) for q in users] if t >= 0 else []


def fleets(p: Problem, users: Iterable[int], t: Ints) -> list[Term]:
    """Return the vehicles in service of some deployments."""
    return [p.fleet(q, t) for q in users]


class MarketsLiveRule(ConstraintRule[MarketsLive]):
    """So many markets are live by a month."""

    title = "So many markets are live by a month"

    def write(self, p: Problem) -> None:
        """Count cities with paying (or any) service in the last period begun by the month."""
        c = self.constraint
        t = p.instance.grid.last_begun_by(c.by)
        least = new_markets_asked(c, p.instance)
        p.at_least(self, self.place, _at(t), live_markets(p, c.counts, t), float(least))


def new_markets_asked(c: MarketsLive, i: Instance) -> int:
    """Return how many markets a target asks for besides those that are live today; none or less where these are enough."""
    return c.count - (sum(m.counts for m in i.scope.catalogue.live_markets) if c.include_existing else 0)


def live_markets(p: Problem, counts: str, t: int) -> list[Term]:
    """Return a term for each city that is 1 only if it is live in period ``t``: open, to paying riders where they count."""
    if t < 0:
        return []
    steps = p.columns.live_now if counts == "public" else p.columns.paying_live
    return [(own[t], 1.0) for own in steps.values()]


class LaunchNotBeforeRule(ConstraintRule[LaunchNotBefore]):
    """Nobody opens before a month."""

    title = "A city, or a stack in it, opens no earlier than a month"
    scope = "city"

    def _before(self, i: Instance) -> Ints:
        return np.flatnonzero(i.grid.starts < month_number(self.constraint.month))

    def openings(self, i: Instance, q: int) -> Flags | None:
        """Return that nothing is open before the month."""
        return self.shut(i, q, self._before(i))

    def write(self, p: Problem) -> None:
        """Keep the openings closed."""
        t = self._before(p.instance)
        for q in self.users(p.instance):
            p.at_most(self, self.place, t, [(p.columns.deployments[q].open[0, t], 1.0)])


class LaunchByRule(ConstraintRule[LaunchBy]):
    """Somebody is open to paying riders by a month."""

    title = "A city, or a stack in it, is open to paying riders by a month"
    scope = "city"

    def write(self, p: Problem) -> None:
        """Ask for a paying service in the last period begun by the month."""
        t = p.instance.grid.last_begun_by(self.constraint.month)
        p.at_least(self, self.place, _at(t), _paying(p, self.users(p.instance), t), 1.0)


class LaunchFixedRule(ConstraintRule[LaunchFixed]):
    """A stack opens in one period."""

    title = "A stack opens in a city in the period that holds a month"

    def _period(self, i: Instance) -> int:
        return i.grid.period_of(month_number(self.constraint.month))

    def openings(self, i: Instance, q: int) -> Flags | None:
        """Return that nothing is open before the period."""
        return self.shut(i, q, np.arange(max(self._period(i), 0)))

    def write(self, p: Problem) -> None:
        """Ask for the opening in the period, and for none before."""
        at = self._period(p.instance)
        users, inside = self.users(p.instance), 0 <= at < p.instance.periods
        opened: list[Term] = [(p.columns.deployments[q].open[0, at], 1.0) for q in users if inside]
        p.at_least(self, self.place, _at(at), opened, 1.0, part="open")
        before = p.every[: max(at, 0)]
        for q in users:
            p.at_most(self, self.place, before, [(p.columns.deployments[q].open[0, before], 1.0)], part="before")


class ForceDeploymentRule(ConstraintRule[ForceDeployment]):
    """A stack opens in a city."""

    title = "A stack is open to paying riders in a city within the horizon"

    def write(self, p: Problem) -> None:
        """Ask for a paying service in the last period."""
        last = p.instance.periods - 1
        p.at_least(self, self.place, _at(last), _paying(p, self.users(p.instance), last), 1.0)


class ForbidDeploymentRule(ConstraintRule[ForbidDeployment]):
    """A stack stays out of a city."""

    title = "A stack is not placed in a city"

    def fleet_limit(self, i: Instance, q: int) -> Array | None:
        """Return no vehicles at all."""
        return np.zeros(i.periods) if q in self.users(i) else None

    def openings(self, i: Instance, q: int) -> Flags | None:
        """Return that nothing opens."""
        return self.shut(i, q, np.arange(i.periods))

    def write(self, p: Problem) -> None:
        """Keep the programme from beginning."""
        for q in self.users(p.instance):
            p.at_most(self, self.place, p.every, [(p.columns.deployments[q].begun, 1.0)])


class FleetCapRule(ConstraintRule[FleetCap]):
    """A fleet stays small."""

    title = "At most so many vehicles serve"

    def fleet_limit(self, i: Instance, q: int) -> Array | None:
        """Return the cap within its window."""
        if q not in self.users(i):
            return None
        most = np.full(i.periods, np.inf)
        most[self.window(i)] = float(self.constraint.vehicles)
        return most

    def write(self, p: Problem) -> None:
        """Bound the fleets together in every period of the window."""
        t = self.window(p.instance)
        p.at_most(self, self.place, t, fleets(p, self.users(p.instance), t), float(self.constraint.vehicles))


class FleetFloorRule(ConstraintRule[FleetFloor]):
    """A fleet is large."""

    title = "At least so many vehicles serve"

    def write(self, p: Problem) -> None:
        """Ask for the fleets together in every period of the window."""
        t = self.window(p.instance)
        p.at_least(self, self.place, t, fleets(p, self.users(p.instance), t), float(self.constraint.vehicles))


class PartnerShareRule(ConstraintRule[PartnerShare]):
    """No partner dominates."""

    title = "One partner's vehicles are at most a share of all"

    def write(self, p: Problem) -> None:
        """Bound the partner's vehicles by its share of all vehicles in service."""
        i, t = p.instance, self.window(p.instance)
        terms: list[Term] = []
        for q, data in enumerate(i.deployments):
            theirs = i.stacks[data.stack].partner == self.constraint.partner
            terms.append((p.fleet(q, t)[0], float(theirs) - self.constraint.max_share))
        p.at_most(self, self.place, t, terms)


class LaunchesPerQuarterRule(ConstraintRule[LaunchesPerQuarter]):
    """Teams launch only so much at once."""

    title = "At most so many first openings a quarter"

    def write(self, p: Problem) -> None:
        """Bound the openings between the end of one quarter and the end of the next."""
        quarters = p.instance.grid.quarters
        for quarter in np.unique(quarters):
            inside = np.flatnonzero(quarters == quarter)
            terms: list[Term] = [(own.open[0, inside[-1]], 1.0) for own in p.columns.deployments]
            if inside[0]:
                terms += [(own.open[0, inside[0] - 1], -1.0) for own in p.columns.deployments]
            p.at_most(self, self.place, inside[:1], terms, float(self.constraint.max))


class StacksPerCityRule(ConstraintRule[StacksPerCity]):
    """A city has only so many stacks."""

    title = "At most so many stacks are open in a city"
    scope = "city"

    def write(self, p: Problem) -> None:
        """Bound what is open in the last period; where a service may end, in every period."""
        for city in [self.constraint.city] if self.constraint.city else list(p.columns.live):
            users = p.instance.of_city(city)
            ends = any(p.columns.deployments[q].ended is not None for q in users)
            t = p.every if ends else p.every[-1:]
            opened: list[Term] = [term for q in users for term in p.running(q, t)]
            place = Place("constraint", constraint=self.constraint.id, city=city)
            p.at_most(self, place, t, opened, float(self.constraint.max))


class ServiceLevelRule(ConstraintRule[ServiceLevel]):
    """Riders wait only so long. The rows relax the rule; :mod:`fleetplan.optimize.waits` makes plans keep it."""

    title = "The mean wait stays at or below so many minutes wherever service is open"
    scope = "city"
    relaxes = "fleets that keep a wait are not convex: plans come from stricter rows, bounds from these"

    def write(self, p: Problem) -> None:
        """Ask each level in force for the vehicles that any fleet short enough in waits has at its demand."""
        for q in self.users(p.instance):
            own, most = p.columns.deployments[q], p.reach.deployments[q].demand
            for g, level in enumerate(p.instance.levels_of(q)):
                limit, t = self.constraint.max_wait_min + TOLD_MIN, p.every[~paused(p.instance, q)]
                for slope, floor in wait_lines(level.surface, limit, float(most[g].max())):
                    terms = [(own.fleet[g, t], 1.0), (own.demand[g, t], -slope), *p.in_force(q, g, t, -floor)]
                    p.at_least(self, self.place, t, terms)


class MinimumTripsRule(ConstraintRule[MinimumTrips]):
    """Riders are served."""

    title = "At least so many trips a mean day"

    def write(self, p: Problem) -> None:
        """Ask for the trips in every period of the window."""
        t = self.window(p.instance)
        p.at_least(self, self.place, t, self.trips(p, t), self.constraint.trips_per_day)


class ResultFloorRule(ConstraintRule[ResultFloor]):
    """Each quarter, or year, earns so much. Its rows are in millions of USD, as those of capital."""

    title = "The operating result of each quarter, or year, is at least so much"

    def write(self, p: Problem) -> None:
        """Sum what the ledger books as running in the periods of each quarter or year that has a month in the window."""
        grid, c = p.instance.grid, self.constraint
        spans, whole = (grid.quarters, 3) if c.per == "quarter" else (grid.years, 12)
        periods, columns, usd = p.ledger.running_flows()
        for span in np.unique(spans[self.window(p.instance)]):
            inside = np.flatnonzero(spans == span)
            if inside[0] < grid.done:  # what part of it earned is known to nobody here
                continue
            own = np.isin(periods, inside)
            least = c.least_usd * sum(grid.lengths[t] for t in inside) / whole
            triplets = (np.zeros(int(own.sum()), np.int64), columns[own], usd[own] / MILLION)
            p.builder.write_sparse(self.key, self.place, inside[:1], triplets, low=least / MILLION)


class GivenRule(ConstraintRule[C]):
    """A constraint that alters figures: it stands in the outlook, not in rows."""

    def write(self, p: Problem) -> None:
        """Write nothing: :func:`fleetplan.optimize.gather.gather` has read it."""


class PermitDelayRule(GivenRule[PermitDelay]):
    """Offices are slower, or quicker."""

    title = "Permits take longer or shorter by whole months"
    unchecked = "it alters months that permit_path, permit_area and other rules are checked with"


class EventDateRule(GivenRule[EventDate]):
    """A law comes later, or sooner."""

    title = "A law comes into force in another month"
    unchecked = "it alters months that permit_path, permit_area and other rules are checked with"


class PartnerParticipationRule(GivenRule[PartnerParticipation]):
    """A partner comes though it loses money."""

    title = "A partner need not earn its money back"
    unchecked = "it excuses deployments from what partner_earns is checked for"


class SupplyChangeRule(GivenRule[SupplyChange]):
    """A plant delivers less, or more."""

    title = "The vehicles that can be had of a stack are multiplied"
    unchecked = "it alters the ceilings that stack_supply and owned_fleet are checked with"


def constraint_rule(constraint: AnyConstraint) -> ConstraintRule[Any]:
    """Return the rule of a constraint.

    Raises
    ------
    KeyError
        If its type has none: it would be left out of the matrix in silence.
    """
    return CONSTRAINT_RULES[type(constraint)](constraint)
