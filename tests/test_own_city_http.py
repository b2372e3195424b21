"""A city of one's own over HTTP and in the browser's page: files in, a folder out, strangers' formats kept out."""

from __future__ import annotations

import base64
import io
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import box
from typer.testing import CliRunner

from fleetplan.cli import app
from tests.api_support import Running, running
from tests.catalogue_builder import make_catalogue

CASES = Path(__file__).parent / "cases"


def upload(path: Path) -> dict[str, str]:
    return {"name": path.name, "content": base64.b64encode(path.read_bytes()).decode()}


def body(*files: Path | dict[str, str], **members: Any) -> dict[str, Any]:
    sent = [upload(one) if isinstance(one, Path) else one for one in files]
    return {"name": "Neustadt", "districts": sent, **members}


GOOD = CASES / "17-bom" / "d.geojson"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = make_catalogue(tmp_path)
    monkeypatch.setenv("FLEETPLAN_CATALOGUE", str(made))
    return made


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the files in this process: starting one takes seconds, and one test does."""

    def run(command: list[str], env: dict[str, str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        done = CliRunner().invoke(app, command[4:], env={"FLEETPLAN_CATALOGUE": env["FLEETPLAN_CATALOGUE"]})
        return subprocess.CompletedProcess(command, done.exit_code, stdout=done.stdout.encode(), stderr=b"")

    monkeypatch.setattr("api.new_city.subprocess.run", run)


@pytest.fixture
def service(folder: Path, tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path / "data", keep_cities=True) as found:
        yield found


def test_a_city_is_begun_downloaded_and_kept(service: Running, folder: Path) -> None:
    told = service.client.post("/v1/cities/new", json=body(GOOD, country="AT", keep=True)).json()
    assert (told["slug"], told["kept"], told["to_fill"]) == ("neustadt", True, [])
    assert told["template"][0].startswith("figures (30), deployments (1), permits (4), depots (2)")
    assert any("no airport" in line for line in told["lacks"])
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(told["archive"]))) as pack:
        names = set(pack.namelist())
        rows = pack.read("neustadt-deployments.csv").decode()
    assert {"neustadt/city.toml", "neustadt/depots.csv", "jurisdictions/neustadt.toml"} <= names
    assert rows.count("\n") == 2
    assert (folder / "neustadt" / "city.toml").exists()
    assert "stack-1,neustadt," in (folder / "deployments.csv").read_text(encoding="utf-8")
    assert service.client.get("/catalogue/cities/neustadt", headers={"Accept": "text/html"}).status_code in {200, 404}


@pytest.mark.parametrize(
    ("sent", "what"),
    [
        (body(CASES / "18-bowtie" / "d.geojson"), "d.geojson: feature 1: the polygon is broken"),
        (body({"name": "d.vrt", "content": ""}), "'d.vrt' is no format that is read here"),
        (body({"name": "d.geojson", "content": base64.b64encode(b"<OGRVRTDataSource>").decode()}), "does not begin as"),
        (body({"name": "d.geojson", "content": "%"}), "is not base64"),
        (body({"name": "d.prj", "content": ""}), "holds no file that can be read"),
        (body(GOOD, population={"name": "p.csv", "content": base64.b64encode(b"h3,people\n").decode()}), "h3"),
    ],
)
@pytest.mark.usefixtures("inline")
def test_what_is_no_district_file_is_refused_in_words_without_our_folders(
    service: Running, sent: dict[str, Any], what: str
) -> None:
    answer = service.client.post("/v1/cities/new", json=sent)
    assert answer.status_code == 422
    assert any(what in flaw["message"] for flaw in answer.json()["errors"]), answer.text
    assert "fleetplan-city-" not in answer.text


@pytest.mark.usefixtures("inline")
def test_what_is_not_filled_in_is_told_and_not_kept(service: Running, folder: Path) -> None:
    told = service.client.post("/v1/cities/new", json=body(GOOD)).json()
    assert {one["where"].rpartition(".")[2] for one in told["to_fill"]} >= {"country", "jurisdictions", "currency"}
    refused = service.client.post("/v1/cities/new", json=body(GOOD, keep=True))
    assert refused.status_code == 422
    assert not (folder / "neustadt").exists()


def test_a_reader_that_takes_too_long_or_breaks_is_told(service: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: Any, **__: Any) -> None:
        msg = "x"
        raise subprocess.TimeoutExpired(msg, 1)

    monkeypatch.setattr("api.new_city.subprocess.run", slow)
    assert "takes too long" in service.client.post("/v1/cities/new", json=body(GOOD)).text
    dead = subprocess.CompletedProcess([], -9, stdout=b"", stderr=b"")
    monkeypatch.setattr("api.new_city.subprocess.run", lambda *_, **__: dead)
    assert service.client.post("/v1/cities/new", json=body(GOOD)).status_code == 422


def test_a_service_that_keeps_none_says_so_and_takes_larger_bodies_there_alone(folder: Path, tmp_path: Path) -> None:
    with running(tmp_path / "data", max_upload_bytes=4_000) as found:
        page = found.client.get("/catalogue/new-city", headers={"Accept": "text/html"}).text
        assert 'id="begin"' in page
        assert 'id="keep"' not in page
        kept = found.client.post("/v1/cities/new", json=body(GOOD, keep=True))
        assert (kept.status_code, kept.json()["code"]) == (403, "not-allowed")
        large = found.client.post("/v1/cities/new", json=body({"name": "d.geojson", "content": "A" * 5_000}))
        assert large.status_code == 413


@pytest.mark.usefixtures("inline")
def test_a_name_is_taken_once(service: Running, folder: Path) -> None:
    shutil.copytree(folder / "city-1", folder / "neustadt")
    told = service.client.post("/v1/cities/new", json=body(GOOD, country="AT"))
    assert told.status_code == 422
    assert "already there" in told.text


TABLES = CASES / "20-h3-tables"


@pytest.mark.parametrize("table", ["ok.csv", "ok.csv.gz", "ok.parquet", "int.parquet", "index.parquet"])
@pytest.mark.usefixtures("inline")
def test_people_come_in_every_format_that_the_command_line_reads(service: Running, table: str) -> None:
    told = service.client.post("/v1/cities/new", json=body(GOOD, country="AT", population=upload(TABLES / table)))
    assert told.status_code == 200, told.text
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(told.json()["archive"]))) as pack:
        rows = pack.read("neustadt/districts.csv").decode().splitlines()
    assert [float(row.split(",")[rows[0].split(",").index("population")]) for row in rows[1:]] == [1262, 1048]


@pytest.mark.parametrize(
    ("table", "what"), [("semicolon.csv", "semicolon"), ("dup.csv", "stands twice"), ("nodata.csv", "no data?")]
)
@pytest.mark.usefixtures("inline")
def test_a_fault_of_the_table_of_people_is_told_there(service: Running, table: str, what: str) -> None:
    told = service.client.post("/v1/cities/new", json=body(GOOD, population=upload(TABLES / table))).json()
    assert {flaw["pointer"] for flaw in told["errors"]} == {"/population"}
    assert what in told["errors"][0]["message"]


@pytest.mark.usefixtures("inline")
def test_of_several_layers_one_is_named_over_http_too(service: Running, tmp_path: Path) -> None:
    path, shape = tmp_path / "d.gpkg", [box(11.9, 47.9, 12.0, 48.0)]
    for year in (2011, 2024):
        columns = {"name": [f"of {year}"], "population": [100]}
        gpd.GeoDataFrame(columns, geometry=shape, crs=4326).to_file(path, layer=f"districts_{year}")
    asked = service.client.post("/v1/cities/new", json=body(path)).json()["errors"][0]
    assert "2 layers: districts_2011 (Polygon), districts_2024 (Polygon)" in asked["message"]
    assert service.client.post("/v1/cities/new", json=body(path, layer="districts_2024")).status_code == 200


@pytest.mark.usefixtures("inline")
def test_topojson_is_told_what_to_do_instead(service: Running) -> None:
    told = service.client.post("/v1/cities/new", json=body(CASES / "16-topojson" / "d.topojson")).json()["errors"][0]
    assert "TopoJSON" in told["message"]
    assert "GeoJSON" in told["remedy"] + told["allowed"]


@pytest.mark.usefixtures("inline")
def test_a_public_file_is_begun_over_http_as_it_is_found(service: Running, tmp_path: Path) -> None:
    frame = gpd.read_file(GOOD).drop(columns=["population"]).rename(columns={"name": "Gemeinde"})
    frame.to_file(tmp_path / "d.geojson", driver="GeoJSON")
    people = {"name": "p.csv", "content": base64.b64encode(b"district,population\nAltstadt,12\nNeustadt,9\n").decode()}
    said = {"names": "Gemeinde", "country": "Austria", "population_year": 2021, "population_source": "Statistics, 2021"}
    told = service.client.post("/v1/cities/new", json=body(tmp_path / "d.geojson", population=people, **said))
    assert told.status_code == 200, told.text
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(told.json()["archive"]))) as pack:
        rows = pack.read("neustadt/districts.csv").decode().splitlines()
    assert rows[1].startswith("Altstadt,12,2021,")
    assert "people: Statistics, 2021" in rows[1]
    spread = service.client.post("/v1/cities/new", json=body(tmp_path / "d.geojson", names="Gemeinde", people=21))
    assert any("laid out evenly" in note for note in spread.json()["notes"])
    assert "--" not in spread.text
    bare = service.client.post("/v1/cities/new", json=body(tmp_path / "d.geojson")).json()
    assert (
        bare["errors"][0]["remedy"]
        == "add the column, or give a table of the people, or the city's people as one number"
    )


@pytest.mark.usefixtures("inline")
def test_a_fault_of_what_is_asked_is_told_at_its_field(service: Running) -> None:
    asked = body(GOOD, country="Austira", like="Atlantis", laws=["nowhere"], people=5)
    told = service.client.post("/v1/cities/new", json={**asked, "name": "City 1"}).json()
    assert "fleetplan-city-" not in str(told)
    assert [flaw["pointer"] for flaw in told["errors"]] == ["/name", "/country", "/like", "/laws", "/people"]


def test_the_page_calls_countries_by_name_and_asks_for_what_public_files_lack(service: Running) -> None:
    page = service.client.get("/catalogue/new-city", headers={"Accept": "text/html"}).text
    assert '<option value="AT">Austria</option>' in page
    assert all(f'id="{field}"' in page for field in ("names", "people", "population_year", "population_source"))
