"""The next steps of a plan as a calendar file: what a calendar reads, which entries keep their place, what cannot break out."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fleetplan.cli import app
from fleetplan.explain.agenda import agenda
from fleetplan.months import month_number, month_text
from fleetplan.plans.files import plan_text
from fleetplan.plans.types import Plan
from fleetplan.report.calendar import calendar
from tests.api_support import running, services
from tests.fake_plan import fake_plan

MADE_AT = datetime(2026, 11, 29, 2, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def plan() -> Plan:
    return fake_plan(services=services())


def entries(text: str) -> list[dict[str, str]]:
    """Return the entries of a calendar as a reader of RFC 5545 unfolds them: values by name, parameters left out."""
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    lines = text.replace("\r\n ", "").split("\r\n")
    assert (lines[0], lines[1], lines[-2]) == ("BEGIN:VCALENDAR", "VERSION:2.0", "END:VCALENDAR")
    found: list[dict[str, str]] = []
    for line in lines:
        name, _, value = line.partition(":")
        if line == "BEGIN:VEVENT":
            found.append({})
        elif found and name != "END":
            found[-1][name.partition(";")[0]] = value
    return found


def test_every_step_of_every_city_is_an_entry_of_its_own_in_its_month(plan: Plan):
    found = entries(
        calendar(plan, MADE_AT, series="s", addresses={"london": "https://p.example/plans/p/cities/london"})
    )
    asked = [
        (c, m, s) for c in plan.cities for told in [agenda(plan, c)] for m in (*told.soon, *told.later) for s in m.steps
    ]
    assert len(found) == len(asked) > 20
    assert len({e["UID"] for e in found}) == len(found)
    for entry, (city, month, step) in zip(found, asked, strict=True):
        assert entry["DTSTART"] == f"{month.month.replace('-', '')}01"
        assert entry["DTSTAMP"] == "20261129T023000Z"
        assert re.fullmatch(r"[0-9a-f]{32}@fleetplan", entry["UID"])
        assert entry["SUMMARY"].startswith(f"{city.name}: ")
        assert entry["CATEGORIES"] == step.kind
        assert "not the day" in entry["DESCRIPTION"]
        assert (entry.get("URL") == "https://p.example/plans/p/cities/london") == (city.city == "london")


def test_vehicles_are_ordered_as_many_months_before_they_come_as_their_stack_takes(plan: Plan):
    """The made-up plan's stacks take nine months; what was due before the plan begins stands in its first month and says so."""
    city = next(c for c in plan.cities if c.city == "london")
    orders = [
        s
        for told in [agenda(plan, city)]
        for m in (*told.soon, *told.later)
        for s in m.steps
        if "vehicles of" in s.text
    ]
    first = [s for s in orders if s.kind == "Order" and s.key.endswith(":1")]
    for d, order in zip(city.deployments, sorted(first, key=lambda s: s.key), strict=True):
        come = next(t for t, n in enumerate(d.vehicles) if n + d.test_vehicles[t])
        due = month_text(month_number(plan.periods[come]) - 9)
        assert order.month == max(due, plan.periods[0])
        assert ("was due" in order.detail) == (due < plan.periods[0])
    silent = plan.model_copy(update={"stacks": [s.model_copy(update={"lead_months": None}) for s in plan.stacks]})
    assert not [s for m in agenda(silent, city).soon for s in m.steps if "vehicles of" in s.text]


def test_entries_keep_their_uid_when_months_move_and_names_change_and_leave_it_to_another_series(plan: Plan):
    def uids(text: str) -> set[str]:
        return {entry["UID"] for entry in entries(text)}

    before = uids(calendar(plan, MADE_AT, series="s"))
    moved = plan.model_copy(update={"name": "another", "cities": [
        c.model_copy(update={"deployments": [d.model_copy(update={"permits": [
            p.model_copy(update={"finish": plan.periods[-1]}) if p.finish else p for p in d.permits]}) for d in c.deployments]})
        for c in plan.cities]})  # fmt: skip
    text = calendar(moved, MADE_AT, series="s")
    assert text != calendar(plan, MADE_AT, series="s")
    assert uids(text) == before
    assert not uids(calendar(plan, MADE_AT, series="t")) & before
    assert uids(calendar(plan, MADE_AT, series="s", city="london")) < before


def test_a_name_cannot_break_out_of_its_line(plan: Plan):
    evil = "a, b; c\\d\r\nEND:VCALENDAR\nBEGIN:VEVENT\x00 ü" + "ß" * 60
    text = calendar(plan.model_copy(update={"name": evil}), MADE_AT, series="s", city="london")
    assert len(entries(text)) == len(entries(calendar(plan, MADE_AT, series="s", city="london")))
    assert "X-WR-CALNAME:a\\, b\\; c\\\\d\\nEND:VCALENDAR\\nBEGIN:VEVENT ü" in text.replace("\r\n ", "")


def test_over_http_a_reruns_entries_take_the_place_of_its_parents(tmp_path: Path):
    with running(tmp_path) as site:
        first = site.made()
        second = site.client.post(f"/v1/plans/{first}/reruns", json={"patch": {"discount_rate": 0.12}}).json()["id"]
        site.runner.end(second)
        told = [site.client.get(f"/v1/plans/{p}/calendar?city=london") for p in (first, second, site.made())]
        assert told[0].headers["content-type"] == "text/calendar; charset=utf-8"
        assert f'filename="{first}.ics"' in told[0].headers["content-disposition"]
        uids = [{e["UID"] for e in entries(t.text)} for t in told]
        assert uids[0] == uids[1] != uids[2]
        assert entries(told[0].text)[0]["URL"] == f"http://127.0.0.1:8000/plans/{first}/cities/london"
        assert site.client.get(f"/v1/plans/{first}/calendar?city=paris").status_code == 404
        for page in (f"/plans/{first}", f"/plans/{first}/cities/london"):
            assert f'href="/v1/plans/{first}/calendar' in site.client.get(page, headers={"Accept": "text/html"}).text


def test_the_command_writes_the_file_and_names_the_cities_where_one_is_wrong(plan: Plan, tmp_path: Path):
    stored, out = tmp_path / "plan.json", tmp_path / "steps.ics"
    stored.write_text(plan_text(plan), encoding="utf-8")

    def run(*options: object) -> Result:
        return CliRunner().invoke(app, ["calendar", str(stored), *map(str, options)])

    assert run("--out", out).exit_code == 0
    assert len(entries(out.read_bytes().decode())) == len(entries(calendar(plan, MADE_AT, series="s")))
    told = json.loads(run("--city", "london", "--json").stdout)
    assert entries(told["calendar"])
    wrong = run("--city", "paris")
    assert wrong.exit_code == 2
    assert "london" in wrong.output
