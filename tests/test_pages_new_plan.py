"""The page of a new plan: form and text over one request, judged as they are written."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
import yaml

from fleetplan.drafts.starts import examples
from fleetplan.examples import examples_path
from fleetplan.request import PlanRequest
from fleetplan.request.constraints import CONSTRAINT_TYPES
from fleetplan.request.text import read_text
from fleetplan.reruns.lever_fields import KINDS
from fleetplan.words.fields import field_groups
from tests.api_support import BODY, Running, running

ORDER = tuple(PlanRequest.model_fields)
REFERENCE = (examples_path() / "uber-2027.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("new-plan")) as started:
        yield started


def page_of(service: Running, query: str = "", code: int = 200) -> str:
    answered = service.client.get(f"/plans/new{query}", headers={"Accept": "text/html"})
    assert answered.status_code == code
    return answered.text


def data_of(text: str) -> dict[str, Any]:
    block = text.partition('id="new-plan-data">')[2].partition("</script>")[0]
    found: dict[str, Any] = json.loads(block)
    return found


def drafted(service: Running, **draft: Any) -> dict[str, Any]:
    answered = service.client.post("/pages/drafts", json=draft)
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


def told(answer: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(flaw["pointer"], flaw["line"]) for flaw in answer["flaws"]]


# --- the page ---------------------------------------------------------------------------------------------------------


def test_the_form_offers_every_city_and_partner_with_its_deals(service: Running):
    text = page_of(service)
    for city in service.service.known.catalogue.cities.values():
        assert f">{city.name}</label>" in text
    assert "<b>WeRide</b>" in text
    assert "Madrid <i>announced</i>" in text
    assert "Zurich <i>in talks</i>" in text
    assert "Tesla" not in text  # a rival is no partner


def test_an_empty_request_is_ready_to_be_asked(service: Running):
    answer = data_of(page_of(service))["answer"]
    assert answer["flaws"] == []
    assert answer["request"]["capital"] == {"per_quarter_usd": 50_000_000}
    assert answer["words"][0].startswith("Where to launch among all 8 cities, from Jan 2027 to Dec 2030")


def test_an_example_opens_with_its_own_text(service: Running):
    text = page_of(service, "?from=uber-2027")
    assert data_of(text)["answer"]["yaml"] == REFERENCE
    for example in examples():
        assert f'href="/plans/new?from={example.key}"' in text


def test_a_plan_opens_with_its_request_and_how_it_was_solved(service: Running):
    body = {**BODY, "options": {"time_limit_s": 33, "gap": 0.05}}
    plan = service.post(body)
    text = page_of(service, f"?from={plan}")
    data = data_of(text)
    assert data["answer"]["request"] == {**BODY["request"], "name": "test (copy)"}
    assert (data["options"]["time_limit_s"], data["options"]["gap"]) == (33, 0.05)
    assert f'href="/plans/{plan}/rerun"' in text


def test_an_origin_that_is_not_there_is_told_with_those_that_are(service: Running):
    text = page_of(service, "?from=nothing", 404)
    assert "tight-budget" in text


def test_a_hostile_name_stays_text(service: Running):
    name = "</script><script>alert(1)</script>"
    plan = service.post({"request": {**BODY["request"], "name": name}})
    text = page_of(service, f"?from={plan}")
    assert "<script>alert" not in text
    assert html.escape(name, quote=False) in text
    assert data_of(text)["answer"]["request"]["name"].startswith(name)


def test_a_key_that_may_only_read_finds_no_dead_form(tmp_path):
    with running(tmp_path) as service:
        key = {"Authorization": f"Bearer {service.store.add_key('k', ['read'])}"}
        text = service.client.get("/plans/new", headers={**key, "Accept": "text/html"}).text
        assert "may read plans, not ask for new ones" in text
        assert "<textarea" not in text
        assert service.client.post("/pages/drafts", json={"text": "name: a"}, headers=key).status_code == 403


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_a_text_becomes_the_request_in_both_formats(service: Running):
    answer = drafted(service, text=REFERENCE)
    assert answer["flaws"] == []
    assert answer["yaml"] == REFERENCE
    assert json.loads(answer["json"]) == answer["request"] == yaml.safe_load(REFERENCE)
    again = drafted(service, text=answer["json"], format="json")
    assert (again["request"], again["flaws"]) == (answer["request"], [])


def test_comments_outlive_the_way_to_json_and_back(service: Running):
    told = drafted(service, text=REFERENCE)
    changed = told["json"].replace("60000000", "33000000")
    assert changed != told["json"]
    back = drafted(service, text=changed, format="json", yaml=told["yaml"])
    assert (back["json"], back["yaml"]) == (changed, REFERENCE.replace("60_000_000", "33_000_000"))
    assert drafted(service, text="{", format="json", yaml=told["yaml"])["yaml"] is None


def test_the_form_offers_the_constraints_of_the_rerun_page(service: Running):
    text = page_of(service)
    data = data_of(text)
    assert [kind["type"] for kind in data["kinds"]] == [kind.type for kind in KINDS if kind.offered]
    assert all(f'data-add="{kind["type"]}"' in text for kind in data["kinds"])
    named = [(pair["partner"], pair["place"]) for pair in data["pairs"]]
    assert len(set(named)) == len(named)  # two vehicles of one partner are told apart
    assert all(pair["deal"] in {"announced", "talks", "none"} for pair in data["pairs"])


def test_every_member_of_a_request_is_told_in_words():
    schema = PlanRequest.model_json_schema()
    groups = {group.key: group for group in field_groups()}
    assert [row.name for row in groups["request"].rows] == list(schema["properties"])
    assert set(CONSTRAINT_TYPES) | set(schema["$defs"]) - {t.__name__ for t in CONSTRAINT_TYPES.values()} | {
        "request"
    } == set(groups)
    assert all(row.holds for group in groups.values() for row in group.rows)
    assert next(row for row in groups["launch_by"].rows if row.name == "month").holds == "a month, such as 2027-03"
    assert next(row for row in groups["Horizon"].rows if row.name == "months").holds == "a whole number from 1 to 120"


def test_the_page_of_all_fields_names_each(service: Running):
    text = service.client.get("/plans/new/fields", headers={"Accept": "text/html"}).text
    assert "<code>per_quarter_usd</code>" in text
    assert "<code>partner_share</code>" in text


def test_every_problem_is_told_at_once_at_its_line(service: Running):
    text = (
        "nam: x\ncapital:\n  per_quarter_usd: -5\ncities: [zurch, madrid]\nhorizon: {start: 2027-13}\nconstraints:\n"
        "  - id: a\n    type: launch_byy\n  - id: b\n    type: launch_by\n    city: madird\n    month: 2027-06\n"
    )
    answer = drafted(service, text=text, options={"gap": 7})
    assert told(answer) == [
        ("/request/nam", 1),
        ("/request/capital/per_quarter_usd", 3),
        ("/request/cities/0", 4),
        ("/request/horizon/start", 5),
        ("/request/constraints/0/type", 8),
        ("/request/constraints/1/city", 11),
        ("/options/gap", None),
    ]
    by_pointer = {flaw["pointer"]: flaw for flaw in answer["flaws"]}
    assert by_pointer["/request/nam"]["remedy"] == "did you mean name?"
    money = by_pointer["/request/capital/per_quarter_usd"]
    assert (money["message"], money["remedy"]) == ("is -5", "write 0 or more")
    assert by_pointer["/request/horizon/start"]["remedy"].startswith("write 2027-12")
    assert by_pointer["/options/gap"]["remedy"] == "write 0.07 if 7 % is meant"
    assert by_pointer["/request/constraints/0/type"]["remedy"].startswith("did you mean launch_by")
    assert by_pointer["/request/constraints/1/city"]["remedy"] == "did you mean madrid?"
    assert answer["request"]["nam"] == "x"  # what nobody knows stays
    assert answer["estimate"] is None


def test_the_limits_of_the_service_are_told(service: Running):
    answer = drafted(service, text="capital: {per_quarter_usd: 5}", options={"time_limit_s": 80_000})
    assert told(answer) == [("/options/time_limit_s", None)]
    assert answer["flaws"][0]["allowed"] == "at most 3600 s"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("name: a\ncapital: {per_quarter_usd: [}\n", 2, "cannot be read here"),
        ("a: 1\nb: 2\na: 3\n", 3, "'a' stands twice"),
        ("a: !!python/object/apply:os.system [ls]\nb: !thing 3\n", 2, "is not taken here"),
        ("a: .inf\n", 1, "no finite number"),
        ("a: &x [*x]\n", 1, "nests deeper"),
        ("[" * 3000, 1, "nested deeper"),
        ("a: [" + "x," * 20_000 + "]", 1, "more than 15,000 words"),
        ("a: 1\n---\nb: 2\n", 2, "single document"),
        ("name: a\n\x07", 2, "no text should hold"),
    ],
)
def test_what_is_no_yaml_is_told_where_it_breaks(service: Running, text: str, line: int, message: str):
    answer = drafted(service, text=text)
    assert answer["request"] is None
    assert answer["flaws"][0]["line"] == line
    assert message in answer["flaws"][0]["message"]


def test_a_text_that_unfolds_without_end_is_refused_at_once():
    rows = [f"k{i}: &k{i} [{','.join([f'*k{i - 1}'] * 9)}]" for i in range(1, 12)]
    reading = read_text("\n".join(["k0: &k0 [x,x,x,x,x,x,x,x,x]", *rows]), "yaml")
    assert "more than" in reading.faults[0].message
    assert reading.data is None


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{\n "a": 1,\n "b" 2}', 3, "is not JSON here"),
        ('{"a": 1,\n"a": 2}', 2, "stands twice"),
        ('{"a": NaN}', 1, "NaN"),
    ],
)
def test_what_is_no_json_is_told_where_it_breaks(service: Running, text: str, line: int, message: str):
    answer = drafted(service, text=text, format="json")
    assert (answer["request"], answer["flaws"][0]["line"]) == (None, line)
    assert message in answer["flaws"][0]["message"]


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "just words"])
def test_what_holds_no_request_is_told(service: Running, text: str):
    answer = drafted(service, text=text)
    assert answer["request"] is None
    assert answer["flaws"][0]["remedy"] == "start from an example"


@pytest.mark.parametrize(
    "draft", [{}, {"text": 5}, {"text": "a", "format": "toml"}, {"text": "x" * 100_001}, {"more": 1}]
)
def test_a_draft_of_no_known_shape_is_a_bad_request(service: Running, draft: dict[str, Any]):
    answered = service.client.post("/pages/drafts", json=draft)
    assert (answered.status_code, answered.json()["code"]) == (422, "bad-request")


def test_a_draft_as_large_as_no_request_is_refused(service: Running):
    answered = service.client.post("/pages/drafts", json={"text": "x" * 300_000})
    assert answered.status_code == 413


def test_drafts_store_nothing(service: Running):
    before = service.store.counts()
    drafted(service, text=REFERENCE)
    assert service.store.counts() == before


def test_a_change_of_the_form_keeps_comments_and_what_the_form_does_not_know(service: Running):
    text = (
        "# mine\ncapital:\n  per_quarter_usd: 5_000_000   # a guess\n"
        "constraints:\n  - {id: x, type: launch_by, city: madrid, month: 2029-01}\n"
    )
    request = drafted(service, text=text)["request"]
    request["capital"]["per_quarter_usd"] = 7_000_000
    answer = drafted(service, request=request, text=text)
    assert answer["yaml"] == text.replace("5_000_000", "7_000_000")
    assert [entry["text"] for entry in answer["also"]] == ["Madrid is open to paying riders by Jan 2029."]


def test_what_the_form_does_not_show_is_listed_in_words(service: Running):
    request = {
        "capital": {"per_quarter_usd": [5e6, 7e6]},
        "constraints": [
            {"id": "teams", "type": "launches_per_quarter", "max": 2},
            {"id": "one", "type": "stacks_per_city", "max": 1, "city": "zurich"},
            {"id": "half", "type": "supply_change", "stack": "lucid-nuro-gravity", "factor": 0.5, "start": "2028-01"},
        ],
        "overrides": [{"figure": "zurich/city.toml#market.mean_fare_local", "factor": 0.9}],
        "deployments": {"add": [{"stack": "weride-gxr", "city": "madrid"}]},
    }
    assert [entry["text"] for entry in drafted(service, request=request)["also"]] == [
        "At most 1 stack in Zurich.",
        "Half the supply of Lucid + Nuro from Jan 2028.",
        "Capital by quarter: $5.00 M, $7.00 M.",
        "WeRide in Madrid is admitted besides.",
        "Zurich, mean fare, tax included: times 0.9.",
    ]


def test_entries_that_are_not_complete_are_named_and_marked(service: Running):
    request = {
        "capital": {"per_quarter_usd": 5e6},
        "constraints": [{"id": "half", "type": "launch_by", "city": "madrid"}, 7],
        "overrides": [{"figure": "nowhere#x", "factor": 2}],
        "deployments": {"add": [{"stack": "zoox-pod"}]},
    }
    answer = drafted(service, request=request)
    assert [entry["text"] for entry in answer["also"]] == [
        "A constraint 'half' that is not complete.",
        "A constraint that is not complete.",
        "An entry of deployments that is not complete.",
        "An unknown figure.",
    ]
    assert len(answer["flaws"]) == 4


def test_names_and_left_out_cities_become_choices_of_the_form(service: Running):
    request = {"capital": {"per_quarter_usd": 5e6}, "cities": ["Hong Kong", "Zürich"], "exclude_cities": ["hong-kong"]}
    form = drafted(service, request=request)["form"]
    assert form["cities"] == ["zurich"]
    assert "tesla-cybercab" not in form["stacks"]


def test_what_permits_rule_out_is_said_in_months_as_people_say_them(service: Running):
    text = (examples_path() / "infeasible.yaml").read_text(encoding="utf-8")
    feasibility = drafted(service, text=text)["feasibility"]
    assert feasibility["verdict"] == "infeasible"
    soon, many = (found["sentence"] for found in feasibility["findings"])
    assert soon.startswith("Munich cannot be open by Jun 2027 (")
    assert soon.endswith("): permits allow paid service from Dec 2027 at the earliest.")
    assert many.startswith("14 markets cannot be live by Dec 2027 (")
    assert "permits allow 3 of the request's cities by then (" in many
    assert many.endswith("); 6 markets are live elsewhere.")


def test_the_earliest_months_that_permits_allow_are_told_before_anything_is_asked(service: Running):
    request = {"capital": {"per_quarter_usd": 5e6}, "cities": ["munich", "london", "madrid"], "horizon": {"months": 12}}
    earliest = drafted(service, request=request)["earliest"]
    assert earliest == "London May 2027, Munich Dec 2027. Not within the horizon: Madrid."


def test_the_question_is_read_back_in_words(service: Running):
    words = " ".join(
        drafted(service, text=(examples_path() / "tight-budget.yaml").read_text(encoding="utf-8"))["words"]
    )
    assert "Capital of $25.0 M a quarter may be spent, $400 M over the horizon" in words
    assert "may not fall below −$250 M" in words
    assert "Lucid + Nuro at most 60 % of all vehicles from Jan 2030" in words


def test_time_is_told_from_plans_of_similar_size_and_honestly_when_there_are_none(tmp_path):
    with running(tmp_path) as service:
        draft = {"request": BODY["request"], "options": {"time_limit_s": 60}}
        before = drafted(service, **draft)["estimate"]
        assert before["plans"] == 0
        assert before["sentence"].startswith(
            "No plan of this size has been made here yet. The search stops after 1 min"
        )
        service.made()
        after = drafted(service, **draft)["estimate"]
        assert after["plans"] == 1
        assert re.match(r"A plan of this size took (under 1|\d+) s here\.", after["sentence"])
        larger = drafted(service, request={"capital": {"per_quarter_usd": 5e6}})["estimate"]
        assert larger["plans"] == 0
