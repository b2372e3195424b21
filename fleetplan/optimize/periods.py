"""Where quarters are cut: in the months in which services may first open, so that a launch need not wait for the next quarter.

Vehicles stand still within a period and services open with one, so a quarter that begins two months after a permit costs two
months of a fleet that grows by the month. Cuts are found from permits alone, before anything is decided.
"""

from __future__ import annotations

from collections.abc import Mapping

from fleetplan.months import month_text
from fleetplan.optimize.gather import paths_of
from fleetplan.optimize.instance import counted_modes
from fleetplan.permits.openings import first_month, level_needs
from fleetplan.scope import Scope
from fleetplan.service.places import areas_by_level
from fleetplan.service.types import CityService

MOST_CUTS = 6
OUT = "paid_driver_out"


def first_openings(scope: Scope, services: Mapping[str, CityService]) -> list[int]:
    """Return the absolute months from which permits let services run without a driver, else open at all, in their smallest area.

    One for each deployment that ever may; every programme begun at once.
    """
    wanted, found = counted_modes(scope.constraints), []
    for (_, slug), path in paths_of(scope).items():
        city, service = scope.catalogue.cities[slug], services[slug]
        least = level_needs(path, wanted, [level.requires for level in service.levels], areas_by_level(service, city))[
            0
        ]
        opening = [p for p in path.permits.values() if p.opens in wanted]
        month = first_month(path, [p for p in opening if p.opens == OUT] or opening, least)
        found += [] if month is None else [month]
    return found


def cuts_found(scope: Scope, services: Mapping[str, CityService]) -> list[str]:
    """Return the months in which quarters are best cut, at most so many: one after the other what spares most waiting.

    Waiting is counted in months, from when a service may first open to the next period; of cuts that spare as much the earlier is
    taken.
    """
    grid = scope.request.grid
    ready = [month for month in first_openings(scope, services) if grid.today < month < grid.end]
    begins = sorted({*grid.starts.tolist(), grid.end})
    cuts: list[int] = []
    while len(cuts) < MOST_CUTS:
        spared = {month: _waiting(ready, begins) - _waiting(ready, [*begins, month]) for month in ready}
        best = max(sorted(spared), key=lambda month: spared[month], default=grid.start)
        if spared.get(best, 0) <= 0:
            break
        cuts.append(best)
        begins.append(best)
    return [month_text(month) for month in sorted(cuts)]


def _waiting(ready: list[int], begins: list[int]) -> int:
    """Return the months that services wait for a period to begin, all of them together."""
    return sum(min(begin for begin in begins if begin >= month) - month for month in ready)
