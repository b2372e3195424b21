"""The command line: exit codes, messages, and that help costs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fleetplan import cli, cli_files
from fleetplan.errors import Fault, InfeasibleError, RequestError, SolverError
from fleetplan.examples import example_files
from fleetplan.facts import Conflict, Party
from fleetplan.options import PlanOptions
from fleetplan.request import parse_request
from fleetplan.terminal import request_file
from tests.fake_plan import fake_catalogue, fake_plan, fake_services

run = CliRunner()
HEAVY = ("geopandas", "pandas", "shapely", "scipy", "numpy", "ortools", "highspy", "plotly", "matplotlib", "pydantic")


@pytest.fixture
def planner(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Stand in for the planner: it answers with the made-up plan, or raises what a test sets as ``error``."""
    module = types.ModuleType("fleetplan.planner")
    services = fake_services()

    def plan_with_context(request: Any, options: Any, run: Any) -> Any:
        module.options, module.run = options, run  # type: ignore[attr-defined]
        if error := getattr(module, "error", None):
            raise error
        report = types.SimpleNamespace(phase="search", elapsed_s=1.0, best_usd=1e6, bound_usd=2e6, gap=0.5, message="")
        run.progress(report)
        return types.SimpleNamespace(
            plan=fake_plan(parse_request(request).name, services), catalogue=fake_catalogue(), services=services
        )

    module.plan_with_context = plan_with_context  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "fleetplan.planner", module)
    return module


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom fleetplan import cli\n"
        "try:\n    cli.app(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print(*sorted({set(HEAVY)!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "Ctrl-C keeps the best plan" in done.stdout
    assert done.stderr.split() == []


@pytest.mark.parametrize("command", [["plan"], ["check"], ["why-not"], ["cities"], ["cities", "show"], ["schema"]])
def test_every_command_has_help(command: list[str]):
    assert run.invoke(cli.app, [*command, "--help"]).exit_code == 0


def test_an_unknown_command_is_bad_input():
    assert run.invoke(cli.app, ["fly"]).exit_code == 2


@pytest.mark.parametrize(("name", "title"), [("request", "PlanRequest"), ("plan", "Plan")])
def test_schema_prints_json_schema(name: str, title: str):
    done = run.invoke(cli.app, ["schema", name])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["title"] == title


def test_plan_writes_artefacts_and_says_where(planner: types.ModuleType, tmp_path: Path):
    done = run.invoke(
        cli.app, ["plan", "--out", str(tmp_path / "x"), "--time-limit", "3", "--gap", "0.05", "--seed", "7"]
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "x" / "report.html").is_file()
    assert "report.html" in done.stdout
    assert "Uber 2027" in done.stdout
    assert planner.options == PlanOptions(time_limit_s=3.0, gap=0.05, seed=7)
    assert isinstance(planner.run.stop, threading.Event)


def test_a_search_may_be_counted_in_nodes(planner: types.ModuleType):
    assert run.invoke(cli.app, ["plan", "--json", "--nodes", "50"]).exit_code == 0
    assert planner.options == PlanOptions(node_limit=50)


def test_an_example_goes_by_its_name(planner: types.ModuleType):
    done = run.invoke(cli.app, ["plan", "tight-budget", "--json"])
    assert json.loads(done.stdout)["name"] == "Tight budget"


