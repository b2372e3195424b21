"""Requests: what parses, what is refused, and that each refusal names the place and the fault."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fleetplan.errors import RequestError
from fleetplan.request import PlanRequest, parse_request, read_request

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "request.schema.json"
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def asked(**changes: Any) -> dict[str, Any]:
    return {"capital": {"per_quarter_usd": 1e8}, **changes}


def one(**constraint: Any) -> dict[str, Any]:
    return asked(constraints=[{"id": "a", **constraint}])


def test_the_schema_is_the_golden_one():
    schema = json.dumps(PlanRequest.model_json_schema(), indent=2) + "\n"
    assert schema == GOLDEN.read_text(encoding="utf-8"), (
        "the request's schema changed: if that is meant, write it anew with "
        "`fleetplan schema request > tests/golden/request.schema.json`"
    )


def test_there_are_examples_of_every_kind():
    assert {"uber-2027", "tight-budget", "ten-markets", "infeasible"} <= {path.stem for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_parses_and_explains_itself(path: Path):
    request = read_request(path)
    assert request.note
    assert path.read_text(encoding="utf-8").startswith("#")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_request_survives_json(path: Path):
    request = read_request(path)
    assert parse_request(json.loads(request.model_dump_json())) == request


def test_the_reference_request_has_the_default_grid():
    grid = read_request(ROOT / "examples" / "uber-2027.yaml").grid
    assert grid.lengths == (1,) * 12 + (3,) * 12


BAD: list[tuple[str, Any, str, str]] = [
    ("unknown field", asked(budget=5), "/budget", "not permitted"),
    ("unknown field inside", asked(horizon={"begin": "2027-01"}), "/horizon/begin", "not permitted"),
    ("no capital", {}, "/capital", "required"),
    ("negative budget", {"capital": {"per_quarter_usd": -1}}, "/capital/per_quarter_usd", "greater than or equal to 0"),
    ("one negative quarter", {"capital": {"per_quarter_usd": [1, -1]}}, "/capital/per_quarter_usd", "greater than"),
    ("NaN budget", {"capital": {"per_quarter_usd": float("nan")}}, "/capital/per_quarter_usd", "finite"),
    ("endless budget", {"capital": {"per_quarter_usd": float("inf")}}, "/capital/per_quarter_usd", "finite"),
    ("absurd budget", {"capital": {"per_quarter_usd": 1e300}}, "/capital/per_quarter_usd", "less than"),
    ("month thirteen", asked(horizon={"start": "2027-13"}), "/horizon/start", "2027-13"),
    ("day as month", asked(horizon={"start": "2027-01-01"}), "/horizon/start", "YYYY-MM"),
    ("no months", asked(horizon={"months": 0}), "/horizon/months", "greater than or equal to 1"),
    ("absurd horizon", asked(horizon={"months": 100_000}), "/horizon/months", "less than or equal to 120"),
    ("rate above one", asked(discount_rate=1.5), "/discount_rate", "less than or equal to 1"),
    ("NaN rate", asked(discount_rate=float("nan")), "/discount_rate", "finite"),
    ("unknown objective", asked(objective="fame"), "/objective", "npv"),
    ("unknown constraint", one(type="launch_soon"), "/constraints/0", "launch_soon"),
    ("constraint without type", one(max=3), "/constraints/0", "type"),
    ("constraint without id", asked(constraints=[{"type": "launches_per_quarter", "max": 1}]), "/id", "required"),
    ("absurd fleet", one(type="fleet_cap", vehicles=10**12), "/vehicles", "less than or equal to"),
    ("broken vehicle", one(type="fleet_cap", vehicles=1.5), "/vehicles", "integer"),
    ("share above one", one(type="partner_share", partner="X", max_share=2), "/max_share", "less than or equal to 1"),
    ("absurd delay", one(type="permit_delay", permit="x", months=5000), "/months", "less than or equal to 120"),
    ("delay of nothing", one(type="permit_delay", months=1), "/constraints/0", "name at least one"),
    ("no wait at all", one(type="service_level", max_wait_min=0), "/max_wait_min", "greater than 0"),
    ("override of two", asked(overrides=[{"figure": "x", "value": 1, "factor": 2}]), "/overrides/0", "exactly one"),
    ("override NaN", asked(overrides=[{"figure": "x", "value": float("nan")}]), "/overrides/0/value", "finite"),
    ("control characters", asked(name="a\nb"), "/name", "pattern"),
    ("endless name", asked(name="x" * 500), "/name", "at most 80"),
    ("too many constraints", asked(constraints=[{"id": "a", "type": "launches_per_quarter", "max": 1}] * 501),
     "/constraints", "at most 500"),
    ("not a mapping", [1, 2], "/", "dictionary"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "where", "what"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_input_names_where_and_what(data: Any, where: str, what: str):
    with pytest.raises(RequestError) as caught:
        parse_request(data)
    assert any(where in fault.where and what in fault.what for fault in caught.value.faults), str(caught.value)
    assert caught.value.exit_code == 2


def test_every_fault_is_reported_at_once():
    with pytest.raises(RequestError) as caught:
        parse_request({"capital": {"per_quarter_usd": -1}, "horizon": {"start": "soon"}, "objective": "fame", "x": 1})
    places = "\n".join(fault.where for fault in caught.value.faults)
    assert all(place in places for place in ("/capital/per_quarter_usd", "/horizon/start", "/objective", "/x"))


def test_ids_of_constraints_are_unique():
    twice = [{"id": "a", "type": "launches_per_quarter", "max": 1}] * 2
    with pytest.raises(RequestError, match="ids stand twice: a"):
        parse_request(asked(constraints=twice))


@pytest.mark.parametrize(
    ("text", "what"), [("name: [", "not valid YAML"), ("just words", "holds no request"), ("", "holds no request")]
)
def test_a_file_that_holds_no_request_is_refused(tmp_path: Path, text: str, what: str):
    path = tmp_path / "request.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError, match=what):
        read_request(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(RequestError, match="cannot be read"):
        read_request(tmp_path / "none.yaml")
