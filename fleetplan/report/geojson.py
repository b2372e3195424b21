"""The ground as GeoJSON: what a plan puts there in a month, and a city's zones before any plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import geopandas as gpd

from fleetplan.plans.types import Plan
from fleetplan.report.areas import cell_polygon
from fleetplan.report.exports import ground_layers
from fleetplan.service.types import CityService

LAYERS = ("zones", "areas", "depots")


def month_map(plan: Plan, services: Mapping[str, CityService], month: str) -> bytes:
    """Return what stands on the ground in a month: open zones, areas in force, depots ordered or live."""
    zones, areas, depots = ground_layers(plan, services).values()
    shown = {
        "zones": zones[(zones["first_open"] <= month).fillna(value=False)],
        "areas": areas[(areas["start"] <= month) & ~(areas["end"] <= month).fillna(value=False)],
        "depots": depots[depots["ordered"] <= month],
    }
    features = [feature for name in LAYERS for feature in _features(name, shown[name], month)]
    collection = {"type": "FeatureCollection", "month": month, "features": features}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def city_zones(service: CityService, city: str) -> bytes:
    """Return every zone of a city with its people and trips."""
    zones = service.zones
    features = [
        {
            "type": "Feature",
            "id": cell,
            "geometry": cell_polygon(cell).__geo_interface__,
            "properties": {
                "cell": cell,
                "level": int(zones.level[i]) + 1 if zones.level[i] >= 0 else None,
                "area_km2": round(float(zones.area_km2[i]), 4),
                "population": round(float(zones.population[i]), 1),
                "jobs": round(float(zones.jobs[i]), 1),
                "demand_trips_per_day": round(float(zones.demand_trips_per_day[i]), 2),
            },
        }
        for i, cell in enumerate(zones.cells)
    ]
    return json.dumps({"type": "FeatureCollection", "city": city, "features": features}, separators=(",", ":")).encode()


def _features(layer: str, frame: gpd.GeoDataFrame, month: str) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(frame.to_json(drop_id=True))["features"]
    for feature in features:
        feature["properties"]["layer"] = layer
        if layer == "zones":
            pairs = [pair.split("=") for pair in feature["properties"].pop("opens").split(";") if pair]
            feature["properties"]["stacks"] = [stack for stack, opened in pairs if opened <= month]
    return features
