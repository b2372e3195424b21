"""A city is begun with its observed trips in one step, or the catalogue stays as it was."""

from __future__ import annotations

import json
from pathlib import Path

import h3
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from fleetplan.catalogue import load_catalogue
from fleetplan.cli import app
from tests.catalogue_builder import make_catalogue

DISTRICTS = Path(__file__).parent / "cases" / "17-bom" / "d.geojson"
SOURCE = "made up for a test, 2024"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_catalogue(tmp_path)
    monkeypatch.setenv("FLEETPLAN_CATALOGUE", str(root))
    return root


@pytest.fixture
def trips(tmp_path: Path) -> Path:
    """Return a fortnight of trips between the middles of the districts, six a day and pair."""
    shapes = [
        shapely.from_geojson(json.dumps(f["geometry"]))
        for f in json.loads(DISTRICTS.read_text("utf-8-sig"))["features"]
    ]
    cells = [h3.latlng_to_cell(p.y, p.x, 9) for p in (shape.representative_point() for shape in shapes)]
    times = [day + pd.Timedelta(hours=hour) for day in pd.date_range("2024-06-03", periods=14) for hour in range(24)]
    rows = [(time, one, other) for time in times for one in cells for other in cells]
    path = tmp_path / "trips.csv"
    pd.DataFrame(rows, columns=["time", "origin_h3", "destination_h3"]).to_csv(path, index=False)
    return path


def test_a_city_is_begun_with_its_trips_in_one_step(folder: Path, trips: Path):
    asked = ["cities", "new", "Neu Basel", "--districts", str(DISTRICTS), "--country", "CH", "--trips", str(trips)]
    run = CliRunner().invoke(app, [*asked, "--trips-source", SOURCE, "--every-trip", "--json"])
    assert run.exit_code == 0, run.output
    told = json.loads(run.stdout)
    assert "trips with both ends in the city" in told["demand"]["sentences"][0]
    city = load_catalogue(folder).cities["neu-basel"]
    assert city.observed is not None
    assert city.observed.source == SOURCE
    assert city.value("market.trips_per_day") == pytest.approx(told["demand"]["trips_per_day"], abs=0.1)


def test_where_the_trips_cannot_be_used_nothing_stays_of_the_city(folder: Path, trips: Path):
    before = sorted(path for path in folder.rglob("*"))
    asked = ["cities", "new", "Neu Basel", "--districts", str(DISTRICTS), "--trips", str(trips)]
    bare = CliRunner().invoke(app, asked)
    assert bare.exit_code == 2
    assert "no country is named" in bare.output
    assert "nobody is named who published" in bare.output
    few = trips.with_name("few.csv")
    few.write_text("".join(trips.read_text("utf-8").splitlines(keepends=True)[:50]), encoding="utf-8")
    short = CliRunner().invoke(app, [*asked[:-1], str(few), "--country", "CH", "--trips-source", SOURCE])
    assert short.exit_code == 2, short.output
    assert sorted(path for path in folder.rglob("*")) == before
