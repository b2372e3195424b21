"""The best plan with some steps held against the best of all others: which of the two is better, and what is proven of each.

What is left of a problem without the steps is cut into boxes (:mod:`fleetplan.optimize.boxes`). A linear programme each, from the
root's basis, bounds them; mostly none can hold a plan that is worth as much as the one found with the steps, and nothing is
searched. The others are searched in whole steps, the highest bound first, until none can better what is found. That the fleets of
both plans are whole costs hardly anything this way, where a search of the whole problem spends itself on them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from fleetplan.optimize.boxes import Box, within, without
from fleetplan.optimize.ending import ending_of, tolerance_usd
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array
from fleetplan.optimize.matrix import PLAN, Builder, Ints, Model, RowLabel
from fleetplan.optimize.nothing import worth_of_nothing
from fleetplan.optimize.pair.blocks import LARGE_COLUMNS
from fleetplan.optimize.pair.plans import Apart, Planner
from fleetplan.optimize.pair.race import Limits, outline_of
from fleetplan.optimize.pair.tree import Relaxation
from fleetplan.optimize.pair.wire import Task
from fleetplan.optimize.relaxing import limits as relaxing
from fleetplan.optimize.search import SearchResult
from fleetplan.optimize.solve import solve
from fleetplan.optimize.strict import is_plan
from fleetplan.optimize.tidy import tidied, whole_columns


@dataclass(frozen=True, eq=False)
class Weighed:
    """What was found with the steps held and without, USD.

    Attributes
    ----------
    result
        The better plan of both; None where it has to be searched for as any plan is, since none with the steps was found.
    held_usd
        What the best plan found with the steps is worth; minus infinity where none was found.
    held_bound_usd, other_bound_usd
        What no plan with the steps exceeds, and none without them; minus infinity where there is none.
    """

    result: SearchResult | None
    held_usd: float
    held_bound_usd: float
    other_bound_usd: float


def can_weigh(f: Formulation) -> bool:
    """Return whether a problem's plans can be weighed: by money alone, with rows that say all, as one problem."""
    alone = f.instance.scope.request.objective == "npv" and f.model.columns <= LARGE_COLUMNS
    return alone and not relaxing(f)


def weigh(f: Formulation, held: Box, limits: Limits, *, seed: int, tie_usd: Callable[[float], float]) -> Weighed:
    """Return the better one of the best plan with some steps and the best plan without them.

    Parameters
    ----------
    limits
        Its gap is that to which what may better the best plan is searched.
    tie_usd
        By how much more than a plan with the steps, worth so much, a plan without them has to be worth.
    """
    began, scale = time.monotonic(), _Scale(f, held, limits, seed)
    own, others = _Part(held), [_Part(box) for box in without((), held)]
    scale.bound(own)
    scale.plan_at_once(own)
    if own.x is None:
        return Weighed(None, -np.inf, own.bound_usd, np.inf)
    scale.bound_others(others, own.usd)
    best = scale.best_of(others, own.usd + tie_usd(own.usd))
    if best is not None and own.bound_usd >= best.usd:
        scale.search(own, best.usd)
    other_usd = max((part.bound_usd for part in others), default=-np.inf)
    won = best if best is not None and best.usd > own.usd + tie_usd(own.usd) else own
    result = scale.result(won, max(own.bound_usd, other_usd), time.monotonic() - began)
    return Weighed(result, own.usd, own.bound_usd, other_usd)


@dataclass(eq=False)
class _Part:
    """A box with what is known of it: no plan in it is worth more than ``bound_usd``, ``x`` is the best one found."""

    box: Box
    bound_usd: float = np.inf
    usd: float = -np.inf
    x: Array | None = None
    near: Array | None = field(default=None)
    """The solution in fractions."""


def _newcomers(held: Box) -> frozenset[int]:
    """Return the deployments that are held not to open."""
    return frozenset(step.deployment for step in held) - {step.deployment for step in held if step.taken}


def _with_newcomers(f: Formulation, newcomers: frozenset[int]) -> Model:
    """Return the problem with a last row that says how many of some deployments open, of which nothing is asked."""
    last = f.instance.periods - 1
    rows = Builder(size=f.model.columns)
    terms = [(int(f.columns.deployments[q].open[0, last]), 1.0) for q in sorted(newcomers)]
    rows.row(RowLabel("weighing", PLAN, last, "newcomers"), terms)
    return replace(f.model.extended(rows, np.zeros(0)), blocks=())


