"""What a rule is: one object with a key, a sentence, a source, the rows it writes and the limits it implies.

Dropping a rule (``formulate(instance, without={"ramp"})``) drops its rows and its limits, so that conflicts, prices and
counterfactuals see all of it. The independent check of the same key is written apart, in ``fleetplan/plans/check``.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from fleetplan.optimize.instance import Array, Instance, Ints, Milestone
from fleetplan.optimize.ledger import Ledger
from fleetplan.optimize.matrix import PLAN, Builder, Place, Terms
from fleetplan.optimize.reach import Reach
from fleetplan.optimize.rules.limits import Limits
from fleetplan.optimize.suspended import last_paused, recovering
from fleetplan.optimize.variables import Columns
from fleetplan.permits.paths import CITY

Kind = Literal["law", "operation", "partner", "money", "target", "definition"]
Scope = Literal["deployment", "city", "stack", "joint"]
Term = tuple[ArrayLike, ArrayLike]


def listed(before: str, words: Iterable[str], after: str) -> str:
    """Return words in a row between two texts; nothing where there are none.

    >>> listed(" (", ["one", "two"], ")"), listed(" (", [], ")")
    (' (one, two)', '')
    """
    row = ", ".join(words)
    return f"{before}{row}{after}" if row else ""


@dataclass(eq=False)
class Problem:
    """An instance with its columns, while rules add rows and book money."""

    instance: Instance
    builder: Builder
    columns: Columns
    ledger: Ledger
    partners: Ledger  # what partners earn and pay: no money of the plan
    reach: Reach  # what bounds and switches may assume
    domain: Reach  # over which fleets and riders the response curves are read

    @property
    def every(self) -> Ints:
        """All periods."""
        return np.arange(self.instance.periods)

    def place(self, q: int) -> Place:
        """Return the place of a deployment."""
        data = self.instance.deployments[q]
        return Place("deployment", city=data.city, stack=data.stack)

    def at_most(
        self, rule: Rule, place: Place, t: Ints, terms: Terms, limit: ArrayLike = 0.0, *, part: str = ""
    ) -> None:
        """Add ``sum(terms) <= limit`` in every period of ``t``."""
        self.builder.write(rule.key, place, t, terms, high=limit, part=part)

    def at_least(
        self, rule: Rule, place: Place, t: Ints, terms: Terms, limit: ArrayLike = 0.0, *, part: str = ""
    ) -> None:
        """Add ``sum(terms) >= limit`` in every period of ``t``."""
        self.builder.write(rule.key, place, t, terms, low=limit, part=part)

    def equal(self, rule: Rule, place: Place, t: Ints, terms: Terms, value: ArrayLike = 0.0, *, part: str = "") -> None:
        """Add ``sum(terms) == value`` in every period of ``t``."""
        self.builder.write(rule.key, place, t, terms, low=value, high=value, part=part)

    def never_falls(self, rule: Rule, place: Place, steps: Ints, *, part: str = "") -> None:
        """Add ``steps[t - 1] <= steps[t]`` for columns of shape (periods,)."""
        self.at_most(rule, place, self.every[1:], [(steps[:-1], 1.0), (steps[1:], -1.0)], part=part)

    def steps_of(self, q: int, milestone: Milestone, t: Ints) -> list[Ints]:
        """Return the step columns that must all be 1 for a milestone to be reached in ``t``, where it can be."""
        stack, own = self.instance.deployments[q].stack, self.columns.deployments[q]
        return [
            (own.begun if programme == CITY else self.columns.programmes[stack, programme])[reach[t]]
            for programme, reach in milestone.reach.items()
        ]

    def clauses(self, q: int, milestones: Sequence[Milestone], t: Ints) -> Iterator[tuple[Ints, list[Ints]]]:
        """Yield (periods, step columns) so that "one of the milestones is reached" is "each sum of steps is at least 1".

        A milestone is a conjunction of steps, and one of several is a disjunction: over 0/1 steps it holds exactly if for every
        choice of one step from each milestone some chosen step is 1. Periods in which none can be reached yield no steps.
        """
        possible = np.array([m.possible[t] for m in milestones]).reshape(len(milestones), len(t))
        for pattern in np.unique(possible, axis=1).T:
            here = t[(possible == pattern[:, None]).all(axis=0)]
            ready = [self.steps_of(q, m, here) for m, can in zip(milestones, pattern, strict=True) if can]
            if not ready:
                yield here, []
            else:
                yield from ((here, list(choice)) for choice in itertools.product(*ready))

    def gate(  # one of several milestones switches the terms on
        self,
        rule: Rule,
        q: int,
        t: Ints,
        columns: Ints,
        milestones: Sequence[Milestone],
        *,
        big: Array | float = 1.0,
        part: str = "",
    ) -> None:
        """Add that ``columns`` (by period) stay 0 until one of the milestones is reached, and at most ``big`` then."""
        size = np.broadcast_to(np.asarray(big, float), (self.instance.periods,))
        where = dict(zip(t.tolist(), columns.tolist(), strict=True))
        for here, steps in self.clauses(q, milestones, t):
            own = np.array([where[k] for k in here.tolist()], dtype=np.int64)
            self.at_most(rule, self.place(q), here, [(own, 1.0), *((s, -size[here]) for s in steps)], part=part)

    def fleet(self, q: int, t: Ints) -> Term:
        """Return vehicles in service of a deployment."""
        return self.columns.deployments[q].vehicles[:, t].T, 1.0

    def testing(self, q: int, t: Ints) -> list[Term]:
        """Return vehicles in tests of a deployment: the test fleet from programme start until it opens."""
        size = float(self.instance.deployments[q].test_fleet)
        own = self.columns.deployments[q]
        return [(own.begun[t], size), (own.open[0, t], -size)]

    def in_force(self, q: int, g: int, t: Ints, factor: ArrayLike) -> list[Term]:
        """Return ``factor * e[q,g,t]``: level ``g`` open and the next one not, and the service has not ended."""
        own, size = self.columns.deployments[q], np.asarray(factor, float)
        terms: list[Term] = [(own.open[g, t], size)]
        if g + 1 < own.open.shape[0]:
            terms.append((own.open[g + 1, t], -size))
        if own.ended is not None:
            terms.append((own.ended[g, t], -size))
        return terms

    def running(self, q: int, t: Ints, factor: ArrayLike = 1.0) -> list[Term]:
        """Return ``factor`` where a service is open and has not ended."""
        size = np.asarray(factor, float)
        return [(self.columns.deployments[q].open[0, t], size), *self.ended(q, t, -size)]

    def ended(self, q: int, t: Ints, factor: ArrayLike = 1.0) -> list[Term]:
        """Return ``factor`` where a service has ended; nothing where it cannot end."""
        ended = self.columns.deployments[q].ended
        return [] if ended is None else [(row[t], factor) for row in ended]

    def open_in_pause(self, q: int, g: int, t: Ints, factor: ArrayLike = 1.0) -> list[Term]:
        """Return ``factor`` where level ``g`` was open in the suspension that holds a service or from which it recovers."""
        at = last_paused(self.instance, q)[t]
        size = np.where(recovering(self.instance, q)[t], factor, 0.0)
        return [(self.columns.deployments[q].open[g, np.maximum(at, 0)], size)] if size.any() else []


class Rule(Limits, ABC):
    """A business rule.

    Attributes
    ----------
    key
        Its name in docs/model.md, in rows, in the independent checker and in explanations.
    kind
        Who could change it: the law, how services are operated, a partner's contract, the money given, whoever asks (a target);
        a ``definition`` only says what a column means.
    scope
        Over what its rows reach: one deployment, one city, one stack, or all of the plan.
    unchecked
        Why the independent checker has no check of this key; empty where it has one.
    relaxes
        Why its rows allow more than it says; empty where a solution in whole numbers keeps them exactly if it keeps the rule.
    implied_by
        A cut: the keys of the rules that it follows from. It goes with any of them, and has no price of its own.
    limits_need
        Keys of further rules that its limits rest on: without one of them they are none.
    """

    key: str
    title: ClassVar[str]
    source: ClassVar[str]
    kind: ClassVar[Kind] = "operation"
    scope: ClassVar[Scope] = "deployment"
    unchecked: ClassVar[str] = ""
    relaxes: ClassVar[str] = ""
    implied_by: ClassVar[tuple[str, ...]] = ()
    limits_need: ClassVar[tuple[str, ...]] = ()
    place: Place = PLAN

    def sentence(self, instance: Instance) -> str:
        """Return the rule in plain words, filled with its figures."""
        del instance
        return self.title

    def sentence_of(self, instance: Instance, stacks: Collection[str]) -> str:
        """Return the rule in plain words with the figures of some stacks alone, where it has one for each."""
        del stacks
        return self.sentence(instance)

    @abstractmethod
    def write(self, p: Problem) -> None:
        """Add the rule's rows (and the money that belongs to it)."""


class Cut(Rule, ABC):
    """Rows that follow from other rules for whole steps, and that fractions of steps would break; ``implied_by`` names those."""

    kind = "definition"
    unchecked = "a cut: what keeps the rules that imply it keeps it"
