"""Why not over HTTP: read from stored plans, asked for as an ordinary rerun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_support import CLASHES, Running, running

MORE: dict[str, str | int] = {"city": "Zurich", "vehicles": 900}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as started:
        yield started


def asked(service: Running, plan: str, **question: Any) -> Any:
    answered = service.client.get(f"/v1/plans/{plan}/why-not", params=question)
    assert answered.status_code == 200, answered.text
    return answered.json()


def posted(service: Running, told: Any) -> str:
    call = told["rerun"]
    answered = service.client.post(
        call["href"], json=call["body"], headers={"Idempotency-Key": call["idempotency_key"]}
    )
    assert answered.status_code in {200, 202}, answered.text
    return str(answered.json()["id"])


def test_what_is_not_known_is_a_rerun_to_post_and_the_same_one_twice(service: Running) -> None:
    plan = service.made("own")
    first = asked(service, plan, **MORE)
    assert (first["state"], first["kind"], first["sentences"]) == ("missing", "open", [])
    assert first["asked"] == {"city": "zurich", "stack": None, "by": None, "vehicles": 900, "level": None}
    one, two = posted(service, first), posted(service, asked(service, plan, **MORE) | {"rerun": first["rerun"]})
    assert one == two
    waiting = asked(service, plan, **MORE)
    assert (waiting["state"], waiting["answered_by"], waiting["rerun"]) == ("queued", one, None)


def test_a_plan_that_does_it_says_what_it_costs(service: Running) -> None:
    plan = service.made("own")
    child = posted(service, asked(service, plan, **MORE))
    service.runner.end(child, "cheaper")
    told = asked(service, plan, **MORE)
    assert (told["state"], told["kind"], told["answered_by"]) == ("known", "possible", child)
    rows = {name: service.client.get(f"/v1/plans/{name}").json() for name in (plan, child)}
    worth = {name: float(row["objective"]["amount"]) for name, row in rows.items()}
    assert told["cost_usd"] == pytest.approx(worth[plan] - worth[child], abs=0.02)
    assert told["least_usd"] <= told["cost_usd"] <= told["most_usd"]
    assert told["sentences"][0].startswith("It can be had, and costs $")
    assert "Zurich with 900 vehicles" in told["sentences"][0]


def test_what_no_plan_can_have_names_what_stands_in_the_way(service: Running) -> None:
    plan = service.made("own")
    child = posted(service, asked(service, plan, **MORE))
    service.runner.end(child, "infeasible")
    told = asked(service, plan, **MORE)
    assert (told["state"], told["kind"]) == ("known", "impossible")
    assert told["conflicts"][0]["sentence"] == CLASHES[0].sentence
    assert told["sentences"] == ["No plan of this request has Zurich with 900 vehicles.", CLASHES[0].sentence]


def test_one_that_failed_may_be_asked_again_under_another_key(service: Running) -> None:
    plan = service.made("own")
    first = asked(service, plan, **MORE)
    service.runner.end(posted(service, first), "failed")
    again = asked(service, plan, **MORE)
    assert again["state"] == "failed"
    assert again["rerun"]["idempotency_key"] != first["rerun"]["idempotency_key"]


def test_what_the_plan_does_is_known_at_once(service: Running) -> None:
    plan = service.made("own")
    told = asked(service, plan, city="zurich")
    assert (told["state"], told["kind"], told["rerun"]) == ("known", "planned", None)
    assert told["sentences"] == ["The plan does it: Zurich."]


def test_every_fault_of_a_question_stands_at_its_parameter(service: Running) -> None:
    plan = service.made("own")
    wrong = {"city": "atlantis", "stack": "nobody", "by": "2099-01"}
    answered = service.client.get(f"/v1/plans/{plan}/why-not", params={**wrong})
    assert answered.status_code == 422
    assert {flaw["parameter"] for flaw in answered.json()["errors"]} == {"city", "stack", "by"}
    assert all(flaw["message"] for flaw in answered.json()["errors"])


def test_a_plan_without_an_answer_has_none(service: Running) -> None:
    plan = service.post()
    assert service.client.get(f"/v1/plans/{plan}/why-not", params=MORE).status_code == 409
