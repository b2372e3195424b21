"""Rollouts, map, tables, exports, explanation, catalogue and operations over HTTP."""

from __future__ import annotations

import io
import json
import sqlite3

import openpyxl  # type: ignore[import-untyped]
import pytest

from api.links import TABLE_NAMES
from fleetplan.plans.types import Plan
from fleetplan.report.exports import EXPORTS
from fleetplan.report.tables import COLUMNS, csv_text, tables
from tests.api_support import CLASHES, LOOPBACK, Running, answer, running

PLAN = Plan.model_validate_json(answer())


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("results")) as started:
        yield started


@pytest.fixture(scope="module")
def plan(service):
    return f"/v1/plans/{service.made()}"


def test_a_rollout_is_the_plans_own(service: Running, plan: str):
    told = service.client.get(f"{plan}/cities/zurich").json()
    assert told["rollout"] == json.loads(answer())["cities"][3]
    assert told["periods"] == PLAN.periods


def test_the_map_shows_a_month(service: Running, plan: str):
    early = service.client.get(f"{plan}/map", params={"month": "2027-04"})
    assert early.headers["content-type"] == "application/geo+json"
    late = service.client.get(f"{plan}/map").json()["features"]
    layers = [f["properties"]["layer"] for f in late]
    assert set(layers) == {"zones", "areas", "depots"}
    assert len(early.json()["features"]) < len(late)
    opened = [f["properties"] for f in early.json()["features"] if f["properties"]["layer"] == "zones"]
    assert opened
    assert all(p["first_open"] <= "2027-04" and p["stacks"] for p in opened)
    areas = [(f["properties"]["city"], f["properties"]["stack"]) for f in late if f["properties"]["layer"] == "areas"]
    assert len(areas) == len(set(areas)) == 4


def test_the_map_of_one_city_holds_nothing_else(service: Running, plan: str):
    features = service.client.get(f"{plan}/map", params={"city": "zurich"}).json()["features"]
    assert {f["properties"]["city"] for f in features} == {"zurich"}


def test_table_names_are_the_reports():
    assert set(TABLE_NAMES) == set(COLUMNS)


