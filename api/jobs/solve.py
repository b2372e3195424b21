"""A solver process seen from the worker: start it, follow it, stop it, and say what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Literal

from api.jobs import memory, outcome
from api.jobs.config import OURS
from api.jobs.outcome import Outcome
from api.jobs.progress import Emit, Progress
from fleetplan.optimize.pair.nursery import nursery
from fleetplan.optimize.pair.processes import Process
from fleetplan.options import PlanOptions

PRELOADED = ("api.jobs.solver_child", "api.jobs.offers", "fleetplan.planner")
"""What a solver process imports."""

PREPARE_S = 900.0
"""Seconds for reading cities that were never read before."""

CHECK_SHARE, CHECK_MOST_S = 0.1, 10.0
"""The part of the time limit kept back from the search, to finish, check and store the plan."""

SEARCHING = frozenset({"counting markets", "searching"})
"""Phases with the first of which the search begins, and its time."""

GRACE_S = 90.0
"""Seconds that a solver has to finish and check its best plan after it was asked to stop, on a quiet machine."""


def search_seconds(time_limit_s: float) -> float:
    """Return the seconds that the search may take of a time limit.

    >>> search_seconds(120.0), search_seconds(20.0), search_seconds(1.0)
    (110.0, 18.0, 1.0)
    """
    return max(1.0, time_limit_s - min(CHECK_MOST_S, CHECK_SHARE * time_limit_s))


def job(
    request: Mapping[str, Any],
    options: PlanOptions,
    parent: Mapping[str, Any] | None,
    sharing: Mapping[str, Any] | None = None,
    so_far: bytes | None = None,
) -> dict[str, Any]:
    """Return what a solver process is told; the time limit there is that of the search alone, ``whole_s`` is that of everything.

    Parameters
    ----------
    sharing
        Where it may offer units of work to other workers (:class:`api.jobs.offers.Sharing`); None: nowhere.
    so_far
        The plan.json that an interrupted search of this plan left, to go on from; None: there is none.
    """
    return {
        "request": dict(request),
        "options": options.within(search_seconds(options.time_limit_s)).model_dump(),
        "whole_s": options.time_limit_s,
        "parent": None if parent is None else dict(parent),
        "sharing": None if sharing is None else dict(sharing),
        "so_far": None if so_far is None else json.loads(so_far),
    }


class Solve:
    """One solver process. ``run`` blocks in the thread that must stay alive as long; the rest may be called from others."""

    def __init__(self, command: Sequence[str], time_limit_s: float, emit: Emit, most_bytes: int | None = None) -> None:
        self._most_bytes, self._took_bytes = most_bytes, 0
        self._asked: Mapping[str, Any] = {}
        self._ended_before = 0
        self._command = tuple(command)
        self._time_limit_s = time_limit_s
        self._progress = Progress(emit)
        self._process: Process | None = None
        self._lock, self._pipe = threading.Lock(), threading.Lock()
        self._cancelled = self._handed_back = self._abandoned = self._overdue = False
        self._ask_at = time.monotonic() + PREPARE_S
        self._asked_at: float | None = None
        self._patience_s = GRACE_S

    def run(self, told: Mapping[str, Any]) -> Outcome:
        """Solve, and return the outcome."""
        with self._lock:
            if self._abandoned:
                return Outcome(None)
            if self._cancelled:
                return Outcome("cancelled")
            self._ask_at, self._asked_at = time.monotonic() + PREPARE_S, None
            self._process = _started(self._command)
        process, self._asked, self._ended_before = self._process, told["request"], memory.ended_for_memory()
        try:
            self._tell(json.dumps(told).encode() + b"\n")
            said, answer = self._follow(process)
            return self._judge(said, answer, process)
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    _close(pipe)

    def cancel(self) -> None:
        """Ask for the best plan so far; without one there is nothing to wait for."""
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
        if self._progress.has_plan:
            self._ask("stop")
        else:
            self._kill()

    def hand_back(self) -> None:
        """Ask for the best plan so far, for another worker to go on from; without one the process ends at once."""
        with self._lock:
            self._handed_back = True
        if self._progress.has_plan:
            self._ask("stop")
        else:
            self.abandon()

    def abandon(self) -> None:
        """End the process and leave the plan to another worker."""
        with self._lock:
            self._abandoned = True
        self._kill()

    def _outgrew(self) -> bool:
        """Return whether the solver was ended for its memory: by us, or by the system."""
        ours = self._most_bytes is not None and self._took_bytes > self._most_bytes
        return ours or memory.ended_for_memory() > self._ended_before

    def _too_large(self) -> Outcome:
        limit = self._most_bytes or memory.machine_bytes() or self._took_bytes
        return outcome.outgrown(memory.Outgrown.of(self._asked, self._took_bytes, limit))

    def _weigh(self) -> None:
        """End a solver that takes more memory than it may."""
        process = self._process
        if self._most_bytes is None or process is None or process.poll() is not None:
            return
        self._took_bytes = max(self._took_bytes, memory.tree_bytes(process.pid))
        if self._took_bytes > self._most_bytes:
            self._kill()

    def tick(self, late: float = 1.0) -> None:
        """Keep the time and the memory: ask a solver that is late to stop, end one that does not, or that grows too large.

        Where all are ``late`` by so many times, one that was asked to stop has so many times as long: it may only be starved.
        """
        self._weigh()
        now = time.monotonic()
        if self._asked_at is not None:
            self._patience_s = GRACE_S * late
            if now >= self._asked_at + self._patience_s:
                self._overdue = True
                self._kill()
        elif now >= self._ask_at:
            self._ask("time")

    def _ask(self, why: Literal["stop", "time"]) -> None:
        self._asked_at = time.monotonic()
        self._tell(f"{why}\n".encode())

    def _tell(self, line: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            with self._pipe:
                process.stdin.write(line)
                process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return  # it has ended; what it said decides

    def _kill(self) -> None:
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def _follow(self, process: Process) -> tuple[Mapping[str, Any] | None, bytes | None]:
        """Pass progress on until the last word, and return that."""
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        for line in process.stdout:
            try:
                said = json.loads(line)
            except ValueError:  # cut off in mid-line: the process was ended
                return None, None
            if said["kind"] != "progress":
                self._progress.flush()
                answer = process.stdout.read(said["bytes"]) if said["kind"] == "plan" else None
                return said, answer
            if said["phase"] in SEARCHING:
                left = search_seconds(self._time_limit_s) - (said.get("elapsed_s") or 0.0)
                self._ask_at = min(self._ask_at, time.monotonic() + max(1.0, left))
            self._progress.take(said)
        return None, None

    def _judge(self, said: Mapping[str, Any] | None, answer: bytes | None, process: Process) -> Outcome:
        kind = None if said is None else said["kind"]
        if said is not None and kind == "plan" and answer is not None and len(answer) == said["bytes"]:
            if said["status"] != "stopped" or not (self._cancelled or self._handed_back):
                return Outcome("succeeded", answer=answer)
            return Outcome("cancelled" if self._cancelled else None, answer=answer)
        if self._abandoned:
            return Outcome(None)
        if said is not None and kind == "infeasible":
            return outcome.infeasible(said)
        if self._cancelled:
            return Outcome("cancelled")
        return self._failure(said if kind == "problem" else None, process)

    def _failure(self, said: Mapping[str, Any] | None, process: Process) -> Outcome:
        if self._overdue:
            return outcome.failed("time-limit", f"it was ended {self._patience_s:.0f} s after it was asked to stop")
        if self._outgrew() if said is None else said["code"] == "memory":
            return self._too_large()
        if said is not None:
            return outcome.failed(said["code"], said["detail"], said.get("faults", ()))
        return outcome.died(process.wait())


def warm(command: Sequence[str]) -> None:
    """Have ready what a solver process imports, where it can be forked from what is ready."""
    if command == OURS and (ready := nursery()) is not None:
        ready.preload(*PRELOADED)


def _started(command: Sequence[str]) -> Process:
    """Start a solver process: ours is forked where there is a nursery, any other has our number as its last word."""
    if command == OURS and (ready := nursery()) is not None:
        with suppress(OSError):  # it has died just now
            return ready.start(OURS[-1], own_errors=False)
    return subprocess.Popen(  # noqa: S603 - our own command, nothing from a request in it
        [*command, str(os.getpid())], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except OSError:
        return  # a line to a dead process was still in the buffer
