"""A client generated from docs/openapi.json asks for a plan, follows it and reads it, on a running service."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.media import XLSX
from tests.api_support import BODY, answer
from tests.service_process import ServiceProcess

NAME = "planning_client"
FINAL = {"succeeded", "infeasible", "cancelled", "failed"}


@pytest.fixture(scope="module")
def generated(tmp_path_factory, root) -> Iterator[Path]:
    """Generate a client; a warning of the generator is a fault of our document."""
    folder = tmp_path_factory.mktemp("client")
    config = folder / "config.yaml"
    known = {"post_hooks": [], "content_type_overrides": {XLSX: "application/octet-stream"}}
    config.write_text(json.dumps(known), encoding="utf-8")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(root / "docs" / "openapi.json")]
    command += ["--output-path", str(folder / NAME), "--meta", "none", "--config", str(config), "--fail-on-warning"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    assert "arning" not in made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield folder / NAME
    sys.path.remove(str(folder))


def imported(module: str) -> Any:
    return importlib.import_module(f"{NAME}.{module}")


def test_every_operation_is_in_the_client(generated: Path, root):
    document = json.loads((root / "docs" / "openapi.json").read_text(encoding="utf-8"))
    operations = {o["operationId"] for item in document["paths"].values() for o in item.values()}
    assert {path.stem for path in (generated / "api").rglob("*.py")} - {"__init__"} == operations
    for path in (generated / "api").rglob("*.py"):
        imported(".".join(path.relative_to(generated).with_suffix("").parts))


@pytest.mark.slow
def test_a_generated_client_submits_follows_and_reads_a_plan(generated: Path, tmp_path: Path):
    whole = tmp_path / "plan.json"
    whole.write_bytes(answer())
    note = json.dumps({"seconds": 0.5, "answer": str(whole)})
    with (tmp_path / "log").open("wb") as log, ServiceProcess(tmp_path / "data", log=log) as service:
        service.ready()
        with imported("client").Client(base_url=service.url, timeout=60.0, raise_on_unexpected_status=True) as client:
            _plan_with(client, note)


def _plan_with(client: Any, note: str) -> None:
    submission = imported("models.submission").Submission.from_dict({"request": {**BODY["request"], "note": note}})
    plans = "api.plans"
    posted = imported(f"{plans}.create_plan").sync(client=client, body=submission, idempotency_key="one")
    again = imported(f"{plans}.create_plan").sync(client=client, body=submission, idempotency_key="one")
    assert again.id == posted.id
    assert posted.state in {"queued", "running"}
    told = imported(f"{plans}.follow_plan").sync_detailed(posted.id, client=client).content.decode()
    assert told.rstrip().splitlines()[-1].startswith(("data:", "id:", "event:"))
    while (status := imported(f"{plans}.get_plan").sync(posted.id, client=client)).state not in FINAL:
        time.sleep(0.05)
    assert status.state == "succeeded"
    assert float(status.objective.amount) == pytest.approx(json.loads(answer())["objective"], abs=0.01)
    rollout = imported("api.results.get_rollout").sync(posted.id, "zurich", client=client)
    assert rollout.rollout.city == "zurich"
    compared = imported("api.results.compare_plans").sync(posted.id, client=client, with_=posted.id)
    assert compared.causes.state == "complete"
    listed = imported(f"{plans}.list_plans").sync(client=client)
    assert [row.id for row in listed.plans] == [posted.id]
    problem = imported(f"{plans}.get_plan").sync("plan_none", client=client)
    assert problem.code == "plan-not-found"
