"""What is known of a problem while it is searched: plans in whole numbers, the best first, and the bound."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from fleetplan.optimize.ending import tolerance_usd
from fleetplan.optimize.formulate import Formulation
from fleetplan.optimize.instance import Array, Flags
from fleetplan.optimize.matrix import Model
from fleetplan.optimize.strict import is_plan
from fleetplan.optimize.tidy import tidied

LOG = logging.getLogger(__name__)
KEPT = 4  # earlier plans kept, should the independent checker refuse the best
Report = Callable[[str, float | None, float | None], None]


@dataclass(eq=False)
class Board:
    """What is known: plans in whole numbers, the best first, and the bound."""

    formulation: Formulation
    plan_model: Model
    whole: Flags
    bound: float
    report: Report
    plans: list[Array] = field(default_factory=list)
    prices: Array | None = None  # of the rows in the linear relaxation, where it was solved
    untold: Array | None = None  # a plan that is there in any case, of a worth that says nothing
    idle: Array | None = None  # doing nothing, where that is a plan: one to tell once nothing better is possible
    _valued: tuple[Array | None, float] = (None, -np.inf)
    changed: float = field(default_factory=time.monotonic)  # when the best plan was last bettered

    @property
    def value(self) -> float:
        """Value of the best plan, minus infinity without one."""
        if not self.plans:
            return -np.inf
        if self.plans[0] is not self._valued[0]:
            self._valued = (self.plans[0], self.formulation.model.value(self.plans[0]))
        return self._valued[1]

    @property
    def found(self) -> bool:
        """Whether some plan is known but doing nothing."""
        return bool(self.plans) and self.plans[0] is not self.idle

    @property
    def telling(self) -> bool:
        """Whether the best plan says something: it was found, or it is doing nothing, proven best."""
        if not self.found:
            return bool(self.plans) and self.closed(0.0)
        return self.plans[0] is not self.untold

    def closed(self, gap: float) -> bool:
        """Whether the best plan is within a relative gap of the bound."""
        return bool(self.plans) and self.bound - self.value <= gap * max(abs(self.value), 1.0) + tolerance_usd(
            self.value
        )

    def take_plan(self, x: Array) -> bool:
        """Keep a plan if it is one and better than what is known, and tell of it."""
        plan = tidied(self.formulation, x, self.whole)
        if not self.is_plan(plan):
            missed = self.formulation.model.worst_violation(plan)
            LOG.error("a plan from a solver misses a row by %g, or the waits, and is not taken", missed)
            return False
        if self.formulation.model.value(plan) <= self.value:
            return False
        self.plans = [plan, *(known for known in self.plans if known is not self.idle)][:KEPT]
        self.changed = time.monotonic()
        self.tell()
        return True

    def is_plan(self, x: Array) -> bool:
        """Return whether a solution in whole numbers keeps every row, and the rules that rows only relax."""
        return is_plan(self.formulation, x)

    def take_bound(self, bound: float) -> None:
        """Keep a bound if it is lower than what is known, and tell of it."""
        if bound < self.bound:
            self.bound = bound
            self.tell()

    def tell(self) -> None:
        """Report the best plan and the bound."""
        told = self.telling
        bound = self.bound if np.isfinite(self.bound) else None
        self.report("proving" if told else "searching", self.value if told else None, bound)
