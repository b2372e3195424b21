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


def ends_of(client: httpx2.Client, plan: str) -> list[str]:
    """Return the final states that a plan's events tell."""
    told = [data["state"] for _, kind, data in events_of(client, plan) if kind == "state"]
    return [state for state in told if state in FINAL]


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
        until(lambda: not alive(int(starts.read_text().split()[0])))
        service.start_again()
        service.ready()
        again = client.post("/v1/plans", json=pretended(starts, seconds=120.0, again=0.5), headers=KEY)
        assert (again.json()["id"], again.headers["idempotency-replayed"]) == (plan, "true")
        seen += events_of(client, plan, seen[-1][0])
        assert final(client, plan)["state"] == "succeeded"
        whole = list(events_of(client, plan))
        assert [number for number, _, _ in seen] == list(range(1, len(whole) + 1))
        assert seen == whole
        assert ends_of(client, plan) == ["succeeded"]
        assert len(client.get("/v1/plans").json()["plans"]) == 1
    assert len(starts.read_text().split()) == 2


@pytest.mark.slow
def test_a_killed_service_loses_no_plan_in_any_state(service: ServiceProcess, tmp_path: Path):
    def post(**fake: Any) -> str:
        answered = client.post("/v1/plans", json=pretended(tmp_path / f"starts{len(plans)}", **fake))
        assert answered.status_code == 202
        return str(answered.json()["id"])

    plans: dict[str, str] = {}
    with client_of(service.url) as client:
        ends: dict[str, dict[str, Any]] = {
            "succeeded": {"seconds": 0.1},
            "infeasible": {"end": "infeasible"},
            "failed": {"end": "problem"},
        }
        for state, fake in ends.items():
            plans[state] = post(**fake)
            final(client, plans[state])
        plans["running"] = post(seconds=120.0, again=0.2)
        until_solving(client, plans["running"])
        plans["queued"], plans["cancelled"] = post(seconds=0.1), post()
        client.post(f"/v1/plans/{plans['cancelled']}/cancel")
        before = {state: client.get(f"/v1/plans/{plan}").json() for state, plan in plans.items()}
        assert {state: told["state"] for state, told in before.items()} == {state: state for state in plans}
        service.kill()
        service.start_again()
        service.ready()
        after = {state: final(client, plan) for state, plan in plans.items()}
        assert {state: told["state"] for state, told in after.items() if state not in FINAL} == {
            "running": "succeeded",
            "queued": "succeeded",
        }
        assert all(after[state] == before[state] for state in plans if state in FINAL)
        for plan in plans.values():
            assert len(ends_of(client, plan)) == 1


@pytest.mark.slow
def test_a_plan_asked_to_stop_is_cancelled_when_the_service_is_killed(service: ServiceProcess, tmp_path: Path):
    with client_of(service.url) as client:
        asked = pretended(tmp_path / "starts", seconds=120.0)
        plan = client.post("/v1/plans", json=asked).json()["id"]
        until_solving(client, plan)
        client.post(f"/v1/plans/{plan}/cancel")
        service.kill()
        service.start_again()
        service.ready()
        assert final(client, plan)["state"] == "cancelled"
        assert ends_of(client, plan) == ["cancelled"]
