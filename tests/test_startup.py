"""What a process that plans from cached cities leaves unread: start-up is paid by every plan and every rerun."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fleetplan.catalogue import load_catalogue
from fleetplan.service import city_service

COLD_WORK_ONLY = (
    *("geopandas", "h3", "matplotlib", "ortools", "pandas", "plotly", "pyproj"),
    *("scipy.interpolate", "scipy.optimize", "scipy.sparse.csgraph", "scipy.spatial"),
)
ZURICH = {"capital": {"per_quarter_usd": 60e6}, "cities": ["zurich"], "horizon": {"months": 48, "single_months": 0}}
PLAN = """
import json, sys
import api.jobs.solver_child
from fleetplan import parse_request, plan
from fleetplan.run import Run
found = {}
run = Run(progress=lambda p: found.setdefault(p.phase, set(sys.argv[2:]) & set(sys.modules)))
made = plan(parse_request(json.loads(sys.argv[1])), run, time_limit_s=2.0, gap=0.5)
assert made.certificate.checker == "passed"
print("imported:", *sorted(found["searching"]))
"""


@pytest.fixture(autouse=True)
def _zurich_is_cached() -> None:
    city_service(load_catalogue(cities={"zurich"}), "zurich")


def test_what_comes_before_the_search_from_cached_cities_imports_nothing_that_only_cold_work_needs():
    command = [sys.executable, "-c", PLAN, json.dumps(ZURICH), *COLD_WORK_ONLY]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.splitlines()[-1] == "imported:"


def test_the_startup_benchmark_measures_every_part(root: Path, tmp_path: Path):
    request = tmp_path / "zurich.json"
    request.write_text(json.dumps(ZURICH), encoding="utf-8")
    command = [
        sys.executable,
        str(root / "benchmarks" / "startup.py"),
        "--runs",
        "1",
        "--json",
        "--request",
        str(request),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    (run,) = json.loads(done.stdout)
    assert list(run) == ["python", "imports", "catalogue", "cities", "gather", "formulate"]
    assert 0 < run["imports"] < 60
