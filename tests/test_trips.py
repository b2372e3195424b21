"""Tables of trips become a city's demand: a known matrix comes back, clocks change, and no row is lost without a word."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pytest
import shapely
from typer.testing import CliRunner

from fleetplan.catalogue import load_catalogue
from fleetplan.catalogue.types import Catalogue, City
from fleetplan.cli import app
from fleetplan.demand import PERIODS, Period, build_demand
from fleetplan.errors import CatalogueError, InputError
from fleetplan.geography import CityGeography, build_geography
from fleetplan.request import FigureOverride
from fleetplan.scope import apply_overrides
from fleetplan.service.area import area_demand
from fleetplan.service.clusters import groups
from fleetplan.simulate.city_days import CityPlace, ServiceArea
from fleetplan.trips.build import Asked, Found, build, with_profiles
from fleetplan.trips.layouts import choose
from fleetplan.trips.times import hours_of, local_times
from fleetplan.words.trips import coverage_sentences, demand_sentence
from tests.catalogue_builder import make_catalogue
from tests.small_city import assumptions, economics, small_city

SOURCE = "made up for a test, 2024"
DAYS = pd.date_range("2024-06-03", periods=14)  # Monday to the Sunday after next


@pytest.fixture(scope="module")
def city() -> City:
    return replace(small_city(), time_zone="America/Chicago")


@pytest.fixture(scope="module")
def geography(city: City) -> CityGeography:
    return build_geography(city)


def world(city: City) -> Catalogue:
    return Catalogue(
        cities={city.slug: city}, jurisdictions={}, stacks={}, deployments={}, economics=economics(),
        assumptions=assumptions(), supply_lines={}, live_markets=(), digest="",
    )  # fmt: skip


def known(geography: CityGeography) -> pd.DataFrame:
    """Return trips of two weeks whose numbers are known: of each period its own matrix over five zones."""
    cells = [geography.cells[k] for k in (0, 40, 90, 150, 200)]
    rows = []
    for day in DAYS:
        for hour in range(24):
            for a, origin in enumerate(cells):
                for b, destination in enumerate(cells):
                    number = (a + 2 * b + (3 if 6 <= hour < 10 else 0) + (2 if day.day_of_week >= 5 else 0)) % 5
                    rows += [(day + pd.Timedelta(hours=hour, minutes=k), origin, destination) for k in range(number)]
    return pd.DataFrame(rows, columns=["time", "origin", "destination"])


@pytest.fixture(scope="module")
def trips(geography: CityGeography) -> pd.DataFrame:
    return known(geography)


def chicago(trips: pd.DataFrame) -> pd.DataFrame:
    """Return trips in the columns of Chicago's record."""
    at = {cell: h3.cell_to_latlng(cell) for cell in pd.unique(trips[["origin", "destination"]].to_numpy().ravel())}
    return pd.DataFrame(
        {
            "Trip ID": np.arange(len(trips)),
            "Trip Start Timestamp": trips["time"].dt.strftime("%m/%d/%Y %I:%M:%S %p"),
            "Trip End Timestamp": (trips["time"] + pd.Timedelta(minutes=20)).dt.strftime("%m/%d/%Y %I:%M:%S %p"),
            "Pickup Centroid Latitude": [at[c][0] for c in trips["origin"]],
            "Pickup Centroid Longitude": [at[c][1] for c in trips["origin"]],
            "Dropoff Centroid Latitude": [at[c][0] for c in trips["destination"]],
            "Dropoff Centroid Longitude": [at[c][1] for c in trips["destination"]],
        }
    )


