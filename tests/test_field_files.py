"""Files from the field: each is taken in the meaning its author had, or refused with what to do. Never a traceback."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import geopandas as gpd
import h3
import pytest
from shapely.geometry import Point, box
from typer.testing import CliRunner

from fleetplan.catalogue import load_city
from fleetplan.catalogue.field_numbers import AMBIGUOUS, read_numbers
from fleetplan.catalogue.new_asked import Districts
from fleetplan.catalogue.newcity import Begun, begin_city
from fleetplan.cli import app
from fleetplan.errors import CatalogueError, InputError
from tests.catalogue_builder import make_catalogue

CASES = Path(__file__).parent / "cases"
DISTRICTS = CASES / "17-bom" / "d.geojson"

GRIDS = (2056, 2263, 2326, 25830, 27700, 3035, 31468, 3857, 4269, 4283)
TAKEN = [
    ("02-utm-crs-member/d.geojson", ["Altstadt", "Neustadt"]),
    *((f"22-national-grids/e{code}.geojson", ["A", "B"]) for code in GRIDS),
    ("06-shapefile-latin1/d.shp", ["Zürich-Höngg", "Sankt Jörgen"]),
    ("06-shapefile-latin1/okcpg.shp", ["Zürich-Höngg", "Sankt Jörgen"]),
    ("09-z/d.geojson", ["Altstadt", "Neustadt"]),
    ("13-names/number.geojson", ["1", "2"]),
    ("13-names/nan_twice.geojson", ["District 1", "District 2"]),
    ("15-hole/d.geojson", ["Ring", "Exclave"]),
    ("15-hole/lake.geojson", ["Ring"]),
    ("17-bom/d.geojson", ["Altstadt", "Neustadt"]),
]
REFUSED = [
    ("01-mercator-no-crs/d.geojson", "but the file says EPSG:4326"),
    ("03-local-km-grid/d.geojson", "covers 35,0"),
    ("06-shapefile-latin1/wrongcpg.shp", "not in the encoding that wrongcpg.cpg names"),
    ("08-sliver/d.geojson", "feature 3: is thinner than a tenth of a metre"),
    ("08-sliver/only_sliver.geojson", "is thinner than a tenth of a metre"),
    ("10-geometry-collection/d.geojson", "feature 1: the shape is GeometryCollection"),
    ("11-null-geometry/d.geojson", "feature 3: the shape is nothing"),
    ("13-names/dup.geojson", "is called 'Mitte' like feature 1"),
    ("13-names/emoji_long.geojson", "its name has 442 characters"),
    ("13-names/formula.geojson", "begins like a formula"),
    ("13-names/newline.geojson", "holds a line break"),
    ("13-names/null.geojson", "feature 2: has no name"),
    ("16-topojson/d.topojson", "TopoJSON"),
    ("18-bowtie/d.geojson", "Self-intersection"),
    ("21-country/d.geojson", "that is no district"),
]
PEOPLE = [1262, 1048]
TABLES_TAKEN = ["bom.csv", "decimal_comma.csv", "int.csv", "ok.csv", "ok.csv.gz", "space.csv", "upper.csv"]
TABLES_REFUSED = [
    ("blank_id.csv", "row 3: has no h3 cell"),
    ("coarse_r4.csv", "cells of resolution 4 cover 1,770 km²"),
    ("dup.csv", "row 23: the h3 cell '881f838005fffff' stands twice, first in row 2"),
    ("dup_case.csv", "row 3: the h3 cell '881f838005fffff' stands twice"),
    ("empty.csv", "the file is empty"),
    ("exp.csv", "cells of resolution 6 cover 36 km²"),
    ("float.csv", "lost its last digits"),
    ("headeronly.csv", "the table has no rows"),
    ("latin1.csv", "its text is not UTF-8"),
    ("nan.csv", "is not a number of people: it is empty"),
    ("nodata.csv", "-200 (a mark for no data?)"),
    ("renamed.csv", "it has h3_index, pop"),
    ("semicolon.csv", "the separator is a semicolon"),
    ("semicolon_comma.csv", "the separator is a semicolon"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_catalogue(tmp_path)


def begun(folder: Path, districts: Path, table: Path | None = None, layer: str | None = None) -> Begun:
    return begin_city("Neustadt", districts, table, said=Districts(layer), out=folder)


def rows(made: Begun) -> list[dict[str, str]]:
    with (made.folder / "districts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def people(made: Begun) -> list[float]:
    return [float(row["population"]) for row in rows(made)]


def polygons(path: Path, shapes: list[object], crs: int = 4326, **columns: list[object]) -> Path:
    gpd.GeoDataFrame({"population": [100] * len(shapes), **columns}, geometry=shapes, crs=4326).to_crs(crs).to_file(
        path
    )
    return path


@pytest.mark.parametrize(("file", "names"), TAKEN)
def test_a_file_is_taken_as_it_is_meant(folder: Path, file: str, names: list[str]) -> None:
    made = begun(folder, CASES / file)
    assert [row["district"] for row in rows(made)] == names
    outline = json.loads((made.folder / "outlines.geojson").read_text(encoding="utf-8"))["features"][0]["geometry"]
    assert outline["type"] == "Polygon"
    assert all(len(point) == 2 for ring in outline["coordinates"] for point in ring)


@pytest.mark.parametrize(("file", "what"), REFUSED)
def test_what_cannot_be_meant_is_refused_with_what_to_do(folder: Path, file: str, what: str) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(InputError) as caught:
        begun(folder, CASES / file)
    assert what in str(caught.value)
    assert all(fault.remedy for fault in caught.value.faults)
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("table", TABLES_TAKEN)
def test_a_table_of_cells_is_taken_as_it_is_meant(folder: Path, table: str) -> None:
    assert people(begun(folder, DISTRICTS, CASES / "20-h3-tables" / table)) == PEOPLE


@pytest.mark.parametrize(("table", "what"), TABLES_REFUSED)
def test_a_table_that_says_what_cannot_be_is_refused(folder: Path, table: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        begun(folder, DISTRICTS, CASES / "20-h3-tables" / table)
    assert what in str(caught.value)


@pytest.mark.parametrize("table", ["ok.parquet", "int.parquet", "index.parquet"])
def test_parquet_is_read_as_it_is_meant(folder: Path, table: str) -> None:
    assert people(begun(folder, DISTRICTS, CASES / "20-h3-tables" / table)) == PEOPLE


def test_people_outside_the_districts_are_told(folder: Path) -> None:
    made = begun(folder, DISTRICTS, CASES / "20-h3-tables" / "mostly_elsewhere.csv")
    assert people(made) == [0, 201]
    assert any("9,450 of its 9,651 people, in 189 cells, live outside the districts" in note for note in made.notes)
    assert any("nobody lives in Altstadt" in note for note in made.notes)


def test_cells_inside_cells_count_nobody_twice(tmp_path: Path, folder: Path) -> None:
    fine = "881f838005fffff"
    table = tmp_path / "p.csv"
    table.write_text(f"h3,population\n{fine},1\n{h3.cell_to_parent(fine, 7)},5\n", encoding="utf-8")
    with pytest.raises(InputError, match=f"the cell {fine} lies in the cell"):
        begun(folder, DISTRICTS, table)


def test_of_several_layers_the_one_that_is_named_is_read(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "d.gpkg"
    stations = gpd.GeoDataFrame({"name": ["Main"]}, geometry=[Point(12, 48)], crs=4326)
    stations.to_file(path, layer="stations")
    shapes = [box(11.9, 47.9, 12.0, 48.0)]
    for year in (2011, 2024):
        columns = {"name": [f"of {year}"], "population": [100]}
        gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).to_file(path, layer=f"districts_{year}")
    with pytest.raises(InputError, match=r"3 layers: stations .*, districts_2011 .*, districts_2024"):
        begun(folder, path)
    with pytest.raises(InputError, match=r"no layer 'districts_2025'.*did you mean districts_2024"):
        begun(folder, path, layer="districts_2025")
    assert [row["district"] for row in rows(begun(folder, path, layer="districts_2024"))] == ["of 2024"]


def test_a_table_without_shapes_is_no_layer(tmp_path: Path, folder: Path) -> None:
    path = polygons(tmp_path / "d.gpkg", [box(11.9, 47.9, 12.0, 48.0)])
    import pyogrio  # noqa: PLC0415

    styles = gpd.pd.DataFrame({"style": ["red"]})
    pyogrio.write_dataframe(styles, path, layer="layer_styles", append=True)
    assert people(begun(folder, path)) == [100]


@pytest.mark.parametrize(
    ("shapes", "what"),
    [
        ([box(11.9, 47.9, 12.0, 48.0), box(11.9, 47.9, 12.0, 48.05)], "covers 100% of the smaller"),
        ([box(11.9, 47.9, 12.0, 48.0), box(18.9, 47.9, 19.0, 48.0)], "km apart"),
        ([box(179.9, 47.9, 180.0, 48.0), box(-180.0, 47.9, -179.9, 48.0)], "line of date"),
        ([box(11.9, 47.9, 12.0, 48.0), box(12.5, 48.4, 12.6, 48.5), box(12.9, 47.9, 13.0, 48.0)], "hull"),
        ([box(11.99, 47.99, 11.9901, 47.9901)], "on a km²"),
    ],
)
def test_geography_that_cannot_be_true_is_refused(
    tmp_path: Path, folder: Path, shapes: list[object], what: str
) -> None:
    with pytest.raises(InputError, match=what):
        begun(folder, polygons(tmp_path / "d.gpkg", shapes, population=[90_000] * len(shapes)))


def test_names_read_in_the_wrong_encoding_are_refused(tmp_path: Path, folder: Path) -> None:
    path = polygons(tmp_path / "d.gpkg", [box(11.9, 47.9, 12.0, 48.0)], name=["ZÃ¼rich"])
    with pytest.raises(InputError, match="it should read Zürich"):
        begun(folder, path)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["397.500", "1.250.000"], [397_500, 1_250_000]),
        (["1,234", "1,234,567"], [1234, 1_234_567]),
        (["1'234", "12"], [1234, 12]),
        (["1\u202f234", "12 500"], [1234, 12_500]),
        (["397,5", "12,25", 3], [397.5, 12.25, 3]),
        (["1.234,5", "12.000"], [1234.5, 12_000]),
        (["100.0", "1e3"], [100, 1000]),
    ],
)
def test_numbers_are_read_as_any_country_writes_them(given: list[object], read: list[float]) -> None:
    assert read_numbers(given) == (read, {})


def test_a_number_that_may_be_two_is_asked(tmp_path: Path, folder: Path) -> None:
    assert read_numbers(["397.000"])[1] == {0: AMBIGUOUS}
    path = polygons(tmp_path / "d.gpkg", [box(11.9, 47.9, 12.0, 48.0)], population=["397.000"])
    with pytest.raises(InputError, match=r"'397\.000' may be thousands or decimals"):
        begun(folder, path)


@pytest.mark.parametrize(
    ("given", "what"), [(None, "is empty"), (-5, "is no number of people"), ("many", "is no number")]
)
def test_a_population_that_is_none_is_told_at_its_district(
    tmp_path: Path, folder: Path, given: object, what: str
) -> None:
    shapes = [box(11.9, 47.9, 12.0, 48.0), box(12.0, 47.9, 12.1, 48.0)]
    path = polygons(tmp_path / "d.geojson", shapes, population=["100", given and str(given)], name=["Left", "Right"])
    with pytest.raises(InputError, match=rf"feature 2 \(Right\): its population.* {what}"):
        begun(folder, path)


def test_swapped_coordinates_are_told_at_once_and_refused_by_the_check(folder: Path) -> None:
    made = begun(folder, CASES / "04-lat-lon-swapped" / "d.geojson")
    assert "8.53° N, 47.38° E, 526 km from Aden (YE)" in made.notes[-1]
    toml = made.folder / "city.toml"
    toml.write_text(
        toml.read_text(encoding="utf-8").replace('time_zone = ""', 'time_zone = "Europe/Zurich"'), encoding="utf-8"
    )
    with pytest.raises(CatalogueError, match=r"5,\d{3} km from Europe/Zurich"):
        load_city("neustadt", folder)


def test_a_catalogue_that_cannot_be_written_to_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match="No space left on device"):
        begun(folder, DISTRICTS)
    assert not [path for path in folder.iterdir() if "neustadt" in path.name]


def test_the_command_says_the_same_in_words_and_in_json(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLEETPLAN_CATALOGUE", str(folder))
    wrong = ["cities", "new", "Neustadt", "--districts", str(CASES / "18-bowtie" / "d.geojson")]
    said = CliRunner().invoke(app, wrong)
    assert said.exit_code == 2
    assert "Self-intersection" in said.output
    told = CliRunner().invoke(app, [*wrong, "--json"])
    assert told.exit_code == 2
    assert "Self-intersection" in json.loads(told.stdout)["error"]["faults"][0]["what"]
    right = ["cities", "new", "Neustadt", "--districts", str(DISTRICTS)]
    done = CliRunner().invoke(app, right)
    assert done.exit_code == 0
    assert "note: the districts lie at 47.56° N, 7.63° E, 71 km from Zurich (CH)" in done.output
    shutil.rmtree(folder / "neustadt")
    assert json.loads(CliRunner().invoke(app, [*right, "--json"]).stdout)["notes"]
