"""What stands already, on the grid: the decisions of the periods that are done, by deployment, stack and depot site.

They are given and not decided: columns of these periods have the values told, nothing is earned or spent in them, and no rule is
asked of what lies in them alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fleetplan.scope.started import StartedService, standing

if TYPE_CHECKING:
    from fleetplan.optimize.instance import Instance

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
SAME_KM2 = 0.05  # an area told with a digit or two is that area
PAYERS = ("platform", "partner")


@dataclass(frozen=True, eq=False)
class StandingService:
    """A deployment in the periods done, shapes (done,): begun, levels open, vehicles by mode and together."""

    begun: Flags
    level: Ints
    modes: Mapping[str, Ints]

    @property
    def fleet(self) -> Ints:
        """Vehicles in service."""
        return np.asarray(sum(self.modes.values(), np.zeros(len(self.level), np.int64)))

    def mode(self, name: str) -> Ints:
        """Return the vehicles in service in a mode."""
        return self.modes.get(name, np.zeros(len(self.level), np.int64))


@dataclass(frozen=True, eq=False)
class Standing:
    """All that stands: services in the instance's order, purchases by stack; orders, and stalls (payers, done), by site."""

    services: tuple[StandingService, ...]
    bought: Mapping[str, Ints]
    ordered: Mapping[tuple[str, str], int]
    stalls: Mapping[tuple[str, str], Ints]

    def sites(self, city: str) -> tuple[str, ...]:
        """Return the sites of a city that are ordered, the first ordered first."""
        own = [(month, site) for (where, site), month in self.ordered.items() if where == city]
        return tuple(site for _, site in sorted(own))


def level_of(km2: float, areas_km2: Sequence[float]) -> int:
    """Return the level, from 1, of the smallest area that has so many km², or of the largest.

    >>> level_of(40.0, [10.0, 40.01, 90.0]), level_of(41.0, [10.0, 40.01, 90.0]), level_of(500.0, [10.0, 40.01, 90.0])
    (2, 3, 3)
    """
    return next((g for g, area in enumerate(areas_km2, start=1) if area >= km2 - SAME_KM2), len(areas_km2))


def standing_of(i: Instance) -> Standing | None:
    """Return what an instance goes on from; None where it begins with nothing."""
    started, done = i.scope.started, i.grid.done
    if started is None or not done:
        return None
    starts = [int(m) for m in i.grid.starts[:done]]

    def by_period(steps: Sequence[tuple[int, int]]) -> Ints:
        return np.array([standing(steps, month) for month in starts], dtype=np.int64)

    def service(own: StartedService | None, areas: Sequence[float]) -> StandingService:
        if own is None:
            return StandingService(np.zeros(done, dtype=bool), np.zeros(done, np.int64), {})
        levels = [(month, level_of(km2, areas)) for month, km2 in own.areas]
        begun = np.array([own.programme <= month for month in starts])
        return StandingService(begun, by_period(levels), {mode: by_period(s) for mode, s in own.fleets.items()})

    bought = {stack: np.zeros(done, np.int64) for stack in started.bought}
    for stack, steps in started.bought.items():
        for month, number in steps:
            bought[stack][i.grid.period_of(month)] += number
    return Standing(
        services=tuple(
            service(started.services.get((d.stack, d.city)), [level.area_km2 for level in i.levels_of(q)])
            for q, d in enumerate(i.deployments)
        ),
        bought=bought,
        ordered={site: depot.ordered for site, depot in started.depots.items()},
        stalls={
            site: np.array([by_period(depot.stalls.get(payer, ())) for payer in PAYERS])
            for site, depot in started.depots.items()
        },
    )


def levels_standing(i: Instance, q: int) -> Flags:
    """Return which levels of a deployment are open already, shape (levels, 1): how soon they opened is done."""
    level = 0 if i.standing is None else int(i.standing.services[q].level[-1])
    return np.asarray(np.arange(len(i.levels_of(q)))[:, None] < level)
