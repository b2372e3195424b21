"""How fast fleets grow, and the months between periods that it is counted in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.months import Grid

NEARLY = 1e-6  # of a vehicle: solvers call that whole
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Growth:
    """How fast a fleet grows: so many vehicles a month, and a share of what runs."""

    vehicles_per_month: float
    share_per_month: float

    def over(self, months: int) -> tuple[float, float]:
        """Return what vehicles in service become in so many months: (times what ran, and so many more).

        >>> Growth(10.0, 0.1).over(2)
        (1.2100000000000002, 21.0)
        """
        more = sum((1.0 + self.share_per_month) ** k for k in range(months))
        return (1.0 + self.share_per_month) ** months, self.vehicles_per_month * more


def whole_growth(growth: Growth, months: int, vehicles: float) -> float:
    """Return what a fleet becomes in so many months in whole vehicles.

    >>> whole_growth(Growth(10.0, 0.06), 2, 62.0), whole_growth(Growth(10.0, 0.06), 1, 100.0)
    (90.0, 116.0)
    """
    factor, more = growth.over(months)
    return float(math.floor(factor * vehicles + more + NEARLY))


def months_since(grid: Grid) -> Ints:
    """Return the months since the start of the period before, by period; none for the first."""
    return np.diff(grid.starts, prepend=grid.starts[0])


def periods_before(grid: Grid, months: int) -> Ints:
    """Return for every period the last one that begins so many months earlier or more; -1 for none."""
    return np.searchsorted(grid.starts, grid.starts - months, side="right").astype(np.int64) - 1
