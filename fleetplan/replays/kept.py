"""Replays beside a plan: those of ``out/plan.json`` in ``out/plan.replays.json``. The plan itself is sealed, stays as it is."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from fleetplan.plans.files import plan_sha256
from fleetplan.plans.types import Plan
from fleetplan.replays.types import ReplayedPlan

ENDING = ".replays.json"


def beside(plan_file: Path) -> Path:
    """Return where the replays of a plan's file are kept.

    >>> str(beside(Path("out/plan.json")))
    'out/plan.replays.json'
    """
    return plan_file.with_name(f"{plan_file.stem}{ENDING}")


def keep(found: ReplayedPlan, plan_file: Path) -> Path:
    """Write replays beside a plan's file, and return where."""
    path = beside(plan_file)
    path.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return path


def read_kept(plan_file: Path, plan: Plan) -> ReplayedPlan | None:
    """Return the replays that are kept beside a plan's file; None where there are none of this very plan."""
    try:
        found = ReplayedPlan.model_validate_json(beside(plan_file).read_bytes())
    except (OSError, ValidationError):
        return None
    return found if found.plan_sha256 == plan_sha256(plan) else None
