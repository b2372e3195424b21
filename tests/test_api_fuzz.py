"""Schemathesis over every operation: no 500, and no answer that the document does not tell of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api_support import BODY, Running, running

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 15
DOCUMENT = json.loads((Path(__file__).resolve().parent.parent / "docs" / "openapi.json").read_text(encoding="utf-8"))
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
CASES = [
    pytest.param(method, path, mode, id=f"{method} {path} {mode.value}")
    for path, item in DOCUMENT["paths"].items()
    for method, operation in item.items()
    for mode in MODES
    # Where nothing is taken, nothing can be wrong.
    if mode is GenerationMode.POSITIVE or {"parameters", "requestBody"} & set(operation)
]
PLANS: dict[str, str] = {}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("fuzz"), max_wait_s=0.05, max_queue=10_000) as started:
        yield started


@pytest.fixture(scope="module")
def api(service: Running) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", service.client.app, headers={"Host": "127.0.0.1"})


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path", "mode"), CASES)
def test_no_input_breaks_an_operation(service: Running, api: Any, method: str, path: str, mode: GenerationMode):
    operation = api[path][method]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(
        case=operation.as_strategy(generation_mode=mode), aim=st.sampled_from(["succeeded", "infeasible", "queued", ""])
    )
    def run(case: schemathesis.Case[Any], aim: str) -> None:
        if aim and "plan" in (case.path_parameters or {}):
            case.path_parameters["plan"] = _plan(service, "succeeded" if path.endswith("/events") else aim)
        case.call_and_validate(checks=CHECKS, headers={"Host": "127.0.0.1"})

    run()


def _plan(service: Running, state: str) -> str:
    """Return a plan that is in a state, made anew when a case has moved it."""
    row = service.store.get(PLANS.get(state, ""))
    if row is None or row.state != state:
        PLANS[state] = service.post(BODY) if state == "queued" else service.made(state)
    return PLANS[state]