def test_plan_as_json_prints_the_plan_and_writes_nothing(
    planner: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    done = run.invoke(cli.app, ["plan", "--json"])
    assert done.exit_code == 0
    assert {"status", "objective", "bound", "gap", "certificate", "cities", "kpis"} <= set(json.loads(done.stdout))
    assert not list(tmp_path.iterdir())


def test_progress_goes_to_standard_error(planner: types.ModuleType):
    done = run.invoke(cli.app, ["plan", "--json"])
    assert "search" in done.stderr
    assert "gap 100.00 % ($1.00 M)" in done.stderr


def test_options_out_of_range_are_all_told_and_exit_2():
    done = run.invoke(cli.app, ["plan", "--time-limit", "0", "--gap", "2", "--seed", "-1"])
    assert done.exit_code == 2
    for expected in ("3 faults", "/time_limit_s", "/gap", "/seed"):
        assert expected in done.stderr


def test_bad_input_prints_every_fault_and_exits_2(tmp_path: Path):
    path = tmp_path / "bad.yaml"
    path.write_text("capital: {per_quarter_usd: -1}\nhorizon: {start: soon}\nfoo: 1\n", encoding="utf-8")
    done = run.invoke(cli.app, ["plan", str(path)])
    assert done.exit_code == 2
    for expected in ("faults in what was given", "/capital/per_quarter_usd", "/horizon/start", "/foo", "remedy"):
        assert expected in done.stderr


def test_bad_input_as_json_lists_the_faults(tmp_path: Path):
    done = run.invoke(cli.app, ["plan", str(tmp_path / "none.yaml"), "--json"])
    assert done.exit_code == 2
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "bad-request"
    assert error["faults"][0]["where"].endswith("none.yaml")


def test_faults_found_while_planning_exit_2(planner: types.ModuleType):
    planner.error = RequestError([Fault("/cities/0", "'Atlantis' is no city", "zurich", "choose one")])  # type: ignore[attr-defined]
    done = run.invoke(cli.app, ["plan"])
    assert done.exit_code == 2
    assert "Atlantis" in done.stderr


def test_an_infeasible_request_names_the_clashes_and_exits_3(planner: types.ModuleType):
    clash = Conflict(sentence="munich-by-summer against permit_path")
    planner.error = InfeasibleError("the constraints clash", [clash])  # type: ignore[attr-defined]
    done = run.invoke(cli.app, ["plan", "infeasible"])
    assert done.exit_code == 3
    assert "munich-by-summer against permit_path" in done.stderr


CLASHES = [Conflict(parties=[Party(kind="capital")], sentence="a"), Conflict(sentence="b")]


def test_an_infeasible_request_as_json_is_a_finding(planner: types.ModuleType):
    planner.error = InfeasibleError("the constraints clash", CLASHES)  # type: ignore[attr-defined]
    done = run.invoke(cli.app, ["plan", "--json"])
    answer = json.loads(done.stdout)
    assert (done.exit_code, answer["status"], answer["error"]["clashes"]) == (
        3,
        "infeasible",
        [c.model_dump() for c in CLASHES],
    )


def test_any_other_failure_exits_1(planner: types.ModuleType):
    planner.error = SolverError("nothing found in time")  # type: ignore[attr-defined]
    assert run.invoke(cli.app, ["plan"]).exit_code == 1


def test_a_file_that_is_no_plan_is_bad_input(tmp_path: Path):
    path = tmp_path / "plan.json"
    path.write_text('{"status": "optimal"}', encoding="utf-8")
    assert run.invoke(cli.app, ["check", str(path)]).exit_code == 2
    assert run.invoke(cli.app, ["check", str(tmp_path / "none.json")]).exit_code == 2


def test_the_default_request_is_the_reference_example():
    assert request_file(cli.DEFAULT_EXAMPLE) == example_files()["uber-2027"]


def test_a_name_that_is_no_example_is_told_with_those_there_are():
    told = run.invoke(cli.app, ["plan", "uber-2028"])
    assert told.exit_code == 2
    assert "one of the examples" in told.output
    assert "tight-budget" in told.output


def test_a_file_beside_us_wins_over_an_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "uber-2027").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert request_file("uber-2027") == Path("uber-2027")


@pytest.mark.parametrize(("name", "slug"), [("Uber 2027", "uber-2027"), ("../../etc", "etc"), ("香港", "plan")])
def test_a_plan_name_becomes_a_harmless_folder(name: str, slug: str):
    assert cli_files.slug(name) == slug
