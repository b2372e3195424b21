"""The rerun page: what can be changed of a plan, in words before it is sent."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest

from api.pages.rerun import _outlook
from fleetplan.catalogue.types import Catalogue
from fleetplan.months import month_number
from fleetplan.plans.types import MarketGoal, MarketsProof, PermitStep, Plan
from fleetplan.request import parse_request
from fleetplan.request.constraints import CONSTRAINT_TYPES
from fleetplan.reruns.lever_fields import BY_TYPE, KINDS, form_of
from fleetplan.reruns.levers import Levers, levers, presets
from fleetplan.reruns.patch import apply_patch, input_changes
from fleetplan.reruns.prefill import Given, prefill
from fleetplan.scope import resolve_scope
from fleetplan.words.changes import changed_name, told
from fleetplan.words.constraints import share_words
from fleetplan.words.names import Names
from tests.api_support import BODY, Running, answer, running
from tests.fake_plan import fake_plan
from tests.pages_support import HTML, page_at, words_of

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory):
    with running(tmp_path_factory.mktemp("rerun")) as service:
        yield service


@pytest.fixture(scope="module")
def plan(site: Running) -> str:
    return site.made()


def _data(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    loaded: dict[str, Any] = json.loads(found[1])
    return loaded


def _words(site: Running, plan: str, patch: Any, options: Any = None) -> Any:
    body = {"patch": patch, **({"options": options} if options else {})}
    return site.client.post(f"/pages/plans/{plan}/patch", json=body)


def _request(constraints: list[dict[str, Any]], **more: Any) -> Any:
    return parse_request({**BODY["request"], "constraints": constraints, **more})


def _levers(catalogue: Catalogue, constraints: list[dict[str, Any]], made: Plan | None = None, **more: Any) -> Levers:
    return levers(resolve_scope(_request(constraints, **more), catalogue), made)


# --- the page ---


def test_the_page_offers_what_the_plan_rests_on(site: Running, plan: str):
    text = words_of(page_at(site, f"/plans/{plan}/rerun"))
    for wanted in ("Zurich", "Munich", "WeRide", "now $125 M", "Decisions before", "A change must be worth"):
        assert wanted in text
    assert "Every permit takes its longest" in text


def test_a_plan_in_the_making_is_not_changed_yet(site: Running):
    text = words_of(page_at(site, f"/plans/{site.post()}/rerun"))
    assert "Still being made" in text
    assert "Plan again" not in text


def test_a_request_without_a_plan_can_be_changed_but_nothing_kept(site: Running):
    body = {"request": {**BODY["request"], "constraints": [{"id": "a", "type": "launches_per_quarter", "max": 2}]}}
    plan = site.post(body)
    site.runner.end(plan, "infeasible")
    page = page_at(site, f"/plans/{plan}/rerun")
    text = words_of(page)
    assert "its rules clash" in text
    assert "Without “At most 2 launches a quarter”" in text
    assert 'class="entry clashes" data-asked="a"' in page
    assert 'id="freeze"' not in page
    assert 'id="price"' not in page
    assert _words(site, plan, {"constraints": {"a": None}}).json()["changes"][0]["kind"] == "gone"


def test_a_failed_plan_can_be_changed_too(site: Running):
    assert "ended without a plan" in words_of(page_at(site, f"/plans/{site.made('failed')}/rerun"))


def test_a_hostile_name_and_id_appear_as_text(site: Running):
    constraint = {"id": HOSTILE, "type": "fleet_cap", "vehicles": 10}
    plan = site.post({"request": {**BODY["request"], "name": HOSTILE, "constraints": [constraint]}})
    site.runner.end(plan, "own")
    page = page_at(site, f"/plans/{plan}/rerun")
    assert HOSTILE not in page
    assert html.escape(HOSTILE) in page
    assert _data(page)["ids"] == [HOSTILE]


def test_a_link_prefills_levers_constraints_and_figures(site: Running, plan: str, catalogue: Catalogue):
    key = "zurich/city.toml#market.trips_per_day"
    query = {
        "slip": ["zurich:6", "atlantis:3"],
        "supply": "weride-gxr:0.5",
        "force": ["zurich:weride-gxr", "zurich:nobody"],
        "forbid": "munich:momenta",
        "figure": f"{key}:0.8",
        "capital": "0.8",
        "durations": "max",
    }
    page = site.client.get(f"/plans/{plan}/rerun", params=query, headers=HTML).text
    given = _data(page)["given"]
    assert given["sets"] == {"slip:zurich": 6, "supply:weride-gxr": 50, "capital": 80, "durations": "max"}
    assert [(add["type"], add["city"]) for add in given["adds"]] == [
        ("force_deployment", "zurich"),
        ("forbid_deployment", "munich"),
    ]
    assert given["figures"] == [{"key": key, "factor": 0.8}]
    assert "which this plan does not have" not in page
    assert "slip atlantis:3, force zurich:nobody" in words_of(page)


def test_too_many_or_too_long_parameters_are_refused(site: Running, plan: str):
    assert site.client.get(f"/plans/{plan}/rerun", params={"slip": ["zurich:1"] * 30}, headers=HTML).status_code == 422
    assert site.client.get(f"/plans/{plan}/rerun", params={"slip": "z" * 400}, headers=HTML).status_code == 422


# --- words before sending ---


def test_a_patch_is_said_in_words_and_nothing_is_stored(site: Running, plan: str):
    before = site.store.counts()
    late = {"type": "permit_delay", "city": "zurich", "months": 6}
    half = {"type": "supply_change", "stack": "weride-gxr", "factor": 0.5}
    patch = {"constraints": {"late": late, "half": half}, "capital": {"per_quarter_usd": 100e6}}
    told_ = _words(site, plan, patch).json()
    assert [change["text"] for change in told_["changes"]] == [
        "Capital of $100 M a quarter instead of $125 M (−20 %).",
        "Half the supply of WeRide.",
        "Permits to carry riders in Zurich 6 months later.",
    ]
    assert told_["name"] == "test · capital of $100 M a quarter, half the supply of WeRide, Zurich 6 months…"
    assert site.store.counts() == before


def test_what_only_takes_choices_away_is_told_with_the_bound(site: Running, plan: str):
    tighter = _words(site, plan, {"capital": {"per_quarter_usd": 1e8}}).json()
    assert "only take choices away" in tighter["outlook"]
    assert "$334.5 M" in tighter["outlook"]
    assert _words(site, plan, {"capital": {"per_quarter_usd": 2e8}}).json()["outlook"] == ""


def test_with_markets_first_the_outlook_tells_how_many_there_can_be_not_what_they_are_worth():
    goal = MarketGoal(counts="paid", by="2030-12", period="2030-10", existing=0, cities=["zurich"])
    before = parse_request({**BODY["request"], "objective": "markets_then_npv"})
    made = fake_plan().model_copy(update={"markets": MarketsProof(found=1, most=2, goals=[goal]), "request": before})
    less = parse_request(apply_patch(before.model_dump(mode="json"), {"capital": {"per_quarter_usd": 1e6}}))
    told = _outlook(before, less, made)
    assert "cannot have more than 2 markets" in told
    assert "This plan has 1." in told
    assert "worth" not in told
    target = {"constraints": {"t": {"type": "markets_live", "count": 1, "by": "2029-12"}}}
    other_dates = parse_request(apply_patch(less.model_dump(mode="json"), target))
    assert _outlook(before, other_dates, made) == ""


def test_what_no_permit_allows_is_told_before_anything_is_solved(site: Running, plan: str):
    soon = {"type": "launch_by", "city": "munich", "month": "2027-02"}
    findings = _words(site, plan, {"constraints": {"soon": soon}}).json()["impossible"]
    assert len(findings) == 1
    assert findings[0].startswith("Munich cannot be open by Feb 2027 (soon): permits allow paid service from ")


def test_what_stays_is_told_in_words(site: Running, plan: str):
    kept = _words(site, plan, {}, {"freeze_until": "2028-01"}).json()["kept"]
    assert "San Francisco Bay Area with Lucid + Nuro (Apr 2027)" in kept[0]
    assert "nothing else begins before Jan 2028" in kept[1]


def test_faults_stand_under_the_key_that_the_page_knows(site: Running, plan: str):
    patch = {
        "constraints": {
            "x": {"type": "launch_by", "city": "zurich", "month": "2027-99"},
            "y": {"type": "fleet_cap", "vehicles": -1},
        }
    }
    pointers = [problem["pointer"] for problem in _words(site, plan, patch).json()["problems"]]
    assert pointers == ["/patch/constraints/x/month", "/patch/constraints/y/vehicles"]
    unknown = _words(site, plan, {"constraints": {"z": None}}).json()["problems"][0]
    assert unknown["pointer"] == "/patch/constraints/z"
    beyond = _words(site, plan, {}, {"freeze_until": "2050-01"}).json()["problems"][0]
    assert beyond["pointer"] == "/options/freeze_until"
    figure = "zurich/city.toml#market.platform_share"
    share = _words(site, plan, {"overrides": {figure: {"value": 3}}}).json()["problems"][0]
    assert share["pointer"] == "/patch/overrides/zurich~1city.toml#market.platform_share/value"


def test_a_faulty_rerun_is_refused_when_it_is_sent(site: Running, plan: str):
    answered = site.client.post(f"/v1/plans/{plan}/reruns", json={"patch": {"constraints": {"z": None}}})
    assert answered.status_code == 422


def test_the_words_take_strict_json_only(site: Running, plan: str):
    address = f"/pages/plans/{plan}/patch"
    sent = {"Content-Type": "application/json"}
    assert site.client.post(address, content=b'{"patch": {"a": NaN}}', headers=sent).status_code == 400
    assert site.client.post(address, content=b"patch", headers={"Content-Type": "text/plain"}).status_code == 415
    other = site.client.post(address, json={"patch": {}}, headers={"Origin": "https://elsewhere.example"})
    assert other.status_code == 403


# --- levers ---


def test_a_lever_edits_the_requests_own_constraint_instead_of_adding_one(catalogue: Catalogue):
    own = {"id": "zurich-late", "type": "permit_delay", "city": "zurich", "months": 3}
    found = {lever.id: lever for lever in _levers(catalogue, [own]).slips}
    zurich, munich = found["slip:zurich"], found["slip:munich"]
    assert (zurich.path, zurich.today, zurich.none, zurich.exists) == (("constraints", "zurich-late"), 3, 0, True)
    assert (munich.path, munich.today, munich.exists) == (("constraints", "munich-permit-delay"), 0, False)


def test_a_constraint_with_a_lever_of_its_own_does_not_stand_in_the_list_again(catalogue: Catalogue):
    own = [
        {"id": "half", "type": "supply_change", "stack": "weride-gxr", "factor": 0.5},
        {"id": "half-for-a-year", "type": "supply_change", "stack": "momenta", "factor": 0.5, "end": "2027-12"},
        {"id": "teams", "type": "launches_per_quarter", "max": 3},
    ]
    assert [c.id for c in _levers(catalogue, own).asked] == ["half-for-a-year", "teams"]


def test_a_new_constraint_never_takes_an_id_that_is_there(catalogue: Catalogue):
    taken = {"id": "zurich-permit-delay", "type": "launches_per_quarter", "max": 3}
    zurich = next(lever for lever in _levers(catalogue, [taken]).slips if lever.id == "slip:zurich")
    assert zurich.path == ("constraints", "zurich-permit-delay-2")


def test_only_events_are_offered_that_a_permit_waits_for_or_that_change_a_cap(catalogue: Catalogue):
    waited = {p.event for law in catalogue.jurisdictions.values() for p in law.permits.values() if p.event}
    waited.add("eu-robotaxi-cap-lifted")
    found = _levers(catalogue, [], cities=sorted(catalogue.cities)).events
    assert found
    assert {lever.id.removeprefix("event:") for lever in found} <= waited


def test_nobody_may_be_forced_where_the_law_bars_them(catalogue: Catalogue):
    found = _levers(catalogue, [], cities=sorted(catalogue.cities))
    offered = {(pair.stack, pair.city) for pair in found.pairs}
    barred = {pair for pair, fact in catalogue.deployments.items() if fact.permitted == "no"}
    assert not offered & barred
    assert found.barred == len(barred)
    assert not {stack for stack, _ in offered if catalogue.stacks[stack].rival}


def test_a_slip_tells_the_month_in_which_a_launch_could_open(catalogue: Catalogue):
    made = _with_real_permits(catalogue)
    zurich = next(
        lever for lever in _levers(catalogue, [], made, permit_durations="promised").slips if lever.id == "slip:zurich"
    )
    (touch,) = zurich.touches
    by = dict(zip(range(-6, 25), touch["by"], strict=True))
    assert by[0] == touch["launch"] == "2028-10"
    assert month_number(by[6]) - month_number(by[0]) >= 6
    months = [month_number(m) if m else 10**6 for m in touch["by"]]
    assert months == sorted(months)


def _with_real_permits(catalogue: Catalogue) -> Plan:
    """Return the made-up plan with Zurich's launch and its opening permit as the catalogue's law dates them."""
    plan = Plan.model_validate_json(answer())
    zurich = plan.cities[3]
    step = PermitStep(
        permit="zurich-pilot-driver-out",
        title="",
        authority="",
        jurisdiction="zurich",
        scope="city",
        start="2027-11",
        finish="2028-08",
        earliest="2028-08",
        latest="2028-08",
        held=False,
        event="",
        opens="paid_driver_out",
        source="",
        confidence="low",
    )
    modes = ["paid_driver_out" if p >= "2028-10" else "" for p in plan.periods]
    own = zurich.deployments[0].model_copy(
        update={"permits": [step], "launch": "2028-10", "programme_start": "2027-01", "mode": modes}
    )
    city = zurich.model_copy(update={"deployments": [own]})
    assert "zurich-pilot-driver-out" in catalogue.permits_for("zurich")
    return plan.model_copy(update={"cities": [*plan.cities[:3], city]})


def test_presets_are_the_plans_own(catalogue: Catalogue):
    made = _with_real_permits(catalogue)
    names = [preset["name"] for preset in presets(_levers(catalogue, [], made), _request([]))]
    assert names == [
        "Zurich slips six months",
        "Half the WeRide supply",
        "20 % less capital",
        "20 % more capital",
        "Promises come as late as nine in ten do",
        "Every permit takes its longest",
    ]


def test_every_type_of_constraint_can_be_edited_or_dropped():
    assert set(BY_TYPE) == set(CONSTRAINT_TYPES)
    shown = form_of({"id": "x", "type": "partner_share", "partner": "WeRide", "max_share": 0.6})
    assert [(field.name, value) for field, value in shown] == [("max_share", 60.0), ("start", None)]
    assert [kind.type for kind in KINDS if not kind.fields] == [
        "other_launches"
    ]  # a list, written in the request itself


def test_a_prefill_forbids_nobody_who_is_not_admitted(catalogue: Catalogue):
    found = _levers(catalogue, [])
    other = next(pair for pair in found.pairs if not pair.admitted)
    given = prefill(Given(forbid=[f"{other.city}:{other.stack}"], slip=["zurich:soon"]), found)
    assert not given.adds
    assert given.unknown == ["slip zurich:soon", f"forbid {other.city}:{other.stack}"]


# --- words ---


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (
            {},
            {"permit_durations": "max"},
            "Permits take as long as they may be, not as long as half of such promises take at most.",
        ),
        (
            {"capital": {"per_quarter_usd": 1e8, "cash_floor_usd": 2e8}},
            {"capital": {"per_quarter_usd": 1e8}},
            "Net cash since the start stops nowhere instead of at −$200 M.",
        ),
        ({"cities": ["zurich"]}, {"cities": ["zurich", "london"]}, "Zurich, London instead of Zurich."),
        (
            {},
            {"overrides": [{"figure": "zurich/city.toml#market.mean_fare_local", "factor": 0.9}]},
            "Zurich, mean fare, tax included: times 0.9.",
        ),
        (
            {},
            {"deployments": {"add": [{"stack": "weride-gxr", "city": "munich"}]}},
            "WeRide in Munich is admitted besides.",
        ),
        (
            {"constraints": [{"id": "n", "type": "launches_per_quarter", "max": 3}]},
            {"constraints": []},
            "No longer asked: at most 3 launches a quarter.",
        ),
    ],
)
def test_changes_are_told_as_people_say_them(catalogue: Catalogue, before: Any, after: Any, text: str):
    one, two = (parse_request({**BODY["request"], **part}) for part in (before, after))
    found = [told(change, Names(catalogue)).text for change in input_changes(one, two)]
    assert len(found) == 1
    assert found[0].endswith(text)


def test_a_name_stays_short(catalogue: Catalogue):
    two = _request([{"id": "late", "type": "permit_delay", "city": "zurich", "months": 6}])
    change = told(input_changes(_request([]), two)[0], Names(catalogue))
    assert changed_name("Plan", [change]) == "Plan · Zurich 6 months later"
    assert len(changed_name("x" * 80, [change] * 9)) <= 80
    assert changed_name("Plan", []) == "Plan"


def test_shares_read_well():
    assert share_words(1.25) == "125 % of"
