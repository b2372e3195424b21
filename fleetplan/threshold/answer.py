"""A threshold from plans as they are found: what to plan next, and what is known. Nothing is planned here."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import Catalogue
from fleetplan.doubt.books import Books
from fleetplan.doubt.shifts import in_curves
from fleetplan.plans.types import Plan
from fleetplan.proven import Proofs
from fleetplan.reruns.patch import merged_patches
from fleetplan.scope import resolve_scope
from fleetplan.scope.overrides import apply_overrides
from fleetplan.service.types import CityService
from fleetplan.threshold.dials import numbers_at, patch_at
from fleetplan.threshold.shape import Watched, changes, holding, tie_usd
from fleetplan.threshold.steps import Bracket, bracket, next_step
from fleetplan.threshold.types import Dial, Side, Threshold, Tried

Array = NDArray[np.float64]
Direction = Literal[-1, 1]


@dataclass(frozen=True, slots=True)
class Made:
    """A plan made anew, or that there is none (None), and its id where it is stored.

    ``bound_usd``: what no plan exceeds where that is all that was asked; then none was made. ``proofs``: what is proven of plans
    that have what is watched as it is and of all others, where the two were weighed.
    """

    plan: Plan | None
    id: str = ""
    bound_usd: float | None = None
    proofs: Proofs | None = None

    @property
    def most_usd(self) -> float | None:
        """What no plan exceeds; None where there is none."""
        return self.plan.bound if self.plan is not None else self.bound_usd


Worth = Callable[[Plan, Sequence[int]], Array]
"""What a plan's decisions, as they are, are worth at some steps of a dial, shape (steps,)."""


