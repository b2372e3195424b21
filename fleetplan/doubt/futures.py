"""Figures of the catalogue in many futures at once.

A future gives some figures other values; what it does not name keeps the value of the plan's own catalogue, overrides of its
request included. Arrays have a row for each future, and a single row where a figure is the same in all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import Catalogue, City, Figure, Stack

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Futures:
    """So many futures.

    Attributes
    ----------
    catalogue
        With the overrides of the plan's request.
    changed
        By the key of a figure its values, shape (futures,), of a list (futures, numbers).
    curves
        By the key of a figure that stands in the response curves how far it lies on the way from its likely value (0) to its
        high (1) or its low (-1), shape (futures,).
    """

    catalogue: Catalogue
    size: int
    changed: Mapping[str, Array]
    curves: Mapping[str, Array]

    def one(self, figure: Figure) -> Array:
        """Return a figure of one number, shape (futures or 1, 1)."""
        given = self.changed.get(figure.key)
        return np.full((1, 1), figure.value) if given is None else given.reshape(-1, 1)

    def many(self, figure: Figure) -> Array:
        """Return a list, shape (futures or 1, numbers)."""
        given = self.changed.get(figure.key)
        return np.array(figure.values, float)[None, :] if given is None else given

    def own(self, key: str) -> Array:
        """Return a figure of assumptions.toml, shape (futures or 1, 1)."""
        return self.one(self.catalogue.assumptions[key])

    def eco(self, item: str) -> Array:
        """Return a figure of economics.csv, shape (futures or 1, 1)."""
        return self.one(self.catalogue.economics[item])

    def of(self, holder: City | Stack, key: str) -> Array:
        """Return a figure of a city or a stack, shape (futures or 1, 1)."""
        return self.one(holder.figures[key])

    def ratio(self, holder: City | Stack, key: str) -> Array:
        """Return a figure over its likely value, shape (futures or 1, 1)."""
        likely = holder.figures[key].value
        return self.of(holder, key) / likely if likely else np.ones((1, 1))

    def in_years(self, figure: Figure, months: Sequence[int]) -> Array:
        """Return what a list by calendar year holds in absolute months, shape (futures or 1, months)."""
        years = np.array(figure.years)
        at = np.searchsorted(years, np.array(months, int) // 12, side="right") - 1
        return self.many(figure)[:, np.maximum(at, 0)]

    def months(self, key: str, least: int = 0) -> Array:
        """Return a figure in years as whole months, shape (futures or 1, 1)."""
        return np.maximum(float(least), np.rint(12.0 * self.own(key)))
