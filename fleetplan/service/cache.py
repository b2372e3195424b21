"""City services kept on disk by the content of what they were made from: one ``.npz`` a city and digest."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fleetplan.catalogue.types import Catalogue, City
from fleetplan.service.later import later
from fleetplan.service.types import AreaDemand, CityService, LadderLevel, ResponseSurface, Zones
from fleetplan.whole_files import whole_file

LAW_VERSION = "2026-11-30.choice.1"
"""Raise it with every change of geography, demand or service that changes results or what is kept of them: a test asks for it."""

USED_ECONOMICS = ("vehicles_per_fast_stall",)
USED_CITY_FIGURES = (
    *("market.trips_per_day", "market.platform_share", "market.mean_trip_km", "market.airport_share"),
    *("speed.", "weather.", "profile.", "population.", "law."),
)
HOURS = ("trips_per_hour", "ride_h", "ride_km", "empty_km", "effective_km2", "search_h_per_km", "speed_kmh")
"""What is kept of a level's hours, in this order, beside its riders a day."""
_ARRAYS = ("sample_vehicles", "sample_demand", "sample_trips", "sample_wait_min", "sample_deadhead_share", "sample_km")


def default_cache_dir() -> Path:
    """Return ``FLEETPLAN_CACHE`` when set, else the user's cache folder of the platform."""
    if given := os.environ.get("FLEETPLAN_CACHE"):
        return Path(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "fleetplan"


def service_digest(city_digest: str, city: City, catalogue: Catalogue) -> str:
    """Return the hash of all that a city service depends on.

    These are the city's files, its figures (a request may have changed some), the figures on service, what its area permits open,
    this code's version.
    """
    used = {key: figure for key, figure in catalogue.assumptions.items() if key.startswith(("service.", "wait."))}
    used |= {key: catalogue.economics[key] for key in USED_ECONOMICS}
    used |= {f"city.{key}": figure for key, figure in city.figures.items() if key.startswith(USED_CITY_FIGURES)}
    numbers = {key: (figure.value, figure.values) for key, figure in used.items()}
    opens = later(catalogue, city)
    text = json.dumps([LAW_VERSION, city_digest, numbers, opens.permits, opens.levels_before], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def store(service: CityService, path: Path) -> None:
    """Write a service; readers never see half a file."""
    arrays: dict[str, Any] = {"depot_km": service.depot_km_by_level}
    head: dict[str, Any] = {"city": service.city, "levels": []}
    for name in ("lat", "lon", "area_km2", "population", "jobs", "demand_trips_per_day", "level"):
        arrays[f"zone_{name}"] = getattr(service.zones, name)
    number = {cell: i for i, cell in enumerate(service.zones.cells)}
    for level in service.levels:
        surface = level.surface
        scalars = {
            f.name: getattr(surface, f.name) for f in fields(surface) if f.name not in (*_ARRAYS, "planes", "nearer")
        }
        plain = {k: v for k, v in _shallow(level).items() if k not in ("cells", "surface", "hours")}
        parts = [[*domain, len(planes)] for domain, planes in surface.nearer.items()]
        head["levels"].append({"level": plain, "surface": scalars, "nearer": parts})
        arrays[f"nearer_{level.index}"] = np.concatenate([np.zeros((0, 3)), *surface.nearer.values()])
        arrays[f"cells_{level.index}"] = np.array([number[c] for c in level.cells], dtype=np.int32)
        arrays[f"planes_{level.index}"] = surface.planes
        arrays[f"axes_{level.index}"] = np.concatenate([surface.sample_vehicles, surface.sample_demand])
        if level.hours is not None:
            arrays[f"hours_{level.index}"] = np.stack([getattr(level.hours, name) for name in HOURS])
            arrays[f"hours_day_{level.index}"] = np.array(level.hours.trips_per_day)
        arrays[f"tables_{level.index}"] = np.stack([getattr(surface, name) for name in _ARRAYS[2:]])
    arrays["cells"] = np.array(service.zones.cells, dtype="S15")
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    with whole_file(path) as file:
        np.savez(file, **arrays)


def load(path: Path) -> CityService | None:
    """Return the service stored at a path, or None when there is none or it cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as file:
            table = {name: file[name] for name in file.files}
        return _service(table)
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _service(table: Mapping[str, Any]) -> CityService:
    head = json.loads(table["head"].tobytes())
    cells = tuple(table["cells"].astype(str).tolist())
    zones = {name[5:]: array for name, array in table.items() if name.startswith("zone_")}
    levels = []
    for entry in head["levels"]:
        index = entry["level"]["index"]
        tables = table[f"tables_{index}"]
        vehicles, demand = np.split(table[f"axes_{index}"], [tables.shape[1]])
        named = dict(zip(_ARRAYS[2:], tables, strict=True))
        surface = ResponseSurface(
            planes=table[f"planes_{index}"],
            nearer=_nearer(entry["nearer"], table[f"nearer_{index}"]),
            sample_vehicles=vehicles,
            sample_demand=demand,
            **named,
            **entry["surface"],
        )
        plain = {**entry["level"], "requires": tuple(entry["level"]["requires"])}
        inside = tuple(cells[i] for i in table[f"cells_{index}"].tolist())
        levels.append(LadderLevel(cells=inside, surface=surface, hours=_hours(table, index), **plain))
    return CityService(
        city=head["city"],
        levels=tuple(levels),
        depot_km_by_level=table["depot_km"],
        zones=Zones(cells=cells, **zones),
    )


def _hours(table: Mapping[str, Any], index: int) -> AreaDemand | None:
    """Return what a level's surface was made from; None where it was kept without it."""
    if f"hours_{index}" not in table:
        return None
    values = dict(zip(HOURS, table[f"hours_{index}"], strict=True))
    return AreaDemand(**values, trips_per_day=float(table[f"hours_day_{index}"]))


def _nearer(parts: list[list[int]], planes: NDArray[np.float64]) -> dict[tuple[int, int], NDArray[np.float64]]:
    cuts = np.cumsum([count for _, _, count in parts])[:-1]
    return {(v, d): part for (v, d, _), part in zip(parts, np.split(planes, cuts), strict=True)} if parts else {}


def _shallow(level: LadderLevel) -> dict[str, Any]:
    return {f.name: getattr(level, f.name) for f in fields(level)}
