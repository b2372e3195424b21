"""Posting, listing, reading, cancelling, deleting and rerunning plans over HTTP."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.api_support import BODY, CLASHES, Running, running


@pytest.fixture
def service(tmp_path):
    with running(tmp_path) as started:
        yield started


def test_a_posted_plan_is_stored_before_the_answer_and_has_an_address(service: Running):
    answered = service.client.post("/v1/plans", json=BODY)
    assert answered.status_code == 202
    told = answered.json()
    assert answered.headers["location"] == f"/v1/plans/{told['id']}" == told["links"]["self"]
    assert int(answered.headers["retry-after"]) >= 1
    assert told["state"] == "queued"
    assert service.store.get(told["id"]) is not None
    assert service.runner.enqueued == [told["id"]]


def test_a_finished_plan_tells_its_figures_as_money(service: Running):
    told = service.client.get(f"/v1/plans/{service.made()}").json()
    assert told["state"] == "succeeded"
    assert told["has_answer"]
    assert told["objective"]["currency"] == "USD"
    assert float(told["objective"]["amount"]) <= float(told["bound"]["amount"])
    assert told["kpis"]["cities_live"] == 3
    assert told["finished_at"] >= told["started_at"] >= told["created_at"]


def test_prefer_wait_answers_200_once_the_plan_has_ended(tmp_path):
    with running(tmp_path, outcome="succeeded") as service:
        answered = service.client.post("/v1/plans", json=BODY, headers={"Prefer": "respond-async, wait=5"})
    assert answered.status_code == 200
    assert answered.headers["preference-applied"] == "wait=5"
    assert answered.json()["state"] == "succeeded"


def test_prefer_wait_gives_up_in_time(service: Running):
    answered = service.client.post("/v1/plans", json=BODY, headers={"Prefer": "wait=0"})
    assert answered.status_code == 202


def test_equal_posts_with_one_key_are_one_plan(service: Running):
    def post(_: int) -> tuple[str, str | None]:
        answered = service.client.post("/v1/plans", json=BODY, headers={"Idempotency-Key": '"once"'})
        assert answered.status_code == 202
        return answered.json()["id"], answered.headers.get("idempotency-replayed")

    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(post, range(20)))
    assert len({plan for plan, _ in told}) == 1
    assert sum(replayed is None for _, replayed in told) == 1
    assert len(service.runner.enqueued) == 1


def test_a_key_with_another_body_is_refused(service: Running):
    service.post(headers={"Idempotency-Key": "once"})
    other = {**BODY, "options": {"seed": 1}}
    answered = service.client.post("/v1/plans", json=other, headers={"Idempotency-Key": "once"})
    assert (answered.status_code, answered.json()["code"]) == (422, "idempotency-clash")


def test_pages_follow_each_other_newest_first(service: Running):
    plans = [service.post() for _ in range(5)]
    seen: list[str] = []
    address: str | None = "/v1/plans?limit=2"
    while address:
        answered = service.client.get(address)
        seen += [row["id"] for row in answered.json()["plans"]]
        address = answered.json()["next"]
        assert ("link" in answered.headers) == (address is not None)
    assert seen == plans[::-1]


def test_filters_hold_by_state_city_and_parent(service: Running):
    done = service.made()
    child = service.client.post(f"/v1/plans/{done}/reruns", json={"patch": {"cities": ["zurich"]}}).json()["id"]

    def ids(query: str) -> list[str]:
        return [row["id"] for row in service.client.get(f"/v1/plans?{query}").json()["plans"]]

    assert ids("state=succeeded") == [done]
    assert ids("city=munich") == [done]
    assert ids(f"parent={done}") == [child]


def test_an_unchanged_plan_is_304_and_a_moved_one_is_not(service: Running):
    plan = service.post()
    first = service.client.get(f"/v1/plans/{plan}")
    tag = first.headers["etag"]
    assert service.client.get(f"/v1/plans/{plan}", headers={"If-None-Match": tag}).status_code == 304
    service.runner.end(plan)
    again = service.client.get(f"/v1/plans/{plan}", headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert "retry-after" not in again.headers
    tags = f'"other", {again.headers["etag"]}'
    assert service.client.get(f"/v1/plans/{plan}", headers={"If-None-Match": tags}).status_code == 304


def test_a_large_answer_is_zipped_for_those_who_take_it(service: Running):
    plan = service.made()
    zipped = service.client.get(f"/v1/plans/{plan}", headers={"Accept-Encoding": "gzip"})
    plain = service.client.get(f"/v1/plans/{plan}", headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.json() == plain.json()


def test_a_queued_plan_is_cancelled_at_once_and_cancelling_is_safe_to_repeat(service: Running):
    plan = service.post()
    for _ in range(2):
        answered = service.client.post(f"/v1/plans/{plan}/cancel")
        assert (answered.status_code, answered.json()["state"]) == (202, "cancelled")


def test_a_running_plan_is_asked_to_stop(service: Running):
    plan = service.post()
    service.runner.begin(plan)
    told = service.client.post(f"/v1/plans/{plan}/cancel").json()
    assert (told["state"], told["cancel_requested"]) == ("running", True)


def test_a_final_plan_cannot_be_cancelled(service: Running):
    answered = service.client.post(f"/v1/plans/{service.made()}/cancel")
    assert (answered.status_code, answered.json()["code"]) == (409, "plan-final")


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("queued", 202),
        ("running", 202),
        ("stopping", 202),
        ("cancelled", 202),
        ("succeeded", 409),
        ("infeasible", 409),
        ("failed", 409),
    ],
)
def test_cancel_answers_in_every_state(service: Running, state: str, status: int):
    plan = service.post()
    if state in {"running", "stopping"}:
        service.runner.begin(plan)
    elif state not in {"queued", "cancelled"}:
        service.runner.end(plan, state)
    if state in {"stopping", "cancelled"}:
        service.client.post(f"/v1/plans/{plan}/cancel")
    before = service.client.get(f"/v1/plans/{plan}").json()
    assert service.client.post(f"/v1/plans/{plan}/cancel").status_code == status
    if state not in {"queued", "running"}:
        assert service.client.get(f"/v1/plans/{plan}").json() == before


def test_a_final_plan_is_deleted_for_good(service: Running):
    plan = service.made()
    service.client.get(f"/v1/plans/{plan}")
    assert service.client.delete(f"/v1/plans/{plan}").status_code == 204
    assert service.client.get(f"/v1/plans/{plan}").status_code == 404
    assert service.client.delete(f"/v1/plans/{plan}").status_code == 404


def test_a_plan_in_the_making_cannot_be_deleted(service: Running):
    answered = service.client.delete(f"/v1/plans/{service.post()}")
    assert (answered.status_code, answered.json()["code"]) == (409, "plan-not-final")


def test_a_rerun_keeps_its_lineage_and_merges_the_patch(service: Running):
    parent = service.made()
    patch = {"capital": {"per_quarter_usd": 50e6}}
    options = {"freeze_until": "2027-06", "change_price_usd": 1e6}
    answered = service.client.post(f"/v1/plans/{parent}/reruns", json={"patch": patch, "options": options})
    told = answered.json()
    assert answered.status_code == 202
    assert (told["parent"], told["origin"], told["patch"]) == (parent, parent, patch)
    assert told["request"]["capital"]["per_quarter_usd"] == 50e6
    assert told["request"]["cities"] == BODY["request"]["cities"]
    assert told["options"]["freeze_until"] == "2027-06"


def test_a_rerun_waits_for_its_parent_and_keeps_nothing_of_one_without_a_plan(service: Running):
    def post(parent: str, options: dict[str, Any]) -> tuple[int, str | None]:
        answered = service.client.post(f"/v1/plans/{parent}/reruns", json={"patch": {}, "options": options})
        return answered.status_code, answered.json().get("code")

    assert post(service.post(), {}) == (409, "plan-not-ready")
    infeasible = service.made("infeasible")
    assert post(infeasible, {"freeze_until": "2027-06"}) == (409, "plan-without-answer")
    assert post(infeasible, {}) == (202, None)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"patch": {"capital": {"per_quarter_usd": -1}}}, "/request/capital/per_quarter_usd"),
        ({"patch": {"constraints": {"nothing": {"max": 1}}}}, "/request/constraints/0/type"),
        ({"patch": {"cities": ["atlantis"]}}, "/request/cities/0"),
        ({"patch": {}, "options": {"freeze_until": "1999-01"}}, "/options/freeze_until"),
        ({"patch": {}, "options": {"weigh": {"city": "zurch"}, "node_limit": 400}}, "/options/weigh/city"),
        ({"patch": {}, "options": {"weigh": {"stack": "nobody"}, "node_limit": 400}}, "/options/weigh/stack"),
        ({"patch": {}, "options": {"time_limit_s": 80_000}}, "/options/time_limit_s"),
    ],
)
def test_a_bad_rerun_names_the_place(service: Running, body: dict[str, Any], pointer: str):
    answered = service.client.post(f"/v1/plans/{service.made()}/reruns", json=body)
    assert answered.status_code == 422
    assert pointer in [fault["pointer"] for fault in answered.json()["errors"]]


def test_a_plan_is_followed_to_its_end_and_resumed_without_a_gap(service: Running):
    plan = service.made()
    whole = _events(service, plan)
    assert [e["id"] for e in whole] == list(range(1, len(whole) + 1))
    assert whole[-1]["data"]["state"] == "succeeded"
    assert {"state", "phase", "incumbent", "verdict"} <= {e["event"] for e in whole}
    assert _events(service, plan, {"Last-Event-ID": "3"}) == whole[3:]
    past = service.client.get(f"/v1/plans/{plan}/events", headers={"Last-Event-ID": str(len(whole))})
    assert past.status_code == 204


def test_a_stream_opened_in_mid_solve_misses_nothing(tmp_path):
    with running(tmp_path, heartbeat_s=0.05) as service, ThreadPoolExecutor(1) as pool:
        plan = service.post()
        service.runner.begin(plan)
        seen = pool.submit(service.client.get, f"/v1/plans/{plan}/events", headers={"Last-Event-ID": "2"})
        for value in range(20):
            service.store.add_event(plan, "bound", {"bound_usd": float(value)})
            time.sleep(0.02)
        time.sleep(1.0)  # twenty times the heartbeat
        service.store.finish(
            plan, "infeasible", problem={"code": "infeasible", "clashes": [c.model_dump() for c in CLASHES]}
        )
        text = seen.result(timeout=20).text
    assert [e["id"] for e in _parsed(text)] == list(range(3, 27))
    assert ": ping" in text


def test_only_so_many_streams_are_open_at_once(tmp_path):
    with running(tmp_path, max_streams=1) as service:
        plan = service.made()
        service.service.streams.add(object())
        answered = service.client.get(f"/v1/plans/{plan}/events")
    assert (answered.status_code, answered.json()["code"]) == (503, "not-available")


TOO_SOON = {"id": "soon", "type": "launch_by", "city": "munich", "month": "2027-02"}


def test_what_permits_rule_out_ends_when_it_is_posted_and_repairs_follow(tmp_path):
    with running(tmp_path) as service:
        body = {**BODY, "request": {**BODY["request"], "constraints": [TOO_SOON]}}
        answered = service.client.post("/v1/plans", json=body, headers={"Idempotency-Key": "once"})
        told, plan = answered.json(), answered.json()["id"]
        assert (answered.status_code, told["state"], told["phase"]) == (200, "infeasible", "mending")
        assert service.post(body, headers={"Idempotency-Key": "once"}) == plan
        first = service.client.get(f"/v1/plans/{plan}/explanation").json()
        assert [party["constraint"] for party in first["clashes"][0]["parties"]] == ["soon"]
        assert (first["mending"], first["repairs"]) == (True, [])
        assert [e["event"] for e in _events(service, plan)] == ["state", "verdict", "state"]
        assert service.runner.enqueued == [plan]
        assert service.store.mend(plan, {**told["problem"], "mending": False, "searched": True})
        assert not service.store.mend(plan, {})
        second = service.client.get(f"/v1/plans/{plan}/explanation").json()
        assert (second["mending"], second["clashes"]) == (False, first["clashes"])


def test_a_rerun_that_permits_rule_out_ends_at_once_too_but_not_what_it_keeps(tmp_path):
    with running(tmp_path) as service:
        parent = service.made()
        body: dict[str, Any] = {"patch": {"constraints": {"soon": TOO_SOON}}}
        ended = service.client.post(f"/v1/plans/{parent}/reruns", json=body)
        kept = service.client.post(f"/v1/plans/{parent}/reruns", json=body | {"options": {"freeze_until": "2027-06"}})
    assert (ended.json()["state"], ended.json()["parent"]) == ("infeasible", parent)
    assert kept.json()["state"] == "queued"


def _events(service: Running, plan: str, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    answered = service.client.get(f"/v1/plans/{plan}/events", headers=headers or {})
    assert answered.headers["content-type"].startswith("text/event-stream")
    return _parsed(answered.text)


def _parsed(text: str) -> list[dict[str, Any]]:
    found = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append({"id": int(fields["id"]), "event": fields["event"], "data": json.loads(fields["data"])})
    return found
