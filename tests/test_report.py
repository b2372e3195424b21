"""Tables, exports, summary and page of a plan."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from markupsafe import escape
from rich.console import Console

from fleetplan.explain.verdict import verdict
from fleetplan.facts import CityOutcome
from fleetplan.plans import finance
from fleetplan.plans.types import Plan
from fleetplan.report import areas
from fleetplan.report.artefacts import write_artefacts
from fleetplan.report.exports import EXPORTS
from fleetplan.report.html import report_html
from fleetplan.report.summary import print_summary
from fleetplan.report.tables import COLUMNS, csv_text, data_dictionary, tables
from fleetplan.service.types import CityService
from tests.fake_plan import fake_catalogue, fake_plan, fake_services

MOST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def services() -> dict[str, CityService]:
    return fake_services()


@pytest.fixture(scope="module")
def plan(services: dict[str, CityService]) -> Plan:
    return fake_plan(services=services)


@pytest.fixture(scope="module")
def page(plan: Plan, services: dict[str, CityService]) -> str:
    return report_html(plan, services, fake_catalogue())


@pytest.fixture(scope="module")
def written(plan: Plan, services: dict[str, CityService], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("plan")
    files = write_artefacts(plan, services, fake_catalogue(), out)
    assert all(f.is_file() and f.stat().st_size for f in files)
    return out


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_a_table_has_its_declared_columns_and_dtypes(plan: Plan, name: str):
    frame = tables(plan)[name]
    assert [(c, str(t)) for c, t in frame.dtypes.items()] == [(c.name, c.dtype) for c in COLUMNS[name]]
    assert len(frame)


def test_every_number_has_a_unit_or_is_a_plain_count():
    plain = {"order", "level"}
    missing = [
        (table, c.name)
        for table, columns in COLUMNS.items()
        for c in columns
        if c.dtype in {"Int64", "Float64"} and not c.unit and c.name not in plain
    ]
    assert not missing


def test_every_column_says_what_it_means():
    assert all(c.meaning for columns in COLUMNS.values() for c in columns)
    assert len(data_dictionary()) == sum(map(len, COLUMNS.values()))


def test_tables_of_a_plan_without_launches_are_empty_but_whole(plan: Plan):
    bare = plan.model_copy(update={"cities": [c for c in plan.cities if not c.deployments], "stacks": []})
    frame = tables(bare)["launches"]
    assert frame.empty
    assert list(frame.columns) == [c.name for c in COLUMNS["launches"]]


def test_launches_stand_in_the_order_of_time(plan: Plan):
    launches = tables(plan)["launches"]
    assert list(launches["launch"]) == sorted(launches["launch"])
    assert list(launches["order"]) == [1, 2, 3, 4]


def test_the_money_table_adds_up_to_the_cash_table(plan: Plan):
    frames = tables(plan)
    money = frames["money"].groupby("period")["usd"].sum()
    cash = frames["cash"].set_index("period")["cash_usd"]
    pd.testing.assert_series_equal(money.sort_index(), cash.sort_index(), check_names=False, rtol=1e-9)


def test_csv_keeps_numbers_and_gaps(plan: Plan):
    trips = tables(plan)["trips"]
    back = pd.read_csv(io.StringIO(csv_text(trips)))
    assert back["wait_min"].isna().sum() == trips["wait_min"].isna().sum() > 0
    assert back["trips_per_day"].sum() == pytest.approx(trips["trips_per_day"].sum())


def test_money_by_year_keeps_the_total(plan: Plan):
    rows = finance.groups_by_year(plan, finance.all_lines(plan))
    assert rows[-1][2] == pytest.approx(sum(plan.cash_usd))


def test_a_plan_is_written_whole_and_nothing_is_left_behind(written: Path, plan: Plan):
    assert Plan.model_validate_json((written / "plan.json").read_text(encoding="utf-8")) == plan
    names = {p.relative_to(written).as_posix() for p in written.rglob("*") if p.is_file()}
    expected = {"zones.geojson", "areas.geojson", "tables/columns.csv", *(e.file for e in EXPORTS.values())}
    assert names == expected | {f"tables/{name}.csv" for name in COLUMNS}
    assert not list(written.glob(".*"))


def test_plan_json_has_the_promised_keys(written: Path):
    keys = json.loads((written / "plan.json").read_text(encoding="utf-8"))
    assert {"status", "objective", "bound", "gap", "certificate", "cities", "kpis"} <= set(keys)


@pytest.mark.parametrize("name", ["zones.geojson", "areas.geojson"])
def test_geojson_is_lon_lat(written: Path, name: str):
    frame = gpd.read_file(written / name)
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.is_valid.all()
    west, south, east, north = frame[frame["city"] == "zurich"].total_bounds
    assert 8 < west < east < 9
    assert 47 < south < north < 48


@pytest.mark.parametrize("layer", ["zones", "areas", "depots"])
def test_the_geopackage_holds_every_layer(written: Path, layer: str):
    frame = gpd.read_file(written / "plan.gpkg", layer=layer)
    assert frame.crs.to_epsg() == 4326
    assert len(frame)


def test_zones_say_when_they_open(plan: Plan, services: dict[str, CityService]):
    zones = areas.zones(plan, services)
    assert [c.name for c in areas.ZONE_COLUMNS] == [c for c in zones.columns if c != "geometry"]
    inner = zones[(zones["city"] == "bay-area") & (zones["level"] == 1)]
    assert set(inner["opens"]) == {"lucid-nuro-gravity=2027-04;nvidia-hyperion=2028-10"}
    assert zones[zones["city"] == "munich"]["first_open"].isna().all()


def test_areas_follow_each_other_without_a_gap(plan: Plan, services: dict[str, CityService]):
    frame = areas.areas(plan, services)
    for _, rows in frame.groupby(["city", "stack"]):
        assert list(rows["end"].dropna()) == list(rows["start"])[1:]
        assert list(rows["area_km2"]) == sorted(rows["area_km2"])


def test_the_same_plan_gives_the_same_page(plan: Plan, services: dict[str, CityService], page: str):
    assert report_html(plan, services, fake_catalogue()) == page


def test_the_page_names_every_city_and_why_one_stays_out(plan: Plan, page: str):
    for city in plan.cities:
        assert (f"<h2>{city.name}</h2>" if city.deployments else f"<h3>{city.name}</h3>") in page
        assert (f'id="land-{city.city}"' in page) == bool(city.deployments)
    assert "earns back its launch cost" in page


def test_every_source_has_a_number_and_stands_once_at_the_end(plan: Plan, page: str):
    listed = dict(re.findall(r'<li id="source-(\d+)">(.*?)</li>', page))
    assert len(set(listed.values())) == len(listed)
    assert set(re.findall(r'href="#source-(\d+)"', page)) == set(listed)
    permits = {escape(p.source) for c in plan.cities for d in c.deployments for p in d.permits}
    assert permits - {""} <= set(listed.values())


def test_the_page_loads_nothing_from_elsewhere(page: str):
    assert not re.search(r"""(?:src|href|action|data)\s*=\s*["']?\s*(?:https?:)?//""", page)
    assert "@import" not in page
    assert not re.search(r"url\(\s*[\"']?(?!#)", page)


