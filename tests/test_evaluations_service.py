"""Plans made elsewhere over HTTP and on their page: refused with every fault, kept, scored by a worker, told."""

from __future__ import annotations

import base64
import io
import json
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from api.jobs import evaluating, evaluation_child
from api.jobs.child import Lines
from api.jobs.evaluating import Evaluating
from api.store.contract import NewPlan
from api.store.errors import PlanUnknown, TooManyWait
from api.store.leases import MOST_LEASES
from fleetplan.errors import InputError, SolverError
from fleetplan.evaluate.result import Evaluation
from fleetplan.evaluate.sheets import rows_of
from fleetplan.options import PlanOptions
from tests.api_support import BODY, Running, answer, running
from tests.fake_evaluator import evaluation
from tests.pages_support import page_at, words_of
from tests.worker_process import ROOT, until

FAKE = (sys.executable, str(ROOT / "tests" / "fake_evaluator.py"))
LONG_S = 600.0
TABLE = "city,stack,period,vehicles\nzurich,weride-gxr,2029-01,60\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("evaluations"), max_upload_bytes=100_000) as started:
        yield started


@pytest.fixture(scope="module")
def plan(service: Running) -> str:
    return service.made()


def own(text: str = TABLE, name: str = "own.csv") -> dict[str, Any]:
    return {"own": {"name": name, "text": text}}


def post(service: Running, plan: str, body: Any) -> Any:
    return service.client.post(f"/v1/plans/{plan}/evaluations", json=body)


def test_a_file_is_kept_once_scored_and_told_with_the_plan(service: Running, plan: str):
    sent = post(service, plan, own())
    assert (sent.status_code, sent.headers["Retry-After"]) == (202, "2")
    told = sent.json()
    assert (told["state"], told["evaluation"], told["plan"]) == ("queued", None, plan)
    assert sent.headers["Location"] == told["href"]
    same = {"own": {"name": "own.csv", "content": base64.b64encode(TABLE.encode()).decode()}}
    assert post(service, plan, same).json()["id"] == told["id"]
    assert "being put to the test" in words_of(page_at(service, f"/plans/{plan}/own"))
    one = service.store.lease_evaluation("w", LONG_S)
    assert one is not None
    assert (one.id, one.content, one.infeasible) == (told["id"], TABLE.encode(), False)
    service.store.end_evaluation(one.id, "w", answer=json.dumps(evaluation()).encode())
    known = service.client.get(told["href"])
    assert known.json()["evaluation"]["gap_usd"] == 4e6
    assert service.client.get(told["href"], headers={"If-None-Match": known.headers["ETag"]}).status_code == 304
    assert post(service, plan, own()).status_code == 200
    listed = service.client.get(f"/v1/plans/{plan}/evaluations").json()["evaluations"]
    assert [row["name"] for row in listed] == ["own.csv"]
    assert service.store.evaluation_file(told["id"]) == TABLE.encode()
    page = page_at(service, f"/plans/{plan}/own?of={told['id']}")
    said = words_of(page)
    assert "Nothing runs before its permits" in said
    assert "60 vehicles, but permits let riders in from 2028-07" in said
    assert "12.5 vehicle-years away" in said
    assert "Zurich opens in Jul 2028, not in Jan 2028." in said
    assert "Where the file contradicts itself" in said
    assert 'id="go-on"' in page
    missing = service.client.get(f"/v1/plans/{plan}/evaluations/evl_x")
    assert (missing.status_code, missing.json()["code"]) == (404, "evaluation-not-found")


def test_what_cannot_be_scored_or_read_any_more_is_told_on_the_page(service: Running):
    plan = service.made("infeasible")
    assert "Put a plan to the test" in words_of(page_at(service, f"/plans/{plan}/own"))
    told = post(service, plan, own()).json()
    one = service.store.lease_evaluation("w", LONG_S)
    assert one is not None
    assert one.infeasible
    faults = [{"where": "row 2", "what": "is gone", "allowed": "a city", "remedy": "name one"}]
    service.store.end_evaluation(one.id, "w", problem={"code": "bad", "detail": "no longer known", "faults": faults})
    said = words_of(page_at(service, f"/plans/{plan}/own"))
    assert "no longer known" in said
    assert "is gone" in said
    assert post(service, plan, own()).json()["state"] == "queued"
    again = service.store.lease_evaluation("w", LONG_S)
    assert again is not None
    service.store.end_evaluation(again.id, "w", answer=b'{"older": 1}')
    assert "An earlier version" in words_of(page_at(service, f"/plans/{plan}/own?of={told['id']}"))