@pytest.mark.parametrize("name", TABLE_NAMES)
def test_a_table_is_the_same_in_every_form(service: Running, plan: str, name: str):
    frame = tables(PLAN)[name]
    told = service.client.get(f"{plan}/tables/{name}").json()
    assert [c["name"] for c in told["columns"]] == list(frame.columns)
    assert len(told["rows"]) == len(frame)
    text = service.client.get(f"{plan}/tables/{name}.csv")
    assert text.headers["content-type"].startswith("text/csv")
    assert text.text == csv_text(frame)
    book = service.client.get(
        f"{plan}/tables/{name}",
        headers={"Accept": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    )
    sheet = openpyxl.load_workbook(io.BytesIO(book.content))[name]
    assert sheet.max_row == len(frame) + 1


def test_the_brief_is_a_page_that_loads_nothing(service: Running, plan: str):
    page = service.client.get(f"{plan}/export", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "made-up plan" in page.text


def test_the_workbook_holds_every_table(service: Running, plan: str):
    book = openpyxl.load_workbook(io.BytesIO(service.client.get(f"{plan}/export?format=xlsx").content))
    assert set(book.sheetnames) == {*TABLE_NAMES, "columns"}


def test_the_geopackage_holds_three_layers(service: Running, plan: str, tmp_path):
    answered = service.client.get(f"{plan}/export?format=gpkg")
    assert "attachment" in answered.headers["content-disposition"]
    file = tmp_path / "plan.gpkg"
    file.write_bytes(answered.content)
    with sqlite3.connect(file) as connection:
        names = {row[0] for row in connection.execute("SELECT table_name FROM gpkg_contents")}
    connection.close()
    assert names == {"zones", "areas", "depots"}


@pytest.mark.parametrize("name", EXPORTS)
def test_every_export_is_answered_by_name_and_by_media_type_and_offered_on_the_page(
    service: Running, plan: str, name: str
):
    export = EXPORTS[name]
    by_name = service.client.get(f"{plan}/export", params={"format": name})
    by_type = service.client.get(f"{plan}/export", headers={"Accept": export.media_type})
    assert by_name.headers["content-type"].startswith(export.media_type)
    assert by_name.content == by_type.content
    assert ("inline" if export.shown else "attachment") in by_name.headers["content-disposition"]
    page = service.client.get(plan.removeprefix("/v1"), headers={"Accept": "text/html"}).text
    assert f"/export?format={name}" in page
    assert f">{export.title}</a>{export.about}<" in page


def test_a_form_that_is_none_is_told_with_those_that_are(service: Running, plan: str):
    told = service.client.get(f"{plan}/export?format=pdf")
    assert told.status_code == 422
    assert told.json()["errors"][0]["allowed"] == ", ".join(EXPORTS)


def test_the_plan_itself_is_exported_byte_by_byte(service: Running, plan: str):
    assert service.client.get(f"{plan}/export?format=json").content == answer()


@pytest.mark.parametrize(
    "path", ["", "/cities/zurich", "/map", "/tables/cash", "/tables/cash.csv", "/export?format=xlsx", "/explanation"]
)
def test_what_stands_in_a_final_plan_is_304_when_known(service: Running, plan: str, path: str):
    tag = service.client.get(plan + path).headers["etag"]
    again = service.client.get(plan + path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_an_explanation_tells_what_binds_and_why_by_city(service: Running, plan: str):
    told = service.client.get(f"{plan}/explanation").json()
    assert [b["rule"] for b in told["binds"]] == ["stack_supply", "launches_per_quarter"]
    assert next(c for c in told["cities"] if c["city"] == "munich")["outcome"]["sentence"].startswith("No stack")


def test_a_comparison_tells_what_moved_and_what_it_is_worth(service: Running, plan: str):
    other = service.made("cheaper")
    answered = service.client.get(f"{plan}/comparison", params={"with": other})
    told = answered.json()
    assert [move["pointer"] for move in told["inputs"]] == ["/capital/per_quarter_usd"]
    assert told["npv_difference_usd"] < 0
    again = service.client.get(
        f"{plan}/comparison", params={"with": other}, headers={"If-None-Match": answered.headers["etag"]}
    )
    assert again.status_code == 304


def test_a_comparison_with_no_plan_is_told(service: Running, plan: str):
    answered = service.client.get(f"{plan}/comparison", params={"with": "plan_none"})
    assert (answered.status_code, answered.json()["errors"][0]["parameter"]) == (404, "with")


def test_an_infeasible_request_is_a_finding_with_its_clashes(service: Running):
    told = service.client.get(f"/v1/plans/{service.made('infeasible')}/explanation")
    assert told.status_code == 200
    assert told.json()["clashes"] == [c.model_dump() for c in CLASHES]


def test_cities_and_partners_carry_their_sources(service: Running):
    cities = service.client.get("/v1/cities").json()["cities"]
    assert len(cities) >= 8
    zurich = service.client.get("/v1/cities/zurich").json()
    assert all(figure["source"] for figure in zurich["figures"])
    for row in service.client.get("/v1/partners").json()["partners"]:
        shown = service.client.get(f"/v1/partners/{row['slug']}").json()
        assert all(figure["source"] for figure in shown["figures"])


def test_zones_are_geojson_in_lon_lat(service: Running):
    answered = service.client.get("/v1/cities/zurich/zones")
    assert answered.headers["content-type"] == "application/geo+json"
    lon, lat = answered.json()["features"][0]["geometry"]["coordinates"][0][0]
    assert (round(lon), round(lat)) in {(8, 47), (9, 47), (8, 48), (9, 48)}


@pytest.mark.parametrize("name", ["uber-2027", "ten-markets", "tight-budget", "infeasible"])
def test_an_example_can_be_posted_straight_back(service: Running, name: str):
    body = service.client.get(f"/v1/examples/{name}").json()
    assert service.client.post("/v1/plans", json=body).status_code == (200 if name == "infeasible" else 202)


def test_validation_sees_what_permits_rule_out_and_stores_nothing(service: Running):
    before = service.store.counts()
    body = service.client.get("/v1/examples/infeasible").json()
    told = service.client.post("/v1/validations", json=body).json()
    assert told["feasibility"]["verdict"] == "infeasible"
    parties = [party for found in told["feasibility"]["findings"] for party in found["parties"]]
    assert "munich" in {party["city"] for party in parties}
    assert all(found["found_by"] == "permits" and found["sentence"] for found in told["feasibility"]["findings"])
    body = service.client.get("/v1/examples/uber-2027").json()
    told = service.client.post("/v1/validations", json=body).json()
    assert told["feasibility"] == {"verdict": "unknown", "findings": []}
    assert told["size"]["cities"] == 8
    assert service.store.counts() == before


def test_the_service_says_that_it_lives_and_is_ready(service: Running):
    assert service.client.get("/health").json()["status"] == "ok"
    assert service.client.get("/ready").json()["status"] == "ok"


def test_metrics_count_answers_by_route(service: Running, plan: str):
    service.client.get(plan)
    text = service.client.get("/metrics").text
    assert 'fleetplan_http_requests_total{method="GET",route="/v1/plans/{plan}",status="200"}' in text
    assert "fleetplan_plans_submitted_total" in text


def test_a_request_id_is_echoed_or_made(service: Running):
    assert service.client.get("/health", headers={"X-Request-Id": "mine-1"}).headers["x-request-id"] == "mine-1"
    made = service.client.get("/health", headers={"X-Request-Id": "not mine\t!"}).headers["x-request-id"]
    assert len(made) == 32


def test_a_log_line_a_request_is_json(tmp_path, capsys):
    with running(tmp_path, log_level="info") as service:
        service.client.get("/health", headers={"X-Request-Id": "seen"})
    line = json.loads(capsys.readouterr().err.strip().splitlines()[-1])
    assert (line["event"], line["path"], line["status"], line["request_id"]) == ("request", "/health", 200, "seen")
    assert LOOPBACK.startswith("http")