@pytest.fixture(scope="module")
def table(trips: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("trips") / "chicago.csv"
    chicago(trips).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def found(city: City, table: Path) -> Found:
    return build(world(city), city, Asked((table,), SOURCE))


def observed(city: City, found: Found) -> City:
    return replace(with_profiles(city, found.profiles), observed=found.observed)


# --- the matrix -------------------------------------------------------------------------------------------------------------


def test_a_known_matrix_comes_back(city, geography, trips, found):
    demand = build_demand(observed(city, found), geography)
    number = {cell: i for i, cell in enumerate(geography.cells)}
    times = trips["time"]
    inside: dict[Period, Any] = {
        "morning": (times.dt.day_of_week < 5) & times.dt.hour.between(6, 9),
        "weekend_night": (times.dt.day_of_week >= 5) & ~times.dt.hour.between(7, 19),
    }
    for period, rows in inside.items():
        matrix = np.zeros((len(geography), len(geography)))
        own = trips[rows]
        np.add.at(matrix, (own["origin"].map(number), own["destination"].map(number)), 1.0)
        assert demand.pattern[period] == pytest.approx(matrix / matrix.sum(), abs=1e-7)
    weekdays = times.dt.day_of_week < 5
    by_hour = np.bincount(times[weekdays].dt.hour, minlength=24)
    assert found.profiles["profile.weekday"] == pytest.approx(by_hour / by_hour.sum(), abs=1e-5)
    assert demand.trips_per_day == pytest.approx(4000.0)
    assert demand.mean_trip_km == pytest.approx(found.coverage.mean_trip_km)
    assert sum(demand.period_trips()[p] for p in PERIODS) == pytest.approx(4000.0, rel=1e-4)


def test_what_the_table_covers_is_told(city, trips, found):
    told = found.coverage
    assert (told.rows, told.inside, told.refused) == (len(trips), len(trips), [])
    assert (told.first_day, told.last_day, told.weekdays, told.weekend_days) == ("2024-06-03", "2024-06-16", 10, 4)
    assert told.layout.startswith("Chicago")
    assert told.points == 5
    assert told.zones_without == told.zones - 5
    assert told.trips_per_day == pytest.approx((len(trips) / 14), rel=0.05)
    said = " ".join(coverage_sentences(told))
    assert "points that stand for wider areas" in said
    assert "modelled (gravity model" in demand_sentence(city)
    assert "observed trips, 2024-06-03 to 2024-06-16 (10 weekdays and 4 weekend days)" in demand_sentence(
        observed(city, found)
    )


def test_an_area_without_trips_in_a_period_has_hours_without_riders(city, geography, found):
    demand = build_demand(observed(city, found), geography)
    bare = np.arange(10, 30)  # no trip begins or ends in any of these
    area = area_demand(bare, geography, demand, groups(geography))
    assert area.trips_per_day == 0.0
    assert all(np.isfinite(getattr(area, name)).all() for name in ("ride_h", "ride_km", "empty_km", "effective_km2"))
    place = CityPlace(city, geography, demand, assumptions(), economics())
    days = ServiceArea.of(place, [geography.cells[k] for k in bare], np.array([0]))
    assert np.isfinite(days.origin).all()
    assert days.trips_per_day == 0.0


@pytest.mark.parametrize("resolution", [10, 8, 7])
def test_cells_of_any_resolution_lie_on_the_citys_zones(city, geography, trips, tmp_path, resolution):
    def moved(cell: str) -> str:
        if resolution > 8:
            return str(h3.cell_to_center_child(cell, resolution))
        return str(h3.cell_to_parent(cell, resolution))

    named = {cell: moved(cell) for cell in pd.unique(trips["origin"])}
    path = tmp_path / "cells.parquet"
    frame = pd.DataFrame(
        {
            "time": trips["time"],
            "origin_h3": trips["origin"].map(named),
            "destination_h3": trips["destination"].map(named),
        }
    )
    with duckdb.connect() as made:
        made.register("frame", frame)
        made.execute("COPY frame TO $path (FORMAT parquet)", {"path": str(path)})
    got = build(world(city), city, Asked((path,), SOURCE))
    demand = build_demand(observed(city, got), geography)
    assert got.coverage.inside == len(trips)
    assert got.coverage.places == "h3"
    bare = (demand.mean_day().sum(axis=0) == 0).sum()
    assert bare == len(geography) - 5 if resolution >= 8 else bare < len(geography) - 5


def test_zones_of_a_file_are_spread_over_the_hexagons_they_cover(city, geography, trips, tmp_path):
    zones = gpd.GeoDataFrame(
        {"LocationID": [1, 2]}, geometry=[shapely.box(8.0, 47.0, 8.08, 47.12), shapely.box(8.08, 47.0, 8.16, 47.12)],
        crs=4326,
    )  # fmt: skip
    zones.to_file(tmp_path / "zones.geojson", driver="GeoJSON")
    west = {cell: 1 if h3.cell_to_latlng(cell)[1] < 8.08 else 2 for cell in pd.unique(trips["origin"])}
    frame = pd.DataFrame(
        {
            "tpep_pickup_datetime": trips["time"].astype(str),
            "tpep_dropoff_datetime": trips["time"].astype(str),
            "PULocationID": trips["origin"].map(west),
            "DOLocationID": trips["destination"].map(west).astype(float),
        }
    )
    frame.loc[:2, "PULocationID"] = 264
    path = tmp_path / "yellow.csv"
    frame.to_csv(path, index=False)
    got = build(world(city), city, Asked((path,), SOURCE, zones=tmp_path / "zones.geojson"))
    assert got.coverage.layout == "New York: yellow taxi"
    assert [(r.why, r.rows, r.first_row) for r in got.coverage.refused] == [("unknown_zone", 3, 1)]
    assert got.coverage.unknown_zones == {"264": 3}
    demand = build_demand(observed(city, got), geography)
    mass = geography.population + geography.jobs
    inside = geography.lon < 8.07
    out = demand.mean_day().sum(axis=1)
    assert np.corrcoef(out[inside], mass[inside])[0, 1] > 0.99
    with pytest.raises(InputError, match="no zone file is given"):
        build(world(city), city, Asked((path,), SOURCE))
    with pytest.raises(InputError, match="no column 'district'"):
        build(world(city), city, Asked((path,), SOURCE, zones=tmp_path / "zones.geojson", zone_column="district"))


# --- clocks -----------------------------------------------------------------------------------------------------------------


def test_times_are_the_citys_own_through_the_nights_that_clocks_change():
    given = pd.Series(
        ["2024-03-10T01:30:00", "2024-03-10T02:30:00", "2024-07-01T12:00:00Z", "2024-07-01T12:00:00-04:00", "soon", ""]
    )
    times, skipped = local_times(given, "America/New_York")
    assert skipped.tolist() == [False, True, False, False, False, False]
    assert times.dt.hour.tolist()[2:4] == [8, 12]
    assert times.isna().tolist() == [False, True, False, False, True, True]
    typed = pd.Series(pd.to_datetime(["2024-07-01T12:00:00"], utc=True))
    assert local_times(typed, "America/New_York")[0].dt.hour.tolist() == [8]
    assert local_times(pd.Series([1.7e9]), "America/New_York")[0].isna().all()
    spring = hours_of(pd.DatetimeIndex(["2024-03-10"]), "America/New_York")
    autumn = hours_of(pd.DatetimeIndex(["2024-11-03"]), "America/New_York")
    assert spring[1].tolist() == [1, 1, 0, *[1] * 21]
    assert autumn[1].tolist() == [1, 2, *[1] * 22]


# --- what is no table -------------------------------------------------------------------------------------------------------


def test_every_row_that_does_not_count_is_told_with_its_reason(city, trips, tmp_path):
    frame = chicago(trips).astype(object)
    wrong: dict[str, dict[str, Any]] = {
        "no_time": {"Trip Start Timestamp": ""},
        "time_unreadable": {"Trip Start Timestamp": "12345"},
        "time_skipped": {"Trip Start Timestamp": "03/10/2024 02:30:00 AM"},
        "ends_first": {"Trip End Timestamp": "06/01/2024 02:30:00 AM"},
        "stray_day": {"Trip Start Timestamp": "01/01/2002 10:00:00 AM", "Trip End Timestamp": ""},
        "no_place": {"Pickup Centroid Latitude": ""},
        "place_unreadable": {"Dropoff Centroid Longitude": "8,05"},
    }
    for k, changes in enumerate(wrong.values()):
        for column, value in changes.items():
            frame.loc[k, column] = value
    frame.loc[10, ["Pickup Centroid Latitude", "Pickup Centroid Longitude"]] = [41.9, -87.6]
    frame.loc[11, "Dropoff Centroid Latitude"] = 46.0
    frame.loc[11, "Pickup Centroid Latitude"] = 46.0
    path = tmp_path / "hostile.csv"
    frame.to_csv(path, index=False)
    told = build(world(city), city, Asked((path,), SOURCE)).coverage
    assert {r.why: (r.rows, r.first_row) for r in told.refused} == {why: (1, k + 1) for k, why in enumerate(wrong)}
    assert (told.one_end_outside, told.both_outside) == (1, 1)
    assert told.inside + told.one_end_outside + told.both_outside + sum(r.rows for r in told.refused) == told.rows
    assert "1 row that end before they begin, row 4 first." in " ".join(coverage_sentences(told))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "cannot be read"),
        ("a;b\n1;2\n", "the separator is ';'"),
        ("when,where\n1,2\n", "no column holds the time of a trip"),
        ("time,start\n2024-06-03,2\n", "origin and destination are not both in it"),
        ("time,origin_h3,destination_h3\n2024-06-03T08:00:00,88,88\n", "0 of 1 rows have both ends in the city"),
    ],
)
def test_what_is_no_table_of_this_city_is_refused(city, tmp_path, content, what):
    path = tmp_path / "wrong.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        build(world(city), city, Asked((path,), SOURCE))
    assert what in str(caught.value)


