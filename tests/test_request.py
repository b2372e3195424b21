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


QUARTER = "/capital/per_quarter_usd"
CAP = {"type": "fleet_cap"}
BAD: list[tuple[str, Any, str, str, str, str]] = [
    ("unknown field", asked(budget=5), "/budget", "is no field of a request", "capital", "take it out"),
    ("field misspelt", asked(citys=[]), "/citys", "is no field of a request", "cities", "did you mean cities?"),
    ("unknown field inside", asked(horizon={"month": 3}), "/horizon/month", "is no field of horizon", "start, months",
     "did you mean months"),
    ("unknown field of a constraint", one(**CAP, vehicles=1, stck="x"), "/constraints/0/stck",
     "is no field of fleet_cap", "stack", "did you mean stack?"),
    ("no capital", {}, "/capital", "is needed", "per_quarter_usd", "add capital with per_quarter_usd below it"),
    ("no month", one(type="launch_by", city="x"), "/constraints/0/month", "is needed", "YYYY-MM", "add month: 2027-03"),
    ("negative budget", {"capital": {"per_quarter_usd": -1}}, QUARTER, "is -1", "a number from 0 to", "write 0 or more"),
    ("one negative quarter", {"capital": {"per_quarter_usd": [1, -1]}}, f"{QUARTER}/1", "is -1", "from 0", "write 0 or more"),
    ("NaN budget", {"capital": {"per_quarter_usd": float("nan")}}, QUARTER, "finite", "from 0", "write a number"),
    ("endless budget", {"capital": {"per_quarter_usd": float("inf")}}, QUARTER, "finite", "from 0", "write a number"),
    ("absurd budget", {"capital": {"per_quarter_usd": 1e300}}, QUARTER, "is 1e+300", "10,000,000,000,000", "or less"),
    ("budget in millions", {"capital": {"per_quarter_usd": "25M"}}, QUARTER, "is '25M'", "a number", "write 25000000"),
    ("true as a budget", {"capital": {"per_quarter_usd": True}}, QUARTER, "is true", "a number", "write a number"),
    ("month thirteen", asked(horizon={"start": "2027-13"}), "/horizon/start", "is '2027-13'", "YYYY-MM", "write 2027-12"),
    ("short month", asked(horizon={"start": "2027-3"}), "/horizon/start", "is '2027-3'", "YYYY-MM", "write 2027-03"),
    ("day as month", asked(horizon={"start": "2027-01-01"}), "/horizon/start", "is '2027", "YYYY-MM", "write 2027-01"),
    ("number as month", asked(horizon={"start": 202703}), "/horizon/start", "is 202703", "YYYY-MM", "write 2027-03"),
    ("no months", asked(horizon={"months": 0}), "/horizon/months", "is 0", "a whole number from 1 to 120", "write 1 or more"),
    ("absurd horizon", asked(horizon={"months": 100_000}), "/horizon/months", "is 100000", "to 120", "write 120 or less"),
    ("rate in per cent", asked(discount_rate=8), "/discount_rate", "is 8", "from 0 to 1", "write 0.08 if 8 % is meant"),
    ("rate with a sign", asked(discount_rate="10%"), "/discount_rate", "is '10%'", "from 0 to 1", "write 0.1"),
    ("NaN rate", asked(discount_rate=float("nan")), "/discount_rate", "finite", "from 0 to 1", "write a number"),
    ("unknown objective", asked(objective="nvp"), "/objective", "is 'nvp'", "npv, markets_then_npv", "did you mean npv?"),
    ("a list as a word", asked(cities="zurich"), "/cities", "is 'zurich'", "a list", "write [zurich]"),
    ("no as a city", asked(exclude_cities=[False]), "/exclude_cities/0", "is false", "a text", "write it in quotes: 'false'"),
    ("unknown constraint", one(type="fleetcap"), "/constraints/0/type", "no type 'fleetcap'", "fleet_floor",
     "did you mean fleet_cap?"),
    ("constraint without type", one(max_wait_min=3), "/constraints/0/type", "is needed", "launch_by",
     "add type: service_level"),
    ("constraint without id", asked(constraints=[{"type": "launches_per_quarter", "max": 1}]), "/constraints/0/id",
     "is needed", "a text", "add id"),
    ("constraint as a word", asked(constraints=["x"]), "/constraints/0", "is 'x'", "a constraint", "beginning with id and type"),
    ("absurd fleet", one(**CAP, vehicles=10**12), "/constraints/0/vehicles", "is 1000000000000", "10,000,000", "or less"),
    ("endless fleet", one(**CAP, vehicles=10**400), "/constraints/0/vehicles", "is 1000", "10,000,000", "or less"),
    ("broken vehicle", one(**CAP, vehicles=1.5), "/constraints/0/vehicles", "is 1.5", "a whole number", "write 1 or 2"),
    ("vehicles with a unit", one(**CAP, vehicles="100 cars"), "/constraints/0/vehicles", "'100 cars'", "whole", "write 100"),
    ("share in per cent", one(type="partner_share", partner="X", max_share=30), "/constraints/0/max_share", "is 30",
     "from 0 to 1", "write 0.3 if 30 % is meant"),
    ("absurd delay", one(type="permit_delay", permit="x", months=5000), "/constraints/0/months", "is 5000", "-60 to 120",
     "write 120 or less"),
    ("delay of nothing", one(type="permit_delay", months=1), "/constraints/0", "delays nothing", "at least one of", "add city"),
    ("no wait at all", one(type="service_level", max_wait_min=0), "/constraints/0/max_wait_min", "is 0", "above 0",
     "write more than 0"),
    ("override of two", asked(overrides=[{"figure": "x", "value": 1, "factor": 2}]), "/overrides/0",
     "holds value and factor", "exactly one", "keep one"),
    ("override of nothing", asked(overrides=[{"figure": "x"}]), "/overrides/0", "says no value", "exactly one", "add value"),
    ("override NaN", asked(overrides=[{"figure": "x", "value": float("nan")}]), "/overrides/0/value", "finite", "a number",
     "write a number"),
    ("control characters", asked(name="a\nb"), "/name", "holds characters", "a text", "take out line breaks"),
    ("empty name", asked(name=""), "/name", "is empty", "a text", "write a name"),
    ("endless name", asked(name="x" * 500), "/name", "is 500 characters long", "at most 80", "shorten it"),
    ("too many constraints", asked(constraints=[{"id": "a", "type": "launches_per_quarter", "max": 1}] * 501),
     "/constraints", "has 501 entries", "at most 500", "take out 1 of them"),
    ("not a mapping", [1, 2], "/", "is a list", "fields with values", "write its fields"),
]  # fmt: skip


