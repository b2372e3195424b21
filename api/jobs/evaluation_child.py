"""One plan made elsewhere, scored in a process of its own: ``python -m api.jobs.evaluation_child PARENT_PID``.

Standard input: one line of JSON (``request``; ``name`` and ``content`` of the file, in base64; ``best``: the text of the best
plan's plan.json or null; ``infeasible``: whether there is none). Its end means that the worker died: the process ends at once.

Standard output: a line of JSON: ``evaluation`` with what was found, or ``problem``.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from api.jobs.child import Lines, faults_told, run_beside

_NICE = 10
"""Between a solver's and a replay's: somebody waits for it."""


def score(job: Mapping[str, Any], lines: Lines) -> None:
    """Score a plan and write what was found."""
    from fleetplan.evaluate.score import KnownBest, evaluate_prepared  # noqa: PLC0415 - after prctl
    from fleetplan.plans.files import read_plan  # noqa: PLC0415
    from fleetplan.prepare import prepare  # noqa: PLC0415
    from fleetplan.request import PlanRequest  # noqa: PLC0415

    with faults_told(lines):
        best = None if job["best"] is None else read_plan(job["best"])
        prepared = prepare(PlanRequest.model_validate(job["request"])).cut()
        known = KnownBest(best, infeasible=job["infeasible"])
        found = evaluate_prepared(prepared, base64.b64decode(job["content"]), job["name"], known=known)
        lines.send("evaluation", {"evaluation": found.model_dump(mode="json")})


if __name__ == "__main__":
    run_beside(score, "evaluation", _NICE)