def test_the_page_stays_small(page: str):
    assert len(page.encode()) < MOST_BYTES


def test_text_of_the_plan_cannot_become_markup(plan: Plan, services: dict[str, CityService]):
    evil = "<script>alert(1)</script>\"'&"
    city = plan.cities[0]
    d = city.deployments[0].model_copy(update={"partner": evil})
    depot = city.depots[0].model_copy(update={"site": evil})
    changed = city.model_copy(
        update={
            "name": evil,
            "outcome": CityOutcome(kind="opens", sentence=evil),
            "deployments": [d],
            "depots": [depot],
        }
    )
    stacks = [s.model_copy(update={"partner": evil}) for s in plan.stacks]
    hostile = plan.model_copy(update={"name": evil, "cities": [changed, *plan.cities[1:]], "stacks": stacks})
    page = report_html(hostile, services, fake_catalogue())
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 5


def test_a_plan_that_opens_nothing_has_a_page(plan: Plan, services: dict[str, CityService]):
    out = [c for c in plan.cities if not c.deployments]
    page = report_html(plan.model_copy(update={"cities": out, "stacks": []}), services, fake_catalogue())
    assert "No city is worth opening" in page


def test_a_page_can_be_made_without_maps(plan: Plan):
    page = report_html(plan, {}, fake_catalogue())
    assert all(f"<h2>{city.name}</h2>" in page for city in plan.cities if city.deployments)


def test_the_summary_names_money_launches_gap_and_reasons(plan: Plan):
    text = io.StringIO()
    print_summary(plan, Console(file=text, width=120), [Path("out/report.html"), Path("out/plan.json")])
    shown = text.getvalue()
    for expected in (
        "$332 M",
        "Lucid + Nuro",
        "Apr 2027",
        "0.80 % ($2.65 M)",
        "stays out: No stack",
        "What binds",
        "report.html",
    ):
        assert expected in shown


def test_the_verdict_says_what_is_proven(plan: Plan):
    text = " ".join(verdict(plan))
    assert "Open 3 of 4 cities" in text
    assert "can be worth more than $334.5 M" in text
