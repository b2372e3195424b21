"""`fleetplan serve` itself is killed as by -9 and started again; clients notice nothing but lost connections."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.store.contract import FINAL
from tests.api_support import BODY
from tests.service_process import ServiceProcess, client_of, events_of
from tests.worker_process import alive, until

KEY = {"Idempotency-Key": "one"}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    with (tmp_path / "log").open("wb") as log, ServiceProcess(tmp_path / "data", log=log) as started:
        yield started.ready()


def pretended(starts: Path, **fake: Any) -> dict[str, Any]:
    """Return a body whose note tells the solver what to pretend."""
    return {"request": {**BODY["request"], "note": json.dumps({"log": str(starts), **fake})}}


def until_solving(client: httpx2.Client, plan: str) -> None:
    until(lambda: client.get(f"/v1/plans/{plan}").json()["first_plan_at"] is not None, 30)


def follow_and_kill(
    client: httpx2.Client, plan: str, service: ServiceProcess, seen: list[tuple[int, str, dict[str, Any]]]
) -> None:
    """Note a plan's events, and kill the service after the first plan found."""
    for event in events_of(client, plan):
        seen.append(event)
        if event[1] == "incumbent" and service.process.poll() is None:
            service.kill()


def final(client: httpx2.Client, plan: str) -> dict[str, Any]:
    def ended() -> bool:
        return client.get(f"/v1/plans/{plan}").json()["state"] in FINAL

    until(ended, 60)
    told: dict[str, Any] = client.get(f"/v1/plans/{plan}").json()
    return told


@pytest.mark.slow
def test_a_service_killed_in_mid_solve_goes_on_and_its_streams_resume_without_a_gap(
    service: ServiceProcess, tmp_path: Path
):
    starts = tmp_path / "starts"
    seen: list[tuple[int, str, dict[str, Any]]] = []
    with client_of(service.url) as client:
        posted = client.post("/v1/plans", json=pretended(starts, seconds=120.0, again=0.5), headers=KEY)
        plan = posted.json()["id"]
        with pytest.raises(httpx2.TransportError):
            follow_and_kill(client, plan, service, seen)
        until(lambda: not alive(int(starts.read_text().split()[0])), 5)
        service.start_again()
        service.ready()
        again = client.post("/v1/plans", json=pretended(starts, seconds=120.0, again=0.5), headers=KEY)
        assert (again.json()["id"], again.headers["idempotency-replayed"]) == (plan, "true")
        seen += events_of(client, plan, seen[-1][0])
        assert final(client, plan)["state"] == "succeeded"
        whole = list(events_of(client, plan))
        assert [number for number, _, _ in seen] == list(range(1, len(whole) + 1))
        assert seen == whole
        ends = [data["state"] for _, kind, data in whole if kind == "state" and data["state"] in FINAL]
        assert ends == ["succeeded"]
        assert len(client.get("/v1/plans").json()["plans"]) == 1
    assert len(starts.read_text().split()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("state", ["queued", "running", "stopping", "succeeded", "infeasible", "failed", "cancelled"])
def test_a_service_killed_in_any_state_of_a_plan_loses_nothing(service: ServiceProcess, tmp_path: Path, state: str):
    ends = {"infeasible": {"end": "infeasible"}, "failed": {"end": "problem"}}
    busy = pretended(tmp_path / "busy", seconds=120.0, again=0.2)
    asked = pretended(tmp_path / "starts", **{"seconds": 0.2, **ends.get(state, {})})
    if state in {"running", "stopping"}:
        asked = busy
    with client_of(service.url) as client:
        if state in {"queued", "cancelled"}:  # it waits behind another
            other = client.post("/v1/plans", json=busy).json()["id"]
            until_solving(client, other)
        plan = client.post("/v1/plans", json=asked).json()["id"]
        if state in {"running", "stopping"}:
            until_solving(client, plan)
        if state in {"stopping", "cancelled"}:
            client.post(f"/v1/plans/{plan}/cancel")
        if state in FINAL:
            final(client, plan)
        before = client.get(f"/v1/plans/{plan}").json()
        service.kill()
        service.start_again()
        service.ready()
        after = final(client, plan)
        if state in FINAL:
            assert after == before
            assert before["state"] == state
        # One asked to stop keeps its best plan if the solver had time to say so before the kill.
        assert after["state"] == {"stopping": "cancelled", "queued": "succeeded", "running": "succeeded"}.get(
            state, state
        )
        told = [data["state"] for _, kind, data in events_of(client, plan) if kind == "state"]
        assert sum(one in FINAL for one in told) == 1