def test_tables_that_name_places_in_several_ways_or_cover_no_weekend_are_refused(city, trips, table, tmp_path):
    plain = trips.rename(columns={"origin": "origin_h3", "destination": "destination_h3"})
    plain[plain["time"].dt.day_of_week < 5].to_csv(tmp_path / "cells.csv", index=False)
    with pytest.raises(InputError, match="several ways"):
        build(world(city), city, Asked((table, tmp_path / "cells.csv"), SOURCE))
    with pytest.raises(InputError, match="covers no weekend day"):
        build(world(city), city, Asked((tmp_path / "cells.csv",), SOURCE))
    with pytest.raises(InputError, match="cannot be read"):
        build(world(city), city, Asked((tmp_path / "none.csv",), SOURCE))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match="cannot be read"):
        build(world(city), city, Asked((tmp_path / "broken.parquet",), SOURCE))


def test_public_records_are_known_by_their_columns():
    taxi = ["hvfhs_license_num", "pickup_datetime", "dropoff_datetime", "PULocationID", "DOLocationID"]
    assert choose("x", taxi, with_zones=True).layout == "New York: for-hire vehicles"
    portal = ["trip_start_timestamp", "pickup_community_area", "dropoff_community_area"]
    assert choose("x", portal, with_zones=True).ends == (("pickup_community_area",), ("dropoff_community_area",))
    old = ["pickup_datetime", "pickup_longitude", "pickup_latitude", "dropoff_longitude", "dropoff_latitude"]
    assert choose("x", old, with_zones=False).kind == "coordinates"
    with pytest.raises(InputError, match="columns that name zones"):
        choose("x", old, with_zones=True)