@dataclass(eq=False)
class Search:
    """The plans found so far for one dial.

    Attributes
    ----------
    found
        By steps of the dial, below 0 towards its low end.
    held
        By the same steps: the best plans with the launches of the plan in question, where they were asked for.
    worth
        None where what decisions are worth at other values is not known without planning.
    """

    plan: Plan
    catalogue: Catalogue
    dial: Dial
    watched: Watched
    worth: Worth | None = None
    found: dict[int, Made] = field(default_factory=dict)
    held: dict[int, Made] = field(default_factory=dict)
    _known: dict[int, Tried] = field(default_factory=dict)

    def patch(self, step: int) -> dict[str, Any]:
        """Return what makes a request of a step."""
        return patch_at(self.dial, step, self.plan, self.catalogue)

    def holding_patch(self, step: int) -> dict[str, Any]:
        """Return what makes a request of a step in which the launches of the plan in question are asked for."""
        admitted = resolve_scope(self.plan.request, self.catalogue).deployments
        asked = holding(self.plan, self.watched, [(city, stack) for stack, city in admitted])
        return merged_patches(self.patch(step), {"constraints": asked})

    def todo(self) -> list[int]:
        """Return the steps to plan next, one for each side that is not settled."""
        found = [self._next(side) for side in (-1, 1)]
        return [step for step in found if step is not None]

    def held_todo(self) -> list[int]:
        """Return the steps at which to ask what the launches in question are still worth, once both sides are settled."""
        if self.todo():
            return []
        ends = [self._bracket(side).outer for side in (-1, 1)]
        steps = [side * outer for side, outer in zip((-1, 1), ends, strict=True) if outer is not None]
        open_ones = [step for step in steps if step not in self.held and self.found[step].proofs is None]
        return [step for step in open_ones if self.found[step].plan is not None]

    def worth_usd(self, step: int) -> float:
        """Return what the plan found at a step is worth."""
        plan = self.found[step].plan
        assert plan is not None  # noqa: S101  # asked of those alone that there are
        return plan.objective

    def threshold(self) -> Threshold:
        """Return what is known."""
        lower, higher = self._side(-1), self._side(1)
        own = {"watch": self.watched.what, "city": self.watched.city or "", "stack": self.watched.stack or ""}
        return Threshold.model_validate({"dial": self.dial, "lower": lower, "higher": higher, **own})

    # --- one side ---

    def _steps(self, side: Direction) -> int:
        return self.dial.steps_up if side > 0 else self.dial.steps_down

    def _points(self, side: Direction) -> dict[int, Tried]:
        return {side * step: self._point(step) for step in self.found if step * side > 0}

    def _point(self, step: int) -> Tried:
        """Return what is known of a step that was planned; worked out once."""
        if step not in self._known:
            self._known[step] = self._tried(step)
        return self._known[step]

    def _bracket(self, side: Direction) -> Bracket:
        return bracket(self._points(side))

    def _next(self, side: Direction) -> int | None:
        def crossing(inner: int, outer: int) -> int | None:
            return self._crossing(side, inner, outer)

        step = next_step(self._steps(side), self._points(side), crossing)
        return None if step is None else side * step

    def _crossing(self, side: Direction, inner: int, outer: int) -> int | None:
        if (weighed := self._balance(side, inner, outer)) is not None:
            return weighed
        far = self.found[side * outer].plan
        near = self.plan if not inner else self.found[side * inner].plan
        if self.worth is None or far is None or near is None:
            return None
        steps = range(inner + 1, outer + 1)
        signed = [side * step for step in steps]
        above = np.flatnonzero(self.worth(far, signed) >= self.worth(near, signed))
        return steps[int(above[0])] if len(above) else None

    def _balance(self, side: Direction, inner: int, outer: int) -> int | None:
        """Return the first step at which the best other plan is worth as much, on a line between two steps weighed."""
        ahead = [None if not step else _ahead(self.found[side * step]) for step in (inner, outer)]
        if ahead[0] is None or ahead[1] is None or not ahead[0] < 0.0 < ahead[1]:
            return None
        return inner + max(1, math.ceil((outer - inner) * -ahead[0] / (ahead[1] - ahead[0])))

    def _tried(self, step: int) -> Tried:
        made = self.found[step]
        kept = None if self.worth is None else round(float(self.worth(self.plan, [step])[0]), 2)
        other = changes(self.plan, made.plan, self.watched)
        if made.plan is None:
            none = {"npv_usd": None, "bound_usd": None}
            return Tried(step=step, value=self.dial.value(step), kept_usd=kept, changes=other, plan=made.id, **none)
        npv, proofs = made.plan.objective, made.proofs
        tie = kept is not None and abs(npv - kept) <= tie_usd(npv)
        return Tried(
            step=step,
            value=self.dial.value(step),
            npv_usd=npv,
            bound_usd=made.plan.bound,
            kept_usd=kept,
            held_usd=None if proofs is None or proofs.held_usd is None else round(proofs.held_usd, 2),
            other_usd=None if proofs is None else proofs.other_bound_usd,
            weighed=proofs is not None and proofs.weighed,
            changes=[] if tie else other,
            plan=made.id,
        )

    def _own(self) -> Tried:
        """Return the plan in question as the point from which both sides go out."""
        own = self.plan
        likely = self.dial.value(0)
        return Tried(step=0, value=likely, npv_usd=own.objective, bound_usd=own.bound, kept_usd=own.objective)

    def _side(self, side: Direction) -> Side | None:
        points = self._points(side)
        if not self._steps(side):
            return None
        found = bracket(points)
        told = [points[step] for step in sorted(points)]
        stays = points[found.inner] if found.inner else self._own()
        outer = None if found.outer is None else points[found.outer]
        held = None if found.outer is None else self._held(side * found.outer)
        bound = None if held is None else held.most_usd
        proof = "open" if held is None else "none" if bound is None else "bound"
        return Side.model_validate(
            {"points": told, "stays": stays, "changes": outer, "kept_bound_usd": bound, "kept_proof": proof}
        )

    def _held(self, step: int) -> Made | None:
        """Return what is known of plans with the launches in question at a step; None where it was not asked."""
        proofs = self.found[step].proofs
        return self.held.get(step) if proofs is None else Made(None, bound_usd=proofs.held_bound_usd)


def _ahead(made: Made) -> float | None:
    """Return what the best plan that does something otherwise is worth more than the best one found that does not.

    Where none was found that is better, what it could be worth by the bound.
    """
    proofs = made.proofs
    if proofs is None or proofs.held_usd is None or proofs.other_bound_usd is None or made.plan is None:
        return None
    better = made.plan.objective > proofs.held_usd + tie_usd(proofs.held_usd)
    return (made.plan.objective if better else proofs.other_bound_usd) - proofs.held_usd


def worth_along(dial: Dial, catalogue: Catalogue, services: Mapping[str, CityService], plan: Plan) -> Worth | None:
    """Return what tells the worth of decisions along a dial; None where revaluing does not see it."""
    if dial.kind != "figure" or in_curves(dial.key):
        return None
    own, _ = apply_overrides(catalogue, plan.request.overrides)

    @cache
    def books(key: str) -> Books:
        return Books.of(known[key], catalogue, services)

    known: dict[str, Plan] = {}

    def worth(made: Plan, steps: Sequence[int]) -> Array:
        key = made.certificate.seal or str(id(made))
        known[key] = made
        numbers = np.array([numbers_at(dial, step, catalogue, own) for step in steps], float)
        values = numbers if numbers.shape[1] > 1 else numbers[:, 0]
        return np.asarray(books(key).revalued({dial.key: values}, len(steps)).npv_usd)

    return worth
