"""Zones on land, who lives and works in them, what links them and how long each way takes."""

from fleetplan.geography.build import build_geography
from fleetplan.geography.types import Access, CityGeography, Place

__all__ = ["Access", "CityGeography", "Place", "build_geography"]