@pytest.mark.parametrize("row", BAD, ids=lambda row: row[0])
def test_bad_input_names_where_what_allowed_and_remedy(row: tuple[str, Any, str, str, str, str]):
    _, data, where, what, allowed, remedy = row
    with pytest.raises(RequestError) as caught:
        parse_request(data)
    faults = {fault.where: fault for fault in caught.value.faults}
    assert where in faults, str(caught.value)
    fault = faults[where]
    assert what in fault.what, fault
    assert allowed in fault.allowed, fault
    assert remedy in fault.remedy, fault
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "data", [{}, 5, None, asked(constraints=[{}]), asked(horizon=[]), asked(overrides=[{"value": "x"}])]
)
def test_every_fault_says_what_to_write(data: Any):
    with pytest.raises(RequestError) as caught:
        parse_request(data)
    assert all(f.what and f.allowed and f.remedy and "schema" not in f.remedy for f in caught.value.faults)


def test_every_fault_is_reported_at_once():
    with pytest.raises(RequestError) as caught:
        parse_request({"capital": {"per_quarter_usd": -1}, "horizon": {"start": "soon"}, "objective": "fame", "x": 1})
    places = "\n".join(fault.where for fault in caught.value.faults)
    assert all(place in places for place in ("/capital/per_quarter_usd", "/horizon/start", "/objective", "/x"))


def test_ids_of_constraints_are_unique():
    twice = [{"id": "a", "type": "launches_per_quarter", "max": 1}] * 2
    with pytest.raises(RequestError) as caught:
        parse_request(asked(constraints=twice))
    assert [(f.where, f.remedy) for f in caught.value.faults] == [("/constraints/1/id", "write a-2, for example")]


