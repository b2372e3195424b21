"""What limits are worth: bands that hold what planning without a gap finds, and the same answer over HTTP from stored plans."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fleetplan.cli import app
from fleetplan.limits.answer import probed
from fleetplan.limits.find import worth_of_limits
from fleetplan.limits.probes import patch_of, probes_of
from fleetplan.limits.types import Probe
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.files import plan_text
from fleetplan.plans.types import Plan
from fleetplan.proven import Proofs, Weighing
from fleetplan.request import parse_request
from fleetplan.reruns.rerun import apply_patch
from fleetplan.run import Run
from fleetplan.words.context import context_from
from fleetplan.words.limits import probe_words, probed_sentence, worth_band
from fleetplan.words.names import Names
from tests.api_support import Running, running
from tests.plan_builder import make_services
from tests.test_doubt_service import Tiny
from tests.test_optimize import WORLD, request

SERVICES = make_services()
LOOSELY = PlanOptions(time_limit_s=30, gap=0.02, node_limit=400)
EXACTLY = PlanOptions(time_limit_s=30, gap=1e-6)
FLOOR = {"id": "least", "type": "fleet_floor", "vehicles": 10, "start": "2028-06"}
CAP = {"id": "few", "type": "fleet_cap", "vehicles": 30}
ASKED: dict[str, Any] = {"constraints": [FLOOR, CAP], "cities": ["belport"]}


@pytest.fixture(scope="module", autouse=True)
def _small_world() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
        yield


@pytest.fixture(scope="module")
def plan() -> Plan:
    return made(request(**ASKED).model_dump(mode="json"), LOOSELY)


def made(asked: Any, options: PlanOptions = EXACTLY) -> Plan:
    return plan_with_context(parse_request(asked), options, Run(catalogue=WORLD)).plan


def words(plan: Plan) -> Any:
    return context_from(plan.request.model_dump(mode="json"), Names(WORLD, (plan,)))


def test_ten_limits_are_moved_at_most_what_binds_among_them(plan: Plan):
    probes = probes_of(plan, WORLD)
    assert len(probes) == 10
    assert {p.constraint for p in probes if p.kind == "constraint"} >= {"few"}
    told = [probe_words(probe, words(plan)) for probe in probes]
    assert len(set(told)) == 10
    assert told[0] == "10 % more capital in every quarter"
    assert any("a limit of 38 in place of 30: " in text and "(few)" in text for text in told)
    wide = {b.rule for b in plan.binds}
    assert "fleet_cap" in wide
    assert patch_of(Probe(kind="constraint", change=0.25, constraint="few"), plan, WORLD) == {
        "constraints": {"few": {"vehicles": 38}}
    }
    assert patch_of(Probe(kind="constraint", change=-0.25, constraint="least"), plan, WORLD) == {
        "constraints": {"least": {"vehicles": 8}}
    }


def test_a_band_holds_what_the_best_plans_lie_apart(plan: Plan):
    chosen = [
        Probe(kind="constraint", change=0.25, constraint="few", loosens=True),
        Probe(kind="supply", change=-0.1, stack="beta", loosens=False),
    ]
    exact = made(plan.request.model_dump(mode="json")).objective
    found = worth_of_limits(plan, chosen, SERVICES, LOOSELY, Run(catalogue=WORLD), workers=1)
    for one in found:
        then = made(apply_patch(plan.request.model_dump(mode="json"), patch_of(one.probe, plan, WORLD))).objective
        assert one.least_usd is not None
        assert one.most_usd is not None
        assert one.least_usd - 1 <= then - exact <= one.most_usd + 1
    assert found[0].vehicles > 0
    assert "more at the end" in probed_sentence(found[0], words(plan))
    assert (found[1].most_usd or 0.0) <= 0.0


def test_what_is_sure_is_called_proven_and_no_plan_is_no_number(plan: Plan):
    probe = Probe(kind="partners", change=0.0, loosens=True)
    none = probed(probe, plan, None)
    assert (
        probed_sentence(none, words(plan)) == "Partners that need not earn their money back: no plan keeps every rule."
    )
    assert worth_band(none) == "no plan"
    sure = none.model_copy(update={"npv_usd": 1.0, "least_usd": 0.0, "most_usd": 0.0})
    assert worth_band(sure) == "nothing, as is proven"
    assert "who opens where" in probed_sentence(sure, words(plan))
    assert worth_band(sure.model_copy(update={"least_usd": 2e6, "most_usd": 2e6})) == "$2.00 M, as is proven"
    assert worth_band(sure.model_copy(update={"most_usd": 2e6})) == "between $0 and $2.00 M"
    for kind in ("growth", "first_year", "permit_cap", "permit"):
        change = -3.0 if kind == "permit" else 0.25
        moved = Probe(kind=kind, change=change, city="belport", stack="beta", permit="b-out")
        assert probe_words(moved, words(plan))
        patch = patch_of(moved, plan, WORLD)
        assert parse_request(apply_patch(plan.request.model_dump(mode="json"), patch)) != plan.request


# --- the service ---


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, plan: Plan) -> Iterator[tuple[Running, str]]:
    with running(tmp_path_factory.mktemp("limits"), known=Tiny()) as started, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tiny, "catalogue", WORLD)
        key = started.post({"request": plan.request.model_dump(mode="json"), "options": {"time_limit_s": 30}})
        started.store.start(key, "tester")
        started.store.finish(key, "succeeded", answer=plan_text(plan).encode())
        yield started, key


def told(site: tuple[Running, str], path: str, **asked: Any) -> Any:
    answered = site[0].client.get(f"/v1/plans/{site[1]}/{path}", params=asked)
    assert answered.status_code == 200, answered.text
    return answered.json()


def posted(site: tuple[Running, str], call: Any, plan: Plan | None) -> None:
    service = site[0]
    answered = service.client.post(
        call["href"], json=call["body"], headers={"Idempotency-Key": call["idempotency_key"]}
    )
    key = answered.json()["id"]
    service.store.start(key, "tester")
    if plan is None:
        service.store.finish(key, "infeasible", problem={"code": "infeasible", "clashes": []})
    else:
        service.store.finish(key, "succeeded", answer=plan_text(plan).encode())


def test_limits_over_http_are_reruns_to_post_and_then_what_they_are_worth(site: tuple[Running, str], plan: Plan):
    first = told(site, "limits")["limits"]
    assert {entry["state"] for entry in first} == {"missing"}, [e for e in first if e["state"] == "known"]
    posted(site, first[0]["rerun"], plan)
    posted(site, first[1]["rerun"], None)
    again = told(site, "limits")["limits"]
    assert (again[0]["state"], again[0]["rerun"]) == ("known", None)
    assert again[0]["worth"].startswith("between $0 and")
    assert again[1]["sentence"].endswith("no plan keeps every rule.")
    assert again[2]["state"] == "missing"


def test_thresholds_over_http_ask_for_one_value_after_another_until_they_are_known(
    site: tuple[Running, str], plan: Plan
):
    asked = {"kind": "permit-date", "city": "belport", "low": 0, "high": 4}
    closed = plan.model_copy(update={"cities": [c.model_copy(update={"deployments": []}) for c in plan.cities]})
    seen = []
    for _ in range(9):
        (entry,) = told(site, "thresholds", **asked)["thresholds"]
        if entry["state"] == "known":
            break
        (call,) = entry["reruns"]
        entries = call["body"]["patch"]["constraints"]
        late = entries["threshold-permits"]["months"]
        seen.append((late, len(entries)))
        posted(site, call, closed if late >= 2 and len(entries) == 1 else plan)
    assert not entry["faults"]
    assert [late for late, _ in seen] == [4, 2, 1, 2]  # the end, the middle, the one before, and the launches held
    assert seen[-1][1] > 1
    side = entry["threshold"]["higher"]
    assert (side["stays"]["value"], side["changes"]["value"], side["kept_proof"]) == (1.0, 2.0, "bound")
    assert "Beta in Belport leaves" in entry["sentences"][-1]
    assert len(entry["rows"]) == 3


def test_thresholds_over_http_ask_for_proofs_and_need_no_plan_besides_where_they_came(
    site: tuple[Running, str], plan: Plan
):
    asked = {"kind": "capital", "low": 1.0, "high": 1.05, "watch": "entry"}
    proofs = Proofs(held_usd=1e6, held_bound_usd=plan.objective - 1e6, other_bound_usd=plan.objective, weighed=True)
    method = plan.certificate.method.model_copy(update={"weighing": Weighing(watch="entry", proofs=proofs)})
    closed = [c.model_copy(update={"deployments": []}) for c in plan.cities]
    left = plan.model_copy(
        update={"cities": closed, "certificate": plan.certificate.model_copy(update={"method": method})}
    )
    while (entry := told(site, "thresholds", **asked)["thresholds"][0])["state"] != "known":
        (call,) = entry["reruns"]
        assert call["body"]["options"]["weigh"] == {"watch": "entry", "city": None, "stack": None}
        assert call["body"]["options"]["node_limit"]
        assert set(call["body"]["patch"]) == {"name", "capital"}  # never with the launches held
        posted(site, call, left)
    side = entry["threshold"]["higher"]
    assert (side["changes"]["weighed"], side["kept_proof"]) == (True, "bound")
    assert side["kept_bound_usd"] == proofs.held_bound_usd


def test_every_fault_stands_at_its_parameter(site: tuple[Running, str]):
    service, key = site
    refused = service.client.get(f"/v1/plans/{key}/thresholds", params={"kind": "fare", "city": "atlantis"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["parameter"] == "city"
    assert service.client.get(f"/v1/plans/{key}/thresholds", params={"nobody": 1}).status_code == 422


def test_the_command_tells_what_limits_are_worth(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fleetplan.cli_binds.context", lambda _: (WORLD, SERVICES))
    path = tmp_path / "plan.json"
    path.write_text(plan_text(plan), encoding="utf-8")
    done = CliRunner().invoke(app, ["binds", str(path), "--most", "1"])
    assert done.exit_code == 0, done.output
    assert "is worth" in done.output
    found = json.loads(CliRunner().invoke(app, ["binds", str(path), "--most", "1", "--json"]).output)
    assert found[0]["probe"]["kind"]
