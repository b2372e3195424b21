"""What it costs to leave undone what was decided for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Key = tuple[str, str, str, int]
"""What is decided, of which stack, in which city, up to which level (0: none)."""


@dataclass(frozen=True, eq=False)
class IdleCosts:
    """What one of each slot costs that is left undone, USD.

    Attributes
    ----------
    before
        By period before the month, shape (periods before,).
    later
        Of sites and stalls that are there by the month, by period from it on, shape (periods after,).
    """

    before: Mapping[Key, Array]
    later: Mapping[Key, Array]

    @cached_property
    def in_all(self) -> dict[Key, Array]:
        """By period before the month, in the last of them with what is lost later; shape (periods before,)."""
        found = {key: costs.copy() for key, costs in self.before.items()}
        for key, costs in self.later.items():
            found[key][-1] += costs.sum()
        return found
