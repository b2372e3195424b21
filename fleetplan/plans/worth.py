"""What parts of a plan are worth: cash within the horizon, what is left in the end, and the years after the horizon.

The three add up to the net present value that the request asks for. Nothing is counted twice: while years after the horizon
count, the vehicles and stalls that run in them are renewed as their lives end, and what is left of them is read when those
years are over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from fleetplan.months import month_text
from fleetplan.optimize.instance import Array, Instance
from fleetplan.optimize.ledger import CAPITAL_LINES, Lines
from fleetplan.plans.accounts import present_worth, terminal_worth
from fleetplan.plans.types import Worth

Ends = Mapping[int, tuple[float, float]]
"""Worth of keeping things (going on, left) by months counted after the horizon."""


@dataclass(frozen=True, eq=False)
class Valued:
    """Worth of a part of a plan in USD, discounted; ``at`` is its whole by months counted after the horizon."""

    cash: float = 0.0
    residual: float = 0.0
    terminal: float = 0.0
    displaced: float = 0.0
    at: Mapping[int, float] = field(default_factory=dict)

    def __add__(self, other: Valued) -> Valued:
        """Return the worth of two parts together."""
        both = {m: self.at.get(m, 0.0) + other.at.get(m, 0.0) for m in {*self.at, *other.at}}
        return Valued(
            self.cash + other.cash,
            self.residual + other.residual,
            self.terminal + other.terminal,
            self.displaced + other.displaced,
            both,
        )

    @property
    def npv(self) -> float:
        """What counts, together."""
        return self.cash + self.residual + self.terminal

    def told(self) -> Worth:
        """Return the parts as a plan tells them."""
        return Worth(
            cash_usd=round(self.cash, 2),
            residual_usd=round(self.residual, 2),
            terminal_usd=round(self.terminal, 2),
            displaced_usd=round(self.displaced, 2),
        )


def value(
    i: Instance, lines: Lines, ends: Ends | None = None, share: float = 1.0, displaced: Lines | None = None
) -> Valued:
    """Return the worth of money lines and of what is kept, of which ``share`` belongs here."""
    cash, known = present_worth(i, lines), ends or {}
    at, after = {}, i.world.after_months
    for months in i.world.going_on:
        running, left = known.get(months, (0.0, 0.0))
        at[months] = cash + terminal_worth(i, lines, months) + share * (running + left)
    running, left = known.get(after, (0.0, 0.0))
    besides = displaced or {}
    lost = present_worth(i, besides) + terminal_worth(i, besides, after)
    return Valued(cash, share * left, terminal_worth(i, lines, after) + share * running, lost, at)


# --- when money comes back ---


def by_month(i: Instance, lines: Lines) -> Array:
    """Return cumulated cash at the end of every month, shape (months of the horizon,).

    What is spent of the budget goes out in the first month of its period, everything else evenly over its months.
    """
    flows = np.zeros(i.grid.end - i.grid.start)
    for t, (first, length) in enumerate(zip(i.grid.starts - i.grid.start, i.grid.lengths, strict=True)):
        for line, usd in lines.items():
            if line in CAPITAL_LINES:
                flows[first] += usd[t]
            else:
                flows[first : first + length] += usd[t] / length
    return np.cumsum(flows)


def payback(i: Instance, cumulated: Array) -> str | None:
    """Return the month at whose end cumulated cash is back at zero for good, after having been below it."""
    below = np.flatnonzero(cumulated < 0)
    if not len(below) or below[-1] + 1 >= len(cumulated):
        return None
    return month_text(i.grid.start + int(below[-1]) + 1)


def deepest(cumulated: Array) -> float:
    """Return how far cumulated cash falls below zero at the end of any month."""
    return max(0.0, -float(cumulated.min(initial=0.0)))
