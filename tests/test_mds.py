"""Policies and geographies of MDS 2.1: what becomes a rule of a city, what is left and why, and a plan told as geographies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from typer.testing import CliRunner

from fleetplan.catalogue import load_catalogue, load_city
from fleetplan.cli import app
from fleetplan.errors import InputError
from fleetplan.geography import build_geography
from fleetplan.mds.export import geographies_file
from fleetplan.mds.layout import with_features
from fleetplan.mds.read import read_geographies, read_policies
from fleetplan.mds.takeover import Takeover, take_over
from fleetplan.plans.files import plan_text
from fleetplan.request.constraints import FleetCap
from fleetplan.request.imposed import ServiceHours
from fleetplan.words.mds import takeover_lines
from fleetplan.words.names import Names
from tests.api_support import running, services
from tests.catalogue_builder import box, make_catalogue
from tests.fake_plan import fake_plan

MS = 1_750_000_000_000  # June 2025
UUID = "00000000-0000-4000-8000-{:012d}"
WHOLE, HALF, POINT, AWAY, MISSING = (UUID.format(n) for n in range(1, 6))
AREAS = {
    WHOLE: box(11.0, 48.0, 0.2, 0.2),
    HALF: box(11.08, 48.0, 0.04, 0.06),
    POINT: box(11.0, 48.03, 0.001, 0.001),
    AWAY: box(15.0, 48.0, 0.1, 0.1),
}


def geography(key: str, ring: list[list[float]]) -> dict[str, Any]:
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    shapes = {"type": "FeatureCollection", "features": [feature]}
    return {"name": key, "geography_id": key, "geography_json": shapes, "published_date": MS}


_COUNT = iter(range(100, 1000))


def rule(name: str, *where: str, **members: Any) -> dict[str, Any]:
    given = {"rule_type": "count", "rule_units": "devices", "states": {}, **members}
    return {"name": name, "rule_id": UUID.format(next(_COUNT)), "geographies": list(where) or [WHOLE], **given}


def policy(name: str, *rules: dict[str, Any], **members: Any) -> dict[str, Any]:
    head = {"name": name, "mode_id": "passenger-services", "policy_id": UUID.format(next(_COUNT)), "description": name}
    return {**head, "start_date": MS + 1, "published_date": MS, "rules": list(rules), **members}


OLD = policy("old", rule("old cap", maximum=5))
POLICIES = [
    policy("caps", rule("inner", HALF, maximum=40), rule("city", maximum=100, inclusive_maximum=False)),
    policy("night", rule("no service at night", maximum=0, start_time="22:30:00", end_time="05:59:59")),
    policy("park", rule("park", HALF, maximum=0, states={"available": [], "reserved": [], "on_trip": []})),
    policy("for a time", rule("fair", HALF, maximum=0), end_date=MS + 9_000_000_000_0),
    policy("new", rule("new cap", maximum=300), prev_policies=[OLD["policy_id"]]),
    OLD,
    policy("scooters", rule("any", maximum=1), mode_id="micromobility"),
    policy("named", rule("any", maximum=1), provider_ids=[UUID.format(99)]),
    policy("ended", rule("any", maximum=1), end_date=MS + 2),
    policy(
        "odd",
        rule("speed", rule_type="speed", rule_units="kph", maximum=30),
        rule("fee", maximum=0, rate_amount=500),
        rule("dynamic", maximum=0, value_url="https://city.example/now"),
        rule("bikes", maximum=0, vehicle_types=["bicycle"]),
        rule("petrol", maximum=0, propulsion_types=["combustion"]),
        rule("parked", maximum=0, states={"available": []}),
        rule("sunday", maximum=0, days=["sun"]),
        rule("floor", minimum=10),
        rule("nothing"),
        rule("new member", maximum=0, lanes=["left"]),
        rule("unknown place", MISSING, maximum=0),
        rule("elsewhere", AWAY, maximum=0),
        rule("a point", POINT, maximum=0),
        rule("noon in half", HALF, maximum=0, start_time="12:00:00", end_time="13:00:00"),
        rule("some at noon", maximum=9, start_time="12:00:00", end_time="13:00:00"),
        rule("all but minutes", maximum=0, start_time="05:30:00", end_time="05:10:00"),
        rule("after the odd", maximum=70),
    ),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    root = tmp_path_factory.mktemp("mds")
    places = {"version": "2.1.0", "last_updated": MS, "geographies": [geography(k, r) for k, r in AREAS.items()]}
    rules = {"version": "2.1.0", "last_updated": MS, "data": {"policies": POLICIES}}
    for name, data in (("policies.json", rules), ("geographies.json", places)):
        (root / name).write_text(json.dumps(data), encoding="utf-8")
    return make_catalogue(root), root / "policies.json", root / "geographies.json"


@pytest.fixture(scope="module")
def found(files: tuple[Path, Path, Path]) -> Takeover:
    folder, policies, geographies = files
    city = load_city("city-1", folder)
    return take_over(city, read_policies(policies), read_geographies(geographies), by="2027-01")


def test_caps_of_the_whole_city_become_caps_on_its_fleet(found: Takeover) -> None:
    caps = [c for c in found.constraints if isinstance(c, FleetCap)]
    assert [(c.vehicles, c.start, c.end, c.firmness) for c in caps] == [
        (139, "2025-06", None, "hard"),  # 99 in the rest of the city beside the 40 of the inner area, counted apart
        (300, "2025-06", None, "hard"),
    ]
    assert next(t for t in found.taken if t.rule == "city").added == 40
    assert len({c.id for c in found.constraints}) == len(found.constraints)


def test_a_city_closed_at_night_has_hours_of_service(found: Takeover) -> None:
    (hours,) = [c for c in found.constraints if isinstance(c, ServiceHours)]
    assert (hours.from_hour, hours.to_hour) == (6, 22)
    assert next(t for t in found.taken if t.rule == "no service at night").rounded


def test_a_part_where_no_vehicle_may_be_is_a_closed_area_within_the_city(found: Takeover) -> None:
    (closed,) = found.closed
    assert closed.name == "park"
    assert closed.area.bounds == pytest.approx((11.04, 47.95, 11.08, 48.05))
    assert "published 2025-06" in closed.source


def test_everything_else_is_left_with_its_reason(found: Takeover) -> None:
    assert {(left.rule or left.policy): left.why for left in found.left} == {
        "inner": "part_capped", "fair": "closed_for_a_time", "old": "superseded", "scooters": "other_mode",
        "named": "other_provider", "ended": "over", "speed": "not_a_count", "fee": "fee", "dynamic": "dynamic",
        "bikes": "other_vehicles", "petrol": "other_vehicles", "parked": "states", "sunday": "days", "floor": "least_fleet",
        "nothing": "no_limit", "new member": "unknown_member", "unknown place": "geography_missing", "elsewhere": "elsewhere",
        "a point": "too_small", "noon in half": "part_by_hours", "some at noon": "capped_by_hours",
        "all but minutes": "no_whole_hour", "after the odd": "uncounted_before",
    }  # fmt: skip
    told = takeover_lines(found, Names())
    assert "taken over: park, park: a closed area: no vehicle there at any hour" in told
    assert any("40 vehicles that earlier rules allow on parts of the city are added" in line for line in told)
    assert any("closed hours are widened to whole ones" in line for line in told)
    assert len(told) == len(found.taken) + len(found.left)
    assert not any("{" in line for line in told)


def test_policies_for_a_named_provider_hold_for_that_one(files: tuple[Path, Path, Path]) -> None:
    folder, policies, geographies = files
    city = load_city("city-1", folder)
    told = take_over(
        city, read_policies(policies), read_geographies(geographies), by="2027-01", provider=UUID.format(99)
    )
    assert "any" in [taken.rule for taken in told.taken if taken.policy == "named"]


def test_the_command_writes_constraints_and_closes_zones(
    files: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, policies, geographies = files
    monkeypatch.setenv("FLEETPLAN_CATALOGUE", str(folder))
    before = build_geography(load_city("city-1", folder))
    command = ["cities", "mds", "City 1", "--policies", str(policies), "--geographies", str(geographies)]
    out = tmp_path / "rules.yaml"
    told = CliRunner().invoke(app, [*command, "--out", str(out), "--close", "--json"])
    assert told.exit_code == 0, told.output
    assert [c["type"] for c in json.loads(told.stdout)["constraints"]] == ["fleet_cap", "service_hours", "fleet_cap"]
    assert out.read_text(encoding="utf-8").startswith("constraints:\n  - {")
    after = build_geography(load_city("city-1", folder))
    gone = set(before.cells) - set(after.cells)
    assert gone
    assert max(after.lon) < 11.05
    assert any("are closed to vehicles" in note for note in after.notes)
    again = CliRunner().invoke(app, [*command, "--close"])
    assert again.exit_code == 0
    assert "left: odd, speed: a rule of type speed" in again.stdout
    assert sum(o.kind == "closed" for o in load_catalogue(folder).cities["city-1"].outlines) == 1, "once, however often"


@pytest.mark.parametrize("indent", [None, 1, 2, "\t"])
def test_areas_go_in_and_out_of_a_file_that_keeps_its_layout(indent: int | str | None) -> None:
    first: dict[str, Any] = {
        "type": "FeatureCollection",
        "features": [{"properties": {"name": "A", "at": [[1, 2]]}}],
        "note": "é",
    }
    both = {**first, "features": [*first["features"], {"properties": {"name": "B", "at": []}}]}
    text, longer = (f"\ufeff{json.dumps(data, indent=indent)}\n" for data in (first, both))
    assert with_features(text, lambda _: True, both["features"][1:]) == longer
    assert with_features(longer, lambda f: f["properties"]["name"] == "A", []) == text


def test_our_own_outlines_stay_byte_for_byte_when_an_area_is_added_and_taken_out(root: Path) -> None:
    text = (root / "cities" / "zurich" / "outlines.geojson").read_bytes().decode()
    longer = with_features(text, lambda _: True, [{"properties": {"kind": "closed"}}])
    assert longer.count("\n") == text.count("\n") + 1
    assert with_features(longer, lambda f: f["properties"]["kind"] != "closed", []) == text


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"features": 1}', '{"features": [', '{"features": [1 2]}'])
def test_what_is_no_feature_collection_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        with_features(text, lambda _: True, [])


def test_a_file_that_was_asked_for_and_not_written_is_told(
    files: tuple[Path, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _, geographies = files
    monkeypatch.setenv("FLEETPLAN_CATALOGUE", str(folder))
    none, out = tmp_path / "none.json", tmp_path / "rules.yaml"
    none.write_text(json.dumps({"version": "2.1.0", "last_updated": MS, "data": {"policies": []}}), encoding="utf-8")
    command = ["cities", "mds", "City 1", "--policies", str(none), "--geographies", str(geographies), "--out", str(out)]
    told = CliRunner().invoke(app, command)
    assert (told.exit_code, out.exists()) == (0, False), told.output
    assert "rules.yaml, since no rule became a constraint" in " ".join(told.output.split())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"version": "1.2.0"}, "the file says version '1.2.0'"),
        ({"version": None}, "says version 'None'|says no version"),
        ({"policies": {}}, "there is no list of policies"),
        ({"policies": [{**OLD, "start_date": 1_750_000_000}]}, "policies/0/start_date.*greater than or equal"),
        ({"policies": [{k: v for k, v in OLD.items() if k != "rules"}]}, "policies/0/rules.*[Ff]ield required"),
        ({"policies": [{**OLD, "policy_id": "X"}]}, "policies/0/policy_id"),
        ({"policies": [OLD, OLD]}, "stands twice"),
    ],
)
def test_files_that_are_no_mds_are_refused_field_by_field(tmp_path: Path, change: Mapping[str, Any], what: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"version": "2.1.0", "policies": [OLD], **change}), encoding="utf-8")
    with pytest.raises(InputError, match=what):
        read_policies(path)


def test_a_geography_that_is_none_and_a_file_that_is_none_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    bow = [[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    wrong = [{**geography(WHOLE, bow)}, {**geography(HALF, bow), "geography_json": {"type": "Feature"}}]
    wrong.append({**geography(AWAY, bow), "geography_json": {"type": "FeatureCollection", "features": [{}]}})
    path.write_text(json.dumps({"version": "2.1.0", "geographies": wrong}), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_geographies(path)
    said = str(caught.value)
    assert "crosses itself" in said
    assert "is no GeoJSON FeatureCollection" in said
    assert "cannot be read" in said
    for text in ("[]", "{"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InputError):
            read_geographies(path)


# --- export ---

STRING = {"type": "string", "maxLength": 255}
TIMESTAMP = {"type": "integer", "minimum": 1_514_764_800_000}
ID = {"type": "string", "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"}
RING = {"type": "array", "minItems": 4, "items": {"type": "array", "minItems": 2, "items": {"type": "number"}}}
PLACE = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {
        "type": {"enum": ["MultiPolygon", "Polygon"]},
        "coordinates": {"anyOf": [{"items": RING}, {"items": {"type": "array", "items": RING}}]},
    },
}
FEATURE = {
    "type": "object",
    "required": ["type", "properties", "geometry"],
    "properties": {"type": {"const": "Feature"}, "properties": {"type": ["object", "null"]}, "geometry": PLACE},
}
GEOGRAPHY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "geography_id", "geography_json", "published_date"],
    "properties": {
        "name": STRING,
        "description": STRING,
        "geography_type": {"type": "string"},
        "geography_id": ID,
        "geography_json": {
            "type": "object",
            "required": ["type", "features"],
            "properties": {"type": {"const": "FeatureCollection"}, "features": {"type": "array", "items": FEATURE}},
        },
        "effective_date": TIMESTAMP,
        "published_date": TIMESTAMP,
        "retire_date": TIMESTAMP,
        "prev_geographies": {"type": "array", "items": ID, "uniqueItems": True},
    },
}
ANSWER = {
    "type": "object",
    "required": ["version", "last_updated", "geographies"],
    "properties": {
        "version": {"type": "string", "pattern": r"^2\.(\d|[1-9]\d+)\.(\d|[1-9]\d+)$"},
        "last_updated": TIMESTAMP,
        "geographies": {"type": "array", "items": GEOGRAPHY},
    },
}
"""The rules of MDS 2 for what /geographies answers, written anew."""


def test_service_areas_are_geographies_by_the_published_rules(catalogue: Any, tmp_path: Path) -> None:
    plan = fake_plan(services=services())
    raw = geographies_file(plan, services(), catalogue)
    told = json.loads(raw)
    jsonschema.validate(told, ANSWER)
    rows = told["geographies"]
    assert len({row["geography_id"] for row in rows}) == len(rows) > 4
    for row in rows:
        assert row["published_date"] <= row["effective_date"]
        assert row["effective_date"] < row.get("retire_date", 10**14)
    ids = {row["geography_id"]: row for row in rows}
    after = [row for row in rows if "prev_geographies" in row]
    assert all(ids[row["prev_geographies"][0]]["retire_date"] == row["effective_date"] for row in after)
    assert raw == geographies_file(plan, services(), catalogue)
    path = tmp_path / "geographies.json"
    path.write_bytes(raw)
    assert set(read_geographies(path)) == set(ids)


def test_a_plan_is_exported_by_command_and_over_http(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogue: Any
) -> None:
    path = tmp_path / "plan.json"
    path.write_text(plan_text(fake_plan(services=services())), encoding="utf-8")
    monkeypatch.setattr("fleetplan.cli_files.context", lambda _: (catalogue, services()))
    done = CliRunner().invoke(app, ["export", str(path), "--mds"])
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "geographies.json").read_text(encoding="utf-8"))["version"] == "2.1.0"
    for wrong in (["--format", "pdf"], ["--format", "json"], ["--mds", "--out", str(tmp_path / "none" / "x.json")]):
        assert CliRunner().invoke(app, ["export", str(path), *wrong]).exit_code == 2
    with running(tmp_path / "data") as service:
        made = service.made()
        got = service.client.get(f"/v1/plans/{made}/export?format=mds")
        assert got.headers["content-type"] == "application/vnd.mds+json"
        jsonschema.validate(got.json(), ANSWER)
