"""One plan in a process of its own: ``python -m api.jobs.solver_child PARENT_PID``.

Standard input: one line of JSON (``request``, ``options``, ``parent``: the parent's plan or null, ``sharing``: where to
offer units of work to other workers, or null, ``so_far``: the plan that an interrupted search left, or null), then ``stop``
(a person asks) or ``time`` (there is no more) to finish with the best plan so far. Its end means that the worker died: the
process ends at once.

Standard output: lines of JSON. ``progress`` while planning; at last ``plan`` with ``bytes`` and then so many bytes of
plan.json, or ``infeasible``, or ``problem``.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, BinaryIO

from fleetplan.optimize.ending import StopSignal
from fleetplan.optimize.pair.nursery import fork_nursery

if TYPE_CHECKING:
    from fleetplan.plans.types import Plan

_PR_SET_PDEATHSIG = 1
_NICE = 5
_ORPHANED = 75


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it dies (Linux); elsewhere input's end tells."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
            os._exit(_ORPHANED)


def private_output() -> BinaryIO:
    """Return standard output for our lines alone: what libraries print goes to standard error from here on."""
    ours = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return ours


def listen(stop: StopSignal) -> None:
    """Set ``stop`` when asked to, and keep who asked; end the process when input ends."""
    for line in sys.stdin.buffer:
        if line.strip() == b"stop":
            stop.set()
        elif line.strip() == b"time":
            stop.time_is_up()
    os._exit(_ORPHANED)


class Lines:
    """Writes lines of JSON."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out

    def send(self, kind: str, data: Mapping[str, Any], after: bytes = b"") -> None:
        """Write one line, and bytes behind it."""
        self._out.write(json.dumps({"kind": kind, **data}).encode() + b"\n" + after)
        self._out.flush()


def solve(job: Mapping[str, Any], lines: Lines, stop: StopSignal, began: float) -> None:
    """Plan a request and write what came of it; its time has run since ``began`` (monotonic seconds)."""
    from api.jobs.offers import recruit  # noqa: PLC0415 - after prctl, as all that follows
    from fleetplan.errors import FleetplanError, InfeasibleError, InputError  # noqa: PLC0415
    from fleetplan.options import PlanOptions  # noqa: PLC0415
    from fleetplan.planner import plan_with_context  # noqa: PLC0415
    from fleetplan.plans.files import plan_from, plan_text  # noqa: PLC0415
    from fleetplan.request import PlanRequest  # noqa: PLC0415
    from fleetplan.run import Run, WholeTime  # noqa: PLC0415

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
    except InputError as error:
        faults = [asdict(fault) for fault in error.faults]
        lines.send("problem", {"code": error.code, "detail": str(error).partition("\n")[0], "faults": faults})
    except FleetplanError as error:
        lines.send("problem", {"code": error.code, "detail": str(error).partition("\n")[0]})
        traceback.print_exc()
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
    if hasattr(os, "nice"):
        os.nice(_NICE)  # the service answers while we compute
    lines = Lines(private_output())
    for module in ("api.jobs.offers", "fleetplan.planner"):  # after prctl
        importlib.import_module(module)
    fork_nursery()  # before there are threads
    job = json.loads(sys.stdin.buffer.readline())
    stop = StopSignal()
    threading.Thread(target=listen, args=(stop,), daemon=True).start()
    try:
        solve(job, lines, stop, began)
    except MemoryError:
        lines.send("problem", {"code": "memory", "detail": "the solver asked for more memory than it gets"})
    except Exception:  # noqa: BLE001 - the trace goes to the worker's log, never into an answer
        traceback.print_exc()
        lines.send("problem", {"code": "internal", "detail": ""})


if __name__ == "__main__":
    main()
