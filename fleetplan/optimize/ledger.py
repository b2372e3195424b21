"""Money as flows of columns: every USD that a decision earns or costs, with its line, period and timing.

The objective is the discounted sum of the flows; capital and cash rows read the same flows undiscounted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from fleetplan.optimize.instance import Array, Instance

CAPITAL_LINES = frozenset({"vehicles", "placing", "depot_site", "stalls", "launch", "area"})
NOT_RUNNING = CAPITAL_LINES | {"loan"}
When = Literal["start", "mid"]


@dataclass(eq=False)
class Ledger:
    """Collects flows while the rules are written down."""

    instance: Instance
    worth: dict[int, float] = field(default_factory=dict)
    capital: list[list[tuple[int, float]]] = field(init=False)
    cash: list[list[tuple[int, float]]] = field(init=False)

    def __post_init__(self) -> None:
        self.capital = [[] for _ in range(self.instance.periods)]
        self.cash = [[] for _ in range(self.instance.periods)]

    def flow(self, line: str, t: int, column: int, usd: float, when: When = "mid") -> None:
        """Book ``usd`` per unit of a column in period ``t``."""
        if usd == 0.0:
            return
        i = self.instance
        if t == i.periods - 1 and line not in NOT_RUNNING:
            self.value(column, usd / float(i.months[t]) * 12.0 * i.terminal_factor)
        factor = self.instance.disc_start[t] if when == "start" else self.instance.disc_mid[t]
        self.value(column, usd * float(factor))
        self.cash[t].append((int(column), usd))
        if line in CAPITAL_LINES:
            self.capital[t].append((int(column), -usd))

    def step(self, line: str, columns: Iterable[int], usd: float) -> None:
        """Book ``usd`` once, at the start of the period in which a step column rises (per unit of rise)."""
        before: int | None = None
        for t, column in enumerate(columns):
            self.flow(line, t, column, usd, "start")
            if before is not None:
                self.flow(line, t, before, -usd, "start")
            before = int(column)

    def value(self, column: int, discounted_usd: float) -> None:
        """Add a worth that is no cash flow inside the horizon (residual, terminal)."""
        self.worth[int(column)] = self.worth.get(int(column), 0.0) + discounted_usd

    def costs(self, size: int) -> Array:
        """Return the objective coefficients of all columns."""
        out = np.zeros(size)
        for column, usd in self.worth.items():
            out[column] = usd
        return out
