"""Zones keep people, water parts banks, crossings join them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import City
from fleetplan.geography import CityGeography, build_geography
from tests.small_city import small_city, with_figure


@pytest.fixture(scope="module")
def zurich() -> tuple[City, CityGeography]:
    city = load_catalogue(cities={"zurich"}).cities["zurich"]
    return city, build_geography(city)


@pytest.fixture(scope="module")
def bay_area() -> CityGeography:
    return build_geography(load_catalogue(cities={"bay-area"}).cities["bay-area"])


def test_districts_inside_the_outline_keep_their_totals() -> None:
    city = with_figure(small_city(), "population.scale", 1.0)
    geography = build_geography(city)
    filled = geography.area_km2 - geography.district_land.sum(axis=0)
    own = sum(d.population for d in city.districts[:4])
    density = own / sum(d.area_km2 for d in city.districts[:4])
    assert geography.population.sum() == pytest.approx(own + density * filled.clip(0.002).sum(), rel=0.15)
    assert geography.population.sum() >= own


def test_people_of_districts_known_by_their_centres_are_all_there() -> None:
    city = load_catalogue(cities={"madrid"}).cities["madrid"]
    geography = build_geography(city)
    total = sum(d.population for d in city.districts) * city.value("population.scale")
    assert geography.population.sum() == pytest.approx(total, rel=1e-9)
    assert geography.jobs.sum() == pytest.approx(sum(d.jobs for d in city.districts), rel=1e-9)


def test_people_of_drawn_districts_are_all_there_and_nobody_beside_them(zurich: tuple[City, CityGeography]) -> None:
    city, geography = zurich
    inside = [d for d, land in zip(city.districts, geography.district_land, strict=True) if land.sum() > 0]
    assert {d.name for d in city.districts} - {d.name for d in inside} == {"Volketswil"}
    total = sum(d.population for d in inside) * city.value("population.scale")
    assert geography.population.sum() == pytest.approx(total, rel=1e-9)
    owned = geography.district_land.sum(axis=0)
    assert (geography.area_km2 - owned).sum() == pytest.approx(41, abs=2)
    outside = owned == 0
    assert outside.any()
    assert geography.population[outside].max() == 0
    assert any("count as empty" in note for note in geography.notes)


@pytest.mark.parametrize("slug", ["london", "zurich"])
def test_a_drawn_district_has_the_land_of_its_polygon(slug: str) -> None:
    city = load_catalogue(cities={slug}).cities[slug]
    geography = build_geography(city)
    outline = next(o.polygon for o in city.outlines if o.kind == "outline")
    assert set(city.district_areas) == {d.name for d in city.districts}
    assert (geography.district_land.sum(axis=0) <= geography.area_km2 + 1e-9).all()
    for district, land in zip(city.districts, geography.district_land, strict=True):
        area = city.district_areas[district.name]
        assert area.contains(shapely.Point(district.lon, district.lat)), district.name
        if outline.contains(area) and area.intersection(city.land).area > 0.999 * area.area:
            assert land.sum() == pytest.approx(district.area_km2, rel=0.1), district.name


def test_a_drawn_district_takes_its_land_before_the_others_are_laid_out() -> None:
    city = small_city()
    first = city.districts[0]
    drawn = shapely.Point(first.lon, first.lat).buffer(0.012)
    plain, shown = build_geography(city), build_geography(replace(city, district_areas={first.name: drawn}))
    at = np.hypot(shown.lon - first.lon, shown.lat - first.lat) < 0.005
    assert (shown.district_land[0, at] > 0.95 * shown.area_km2[at]).all()
    assert (shown.district_land[1:, at] <= 0.05 * shown.area_km2[at][None, :] + 1e-9).all()
    assert plain.cells == shown.cells
    assert (shown.district_land.sum(axis=0) <= shown.area_km2 + 0.002).all()


def test_zones_cover_the_land_inside_the_outline(zurich: tuple[City, CityGeography]) -> None:
    _, geography = zurich
    assert 250 < geography.area_km2.sum() < 272
    assert (geography.land_share <= 1).all()
    assert (geography.land_share > 0.14).all()


def test_a_district_far_outside_is_left_out_and_named() -> None:
    geography = build_geography(small_city())
    assert any("Far away" in note for note in geography.notes)


def test_without_the_bridge_the_far_bank_is_cut_off() -> None:
    whole, cut = build_geography(small_city()), build_geography(small_city(bridge=False))
    assert not whole.unreachable
    assert len(cut.unreachable) > 0.2 * len(whole)
    assert cut.lon.max() < 8.1
    assert whole.lon.max() > 8.14


def test_a_permit_opens_a_closed_crossing() -> None:
    city = small_city(bridge=False)
    assert build_geography(city).crossings[0].why_not == "closed until p is held"
    assert build_geography(city, permits={"p"}).crossings[0].used


def test_distances_are_those_of_a_network(zurich: tuple[City, CityGeography]) -> None:
    _, geography = zurich
    crow = np.hypot(
        geography.x_km[:, None] - geography.x_km[None, :], geography.y_km[:, None] - geography.y_km[None, :]
    )
    apart = crow > 2
    ratio = geography.distance_km[apart] / crow[apart]
    assert ratio.min() >= 1.0  # tunnels run straight, streets do not
    assert np.median(ratio) == pytest.approx(geography.circuity, rel=0.06)
    assert np.allclose(geography.distance_km, geography.distance_km.T, atol=1e-3)
    assert (geography.hours["peak"] > geography.hours["offpeak"]).all()


def test_san_francisco_reaches_oakland_only_by_a_crossing_or_round_the_bay(bay_area: CityGeography) -> None:
    def zone(lat: float, lon: float) -> int:
        return int(np.hypot(bay_area.lat - lat, (bay_area.lon - lon) * np.cos(np.radians(lat))).argmin())

    san_francisco, oakland = zone(37.7897, -122.3972), zone(37.8044, -122.2712)
    bridges = [c for c in bay_area.crossings if c.used and "Bay Bridge" in c.name]
    assert bridges or bay_area.distance_km[san_francisco, oakland] > 60


def test_the_bay_bridge_permit_makes_oakland_near() -> None:
    city = load_catalogue(cities={"bay-area"}).cities["bay-area"]
    permit = next(c.permit for c in city.crossings if "Bay Bridge" in c.name)
    geography = build_geography(city, permits={permit})
    bridge = next(c for c in geography.crossings if "Bay Bridge" in c.name)
    assert bridge.used
    assert geography.distance_km[bridge.start, bridge.end] < 15


def test_the_same_city_gives_the_same_zones() -> None:
    one, two = build_geography(small_city()), build_geography(small_city())
    assert one.cells == two.cells
    assert np.array_equal(one.distance_km, two.distance_km)
