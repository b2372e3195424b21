"""What is left of a problem without some structures, cut into boxes: parts in which steps are held, apart from one another.

A structure is steps ``s_1 .. s_n`` that all hold (:func:`~fleetplan.optimize.rules.others.structure_of`). A box without it is

    box & not s_1,   box & s_1 & not s_2,   ..,   box & s_1 & .. & s_{n-1} & not s_n

(Murty 1968, Lawler 1972: the k best by partition.) Nothing but bounds of columns changes from box to box, so that what holds of a
box holds in every problem that has it, however many structures that one goes without.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from fleetplan.optimize.aside import PutAside
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.pair.blocks import LARGE_COLUMNS
from fleetplan.optimize.rules.others import OtherLaunchesRule, Step, structure_of

Box = tuple[Step, ...]
"""Steps that are held, all others free."""

UNSOLVED, LINEAR, NEAR, WHOLE = range(4)
"""How far a box was solved: not at all, in fractions, near a plan that it was cut from, in whole numbers."""


@dataclass(eq=False)
class Part:
    """What is known of a box: no solution in it is worth more than ``bound`` (USD); ``x`` is the best one found, all whole."""

    bound: float = np.inf
    solved: int = UNSOLVED
    x: Array | None = None


@dataclass(eq=False)
class Known:
    """What is known of boxes, for problems that differ in nothing but the structures that they go without.

    ``searches`` are those of boxes that were put aside: whatever they are worth, a later problem goes on with them.
    """

    parts: dict[Box, Part] = field(default_factory=dict)
    searches: dict[Box, PutAside] = field(default_factory=dict)

    def end(self) -> None:
        """End the searches that were put aside: no further problem is solved."""
        for search in self.searches.values():
            search.leave()
        self.searches.clear()

    def of(self, box: Box) -> Part:
        """Return what is known of a box; its bound is the lowest of all that hold it."""
        part = self.parts.setdefault(box, Part())
        held = frozenset(box)
        part.bound = min(other.bound for wider, other in self.parts.items() if held.issuperset(wider))
        return part

    def begun_with(self, box: Box) -> Array | None:
        """Return the solution that was best in the smallest box that one is cut from; None where none is known."""
        wider = (self.parts.get(box[:n]) for n in range(len(box) - 1, -1, -1))
        return next((part.x for part in wider if part is not None and part.x is not None), None)

    def note(self, box: Box, bound: float) -> None:
        """Keep a bound of a box that is none of a problem's own, and bounds those in it."""
        part = self.parts.setdefault(box, Part())
        part.bound = min(part.bound, bound)


def structures(f: Formulation) -> list[Box]:
    """Return the structures that a problem goes without."""
    found = (structure_of(f.instance, rule.constraint) for rule in f.rules if isinstance(rule, OtherLaunchesRule))
    return [one for one in found if one is not None]


def by_boxes(f: Formulation) -> bool:
    """Return whether a problem is solved box by box: it goes without some structure, and is not solved by blocks of cities."""
    return f.model.columns <= LARGE_COLUMNS and bool(structures(f))


def boxes_of(f: Formulation) -> list[Box]:
    """Return the boxes of a problem, which together hold all its solutions."""
    boxes: list[Box] = [()]
    for structure in structures(f):
        boxes = [part for box in boxes for part in without(box, structure)]
    return boxes


def without(box: Box, structure: Box) -> Iterator[Box]:
    """Yield the boxes that a box without a structure is cut into; itself where it has nothing of it."""
    if any(_holds(box, _not(step)) for step in structure):
        yield box
        return
    for step in structure:
        if not _holds(box, step):
            yield (*box, _not(step))
            box = (*box, step)


def loosened(f: Formulation, box: Box) -> Box:
    """Return a box that holds one, in which whoever does not open may, unless that is what sets the box apart.

    In fractions that is worth next to nothing more, and what is known of it bounds many boxes.
    """
    last = f.instance.periods - 1
    return (*(step for step in box[:-1] if step.taken or step.period < last), *box[-1:])


def _not(step: Step) -> Step:
    return replace(step, taken=not step.taken)


def _holds(box: Box, step: Step) -> bool:
    """Return whether a step follows from those held: what is open stays so, and what is wide holds what is narrower."""
    return any(
        held.deployment == step.deployment
        and held.taken == step.taken
        and (
            (held.period <= step.period and held.level >= step.level)
            if step.taken
            else (held.period >= step.period and held.level <= step.level)
        )
        for held in box
    )


def within(f: Formulation, box: Box, model: Model) -> Model:
    """Return a model of a formulation's columns within a box."""
    lower, upper = model.lower.copy(), model.upper.copy()
    for step in box:
        row = f.columns.deployments[step.deployment].open[step.level]
        if step.taken:
            lower[row[step.period :]] = 1.0
        else:
            upper[row[: step.period + 1]] = 0.0
    return replace(model, lower=lower, upper=upper)