def test_a_request_with_a_file_makes_the_best_plan_once(service: Running):
    body = {**BODY, **own()}
    first = service.client.post("/v1/evaluations", json=body)
    assert first.status_code == 202, first.text
    other = service.client.post("/v1/evaluations", json={**BODY, **own(TABLE.replace("60", "70"))})
    best = first.json()["plan"]
    assert other.json()["plan"] == best
    assert other.json()["id"] != first.json()["id"]
    assert best in service.runner.enqueued
    assert "still being made" in words_of(page_at(service, f"/plans/{best}/own"))
    assert service.store.lease_evaluation("w", LONG_S) is None  # its plan is still to be made
    service.runner.end(best)
    assert service.store.evaluations_wait()
    one = service.store.lease_evaluation("w", LONG_S)
    assert one is not None
    service.store.return_evaluation(one.id, "w")
    assert service.store.renew_evaluation(one.id, "w", LONG_S) is False


def test_every_fault_comes_at_once(service: Running, plan: str):
    table = "city,stack,period,vehicles\natlantis,weride-gxr,2029-01,6\nzurich,weride-gxr,1999-01,=1+1\n"
    wrong = post(service, plan, own(table)).json()
    assert [e["pointer"] for e in wrong["errors"]] == ["/own/text"] * 3
    assert ["atlantis" in wrong["errors"][0]["message"], "1999-01" in wrong["errors"][1]["message"]] == [True, True]
    both = {"request": {"cities": ["atlantis"]}, "own": {"name": "x", "content": "?", "text": "y"}}
    errors = service.client.post("/v1/evaluations", json=both).json()["errors"]
    assert {"/own"} < {e["pointer"] for e in errors}
    said = [
        post(service, plan, body).json()["errors"][0]
        for body in (
            {},
            {"own": {"content": "not base64!"}},
            {**own(), "more": 1},
            {"own": {"name": "", "text": TABLE}},
            {"own": {"content": base64.b64encode(b"PK\x03\x04").decode()}},
        )
    ]
    assert [e["pointer"] for e in said] == ["/own", "/own/content", "/more", "/own/name", "/own/content"]
    assert post(service, plan, own("x" * 200_000)).status_code == 413
    assert service.client.post(f"/v1/plans/{plan}/reruns", content=b"x" * 100_001).status_code != 413


def test_a_key_that_may_read_sees_and_may_not_send(tmp_path: Path):
    with running(tmp_path) as service:
        plan = service.made()
        key = {"Authorization": f"Bearer {service.store.add_key('reader', ['read'])}"}
        service.service.guard._asked = float("-inf")
        for address in (f"/v1/plans/{plan}/evaluations", "/v1/evaluations"):
            assert service.client.post(address, json=own(), headers=key).json()["code"] == "scope-missing"
        assert service.client.get(f"/v1/plans/{plan}/evaluations", headers=key).status_code == 200
        page = service.client.get(f"/plans/{plan}/own", headers={**key, "Accept": "text/html"}).text
        assert "Your key may read only" in page


def test_the_store_refuses_too_many_and_gives_up_what_is_lost(service: Running, monkeypatch: pytest.MonkeyPatch):
    store = service.store
    with pytest.raises(PlanUnknown):
        store.ask_evaluation("plan_x", "a.csv", b"a")
    plan = store.create(NewPlan({"name": "lost"}, PlanOptions()))[0].id
    store.request_cancel(plan)
    while store.lease_evaluation("earlier", LONG_S):
        pass
    row, known = store.ask_evaluation(plan, "a.csv", b"a")
    assert not known
    for k in range(MOST_LEASES):
        assert store.lease_evaluation(f"w{k}", -1.0) is not None
    assert store.lease_evaluation("last", LONG_S) is None
    found = store.evaluation(plan, row.id)
    assert found is not None
    assert (found.state, (found.problem or {})["code"]) == ("failed", "gave-up")
    monkeypatch.setattr("api.store.evaluations.MOST_OF_A_PLAN", 1)
    with pytest.raises(TooManyWait):
        store.ask_evaluation(plan, "b.csv", b"b")
    store.delete(plan)
    assert store.evaluations(plan) == []
    assert store.evaluation_answer(row.id) is None


