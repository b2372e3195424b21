"""The catalogue: what it reads, every fault it catches, names, listings, new cities."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import geopandas as gpd
import h3
import pytest
from shapely.geometry import LineString, Polygon, box

from fleetplan.catalogue import default_catalogue_path, load_catalogue, load_city
from fleetplan.catalogue.aliases import resolve_city, resolve_stack
from fleetplan.catalogue.describe import check_row, check_text, list_cities, show_city
from fleetplan.catalogue.figures import low_confidence, trace
from fleetplan.catalogue.new_deployments import DEFAULT_SOURCE
from fleetplan.catalogue.newcity import new_city
from fleetplan.catalogue.schema import CITY_FIGURES
from fleetplan.catalogue.types import Catalogue
from fleetplan.errors import CatalogueError, Fault, InputError, RequestError
from tests.catalogue_builder import deployment, edit, make_catalogue, write, write_csv

CITY = "city-1/city.toml"
LAW = "jurisdictions/landia.toml"
STACK = "partners/stack-1.toml"


def faults_of(folder: Path) -> tuple[Fault, ...]:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    return caught.value.faults


def only_fault(folder: Path) -> Fault:
    faults = faults_of(folder)
    assert len(faults) == 1, [str(fault) for fault in faults]
    return faults[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_catalogue(tmp_path)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- sound catalogues -------------------------------------------------------------------------------------------------


def test_a_sound_catalogue_loads_with_every_part(folder: Path) -> None:
    catalogue = load_catalogue(folder)
    city = catalogue.cities["city-1"]
    assert city.figures.keys() == CITY_FIGURES.keys()
    assert city.value("market.mean_trip_km") == 4.0
    assert len(city.series("profile.weekday")) == 24
    assert [outline.kind for outline in city.outlines] == ["outline", "launch"]
    assert city.districts[0].name == "West"
    assert city.crossings[0].open
    assert city.land_attribution == "drawn for a test"
    assert list(catalogue.permits_for("city-1")) == ["landia-test", "landia-paid"]
    assert catalogue.event("landia-law").likely == "2027-03"
    assert catalogue.stacks["stack-1"].figures["supply.placeable"].years == (2027, 2028, 2030)
    assert catalogue.stacks["stack-1"].supply_line == "Works"
    assert catalogue.deployments["stack-1", "city-1"].permitted == "yes"
    assert catalogue.live_markets[0].counts


def test_a_figure_knows_where_it_stands(folder: Path) -> None:
    figure = load_catalogue(folder).cities["city-1"].figures["market.trips_per_day"]
    assert figure.key == "city-1/city.toml#market.trips_per_day"
    assert (figure.value, figure.source, figure.confidence) == (20000, "made up for a test", "assumed")


def test_the_lake_is_cut_out_of_the_land(folder: Path) -> None:
    city = load_city("city-1", folder)
    outline = city.outlines[0].polygon
    assert city.land.intersection(outline).area < outline.area
    assert not city.land.contains(outline.centroid)


def test_the_real_catalogue_is_sound(catalogue: Catalogue) -> None:
    names = {"hong-kong", "madrid", "zurich", "houston", "bay-area", "los-angeles", "london", "munich"}
    assert names <= catalogue.cities.keys()
    assert len(catalogue.deployments) == len(catalogue.stacks) * len(catalogue.cities)


def test_one_city_loads_without_the_others(tmp_path: Path) -> None:
    folder = make_catalogue(tmp_path, cities=2)
    (folder / "city-2" / "city.toml").unlink()
    catalogue = load_catalogue(folder, cities={"city-1"})
    assert list(catalogue.cities) == ["city-1"]
    assert list(catalogue.deployments) == [("stack-1", "city-1")]


def test_a_city_asked_for_must_be_there(folder: Path) -> None:
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder, cities={"nowhere"})
    assert any(fault.where == "cities/nowhere/city.toml" for fault in caught.value.faults)


@pytest.mark.parametrize("slug", ["bay-area", "madrid", "munich", "zurich"])
def test_a_real_city_loads_without_the_others(cities_folder: Path, slug: str) -> None:
    assert list(load_catalogue(cities_folder, cities={slug}).permits_for(slug))


def test_the_variable_names_the_catalogue(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETPLAN_CATALOGUE", str(folder))
    assert default_catalogue_path() == folder
    assert list(load_catalogue().cities) == ["city-1"]


def test_without_the_variable_the_checkout_or_the_package_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLEETPLAN_CATALOGUE", raising=False)
    assert (default_catalogue_path() / "README.md").is_file()


def test_a_folder_that_is_not_there_is_one_fault(tmp_path: Path) -> None:
    fault = only_fault(tmp_path / "nowhere")
    assert "not there" in fault.what
    assert "FLEETPLAN_CATALOGUE" in fault.remedy


def test_the_digest_changes_with_any_byte(tmp_path: Path) -> None:
    folder = make_catalogue(tmp_path, cities=2)
    before, again = load_catalogue(folder), load_catalogue(folder)
    edit(folder / CITY, "made up for a test", "made up for this test")
    after = load_catalogue(folder)
    assert before.digest == again.digest != after.digest
    assert before.city_digests["city-1"] != after.city_digests["city-1"]
    assert before.city_digests["city-2"] == after.city_digests["city-2"]


def test_the_digest_does_not_know_where_the_catalogue_lies(tmp_path: Path) -> None:
    one, two = make_catalogue(tmp_path / "a"), make_catalogue(tmp_path / "b")
    assert load_catalogue(one).digest == load_catalogue(two).digest


# --- faults: one edit, one fault --------------------------------------------------------------------------------------

FAULTS = [
    # figures
    (CITY, "value = 20000\n", "", "market.trips_per_day.value", "missing"),
    (CITY, "value = 20000", "value = nan", "market.trips_per_day.value", "not a finite number"),
    (CITY, "value = 20000", "value = inf", "market.trips_per_day.value", "not a finite number"),
    (CITY, "value = 20000", "value = -20000", "market.trips_per_day.value", "out of range"),
    (CITY, "value = 20000", 'value = "20000"', "market.trips_per_day.value", "not a number"),
    (CITY, "value = 20000", "value = true", "market.trips_per_day.value", "not a number"),
    (CITY, "value = 20000", "value = [20000]", "market.trips_per_day.value", "not a number"),
    (CITY, "value = 20000", "value = 20000\nlow = 30000", "market.trips_per_day.low", "wrong side"),
    (CITY, "value = 20000", "value = 20000\nhigh = 10000", "market.trips_per_day.high", "wrong side"),
    (CITY, "value = 20000", "value = 20000\nyear = 23", "market.trips_per_day.year", "out of range"),
    (CITY, "value = 20000", "value = 20000\nvalu = 1", "market.trips_per_day.valu", "unknown"),
    (CITY, '20000\nsource = "made up for a test"\n', "20000\n", "market.trips_per_day.source", "missing"),
    (CITY, '20000\nsource = "made up for a test"', '20000\nsource = " "', "market.trips_per_day.source", "blank"),
    (CITY, 'test"\nconfidence = "assumed"\n', 'test"\n', "market.trips_per_day.confidence", "missing"),
    (CITY, 'confidence = "assumed"', 'confidence = "sure"', "market.trips_per_day.confidence", "'sure'"),
    (CITY, "value = 0.5\n", "value = 50\n", "market.platform_share.value", "50 is out of range"),
    (CITY, "[speed.peak_kmh]", "[speed.peak_mph]", "speed.peak_kmh", "missing"),
    (CITY, "[1.0, 1.0", "[1.2, 1.2", "season.month_factors.value", "mean"),
    (CITY, "[1.0, 1.0", "[1.0", "season.month_factors.value", "11 numbers"),
    (CITY, "[0.02, 0.02", "[0.03, 0.02", "profile.weekday.value", "sum to 1.01"),
    (CITY, "[0.02, 0.02", '["a", 0.02', "profile.weekday.value", "not a number"),
    # city.toml
    (CITY, 'slug = "city-1"', 'slug = "city-9"', "city.slug", "'city-9'"),
    (CITY, 'drive_side = "right"', 'drive_side = "middle"', "city.drive_side", "'middle'"),
    (CITY, "snow = false", 'snow = "no"', "city.snow", "neither true nor false"),
    (CITY, 'country = "LA"', 'county = "LA"', "city.country", "missing"),
    (CITY, 'currency = "EUR"', 'currency = "XYZ"', "city.currency", "no exchange rate for 'XYZ'"),
    (CITY, '["landia"]', '["landia", "atlantis"]', "city.jurisdictions", "'atlantis' is unknown"),
    (CITY, '["landia"]', "[]", "city.jurisdictions", "no jurisdiction"),
    (CITY, "[[rival]]", "[[revel]]", "revel", "unknown"),
    (CITY, "[city]", "[city", "city.toml", "not TOML"),
    # tables of a city
    ("city-1/districts.csv", "60000,", "sixty,", "West).population", "'sixty' is not a number"),
    ("city-1/districts.csv", "60000,", ",", "West).population", "not a number"),
    ("city-1/districts.csv", "60000,2025", "60000,2025.5", "West).population_year", "whole"),
    ("city-1/districts.csv", ",48.02,", ",98.02,", "West).lat", "out of range"),
    ("city-1/districts.csv", "48.02,10.96", "10.96,48.02", "West).lat", "km outside the outline"),
    ("city-1/districts.csv", "East,", "West,", "West).district", "twice"),
    ("city-1/districts.csv", "jobs,", "work,", "districts.csv", "jobs is missing"),
    ("city-1/hot_spots.csv", ",5,", ",9,", "Square).weight", "out of range"),
    ("city-1/hot_spots.csv", "Square", '"Square', "hot_spots.csv", "not CSV"),
    ("city-1/gateways.csv", "airport", "seaport", "Field).kind", "'seaport'"),
    ("city-1/gateways.csv", "0.05,,", "0.05,landia-fly,", "Field.permit", "'landia-fly' is unknown"),
    ("city-1/gateways.csv", "0.05,,", "5,,", "Field).trip_share", "out of range"),
    ("city-1/crossings.csv", "yes", "maybe", "Bridge).open", "'maybe'"),
    ("city-1/crossings.csv", "yes,", "yes,bridge-permit", "Bridge.permit", "unknown"),
    ("city-1/depots.csv", ",40,", ",0,", "Yard).stalls", "out of range"),
    ("city-1/depots.csv", "assumed", "assumed,more", "Yard)", "not as many cells"),
    # law
    (LAW, 'id = "landia-paid"', 'id = "landia-test"', "landia-test].id", "twice"),
    (LAW, '["landia-test"]', '["landia-tset"]', "landia-paid].all_of", "'landia-tset' is unknown"),
    (LAW, 'event = "landia-law"', 'event = "law"', "landia-paid].event", "'law' is unknown"),
    (LAW, 'likely = "2027-03"', 'likely = "2028-03"', "landia-law].likely", "not in order"),
    (LAW, 'likely = "2027-03"', 'likely = "March"', "landia-law].likely", "'March' is not a month"),
    (LAW, "months_max = 8", "months_max = 3", "landia-test].months_likely", "not in order"),
    (LAW, "after_start = []", 'after_start = [{ permit = "x", months = 1 }]', "landia-test].after_start", "'x'"),
    (LAW, "after_start = []", "after_start = 3", "landia-test].after_start", "not a list"),
    (LAW, 'opens = "test_operator"', 'opens = "doors"', "landia-test].opens", "'doors'"),
    (LAW, 'opens = "test_operator"', 'opens = "airport"', "landia-test].airport", "names none"),
    (LAW, 'airport = ""', 'airport = "Field"', "landia-test].airport", "opens no airport"),
    (LAW, 'level = "state"', 'level = "country"', "jurisdiction.level", "'country'"),
    # partners
    (STACK, 'permit = "landia-test"', 'permit = "landia-hold"', "holds[landia-hold].permit", "unknown"),
    (STACK, "[2027, 2028, 2030]", "[2027, 2030, 2028]", "supply.placeable.years", "not in order"),
    (STACK, "[2027, 2028, 2030]", "[2027, 2028]", "supply.placeable.years", "2 years for 3 values"),
    (STACK, '"energy"', '"petrol"', "contract.platform_pays", "'petrol'"),
    (STACK, '"energy"', '"capital"', "contract.platform_pays", "twice"),
    (STACK, "value = 75", "value = 0", "vehicle.battery_kwh", "electric"),
    (STACK, 'line = "Works"', 'line = "Mill"', "supply.placeable.line", "'Mill' is unknown"),
    (STACK, 'state = "held"', 'state = "begun"', "holds[landia-test].begun", "missing"),
    # shared tables
    (
        "deployments.csv",
        "announced,,2027-06",
        "announced,,June",
        "stack-1).earliest_announced",
        "'June' is not a month",
    ),
    ("deployments.csv", ",announced,", ",signed,", "stack-1).deal", "'signed'"),
    ("supply_lines.csv", "made up for a test", "", "Works).source", "blank"),
    ("live_markets.csv", "yes", "perhaps", "Elsewhere).counts", "'perhaps'"),
]


@pytest.mark.parametrize(("file", "old", "new", "where", "what"), FAULTS)
def test_a_fault_is_caught_where_it_stands(folder: Path, file: str, old: str, new: str, where: str, what: str) -> None:
    edit(folder / file, old, new)
    found = [fault for fault in faults_of(folder) if where in fault.where and what in fault.what]
    assert found, [str(fault) for fault in faults_of(folder)]
    assert found[0].where.startswith("cities/")
    assert found[0].allowed or found[0].remedy


def test_every_fault_of_every_file_is_reported_at_once(folder: Path) -> None:
    edit(folder / CITY, "value = 0.5\n", "value = 50\n")
    edit(folder / CITY, 'drive_side = "right"', 'drive_side = "middle"')
    edit(folder / LAW, "months_max = 8", "months_max = 3")
    edit(folder / STACK, "[2027, 2028, 2030]", "[2027, 2030, 2028]")
    edit(folder / "city-1/districts.csv", "60000,", "sixty,")
    (folder / "city-1/depots.csv").unlink()
    files = sorted(fault.where.split(":")[0] for fault in faults_of(folder))
    assert files == sorted(
        [f"cities/{name}" for name in (CITY, CITY, LAW, STACK, "city-1/districts.csv", "city-1/depots.csv")]
    )


def test_a_fault_says_where_what_allowed_and_remedy(folder: Path) -> None:
    edit(folder / CITY, "value = 0.5\n", "value = 50\n")
    assert only_fault(folder) == Fault(
        where="cities/city-1/city.toml: market.platform_share.value",
        what="50 is out of range",
        allowed="a number from 0 to 1",
        remedy="check the number and its unit",
    )


@pytest.mark.parametrize(
    "file",
    [CITY, "city-1/districts.csv", "city-1/land.geojson", "economics.csv", "assumptions.toml", "deployments.csv"],
)
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert f"cities/{file}" in [fault.where for fault in faults_of(folder) if "missing" in fault.what]


def test_a_file_that_is_not_utf8_is_named(folder: Path) -> None:
    (folder / CITY).write_bytes("[city]\nname = 'Zürich'".encode("latin-1"))
    assert "not UTF-8" in only_fault_of(faults_of(folder), "UTF-8").what


def only_fault_of(faults: tuple[Fault, ...], word: str) -> Fault:
    found = [fault for fault in faults if word in fault.what]
    assert len(found) == 1
    return found[0]


def test_permits_that_wait_for_each_other_are_named(folder: Path) -> None:
    edit(folder / LAW, "all_of = []", 'all_of = ["landia-paid"]')
    fault = only_fault(folder)
    assert "landia-test -> " in fault.what
    assert "landia-paid" in fault.what


def test_a_permit_of_another_country_cannot_be_waited_for(folder: Path) -> None:
    text = (folder / LAW).read_text(encoding="utf-8").replace("landia", "utopia")
    write(folder / "jurisdictions/utopia.toml", text)
    edit(folder / LAW, '["landia-test"]', '["landia-test", "utopia-test"]')
    assert "belongs to utopia" in only_fault(folder).what


def test_a_permit_id_stands_in_one_jurisdiction_only(folder: Path) -> None:
    text = (folder / LAW).read_text(encoding="utf-8").replace('slug = "landia"', 'slug = "utopia"')
    write(folder / "jurisdictions/utopia.toml", text)
    assert any("'landia-test' stands in" in fault.what for fault in faults_of(folder))


def test_a_stack_without_a_row_for_a_city_is_named(tmp_path: Path) -> None:
    folder = make_catalogue(tmp_path, cities=2)
    write_csv(folder / "deployments.csv", [deployment("stack-1", "city-1")])
    assert "stack stack-1 in city city-2" in only_fault(folder).what


def test_a_deployment_of_an_unknown_stack_names_the_nearest(folder: Path) -> None:
    write_csv(folder / "deployments.csv", [deployment("stack-1", "city-1"), deployment("stack-l", "city-1")])
    fault = only_fault(folder)
    assert "'stack-l' is unknown" in fault.what
    assert "did you mean stack-1?" in fault.remedy


def test_a_deployment_of_an_unknown_city_is_named(folder: Path) -> None:
    write_csv(folder / "deployments.csv", [deployment("stack-1", "city-1"), deployment("stack-1", "citty")])
    assert "the city 'citty' is unknown" in only_fault(folder).what


def test_an_unknown_column_is_one_fault_of_the_header(folder: Path) -> None:
    rows = read_csv(folder / "city-1/districts.csv")
    write_csv(folder / "city-1/districts.csv", [{**row, "mayor": "N. N."} for row in rows])
    fault = only_fault(folder)
    assert fault.where == "cities/city-1/districts.csv"
    assert "'mayor' is unknown" in fault.what


# --- polygons ---------------------------------------------------------------------------------------------------------

BOW_TIE = [[10.9, 47.9], [11.1, 48.1], [11.1, 47.9], [10.9, 48.1], [10.9, 47.9]]
OPEN_RING = [[10.9, 47.9], [11.1, 47.9], [11.1, 48.1], [10.9, 48.1]]
METRES = [[683000, 247000], [684000, 247000], [684000, 248000], [683000, 248000], [683000, 247000]]


@pytest.mark.parametrize(
    ("ring", "what"),
    [
        (BOW_TIE, "Self-intersection"),
        (OPEN_RING, "not closed"),
        (METRES, "not in lon-lat degrees"),
        ([], "not a polygon"),
    ],
)
def test_a_broken_polygon_is_reported_not_repaired(folder: Path, ring: list[list[float]], what: str) -> None:
    path = folder / "city-1/outlines.geojson"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["features"][1]["geometry"]["coordinates"] = [ring]
    write(path, json.dumps(data))
    fault = only_fault(folder)
    assert fault.where == "cities/city-1/outlines.geojson: feature 2 (city-1 centre)"
    assert what in fault.what


def change(folder: Path, file: str, **members: object) -> None:
    path = folder / "city-1" / file
    write(path, json.dumps({**json.loads(path.read_text(encoding="utf-8")), **members}))


def test_a_projected_crs_is_refused(folder: Path) -> None:
    change(folder, "outlines.geojson", crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2056"}})
    assert "is not lon-lat degrees" in only_fault(folder).what


def test_a_lon_lat_crs_is_accepted(folder: Path) -> None:
    change(folder, "outlines.geojson", crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}})
    assert load_catalogue(folder).cities


def test_land_needs_an_attribution(folder: Path) -> None:
    change(folder, "land.geojson", attribution="")
    assert "attribution is missing" in only_fault(folder).what


def test_an_unknown_member_of_a_polygon_file_is_refused(folder: Path) -> None:
    change(folder, "land.geojson", colour="green")
    assert "'colour' is unknown" in only_fault(folder).what


def draw_districts(folder: Path, *names: str) -> None:
    shape = {"type": "Polygon", "coordinates": [[[8.5, 47.4], [8.51, 47.4], [8.51, 47.41], [8.5, 47.4]]]}
    sourced = {"source": "drawn for a test", "confidence": "high"}
    drawn = [{"type": "Feature", "properties": {"district": n, **sourced}, "geometry": shape} for n in names]
    collection = {"type": "FeatureCollection", "attribution": "drawn for a test", "features": drawn}
    write(folder / "city-1/districts.geojson", json.dumps(collection))


def test_districts_may_be_drawn_and_may_not(folder: Path) -> None:
    assert not load_catalogue(folder).cities["city-1"].district_areas
    draw_districts(folder, "West")
    assert list(load_catalogue(folder).cities["city-1"].district_areas) == ["West"]


def test_drawn_districts_change_the_digest_of_their_city(folder: Path) -> None:
    before = load_catalogue(folder).city_digests["city-1"]
    draw_districts(folder, "West")
    assert load_catalogue(folder).city_digests["city-1"] != before


def test_a_drawn_district_must_be_one_of_the_city(folder: Path) -> None:
    draw_districts(folder, "West", "Wset")
    assert "'Wset' is no district" in only_fault(folder).what


def test_a_district_is_drawn_once(folder: Path) -> None:
    draw_districts(folder, "West", "West")
    assert "'West' is drawn twice" in only_fault(folder).what


def features(folder: Path) -> list[dict[str, dict[str, object]]]:
    found: list[dict[str, dict[str, object]]] = json.loads((folder / "city-1/outlines.geojson").read_text())["features"]
    return found


def test_a_city_has_one_outline(folder: Path) -> None:
    change(folder, "outlines.geojson", features=features(folder)[1:])
    assert "0 features have kind = outline" in only_fault(folder).what


def test_launch_areas_are_numbered_from_one(folder: Path) -> None:
    change(folder, "outlines.geojson", features=[features(folder)[0], _changed(features(folder)[1], order=2)])
    assert "[2]" in only_fault(folder).what


def _changed(feature: dict[str, dict[str, object]], **properties: object) -> dict[str, dict[str, object]]:
    return {**feature, "properties": {**feature["properties"], **properties}}


def test_cells_may_lie_apart_from_each_other(folder: Path) -> None:
    cell = _changed(features(folder)[1], kind="cell", name="cell A")
    del cell["properties"]["order"]
    change(folder, "outlines.geojson", features=[*features(folder), cell])
    assert [outline.kind for outline in load_city("city-1", folder).outlines] == ["outline", "launch", "cell"]


def test_a_file_that_is_not_geojson_is_named(folder: Path) -> None:
    write(folder / "city-1/land.geojson", "{")
    write(folder / "city-1/outlines.geojson", "[]")
    found = {fault.where: fault.what for fault in faults_of(folder)}
    assert "not JSON" in found["cities/city-1/land.geojson"]
    assert "not a GeoJSON FeatureCollection" in str(faults_of(folder))


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stack-1", "STACK-1", "Stack 1", " stack  1 ltd ", "Stack 1 Pod"])
def test_a_stack_goes_by_slug_partner_and_alias(folder: Path, name: str) -> None:
    assert resolve_stack(load_catalogue(folder), name) == "stack-1"


def test_a_name_that_fits_two_stacks_names_the_choices(tmp_path: Path) -> None:
    catalogue = load_catalogue(make_catalogue(tmp_path, stacks=2))
    with pytest.raises(RequestError) as caught:
        resolve_stack(catalogue, "pod")
    assert caught.value.faults[0].allowed == "stack-1, stack-2"


def test_a_city_settles_a_name_that_fits_two_stacks(tmp_path: Path) -> None:
    folder = make_catalogue(tmp_path, stacks=2)
    edit(folder / "deployments.csv", "stack-2,city-1,yes", "stack-2,city-1,no")
    assert resolve_stack(load_catalogue(folder), "pod", "city-1") == "stack-1"


def test_an_unknown_stack_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        resolve_stack(load_catalogue(make_catalogue(tmp_path)), "stak-1")
    assert "did you mean stack-1?" in caught.value.faults[0].remedy


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("SF", "bay-area"),
        ("San Francisco", "bay-area"),
        ("san francisco bay area", "bay-area"),
        ("Zürich", "zurich"),
        ("München", "munich"),
        ("HONG KONG", "hong-kong"),
        ("los-angeles", "los-angeles"),
        ("LA", "los-angeles"),
    ],
)
def test_cities_go_by_what_people_say(catalogue: Catalogue, name: str, slug: str) -> None:
    assert resolve_city(catalogue, name) == slug


def test_an_unknown_city_names_the_nearest(catalogue: Catalogue) -> None:
    with pytest.raises(RequestError) as caught:
        resolve_city(catalogue, "Zurihc")
    assert "did you mean zurich?" in caught.value.faults[0].remedy


@pytest.mark.parametrize("name", ["BYU", "Baidu", "Apollo Go", "baidu-rt6"])
def test_the_words_of_the_article_find_their_stack(catalogue: Catalogue, name: str) -> None:
    assert resolve_stack(catalogue, name) == "baidu-rt6"


def test_a_word_of_the_article_with_several_readings_names_them(catalogue: Catalogue) -> None:
    with pytest.raises(RequestError) as caught:
        resolve_stack(catalogue, "Wide")
    assert "wayve-nissan-leaf" in caught.value.faults[0].allowed
    assert "weride-gxr" in caught.value.faults[0].allowed


# --- figures and descriptions -----------------------------------------------------------------------------------------


def test_every_number_can_be_traced(folder: Path) -> None:
    catalogue = load_catalogue(folder)
    found = {figure.key: figure for figure in trace(catalogue)}
    assert list(found) == sorted(found)
    assert found["city-1/districts.csv#West.population"].value == 60000
    assert found["partners/stack-1.toml#vehicle.price_usd"].value == 60000
    assert found["jurisdictions/landia.toml#landia-paid.months"].high == 8
    assert found["assumptions.toml#fx.EUR"].unit == "USD per EUR"
    assert all(math.isfinite(figure.value) and figure.source for figure in found.values())


def test_low_confidence_lists_the_weak_figures_only(folder: Path) -> None:
    edit(folder / CITY, 'confidence = "assumed"', 'confidence = "high"')
    keys = [figure.key for figure in low_confidence(load_catalogue(folder))]
    assert "city-1/city.toml#market.trips_per_day" not in keys
    assert "city-1/city.toml#market.platform_share" in keys


def test_the_list_of_cities_counts_people_deals_and_weak_figures(folder: Path) -> None:
    (row,) = list_cities(load_catalogue(folder))
    assert (row["slug"], row["currency"], row["population"]) == ("city-1", "EUR", 100000)
    assert (row["trips_per_day"], row["stacks_with_deal"]) == (20000, ["stack-1"])
    assert row["weak_figures"] == row["figures"] == len(CITY_FIGURES)


def test_a_city_is_shown_with_sources_permits_in_order_and_gaps(folder: Path) -> None:
    shown = show_city(load_catalogue(folder), "city-1")
    assert [permit["title"] for permit in shown["permits"]] == ["Test with an operator", "Paid rides"]
    assert shown["permits"][1]["after_all"] == ["Test with an operator"]
    assert shown["permits"][1]["event"] == "The law"
    assert all(figure["source"] for figure in shown["figures"])
    assert shown["deployments"][0]["stack"] == "stack-1"
    assert shown["gaps"] == [{"what": "everything", "stand_in": "made up"}]


def test_what_is_shown_of_the_real_cities_is_plain_data(catalogue: Catalogue) -> None:
    for slug in catalogue.cities:
        assert json.loads(json.dumps(show_city(catalogue, slug)))["permits"]


# --- new cities -------------------------------------------------------------------------------------------------------


def districts(path: Path, *, crs: int | None = 4326, **columns: list[object]) -> Path:
    shapes = [box(11.9, 47.9, 12.0, 48.0), box(12.0, 47.9, 12.1, 48.0)]
    frame = gpd.GeoDataFrame({"name": ["Left", "Right"], **columns}, geometry=shapes, crs=4326)
    frame = frame.set_crs(None, allow_override=True) if crs is None else frame.to_crs(crs)
    frame.to_file(path)
    return path


def filled(city: Path) -> None:
    for blank, word in (("country", "LA"), ("currency", "EUR"), ("time_zone", "Europe/Zurich")):
        edit(city / "city.toml", f'{blank} = ""', f'{blank} = "{word}"')
    edit(city / "city.toml", "jurisdictions = []", 'jurisdictions = ["landia"]')
    edit(city / "city.toml", 'drive_side = ""', 'drive_side = "right"')


def test_a_new_city_lacks_only_what_a_person_must_say(tmp_path: Path, folder: Path) -> None:
    city = new_city("Neu Stadt", districts(tmp_path / "d.geojson", population=[900, 600]), out=folder)
    assert city.name == "neu-stadt"
    blanks = {fault.where.rpartition(".")[2] for fault in faults_of(folder) if "city.toml" in fault.where}
    assert blanks == {"country", "jurisdictions", "currency", "time_zone", "drive_side"}


def test_a_new_city_loads_once_its_blanks_are_filled(tmp_path: Path, folder: Path) -> None:
    city = new_city('Neu "Stadt"', districts(tmp_path / "d.gpkg", population=[900, 600]), out=folder)
    filled(city)
    found = load_catalogue(folder).cities["neu-stadt"]
    assert found.name == 'Neu "Stadt"'
    assert [(district.name, district.population) for district in found.districts] == [("Left", 900), ("Right", 600)]
    assert found.value("market.trips_per_day") == 60
    assert {figure.confidence for figure in found.figures.values()} == {"assumed"}
    assert found.outlines[0].polygon.area == pytest.approx(0.02, rel=1e-6)


def test_a_new_city_has_a_row_for_every_stack_and_the_others_keep_theirs_byte_for_byte(tmp_path: Path) -> None:
    folder = make_catalogue(tmp_path, stacks=2)
    edit(folder / "partners/stack-2.toml", "rival = false", "rival = true")
    before = (folder / "deployments.csv").read_bytes()
    filled(new_city("Neustadt", districts(tmp_path / "d.gpkg", population=[1, 1]), out=folder))
    assert (folder / "deployments.csv").read_bytes().startswith(before)
    found = load_catalogue(folder).deployments
    new = [found["stack-1", "neustadt"], found["stack-2", "neustadt"]]
    assert [(fact.permitted, fact.deal, fact.confidence) for fact in new] == [
        ("conditional", "none", "assumed"),
        ("conditional", "rival", "assumed"),
    ]


def test_rows_that_a_person_wrote_beforehand_stay(tmp_path: Path, folder: Path) -> None:
    write_csv(folder / "deployments.csv", [deployment("stack-1", slug) for slug in ("city-1", "neustadt")])
    before = (folder / "deployments.csv").read_bytes()
    new_city("Neustadt", districts(tmp_path / "d.gpkg", population=[1, 1]), out=folder)
    assert (folder / "deployments.csv").read_bytes() == before


def test_new_rows_keep_the_order_of_columns_and_the_line_breaks_of_the_table(tmp_path: Path, folder: Path) -> None:
    (row,) = read_csv(folder / "deployments.csv")
    turned = dict(reversed(row.items()))
    table = f"{','.join(turned)}\r\n{','.join(turned.values())}"
    (folder / "deployments.csv").write_bytes(table.encode())
    new_city("Neustadt", districts(tmp_path / "d.gpkg", population=[1, 1]), out=folder)
    text = (folder / "deployments.csv").read_bytes().decode()
    assert text.startswith(table + "\r\n")
    assert text.count("\n") == text.count("\r\n") == 3
    assert [item["city"] for item in read_csv(folder / "deployments.csv")] == ["city-1", "neustadt"]


def test_a_table_that_cannot_take_rows_is_refused_before_anything_is_written(tmp_path: Path, folder: Path) -> None:
    write(folder / "deployments.csv", "stack,city\nstack-1,city-1\n")
    with pytest.raises(InputError, match="the columns are stack, city"):
        new_city("Neustadt", districts(tmp_path / "d.gpkg", population=[1, 1]), out=folder)
    assert not (folder / "neustadt").exists()


def test_a_check_says_what_of_a_new_city_is_still_a_default(tmp_path: Path, folder: Path) -> None:
    assert check_row(load_catalogue(folder))["defaults"] == {}
    city = new_city("Neustadt", districts(tmp_path / "d.gpkg", population=[2, 1]), out=folder)
    filled(city)
    edit(city / "city.toml", DEFAULT_SOURCE, "the city's own count")
    row = check_row(load_catalogue(folder))
    left = row["defaults"]["neustadt"]
    assert (left["figures"], left["deployments"], left["permits"]) == (len(CITY_FIGURES) - 1, 1, 0)
    assert (left["depots"], left["hot_spots"], left["empty"]) == (2, 1, ("gateways.csv", "crossings.csv"))
    text = check_text(row, folder)
    assert (
        "neustadt: figures (29), deployments (1), depots (2), hot spots (1) and jobs by district (2) are still as"
        in text
    )
    assert "neustadt: districts.csv does not say of which year the people are (2 rows)" in text
    assert "neustadt: crossings.csv has no row" in text
    assert "neustadt: warning: gateways.csv has no airport" in text
    assert "city-1" not in text


def test_a_projected_file_is_brought_to_lon_lat(tmp_path: Path, folder: Path) -> None:
    city = new_city("Neustadt", districts(tmp_path / "d.gpkg", crs=32633, population=[1, 1]), out=folder)
    rows = read_csv(city / "districts.csv")
    assert float(rows[0]["lon"]) == pytest.approx(11.95, abs=0.01)
    assert float(rows[0]["area_km2"]) == pytest.approx(83, rel=0.02)


def cells() -> list[str]:
    shape = h3.geo_to_cells(box(11.9, 47.9, 12.1, 48.0), 7)
    return sorted(shape)


def test_people_come_from_cells_whose_centre_a_district_holds(tmp_path: Path, folder: Path) -> None:
    write(tmp_path / "p.csv", "h3,population\n" + "".join(f"{cell},10\n" for cell in cells()))
    city = new_city("Neustadt", districts(tmp_path / "d.gpkg"), tmp_path / "p.csv", out=folder)
    rows = read_csv(city / "districts.csv")
    assert sum(float(row["population"]) for row in rows) == 10 * len(cells())


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ("cell,population\nx,1\n", "'h3'"),
        ("h3,population\nx,1\n", "'x' is not valid"),
        (f"h3,population\n{'{0}'},-1\n", "not a number of people"),
        (f"h3,population\n{'{0}'},1\n{'{0}'},2\n", "stands twice"),
    ],
)
def test_a_broken_population_table_is_refused(tmp_path: Path, folder: Path, table: str, what: str) -> None:
    write(tmp_path / "p.csv", table.format(cells()[0]))
    with pytest.raises(InputError, match=what):
        new_city("Neustadt", districts(tmp_path / "d.gpkg"), tmp_path / "p.csv", out=folder)
    assert not (folder / "neustadt").exists()


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_file_without_a_crs_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="no coordinate reference system"):
        new_city("Neustadt", districts(tmp_path / "d.shp", crs=None), out=folder)


@pytest.mark.parametrize(
    ("shape", "what"),
    [
        (LineString([(11, 48), (12, 48)]), "the shape is LineString"),
        (Polygon(BOW_TIE), "the polygon is broken"),
        (Polygon(METRES), "but the file says EPSG:4326"),
    ],
)
def test_shapes_that_are_no_districts_are_refused(tmp_path: Path, folder: Path, shape: Polygon, what: str) -> None:
    frame = gpd.GeoDataFrame({"population": [5]}, geometry=[shape], crs=4326)
    frame.to_file(tmp_path / "d.gpkg")
    with pytest.raises(InputError, match=what):
        new_city("Neustadt", tmp_path / "d.gpkg", out=folder)


def test_a_city_needs_people(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="there is no population"):
        new_city("Neustadt", districts(tmp_path / "d.gpkg"), out=folder)


def test_a_city_is_not_written_over(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="already there"):
        new_city("City 1", districts(tmp_path / "d.gpkg"), out=folder)


def test_a_missing_polygon_file_is_refused(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        new_city("Neustadt", tmp_path / "nothing.gpkg", out=folder)


def test_a_city_of_several_parts_gets_a_hull_and_keeps_its_parts_as_land(tmp_path: Path, folder: Path) -> None:
    shapes = [box(11.9, 47.9, 11.95, 48.0), box(12.0, 47.9, 12.1, 48.0)]
    gpd.GeoDataFrame({"population": [5, 5]}, geometry=shapes, crs=4326).to_file(tmp_path / "d.gpkg")
    city = new_city("Neustadt", tmp_path / "d.gpkg", out=folder)
    filled(city)
    found = load_city("neustadt", folder)
    assert found.outlines[0].polygon.area == pytest.approx(0.02, rel=1e-6)
    assert found.land.intersection(found.outlines[0].polygon).area == pytest.approx(0.015, rel=1e-6)
    assert found.land.contains(box(11.8, 47.8, 11.85, 47.85)), "no shore is drawn round the city"
    assert [district.name for district in found.districts] == ["District 1", "District 2"]
