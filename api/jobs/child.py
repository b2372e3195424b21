"""What processes that a worker starts have in common: they die with it, hear it on their input and answer in lines of JSON."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, BinaryIO

from fleetplan.optimize.ending import StopSignal

_PR_SET_PDEATHSIG = 1
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


@contextmanager
def faults_told(lines: Lines) -> Iterator[None]:
    """Tell what is wrong with what was asked for, and a failure of ours by its code."""
    from fleetplan.errors import FleetplanError, InputError  # noqa: PLC0415 - after prctl

    try:
        yield
    except InputError as error:
        faults = [asdict(fault) for fault in error.faults]
        lines.send("problem", {"code": error.code, "detail": str(error).partition("\n")[0], "faults": faults})
    except FleetplanError as error:
        lines.send("problem", {"code": error.code, "detail": str(error).partition("\n")[0]})
        traceback.print_exc()


@contextmanager
def end_told(lines: Lines, who: str) -> Iterator[None]:
    """Tell, whatever happens, that a process ends without an answer; the trace goes to the worker's log, never into an answer."""
    try:
        yield
    except MemoryError:
        lines.send("problem", {"code": "memory", "detail": f"the {who} asked for more memory than it gets"})
    except Exception:  # noqa: BLE001 - as above
        traceback.print_exc()
        lines.send("problem", {"code": "internal", "detail": ""})


def give_way(by: int) -> None:
    """Let other processes go first, by so much."""
    if hasattr(os, "nice"):
        os.nice(by)


def run_beside(work: Callable[[Mapping[str, Any], Lines], None], who: str, nice: int) -> None:
    """Be a process that does one piece of work beside what is solved (:mod:`api.jobs.beside` is who started it)."""
    die_with_parent(int(sys.argv[1]))
    give_way(nice)
    lines = Lines(private_output())
    job = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=listen, args=(StopSignal(),), daemon=True).start()
    with end_told(lines, who):
        work(job, lines)
