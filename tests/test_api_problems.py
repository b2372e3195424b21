"""Every refusal: its code is reached, and bad input is named in full."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from api import problems as p
from api.known import Known
from api.routes.new_city import EXAMPLE as NEW_CITY
from api.store.contract import NewPlan
from api.store.errors import StoreError, StoreFull
from fleetplan.catalogue.types import Catalogue
from fleetplan.plans.types import SCHEMA_VERSION
from fleetplan.service.types import CityService
from tests.api_support import BODY, FakeKnown, Running, running

JSON = {"Content-Type": "application/json"}
Case = Callable[[Running], Any]


def test_every_refusal_of_the_store_has_an_answer():
    refusals = {cls: cls("why") for cls in StoreError.__subclasses__()}
    assert set(p.OF_STORE) == set(refusals)
    told = {p.problem(p.of_store(error)).code for error in refusals.values()}
    posted = {"idempotency-clash", "queue-full", "plan-not-found", "plan-not-final"}
    assert told == posted | {"answer-damaged", "card-changed", "comments-full", "disk-full", "not-available"}
    assert all(p.of_store(error).detail == "why" for error in refusals.values())


@pytest.fixture
def service(tmp_path):
    with running(tmp_path) as started:
        yield started


def _raw(body: bytes, **headers: str) -> Case:
    return lambda s: s.client.post("/v1/plans", content=body, headers={**JSON, **headers})


def _with_key(scopes: list[str], call: Callable[[Running, dict[str, str]], Any]) -> Case:
    def run(s: Running) -> Any:
        key = s.store.add_key("test", scopes)
        s.service.guard._asked = float("-inf")
        return call(s, {"Authorization": f"Bearer {key}"})

    return run


def _clash(s: Running) -> Any:
    s.post(headers={"Idempotency-Key": "k"})
    return s.client.post("/v1/plans", json={**BODY, "options": {"seed": 9}}, headers={"Idempotency-Key": "k"})


def _full(s: Running) -> Any:
    s.store.queue_limit = 1
    s.post()
    return s.client.post("/v1/plans", json=BODY)


def _broken_store(s: Running) -> Any:
    def counts() -> dict[str, int]:
        msg = "gone"
        raise OSError(msg)

    s.store.counts = counts  # type: ignore[method-assign]
    return s.client.get("/ready")


def _damaged(s: Running) -> Any:
    plan = s.made()
    row = s.store.get(plan)
    assert row is not None
    assert row.answer_sha256 is not None
    s.store.files.path(row.answer_sha256).write_bytes(b"{}")
    return s.client.get(f"/v1/plans/{plan}/map")


def _no_room(s: Running) -> Any:
    def create(new: NewPlan) -> Any:
        raise StoreFull

    s.store.create = create  # type: ignore[method-assign]
    return s.client.post("/v1/plans", json=BODY)


def _slow(s: Running) -> Any:
    async def bounded(*_: Any) -> Any:
        raise p.TooSlow

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.middleware.Doorkeeper._bounded", bounded)
        return s.client.post("/v1/plans", json=BODY)


def _over_quota(s: Running) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(s.store, "stored_bytes", lambda: s.service.settings.max_store_bytes + 1)
        patch.setattr(s.store, "empty_bin", lambda _: 0)
        s.service.stored.forget()
        answered = s.client.post("/v1/plans", json=BODY)
    s.service.stored.forget()
    return answered


def _commented_full(s: Running) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.store.cards.MOST_COMMENTS", 0)
        return s.client.post(f"/v1/plans/{s.post()}/comments", json={"text": "one more"})


CASES: dict[str, Case] = {
    "store-limit": _over_quota,
    "comments-full": _commented_full,
    "card-changed": lambda s: s.client.patch(f"/v1/plans/{s.post()}/card", json={}, headers={"If-Match": '"9"'}),
    "comment-not-found": lambda s: s.client.delete(f"/v1/plans/{s.post()}/comments/none"),
    "answer-damaged": _damaged,
    "disk-full": _no_room,
    "too-slow": _slow,
    "malformed-json": _raw(b'{"request": '),
    "not-json": lambda s: s.client.post("/v1/plans", content=b"<xml/>", headers={"Content-Type": "text/xml"}),
    "body-too-large": _raw(b'"' + b"x" * 1_100_000 + b'"'),
    "key-missing": _with_key(["read"], lambda s, _: s.client.get("/v1/plans")),
    "key-unknown": _with_key(["read"], lambda s, _: s.client.get("/v1/plans", headers={"Authorization": "Bearer no"})),
    "scope-missing": _with_key(["read"], lambda s, key: s.client.post("/v1/plans", json=BODY, headers=key)),
    "cross-origin": lambda s: s.client.post(f"/v1/plans/{s.post()}/cancel", headers={"Origin": "https://example.org"}),
    "host-unknown": lambda s: s.client.get("/v1/plans", headers={"Host": "example.org"}),
    "not-found": lambda s: s.client.get("/v1/nothing"),
    "plan-not-found": lambda s: s.client.get("/v1/plans/plan_none"),
    "evaluation-not-found": lambda s: s.client.get(f"/v1/plans/{s.post()}/evaluations/evl_none"),
    "city-not-found": lambda s: s.client.get("/v1/cities/atlantis"),
    "partner-not-found": lambda s: s.client.get("/v1/partners/nobody"),
    "example-not-found": lambda s: s.client.get("/v1/examples/none"),
    "table-not-found": lambda s: s.client.get(f"/v1/plans/{s.made()}/tables/none"),
    "method-not-allowed": lambda s: s.client.put("/v1/plans"),
    "not-acceptable": lambda s: s.client.get(f"/v1/plans/{s.made()}/tables/cash", headers={"Accept": "image/png"}),
    "plan-not-ready": lambda s: s.client.get(f"/v1/plans/{s.post()}/map"),
    "plan-without-answer": lambda s: s.client.get(f"/v1/plans/{s.made('failed')}/tables/cash"),
    "plan-of-other-version": lambda s: s.client.get(f"/v1/plans/{s.made('old')}/tables/cash"),
    "plan-not-final": lambda s: s.client.delete(f"/v1/plans/{s.post()}"),
    "plan-final": lambda s: s.client.post(f"/v1/plans/{s.made()}/cancel"),
    "not-allowed": lambda s: s.client.post("/v1/cities/new", json={**NEW_CITY, "keep": True}),
    "simulation-not-found": lambda s: s.client.get(f"/v1/plans/{s.post()}/simulations/none"),
    "bad-request": lambda s: s.client.get("/v1/plans?limit=0"),
    "idempotency-clash": _clash,
    "queue-full": _full,
    "not-available": _broken_store,
}


@pytest.mark.parametrize("code", [k.code for k in p.KINDS.values() if k.code != "internal"])
def test_every_code_is_reached(service: Running, code: str):
    answered = CASES[code](service)
    told = answered.json()
    kind = next(k for k in p.KINDS.values() if k.code == code)
    assert answered.headers["content-type"] == "application/problem+json"
    assert (told["code"], told["status"], answered.status_code) == (code, kind.status, kind.status)
    assert told["request_id"] == answered.headers["x-request-id"]
    assert told["remedy"]
    assert all(name in answered.headers for name in kind.headers)


def test_a_bug_is_told_without_a_trace(tmp_path):
    class Broken(FakeKnown):
        def service(self, catalogue: Catalogue, city: str) -> CityService:
            msg = "secret inside"
            raise RuntimeError(msg)

    with running(tmp_path, known=Broken(), raises=False) as service:
        answered = service.client.get("/v1/cities/zurich/zones")
    assert (answered.status_code, answered.json()["code"]) == (500, "internal")
    assert "secret" not in answered.text
    assert isinstance(Broken(), Known)


def test_every_code_is_explained_in_the_guide(root):
    told = (root / "docs" / "api.md").read_text(encoding="utf-8")
    assert {k.code for k in p.KINDS.values()} <= set(re.findall(r"`([a-z-]+)`", told))
    assert f'`schema_version` is `"{SCHEMA_VERSION}"`' in told


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"", "empty"),
        (b"{", "line 1"),
        (b"\xff\xfe", "UTF-8"),
        (b'{"request": {"capital": {"per_quarter_usd": NaN}}}', "NaN"),
        (b'{"request": {"capital": {"per_quarter_usd": -Infinity}}}', "-Infinity"),
        (b'{"request": {"capital": {"per_quarter_usd": 1e999}}}', "too large a number"),
        (b'{"request": ' + b"9" * 5000 + b"}", "digits"),
        (b"[" * 100_000 + b"]" * 100_000, "nested deeper"),
        (b'{"a": ' * 40 + b"1" + b"}" * 40, "nested deeper"),
        (b'{"request": {}, "request": {}}', "twice"),
        (b'{"request": {"name": "\\ud800"}}', "surrogate"),
        (b'{"request": {"note": "\\u0000"}}', "NUL"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_a_body_that_is_no_strict_json_is_400(service: Running, body: bytes, what: str):
    answered = _raw(body)(service)
    assert (answered.status_code, answered.json()["code"]) == (400, "malformed-json")
    assert what in answered.json()["detail"]


def test_brackets_in_texts_are_no_nest(service: Running):
    note = '["' * 100 + '\\"]'
    body = {"request": {**BODY["request"], "note": note}}
    assert service.client.post("/v1/plans", json=body).status_code == 202


def test_every_fault_of_a_body_is_named_with_place_value_and_remedy(service: Running):
    body = {
        "request": {
            "name": 7,
            "capital": {"per_quarter_usd": -5},
            "horizon": {"months": 0, "start": "2027-13"},
            "objective": "joy",
            "surprise": True,
            "constraints": [{"id": "a", "type": "launch_by", "city": "zurich"}, {"id": "b", "type": "wish"}],
        },
        "options": {"gap": 2, "seed": "x"},
        "extra": None,
    }
    answered = service.client.post("/v1/plans", json=body)
    assert answered.status_code == 422
    faults = {f["pointer"]: f for f in answered.json()["errors"]}
    assert len(faults) == len(answered.json()["errors"])
    assert {
        "/request/name",
        "/request/capital/per_quarter_usd",
        "/request/horizon/months",
        "/request/horizon/start",
        "/request/objective",
        "/request/surprise",
        "/request/constraints/0/month",
        "/request/constraints/1/type",
        "/options/gap",
        "/options/seed",
        "/extra",
    } <= set(faults)
    assert faults["/request/objective"]["value"] == "joy"
    assert "npv" in faults["/request/objective"]["allowed"]
    assert faults["/request/surprise"]["remedy"]
    assert "launch_by" in faults["/request/constraints/1/type"]["allowed"]
    assert all(fault["allowed"] and fault["remedy"] for fault in faults.values())


def test_every_unknown_name_is_told_with_what_is_allowed(service: Running):
    asked = {**BODY["request"], "cities": ["zurich", "atlantis"], "stacks": ["nobody"]}
    asked["constraints"] = [{"id": "a", "type": "launch_by", "city": "mordor", "month": "2028-01"}]
    body = {"request": asked, "options": {"time_limit_s": 7200}}
    for address in ("/v1/plans", "/v1/validations"):
        errors = service.client.post(address, json=body).json()["errors"]
        faults = {f["pointer"]: f for f in errors}
        assert set(faults) == {
            "/request/cities/1",
            "/request/stacks/0",
            "/request/constraints/0/city",
            "/options/time_limit_s",
        }
        assert faults["/request/cities/1"]["value"] == "atlantis"
        assert "zurich" in faults["/request/cities/1"]["allowed"]


def test_faults_of_fields_names_months_and_options_come_together(service: Running):
    asked = {"capitol": 1, "cities": ["zurich", "atlantis"], "horizon": {"start": "2027-3"}}
    asked["constraints"] = [{"id": "a", "type": "launch_by", "city": "mordor"}]
    body = {"request": asked, "options": {"time_limit_s": 7200, "gap": "1%"}, "more": 1}
    for address in ("/v1/plans", "/v1/validations"):
        faults = {f["pointer"]: f["remedy"] for f in service.client.post(address, json=body).json()["errors"]}
        assert faults == {
            "/request/capitol": "did you mean capital?",
            "/request/capital": "add capital with per_quarter_usd below it",
            "/request/cities/1": "choose a city of the catalogue",
            "/request/horizon/start": "write 2027-03",
            "/request/constraints/0/month": "add month: 2027-03",
            "/request/constraints/0/city": "choose a city of the catalogue",
            "/options/gap": "write 0.01",
            "/options/time_limit_s": "ask for less time",
            "/more": "take it out",
        }


def test_faults_of_a_rerun_come_together(service: Running):
    patch = {"cities": ["atlantis"], "constraints": {"x": {"type": "fleet_cap"}, "none": None}}
    body = {"patch": patch, "options": {"freeze_until": "2050-01", "gap": 3}}
    told = service.client.post(f"/v1/plans/{service.made()}/reruns", json=body)
    assert told.status_code == 422
    assert {fault["pointer"] for fault in told.json()["errors"]} == {
        "/request/cities/0",
        "/request/constraints/0/vehicles",
        "/request/constraints/none",
        "/options/freeze_until",
        "/options/gap",
    }


@pytest.mark.parametrize("body", [[], 5, "x", {}, {"request": None}, {"request": []}, {"request": {}, "options": []}])
def test_a_body_of_another_shape_says_what_belongs_there(service: Running, body: Any):
    told = service.client.post("/v1/plans", json=body)
    assert told.status_code == 422
    assert all(fault["remedy"] for fault in told.json()["errors"])


def test_a_request_that_is_too_large_is_refused(tmp_path):
    with running(tmp_path, max_city_periods=10) as service:
        answered = service.client.post("/v1/plans", json=BODY)
    assert answered.status_code == 422
    assert answered.json()["errors"][0]["pointer"] == "/request/horizon"


@pytest.mark.timeout(30)  # looking up thousands of names with near misses takes minutes
def test_long_lists_of_names_are_refused_before_they_are_looked_up(service: Running):
    asked = {**BODY["request"], "cities": [f"city{n}" for n in range(5000)]}
    told = service.client.post("/v1/plans", json={"request": asked, "options": {"time_limit_s": 7200}}).json()
    assert {f["pointer"] for f in told["errors"]} == {"/request/cities", "/options/time_limit_s"}


@pytest.mark.parametrize(
    "body", [b'{"a":1,' * 1 + b'"a":1,' * 40_000 + b'"a":1}', b'"' + b'\\"' * 120_000, b"[]," * 80_000]
)
@pytest.mark.timeout(30)
def test_bodies_made_to_be_slow_are_not(service: Running, body: bytes):
    assert _raw(body)(service).json()["code"] == "malformed-json"


def test_thousands_of_faults_are_cut_short(service: Running):
    odd = {"id": "a", "type": "stacks_per_city", **{f"field{n}": n for n in range(50)}}
    told = service.client.post("/v1/plans", json={"request": {**BODY["request"], "constraints": [odd] * 100}}).json()
    assert len(told["errors"]) == 200
    assert "5199 faults; the first 200 are listed" in told["detail"]


def test_a_body_without_a_length_is_cut_off_too(service: Running):
    def chunks():
        for _ in range(20):
            yield b" " * 100_000

    answered = service.client.post("/v1/plans", content=chunks(), headers=JSON)
    assert answered.json()["code"] == "body-too-large"


def test_problems_survive_json(service: Running):
    answered = _raw(json.dumps({"request": {"name": "x" * 5000}}).encode())(service)
    assert all(len(str(f["value"])) < 300 for f in answered.json()["errors"])
