"""The ground of the shipped cities: water where water is, land under what stands on land, no shapes that are nowhere."""

from __future__ import annotations

import math

import h3
import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.geometry import km_from
from fleetplan.catalogue.types import City
from fleetplan.geography import CityGeography, build_geography
from fleetplan.report.map_svg import km2_per_square_degree, land_in, rivers_bridged

CITIES = ("bay-area", "hong-kong", "houston", "london", "los-angeles", "madrid", "munich", "zurich")
INLAND = ("houston", "london", "madrid", "munich", "zurich")

KM_PER_DEGREE = 111.2
LEAST_LAKE_KM2, LEAST_LAKE_CORNERS, LEAST_LAKE_COMPACTNESS = 1.9, 8, 0.15
"""Inland water below any of these is an artefact of the source's tiles: a triangle, a pond of confetti, a splinter."""
LEAST_ISLAND_KM2, LEAST_ISLAND_COMPACTNESS = 0.14, 0.08
LEAST_MARGIN_DEGREES = 0.02
LEAST_LAND_ON_EDGE = 0.93
"""Share of the frame's edge that is land in a city away from the sea; a river, a lake and a bayou leave by the rest."""

THAMES = {
    "Teddington Reach": (51.4395, -0.3312),
    "Hammersmith": (51.4880, -0.2300),
    "Westminster": (51.5008, -0.1215),
    "Greenwich": (51.4850, -0.0070),
    "Barking Reach": (51.5140, 0.1150),
}
LAKE_ZURICH = {
    "off the quay at Buerkliplatz": (47.3645, 8.5425),
    "off Enge": (47.3580, 8.5395),
    "off Zuerichhorn": (47.3500, 8.5500),
    "off Wollishofen": (47.3420, 8.5450),
    "off Kuesnacht": (47.3150, 8.5720),
    "off Thalwil": (47.2950, 8.5800),
}
LONDON_LAND = {
    "Waterloo station": (51.5031, -0.1132),
    "South Bank, National Theatre": (51.5070, -0.1140),
    "Isle of Dogs": (51.4950, -0.0160),
    "Tottenham Hale": (51.5882, -0.0600),
}
ZURICH_LAND = {
    "Bellevue": (47.3671, 8.5451),
    "Paradeplatz": (47.3697, 8.5389),
    "Wollishofen station": (47.3475, 8.5333),
    "Kuesnacht station": (47.3190, 8.5820),
}

OUTSIDE = {
    "bay-area": {"Meta Menlo Park"},
    "hong-kong": {"Tuen Mun Area 38/40", "Lo Wu crossing"},
    "houston": {"NASA/Space Center", "The Woodlands", "Sugar Land Town Square", "Katy Mills"},
    "london": {"Gatwick", "Stansted", "Luton"},
    "los-angeles": {"Commerce"},
    "madrid": {"Coslada logistics (CTC, Puerto Seco)", "Alcobendas industrial", "Getafe - Los Gavilanes"},
    "munich": {"Eching / Neufahrn logistics"},
    "zurich": {"Volketswil"},
}
"""Places that serve a city from beyond its outline: towns and airports of its region, depots at its edge."""
FAR_OUTSIDE_KM = 4.0
FAR = {"NASA/Space Center", "The Woodlands", "Sugar Land Town Square", "Katy Mills", "Gatwick", "Stansted", "Luton"}


@pytest.fixture(scope="module")
def cities() -> dict[str, City]:
    return dict(load_catalogue(cities=set(CITIES)).cities)


@pytest.fixture(scope="module")
def london(cities: dict[str, City]) -> CityGeography:
    return build_geography(cities["london"])


@pytest.fixture(scope="module")
def zurich(cities: dict[str, City]) -> CityGeography:
    return build_geography(cities["zurich"])


def test_all_shipped_cities_are_looked_at() -> None:
    assert set(load_catalogue().cities) == set(CITIES)


@pytest.mark.parametrize(("name", "at"), THAMES.items(), ids=THAMES)
def test_the_thames_is_water(cities: dict[str, City], name: str, at: tuple[float, float]) -> None:
    assert not _on_land(cities["london"], *at), name


@pytest.mark.parametrize(("name", "at"), LAKE_ZURICH.items(), ids=LAKE_ZURICH)
def test_lake_zurich_is_water(cities: dict[str, City], name: str, at: tuple[float, float]) -> None:
    assert not _on_land(cities["zurich"], *at), name
    assert box(*cities["zurich"].land.bounds).contains(shapely.Point(at[1], at[0]))


@pytest.mark.parametrize(("name", "at"), LONDON_LAND.items(), ids=LONDON_LAND)
def test_the_banks_of_the_thames_are_land(cities: dict[str, City], name: str, at: tuple[float, float]) -> None:
    assert _on_land(cities["london"], *at), name


@pytest.mark.parametrize(("name", "at"), ZURICH_LAND.items(), ids=ZURICH_LAND)
def test_the_shores_of_lake_zurich_are_land(cities: dict[str, City], name: str, at: tuple[float, float]) -> None:
    assert _on_land(cities["zurich"], *at), name


@pytest.mark.parametrize("slug", CITIES)
def test_depots_airports_and_hot_spots_stand_on_land_inside_their_city(cities: dict[str, City], slug: str) -> None:
    city = cities[slug]
    outline, known = _outline(city), box(*city.land.bounds)
    outside = set()
    for name, lat, lon in _places(city):
        point = shapely.Point(lon, lat)
        assert city.land.contains(point) or not known.contains(point), f"{name} stands in water"
        if not outline.contains(point):
            outside.add(name)
            away = km_from(outline, lon, lat)
            assert (away > FAR_OUTSIDE_KM) == (name in FAR), f"{name}: {away:.1f} km outside"
    assert outside == OUTSIDE[slug]


