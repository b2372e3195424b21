"""One plan in a process of its own: ``python -m api.jobs.solver_child PARENT_PID``.

Standard input: one line of JSON (``request``, ``options``, ``parent``: the parent's plan or null, ``sharing``: where to
offer units of work to other workers, or null, ``so_far``: the plan that an interrupted search left, or null), then ``stop``
(a person asks) or ``time`` (there is no more) to finish with the best plan so far. Its end means that the worker died: the
process ends at once.

Standard output: lines of JSON. ``progress`` while planning; at last ``plan`` with ``bytes`` and then so many bytes of
plan.json, or ``infeasible``, or ``problem``.
"""

from __future__ import annotations

import importlib
import json
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from api.jobs.child import Lines, die_with_parent, end_told, faults_told, give_way, listen, private_output
from fleetplan.optimize.ending import StopSignal
from fleetplan.optimize.pair.nursery import fork_nursery

if TYPE_CHECKING:
    from fleetplan.plans.types import Plan

_NICE = 5


def solve(job: Mapping[str, Any], lines: Lines, stop: StopSignal, began: float) -> None:
    """Plan a request and write what came of it; its time has run since ``began`` (monotonic seconds)."""
    from api.jobs.offers import recruit  # noqa: PLC0415 - after prctl, as all that follows
    from fleetplan.errors import InfeasibleError  # noqa: PLC0415
    from fleetplan.options import PlanOptions  # noqa: PLC0415
    from fleetplan.planner import plan_with_context  # noqa: PLC0415
    from fleetplan.plans.files import plan_from, plan_text  # noqa: PLC0415
    from fleetplan.request import PlanRequest  # noqa: PLC0415
    from fleetplan.run import Run, WholeTime  # noqa: PLC0415

    with faults_told(lines):
        try:
            result = plan_with_context(
                PlanRequest.model_validate(job["request"]),
                PlanOptions.model_validate(job["options"]),
                Run(
                    progress=lambda p: lines.send("progress", asdict(p)),
                    stop=stop,
                    whole=WholeTime(began, job["whole_s"]),
                    recruit=None if job.get("sharing") is None else recruit(job["sharing"]),
                ),
                parent=None if job.get("parent") is None else plan_from(job["parent"], "the parent plan"),
                so_far=_left(job.get("so_far")),
            )
        except InfeasibleError as error:
            told = {"clashes": error.clashes, "repairs": error.repairs}
            facts = {name: [one.model_dump(mode="json") for one in found] for name, found in told.items()}
            lines.send("infeasible", {**facts, "settled": error.settled, "searched": error.searched})
        else:
            answer = plan_text(result.plan).encode()
            lines.send("plan", {"status": result.plan.status, "bytes": len(answer)}, answer)


def _left(so_far: Mapping[str, Any] | None) -> Plan | None:
    """Return the plan that an interrupted search left; None where another version wrote it: then the search begins anew."""
    from fleetplan.errors import FleetplanError  # noqa: PLC0415 - after prctl
    from fleetplan.plans.files import plan_from  # noqa: PLC0415

    try:
        return None if so_far is None else plan_from(so_far, "the plan so far")
    except FleetplanError:
        return None


def main() -> None:
    """Run one job."""
    began = time.monotonic()
    die_with_parent(int(sys.argv[1]))
    give_way(_NICE)  # the service answers while we compute
    lines = Lines(private_output())
    for module in ("api.jobs.offers", "fleetplan.planner"):  # after prctl
        importlib.import_module(module)
    fork_nursery()  # before there are threads
    job = json.loads(sys.stdin.buffer.readline())
    stop = StopSignal()
    threading.Thread(target=listen, args=(stop,), daemon=True).start()
    with end_told(lines, "solver"):
        solve(job, lines, stop, began)


if __name__ == "__main__":
    main()