def test_a_worker_scores_what_waits_and_tells_what_fails(service: Running, plan: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(evaluating, "LOOK_S", 0.05)
    ids = {name: service.store.ask_evaluation(plan, name, b"x")[0].id for name in ("ok.csv", "dead.csv", "bad.csv")}
    stop = threading.Event()
    thread = threading.Thread(
        target=Evaluating(service.store, "w", lambda: LONG_S, FAKE).run, args=(stop,), daemon=True
    )
    thread.start()

    def state(key: str) -> str:
        row = service.store.evaluation(plan, key)
        assert row is not None
        return row.state

    until(lambda: all(state(key) in {"succeeded", "failed"} for key in ids.values()))
    last = service.store.ask_evaluation(plan, "long.csv", b"x")[0].id
    until(lambda: state(last) == "running")
    stop.set()
    thread.join()
    assert [state(key) for key in (*ids.values(), last)] == ["succeeded", "failed", "failed", "queued"]


def test_the_process_that_scores_says_what_it_found(monkeypatch: pytest.MonkeyPatch):
    def made(outcome: Any, best: str | None = None) -> dict[str, Any]:
        def scored(*_: Any, **given: Any) -> Evaluation:
            if isinstance(outcome, Exception):
                raise outcome
            assert given["known"].infeasible
            return Evaluation.model_validate(outcome)

        monkeypatch.setattr("fleetplan.evaluate.score.evaluate_prepared", scored)
        monkeypatch.setattr("fleetplan.prepare.prepare", lambda _: SimpleNamespace(cut=lambda: None))
        out = io.BytesIO()
        job = {"request": BODY["request"], "name": "a.csv", "content": "", "best": best, "infeasible": True}
        evaluation_child.score(job, Lines(out))
        found: dict[str, Any] = json.loads(out.getvalue())
        return found

    told = Evaluation.model_validate(evaluation())
    assert made(told, answer().decode())["evaluation"]["gap_most_usd"] == 4.5e6
    assert made(SolverError("no time"))["detail"] == "no time"
    assert made(told, '{"name": "x"}')["faults"][0]["where"] == "plan.json: /schema_version"


def book(rows: str, **parts: str) -> bytes:
    """Return a workbook with a sheet of some rows, and other parts."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}"><sheets><sheet name="s" p:id="r" xmlns:p="{links}"/></sheets></workbook>',
        )
        made.writestr("xl/_rels/workbook.xml.rels", '<R><Relationship Id="r" Target="/xl/s.xml"/></R>')
        head = parts.pop("head", "")
        made.writestr("xl/s.xml", f'{head}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>')
        for name, text in parts.items():
            made.writestr(name, text)
    return out.getvalue()


CELL = '<row><c r="A1" t="inlineStr"><is><t>City</t></is></c><c r="{}"><f>1+1</f>{}</c></row>'


def test_a_workbook_gives_stored_values_and_nothing_hostile_passes():
    assert rows_of(book(CELL.format("B1", "<v>2</v>") + CELL.format("B2", "<v>7</v>")), "x") == [
        {"city": "City", "2": "7"}
    ]
    assert rows_of(book(CELL.format("XFD1", "") * 2), "x") == [{"city": "City"}]  # far to the right: not read
    hostile = {
        "a formula in B1": book(CELL.format("B1", "")),
        "macros": book("", **{"xl/vbaProject.bin": "x"}),
        "cannot be read as a workbook": book("", head='<!DOCTYPE x [<!ENTITY a "b">]>'),
        "too large once it is unpacked": book("<row/>" * 11_000_000),
    }
    for told, data in hostile.items():
        with pytest.raises(InputError, match=told):
            rows_of(data, "x.xlsx")
    for told, data in {
        "larger than field limit": b'a\n"' + b"x" * 200_000,
        "20,000 rows": b"a\n" + b"1\n" * 20_002,
    }.items():
        with pytest.raises(InputError, match=told):
            rows_of(data, "x.csv")