class _Scale:
    """A problem whose relaxation is solved, and ways to bound a box of it and to find plans there."""

    def __init__(self, f: Formulation, held: Box, limits: Limits, seed: int) -> None:
        self.formulation, self.limits, self.seed = f, limits, seed
        self.whole = whole_columns(f)
        self.outline = outline_of(f, f.model, self.whole)
        self._newcomers = _newcomers(held)
        self._row = f.model.rows
        self.root = Relaxation(replace(self.outline, model=_with_newcomers(f, self._newcomers)))
        self._basis = self.root.basis if self.root.optimal else None
        self._columns: Ints = np.unique(np.concatenate([row for own in self.outline.steps for row in own.rows]))

    @property
    def over(self) -> bool:
        """Whether nothing more is to be begun."""
        stop = self.limits.stop
        return self.limits.left_s <= 0.0 or bool(stop is not None and stop.is_set())

    def bound(self, part: _Part) -> None:
        """Bound a box in fractions; what bounds the whole problem bounds it too."""
        if self._basis is None:
            part.bound_usd = -np.inf if self.root.infeasible else part.bound_usd
            return
        model = within(self.formulation, part.box, self.formulation.model)
        at = self._columns
        if self.root.resolve(at, model.lower[at], model.upper[at], self._basis):
            part.bound_usd, part.near = self.root.value, self.root.x
        elif self.root.infeasible:
            part.bound_usd = -np.inf

    def bound_others(self, parts: list[_Part], least_usd: float) -> None:
        """Bound the boxes without the steps; those in which somebody else enters together, then each where need be."""
        entering = [part for part in parts if part.box[-1].deployment in self._newcomers]
        for part in (part for part in parts if part not in entering):
            self.bound(part)
        if not entering:
            return
        together = _Part(entering[0].box[:-1])
        self.root.ask(self._row, 1.0)
        self.bound(together)
        self.root.ask(self._row, -np.inf)
        for part in entering:
            part.bound_usd = together.bound_usd
            if together.bound_usd > least_usd:
                self.bound(part)

    def plan_at_once(self, part: _Part) -> None:
        """Find a plan in a box about where its relaxation has its steps, as the first plan of a search is found; else search."""
        if np.isneginf(part.bound_usd):
            return
        if part.near is not None:
            planner = self._planner(part)
            planner.from_relaxation(part.near, first=True)
            self._take(part, planner)
        if part.x is None:
            self.search(part)

    def search(self, part: _Part, cutoff: float = -np.inf) -> None:
        """Search a box in whole steps until it holds nothing worth more than ``cutoff``, and make a plan of what is found."""
        answer = solve(
            within(self.formulation, part.box, self.formulation.model),
            time_limit_s=max(self.limits.left_s, 0.0),
            gap=self.limits.gap / 2,
            seed=self.seed,
            nodes=self.limits.nodes,
            stop=self.limits.stop,
            cutoff=cutoff,
        )
        part.bound_usd = min(part.bound_usd, -np.inf if answer.status == "infeasible" else answer.bound)
        if answer.x is not None:
            planner = self._planner(part)
            planner.settle(answer.x, "branch and bound")
            self._take(part, planner)

    def best_of(self, parts: list[_Part], floor_usd: float) -> _Part | None:
        """Return the part with the best plan that is worth more than so much; None where none was found.

        Parts are searched, the highest bound first, until what is left cannot better that.
        """
        best: _Part | None = None
        for part in sorted(parts, key=lambda one: -one.bound_usd):
            least = floor_usd if best is None else best.usd
            if part.bound_usd <= least + tolerance_usd(least) or self.over:
                break
            self.search(part, least)
            if part.usd > least:
                best = part
        return best

    def result(self, part: _Part, bound_usd: float, seconds: float) -> SearchResult:
        """Return a part's plan as a search's."""
        assert part.x is not None  # noqa: S101  # it is the best one
        bound, ends = max(bound_usd, part.usd), self.limits
        ending = ending_of(part.usd, bound, ends.gap, inherited=False, stop=ends.stop, ends=ends.over_at)
        something = part.usd > worth_of_nothing(self.formulation.model) or bound <= part.usd + tolerance_usd(part.usd)
        nodes = None if ends.nodes is None else ends.nodes.used
        return SearchResult(part.x, part.usd, bound, ending, seconds, nodes=nodes, found=something)

    def _planner(self, part: _Part) -> Planner:
        """Return who makes plans in a box, whatever doing nothing is worth."""
        outline = replace(self.outline, model=within(self.formulation, part.box, self.outline.model))
        return Planner(Apart(Task(outline, self.seed), self.limits.stop, nodes=self.limits.nodes))

    def _take(self, part: _Part, planner: Planner) -> None:
        """Keep a planner's best plan where it is one and the best in the box."""
        if planner.best is None:
            return
        x = tidied(self.formulation, planner.best, self.whole)
        value = self.formulation.model.value(x)
        if value > part.usd and is_plan(self.formulation, x):
            part.x, part.usd = x, value
