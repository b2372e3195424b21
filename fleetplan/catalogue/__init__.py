"""Everything known before a request is made: read, checked, hashed.

>>> from fleetplan.catalogue import load_catalogue
>>> catalogue = load_catalogue(cities={"zurich"})  # doctest: +SKIP
>>> catalogue.cities["zurich"].value("market.trips_per_day")  # doctest: +SKIP
30000.0
"""

from fleetplan.catalogue.load import default_catalogue_path, load_catalogue, load_city
from fleetplan.catalogue.types import (
    Catalogue,
    City,
    Confidence,
    Crossing,
    Deal,
    DeploymentFact,
    DepotSite,
    District,
    Event,
    Figure,
    Gap,
    Gateway,
    Hold,
    HotSpot,
    Jurisdiction,
    LiveMarket,
    Outline,
    Permit,
    Permitted,
    Published,
    Rival,
    Stack,
    SupplyLine,
)

__all__ = [
    "Catalogue",
    "City",
    "Confidence",
    "Crossing",
    "Deal",
    "DeploymentFact",
    "DepotSite",
    "District",
    "Event",
    "Figure",
    "Gap",
    "Gateway",
    "Hold",
    "HotSpot",
    "Jurisdiction",
    "LiveMarket",
    "Outline",
    "Permit",
    "Permitted",
    "Published",
    "Rival",
    "Stack",
    "SupplyLine",
    "default_catalogue_path",
    "load_catalogue",
    "load_city",
]