@pytest.mark.parametrize("slug", CITIES)
def test_land_is_sound_and_has_no_crumbs(cities: dict[str, City], slug: str) -> None:
    city = cities[slug]
    assert city.land.is_valid
    edge = box(*city.land.bounds).exterior
    for part in _parts(city.land):
        flat = _in_km(part)
        assert flat.area >= LEAST_ISLAND_KM2
        assert _compactness(flat) >= LEAST_ISLAND_COMPACTNESS or part.intersects(edge), part.centroid


@pytest.mark.parametrize("slug", CITIES)
def test_inland_water_has_the_shape_of_a_lake(cities: dict[str, City], slug: str) -> None:
    known = box(*cities[slug].land.bounds)
    for water in _parts(known.difference(cities[slug].land)):
        if water.intersects(known.exterior):
            continue
        flat = _in_km(water)
        assert flat.area >= LEAST_LAKE_KM2, water.centroid
        assert len(water.exterior.coords) - 1 >= LEAST_LAKE_CORNERS, water.centroid
        assert _compactness(flat) >= LEAST_LAKE_COMPACTNESS, water.centroid


@pytest.mark.parametrize("slug", CITIES)
def test_the_ground_reaches_round_the_outline_and_the_depots(cities: dict[str, City], slug: str) -> None:
    city = cities[slug]
    west, south, east, north = city.land.bounds
    points = [*_outline(city).exterior.coords, *((d.lon, d.lat) for d in city.depots)]
    margin = LEAST_MARGIN_DEGREES
    assert all(west + margin <= x <= east - margin and south + margin <= y <= north - margin for x, y in points)


@pytest.mark.parametrize("slug", INLAND)
def test_away_from_the_sea_land_fills_the_frame_to_its_edge(cities: dict[str, City], slug: str) -> None:
    edge = box(*cities[slug].land.bounds).exterior
    assert edge.intersection(cities[slug].land).length >= LEAST_LAND_ON_EDGE * edge.length


@pytest.mark.parametrize("slug", CITIES)
def test_ground_names_source_and_licence(cities: dict[str, City], slug: str) -> None:
    said = cities[slug].land_attribution
    owed = {"london": "Open Government Licence", "zurich": "Statistik Stadt Zürich"}
    assert owed.get(slug, "OpenStreetMap") in said
    assert "©" in said


def test_a_zone_of_open_water_carries_no_people(zurich: CityGeography) -> None:
    for lat, lon in ((47.3440, 8.5500), (47.3490, 8.5460)):
        cell = h3.latlng_to_cell(lat, lon, 8)
        assert cell not in zurich.cells


def test_no_street_steps_over_the_thames_below_putney(cities: dict[str, City], london: CityGeography) -> None:
    """The river joins its banks by crossings alone."""
    water = _in_km(box(-0.21, 51.4, 0.2, 51.6).difference(cities["london"].land))
    crossed = {(a.start, a.end) for a in london.crossings if a.used}
    scale = (math.cos(math.radians(51.5)) * KM_PER_DEGREE, KM_PER_DEGREE)
    at = np.column_stack([london.lon, london.lat]) * scale
    streets = [(i, j) for i, j in london.links.tolist() if not {(i, j), (j, i)} & crossed]
    wet = shapely.length(shapely.intersection(shapely.linestrings(at[streets]), water))
    assert wet.max() <= 0.13


def test_both_banks_of_the_thames_are_one_city(london: CityGeography) -> None:
    assert not london.unreachable
    assert {a.name for a in london.crossings if not a.used} == {"Hammersmith Bridge", "Woolwich Ferry"}


def test_an_area_on_both_banks_of_a_river_is_one_on_the_map(cities: dict[str, City]) -> None:
    land = land_in(cities["london"], cities["london"].land.bounds, 0.0002)
    joined = rivers_bridged(land, km2_per_square_degree(51.5))
    for name in ("Hammersmith", "Westminster", "Greenwich"):
        lat, lon = THAMES[name]
        assert joined.contains(shapely.Point(lon, lat)), name
    lake = land_in(cities["zurich"], cities["zurich"].land.bounds, 0.0002)
    lat, lon = LAKE_ZURICH["off Thalwil"]
    assert not rivers_bridged(lake, km2_per_square_degree(47.4)).contains(shapely.Point(lon, lat))


def _places(city: City) -> list[tuple[str, float, float]]:
    """Return name, latitude and longitude of depots, airports, stations and hot spots."""
    found = [(p.name, p.lat, p.lon) for p in city.depots]
    found += [(p.name, p.lat, p.lon) for p in city.gateways]
    return found + [(p.name, p.lat, p.lon) for p in city.hot_spots]


def _on_land(city: City, lat: float, lon: float) -> bool:
    return bool(city.land.contains(shapely.Point(lon, lat)))


def _outline(city: City) -> Polygon:
    found = next(o.polygon for o in city.outlines if o.kind == "outline")
    assert isinstance(found, Polygon)
    return found


def _parts(shape: BaseGeometry) -> list[Polygon]:
    return [part for part in shapely.get_parts(shape) if isinstance(part, Polygon) and not part.is_empty]


def _in_km(shape: BaseGeometry) -> BaseGeometry:
    scale = (math.cos(math.radians(shape.centroid.y)) * KM_PER_DEGREE, KM_PER_DEGREE)
    return shapely.transform(shape, lambda xy: xy * scale)


def _compactness(shape: BaseGeometry) -> float:
    """Return the area over that of the circle with the same way round (Polsby & Popper): 1 a circle, 0 a thread."""
    return float(4 * math.pi * shape.area / shape.length**2)
