"""What a solver process needs of a problem: its matrix and which columns are steps, in plain arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fleetplan.optimize.matrix import Array, Ints, Model
from fleetplan.optimize.nothing import worth_of_nothing


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps of one deployment: programme begun (T,), levels open (G, T); ``city`` counts cities from 0."""

    begun: Ints
    opened: Ints
    city: int

    @property
    def rows(self) -> Iterator[Ints]:
        """Every row of steps, shape (T,) each."""
        yield self.begun
        yield from self.opened

    @property
    def entry(self) -> int:
        """The column that says whether the deployment enters at all: open to riders at the end."""
        return int(self.opened[0, -1])


@dataclass(frozen=True, eq=False)
class Outline:
    """A problem for a solver process.

    Attributes
    ----------
    model
        The matrix; its ``whole`` marks steps and depot orders.
    whole
        Columns that are whole in a plan: those and vehicles, purchases, stalls.
    orders
        Columns that count depot sites ordered.
    starts
        Month in which each period begins, shape (T,).
    coarse
        The same problem with fewer periods, where this one has many: solved first, its plan says about where steps rise.
    blocks
        Of every column, where the problem is so large that it is solved by blocks of cities
        (:mod:`~fleetplan.optimize.pair.blocks`).
    apart
        The same of a problem that is searched as a whole: its bound is proven by blocks of cities all the same.
    """

    model: Model
    whole: NDArray[np.bool_]
    steps: tuple[Steps, ...]
    orders: Ints
    starts: Ints
    coarse: Outline | None = None
    blocks: Ints | None = None
    apart: Ints | None = None

    @property
    def cities(self) -> int:
        """Number of cities with deployments."""
        return 1 + max((s.city for s in self.steps), default=-1)

    @cached_property
    def entries(self) -> Ints:
        """The entry of every deployment, shape (deployments,)."""
        return np.array([own.entry for own in self.steps], dtype=np.int64)

    @cached_property
    def nothing_usd(self) -> float:
        """What doing nothing is worth; minus infinity where that is no plan."""
        return worth_of_nothing(self.model)

    @property
    def loose_orders(self) -> NDArray[np.bool_]:
        """Columns that are whole while launches are searched for: all steps, depot orders left continuous."""
        whole = self.model.whole.copy()
        whole[self.orders] = False
        return whole

    def bounds(self) -> tuple[Array, Array]:
        """Return copies of the columns' bounds, to be tightened."""
        return self.model.lower.copy(), self.model.upper.copy()
