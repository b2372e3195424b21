"""Alternatives, a frontier and plans side by side over HTTP: read from stored plans, what is missing a rerun to post."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetplan.plans.types import Plan
from fleetplan.request import parse_request
from tests.api_support import CLASHES, Running, answer, running
from tests.pages_support import page_at, words_of


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as started:
        yield started


def asked(service: Running, path: str, **question: Any) -> Any:
    answered = service.client.get(path, params=question)
    assert answered.status_code == 200, answered.text
    return answered.json()


def posted(service: Running, call: Any) -> str:
    answered = service.client.post(
        call["href"], json=call["body"], headers={"Idempotency-Key": call["idempotency_key"]}
    )
    assert answered.status_code in {200, 202}, answered.text
    return str(answered.json()["id"])


def ended(service: Running, plan: str, worth: float, bound: float | None = None) -> None:
    """End a plan with an answer to its own request, worth a share of the first plan."""
    row = service.store.get(plan)
    assert row is not None
    made = Plan.model_validate_json(answer().replace(b'"wayve-ford"', b'"wayve-ford-mach-e"'))  # a stack that there is
    objective = made.objective * worth
    worths = {"objective": objective, "bound": objective if bound is None else made.objective * bound}
    own = made.model_copy(update={"request": parse_request(dict(row.request)), **worths})
    service.runner.begin(plan)
    service.store.finish(plan, "succeeded", answer=own.model_dump_json().encode())


def made(service: Running) -> str:
    plan = service.post()
    ended(service, plan, 1.0)
    return plan


def test_alternatives_come_one_after_the_other_each_as_a_rerun_to_post(service: Running) -> None:
    plan = made(service)
    path = f"/v1/plans/{plan}/alternatives"
    first = asked(service, path, count=2, within="50%")
    assert (first["state"], first["plans"], first["alternatives"]["ended"]) == ("missing", [], "unknown")
    patch = first["rerun"]["body"]["patch"]
    assert [c["type"] for c in patch["constraints"].values()] == ["other_launches"]
    one = posted(service, first["rerun"])
    waiting = asked(service, path, count=2, within="50%")
    assert (waiting["state"], waiting["making"], waiting["rerun"]) == ("queued", one, None)
    ended(service, one, 0.9)
    second = asked(service, path, count=2, within="50%")
    assert (second["state"], second["plans"]) == ("missing", [one])
    assert len(second["rerun"]["body"]["patch"]["constraints"]) == 2
    assert second["alternatives"]["others"][0]["patch"]["constraints"].keys() == patch["constraints"].keys()
    two = posted(service, second["rerun"])
    service.runner.end(two, "infeasible")
    told = asked(service, path, count=2, within="50%")
    assert (told["state"], told["plans"], told["rerun"]) == ("known", [one], None)
    assert (told["alternatives"]["ended"], told["alternatives"]["none_left"]) == ("proven", True)
    near = asked(service, path, count=2)
    assert (near["state"], near["plans"], near["alternatives"]["others"]) == ("known", [one], [])
    assert near["alternatives"]["nearest"]["cost_usd"] > 0


def test_every_fault_of_the_question_stands_at_its_parameter(service: Running) -> None:
    plan = made(service)
    wrong = service.client.get(f"/v1/plans/{plan}/alternatives", params={"within": "much", "city": "atlantis"})
    assert wrong.status_code == 422
    assert {flaw["parameter"] for flaw in wrong.json()["errors"]} == {"within", "city"}
    assert service.client.get(f"/v1/plans/{plan}/alternatives", params={"count": 99}).status_code == 422


def test_points_of_a_frontier_are_reruns_to_post_and_the_plan_itself_is_the_last(service: Running) -> None:
    plan = made(service)
    path = f"/v1/plans/{plan}/frontier"
    first = asked(service, path, points=3)
    assert [p["state"] for p in first["points"]] == ["missing", "missing", "known"]
    assert first["points"][2]["plan"] == plan
    low, middle = (posted(service, p["rerun"]) for p in first["points"][:2])
    service.runner.end(low, "infeasible")
    ended(service, middle, 0.8, 0.85)
    told = asked(service, path, points=3)
    assert [p["plan"] for p in told["points"]] == [low, middle, plan]
    points = told["frontier"]["points"]
    assert [p["state"] for p in points] == ["none", "plan", "plan"]
    assert points[0]["conflicts"][0]["sentence"] == CLASHES[0].sentence
    assert points[1]["bound_usd"] > points[1]["npv_usd"]
    assert points[2]["own"]
    markets = asked(service, path, axis="markets")
    assert {p["limit"] for p in markets["frontier"]["points"]} >= {markets["frontier"]["own_markets"]}


def test_plans_side_by_side_are_named_apart_and_in_the_order_asked(service: Running) -> None:
    plans = [service.made("own"), service.made("cheaper"), service.made("dearer")]
    told = asked(service, "/v1/comparisons", plan=plans)
    assert told["ids"] == plans
    names = [c["name"] for c in told["plans"]]
    assert len(set(names)) == 3
    assert names[1] == f"{names[0]} (2)"
    unknown = service.client.get("/v1/comparisons", params={"plan": [plans[0], "plan_none"]})
    assert unknown.status_code == 404
    assert unknown.json()["errors"][0]["value"] == "plan_none"
    assert service.client.get("/v1/comparisons", params={"plan": [plans[0], plans[0]]}).status_code == 422
    assert service.client.get("/v1/comparisons", params={"plan": plans[0]}).status_code == 422
    waiting = service.post()
    assert service.client.get("/v1/comparisons", params={"plan": [plans[0], waiting]}).status_code == 409


def test_a_deleted_plan_among_those_named_is_told_and_the_others_stand_side_by_side(service: Running) -> None:
    plans = [made(service), made(service), made(service)]
    address = "/comparisons?" + "&".join(f"plan={plan}" for plan in [*plans, "plan_none"])
    service.client.delete(f"/v1/plans/{plans[1]}")
    told = asked(service, "/v1/comparisons", plan=[*plans, "plan_none"])
    assert told["ids"] == [plans[0], plans[2]]
    assert [(one["id"], one["restorable"]) for one in told["left_out"]] == [(plans[1], True), ("plan_none", False)]
    page = page_at(service, address)
    assert "2 plans side by side" in words_of(page)
    assert re.search(r"test was deleted on .+ and can be brought back until .+\. Bring test back", words_of(page))
    assert "No plan is called 'plan_none'." in words_of(page)
    assert f'data-restore="{plans[1]}"' in page
    pair = page_at(service, f"/plans/{plans[0]}/comparison?with={plans[1]}", 404)
    assert "test was deleted on" in words_of(pair)
    assert f'value="{plans[2]}"' in pair  # the others are still offered
    few = service.client.get("/v1/comparisons", params={"plan": plans[:2]})
    assert (few.status_code, few.json()["errors"][0]["value"]) == (404, plans[1])
    assert "was deleted on" in few.json()["detail"]
    assert "One plan alone is left." in words_of(page_at(service, f"/comparisons?plan={plans[0]}&plan={plans[1]}"))


def test_the_page_shows_alternatives_core_and_frontier_and_what_is_still_to_be_planned(service: Running) -> None:
    plan = made(service)
    bare = page_at(service, f"/plans/{plan}/alternatives")
    assert "The next one is not known yet." in words_of(bare)
    assert bare.count("data-make>") == 3
    assert "is found by planning again when somebody asks." in words_of(page_at(service, f"/plans/{plan}"))
    one = posted(service, asked(service, f"/v1/plans/{plan}/alternatives")["rerun"])
    assert "The next one is being made:" in words_of(page_at(service, f"/plans/{plan}/alternatives"))
    ended(service, one, 0.98)
    two = posted(service, asked(service, f"/v1/plans/{plan}/alternatives")["rerun"])
    ended(service, two, 0.7)
    points = asked(service, f"/v1/plans/{plan}/frontier")["points"]
    ended(service, posted(service, points[3]["rerun"]), 0.6, 0.65)
    page = page_at(service, f"/plans/{plan}/alternatives")
    said = words_of(page)
    assert "Beside this plan there is 1 other plan" in said
    assert "The nearest one beyond that" in said
    assert "In all 2 plans " in said
    assert f'href="/comparisons?plan={plan}&amp;plan={one}&amp;plan={two}"' in page
    assert 'class="chart frontier"' in page
    assert page.count("data-make>") == 2
    review = page_at(service, f"/plans/{plan}")
    assert f'href="/plans/{one}"' in review
    assert "Beyond that:" in words_of(review)
    assert 'class="chart frontier"' in review
    city = words_of(page_at(service, f"/plans/{plan}/alternatives?city=zurich&differ=places&count=2"))
    assert "The next one is not known yet." in city


def test_a_page_lays_chosen_plans_side_by_side_and_offers_the_others(service: Running) -> None:
    assert "Fewer than two plans" in words_of(page_at(service, "/comparisons"))
    plans = [made(service), service.made("cheaper"), service.made("dearer")]
    choice = page_at(service, "/comparisons")
    assert choice.count('type="checkbox"') == 3
    page = page_at(service, "/comparisons?" + "&".join(f"plan={plan}" for plan in plans))
    said = words_of(page)
    assert "3 plans side by side" in said
    assert all(group in said for group in ("Money", "Launches and areas", "Risks", "Largest partner, of all vehicles"))
    assert 'class="best"' in page
    assert page.count(" checked") == 3


def test_a_plan_that_names_what_the_catalogue_no_longer_has_is_reviewed_without_alternatives(service: Running) -> None:
    plan = service.made("own")
    service.runner.end(service.client.post(f"/v1/plans/{plan}/reruns", json={"patch": {}}).json()["id"], "own")
    assert "is found by planning again when somebody asks." in words_of(page_at(service, f"/plans/{plan}"))
