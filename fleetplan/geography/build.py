"""From a city's catalogue entry to its zones."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from fleetplan.catalogue.types import City, DepotSite, Gateway, Outline
from fleetplan.errors import CatalogueError, Fault
from fleetplan.geography import network
from fleetplan.geography.cells import LandCells, land_cells
from fleetplan.geography.network import Speeds
from fleetplan.geography.people import spread_people
from fleetplan.geography.projection import Projection
from fleetplan.geography.types import Access, Band, CityGeography, Place

Array = NDArray[np.float64]

NIGHT_UPLIFT = 1.15
"""Night speed over off-peak speed: assumed, no city file holds a night speed."""


CLOSED_SHARE = 0.5
"""A zone with more of its land than this in a closed area is closed."""


def build_geography(city: City, *, permits: Collection[str] = ()) -> CityGeography:
    """Return the zones of a city, with people, links, travel times and the places snapped to them.

    Parameters
    ----------
    permits
        Permit ids taken as held: crossings that wait for one of them are opened.
    """
    outline = outline_of(city)
    centre = outline.polygon.centroid
    projection = Projection(centre.y, centre.x)
    land = land_cells(outline=outline.polygon, land=city.land, projection=projection)
    people = spread_people(
        city.districts,
        city.hot_spots,
        land,
        outline=projection.shapes(outline.polygon),
        projection=projection,
        scale=city.value("population.scale"),
        drawn={name: projection.shapes(area) for name, area in city.district_areas.items()},
    )
    band_kmh = _band_speeds(city)
    speeds = Speeds(band_kmh["offpeak"], city.value("speed.freeway_kmh"), city.value("speed.circuity"))
    streets = network.street_links(land.cells, land.anchor, projection.shapes(city.land), speeds)
    crossings = network.crossing_links(city.crossings, land.anchor, projection, speeds, permits)
    links = network.join(streets, crossings)
    closed = closed_zones(city, land, projection)
    links = network.without(links, closed)
    kept = network.main_component(len(land.cells), links, np.where(closed, 0.0, people.population + people.jobs))
    renumber = np.where(kept, np.cumsum(kept) - 1, -1)
    links = network.restrict(links, kept)
    anchor, area = land.anchor[kept], land.area_km2[kept]
    distance, hours = network.matrices(len(anchor), links, area, speeds)
    lat, lon = projection.degrees(anchor)
    off = ~kept & ~closed
    cut_off = tuple(cell for cell, cut in zip(land.cells, off, strict=True) if cut)
    return CityGeography(
        city=city.slug,
        crs=projection.crs,
        cells=tuple(cell for cell, keep in zip(land.cells, kept, strict=True) if keep),
        lat=lat,
        lon=lon,
        x_km=anchor[:, 0],
        y_km=anchor[:, 1],
        area_km2=area,
        land_share=land.land_share[kept],
        population=people.population[kept],
        jobs=people.jobs[kept],
        links=links.pairs[links.near],
        distance_km=distance,
        hours={band: hours * np.float32(speeds.street_kmh / kmh) for band, kmh in band_kmh.items()},
        circuity=speeds.circuity,
        speed_kmh=band_kmh,
        crossings=tuple(_renumber(a, renumber) for a in crossings),
        gateways=_places(city.gateways, anchor, projection),
        depots=_places(city.depots, anchor, projection),
        unreachable=cut_off,
        district_land=people.district_land[:, kept],
        notes=(
            *people.notes,
            *_cut_off_note(cut_off, people.population[off]),
            *_closed_note(int(closed.sum()), people.population[closed]),
        ),
    )


def outline_of(city: City) -> Outline:
    """Return the city's one outline.

    Raises
    ------
    CatalogueError
        If the city has none or several.
    """
    found = [o for o in city.outlines if o.kind == "outline"]
    if len(found) != 1:
        place = f"cities/{city.slug}/outlines.geojson"
        raise CatalogueError([Fault(place, f"{len(found)} features of kind outline", "exactly one")])
    return found[0]


def closed_zones(city: City, land: LandCells, projection: Projection) -> NDArray[np.bool_]:
    """Return which zones have most of their land in a closed area, shape (n,): no vehicle stands, drives or picks up there."""
    shapes = [projection.shapes(area.polygon) for area in city.outlines if area.kind == "closed"]
    if not shapes:
        return np.zeros(len(land.cells), bool)
    inside = shapely.area(shapely.intersection(land.pieces, shapely.union_all(shapes)))
    return np.asarray(inside > CLOSED_SHARE * land.area_km2)


def _band_speeds(city: City) -> dict[Band, float]:
    offpeak = city.value("speed.offpeak_kmh")
    return {"peak": city.value("speed.peak_kmh"), "offpeak": offpeak, "night": NIGHT_UPLIFT * offpeak}


def _renumber(access: Access, renumber: NDArray[np.int64]) -> Access:
    start = int(renumber[access.start]) if access.start >= 0 else -1
    end = int(renumber[access.end]) if access.end >= 0 else -1
    lost = access.used and (start < 0 or end < 0)
    why_not = "it leads only to zones that are cut off" if lost else access.why_not
    return Access(access.name, start, end, access.km, access.hours, access.used and not lost, why_not)


def _places(sites: Sequence[Gateway] | Sequence[DepotSite], anchor: Array, projection: Projection) -> tuple[Place, ...]:
    places = []
    for site in sites:
        index, gap = network.nearest(projection.points(site.lat, site.lon)[0], anchor)
        places.append(Place(site.name, index, gap, getattr(site, "permit", "")))
    return tuple(places)


def _closed_note(count: int, population: Array) -> list[str]:
    return [f"{count} zones with {population.sum():,.0f} residents are closed to vehicles"] if count else []


def _cut_off_note(cells: Sequence[str], population: Array) -> list[str]:
    if not cells:
        return []
    return [f"{len(cells)} zones with {population.sum():,.0f} residents have no open way to the rest and are left out"]
