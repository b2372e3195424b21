"""Plans kept in files as they come, so that whoever asks again makes only those that are missing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fleetplan.errors import InputError
from fleetplan.plans.files import plan_text, read_plan
from fleetplan.plans.types import Plan
from fleetplan.whole_files import whole_file

NONE_THERE = "no plan keeps every rule\n"
"""Stands in the file of a plan that there is not."""


@dataclass(frozen=True, eq=False)
class Kept:
    """What was made before: a plan, or that there is none."""

    plan: Plan | None


def kept(file: Path | None) -> Kept | None:
    """Return what was made before; None where nothing was, or nothing that can be read."""
    try:
        text = "" if file is None else file.read_text(encoding="utf-8")
        return None if not text else Kept(None if text == NONE_THERE else read_plan(text, str(file)))
    except (OSError, ValueError, InputError):
        return None


def keep(plan: Plan | None, file: Path | None) -> None:
    """Write a plan, or that there is none, where plans are kept."""
    if file is not None:
        with whole_file(file) as out:
            out.write((NONE_THERE if plan is None else plan_text(plan)).encode())
