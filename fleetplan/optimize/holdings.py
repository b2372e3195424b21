"""What the platform holds in numbers: vehicles bought of a stack, depots of a city, and what keeping them is worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fleetplan.service.types import CityService, LadderLevel

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
    life_months: int
    price_usd: Array  # (periods,): of a vehicle bought then, with spares
    own_cash_usd: Array  # (periods,): of it paid at purchase
    loan_usd: Array  # (periods bought, periods paid): loan payments, negative
    resale_usd: Array  # (periods bought, periods): what it fetches when its life is over within the horizon
    wear_usd: Array  # (periods,): price of a new one less what an old one fetches, without spares
    kept: Mapping[int, Keeping]  # by months counted after the horizon, (periods bought,)
    alive: Flags  # (periods bought, periods)


@dataclass(frozen=True, eq=False)
class DepotData:
    """A candidate site. ``reach[t]``: last period to order so that it is live in ``t``."""

    name: str
    stalls: int
    reach: Ints
    km: Array  # (levels,)


@dataclass(frozen=True, eq=False)
class DepotClass:
    """Sites of one city that nothing in the rules tells apart: as many stalls, live as soon.

    ``sites`` holds their indices, nearest to riders first.
    """

    stalls: int
    reach: Ints
    sites: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class CityData:
    """What deployments of a city share."""

    city: str
    service: CityService
    depots: tuple[DepotData, ...]
    depot_fixed_usd: float
    stall_usd: float
    stalls_kept: Mapping[int, Keeping]  # of a stall placed in each period, by months counted after the horizon

    @property
    def levels(self) -> tuple[LadderLevel, ...]:
        """The ladder of service areas, small to large."""
        return self.service.levels

    @cached_property
    def depot_classes(self) -> tuple[DepotClass, ...]:
        """The sites by class; within one, the nearest to riders come first, as anyone would take them."""
        alike: dict[tuple[int, tuple[int, ...]], list[int]] = {}
        for s, site in enumerate(self.depots):
            alike.setdefault((site.stalls, tuple(site.reach)), []).append(s)
        near = {s: (float(np.mean(site.km)), site.name) for s, site in enumerate(self.depots)}
        return tuple(
            DepotClass(stalls, np.array(reach, dtype=np.int64), tuple(sorted(sites, key=near.__getitem__)))
            for (stalls, reach), sites in sorted(alike.items())
        )
