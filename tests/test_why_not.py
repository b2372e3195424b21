"""Why not: answers on the small world, each against a plan made with the constraint itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleetplan.cli import app
from fleetplan.errors import RequestError
from fleetplan.inquiry.answer import WhyNotAnswer, answer_data, told
from fleetplan.inquiry.question import WhyNot
from fleetplan.inquiry.why_not import why_not
from fleetplan.plans.files import plan_text
from fleetplan.plans.types import Plan
from fleetplan.reruns.rerun import apply_patch
from tests.test_optimize import WORLD
from tests.test_rerun import BASE, EXACTLY, HERE, SERVICES, planned


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


@pytest.fixture(scope="module")
def plan() -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
        return planned(BASE)


def answered(plan: Plan, asked: WhyNot) -> WhyNotAnswer:
    return why_not(plan, asked, EXACTLY, HERE)


def latest(plan: Plan) -> tuple[str, str, str]:
    """Return stack, city and launch of the deployment that opens last."""
    return max(
        ((d.stack, c.city, d.launch) for c in plan.cities for d in c.deployments if d.launch), key=lambda x: x[2]
    )


def test_what_the_plan_does_needs_no_search(plan: Plan) -> None:
    stack, city, month = latest(plan)
    answer = answered(plan, WhyNot(city, stack, month))
    assert answer.kind == "planned"
    assert answer.patch == {}
    assert told(answer, WORLD)[0].startswith("The plan does it")


def test_more_vehicles_than_the_plan_has_cost_what_the_same_request_loses(plan: Plan) -> None:
    stack, city, _ = latest(plan)
    now = next(d.vehicles[-1] for c in plan.cities for d in c.deployments if (d.stack, c.city) == (stack, city))
    answer = answered(plan, WhyNot(city, stack, vehicles=now + 1))
    assert answer.kind in {"possible", "impossible"}
    if answer.forced is None:
        assert answer.conflicts
        return
    found = next(
        d.vehicles[-1] for c in answer.forced.cities for d in c.deployments if (d.stack, c.city) == (stack, city)
    )
    assert found > now
    alone = planned(apply_patch(plan.request.model_dump(mode="json"), answer.patch))
    assert answer.forced.objective == pytest.approx(alone.objective, rel=1e-5)
    assert answer.cost_usd == pytest.approx(plan.objective - alone.objective, abs=200)
    assert (answer.least_usd or 0.0) <= (answer.cost_usd or 0.0) + 1 <= (answer.most_usd or 0.0) + 2


def test_an_area_is_forced_open_and_one_that_the_ladder_does_not_hold_is_a_fault(plan: Plan) -> None:
    _, city, _ = latest(plan)
    rollout = next(c for c in plan.cities if c.city == city)
    widest, now = len(rollout.levels), max(d.level[-1] for d in rollout.deployments)
    assert answered(plan, WhyNot(city, level=now)).kind == "planned"
    with pytest.raises(RequestError) as caught:
        answered(plan, WhyNot(city, level=widest + 1))
    assert caught.value.faults[0].where == "/level"
    closed = [c for c in plan.cities if max((max(d.level) for d in c.deployments), default=0) < len(c.levels)]
    for other in closed[:1]:
        answer = answered(plan, WhyNot(other.city, level=len(other.levels)))
        assert answer.kind in {"possible", "impossible"}
        assert f"over area {len(other.levels)} at least" in told(answer, WORLD)[0]
        if answer.forced is not None:
            forced = next(c for c in answer.forced.cities if c.city == other.city)
            assert max(d.level[-1] for d in forced.deployments) == len(other.levels)


def test_what_no_plan_can_have_names_its_first_blocker(plan: Plan) -> None:
    _, city, _ = latest(plan)
    answer = answered(plan, WhyNot(city, vehicles=1_000_000))
    assert answer.kind == "impossible"
    assert answer.conflicts[0].sentence
    sentences = told(answer, WORLD)
    assert sentences[0].startswith("No plan of this request has")
    assert answer.conflicts[0].sentence in sentences


def test_a_month_before_any_permit_is_told_by_permits(plan: Plan) -> None:
    _, city, _ = latest(plan)
    answer = answered(plan, WhyNot(city, by=plan.periods[0]))
    assert answer.kind == "impossible"
    assert "permits allow" in " ".join(told(answer, WORLD))


def test_every_fault_of_a_question_at_once(plan: Plan) -> None:
    with pytest.raises(RequestError) as caught:
        answered(plan, WhyNot("atlantis", "nobody", "2099-01", 0))
    assert {f.where for f in caught.value.faults} == {"/city", "/stack", "/by", "/vehicles"}
    assert all(f.remedy or f.allowed for f in caught.value.faults)


def test_the_answer_is_plain_data_with_a_patch_that_reruns(plan: Plan) -> None:
    _, city, _ = latest(plan)
    answer = answered(plan, WhyNot(city, vehicles=1_000_000))
    data = json.loads(json.dumps(answer_data(answer, told(answer, WORLD))))
    assert data["kind"] == "impossible"
    assert data["asked"] == {"city": city, "stack": None, "by": None, "vehicles": 1_000_000, "level": None}
    merged = apply_patch(plan.request.model_dump(mode="json"), data["patch"])
    assert {c["id"] for c in merged["constraints"]} > {c["id"] for c in BASE["constraints"]}


def test_the_command_says_it_and_ends_with_the_code_of_no_plan(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleetplan.catalogue.load_catalogue", lambda *_, **__: WORLD)
    monkeypatch.setattr("fleetplan.inquiry.why_not.load_catalogue", lambda *_, **__: WORLD)
    monkeypatch.setattr("fleetplan.terminal.context", lambda _: (WORLD, SERVICES))
    monkeypatch.setattr("fleetplan.cli.context", lambda _: (WORLD, SERVICES))
    path = tmp_path / "plan.json"
    path.write_text(plan_text(plan), encoding="utf-8")
    stack, city, month = latest(plan)
    does = CliRunner().invoke(app, ["why-not", str(path), "--deployment", f"{stack}@{city}", "--by", month])
    assert (does.exit_code, does.stdout.startswith("The plan does it")) == (0, True)
    cannot = CliRunner().invoke(app, ["why-not", str(path), "--city", city, "--vehicles", "1000000", "--json"])
    assert cannot.exit_code == 3
    assert json.loads(cannot.stdout)["kind"] == "impossible"


def test_what_permits_or_fractions_rule_out_is_told_without_a_search(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleetplan.planner._searched", lambda *_, **__: pytest.fail("a search began"))
    _, city, _ = latest(plan)
    for asked in (WhyNot(city, by=plan.periods[0]), WhyNot(city, vehicles=1_000_000)):
        answer = answered(plan, asked)
        assert answer.kind == "impossible"
        assert answer.conflicts[0].sentence
