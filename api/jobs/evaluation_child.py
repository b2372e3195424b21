"""One plan made elsewhere, scored in a process of its own: ``python -m api.jobs.evaluation_child PARENT_PID``.

Standard input: one line of JSON (``request``; ``name`` and ``content`` of the file, in base64; ``best``: the text of the best
plan's plan.json or null; ``infeasible``: whether there is none). Its end means that the worker died: the process ends at once.

Standard output: a line of JSON: ``evaluation`` with what was found, or ``problem``.
"""

from __future__ import annotations

import base64
import json
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any

from api.jobs.solver_child import Lines, die_with_parent, listen, private_output
from fleetplan.optimize.ending import StopSignal

_NICE = 10
"""Between a solver's and a replay's: somebody waits for it."""


def score(job: Mapping[str, Any], lines: Lines) -> None:
    """Score a plan and write what was found."""
    from fleetplan.errors import FleetplanError, InputError  # noqa: PLC0415 - after prctl
    from fleetplan.evaluate.score import KnownBest, evaluate_prepared  # noqa: PLC0415
    from fleetplan.plans.files import read_plan  # noqa: PLC0415
    from fleetplan.prepare import prepare  # noqa: PLC0415
    from fleetplan.request import PlanRequest  # noqa: PLC0415

    try:
        best = None if job["best"] is None else read_plan(job["best"])
        prepared = prepare(PlanRequest.model_validate(job["request"]))
        known = KnownBest(best, infeasible=job["infeasible"])
        found = evaluate_prepared(prepared, base64.b64decode(job["content"]), job["name"], known=known)
    except InputError as error:
        faults = [{"where": f.where, "what": f.what, "allowed": f.allowed, "remedy": f.remedy} for f in error.faults]
        lines.send("problem", {"code": error.code, "detail": str(error).partition("\n")[0], "faults": faults})
    except FleetplanError as error:
        lines.send("problem", {"code": error.code, "detail": str(error).partition("\n")[0]})
        traceback.print_exc()
    else:
        lines.send("evaluation", {"evaluation": found.model_dump(mode="json")})


def main() -> None:
    """Run one job."""
    die_with_parent(int(sys.argv[1]))
    if hasattr(os, "nice"):
        os.nice(_NICE)
    lines = Lines(private_output())
    job = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=listen, args=(StopSignal(),), daemon=True).start()
    try:
        score(job, lines)
    except MemoryError:
        lines.send("problem", {"code": "memory", "detail": "the evaluation asked for more memory than it gets"})
    except Exception:  # noqa: BLE001 - the trace goes to the worker's log, never into an answer
        traceback.print_exc()
        lines.send("problem", {"code": "internal", "detail": ""})


if __name__ == "__main__":
    main()
