"""From a city to its service areas and what a fleet can do in them."""

from fleetplan.service.cache import default_cache_dir
from fleetplan.service.city import city_service
from fleetplan.service.types import CityService, LadderLevel, ResponseSurface, ServiceQuality, Zones

__all__ = [
    "CityService",
    "LadderLevel",
    "ResponseSurface",
    "ServiceQuality",
    "Zones",
    "city_service",
    "default_cache_dir",
]
