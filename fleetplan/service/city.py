"""The one call the optimizer makes: a city's service, from the cache or made afresh.

Planning from cached cities is the common case: what only a city without a cache needs (map projections, shortest ways, the
solver of the ladder) is imported where such a city is made.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fleetplan.catalogue.types import Catalogue, City
from fleetplan.service import cache
from fleetplan.service.later import later
from fleetplan.service.types import CityService


def city_service(
    catalogue: Catalogue,
    city_slug: str,
    *,
    cache_dir: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> CityService:
    """Return the ladder of a city with the response surface of each level.

    Parameters
    ----------
    cache_dir
        Where services are kept between runs; by default ``FLEETPLAN_CACHE`` or the user's cache folder.
    progress
        Called with one line before each slow step.
    """
    path = cache_file(catalogue, city_slug, cache_dir)
    if found := cache.load(path):
        return found
    service = _made(catalogue, catalogue.cities[city_slug], progress or _silent)
    _keep(service, path)
    return service


def cache_file(catalogue: Catalogue, city_slug: str, cache_dir: Path | None = None) -> Path:
    """Return where a city's service is kept; there need not be one yet."""
    digest = cache.service_digest(catalogue.city_digests[city_slug], catalogue.cities[city_slug], catalogue)
    return (cache_dir or cache.default_cache_dir()) / f"{city_slug}-{digest[:32]}.npz"


def _made(catalogue: Catalogue, city: City, tell: Callable[[str], None]) -> CityService:
    from fleetplan.demand import build_demand  # noqa: PLC0415 - as the module says
    from fleetplan.geography import build_geography  # noqa: PLC0415
    from fleetplan.service.build import Ground, Wider, build_service  # noqa: PLC0415

    tell(f"{city.name}: zones and travel times")
    geography = build_geography(city)
    tell(f"{city.name}: trips between {len(geography)} zones")
    demand = build_demand(city, geography, catalogue.assumptions)
    opens, wider = later(catalogue, city), None
    if opens.permits:
        tell(f"{city.name}: zones, travel times and trips once {', '.join(opens.permits)} is in hand")
        open_geography = build_geography(city, permits=opens.permits)
        wider = Wider(Ground.of(open_geography, build_demand(city, open_geography, catalogue.assumptions)), opens)
    tell(f"{city.name}: service areas and response curves")
    return build_service(city, geography, demand, catalogue.assumptions, catalogue.economics, wider)


def _keep(service: CityService, path: Path) -> None:
    """Store a service; a cache that cannot be written to is no reason to fail."""
    try:
        cache.store(service, path)
    except OSError:
        return


def _silent(_: str) -> None:
    return
