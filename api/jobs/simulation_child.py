"""One replay in a process of its own: ``python -m api.jobs.simulation_child PARENT_PID``.

Standard input: one line of JSON (``plan``: the text of plan.json, ``asked``: what of it is to be replayed). Its end means that
the worker died: the process ends at once.

Standard output: lines of JSON. ``progress`` with the share ``done``; at last ``month`` with what came of it and its ``standing``,
or ``problem``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any

from api.jobs.solver_child import Lines, die_with_parent, listen, private_output
from fleetplan.optimize.ending import StopSignal

_NICE = 15
"""Above that of a solver: replays wait for plans wherever there are not cores enough for both."""


def replay(job: Mapping[str, Any], lines: Lines) -> None:
    """Replay a month and write what came of it."""
    from fleetplan.catalogue import load_catalogue  # noqa: PLC0415 - after prctl
    from fleetplan.errors import FleetplanError, InputError  # noqa: PLC0415
    from fleetplan.plans.files import read_plan  # noqa: PLC0415
    from fleetplan.replays.types import ReplayAsked  # noqa: PLC0415
    from fleetplan.simulate.of_plan import PlanReplays  # noqa: PLC0415
    from fleetplan.words.replays import said  # noqa: PLC0415

    try:
        replays = PlanReplays(read_plan(job["plan"]), load_catalogue())
        asked = ReplayAsked.model_validate(job["asked"])
        _, told = replays.month(asked, lambda done: lines.send("progress", {"done": done}))
    except InputError as error:
        faults = [{"where": f.where, "what": f.what, "allowed": f.allowed, "remedy": f.remedy} for f in error.faults]
        lines.send("problem", {"code": error.code, "detail": str(error).partition("\n")[0], "faults": faults})
    except FleetplanError as error:
        lines.send("problem", {"code": error.code, "detail": str(error).partition("\n")[0]})
        traceback.print_exc()
    else:
        month = said(told)
        lines.send(
            "month", {"month": month.model_dump(mode="json"), "standing": month.standing.model_dump(mode="json")}
        )


def main() -> None:
    """Run one job."""
    die_with_parent(int(sys.argv[1]))
    if hasattr(os, "nice"):
        os.nice(_NICE)
    lines = Lines(private_output())
    job = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=listen, args=(StopSignal(),), daemon=True).start()
    try:
        replay(job, lines)
    except MemoryError:
        lines.send("problem", {"code": "memory", "detail": "the replay asked for more memory than it gets"})
    except Exception:  # noqa: BLE001 - the trace goes to the worker's log, never into an answer
        traceback.print_exc()
        lines.send("problem", {"code": "internal", "detail": ""})


if __name__ == "__main__":
    main()
