"""Which crossings open with a city's area permit, and from which level on: the ground of wider areas is another one.

Freeway bridges wait for the permit that widens the area (freeways in the permitted area, a motorway's own authority). The areas
beyond those of the first permit wait for it as well, so whoever serves them has it: their streets are those with these
crossings open, their travel times shorter, and zones that only they reach are in them.
"""

from __future__ import annotations

from dataclasses import dataclass

from fleetplan.catalogue.types import Catalogue, City

PUBLIC = ("paid_operator", "paid_driver_out", "unpaid_operator", "unpaid_driver_out")


@dataclass(frozen=True, slots=True)
class Later:
    """The permits that open closed crossings, and how many levels of the ladder come before them; no permits: none do."""

    permits: tuple[str, ...]
    levels_before: int


def later(catalogue: Catalogue, city: City) -> Later:
    """Return what opens later in a city: crossings of its area permits, beyond the levels that a first permit allows."""
    laws = (catalogue.jurisdictions[slug] for slug in city.jurisdictions if slug in catalogue.jurisdictions)
    met = {key: permit for law in laws for key, permit in law.permits.items()}
    waiting = {c.permit for c in city.crossings if not c.open}
    permits = sorted(p for p in waiting if p in met and met[p].opens == "area")
    first = [p.area_levels for p in met.values() if p.opens in PUBLIC and p.area_levels > 0]
    return Later(tuple(permits), min(first)) if permits and first else Later((), 0)
