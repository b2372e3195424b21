"""Plans made elsewhere on the small world: what they break, what they are worth, and the nearest plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fleetplan.cli import app
from fleetplan.errors import InputError, SolverError
from fleetplan.evaluate import score
from fleetplan.evaluate.given import GivenDeployment, GivenPlan
from fleetplan.evaluate.hold import completed, within
from fleetplan.evaluate.result import Evaluation
from fleetplan.evaluate.score import evaluate
from fleetplan.evaluate.sheets import rows_of
from fleetplan.optimize.formulate import formulate
from fleetplan.optimize.trials import Deadline
from fleetplan.options import PlanOptions
from fleetplan.plans.files import plan_text
from fleetplan.plans.types import Plan
from fleetplan.report.exports import workbook
from fleetplan.report.tables import csv_text, tables
from fleetplan.run import Run
from tests.plan_builder import make_services
from tests.test_optimize import WORLD, request, written

SERVICES = make_services()
HERE = Run(catalogue=WORLD)
ASKED = request(constraints=[{"id": "cap", "type": "fleet_cap", "vehicles": 120}]).model_dump(mode="json")
SHORTLY = PlanOptions(time_limit_s=30, gap=1e-3)
TOO_SOON = b"city;stack;period;vehicles\nBelport;beta;2027-02;40\naston;alpha;2028-01;90\n"


@pytest.fixture(autouse=True)
def _small_world(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)


@pytest.fixture(scope="module")
def ours() -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fleetplan.prepare.services_for", lambda *_, **__: SERVICES)
        from fleetplan.planner import plan_with_context  # noqa: PLC0415  # after the patch

        return plan_with_context(ASKED, SHORTLY, HERE).plan


def scored(data: bytes, where: str = "own.csv", asked: Any = ASKED) -> Evaluation:
    return evaluate(asked, data, where, SHORTLY, HERE)


def test_a_plan_of_ours_is_worth_what_it_says_and_its_table_alone_as_much(ours: Plan) -> None:
    whole = scored(plan_text(ours).encode(), "plan.json")
    assert (whole.source, whole.valid, whole.breaches, whole.nearest) == ("plan", True, [], None)
    assert whole.money.npv_usd == ours.objective
    table = scored(csv_text(tables(ours)["fleets"]).encode())
    assert (table.source, table.valid) == ("decisions", True)
    assert table.money.npv_usd == pytest.approx(ours.objective, rel=1e-3)
    assert table.gap_usd is not None
    assert table.gap_most_usd is not None
    assert table.gap_usd <= table.gap_most_usd


@pytest.mark.parametrize("level", [None, 1])
def test_a_fleet_too_large_for_the_areas_that_may_open_is_cut_to_what_they_hold_and_told(level: int | None) -> None:
    loose = formulate(written(request()).instance, loose=True)
    q = next(k for k, data in enumerate(loose.instance.deployments) if data.key == "alpha@aston")
    own, periods = loose.columns.deployments[q], loose.instance.periods
    assert len(own.open) > 1
    loose.model.upper[own.open[1:]] = 0.0  # no permit for more than the first area
    fleet = [0] * (periods - 1) + [5_000]
    asked = GivenDeployment("alpha", "aston", fleet, [level if vehicles else 0 for vehicles in fleet])
    may, found = within(loose, GivenPlan((asked,)))
    held = may.deployments[0].vehicles[-1]
    assert 0 < held <= loose.reach.deployments[q].levels[0, -1]
    assert [(one.rule, one.amount) for one in found] == [("vehicles_max", 5_000 - held)]
    assert completed(loose, may, Deadline.after(20.0)) is not None


def test_what_is_broken_is_told_by_rule_with_the_nearest_plan() -> None:
    found = scored(TOO_SOON)
    broken = {b.rule: b for b in found.breaches}
    assert not found.valid
    assert "record" not in {b.kind for b in found.breaches}
    assert broken["permit_path"].kind == "law"
    assert broken["permit_path"].places == 4
    assert broken["permit_path"].amount == 40
    assert (broken["fleet_cap"].kind, broken["fleet_cap"].amount) == ("target", 10)
    near = found.nearest
    assert near is not None
    assert {c["type"] for c in near.patch["constraints"].values()} <= {"launch_fixed", "forbid_deployment"}
    assert (broken["permit_path"].title, broken["permit_path"].place) != ("", "")
    assert near.money.vehicles_end <= 120
    assert near.vehicle_years > 0
    assert any("opens in Jun 2027, not in Feb 2027" in change for change in near.changes)
    assert found.best is not None
    assert found.best.npv_usd >= near.money.npv_usd - 1.0


def test_what_is_broken_in_any_case_hides_nothing_that_is_broken_needlessly(ours: Plan) -> None:
    rich = {"id": "rich", "type": "result_floor", "least_usd": 90_000_000_000.0}
    found = scored(
        csv_text(tables(ours)["fleets"]).encode(), asked={**ASKED, "constraints": [*ASKED["constraints"], rich]}
    )
    assert [b.rule for b in found.breaches] == ["result_floor"]
    assert found.money.npv_usd == pytest.approx(ours.objective, rel=1e-3)


def test_a_plan_of_another_request_is_judged_by_its_decisions(ours: Plan) -> None:
    tighter = {**ASKED, "constraints": [{"id": "cap", "type": "fleet_cap", "vehicles": 60}]}
    found = scored(plan_text(ours).encode(), "plan.json", tighter)
    assert found.source == "decisions"
    assert [b.rule for b in found.breaches if b.kind == "target"] == ["fleet_cap"]


def test_a_workbook_reads_as_its_csv_does(ours: Plan) -> None:
    frames = tables(ours)
    book = rows_of(workbook({"other": frames["launches"], "fleets": frames["fleets"]}), "plan.xlsx")
    text = rows_of(csv_text(frames["fleets"]).encode(), "fleets.csv")
    names = ("period", "city", "stack", "vehicles", "level")
    assert [[row[n] for n in names] for row in book] == [[row[n] for n in names] for row in text]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b",,\n1,2,3\n", "no first row"),
        (b"city,stack,period,vehicles\n\n", "no row below its first one"),
        (bytes.fromhex("d0cf11e0a1b11ae1"), "XLS"),
        (b"city,stack\naston,alpha\n", "vehicles, period"),
        (b"city,stack,period,vehicles\natlantis,alpha,2027-03,5\naston,alpha,1999-01,5\n", "1999-01"),
        (b"city,stack,period,vehicles\naston,alpha,2027-03,5.5\n", "5.5"),
        (b"city,stack,period,vehicles\naston,alpha,2027-03,inf\naston,alpha,soon,1e9\n", "1e9"),
        (b"city,stack,period,vehicles,area_km2\naston,alpha,Mar 2027,5,nan\n", "'nan' is no area"),
        (b"PK\x03\x04 no workbook", "workbook"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
)
def test_every_fault_of_a_table_is_told(data: bytes, told: str) -> None:
    with pytest.raises(InputError) as caught:
        scored(data)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("data", "where", "told"),
    [
        (b"a text", "own.xlsx", "is no workbook, though it is called one"),
        (b"", "own.json", "is empty"),
        (b"[]", "own.json", "is a list"),
        (b"{}", "own.json", "is an object without a field"),
        (b'{"name": "mine"}', "own.json", "by hand as a table: city, stack, period, vehicles"),
    ],
)
def test_a_file_is_told_by_what_it_is_called_and_what_it_is(data: bytes, where: str, told: str) -> None:
    with pytest.raises(InputError) as caught:
        scored(data, where)
    assert told in str(caught.value)


def test_completing_has_its_seconds_however_short_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[float] = []
    table = b"city,stack,period,vehicles\naston,alpha,2027-03,5\n"

    def none_found(_: object, __: object, deadline: Deadline) -> None:
        left.append(deadline.left_s)

    monkeypatch.setattr(score, "completed", none_found)
    with pytest.raises(SolverError, match="name the level or area_km2 in every row"):
        evaluate(ASKED, table, "own.csv", PlanOptions(time_limit_s=1.0), HERE)
    assert left[0] > 0.9 * score.COMPLETED_S


def test_the_command_scores_a_table_and_ends_with_1_where_a_rule_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleetplan.prepare.load_catalogue", lambda *_, **__: WORLD)
    asked, own = tmp_path / "request.json", tmp_path / "own.csv"
    asked.write_text(json.dumps(ASKED), encoding="utf-8")
    own.write_bytes(TOO_SOON)
    done = CliRunner().invoke(app, ["evaluate", str(asked), str(own), "--time-limit", "20"])
    assert done.exit_code == 1
    assert "The plan breaks" in done.stdout
    assert "(Belport, Beta, Feb 2027): " in done.stdout
    assert "2027-02" not in done.stdout
