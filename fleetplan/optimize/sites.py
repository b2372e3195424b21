"""Where vehicles charge: a city's candidate depots, and what its deployments share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fleetplan.optimize.holdings import Array, Ints, Keeping
from fleetplan.service.types import CityService, LadderLevel


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
