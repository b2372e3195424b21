"""What it costs to leave undone what was decided for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
