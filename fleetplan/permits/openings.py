"""When permits allow a service to open: the permit of its mode, and what its smallest area needs besides.

A permit that was given for certain areas lets nobody serve others. So rides may open once a permit for their mode is in hand, and
one of the permits for each thing that the smallest area needs: for the places in it (an airport, a bridge), and for the areas it
lies in, where what a stack holds was not given for these.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from fleetplan.catalogue.types import Permit
from fleetplan.permits.paths import CITY, PermitPath

Need = tuple[str, ...]
"""Permits of which one has to be in hand; none: no permit of the city's laws would do."""


def level_needs(
    path: PermitPath,
    wanted: Collection[str],
    requires: Sequence[Sequence[str]],
    areas: Sequence[frozenset[str]],
) -> tuple[tuple[Need, ...], ...]:
    """Return for every level of a ladder, small to large, what must be in hand before it may open (besides a mode's permit).

    Parameters
    ----------
    wanted
        Modes that riders may use.
    requires, areas
        By level: permits for places in it, and the areas it lies in.
    """
    limits = [p.area_levels for p in path.permits.values() if p.opens in wanted and p.area_levels > 0]
    larger = tuple(p.id for p in path.opening("area"))
    found = []
    for number, (places, lies_in) in enumerate(zip(requires, areas, strict=True), start=1):
        needed = [larger] if limits and number > min(limits) else []
        needed += [(p,) if p in path.permits else () for p in places]
        found.append((*needed, *sorted({tuple(path.adding(area)) for area in uncovered(path, lies_in)})))
    return tuple(found)


def uncovered(path: PermitPath, areas: Iterable[str]) -> frozenset[str]:
    """Return which areas a stack may not serve under what it holds; none where that names no areas."""
    return frozenset(areas) - path.covers if path.covers is not None else frozenset()


def least_needs(path: PermitPath, areas: Collection[str]) -> tuple[Need, ...]:
    """Return what any area of a city needs at least, whichever of its areas that lies in; it may need more."""
    lacking = uncovered(path, areas)
    if len(lacking) < len(areas) or not lacking:
        return ()
    return (tuple(sorted({p for area in lacking for p in path.adding(area)})),)


def first_month(path: PermitPath, opening: Iterable[Permit], needs: Iterable[Need] = ()) -> int | None:
    """Return the first month in which one of some permits and what is needed besides are in hand; None: never.

    Every programme begins with the horizon, or the first month planned, unless it has begun. The month may lie beyond the
    horizon, never before its start.
    """
    timings = path.timings({programme: path.begins(programme) for programme in (CITY, *path.wide)})
    asked = [tuple(p.id for p in opening), *needs]
    if not all(asked):
        return None
    return max(path.horizon_start, *(min(timings[p].finish for p in need) for need in asked))


def first_paid_month(path: PermitPath, needs: Iterable[Need] = ()) -> int | None:
    """Return the first month in which permits allow paid rides, as :func:`first_month` does."""
    paid = [p for p in path.permits.values() if p.opens.startswith("paid") and p.fare_factor > 0]
    return first_month(path, paid, needs)
