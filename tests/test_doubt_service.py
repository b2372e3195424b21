"""A plan's doubt over HTTP, in the browser and on the command line: one answer, read from what is kept and stored."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.known import Known
from api.store import tables
from api.store.errors import AnswerDamaged
from fleetplan.catalogue.types import Catalogue
from fleetplan.cli import app
from fleetplan.doubt.books import Books
from fleetplan.doubt.fanout import Effort
from fleetplan.doubt.shifts import Shifts
from fleetplan.doubt.spread import spread
from fleetplan.doubt.tornado import tornado
from fleetplan.doubt.types import Doubt
from fleetplan.plans.files import plan_text
from fleetplan.plans.types import Plan
from fleetplan.report.html import report_html
from fleetplan.service.types import CityService
from tests.api_support import Running, running
from tests.fake_plan import fake_catalogue, fake_plan, fake_services
from tests.pages_support import page_at, words_of
from tests.test_doubt import PLAN, SERVICES, WORLD

FARE = "aston/city.toml#market.mean_fare_local"
YEARS = "assumptions.toml#terminal.years"


class Tiny(Known):
    """The made-up world, with its services."""

    catalogue = WORLD

    def service(self, catalogue: Catalogue, city: str) -> CityService:
        return SERVICES[city]


@pytest.fixture(scope="module", autouse=True)
def _small_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FLEETPLAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setattr("fleetplan.doubt.answer.law_shifts", lambda *_, **__: Shifts({}))
        yield


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("doubt"), known=Tiny()) as started:
        yield started


@pytest.fixture(scope="module")
def plan(service: Running) -> str:
    made = service.post({"request": PLAN.request.model_dump(mode="json"), "options": {"time_limit_s": 30}})
    service.store.start(made, "tester")
    service.store.finish(made, "succeeded", answer=plan_text(PLAN).encode())
    return made


def told(service: Running, plan: str, path: str = "", **asked: Any) -> Any:
    answered = service.client.get(f"/v1/plans/{plan}/doubt{path}", params=asked)
    assert answered.status_code == 200, answered.text
    return answered.json()


def test_the_answer_holds_bars_spread_and_the_reruns_of_the_ten_that_matter_most(service: Running, plan: str):
    answer = told(service, plan, draws=50)
    assert answer["doubt"]["tornado"]["npv_usd"] == pytest.approx(PLAN.kpis.npv_usd, abs=1)
    assert answer["doubt"]["spread"]["draws"] == 50
    assert len({end["key"] for end in answer["ends"]}) == 10
    assert {end["state"] for end in answer["ends"]} == {"missing"}
    first = answer["ends"][0]
    assert first["rerun"]["href"] == f"/v1/plans/{plan}/reruns"
    assert (first["rerun"]["body"]["options"]["gap"], first["rerun"]["body"]["options"]["causes"]) == (0.02, False)
    assert first["key"] in first["rerun"]["body"]["patch"]["overrides"]


def test_what_is_posted_is_found_again_and_told(service: Running, plan: str):
    end = told(service, plan, draws=50)["ends"][0]
    call = end["rerun"]
    answered = service.client.post(
        call["href"], json=call["body"], headers={"Idempotency-Key": call["idempotency_key"]}
    )
    assert answered.status_code == 202, answered.text
    made = answered.json()["id"]
    again = told(service, plan, draws=50)["ends"][0]
    assert (again["state"], again["plan"], again["rerun"]) == ("queued", made, None)
    service.store.start(made, "tester")
    service.store.finish(made, "succeeded", answer=plan_text(PLAN).encode())
    known = told(service, plan, draws=50)["ends"][0]
    assert known["state"] == "known"
    assert known["resolved"]["leaves"] == []
    assert known["sentence"].endswith("it decides the same.")


def test_bars_and_spread_as_csv(service: Running, plan: str):
    bars = service.client.get(f"/v1/plans/{plan}/doubt?draws=50", headers={"Accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(bars.text)))
    assert rows[0]["rank"] == "1"
    assert {"figure", "npv_low_usd", "npv_high_usd", "source"} <= set(rows[0])
    spread = service.client.get(f"/v1/plans/{plan}/doubt/spread?draws=50")
    assert [row["city"] for row in csv.DictReader(io.StringIO(spread.text))] == ["", "", "aston", "belport"]


def test_the_workbook_is_sent_as_a_file(service: Running, plan: str):
    sent = service.client.get(f"/v1/plans/{plan}/doubt/workbook")
    assert sent.status_code == 200
    assert sent.content[:2] == b"PK"
    assert sent.headers["content-disposition"] == f'attachment; filename="{plan}.live.xlsx"'


def test_a_grid_with_a_rerun_behind_every_cell(service: Running, plan: str):
    answer = told(service, plan, "/grid", first=FARE, second=YEARS)
    assert len(answer["cells"]) == len(answer["grid"]["cells"]) == 25
    assert set(answer["cells"][0]["rerun"]["body"]["patch"]["overrides"]) == {FARE, YEARS}
    refused = service.client.get(f"/v1/plans/{plan}/doubt/grid", params={"first": FARE, "second": "nothing"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["parameter"] == "second"


def test_one_call_has_every_cell_planned_and_the_map_names_who_enters(service: Running, plan: str):
    address, asked = f"/v1/plans/{plan}/doubt/grid", {"first": FARE, "second": YEARS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service.store, "queue_limit", 3)
        some = service.client.post(address, params=asked)
        assert some.status_code == 202, some.text
        states = [cell["state"] for cell in some.json()["cells"]]
        assert 0 < states.count("queued") < states.count("missing")
        full = service.client.post(address, params=asked)
        assert (full.status_code, full.json()["code"]) == (429, "queue-full")
    told_all = service.client.post(address, params=asked).json()
    assert {cell["state"] for cell in told_all["cells"]} == {"queued"}
    ids = [cell["plan"] for cell in told_all["cells"]]
    assert len(set(ids)) == 25
    repeated = service.client.post(address, params=asked)
    assert [cell["plan"] for cell in repeated.json()["cells"]] == ids
    none = PLAN.model_copy(update={"cities": [], "objective": 0.0, "bound": 0.0})
    for k, made in enumerate(ids[:-1]):
        service.store.start(made, "tester")
        if k == 3:
            service.store.finish(made, "infeasible", problem={"clashes": []})
        else:
            service.store.finish(made, "succeeded", answer=plan_text(none if k < 3 else PLAN).encode())
    answer = told(service, plan, "/grid", **asked)
    assert answer["sentences"][-1] == "24 of 25 cells are planned anew so far."
    assert answer["cells"][0]["again"]["leaves"] == ["aston", "belport"]
    rows = list(csv.DictReader(io.StringIO(service.client.get(f"/v1/plans/{plan}/doubt/cells", params=asked).text)))
    assert [row["plan"] for row in rows] == ids
    assert [rows[k]["planned"] for k in (0, 3, 24)] == ["yes", "no plan keeps every rule", "not yet"]
    query = f"first={FARE.replace('#', '%23')}&second={YEARS.replace('#', '%23')}"
    page = page_at(service, f"/plans/{plan}/doubt?{query}")
    words = words_of(page)
    assert page.count('<i class="letter">A</i>') == 20
    assert "nothing opens; as planned" in words
    assert "no plan" in words
    assert "being made as planned" in words
    assert f'href="/plans/{ids[10]}"' in page
    sliced = words_of(page_at(service, f"/plans/{plan}/doubt?{query}&third=aston/city.toml%23market.rival_share"))
    assert sliced.count("down (") == 3


def test_a_plan_that_the_catalogue_does_not_hold_is_refused_with_a_remedy(tmp_path: Path):
    with running(tmp_path) as other:
        answered = other.client.get(f"/v1/plans/{other.made()}/doubt")
        assert answered.status_code == 422
        assert "plan again with this catalogue" in answered.text


def test_the_page_shows_all_of_it_with_links_to_the_figures(service: Running, plan: str):
    page = page_at(service, f"/plans/{plan}/doubt?first={FARE.replace('#', '%23')}&second={YEARS.replace('#', '%23')}")
    words = words_of(page)
    assert "How sure, and of what" in words
    assert "/catalogue/figures?key=aston/city.toml%23market.mean_fare_local" in page
    assert page.count('<rect class="bin') == 40
    assert page.count("<td class=") >= 25
    assert "Plan them" in words


def test_the_report_has_a_section_where_the_doubt_is_given():
    books = Books.of(PLAN, WORLD, SERVICES)
    doubt = Doubt(tornado=tornado(books), spread=spread(books, 20))
    without, told = (report_html(fake_plan(), fake_services(), fake_catalogue(), known) for known in (None, doubt))
    assert 'id="how-sure"' not in without
    assert 'id="how-sure"' in told
    assert told.count('<rect class="bin') == 40


def test_the_command_says_it_and_writes_its_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fleetplan.catalogue.load_catalogue", lambda *_, **__: WORLD)
    monkeypatch.setattr("fleetplan.terminal.context", lambda _: (WORLD, SERVICES))
    monkeypatch.setattr("fleetplan.report.html.report_html", lambda *_: "the report")
    path = tmp_path / "plan.json"
    path.write_text(plan_text(PLAN), encoding="utf-8")
    said = CliRunner().invoke(
        app, ["doubt", str(path), "--draws", "50", "--grid", FARE, YEARS, "--out", str(tmp_path / "out")]
    )
    assert said.exit_code == 0, said.output
    assert "It leans most on" in said.stdout
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names == {
        "doubt.json",
        "doubt-tornado.csv",
        "doubt-spread.csv",
        "doubt-grid.csv",
        "report.html",
        "live.xlsx",
        "plan.pptx",
    }
    monkeypatch.setattr("fleetplan.doubt.resolve.planned", lambda _, patches, effort, __: made_by(effort, len(patches)))
    again = ["--resolve", "1", "--grid", FARE, YEARS, "--third", "aston/city.toml#market.rival_share", "--cells"]
    cells = CliRunner().invoke(app, ["doubt", str(path), "--draws", "50", *again, "--out", str(tmp_path / "again")])
    assert cells.exit_code == 0, cells.output
    assert "Planned again: 75 of 75" in cells.output
    assert "its likely value" in cells.stdout
    assert "A: Aston (" in cells.stdout
    rows = list(csv.DictReader(io.StringIO((tmp_path / "again" / "doubt-grid.csv").read_text(encoding="utf-8"))))
    assert len(rows) == 75
    assert rows[0]["plan"].startswith("plans/")
    assert (tmp_path / "again" / "doubt-resolved.csv").exists()
    alone = CliRunner().invoke(app, ["doubt", str(path), "--cells", "--third", FARE])
    assert alone.exit_code == 2
    assert "--cells" in alone.output
    plain = CliRunner().invoke(app, ["doubt", str(path), "--draws", "50", "--json"])
    assert json.loads(plain.stdout)["spread"]["draws"] == 50
    wrong = CliRunner().invoke(app, ["doubt", str(path), "--draws", "1"])
    assert wrong.exit_code == 2


def made_by(effort: Effort, many: int) -> Iterator[Plan]:
    """Stand in for planning again: the plan as it is, everywhere."""
    for k in range(many):
        if effort.told is not None:
            effort.told(k + 1, many)
        yield PLAN


def test_an_answer_is_stored_with_the_plan_and_survives_a_restart_and_an_empty_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with running(tmp_path, known=Tiny()) as service:
        made = service.post({"request": PLAN.request.model_dump(mode="json"), "options": {"time_limit_s": 30}})
        service.store.start(made, "tester")
        service.store.finish(made, "succeeded", answer=plan_text(PLAN).encode())
        assert told(service, made, "/kept")["kept"] == []
        first = told(service, made, draws=40, seed=3)
    monkeypatch.setenv("FLEETPLAN_CACHE", str(tmp_path / "another"))
    with running(tmp_path, known=Tiny()) as service, monkeypatch.context() as patch:
        patch.setattr("api.doubts.doubt_of", lambda *_, **__: pytest.fail("it is worked out anew"))
        assert told(service, made, draws=40, seed=3)["doubt"] == first["doubt"]
        (kept,) = told(service, made, "/kept")["kept"]
        assert (kept["draws"], kept["seed"], kept["current"]) == (40, 3, True)
        stored = Doubt.model_validate(first["doubt"]).model_dump_json().encode()
        assert (kept["sha256"], kept["bytes"]) == (hashlib.sha256(stored).hexdigest(), len(stored))
        assert service.client.get(kept["href"]).json()["doubt"] == first["doubt"]
        again = service.store.keep_finding(made, service.store.findings(made)[0].asked, b"another")
        assert again is not None
        assert again.sha256 == kept["sha256"]
        assert service.store.keep_finding("plan_gone", {}, b"") is None
        with service.store.writing(1) as connection:
            connection.execute(tables.findings.update().values(answer=b"nothing that was squeezed"))
        with pytest.raises(AnswerDamaged):
            service.store.finding(made, service.store.findings(made)[0].asked)
        service.store.delete(made)
        assert service.store.findings(made) == []
