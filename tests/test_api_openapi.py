"""The OpenAPI document: committed, complete, and with examples that work.

``FLEETPLAN_WRITE=1 pytest tests/test_api_openapi.py`` writes docs/openapi.json and api/examples.json anew.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from api import openapi
from tests.api_support import LOOPBACK, Running, running

WRITE = bool(os.environ.get("FLEETPLAN_WRITE"))
SHORT = 2

# name of an example -> how to get it
BODIES = {
    "submission": {
        "request": {
            "name": "Zurich and Munich",
            "capital": {"per_quarter_usd": 25_000_000},
            "cities": ["zurich", "munich"],
            "constraints": [{"id": "launch-teams", "type": "launches_per_quarter", "max": 1}],
        },
        "options": {"time_limit_s": 60, "gap": 0.01},
    },
    "rerun": {
        "patch": {"capital": {"per_quarter_usd": 20_000_000}},
        "options": {"freeze_until": "2027-06", "change_price_usd": 1_000_000},
    },
    "simulation_asked": {"city": "zurich", "month": "2030-10", "days": "all", "seeds": [0, 1, 2]},
    "card_patch": {"name": "Zurich and Munich, board of March", "tags": ["board"], "chosen": True},
    "comment_new": {"text": "The bank wants the first launch in 2028."},
}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("openapi")) as started:
        yield started


def _document(service: Running) -> dict[str, Any]:
    answered = service.client.get("/openapi.json")
    assert answered.status_code == 200
    told: dict[str, Any] = answered.json()
    return told


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _shortened(value: Any) -> Any:
    """Return JSON with lists cut to two: examples stay readable."""
    if isinstance(value, dict):
        return {key: _shortened(inner) for key, inner in value.items()}
    return [_shortened(inner) for inner in value[:SHORT]] if isinstance(value, list) else value


def _real(service: Running) -> dict[str, Any]:
    """Return every example as the service answers it now."""
    posted = service.client.post("/v1/plans", json=BODIES["submission"])
    plan = posted.json()["id"]
    service.runner.end(plan)
    get = service.client.get
    other = service.made("dearer")
    here = f"/v1/plans/{plan}"
    cause = service.client.post(f"{here}/reruns", json={"patch": {"capital": {"per_quarter_usd": 100e6}}})
    service.runner.end(cause.json()["id"], "cheaper")
    card = service.client.patch(f"{here}/card", json=BODIES["card_patch"])
    comment = service.client.post(f"{here}/comments", json=BODIES["comment_new"])
    answers = {
        "card": card,
        "comment": comment,
        "comments": get(f"{here}/comments"),
        "tags": get("/v1/tags"),
        "found": get("/v1/search", params={"q": "zurich", "limit": 2}),
        "plan_queued": posted,
        "plan": get(here),
        "plans": get("/v1/plans?limit=2"),
        "rollout": get(f"{here}/cities/zurich"),
        "table": get(f"{here}/tables/launches"),
        "explanation": get(f"{here}/explanation"),
        "comparison": get(f"{here}/comparison", params={"with": other}),
        "why_not": get(f"{here}/why-not", params={"city": "zurich", "vehicles": 900}),
        "simulation": service.client.post(f"{here}/simulations", json=BODIES["simulation_asked"]),
        "simulations": get(f"{here}/simulations"),
        "frontier": get(f"{here}/frontier", params={"points": 2}),
        "several": get("/v1/comparisons", params={"plan": [plan, other]}),
        "validation": service.client.post("/v1/validations", json=BODIES["submission"]),
        "cities": get("/v1/cities"),
        "city": get("/v1/cities/zurich"),
        "partners": get("/v1/partners"),
        "partner": get("/v1/partners/lucid-nuro-gravity"),
        "health": get("/health"),
    }
    assert all(answered.is_success for answered in answers.values())
    return {**BODIES, **{name: _shortened(answered.json()) for name, answered in answers.items()}}


def test_the_committed_document_is_the_services(service: Running, root):
    if WRITE:
        text = json.dumps(_real(service), indent=1, ensure_ascii=False)
        (root / "api" / "examples.json").write_text(text + "\n", encoding="utf-8")
        openapi.examples.cache_clear()
        pytest.skip("written; import the app anew for the document")
    document = _document(service)
    document["info"]["version"] = "0"
    path = root / "docs" / "openapi.json"
    if os.environ.get("FLEETPLAN_WRITE_DOCUMENT"):
        path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8")) == document


def test_every_operation_is_told_in_full(service: Running):
    document = _document(service)
    assert document["openapi"].startswith("3.1")
    ids = [operation["operationId"] for _, _, operation in _operations(document)]
    assert len(set(ids)) == len(ids)
    for path, method, operation in _operations(document):
        assert operation["summary"], path
        assert operation["tags"], path
        assert any(status.startswith("2") for status in operation["responses"]), path
        assert {"401", "403", "405", "421", "500"} <= set(operation["responses"]), path
        assert (
            "requestBody" in operation or method != "post" or path.endswith(("/cancel", "/restore", "/doubt/grid"))
        ), path


def test_every_body_has_an_example_and_every_example_fits_its_schema(service: Running):
    document = _document(service)
    checked = 0
    for path, _, operation in _operations(document):
        told = [*operation["responses"].values(), operation.get("requestBody", {})]
        for content in (media for one in told for media in one.get("content", {}).values()):
            if "example" in content:
                jsonschema.validate(content["example"], {**content["schema"], "components": document["components"]})
                checked += 1
            for example in content.get("examples", {}).values():
                jsonschema.validate(example["value"], {**content["schema"], "components": document["components"]})
        if "requestBody" in operation:
            assert "example" in operation["requestBody"]["content"]["application/json"], path
    assert checked >= len(openapi.examples())


def test_every_body_example_is_accepted(service: Running):
    submission, rerun = openapi.examples()["submission"], openapi.examples()["rerun"]
    assert service.client.post("/v1/validations", json=submission).status_code == 200
    plan = service.post(submission)
    service.runner.end(plan)
    assert service.client.post(f"/v1/plans/{plan}/reruns", json=rerun).status_code == 202


@pytest.mark.parametrize("name", sorted(openapi.examples()))
def test_every_answer_has_the_fields_of_its_example(service: Running, name: str):
    assert _fields(_real(service)[name]) == _fields(openapi.examples()[name])


def _fields(value: Any) -> Any:
    """Return the names in an example, without its values; what differs by plan (kpis by year, patches) stays out."""
    if isinstance(value, dict):
        return {key: _fields(inner) for key, inner in sorted(value.items())}
    if isinstance(value, list):
        return [_fields(value[0])] if value else []
    return None


def test_the_address_in_tests_is_loopback():
    assert "127.0.0.1" in LOOPBACK


def test_every_reference_leads_to_a_schema_of_the_document(root):
    written = (root / "docs" / "openapi.json").read_text(encoding="utf-8")
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', written))
    assert named <= set(json.loads(written)["components"]["schemas"])
