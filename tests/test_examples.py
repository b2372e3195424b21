"""The worked scripts under examples/ run as a reader runs them, and print what their comments promise."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = ("plan_and_rerun.py", "your_own_city.py")


def _printed(root: Path, script: str, folder: Path) -> str:
    """Return what a script prints when run in an empty folder, which it leaves empty."""
    environment = {**os.environ, "PYTHONPATH": str(root), "TMPDIR": str(folder)}
    command = [sys.executable, "-W", "error", str(root / "examples" / script)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=240, cwd=folder, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert not list(folder.iterdir())
    return done.stdout


def test_every_worked_script_is_run_here(root: Path):
    assert sorted(path.name for path in (root / "examples").glob("*.py")) == sorted(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_worked_script_imports_from_the_library_only(root: Path, script: str):
    text = (root / "examples" / script).read_text(encoding="utf-8")
    ours = re.findall(r"^(?:from|import) ((?:fleetplan|api|tests)\S*)", text, re.MULTILINE)
    assert ours
    assert all(name.startswith("fleetplan") for name in ours)


def test_two_cities_are_planned_changed_and_compared(root: Path, tmp_path: Path):
    said = _printed(root, "plan_and_rerun.py", tmp_path)
    worth, bound = re.search(
        r"Two cities: worth ([\d.]+) million USD, no plan is worth more than ([\d.]+)", said
    ).groups()  # type: ignore[union-attr]
    assert 0 < float(worth) <= float(bound)
    assert "Lucid + Nuro opens in San Francisco Bay Area: " in said
    assert "The capital budget is spent" in said
    assert "Permits to carry riders in San Francisco Bay Area 3 months later." in said
    moved = said.partition("Which change did it")[2]
    assert re.search(
        r"Alone: \+[\d.]+ million USD\n.*Alone: -[\d.]+ million USD\n.*San Francisco Bay Area opens", moved
    )


def test_a_city_of_ones_own_goes_from_polygons_to_a_plan(root: Path, tmp_path: Path):
    said = _printed(root, "your_own_city.py", tmp_path)
    asked = said.partition("To fill in\n")[2].partition("\n\n")[0]
    blanks = ("country", "currency", "time_zone", "drive_side", "jurisdictions")
    assert [line.split(": ")[1] for line in asked.splitlines()] == [f"city.{blank}" for blank in blanks]
    assert (
        "san-ejemplo: figures (28), deployments (21), depots (8), hot spots (4) and jobs by district (12) are still as"
        in said
    )
    assert re.search(r"San Ejemplo: worth \d+\.\d million USD", said)
    assert re.search(r"San Ejemplo opens in \w+ \d{4} with Lucid \+ Nuro", said), "its own permit adds the city"
