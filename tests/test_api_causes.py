"""Causes over HTTP: read from stored plans with one change alone, asked for as ordinary reruns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.causes import CauseSearch
from api.deps import answer_of
from api.store.contract import PlanRow
from fleetplan.request import parse_request
from fleetplan.words.changes import LONGEST_NAME
from tests.api_support import BODY, CLASHES, Running, answer, running

LESS = {"capital": {"per_quarter_usd": 100e6}}
DEARER = {"discount_rate": 0.2}
BOTH = {**LESS, **DEARER}
WORTH = {"/capital/per_quarter_usd": -10e6, "/discount_rate": -3e6}
TOGETHER = -1e6


@pytest.fixture
def service(tmp_path):
    with running(tmp_path) as started:
        yield started


def answer_to(row: PlanRow) -> bytes:
    """Return a plan of a row's own request: less capital moves Zurich's launch, both changes lose a million beyond."""
    plan = json.loads(answer())
    request = parse_request(dict(row.request))
    poor, dear = request.capital.per_quarter_usd != 125e6, request.discount_rate > 0.1
    plan["request"] = request.model_dump(mode="json")
    plan["objective"] += (
        poor * WORTH["/capital/per_quarter_usd"] + dear * WORTH["/discount_rate"] + (poor and dear) * TOGETHER
    )
    if poor:
        plan["cities"][3]["deployments"][0]["launch"] = "2029-01"
    if poor and dear:
        plan["cities"][1]["deployments"][0]["launch"] = "2030-01"
    return json.dumps(plan).encode()


def end(service: Running, plan: str) -> None:
    """End a plan with its own answer."""
    service.runner.begin(plan)
    row = service.store.get(plan)
    assert row is not None
    service.store.finish(plan, "succeeded", answer=answer_to(row))


def made(service: Running, body: Any = None) -> str:
    plan = service.post(body)
    end(service, plan)
    return plan


def rerun(service: Running, parent: str, patch: dict[str, Any], options: dict[str, Any] | None = None) -> str:
    body = {"patch": patch, "options": options or {}}
    answered = service.client.post(f"/v1/plans/{parent}/reruns", json=body)
    assert answered.status_code == 202, answered.text
    return str(answered.json()["id"])


def rerun_made(service: Running, parent: str, patch: dict[str, Any], options: dict[str, Any] | None = None) -> str:
    plan = rerun(service, parent, patch, options)
    end(service, plan)
    return plan


def causes(service: Running, a: str, b: str) -> dict[str, Any]:
    answered = service.client.get(f"/v1/plans/{a}/comparison", params={"with": b})
    assert answered.status_code == 200, answered.text
    told: dict[str, Any] = answered.json()["causes"]
    return told


def ask(client: TestClient, call: dict[str, Any]) -> str:
    """Post what an answer says to post."""
    key = {"Idempotency-Key": call["idempotency_key"]}
    answered = client.post(call["href"], json=call["body"], headers=key)
    assert answered.status_code == 202, answered.text
    return str(answered.json()["id"])


def states(told: dict[str, Any]) -> dict[str, str]:
    return {change["pointer"]: change["state"] for change in told["changes"]}


def test_a_single_change_is_known_at_once(service: Running):
    a = made(service)
    b = rerun_made(service, a, {**LESS, "name": "another name moves nothing"})
    told = causes(service, a, b)
    assert told["state"] == "complete"
    (change,) = told["changes"]
    assert (change["pointer"], change["state"], change["plan"], change["rerun"]) == (
        "/capital/per_quarter_usd",
        "known",
        b,
        None,
    )
    assert told["known"]["interaction_usd"] == 0.0
    assert {move["id"]: move["causes"] for move in told["known"]["moves"]} == {
        told["known"]["moves"][0]["id"]: ["/capital/per_quarter_usd"]
    }
    assert service.runner.enqueued == [a, b]


def test_plans_that_were_asked_the_same_have_no_causes(service: Running):
    a = made(service)
    told = causes(service, a, a)
    assert (told["state"], told["changes"], told["known"]["alone"]) == ("complete", [], [])


def test_two_changes_are_known_once_their_reruns_are_posted_and_made(service: Running):
    a = made(service)
    b = rerun_made(service, a, BOTH)
    told = causes(service, a, b)
    assert (told["state"], told["known"]) == ("none", None)
    assert states(told) == {"/capital/per_quarter_usd": "missing", "/discount_rate": "missing"}

    first, second = (ask(service.client, change["rerun"]) for change in told["changes"])
    told = causes(service, a, b)
    assert told["state"] == "running"
    assert [(c["state"], c["plan"], c["rerun"]) for c in told["changes"]] == [
        ("queued", first, None),
        ("queued", second, None),
    ]

    end(service, first)
    told = causes(service, a, b)
    assert (told["state"], states(told)["/capital/per_quarter_usd"]) == ("running", "known")
    assert told["known"]["interaction_usd"] is None
    assert {m["because"] for m in told["known"]["moves"] if not m["causes"]} == {"Not known yet."}
    assert not any(move["joint"] for move in told["known"]["moves"])

    end(service, second)
    told = causes(service, a, b)
    assert (told["state"], set(states(told).values())) == ("complete", {"known"})
    known = told["known"]
    assert {e["pointer"]: e["npv_difference_usd"] for e in known["alone"]} == pytest.approx(WORTH)
    assert known["interaction_usd"] == pytest.approx(TOGETHER)
    moves = {move["id"]: (move["causes"], move["joint"]) for move in known["moves"]}
    assert sorted(moves.values()) == [([], True), (["/capital/per_quarter_usd"], False)]


def test_what_becomes_known_changes_the_etag_and_nothing_else_does(service: Running):
    a = made(service)
    b = rerun_made(service, a, BOTH)
    address = f"/v1/plans/{a}/comparison"

    def get(tag: str = "") -> tuple[int, str]:
        answered = service.client.get(address, params={"with": b}, headers={"If-None-Match": tag} if tag else {})
        return answered.status_code, answered.headers["etag"]

    _, before = get()
    assert get(before) == (304, before)
    rerun_made(service, a, {"cities": ["zurich"]})  # another rerun, which is no cause here
    assert get(before) == (304, before)
    plan = rerun(service, a, LESS)
    seen = [before]
    for step in (lambda: None, lambda: service.runner.begin(plan), lambda: end_begun(service, plan)):
        step()
        status, tag = get(seen[-1])
        assert status == 200
        assert tag not in seen
        seen.append(tag)
    service.store.delete(plan)
    assert get(seen[-1]) == (200, before)


def end_begun(service: Running, plan: str) -> None:
    row = service.store.get(plan)
    assert row is not None
    service.store.finish(plan, "succeeded", answer=answer_to(row))


def test_a_change_that_has_no_plan_alone_is_a_finding(service: Running):
    a = made(service)
    b = rerun_made(service, a, BOTH)
    for change in causes(service, a, b)["changes"]:
        plan = ask(service.client, change["rerun"])
        if change["pointer"] == "/discount_rate":
            end(service, plan)
        else:
            service.runner.end(plan, "infeasible")
    told = causes(service, a, b)
    assert told["state"] == "complete"
    alone = {e["pointer"]: e for e in told["known"]["alone"]}["/capital/per_quarter_usd"]
    assert alone["npv_usd"] is None
    assert alone["note"] == f"No plan keeps every rule with this change alone. {CLASHES[0].sentence}"
    assert told["known"]["interaction_usd"] is None
    assert any(CLASHES[0].sentence in sentence for sentence in told["known"]["sentences"])


def test_a_change_that_alone_makes_no_valid_request_needs_no_plan(service: Running):
    a = made(service)
    pair = {"cities": ["madrid"], "exclude_cities": ["zurich", "munich"]}
    b = rerun_made(service, a, pair)
    told = causes(service, a, b)
    assert states(told) == {"/cities": "missing", "/exclude_cities": "known"}
    assert told["state"] == "partial"
    assert "This change alone makes no valid request" in told["known"]["alone"][0]["note"]


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_a_cause_that_ended_without_a_finding_can_be_asked_for_anew(service: Running, outcome: str):
    a = made(service)
    b = rerun_made(service, a, BOTH)
    call = causes(service, a, b)["changes"][0]["rerun"]
    plan = ask(service.client, call)
    if outcome == "failed":
        service.runner.end(plan, "failed")
    else:
        service.store.request_cancel(plan)
    told = causes(service, a, b)
    change = told["changes"][0]
    assert (told["state"], change["state"], change["plan"]) == ("none", outcome, plan)
    again = ask(service.client, change["rerun"])
    assert again != plan
    end(service, again)
    assert causes(service, a, b)["changes"][0]["plan"] == again


def test_two_clients_that_ask_for_a_cause_make_one_plan(service: Running):
    a = made(service)
    b = rerun_made(service, a, BOTH)
    call = causes(service, a, b)["changes"][0]["rerun"]
    assert len({ask(service.client, call) for _ in range(3)}) == 1


def test_more_than_six_changes_are_too_many(service: Running):
    a = made(service)
    many = {f"c{i}": {"type": "fleet_cap", "vehicles": 100 + i} for i in range(7)}
    told = causes(service, a, rerun_made(service, a, {"constraints": many}))
    assert told == {"state": "too_many", "changes": [], "known": None}


def test_causes_need_not_be_between_parent_and_child(service: Running):
    a = made(service)
    middle = rerun_made(service, a, LESS)
    kept = {"freeze_until": "2027-06", "change_price_usd": 1e6, "gap": 0.02}
    b = rerun_made(service, middle, DEARER, kept)
    told = causes(service, a, b)
    # The middle plan was asked for with another gap: it is no effect that this plan may be compared with.
    assert states(told) == {"/capital/per_quarter_usd": "missing", "/discount_rate": "missing"}
    options = told["changes"][0]["rerun"]["body"]["options"]
    assert (options["gap"], options["freeze_until"], options["change_price_usd"]) == (0.02, None, None)
    stranger = made(service, {"request": {**BODY["request"], **BOTH, "name": "stranger"}})
    told = causes(service, a, stranger)
    assert states(told) == {"/capital/per_quarter_usd": "known", "/discount_rate": "missing"}
    assert told["changes"][0]["plan"] == middle


def test_causes_keep_what_the_later_plan_kept(service: Running):
    a = made(service)
    kept = {"freeze_until": "2027-06", "change_price_usd": 1e6, "seed": 3, "time_limit_s": 33.0}
    b = rerun_made(service, a, BOTH, kept)
    free = rerun_made(service, a, LESS)
    calls = [change["rerun"] for change in causes(service, a, b)["changes"]]
    assert all(call["body"]["options"] == {**kept, "gap": 0.01, "node_limit": None} for call in calls)
    slower = {**kept, "time_limit_s": 99.0}
    found = rerun_made(service, a, LESS, slower)
    change = causes(service, a, b)["changes"][0]
    assert (change["state"], change["plan"]) == ("known", found)
    assert found != free


def test_a_cause_is_named_for_what_it_tries(service: Running):
    a = made(service, {"request": {**BODY["request"], "name": "x" * 80}})
    b = rerun_made(service, a, BOTH)
    for change in causes(service, a, b)["changes"]:
        name = change["rerun"]["body"]["patch"]["name"]
        assert "… · only: " in name
        assert len(name) <= LONGEST_NAME
        ask(service.client, change["rerun"])


def test_one_change_alone_added_to_the_others_is_the_later_request(service: Running):
    a = made(service)
    b = rerun_made(service, a, BOTH)
    patch: dict[str, Any] = {}
    for change in causes(service, a, b)["changes"]:
        patch |= {k: v for k, v in change["rerun"]["body"]["patch"].items() if k != "name"}
    assert patch == BOTH


def test_a_rerun_that_this_version_cannot_read_is_passed_over(service: Running):
    a = made(service)
    b = rerun_made(service, a, BOTH)
    rows = {plan: service.store.get(plan) for plan in (a, b)}
    assert all(rows.values())
    old = service.store.page(limit=1, after=None, parent=a)[0]
    object.__setattr__(old, "request", {"from": "long ago"})

    class Old:
        def __getattr__(self, name: str) -> Any:
            return (lambda **_: [old]) if name == "page" else getattr(service.store, name)

    held: Any = Old()
    changed = service.service.__class__(
        service.service.settings, held, lambda _: None, service.service.known, service.service.guard
    )
    first, second = (answer_of(changed, row) for row in rows.values() if row is not None)
    assert CauseSearch(changed, first, second).answer().state == "none"
