"""A scenario set over HTTP and in the browser: plans are asked for step by step, stored, and weighed from the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetplan.plans.files import plan_text, sealed
from fleetplan.plans.types import Plan
from fleetplan.request import parse_request
from fleetplan.reruns.commit import PRICED
from tests.api_support import Running, running
from tests.jobs_support import patient, service_on
from tests.pages_support import page_at, words_of
from tests.recourse_support import solved_late
from tests.test_doubt_service import Tiny
from tests.worker_process import WorkerProcess, until


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("recourse"), known=Tiny()) as started:
        yield started


@pytest.fixture
def plan(service: Running) -> str:
    own = solved_late()[0].plan
    made = service.post({"request": own.request.model_dump(mode="json"), "options": {"time_limit_s": 30, "gap": 0.001}})
    finish(service, made, own)
    return made


def finish(service: Running, made: str, plan: Plan | None) -> None:
    service.store.start(made, "tester")
    if plan is None:
        service.store.finish(made, "infeasible", problem={"code": "infeasible", "clashes": []})
    else:
        service.store.finish(made, "succeeded", answer=plan_text(plan).encode())


def told(service: Running, plan: str, **asked: Any) -> dict[str, Any]:
    answered = service.client.get(f"/v1/plans/{plan}/recourse", params=asked)
    assert answered.status_code == 200, answered.text
    return dict(answered.json())


def posted(service: Running, call: dict[str, Any]) -> str:
    key = {"Idempotency-Key": call["idempotency_key"]}
    answered = service.client.post(call["href"], json=call["body"], headers=key)
    assert answered.status_code == 202, answered.text
    return str(answered.json()["id"])


def stepped(service: Running, plan: str, plans: dict[str, Plan]) -> dict[str, Any]:
    """Post what is to be posted, end each with the plan of its scenario, and ask again."""
    for call in told(service, plan)["reruns"]:
        scenario = call["body"]["patch"]["name"].split("scenario ")[1].split(",")[0]
        finish(service, posted(service, call), plans.get(scenario))
    return told(service, plan)


def test_plans_are_asked_for_until_a_policy_is_good_enough(
    service: Running, plan: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.recourse.ENOUGH", 0.05)
    solved, _ = solved_late()
    first = told(service, plan)
    assert (first["state"], first["made"], first["asked"]) == ("missing", 0, 3)
    assert first["recourse"] is None
    assert "8 months later than promised" in " ".join(first["scenarios"][1]["sentences"])
    assert first["reruns"][0]["body"]["options"].get("commit") is None
    before = words_of(page_at(service, f"/plans/{plan}/recourse"))
    assert "Each scenario as though it were known: 0 of 3 plans are stored" in before

    queued = posted(service, first["reruns"][0])
    assert told(service, plan)["state"] == "missing"
    finish(service, queued, solved.perfect["kept"])
    second = stepped(service, plan, dict(solved.perfect))
    assert second["step"] == "Decided for all: what the plan itself decides"
    assert {call["body"]["options"]["commit"]["until"] for call in second["reruns"]} == {"2027-07"}

    known = stepped(service, plan, dict(solved.followed["plan"]))
    assert (known["state"], known["reruns"]) == ("known", [])
    found = known["recourse"]
    assert found["best"] == "plan"
    own = next(policy for policy in solved.recourse.policies if policy.name == "plan")
    assert found["policies"][0]["expected_usd"] == pytest.approx(own.expected_usd)
    assert found["gap"] <= 0.05
    assert all(scenario["plan"] for scenario in known["scenarios"])
    page = words_of(page_at(service, f"/plans/{plan}/recourse"))
    assert "Decided for all, before Jul 2027" in page
    assert "opens in every scenario" in page
    assert "Plan through the scenarios" not in page

    def unread(*_: Any) -> None:
        msg = "a plan was opened for an answer that is kept"
        raise AssertionError(msg)

    with monkeypatch.context() as patch:
        patch.setattr("api.recourse.answer_of", unread)
        assert told(service, plan) == known
    another = posted(service, {**first["reruns"][0], "idempotency_key": "again"})
    finish(service, another, solved.perfect["kept"])
    anew = told(service, plan)
    assert anew["recourse"] == known["recourse"]
    assert anew["scenarios"][0]["known_plan"] == another, "weighed anew: a rerun came to those of the plan"
    assert len(service.store.findings(plan)) == 2


def test_where_no_policy_is_near_its_bound_prices_are_asked_for(
    service: Running, plan: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.recourse.ENOUGH", 0.0)
    solved, _ = solved_late()
    stepped(service, plan, dict(solved.perfect))
    stepped(service, plan, dict(solved.followed["plan"]))
    waiting = told(service, plan)
    while waiting["step"].startswith("Decided for all"):
        waiting = stepped(service, plan, {})
    assert waiting["step"] == "A bound by prices on what is common"
    prices = [call["body"]["options"]["prices"] for call in waiting["reruns"]]
    assert all(one["until"] == "2027-07" for one in prices)
    assert "programme" in {one["what"] for each in prices for one in each["prices"]} <= PRICED
    chances = [0.5, 0.3, 0.2]
    by_price: dict[tuple[str, str, str], float] = {}
    for chance, each in zip(chances, prices, strict=True):
        for one in each["prices"]:
            key = (one["what"], str(one["stack"]), one["month"])
            by_price[key] = by_price.get(key, 0.0) + chance * one["usd"]
    assert max(abs(usd) for usd in by_price.values()) < 1.0
    at_prices = {name: bounded(one, one.bound - 1e5) for name, one in solved.perfect.items()}
    after = stepped(service, plan, at_prices)
    assert after["recourse"]["bound_by"] == "prices"
    assert after["recourse"]["bound_usd"] == pytest.approx(solved_bound(solved.perfect) - 1e5, abs=10.0)


def bounded(plan: Plan, usd: float) -> Plan:
    """Return a plan that says to have proven so much at prices."""
    method = plan.certificate.method.model_copy(update={"weighed_bound_usd": usd, "priced_until": "2027-07"})
    return sealed(plan.model_copy(update={"certificate": plan.certificate.model_copy(update={"method": method})}))


def solved_bound(perfect: Any) -> float:
    return float(sum(p * perfect[name].bound for p, name in ((0.5, "kept"), (0.3, "late"), (0.2, "stopped"))))


def test_a_run_whose_worker_is_killed_in_the_middle_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.recourse.ENOUGH", 10.0)
    solved, answers = solved_late()[0], {}
    for scenario, plan in solved.perfect.items():
        file = tmp_path / f"{scenario}.json"
        file.write_text(plan_text(plan), encoding="utf-8")
        answers[f"scenario {scenario}"] = str(file)
    own, note = (
        solved.plan,
        json.dumps({"answers": answers, "seconds": 60.0, "again": 0.0, "log": str(tmp_path / "starts")}),
    )
    with running(tmp_path, known=Tiny()) as http, service_on(None, tmp_path) as jobs:
        parent = http.post({"request": {**own.request.model_dump(mode="json"), "note": note}})
        finish(http, parent, own)
        made = [posted(http, call) for call in told(http, parent)["reruns"]]
        first = jobs.worker(patient(jobs.config))
        for one in made:
            jobs.queue.enqueue(one)
        until(lambda: len(jobs.children()) > 1 and any(jobs.solving(one) for one in made))
        first.kill()
        assert told(http, parent)["state"] == "running", "what was killed is neither lost nor known"
        with WorkerProcess(patient(jobs.config)):
            assert {jobs.finished(one).state for one in made} == {"succeeded"}
            second = told(http, parent)
            assert second["step"] == "Decided for all: what the plan itself decides"
            within = [posted(http, call) for call in second["reruns"]]
            for one in within:
                jobs.queue.enqueue(one)
            assert {jobs.finished(one).state for one in within} == {"succeeded"}
        known = told(http, parent)
        assert (known["state"], known["recourse"]["best"], known["reruns"]) == ("known", "plan", [])
        assert (len(made), len(within)) == (3, 2), "one scenario decides the same when it is known"
        assert all(jobs.states(one).count("succeeded") == 1 for one in (*made, *within))
        assert {one for scenario in known["scenarios"] for one in (scenario["known_plan"], scenario["plan"])} == {
            *made,
            *within,
        }


def test_a_scenario_without_a_plan_is_a_finding_and_an_unknown_set_is_refused(service: Running, plan: str):
    solved, _ = solved_late()
    found = stepped(service, plan, {k: v for k, v in solved.perfect.items() if k != "late"})
    assert found["state"] == "known"
    assert found["sentences"] == ["No plan keeps every rule of the request in scenario late."]
    assert "in scenario late" in words_of(page_at(service, f"/plans/{plan}/recourse?set=late"))
    assert service.client.get(f"/v1/plans/{plan}/recourse?set=other").status_code == 422


BETA = {"stack": "beta", "city": "belport"}
FARE = "belport/city.toml#market.mean_fare_local"
KINDS: dict[str, dict[str, Any]] = {
    "permits slip": {"slips": [{**BETA, "months": 8}]},
    "a law is late": {"constraints": [{"id": "x", "type": "event_date", "event": "a-law", "month": "2027-09"}]},
    "a suspension": {
        "constraints": [
            {"id": "x", "type": "suspension", **BETA, "start": "2027-10", "end": "2028-02", "vehicles_left": 0}
        ]
    },
    "a partner's exit": {
        "constraints": [{"id": "x", "type": "suspension", "stack": "beta", "start": "2027-10", "vehicles_left": 0}]
    },
    "supply falls short": {
        "constraints": [{"id": "x", "type": "supply_change", "stack": "beta", "factor": 0.5, "start": "2027-10"}]
    },
    "a tariff": {"constraints": [{"id": "x", "type": "tariff", "stack": "beta", "duty": 0.25, "start": "2027-10"}]},
    "a price war": {"overrides": [{"figure": FARE, "factor": 0.8}]},
    "a currency falls": {"overrides": [{"figure": "assumptions.toml#fx.EUR", "factor": 0.8}]},
}


def test_every_kind_of_scenario_is_told_over_http_and_what_it_posts_is_taken(service: Running):
    cases = [{"id": kind, "probability": 1 / len(KINDS), **changes} for kind, changes in KINDS.items()]
    found = told(service, asking(service, {"id": "kinds", "known_from": "2027-07", "cases": cases}))
    assert found["state"] == "missing"
    assert [scenario["id"] for scenario in found["scenarios"]] == list(KINDS)
    assert len(found["reruns"]) == len(KINDS)
    for scenario, call in zip(found["scenarios"], found["reruns"], strict=True):
        patch = {name: value for name, value in call["body"]["patch"].items() if name != "name"}
        assert patch, scenario["id"]
        assert scenario["sentences"] != ["All comes as the request has it."], scenario["id"]
        assert posted(service, call)


def test_drawn_scenarios_over_http_are_those_of_their_seed(service: Running):
    shock = {"id": "war", "chance": 0.5, **KINDS["a price war"]}

    def drawn(seed: int) -> list[dict[str, Any]]:
        sample = {"count": 6, "seed": seed, "shocks": [shock]}
        found = told(service, asking(service, {"id": "six", "known_from": "2027-07", "sample": sample}))
        return [
            {"said": s["sentences"], **r["body"]["patch"]}
            for s, r in zip(found["scenarios"], found["reruns"], strict=True)
        ]

    once = drawn(1)
    assert len(once) == 6
    assert once == drawn(1)
    assert once != drawn(2)
    assert sum("overrides" in one for one in once) == 3
    said = " ".join(line for one in once for line in one["said"])
    assert "later than promised" in said
    assert "war" in said


def asking(service: Running, one: dict[str, Any]) -> str:
    """Store the plan of these tests as that of a request with a scenario set."""
    own = solved_late()[0].plan
    request = {**own.request.model_dump(mode="json"), "scenario_sets": [one]}
    made = service.post({"request": request, "options": {"time_limit_s": 30, "gap": 0.001}})
    finish(service, made, own.model_copy(update={"request": parse_request(request)}))
    return made
