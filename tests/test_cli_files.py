"""Plans in files are planned again and compared on the command line, without a service."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fleetplan import cli
from fleetplan.options import PlanOptions
from fleetplan.planner import plan_with_context
from fleetplan.plans.files import plan_text, read_plan
from fleetplan.request import parse_request
from tests.test_ending import WORTH_IT

run = CliRunner()
CHANGE = {"constraints": {"few": {"type": "fleet_cap", "vehicles": 120}}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a plan, and the same one planned again with a cap on its fleet."""
    folder = tmp_path_factory.mktemp("plans")
    plan = plan_with_context(parse_request(WORTH_IT), PlanOptions(time_limit_s=30)).plan
    (folder / "plan.json").write_text(plan_text(plan), encoding="utf-8")
    again = ["rerun", str(folder / "plan.json"), json.dumps(CHANGE), "--out", str(folder / "again")]
    done = run.invoke(cli.app, again)
    assert done.exit_code == 0, done.output
    (folder / "said.txt").write_text(done.output, encoding="utf-8")
    return folder


def test_a_plan_in_a_file_is_planned_again_and_what_moved_is_said(folder: Path):
    again = read_plan((folder / "again" / "plan.json").read_bytes())
    assert again.kpis.vehicles_end <= 120
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert "What was asked otherwise\n  At most 120 vehicles" in said
    assert "What came of it" in said
    assert "less" in said


def test_two_files_are_compared_in_words_or_as_json(folder: Path):
    files = [str(folder / "plan.json"), str(folder / "again" / "plan.json")]
    words = run.invoke(cli.app, ["compare", *files])
    assert words.exit_code == 0, words.output
    assert "Net present value by city" in words.output
    told = json.loads(run.invoke(cli.app, ["compare", *files, "--json"]).output)
    assert told["decisions"]


def test_a_patch_that_asks_for_nothing_known_is_refused_at_its_field(folder: Path):
    done = run.invoke(cli.app, ["rerun", str(folder / "plan.json"), '{"capitol": 1}'])
    assert done.exit_code == 2
    assert "capitol" in done.output


def test_one_file_and_one_that_is_missing_is_bad_input(folder: Path):
    done = run.invoke(cli.app, ["compare", str(folder / "plan.json"), str(folder / "none.json")])
    assert done.exit_code == 2
    assert "none.json" in done.output
