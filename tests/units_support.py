"""Units of work of a small problem, and helpers that are told what to do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.pair.blocks import Blocks, blocks_of_columns, split
from fleetplan.optimize.pair.citywise import relaxed_by_block
from fleetplan.optimize.pair.part import part_around
from fleetplan.optimize.pair.race import outline_of
from fleetplan.optimize.pair.relaxed import Relaxed
from fleetplan.optimize.pair.unit_child import answered
from fleetplan.optimize.pair.units import Kind, Unit, bound_unit
from fleetplan.optimize.tidy import whole_columns
from tests.test_optimize import random_request, written

NEVER = threading.Event()


def small(seed: int = 0) -> tuple[Formulation, Blocks, Relaxed]:
    """Return a small problem, by blocks, and its relaxation."""
    f = written(random_request(seed))
    blocks = split(f.model, blocks_of_columns(f))
    relaxed = relaxed_by_block(blocks, 1, NEVER)
    assert relaxed is not None
    return f, blocks, relaxed


def unit_of(kind: Kind, k: int = 0, seed: int = 0) -> Unit:
    """Return a unit about a block of a small problem; a ``better`` from doing nothing there."""
    f, blocks, relaxed = small(seed)
    if kind == "bound":
        return _bound_unit(blocks.parts[k].priced(relaxed.prices[blocks.coupling]))
    x = relaxed.x if kind == "first" else np.zeros(f.model.columns)
    part = part_around(outline_of(f, f.model, whole_columns(f)), blocks, [k], x, f.model.cost)
    return Unit(kind, part.outline, x[part.columns], len(blocks.shared), 0.01, 0.01, 0)


def _bound_unit(model: Model) -> Unit:
    return bound_unit(model, model.whole, 1e-3, 12.0, 0)


class Pretended:
    """Helpers who do with a unit what they are told to: ``solve`` returns its answer, None to keep it for good."""

    def __init__(self, solve: Callable[[bytes], bytes | None] = answered, count: int = 1) -> None:
        self.solve, self.count = solve, count
        self.offered: dict[int, bytes] = {}
        self.taken: list[int] = []
        self.closed = False

    def __call__(self) -> Pretended:
        return self

    def ready(self) -> int:
        return self.count

    def offer(self, number: int, urgency: int, unit: bytes) -> None:  # they take what comes
        self.offered[number] = unit

    def claim(self, number: int) -> bool:
        return number not in self.taken and self.offered.pop(number, None) is not None

    def withdraw(self, number: int) -> None:
        self.offered.pop(number, None)

    def answers(self) -> Sequence[tuple[int, bytes]]:
        """Take one unit more and answer it, if that is what they do."""
        for number in sorted(set(self.offered) - set(self.taken))[:1]:
            self.taken.append(number)
            if (answer := self.solve(self.offered[number])) is not None:
                del self.offered[number]
                return [(number, answer)]
        return []

    def close(self) -> None:
        self.offered.clear()
        self.closed = True