@pytest.mark.parametrize(
    ("text", "what"), [("name: [", "cannot be read here"), ("just words", "holds no request"), ("", "holds no request")]
)
def test_a_file_that_holds_no_request_is_refused(tmp_path: Path, text: str, what: str):
    path = tmp_path / "request.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError, match=what):
        read_request(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(RequestError, match="cannot be read"):
        read_request(tmp_path / "none.yaml")


# --- files ------------------------------------------------------------------------------------------------------------------

HEAD = "capital: {per_quarter_usd: 5}\n"
CAPS = "constraints: [{id: a, type: launches_per_quarter, max: %s}]\n"
UNREADABLE: list[tuple[str, bytes, str, str, str]] = [
    ("a key twice", f"{HEAD}name: a\nname: b\n".encode(), "line 3, column 1", "'name' stands twice", "keep one"),
    (
        "a key twice inside",
        b"capital: {per_quarter_usd: 1, per_quarter_usd: 2}",
        "line 1, column 31",
        "twice",
        "keep one",
    ),
    ("octal", (HEAD + CAPS % "0100").encode(), "line 2", "'0100' is no plain number", "write 100"),
    ("leading zeros", (HEAD + CAPS % "0080").encode(), "line 2", "'0080' is no plain number", "write 80"),
    ("hexadecimal", (HEAD + CAPS % "0x10").encode(), "line 2", "'0x10' is no plain number", "write 16"),
    ("a time of day", (HEAD + CAPS % "1:30").encode(), "line 2", "'1:30' is no plain number", "digits alone"),
    ("NaN", (HEAD + CAPS % ".nan").encode(), "line 2", "is no finite number", "leave it out"),
    (
        "commas",
        b"capital: {per_quarter_usd: 25,000,000}",
        "line 1, column 31",
        "the comma before 000",
        "without commas",
    ),
    ("tabs", b"capital:\n\tper_quarter_usd: 5\n", "line 2, column 1", "cannot be read here", "blanks, not with tabs"),
    ("two documents", f"{HEAD}---\n{HEAD}".encode(), "line 2", "another document", "mend the text"),
    ("deep", b"note: " + b"[" * 5000 + b"]" * 5000, "line 1", "nested deeper than 32", "mend the text"),
    ("no text", bytes(range(256)), "line 2", "is not UTF-8", "save the file as UTF-8"),
    ("Latin-1", f"{HEAD}cities: [Z\u00fcrich]\n".encode("latin-1"), "line 2", "is not UTF-8", "save the file as UTF-8"),
    ("UTF-16", HEAD.encode("utf-16"), "line 1", "is UTF-16", "save the file as UTF-8"),
    ("UTF-16 without a mark", HEAD.encode("utf-16-le"), "request.yaml", "NUL", "save the file as UTF-8"),
]


@pytest.mark.parametrize("row", UNREADABLE, ids=lambda row: row[0])
def test_a_file_that_says_something_else_than_it_seems_is_refused_at_its_line(tmp_path: Path, row: Any):
    _, raw, where, what, remedy = row
    path = tmp_path / "request.yaml"
    path.write_bytes(raw)
    with pytest.raises(RequestError) as caught:
        read_request(path)
    fault = caught.value.faults[0]
    assert where in fault.where, fault
    assert what in fault.what, fault
    assert remedy in fault.remedy, fault


BROKEN: list[tuple[str, str, str]] = [
    ('{"name": "a", "name": "b"}', "line 1, column 15", "'name' stands twice"),
    ('{"name": "a",}', "line 1, column 1", "is not JSON here"),  # at the comma from Python 3.13 on, behind it before
    ('{"capital": {"per_quarter_usd": NaN}}', "request.json", "NaN is no JSON number"),
    ('{"capital": {"per_quarter_usd": 1e400}}', "request.json", "too large a number"),
    ('{"note": ' + "[" * 5000 + "]" * 5000 + "}", "request.json", "nested deeper than 32 levels"),
    ('{"a": ' + "9" * 5000 + "}", "line 1", "is no number"),
    ('{"name": "\\ud83d"}', "request.json", "half a surrogate pair"),
    ("[]", "request.json", "holds no request"),
]


@pytest.mark.parametrize(("text", "where", "what"), BROKEN, ids=lambda value: value[:30])
def test_json_is_read_strictly(tmp_path: Path, text: str, where: str, what: str):
    path = tmp_path / "request.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RequestError) as caught:
        read_request(path)
    fault = caught.value.faults[0]
    assert where in fault.where, fault
    assert what in fault.what, fault
    assert fault.remedy


@pytest.mark.parametrize("name", ["request.yaml", "request.json"])
def test_a_mark_of_the_byte_order_is_passed_over(tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_text('{"capital": {"per_quarter_usd": 5}}', encoding="utf-8-sig")
    assert read_request(path).capital.per_quarter_usd == 5


def test_yes_no_on_and_off_are_words(tmp_path: Path):
    path = tmp_path / "request.yaml"
    path.write_text(f"{HEAD}name: on\nexclude_cities: [no]\n", encoding="utf-8")
    request = read_request(path)
    assert (request.name, request.exclude_cities) == ("on", ["no"])
    path.write_text(HEAD + CAPS % "yes", encoding="utf-8")
    with pytest.raises(RequestError, match="/constraints/0/max: is 'yes'"):
        read_request(path)


def test_fields_are_merged_from_an_anchor_and_those_written_out_count(tmp_path: Path):
    path = tmp_path / "request.yaml"
    usual = "constraints:\n  - &cap {id: a, type: fleet_cap, vehicles: 5}\n  - {<<: *cap, id: b, city: zurich}\n"
    path.write_text(HEAD + usual, encoding="utf-8")
    found = [c.model_dump(exclude_none=True) for c in read_request(path).constraints]
    assert found == [
        {"id": "a", "type": "fleet_cap", "vehicles": 5},
        {"id": "b", "type": "fleet_cap", "vehicles": 5, "city": "zurich"},
    ]
