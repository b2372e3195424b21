"""What the platform holds of a stack: what a vehicle costs that is bought in each period, and what keeping it is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Keeping:
    """Worth today of keeping one thing bought in each period after the horizon, shapes (periods,)."""

    running_usd: Array  # renewals and loans going on, 0 or negative
    left_usd: Array  # what is left in the end, less what is owed

    @property
    def usd(self) -> Array:
        """Both together."""
        return self.running_usd + self.left_usd


@dataclass(frozen=True, eq=False)
class StackTerms:
    """A stack's contract and the cash flows of one vehicle bought in each period."""

    stack: str
    partner: str
    owned: bool
    yearly_cap: float
    minimum_due: float  # vehicles that the contract asks to be taken within the horizon
    shortfall_usd: float  # owed for each of them that is not
    life_months: int
    price_usd: Array  # (periods,): of a vehicle bought then, with spares
    own_cash_usd: Array  # (periods,): of it paid at purchase
    loan_usd: Array  # (periods bought, periods paid): loan payments, negative
    resale_usd: Array  # (periods bought, periods): what it fetches when its life is over within the horizon
    wear_usd: Array  # (periods,): price of a new one less what an old one fetches, without spares
    kept: Mapping[int, Keeping]  # by months counted after the horizon, (periods bought,)
    alive: Flags  # (periods bought, periods)

    @property
    def owes_for_short(self) -> bool:
        """Whether the platform, which buys these vehicles, owes something where it takes fewer than the contract asks for."""
        return self.owned and self.minimum_due > 0 and self.shortfall_usd > 0
