"""Rolling forward over HTTP: a plan's state is given as a table, and a table that comes back is read into a request."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from fleetplan.plans.types import Plan
from fleetplan.rolling.expected import state_at
from fleetplan.rolling.table import read_state
from tests.api_support import BODY, Running, answer, running
from tests.pages_support import page_at

AT = "2029-01"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("rolling")) as started:
        yield started


def sent(table: bytes) -> dict[str, str]:
    return {"name": "s.csv", "content": base64.b64encode(table).decode()}


def test_a_state_is_given_as_a_table_and_read_back_into_a_request(service: Running):
    plan = service.made()
    expected = state_at(Plan.model_validate_json(answer()), AT)
    csv = service.client.get(f"/v1/plans/{plan}/state?at={AT}")
    xlsx = service.client.get(f"/v1/plans/{plan}/state?at={AT}", headers={"Accept": "application/*"})
    assert csv.headers["content-type"].startswith("text/csv")
    assert f"{plan}.{AT}.csv" in csv.headers["content-disposition"]
    assert read_state(csv.content, "s").state == expected
    assert read_state(xlsx.content, "s").state.fleets == expected.fleets
    read = service.client.post("/v1/starting-states", json={"table": sent(csv.content)})
    assert read.status_code == 200, read.text
    assert read.json()["request"] is None
    assert read.json()["starting_state"] == expected.model_dump(mode="json")
    refused = service.client.get(f"/v1/plans/{plan}/state?at=2020-01")
    assert refused.status_code == 422
    (fault,) = refused.json()["errors"]
    assert (fault["parameter"], fault["remedy"]) == ("at", "give one of these months")
    assert "nothing left from it on" in refused.text


def test_a_request_goes_on_from_a_table(service: Running):
    table = b"what,city,stack,name,month,number\nfirst month planned,,,,2028-01,\ncapital spent,,,,,5000000\n"
    read = service.client.post("/v1/starting-states", json={"table": sent(table), "request": BODY["request"]})
    assert read.status_code == 200, read.text
    asked = read.json()["request"]
    assert asked["starting_state"]["month"] == "2028-01"
    assert asked["starting_state"]["capital_spent_usd"] == 5e6
    later = service.client.post("/v1/starting-states", json={"table": sent(table), "month": "2028-04"})
    assert later.json()["starting_state"]["month"] == "2028-04"
    assert service.post({"request": asked})


@pytest.mark.parametrize(
    ("table", "request_", "pointer", "told"),
    [
        (b"what,month\nhorse,2027-01\n", None, "/table/content", "s.csv: row 2: 'horse' is nothing that can stand"),
        (
            b"what,city,stack,name,month,number\nfirst month planned,,,,2028-01,\nprogramme,atlantis,x,,2027-02,\n",
            BODY["request"],
            "/table/content",
            "row 3",
        ),
        (
            b"what,month\nfirst month planned,2028-01\n",
            {**BODY["request"], "capital": {"per_quarter_usd": -1}},
            "/request/capital/per_quarter_usd",
            "",
        ),
    ],
)
def test_every_fault_of_a_table_is_told_with_its_row(
    service: Running, table: bytes, request_: object, pointer: str, told: str
):
    refused = service.client.post("/v1/starting-states", json={"table": sent(table), "request": request_})
    assert refused.status_code == 422, refused.text
    flaws = refused.json()["errors"]
    assert any(flaw["pointer"] == pointer and told in flaw["message"] for flaw in flaws), flaws
    broken = service.client.post("/v1/starting-states", json={"table": {"name": "s.csv", "content": "§"}})
    assert broken.json()["errors"][0]["pointer"] == "/table/content"


def test_the_page_of_a_new_plan_takes_a_table(service: Running):
    page = page_at(service, "/plans/new")
    assert 'id="state-file"' in page
    assert "Go on from what stands today" in page