# --- in the catalogue -------------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = make_catalogue(tmp_path)
    monkeypatch.setenv("FLEETPLAN_CATALOGUE", str(root))
    monkeypatch.setattr("fleetplan.service.city_service", lambda *_, **__: None)
    return root


def test_the_command_writes_the_demand_into_the_catalogue(folder: Path, tmp_path: Path):
    own = build_geography(load_catalogue().cities["city-1"])
    path = tmp_path / "trips.csv"
    known(own).rename(columns={"origin": "origin_h3", "destination": "destination_h3"}).to_csv(path, index=False)
    asked = ["cities", "demand", "City 1", "--trips", str(path), "--source", SOURCE]
    tried = CliRunner().invoke(app, [*asked, "--dry-run"])
    assert tried.exit_code == 0, tried.output
    assert "trips with both ends in the city" in tried.stdout
    assert load_catalogue().cities["city-1"].observed is None
    for _ in range(2):  # a second time takes the place of the first
        run = CliRunner().invoke(app, [*asked, "--every-trip", "--json"])
        assert run.exit_code == 0, run.output
    told = json.loads(run.stdout)
    made = load_catalogue().cities["city-1"]
    assert made.observed is not None
    assert made.observed.table_share == 1.0
    assert made.value("market.trips_per_day") == pytest.approx(told["trips_per_day"], abs=0.1)
    assert made.figures["profile.weekend"].source.startswith(f"observed trips: {SOURCE}; 2024-06-03 to 2024-06-16")
    assert "2 weeks" not in demand_sentence(made)
    demand = build_demand(made, own)
    assert (demand.mean_day() > 0).sum() <= 25
    assert made.value("market.mean_trip_km") == pytest.approx(demand.mean_trip_km, abs=0.01)
    shown = CliRunner().invoke(app, ["cities", "show", "city-1", "--json"])
    assert json.loads(shown.stdout)["demand"]["from"] == "observed trips"
    share = FigureOverride(figure="city-1/city.toml#market.airport_share", value=0.2)
    (fault,) = apply_overrides(load_catalogue(), [share])[1]
    assert "follows from the observed trips of City 1" in fault.what
    counted = folder / "city-1" / "observed_trips.csv.gz"
    counted.write_bytes(counted.read_bytes() + b"x")
    with pytest.raises(CatalogueError, match="holds something else than was written"):
        load_catalogue()
    counted.unlink()
    with pytest.raises(CatalogueError, match="cannot be read"):
        load_catalogue()
