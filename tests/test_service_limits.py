"""What the service does not let happen: one plan takes all memory, the store grows without end, readers never read."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from api.documents import Document, Kept
from api.following import Following
from api.jobs import memory
from api.jobs.solve import Solve, job
from api.pages import catalogue as catalogue_pages
from api.sockets import UNREAD_S, Patient
from api.store import tables
from api.store.contract import EventRow, Head
from fleetplan.options import PlanOptions
from tests.api_support import BODY, Running, running
from tests.loops import run_alone
from tests.worker_process import FAKE

HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("limits")) as service:
        yield service


# --- memory -----------------------------------------------------------------------------------------------------------


def solved(fake: dict[str, Any], most_bytes: int | None, cities: Sequence[str]) -> Mapping[str, Any]:
    """Solve as a worker does, with somebody who keeps time and memory; return the problem that came of it."""
    solve = Solve(FAKE, 10.0, lambda *_: None, most_bytes)
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            solve.tick()

    watcher = threading.Thread(target=watch)
    watcher.start()
    request = {"name": "large", "capital": {"per_quarter_usd": 1e6}, "cities": list(cities), "fake": fake}
    try:
        found = solve.run(job({**request}, PlanOptions(), None))
    finally:
        over.set()
        watcher.join()
    assert found.state == "failed"
    assert found.problem is not None
    return found.problem


@pytest.mark.skipif(not Path("/proc/self/statm").is_file(), reason="only Linux says what a process takes")
def test_a_solve_that_outgrows_its_memory_is_told_as_such_with_the_size_that_would_fit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "size_of", lambda request: 24 * len(request["cities"]))
    limit = 700_000_000
    told = solved({"end": "grow"}, limit, ["zurich", "munich", "madrid"])
    assert (told["code"], told["limit_bytes"], told["size"]) == ("memory", limit, 72)
    assert 30 <= told["fits"] <= 0.8 * 72
    assert f"of 72 cities x periods about {told['fits']} would fit" in told["detail"]


def test_a_solver_that_the_system_ended_for_memory_did_not_just_die(monkeypatch: pytest.MonkeyPatch):
    ends = iter([3, 4])
    monkeypatch.setattr(memory, "ended_for_memory", lambda: next(ends))
    told = solved({"end": "die"}, None, ["nowhere"])
    assert (told["code"], told["size"], told["fits"]) == ("memory", None, None)


def test_what_a_solve_may_take_is_its_part_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    monkeypatch.setattr(memory, "PROC", tmp_path)
    assert memory.most_bytes(None, 2) is None
    (tmp_path / "meminfo").write_text("MemTotal:       8000000 kB\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.most_bytes(None, 2) == 3_072_000_000
    (tmp_path / "memory.max").write_text("4000000000\n")
    (tmp_path / "memory.events").write_text("low 0\nhigh 2\nmax 7\noom 3\noom_kill 2\n")
    assert memory.most_bytes(None, 3) == 1_000_000_000
    assert (memory.most_bytes(0, 3), memory.most_bytes(5, 3)) == (None, 5)
    assert memory.ended_for_memory() == 2


def test_the_size_of_a_request_is_cities_times_periods():
    asked = {**BODY["request"], "horizon": {"start": "2027-01", "months": 36, "single_months": 12}}
    assert memory.size_of(asked) == 2 * 20
    assert memory.size_of({"no": "request"}) is None
    assert memory.Outgrown.of({"no": "request"}, 5, 4).sentence.endswith("GB that a plan may take")


# --- what is stored -----------------------------------------------------------------------------------------------------


def test_with_as_much_stored_as_may_be_no_plan_is_taken_until_something_is_deleted(tmp_path: Path):
    with running(tmp_path, outcome="succeeded") as service:
        plan = service.made()
        held = service.store.stored_bytes()
        assert held > len(service.store.answer(plan) or b"")
    with running(tmp_path, outcome="succeeded", max_store_bytes=held - 1) as service:
        refused = service.client.post("/v1/plans", json=BODY)
        again = service.client.post(f"/v1/plans/{plan}/reruns", json={"patch": {}})
        assert [(r.status_code, r.json()["code"]) for r in (refused, again)] == [(507, "store-limit")] * 2
        assert "MB are stored" in refused.json()["detail"]
        assert service.client.get(f"/v1/plans/{plan}").status_code == 200
        service.client.delete(f"/v1/plans/{plan}")
        assert service.post()


def test_what_was_stopped_or_failed_without_a_plan_is_forgotten_after_its_time(tmp_path: Path):
    with running(tmp_path) as service:
        kept = [service.made(state) for state in ("succeeded", "infeasible")]
        stopped, failed, fresh = service.post(), service.made("failed"), service.post()
        for plan in (stopped, fresh):
            service.store.request_cancel(plan)
        long_ago = datetime.now(UTC) - timedelta(days=31)
        with service.store.writing() as connection:
            old = sa.update(tables.plans).where(tables.plans.c.id != fresh)
            connection.execute(old.values(finished_at=long_ago))
        assert service.store.forget_empty(0) == 0
        assert service.store.forget_empty(30) == 2
        left = {row.id for row in service.store.page(limit=9, after=None)}
        assert left == {*kept, fresh}
        assert service.store.events(failed) == []


# --- many who ask and follow ----------------------------------------------------------------------------------------------


class Moving:
    """A store whose only plan gets an event, and ends, when told to."""

    def __init__(self) -> None:
        self.last, self.final, self.looks, self.readings = 1, False, 0, 0

    def heads(self, plans: Sequence[str]) -> dict[str, Head]:
        self.looks += 1
        return {plan: Head(self.last, self.final) for plan in plans if plan == "p"}

    def events(self, plan: str, *, after: int = 0, limit: int = 500) -> list[EventRow]:
        self.readings += 1
        return [EventRow(plan, seq, datetime.now(UTC), "log", {}) for seq in range(after + 1, self.last + 1)]


def test_two_hundred_who_follow_a_plan_cost_one_look_and_one_reading():
    store: Any = Moving()

    async def follow(following: Following, plan: str) -> int:
        seen = 0
        async with following.follow(plan) as follower:
            while True:
                ended = follower.ended
                if follower.last > seen:
                    seen = (await follower.events(seen))[-1].seq
                elif ended:
                    return seen
                await follower.moved(30.0)

    async def all_of_them() -> list[int]:
        following = Following(store, 0.01)
        first = asyncio.ensure_future(follow(following, "p"))
        await asyncio.sleep(0.05)
        tasks = [asyncio.ensure_future(follow(following, "p")) for _ in range(200)]
        await asyncio.sleep(0.05)
        before = store.readings
        store.last = 3
        await asyncio.sleep(0.1)
        assert store.readings - before <= 2
        store.final = True
        assert await follow(following, "gone") == 0
        return await asyncio.gather(first, *tasks)

    began = time.monotonic()
    assert set(run_alone(all_of_them())) == {3}
    assert store.looks <= 10 + 100 * (time.monotonic() - began)


def test_a_page_of_the_catalogue_is_drawn_once_for_all(site: Running, monkeypatch: pytest.MonkeyPatch):
    drawn: list[str] = []
    draw = catalogue_pages._overview

    def counted(request: Any, service: Any) -> Any:
        drawn.append(request.cookies.get("theme", ""))
        return draw(request, service)

    monkeypatch.setattr(catalogue_pages, "_overview", counted)
    pages = [site.client.get("/catalogue", headers={**HTML, "Cookie": f"theme={t}"}) for t in ("", "dark", "", "dark")]
    assert drawn == ["", "dark"]
    assert [page.text == pages[0].text for page in pages] == [True, False, True, False]
    again = site.client.get("/catalogue", headers={**HTML, "If-None-Match": pages[0].headers["etag"]})
    assert (again.status_code, len(drawn)) == (304, 2)


def test_a_final_plan_that_is_polled_takes_the_short_way_and_is_counted_all_the_same(site: Running):
    plan = site.made()
    answers = [site.client.get(f"/v1/plans/{plan}") for _ in range(3)]
    assert len({answer.text for answer in answers}) == 1
    assert (
        site.client.get(f"/v1/plans/{plan}", headers={"If-None-Match": answers[0].headers["etag"]}).status_code == 304
    )
    told = site.client.get("/metrics").text
    assert 'fleetplan_http_requests_total{method="GET",route="/v1/plans/{plan}",status="200"} 3.0' in told


def test_the_short_way_asks_whoever_comes_for_their_key_as_the_long_one_does(tmp_path: Path):
    with running(tmp_path) as service:
        plan, key = service.made(), service.store.add_key("reader", ["read"])
        keyed = {"Authorization": f"Bearer {key}"}
        service.service.guard._asked = float("-inf")  # keys are looked for anew
        codes = [service.client.get(f"/v1/plans/{plan}", headers=keyed).status_code for _ in range(2)]
        assert service.service.guard.at_hand(keyed["Authorization"], forwarded=True) is not None
        passed = {**keyed, "X-Forwarded-For": "192.0.2.1"}
        others: list[dict[str, str]] = [
            {},
            {"Authorization": "Bearer other"},
            {**keyed, "Host": "elsewhere.example"},
            {**passed, "Cookie": "theme=dark"},
        ]
        codes += [service.client.get(f"/v1/plans/{plan}", headers=other).status_code for other in others]
        told = service.client.get(f"/v1/plans/{plan}", headers={**passed, "X-Request-Id": "mine"}).headers
    assert codes == [200, 200, 401, 401, 421, 200]
    assert (told["x-request-id"], told["x-content-type-options"]) == ("mine", "nosniff")
    assert "default-src 'none'" in told["content-security-policy"]


def test_what_was_fresh_a_moment_ago_is_sent_while_it_is_made_anew():
    made = iter([b"second"])

    async def ask() -> list[bytes | None]:
        kept = Kept(most_bytes=1000, fresh_s=0.0, late_s=60.0)
        kept.put("a", Document(b"first"), lambda: Document(next(made)))
        kept.put("unmade", Document(b"first"))
        found = [kept.at_hand("unmade"), kept.at_hand("a"), kept.at_hand("a")]
        await kept._making["a"]
        found.append(kept.at_hand("a"))  # and now it cannot be made any more: the next who asks hears so
        with pytest.raises(RuntimeError):
            await kept._making["a"]
        return [None if one is None else one.body for one in (*found, kept.at_hand("a"))]

    assert run_alone(ask()) == [None, b"first", b"first", b"second", None]


def test_who_asks_and_never_reads_is_dropped_and_a_slow_reader_is_not():
    timers: list[Any] = []
    left = iter([5_000_000, 4_000_000, 4_000_000])
    aborted: list[bool] = []

    def call_later(seconds: float, act: Any, *given: Any) -> Any:
        timers.append(SimpleNamespace(seconds=seconds, fire=lambda: act(*given), cancel=lambda: timers.append("off")))
        return timers[-1]

    protocol: Any = Patient.__new__(Patient)
    protocol.loop = SimpleNamespace(call_later=call_later)
    protocol.flow = SimpleNamespace(pause_writing=lambda: None, resume_writing=lambda: None)
    protocol.transport = SimpleNamespace(get_write_buffer_size=lambda: next(left), abort=lambda: aborted.append(True))
    protocol.pause_writing()
    timers[0].fire()
    assert (len(timers), timers[1].seconds, aborted) == (2, UNREAD_S, [])
    timers[1].fire()
    assert aborted == [True]
    protocol.resume_writing()
    assert timers[-1] == "off"
