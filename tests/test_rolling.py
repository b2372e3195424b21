"""Rolling forward: a plan goes on from what stands, what is done is given, and its own state leads to its own rest."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from fleetplan import cli
from fleetplan.doubt.books import Books
from fleetplan.errors import InputError, RequestError
from fleetplan.explain.verdict import verdict
from fleetplan.months import Grid, month_number
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_prepared
from fleetplan.plans.check import check_plan
from fleetplan.plans.types import Plan
from fleetplan.prepare import Prepared
from fleetplan.report.environment import template_environment
from fleetplan.report.gantt import deployment_track
from fleetplan.report.live_plan import live_workbook
from fleetplan.request import parse_request
from fleetplan.request.started import StartingState
from fleetplan.rolling.expected import rolled, state_at
from fleetplan.rolling.table import as_csv, as_xlsx, read_state
from fleetplan.scope import judge_request
from fleetplan.words.changes import describe_patch
from fleetplan.words.request import question
from fleetplan.words.values import month_name
from tests.formula_engine import Sheets
from tests.test_optimize import SERVICES, WORLD

AT = "2028-01"
ASKED: dict[str, Any] = {
    "name": "rolled",
    "horizon": {"start": "2027-01", "months": 30, "single_months": 6},
    "capital": {"per_quarter_usd": 8e6},
}


def planned(asked: dict[str, Any]) -> Plan:
    """Return the plan of a request over the small world, proven to a millionth."""
    scope = judge_request(parse_request(asked), WORLD)
    prepared = Prepared(scope.request, WORLD, scope, SERVICES)
    return plan_prepared(prepared, PlanOptions(gap=1e-6)).plan


@pytest.fixture(scope="module")
def whole() -> Plan:
    """Return a plan from nothing."""
    return planned(ASKED)


@pytest.fixture(scope="module")
def again(whole: Plan) -> Plan:
    """Return the plan that goes on from exactly what the first one expects."""
    return planned(rolled(ASKED, state_at(whole, AT)))


def decisions(plan: Plan) -> dict[str, Any]:
    """Return what a plan decides, by month."""

    def by_month(values: list[int]) -> list[int]:
        grid = plan.request.grid
        return [values[grid.period_of(m)] for m in range(grid.start, grid.end)]

    rows = {(d.city, d.stack): d for c in plan.cities for d in c.deployments}
    return {
        "begun": {key: d.programme_start for key, d in rows.items()},
        "opens": {key: d.launch for key, d in rows.items()},
        "vehicles": {key: by_month(d.vehicles) for key, d in rows.items()},
        "levels": {key: by_month(d.level) for key, d in rows.items()},
        "depots": {(c.city, d.site): (d.ordered, by_month(d.stalls)) for c in plan.cities for d in c.depots},
    }


def worth_from(plan: Plan, month: str) -> float:
    """Return what a plan is worth from a month on, in that month: its lines from then on, and what comes after the horizon."""
    rate, since = plan.request.discount_rate, month_number(month) - month_number(plan.periods[0])
    capital = {"vehicles", "placing", "depot_site", "stalls", "launch", "area"}
    holders = [c.city_lines_usd for c in plan.cities] + [d.lines_usd for c in plan.cities for d in c.deployments]
    total, begun = 0.0, 0
    for label, length in zip(plan.periods, plan.period_months, strict=True):
        t = plan.periods.index(label)
        for lines in [*holders, *(s.lines_usd for s in plan.stacks)]:
            for line, usd in lines.items():
                at = begun if line in capital else begun + length / 2
                total += usd[t] * (1 + rate) ** (-at / 12) if label >= month else 0.0
        begun += length
    return float((total + plan.kpis.residual_usd + plan.kpis.terminal_usd) * (1 + rate) ** (since / 12))


def test_a_plan_that_goes_on_from_its_own_state_is_the_rest_of_it(whole, again):
    assert any(d.launch and d.launch < AT for c in whole.cities for d in c.deployments)
    assert any(t > 0 for c in again.cities for d in c.deployments for t in d.vehicles)
    assert again.objective == pytest.approx(worth_from(whole, AT), rel=1e-4)
    assert decisions(again) == decisions(whole)


SLIPPING = ASKED | {
    "horizon": {"start": "2027-01", "months": 30, "single_months": 18},
    "deployments": {"classes": [{"stack": "alpha", "city": "aston", "slip_months": 4}]},
}


def in_hand(plan: Plan, permit: str) -> str:
    return next(p.finish for c in plan.cities for d in c.deployments for p in d.permits if p.permit == permit)


def test_a_permit_on_its_way_does_not_slip_again_with_every_month_that_is_rolled():
    whole = planned(SLIPPING)
    assert in_hand(whole, "a-out") == "2027-11"  # promised for July
    again = planned(rolled(SLIPPING, state_at(whole, "2027-09")))
    assert in_hand(again, "a-out") == "2027-11"
    assert again.objective == pytest.approx(worth_from(whole, "2027-09"), rel=1e-4)
    assert check_plan(again, WORLD, SERVICES).valid


def test_a_permit_that_was_due_and_is_not_in_hand_slips_anew():
    whole = planned(SLIPPING)
    state = state_at(whole, "2027-12")
    waiting = [entry for entry in state.permits if entry.permit != "a-out"]
    nothing: dict[str, Any] = {"areas": [], "fleets": [], "bought": [], "stalls": [], "depots": []}
    late = planned(rolled(SLIPPING, state.model_copy(update={"permits": waiting, **nothing})))
    assert in_hand(late, "a-out") == "2028-04"
    assert check_plan(late, WORLD, SERVICES).valid


def test_what_is_done_costs_and_earns_nothing_again(again):
    done = again.request.grid.done
    assert again.periods[done] == AT
    assert not any(again.cash_usd[:done])
    assert not any(again.cumulated_budget_usd[:done])
    assert not any(d.trips_per_day[t] for c in again.cities for d in c.deployments for t in range(done))


def test_the_checker_holds_a_plan_to_what_was_done(again):
    assert check_plan(again, WORLD, SERVICES).valid
    row = next(d for c in again.cities for d in c.deployments if d.launch < AT)
    row.vehicles_by_mode[row.mode[again.request.grid.done - 1]][again.request.grid.done - 1] += 1
    broken = {v.rule for v in check_plan(again, WORLD, SERVICES).violations}
    row.vehicles_by_mode[row.mode[again.request.grid.done - 1]][again.request.grid.done - 1] -= 1
    assert "starting_state" in broken


def test_doubt_and_the_workbook_value_what_is_ahead(again):
    books = Books.of(again, WORLD, SERVICES)
    assert float(books.likely.npv_usd[0]) == pytest.approx(again.objective, rel=1e-6)
    sys.setrecursionlimit(20_000)
    with np.errstate(all="ignore"):
        sheets = Sheets(live_workbook(books))
        assert float(sheets.value("Summary", "B8")) == pytest.approx(again.objective, rel=1e-4)


def test_what_really_happened_is_planned_on_from(whole):
    """Fewer cars than planned, a permit more, money gone: the plan goes on from there, and keeps every rule from then on."""
    state = state_at(whole, "2028-04")
    slow = [f.model_copy(update={"vehicles": f.vehicles // 2}) for f in state.fleets]
    real = state.model_copy(update={"fleets": slow, "capital_spent_usd": None, "single_months": 3})
    plan = planned(rolled(ASKED, real))
    assert plan.request.grid.lengths[plan.request.grid.done :][:4] == (1, 1, 1, 3)
    served = {(f.city, f.stack): f.vehicles for f in sorted(slow, key=lambda f: f.month)}
    rows = {(d.city, d.stack): d.vehicles[plan.request.grid.done - 1] for c in plan.cities for d in c.deployments}
    assert served.items() <= rows.items()
    assert plan.cumulated_budget_usd[plan.request.grid.done] == pytest.approx(8e6)


def test_nothing_stands_and_nothing_is_given_away_in_the_months_that_are_past():
    plan = planned(rolled(ASKED, StartingState(month="2028-04")))
    assert plan.status == "optimal"
    assert all(d.programme_start >= "2028-04" for c in plan.cities for d in c.deployments)
    assert "no service and no programme" in " ".join(verdict(plan))


def test_the_verdict_says_what_stands_and_what_opens_besides(again):
    told = verdict(again)
    assert told[0].startswith("It goes on from Jan 2028: ")
    assert "open since" in told[0]
    assert any("goes on from Jan 2028" in line for line in question(judge_request(again.request, WORLD)))
    patched = describe_patch(ASKED, {"starting_state": {"month": "2027-05"}})
    assert patched == ["Planned going on from what stands in May 2027. Before: planned from nothing."]
    assert not any(month_name(d.launch) in told[1] for c in again.cities for d in c.deployments if d.launch < AT)


def test_the_timeline_marks_today_and_what_is_open_does_not_open(whole, again):
    def told(plan: Plan) -> tuple[set[str], str]:
        tracks = [deployment_track(plan, d) for c in plan.cities for d in c.deployments]
        marks = [mark for track in tracks for mark in track.marks]
        return {mark.title for mark in marks if mark.css == "today"}, " ".join(
            m.title for m in marks if m.css == "launch"
        )

    assert told(whole)[0] == set()
    assert "Opens" in told(whole)[1]
    assert "Open since" not in told(whole)[1]
    assert told(again)[0] == {"Today, Jan 2028: what is earlier is done"}
    assert "Open since" in told(again)[1]
    shown = template_environment().from_string("{{ launch | opens }}")
    assert shown.render(plan=again, launch="2027-05") == "open since May 2027"
    assert shown.render(plan=whole, launch="2027-05") == "opens May 2027"
    assert shown.render(launch="2027-05") == "opens May 2027"


def test_every_fault_of_a_state_is_told_at_its_row():
    rows = [
        *("first month planned,,,,2028-01,", "programme,aston,alpha,,2027-02,", "area,aston,alpha,,2026-12,10"),
        *("area,aston,alpha,,2027-08,5", "vehicles,aston,alpha,paid_operator,2027-05,12", "bought,,beta,,2027-02,3"),
        *("depot,aston,,Nowhere,2027-02,", "depot,aston,,a-yard,2027-11,", "stalls,aston,,a-yard,2027-10,99"),
        *(
            "permit,,,unheard,2028-05,",
            "programme,belport,alpha,,2027-02,",
            "vehicles,aston,alpha,paid_operator,2027-05,1",
        ),
        *("programme,aston,alpha,,2027-03,", "area,belport,beta,,2027-08,5", "stalls,aston,,a-yard,2027-12,4"),
    ]
    table = read_state("\n".join(["what,city,stack,name,month,number", *rows]).encode(), "s.csv")
    with pytest.raises(RequestError) as caught:
        judge_request(rolled(ASKED, table.state), WORLD)
    told = [f"{f.where} {f.what}" for f in table.in_rows(caught.value).faults]
    for text in (
        "row 4 2026-12 is not among the months that are done",
        "row 4 alpha in aston opens in 2026-12 before its programme begins",
        "s.csv the area of alpha in aston becomes smaller",
        "row 7 beta is bought by its partner",
        "row 8 aston has no site 'Nowhere'",
        "row 10 stalls stand in 2027-10 at 'a-yard', which is not live",
        "s.csv stalls at 'a-yard' are taken back",
        "row 11 no permit is called 'unheard'",
        "row 11 2028-05 is yet to come",
        "row 12 alpha stands in belport and is not planned there",
        "row 13 says again what stands in 2027-05",
        "row 14 alpha in aston begins twice",
        "row 15 beta in belport opens in 2027-08 before its programme begins",
        "s.csv alpha serves in aston in mode paid_operator, and no permit for it is in hand",
        "s.csv 12 vehicles of alpha serve, and 0 were bought",
    ):
        assert any(text in one for one in told), (text, told)


def test_a_table_that_cannot_be_read_says_why(whole):
    broken = "what,month,number,name\nhorse,2027-01,1,\nvehicles,2027-13,many,\ncapital spent,,-3,\n"
    with pytest.raises(InputError) as caught:
        read_state(broken.encode(), "s.csv")
    told = " ".join(f"{f.where} {f.what}" for f in caught.value.faults)
    assert "row 2 'horse' is nothing that can stand" in told
    assert "row 3 month" in told
    assert "does not say from which month on is planned" in told
    with pytest.raises(InputError, match="column"):
        read_state(b"city,stack\na,b\n", "s.csv")
    with pytest.raises(InputError, match="capital spent: is -3"):
        read_state(b"what,month,number\ncapital spent,,-3\n", "s.csv", "2027-05")
    with pytest.raises(InputError, match="2027-01"):
        state_at(whole, "2027-01")


def test_on_the_command_line_a_state_is_written_and_planned_on_from(whole, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.json").write_text(whole.model_dump_json())
    run = CliRunner().invoke(cli.app, ["state", "plan.json", "--at", AT, "--out", "s.xlsx"])
    assert run.exit_code == 0
    assert (tmp_path / "s.xlsx").read_bytes()[:2] == b"PK"
    assert "first month planned,,,,2028-01," in CliRunner().invoke(cli.app, ["state", "plan.json", "--at", AT]).output
    made = CliRunner().invoke(cli.app, ["plan", "--state", "s.xlsx"])  # of a world that the catalogue does not have
    assert made.exit_code == 2
    assert "s.xlsx: row" in made.output
    assert CliRunner().invoke(cli.app, ["plan", "--start", AT]).exit_code == 2


def test_a_state_is_a_table_that_reads_back(whole):
    state = state_at(whole, AT)
    for data in (as_csv(state).encode(), as_xlsx(state)):
        assert read_state(data, "state").state == state
    assert read_state(as_csv(state).encode(), "state", "2028-02").state.month == "2028-02"


def test_periods_done_are_cut_where_something_began():
    grid = Grid.default("2027-01", 30, 6).begun(month_number("2027-09"), [month_number("2027-03")], 0)
    assert grid.labels()[: grid.done + 1] == ["2027-01", "2027-03", "2027-09"]
    assert grid.end == Grid.default("2027-01", 30, 6).end
