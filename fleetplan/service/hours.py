"""The hours of a city's areas: riders, ways and speeds by hour, which its response curves are made from, kept beside these."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from fleetplan.catalogue.types import Catalogue, City
from fleetplan.service import cache
from fleetplan.service.later import later
from fleetplan.service.types import AreaDemand, LadderLevel
from fleetplan.whole_files import whole_file

MOVED = ("speed.", "profile.", "population.", "market.mean_trip_km", "market.airport_share")
"""Figures of a city that its streets and the pattern of its trips are made from."""
MOST_KNOWN = 512
_KNOWN: dict[Path, dict[int, AreaDemand]] = {}
"""What was read or made in this process, by file: some kilobytes each."""
_ARRAYS = cache.HOURS


def area_hours(
    catalogue: Catalogue,
    city: City,
    levels: Mapping[int, LadderLevel],
    made_for: City | None,
    cache_dir: Path | None = None,
) -> dict[int, AreaDemand]:
    """Return the hours of some levels of a city's ladder, by their index, the zones of each as they are given.

    ``city`` may have other figures than ``made_for``, the city that the levels were made with: then its streets and trips are
    made anew; so they are where a level was kept without its hours.
    """
    with_levels = {index: level.hours for index, level in levels.items() if level.hours is not None}
    if (
        len(with_levels) == len(levels)
        and made_for is not None
        and _moved(made_for) == _moved(city)
        and _riders(made_for)
    ):
        return {index: _scaled(area, _riders(city) / _riders(made_for)) for index, area in with_levels.items()}
    folder = cache_dir or cache.default_cache_dir()
    path = folder / f"{city.slug}-{_digest(catalogue, city, levels)[:32]}.hours.npz"
    known = _KNOWN.get(path) or _read(path, sorted(levels))
    if known is None:
        known = _made(catalogue, city, levels)
        _keep(known, path)
    if len(_KNOWN) >= MOST_KNOWN:
        _KNOWN.clear()
    _KNOWN[path] = known
    return {index: _scaled(area, _riders(city)) for index, area in known.items()}


def _riders(city: City) -> float:
    return city.value("market.trips_per_day") * city.value("market.platform_share")


def _moved(city: City) -> dict[str, tuple[float, tuple[float, ...]]]:
    """Return the figures that streets and the pattern of trips are made from."""
    return {key: (f.value, f.values) for key, f in city.figures.items() if key.startswith(MOVED)}


def _digest(catalogue: Catalogue, city: City, levels: Mapping[int, LadderLevel]) -> str:
    numbers = _moved(city)
    zones = {index: hashlib.sha256(" ".join(level.cells).encode()).hexdigest() for index, level in levels.items()}
    opens = later(catalogue, city)
    told = [cache.LAW_VERSION, catalogue.city_digests.get(city.slug, ""), numbers, zones]
    text = json.dumps([*told, opens.permits, opens.levels_before], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _scaled(area: AreaDemand, riders: float) -> AreaDemand:
    """Return an area's hours, kept for one rider a day in all of the city, with so many."""
    values = {name: getattr(area, name) for name in _ARRAYS}
    values["trips_per_hour"] = area.trips_per_hour * riders
    return AreaDemand(**values, trips_per_day=area.trips_per_day * riders)


def _made(catalogue: Catalogue, city: City, levels: Mapping[int, LadderLevel]) -> dict[int, AreaDemand]:
    from fleetplan.demand import build_demand  # noqa: PLC0415  # as fleetplan.service.city says
    from fleetplan.geography import build_geography  # noqa: PLC0415
    from fleetplan.service.area import area_demand  # noqa: PLC0415
    from fleetplan.service.clusters import groups  # noqa: PLC0415

    opens = later(catalogue, city)
    riders = _riders(city)
    found: dict[int, AreaDemand] = {}
    for wide in (False, True):
        inside = [k for k in levels if (bool(opens.permits) and k >= opens.levels_before) == wide]
        if not inside:
            continue
        geography = build_geography(city, permits=opens.permits) if wide else build_geography(city)
        demand = build_demand(city, geography, catalogue.assumptions)
        group, number = groups(geography), {cell: i for i, cell in enumerate(geography.cells)}
        for k in inside:
            zones = np.sort([number[cell] for cell in levels[k].cells if cell in number])
            found[k] = _scaled(area_demand(zones, geography, demand, group), 1.0 / riders if riders else 0.0)
    return found


def _read(path: Path, indices: Sequence[int]) -> dict[int, AreaDemand] | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            tables = {k: file[str(k)] for k in indices}
            days = dict(zip(indices, file["trips_per_day"].tolist(), strict=True))
    except (OSError, ValueError, KeyError, EOFError):
        return None
    return {
        k: AreaDemand(**dict(zip(_ARRAYS, table, strict=True)), trips_per_day=days[k]) for k, table in tables.items()
    }


def _keep(areas: Mapping[int, AreaDemand], path: Path) -> None:
    """Store the hours of areas; a cache that cannot be written to is no reason to fail."""
    arrays = {str(k): np.stack([getattr(area, name) for name in _ARRAYS]) for k, area in areas.items()}
    arrays["trips_per_day"] = np.array([areas[k].trips_per_day for k in sorted(areas)])
    try:
        with whole_file(path) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
    except OSError:
        return
